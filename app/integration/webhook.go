package integration

import (
	"slices"
	"sort"
	"strings"

	"kith/app"
)

// webhook takes any JSON, mapped by what a person clicked on a body that came in.
var webhook = &Service{
	Kind: "webhook", Name: "Webhook", Group: Generic, Signs: true,
	Secret: "secret", Example: "any JSON",
	Where: "Give this address to whatever can post JSON. Send one, then say on this page what in it is the customer, the event and its properties.",
	verify: func(r *Request, c *check) error {
		s := c.integration.Options.Signature
		if s == nil || s.Header == "" {
			return password()(r, c)
		}
		text := r.Header.Get(s.Header)
		if text == "" {
			return errNoSignature(s.Header + " header")
		}
		text = strings.TrimPrefix(text, s.Prefix)
		if s.Algorithm == "token" {
			return c.any(func(secret string) bool { return same(text, secret) })
		}
		h := algorithms[s.Algorithm]
		if h == nil {
			return unauthorized("This connection is to check %q, which is not known.", s.Algorithm)
		}
		return c.any(func(secret string) bool {
			sum := mac(h, secret, r.Body)
			if s.Encoding == "base64" {
				return sameBase64(sum, text)
			}
			return sameHex(sum, text)
		})
	},
	read: func(r *Request, rd *reader) error {
		body, err := parse(r.Body)
		if err != nil {
			return err
		}
		return readMapped(body, rd)
	},
}

// maxMapped bounds the items of a list, each of which is read by itself.
const maxMapped = 1000

func readMapped(body value, rd *reader) error {
	m := rd.integration.Options.Mapping
	if m == nil || m.UID == "" && m.Email == "" {
		rd.note("Nobody has said yet what this means: choose the customer and the event on a body, then replay it.")
		return nil
	}
	if body.kind() == app.ListKind && !strings.HasPrefix(m.UID+m.Email, "0.") {
		items := body.list()
		if len(items) > maxMapped {
			return app.Invalid("", "the list has %d items; one body can have %d", len(items), maxMapped)
		}
		for _, item := range items {
			if err := readMappedItem(item, m, rd); err != nil {
				return err
			}
		}
		return nil
	}
	return readMappedItem(body, m, rd)
}

func readMappedItem(item value, m *app.HookMapping, rd *reader) error {
	at := func(path string) value {
		if path == "" {
			return nil
		}
		return item.at(splitPath(path)...)
	}
	o := &app.Observe{}
	if v := at(m.UID); !v.missing() {
		o.Person.UID = v.scalar()
		if o.Person.UID == "" || len(o.Person.UID) > app.MaxUID {
			return app.Invalid(m.UID, "must be a customer's id of 1 to %d characters", app.MaxUID)
		}
	}
	if v := at(m.Email); !v.missing() {
		a := address(v.text())
		if a == "" {
			return app.Invalid(m.Email, "%q is no e-mail address", cutText(v.scalar()))
		}
		o.Person.Email = a
		o.Fill.Email = app.FieldOf(a)
	}
	if o.Person.UID == "" && o.Person.Email == "" {
		return app.Invalid(strings.Join(slices.DeleteFunc([]string{m.UID, m.Email}, func(s string) bool { return s == "" }), " or "), "is not in this body, so nobody knows whom it is about")
	}
	if v := at(m.Timestamp); !v.missing() {
		when, err := app.ParseInstant(v, rd.env.Zone)
		if err != nil {
			return app.Invalid(m.Timestamp, "%v", err)
		}
		o.At = when
	}
	if v := at(m.ID); !v.missing() {
		o.Key = digest(v.scalar(), string(v))
	}
	w := person{&o.Set}
	for _, name := range sorted(m.Attributes) {
		v := at(m.Attributes[name])
		if v == nil {
			continue
		}
		switch name {
		case "first_name":
			w.names(v.scalar(), "")
		case "last_name":
			w.names("", v.scalar())
		case "name":
			w.name(v.scalar())
		case "number":
			w.number(v.scalar())
		case "email":
			w.email(v.text())
		default:
			w.attribute(name, v)
		}
	}
	event := m.EventName
	if v := at(m.Event); m.Event != "" {
		if event = v.scalar(); event == "" {
			return app.Invalid(m.Event, "is not in this body, so the event has no name")
		}
	}
	if event != "" {
		rd.out.Event = event
		p := &properties{}
		for _, name := range sorted(m.Properties) {
			p.add(name, at(m.Properties[name]))
		}
		o.Event = p.track(event, o.At)
	}
	return rd.observe(o)
}

// splitPath takes a path apart; a dot in a name is written \.
func splitPath(path string) []string {
	var out []string
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch {
		case path[i] == '\\' && i+1 < len(path):
			i++
			b.WriteByte(path[i])
		case path[i] == '.':
			out = append(out, b.String())
			b.Reset()
		default:
			b.WriteByte(path[i])
		}
	}
	return append(out, b.String())
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
