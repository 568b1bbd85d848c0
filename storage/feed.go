package storage

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"kith/app"
)

// signal wakes everybody who waits, each time it is raised.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

func (s *signal) init() { s.ch = make(chan struct{}) }

// wait returns a channel that is closed at the next raise.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ch
}

func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.ch)
	s.ch = make(chan struct{})
}

// Feed returns up to limit entries after a position, in order.
func (db *DB) Feed(ctx context.Context, after int64, limit int) ([]app.Entry, error) {
	var out []app.Entry
	err := db.queries.each(ctx, "feed_after", args(after, limit), func(rows *sql.Rows) error {
		var e app.Entry
		if err := rows.Scan(&e.Seq, &e.At, &e.Kind, &e.Customer, &e.Key, &e.Count); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// Head is the number of the newest entry of the feed.
func (db *DB) Head() int64 { return db.head.Load() }

// FeedState returns the head and every reader's cursor.
func (db *DB) FeedState(ctx context.Context) (app.FeedState, error) {
	s := app.FeedState{Head: db.Head(), Readers: map[string]int64{}}
	err := db.queries.each(ctx, "cursor_all", nil, func(rows *sql.Rows) error {
		var name string
		var seq int64
		if err := rows.Scan(&name, &seq); err != nil {
			return err
		}
		s.Readers[name] = seq
		return nil
	})
	db.cursors.Range(func(name, seq any) bool { // a reader may be further than what is written of it
		s.Readers[name.(string)] = seq.(int64)
		return true
	})
	return s, err
}

// FeedMoved returns a channel that is closed when the head, or a cursor, next moves.
func (db *DB) FeedMoved() <-chan struct{} { return db.moved.wait() }

// Cursor returns how far a reader has come by what is written of it, and whether anything
// is. What it has made known with [DB.Reached] does not count.
func (db *DB) Cursor(ctx context.Context, reader string) (seq int64, known bool, err error) {
	err = db.queries.each(ctx, "cursor_all", nil, func(rows *sql.Rows) error {
		var name string
		var at int64
		if err := rows.Scan(&name, &at); err != nil {
			return err
		}
		if name == reader {
			seq, known = at, true
		}
		return nil
	})
	return seq, known, err
}

// AwaitFeed waits until the head is past a position. It returns ctx's error when ctx
// ends first.
func (db *DB) AwaitFeed(ctx context.Context, after int64) error {
	return db.await(ctx, func() (bool, error) { return db.Head() > after, nil })
}

// Reached makes known how far a reader has come that keeps its own cursor beside its
// effect, outside this file: the status, [DB.AwaitReaders] and [DB.Drain] go by it. It
// writes nothing. So that the feed is kept for such a reader, it also writes a position
// now and then, with an empty Batch and a Cursor; what it writes may be behind what it
// has reached, and may go back.
func (db *DB) Reached(name string, seq int64) {
	db.cursors.Store(name, seq)
	db.moved.raise()
}

// FeedReader follows the feed. Read is given the entries after the reader's cursor
// and returns the Changes that follow from them; they and the cursor are written in
// one transaction, so after a crash nothing is done twice and nothing left out.
type FeedReader struct {
	// Name is the cursor's. It may never change.
	Name string
	// Read acts on entries. It may be called again with the same ones when writing fails.
	Read func(ctx context.Context, entries []app.Entry) ([]app.Change, error)
	// Step is how many entries one call takes at most. Default 1,000.
	Step int
}

// Follow runs a reader until ctx ends. An error of Read is logged and tried again,
// later each time, up to a minute; the reader's lag shows in the status meanwhile.
func (db *DB) Follow(ctx context.Context, r FeedReader) error {
	if r.Step == 0 {
		r.Step = 1000
	}
	seq, err := db.cursor(ctx, r.Name)
	if err != nil {
		return err
	}
	pause := time.Duration(0)
	for {
		moved := db.moved.wait()
		next, err := db.step(ctx, r, seq)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			pause = min(max(2*pause, 100*time.Millisecond), time.Minute)
			db.log.Error("a reader of the feed failed and will try again", "reader", r.Name, "after", seq, "pause", pause, "error", err)
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return nil
			}
			continue
		case next > seq:
			seq, pause = next, 0
			continue
		}
		pause = 0
		select {
		case <-moved:
		case <-ctx.Done():
			return nil
		}
	}
}

// cursor returns a reader's position, which it makes known from its first start on.
func (db *DB) cursor(ctx context.Context, name string) (int64, error) {
	var seq int64
	err := db.Write(ctx, func(tx *Tx) error {
		var known bool
		if seq, known = tx.t.s.cursors[name]; known {
			return nil
		}
		return tx.t.moveCursor(name, 0)
	})
	if err != nil {
		return 0, err
	}
	db.cursors.Store(name, seq)
	return seq, nil
}

func (db *DB) step(ctx context.Context, r FeedReader, after int64) (int64, error) {
	entries, err := db.Feed(ctx, after, r.Step)
	if err != nil || len(entries) == 0 {
		return after, err
	}
	changes, err := r.Read(ctx, entries)
	if err != nil {
		return after, err
	}
	last := entries[len(entries)-1].Seq
	results, err := db.Apply(ctx, app.Batch{Changes: changes, Cursor: &app.Cursor{Name: r.Name, Seq: last}})
	if err != nil {
		return after, err
	}
	for _, res := range results {
		if res.Err != nil {
			db.log.Warn("a reader's change was refused", "reader", r.Name, "error", res.Err)
		}
	}
	return last, nil
}

// Drain waits until every reader has reached the head of the feed, and what the
// readers themselves have written has been read too. It returns ctx's error when the
// time is over first.
func (db *DB) Drain(ctx context.Context) error {
	return db.await(ctx, func() (bool, error) {
		head := db.Head()
		return db.allReached(head) && db.Head() == head, nil
	})
}

// AwaitReaders waits until every reader has reached the head as it stands now. It
// reports false when ctx ended first.
func (db *DB) AwaitReaders(ctx context.Context) (bool, error) {
	head := db.Head()
	err := db.await(ctx, func() (bool, error) { return db.allReached(head), nil })
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false, nil
	}
	return err == nil, err
}

func (db *DB) allReached(head int64) bool {
	reached := true
	db.cursors.Range(func(_, seq any) bool {
		reached = seq.(int64) >= head
		return reached
	})
	return reached
}

func (db *DB) await(ctx context.Context, done func() (bool, error)) error {
	for {
		moved := db.moved.wait()
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// feedKept is how long the feed keeps what every reader has passed: time enough to
// look at what happened, short enough that erasing a customer erases.
const feedKept = 7 * 24 * time.Hour

// watchers are the open pages that show a customer, or all of them.
type watchers struct {
	mu  sync.Mutex
	all map[chan struct{}]int64
}

func (w *watchers) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.all) > 0
}

func (w *watchers) notify(touched map[int64]struct{}) {
	if len(touched) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch, customer := range w.all {
		if _, ok := touched[customer]; !ok && customer != 0 {
			continue
		}
		select {
		case ch <- struct{}{}:
		default: // it has been told already and not looked yet
		}
	}
}

// Watch returns a channel that gets a value after each commit that concerned the
// customer, or any customer when row is 0, and a function that ends it. Commits that
// follow faster than they are read count as one.
func (db *DB) Watch(row int64) (<-chan struct{}, func()) {
	w := &db.watchers
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[chan struct{}]int64{}
	}
	w.all[ch] = row
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, ch)
	}
}
