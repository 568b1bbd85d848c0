package keeper

import (
	"context"
	"slices"

	"kith/app"
	"kith/app/column"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

const (
	// moveStep is how many moves one transaction takes: some 50 ms of the writer's time.
	moveStep = 4_000
	// askAll is the share of all customers, one in so many, from which everybody is asked at
	// once rather than one by one; askFrom the number below which that never pays.
	askAll, askFrom = 30, 500
)

// settle asks the rules about whom they may have turned for, and writes what differs.
func (k *Keeper) settle(ctx context.Context, now app.Instant) error {
	if k.catchingUp() {
		return nil
	}
	var changes []app.Change
	var moves int
	seq := k.cols.Seq()
	flush := func() error {
		if len(changes) == 0 {
			return nil
		}
		if err := k.apply(ctx, changes, k.cursor); err != nil {
			return err
		}
		k.store(changes)
		changes, moves = nil, 0
		return nil
	}
	built := false
	for _, s := range k.segments {
		if s.plan == nil || !s.rebuild && !s.whole && s.dirty.n == 0 {
			continue
		}
		s.plan.Ready(now)
		if s.rebuild {
			c, err := k.build(s)
			if err != nil {
				return err
			}
			changes, built = append(changes, c), true
		} else {
			for part := range slices.Chunk(k.moves(s), moveStep) {
				changes = append(changes, &app.MoveMembers{Segment: s.Row, Version: s.Version, Moves: part})
				if moves += len(part); moves >= moveStep {
					if err := flush(); err != nil {
						return err
					}
				}
			}
		}
		s.at = now
		s.rebuild, s.whole = false, false
		s.dirty.clear()
	}
	if len(changes) > 0 {
		// One short of where the Keeper is: whoever waits for it waits until memory has
		// followed too, see rest.
		if err := k.apply(ctx, changes, max(k.cursor, seq-1)); err != nil {
			return err
		}
		k.store(changes)
	}
	if built {
		k.tell()
	}
	return nil
}

// catchingUp reports that the columns are behind what they were read from: until they have
// come to it, a row may be newer than others.
func (k *Keeper) catchingUp() bool { return k.cols.Seq() < k.from }

// build works the members out from everybody.
func (k *Keeper) build(s *live) (*app.BuildSegment, error) {
	members := roaring64.New()
	s.plan.Members(members.AddMany)
	raw, err := members.ToBytes()
	if err != nil {
		return nil, err
	}
	return &app.BuildSegment{Segment: s.Row, Version: s.Version, Members: raw, Count: int64(members.GetCardinality())}, nil
}

// moves compares whom the rule holds for with the members.
func (k *Keeper) moves(s *live) []app.Move {
	var out []app.Move
	if !s.whole && (s.dirty.n < askFrom || int64(s.dirty.n) < k.cols.Total()/askAll) {
		s.dirty.each(func(t column.Touch) {
			if on := s.plan.Holds(t.Row); on != s.members.Contains(uint64(t.Row)) {
				out = append(out, app.Move{Customer: t.Row, Entered: on, Cause: t.Cause})
			}
		})
		slices.SortFunc(out, func(a, b app.Move) int { return int(a.Customer - b.Customer) })
		return out
	}
	now := roaring64.New()
	s.plan.Members(now.AddMany)
	causes := s.dirty.causes()
	gone := roaring64.AndNot(s.members, now)
	now.AndNot(s.members)
	for on, set := range map[bool]*roaring64.Bitmap{true: now, false: gone} {
		for it := set.Iterator(); it.HasNext(); {
			row := int64(it.Next())
			out = append(out, app.Move{Customer: row, Entered: on, Cause: causes[row]})
		}
	}
	slices.SortFunc(out, func(a, b app.Move) int { return int(a.Customer - b.Customer) })
	return out
}

// store brings the members in memory to what has been written.
func (k *Keeper) store(changes []app.Change) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range changes {
		switch c := c.(type) {
		case *app.BuildSegment:
			s := k.segments[c.Segment]
			s.set.Store(nil)
			s.members = roaring64.New()
			if err := s.members.UnmarshalBinary(c.Members); err != nil { // it was just made
				panic("keeper: " + err.Error())
			}
			s.Built, s.Count = c.Version, c.Count
		case *app.MoveMembers:
			s := k.segments[c.Segment]
			s.set.Store(nil)
			for _, m := range c.Moves {
				if m.Entered {
					s.members.Add(uint64(m.Customer))
					s.Count++
				} else {
					s.members.Remove(uint64(m.Customer))
					s.Count--
				}
			}
		}
	}
}
