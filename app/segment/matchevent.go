package segment

import (
	"time"

	"kith/app"
)

// candidates are the events that a condition may mean, whatever the time: those of its
// name and source, each with what is known of it beforehand.
type candidates struct {
	events []*app.Event
	ats    []app.Instant
	// fits says which pass the tests of properties that do not move with the clock.
	fits []bool
	// moving are the tests that do, with their values beside each event.
	moving  []movingTest
	window  window
	turning bool
}

type movingTest struct {
	tester *Tester
	zone   *time.Location
	values [][]byte
}

// of picks the candidates of a condition. Without all, those are left out that the fixed
// tests rule out.
func (b *binder) of(c *app.EventCondition, zone *time.Location, all bool) *candidates {
	set := &candidates{window: newWindow(c.Within, zone), turning: b.turning}
	testers := make([]*Tester, len(c.Where))
	for i := range c.Where {
		testers[i] = NewTester(&c.Where[i].Test)
		if testers[i].Op.Moving() {
			set.moving = append(set.moving, movingTest{testers[i], b.zone(c.Where[i].Test.Zone), nil})
		}
	}
	for i := range b.events {
		e := &b.events[i]
		if !means(c, e) {
			continue
		}
		fits := true
		for j, x := range testers {
			fits = fits && (x.Op.Moving() || x.Holds(Property(e, c.Where[j].Property), Moment{Zone: b.zone(x.Test.Zone)}))
		}
		if !fits && !all {
			continue
		}
		set.events, set.ats, set.fits = append(set.events, e), append(set.ats, e.At), append(set.fits, fits)
		at := 0
		for j, x := range testers {
			if x.Op.Moving() {
				set.moving[at].values = append(set.moving[at].values, Property(e, c.Where[j].Property))
				at++
			}
		}
	}
	return set
}

// means reports whether an event is of the name and source that a condition asks for.
func means(c *app.EventCondition, e *app.Event) bool {
	return (c.Event == app.AnyEvent || e.Name == c.Event) && (c.Source == "" || e.Source == c.Source)
}

// test reports whether the tests of the i-th candidate's properties hold.
func (s *candidates) test(i int, now app.Instant) verdict {
	v := verdict{s.fits[i], never}
	for _, t := range s.moving {
		m := Moment{now, t.zone}
		v.holds = v.holds && t.tester.Holds(t.values[i], m)
		if s.turning {
			v.until = min(v.until, t.tester.Until(t.values[i], m))
		}
	}
	return v
}

// that returns the candidates for which everything holds, in order, and until when it is these.
func (s *candidates) that(now app.Instant) (which []int, until app.Instant) {
	until = never
	if s.turning {
		until = s.window.until(now, s.ats)
	}
	from, to := within(s.ats, s.window.interval(now))
	for i := from; i < to; i++ {
		v := s.test(i, now)
		if until = min(until, v.until); v.holds {
			which = append(which, i)
		}
	}
	return which, until
}

// events is a condition on events.
type events struct {
	*candidates
	condition *app.EventCondition
	tester    *Tester
	numbers   []number // of each candidate, for sum, avg, min and max
	keys      []int    // of each candidate, for distinct: equal for what is counted once, −1 for what is missing
	tally     tally
}

type number struct {
	n  float64
	ok bool
}

// tally counts the distinct keys of a run of candidates. The search for a turn looks at
// thousands of runs that hardly differ, so it is moved from one to the next.
type tally struct {
	from, to int
	times    []int // by key
	distinct int
}

func (t *tally) move(keys []int, from, to int) int {
	if from >= t.to || to <= t.from { // nothing in common: begin anew
		clear(t.times)
		t.from, t.to, t.distinct = from, from, 0
	}
	for ; t.to < to; t.to++ {
		t.add(keys[t.to])
	}
	for ; t.from > from; t.from-- {
		t.add(keys[t.from-1])
	}
	for ; t.from < from; t.from++ {
		t.remove(keys[t.from])
	}
	for ; t.to > to; t.to-- {
		t.remove(keys[t.to-1])
	}
	return t.distinct
}

func (t *tally) add(key int) {
	if key < 0 {
		return
	}
	if t.times[key]++; t.times[key] == 1 {
		t.distinct++
	}
}

func (t *tally) remove(key int) {
	if key < 0 {
		return
	}
	if t.times[key]--; t.times[key] == 0 {
		t.distinct--
	}
}

func (b *binder) event(c *app.EventCondition) *events {
	zone := b.zone(c.Zone)
	x := &events{condition: c, tester: NewTester(&c.Test)}
	x.candidates = b.of(c, zone, c.Occurrence != app.EveryOccurrence)
	if c.Aggregate == app.CountEvents {
		return x
	}
	known := map[string]int{}
	for _, e := range x.events {
		if c.Aggregate != app.Distinct {
			var n number
			if raw := Property(e, c.Of); raw != nil {
				n.n, n.ok = NumberOf(raw)
			}
			x.numbers = append(x.numbers, n)
			continue
		}
		key, ok := "", true
		if c.Of == app.EventDay {
			key = DayKey(e.At, zone)
		} else {
			key, ok = DistinctKey(Property(e, c.Of))
		}
		id := -1
		if ok {
			if _, seen := known[key]; !seen {
				known[key] = len(known)
			}
			id = known[key]
		}
		x.keys = append(x.keys, id)
	}
	x.tally.times = make([]int, len(known))
	return x
}

func (x *events) at(now app.Instant) verdict {
	if x.condition.Occurrence == app.EveryOccurrence && len(x.moving) == 0 {
		v := verdict{until: never}
		if x.turning {
			v.until = x.window.until(now, x.ats)
		}
		n, ok := x.run(within(x.ats, x.window.interval(now)))
		v.holds = ok && x.tester.Count(n)
		return v
	}
	which, until := x.which(now)
	n, ok := x.total(which)
	return verdict{ok && x.tester.Count(n), until}
}

// run is total for the candidates of a run, all of which count.
func (x *events) run(from, to int) (n float64, ok bool) {
	switch x.condition.Aggregate {
	case app.CountEvents:
		return float64(to - from), true
	case app.Distinct:
		return float64(x.tally.move(x.keys, from, to)), true
	}
	return summarize(x.condition.Aggregate, func(yield func(float64) bool) {
		for i := from; i < to; i++ {
			if x.numbers[i].ok && !yield(x.numbers[i].n) {
				return
			}
		}
	})
}

// which returns the candidates that count, in order.
func (x *events) which(now app.Instant) (which []int, until app.Instant) {
	if x.condition.Occurrence == app.EveryOccurrence {
		return x.that(now)
	}
	_, come := within(x.ats, Interval{Beginning, now + 1})
	until = never
	if come < len(x.ats) && (come == 0 || x.condition.Occurrence == app.LastOccurrence) {
		until = x.ats[come]
	}
	if come == 0 {
		return nil, until
	}
	one := 0
	if x.condition.Occurrence == app.LastOccurrence {
		one = come - 1
	}
	v := x.test(one, now)
	if x.turning {
		until = min(until, v.until, x.window.until(now, x.ats[one:one+1]))
	}
	if from, to := within(x.ats[one:one+1], x.window.interval(now)); v.holds && from < to {
		which = []int{one}
	}
	return which, until
}

// total returns what the condition's test is about; ok is false where there is nothing.
func (x *events) total(which []int) (n float64, ok bool) {
	switch x.condition.Aggregate {
	case app.CountEvents:
		return float64(len(which)), true
	case app.Distinct:
		seen := map[int]struct{}{}
		for _, i := range which {
			if x.keys[i] >= 0 {
				seen[x.keys[i]] = struct{}{}
			}
		}
		return float64(len(seen)), true
	}
	return summarize(x.condition.Aggregate, func(yield func(float64) bool) {
		for _, i := range which {
			if x.numbers[i].ok && !yield(x.numbers[i].n) {
				return
			}
		}
	})
}
