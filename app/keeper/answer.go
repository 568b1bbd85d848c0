package keeper

import (
	"context"
	"slices"
	"time"

	"kith/app"
	"kith/app/column"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// Of returns the rows of the segments that a customer is in, upwards.
func (k *Keeper) Of(customer int64) []int64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var out []int64
	for row, s := range k.segments {
		if s.members.Contains(uint64(customer)) {
			out = append(out, row)
		}
	}
	slices.Sort(out)
	return out
}

// Members returns up to page.Limit rows of a segment's members: downwards from below
// page.After, or upwards from above page.Before.
func (k *Keeper) Members(segment int64, page app.Page) []int64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	s := k.segments[segment]
	if s == nil {
		return nil
	}
	var out []int64
	if page.Before != 0 {
		it := s.members.Iterator()
		it.AdvanceIfNeeded(uint64(page.Before) + 1)
		for it.HasNext() && len(out) < page.Limit {
			out = append(out, int64(it.Next()))
		}
		return out
	}
	// A reverse iterator cannot be advanced: the rank of the row says where to begin.
	n := s.members.GetCardinality()
	if page.After != 0 {
		n = rankBelow(s.members, uint64(page.After))
	}
	for n > 0 && len(out) < page.Limit {
		n--
		row, err := s.members.Select(n)
		if err != nil {
			break
		}
		out = append(out, int64(row))
	}
	return out
}

// Set returns the rows of all members of a segment, empty when there is none. Nobody may
// change it. It is made once and kept until somebody moves.
func (k *Keeper) Set(segment int64) app.Rows {
	k.mu.RLock()
	defer k.mu.RUnlock()
	s := k.segments[segment]
	if s == nil {
		return app.Rows{}
	}
	if set := s.set.Load(); set != nil {
		return *set
	}
	set := app.Rows{}
	if !s.members.IsEmpty() {
		set = make(app.Rows, s.members.Maximum()/64+1)
	}
	for it := s.members.Iterator(); it.HasNext(); {
		set.Add(int64(it.Next()))
	}
	s.set.Store(&set)
	return set
}

// rankBelow is how many members have a smaller row.
func rankBelow(b *roaring64.Bitmap, row uint64) uint64 {
	if row == 0 {
		return 0
	}
	return b.Rank(row - 1)
}

// Await waits until a segment's membership is that of a version or of a later one, or ctx
// ends, and reports whether it is.
func (k *Keeper) Await(ctx context.Context, segment, version int64) bool {
	for {
		k.mu.RLock()
		s, changed := k.segments[segment], k.changed
		ready := s != nil && s.Built >= version
		k.mu.RUnlock()
		if ready {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// Progress is how much of what a segment waits for has been read, from 0 to 1.
func (k *Keeper) Progress(segment int64) float64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if s := k.segments[segment]; s != nil && s.Built == s.Version {
		return 1
	}
	return k.progress()
}

// Preview counts whom a rule holds for. While columns are being read it waits until ctx's
// deadline, and then answers how far the reading is.
func (k *Keeper) Preview(ctx context.Context, r *app.Rule, sample int) (app.Preview, error) {
	began := time.Now()
	for {
		select {
		case <-k.loaded:
		case <-ctx.Done():
			return k.unready(ctx)
		}
		k.mu.RLock()
		cols := k.cols
		k.mu.RUnlock()
		cols.RLock()
		plan, needs := cols.Compile(r, k.namesFor(ctx))
		if plan != nil {
			plan.Ready(k.now())
			c := plan.Count(sample)
			cols.RUnlock()
			return app.Preview{Count: c.Members, Total: c.Total, Sample: c.Newest, Conditions: c.Conditions, Loading: 1, Took: time.Since(began)}, nil
		}
		cols.RUnlock()
		if k.want(ctx, needs) != nil {
			return k.unready(ctx)
		}
	}
}

// unready answers how far the reading is.
func (k *Keeper) unready(ctx context.Context) (app.Preview, error) {
	if ctx.Err() == context.Canceled {
		return app.Preview{}, ctx.Err()
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return app.Preview{Loading: min(k.progress(), 0.99)}, nil
}

// Columns says what the columns take, in bytes, and whether they are there.
func (k *Keeper) Columns() (bytes int64, ready bool) {
	select {
	case <-k.loaded:
	default:
		return 0, false
	}
	k.mu.RLock()
	cols := k.cols
	k.mu.RUnlock()
	cols.RLock()
	defer cols.RUnlock()
	return cols.Size(), true
}

var _ column.Names = names{}

// Choose answers who fits a choice. While columns are being read it waits until ctx's
// deadline, and then answers how far the reading is.
func (k *Keeper) Choose(ctx context.Context, c app.Choice) (app.Chosen, error) {
	if c.Rule == nil {
		c.Rule = &app.Rule{Group: app.All}
	}
	for {
		select {
		case <-k.loaded:
		case <-ctx.Done():
			p, err := k.unready(ctx)
			return app.Chosen{Loading: p.Loading}, err
		}
		k.mu.RLock()
		cols := k.cols
		k.mu.RUnlock()
		cols.RLock()
		plan, needs := cols.Compile(c.Rule, k.namesFor(ctx))
		if needs = append(needs, cols.Lacks(c.Sort)...); len(needs) == 0 {
			plan.Ready(k.now())
			out := plan.Pick(c)
			cols.RUnlock()
			return out, nil
		}
		cols.RUnlock()
		if err := k.want(ctx, needs); err != nil {
			p, err := k.unready(ctx)
			return app.Chosen{Loading: p.Loading}, err
		}
	}
}

// want asks for columns and waits until they are there, or ctx ends.
func (k *Keeper) want(ctx context.Context, needs []column.Need) error {
	w := wish{needs: needs, done: make(chan struct{})}
	select {
	case k.wishes <- w:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
