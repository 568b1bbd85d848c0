package api

import (
	"context"
	"time"

	"kith/app"
	"kith/app/segment"
)

// names says what the ids in a rule stand for, as stored.
type names struct {
	ctx   context.Context
	store SegmentStore
}

// Segment returns a segment's title and rule.
func (n names) Segment(id string) (title string, rule *app.Rule, ok bool) {
	g, err := n.store.FindSegment(n.ctx, id)
	if err != nil {
		return "", nil, false
	}
	rule, err = app.ParseRule(g.Rule)
	return g.Title, rule, err == nil
}

// List returns a list's row and title.
func (n names) List(id string) (row int64, title string, ok bool) {
	l, err := n.store.FindList(n.ctx, id)
	if err != nil {
		return 0, "", false
	}
	return l.Row, l.Title, true
}

// Account returns the row of an account and its name.
func (n names) Account(uid string) (row int64, name string, ok bool) {
	row, err := n.store.Find(n.ctx, uid)
	if err != nil {
		return 0, "", false
	}
	c, err := n.store.Customer(n.ctx, row)
	if err != nil {
		return 0, "", false
	}
	return row, c.Name(), true
}

// Words returns a stored rule as one English sentence.
func (m *Membership) Words(ctx context.Context, raw []byte) (string, error) {
	rule, err := app.ParseRule(raw)
	if err != nil {
		return "", err
	}
	return m.WordsOf(ctx, rule)
}

// WordsOf is [Membership.Words] of a rule that was read.
func (m *Membership) WordsOf(ctx context.Context, rule *app.Rule) (string, error) {
	return segment.Words(rule, names{ctx, m.store}), nil
}

// Progress says how far the building of a segment is, 0 to 1.
func (m *Membership) Progress(g *app.Segment) float64 {
	if m.live == nil || g.Ready() {
		return 0
	}
	return m.live.Progress(g.Row)
}

// AwaitBuilt returns a segment as soon as its rule is built, or after a time as it is then.
func (m *Membership) AwaitBuilt(ctx context.Context, row int64, most time.Duration) (*app.Segment, error) {
	g, err := m.store.Segment(ctx, row)
	if err != nil || g.Ready() || m.live == nil {
		return g, err
	}
	waiting, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if !m.live.Await(waiting, row, g.Version) {
		return g, nil
	}
	return m.store.Segment(ctx, row)
}

// History returns each day from first to last, quiet ones included. The built-in segment
// has none: CodeNotFound.
func (m *Membership) History(ctx context.Context, g *app.Segment, first, last int64) ([]app.SegmentDay, error) {
	if g.ID == app.AllSegment {
		return nil, app.NotFound("The segment of all customers keeps no history.")
	}
	days, err := m.store.SegmentDays(ctx, g.Row, first)
	if err != nil {
		return nil, err
	}
	out := make([]app.SegmentDay, 0, last-first+1)
	var size int64
	for len(days) > 0 && days[0].Day < first {
		size, days = days[0].Size, days[1:]
	}
	for day := first; day <= last; day++ {
		d := app.SegmentDay{Day: day, Size: size}
		if len(days) > 0 && days[0].Day == day {
			d, days = days[0], days[1:]
		}
		size = d.Size
		out = append(out, d)
	}
	return out, nil
}

// Preview evaluates a rule that need not be saved. self is the id of the segment that it
// is to be the rule of, "" for a new one.
func (m *Membership) Preview(ctx context.Context, rule *app.Rule, self string, sample int) (app.Preview, error) {
	if err := m.store.CheckRule(ctx, rule, self); err != nil {
		return app.Preview{}, err
	}
	if m.live == nil {
		return app.Preview{}, app.Fail(app.CodeUnavailable, "Rules are not evaluated by this Kith.")
	}
	return m.live.Preview(ctx, rule, sample)
}

// Sample loads the customers of some rows, newest first. Some may be gone.
func (m *Membership) Sample(ctx context.Context, rows []int64) ([]app.Customer, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	customers, _, err := m.store.Customers(ctx, app.CustomerFilter{Rows: rows}, app.Page{Limit: len(rows)})
	return customers, err
}
