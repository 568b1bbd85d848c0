package storage_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

const year = 365 * 24 * time.Hour

func TestFeed_numbersHaveNoGapsAndRunsNameTheEventsOfTheirCommit(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	storagetest.Apply(t, db, set("u"), set("v"), track("u", "A", at(0)), track("v", "A", at(0)), set("u", "x", "1"), track("u", "B", at(0)))
	storagetest.Apply(t, db, track("v", "B", at(0)), track("v", "C", at(0)))
	one(t, db, &app.Archive{UID: "v", Archived: true})
	entries, err := db.Feed(bg, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, e := range entries {
		if e.Seq != int64(i+1) || e.At != at(0) {
			t.Errorf("entry %d has the number %d and the time %v", i, e.Seq, e.At)
		}
		if e.Kind == app.KindEvents {
			got = append(got, fmt.Sprintf("%d+%d", e.Key, e.Count))
		}
	}
	if fmt.Sprint(got) != "[1+2 3+1 4+2]" {
		t.Errorf("the runs are %v", got)
	}
	if db.Head() != int64(len(entries)) {
		t.Errorf("the head is %d of %d", db.Head(), len(entries))
	}
}

func TestFeed_runsOfConcurrentWritersCoverEveryEventOnce(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			for n := range 20 {
				storagetest.Apply(t, db, track(fmt.Sprint("u", i), "Seen", at(0)), set(fmt.Sprint("u", i), "n", fmt.Sprint(n)), track("all", "Seen", at(0)))
			}
		})
	}
	wg.Wait()
	entries, err := db.Feed(bg, 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	next := int64(1)
	for _, e := range entries {
		if e.Kind != app.KindEvents {
			continue
		}
		if e.Key != next {
			t.Fatalf("a run begins with event %d, want %d", e.Key, next)
		}
		next += e.Count
	}
	if next != 401 {
		t.Errorf("the runs name %d events, want 400", next-1)
	}
}

// Deleting the newest events and starting again gave their numbers to new ones, so that
// a reader behind counted those twice.
func TestFeed_aNumberThatItNamesIsNotGivenToAnotherEvent(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	storagetest.Apply(t, db, track("stays", "Seen", at(0)), track("goes", "Seen", at(0)), track("goes", "Seen", at(0)), &app.Delete{UID: "goes"})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = storage.Open(bg, folder, storage.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	one(t, db, track("stays", "Later", at(time.Hour)))
	if got := events(t, db, "stays"); got[0].Name != "Later" || got[0].Row != 4 {
		t.Errorf("the new event has the number %d, want 4", got[0].Row)
	}
}

func TestFollow_isExactlyOnceAcrossRestartsAndFailures(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for round := range 4 {
		db, err := storage.Open(bg, folder, storage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, real := tally(db), tally(db).Read
		var calls atomic.Int64
		r.Read = func(ctx context.Context, entries []app.Entry) ([]app.Change, error) {
			changes, err := real(ctx, entries)
			if calls.Add(1) == 2 {
				return changes, errors.New("a fault of the test, after the work")
			}
			return changes, err
		}
		stop := follow(t, db, r)
		for i := range 30 {
			storagetest.Apply(t, db, track(fmt.Sprint("u", i%3), "Seen", at(0)), track("all", "Seen", at(0)))
		}
		if round == 3 {
			drain(t, db)
			if n, err := tallied(bg, db); err != nil || n != 240 {
				t.Errorf("counted %d of 240 events (%v)", n, err)
			}
		}
		stop()
		if err := errors.Join(db.Check(bg), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestFollow_anEffectThatFailsIsWrittenAgainWithItsCursor(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one(t, db, set("u0"))
	var full, tried atomic.Bool
	r, real := tally(db), tally(db).Read
	r.Read = func(ctx context.Context, entries []app.Entry) ([]app.Change, error) {
		if full.Load() {
			tried.Store(true)
			return append(make([]app.Change, 0), set("tally", "padding", string(app.Quote(fmt.Sprintf("%060000d", 1))))), nil
		}
		return real(ctx, entries)
	}
	one(t, db, track("u0", "Seen", at(0)))
	full.Store(true)
	db.LimitPages(t, 2)
	follow(t, db, r)
	for !tried.Load() {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(bg, 50*time.Millisecond)
	defer cancel()
	if ok, err := db.AwaitReaders(ctx); ok || err != nil {
		t.Errorf("a reader that cannot write has caught up: %v %v", ok, err)
	}
	absent(t, db, "tally")
	full.Store(false)
	db.LimitPages(t, -1)
	drain(t, db)
	if n, err := tallied(bg, db); err != nil || n != 1 {
		t.Errorf("counted %d of 1 (%v)", n, err)
	}
}

func TestDrain_waitsForWhatReadersThemselvesWrite(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	chain := func(name, from, to string) storage.FeedReader {
		return storage.FeedReader{Name: name, Read: func(ctx context.Context, entries []app.Entry) ([]app.Change, error) {
			row, err := db.Find(ctx, from)
			if err != nil {
				return nil, nil
			}
			for _, e := range entries {
				if e.Kind == app.KindCreated && e.Customer == row {
					return []app.Change{set(to)}, nil
				}
			}
			return nil, nil
		}}
	}
	for i := range 5 {
		follow(t, db, chain(fmt.Sprint("r", i), fmt.Sprint("u", i), fmt.Sprint("u", i+1)))
	}
	one(t, db, set("u0"))
	drain(t, db)
	if _, err := db.Find(bg, "u5"); err != nil {
		t.Error("the last of the chain was not written")
	}
	s, err := db.FeedState(bg)
	if err != nil || s.Head != db.Head() || len(s.Readers) != 5 {
		t.Errorf("the state of the feed: %+v %v", s, err)
	}
	for name, seq := range s.Readers {
		if seq != s.Head {
			t.Errorf("%s is at %d of %d", name, seq, s.Head)
		}
	}
}

func TestAwaitReaders_waitsForTheHeadAsItWas(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	gate := make(chan struct{})
	var read atomic.Int64
	follow(t, db, storage.FeedReader{Name: "slow", Read: func(ctx context.Context, entries []app.Entry) ([]app.Change, error) {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		read.Store(entries[len(entries)-1].Seq)
		return nil, nil
	}})
	one(t, db, set("u"))
	head := db.Head()
	ctx, cancel := context.WithTimeout(bg, 30*time.Millisecond)
	defer cancel()
	if ok, err := db.AwaitReaders(ctx); ok || err != nil {
		t.Errorf("before the reader moved: %v %v", ok, err)
	}
	close(gate)
	ctx, cancel = context.WithTimeout(bg, 20*time.Second)
	defer cancel()
	if ok, err := db.AwaitReaders(ctx); !ok || err != nil || read.Load() < head {
		t.Errorf("after it: %v %v, read to %d of %d", ok, err, read.Load(), head)
	}
}

func TestKeepHouse_prunesBehindTheReadersAndKeepsTheLastRow(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	stop := follow(t, db, storage.FeedReader{Name: "r", Read: func(context.Context, []app.Entry) ([]app.Change, error) { return nil, nil }})
	apply(t, db, once(1, 1, set("u")))
	session, err := sessionOf(t, db)
	if err != nil {
		t.Fatal(err)
	}
	drain(t, db)
	stop()
	seen := db.Head()
	for i := range 5 {
		one(t, db, set("u", "n", fmt.Sprint(i)))
	}
	ctx, cancel := context.WithCancel(bg)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.KeepHouse(ctx); err != nil {
			t.Error(err)
		}
	})
	until := func(what, query string, want int64) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if n := db.Number(t, query); n == want {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("%s: %d, want %d", what, n, want)
			}
		}
	}
	until("timers", "select count(*) from timers", 5)
	if n := db.Number(t, "select min(seq) from feed"); n != 1 {
		t.Errorf("something was pruned at once: the feed begins with %d", n)
	}
	clock.Move(8 * 24 * time.Hour)
	until("what the reader has passed is pruned", "select min(seq) from feed", seen+1)
	until("idempotency", "select count(*) from idempotency", 0)
	until("sessions", "select count(*) from sessions", 0)
	if _, err := db.Session(bg, session); app.CodeOf(err) != app.CodeUnauthorized {
		t.Errorf("a session that is over: %v", err)
	}
	follow(t, db, storage.FeedReader{Name: "r", Read: func(context.Context, []app.Entry) ([]app.Change, error) { return nil, nil }})
	drain(t, db)
	clock.Move(8 * 24 * time.Hour)
	until("only the last row is left", "select count(*) from feed", 1)
	one(t, db, set("u", "n", "6"))
	if db.Head() != seen+6 {
		t.Errorf("the next number is %d, want %d", db.Head(), seen+6)
	}
	start := time.Now()
	clock.Move(year)
	until("a year later the timers are set again", fmt.Sprintf("select count(*) from timers where due > %d", db.Now()), 5)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a year took %v", took)
	}
	cancel()
	wg.Wait()
}

func sessionOf(t *testing.T, db *storage.DB) (string, error) {
	t.Helper()
	if err := db.CreateUser(bg, "admin@example.com", "hash", app.RoleOwner); err != nil {
		return "", err
	}
	u, err := db.UserByEmail(bg, "ADMIN@example.com")
	if err != nil {
		return "", err
	}
	return db.CreateSession(bg, u.Row, at(time.Hour), "", "")
}

func TestWatch_tellsOfCommitsThatConcernACustomer(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	storagetest.Apply(t, db, set("u"), set("v"))
	u, endU := db.Watch(storagetest.Customer(t, db, "u").Row)
	all, endAll := db.Watch(0)
	told := func(ch <-chan struct{}) bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	one(t, db, track("v", "Seen", at(0)))
	if told(u) || !told(all) {
		t.Error("an event of another customer")
	}
	storagetest.Apply(t, db, track("u", "Seen", at(0)), track("u", "Seen", at(0)))
	one(t, db, set("u", "a", "1"))
	if !told(u) || told(u) || !told(all) || told(all) {
		t.Error("several commits that were not looked at must count as one")
	}
	endU()
	endAll()
	one(t, db, set("u", "a", "2"))
	if told(u) || told(all) {
		t.Error("told after the end")
	}
}
