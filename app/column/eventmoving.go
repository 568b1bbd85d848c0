package column

import (
	"time"

	"kith/app"
	"kith/app/segment"
)

// windowMover turns where events enter or leave a window.
type windowMover struct {
	zoning
	parts  []*eventPart
	within *app.Window
}

func (w *windowMover) rolls() bool {
	return w.within != nil && (!w.within.Last.IsZero() || w.within.From != nil && w.within.From.Date == nil || w.within.To != nil && w.within.To.Date == nil)
}

func (w *windowMover) edges(now app.Instant, zone *time.Location) segment.Interval {
	return windowAt(w.within, now, zone)
}

func (w *windowMover) next(now app.Instant) (app.Instant, bool) {
	best, found := segment.End, false
	for _, p := range w.parts {
		if t, ok := p.s.upcoming.after(now); ok && t < best {
			best, found = t, true
		}
		if !w.rolls() {
			continue
		}
		p.s.needIndex()
		t, ok := soonest(w.clock(now), func(zone *time.Location) (app.Instant, bool) {
			return edges(w.edges).next(now, zone, p.s.index.after)
		})
		if ok && t < best {
			best, found = t, true
		}
	}
	return best, found
}

func (w *windowMover) moved(from, to app.Instant, visit func(uint32)) bool {
	for _, p := range w.parts {
		p.s.upcoming.between(from+1, to, visit)
		if !w.rolls() {
			continue
		}
		p.s.needIndex()
		overZones(w.clock(to), func(zone *time.Location) bool {
			for _, s := range edges(w.edges).sweep(from, to, zone) {
				if !s.still() {
					p.s.index.between(s.from, s.to, visit)
				}
			}
			return false
		})
	}
	return false
}

// propertyDates turns where a moving test of a property's dates does.
type propertyDates struct {
	zoning
	s     *series
	m     *matcher
	index *dateIndex
	size  int
}

// fresh makes the index anew when events have come since: a test like this is rare.
func (p *propertyDates) fresh() *dateIndex {
	if p.index != nil && p.size == len(p.s.at) {
		return p.index
	}
	p.index, p.size = &dateIndex{epochs: p.m.t.Test.Forced}, len(p.s.at)
	for k, slot := range p.s.owners {
		for i := p.s.starts[k]; i < p.s.starts[k+1]; i++ {
			p.index.add(slot, p.m.v.raw(i))
		}
	}
	for i, slot := range p.s.who {
		if slot != nobody {
			p.index.add(slot, p.m.v.raw(uint32(p.s.main+i)))
		}
	}
	return p.index
}

func (p *propertyDates) edges(now app.Instant, zone *time.Location) segment.Interval {
	return p.m.t.Interval(segment.Moment{Now: now, Zone: zone})
}

func (p *propertyDates) next(now app.Instant) (app.Instant, bool) {
	return soonest(p.clock(now), func(zone *time.Location) (app.Instant, bool) {
		if p.m.t.Op == app.OpAnniversary {
			return nextRound(p.m.t, now, zone), true
		}
		return edges(p.edges).next(now, zone, func(t app.Instant) (app.Instant, bool) { return p.fresh().after(t, zone) })
	})
}

func (p *propertyDates) moved(from, to app.Instant, visit func(uint32)) bool {
	return overZones(p.clock(to), func(zone *time.Location) bool {
		if p.m.t.Op == app.OpAnniversary {
			return p.m.t.Rounds(segment.Moment{Now: from, Zone: zone}) != p.m.t.Rounds(segment.Moment{Now: to, Zone: zone})
		}
		for _, s := range edges(p.edges).sweep(from, to, zone) {
			if !s.still() {
				p.fresh().between(s, zone, visit)
			}
		}
		return false
	})
}
