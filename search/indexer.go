package search

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"kith/app"

	"github.com/blevesearch/bleve/v2"
)

const (
	// feedStep is how many entries are read at once; most are of events, and cheap.
	feedStep = 5_000
	// batchSize is how many customers one batch of the index takes: measured, builds with
	// 2,000 and 4,000 take longer, for analysing a batch and merging what was written go on
	// at the same time, and a batch is held in memory.
	batchSize = 500
	// restEvery is how many entries the position inside the index may lag under constant load.
	restEvery = 100_000
)

// build indexes every customer into a new folder.
func (e *Engine) build(ctx context.Context) error {
	if err := e.create(); err != nil {
		return err
	}
	head, err := e.headMark(ctx)
	if err != nil {
		return err
	}
	e.o.Log.Info("the search index is being built", "head", head.seq)
	totals, err := e.store.Totals(ctx)
	if err != nil {
		return err
	}
	e.setState(func(s *State) { *s = State{Phase: Building, Of: totals.Customers} })
	e.durable = 0
	batch := e.index.NewBatch()
	built := int64(0)
	err = e.store.EachCustomer(ctx, func(c *app.Customer) error {
		if err := batch.IndexAdvanced(documentOf(c)); err != nil {
			return fmt.Errorf("index customer %d: %w", c.Row, err)
		}
		built++
		if batch.Size() < batchSize {
			return nil
		}
		err := e.write(ctx, batch)
		batch = e.index.NewBatch()
		e.setState(func(s *State) { s.Built = built })
		return err
	})
	if err != nil {
		return fmt.Errorf("build the search index: %w", err)
	}
	batch.SetInternal(keyMark, head.encode())
	if err := e.write(ctx, batch); err != nil {
		return err
	}
	e.at, e.durable = head, head.seq
	e.o.Log.Info("the search index is built", "customers", built)
	return nil
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

// follow reads the feed until ctx ends or something fails.
func (e *Engine) follow(ctx context.Context) error {
	for {
		entries, err := e.store.Feed(ctx, e.at.seq, feedStep)
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			if err := e.yield(ctx); err != nil {
				return err
			}
			if err := gap(e.at, entries[0]); err != nil {
				return err
			}
			if err := e.take(ctx, entries); err != nil {
				return err
			}
			continue
		}
		if err := e.await(ctx); err != nil {
			return err
		}
	}
}

const (
	// yieldLook is how often it is asked whether the machine is free again.
	yieldLook = 200 * time.Millisecond
	// yieldMost is the longest wait before the next step all the same.
	yieldMost = 30 * time.Second
)

// yield waits while something else should have the machine. An import writes more than
// twice as fast without the index beside it, and all of it is searchable sooner.
func (e *Engine) yield(ctx context.Context) error {
	for waited := time.Duration(0); e.o.Yield != nil && e.o.Yield() && waited < yieldMost; waited += yieldLook {
		timer := time.NewTimer(yieldLook)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
	return nil
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
		batch := e.index.NewBatch()
		batch.SetInternal(keyMark, e.at.encode())
		if err := e.write(ctx, batch); err != nil {
			return err
		}
		e.durable = e.at.seq
	}
	return e.tell(ctx)
}

// take brings the index from its position to the last of entries.
func (e *Engine) take(ctx context.Context, entries []app.Entry) error {
	last := mark{entries[len(entries)-1].Seq, entries[len(entries)-1].At}
	rows := touched(entries)
	for len(rows) > 0 {
		n := min(len(rows), batchSize)
		batch := e.index.NewBatch()
		if err := e.fill(ctx, batch, rows[:n]); err != nil {
			return err
		}
		if rows = rows[n:]; len(rows) == 0 {
			batch.SetInternal(keyMark, last.encode())
		}
		if err := e.write(ctx, batch); err != nil {
			return err
		}
		if len(rows) == 0 {
			e.durable = last.seq
		}
	}
	e.at = last
	e.setState(func(s *State) { s.Position = last.seq })
	e.store.Reached(ReaderName, last.seq)
	if e.at.seq-max(e.told, 0) > restEvery {
		return e.rest(ctx)
	}
	return nil
}

// touched are the customers that may be found otherwise after the entries, each once.
func touched(entries []app.Entry) []int64 {
	var rows []int64
	seen := map[int64]struct{}{}
	add := func(row int64) {
		if _, ok := seen[row]; !ok && row != 0 {
			seen[row] = struct{}{}
			rows = append(rows, row)
		}
	}
	for i := range entries {
		switch entry := &entries[i]; entry.Kind {
		case app.KindCreated, app.KindAttribute, app.KindDeleted, app.KindRenamed, app.KindRestored:
			add(entry.Customer)
		case app.KindMerged:
			add(entry.Customer)
			add(entry.Key)
		}
	}
	return rows
}

// fill puts customers into a batch as they stand, and takes out those that are gone.
func (e *Engine) fill(ctx context.Context, batch *bleve.Batch, rows []int64) error {
	customers, _, err := e.store.Customers(ctx, app.CustomerFilter{Rows: rows}, app.Page{Limit: len(rows)})
	if err != nil {
		return fmt.Errorf("read the customers that changed: %w", err)
	}
	there := make(map[int64]struct{}, len(customers))
	for i := range customers {
		c := &customers[i]
		there[c.Row] = struct{}{}
		if err := batch.IndexAdvanced(documentOf(c)); err != nil {
			return fmt.Errorf("index customer %d: %w", c.Row, err)
		}
	}
	for _, row := range rows {
		if _, ok := there[row]; !ok {
			batch.Delete(documentID(row))
		}
	}
	return nil
}

// write gives a batch to the index and returns when it is on the disk.
func (e *Engine) write(ctx context.Context, batch *bleve.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.index.Batch(batch); err != nil {
		return fmt.Errorf("write to the search index: %w", err)
	}
	return nil
}

func documentID(row int64) string { return strconv.FormatInt(row, 10) }
