package column

import (
	"time"

	"kith/app"
	"kith/app/segment"
)

// edges is an interval that moves with the clock.
type edges func(now app.Instant, zone *time.Location) segment.Interval

// swept is where an edge has been.
type swept struct{ from, to app.Instant }

// sweep returns where the two edges have been between two instants. A calendar's edges do
// not run straight: they jump where a day begins or a clock is changed.
func (e edges) sweep(from, to app.Instant, zone *time.Location) [2]swept {
	at := e(from, zone)
	out := [2]swept{{at.From, at.From}, {at.To, at.To}}
	see := func(now app.Instant) {
		in := e(now, zone)
		for k, t := range [2]app.Instant{in.From, in.To} {
			out[k].from, out[k].to = min(out[k].from, t), max(out[k].to, t)
		}
	}
	for change := app.NextChange(from, zone); change <= to; change = app.NextChange(change, zone) {
		see(change - 1)
		see(change)
	}
	see(to)
	return out
}

// next returns the earliest instant after now at which an edge passes a date: after gives
// the first date after an instant. It may be early, never late.
func (e edges) next(now app.Instant, zone *time.Location, after func(app.Instant) (app.Instant, bool)) (app.Instant, bool) {
	in := e(now, zone)
	change := app.NextChange(now, zone)
	next, found := segment.End, false
	for k, edge := range [2]app.Instant{in.From, in.To} {
		pick := func(now app.Instant) app.Instant {
			in := e(now, zone)
			return [2]app.Instant{in.From, in.To}[k]
		}
		if edge <= segment.Beginning || edge >= segment.End || pick(change) == edge && pick(now+1) == edge {
			continue
		}
		date, ok := after(edge - 1)
		t := change // where the edge may jump, back as well
		if ok && pick(change-1) > date {
			lo, hi := now+1, change-1
			for lo < hi {
				if mid := lo + (hi-lo)/2; pick(mid) > date {
					hi = mid
				} else {
					lo = mid + 1
				}
			}
			t = lo
		}
		if t < next {
			next, found = t, true
		}
	}
	return next, found
}

// dateIndex lists the dates of a column by time: instants, and local times. Of a dictionary
// it lists the values, of other columns those who have them.
type dateIndex struct {
	epochs         bool // numbers count as dates
	instants, wall timeIndex
	codes          *values // whose dictionary it lists; else nil
	gen, seen      int     // of the dictionary
}

// follow brings the index up to a column, which may have another form than it had.
func (x *dateIndex) follow(v *values) {
	if v.form != dictForm {
		if x.codes != nil || x.seen == 0 {
			x.codes, x.seen = nil, 1
			x.fill(v)
		}
		return
	}
	if x.codes != v || x.gen != v.gen || x.seen == 0 {
		x.codes, x.gen, x.seen = v, v.gen, 1
		x.instants, x.wall = timeIndex{}, timeIndex{}
	}
	for ; x.seen < len(v.dict); x.seen++ {
		dates(v.dict[x.seen], x.epochs, func(d app.Date) { x.put(uint32(x.seen), d) })
	}
}

// dates calls visit with the dates in a value: itself, or the elements of a list.
func dates(raw []byte, epochs bool, visit func(app.Date)) {
	if len(raw) == 0 {
		return
	}
	if raw[0] != '[' {
		if d, ok := segment.DateOf(raw, epochs); ok {
			visit(d)
		}
		return
	}
	elements, err := app.Elements(raw, nil)
	if err != nil {
		return
	}
	for _, e := range elements {
		if len(e) > 0 && e[0] != '[' {
			dates(e, epochs, visit)
		}
	}
}

// datesAt calls visit with the dates in the value of number i.
func (v *values) datesAt(i uint32, epochs bool, visit func(app.Date)) {
	if v.form == dateForm {
		if d := v.dates.at(i); d != noDate {
			visit(unpackDate(d))
			return
		}
	}
	dates(v.raw(i), epochs, visit)
}

// add notes that a slot has another value.
func (x *dateIndex) add(slot uint32, raw []byte) {
	if x.codes != nil {
		return
	}
	dates(raw, x.epochs, func(d app.Date) { x.put(slot, d) })
}

func (x *dateIndex) put(slot uint32, d app.Date) {
	if d.Kind == app.Exact {
		x.instants.add(d.Instant, slot)
	} else {
		x.wall.add(d.Instant, slot)
	}
}

// fill makes the index of the values of a column that is no dictionary.
func (x *dateIndex) fill(v *values) {
	var instants, wall []timed
	for i := range uint32(v.n) {
		v.datesAt(i, x.epochs, func(d app.Date) {
			if d.Kind == app.Exact {
				instants = append(instants, timed{d.Instant, i})
			} else {
				wall = append(wall, timed{d.Instant, i})
			}
		})
	}
	x.instants.take(instants)
	x.wall.take(wall)
}

// after returns the first date after an instant, as it is in zone.
func (x *dateIndex) after(t app.Instant, zone *time.Location) (app.Instant, bool) {
	next, found := x.instants.after(t)
	if wall, ok := x.wall.after(wallAt(t+1, zone) - 1); ok {
		if at := app.InstantOfWall(wall, zone); !found || at < next {
			next, found = at, true
		}
	}
	return next, found
}

// between calls visit for each slot that has a date where an edge has been.
func (x *dateIndex) between(s swept, zone *time.Location, visit func(slot uint32)) {
	if x.codes == nil {
		x.list(s, zone, visit)
		return
	}
	there, any := make([]bool, len(x.codes.dict)), false
	x.list(s, zone, func(code uint32) { there[code], any = true, true })
	if !any {
		return
	}
	in := x.codes.codes.cursor()
	for i := range uint32(x.codes.n) {
		if there[in.at(i)] {
			visit(i)
		}
	}
}

// list calls visit for what has a date where an edge has been.
func (x *dateIndex) list(s swept, zone *time.Location, visit func(uint32)) {
	x.instants.between(s.from, s.to, visit)
	if x.wall.size() > 0 {
		x.wall.between(wallAt(s.from, zone), wallAt(s.to+1, zone), visit)
	}
}

// dateMover turns where time passes one of the dates that a moving test is made on.
type dateMover struct {
	zoning
	t     *segment.Tester
	dates func() *dateIndex
}

// edges are those of the test's interval at another instant.
func (m dateMover) edges(now app.Instant, zone *time.Location) segment.Interval {
	return m.t.Interval(segment.Moment{Now: now, Zone: zone})
}

func (m dateMover) next(now app.Instant) (app.Instant, bool) {
	return soonest(m.clock(now), func(zone *time.Location) (app.Instant, bool) {
		if m.t.Op == app.OpAnniversary {
			return nextRound(m.t, now, zone), true
		}
		return edges(m.edges).next(now, zone, func(t app.Instant) (app.Instant, bool) { return m.dates().after(t, zone) })
	})
}

func (m dateMover) moved(from, to app.Instant, visit func(uint32)) bool {
	return overZones(m.clock(to), func(zone *time.Location) bool {
		if m.t.Op == app.OpAnniversary {
			return m.t.Rounds(segment.Moment{Now: from, Zone: zone}) != m.t.Rounds(segment.Moment{Now: to, Zone: zone})
		}
		for _, s := range edges(m.edges).sweep(from, to, zone) {
			if !s.still() {
				m.dates().between(s, zone, visit)
			}
		}
		return false
	})
}
