package integration

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"kith/app"
)

// resend signs as Svix does.
var resend = &Service{
	Kind: "resend", Name: "Resend", Group: Messaging, Signs: true, Dated: true,
	Secret: "signing secret", Example: "email.delivered",
	Where:  "In Resend under Webhooks: add this address, choose its events, and copy the signing secret (whsec_…).",
	verify: verifySvix,
	read: func(r *Request, rd *reader) error {
		body, err := parseObject(r.Body)
		if err != nil {
			return err
		}
		return readResend(r, body, rd)
	},
}

// verifySvix checks svix-signature, or webhook-signature as the standard that came of it
// calls it: several signatures may stand there, of the key and of the one before.
func verifySvix(r *Request, c *check) error {
	get := func(name string) string {
		if v := r.Header.Get("svix-" + name); v != "" {
			return v
		}
		return r.Header.Get("webhook-" + name)
	}
	id, timestamp, signatures := get("id"), get("timestamp"), get("signature")
	if id == "" || timestamp == "" || signatures == "" {
		return errNoSignature("svix-signature header")
	}
	at, err := seconds(timestamp)
	if err != nil {
		return err
	}
	err = c.any(func(secret string) bool {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			return false
		}
		sum := mac(sha256.New, string(key), []byte(id), []byte{'.'}, []byte(timestamp), []byte{'.'}, r.Body)
		for _, s := range strings.Fields(signatures) {
			if version, text, ok := strings.Cut(s, ","); ok && version == "v1" && sameBase64(sum, text) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	return c.fresh(at)
}

func readResend(r *Request, body value, rd *reader) error {
	event, data := body.at("type").text(), body.at("data")
	rd.out.Event = event
	if event == "" || data.kind() != app.ObjectKind {
		return app.Invalid("", "this is no event of Resend: it has no type, or no data")
	}
	if !strings.HasPrefix(event, "email.") {
		rd.skip(event)
		return nil
	}
	m := message{
		id: data.at("email_id").text(), at: body.at("created_at").instant(rd.env), subject: data.at("subject").text(),
		url: data.at("click", "link").text(), agent: firstText([]value{data.at("click", "userAgent"), data.at("open", "userAgent")}),
		ip:       firstText([]value{data.at("click", "ipAddress"), data.at("open", "ipAddress")}),
		reason:   firstText([]value{data.at("bounce", "message"), data.at("failed", "reason"), data.at("suppressed", "message")}),
		metadata: embedded(header(data.at("headers"), "X-Metadata")),
	}
	var tags []string
	if json.Unmarshal([]byte(header(data.at("headers"), "X-Tags")), &tags) == nil {
		m.tags = tags
	}
	if len(m.tags) == 0 {
		for _, t := range data.at("tags").members() {
			m.tags = append(m.tags, t.Name+"="+value(t.Value).scalar())
		}
	}
	switch name := strings.TrimPrefix(event, "email."); name {
	case "sent", "delivered", "opened", "clicked", "complained":
		m.name = name
	case "delivery_delayed":
		m.name = "deferred"
	case "failed", "suppressed":
		m.name = "rejected"
	case "bounced":
		m.name, m.bounce = "bounced", "hard"
		if t := data.at("bounce", "type").text(); t == "Transient" || t == "Undetermined" {
			m.bounce = "soft"
		}
	default:
		rd.skip(event)
		return nil
	}
	key := r.Header.Get("svix-id")
	if key == "" {
		key = digest(event, m.id, body.at("created_at").text(), m.url)
	}
	for i, to := range data.at("to").texts() {
		m.recipient, m.key = to, numbered(key, i)
		if err := rd.mail(m); err != nil {
			return err
		}
	}
	return nil
}
