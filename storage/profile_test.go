package storage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

func TestSetProfile_mergesKeyByKeyAndRemovesNull(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, before, write, want string }{
		{"a new attribute goes to the end", "a=1 b=2", "c=3", "a=1 b=2 c=3"},
		{"a changed one keeps its place", "a=1 b=2", "a=9", "a=9 b=2"},
		{"null removes", "a=1 b=2 c=3", "b=", "a=1 c=3"},
		{"null of what is not there is nothing", "a=1", "z=", "a=1"},
		{"removed and given again in one write keeps its place", "a=1 b=2", "a= c=3 a=4", "a=4 b=2 c=3"},
		{"given and removed in one write is not there", "a=1", "b=2 b=", "a=1"},
		{"digits stay as they came", "", "n=12345678901234567890 m=1.50 k=-0 e=1E+2", "n=12345678901234567890 m=1.50 k=-0 e=1E+2"},
		{"lists and objects are values", "", `l=[1,{"x":null}] o={"a":{"b":[]}}`, `l=[1,{"x":null}] o={"a":{"b":[]}}`},
		{"an escape stays as it came", "", `s="caf\u00e9\n\"q\""`, `s="caf\u00e9\n\"q\""`},
		{"names may hold anything", `we"ird.name$[0]=1`, `we"ird.name$[0]=2`, `we"ird.name$[0]=2`},
		{"the last of a name twice in one write counts", "", "a=1 a=2", "a=2"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			db, _ := open(t)
			one(t, db, set("u", pairs(row.before)...))
			one(t, db, set("u", pairs(row.write)...))
			if got := text(storagetest.Customer(t, db, "u")); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
			if row.want == row.before {
				return
			}
			unchanged(t, db, set("u", pairs(row.want)...))
		})
	}
}

// pairs takes apart "a=1 b=2"; a value has no space and no equals sign.
func pairs(s string) (out []string) {
	for _, part := range strings.Fields(s) {
		i := strings.LastIndex(part, "=")
		out = append(out, part[:i], part[i+1:])
	}
	return out
}

func TestSetProfile_whatIsThereAlreadyWritesNothing(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	created, account, role := at(-time.Hour), true, "admin"
	l := newList(t, db, "News", false)
	full := func() *app.SetProfile {
		return &app.SetProfile{UID: "u", Trusted: true, Device: &app.Device{Token: "t", Platform: "ios"}, Lists: []string{l.ID},
			Accounts: []app.AccountRole{{UID: "acme", Role: &role}},
			Profile: app.Profile{FirstName: app.FieldOf("Ada"), LastName: app.FieldOf("Obi"), Number: app.FieldOf("2348161234567"),
				Email: app.FieldOf("Ada@example.com"), CreatedAt: &created, IsAccount: &account,
				Attributes: profile("plan", `"pro"`, "seats", "3").Attributes}}
	}
	if res := one(t, db, full()); !res.Created || !res.Changed || res.UID != "u" || len(res.ID) != 24 {
		t.Errorf("the first write: %+v", res)
	}
	clock.Move(48 * time.Hour)
	unchanged(t, db, full())
	unchanged(t, db, set("u"))
	unchanged(t, db, &app.RemoveAttributes{UID: "u", Names: []string{"nothing", "tz"}})
	unchanged(t, db, &app.RemoveDevice{UID: "u", Token: "other"})
	unchanged(t, db, &app.Convert{UID: "u", Account: true})
	unchanged(t, db, &app.Archive{UID: "u", Archived: false})
	unchanged(t, db, &app.JoinLists{UID: "u", Lists: []string{l.ID}})
	unchanged(t, db, &app.JoinAccounts{UID: "u", Accounts: []app.AccountRole{{UID: "acme"}}})
	unchanged(t, db, &app.LeaveAccount{UID: "u", Account: "nobody"})
	unchanged(t, db, &app.SetSubscription{UID: "u", List: l.ID, Subscribed: true})
	unchanged(t, db, &app.SaveList{List: l.ID, Title: &l.Title})
	unchanged(t, db, &app.Merge{From: "u", To: "u"})
}

func TestSetProfile_eachAttributeHasItsOwnTimeOfChange(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	one(t, db, &app.SetProfile{UID: "u", Trusted: true, Profile: app.Profile{FirstName: app.FieldOf("Ada"), Attributes: profile("a", "1", "b", "1").Attributes}})
	clock.Move(time.Hour)
	one(t, db, &app.SetProfile{UID: "u", Trusted: true, Profile: app.Profile{Email: app.FieldOf("a@example.com"), Attributes: profile("a", "1", "b", "2").Attributes}})
	clock.Move(time.Hour)
	one(t, db, set("u", "c", "1"))
	c := storagetest.Customer(t, db, "u")
	got := map[string]app.Instant{}
	for _, a := range c.Attributes {
		got[a.Name] = a.ChangedAt
	}
	want := map[string]app.Instant{"a": at(0), "b": at(time.Hour), "c": at(2 * time.Hour)}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("custom attributes changed at %v, want %v", got, want)
	}
	if c.Changed["first_name"] != at(0) || c.Changed["email"] != at(time.Hour) || c.Changed["created_at"] != at(0) {
		t.Errorf("standard attributes changed at %v", c.Changed)
	}
	if _, ever := c.Changed["last_name"]; ever {
		t.Error("an attribute that nobody wrote has a time of change")
	}
}

func TestRemoveAttributes_takesStandardAndCustomOnes(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	refused(t, db, &app.RemoveAttributes{UID: "nobody", Names: []string{"a"}}, app.CodeNotFound)
	one(t, db, &app.SetProfile{UID: "u", Trusted: true, Profile: app.Profile{FirstName: app.FieldOf("Ada"), LastName: app.FieldOf("Obi"),
		Number: app.FieldOf("2348161234567"), Email: app.FieldOf("a@example.com"), Attributes: profile("a", "1", "b", "2").Attributes}})
	head := db.Head()
	if res := one(t, db, &app.RemoveAttributes{UID: "u", Names: []string{"first_name", "last_name", "number", "email", "a", "none"}}); !res.Changed {
		t.Error("removing says that it changed nothing")
	}
	wantKinds(t, db, head, app.KindAttribute, app.KindAttribute, app.KindAttribute, app.KindAttribute, app.KindAttribute)
	c := storagetest.Customer(t, db, "u")
	if c.FirstName != nil || c.LastName != nil || c.Number != nil || c.Email != nil || text(c) != "b=2" {
		t.Errorf("left over: %s %s %s %s %s", deref(c.FirstName), deref(c.LastName), deref(c.Number), deref(c.Email), text(c))
	}
}

func TestSetProfile_refusesMoreAttributesThanTheLimit(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	var many []string
	for i := range app.MaxAttributes {
		many = append(many, fmt.Sprint("a", i), "1")
	}
	one(t, db, set("u", many...))
	refused(t, db, set("u", "one too many", "1"), app.CodeInvalid)
	refused(t, db, set("v", append(many, "x", "1")...), app.CodeInvalid)
	absent(t, db, "v")
	one(t, db, set("u", "a0", "", "in its place", "1"))
}

func TestSetProfile_modes(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	refused(t, db, &app.SetProfile{UID: "u", Mode: app.UpdateOnly, Profile: profile("a", "1")}, app.CodeNotFound)
	if res := one(t, db, &app.SetProfile{UID: "u", Mode: app.CreateOnly, Profile: profile("a", "1")}); !res.Created {
		t.Error("CreateOnly did not create")
	}
	refused(t, db, &app.SetProfile{UID: "u", Mode: app.CreateOnly, Profile: profile("a", "2")}, app.CodeConflict)
	if res := one(t, db, &app.SetProfile{UID: "u", Mode: app.UpdateOnly, Profile: profile("a", "2")}); res.Created || !res.Changed {
		t.Errorf("UpdateOnly: %+v", res)
	}
}

func TestSetProfile_createOnlyDoesNotClaimIntoWhatIsThere(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one(t, db, set("u", "a", "1"))
	one(t, db, &app.SetProfile{Trusted: true, Profile: app.Profile{Email: app.FieldOf("p@example.com")}})
	refused(t, db, &app.SetProfile{UID: "u", Trusted: true, Mode: app.CreateOnly, Profile: app.Profile{Email: app.FieldOf("p@example.com")}}, app.CodeConflict)
}

func TestHistory_foldsTheSameAttributesOfOneSourceWithinADay(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	type note struct {
		Changes []struct{ Name, From, To json.RawMessage }
		Times   int
		First   app.Instant
	}
	last := func(lines int) (n note) {
		t.Helper()
		h := history(t, db, "u")
		if len(h) != lines {
			t.Fatalf("the history has %d lines, want %d", len(h), lines)
		}
		if err := json.Unmarshal(h[0].Data, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	one(t, db, set("u", "n", "1"))
	if h := history(t, db, "u"); len(h) != 1 || h[0].Kind != app.KindCreated {
		t.Fatalf("a new customer's history: %+v", h)
	}
	for i := 2; i <= 4; i++ {
		clock.Move(time.Hour)
		one(t, db, set("u", "n", fmt.Sprint(i)))
	}
	if n := last(2); string(n.Changes[0].From) != "1" || string(n.Changes[0].To) != "4" || n.Times != 3 || n.First != at(time.Hour) {
		t.Errorf("three writes in one day folded to %+v", n)
	}
	one(t, db, set("u", "m", "1"))
	last(3)
	one(t, db, &app.SetProfile{UID: "u", Profile: profile("m", "2"), Source: "import"})
	last(4)
	clock.Move(24 * time.Hour)
	one(t, db, &app.SetProfile{UID: "u", Profile: profile("m", "3"), Source: "import"})
	if n := last(5); n.Times != 0 || string(n.Changes[0].From) != "2" {
		t.Errorf("the first write of a day: %+v", n)
	}
	one(t, db, track("u", "Seen", at(0)))
	one(t, db, &app.Archive{UID: "u", Archived: true})
	one(t, db, &app.SetProfile{UID: "u", Profile: profile("m", "4"), Source: "import"})
	last(7)
}

func TestHistory_keepsOnlyTheBeginningOfALongValue(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one(t, db, set("u"))
	long := strings.Repeat("é", 5000)
	one(t, db, set("u", "essay", string(app.Quote(long))))
	if h := history(t, db, "u"); len(h[0].Data) > 1000 || !strings.Contains(string(h[0].Data), "…") || !json.Valid(h[0].Data) {
		t.Errorf("%d bytes of history: %.80s", len(h[0].Data), h[0].Data)
	}
	if got := storagetest.Customer(t, db, "u").Attribute("essay"); len(got) != 10_002 {
		t.Errorf("the value itself has %d bytes", len(got))
	}
}

func TestDevices_keepsTheNewestFiveAndMovesOneSeenAgainToTheFront(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	add := func(token, platform string) app.Result {
		clock.Move(time.Second)
		return one(t, db, &app.SetProfile{UID: "u", Device: &app.Device{Token: token, Platform: platform}})
	}
	tokens := func() (s string) {
		for _, d := range storagetest.Customer(t, db, "u").Devices {
			s += d.Token
		}
		return s
	}
	for _, token := range strings.Split("abcdefg", "") {
		add(token, "ios")
	}
	if got := tokens(); got != "gfedc" {
		t.Errorf("after seven: %s, want gfedc", got)
	}
	add("e", "ios")
	if got := tokens(); got != "egfdc" {
		t.Errorf("one seen again: %s, want egfdc", got)
	}
	clock.Move(time.Second)
	unchanged(t, db, &app.SetProfile{UID: "u", Device: &app.Device{Token: "e", Platform: "ios"}})
	if res := add("e", "android"); !res.Changed {
		t.Error("another platform is no change")
	}
	refused(t, db, &app.RemoveDevice{UID: "nobody", Token: "e"}, app.CodeNotFound)
	head := db.Head()
	one(t, db, &app.RemoveDevice{UID: "u", Token: "e"})
	wantKinds(t, db, head, app.KindDevice)
	if got := tokens(); got != "gfdc" {
		t.Errorf("after a logout: %s, want gfdc", got)
	}
	var burst []app.Change
	for _, token := range []string{"1", "2", "3", "4", "5", "6"} {
		burst = append(burst, &app.SetProfile{UID: "v", Device: &app.Device{Token: token, Platform: "ios"}})
	}
	storagetest.Apply(t, db, burst...)
	var got string
	for _, d := range storagetest.Customer(t, db, "v").Devices {
		got += d.Token
	}
	if got != "65432" {
		t.Errorf("six in one instant: %s, want 65432", got)
	}
}

func TestSetProfile_untrustedKeepsTheRuleForEmails(t *testing.T) {
	t.Parallel()
	null := app.Profile{Email: app.Field{Given: true}}
	rows := []struct {
		name   string
		change *app.SetProfile
		code   app.Code // "" for taken
		want   string
	}{
		{"sets one where there is none", withEmail("none", "New@example.com", false), "", "New@example.com"},
		{"sets one for a customer it makes", withEmail("fresh", "f@example.com", false), "", "f@example.com"},
		{"repeats the same in another case, which stays as it was", withEmail("has", "HAS@Example.com", false), "", "Has@example.com"},
		{"null does not remove", &app.SetProfile{UID: "has", Profile: null}, "", "Has@example.com"},
		{"may not change", withEmail("has", "other@example.com", false), app.CodeForbidden, "Has@example.com"},
		{"may not take another's", withEmail("none", "hAs@example.com", false), app.CodeForbidden, "<nil>"},
		{"may not take another's for a new customer", withEmail("fresh", "has@example.com", false), app.CodeForbidden, ""},
		{"trusted changes", withEmail("has", "other@example.com", true), "", "other@example.com"},
		{"trusted shares", withEmail("none", "has@example.com", true), "", "has@example.com"},
		{"trusted null removes", &app.SetProfile{UID: "has", Trusted: true, Profile: null}, "", "<nil>"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			db, _ := open(t)
			storagetest.Apply(t, db, withEmail("has", "Has@example.com", true), set("none", "a", "1"))
			given := row.change.Profile.Email
			if row.code != "" {
				refused(t, db, row.change, row.code)
			} else {
				one(t, db, row.change)
			}
			if row.change.Profile.Email != given {
				t.Error("storage has changed the Change itself")
			}
			if row.want == "" {
				absent(t, db, row.change.UID)
				return
			}
			if got := deref(storagetest.Customer(t, db, row.change.UID).Email); got != row.want {
				t.Errorf("the e-mail is %s, want %s", got, row.want)
			}
		})
	}
}

// provisional makes a customer without an id, with an e-mail and a number.
func provisional(t testing.TB, db *storage.DB, email, number string) app.Result {
	t.Helper()
	res := one(t, db, &app.SetProfile{Trusted: true, Profile: app.Profile{Email: app.FieldOf(email), Number: app.FieldOf(number),
		Attributes: profile("from", `"form"`).Attributes}})
	if !res.Created || !res.Provisional || res.UID != res.ID {
		t.Fatalf("a customer without an id: %+v", res)
	}
	return res
}

func TestSetProfile_withoutAnIdIsFoundByEmailElseNumberElseMade(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	without := func(email, number string) *app.SetProfile {
		c := &app.SetProfile{Trusted: true, Profile: profile("seen", `true`)}
		if email != "" {
			c.Profile.Email = app.FieldOf(email)
		}
		if number != "" {
			c.Profile.Number = app.FieldOf(number)
		}
		return c
	}
	p := provisional(t, db, "p@example.com", "2348160000001")
	storagetest.Apply(t, db, withEmail("u", "u@example.com", true))
	if res := one(t, db, without("P@example.com", "")); res.Customer != p.Customer || res.Created || !res.Provisional {
		t.Errorf("by the e-mail of a provisional one: %+v", res)
	}
	if res := one(t, db, without("", "2348160000001")); res.Customer != p.Customer || res.Created {
		t.Errorf("by number: %+v", res)
	}
	if res := one(t, db, without("U@example.com", "2348160000001")); res.UID != "u" {
		t.Errorf("e-mail goes before number: %+v", res)
	}
	if res := one(t, db, without("new@example.com", "")); !res.Created || !res.Provisional {
		t.Errorf("one that nobody knows: %+v", res)
	}
	absent(t, db, "")
}

func TestClaims(t *testing.T) {
	t.Parallel()
	const email, number = "p@example.com", "2348160000001"
	byEmail := app.Profile{Email: app.FieldOf("P@EXAMPLE.com")}
	rows := []struct {
		name   string
		before []app.Change
		claim  func(id string) *app.SetProfile
		fate   string // claimed, folded or left
	}{
		{"by its internal id", nil, func(id string) *app.SetProfile { return &app.SetProfile{UID: id, NewUID: "new", Trusted: true} }, "claimed"},
		{"by its internal id, into one that is there", []app.Change{set("new", "a", "1")},
			func(id string) *app.SetProfile { return &app.SetProfile{UID: id, NewUID: "new", Trusted: true} }, "folded"},
		{"by e-mail", nil, func(string) *app.SetProfile { return &app.SetProfile{UID: "new", Trusted: true, Profile: byEmail} }, "claimed"},
		{"by number", nil, func(string) *app.SetProfile {
			return &app.SetProfile{UID: "new", Trusted: true, Profile: app.Profile{Number: app.FieldOf(number)}}
		}, "claimed"},
		{"by e-mail, into one that is there", []app.Change{set("new", "a", "1")},
			func(string) *app.SetProfile { return &app.SetProfile{UID: "new", Trusted: true, Profile: byEmail} }, "folded"},
		{"not when two match", []app.Change{&app.SetProfile{Trusted: true, Profile: app.Profile{Number: app.FieldOf("2348160000002")}}},
			func(string) *app.SetProfile {
				return &app.SetProfile{UID: "new", Trusted: true, Profile: app.Profile{Email: app.FieldOf(email), Number: app.FieldOf("2348160000002")}}
			}, "left"},
		{"not with the public key", nil, func(string) *app.SetProfile {
			return &app.SetProfile{UID: "new", Profile: app.Profile{Number: app.FieldOf(number)}}
		}, "left"},
		{"not when nothing matches", nil, func(string) *app.SetProfile {
			return &app.SetProfile{UID: "new", Trusted: true, Profile: app.Profile{Email: app.FieldOf("q@example.com")}}
		}, "left"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			db, _ := open(t)
			p := provisional(t, db, email, number)
			one(t, db, track(p.UID, "Seen", at(0)))
			storagetest.Apply(t, db, row.before...)
			one(t, db, row.claim(p.UID))
			c := storagetest.Customer(t, db, "new")
			old := storagetest.Customer(t, db, p.UID)
			switch row.fate {
			case "left":
				if c.Row == p.Customer || !old.Provisional {
					t.Error("it was claimed")
				}
				return
			case "claimed":
				if c.Row != p.Customer || c.ID != p.ID {
					t.Errorf("the claimed customer has the row %d and the id %s, want %d and %s", c.Row, c.ID, p.Customer, p.ID)
				}
			case "folded":
				if c.Row == p.Customer || string(c.Attribute("a")) != "1" {
					t.Errorf("the customer that has the id is %+v", c)
				}
			}
			if c.Provisional || c.UID != "new" || old.Row != c.Row {
				t.Errorf("after the claim: %+v; the old id leads to row %d", c, old.Row)
			}
			if string(c.Attribute("from")) != `"form"` || deref(c.Number) != number || len(events(t, db, "new")) != 1 {
				t.Errorf("the claim lost something: %s %s", text(c), deref(c.Number))
			}
			if n := db.Number(t, "select n from totals where name = 'provisional'"); n != 0 {
				t.Errorf("%d provisional customers are counted", n)
			}
		})
	}
}

func TestClaim_cannotMakeACustomerAMemberOfItself(t *testing.T) {
	t.Parallel()
	for _, there := range []bool{false, true} {
		db, _ := open(t)
		p := provisional(t, db, "p@example.com", "2348160000001")
		if there {
			one(t, db, set("new", "a", "1"))
		}
		for _, account := range []string{"new", p.UID} {
			refused(t, db, &app.SetProfile{UID: p.UID, NewUID: "new", Trusted: true, Accounts: []app.AccountRole{{UID: account}}}, app.CodeInvalid)
		}
	}
}

func TestArchiveAndConvert(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	refused(t, db, &app.Archive{UID: "nobody", Archived: true}, app.CodeNotFound)
	refused(t, db, &app.Convert{UID: "nobody", Account: true}, app.CodeNotFound)
	one(t, db, set("u", "a", "1"))
	head := db.Head()
	one(t, db, &app.Archive{UID: "u", Archived: true})
	one(t, db, &app.Convert{UID: "u", Account: true})
	wantKinds(t, db, head, app.KindArchived, app.KindConverted)
	c := storagetest.Customer(t, db, "u")
	if !c.Archived() || !c.IsAccount {
		t.Errorf("got %+v", c)
	}
	storagetest.Apply(t, db, set("u", "a", "2"), track("u", "Seen", at(0)))
	if totals, _ := db.Totals(bg); totals.Archived != 1 || totals.Accounts != 1 || totals.Events != 1 {
		t.Errorf("totals: %+v", totals)
	}
	unchanged(t, db, &app.Archive{UID: "u", Archived: true})
	storagetest.Apply(t, db, &app.Archive{UID: "u"}, &app.Convert{UID: "u"})
	if c := storagetest.Customer(t, db, "u"); c.Archived() || c.IsAccount {
		t.Errorf("brought back: %+v", c)
	}
	if totals, _ := db.Totals(bg); totals.Archived != 0 || totals.Accounts != 0 {
		t.Errorf("totals: %+v", totals)
	}
}
