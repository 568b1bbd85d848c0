package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
	"kith/app/integration"
)

var now = app.InstantOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))

// read reads a body of a kind as it would come.
func read(t testing.TB, kind, body string, headers ...string) (*integration.Reading, error) {
	t.Helper()
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return integration.Read(&app.Integration{Row: 1, Kind: kind}, &integration.Request{Body: []byte(body), Header: h}, integration.Env{Now: now, Zone: time.UTC})
}

// report is one message event, flat.
type report struct {
	recipient, event, key string
	at                    app.Instant
	properties            []byte
	suppress              string
}

func (r report) text(name string) string {
	s, _ := app.Text(apitest.Member(r.properties, name))
	return s
}

func (r report) texts(name string) []string {
	out := []string{}
	items, _ := app.Elements(apitest.Member(r.properties, name), nil)
	for _, i := range items {
		s, _ := app.Text(i)
		out = append(out, s)
	}
	return out
}

func reports(t testing.TB, reading *integration.Reading) []report {
	t.Helper()
	var out []report
	for _, c := range reading.Changes {
		o := c.(*app.Observe)
		out = append(out, report{o.Person.Email, o.Event.Event, o.Key, o.Event.At, o.Event.Properties, o.Suppress})
	}
	return out
}

func object(t testing.TB, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// symfonyKinds are the services of the fixtures that Kith knows.
var symfonyKinds = map[string]string{"Brevo": "brevo", "Mailchimp": "mandrill", "MailerSend": "mailersend", "Mailgun": "mailgun", "Mailjet": "mailjet",
	"Mailtrap": "mailtrap", "Postmark": "postmark", "Resend": "resend", "Sendgrid": "sendgrid"}

func TestSymfonyFixtures_haveTheReadingThatTheyExpect(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Vendor, Case string
		RawBody      string `json:"raw_body"`
		Expected     []struct {
			Type, ID       string
			RecipientEmail string
			Reason         *string
			Tags           []string
			Date           string `json:"Date_php"`
		}
	}
	object(t, apitest.Shared(t, "data", "webhooks", "email_symfony_fixtures.json"), &cases)
	names := map[string]string{"RECEIVED": "email.sent", "DELIVERED": "email.delivered", "DROPPED": "email.rejected", "BOUNCE": "email.bounced",
		"DEFERRED": "email.deferred", "OPEN": "email.opened", "CLICK": "email.clicked", "SPAM": "email.complained", "UNSUBSCRIBE": "email.unsubscribed"}
	held := 0
	for _, c := range cases {
		kind := symfonyKinds[c.Vendor]
		if kind == "" { // Mailomat, Sweego: no services of Kith's
			continue
		}
		t.Run(c.Vendor+"/"+c.Case, func(t *testing.T) {
			reading, err := read(t, kind, c.RawBody)
			if err != nil {
				t.Fatal(err)
			}
			got := reports(t, reading)
			if len(got) != len(c.Expected) {
				t.Fatalf("%d events, want %d", len(got), len(c.Expected))
			}
			for i, want := range c.Expected {
				g := got[i]
				if g.event != names[want.Type] || g.recipient != want.RecipientEmail {
					t.Errorf("%s to %s, want %s to %s", g.event, g.recipient, names[want.Type], want.RecipientEmail)
				}
				if id := g.text("message_id"); id != want.ID && !strings.HasPrefix(g.key, want.ID) {
					t.Errorf("the id is %q, the key %q, want %q", id, g.key, want.ID)
				}
				if want.Reason != nil && g.text("reason") != strings.ReplaceAll(*want.Reason, `\n`, "\n") {
					// Symfony passes on what Kith names: an empty reason, or the code of one.
					if !(*want.Reason == "" || strings.Contains(g.text("response"), *want.Reason)) {
						t.Errorf("the reason is %q, want %q", g.text("reason"), *want.Reason)
					}
				}
				if len(want.Tags) > 0 && !slices.Equal(g.texts("tags"), want.Tags) {
					t.Errorf("the tags are %q, want %q", g.texts("tags"), want.Tags)
				}
				if at := phpInstant(t, want.Date); at != 0 && g.at/1000 != at/1000 {
					t.Errorf("the time is %s, want %s", g.at, at)
				}
			}
		})
		held++
	}
	if held < 38 {
		t.Errorf("only %d cases were held", held)
	}
}

// phpInstant reads the last argument of a createFromFormat.
func phpInstant(t *testing.T, code string) app.Instant {
	_, last, ok := strings.Cut(code, ", ")
	if !ok {
		return 0
	}
	text := strings.Trim(last, "')")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return app.Instant(seconds * 1000)
	}
	at, err := app.ParseInstantText(text, time.UTC)
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return at
}

// anymailKinds are the services of those cases that Kith knows.
var anymailKinds = []string{"brevo", "mailersend", "mailgun", "mailjet", "mailtrap", "mandrill", "postmark", "resend", "sendgrid", "sparkpost", "amazon_ses"}

// anymailEvents are Kith's names for django-anymail's.
var anymailEvents = map[string]string{"delivered": "delivered", "opened": "opened", "clicked": "clicked", "bounced": "bounced", "complained": "complained",
	"unsubscribed": "unsubscribed", "deferred": "deferred", "rejected": "rejected", "failed": "rejected", "sent": "sent", "queued": "sent", "subscribed": "subscribed"}

func TestAnymailCases_haveTheReadingThatTheyAssert(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Vendor, Class, Test string
		Payloads            map[string]json.RawMessage
		Asserts             [][]json.RawMessage `json:"event_asserts"`
	}
	object(t, apitest.Shared(t, "data", "webhooks", "email_anymail_cases.json"), &cases)
	held := 0
	for _, c := range cases {
		if !slices.Contains(anymailKinds, c.Vendor) || len(c.Asserts) == 0 {
			continue
		}
		t.Run(c.Vendor+"/"+c.Test, func(t *testing.T) {
			kind, body, headers := anymailBody(t, c.Vendor, c.Class, c.Payloads)
			if !strings.Contains(body, "@") { // samples that test only the metadata, and name nobody
				body = anymailRecipient(body)
			}
			reading, err := read(t, kind, body, headers...)
			if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			got := reports(t, reading)
			if len(got) == 0 {
				t.Fatalf("nothing came of %s: %s", body, reading.Note)
			}
			for _, a := range c.Asserts {
				var name string
				object(t, a[1], &name)
				holdAnymail(t, got[0], name, a[2], body)
			}
		})
		held++
	}
	if held < 50 {
		t.Errorf("only %d cases were held", held)
	}
}

// anymailBody builds what the test would have posted.
func anymailBody(t *testing.T, vendor, class string, payloads map[string]json.RawMessage) (kind, body string, headers []string) {
	raw := ""
	for _, v := range payloads {
		raw = string(v)
	}
	switch vendor {
	case "amazon_ses":
		if strings.Contains(raw, `"TopicArn"`) {
			return "ses", raw, nil
		}
		envelope, _ := json.Marshal(map[string]string{"Type": "Notification", "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
			"TopicArn": "arn:aws:sns:us-east-1:111111111111:SES_Events", "Timestamp": "2018-03-26T17:58:59.675Z", "Message": raw})
		return "ses", string(envelope), nil
	case "mandrill":
		return "mandrill", url.Values{"mandrill_events": {raw}}.Encode(), []string{"Content-Type", "application/x-www-form-urlencoded"}
	case "mailgun":
		if class == "MailgunLegacyTestCase" {
			form := url.Values{}
			var fields map[string]json.RawMessage
			object(t, []byte(raw), &fields)
			for name, v := range fields {
				var one string
				if json.Unmarshal(v, &one) == nil {
					form.Add(name, one)
					continue
				}
				var many []string
				object(t, v, &many)
				form[name] = many
			}
			return "mailgun", form.Encode(), []string{"Content-Type", "application/x-www-form-urlencoded"}
		}
	case "resend":
		return "resend", raw, []string{"svix-id", "msg_2W2D3qXLS5fOaPja1GDg7rF2CwB"}
	}
	return vendor, raw, nil
}

func anymailRecipient(body string) string {
	if strings.HasPrefix(body, "{") {
		return body
	}
	if strings.Contains(body, "recipient=") || strings.Contains(body, "%40") {
		return body
	}
	return body + "&recipient=somebody%40example.com"
}

// holdAnymail holds one assertion of a case against a report.
func holdAnymail(t *testing.T, g report, name string, raw json.RawMessage, body string) {
	t.Helper()
	var want string
	_ = json.Unmarshal(raw, &want)
	switch name {
	case "event_type":
		if g.event != "email."+anymailEvents[want] {
			t.Errorf("%s, want %s", g.event, want)
		}
	case "recipient":
		if g.recipient != want {
			t.Errorf("to %q, want %q", g.recipient, want)
		}
	case "message_id":
		// Anymail puts an id of its own into what it sends, which is metadata to others.
		if g.text("message_id") != want && !strings.Contains(body, `"anymail_id": "`+want) && !strings.Contains(body, `"anymail_id":"`+want) && !strings.Contains(body, `"smtp-id": "`+want) {
			t.Errorf("the message's id is %q, want %q", g.text("message_id"), want)
		}
	case "event_id":
		if !strings.Contains(g.key, want) {
			t.Errorf("the key is %q, want %q in it", g.key, want)
		}
	case "click_url":
		if g.text("url") != want {
			t.Errorf("the url is %q, want %q", g.text("url"), want)
		}
	case "user_agent":
		if g.text("user_agent") != want {
			t.Errorf("the agent is %q, want %q", g.text("user_agent"), want)
		}
	case "description", "mta_response":
		if want != "" && g.text("reason") != strings.TrimSpace(want) && g.text("reason") != want && g.text("response") != want {
			t.Errorf("reason %q, response %q, want %q in one of them", g.text("reason"), g.text("response"), want)
		}
	case "tags":
		tags := []string{}
		object(t, raw, &tags)
		if !slices.Equal(g.texts("tags"), tags) {
			t.Errorf("the tags are %q, want %q", g.texts("tags"), tags)
		}
	case "timestamp":
		if at := pythonInstant(want); at != 0 && g.at/1000 != at/1000 && !strings.Contains(want, "2018, 3, 26, 17, 58, 59") {
			// (SES: Kith takes the report's own time, not that of its envelope)
			t.Errorf("the time is %s, want %s", g.at, at)
		}
	case "metadata":
		var m map[string]any
		if json.Unmarshal(raw, &m) == nil && len(m) > 0 {
			var got map[string]any
			object(t, apitest.Member(g.properties, "metadata"), &got)
			if fmt.Sprint(got) != fmt.Sprint(m) {
				t.Errorf("the metadata is %v, want %v", got, m)
			}
		}
	case "reject_reason":
		// "bounced", "spam", "invalid" …: Kith says it by the event, bounce and reason.
		if want == "spam" && g.event != "email.complained" {
			t.Errorf("%s for %s", g.event, want)
		}
	}
}

// pythonInstant reads datetime(2016, 4, 19, 19, 47, 30, …).
func pythonInstant(code string) app.Instant {
	_, rest, ok := strings.Cut(code, "datetime(")
	if !ok {
		return 0
	}
	var n [6]int
	for i, part := range strings.SplitN(rest, ",", 7) {
		if i < 6 {
			n[i], _ = strconv.Atoi(strings.TrimSpace(part))
		}
	}
	zone := time.UTC
	if strings.Contains(code, "get_fixed_timezone(-4") {
		zone = time.FixedZone("", -4*3600)
	}
	return app.InstantOf(time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, zone))
}

func TestSparkPostSamples_eachIsReadOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	var samples []json.RawMessage
	object(t, apitest.Shared(t, "data", "webhooks", "sparkpost_sample_events.json"), &samples)
	want := map[string]string{"bounce": "email.bounced", "delivery": "email.delivered", "injection": "email.sent", "spam_complaint": "email.complained",
		"out_of_band": "email.bounced", "policy_rejection": "email.rejected", "delay": "email.deferred", "click": "email.clicked", "open": "email.opened",
		"generation_failure": "email.rejected", "generation_rejection": "email.rejected", "list_unsubscribe": "email.unsubscribed", "link_unsubscribe": "email.unsubscribed"}
	for _, s := range samples {
		kind := ""
		for _, m := range []string{"message_event", "track_event", "gen_event", "unsubscribe_event", "relay_event"} {
			if k := apitest.Text(s, "msys", m, "type"); k != "" {
				kind = k
			}
		}
		reading, err := read(t, "sparkpost", "["+string(s)+"]")
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		got := reports(t, reading)
		if want[kind] == "" {
			if len(got) != 0 || reading.Note == "" {
				t.Errorf("%s became %v", kind, got)
			}
			continue
		}
		if len(got) != 1 || got[0].event != want[kind] || got[0].recipient != "recipient@example.com" || got[0].at == now {
			t.Errorf("%s became %+v", kind, got)
		}
	}
}
