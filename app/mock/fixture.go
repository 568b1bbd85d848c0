package mock

import (
	"context"
	"fmt"
	"slices"

	"kith/app"
	"kith/app/ingest"
)

// loaded says what a fixture became.
type loaded struct {
	Customers int               `json:"customers"`
	Events    int               `json:"events"`
	Lists     map[string]string `json:"lists"`    // ids by title
	Segments  map[string]string `json:"segments"` // ids by title
}

// part is one element of a fixture with its place, for errors.
type part struct {
	at     string
	change app.Change
}

// fixture is a file of customers, events, lists and segments, read.
type fixture struct{ lists, people, events, segments []part }

// load reads a fixture, all of it before anything is written, and answers when segments
// have followed. Elements are in the shapes of the API; beside them a customer's lists may
// be titles, and an event may say how long ago it was ("ago":"3d").
func (m *Mock) load(ctx context.Context, body []byte) (any, error) {
	f, err := m.read(body)
	if err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.ws == nil {
		return nil, m.broken
	}
	out := &loaded{Customers: len(f.people), Events: len(f.events), Lists: map[string]string{}, Segments: map[string]string{}}
	results, err := m.apply(ctx, f.lists)
	if err != nil {
		return nil, err
	}
	for _, res := range results {
		l, err := m.ws.Store.List(ctx, res.List)
		if err != nil {
			return nil, err
		}
		out.Lists[l.Title] = l.ID
	}
	if err := m.nameLists(ctx, f.people); err != nil {
		return nil, err
	}
	if _, err := m.apply(ctx, slices.Concat(f.people, f.events)); err != nil {
		return nil, err
	}
	if results, err = m.apply(ctx, f.segments); err != nil {
		return nil, err
	}
	for _, res := range results {
		s, err := m.ws.Store.Segment(ctx, res.Segment)
		if err != nil {
			return nil, err
		}
		out.Segments[s.Title] = s.ID
	}
	return out, m.drainLocked(ctx)
}

// read turns a fixture into Changes.
func (m *Mock) read(body []byte) (*fixture, error) {
	top, err := ingest.Object(body)
	if err != nil {
		return nil, err
	}
	now := app.InstantOf(m.clock.Load().Now())
	c := ingest.Context{Now: now, Zone: m.o.Zone, Trusted: true, Source: "fixture"}
	f := &fixture{}
	for _, t := range top {
		var to *[]part
		var read func(raw []byte) (app.Change, error)
		switch t.Name {
		case "lists":
			to, read = &f.lists, func(raw []byte) (app.Change, error) { return ingest.List("", raw) }
		case "customers":
			to, read = &f.people, func(raw []byte) (app.Change, error) { return ingest.Create(raw, c) }
		case "events":
			to, read = &f.events, func(raw []byte) (app.Change, error) { return m.event(raw, c) }
		case "segments":
			to, read = &f.segments, func(raw []byte) (app.Change, error) { return ingest.Segment("", raw) }
		default:
			return nil, app.Invalid(t.Name, "is none of lists, customers, events, segments")
		}
		if app.JSONKind(t.Value) != app.ListKind {
			return nil, app.Invalid(t.Name, "must be a list")
		}
		items, err := app.Elements(t.Value, nil)
		if err != nil {
			return nil, app.Invalid(t.Name, "%v", err)
		}
		for i, raw := range items {
			at := fmt.Sprintf("%s[%d]", t.Name, i)
			if app.JSONKind(raw) != app.ObjectKind {
				return nil, app.Invalid(at, "must be an object")
			}
			change, err := read(raw)
			if err != nil {
				return nil, app.Invalid(at, "%s", app.Public(err).Sentence())
			}
			*to = append(*to, part{at, change})
		}
	}
	return f, nil
}

// event reads an event of a fixture.
func (m *Mock) event(raw []byte, c ingest.Context) (app.Change, error) {
	members, err := app.Members(raw, nil)
	if err != nil {
		return nil, app.Invalid("", "%v", err)
	}
	uid, rest := "", []byte{'{'}
	for _, member := range members {
		switch member.Name {
		case "ago":
			text, _ := app.Text(member.Value)
			d, err := app.ParseDuration(text)
			if err != nil {
				return nil, app.Invalid("ago", "%v", err)
			}
			c.Now = d.Before(c.Now, m.o.Zone)
			continue
		case "uid", "id":
			text, ok := app.Text(member.Value)
			if !ok {
				text = string(member.Value) // a number
			}
			uid = text
			continue
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(append(append(rest, app.Quote(member.Name)...), ':'), member.Value...)
	}
	return ingest.Event(uid, append(rest, '}'), c)
}

// nameLists puts ids in the place of titles.
func (m *Mock) nameLists(ctx context.Context, people []part) error {
	ids := map[string]string{}
	lists, _, err := m.ws.Store.Lists(ctx, app.Page{Limit: 10_000})
	if err != nil {
		return err
	}
	for _, l := range lists {
		ids[l.Title] = l.ID
	}
	for _, p := range people {
		profile := p.change.(*app.SetProfile)
		for i, name := range profile.Lists {
			if id := ids[name]; id != "" {
				profile.Lists[i] = id
			}
		}
	}
	return nil
}

// apply writes the Changes of parts and stops at the first that is refused.
func (m *Mock) apply(ctx context.Context, parts []part) ([]app.Result, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	changes := make([]app.Change, len(parts))
	for i, p := range parts {
		changes[i] = p.change
	}
	results, err := m.ws.Store.Apply(ctx, app.Batch{Changes: changes})
	if err != nil {
		return nil, err
	}
	for i, res := range results {
		if res.Err != nil {
			return nil, app.Invalid(parts[i].at, "%s The rest of the fixture may be there; POST /mock/reset begins anew.", app.Public(res.Err).Sentence())
		}
	}
	return results, nil
}
