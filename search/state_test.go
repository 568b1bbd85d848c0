package search_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"kith/app"
	"kith/search"
	"kith/storage"
	"kith/storage/storagetest"
)

// gated is the store, with a gate in the way of a build and of the feed.
type gated struct {
	*storage.DB
	after int // customers let through before the gate
	gate  chan struct{}
	fail  atomic.Int32 // how many reads of the feed fail
}

func (g *gated) EachFindable(ctx context.Context, f func(*app.Findable) error) error {
	n := 0
	return g.DB.EachFindable(ctx, func(c *app.Findable) error {
		if n++; n > g.after {
			select {
			case <-g.gate:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return f(c)
	})
}

func (g *gated) Feed(ctx context.Context, after int64, limit int) ([]app.Entry, error) {
	if limit > 1 && g.fail.Add(-1) >= 0 {
		return nil, errors.New("the disk is away")
	}
	return g.DB.Feed(ctx, after, limit)
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestRun_servesWhatIsIndexedSoFarWhileItBuilds(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	var changes []app.Change
	for i := range search.BatchSize + 200 {
		changes = append(changes, person(fmt.Sprint("c", i), "Builder", "", "", ""))
	}
	storagetest.Apply(t, db, changes...)
	g := &gated{DB: db, after: search.BatchSize + 100, gate: make(chan struct{})}
	e := search.New(g, t.TempDir(), search.Options{Calm: time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	found := func() int {
		rows, err := e.Search(ctx, "builder", 10)
		if err != nil {
			return 0
		}
		return len(rows)
	}
	until(t, "the first batch is not found", func() bool { return found() == search.BatchSize && e.State().Built == search.BatchSize })
	if s := e.State(); s.Phase != search.Building || e.Ready() {
		t.Errorf("state %+v, ready %v", s, e.Ready())
	}
	short, end := context.WithTimeout(ctx, 10*time.Millisecond)
	if ok, err := db.AwaitReaders(short); ok || err != nil {
		t.Errorf("a build is not waited for: %v %v", ok, err)
	}
	end()
	// What happens during the build is in neither half of it, or in both.
	storagetest.Apply(t, db, &app.Delete{UID: "c0"}, &app.Delete{UID: fmt.Sprint("c", search.BatchSize+150)}, person("late", "Builder", "", "", ""))
	close(g.gate)
	until(t, "the build does not end", func() bool { return e.State().Position == db.Head() })
	if n := found(); n != search.BatchSize+199 || !e.Ready() || e.State().Phase != search.Following {
		t.Errorf("%d are found, state %+v", n, e.State())
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRun_triesAgainAfterAnError(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, crew()...)
	g := &gated{DB: db, after: 100}
	g.fail.Store(1)
	e := search.New(g, t.TempDir(), search.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	until(t, "it does not say that it fails", func() bool { return e.State().Phase == search.Failing && e.State().Err != nil })
	until(t, "it does not come back", func() bool { return e.State().Phase == search.Following })
	rows, err := e.Search(ctx, "ngozi", 10)
	if err != nil || len(rows) != 0 {
		t.Errorf("%v %v", rows, err)
	}
	if rows, err = e.Search(ctx, "kite", 10); err != nil || len(rows) != 1 {
		t.Errorf("%v %v", rows, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
