package segment

import (
	"slices"
	"time"

	"kith/app"
)

// sequence is a condition on events that follow one another.
type sequence struct {
	condition *app.SequenceCondition
	zone      *time.Location
	steps     []*candidates
	keys      [][]string // by step and candidate: the value of By; nil without By
	turning   bool
}

func (b *binder) sequence(c *app.SequenceCondition) *sequence {
	s := &sequence{condition: c, zone: b.zone(c.Zone), turning: b.turning}
	for i := range c.Steps {
		set := b.of(&c.Steps[i].EventCondition, s.zone, false)
		s.steps = append(s.steps, set)
		if c.By == "" {
			continue
		}
		var keys []string
		for _, e := range set.events {
			key, _ := DistinctKey(Property(e, c.By))
			keys = append(keys, key)
		}
		s.keys = append(s.keys, keys)
	}
	return s
}

// link is an event that a step has come to, and the one of the step before.
type link struct {
	event  *app.Event
	before *link
	step   int
}

func (s *sequence) at(now app.Instant) verdict {
	_, v := s.find(now)
	return v
}

// find returns the way through the steps, or else the way that came furthest, from its
// last event on; nil where there is no first step.
func (s *sequence) find(now app.Instant) (way *link, v verdict) {
	until := app.Instant(never)
	fit := make([][]int, len(s.steps))
	for i, set := range s.steps {
		var u app.Instant
		fit[i], u = set.that(now)
		until = min(until, u)
	}
	for _, part := range s.parts(fit) {
		w, holds, u := s.follow(part, now)
		until = min(until, u)
		if way == nil || w != nil && w.step > way.step || holds {
			way = w
		}
		if v.holds = holds; holds {
			break
		}
	}
	v.until = until
	return way, v
}

// parts splits the events of each step by the value of By, in the order of the first
// step's; events without it belong to none.
func (s *sequence) parts(fit [][]int) [][][]*app.Event {
	var order []string
	parts := map[string][][]*app.Event{}
	for i, which := range fit {
		for _, j := range which {
			key := ""
			if s.keys != nil {
				if key = s.keys[i][j]; key == "" {
					continue
				}
			}
			if parts[key] == nil {
				if i > 0 {
					continue // no first step has it
				}
				parts[key] = make([][]*app.Event, len(s.steps))
				order = append(order, key)
			}
			parts[key][i] = append(parts[key][i], s.steps[i].events[j])
		}
	}
	out := make([][][]*app.Event, len(order))
	for i, key := range order {
		out[i] = parts[key]
	}
	return out
}

// limit returns the instant before which what follows an event must come.
func (s *sequence) limit(at app.Instant) app.Instant {
	if s.condition.Within.IsZero() {
		return never
	}
	return s.condition.Within.After(at, s.zone)
}

// follow looks for a way through the steps' events, which are in order.
func (s *sequence) follow(steps [][]*app.Event, now app.Instant) (way *link, holds bool, until app.Instant) {
	var reached []*link
	for _, e := range steps[0] {
		reached = append(reached, &link{event: e})
	}
	var none []app.Instant // times of what must not come between
	for i := 1; i < len(steps); i++ {
		if s.condition.Steps[i].Not {
			for _, e := range steps[i] {
				none = append(none, e.At)
			}
			continue
		}
		slices.Sort(none)
		next := s.step(reached, steps[i], none, i)
		if len(next) == 0 {
			return reached[len(reached)-1], false, never
		}
		reached, none = next, nil
	}
	if !s.condition.Steps[len(steps)-1].Not {
		return reached[0], true, never
	}
	slices.Sort(none)
	until = never
	for _, l := range reached {
		limit := s.limit(l.event.At)
		switch {
		case nextAfter(l.event.At, none) < limit: // it came after all
		case limit != never && limit > now:
			until = min(until, limit)
		default:
			return l, true, never
		}
	}
	return reached[len(reached)-1], false, until
}

// step returns the events that can be reached from those of the step before. Of the ways
// to an event, the one from the latest is taken: it has the least between.
func (s *sequence) step(reached []*link, events []*app.Event, none []app.Instant, step int) (next []*link) {
	for _, e := range events {
		after, _ := slices.BinarySearch(none, e.At)
		last := Beginning // of what must not come between, before e
		if after > 0 {
			last = none[after-1]
		}
		earliest := last
		if !s.condition.Within.IsZero() {
			earliest = max(earliest, s.condition.Within.Before(e.At, s.zone)-slack)
		}
		i, _ := slices.BinarySearchFunc(reached, e.At, func(l *link, at app.Instant) int {
			return byTime(app.Event{At: l.event.At}, app.Event{At: at})
		})
		for i--; i >= 0 && reached[i].event.At >= earliest; i-- {
			if e.At < s.limit(reached[i].event.At) {
				next = append(next, &link{e, reached[i], step})
				break
			}
		}
	}
	return next
}
