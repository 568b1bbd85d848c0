package search

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// purgeWait is how long a purge waits for the files from before to go.
	purgeWait = 15 * time.Second
	purgeLook = 50 * time.Millisecond
)

// errNotFollowing says that the index is not in a state to be purged.
var errNotFollowing = errors.New("the search index is being opened or built")

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

// purge does it: merge, show what came of it, wait for the files.
func (e *Engine) purge(ctx context.Context, lock func(), unlock func()) error {
	old, err := filepath.Glob(filepath.Join(e.folder, "*.zap"))
	if err != nil {
		return err
	}
	if err := e.index.ForceMerge(ctx, nil); err != nil {
		return fmt.Errorf("merge the search index: %w", err)
	}
	lock()
	err = e.refresh()
	unlock()
	if err != nil {
		return err
	}
	for waited := time.Duration(0); ; waited += purgeLook {
		there := 0
		for _, name := range old {
			if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
				there++
			}
		}
		if there == 0 {
			return nil
		}
		if waited >= purgeWait {
			return fmt.Errorf("%d files of the search index from before are still there", there)
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
