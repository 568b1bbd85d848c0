package column

import (
	"testing"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

// matches is who a rule holds for at an instant, by the tables.
func matches(w *segmenttest.World, r *app.Rule, at app.Instant) map[int64]bool {
	out := map[int64]bool{}
	for _, f := range w.Customers {
		segmenttest.Complete(f, at)
		out[f.Customer.Row] = segment.Match(r, f, w, segment.Moment{Now: at, Zone: w.Zone})
	}
	return out
}

// Nothing turns before the instant that Next gives, and whoever turns then, Moved names.
func TestPlan_sleepsUntilTimeTurnsSomebody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defer small(t)()
		w := segmenttest.Draw(t, 3)
		tb := newTables(w)
		text := w.RuleJSON(t)
		r, err := app.ParseRule([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		s := filled(t, tb)
		plan := planOf(t, s, tb, r)
		now := w.Now
		for range 12 {
			before := matches(w, r, now)
			next, ok := plan.Next(now)
			if !ok {
				next = now + 800*app.DayMillis
			}
			if next <= now {
				t.Fatalf("%s at %v: next is %v", text, now, next)
			}
			look := []app.Instant{next - 1, now + (next-now)/2}
			if !ok {
				look = append(look, now+app.DayMillis, now+30*app.DayMillis, now+366*app.DayMillis)
			}
			for _, at := range look {
				for row, holds := range matches(w, r, at) {
					if holds != before[row] {
						t.Fatalf("%s: customer %d turned at %v or before, but from %v next was %v", text, row, at, now, next)
					}
				}
			}
			if !ok {
				return
			}
			moved := map[int64]bool{}
			everybody := plan.Moved(now, next, func(row int64) { moved[row] = true })
			shape := s.Shape()
			s.Came(now, next)
			w.Now = next
			if s.Shape() != shape {
				plan = planOf(t, s, tb, r)
			}
			for row, holds := range matches(w, r, next) {
				if holds != before[row] && !moved[row] && !everybody {
					t.Fatalf("%s: customer %d turned at %v, but was not named (from %v)", text, row, next, now)
				}
			}
			check(t, s, w, plan, r, text)
			now = next
		}
	})
}
