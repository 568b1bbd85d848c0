package integration

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"kith/app"
)

var sendgrid = &Service{
	Kind: "sendgrid", Name: "SendGrid", Group: Messaging, Signs: true, Dated: true,
	Secret: "verification key", Example: "email.delivered",
	Where: "In SendGrid under Settings → Mail Settings → Event Webhook: paste this address, enable the signed webhook, and copy its verification key.",
	verify: func(r *Request, c *check) error {
		signature := r.Header.Get("X-Twilio-Email-Event-Webhook-Signature")
		timestamp := r.Header.Get("X-Twilio-Email-Event-Webhook-Timestamp")
		if signature == "" || timestamp == "" {
			return errNoSignature("X-Twilio-Email-Event-Webhook-Signature header")
		}
		at, err := seconds(timestamp)
		if err != nil {
			return err
		}
		der, err := base64.StdEncoding.DecodeString(signature)
		if err != nil {
			return errWrongSignature
		}
		sum := sha256.Sum256(append([]byte(timestamp), r.Body...))
		err = c.any(func(secret string) bool {
			key := ecdsaKey(secret)
			return key != nil && ecdsa.VerifyASN1(key, sum[:], der)
		})
		if err != nil {
			return err
		}
		return c.fresh(at)
	},
	read: func(r *Request, rd *reader) error {
		body, err := parse(r.Body)
		if err != nil {
			return err
		}
		if body.kind() != app.ListKind && body.kind() != app.ObjectKind {
			return app.Invalid("", "the body must be a list of events")
		}
		return each(body, func(e value) error { return readSendGrid(e, rd) })
	},
}

// ecdsaKey reads a public key in base64, or PEM.
func ecdsaKey(text string) *ecdsa.PublicKey {
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	}
	if err != nil {
		return nil
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil
	}
	ec, _ := key.(*ecdsa.PublicKey)
	return ec
}

func readSendGrid(e value, rd *reader) error {
	m := message{
		recipient: e.at("email").text(), key: e.at("sg_event_id").text(), at: e.at("timestamp").instant(rd.env),
		id: firstText([]value{e.at("sg_message_id"), e.at("smtp-id")}), url: e.at("url").text(),
		reason: e.at("reason").text(), response: e.at("response").text(), tags: e.at("category").texts(),
		agent: e.at("useragent").text(), ip: e.at("ip").text(), subject: e.at("subject").text(),
	}
	event := e.at("event").text()
	if m.key != "" {
		m.key += ":" + event // one of its samples has the same id for two events
	}
	m.uid = rd.uidIn(e, e.at("unique_args"))
	switch event {
	case "processed":
		m.name = "sent"
	case "delivered":
		m.name = "delivered"
	case "deferred":
		m.name = "deferred"
	case "open":
		m.name = "opened"
	case "click":
		m.name = "clicked"
	case "spamreport":
		m.name = "complained"
	case "unsubscribe", "group_unsubscribe":
		m.name = "unsubscribed"
	case "group_resubscribe":
		m.name = "subscribed"
	case "dropped":
		m.name = "rejected"
	case "bounce":
		m.name, m.bounce = "bounced", "hard"
		if e.at("type").text() == "blocked" {
			m.bounce = "soft"
		}
	default:
		rd.skip(event)
		return nil
	}
	return rd.mail(m)
}
