// Package keeper keeps every segment right: after each change, and at each instant at
// which time alone turns a rule. It follows the feed, owns the columns (app/column), and
// writes who enters and leaves as Changes; it never writes anything else.
//
// # How
//
// A window of the feed changes the columns, which say what changed for whom. Only the
// rules that look at it are asked, one customer at a time, or all at once when a window
// holds many. Where the answer differs from the stored membership, a move is written, and
// the cursor with it in the same transaction. After a crash the Keeper begins at its
// cursor: it compares everybody with what is stored, so nothing is written twice.
//
// Each rule knows the next instant at which time may turn it for somebody; the Keeper
// sleeps until the earliest, and asks about those whom that instant concerns.
//
// A new or edited rule is built at once from the columns, and stored as one bitmap. Where a
// rule needs a column that is not there, it is read in small steps, between which the feed
// is followed; until then the segment is "building", and nobody waits.
//
// The invariant: when the Keeper has reached the head of the feed, each segment that is
// ready has for members exactly those for whom segment.Match holds.
package keeper

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"kith/app"
	"kith/app/column"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// ReaderName is the Keeper's cursor in the feed.
const ReaderName = "segments"

// Store is what the Keeper needs of storage.
type Store interface {
	column.Reader
	Feed(ctx context.Context, after int64, limit int) ([]app.Entry, error)
	FeedMoved() <-chan struct{}
	Cursor(ctx context.Context, reader string) (seq int64, known bool, err error)
	Head() int64
	Reached(name string, seq int64)
	Apply(ctx context.Context, b app.Batch) ([]app.Result, error)
	Segments(ctx context.Context) ([]app.Segment, error)
	Membership(ctx context.Context, segment int64) (*roaring64.Bitmap, int64, error)
	FindList(ctx context.Context, id string) (*app.List, error)
	Find(ctx context.Context, uid string) (int64, error)
	Attributes(ctx context.Context) ([]app.AttributeStat, error)
	Totals(ctx context.Context) (app.Totals, error)
}

// Options adjust New. The zero value works.
type Options struct {
	Clock app.Clock      // default: the machine's
	Zone  *time.Location // the workspace's; default UTC
	Log   *slog.Logger   // default: discards
	// Folder is where the columns are kept between two runs; "" keeps them nowhere.
	Folder string
	// Memory is how many bytes the columns should take at the most; those that no segment looks
	// at are given up beyond it, and come back when they are asked for. Default 1 GB.
	Memory int64
	// Lean reports that something else needs the memory for a while: files that are being
	// imported. nil: nothing does.
	Lean func() bool
}

// Keeper keeps the segments of one workspace.
type Keeper struct {
	db   Store
	o    Options
	cols *column.Store

	mu       sync.RWMutex // guards what the API reads: segments and their members
	segments map[int64]*live
	byID     map[string]*live
	changed  chan struct{} // closed and renewed when a segment is built, or columns have come

	loaded   chan struct{} // closed when the columns are there
	progress func() float64

	wishes chan wish // previews that need columns
	// What follows is the run's own.
	loader  *column.Loader
	read    bool            // the loader has read everything
	loading []wish          // who waits for it
	queue   []wish          // who waits for the next
	waiting []chan struct{} // who waits until there is nothing left to do
	upTo    int64           // the head as it stood when the loader had read everything
	from    int64           // the same of the first load
	looked  app.Instant
	at      app.Instant // the last instant at which time was looked at
	shape   int64
	cursor  int64       // as stored
	told    int64       // what was told last
	saved   int64       // the position of the snapshot
	savedAt app.Instant // when it was written, or tried
	erased  bool        // it was removed, for somebody was deleted
	anew    bool        // the next begin reads the tables, whatever the snapshot has
	sized   app.Instant // when the columns' memory was looked at
}

// live is a segment as the Keeper has it.
type live struct {
	app.Segment
	rule    *app.Rule
	names   map[int64]struct{} // rows of the segments that its rule names, itself or through others
	members *roaring64.Bitmap
	set     atomic.Pointer[app.Rows] // members as Set gives them; nil: not made
	// moves are counted so that Count is right between two reads of the table.
	plan    *column.Plan
	missing []column.Need // what the plan waits for
	rebuild bool          // the members must be worked out anew, without entries
	whole   bool          // everybody must be asked, with entries
	dirty   dirty
	next    app.Instant
	turns   bool // next is an instant
	stale   bool // next must be worked out anew
	at      app.Instant
}

// wish asks for columns; done is closed when they are there.
type wish struct {
	needs []column.Need
	done  chan struct{}
}

// New returns a Keeper, which is not at the head of the feed before Run has brought it there.
func New(db Store, o Options) *Keeper {
	if o.Clock == nil {
		o.Clock = app.RealClock{}
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Memory == 0 {
		o.Memory = 1 << 30
	}
	k := &Keeper{db: db, o: o, cols: column.New(o.Zone, o.Folder), segments: map[int64]*live{}, byID: map[string]*live{},
		changed: make(chan struct{}), loaded: make(chan struct{}), wishes: make(chan wish)}
	k.progress = func() float64 { return 0 }
	db.Reached(ReaderName, 0) // until the columns are there, whoever waits for the Keeper waits
	return k
}

func (k *Keeper) now() app.Instant { return app.InstantOf(k.o.Clock.Now()) }

const (
	// feedStep is how many entries are read at once, and eventStep how many events they may name.
	feedStep  = 5_000
	eventStep = 20_000
	// wholeStep is what a customer counts for whose events are all read again.
	wholeStep = 100
	// cursorEvery is how far the stored cursor may lag while nothing moves.
	cursorEvery = 50_000
	// guard is how often the clock is looked at though nothing is due: it may have been set.
	guard = 10 * time.Second
)

// Run keeps the segments until ctx ends. What fails is logged and tried again, later each
// time, up to a minute.
func (k *Keeper) Run(ctx context.Context) error {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		err := k.keep(ctx)
		if ctx.Err() != nil {
			break
		}
		if k.anew {
			k.o.Log.Info("the columns are read from the tables", "reason", err)
			continue
		}
		pause = min(max(2*pause, 100*time.Millisecond), time.Minute)
		k.o.Log.Error("the segments' keeper failed and will begin again", "pause", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	return nil
}

// keep begins from what is stored and goes on until ctx ends or something fails.
func (k *Keeper) keep(ctx context.Context) error {
	if err := k.begin(ctx); err != nil {
		return err
	}
	defer k.end()
	for {
		moved := k.db.FeedMoved()
		worked, err := k.step(ctx)
		if err != nil {
			return err
		}
		if worked {
			continue
		}
		if next, ok := k.next(); ok && next <= k.now() { // due since time was last looked at
			k.looked = 0
			continue
		}
		if err := k.rest(ctx); err != nil {
			return err
		}
		k.saveWhenDue(ctx, k.now())
		k.shrinkWhenDue(k.now())
		if err := k.sleep(ctx, moved); err != nil {
			return err
		}
	}
}

// sleep waits for the feed, for the next instant at which something turns, or for a wish.
func (k *Keeper) sleep(ctx context.Context, moved <-chan struct{}) error {
	var reached <-chan struct{}
	stop := func() {}
	if next, ok := k.next(); ok {
		reached, stop = k.o.Clock.Until(next.Time())
	}
	defer stop()
	timer := time.NewTimer(guard)
	defer timer.Stop()
	select {
	case <-moved:
	case <-reached:
	case <-timer.C:
	case w := <-k.wishes:
		k.wish(w)
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// next is the earliest instant at which time may turn a segment.
func (k *Keeper) next() (app.Instant, bool) {
	best, found := k.cols.Coming(k.at)
	for _, s := range k.segments {
		if s.plan == nil {
			continue
		}
		if s.stale {
			s.next, s.turns = s.plan.Next(s.at)
			s.stale = false
		}
		if s.turns && (!found || s.next < best) {
			best, found = s.next, true
		}
	}
	return best, found
}

// step does the next piece of work, and reports whether there was any.
func (k *Keeper) step(ctx context.Context) (bool, error) {
	worked, err := k.window(ctx)
	if err != nil {
		return false, err
	}
	now := k.now()
	if k.time(now) {
		worked = true
	}
	if k.loader != nil {
		if err := k.load(ctx); err != nil {
			return false, err
		}
		worked = true
	}
	select {
	case w := <-k.wishes:
		k.wish(w)
		worked = true
	default:
	}
	if err := k.settle(ctx, now); err != nil {
		return false, err
	}
	return worked, nil
}

// window follows the feed through the next entries and marks whom they concern.
func (k *Keeper) window(ctx context.Context) (bool, error) {
	entries, err := k.db.Feed(ctx, k.cols.Seq(), feedStep)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	events, saved := int64(0), false
	for i, e := range entries {
		switch e.Kind {
		case app.KindEvents:
			events += e.Count
		case app.KindErasedEvents, app.KindMerged:
			events += wholeStep
		}
		saved = saved || e.Kind == app.KindSegmentSaved
		if events > eventStep && i > 0 {
			entries = entries[:i]
			break
		}
	}
	k.cols.Lean(k.o.Lean != nil && k.o.Lean())
	touched, err := k.cols.Take(ctx, k.db, entries, k.now())
	if err != nil {
		k.anew = errors.Is(err, column.ErrNoPlace)
		return false, err
	}
	k.forget(entries)
	if saved {
		if err := k.refresh(ctx); err != nil {
			return false, err
		}
	}
	k.recompile(ctx, touched.People)
	k.mark(touched)
	return true, nil
}

// mark notes for each segment whom a window concerns.
func (k *Keeper) mark(t *column.Touched) {
	for _, s := range k.segments {
		if s.plan == nil || s.rebuild {
			continue
		}
		touch := func(list []column.Touch) {
			s.dirty.add(list)
			s.stale = s.stale || len(list) > 0
		}
		touch(t.Whole)
		s.plan.Touched(t, touch)
	}
}

// lookEvery is how often, while there is other work, the instants at which segments turn
// are worked out anew.
const lookEvery = 100

// time marks whom time alone may have turned, and reports whether it was due.
func (k *Keeper) time(now app.Instant) bool {
	if now >= k.at && now < k.looked+lookEvery && now >= k.looked {
		return false
	}
	k.looked = now
	if next, ok := k.next(); now >= k.at && (!ok || next > now) {
		return false
	}
	k.cols.Came(k.at, now)
	for _, s := range k.segments {
		if s.plan == nil || s.rebuild || s.whole {
			continue
		}
		if s.turns && s.next <= now || now < s.at {
			var turned []column.Touch
			if s.plan.Moved(s.at, now, func(row int64) { turned = append(turned, column.Touch{Row: row}) }) {
				s.whole = true
			}
			s.dirty.add(column.Once(turned))
			s.stale = true
		}
		s.at = now
	}
	k.at = now
	return true
}

// rest writes the cursor when it lags, and tells how far the Keeper has come.
func (k *Keeper) rest(ctx context.Context) error {
	seq := k.cols.Seq()
	if seq-k.cursor > cursorEvery || k.cursor > seq {
		if err := k.apply(ctx, nil, seq); err != nil {
			return err
		}
	}
	if k.told != seq { // telling wakes everybody who waits for the feed, the Keeper too
		k.told = seq
		k.db.Reached(ReaderName, seq)
	}
	for _, done := range k.waiting {
		close(done)
	}
	k.waiting = nil
	return nil
}

// Settle waits until the Keeper has done all that there is to do at the clock's instant,
// as after the clock was moved. It returns ctx's error when the time is over first.
func (k *Keeper) Settle(ctx context.Context) error { return k.want(ctx, nil) }

// apply writes Changes, and the cursor with them. While the disk does not take them it
// tries again, up to every ten seconds: nothing of what was worked out is lost.
func (k *Keeper) apply(ctx context.Context, changes []app.Change, seq int64) error {
	pause := 100 * time.Millisecond
	for {
		results, err := k.db.Apply(ctx, app.Batch{Changes: changes, Cursor: &app.Cursor{Name: ReaderName, Seq: seq}})
		if err == nil {
			k.cursor, k.told = seq, -1
			for _, r := range results {
				if r.Err != nil {
					return r.Err
				}
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		k.o.Log.Error("who enters and leaves segments could not be written; trying again", "pause", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		pause = min(2*pause, 10*time.Second)
	}
}

// tell wakes whoever waits for a segment to be built, or for columns.
func (k *Keeper) tell() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.changed)
	k.changed = make(chan struct{})
}

// sizeEvery is how often the columns' memory is looked at.
const sizeEvery = 60 * 1000

// shrinkWhenDue gives up columns that take more memory than they should.
func (k *Keeper) shrinkWhenDue(now app.Instant) {
	if since := now - k.sized; since >= 0 && since < sizeEvery || k.loader != nil {
		return
	}
	k.sized = now
	var plans []*column.Plan
	for _, s := range k.segments {
		if s.plan != nil {
			plans = append(plans, s.plan)
		}
	}
	if size := k.cols.Shrink(k.o.Memory, plans); size > k.o.Memory {
		k.o.Log.Warn("the columns of the segments take more memory than segments.memory", "bytes", size, "memory", k.o.Memory)
	}
}
