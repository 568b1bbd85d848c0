// Package search finds customers by what somebody types: the beginnings of words, exact
// words, ids, e-mails, numbers and attributes, with one typo forgiven. It owns the folder
// "search" inside the data folder, an index kept by Bleve. It writes nothing else, and
// returns row numbers only: whoever asks loads the customers from the store.
//
// # Design
//
// The index is derived data: it may be deleted at any time, also while Kith is stopped,
// and is built again from the customers. [Engine.Run] owns it. It opens the folder,
// checks it, and follows the store's feed from the position that is kept inside the
// index, in the same batch as the documents: after a crash the two can not disagree.
// Entries are folded per customer, the customers read as they stand, and those that are
// gone (merged, deleted) taken out. Entries that change nothing one can find, which
// most are, only move the position, and it is written when there is calm.
//
// The index is built anew when the folder is missing or damaged, was written for other
// fields or words ([formatVersion]), or when its position is not in the feed any more:
// the feed was pruned, or the data folder is an older copy. The head of the feed is
// noted first, then every customer is indexed, and the position is written last, so an
// unfinished build is known by having none. What is indexed so far can be found
// meanwhile, and [Engine.Ready] says that it is not everything.
//
// A document is the customer's row number and a fixed set of fields of ready-made terms;
// nothing is stored and no attribute makes a field. Beginnings of 2 to 12 letters are
// terms of their own, so that finding a prefix reads one list instead of gathering the
// lists of all words that begin with it. Both sides are folded by [fold].
//
// The invariant: once the position is p, a customer is found by exactly the words it had
// at some instant at or after entry p.
package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"kith/app"

	"github.com/blevesearch/bleve/v2"
)

// ReaderName is the name that the indexer goes by among the feed's readers.
const ReaderName = "search"

// FolderName is the index's name inside the data folder.
const FolderName = "search"

// Store is what the index is made from.
type Store interface {
	// Feed returns up to limit entries after a position, in order.
	Feed(ctx context.Context, after int64, limit int) ([]app.Entry, error)
	// Head is the number of the newest entry.
	Head() int64
	// AwaitFeed waits until the head is past a position.
	AwaitFeed(ctx context.Context, after int64) error
	// Customers returns those that a filter holds.
	Customers(ctx context.Context, f app.CustomerFilter, p app.Page) ([]app.Customer, bool, error)
	// Totals are counts that nobody has to scan for.
	Totals(ctx context.Context) (app.Totals, error)
	// EachCustomer calls f for every customer.
	EachCustomer(ctx context.Context, f func(*app.Customer) error) error
	// Reached makes a reader's position known, without writing it.
	Reached(name string, seq int64)
	// Apply writes a reader's position, so that the feed is kept from there on.
	Apply(ctx context.Context, b app.Batch) ([]app.Result, error)
}

// Phase is what an [Engine] is doing.
type Phase int

// The phases.
const (
	Opening   Phase = iota // nothing can be found yet
	Building               // what is indexed so far can be found
	Following              // everything can be found
	Failing                // what was indexed before can be found; it will be opened again
)

func (p Phase) String() string {
	return [...]string{"opening", "building", "following", "failing"}[p]
}

// State is what an [Engine] is doing, for people to read.
type State struct {
	Phase Phase
	// Position is the entry of the feed that the index has reached.
	Position int64
	// Built is how many customers the build under way has indexed.
	Built int64
	// Of is how many customers there were when the build began.
	Of int64
	// Err is why the phase is Failing.
	Err error
}

// Options adjust New. The zero value works.
type Options struct {
	Log *slog.Logger // default: discards
	// Calm is how long the feed must rest before the position is written. Default 5 s.
	Calm time.Duration
	// Yield reports that something else should have the machine: files that are being
	// imported. Then the index goes on at a step a while, and catches up afterwards.
	Yield func() bool
}

// Engine is the search index of one data folder.
type Engine struct {
	store  Store
	folder string
	o      Options

	mu    sync.RWMutex // guards index: searching reads, opening and closing write
	index bleve.Index  // nil while there is none

	state    atomic.Pointer[State]
	complete atomic.Bool // everything up to the position is in the index

	// Run's alone.
	at      mark  // how far the feed was read
	durable int64 // the position inside the index
	told    int64 // the position that the store has written; -1: none
}

// New returns an engine for a data folder. It touches nothing: Run opens the index.
func New(store Store, dataFolder string, o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Calm == 0 {
		o.Calm = 5 * time.Second
	}
	e := &Engine{store: store, folder: filepath.Join(dataFolder, FolderName), o: o, told: -1}
	e.state.Store(&State{})
	return e
}

// State returns what the engine is doing.
func (e *Engine) State() State { return *e.state.Load() }

// Index returns what the engine is doing, for the API to tell.
func (e *Engine) Index() app.IndexState {
	s := e.State()
	out := app.IndexState{State: s.Phase.String(), Indexed: s.Built, Customers: max(s.Of, s.Built), Behind: max(0, e.store.Head()-s.Position)}
	if s.Phase == Following {
		out.State = "ready"
	}
	return out
}

// Marks says which parts of a customer are what was typed.
func (e *Engine) Marks(typed string, c *app.Customer) []app.Mark { return Marks(typed, c) }

// Ready reports whether all customers can be found, but for the newest changes.
func (e *Engine) Ready() bool { return e.complete.Load() }

func (e *Engine) setState(change func(*State)) {
	s := *e.state.Load()
	change(&s)
	e.state.Store(&s)
}

// errRebuild says that the index is of no use and must be made again.
var errRebuild = errors.New("the index must be built again")

// Run opens the index, or builds it, and keeps it up to date until ctx ends. It closes
// the index before it returns. An error of the index or the store is logged and tried
// again, later each time, up to a minute.
func (e *Engine) Run(ctx context.Context) error {
	defer e.close()
	e.store.Reached(ReaderName, 0)
	pause := time.Duration(0)
	for {
		before := e.at.seq
		err := e.attempt(ctx)
		if ctx.Err() != nil {
			return e.leave()
		}
		if errors.Is(err, errRebuild) {
			e.close()
			e.o.Log.Warn("the search index is thrown away and built again", "reason", err)
			if err = e.discard(); err == nil {
				continue
			}
		}
		if e.at.seq > before {
			pause = 0
		}
		pause = min(max(2*pause, 100*time.Millisecond), time.Minute)
		e.setState(func(s *State) { s.Phase, s.Err = Failing, err })
		e.o.Log.Error("the search index failed and will be opened again", "pause", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		e.close() // and not before: what is indexed can be found meanwhile
	}
}

// attempt opens or builds the index and follows the feed, until something fails.
func (e *Engine) attempt(ctx context.Context) (err error) {
	defer func() { // Bleve reads files that may hold anything
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: panic: %v", errRebuild, p)
		}
	}()
	e.setState(func(s *State) { *s = State{Phase: Opening} })
	err = e.open(ctx)
	if errors.Is(err, errMissing) {
		err = e.build(ctx)
	}
	if err != nil {
		return err
	}
	e.complete.Store(true)
	e.setState(func(s *State) { *s = State{Phase: Following, Position: e.at.seq} })
	e.store.Reached(ReaderName, e.at.seq)
	if err := e.tell(ctx); err != nil {
		return err
	}
	return e.follow(ctx)
}

// leave writes the position when Run ends in order.
func (e *Engine) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if !e.complete.Load() {
		return nil
	}
	if err := e.rest(ctx); err != nil { // the entries since are read again at the next start
		e.o.Log.Warn("the position of the search index was not written", "error", err)
	}
	return nil
}

// tell writes the position inside the index to the store. A smaller one than the
// store has wins too: it is what the index really holds.
func (e *Engine) tell(ctx context.Context) error {
	if e.told == e.durable {
		return nil
	}
	_, err := e.store.Apply(ctx, app.Batch{Cursor: &app.Cursor{Name: ReaderName, Seq: e.durable}})
	if err != nil {
		return fmt.Errorf("write the position: %w", err)
	}
	e.told = e.durable
	e.store.Reached(ReaderName, e.at.seq)
	return nil
}
