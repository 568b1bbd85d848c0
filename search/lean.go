package search

import (
	"context"
	"time"

	segment "github.com/blevesearch/scorch_segment_api/v2"
)

const (
	// leanEvery is how often pages are given back while the index is being written.
	leanEvery = 50 * time.Millisecond
	// leanFor is how long after the last change of its files: merging goes on by itself.
	leanFor = 2 * time.Minute
)

// lean gives back, until ctx ends, the pages of the index's files that merging has touched.
// They are mapped, so the system could take them back; but whoever looks at the program's
// memory sees the whole of an index that is merged, and a limit counts it. What is needed
// again is in the system's cache and costs no reading. At rest nothing is given back.
func (e *Engine) lean(ctx context.Context) {
	tick := time.NewTicker(leanEvery)
	defer tick.Stop()
	var last *view
	var changed time.Time
	for {
		select {
		case now := <-tick.C:
			v := e.hold()
			if v == nil {
				continue
			}
			if v != last {
				last, changed = v, now
			}
			s := e.State()
			if now.Sub(changed) < leanFor || s.Phase != Following || len(e.merging) > 0 || e.store.Head()-s.Position > feedStep {
				v.giveBack()
			}
			_ = v.release()
		case <-ctx.Done():
			return
		}
	}
}

// giveBack gives back the pages of the view's files.
func (v *view) giveBack() {
	for _, p := range v.parts {
		giveBackOf(p.segment)
	}
}

// giveBackOf gives back the pages of a part's file.
func giveBackOf(s segment.Segment) {
	// Only a file is mapped; a part that is in memory only has nothing to give.
	if _, ok := s.(segment.PersistedSegment); !ok {
		return
	}
	if mapped, ok := s.(interface{ Data() []byte }); ok {
		giveBack(mapped.Data())
	}
}
