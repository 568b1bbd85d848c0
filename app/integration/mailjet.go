package integration

import (
	"kith/app"
)

var mailjet = &Service{
	Kind: "mailjet", Name: "Mailjet", Group: Messaging,
	Secret: "password", Example: "email.delivered",
	Where:  "In Mailjet under Account → Event notifications: paste this address with a password in it, https://user:password@…, and give the same user:password here.",
	verify: password(),
	read:   events(readMailjet),
}

func readMailjet(e value, rd *reader) error {
	event := e.at("event").text()
	m := message{
		recipient: e.at("email").text(), id: e.at("MessageID").scalar(), at: e.at("time").instant(rd.env), url: e.at("url").text(),
		response: e.at("smtp_reply").text(), agent: e.at("agent").text(), ip: e.at("ip").text(), metadata: embedded(e.at("Payload").text()),
	}
	for _, name := range []string{"customcampaign", "CustomID"} {
		if tag := e.at(name).text(); tag != "" {
			m.tags = append(m.tags, tag)
		}
	}
	related, failure := e.at("error_related_to").text(), e.at("error").text()
	m.reason = related
	switch event {
	case "sent":
		m.name, m.reason = "delivered", m.response
	case "open":
		m.name = "opened"
	case "click":
		m.name = "clicked"
	case "spam":
		m.name, m.reason = "complained", e.at("source").text()
	case "unsub":
		m.name = "unsubscribed"
	case "blocked":
		m.name = "rejected"
	case "bounce":
		m.name, m.bounce = "bounced", "soft"
		switch {
		case e.at("hard_bounce").isTrue():
			m.bounce = "hard"
		case failure == "greylisted":
			m.name, m.bounce = "deferred", ""
		}
	case "":
		return app.Invalid("", "this is no event of Mailjet: it has no event")
	default:
		rd.skip(event)
		return nil
	}
	if failure != "" && m.response == "" {
		m.response = failure
		if c := e.at("comment").text(); c != "" {
			m.response += ": " + c
		}
	}
	m.key = digest(event, m.id, m.recipient, e.at("time").scalar(), m.url)
	return rd.mail(m)
}
