package importer

import (
	"context"

	"kith/app"
)

// rehearsal counts what rows would do, without doing it. Rows about a customer that the
// file has more than once are held against what the rows before would have made of it.
type rehearsal struct {
	store   Store
	plan    *Plan
	mode    app.Mode
	names   []string
	list    string
	twice   map[uint64]struct{}
	virtual map[uint64]*app.Customer
	counts  app.ImportCounts
	refused []app.ImportRow
	claimed map[int64]bool
}

func (h *rehearsal) batch(ctx context.Context, rows []app.ImportRow) error {
	found, claims, err := h.store.MatchImport(ctx, rows, h.list != "")
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		h.counts.Done++
		if r.Refused != "" {
			h.counts.Failed++
			h.refused = append(h.refused, *r)
			continue
		}
		c := found[i]
		key := h.key(r)
		_, repeats := h.twice[key]
		if repeats {
			if v := h.virtual[key]; v != nil {
				c = v
			}
		}
		switch claimed := h.claim(claims[i], c); {
		case h.mode != app.Upsert && (c == nil) == (h.mode == app.UpdateOnly): // it asks for nothing that there is
			h.counts.Skipped++
			c = nil
		case claimed != nil: // a customer without an id gets this one
			h.counts.Updated++
			c = claimed
			h.merge(c, r)
		case c == nil:
			h.counts.Created++
			c = &app.Customer{}
			h.merge(c, r)
		default:
			if repeats { // what it finds is changed below
				copied := *c
				copied.Attributes = append([]app.Attribute(nil), c.Attributes...)
				c = &copied
			}
			if h.merge(c, r) {
				h.counts.Updated++
			} else {
				h.counts.Unchanged++
			}
		}
		if repeats && c != nil {
			h.virtual[key] = c
		}
	}
	return nil
}

// claim is what becomes of the one customer without an id who has a row's e-mail or
// number: folded into the customer that is there, whose own values win, or that one
// itself. It returns nil unless there is exactly one that no row before has claimed.
func (h *rehearsal) claim(candidates []*app.Customer, into *app.Customer) *app.Customer {
	if h.mode == app.CreateOnly && into != nil || h.mode == app.UpdateOnly && into == nil {
		return nil
	}
	var one *app.Customer
	for _, c := range candidates {
		if h.claimed[c.Row] {
			continue
		}
		if one != nil {
			return nil
		}
		one = c
	}
	if one == nil {
		return nil
	}
	h.claimed[one.Row] = true
	out := *one
	out.Attributes = append([]app.Attribute(nil), one.Attributes...)
	if into == nil {
		return &out
	}
	for _, s := range []struct{ to, from **string }{{&out.FirstName, &into.FirstName}, {&out.LastName, &into.LastName}, {&out.Number, &into.Number}, {&out.Email, &into.Email}} {
		if *s.from != nil {
			*s.to = *s.from
		}
	}
	out.CreatedAt = into.CreatedAt
	for _, a := range into.Attributes {
		h.set(&out, a.Name, a.Value)
	}
	return &out
}

func (h *rehearsal) key(r *app.ImportRow) uint64 {
	switch h.plan.Match.Value {
	case toUID:
		return keyHash([]byte(r.UID), toUID)
	case "email":
		if r.Profile.Email.Value != nil {
			return keyHash([]byte(*r.Profile.Email.Value), "email")
		}
	case "number":
		if r.Profile.Number.Value != nil {
			return keyHash([]byte(*r.Profile.Number.Value), "number")
		}
	}
	return 0
}

// merge writes a row into a customer and reports whether that changes it.
func (h *rehearsal) merge(c *app.Customer, r *app.ImportRow) bool {
	changed := false
	p := &r.Profile
	for _, s := range []struct {
		into  **string
		field app.Field
	}{{&c.FirstName, p.FirstName}, {&c.LastName, p.LastName}, {&c.Number, p.Number}, {&c.Email, p.Email}} {
		if !s.field.Given {
			continue
		}
		have := *s.into
		if have == nil != (s.field.Value == nil) || have != nil && *have != *s.field.Value {
			*s.into, changed = s.field.Value, true
		}
	}
	if p.CreatedAt != nil && *p.CreatedAt != c.CreatedAt {
		c.CreatedAt, changed = *p.CreatedAt, true
	}
	for i, v := range r.Values {
		if v != nil && h.set(c, h.names[i], v) {
			changed = true
		}
	}
	if h.list != "" && h.joins(c) {
		changed = true
	}
	return changed
}

func (h *rehearsal) set(c *app.Customer, name string, v []byte) bool {
	for i := range c.Attributes {
		if c.Attributes[i].Name != name {
			continue
		}
		if string(c.Attributes[i].Value) == string(v) {
			return false
		}
		if len(v) == 0 {
			c.Attributes = append(c.Attributes[:i], c.Attributes[i+1:]...)
			return true
		}
		c.Attributes[i].Value = v
		return true
	}
	if len(v) == 0 {
		return false
	}
	c.Attributes = append(c.Attributes, app.Attribute{Name: name, Value: v})
	return true
}

// joins puts a customer on the list, and reports whether it was not on it.
func (h *rehearsal) joins(c *app.Customer) bool {
	for i := range c.Lists {
		if c.Lists[i].ID == h.list {
			if c.Lists[i].Status != app.Pending {
				return false
			}
			c.Lists[i].Status = app.Subscribed
			return true
		}
	}
	c.Lists = append(c.Lists, app.Subscription{ID: h.list, Status: app.Subscribed})
	return true
}
