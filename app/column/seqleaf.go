package column

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"kith/app"
	"kith/app/segment"
)

// sequenceLeaf tests for events that follow one another. What a step is, is said beside
// [segment.Match].
type sequenceLeaf struct {
	zoning
	c       *app.SequenceCondition
	steps   [][]*eventPart
	windows [][]window // by step, by zone
	at      app.Instant
	x       sequenceScratch
}

type sequenceScratch struct {
	places []uint32
	steps  [][]stepped
	part   [][]app.Instant
}

// stepped is an event that fits a step.
type stepped struct {
	key uint64
	at  app.Instant
}

func (c *compiler) sequence(x *app.SequenceCondition) node {
	l := &sequenceLeaf{zoning: c.zoning(x.Zone), c: x}
	for i := range x.Steps {
		step := &x.Steps[i].EventCondition
		parts := c.parts(step, x.By, true, false)
		l.steps = append(l.steps, parts)
		c.plan.movers = append(c.plan.movers, &windowMover{zoning: l.zoning, parts: parts, within: step.Within})
		for _, p := range parts {
			for _, m := range p.moving {
				c.plan.movers = append(c.plan.movers, m)
			}
		}
	}
	last := len(x.Steps) - 1
	if !x.Steps[last].Not || x.Within.IsZero() {
		return l
	}
	for last >= 0 && x.Steps[last].Not {
		last--
	}
	c.plan.movers = append(c.plan.movers, &waitMover{zoning: l.zoning, parts: l.steps[last], within: x.Within})
	return l
}

func (l *sequenceLeaf) ready(now app.Instant) {
	clock := l.clock(now)
	if l.at != now || len(l.windows) != len(l.steps) || len(l.windows[0]) != len(clock.zones) {
		l.at, l.windows = now, make([][]window, len(l.steps))
		for i := range l.steps {
			for _, zone := range clock.zones {
				in := windowAt(l.c.Steps[i].Within, now, zone)
				l.windows[i] = append(l.windows[i], window{in.From, in.To})
			}
		}
	}
	for _, parts := range l.steps {
		for _, p := range parts {
			p.ready(now, l.c.By, l.c.By != "")
		}
	}
}

func (l *sequenceLeaf) one(slot uint32) bool { return l.holds(slot, &l.x) }

func (l *sequenceLeaf) holds(slot uint32, x *sequenceScratch) bool {
	zone := l.of(slot)
	for len(x.steps) < len(l.steps) {
		x.steps, x.part = append(x.steps, nil), append(x.part, nil)
	}
	for i, parts := range l.steps {
		x.steps[i] = x.steps[i][:0]
		for _, p := range parts {
			r := p.s.of(slot, &x.places)
			from, to := p.s.span(r, l.windows[i][zone])
			for k := from; k < to; k++ {
				place := r.place(k)
				key := uint64(1)
				if l.c.By != "" {
					key = p.hashes[place]
				}
				if key != 0 && p.fits(place, slot) {
					x.steps[i] = append(x.steps[i], stepped{key, p.s.at[place]})
				}
			}
		}
		if i == 0 && len(x.steps[0]) == 0 {
			return false
		}
		if l.c.By != "" || len(parts) > 1 {
			slices.SortFunc(x.steps[i], func(a, b stepped) int {
				return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.at, b.at))
			})
		}
	}
	for at := 0; at < len(x.steps[0]); {
		key := x.steps[0][at].key
		for i := range l.steps {
			x.part[i] = x.part[i][:0]
			from := sort.Search(len(x.steps[i]), func(k int) bool { return x.steps[i][k].key >= key })
			for ; from < len(x.steps[i]) && x.steps[i][from].key == key; from++ {
				x.part[i] = append(x.part[i], x.steps[i][from].at)
			}
		}
		if l.follow(x.part, l.clock(l.at).zones[zone]) {
			return true
		}
		at += len(x.part[0])
	}
	return false
}

// limit is the instant before which what follows an event must come.
func (l *sequenceLeaf) limit(at app.Instant, zone *time.Location) app.Instant {
	if l.c.Within.IsZero() {
		return segment.End
	}
	return l.c.Within.After(at, zone)
}

// follow reports whether there is a way through the steps, whose times are in order.
func (l *sequenceLeaf) follow(steps [][]app.Instant, zone *time.Location) bool {
	reached := steps[0]
	var none []app.Instant // what must not come between
	for i := 1; i < len(steps); i++ {
		if l.c.Steps[i].Not {
			none = append(none, steps[i]...)
			continue
		}
		slices.Sort(none)
		if reached = l.step(reached, steps[i], none, zone); len(reached) == 0 {
			return false
		}
		none = nil
	}
	if !l.c.Steps[len(steps)-1].Not {
		return len(reached) > 0
	}
	slices.Sort(none)
	for _, at := range reached {
		limit := l.limit(at, zone)
		if limit != segment.End && limit > l.at {
			continue
		}
		next := sort.Search(len(none), func(k int) bool { return none[k] > at })
		if next == len(none) || none[next] >= limit {
			return true
		}
	}
	return false
}

// step returns the events that can be reached from those of the step before.
func (l *sequenceLeaf) step(reached, events, none []app.Instant, zone *time.Location) (next []app.Instant) {
	for _, at := range events {
		earliest := segment.Beginning
		if k := sort.Search(len(none), func(k int) bool { return none[k] >= at }); k > 0 {
			earliest = none[k-1]
		}
		if !l.c.Within.IsZero() {
			earliest = max(earliest, l.c.Within.Before(at, zone)-slack)
		}
		k := sort.Search(len(reached), func(k int) bool { return reached[k] >= at })
		for k--; k >= 0 && reached[k] >= earliest; k-- {
			if at < l.limit(reached[k], zone) {
				next = append(next, at)
				break
			}
		}
	}
	return next
}

// slack is more than a date by calendar units is ever off its even course: clamping to a
// month's end is three days, a zone that changes its side of the date line one.
const slack = 5 * app.DayMillis

func (l *sequenceLeaf) all() bitset {
	out, some := newBits(l.s.count()), newBits(l.s.count())
	for _, p := range l.steps[0] {
		p.s.everybody(some.set)
	}
	for _, parts := range l.steps {
		for _, p := range parts {
			for _, m := range p.where {
				m.fillTable()
			}
		}
	}
	inParallel(len(out), func(from, to int) {
		x := &sequenceScratch{}
		for w := from; w < to; w++ {
			bitset{some[w]}.each(func(bit uint32) {
				slot := uint32(w<<6) + bit
				out.put(slot, l.holds(slot, x))
			})
		}
	})
	return out
}

// waitMover turns when the time of a last step that must not happen has passed.
type waitMover struct {
	zoning
	parts  []*eventPart
	within app.Duration
}

// stretches calls visit for the stretches of time, around what lies within before an
// instant, in which the later of two dates never has the earlier end.
func (w *waitMover) stretches(from, to app.Instant, zone *time.Location, visit func(from, to app.Instant)) {
	first, last := w.within.Before(from, zone), w.within.Before(to, zone)
	if w.within.Exact() {
		visit(first, last+1)
		return
	}
	for at, end := first-slack, last+slack; at < end; {
		next := app.NextChange(at, zone)
		visit(at, next)
		at = next
	}
}

func (w *waitMover) next(now app.Instant) (app.Instant, bool) {
	best, found := segment.End, false
	for _, p := range w.parts {
		p.s.needIndex()
		t, ok := soonest(w.clock(now), func(zone *time.Location) (app.Instant, bool) {
			best, found := segment.End, false
			see := func(at app.Instant) {
				if end := w.within.After(at, zone); end > now && end < best {
					best, found = end, true
				}
			}
			// The first that ends after now, in each stretch; and beyond them the first, and
			// those so close behind it that they may end before it does.
			last := now
			w.stretches(now, now, zone, func(from, to app.Instant) {
				lo := w.firstEnding(from, to, now+1, zone)
				if at, ok := p.s.index.after(lo - 1); ok && at < to {
					see(at)
				}
				last = to
			})
			first, ok := p.s.index.after(last - 1)
			if !ok {
				return best, found
			}
			for from := first; from < first+2*slack; from = app.NextChange(from, zone) {
				if at, ok := p.s.index.after(from - 1); ok {
					see(at)
				}
				if w.within.Exact() {
					break
				}
			}
			return best, found
		})
		if ok && t < best {
			best, found = t, true
		}
	}
	return best, found
}

func (w *waitMover) moved(from, to app.Instant, visit func(uint32)) bool {
	for _, p := range w.parts {
		p.s.needIndex()
		overZones(w.clock(to), func(zone *time.Location) bool {
			w.stretches(from, to, zone, func(lo, hi app.Instant) {
				if w.within.Exact() {
					p.s.index.between(lo, hi, visit)
					return
				}
				p.s.index.between(w.firstEnding(lo, hi, from+1, zone), w.firstEnding(lo, hi, to+1, zone), visit)
			})
			return false
		})
	}
	return false
}

// firstEnding returns the first date of a stretch whose end is not before t.
func (w *waitMover) firstEnding(lo, hi, t app.Instant, zone *time.Location) app.Instant {
	for lo < hi {
		if mid := lo + (hi-lo)/2; w.within.After(mid, zone) >= t {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
