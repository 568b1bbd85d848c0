package storage_test

import (
	"fmt"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

func TestDays_followEventsAndCustomersWhateverTheirDate(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	now := app.InstantOf(clock.Now())
	const hour = app.DayMillis / 24
	today, thisHour := app.DayOf(now), app.HourOf(now)
	past := now - 400*app.DayMillis
	storagetest.Apply(t, db, track("a", "Seen", now), track("a", "Seen", now-hour), track("b", "Seen", past), track("b", "Seen", now-50*hour),
		&app.SetProfile{UID: "b", Trusted: true, Profile: app.Profile{CreatedAt: &past}})
	days := func() string {
		t.Helper()
		list, err := db.Days(bg, today-500, today+1)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, d := range list {
			out += fmt.Sprintf("%d:%d/%d ", d.Span-today, d.Events, d.Customers)
		}
		return out
	}
	hours := func() string {
		t.Helper()
		list, err := db.Hours(bg, thisHour-47, thisHour+1)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, h := range list {
			out += fmt.Sprintf("%d:%d/%d ", h.Span-thisHour, h.Events, h.Customers)
		}
		return out
	}
	if got, want := days(), "-400:1/1 -2:1/0 0:2/1 "; got != want {
		t.Errorf("days %s, want %s", got, want)
	}
	if got, want := hours(), "-1:1/0 0:1/1 "; got != want {
		t.Errorf("hours %s, want %s", got, want)
	}
	one(t, db, &app.Merge{From: "b", To: "a"})
	if got, want := days(), "-400:1/0 -2:1/0 0:2/1 "; got != want {
		t.Errorf("after a merge: days %s, want %s", got, want)
	}
	one(t, db, &app.Delete{UID: "a"})
	if got := days() + hours(); got != "" {
		t.Errorf("after everybody is deleted: %s", got)
	}
	clock.Move(100 * time.Hour)
	one(t, db, track("c", "Seen", app.InstantOf(clock.Now())))
	thisHour, today = app.HourOf(app.InstantOf(clock.Now())), app.DayOf(app.InstantOf(clock.Now()))
	if got, want := hours(), "0:1/1 "; got != want {
		t.Errorf("four days later: hours %s, want %s", got, want)
	}
}

func TestArrived_countsWhatCameWhateverItsDate(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	storagetest.Apply(t, db, track("a", "Seen", 0), track("a", "Seen", 1))
	clock.Move(time.Hour)
	since := app.InstantOf(clock.Now())
	for i := range 3 {
		storagetest.Apply(t, db, track("a", "Seen", app.Instant(i)), &app.SetProfile{UID: fmt.Sprint("p", i), Trusted: true}, track("b", "Seen", 7))
	}
	if n, err := db.Arrived(bg, since); n != 6 || err != nil {
		t.Errorf("%d events have come, want 6 (%v)", n, err)
	}
	if n, _ := db.Arrived(bg, since+1); n != 0 {
		t.Errorf("%d events have come since a moment ago, want none", n)
	}
}

func TestLatestEvents_areFoundThroughRestartsAndDeletions(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	reopen := func() *storage.DB {
		db, err := storage.Open(bg, folder, storage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	latest := func(db *storage.DB, name string, limit int) string {
		t.Helper()
		list, err := db.LatestEvents(bg, name, limit)
		if err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprint(len(list), ":")
		for _, o := range list[:min(3, len(list))] {
			out += fmt.Sprintf(" %s@%d", o.UID, int64(o.At))
		}
		return out
	}
	db := reopen()
	rare := storagetest.Apply(t, db, track("old", "Rare", 1), track("older", "Rare", 2))
	many := make([]app.Change, 0, 5000)
	for i := range 25_000 { // past where they are written
		many = append(many, track(fmt.Sprint("u", i%50), "Common", app.Instant(i)))
		if len(many) == cap(many) {
			storagetest.Apply(t, db, many...)
			many = many[:0]
		}
	}
	storagetest.Apply(t, db, track("new", "Rare", 3))
	check := func(when string) {
		t.Helper()
		if got, want := latest(db, "Rare", 10), "3: new@3 older@2 old@1"; got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
		if got, want := latest(db, "Common", 1000), "300: u49@24999 u48@24998 u47@24997"; got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	check("at once")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = reopen()
	check("after a restart")
	storagetest.Apply(t, db, &app.Delete{UID: rare[1].UID})
	if got, want := latest(db, "Rare", 10), "2: new@3 old@1"; got != want {
		t.Errorf("after a deletion: %s, want %s", got, want)
	}
	if got := latest(db, "Never", 10); got != "0:" {
		t.Errorf("a name that never came: %s", got)
	}
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
