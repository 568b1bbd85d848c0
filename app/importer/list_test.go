package importer_test

import (
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/importer"
	"kith/storage/storagetest"
)

// standing is where a customer stands on its only list, "" for nowhere.
func standing(t testing.TB, b *bench, uid string) string {
	t.Helper()
	if c := storagetest.Customer(t, b.db, uid); len(c.Lists) > 0 {
		return c.Lists[0].Status.String()
	}
	return ""
}

// onList is a bench with a list and four customers: one not on it, and one of each status,
// who is called like it.
func onList(t *testing.T) (b *bench, list string, clock *app.MovableClock) {
	t.Helper()
	db, clock := storagetest.Open(t)
	b = start(t, db)
	title, twice := "News", true
	l, err := db.List(bg, storagetest.Apply(t, db, &app.SaveList{Title: &title, DoubleOptIn: &twice})[0].List)
	if err != nil {
		t.Fatal(err)
	}
	mail := app.Profile{Email: app.FieldOf("p@example.com")}
	apply(t, db, set("none"), set("subscribed"), set("unsubscribed"), &app.SetProfile{UID: "pending", Trusted: true, Profile: mail},
		&app.JoinLists{UID: "subscribed", Lists: []string{l.ID}}, &app.SetSubscription{UID: "unsubscribed", List: l.ID},
		&app.AddSubscriber{List: l.ID, Profile: mail})
	clock.Move(time.Hour)
	return b, l.ID, clock
}

// Whoever has left a list is not brought back by a file, whatever it says, and an undo
// puts everybody back to where they stood, and since when.
func TestList_fileMovesOnlyThoseWhomItsStatusOutranks(t *testing.T) {
	t.Parallel()
	const file = "uid,plan\nnone,a\nsubscribed,a\nunsubscribed,a\npending,a\nnew,a\nnone,b\n"
	for _, c := range []struct {
		status string
		after  string // of none, subscribed, unsubscribed, pending, new
		note   string
	}{
		{"", "subscribed subscribed unsubscribed subscribed subscribed", "1 customer has unsubscribed from the list and stays so"},
		{"subscribed", "subscribed subscribed unsubscribed subscribed subscribed", "1 customer who has not confirmed yet becomes a subscriber"},
		{"unsubscribed", "unsubscribed unsubscribed unsubscribed unsubscribed unsubscribed", "2 customers who are on the list are unsubscribed from it"},
		{"pending", "pending subscribed unsubscribed pending pending", "1 customer is subscribed to the list already and stays so"},
	} {
		t.Run("as "+c.status, func(t *testing.T) {
			t.Parallel()
			b, list, clock := onList(t)
			before := whole(t, b.db)
			o := importer.Options{List: list, Status: c.status, DryRun: true}
			dry := b.run("people.csv", []byte(file), o)
			if notes := strings.Join(plan(t, dry).Notes, " "); !strings.Contains(notes, c.note) {
				t.Errorf("the dry run does not say %q: %s", c.note, notes)
			}
			if whole(t, b.db) != before {
				t.Error("the dry run has written")
			}
			o.DryRun = false
			imp := b.run("people.csv", []byte(file), o)
			if imp.ImportCounts != dry.ImportCounts {
				t.Errorf("the dry run said %+v, it is %+v", dry.ImportCounts, imp.ImportCounts)
			}
			var after []string
			for _, uid := range []string{"none", "subscribed", "unsubscribed", "pending", "new"} {
				after = append(after, standing(t, b, uid))
			}
			if got := strings.Join(after, " "); got != c.after {
				t.Errorf("they are %s, want %s", got, c.after)
			}
			wantListCounted(t, b, list)
			clock.Move(time.Hour)
			if u := b.undo(imp); u.Removed != 1 || u.Restored != 4 || u.Kept != 0 {
				t.Errorf("undone: %d removed, %d restored, %d kept", u.Removed, u.Restored, u.Kept)
			}
			if now := whole(t, b.db); now != before {
				t.Errorf("after the undo it is\n%s\nand was\n%s", now, before)
			}
			wantListCounted(t, b, list)
		})
	}
}

// wantListCounted holds a list's counters against where its people stand.
func wantListCounted(t *testing.T, b *bench, id string) {
	t.Helper()
	var by [3]int64
	if err := b.db.EachCustomer(bg, func(c *app.Customer) error {
		for _, l := range c.Lists {
			by[l.Status]++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	l, err := b.db.FindList(bg, id)
	if err != nil {
		t.Fatal(err)
	}
	if got := [3]int64{l.Pending, l.Subscribed, l.Unsubscribed}; got != by {
		t.Errorf("the list counts %v, and has %v", got, by)
	}
}

// Somebody who subscribes after an import put them on the list as unsubscribed keeps that
// when the import is undone.
func TestList_undoLeavesWhoMovedSince(t *testing.T) {
	t.Parallel()
	b, list, clock := onList(t)
	imp := b.run("left.csv", []byte("uid\nnone\nsubscribed\nnew\n"), importer.Options{List: list, Status: "unsubscribed"})
	clock.Move(time.Hour)
	apply(t, b.db, &app.JoinLists{UID: "none", Lists: []string{list}}, &app.JoinLists{UID: "new", Lists: []string{list}})
	if u := b.undo(imp); u.Removed != 0 || u.Restored != 1 || u.Kept != 2 {
		t.Errorf("undone: %d removed, %d restored, %d kept", u.Removed, u.Restored, u.Kept)
	}
	for uid, want := range map[string]string{"none": "subscribed", "new": "subscribed", "subscribed": "subscribed"} {
		if got := standing(t, b, uid); got != want {
			t.Errorf("%s is %s, want %s", uid, got, want)
		}
	}
}

func TestList_statusThatSaysNothingIsRefused(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, o := range []importer.Options{{Status: "unsubscribed"}, {List: b.list("News"), Status: "removed"}, {List: b.list("More"), Status: "Subscribed"}} {
		_, err := b.r.Start(bg, importer.Upload{Name: "a.csv", Body: strings.NewReader("uid\na\n")}, o)
		if app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
