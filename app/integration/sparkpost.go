package integration

import (
	"kith/app"
)

var sparkpost = &Service{
	Kind: "sparkpost", Name: "SparkPost", Group: Messaging,
	Secret: "password", Example: "email.delivered",
	Where:  "In SparkPost under Configuration → Webhooks: paste this address, choose Basic Auth, and give both sides the same user:password.",
	verify: password("X-MessageSystems-Webhook-Token"),
	read: func(r *Request, rd *reader) error {
		body, err := parse(r.Body)
		if err != nil {
			return err
		}
		if body.kind() != app.ListKind && body.kind() != app.ObjectKind {
			return app.Invalid("", "the body must be a list of events")
		}
		return each(body, func(e value) error { return readSparkPost(e, rd) })
	},
}

func readSparkPost(item value, rd *reader) error {
	var e value
	kind := ""
	for _, m := range item.at("msys").members() {
		kind, e = m.Name, m.Value
	}
	if e == nil {
		rd.skip("ping")
		return nil
	}
	event := e.at("type").text()
	m := message{
		recipient: firstText([]value{e.at("raw_rcpt_to"), e.at("rcpt_to")}), key: e.at("event_id").scalar(), at: e.at("timestamp").instant(rd.env),
		id: firstText([]value{e.at("transmission_id"), e.at("message_id")}), subject: e.at("subject").text(),
		url: e.at("target_link_url").text(), response: firstText([]value{e.at("raw_reason"), e.at("reason")}),
		agent: e.at("user_agent").text(), ip: e.at("ip_address").text(), metadata: e.at("rcpt_meta"),
	}
	if campaign := e.at("campaign_id").text(); campaign != "" {
		m.tags = append(m.tags, campaign)
	}
	m.reason = m.response
	if m.key != "" {
		m.key += ":" + event
	}
	switch event {
	case "injection":
		m.name = "sent"
	case "delivery":
		m.name = "delivered"
	case "delay":
		m.name = "deferred"
	case "bounce", "out_of_band":
		m.name, m.bounce = "bounced", sparkPostBounce(e.at("bounce_class").scalar())
	case "policy_rejection", "generation_failure", "generation_rejection":
		m.name = "rejected"
	case "spam_complaint":
		m.name, m.reason = "complained", e.at("fbtype").text()
	case "open", "initial_open", "amp_open", "amp_initial_open":
		m.name = "opened"
	case "click", "amp_click":
		m.name = "clicked"
	case "list_unsubscribe", "link_unsubscribe":
		m.name = "unsubscribed"
	default: // SMS, and mail that came in
		rd.skip(kind + " " + event)
		return nil
	}
	if m.recipient == "" {
		rd.skip(event + ", of nobody")
		return nil
	}
	return rd.mail(m)
}

// sparkPostBounce tells the classes of bounces that are final. SparkPost: 10 invalid
// recipient, 30 no RCPT, 90 unsubscribed are hard; the rest may pass.
func sparkPostBounce(class string) string {
	switch class {
	case "10", "30", "90":
		return "hard"
	}
	return "soft"
}
