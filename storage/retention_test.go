package storage_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"

	"pgregory.net/rapid"
)

const aDay = 24 * time.Hour

func TestExpire_takesWholeDaysFromEverything(t *testing.T) {
	t.Parallel()
	db, _ := open(t) // at noon; the end of the test holds every counter against the rows
	for i := range 40 {
		storagetest.Apply(t, db, &app.Track{UID: fmt.Sprint("u", i%4), Event: fmt.Sprint("E", i%2), At: at(-time.Duration(i) * aDay), MessageID: fmt.Sprint("m", i)})
	}
	storagetest.Apply(t, db, track("u0", "Old", at(-39*aDay)))
	before := at(-10*aDay - 5*time.Hour) // in the middle of a day: it is kept
	will, err := db.Expiring(bg, before)
	if err != nil || len(will) != 3 || will[0].Events+will[1].Events+will[2].Events != 30 {
		t.Errorf("what would go: %+v %v", will, err)
	}
	head := db.Head()
	n, err := db.ExpireEvents(bg, before)
	if err != nil || n != 30 {
		t.Fatalf("%d went: %v", n, err)
	}
	if n, err := db.ExpireEvents(bg, before); n != 0 || err != nil {
		t.Errorf("the second time %d went: %v", n, err)
	}
	if kinds := kinds(t, db, head); len(kinds) != 4 || kinds[0] != app.KindErasedEvents {
		t.Errorf("the feed says %v", kinds)
	}
	if got := events(t, db, "u0"); len(got) != 3 || got[2].At != at(-8*aDay) {
		t.Errorf("the timeline: %+v", got)
	}
	names, err := db.EventNames(bg, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		switch name.Name {
		case "E0":
			if name.Events != 6 || app.DayOf(name.FirstAt) != app.DayOf(at(-10*aDay)) || name.LastAt != at(0) {
				t.Errorf("%+v", name)
			}
		case "Old":
			if name.Events != 0 || name.Customers != 0 {
				t.Errorf("%+v", name)
			}
		}
	}
	// A message id is remembered as long as its event.
	again := storagetest.Apply(t, db, &app.Track{UID: "u0", Event: "E0", At: at(0), MessageID: "m0"}, &app.Track{UID: "u0", Event: "E0", At: at(0), MessageID: "m36"})
	if again[0].Changed || !again[1].Changed {
		t.Errorf("a repeat is new: %v; one whose event went is new: %v", again[0].Changed, again[1].Changed)
	}
}

// Whatever there is and whenever it is cut, what stays is what is from the day of the cut
// on, and every counter is as a scan would count.
func TestExpire_law(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		folder := t.TempDir()
		db, err := storage.Open(bg, folder, storage.Options{Clock: app.NewMovableClock(storagetest.Start)})
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		stay := 0
		cut := at(-time.Duration(rapid.IntRange(0, 100*24).Draw(rt, "cut")) * time.Hour)
		day := app.DayOf(cut)
		var changes []app.Change
		for i := range rapid.IntRange(0, 60).Draw(rt, "events") {
			when := at(-time.Duration(rapid.IntRange(-50, 3000).Draw(rt, "at")) * time.Hour)
			if app.DayOf(when) >= day {
				stay++
			}
			c := track(fmt.Sprint("u", rapid.IntRange(0, 5).Draw(rt, "uid")), fmt.Sprint("E", rapid.IntRange(0, 3).Draw(rt, "name")), when)
			if rapid.Bool().Draw(rt, "keyed") {
				c.MessageID = fmt.Sprint("m", i)
			}
			changes = append(changes, c)
		}
		storagetest.Apply(t, db, changes...)
		if rapid.Bool().Draw(rt, "deleted") {
			_, _ = db.Apply(bg, app.Batch{Changes: []app.Change{&app.Delete{UID: "u1"}}})
			stay = -1
		}
		if _, err := db.ExpireEvents(bg, cut); err != nil {
			rt.Fatal(err)
		}
		if err := db.Check(bg); err != nil {
			rt.Error(err)
		}
		left := 0
		err = db.EachEvent(bg, app.EventFilter{}, func(e *app.Event) error {
			if left++; app.DayOf(e.At) < day {
				rt.Errorf("an event of %s is left", e.At)
			}
			return nil
		})
		if err != nil || stay >= 0 && left != stay {
			rt.Errorf("%d are left, want %d: %v", left, stay, err)
		}
	})
}

func TestExpire_goesInSmallStepsAndCanBeEnded(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	var changes []app.Change
	for i := range 3000 {
		changes = append(changes, track("busy", "Seen", at(-400*aDay+time.Duration(i)*time.Second)))
	}
	storagetest.Apply(t, db, changes...)
	ctx, cancel := context.WithCancel(bg)
	commits := db.Commits()
	go func() {
		for db.Commits() < commits+2 {
			time.Sleep(100 * time.Microsecond)
		}
		cancel()
	}()
	n, err := db.ExpireEvents(ctx, at(-365*aDay))
	if err == nil || n == 0 || n >= 3000 {
		t.Errorf("ended half-way, %d went: %v", n, err)
	}
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
	if more, err := db.ExpireEvents(bg, at(-365*aDay)); err != nil || n+more != 3000 {
		t.Errorf("%d and %d went: %v", n, more, err)
	}
	if got := db.Commits() - commits; got < 6 {
		t.Errorf("3000 events went in %d transactions", got)
	}
}

func TestKeepEvents_removesWhenADayIsOver(t *testing.T) {
	t.Parallel()
	clock := app.NewMovableClock(storagetest.Start)
	db, err := storage.Open(bg, t.TempDir(), storage.Options{Clock: clock, EventsKept: app.Age{Days: 30}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storagetest.Apply(t, db, track("u", "Seen", at(-30*aDay)), track("u", "Seen", at(-31*aDay)))
	ctx, cancel := context.WithCancel(bg)
	ended := make(chan error, 1)
	go func() { ended <- db.KeepEvents(ctx) }()
	until := func(want int64) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			totals, err := db.Totals(bg)
			if err != nil {
				t.Fatal(err)
			}
			if totals.Events == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d events are left, want %d", totals.Events, want)
			}
		}
	}
	until(1)
	for range 14 {
		clock.Move(time.Hour)
		time.Sleep(2 * time.Millisecond)
	}
	until(0)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A part of the server that ends ends all of them: nothing to do is no reason.
func TestKeepEvents_forEverWaitsForItsEnd(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	ctx, cancel := context.WithCancel(bg)
	ended := make(chan error, 1)
	go func() { ended <- db.KeepEvents(ctx) }()
	select {
	case err := <-ended:
		t.Fatalf("it ended by itself: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
