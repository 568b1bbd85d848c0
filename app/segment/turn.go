package segment

import (
	"bytes"
	"slices"
	"sort"
	"time"

	"kith/app"
)

// never is later than every instant.
const never = End

// verdict is an answer and how long it is sure to stand if nothing but time changes: up
// to, but not at, until. It may well stand longer.
type verdict struct {
	holds bool
	until app.Instant
}

// node is a part of a rule that is bound to one customer.
type node interface {
	// at answers for one instant. Without turning, until means nothing.
	at(now app.Instant) verdict
}

// A search for a turn takes oneTurn steps at most, all of an explanation allSteps. Beyond
// that lies what turns every year without turning the whole.
const oneTurn, allSteps = 20_000, 200_000

// lastInstant bounds the search: the end of the calendar.
const lastInstant app.Instant = 253402300799999

// turn returns the first instant after now at which n's answer is another, never if there
// is none that so many steps lead to.
func turn(n node, now app.Instant, steps *int) app.Instant {
	v := n.at(now)
	for range min(oneTurn, *steps) {
		*steps--
		if v.until > lastInstant {
			return never
		}
		next := n.at(v.until)
		if next.holds != v.holds {
			return v.until
		}
		v = next
	}
	return never
}

// moving is a bound that goes with the clock: so long before now, or after it.
type moving struct {
	span  app.Duration
	ahead bool
	zone  *time.Location
}

func (b moving) at(now app.Instant) app.Instant {
	if b.ahead {
		return b.span.After(now, b.zone)
	}
	return b.span.Before(now, b.zone)
}

// slack is more than a bound of calendar units is ever off its even course: the clamping
// to a month's end is three days, a zone that changes its side of the date line one.
const slack = 5 * app.DayMillis

// until returns an instant before which the bound, having been at v now, neither passes
// the point y nor falls behind it again: it is past y when it is y or more.
//
// A bound of calendar units does not only move forward. At the end of a month it stands
// still for whole days at a time, and begins each from its morning; where a clock is put
// back it goes back too. But between two changes of day or clock it runs straight.
func (b moving) until(now, v, y app.Instant) app.Instant {
	if b.span.Exact() {
		if v >= y {
			return never
		}
		return now + (y - v)
	}
	if v >= y {
		if v-y >= slack {
			return never
		}
		return app.NextChange(now, b.zone)
	}
	if gap := y - v; gap > 2*slack {
		return now + gap - slack
	}
	end := app.NextChange(now, b.zone)
	if b.at(end-1) < y {
		return end
	}
	return now + app.Instant(sort.Search(int(end-1-now), func(i int) bool { return b.at(now+app.Instant(i)) >= y }))
}

// untilAny is until for any of the points shift+ys, where ys are in order.
func (b moving) untilAny(now app.Instant, ys []app.Instant, shift app.Instant) app.Instant {
	v := b.at(now)
	i := sort.Search(len(ys), func(i int) bool { return ys[i]+shift > v })
	u := app.Instant(never)
	if i > 0 {
		u = b.until(now, v, ys[i-1]+shift)
	}
	if i < len(ys) {
		u = min(u, b.until(now, v, ys[i]+shift))
	}
	return u
}

// nextAfter returns the first of some instants in order that is after now.
func nextAfter(now app.Instant, ats []app.Instant) app.Instant {
	if i := sort.Search(len(ats), func(i int) bool { return ats[i] > now }); i < len(ats) {
		return ats[i]
	}
	return never
}

// Until returns an instant before which time alone does not change what [Tester.Holds]
// answers for raw; [End] if it never does.
func (x *Tester) Until(raw []byte, m Moment) app.Instant {
	if !x.Op.Moving() {
		return End
	}
	u := app.Instant(never)
	x.eachDate(raw, func(d app.Date) { u = min(u, x.untilDate(d, m)) })
	return u
}

// eachDate calls visit for the dates in a value.
func (x *Tester) eachDate(raw []byte, visit func(app.Date)) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return
	}
	if raw[0] != '[' {
		if d, ok := x.date(raw); ok {
			visit(d)
		}
		return
	}
	elements, _ := app.Elements(raw, nil)
	for _, e := range elements {
		if d, ok := x.date(e); ok {
			visit(d)
		}
	}
}

func (x *Tester) untilDate(d app.Date, m Moment) app.Instant {
	if x.Op == app.OpAnniversary {
		return x.untilRound(m)
	}
	ahead := x.Op == app.OpWithinNext || x.Op == app.OpMoreThanAhead
	b := moving{x.Test.Duration, ahead, m.Zone}
	at := d.Start(m.Zone)
	y := at
	if ahead {
		y++ // a date at the bound itself is more than that far ahead
	}
	u := b.until(m.Now, b.at(m.Now), y)
	switch {
	case x.Op == app.OpWithinLast && at > m.Now:
		u = min(u, at)
	case x.Op == app.OpWithinNext && at >= m.Now:
		u = min(u, at+1)
	}
	return u
}

// untilRound is when the days of the year that an anniversary holds for are others.
func (x *Tester) untilRound(m Moment) app.Instant {
	end := app.NextChange(m.Now, m.Zone)
	b := moving{x.Test.Duration, true, m.Zone}
	day := func(now app.Instant) int64 { return app.DayOf(app.WallOf(b.at(now), m.Zone)) }
	last := day(m.Now)
	return m.Now + app.Instant(sort.Search(int(end-m.Now), func(i int) bool { return day(m.Now+app.Instant(i)) != last }))
}

// window is the time that events are taken from, for one customer.
type window struct {
	from, to fence
}

// fence is one end of a window. The zero fence is none.
type fence struct {
	fixed *app.Instant
	bound *moving
	shift app.Instant // an event lies behind the fence when bound ≥ its time + shift
}

func newWindow(w *app.Window, zone *time.Location) window {
	if w == nil {
		return window{}
	}
	if !w.Last.IsZero() {
		return window{from: fence{bound: &moving{w.Last, false, zone}}}
	}
	return window{newFence(w.From, zone), newFence(w.To, zone)}
}

func newFence(b *app.Bound, zone *time.Location) fence {
	switch {
	case b == nil:
		return fence{}
	case b.Date != nil:
		at := b.Date.Start(zone)
		return fence{fixed: &at}
	}
	return fence{bound: &moving{b.Ago, false, zone}, shift: 1}
}

// at returns the first instant that lies on this side of the fence.
func (f fence) at(now, otherwise app.Instant) app.Instant {
	switch {
	case f.fixed != nil:
		return *f.fixed
	case f.bound != nil:
		return f.bound.at(now) + 1 - f.shift
	}
	return otherwise
}

// interval returns the instants of the window, those in the future left out.
func (w window) interval(now app.Instant) Interval {
	return Interval{w.from.at(now, Beginning), min(w.to.at(now, End), now+1)}
}

// until returns an instant before which none of the times ats, which are in order, enters
// or leaves the window.
func (w window) until(now app.Instant, ats []app.Instant) app.Instant {
	u := nextAfter(now, ats)
	for _, f := range [...]fence{w.from, w.to} {
		if f.bound != nil {
			u = min(u, f.bound.untilAny(now, ats, f.shift))
		}
	}
	return u
}

// within returns the part of ats, which are in order, that lies in an interval.
func within(ats []app.Instant, in Interval) (from, to int) {
	from, _ = slices.BinarySearch(ats, in.From)
	to, _ = slices.BinarySearch(ats, in.To)
	return from, max(from, to)
}
