package ingest

import (
	"bytes"
	"strings"

	"kith/app"
)

// Event reads the body of POST /users/{uid}/events.
func Event(uid string, body []byte, c Context) (*app.Track, error) {
	uid, members, err := ofCustomer(uid, body)
	if err != nil {
		return nil, err
	}
	return eventFrom(uid, members, c)
}

// ofCustomer reads the id of a path, and the body that is about its customer.
func ofCustomer(uid string, body []byte) (string, []app.Member, error) {
	uid, err := UID("id", uid)
	if err != nil {
		return "", nil, err
	}
	members, err := Object(body)
	return uid, members, err
}

func eventFrom(uid string, members []app.Member, c Context) (*app.Track, error) {
	e := &app.Track{UID: uid, At: c.Now, Source: c.Source}
	var properties []byte
	var extra []app.Member
	named := false
	for _, m := range members {
		var err error
		switch m.Name {
		case "event":
			named = true
			e.Event, err = eventName(m.Value)
		case "value":
			if app.JSONKind(m.Value) != app.NullKind {
				e.Value, err = value(m.Name, m.Value)
			}
		case "properties":
			properties = m.Value
		case "timestamp":
			var at *app.Instant
			if at, err = instant(m.Name, m.Value, c); at != nil {
				e.At = *at
			}
		case "message_id", "messageId":
			e.MessageID, err = messageID(m)
		case "source":
			e.Source = source(c, m.Value)
		case "id", "uid", "type":
		default:
			extra = append(extra, m)
		}
		if err != nil {
			return nil, err
		}
	}
	if !named {
		return nil, app.Invalid("event", "is missing; it must be the name of the event")
	}
	return e, eventProperties(e, properties, extra)
}

func eventName(raw []byte) (string, error) {
	s, ok, err := scalar("event", raw)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", app.Invalid("event", "is null; it must be the name of the event")
	}
	return s, name("event", s)
}

func messageID(m app.Member) (string, error) {
	s, ok, err := scalar(m.Name, m.Value)
	if err != nil || !ok {
		return "", err
	}
	if len(s) > app.MaxMessageID {
		return "", app.Invalid(m.Name, "has %d bytes; it can have %d", len(s), app.MaxMessageID)
	}
	return s, nil
}

// eventProperties keeps the properties as they came, and beside them the keys that
// have no place of their own; a property of the same name wins.
// Engage: the Python SDK moves unknown keys into properties itself.
func eventProperties(e *app.Track, raw []byte, extra []app.Member) error {
	var given []app.Member
	if raw != nil {
		var err error
		if given, err = members("properties", raw); err != nil {
			return err
		}
	}
	have := make(map[string]bool, len(given)+len(extra))
	total := 0
	unique := given[:0:0]
	for i := len(given) - 1; i >= 0; i-- { // of a repeated name the last one counts
		if !have[given[i].Name] {
			have[given[i].Name] = true
			unique = append(unique, given[i])
		}
	}
	for i, j := 0, len(unique)-1; i < j; i, j = i+1, j-1 {
		unique[i], unique[j] = unique[j], unique[i]
	}
	repeated := len(unique) != len(given)
	added := false
	for _, m := range extra {
		if !have[m.Name] {
			have[m.Name] = true
			unique = append(unique, m)
			added = true
		}
	}
	if len(unique) > app.MaxAttributes {
		return app.Invalid("properties", "an event can have %d properties, not %d", app.MaxAttributes, len(unique))
	}
	for _, m := range unique {
		if err := name("properties", m.Name); err != nil {
			return err
		}
		if n := size(m.Value); n > app.MaxTextValue {
			return app.Invalid("properties."+m.Name, "has %d bytes; one value can have %d", n, app.MaxTextValue)
		}
		total += len(m.Name) + len(m.Value)
		if app.JSONKind(m.Value) != app.NullKind {
			e.PropertyTypes = append(e.PropertyTypes, app.PropertyType{Name: m.Name, Type: app.TypeOf(m.Value)})
		}
	}
	switch {
	case len(unique) == 0:
	case repeated || added:
		e.Properties = joinMembers(unique, total)
	default:
		e.Properties = app.Compact(raw)
	}
	return nil
}

func joinMembers(members []app.Member, size int) []byte {
	var b bytes.Buffer
	b.Grow(size + 8*len(members))
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(app.Quote(m.Name))
		b.WriteByte(':')
		b.Write(app.Compact(m.Value))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// Item is one item of a batch: a Change, or why it was left out.
type Item struct {
	Change app.Change
	Err    error
}

// Batch reads the body of POST /batch. A faulty item is left out; a body that is no
// batch is refused whole.
func Batch(body []byte, c Context) ([]Item, error) {
	top, err := Object(body)
	if err != nil {
		return nil, err
	}
	for _, m := range top {
		if m.Name != "data" {
			continue
		}
		if app.JSONKind(m.Value) != app.ListKind {
			return nil, app.Invalid("data", "must be a list of items, not %s", kindText(app.JSONKind(m.Value)))
		}
		items, err := app.Elements(m.Value, nil)
		if err != nil {
			return nil, app.Invalid("data", "%v", err)
		}
		if len(items) > app.MaxBatchItems {
			return nil, app.Invalid("data", "has %d items; a batch can have %d", len(items), app.MaxBatchItems)
		}
		out := make([]Item, len(items))
		for i, raw := range items {
			out[i].Change, out[i].Err = item(raw, c)
		}
		return out, nil
	}
	return nil, app.Invalid("data", `is missing; a batch is {"data":[{"type":"event","id":…},…]}`)
}

func item(raw []byte, c Context) (app.Change, error) {
	if app.JSONKind(raw) != app.ObjectKind {
		return nil, app.Invalid("", "an item must be an object, not %s", kindText(app.JSONKind(raw)))
	}
	parts, err := members("", raw)
	if err != nil {
		return nil, err
	}
	kind, uid := "", ""
	for _, m := range parts {
		switch m.Name {
		case "type":
			if kind, _, err = scalar("type", m.Value); err != nil {
				return nil, err
			}
		case "id", "uid":
			if app.JSONKind(m.Value) == app.NullKind || uid != "" && m.Name == "uid" {
				continue
			}
			if uid, err = uidOf(m.Name, m.Value); err != nil {
				return nil, err
			}
		}
	}
	switch strings.ToLower(kind) {
	case "create", "update", "event":
	case "":
		return nil, app.Invalid("type", `is missing; it must be "create", "update" or "event"`)
	default:
		return nil, app.Invalid("type", `must be "create", "update" or "event", not %q`, kind)
	}
	if uid == "" {
		return nil, app.Invalid("id", "is missing; it must be your own id of the customer")
	}
	if strings.EqualFold(kind, "event") {
		e, err := eventFrom(uid, parts, c)
		if err != nil {
			return nil, err
		}
		return e, nil
	}
	p, err := profileFrom(uid, parts, c)
	if err != nil {
		return nil, err
	}
	p.NewUID = ""
	return p, nil
}
