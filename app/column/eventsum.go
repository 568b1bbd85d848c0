package column

import (
	"strings"

	"kith/app"
	"kith/app/segment"
)

// sum makes one number of events.
type sum struct {
	l    *eventLeaf
	n    int
	sum  float64
	seen map[uint64]struct{}
}

func newSum(l *eventLeaf, x *scratch) sum {
	a := sum{l: l}
	if l.c.Aggregate == app.Distinct {
		if x.seen == nil {
			x.seen = map[uint64]struct{}{}
		}
		clear(x.seen)
		a.seen = x.seen
	}
	return a
}

func (a *sum) add(p *eventPart, place uint32, at app.Instant, slot uint32) {
	if a.l.c.Aggregate == app.Distinct {
		key := uint64(0)
		if a.l.c.Of == app.EventDay {
			clock := a.l.clock(at)
			key = uint64(app.DayOf(app.WallOf(at, clock.zones[a.l.of(slot)]))) + 1<<32
		} else {
			key = p.hashes[place]
		}
		if key != 0 {
			a.seen[key] = struct{}{}
		}
		return
	}
	v, ok := numberAt(p.of, place)
	if !ok {
		return
	}
	a.n++
	switch {
	case a.l.c.Aggregate == app.Min && a.n > 1:
		a.sum = min(a.sum, v)
	case a.l.c.Aggregate == app.Max && a.n > 1:
		a.sum = max(a.sum, v)
	case a.n == 1 && (a.l.c.Aggregate == app.Min || a.l.c.Aggregate == app.Max):
		a.sum = v
	default:
		a.sum += v
	}
}

// numberAt reads a value as a number.
func numberAt(v *values, i uint32) (float64, bool) {
	if v.form == numberForm {
		if n := v.numbers.at(i); n == n {
			return n, true
		}
	}
	if v.form == textForm {
		if content := v.at(i); content != nil {
			return app.ParseNumber(strings.TrimSpace(string(content)))
		}
	}
	raw := v.raw(i)
	if len(raw) == 0 {
		return 0, false
	}
	return segment.NumberOf(raw)
}

func (a *sum) holds() bool {
	switch a.l.c.Aggregate {
	case app.Distinct:
		return a.l.t.Count(float64(len(a.seen)))
	case app.Sum:
		return a.l.t.Count(a.sum)
	case app.Avg:
		return a.n > 0 && a.l.t.Count(a.sum/float64(a.n))
	}
	return a.n > 0 && a.l.t.Count(a.sum)
}
