package search

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"kith/app"
)

const (
	// purgeWait is how long a purge waits for the files from before to go.
	purgeWait = 15 * time.Second
	purgeLook = 100 * time.Millisecond
)

// errNotFollowing says that the index is not in a state to be purged.
var errNotFollowing = app.Fail(app.CodeUnavailable, "The search index is being opened or built, or could not be merged in time.")

// Purge takes the words of customers who are gone out of the index's files: Bleve marks a
// document as deleted and keeps its words until files are merged. It merges all of them
// into one, and returns when the files from before are gone. It fails while the index is
// not following the feed.
func (e *Engine) Purge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, purgeWait)
	defer cancel()
	done := make(chan error, 1)
	select {
	case e.purges <- done:
	case <-ctx.Done():
		return errNotFollowing
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errNotFollowing
	}
}

// purge does it: merge, show what came of it, wait until no part has a deleted document and
// no other file is there. Bleve removes files when it writes something after nobody needs
// them any more, so the position is written again meanwhile.
func (e *Engine) purge(ctx context.Context) error {
	gone := uint64(1) // as long as it is not known
	for {
		err := e.nudge(ctx, gone > 0)
		if err == nil && gone > 0 {
			err = e.merge(ctx, e.index)
		}
		if err != nil {
			return fmt.Errorf("merge the search index: %w", err)
		}
		e.writing.Lock()
		err = e.refresh()
		parts := 0
		if err == nil {
			parts, gone = len(e.view.parts), 0
			for _, p := range e.view.parts {
				if p.deleted != nil {
					gone += p.deleted.GetCardinality()
				}
			}
		}
		e.writing.Unlock()
		if err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(e.folder, "*.zap"))
		if err != nil {
			return err
		}
		if gone == 0 && len(files) <= parts {
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
