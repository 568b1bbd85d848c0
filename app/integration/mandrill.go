package integration

import (
	"crypto/sha1"
	"net/url"
	"sort"
	"strings"

	"kith/app"
)

// mandrill is Mailchimp Transactional. It signs the address that it was given, and so
// needs Kith to know how it is reached (the setting url).
var mandrill = &Service{
	Kind: "mandrill", Name: "Mandrill", Group: Messaging, Signs: true,
	Secret: "webhook key", Example: "email.sent",
	Where: "In Mailchimp Transactional under Settings → Webhooks: add this address, choose its events, and copy the webhook's key.",
	verify: func(r *Request, c *check) error {
		signature := r.Header.Get("X-Mandrill-Signature")
		if signature == "" {
			return errNoSignature("X-Mandrill-Signature header")
		}
		form, err := url.ParseQuery(string(r.Body))
		if err != nil {
			return errWrongSignature
		}
		names := make([]string, 0, len(form))
		for name := range form {
			names = append(names, name)
		}
		sort.Strings(names)
		signed := []byte(r.URL)
		for _, name := range names {
			signed = append(append(signed, name...), form.Get(name)...)
		}
		return c.any(func(secret string) bool { return sameBase64(mac(sha1.New, secret, signed), signature) })
	},
	read: func(r *Request, rd *reader) error {
		events, err := mandrillEvents(r)
		if err != nil {
			return err
		}
		if len(events.list()) == 0 {
			rd.note("It is a test of the address: there are no events in it.")
		}
		return each(events, func(e value) error { return readMandrill(e, rd) })
	},
}

// mandrillEvents are the list inside the form's one field, or inside a JSON object.
func mandrillEvents(r *Request) (value, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || len(r.Body) > 0 && (r.Body[0] == '{' || r.Body[0] == '[') {
		body, err := parse(r.Body)
		if err != nil {
			return nil, err
		}
		if list := body.at("mandrill_events"); list.kind() == app.ListKind {
			return list, nil
		}
		if body.kind() == app.ListKind {
			return body, nil
		}
		return nil, app.Invalid("mandrill_events", "is missing; it must be a list of events")
	}
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return nil, app.Invalid("", "the form is not encoded as it should be: %v", err)
	}
	if !form.Has("mandrill_events") {
		return nil, app.Invalid("mandrill_events", "is missing; it must be a list of events")
	}
	events, err := parse([]byte(form.Get("mandrill_events")))
	if err == nil && events.kind() != app.ListKind {
		err = app.Invalid("mandrill_events", "must be a list of events")
	}
	return events, err
}

func readMandrill(e value, rd *reader) error {
	event, msg := e.at("event").text(), e.at("msg")
	m := message{
		recipient: msg.at("email").text(), at: e.at("ts").instant(rd.env), subject: msg.at("subject").text(), tags: msg.at("tags").texts(),
		id: firstText([]value{msg.at("_id"), e.at("_id")}), url: e.at("url").text(), agent: e.at("user_agent").text(), ip: e.at("ip").text(),
		metadata: msg.at("metadata"), response: msg.at("diag").text(), reason: msg.at("bounce_description").text(),
	}
	if m.reason == "" {
		m.reason = msg.at("reject", "reason").text()
	}
	switch event {
	case "send":
		m.name = "sent"
	case "delivered":
		m.name = "delivered"
	case "deferral":
		m.name = "deferred"
	case "open":
		m.name = "opened"
	case "click":
		m.name = "clicked"
	case "spam":
		m.name = "complained"
	case "unsub":
		m.name = "unsubscribed"
	case "reject":
		m.name = "rejected"
	case "hard_bounce":
		m.name, m.bounce = "bounced", "hard"
	case "soft_bounce":
		m.name, m.bounce = "bounced", "soft"
	default: // what is about lists and incoming mail
		rd.skip(event + e.at("type").text())
		return nil
	}
	m.key = digest(event, m.id, m.recipient, e.at("ts").scalar(), m.url)
	return rd.mail(m)
}
