package integration

import (
	"crypto/sha256"

	"kith/app"
)

var mailtrap = &Service{
	Kind: "mailtrap", Name: "Mailtrap", Group: Messaging, Signs: true,
	Secret: "signing secret", Example: "email.delivered",
	Where: "In Mailtrap under Sending → Webhooks: add this address, choose its events, and copy the signature key.",
	verify: func(r *Request, c *check) error {
		signature := r.Header.Get("Mailtrap-Signature")
		if signature == "" {
			return errNoSignature("Mailtrap-Signature header")
		}
		return c.any(func(secret string) bool { return sameHex(mac(sha256.New, secret, r.Body), signature) })
	},
	read: func(r *Request, rd *reader) error {
		body, err := parse(r.Body)
		if err != nil {
			return err
		}
		events := body.at("events")
		if events.missing() {
			events = body
		}
		if events.kind() != app.ListKind && events.at("event").text() == "" {
			return app.Invalid("events", "is missing; it must be a list of events")
		}
		return each(events, func(e value) error { return readMailtrap(e, rd) })
	},
}

func readMailtrap(e value, rd *reader) error {
	event := e.at("event").text()
	m := message{
		recipient: e.at("email").text(), id: e.at("message_id").text(), at: e.at("timestamp").instant(rd.env), url: e.at("url").text(),
		reason: firstText([]value{e.at("reason"), e.at("response")}), response: e.at("response").text(),
		agent: e.at("user_agent").text(), ip: e.at("ip").text(), metadata: e.at("custom_variables"),
	}
	if c := e.at("category").text(); c != "" {
		m.tags = []string{c}
	}
	if id := e.at("event_id").text(); id != "" {
		m.key = id + ":" + event + ":" + m.id
	} else {
		m.key = digest(event, m.id, m.recipient, e.at("timestamp").scalar(), m.url)
	}
	switch event {
	case "delivery":
		m.name = "delivered"
	case "open":
		m.name = "opened"
	case "click":
		m.name = "clicked"
	case "spam":
		m.name = "complained"
	case "unsubscribe":
		m.name = "unsubscribed"
	case "soft bounce":
		m.name, m.bounce = "bounced", "soft"
	case "bounce":
		m.name, m.bounce = "bounced", "hard"
	case "suspension", "reject":
		m.name = "rejected"
	default:
		rd.skip(event)
		return nil
	}
	return rd.mail(m)
}
