package api

import (
	"context"
	"slices"
	"sync"

	"kith/app"
)

// Segments is what is known of segments in memory: who is in them now, and who a rule
// would hold for.
type Segments interface {
	// Of returns the rows of the segments that a customer is in, ascending.
	Of(customer int64) []int64
	// Members returns up to page.Limit rows of a segment's members, by row downwards from
	// page.After, or upwards from page.Before.
	Members(segment int64, page app.Page) []int64
	// Set returns the rows of all members of a segment; nobody may change it.
	Set(segment int64) app.Rows
	// Preview evaluates a rule for everybody. While what it looks at is still being read it
	// waits up to ctx's deadline, and then answers Loading.
	Preview(ctx context.Context, r *app.Rule, sample int) (app.Preview, error)
	// Choose answers who fits a choice. While what it looks at is still being read it waits up
	// to ctx's deadline, and then answers Loading.
	Choose(ctx context.Context, c app.Choice) (app.Chosen, error)
	// Await waits until a segment's membership is that of a version of its rule, or ctx ends,
	// and reports whether it is.
	Await(ctx context.Context, segment, version int64) bool
	// Progress says how far the building of a segment is, 0 to 1.
	Progress(segment int64) float64
}

// maxWindow bounds how many customers are loaded at once when a filter holds few of them.
const maxWindow = 2_000

// SegmentStore is the part of [Store] that segments need.
type SegmentStore interface {
	CustomerLister
	Segment(ctx context.Context, row int64) (*app.Segment, error)
	FindSegment(ctx context.Context, id string) (*app.Segment, error)
	Segments(ctx context.Context) ([]app.Segment, error)
	SegmentDays(ctx context.Context, segment, from int64) ([]app.SegmentDay, error)
	CheckRule(ctx context.Context, rule *app.Rule, self string) error
	FindList(ctx context.Context, id string) (*app.List, error)
	Find(ctx context.Context, uid string) (int64, error)
	Customer(ctx context.Context, row int64) (*app.Customer, error)
	Totals(ctx context.Context) (app.Totals, error)
	Events(ctx context.Context, customer int64, f app.EventFilter, from app.Place, back bool, limit int) ([]app.Event, bool, error)
}

// Membership answers who is in which segment, for the API and for the dashboard. It
// joins what is stored of segments with what is known of them in memory.
type Membership struct {
	store SegmentStore
	live  Segments
	ids   sync.Map // of segments, by row: an id never changes
}

// NewMembership returns a Membership. Without live nobody is in any segment but All.
func NewMembership(store SegmentStore, live Segments) *Membership {
	return &Membership{store: store, live: live}
}

// Of returns the ids of the segments that a customer is in, oldest first. The built-in
// one is left out: it says nothing about anybody.
func (m *Membership) Of(ctx context.Context, customer int64) []string {
	if m.live == nil {
		return nil
	}
	var out []string
	for _, row := range m.live.Of(customer) {
		if id := m.id(ctx, row); id != "" {
			out = append(out, id)
		}
	}
	return out
}

func (m *Membership) id(ctx context.Context, row int64) string {
	if id, ok := m.ids.Load(row); ok {
		return id.(string)
	}
	g, err := m.store.Segment(ctx, row)
	if err != nil { // deleted a moment ago, or not readable: the customer is read all the same
		return ""
	}
	m.ids.Store(row, g.ID)
	return g.ID
}

// Find returns a segment by its id, the built-in one too. It returns CodeNotFound if
// there is none.
func (m *Membership) Find(ctx context.Context, id string) (*app.Segment, error) {
	if id == app.AllSegment {
		return m.All(ctx)
	}
	return m.store.FindSegment(ctx, id)
}

// All returns the built-in segment of every customer that is not archived. Its Row is 0.
func (m *Membership) All(ctx context.Context) (*app.Segment, error) {
	t, err := m.store.Totals(ctx)
	if err != nil {
		return nil, err
	}
	about := "Every customer that is not archived."
	return &app.Segment{ID: app.AllSegment, Title: "All", Description: &about, Rule: []byte(`{"all":[]}`), Version: 1, Built: 1, Count: t.Customers - t.Archived}, nil
}

// has reports whether a customer is in a segment.
func (m *Membership) has(g *app.Segment, customer int64) bool {
	if m.live == nil {
		return false
	}
	in := m.live.Members(g.Row, app.Page{Limit: 1, After: customer + 1})
	return len(in) > 0 && in[0] == customer
}

// Test returns what tells whether a customer is in a segment, for asking it of many.
func (m *Membership) Test(ctx context.Context, g *app.Segment) (func(customer int64) bool, error) {
	if g.ID != app.AllSegment {
		return func(customer int64) bool { return m.has(g, customer) }, nil
	}
	yes, archived := true, map[int64]bool{}
	for p := (app.Page{Limit: maxWindow}); ; {
		customers, more, err := m.store.Customers(ctx, app.CustomerFilter{Archived: &yes}, p)
		if err != nil {
			return nil, err
		}
		for i := range customers {
			archived[customers[i].Row] = true
			p.After = customers[i].Row
		}
		if !more {
			return func(customer int64) bool { return !archived[customer] }, nil
		}
	}
}

// members is Members, of nobody when there is no memory.
func (m *Membership) members(g *app.Segment, p app.Page) []int64 {
	if m.live == nil {
		return nil
	}
	return m.live.Members(g.Row, p)
}

// Narrow returns the members of a segment for a search to look among, nil of none; of the
// built-in one it makes f ask for those that are not archived.
func (m *Membership) Narrow(g *app.Segment, f *app.CustomerFilter) app.Rows {
	switch {
	case g == nil:
		return nil
	case g.ID == app.AllSegment && (f.Archived == nil || !*f.Archived):
		no := false
		f.Archived = &no
		return nil
	case g.ID == app.AllSegment || m.live == nil:
		return app.Rows{} // nobody
	}
	return m.live.Set(g.Row)
}

// unarchived lists the customers of the built-in segment.
type unarchived struct{ CustomerLister }

// Customers is that of the store without the archived.
func (u unarchived) Customers(ctx context.Context, f app.CustomerFilter, p app.Page) ([]app.Customer, bool, error) {
	if f.Archived != nil && *f.Archived {
		return nil, false, nil
	}
	no := false
	f.Archived = &no
	return u.CustomerLister.Customers(ctx, f, p)
}

// Customers returns a page of the members of a segment that f holds, as the store's
// Customers does of all.
func (m *Membership) Customers(ctx context.Context, g *app.Segment, f app.CustomerFilter, p app.Page) (_ []app.Customer, more bool, err error) {
	switch {
	case g.ID == app.AllSegment:
		return unarchived{m.store}.Customers(ctx, f, p)
	case f.Archived != nil && *f.Archived: // those are in no segment
		return nil, false, nil
	}
	few, err := m.fewerThan(ctx, f, g.Count)
	if err != nil {
		return nil, false, err
	}
	if few {
		return m.walk(p, func(p app.Page) ([]app.Customer, int64, bool, error) {
			customers, more, err := m.store.Customers(ctx, f, p)
			last := edge(customers, p)
			customers = slices.DeleteFunc(customers, func(c app.Customer) bool { return !m.has(g, c.Row) })
			return customers, last, more, err
		})
	}
	return m.walk(p, func(p app.Page) ([]app.Customer, int64, bool, error) {
		step := p
		step.Limit++
		rows := m.members(g, step)
		more := len(rows) > p.Limit
		if more {
			rows = rows[:p.Limit]
		}
		if len(rows) == 0 {
			return nil, 0, false, nil
		}
		last := rows[len(rows)-1]
		f := f
		f.Rows = rows
		customers, _, err := m.store.Customers(ctx, f, app.Page{Limit: len(rows)})
		return customers, last, more, err
	})
}

// fewerThan reports whether a filter by itself holds few customers, compared with n
// members: then those are looked at, and not the members.
func (m *Membership) fewerThan(ctx context.Context, f app.CustomerFilter, n int64) (bool, error) {
	if f.Email != "" || f.Number != "" || f.MemberOf != 0 || f.Prefix != "" {
		return true, nil
	}
	if f.IsAccount != nil && *f.IsAccount {
		t, err := m.store.Totals(ctx)
		return t.Accounts < n, err
	}
	if len(f.Lists) == 0 {
		return false, nil
	}
	var on int64
	for _, id := range f.Lists {
		l, err := m.store.FindList(ctx, id)
		if app.CodeOf(err) == app.CodeNotFound && err != nil {
			continue
		}
		if err != nil {
			return false, err
		}
		on += l.Pending + l.Subscribed + l.Unsubscribed
	}
	return on < n, nil
}

// edge is the row at which the next step of a walk goes on.
func edge(customers []app.Customer, p app.Page) int64 {
	switch {
	case len(customers) == 0:
		return 0
	case p.Before != 0: // a page before another comes newest first too
		return customers[0].Row
	}
	return customers[len(customers)-1].Row
}

// walk asks step for pages, from p's cursor on and each larger than the one before, until
// p is full and one more is known. step returns the customers that count, the row that it
// came to, and whether there are more.
func (m *Membership) walk(p app.Page, step func(app.Page) ([]app.Customer, int64, bool, error)) (out []app.Customer, more bool, err error) {
	at := app.Page{Limit: p.Limit + 1, After: p.After, Before: p.Before}
	for {
		part, last, more, err := step(at)
		if err != nil {
			return nil, false, err
		}
		if p.Before != 0 {
			slices.Reverse(part) // upwards, until the end
		}
		out = append(out, part...)
		if len(out) > p.Limit || !more || last == 0 {
			break
		}
		if p.Before != 0 {
			at.Before = last
		} else {
			at.After = last
		}
		at.Limit = min(4*at.Limit, maxWindow)
	}
	if more = len(out) > p.Limit; more {
		out = out[:p.Limit]
	}
	if p.Before != 0 {
		slices.Reverse(out)
	}
	return out, more, nil
}

// Each calls f for every member, newest first, in steps.
func (m *Membership) Each(ctx context.Context, g *app.Segment, f func(*app.Customer) error) error {
	p := app.Page{Limit: 500}
	for {
		customers, more, err := m.Customers(ctx, g, app.CustomerFilter{}, p)
		if err != nil {
			return err
		}
		for i := range customers {
			if err := f(&customers[i]); err != nil {
				return err
			}
			p.After = customers[i].Row
		}
		if !more {
			return nil
		}
	}
}
