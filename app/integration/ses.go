package integration

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"time"

	"kith/app"
)

// ses is Amazon SES, whose reports come over SNS. What signs is Amazon's certificate, so
// there is no secret to paste: the topic takes its place.
var ses = &Service{
	Kind: "ses", Name: "Amazon SES", Group: Messaging, Signs: true, Dated: true,
	Secret: "topic ARN", Example: "email.delivered",
	Where:  "In Amazon SNS: subscribe this address (HTTPS) to the topic that your SES configuration set publishes to, and give its ARN here. Kith confirms the subscription by itself.",
	verify: verifySNS,
	read:   readSNS,
}

// snsHost is where SNS keeps certificates and confirmations: nowhere else is asked.
var snsHost = regexp.MustCompile(`^sns\.[a-z0-9-]{3,40}\.amazonaws\.com(\.cn)?$`)

// SNSHost reports whether an address is one of SNS's own, over TLS.
func SNSHost(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.User == nil && (u.Port() == "" || u.Port() == "443") && snsHost.MatchString(u.Hostname())
}

// snsRetries is for how long SNS tries a delivery again, with its first time in it.
const snsRetries = time.Hour

func verifySNS(r *Request, c *check) error {
	body, err := parseObject(r.Body)
	if err != nil {
		return err
	}
	topic := body.at("TopicArn").text()
	allowed := c.secrets
	if t := c.integration.Options.Topic; t != "" {
		allowed = append(allowed, t)
	}
	if len(allowed) == 0 {
		c.open = true
	} else if !contains(allowed, topic) {
		return unauthorized("The message is of the topic %q, and this connection takes those of %q.", cutText(topic), allowed[0])
	}
	address := body.first("SigningCertURL", "SigningCertUrl").text()
	signature, err := base64.StdEncoding.DecodeString(body.at("Signature").text())
	if err != nil || len(signature) == 0 {
		return errNoSignature("signature in its body")
	}
	if !SNSHost(address) || !strings.HasSuffix(address, ".pem") {
		return unauthorized("The certificate's address %q is none of Amazon SNS.", cutText(address))
	}
	if c.env.Certificate == nil {
		return unauthorized("The certificate of Amazon SNS cannot be fetched here.")
	}
	certificate, err := c.env.Certificate(address)
	if err != nil {
		return &app.Error{Code: app.CodeUnavailable, Message: "The certificate of Amazon SNS could not be fetched. SNS will try again.", Err: err}
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errWrongSignature
	}
	signed := snsSigned(body)
	switch body.at("SignatureVersion").scalar() {
	case "1":
		sum := sha1.Sum(signed)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256(signed)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	default:
		return errWrongSignature
	}
	if err != nil {
		return errWrongSignature
	}
	at := body.at("Timestamp").instant(c.env)
	if at == 0 {
		return unauthorized("The message has no time.")
	}
	return c.within(at, c.integration.Tolerance+snsRetries)
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if same(v, s) {
			return true
		}
	}
	return false
}

// snsSigned is the text that SNS signs: names and values by lines, in this order.
func snsSigned(body value) []byte {
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if body.at("Type").text() != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var b []byte
	for _, name := range names {
		if v := body.at(name); !v.missing() {
			b = append(append(append(append(b, name...), '\n'), v.text()...), '\n')
		}
	}
	return b
}

func readSNS(r *Request, rd *reader) error {
	body, err := parseObject(r.Body)
	if err != nil {
		return err
	}
	switch kind := body.at("Type").text(); kind {
	case "SubscriptionConfirmation":
		rd.out.Event = kind
		address := body.at("SubscribeURL").text()
		if !SNSHost(address) {
			return app.Invalid("SubscribeURL", "%q is none of Amazon SNS; the subscription was not confirmed", cutText(address))
		}
		rd.out.Confirm = address
		rd.note("The subscription is being confirmed.")
		return nil
	case "UnsubscribeConfirmation":
		rd.skip(kind)
		return nil
	case "Notification":
	case "":
		if !body.first("notificationType", "eventType").missing() { // raw delivery, without an envelope
			return readSES(body, "", rd)
		}
		return app.Invalid("Type", "is missing; this is no message of Amazon SNS")
	default:
		return app.Invalid("Type", "%q is no message of Amazon SNS", cutText(kind))
	}
	message := body.at("Message")
	inner := message
	if message.kind() == app.TextKind {
		if inner = embedded(message.text()); inner.kind() != app.ObjectKind {
			if strings.HasPrefix(message.text(), "Successfully validated SNS topic") {
				rd.skip("validation")
				return nil
			}
			return app.Invalid("Message", "is no report of Amazon SES")
		}
	}
	if rd.env.Now != 0 && inner.at("mail").missing() && inner.first("notificationType", "eventType").text() == "Received" {
		rd.skip("Received")
		return nil
	}
	return readSES(inner, body.at("MessageId").text(), rd)
}

func readSES(e value, key string, rd *reader) error {
	event, mail := e.first("eventType", "notificationType").text(), e.at("mail")
	m := message{
		id: mail.at("messageId").text(), subject: mail.at("commonHeaders", "subject").text(), tags: sesTags(mail),
		metadata: embedded(header(mail.at("headers"), "X-Metadata")), at: mail.at("timestamp").instant(rd.env),
	}
	detail := e.at(strings.ToLower(event[:min(1, len(event))]) + strings.ReplaceAll(event[min(1, len(event)):], " ", ""))
	if at := detail.at("timestamp").instant(rd.env); at != 0 {
		m.at = at
	}
	m.agent, m.ip = detail.at("userAgent").text(), detail.at("ipAddress").text()
	recipients := mail.at("destination").list()
	switch event {
	case "Send":
		m.name = "sent"
	case "Delivery":
		m.name, m.response = "delivered", detail.at("smtpResponse").text()
		if list := detail.at("recipients").list(); len(list) > 0 {
			recipients = list
		}
	case "Open":
		m.name = "opened"
	case "Click":
		m.name, m.url = "clicked", detail.at("link").text()
	case "Reject":
		m.name, m.reason = "rejected", detail.at("reason").text()
	case "Rendering Failure":
		m.name, m.reason = "rejected", e.at("failure", "errorMessage").text()
	case "Subscription":
		m.name = "unsubscribed"
	case "DeliveryDelay":
		m.name, m.reason, recipients = "deferred", detail.at("delayType").text(), detail.at("delayedRecipients").list()
	case "Bounce":
		m.name, m.bounce, recipients = "bounced", "soft", detail.at("bouncedRecipients").list()
		if detail.at("bounceType").text() == "Permanent" {
			m.bounce = "hard"
		}
		m.reason = strings.Trim(detail.at("bounceType").text()+": "+detail.at("bounceSubType").text(), ": ")
	case "Complaint":
		m.name, m.reason, recipients = "complained", detail.at("complaintFeedbackType").text(), detail.at("complainedRecipients").list()
	default:
		rd.skip(event)
		return nil
	}
	if key == "" {
		key = digest(event, m.id, m.at.String(), m.url, detail.at("feedbackId").text())
	}
	for i, to := range recipients {
		one := m
		one.key, one.recipient = numbered(key, i), to.text()
		if to.kind() == app.ObjectKind {
			one.recipient = to.at("emailAddress").text()
			if d := to.at("diagnosticCode").text(); d != "" {
				one.response = d
			}
		}
		if err := rd.mail(one); err != nil {
			return err
		}
	}
	return nil
}

// sesTags are the tags that the sender gave, without Amazon's own, and X-Tag headers.
func sesTags(mail value) []string {
	var out []string
	for _, h := range mail.at("headers").list() {
		if strings.EqualFold(h.at("name").text(), "X-Tag") {
			out = append(out, h.at("value").text())
		}
	}
	for _, t := range mail.at("tags").members() {
		if strings.HasPrefix(t.Name, "ses:") {
			continue
		}
		for _, v := range value(t.Value).texts() {
			out = append(out, t.Name+"="+v)
		}
	}
	return out
}
