package integration_test

import (
	"net/http"
	"strings"
	"testing"

	"kith/app"
	"kith/app/integration"
)

// seeds are a body of each service, so that a fuzzer begins with what gets far.
var seeds = map[string][]string{
	"stripe":      {stripeBody("invoice.paid", `{"object":"invoice","customer":"c","currency":"usd","total":1,"lines":{"data":[{"amount":1}]}}`), stripeBody("customer.updated", `{"id":"c","object":"customer","address":{"city":null}}`)},
	"paystack":    {`{"event":"charge.success","data":{"id":1,"amount":"100","customer":{"customer_code":"c","email":"a@b.co"},"metadata":"{\"user_id\":1}","plan":{"id":1}}}`},
	"flutterwave": {`{"event":"charge.completed","data":{"id":1,"customer":{"id":1,"email":"a@b.co","name":{"first":"x"}}}}`},
	"paddle":      {`{"event_type":"transaction.completed","event_id":"e","data":{"customer_id":"c","details":{"totals":{"total":"1"}},"items":[{"price":{"unit_price":{"amount":"1"}}}]}}`},
	"ses":         {`{"Type":"Notification","MessageId":"m","Message":"{\"eventType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":\"a@b.co\"}]},\"mail\":{}}"}`},
	"mailgun":     {`{"event-data":{"event":"failed","recipient":"a@b.co","severity":"permanent","tags":["x"]}}`, "event=opened&recipient=a%40b.co&tag=1&tag=2"},
	"sparkpost":   {`[{"msys":{"message_event":{"type":"bounce","rcpt_to":"a@b.co","bounce_class":"10"}}}]`},
	"sendgrid":    {`[{"email":"a@b.co","event":"bounce","sg_event_id":"x","timestamp":1600112492}]`},
	"postmark":    {`{"RecordType":"Bounce","ID":1,"Type":"HardBounce","Email":"a@b.co"}`},
	"mailjet":     {`[{"event":"bounce","email":"a@b.co","time":1,"Payload":"{}"}]`},
	"brevo":       {`{"event":"hard_bounce","email":"a@b.co","tag":"[\"x\"]"}`},
	"resend":      {`{"type":"email.sent","data":{"to":["A <a@b.co>"],"headers":[{"name":"X-Tags","value":"[]"}],"tags":{"a":"b"}}}`},
	"mailersend":  {`{"type":"activity.sent","data":{"id":"1","email":{"recipient":{"email":"a@b.co"}}}}`},
	"mandrill":    {"mandrill_events=%5B%7B%22event%22%3A%22send%22%2C%22msg%22%3A%7B%22email%22%3A%22a%40b.co%22%7D%7D%5D", `{"mandrill_events":[{"event":"send","msg":{"email":"a@b.co"}}]}`},
	"mailtrap":    {`{"events":[{"event":"bounce","email":"a@b.co","event_id":"1"}]}`},
	"segment":     {`{"batch":[{"type":"identify","userId":"u","traits":{"a":{"b":1}}}]}`},
	"rudderstack": {`{"type":"group","userId":"u","groupId":"g","traits":{"name":"x"}}`},
	"posthog":     {`{"batch":[{"event":"$identify","distinct_id":"u","properties":{"$set":{"a":1},"$anon_distinct_id":"v"}}]}`},
	"customerio":  {`{"name":"x","anonymous_id":"v","data":{"a":1},"device":{"id":"t","platform":"ios"}}`},
	"webhook":     {`{"user":{"id":1},"a":[{"b":2}]}`},
}

// tryRead reads a body and holds what came of it against what storage expects.
func tryRead(t *testing.T, kind, body string) {
	t.Helper()
	i := &app.Integration{Row: 1, Kind: kind, Secret: "whsec_c2VjcmV0", Options: app.IntegrationOptions{Mapping: &app.HookMapping{UID: "user.id", EventName: "E", Properties: map[string]string{"p": "a.0.b"}}}}
	for _, route := range []string{"POST /track", "PUT /customers/5", "POST /events", "PUT /customers/5/devices", "POST /merge_customers"} {
		r := &integration.Request{Body: []byte(body), Header: http.Header{}, Route: route}
		if !strings.HasPrefix(strings.TrimSpace(body), "{") && !strings.HasPrefix(strings.TrimSpace(body), "[") {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if verified, err := integration.Verify(i, r, integration.Env{Now: now}); verified && err == nil && kind != "ses" {
			t.Fatalf("%s: a body that nobody signed was believed: %q", kind, body)
		}
		reading, err := integration.Read(i, r, integration.Env{Now: now})
		if err != nil {
			if app.CodeOf(err) == app.CodeInternal {
				t.Fatalf("%s: %v is no sentence for anybody", kind, err)
			}
			continue
		}
		for _, c := range reading.Changes {
			if o, ok := c.(*app.Observe); ok {
				if o.Person.UID == "" && o.Person.Email == "" && len(o.Person.External) == 0 {
					t.Fatalf("%s: nobody was observed: %q", kind, body)
				}
				if o.Event != nil && o.Event.Properties != nil {
					if err := app.CheckJSON(o.Event.Properties, app.MaxDepth+1); err != nil {
						t.Fatalf("%s: the properties are no JSON: %v", kind, err)
					}
				}
			}
			for _, b := range app.Became(c, app.Result{UID: "u"}) {
				if err := app.CheckJSON(b, app.MaxDepth+3); err != nil {
					t.Fatalf("%s: %s is no JSON: %v", kind, b, err)
				}
			}
		}
		if kind != "customerio" && kind != "segment" && kind != "rudderstack" {
			break
		}
	}
}

func TestRead_everyServiceTakesItsSeed(t *testing.T) {
	t.Parallel()
	for _, s := range integration.Services {
		if len(seeds[s.Kind]) == 0 {
			t.Errorf("there is no seed for %s", s.Kind)
		}
		for _, body := range seeds[s.Kind] {
			tryRead(t, s.Kind, body)
		}
	}
}

func TestRead_everyServiceBearsTheWrongTypes(t *testing.T) {
	t.Parallel()
	for kind, list := range seeds {
		for _, body := range list {
			for _, other := range []string{`null`, `7`, `"x"`, `[]`, `{}`, `[[{}]]`, `true`, `1e999`, `"` + strings.Repeat("x", 1<<20) + `"`, `"<script>alert(1)</script>"`, `"\u0000"`, `"\ud800"`} {
				for _, at := range []string{`"a@b.co"`, `1`, `"c"`, `{`, `"u"`} {
					if i := strings.Index(body, at); i >= 0 && at != "{" {
						tryRead(t, kind, body[:i]+other+body[i+len(at):])
					}
				}
				tryRead(t, kind, other)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for i, s := range integration.Services {
		for _, body := range seeds[s.Kind] {
			f.Add(uint8(i), body)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, body string) {
		tryRead(t, integration.Services[int(kind)%len(integration.Services)].Kind, body)
	})
}
