package storage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

func merge(from, to string) *app.Merge { return &app.Merge{From: from, To: to} }

func TestMerge_movesEverythingAndTheDestinationsValuesWin(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	boss, dev := "boss", "dev"
	one(t, db, &app.SetProfile{UID: "a", Trusted: true, Device: &app.Device{Token: "ta", Platform: "ios"},
		Accounts: []app.AccountRole{{UID: "acme", Role: &boss}, {UID: "beta", Role: &dev}, {UID: "b"}},
		Profile:  app.Profile{FirstName: app.FieldOf("Ada"), LastName: app.FieldOf("Obi"), Attributes: profile("x", "1", "y", "1").Attributes}})
	storagetest.Apply(t, db, track("a", "Seen", at(-time.Hour)), track("a", "Paid", at(-time.Minute)))
	clock.Move(time.Hour)
	one(t, db, &app.SetProfile{UID: "b", Trusted: true, Device: &app.Device{Token: "tb", Platform: "android"},
		Accounts: []app.AccountRole{{UID: "acme"}},
		Profile:  app.Profile{FirstName: app.FieldOf("Bea"), Email: app.FieldOf("b@example.com"), Attributes: profile("x", "2", "z", "2").Attributes}})
	storagetest.Apply(t, db, track("b", "Seen", at(0)), &app.JoinAccounts{UID: "member", Accounts: []app.AccountRole{{UID: "a"}}})
	from, head := storagetest.Customer(t, db, "a").Row, db.Head()
	clock.Move(time.Hour)
	if res := one(t, db, merge("a", "b")); !res.Changed || res.UID != "b" {
		t.Errorf("got %+v", res)
	}
	entries, _ := db.Feed(bg, head, 10)
	if last := entries[len(entries)-1]; last.Kind != app.KindMerged || last.Key != from {
		t.Errorf("the feed ends with %+v", last)
	}
	member := app.Entry{Kind: app.KindAccount, Customer: storagetest.Customer(t, db, "member").Row, Key: storagetest.Customer(t, db, "b").Row}
	if !slices.ContainsFunc(entries, func(e app.Entry) bool {
		return e.Kind == member.Kind && e.Customer == member.Customer && e.Key == member.Key
	}) {
		t.Errorf("the feed does not tell the member of its new account: %+v", entries)
	}
	c := storagetest.Customer(t, db, "b")
	if got := deref(c.FirstName) + " " + deref(c.LastName) + " " + deref(c.Email) + " " + text(c); got != "Bea Obi b@example.com x=2 z=2 y=1" {
		t.Errorf("values: %s", got)
	}
	if c.Changed["last_name"] != at(0) || c.Attributes[2].ChangedAt != at(0) || c.Attributes[0].ChangedAt != at(time.Hour) {
		t.Errorf("values keep the times at which they came: %v %v", c.Changed, c.Attributes)
	}
	if len(c.Devices) != 2 || c.Devices[0].Token != "tb" || c.Devices[1].Token != "ta" {
		t.Errorf("devices: %+v", c.Devices)
	}
	var roles []string
	for _, m := range c.Accounts {
		roles = append(roles, m.UID+":"+deref(m.Role))
	}
	if got := strings.Join(roles, " "); got != "acme:boss beta:dev" {
		t.Errorf("accounts: %s", got)
	}
	if !c.IsAccount || c.MemberCount != 1 {
		t.Errorf("a's member did not move: %+v", c)
	}
	if got := events(t, db, "a"); len(got) != 3 || got[0].At != at(0) || got[2].At != at(-time.Hour) {
		t.Errorf("events: %+v", got)
	}
	one(t, db, track("a", "Late", at(time.Hour)))
	if got := events(t, db, "b"); len(got) != 4 || got[0].Name != "Late" {
		t.Errorf("a late event of the old id: %+v", got)
	}
	stats, err := db.EventNames(bg, -1<<40)
	if err != nil || len(stats) != 3 || stats[0].Name != "Seen" || stats[0].Events != 2 || stats[0].Customers != 1 {
		t.Errorf("the catalogue: %+v, %v", stats, err)
	}
	if totals, _ := db.Totals(bg); totals.Customers != 4 || totals.Events != 4 {
		t.Errorf("totals: %+v", totals)
	}
}

func TestMerge_keepsTheNewestFiveDevicesOfBoth(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	for i := range 4 {
		for _, uid := range []string{"a", "b"} {
			clock.Move(time.Second)
			one(t, db, &app.SetProfile{UID: uid, Device: &app.Device{Token: fmt.Sprint(uid, i), Platform: "ios"}})
		}
	}
	one(t, db, merge("a", "b"))
	var got []string
	for _, d := range storagetest.Customer(t, db, "b").Devices {
		got = append(got, d.Token)
	}
	if fmt.Sprint(got) != "[b3 a3 b2 a2 b1]" {
		t.Errorf("got %v", got)
	}
}

func TestMerge_takesTheStrongerSubscription(t *testing.T) {
	t.Parallel()
	const none = app.NotSubscribed
	put := func(db *storage.DB, uid string, l *app.List, s app.SubscriptionStatus) {
		switch s {
		case app.Pending:
			one(t, db, &app.AddSubscriber{List: l.ID, Profile: *emailOf(uid)})
		case app.Subscribed, app.Unsubscribed:
			one(t, db, &app.SetSubscription{UID: uid, List: l.ID, Subscribed: s == app.Subscribed})
		}
	}
	for _, from := range []app.SubscriptionStatus{app.Pending, app.Subscribed, app.Unsubscribed, none} {
		for _, to := range []app.SubscriptionStatus{app.Pending, app.Subscribed, app.Unsubscribed, none} {
			t.Run(from.String()+" into "+to.String(), func(t *testing.T) {
				t.Parallel()
				db, _ := open(t)
				l := newList(t, db, "News", true)
				storagetest.Apply(t, db, withEmail("a", "a@example.com", true), withEmail("b", "b@example.com", true))
				put(db, "a", l, from)
				put(db, "b", l, to)
				one(t, db, merge("a", "b"))
				want := max(from, to)
				if from == none || to == none {
					want = min(from, to)
				}
				got := none
				for _, s := range storagetest.Customer(t, db, "b").Lists {
					got = s.Status
				}
				if got != want {
					t.Errorf("got %v, want %v", got, want)
				}
				if got, want := counts(t, db, l), [...]string{"1/0/0", "0/1/0", "0/0/1", "0/0/0"}[want]; got != want {
					t.Errorf("the list counts %s, want %s", got, want)
				}
			})
		}
	}
}

func emailOf(uid string) *app.Profile { return &app.Profile{Email: app.FieldOf(uid + "@example.com")} }

func TestMerge_whatIsUnknown(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	unchanged(t, db, merge("x", "x"))
	absent(t, db, "x")
	row := one(t, db, set("a", "v", "1")).Customer
	if res := one(t, db, merge("a", "fresh")); res.Customer != row || res.UID != "fresh" || !res.Changed {
		t.Errorf("an unknown destination takes the source's place: %+v", res)
	}
	if c := storagetest.Customer(t, db, "a"); c.Row != row || c.UID != "fresh" {
		t.Errorf("the source's id leads to %+v", c)
	}
	one(t, db, merge("never seen", "fresh"))
	if c := storagetest.Customer(t, db, "never seen"); c.Row != row {
		t.Errorf("an unknown source leads to %+v", c)
	}
	one(t, db, merge("p", "q"))
	if p, q := storagetest.Customer(t, db, "p"), storagetest.Customer(t, db, "q"); p.Row != q.Row || p.UID != "q" {
		t.Errorf("both unknown: %+v %+v", p, q)
	}
	unchanged(t, db, merge("fresh", "a"))
	unchanged(t, db, merge("a", "fresh"))
	unchanged(t, db, merge("never seen", "a"))
	unchanged(t, db, merge("fresh", "fresh"))
}

func TestMerge_flattensAliases(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	storagetest.Apply(t, db, set("a", "v", "1"), set("b", "v", "2"), set("c", "v", "3"), set("d", "v", "4"),
		merge("a", "b"), merge("b", "c"), merge("c", "d"))
	want := storagetest.Customer(t, db, "d")
	for _, uid := range []string{"a", "b", "c"} {
		if c := storagetest.Customer(t, db, uid); c.Row != want.Row {
			t.Errorf("%s leads to row %d, want %d", uid, c.Row, want.Row)
		}
	}
	if got, _ := db.Aliases(bg, want.Row); fmt.Sprint(got) != "[a b c]" {
		t.Errorf("aliases: %v", got)
	}
	if string(want.Attribute("v")) != "4" {
		t.Errorf("v is %s", want.Attribute("v"))
	}
}

// A customer with more aliases than a page shows left the rest in the writer's cache.
func TestDelete_dropsEveryOfManyAliases(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"deleted", "merged"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			db, _ := open(t)
			one(t, db, set("u", "v", "1"))
			for i := range 130 {
				one(t, db, merge(fmt.Sprintf("old%03d", i), "u"))
			}
			if how == "merged" {
				one(t, db, merge("u", "other"))
				one(t, db, set("v"))
				one(t, db, merge("other", "v"))
			} else {
				one(t, db, &app.Delete{UID: "u"})
			}
			for i := range 130 {
				one(t, db, track(fmt.Sprintf("old%03d", i), "Seen", at(0)))
			}
			want := map[string]int{"deleted": 1, "merged": 130}[how]
			if got := len(events(t, db, "old129")); got != want {
				t.Errorf("the last alias leads to %d events, want %d", got, want)
			}
		})
	}
}

func TestDelete_removesAllThatBelongsToACustomer(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l := newList(t, db, "News", false)
	refused(t, db, &app.Delete{UID: "nobody"}, app.CodeNotFound)
	one(t, db, &app.SetProfile{UID: "u", Trusted: true, Device: &app.Device{Token: "t", Platform: "ios"}, Lists: []string{l.ID},
		Accounts: []app.AccountRole{{UID: "acme"}}, Profile: app.Profile{Email: app.FieldOf("u@example.com"), Attributes: profile("x", "1").Attributes}})
	storagetest.Apply(t, db, track("u", "Seen", at(0)), &app.Track{UID: "u", Event: "Paid", At: at(0), MessageID: "m1"}, merge("old", "u"),
		&app.JoinAccounts{UID: "member", Accounts: []app.AccountRole{{UID: "u"}}}, track("stays", "Seen", at(time.Hour)))
	row := storagetest.Customer(t, db, "u").Row
	one(t, db, &app.Delete{UID: "old"})
	absent(t, db, "u")
	absent(t, db, "old")
	for _, table := range []string{"events", "history", "aliases", "devices", "subscriptions", "memberships", "event_customers"} {
		if n := db.Number(t, "select count(*) from "+table+" where customer_id = ?", row); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	if n := db.Number(t, "select count(*) from event_keys"); n != 0 {
		t.Errorf("%d message ids are left", n)
	}
	if c := storagetest.Customer(t, db, "acme"); c.MemberCount != 0 {
		t.Errorf("the account counts %d members", c.MemberCount)
	}
	if got := counts(t, db, l); got != "0/0/0" {
		t.Errorf("the list counts %s", got)
	}
	stats, _ := db.EventNames(bg, -1<<40)
	if len(stats) != 1 || stats[0].Name != "Seen" || stats[0].Events != 1 || stats[0].Customers != 1 || stats[0].FirstAt > at(time.Hour) {
		t.Errorf("the catalogue of events: %+v", stats)
	}
	attributes, _ := db.Attributes(bg)
	for _, a := range attributes {
		if a.Customers() != 0 || len(a.Samples) != 0 {
			t.Errorf("the catalogue of attributes still has %d customers and samples %s of %s", a.Customers(), a.Samples, a.Name)
		}
	}
	res := one(t, db, &app.Track{UID: "u", Event: "Paid", At: at(0), MessageID: "m1"})
	if !res.Created || res.Customer == row {
		t.Errorf("a deleted id that is written again: %+v, want a new customer", res)
	}
	one(t, db, set("old"))
	if storagetest.Customer(t, db, "old").Row == storagetest.Customer(t, db, "u").Row {
		t.Error("an alias outlived its customer")
	}
}

func TestErase_theIdsMayNotComeBack(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l := newList(t, db, "News", false)
	storagetest.Apply(t, db, set("u", "x", "1"), merge("alias", "u"), set("stays", "x", "1"), set("plain", "x", "1"))
	storagetest.Apply(t, db, &app.Delete{UID: "u", Erase: true}, &app.Delete{UID: "plain"})
	for _, uid := range []string{"u", "alias"} {
		absent(t, db, uid)
		for _, c := range []app.Change{set(uid, "x", "2"), track(uid, "Late", at(0)), merge("stays", uid), merge(uid, "stays"), merge("unknown", uid),
			&app.JoinAccounts{UID: uid, Accounts: []app.AccountRole{{UID: "acme"}}},
			&app.JoinAccounts{UID: "stays", Accounts: []app.AccountRole{{UID: uid}}},
			&app.SetProfile{UID: "stays", Accounts: []app.AccountRole{{UID: "acme"}, {UID: uid}}, Lists: []string{l.ID}},
			&app.Track{UID: uid, Event: "Late", At: at(0), MessageID: "m"}} {
			refused(t, db, c, app.CodeConflict)
		}
		absent(t, db, uid)
	}
	p := provisional(t, db, "p@example.com", "2348160000009")
	refused(t, db, &app.SetProfile{UID: p.UID, NewUID: "u", Trusted: true}, app.CodeConflict)
	refused(t, db, &app.SetProfile{UID: "alias", Trusted: true, Profile: *emailOf("p")}, app.CodeConflict)
	one(t, db, set("plain", "x", "1"))
	if n := db.Number(t, "select count(*) from erased where cast(hash as text) like '%u%' and length(hash) <> 32"); n != 0 {
		t.Error("an erased id is kept as it was")
	}
}

func TestDelete_dropsSamplesOfWhatNobodyHasAnyMore(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	storagetest.Apply(t, db, set("u", "secret", `"first"`), set("u", "secret", `"second"`), set("v", "secret", `"other"`),
		&app.Delete{UID: "u", Erase: true})
	attributes, err := db.Attributes(bg)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range attributes {
		if a.Name == "secret" && fmt.Sprintf("%s", a.Samples) != `["other"]` {
			t.Errorf("samples: %s", a.Samples)
		}
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	admin := "admin"
	join := func(uid, account string, role *string) *app.JoinAccounts {
		return &app.JoinAccounts{UID: uid, Accounts: []app.AccountRole{{UID: account, Role: role}}}
	}
	if res := one(t, db, join("u", "acme", nil)); !res.Created || !res.Changed {
		t.Errorf("joining makes the customer: %+v", res)
	}
	if c := storagetest.Customer(t, db, "acme"); !c.IsAccount || c.MemberCount != 1 {
		t.Errorf("joining makes the account: %+v", c)
	}
	one(t, db, join("u", "acme", &admin))
	unchanged(t, db, join("u", "acme", nil))
	unchanged(t, db, join("u", "acme", &admin))
	if m := storagetest.Customer(t, db, "u").Accounts; len(m) != 1 || deref(m[0].Role) != "admin" {
		t.Errorf("the role: %+v", m)
	}
	one(t, db, set("person"))
	head := db.Head()
	one(t, db, join("u", "person", nil))
	wantKinds(t, db, head, app.KindConverted, app.KindAccount)
	refused(t, db, join("u", "u", nil), app.CodeInvalid)
	one(t, db, merge("also u", "u"))
	refused(t, db, join("u", "also u", nil), app.CodeInvalid)
	refused(t, db, join("also u", "u", nil), app.CodeInvalid)
	members, _, err := db.Members(bg, storagetest.Customer(t, db, "acme").Row, app.Page{Limit: 1000})
	if err != nil || len(members) != 1 || members[0].UID != "u" {
		t.Errorf("members: %+v %v", members, err)
	}
	refused(t, db, &app.LeaveAccount{UID: "nobody", Account: "acme"}, app.CodeNotFound)
	one(t, db, &app.LeaveAccount{UID: "u", Account: "acme"})
	unchanged(t, db, &app.LeaveAccount{UID: "u", Account: "acme"})
	if c := storagetest.Customer(t, db, "acme"); !c.IsAccount || c.MemberCount != 0 {
		t.Errorf("an account without members: %+v", c)
	}
	storagetest.Apply(t, db, join("person", "u", nil), merge("person", "u"))
	if c := storagetest.Customer(t, db, "u"); len(c.Accounts) != 0 || c.MemberCount != 0 {
		t.Errorf("two that were members of each other and became one: %+v", c)
	}
}
