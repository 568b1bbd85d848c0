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

// propertyDates are the dates in a property of a series' events, by time.
type propertyDates struct {
	s      *series
	v      *values
	epochs bool
	index  *dateIndex
	size   int
}

// fresh makes the index anew when events have come since: a test that moves over a
// property is rare.
func (p *propertyDates) fresh() *dateIndex {
	if p.index != nil && p.size == len(p.s.at) {
		return p.index
	}
	p.index, p.size = &dateIndex{epochs: p.epochs}, len(p.s.at)
	for k, slot := range p.s.owners {
		for i := p.s.starts[k]; i < p.s.starts[k+1]; i++ {
			p.v.datesAt(i, p.epochs, func(d app.Date) { p.index.put(slot, d) })
		}
	}
	for i, slot := range p.s.who {
		if slot != nobody {
			p.v.datesAt(uint32(p.s.main+i), p.epochs, func(d app.Date) { p.index.put(slot, d) })
		}
	}
	return p.index
}
