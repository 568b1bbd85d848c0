package segment_test

import (
	"strconv"
	"testing"
	"time"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

// follows says whether a sequence holds by trying every choice of events: it is the
// grammar's sentence and nothing else.
func follows(c *app.SequenceCondition, events []app.Event, now app.Instant, zone *time.Location) bool {
	limit := func(at app.Instant) app.Instant {
		if c.Within.IsZero() {
			return 1 << 60
		}
		return c.Within.After(at, zone)
	}
	is := func(step int, e *app.Event, by string) bool {
		key := ""
		if c.By != "" {
			key, _ = segment.DistinctKey(segment.Property(e, c.By))
		}
		return e.Name == c.Steps[step].Event && e.At <= now && (c.By == "" || key == by && key != "")
	}
	// none reports whether no event of the steps from and before to lies strictly between.
	none := func(from, to int, after, before app.Instant, by string) bool {
		for step := from; step < to; step++ {
			for i := range events {
				if e := &events[i]; is(step, e, by) && e.At > after && e.At < before {
					return false
				}
			}
		}
		return true
	}
	var from func(step int, last app.Instant, by string) bool
	from = func(step int, last app.Instant, by string) bool {
		next := step
		for next < len(c.Steps) && c.Steps[next].Not {
			next++
		}
		if next == len(c.Steps) {
			return next == step || (c.Within.IsZero() || limit(last) <= now) && none(step, next, last, limit(last), by)
		}
		for i := range events {
			e := &events[i]
			if is(next, e, by) && e.At > last && e.At < limit(last) && none(step, next, last, e.At, by) && from(next+1, e.At, by) {
				return true
			}
		}
		return false
	}
	for i := range events {
		e := &events[i]
		by, ok := "", true
		if c.By != "" {
			by, ok = segment.DistinctKey(segment.Property(e, c.By))
		}
		if ok && is(0, e, by) && from(1, e.At, by) {
			return true
		}
	}
	return false
}

func TestMatch_sequencesAreThoseOfTryingEverything(t *testing.T) {
	t.Parallel()
	holds := 0
	rapid.Check(t, func(t *rapid.T) {
		now := segmenttest.Moment(t)
		zone := segmenttest.Zone(t)
		names := []string{"A", "B", "C"}
		f := &segment.Facts{Customer: &app.Customer{UID: "u"}}
		for i := range rapid.IntRange(1, 9).Draw(t, "events") {
			e := app.Event{Row: int64(i), Name: rapid.SampledFrom(names).Draw(t, "name"),
				At: now + app.Instant(rapid.Int64Range(-40, 2).Draw(t, "at"))*app.DayMillis/4}
			if rapid.IntRange(0, 3).Draw(t, "has") > 0 {
				e.Properties = []byte(`{"k":` + strconv.Itoa(rapid.IntRange(1, 2).Draw(t, "k")) + `}`)
			}
			f.Events = append(f.Events, e)
		}
		segmenttest.Complete(f, now)
		c := &app.SequenceCondition{By: rapid.SampledFrom([]string{"", "", "k"}).Draw(t, "by")}
		for i := range rapid.IntRange(2, 5).Draw(t, "steps") {
			c.Steps = append(c.Steps, app.SequenceStep{EventCondition: app.EventCondition{Event: rapid.SampledFrom(names).Draw(t, "step")},
				Not: i > 0 && rapid.IntRange(0, 2).Draw(t, "not") == 0})
		}
		if within := rapid.SampledFrom([]string{"", "6h", "1d", "2d", "1w", "1mo"}).Draw(t, "within"); within != "" {
			c.Within, _ = app.ParseDuration(within)
		}
		want := follows(c, f.Events, now, zone)
		if want {
			holds++
		}
		if got := segment.Match(&app.Rule{Condition: c}, f, &segmenttest.World{}, segment.Moment{Now: now, Zone: zone}); got != want {
			t.Fatalf("%s of %v is %v, want %v", (&app.Rule{Condition: c}).Append(nil), f.Events, got, want)
		}
	})
	if holds == 0 {
		t.Error("no sequence held")
	}
}

// A customer with very many events is explained in a moment: the search for the turn does
// not go over all of them at each step.
func TestExplain_manyEvents(t *testing.T) {
	t.Parallel()
	now := segmenttest.Instant("2026-03-01T12:00:00Z")
	f := &segment.Facts{Customer: &app.Customer{UID: "u"}}
	const n = 50_000
	for i := range n {
		f.Events = append(f.Events, app.Event{Row: int64(i), Name: "A", At: now - app.Instant(n-i)*60_000, Properties: []byte(`{"n":1}`)})
	}
	segmenttest.Complete(f, now)
	rule := parsed(t, `{"all":[{"event":"A","within":{"last":"30d"},"count":{"op":"gt","value":40000}},
		{"event":"A","within":{"last":"30d"},"sum":{"of":"n","op":"gt","value":41000}},
		{"event":"A","within":{"last":"1mo"},"distinct":{"of":"@day","op":"gte","value":20}},
		{"sequence":[{"event":"A"},{"event":"A"},{"event":"A","not":true}],"within":"1h"}]}`)
	w, m := &segmenttest.World{}, segment.Moment{Now: now, Zone: time.UTC}
	start := time.Now()
	for range 5 {
		segment.Match(rule, f, w, m)
	}
	once := time.Since(start) / 5
	start = time.Now()
	e := segment.Explain(rule, f, w, m)
	if took := time.Since(start); took > 100*once { // some 10 times; it was 440
		t.Errorf("it took %v, where Match takes %v", took, once)
	}
	for i, want := range []string{"2026-03-03T17:19:00.000Z", "2026-03-03T00:39:00.000Z", "2026-03-10T23:59:00.000Z", "2026-03-01T12:59:00.000Z"} {
		got := ""
		if at := e.Parts[i].TurnsAt; at != nil {
			got = at.String()
		}
		if got != want {
			t.Errorf("part %d turns at %q, want %q", i, got, want)
		}
	}
}
