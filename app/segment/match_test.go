package segment_test

import (
	"testing"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

func TestMatch_segmentsArePutInPlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := segmenttest.Draw(t, 3)
		rule := w.Rule(t)
		put, err := segment.Inline(rule, w, "")
		if err != nil {
			t.Fatal(err)
		}
		put.Walk(func(r *app.Rule) {
			if _, ok := r.Condition.(*app.SegmentCondition); ok {
				t.Fatalf("%s is left of %s", r.Append(nil), rule.Append(nil))
			}
		})
		for _, f := range w.Customers {
			if a, b := segment.Match(rule, f, w, w.Moment()), segment.Match(put, f, w, w.Moment()); a != b {
				t.Fatalf("%s: %v, put in place %v", rule.Append(nil), a, b)
			}
		}
	})
}

func TestRule_isReadAgainAsItIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := segmenttest.Draw(t, 2)
		rule := w.Rule(t)
		text := string(rule.Append(nil))
		again, err := app.ParseRule([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if second := string(again.Append(nil)); second != text {
			t.Fatalf("%s became %s", text, second)
		}
		for _, f := range w.Customers {
			if a, b := segment.Match(rule, f, w, w.Moment()), segment.Match(again, f, w, w.Moment()); a != b {
				t.Fatalf("%s: %v, read again %v", text, a, b)
			}
		}
	})
}

// What a rule says now it says at every instant until it turns, and then no more. Instants
// are tried at the borders of everything in the world.
func TestMatch_turnsWhenItIsSaidTo(t *testing.T) {
	t.Parallel()
	turned := 0
	rapid.Check(t, func(t *rapid.T) {
		w := segmenttest.Draw(t, 2)
		rule := w.Rule(t)
		f := w.Customers[0]
		if f.Customer.Archived() {
			f.Customer.ArchivedAt = nil
		}
		m := w.Moment()
		holds := segment.Match(rule, f, w, m)
		at, turns := segment.Turn(rule, f, w, m)
		end := at
		if turns {
			turned++
			if at <= m.Now {
				t.Fatalf("%s turns at %v, which is not after %v", rule.Append(nil), at, m.Now)
			}
			if segment.Match(rule, f, w, segment.Moment{Now: at, Zone: w.Zone}) == holds {
				t.Fatalf("%s is still %v at %v", rule.Append(nil), holds, at)
			}
		} else {
			end = m.Now + 40*365*app.DayMillis
		}
		try := func(x app.Instant) {
			if x > m.Now && x < end && segment.Match(rule, f, w, segment.Moment{Now: x, Zone: w.Zone}) != holds {
				t.Fatalf("%s: %v at %v, but %v at %v, before it turns at %v (%v)\n%s", rule.Append(nil), holds, m.Now, !holds, x, at, turns, f.Customer.Attributes)
			}
		}
		try(end - 1)
		for range 30 {
			try(m.Now + app.Instant(rapid.Int64Range(1, max(1, int64(end-m.Now-1))).Draw(t, "some time")))
			d, _ := app.ParseDuration(segmenttest.Duration(t))
			e := m.Now
			if len(f.Events) > 0 {
				e = rapid.SampledFrom(f.Events).Draw(t, "event").At
			}
			try(d.After(e, w.Zone) + app.Instant(rapid.Int64Range(-1, 1).Draw(t, "beside")))
			try(m.Now + app.Instant(rapid.Int64Range(0, 40*24).Draw(t, "hours"))*3_600_000 + app.Instant(rapid.Int64Range(-1, 0).Draw(t, "beside")))
		}
	})
	if turned == 0 {
		t.Error("no rule ever turned")
	}
}
