package integration

import (
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strconv"
	"strings"
	"unicode/utf8"

	"kith/app"
)

// value is a part of a checked JSON body; nil is a part that is not there. Its methods
// never fail: what has another type than is asked for counts as not there, for a
// service's sample and its documents differ often enough.
type value []byte

func (v value) kind() app.ValueKind { return app.JSONKind(v) }

// missing reports whether v is not there, or null.
func (v value) missing() bool { return v.kind() == app.NullKind }

// at follows names into objects, and numbers into lists.
func (v value) at(path ...string) value {
	for _, name := range path {
		var next value
		switch v.kind() {
		case app.ObjectKind:
			members, _ := app.Members(v, nil)
			for _, m := range members {
				if m.Name == name {
					next = m.Value
				}
			}
		case app.ListKind:
			if i, err := strconv.Atoi(name); err == nil {
				items, _ := app.Elements(v, nil)
				if i >= 0 && i < len(items) {
					next = items[i]
				}
			}
		}
		if next == nil {
			return nil
		}
		v = next
	}
	return v
}

// first is the first of some members that is there.
func (v value) first(names ...string) value {
	for _, n := range names {
		if m := v.at(n); !m.missing() {
			return m
		}
	}
	return nil
}

// text is what a text says, "" for all else.
func (v value) text() string {
	s, _ := app.Text(v)
	return s
}

// scalar is a text or a number as a text, "" for all else.
func (v value) scalar() string {
	switch v.kind() {
	case app.TextKind:
		return strings.TrimSpace(v.text())
	case app.NumberKind:
		return string(v)
	}
	return ""
}

func (v value) isTrue() bool { return string(v) == "true" }

// members are those of an object, none of all else.
func (v value) members() []app.Member {
	m, _ := app.Members(v, nil)
	if v.kind() != app.ObjectKind {
		return nil
	}
	return m
}

// list are the elements of a list, none of all else.
func (v value) list() []value {
	if v.kind() != app.ListKind {
		return nil
	}
	items, _ := app.Elements(v, nil)
	out := make([]value, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}

// texts are the texts of a list, or a single one.
func (v value) texts() []string {
	if s := v.text(); s != "" {
		return []string{s}
	}
	var out []string
	for _, item := range v.list() {
		if s := item.scalar(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// instant is a time in any form that Kith takes, 0 where there is none.
func (v value) instant(env Env) app.Instant {
	if v.missing() || v.scalar() == "" {
		return 0
	}
	at, err := app.ParseInstant(v, env.Zone)
	if err != nil {
		return 0
	}
	return at
}

// embedded is JSON that a service sends inside a text; nil where the text is none.
func embedded(s string) value {
	if app.CheckJSON([]byte(s), app.MaxDepth) != nil {
		return nil
	}
	return value(s)
}

// address is an e-mail address, also one with a name before it, as it is stored; ""
// where there is none. Services report addresses that were never valid: those are kept
// as they are.
func address(s string) string {
	s = strings.TrimSpace(s)
	if clean, err := app.CheckEmail(s); err == nil {
		return clean
	}
	if a, err := mail.ParseAddress(s); err == nil {
		s = a.Address
		if clean, err := app.CheckEmail(s); err == nil {
			return clean
		}
	}
	if !utf8.ValidString(s) || len(s) > 320 || !strings.Contains(s, "@") || strings.ContainsAny(s, " \t\r\n\x00<>") {
		return ""
	}
	return s
}

// digest stands for parts that together are a service's event, where it has no id of its own.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p))))
		h.Write([]byte{':'})
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// properties gathers an event's.
type properties struct{ members []app.Member }

// add keeps a value under a name, unless it is not there.
func (p *properties) add(name string, v value) {
	if !v.missing() {
		p.members = append(p.members, app.Member{Name: name, Value: app.Compact(v)})
	}
}

// text keeps a text, unless it is empty.
func (p *properties) text(name, s string) {
	if s != "" {
		p.add(name, app.Quote(s))
	}
}

// time keeps an instant, unless there is none.
func (p *properties) time(name string, at app.Instant) {
	if at != 0 {
		p.text(name, at.String())
	}
}

// list keeps a list of objects, unless it is empty.
func (p *properties) list(name string, items []properties) {
	if len(items) == 0 {
		return
	}
	b := []byte{'['}
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, app.JoinMembers(item.members)...)
	}
	p.add(name, append(b, ']'))
}

func (p *properties) has(name string) bool {
	for _, m := range p.members {
		if m.Name == name {
			return true
		}
	}
	return false
}

// track makes the event that has these properties.
func (p *properties) track(name string, at app.Instant) *app.Track {
	e := &app.Track{Event: name, At: at}
	if len(p.members) > 0 {
		e.Properties = app.JoinMembers(p.members)
	}
	return e
}

// checkEvent holds an event against the limits, and fills the types of its properties.
func checkEvent(e *app.Track) error {
	if n := utf8.RuneCountInString(e.Event); n == 0 || n > app.MaxName || strings.TrimSpace(e.Event) == "" {
		return app.Invalid("event", "the event's name has %d characters; a name has 1 to %d", n, app.MaxName)
	}
	if e.Properties == nil {
		return nil
	}
	members, err := app.Members(e.Properties, nil)
	if err != nil {
		return app.Invalid("properties", "%v", err)
	}
	if len(members) > app.MaxAttributes {
		return app.Invalid("properties", "an event can have %d properties, not %d", app.MaxAttributes, len(members))
	}
	e.PropertyTypes = e.PropertyTypes[:0]
	for _, m := range members {
		if err := checkMember("properties", m.Name, m.Value); err != nil {
			return err
		}
		e.PropertyTypes = append(e.PropertyTypes, app.PropertyType{Name: m.Name, Type: app.TypeOf(m.Value)})
	}
	return nil
}

func checkMember(where, name string, v []byte) error {
	if n := utf8.RuneCountInString(name); n > app.MaxName || strings.TrimSpace(name) == "" {
		return app.Invalid(where, "a name has %d characters; a name has 1 to %d", n, app.MaxName)
	}
	if len(v) > app.MaxTextValue+2 {
		return app.Invalid(where+"."+name, "has %d bytes; one value can have %d", len(v), app.MaxTextValue)
	}
	return nil
}

func checkProfile(p *app.Profile) error {
	for i, f := range []app.Field{p.FirstName, p.LastName, p.Number, p.Email} {
		if f.Value != nil && len(*f.Value) > app.MaxTextValue {
			return app.Invalid(app.StandardAttributes[i], "has %d bytes; one value can have %d", len(*f.Value), app.MaxTextValue)
		}
	}
	for _, a := range p.Attributes {
		if a.Value == nil {
			continue
		}
		if err := checkMember("attributes", a.Name, a.Value); err != nil {
			return err
		}
	}
	return nil
}

// person gathers the standard attributes that a service gives.
type person struct{ p *app.Profile }

func (w person) email(s string) {
	if a := address(s); a != "" {
		w.p.Email = app.FieldOf(a)
	}
}

// number keeps a phone number; what is none is no number.
func (w person) number(s string) {
	if strings.TrimSpace(s) == "" {
		return
	}
	if n, err := app.CheckNumber(s); err == nil {
		w.p.Number = app.FieldOf(n)
	}
}

func (w person) names(first, last string) {
	if first = strings.TrimSpace(first); first != "" {
		w.p.FirstName = app.FieldOf(first)
	}
	if last = strings.TrimSpace(last); last != "" {
		w.p.LastName = app.FieldOf(last)
	}
}

// name splits a whole name at its first blank.
func (w person) name(whole string) {
	first, last, _ := strings.Cut(strings.TrimSpace(whole), " ")
	w.names(first, last)
}

// attribute sets a custom attribute; a value that is null removes it.
func (w person) attribute(name string, v value) {
	a := app.Attribute{Name: name}
	if !v.missing() {
		a.Value = app.Compact(v)
	}
	w.p.Attributes = append(w.p.Attributes, a)
}
