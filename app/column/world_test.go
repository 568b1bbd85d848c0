package column

import (
	"context"
	"slices"
	"strings"
	"testing"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

// tables are a world's as a [Reader] has them, with a feed.
type tables struct {
	w       *segmenttest.World
	feed    []app.Entry
	events  []app.Event // by row
	names   []string
	sources []string
}

func newTables(w *segmenttest.World) *tables {
	tb := &tables{w: w, names: segmenttest.Events, sources: segmenttest.Sources}
	for _, f := range w.Customers {
		tb.events = append(tb.events, f.Events...)
	}
	slices.SortFunc(tb.events, func(a, b app.Event) int { return int(a.Row - b.Row) })
	return tb
}

// rowOf is a name's row; rows begin with 1.
func rowOf(names []string, name string) int64 { return int64(slices.Index(names, name) + 1) }

func (tb *tables) facts(f *segment.Facts) *app.Facts {
	c := f.Customer
	out := &app.Facts{Row: c.Row, UID: c.UID, FirstName: c.FirstName, LastName: c.LastName, Number: c.Number, Email: c.Email,
		CreatedAt: c.CreatedAt, IsAccount: c.IsAccount, Archived: c.Archived(), Devices: c.Devices, Lists: c.Lists}
	for _, m := range c.Accounts {
		out.Accounts = append(out.Accounts, m.Row)
	}
	var members []string
	for _, a := range c.Attributes {
		members = append(members, string(app.Quote(a.Name))+":"+string(a.Value))
	}
	out.Attributes = []byte("{" + strings.Join(members, ",") + "}")
	return out
}

func (tb *tables) Facts(_ context.Context, rows []int64, _ bool, visit func(*app.Facts) error) error {
	for _, f := range tb.w.Customers {
		if slices.Contains(rows, f.Customer.Row) {
			if err := visit(tb.facts(f)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tb *tables) FactsAfter(_ context.Context, after int64, limit int, _ bool, visit func(*app.Facts) error) (int64, error) {
	n := 0
	for _, f := range tb.w.Customers {
		if f.Customer.Row <= after {
			continue
		}
		if err := visit(tb.facts(f)); err != nil {
			return 0, err
		}
		if n++; n == limit {
			return f.Customer.Row, nil
		}
	}
	return 0, nil
}

func (tb *tables) event(e *app.Event) *app.FactsEvent {
	return &app.FactsEvent{Row: e.Row, Customer: e.Customer, Name: rowOf(tb.names, e.Name), Source: rowOf(tb.sources, e.Source),
		At: e.At, Value: e.Value, Properties: e.Properties}
}

func (tb *tables) FactsEvents(_ context.Context, after, through, name int64, _ bool, visit func(*app.FactsEvent) error) error {
	for i := range tb.events {
		e := tb.event(&tb.events[i])
		if e.Row > after && e.Row <= through && (name == 0 || e.Name == name) {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tb *tables) FactsEventsOf(_ context.Context, customer, through int64, visit func(*app.FactsEvent) error) error {
	var mine []app.Event
	for _, e := range tb.events {
		if e.Customer == customer && e.Row <= through {
			mine = append(mine, e)
		}
	}
	slices.SortStableFunc(mine, func(a, b app.Event) int { return int(min(max(a.At-b.At, -1), 1)) })
	for i := range mine {
		if err := visit(tb.event(&mine[i])); err != nil {
			return err
		}
	}
	return nil
}

func byRow(names []string) map[int64]string {
	out := map[int64]string{}
	for i, name := range names {
		out[int64(i+1)] = name
	}
	return out
}

func (tb *tables) EventNameRows(context.Context) (map[int64]string, error) {
	return byRow(tb.names), nil
}

func (tb *tables) AttributeNameRows(context.Context) (map[int64]string, error) {
	return nil, nil // every change of an attribute is then looked at
}

func (tb *tables) SourceNameRows(context.Context) (map[int64]string, error) {
	return byRow(tb.sources), nil
}

func (tb *tables) FeedEnd(context.Context) (int64, int64, error) {
	last := int64(0)
	if n := len(tb.events); n > 0 {
		last = tb.events[n-1].Row
	}
	return int64(len(tb.feed)), last, nil
}

// fataler is what tests of both kinds are.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// filled is a store with what a start reads.
func filled(t fataler, tb *tables, attributes ...string) *Store {
	t.Helper()
	s := New(tb.w.Zone, "")
	now := func() app.Instant { return tb.w.Now }
	l, err := s.Begin(context.Background(), tb, attributes, nil, int64(len(tb.w.Customers)), now)
	if err == nil {
		err = l.Fill(context.Background(), tb)
	}
	if err == nil {
		err = l.Finish(context.Background(), tb)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t fataler, l *Loader, tb *tables) {
	t.Helper()
	for done := false; !done; {
		var err error
		if done, err = l.Step(context.Background(), tb); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Finish(context.Background(), tb); err != nil {
		t.Fatal(err)
	}
}

// planOf compiles a rule, loading what it needs.
func planOf(t fataler, s *Store, tb *tables, r *app.Rule) *Plan {
	t.Helper()
	for range 5 {
		plan, needs := s.Compile(r, names{tb.w, s})
		if plan != nil {
			return plan
		}
		load(t, s.Load(needs, func() app.Instant { return tb.w.Now }), tb)
	}
	_, needs := s.Compile(r, names{tb.w, s})
	t.Fatalf("still missing after five loads: %v", needs)
	return nil
}

// names resolves a world's ids.
type names struct {
	segment.Names
	s *Store
}

func (n names) Source(name string) int64 { return n.s.Source(name) }

// check holds a plan, for everybody and one by one, against Match.
func check(t *rapid.T, s *Store, w *segmenttest.World, plan *Plan, r *app.Rule, what string) {
	plan.Ready(w.Now)
	all := plan.all()
	for _, f := range w.Customers {
		segmenttest.Complete(f, w.Now)
		want := segment.Match(r, f, w, w.Moment())
		slot, ok := s.slot(f.Customer.Row)
		if !ok {
			t.Fatalf("%s: customer %d has no slot", what, f.Customer.Row)
		}
		if got := plan.one(slot); got != want {
			t.Fatalf("%s: customer %d alone: %v, want %v", what, f.Customer.Row, got, want)
		}
		if got := all.has(slot); got != want {
			t.Fatalf("%s: customer %d among all: %v, want %v", what, f.Customer.Row, got, want)
		}
	}
}

// small makes dictionaries change their form early, for a test.
func small(t *rapid.T) func() {
	was, codes := dictLimit, maxCodes
	dictLimit = rapid.SampledFrom([]int{1, 2, 4, 1 << 14}).Draw(t, "dictionary")
	maxCodes = dictLimit + rapid.SampledFrom([]int{2, 3, 40}).Draw(t, "codes")
	return func() { dictLimit, maxCodes = was, codes }
}

func TestPlan_holdsForWhomMatchDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defer small(t)()
		w := segmenttest.Draw(t, 4)
		tb := newTables(w)
		s := filled(t, tb)
		for range 3 {
			text := w.RuleJSON(t)
			r, err := app.ParseRule([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			check(t, s, w, planOf(t, s, tb, r), r, text)
		}
	})
}

// What was given up for want of memory comes back when it is asked for, and a live plan
// loses nothing.
func TestShrink_comesBackWhenAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defer small(t)()
		w := segmenttest.Draw(t, 4)
		tb := newTables(w)
		s := filled(t, tb, segmenttest.Attributes...)
		live, other := w.Rule(t), w.Rule(t)
		kept := planOf(t, s, tb, live)
		planOf(t, s, tb, other)
		before, after := s.Size(), s.Shrink(0, []*Plan{planOf(t, s, tb, live)})
		if after > before {
			t.Fatalf("%d bytes became %d", before, after)
		}
		if s.Shape() != 0 {
			kept = planOf(t, s, tb, live)
		}
		check(t, s, w, kept, live, "live")
		check(t, s, w, planOf(t, s, tb, other), other, "asked again")
	})
}

// Of 500 rules, a window concerns those that look at what it changed, and no others.
func TestTouched_concernsOnlyRulesThatLook(t *testing.T) {
	s := New(nil, "")
	tb := &tables{w: &segmenttest.World{}, names: []string{"Paid", "Other"}}
	var plans []*Plan
	for i := range 500 {
		text := `{"attribute":"plan","op":"is","value":"pro"}`
		switch {
		case i < 50:
			text = `{"all":[{"attribute":"plan","op":"is","value":"pro"},{"event":"Paid"}]}`
		case i < 100:
			text = `{"event":"Other"}`
		case i < 120:
			text = `{"list":"` + segmenttest.Lists[0] + `"}`
		}
		r, err := app.ParseRule([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, planOf(t, s, tb, r))
	}
	concerned := func(touched *Touched) (n int) {
		for _, p := range plans {
			some := false
			p.Touched(touched, func(list []Touch) { some = some || len(list) > 0 })
			if some {
				n++
			}
		}
		return n
	}
	one := []Touch{{Row: 1}}
	for name, c := range map[string]struct {
		touched Touched
		want    int
	}{
		"an event":     {Touched{Events: map[string][]Touch{"Paid": one}}, 50},
		"an attribute": {Touched{Attributes: map[string][]Touch{"plan": one}}, 430},
		"a list":       {Touched{Lists: map[int64][]Touch{1: one}}, 20},
		"nothing":      {Touched{Attributes: map[string][]Touch{"else": one}}, 0},
	} {
		if got := concerned(&c.touched); got != c.want {
			t.Errorf("%s concerns %d rules, want %d", name, got, c.want)
		}
	}
}
