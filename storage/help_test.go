package storage_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

var bg = context.Background()

// at is an instant so long after the start of the test's clock.
func at(d time.Duration) app.Instant { return app.InstantOf(storagetest.Start.Add(d)) }

// one applies a single change that must be taken.
func one(t testing.TB, db *storage.DB, c app.Change) app.Result {
	t.Helper()
	return storagetest.Apply(t, db, c)[0]
}

// refused applies a change that must be refused with a code, leaving no row behind.
func refused(t testing.TB, db *storage.DB, c app.Change, code app.Code) *app.Error {
	t.Helper()
	rows, head := db.RowsWritten(t), db.Head()
	results, err := db.Apply(bg, app.Batch{Changes: []app.Change{c}})
	if err != nil {
		t.Fatalf("%T: %v", c, err)
	}
	if app.CodeOf(results[0].Err) != code || results[0].Err == nil {
		t.Errorf("%T: got error %v, want one of code %s", c, results[0].Err, code)
	}
	if now := db.RowsWritten(t); now != rows || db.Head() != head {
		t.Errorf("%T: refusing it wrote %d rows and %d entries of the feed", c, now-rows, db.Head()-head)
	}
	return app.Public(results[0].Err)
}

// unchanged applies a change that must be taken, change nothing and write nothing.
func unchanged(t testing.TB, db *storage.DB, c app.Change) {
	t.Helper()
	rows, head := db.RowsWritten(t), db.Head()
	if res := one(t, db, c); res.Changed || res.Created {
		t.Errorf("%T says that it changed something", c)
	}
	if now := db.RowsWritten(t); now != rows || db.Head() != head {
		t.Errorf("%T wrote %d rows and %d entries of the feed", c, now-rows, db.Head()-head)
	}
}

func profile(attributes ...string) app.Profile {
	var p app.Profile
	for i := 0; i+1 < len(attributes); i += 2 {
		var value []byte
		if attributes[i+1] != "" {
			value = []byte(attributes[i+1])
		}
		p.Attributes = append(p.Attributes, app.Attribute{Name: attributes[i], Value: value})
	}
	return p
}

// set is a trusted profile of attributes: name, raw JSON, name, raw JSON …; "" removes.
func set(uid string, attributes ...string) *app.SetProfile {
	return &app.SetProfile{UID: uid, Trusted: true, Profile: profile(attributes...)}
}

func withEmail(uid, email string, trusted bool) *app.SetProfile {
	return &app.SetProfile{UID: uid, Trusted: trusted, Profile: app.Profile{Email: app.FieldOf(email)}}
}

func track(uid, event string, when app.Instant) *app.Track {
	return &app.Track{UID: uid, Event: event, At: when}
}

// text shows attributes as name=value, in their order.
func text(c *app.Customer) string {
	var parts []string
	for _, a := range c.Attributes {
		parts = append(parts, a.Name+"="+string(a.Value))
	}
	return strings.Join(parts, " ")
}

func deref(s *string) string {
	if s == nil {
		return "<nil>"
	}
	return *s
}

func absent(t testing.TB, db *storage.DB, uid string) {
	t.Helper()
	if row, err := db.Find(bg, uid); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("%q leads to row %d (%v), and should lead nowhere", uid, row, err)
	}
}

// newList makes a list and returns it.
func newList(t testing.TB, db *storage.DB, title string, doubleOptIn bool) *app.List {
	t.Helper()
	l, err := db.List(bg, one(t, db, &app.SaveList{Title: &title, DoubleOptIn: &doubleOptIn}).List)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// counts are a list's counters as pending/subscribed/unsubscribed.
func counts(t testing.TB, db *storage.DB, l *app.List) string {
	t.Helper()
	l, err := db.List(bg, l.Row)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d/%d/%d", l.Pending, l.Subscribed, l.Unsubscribed)
}

// kinds are the kinds of the feed's entries after a position.
func kinds(t testing.TB, db *storage.DB, after int64) (out []app.Kind) {
	t.Helper()
	entries, err := db.Feed(bg, after, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Kind)
	}
	return out
}

func wantKinds(t testing.TB, db *storage.DB, after int64, want ...app.Kind) {
	t.Helper()
	if got := kinds(t, db, after); !slices.Equal(got, want) {
		t.Errorf("the feed got entries of kinds %v, want %v", got, want)
	}
}

func history(t testing.TB, db *storage.DB, uid string) []app.HistoryEntry {
	t.Helper()
	out, err := db.History(bg, storagetest.Customer(t, db, uid).Row, app.Newest, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func events(t testing.TB, db *storage.DB, uid string) []app.Event {
	t.Helper()
	out, _, err := db.Events(bg, storagetest.Customer(t, db, uid).Row, app.EventFilter{}, app.Newest, false, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func open(t testing.TB) (*storage.DB, *app.MovableClock) { return storagetest.Open(t) }
