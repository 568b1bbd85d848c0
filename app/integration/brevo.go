package integration

import (
	"strings"

	"kith/app"
)

var brevo = &Service{
	Kind: "brevo", Name: "Brevo", Group: Messaging,
	Secret: "token", Example: "email.delivered",
	Where:  "In Brevo under Transactional → Settings → Webhook: paste this address, choose token authentication (or basic, user:password), and give the same here.",
	verify: password("X-Brevo-Token"),
	read:   events(readBrevo),
}

func readBrevo(e value, rd *reader) error {
	event := e.at("event").text()
	m := message{
		recipient: e.at("email").text(), id: e.at("message-id").text(), subject: e.at("subject").text(), url: e.at("link").text(),
		reason: e.at("reason").text(), agent: e.at("user_agent").text(), ip: e.at("ip").text(),
		at: firstInstant(rd.env, e.at("ts_event"), e.at("ts_epoch"), e.at("ts"), e.at("date")),
	}
	if m.tags = e.at("tags").texts(); len(m.tags) == 0 {
		tag := e.at("tag")
		if list := embedded(tag.text()); list.kind() == app.ListKind {
			tag = list
		}
		m.tags = tag.texts()
	}
	if custom := embedded(e.at("X-Mailin-custom").text()); custom.kind() == app.ObjectKind {
		m.metadata = custom
	}
	switch event {
	case "request":
		m.name = "sent"
	case "delivered":
		m.name, m.reason = "delivered", ""
	case "deferred":
		m.name = "deferred"
	case "opened", "unique_opened", "proxy_open", "unique_proxy_open":
		m.name = "opened"
	case "click":
		m.name = "clicked"
	case "complaint", "spam":
		m.name = "complained"
	case "unsubscribe", "unsubscribed":
		m.name = "unsubscribed"
	case "hard_bounce", "invalid_email":
		m.name, m.bounce = "bounced", "hard"
	case "soft_bounce":
		m.name, m.bounce = "bounced", "soft"
	case "blocked", "error":
		m.name = "rejected"
	case "":
		return app.Invalid("", "this is no event of Brevo: it has no event")
	default:
		rd.skip(event)
		return nil
	}
	m.key = digest(event, m.id, strings.ToLower(m.recipient), m.at.String(), m.url)
	return rd.mail(m)
}
