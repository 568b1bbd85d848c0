package column

import (
	"testing"
	"time"

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

// A property's dates turn a test of them also when they lie in their packed form.
func TestPlan_aPropertysPackedDatesMove(t *testing.T) {
	was := dictLimit
	dictLimit = 1
	defer func() { dictLimit = was }()
	w := &segmenttest.World{Now: segmenttest.Instant("2026-03-01T12:00:00Z"), Zone: time.UTC}
	for row := range int64(4) {
		at := w.Now - app.Instant(20+row)*app.DayMillis
		w.Customers = append(w.Customers, &segment.Facts{Customer: &app.Customer{Row: row + 1}, Events: []app.Event{{Row: row + 1, Customer: row + 1,
			Name: segmenttest.Events[0], Source: "api", At: w.Now - 1, Properties: []byte(`{"at":"` + at.String() + `"}`)}}})
	}
	tb := newTables(w)
	s := filled(t, tb)
	r, err := app.ParseRule([]byte(`{"event":"` + segmenttest.Events[0] + `","where":[{"property":"at","op":"within_last","value":"30d"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	plan := planOf(t, s, tb, r)
	if form := s.series[segmenttest.Events[0]].props["at"].form; form != dateForm {
		t.Fatalf("the column is of form %d", form)
	}
	// The oldest is 23 days old now; before its morning, midnights alone are looked at.
	morning, leaves := w.Now+7*app.DayMillis-4*3_600_000, w.Now+7*app.DayMillis
	if next, ok := plan.Next(morning); !ok || next != leaves {
		t.Errorf("next is %v %v, want %v", next, ok, leaves)
	}
	moved := map[int64]bool{}
	if plan.Moved(morning, leaves, func(row int64) { moved[row] = true }) || len(moved) != 1 || !moved[4] {
		t.Errorf("%v were named, want the oldest alone", moved)
	}
}
