package integration

import (
	"slices"

	"kith/app"
)

var postmark = &Service{
	Kind: "postmark", Name: "Postmark", Group: Messaging,
	Secret: "password", Example: "email.delivered",
	Where:  "In Postmark under a server's stream → Webhooks: paste this address, add Basic auth credentials, and give the same user:password here.",
	verify: password("X-Postmark-Token"),
	read: func(r *Request, rd *reader) error {
		e, err := parseObject(r.Body)
		if err != nil {
			return err
		}
		return readPostmark(e, rd)
	},
}

// postmarkSoft are the types of bounces after which an address may work again.
var postmarkSoft = []string{"Transient", "SoftBounce", "DnsError", "AutoResponder", "AddressChange", "VirusNotification", "ChallengeVerification", "Unknown", "SMTPApiError", "InboundError", "DMARCPolicy", "TemplateRenderingFailed"}

func readPostmark(e value, rd *reader) error {
	kind := e.at("RecordType").text()
	m := message{
		recipient: firstText([]value{e.at("Recipient"), e.at("Email")}), id: e.at("MessageID").text(), subject: e.at("Subject").text(),
		url: e.at("OriginalLink").text(), agent: e.at("UserAgent").text(), ip: e.at("Geo", "IP").text(), metadata: e.at("Metadata"),
		reason: e.at("Description").text(), response: e.at("Details").text(),
		at: firstInstant(rd.env, e.at("DeliveredAt"), e.at("BouncedAt"), e.at("ReceivedAt"), e.at("ChangedAt")),
	}
	if tag := e.at("Tag").text(); tag != "" {
		m.tags = []string{tag}
	}
	switch kind {
	case "Delivery":
		m.name = "delivered"
	case "Open":
		m.name = "opened"
	case "Click":
		m.name = "clicked"
	case "SpamComplaint":
		m.name = "complained"
	case "Bounce":
		m.name, m.bounce = "bounced", "hard"
		switch t := e.at("Type").text(); {
		case t == "SpamNotification" || t == "SpamComplaint":
			m.name, m.bounce = "complained", ""
		case t == "Unsubscribe":
			m.name, m.bounce = "unsubscribed", ""
		case t == "Subscribe":
			m.name, m.bounce = "subscribed", ""
		case t == "Blocked":
			m.name, m.bounce = "rejected", ""
		case slices.Contains(postmarkSoft, t):
			m.bounce = "soft"
		}
	case "SubscriptionChange":
		m.reason = e.at("SuppressionReason").text()
		switch {
		case !e.at("SuppressSending").isTrue():
			m.name = "subscribed"
		case m.reason == "HardBounce":
			m.name, m.bounce = "bounced", "hard"
		case m.reason == "SpamComplaint":
			m.name = "complained"
		default:
			m.name = "unsubscribed"
		}
	case "":
		return app.Invalid("", "this is no event of Postmark: it has no RecordType")
	default:
		rd.skip(kind)
		return nil
	}
	if id := e.at("ID").scalar(); id != "" {
		m.key = kind + ":" + id
	} else {
		m.key = digest(kind, m.id, m.recipient, m.at.String(), m.url, m.agent)
	}
	return rd.mail(m)
}
