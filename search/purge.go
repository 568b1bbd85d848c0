package search

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kith/app"

	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
)

const (
	// purgeWait is how long a purge waits for the index to be in a state to be purged.
	purgeWait = 15 * time.Second
	purgeLook = 100 * time.Millisecond
)

// errNotFollowing says that the index is not in a state to be purged.
var errNotFollowing = app.Fail(app.CodeUnavailable, "The search index is being opened or built.")

// Purge takes the words of customers who are gone out of the index's files: Bleve marks a
// document as deleted and keeps its words until the file that it is in is merged. It has
// every file merged that was there, and returns when they are gone, which takes a large
// index some time; others write and search meanwhile. It fails while the index is not
// following the feed.
func (e *Engine) Purge(ctx context.Context) error {
	done := make(chan error, 1)
	timer := time.NewTimer(purgeWait)
	defer timer.Stop()
	select {
	case e.purges <- done:
	case <-timer.C:
		return errNotFollowing
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mergeNothing is a plan in which no file has the size to be merged.
var mergeNothing = mergeplan.MergePlanOptions{MaxSegmentSize: 1, MaxSegmentsPerTier: 1, SegmentsPerMergeTask: 2}

// purge does it. Files have numbers, given when their making begins, so those up to the
// highest that there is now are the ones that may hold somebody who is gone: whoever was
// deleted before is in none that is made from here on. For that, a merge that began before
// must have ended, which an empty one waits for. That others write all the time does not
// keep it from ending: what they leave are newer files. Bleve removes files when it writes
// something after nobody needs them any more, so the position is written again meanwhile.
func (e *Engine) purge(ctx context.Context) error {
	if err := e.mergeBy(ctx, e.index, &mergeNothing); err != nil {
		return fmt.Errorf("merge the search index: %w", err)
	}
	old, err := e.numbers()
	if err != nil || len(old) == 0 {
		return err
	}
	newest := slices.Max(old)
	for merge := true; ; {
		err := e.nudge(ctx, merge)
		if err == nil && merge {
			err = e.merge(ctx, e.index)
		}
		if err != nil {
			return fmt.Errorf("merge the search index: %w", err)
		}
		e.writing.Lock()
		err = e.refresh()
		merge = err == nil && slices.ContainsFunc(e.view.parts, func(p *part) bool { return p.id <= newest })
		e.writing.Unlock()
		if err != nil {
			return err
		}
		left, err := e.numbers()
		if err != nil {
			return err
		}
		if !merge && !slices.ContainsFunc(left, func(n uint64) bool { return n <= newest }) {
			return nil
		}
		timer := time.NewTimer(purgeLook)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// numbers are those of the index's files.
func (e *Engine) numbers() (out []uint64, err error) {
	files, err := filepath.Glob(filepath.Join(e.folder, "*.zap"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		n, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(name), ".zap"), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: it has a file %s", errRebuild, filepath.Base(name))
		}
		out = append(out, n)
	}
	return out, nil
}

// nudge writes the position again, and with it, where files are to be merged, a customer
// who is there: one file is never merged alone, and this makes another.
func (e *Engine) nudge(ctx context.Context, merge bool) error {
	var rows []int64
	if merge {
		err := e.store.EachFindable(ctx, func(c *app.Findable) error {
			rows = append(rows, c.Row)
			return errEnough
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	batch, err := e.changed(ctx, rows)
	if err != nil {
		return err
	}
	batch.SetInternal(keyMark, e.inside.encode())
	return write(ctx, e.index, batch)
}

// errEnough ends the reading of customers.
var errEnough = errors.New("enough")
