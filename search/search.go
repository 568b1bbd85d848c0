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
// meanwhile, and [Engine.Index] says how far it is. Who asks for a new index ([Ask]) gets
// it beside the old one, which answers until the new one takes its place.
//
// A document is the customer's row number and two fields of ready-made terms (terms.go);
// nothing is stored and no attribute makes a field. Some beginnings of words are terms of
// their own, so that finding a short prefix reads a few lists instead of gathering those
// of all words that begin with it. Both sides are folded by [fold].
//
// Searching takes Bleve's segments as they are ([view]) and answers each condition as a
// bitmap of a segment's documents: nothing is visited one by one to be combined or
// counted, and of what was found only the newest of a page. In memory are 4 bytes a
// customer, which say whose a document is ([app.IndexState]), and during a build
// three batches of documents, some 30 MB; the rest are files that the system maps as it
// can.
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

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
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
	// EachFindable calls f for every customer, in the order of their rows.
	EachFindable(ctx context.Context, f func(*app.Findable) error) error
	// Findables calls f for those of some customers that are there.
	Findables(ctx context.Context, rows []int64, f func(*app.Findable) error) error
	// FindExact returns the rows of those whose id, former id, e-mail or number a text is.
	FindExact(ctx context.Context, text string) ([]int64, error)
	// Aliases returns the former ids of a customer.
	Aliases(ctx context.Context, row int64) ([]string, error)
	// Lists and Segments are looked for by their names.
	Lists(ctx context.Context, p app.Page) ([]app.List, bool, error)
	Segments(ctx context.Context) ([]app.Segment, error)
	// Totals are counts that nobody has to scan for.
	Totals(ctx context.Context) (app.Totals, error)
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
	// Segment returns the members of a segment; without it segments' names find nobody.
	Segment func(row int64) app.Rows
}

// Engine is the search index of one data folder.
type Engine struct {
	store  Store
	folder string
	o      Options

	mu   sync.RWMutex // guards view
	view *view        // nil while nothing can be found

	state    atomic.Pointer[State]
	complete atomic.Bool // everything up to the position can be found
	groups   atomic.Pointer[groups]

	purges chan chan error // see Purge

	// Run's alone.
	index   *scorch.Scorch
	workers *index.AnalysisQueue
	at      mark  // how far the feed was read
	durable int64 // the position inside the index
	told    int64 // the position that the store has written; -1: none
	fresh   bool  // just built, in many segments

	compacting sync.WaitGroup
	merging    chan struct{} // holds one while somebody makes one file of all
	// writing is held by whoever writes to the index, or shows what is in it.
	writing sync.Mutex
	inside  mark // the position inside the index, while writing is held
}

// New returns an engine for a data folder. It touches nothing: Run opens the index.
func New(store Store, dataFolder string, o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Calm == 0 {
		o.Calm = 5 * time.Second
	}
	e := &Engine{store: store, folder: filepath.Join(dataFolder, FolderName), o: o, told: -1, purges: make(chan chan error), merging: make(chan struct{}, 1)}
	e.state.Store(&State{})
	e.groups.Store(&groups{})
	return e
}

// State returns what the engine is doing.
func (e *Engine) State() State { return *e.state.Load() }

// farBehind is from how many entries of the feed on an index is said to be building: it has
// an import yet to take in.
const farBehind = 20_000

// Index returns what the engine is doing, for the API to tell.
func (e *Engine) Index() app.IndexState {
	s := e.State()
	out := app.IndexState{State: s.Phase.String(), Indexed: s.Built, Customers: max(s.Of, s.Built), Behind: max(0, e.store.Head()-s.Position)}
	out.Serving = s.Phase != Following && e.complete.Load()
	if s.Phase != Following {
		return out
	}
	out.State = "ready"
	if v := e.hold(); v != nil {
		out.Indexed = v.customers()
		for _, p := range v.parts {
			out.Memory += p.rows.size()
		}
		_ = v.release()
	}
	out.Customers = out.Indexed
	if out.Behind < farBehind {
		return out
	}
	if t, err := e.store.Totals(context.Background()); err == nil && t.Customers > out.Indexed {
		out.State, out.Customers = "building", t.Customers
	}
	return out
}

// Ready reports whether all customers can be found, but for the newest changes.
func (e *Engine) Ready() bool { return e.complete.Load() }

func (e *Engine) setState(change func(*State)) {
	s := *e.state.Load()
	change(&s)
	e.state.Store(&s)
}

// hold returns the view, nil when there is none. The caller releases it.
func (e *Engine) hold() *view {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.view != nil {
		e.view.held.Add(1)
	}
	return e.view
}

// show puts a view in the place of the one before.
func (e *Engine) show(v *view) error {
	e.mu.Lock()
	before := e.view
	e.view = v
	e.mu.Unlock()
	if before == nil {
		return nil
	}
	return before.release()
}

// refresh makes what is in the index be found.
func (e *Engine) refresh() (err error) {
	defer asError(&err)
	v, err := newView(e.index, e.view) // nobody else changes e.view
	if err != nil {
		return fmt.Errorf("open what is in the search index: %w", err)
	}
	return e.show(v)
}

// errRebuild says that the index is of no use and must be made again.
var errRebuild = errors.New("the index must be built again")

// Run opens the index, or builds it, and keeps it up to date until ctx ends. It closes
// the index before it returns. An error of the index or the store is logged and tried
// again, later each time, up to a minute.
func (e *Engine) Run(ctx context.Context) error {
	defer e.close()
	var beside sync.WaitGroup
	defer beside.Wait()
	inner, stop := context.WithCancel(ctx)
	defer stop()
	beside.Go(func() { e.lean(inner) })
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
	defer asError(&err)
	e.setState(func(s *State) { *s = State{Phase: Opening} })
	if err := e.readGroups(ctx); err != nil {
		return err
	}
	err = e.open(ctx)
	if errors.Is(err, errMissing) {
		err = e.build(ctx)
	}
	for {
		if err != nil {
			return err
		}
		e.complete.Store(true)
		if asked(e.folder) {
			err = e.renew(ctx)
			continue
		}
		e.setState(func(s *State) { *s = State{Phase: Following, Position: e.at.seq} })
		e.store.Reached(ReaderName, e.at.seq)
		if err := e.tell(ctx); err != nil {
			return err
		}
		if err = e.follow(ctx); errors.Is(err, errAsked) {
			err = nil
		}
	}
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
