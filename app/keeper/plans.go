package keeper

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"kith/app"
	"kith/app/column"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// refresh brings the segments to what is stored, and builds what was edited and what
// names it.
func (k *Keeper) refresh(ctx context.Context) error {
	edited, err := k.reread(ctx)
	if err != nil {
		return err
	}
	for _, s := range k.segments {
		_, concerned := edited[s.Row]
		for row := range s.names {
			_, ok := edited[row]
			concerned = concerned || ok
		}
		if concerned {
			s.plan, s.rebuild = nil, true
			k.compile(ctx, s)
		}
	}
	k.tell()
	return nil
}

// reread brings the list of segments to what is stored, and returns the rows of those that
// are new or have another rule.
func (k *Keeper) reread(ctx context.Context) (edited map[int64]struct{}, err error) {
	stored, err := k.db.Segments(ctx)
	if err != nil {
		return nil, err
	}
	there := map[int64]struct{}{}
	edited = map[int64]struct{}{}
	for i := range stored {
		there[stored[i].Row] = struct{}{}
		if err := k.refreshOne(ctx, &stored[i], edited); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	for row, s := range k.segments {
		if _, ok := there[row]; !ok {
			delete(k.segments, row)
			delete(k.byID, s.ID)
		}
	}
	k.mu.Unlock()
	for _, s := range k.segments {
		s.names = k.named(s.rule, map[int64]struct{}{})
	}
	return edited, nil
}

func (k *Keeper) refreshOne(ctx context.Context, g *app.Segment, edited map[int64]struct{}) error {
	s := k.segments[g.Row]
	if s != nil && s.Version == g.Version {
		k.mu.Lock()
		s.Title, s.Description = g.Title, g.Description
		k.mu.Unlock()
		return nil
	}
	var fresh *live
	var err error
	if s == nil {
		fresh, err = k.stored(ctx, g)
	} else {
		fresh, err = newLive(g, s.members, s.Built, k.at) // as far as the Keeper has written
	}
	if err != nil || fresh == nil {
		return err
	}
	edited[g.Row] = struct{}{}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.segments[g.Row], k.byID[g.ID] = fresh, fresh
	return nil
}

// newLive is a segment with its members, as of a version of its rule.
func newLive(g *app.Segment, members *roaring64.Bitmap, built int64, at app.Instant) (*live, error) {
	rule, err := app.ParseRule(g.Rule)
	if err != nil {
		return nil, fmt.Errorf("the stored rule of segment %d: %w", g.Row, err)
	}
	s := &live{Segment: *g, rule: rule, members: members, at: at}
	s.Built, s.Count = built, int64(members.GetCardinality())
	return s, nil
}

// named returns the rows of the segments that a rule names, itself or through others.
func (k *Keeper) named(r *app.Rule, seen map[int64]struct{}) map[int64]struct{} {
	r.Walk(func(r *app.Rule) {
		c, ok := r.Condition.(*app.SegmentCondition)
		if !ok {
			return
		}
		s := k.byID[c.Segment]
		if s == nil {
			return
		}
		if _, known := seen[s.Row]; !known {
			seen[s.Row] = struct{}{}
			k.named(s.rule, seen)
		}
	})
	return seen
}

// compile makes a segment's plan, or wishes for the columns that it lacks.
func (k *Keeper) compile(ctx context.Context, s *live) {
	k.cols.Lock()
	plan, needs := k.cols.Compile(s.rule, k.namesFor(ctx))
	k.cols.Unlock()
	s.plan, s.missing, s.stale = plan, needs, true
	if plan == nil {
		k.wish(wish{needs: needs})
		return
	}
	s.at = k.at
}

// recompile makes the plans anew whose columns have changed their shape, or whose accounts
// may be others.
func (k *Keeper) recompile(ctx context.Context, people bool) {
	shape := k.cols.Shape()
	reshaped := shape != k.shape
	k.shape = shape
	for _, s := range k.segments {
		switch {
		case s.plan == nil && !reshaped:
		case s.plan == nil: // what it waited for may have come
			k.compile(ctx, s)
			if s.plan != nil && !s.rebuild {
				s.whole = true
			}
		case reshaped, people && len(s.plan.Accounts) > 0:
			accounts := s.plan.Accounts
			k.compile(ctx, s)
			if s.plan == nil || !maps.Equal(accounts, s.plan.Accounts) {
				s.whole = true
			}
		}
	}
}

// wish begins to load columns, or waits for the load that is under way.
func (k *Keeper) wish(w wish) {
	if len(w.needs) == 0 {
		k.waiting = append(k.waiting, w.done)
		return
	}
	if k.loader == nil {
		k.loader, k.read = k.cols.Load(w.needs, k.now), false
		k.loading = append(k.loading, w)
		k.setProgress(k.loader.Progress)
		return
	}
	k.queue = append(k.queue, w)
}

func (k *Keeper) setProgress(f func() float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.progress = f
}

// load goes on with the load that is under way.
func (k *Keeper) load(ctx context.Context) error {
	if !k.read {
		done, err := k.loader.Step(ctx, k.db)
		if err != nil || !done {
			return err
		}
		k.read, k.upTo = true, k.db.Head()
	}
	if k.cols.Seq() < k.upTo {
		return nil
	}
	if err := k.loader.Finish(ctx, k.db); err != nil {
		return err
	}
	k.loader = nil
	for _, w := range k.loading {
		if w.done != nil {
			close(w.done)
		}
	}
	k.loading = nil
	if len(k.queue) > 0 {
		queue := k.queue
		k.queue = nil
		all := wish{}
		for _, w := range queue {
			for _, n := range w.needs {
				if !slices.Contains(all.needs, n) {
					all.needs = append(all.needs, n)
				}
			}
		}
		k.wish(all)
		k.loading = append(k.loading, queue...)
	}
	k.recompile(ctx, false)
	k.tell()
	return nil
}

// names resolves what rules name.
type names struct {
	ctx context.Context
	k   *Keeper
}

func (k *Keeper) namesFor(ctx context.Context) column.Names { return names{ctx: ctx, k: k} }

// Segment implements [segment.Names].
func (n names) Segment(id string) (string, *app.Rule, bool) {
	n.k.mu.RLock()
	defer n.k.mu.RUnlock()
	s := n.k.byID[id]
	if s == nil {
		return "", nil, false
	}
	return s.Title, s.rule, true
}

// List implements [segment.Names].
func (n names) List(id string) (int64, string, bool) {
	l, err := n.k.db.FindList(n.ctx, id)
	if err != nil {
		return 0, "", false
	}
	return l.Row, l.Title, true
}

// Account implements [segment.Names].
func (n names) Account(uid string) (int64, string, bool) {
	row, err := n.k.db.Find(n.ctx, uid)
	return row, uid, err == nil
}

// Source implements [column.Names].
func (n names) Source(name string) int64 { return n.k.cols.Source(name) }
