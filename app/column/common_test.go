package column

import (
	"testing"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

// Whatever form a column has, its values are those of a walk over all customers.
func TestCommon_countsWhatAWalkCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defer small(t)()
		w := segmenttest.Draw(t, 8)
		tb := newTables(w)
		s := filled(t, tb, segmenttest.Attributes...)
		for _, name := range segmenttest.Attributes {
			got, ok := s.Common(name, 1000)
			if !ok {
				continue // it follows from others, or nobody asked for it
			}
			want, texts, numeric := map[string]int64{}, int64(0), int64(0)
			for _, f := range w.Customers {
				raw := segment.Member(tb.facts(f).Attributes, name)
				if len(raw) == 0 || raw[0] == 'n' {
					continue
				}
				want[string(raw)]++
				if raw[0] == '"' {
					texts++
					if text, _ := app.Text(raw); app.LooksNumeric(text) {
						numeric++
					}
				}
			}
			if isStandard(name) {
				continue
			}
			if g, ok := s.Glance(name, 1000); ok && (g.Numeric != numeric || g.Distinct != got.Distinct || len(g.Top) != len(got.Top)) {
				t.Fatalf("%s: at a glance %d values, %d numbers as text; want %d, %d", name, g.Distinct, g.Numeric, got.Distinct, numeric)
			}
			if got.Distinct > 0 {
				for _, v := range got.Top {
					if want[string(v.Value)] != v.Count {
						t.Fatalf("%s: %s is counted %d times, want %d", name, v.Value, v.Count, want[string(v.Value)])
					}
				}
				if got.Distinct != len(want) || got.Texts != texts || got.Numeric != numeric {
					t.Fatalf("%s: %d values, %d texts, %d of them numbers; want %d, %d, %d", name, got.Distinct, got.Texts, got.Numeric, len(want), texts, numeric)
				}
			}
		}
	})
}
