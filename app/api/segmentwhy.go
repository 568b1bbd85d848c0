package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"

	"kith/app"
	"kith/app/ingest"
	"kith/app/segment"
)

// explain answers why a customer is in a segment, or is not: its rule's tree with, at each
// node, whether it holds, what decided it, and when time alone will turn it.
func (a *API) explain(c *call, g *app.Segment) ([]byte, error) {
	uid, err := ingest.UID("uid", c.Query("uid"))
	if err != nil {
		return nil, err
	}
	row, err := a.store.Find(c.Request.Context(), uid)
	if err != nil {
		return nil, err
	}
	e, err := a.membership.Explain(c.Request.Context(), g, row, segment.Moment{Now: app.InstantOf(a.o.Clock.Now()), Zone: a.o.Zone})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // values go out as they came in
	err = enc.Encode(e)
	return bytes.TrimSpace(b.Bytes()), err
}

// Explain says why a customer is in a segment at a moment, or is not, read from what is
// stored: it may be ahead of the membership by what was written within the last instants.
func (m *Membership) Explain(ctx context.Context, g *app.Segment, customer int64, at segment.Moment) (*segment.Explanation, error) {
	rule, err := app.ParseRule(g.Rule)
	if err != nil {
		return nil, err
	}
	named := names{ctx, m.store}
	facts, err := m.facts(ctx, rule, named, customer)
	if err != nil {
		return nil, err
	}
	return segment.Explain(rule, facts, named, at), nil
}

// facts reads what a rule looks at of one customer.
func (m *Membership) facts(ctx context.Context, rule *app.Rule, named names, customer int64) (*segment.Facts, error) {
	f := &segment.Facts{}
	var err error
	if f.Customer, err = m.store.Customer(ctx, customer); err != nil {
		return nil, err
	}
	whole, err := segment.Inline(rule, named, "")
	if err != nil {
		return nil, err
	}
	var events []string
	interactions := false
	add := func(name string) {
		if name == app.AnyEvent {
			name = "" // the filter's word for all of them
		}
		if !slices.Contains(events, name) {
			events = append(events, name)
		}
	}
	whole.Conditions(func(_ string, c app.Condition) {
		switch c := c.(type) {
		case *app.AttributeCondition:
			interactions = interactions || c.Attribute == "last_interaction"
		case *app.EventCondition:
			add(c.Event)
		case *app.SequenceCondition:
			for i := range c.Steps {
				add(c.Steps[i].Event)
			}
		}
	})
	if interactions {
		add(app.AnyEvent)
	}
	if slices.Contains(events, "") {
		events = []string{""}
	}
	for _, name := range events {
		part, _, err := m.store.Events(ctx, customer, app.EventFilter{Name: name}, app.Newest, false, math.MaxInt32)
		if err != nil {
			return nil, err
		}
		f.Events = append(f.Events, part...)
	}
	slices.SortFunc(f.Events, func(a, b app.Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Row, b.Row))
	})
	if interactions {
		for i := range f.Events {
			f.Interactions = append(f.Interactions, f.Events[i].At)
		}
	}
	return f, nil
}
