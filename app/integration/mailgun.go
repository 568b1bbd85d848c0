package integration

import (
	"crypto/sha256"
	"net/url"
	"strings"

	"kith/app"
)

// mailgun, with its events of today and the forms of its first webhooks.
var mailgun = &Service{
	Kind: "mailgun", Name: "Mailgun", Group: Messaging, Signs: true, Dated: true,
	Secret: "HTTP webhook signing key", Example: "email.delivered",
	Where: "In Mailgun under Send → Sending → Webhooks: add this address for each event, and copy the HTTP webhook signing key.",
	verify: func(r *Request, c *check) error {
		body, err := mailgunBody(r)
		if err != nil {
			return unauthorized("%s", app.Public(err).Sentence())
		}
		s := body.at("signature")
		if s.kind() != app.ObjectKind {
			s = body // the old form has them at its top
		}
		timestamp, token, signature := s.at("timestamp").scalar(), s.at("token").text(), s.at("signature").text()
		if signature == "" || token == "" {
			return errNoSignature("signature in its body")
		}
		at, err := seconds(timestamp)
		if err != nil {
			return err
		}
		err = c.any(func(secret string) bool {
			return sameHex(mac(sha256.New, secret, []byte(timestamp), []byte(token)), signature)
		})
		if err != nil {
			return err
		}
		return c.fresh(at)
	},
	read: func(r *Request, rd *reader) error {
		body, err := mailgunBody(r)
		if err != nil {
			return err
		}
		if e := body.at("event-data"); e.kind() == app.ObjectKind {
			return readMailgun(e, rd)
		}
		return readOldMailgun(body, rd)
	},
}

func mailgunBody(r *Request) (value, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return parseObject(r.Body)
	}
	values, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return nil, app.Invalid("", "the form is not encoded as it should be: %v", err)
	}
	return formObject(values), nil
}

// formObject is a form as a JSON object of texts; what is given repeatedly is a list.
func formObject(values url.Values) value {
	p := &properties{}
	for name, all := range values {
		if len(all) == 1 {
			p.members = append(p.members, app.Member{Name: name, Value: app.Quote(all[0])})
			continue
		}
		b := []byte{'['}
		for i, v := range all {
			if i > 0 {
				b = append(b, ',')
			}
			b = app.AppendQuote(b, v)
		}
		p.members = append(p.members, app.Member{Name: name, Value: append(b, ']')})
	}
	return app.JoinMembers(p.members)
}

func readMailgun(e value, rd *reader) error {
	status, event := e.at("delivery-status"), e.at("event").text()
	m := message{
		recipient: e.at("recipient").text(), key: e.at("id").text(), at: e.at("timestamp").instant(rd.env),
		id: e.at("message", "headers", "message-id").text(), subject: e.at("message", "headers", "subject").text(),
		url: e.at("url").text(), tags: e.at("tags").texts(), agent: e.at("client-info", "user-agent").text(),
		ip: e.at("ip").text(), metadata: e.at("user-variables"),
		reason: firstText([]value{status.at("message"), status.at("description"), e.at("reject", "reason"), e.at("reason")}),
	}
	switch event {
	case "accepted":
		m.name, m.reason = "sent", ""
	case "rejected":
		m.name = "rejected"
	case "delivered", "opened", "clicked", "unsubscribed", "complained":
		m.name = event
	case "failed":
		switch {
		case e.at("severity").text() == "temporary":
			m.name = "deferred"
		case strings.HasPrefix(e.at("reason").text(), "suppress-"):
			m.name = "rejected"
		default:
			m.name, m.bounce = "bounced", "hard"
		}
	default:
		rd.skip(event)
		return nil
	}
	if m.recipient == "" && event == "accepted" {
		rd.skip("accepted, of nobody")
		return nil
	}
	return rd.mail(m)
}

func readOldMailgun(e value, rd *reader) error {
	event := e.at("event").text()
	m := message{
		recipient: e.at("recipient").text(), at: e.at("timestamp").instant(rd.env),
		id: firstText([]value{e.at("Message-Id"), e.at("message-id")}), url: e.at("url").text(),
		tags: append(e.at("tag").texts(), e.at("X-Mailgun-Tag").texts()...), agent: e.at("user-agent").text(), ip: e.at("ip").text(),
		reason: firstText([]value{e.at("error"), e.at("description"), e.at("notification")}),
	}
	m.key = digest("mailgun", e.at("token").text(), event, m.recipient, m.id, e.at("timestamp").scalar())
	metadata := &properties{}
	for _, f := range e.members() {
		if !oldMailgunOwn[f.Name] {
			metadata.add(f.Name, f.Value)
		}
	}
	m.metadata = app.JoinMembers(metadata.members)
	switch event {
	case "delivered", "opened", "clicked", "unsubscribed", "complained":
		m.name = event
	case "bounced":
		m.name, m.bounce = "bounced", "hard"
	case "dropped":
		m.name = "rejected"
	default:
		if event == "" {
			return app.Invalid("", "this is no event of Mailgun: it has no event-data")
		}
		rd.skip(event)
		return nil
	}
	return rd.mail(m)
}

// oldMailgunOwn are the fields that Mailgun itself fills in; all others are the sender's variables.
var oldMailgunOwn = set(`event recipient domain timestamp token signature Message-Id message-id message-headers code error description
	reason notification url tag X-Mailgun-Tag user-agent ip country region city device-type client-type client-name client-os
	campaign-id campaign-name mailing-list body-plain attachment-count X-Mailgun-Sid my_var`)
