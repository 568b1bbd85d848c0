package integration

import (
	"strings"

	"kith/app"
)

// message is what any e-mail service reports of one recipient.
type message struct {
	name      string // delivered, opened, …: the event without "email."
	recipient string
	id        string // of the message
	key       string // of the report
	at        app.Instant
	url       string
	reason    string
	response  string // what the other mail server said
	subject   string
	tags      []string
	bounce    string // hard or soft
	agent, ip string
	metadata  value
	uid       string
}

// The reasons for which an address is not mailed any more.
const (
	hardBounce = "hard bounce"
	complaint  = "complaint"
)

// mail adds what a service reports of a message.
func (r *reader) mail(m message) error {
	to := address(m.recipient)
	if to == "" {
		return app.Invalid("recipient", "%q is no e-mail address", cutText(m.recipient))
	}
	p := &properties{}
	p.text("recipient", to)
	p.text("message_id", m.id)
	p.text("url", m.url)
	p.text("bounce", m.bounce)
	p.text("reason", m.reason)
	p.text("response", m.response)
	p.text("subject", m.subject)
	if len(m.tags) > 0 {
		b := []byte{'['}
		for i, t := range m.tags {
			if i > 0 {
				b = append(b, ',')
			}
			b = app.AppendQuote(b, t)
		}
		p.add("tags", append(b, ']'))
	}
	p.text("user_agent", m.agent)
	p.text("ip", m.ip)
	if m.metadata.kind() == app.ObjectKind && len(m.metadata.members()) > 0 {
		p.add("metadata", m.metadata)
	}
	uid := m.uid
	if uid == "" {
		uid = r.uidIn(m.metadata)
	}
	o := &app.Observe{
		Person: app.Person{UID: uid, Email: to}, Key: m.key, At: m.at,
		Fill: app.Profile{Email: app.FieldOf(to)}, Event: p.track("email."+m.name, m.at),
	}
	switch {
	case m.name == "bounced" && m.bounce == "hard":
		o.Suppress = hardBounce
	case m.name == "complained":
		o.Suppress = complaint
	case m.name == "subscribed":
		o.Allow = true
	}
	if r.out.Event == "" {
		r.out.Event = "email." + m.name
	}
	return r.observe(o)
}

func cutText(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// skip says that a report asks for nothing.
func (r *reader) skip(event string) {
	if r.out.Event == "" {
		r.out.Event = event
	}
	r.note("“" + cutText(event) + "” is nothing that Kith keeps.")
}

// each calls read for every report of a body that has one or a list of them. One that
// cannot be read fails the body, so that nothing is lost in silence.
func each(v value, read func(value) error) error {
	if v.kind() != app.ListKind {
		return read(v)
	}
	for _, item := range v.list() {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// events reads a body that is an event or a list of them.
func events(one func(value, *reader) error) func(*Request, *reader) error {
	return func(r *Request, rd *reader) error {
		body, err := parse(r.Body)
		if err != nil {
			return err
		}
		if body.kind() != app.ListKind && body.kind() != app.ObjectKind {
			return app.Invalid("", "the body must be an event, or a list of them")
		}
		return each(body, func(e value) error { return one(e, rd) })
	}
}

// header is the value of a mail header in a list of {name, value}.
func header(headers value, name string) string {
	for _, h := range headers.list() {
		if strings.EqualFold(h.at("name").text(), name) {
			return h.at("value").text()
		}
	}
	return ""
}

// numbered makes the key of one of several reports that share an id.
func numbered(key string, i int) string {
	if i == 0 || key == "" {
		return key
	}
	return key + "#" + string(rune('0'+i%10)) + strings.Repeat("+", i/10)
}
