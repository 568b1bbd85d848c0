package column

import (
	"time"

	"kith/app"
	"kith/app/segment"

	"github.com/RoaringBitmap/roaring/v2"
)

// attrLeaf tests an attribute.
type attrLeaf struct {
	zoning
	m    *matcher
	name string
}

func (c *compiler) attribute(x *app.AttributeCondition) node {
	name := x.Attribute
	c.plan.deps.attributes[name] = struct{}{}
	t := segment.NewTester(segment.TestOf(x))
	zoning := c.zoning(x.Test.Zone)
	v := c.column(name, t)
	if v == nil {
		return &group{store: c.s}
	}
	leaf := &attrLeaf{zoning: zoning, m: newMatcher(v, t), name: name}
	if name == lastInteraction {
		c.plan.movers = append(c.plan.movers, lastMover{c.s})
	}
	if t.Op.Moving() {
		c.plan.movers = append(c.plan.movers, dateMover{zoning, t, leaf.dates})
	}
	return leaf
}

// column returns the column that answers t for an attribute; nil when it must be loaded.
func (c *compiler) column(name string, t *segment.Tester) *values {
	v := c.s.attribute(name)
	c.s.use(v)
	if v == nil && name == lastInteraction {
		c.need(Need{Attribute: name})
		return nil
	}
	if v != nil && answers(v, t) {
		return v
	}
	if v == nil {
		c.need(Need{Attribute: name})
		return nil
	}
	if v = c.s.attribute(name + rawKey); v == nil {
		c.need(Need{Attribute: name + rawKey})
	}
	c.s.use(v)
	return v
}

func (l *attrLeaf) ready(now app.Instant) { l.m.ready(l.clock(now)) }

func (l *attrLeaf) one(slot uint32) bool { return l.m.holds(slot, l.of(slot)) }

func (l *attrLeaf) all() bitset {
	out := newBits(l.s.count())
	l.m.fill(out, l.s.count(), l.table())
	return out
}

// dates is the index of the attribute's dates: made when time is first looked at, so by
// the Keeper, and kept up with the column from then on.
func (l *attrLeaf) dates() *dateIndex { return l.s.datesOf(l.name, l.m.v, l.m.t.Test.Forced) }

// still reports whether an edge has not moved at all.
func (s swept) still() bool { return s.from == s.to }

// soonest is the earliest that any of the clock's zones gives.
func soonest(c clockwork, next func(zone *time.Location) (app.Instant, bool)) (app.Instant, bool) {
	best, found := segment.End, false
	for _, zone := range c.zones {
		if t, ok := next(zone); ok && t < best {
			best, found = t, true
		}
	}
	return best, found
}

func overZones(c clockwork, moved func(zone *time.Location) bool) bool {
	for _, zone := range c.zones {
		if moved(zone) {
			return true
		}
	}
	return false
}

// nextRound is when the days of the year that an anniversary holds for may be others.
func nextRound(t *segment.Tester, now app.Instant, zone *time.Location) app.Instant {
	was := t.Rounds(segment.Moment{Now: now, Zone: zone})
	end := app.NextChange(now, zone)
	if t.Rounds(segment.Moment{Now: end - 1, Zone: zone}) == was {
		return end
	}
	lo, hi := now+1, end-1
	for lo < hi {
		if mid := lo + (hi-lo)/2; t.Rounds(segment.Moment{Now: mid, Zone: zone}) != was {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// lastInteraction is the attribute that follows from the events that have come.
const lastInteraction = "last_interaction"

// lastMover turns when an event that was dated in the future has come.
type lastMover struct{ s *Store }

func (m lastMover) next(now app.Instant) (app.Instant, bool) { return m.s.comingAfter(now) }

func (m lastMover) moved(from, to app.Instant, visit func(uint32)) bool {
	for _, s := range m.s.series {
		s.upcoming.between(from+1, to, visit)
	}
	return false
}

// listLeaf holds for those on a list.
type listLeaf struct {
	s    *Store
	list int64
	c    *app.ListCondition
}

func (l *listLeaf) ready(app.Instant) {}

func (l *listLeaf) one(slot uint32) bool {
	return l.on(slot) != l.c.Not
}

func (l *listLeaf) members() []*roaring.Bitmap {
	if on := l.s.lists[l.list]; on != nil {
		return on[:]
	}
	return nil
}

func (l *listLeaf) on(slot uint32) bool {
	for status, members := range l.members() {
		if (l.c.Any || app.SubscriptionStatus(status) == l.c.Status) && members.Contains(slot) {
			return true
		}
	}
	return false
}

func (l *listLeaf) all() bitset {
	out := newBits(l.s.count())
	for status, members := range l.members() {
		if l.c.Any || app.SubscriptionStatus(status) == l.c.Status {
			it := members.Iterator()
			for it.HasNext() {
				out.set(it.Next())
			}
		}
	}
	if l.c.Not {
		out.invert()
	}
	return out
}

// accountLeaf holds for the members of an account.
type accountLeaf struct {
	s       *Store
	account int64
	not     bool
}

func (l *accountLeaf) ready(app.Instant) {}

func (l *accountLeaf) one(slot uint32) bool {
	members := l.s.accounts[l.account]
	return (l.account != 0 && members != nil && members.Contains(slot)) != l.not
}

func (l *accountLeaf) all() bitset {
	out := newBits(l.s.count())
	if members := l.s.accounts[l.account]; l.account != 0 && members != nil {
		it := members.Iterator()
		for it.HasNext() {
			out.set(it.Next())
		}
	}
	if l.not {
		out.invert()
	}
	return out
}

// bucketLeaf holds for a stable share.
type bucketLeaf struct {
	s *Store
	c *app.BucketCondition
}

func (l *bucketLeaf) ready(app.Instant) {}

func (l *bucketLeaf) one(slot uint32) bool {
	return l.in(segment.Seed(l.c.Seed), slot)
}

func (l *bucketLeaf) in(seed uint64, slot uint32) bool {
	x := segment.Bucket(seed, l.s.rows.at(slot))
	return l.c.From <= x && x < l.c.To
}

func (l *bucketLeaf) all() bitset {
	out, seed := newBits(l.s.count()), segment.Seed(l.c.Seed)
	for slot := range uint32(l.s.count()) {
		if l.in(seed, slot) {
			out.set(slot)
		}
	}
	return out
}
