package storage_test

import (
	"strings"
	"testing"

	"kith/app"
	"kith/storage/storagetest"
)

func subscriber(l *app.List, email, number string) *app.AddSubscriber {
	c := &app.AddSubscriber{List: l.ID}
	if email != "" {
		c.Profile.Email = app.FieldOf(email)
	}
	if number != "" {
		c.Profile.Number = app.FieldOf(number)
	}
	return c
}

func TestLists_countersFollowEverySubscription(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l, m := newList(t, db, "News", false), newList(t, db, "Offers", true)
	steps := []struct {
		what   string
		change app.Change
		l, m   string
	}{
		{"with the profile, without opt-in", &app.SetProfile{UID: "u", Lists: []string{l.ID, m.ID}}, "0/1/0", "0/1/0"},
		{"joining", &app.JoinLists{UID: "u", Lists: []string{l.ID, m.ID}}, "0/1/0", "0/1/0"},
		{"unsubscribing stays", &app.SetSubscription{UID: "u", List: l.ID}, "0/0/1", "0/1/0"},
		{"a pending one", subscriber(m, "p@example.com", ""), "0/0/1", "1/1/0"},
		{"the same again", subscriber(m, "P@Example.com", ""), "0/0/1", "1/1/0"},
		{"at once without opt-in", subscriber(l, "p@example.com", ""), "0/1/1", "1/1/0"},
		{"leaving", &app.LeaveLists{UID: "u", Lists: []string{l.ID, m.ID}}, "0/1/0", "1/0/0"},
		{"leaving again", &app.LeaveLists{UID: "u", Lists: []string{l.ID, m.ID}}, "0/1/0", "1/0/0"},
		{"unsubscribing one who is not on it", &app.SetSubscription{UID: "u", List: m.ID}, "0/1/0", "1/0/1"},
		{"back in by the form waits again", &app.AddSubscriber{List: m.ID, Profile: *emailOf("p")}, "0/1/0", "1/0/1"},
		{"deleting", &app.Delete{UID: "u"}, "0/1/0", "1/0/0"},
	}
	for _, step := range steps {
		one(t, db, step.change)
		if gl, gm := counts(t, db, l), counts(t, db, m); gl != step.l || gm != step.m {
			t.Fatalf("%s: the lists count %s and %s, want %s and %s", step.what, gl, gm, step.l, step.m)
		}
	}
	if totals, _ := db.Totals(bg); totals.Lists != 2 {
		t.Errorf("%d lists are counted", totals.Lists)
	}
}

func TestLists_refusals(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l, old := newList(t, db, "News", false), newList(t, db, "Old", true)
	storagetest.Apply(t, db, set("u"), set("on", "a", "1"), subscriber(old, "pending@example.com", ""), &app.JoinLists{UID: "on", Lists: []string{old.ID}},
		&app.ArchiveList{List: old.ID})
	unchanged(t, db, &app.ArchiveList{List: old.ID})
	unknown := strings.Repeat("0", 24)
	another := storagetest.Customer(t, db, "u").ID
	for _, id := range []string{unknown, another, "", "x", strings.ToUpper(l.ID)} {
		refused(t, db, &app.SetProfile{UID: "new", Lists: []string{l.ID, id}, Profile: profile("a", "1")}, app.CodeInvalid)
		absent(t, db, "new")
		refused(t, db, &app.JoinLists{UID: "u", Lists: []string{l.ID, id}}, app.CodeInvalid)
		refused(t, db, &app.LeaveLists{UID: "on", Lists: []string{old.ID, id}}, app.CodeNotFound)
		refused(t, db, &app.SetSubscription{UID: "u", List: id, Subscribed: true}, app.CodeNotFound)
		refused(t, db, &app.AddSubscriber{List: id, Profile: *emailOf("u")}, app.CodeNotFound)
		refused(t, db, &app.ArchiveList{List: id}, app.CodeNotFound)
		if id != "" {
			refused(t, db, &app.SaveList{List: id, Title: &l.Title}, app.CodeNotFound)
		}
	}
	refused(t, db, &app.JoinLists{UID: "nobody", Lists: []string{l.ID}}, app.CodeNotFound)
	refused(t, db, &app.LeaveLists{UID: "nobody", Lists: []string{l.ID}}, app.CodeNotFound)
	refused(t, db, &app.SetSubscription{UID: "nobody", List: l.ID}, app.CodeNotFound)
	refused(t, db, &app.SetProfile{UID: "u", Lists: []string{old.ID}}, app.CodeInvalid)
	refused(t, db, &app.JoinLists{UID: "u", Lists: []string{old.ID}}, app.CodeInvalid)
	refused(t, db, &app.SetSubscription{UID: "u", List: old.ID, Subscribed: true}, app.CodeInvalid)
	refused(t, db, subscriber(old, "new@example.com", ""), app.CodeInvalid)
	if got := counts(t, db, l) + " " + counts(t, db, old); got != "0/0/0 1/1/0" {
		t.Errorf("the lists count %s", got)
	}
	one(t, db, &app.SetSubscription{UID: "on", List: old.ID})
	one(t, db, &app.SetSubscription{UID: "on", List: old.ID, Subscribed: true})
}

func TestAddSubscriber_findsByEmailThenNumberElseMakes(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l := newList(t, db, "News", false)
	storagetest.Apply(t, db, withEmail("mail", "Mail@Example.com", true),
		&app.SetProfile{UID: "phone", Trusted: true, Profile: app.Profile{Number: app.FieldOf("2348160000001")}})
	rows := []struct{ name, email, number, want string }{
		{"by e-mail without case", "mAIL@example.COM", "", "mail"},
		{"by number", "", "2348160000001", "phone"},
		{"e-mail first", "mail@example.com", "2348160000001", "mail"},
		{"number when nobody has the e-mail", "other@example.com", "2348160000001", "phone"},
		{"made", "new@example.com", "2348160000002", ""},
		{"found the next time", "NEW@example.com", "", ""},
	}
	made := int64(0)
	for _, row := range rows {
		c := subscriber(l, row.email, row.number)
		c.Profile.Attributes = profile("via", `"form"`).Attributes
		res := one(t, db, c)
		switch {
		case row.want != "" && (res.UID != row.want || res.Created):
			t.Errorf("%s: got %+v, want %s", row.name, res, row.want)
		case row.want == "" && made == 0:
			if made = res.Customer; !res.Created || !res.Provisional || res.Status != app.Subscribed || res.List != l.Row {
				t.Errorf("%s: got %+v", row.name, res)
			}
		case row.want == "" && res.Customer != made:
			t.Errorf("%s: got %+v, want row %d", row.name, res, made)
		}
	}
	if c := storagetest.Customer(t, db, "mail"); deref(c.Email) != "Mail@Example.com" || len(c.Attributes) != 0 {
		t.Errorf("a form changed a customer that is there: %+v", c)
	}
	subscribers, more, err := db.Subscribers(bg, l.Row, -1, app.Page{Limit: 2})
	if err != nil || !more || len(subscribers) != 2 || subscribers[0].Customer.Row != made {
		t.Errorf("the first page of subscribers: %+v %v %v", subscribers, more, err)
	}
	rest, more, err := db.Subscribers(bg, l.Row, int(app.Subscribed), app.Page{After: subscribers[1].Customer.Row, Limit: 2})
	if err != nil || more || len(rest) != 1 {
		t.Errorf("the second page: %+v %v %v", rest, more, err)
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l := newList(t, db, "Offers", true)
	res := one(t, db, subscriber(l, "p@example.com", ""))
	if res.Status != app.Pending {
		t.Fatalf("on a list with opt-in the status is %v", res.Status)
	}
	token := db.ConfirmationToken(l.Row, res.Customer)
	for i := range token {
		other := byte('A')
		if token[i] == other {
			other = 'B'
		}
		if forged := token[:i] + string(other) + token[i+1:]; i < len(token)-1 { // the last digit carries bits that are not read
			refused(t, db, &app.Confirm{Token: forged}, app.CodeNotFound)
		}
	}
	for _, bad := range []string{"", "x", token + "A", token[:len(token)-1], token[1:], "!" + token[1:]} {
		refused(t, db, &app.Confirm{Token: bad}, app.CodeNotFound)
	}
	if got := one(t, db, &app.Confirm{Token: token}); !got.Changed || got.Status != app.Subscribed || got.Customer != res.Customer {
		t.Errorf("confirming: %+v", got)
	}
	unchanged(t, db, &app.Confirm{Token: token})
	unchanged(t, db, subscriber(l, "p@example.com", ""))
	if got := counts(t, db, l); got != "0/1/0" {
		t.Errorf("the list counts %s", got)
	}
	one(t, db, &app.SetSubscription{UID: res.UID, List: l.ID})
	refused(t, db, &app.Confirm{Token: token}, app.CodeNotFound)
	one(t, db, &app.LeaveLists{UID: res.UID, Lists: []string{l.ID}})
	refused(t, db, &app.Confirm{Token: token}, app.CodeNotFound)
	one(t, db, &app.Delete{UID: res.UID})
	refused(t, db, &app.Confirm{Token: token}, app.CodeNotFound)
}

func TestSaveList_changesTheGivenFields(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l := newList(t, db, "News", false)
	on, title := true, "Weekly"
	head := db.Head()
	one(t, db, &app.SaveList{List: l.ID, Description: app.FieldOf("Once a week"), RedirectURL: app.FieldOf("https://example.com/thanks")})
	one(t, db, &app.SaveList{List: l.ID, Title: &title, DoubleOptIn: &on})
	one(t, db, &app.SaveList{List: l.ID, RedirectURL: app.Field{Given: true}})
	wantKinds(t, db, head, app.KindListSaved, app.KindListSaved, app.KindListSaved)
	got, err := db.FindList(bg, l.ID)
	if err != nil || got.Title != "Weekly" || deref(got.Description) != "Once a week" || got.RedirectURL != nil || !got.DoubleOptIn || got.ID != l.ID {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLists_pageInBothDirections(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	for _, title := range strings.Split("abcde", "") {
		newList(t, db, title, false)
	}
	titles := func(p app.Page) (s string, lists []app.List) {
		lists, more, err := db.Lists(bg, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lists {
			s += l.Title
		}
		if more {
			s += "…"
		}
		return s, lists
	}
	first, lists := titles(app.Page{Limit: 2})
	second, next := titles(app.Page{Limit: 2, After: lists[1].Row})
	third, _ := titles(app.Page{Limit: 2, After: next[1].Row})
	back, _ := titles(app.Page{Limit: 2, Before: next[0].Row})
	if got := strings.Join([]string{first, second, third, back}, " "); got != "ed… cb… a ed" {
		t.Errorf("got %s", got)
	}
}
