package column

import (
	"testing"

	"kith/app"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

// Whatever came with the load, came since or is gone: counts are those of a walk over all.
func TestActive_countsWhatAWalkCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := segmenttest.Draw(t, 6)
		tb := newTables(w)
		events := tb.events
		tb.events = events[:rapid.IntRange(0, len(events)).Draw(t, "loaded")]
		s := filled(t, tb)
		gone := map[int64]bool{}
		for _, e := range events[len(tb.events):] {
			if slot, ok := s.slot(e.Customer); ok {
				s.addEvent(slot, tb.event(&e), w.Now, app.Cause{}, nil)
			}
			if rapid.IntRange(0, 9).Draw(t, "sort in") == 0 {
				s.series[e.Name].organise()
			}
		}
		for _, f := range w.Customers {
			if rapid.IntRange(0, 3).Draw(t, "gone") == 0 {
				gone[f.Customer.Row] = true
				slot, _ := s.slot(f.Customer.Row)
				for _, x := range s.series {
					x.forget(slot)
				}
			}
		}
		froms := []app.Instant{w.Now - app.DayMillis, w.Now - 30*app.DayMillis, w.Now - 400*app.DayMillis, w.Now + 1}
		want, hours, first := make([]int64, len(froms)), map[string]int64{}, w.Now-100*app.DayMillis
		for _, f := range w.Customers {
			var in [8]bool
			for _, e := range f.Events {
				if gone[f.Customer.Row] {
					continue
				}
				for i, from := range froms {
					in[i] = in[i] || e.At >= from && e.At <= w.Now
				}
				if e.At >= first && e.At < first+2400*3_600_000 {
					hours[e.Name]++
				}
			}
			for i := range froms {
				if in[i] && !f.Customer.Archived() {
					want[i]++
				}
			}
		}
		for i, n := range s.Active(froms, w.Now) {
			if n != want[i] {
				t.Fatalf("%d are active since %v, want %d", n, froms[i], want[i])
			}
		}
		got := s.Hours(first, 2400)
		for name, counts := range got {
			n := int64(0)
			for _, c := range counts {
				n += c
			}
			if n != hours[name] {
				t.Fatalf("%s has %d events, want %d", name, n, hours[name])
			}
			delete(hours, name)
		}
		if len(hours) > 0 {
			t.Fatalf("not counted: %v", hours)
		}
	})
}

// BenchmarkActive is what the first page asks of the columns.
func BenchmarkActive(b *testing.B) {
	s, c := fillCrowd(b)
	b.Run("customers", func(b *testing.B) {
		for b.Loop() {
			s.Active([]app.Instant{c.now - app.DayMillis, c.now - 7*app.DayMillis, c.now - 30*app.DayMillis}, c.now)
		}
	})
	b.Run("hours", func(b *testing.B) {
		for b.Loop() {
			s.Hours(c.now-2*app.DayMillis, 48)
		}
	})
}
