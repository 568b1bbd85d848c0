package storage

import (
	"database/sql"
	"encoding/json"
	"hash/fnv"

	"kith/app"
)

// stamp says how old a value is that a service wrote, by the service's own clock, and
// which value it was. Strong values were set, weak ones filled in.
type stamp struct {
	At     int64  `json:"t"`
	Strong bool   `json:"s,omitempty"`
	Key    string `json:"k,omitempty"` // decides between reports of one instant
	Value  uint32 `json:"v"`           // a hash: whether somebody else wrote since
}

// after reports whether a comes after b: reports of a service may arrive in any order,
// and the same ones must give the same values.
func (a stamp) after(b stamp) bool {
	if a.Strong != b.Strong {
		return a.Strong
	}
	if a.At != b.At {
		return a.At > b.At
	}
	return a.Key > b.Key
}

// stamps are those of one customer and service, by attribute; standard ones have a dot before.
type stamps struct {
	by    map[string]stamp
	moved bool
}

func (t *txn) stampsOf(customer int64, service string) (*stamps, error) {
	s := &stamps{by: map[string]stamp{}}
	if customer == 0 {
		return s, nil
	}
	var text []byte
	found, err := t.w.q.row(background, "service_value_find", args(customer, service), &text)
	if err != nil || !found {
		return s, err
	}
	return s, json.Unmarshal(text, &s.by)
}

func (s *stamps) encode() string {
	b, err := json.Marshal(s.by)
	if err != nil {
		panic(err) // a map of plain structs always encodes
	}
	return string(b)
}

// pick returns what of an observation is to be written to a customer, and moves the stamps.
func (s *stamps) pick(rec *record, c *app.Observe) app.Profile {
	var out app.Profile
	field := func(dst *app.Field, col int, f app.Field, strong bool) {
		if !f.Given || dst.Given || f.Value == nil && !strong {
			return
		}
		if s.takes("."+app.StandardAttributes[col], quoteText(rec.text[col]), quoteText(f.Value), c, strong) {
			*dst = f
		}
	}
	current := make(map[string][]byte, len(rec.attrs))
	for _, a := range rec.attrs {
		current[a.Name] = a.Value
	}
	taken := map[string]bool{}
	for i, p := range []*app.Profile{&c.Set, &c.Fill} {
		strong := i == 0
		field(&out.FirstName, colFirstName, p.FirstName, strong)
		field(&out.LastName, colLastName, p.LastName, strong)
		field(&out.Number, colNumber, p.Number, strong)
		field(&out.Email, colEmail, p.Email, strong)
		if p.CreatedAt != nil && rec.id == 0 {
			out.CreatedAt = p.CreatedAt
		}
		if p.IsAccount != nil {
			out.IsAccount = p.IsAccount
		}
		for _, a := range p.Attributes {
			if taken[a.Name] || a.Value == nil && !strong {
				continue
			}
			if s.takes(a.Name, current[a.Name], a.Value, c, strong) {
				taken[a.Name] = true
				out.Attributes = append(out.Attributes, a)
			}
		}
	}
	return out
}

// takes reports whether a value replaces the current one (nil: there is none).
func (s *stamps) takes(name string, current, value []byte, c *app.Observe, strong bool) bool {
	next := stamp{At: int64(c.At), Strong: strong, Key: hookKey(c.Key), Value: valueHash(value)}
	have, stamped := s.by[name]
	if stamped && !next.after(have) {
		return false
	}
	if !strong && current != nil && !(stamped && have.Value == valueHash(current)) {
		return false // what is there came from elsewhere, and this only fills gaps
	}
	s.by[name], s.moved = next, true
	return true
}

func valueHash(raw []byte) uint32 {
	if raw == nil {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write(raw)
	return h.Sum32()
}

// foldServices moves the services' ids of a, the ages of its values, and the bodies that
// it is in, to b.
func (t *txn) foldServices(a, b *record) error {
	theirs := map[string]*stamps{}
	err := t.w.q.each(background, "service_value_list", args(a.id), func(rows *sql.Rows) error {
		var service string
		var text []byte
		if err := rows.Scan(&service, &text); err != nil {
			return err
		}
		s := &stamps{by: map[string]stamp{}}
		theirs[service] = s
		return json.Unmarshal(text, &s.by)
	})
	if err != nil {
		return err
	}
	for service, from := range theirs {
		into, err := t.stampsOf(b.id, service)
		if err != nil {
			return err
		}
		for name, mark := range from.by {
			if have, ok := into.by[name]; !ok || mark.after(have) {
				into.by[name] = mark
			}
		}
		if _, err := t.w.q.exec("service_value_save", b.id, service, into.encode()); err != nil {
			return err
		}
	}
	for _, statement := range []string{"external_move", "delivery_customer_move"} {
		if _, err := t.w.q.exec(statement, b.id, a.id); err != nil {
			return err
		}
	}
	for _, statement := range []string{"service_value_clear", "delivery_customer_clear"} {
		if _, err := t.w.q.exec(statement, a.id); err != nil {
			return err
		}
	}
	return nil
}
