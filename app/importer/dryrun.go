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
	status  app.SubscriptionStatus // of the list
	moved   [3]int64               // who stands on it otherwise and is moved, by where they stood
	stay    [3]int64               // and who is not
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
		again := false // the list has counted it
		if repeats {
			if v := h.virtual[key]; v != nil {
				c, again = v, true
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
			h.join(c, again)
		case c == nil:
			h.counts.Created++
			c = &app.Customer{}
			h.merge(c, r)
			h.join(c, again)
		default:
			if repeats { // what it finds is changed below
				copied := *c
				copied.Attributes = append([]app.Attribute(nil), c.Attributes...)
				copied.Lists = append([]app.Subscription(nil), c.Lists...)
				c = &copied
			}
			changed := h.merge(c, r)
			if h.join(c, again) || changed {
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

// join puts a customer on the list, and reports whether that changes anything. again: an
// earlier row of the file did so already.
func (h *rehearsal) join(c *app.Customer, again bool) bool {
	if h.list == "" {
		return false
	}
	for i := range c.Lists {
		if c.Lists[i].ID != h.list {
			continue
		}
		have := c.Lists[i].Status
		moves := h.status.Outranks(have)
		switch {
		case again || have == h.status:
		case moves:
			h.moved[have]++
		default:
			h.stay[have]++
		}
		if moves {
			c.Lists[i].Status = h.status
		}
		return moves
	}
	c.Lists = append(c.Lists, app.Subscription{ID: h.list, Status: h.status})
	return true
}

// noteList says what becomes of those who stand on the list otherwise than the file says.
func (h *rehearsal) noteList() {
	note := func(n int64, one, more string) {
		if n > 0 {
			h.plan.Notes = append(h.plan.Notes, many(n, one, more))
		}
	}
	note(h.stay[app.Unsubscribed], "customer has unsubscribed from the list and stays so, whatever the file says.", "customers have unsubscribed from the list and stay so, whatever the file says.")
	note(h.stay[app.Subscribed], "customer is subscribed to the list already and stays so.", "customers are subscribed to the list already and stay so.")
	if h.status == app.Unsubscribed {
		note(h.moved[app.Subscribed]+h.moved[app.Pending], "customer who is on the list is unsubscribed from it.", "customers who are on the list are unsubscribed from it.")
		return
	}
	note(h.moved[app.Pending], "customer who has not confirmed yet becomes a subscriber of the list.", "customers who have not confirmed yet become subscribers of the list.")
}
