package integration

import (
	"crypto/sha256"
	"strings"

	"kith/app"
)

var mailersend = &Service{
	Kind: "mailersend", Name: "MailerSend", Group: Messaging, Signs: true,
	Secret: "signing secret", Example: "email.delivered",
	Where: "In MailerSend under Domains → Manage → Webhooks: add this address, choose its events, and copy the signing secret.",
	verify: func(r *Request, c *check) error {
		signature := r.Header.Get("Signature")
		if signature == "" {
			return errNoSignature("Signature header")
		}
		return c.any(func(secret string) bool { return sameHex(mac(sha256.New, secret, r.Body), signature) })
	},
	read: func(r *Request, rd *reader) error {
		body, err := parseObject(r.Body)
		if err != nil {
			return err
		}
		return readMailerSend(body, rd)
	},
}

func readMailerSend(body value, rd *reader) error {
	event, data := body.at("type").text(), body.at("data")
	if event == "" || data.kind() != app.ObjectKind {
		return app.Invalid("", "this is no event of MailerSend: it has no type, or no data")
	}
	mail, morph := data.at("email"), data.at("morph")
	m := message{
		recipient: mail.at("recipient", "email").text(), id: mail.at("message", "id").text(), subject: mail.at("subject").text(),
		tags: mail.at("tags").texts(), url: morph.at("url").text(), ip: morph.at("ip").text(),
		reason: firstText([]value{morph.at("readable_reason"), morph.at("reason")}),
		at:     firstInstant(rd.env, body.at("created_at"), data.at("created_at")),
	}
	name := strings.TrimPrefix(event, "activity.")
	if id := data.at("id").text(); id != "" {
		m.key = id + ":" + name // its samples share one id
	}
	switch name {
	case "sent", "delivered", "opened", "clicked", "unsubscribed":
		m.name = name
	case "opened_unique":
		m.name = "opened"
	case "clicked_unique":
		m.name = "clicked"
	case "spam_complaint":
		m.name = "complained"
	case "soft_bounced":
		m.name, m.bounce = "bounced", "soft"
	case "hard_bounced":
		m.name, m.bounce = "bounced", "hard"
	case "deferred":
		m.name = "deferred"
	default:
		rd.skip(event)
		return nil
	}
	return rd.mail(m)
}
