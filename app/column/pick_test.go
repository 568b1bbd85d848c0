package column

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

// A page of a choice is what sorting everybody would give, whatever form the columns have.
func TestPick_isSortedAsTheTablesAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defer small(t)()
		w := segmenttest.Draw(t, 12)
		tb := newTables(w)
		s := filled(t, tb, segmenttest.Attributes...)
		names := []string{"usage", "plan", "joined", "note", "first_name", "tags"}
		c := app.Choice{Rule: &app.Rule{Group: app.All}, Desc: rapid.Bool().Draw(t, "down"),
			Sort:   rapid.SliceOfN(rapid.SampledFrom(names), 0, 2).Draw(t, "sort"),
			Offset: rapid.IntRange(0, 5).Draw(t, "offset"), Limit: rapid.IntRange(0, 6).Draw(t, "limit")}
		switch rapid.IntRange(0, 3).Draw(t, "whom") {
		case 1:
			c.Archived = new(bool)
		case 2:
			yes := true
			c.Archived = &yes
		case 3:
			c.Live = true
		}
		if needs := s.Lacks(c.Sort); len(needs) > 0 {
			load(t, s.Load(needs, func() app.Instant { return w.Now }), tb)
		}
		plan := planOf(t, s, tb, c.Rule)
		plan.Ready(w.Now)
		got := plan.Pick(c)

		var want []*app.Customer
		for _, f := range w.Customers {
			archived := f.Customer.Archived()
			if c.Live && archived || c.Archived != nil && *c.Archived != archived {
				continue
			}
			want = append(want, f.Customer)
		}
		slices.SortFunc(want, func(a, b *app.Customer) int {
			for _, name := range c.Sort {
				x, y := keyOf(segment.Attribute(a, name)), keyOf(segment.Attribute(b, name))
				if x.class == missing || y.class == missing {
					if x.class != y.class {
						return cmp.Compare(x.class, y.class)
					}
					continue
				}
				if order := x.compare(y); order != 0 {
					if c.Desc {
						return -order
					}
					return order
				}
			}
			return cmp.Compare(b.Row, a.Row)
		})
		if got.Total != int64(len(want)) {
			t.Fatalf("the total is %d, want %d", got.Total, len(want))
		}
		from := min(c.Offset, len(want))
		want = want[from:min(from+c.Limit, len(want))]
		var rows []int64
		for _, c := range want {
			rows = append(rows, c.Row)
		}
		if !slices.Equal(got.Rows, rows) {
			for _, f := range w.Customers {
				slot, _ := s.slot(f.Customer.Row)
				for _, name := range c.Sort {
					t.Logf("customer %d has %s %s, key %+v in form %d", f.Customer.Row, name, segment.Attribute(f.Customer, name), s.attrs[name].sortKey(slot, s.attrs[name].numbers.flat(), s.attrs[name].dates.flat()), s.attrs[name].form)
				}
			}
			t.Fatalf("%+v: got %v, want %v", c, got.Rows, rows)
		}
	})
}

func BenchmarkPick(b *testing.B) {
	c := newCrowd()
	s := New(nil, "")
	now := func() app.Instant { return c.now }
	l, err := s.Begin(context.Background(), c, []string{"plan", "usage", "joined", "address", "created_at"}, nil, c.customers, now)
	if err == nil {
		err = l.Fill(context.Background(), c)
	}
	if err == nil {
		err = l.Finish(context.Background(), c)
	}
	if err != nil {
		b.Fatal(err)
	}
	plan, _ := s.Compile(&app.Rule{Group: app.All}, nil)
	plan.Ready(c.now)
	for _, name := range []string{"plan", "usage", "joined", "address", "created_at"} {
		for where, offset := range map[string]int{"first": 0, "middle": int(c.customers / 2)} {
			b.Run(name+"/"+where, func(b *testing.B) {
				for b.Loop() {
					plan.Pick(app.Choice{Sort: []string{name}, Desc: true, Offset: offset, Limit: 50})
				}
			})
		}
	}
}
