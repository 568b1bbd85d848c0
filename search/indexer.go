package search

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"kith/app"

	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	index "github.com/blevesearch/bleve_index_api"
)

const (
	// feedStep is how many entries are read at once; most are of events, and cheap.
	feedStep = 5_000
	// batchSize is how many customers one batch takes: some 10 MB while it is made a
	// segment. Larger ones make fewer segments to merge, which was not measured to be faster.
	batchSize = 2_000
	// windowSize is how many customers a part of the feed changes at the most, and
	// windowBeside how many while something else should have the machine, and its memory.
	windowSize   = 2_000
	windowBeside = 1_000
	// restEvery is how many entries the position inside the index may lag under constant load.
	restEvery = 100_000
	// lookEvery is how often it is looked whether merging has changed the files, and whether
	// a new index was asked for; and how often a build shows what it has.
	lookEvery = time.Second
)

// errAsked ends the following of the feed, for a new index was asked for.
var errAsked = errors.New("a new index was asked for")

// build indexes every customer into a new folder.
func (e *Engine) build(ctx context.Context) error {
	var err error
	if e.index, err = e.create(e.folder); err != nil {
		return err
	}
	shown := time.NewTicker(lookEvery)
	defer shown.Stop()
	if err := e.refresh(); err != nil {
		return err
	}
	first := true
	head, err := e.fillAll(ctx, e.index, func() error {
		select {
		case <-shown.C:
		default:
			if !first {
				return nil
			}
		}
		first = false
		return e.refresh()
	})
	if err != nil {
		return err
	}
	if err := os.Remove(e.folder + askName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("note that the search index is new: %w", err)
	}
	e.at, e.inside, e.durable, e.fresh = head, head, head.seq, true
	return e.refresh()
}

// fillAll indexes every customer, and the position of the feed as it stood before last. It
// calls wrote after each batch, one call at a time.
func (e *Engine) fillAll(ctx context.Context, into *scorch.Scorch, wrote func() error) (mark, error) {
	head, err := e.headMark(ctx)
	if err != nil {
		return mark{}, err
	}
	totals, err := e.store.Totals(ctx)
	if err != nil {
		return mark{}, err
	}
	e.o.Log.Info("the search index is being built", "head", head.seq, "customers", totals.Customers)
	e.setState(func(s *State) { *s = State{Phase: Building, Of: totals.Customers} })
	if err := e.writeAll(ctx, into, wrote); err != nil {
		return mark{}, fmt.Errorf("build the search index: %w", err)
	}
	last := index.NewBatch()
	last.SetInternal(keyMark, head.encode())
	if err := write(ctx, into, last); err != nil {
		return mark{}, err
	}
	e.o.Log.Info("the search index is built", "customers", e.State().Built)
	return head, nil
}

// writers is how many batches are written at once: making a segment of one is most of the
// work, and takes one processor.
const writers = 2

// writeAll reads every customer and writes them in batches.
func (e *Engine) writeAll(ctx context.Context, into *scorch.Scorch, wrote func() error) error {
	batches := make(chan *index.Batch)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range writers {
		wg.Go(func() {
			for b := range batches {
				err := write(ctx, into, b)
				mu.Lock()
				if err == nil {
					e.setState(func(s *State) { s.Built += int64(len(b.IndexOps)) })
					err = wrote()
				}
				mu.Unlock()
				if err != nil {
					stop(err)
				}
			}
		})
	}
	err := e.readAll(ctx, batches)
	close(batches)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// readAll makes the documents of every customer.
func (e *Engine) readAll(ctx context.Context, batches chan<- *index.Batch) error {
	var m maker
	m.batch()
	batch := index.NewBatch()
	send := func() error {
		select {
		case batches <- batch:
			batch = index.NewBatch()
			m.batch()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := e.store.EachFindable(ctx, func(c *app.Findable) error {
		batch.Update(m.make(c))
		if len(batch.IndexOps) < batchSize {
			return nil
		}
		return send()
	})
	if err != nil || len(batch.IndexOps) == 0 {
		return err
	}
	return send()
}

// headMark is the newest entry of the feed, or the beginning when there is none.
func (e *Engine) headMark(ctx context.Context) (mark, error) {
	head := e.store.Head()
	if head == 0 {
		return mark{}, nil
	}
	entries, err := e.store.Feed(ctx, head-1, 1)
	if err != nil {
		return mark{}, err
	}
	if len(entries) == 0 || entries[0].Seq != head {
		return mark{}, fmt.Errorf("entry %d, the newest of the feed, cannot be read", head)
	}
	return mark{head, entries[0].At}, nil
}

// follow reads the feed until ctx ends, something fails, or a new index is asked for.
func (e *Engine) follow(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { e.look(ctx, stop) })
	defer beside.Wait()
	defer stop(nil)
	if e.fresh {
		e.fresh = false
		e.compacting.Go(func() { e.compact(ctx, e.index) })
	}
	err := e.windows(ctx)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// windows takes in the feed, a part at a time: one is written while the next is read.
func (e *Engine) windows(ctx context.Context) error {
	var under *window
	for {
		next, err := e.read(ctx, under)
		if under != nil {
			err = errors.Join(err, e.wrote(ctx, under))
		}
		if under = next; err == nil && next == nil {
			err = e.await(ctx)
		}
		if err != nil {
			return err
		}
		if next != nil && next.batch != nil {
			next.done = make(chan error, 1)
			go func() { next.done <- e.put(ctx, next.batch, next.last) }()
		}
	}
}

// compact makes one segment of the many that a build leaves: it is smaller, and one lookup
// finds a term in it. The feed is followed meanwhile.
func (e *Engine) compact(ctx context.Context, index *scorch.Scorch) {
	if err := e.merge(ctx, index); err != nil && ctx.Err() == nil {
		e.o.Log.Warn("the search index was built, and not made compact: it takes more disk than it must", "error", err)
	}
}

// merge makes one file of all, after whoever else does.
func (e *Engine) merge(ctx context.Context, index *scorch.Scorch) error {
	return e.mergeBy(ctx, index, nil)
}

func (e *Engine) mergeBy(ctx context.Context, index *scorch.Scorch, plan *mergeplan.MergePlanOptions) error {
	select {
	case e.merging <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.merging }()
	return index.ForceMerge(ctx, plan)
}

// look shows what merging made of the index, and sees whether a new one is asked for.
func (e *Engine) look(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for nudges := 0; ; {
		select {
		case <-tick.C:
		case done := <-e.purges:
			done <- e.purge(ctx)
			continue
		case <-ctx.Done():
			return
		}
		if asked(e.folder) {
			stop(errAsked)
			return
		}
		e.writing.Lock()
		var err error
		if !e.view.same(e.index) {
			nudges = 0
			err = e.refresh()
		}
		parts, inside := len(e.view.parts), e.inside
		e.writing.Unlock()
		// Bleve removes files that nobody needs when it next writes something.
		if files, _ := filepath.Glob(filepath.Join(e.folder, "*.zap")); err == nil && len(files) > parts && nudges < mostNudges && len(e.merging) == 0 {
			nudges++
			err = e.again(ctx, inside)
		}
		if err != nil {
			stop(err)
			return
		}
	}
}

// mostNudges bounds how often Bleve is given an occasion to remove files.
const mostNudges = 10

// again writes the position that is in the index, unless it is another by now.
func (e *Engine) again(ctx context.Context, inside mark) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	if e.inside != inside {
		return nil
	}
	batch := index.NewBatch()
	batch.SetInternal(keyMark, inside.encode())
	return write(ctx, e.index, batch)
}

// window is a part of the feed on its way into the index.
type window struct {
	last  mark
	batch *index.Batch // nil: there is nothing to write
	done  chan error   // says that it is on the disk
}

// read makes the batch of the entries that follow a window, or those taken in already. It
// returns nil when there are none.
func (e *Engine) read(ctx context.Context, under *window) (*window, error) {
	at := e.at
	if under != nil {
		at = under.last
	}
	entries, err := e.store.Feed(ctx, at.seq, feedStep)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	most, err := e.yield(ctx)
	if err != nil {
		return nil, err
	}
	if err := gap(at, entries[0]); err != nil {
		return nil, err
	}
	rows, named, read := touched(entries, most)
	w := &window{last: mark{entries[read-1].Seq, entries[read-1].At}}
	if named {
		if err := e.readGroups(ctx); err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 {
		return w, nil
	}
	if w.batch, err = e.changed(ctx, rows); err != nil {
		return nil, err
	}
	return w, nil
}

// wrote waits until a window is on the disk, and shows it.
func (e *Engine) wrote(ctx context.Context, w *window) error {
	if w.done != nil {
		if err := <-w.done; err != nil {
			return err
		}
		e.durable = w.last.seq
		e.writing.Lock()
		err := e.refresh()
		e.writing.Unlock()
		if err != nil {
			return err
		}
	}
	e.at = w.last
	e.setState(func(s *State) { s.Position = w.last.seq })
	e.store.Reached(ReaderName, w.last.seq)
	if e.at.seq-max(e.told, 0) <= restEvery {
		return nil
	}
	if w.batch == nil { // its end is not in the index yet
		return e.rest(ctx)
	}
	return e.tell(ctx)
}

const (
	// yieldLook is how often it is asked whether the machine is free again.
	yieldLook = 200 * time.Millisecond
	// yieldMost is the longest wait before the next step all the same.
	yieldMost = 30 * time.Second
)

// yield waits while something else should have the machine, and says how many customers the
// next step may take. An import writes more than twice as fast without the index beside
// it, and all of it is searchable sooner.
func (e *Engine) yield(ctx context.Context) (most int, err error) {
	for waited := time.Duration(0); e.o.Yield != nil && e.o.Yield() && waited < yieldMost; waited += yieldLook {
		timer := time.NewTimer(yieldLook)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		}
	}
	if e.o.Yield != nil && e.o.Yield() {
		return windowBeside, nil
	}
	return windowSize, nil
}

// await waits for new entries, and writes the position when none come for a while.
func (e *Engine) await(ctx context.Context) error {
	if e.durable != e.at.seq || e.told != e.durable {
		calm, cancel := context.WithTimeout(ctx, e.o.Calm)
		err := e.store.AwaitFeed(calm, e.at.seq)
		cancel()
		switch {
		case err == nil || ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		}
		if err := e.rest(ctx); err != nil {
			return err
		}
	}
	return e.store.AwaitFeed(ctx, e.at.seq)
}

// rest writes the position, inside the index first: what the store is told must be on
// the disk, for the feed may be pruned up to it.
func (e *Engine) rest(ctx context.Context) error {
	if e.durable != e.at.seq {
		if err := e.put(ctx, index.NewBatch(), e.at); err != nil {
			return err
		}
		e.durable = e.at.seq
	}
	return e.tell(ctx)
}

// touched are the customers that may be found otherwise after the first of the entries, each
// once, and whether the name of a list or segment may be another. It ends when there are
// most customers, or one more, and says how many entries it has seen.
func touched(entries []app.Entry, most int) (rows []int64, named bool, read int) {
	seen := map[int64]struct{}{}
	add := func(row int64) {
		if _, ok := seen[row]; !ok && row != 0 {
			seen[row] = struct{}{}
			rows = append(rows, row)
		}
	}
	for read = 0; read < len(entries) && len(rows) < most; read++ {
		switch entry := &entries[read]; entry.Kind {
		case app.KindCreated, app.KindAttribute, app.KindDeleted, app.KindRenamed, app.KindRestored, app.KindDevice, app.KindList, app.KindArchived, app.KindConverted:
			add(entry.Customer)
		case app.KindMerged:
			add(entry.Customer)
			add(entry.Key)
		case app.KindListSaved, app.KindSegmentSaved:
			named = true
		}
	}
	return rows, named, read
}

// changed is the batch that puts customers into the index as they stand, and takes out
// those that are gone.
func (e *Engine) changed(ctx context.Context, rows []int64) (*index.Batch, error) {
	var m maker
	m.batch()
	batch := index.NewBatch()
	for _, row := range rows {
		batch.Delete(documentID(row))
	}
	err := e.store.Findables(ctx, rows, func(c *app.Findable) error {
		batch.Update(m.make(c))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the customers that changed: %w", err)
	}
	return batch, nil
}

// put writes a batch and the position that it brings the index to.
func (e *Engine) put(ctx context.Context, batch *index.Batch, to mark) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	batch.SetInternal(keyMark, to.encode())
	err := write(ctx, e.index, batch)
	if err == nil {
		e.inside = to
	}
	return err
}

// write gives a batch to an index and returns when it is on the disk.
func write(ctx context.Context, into *scorch.Scorch, batch *index.Batch) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer asError(&err)
	if err := into.Batch(batch); err != nil {
		return fmt.Errorf("write to the search index: %w", err)
	}
	return nil
}

// asError turns a panic into an error: Bleve reads files that may hold anything.
func asError(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: panic: %v", errRebuild, p)
	}
}
