package integration_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"kith/app"
	"kith/app/apitest"
	"kith/app/integration"
)

// says is what changes say, a line each.
func says(changes []app.Change) (out []string) {
	for _, c := range changes {
		switch c := c.(type) {
		case *app.SetProfile:
			line := "set " + c.UID + " " + fmt.Sprint(attributes(c.Profile))
			if c.Profile.IsAccount != nil {
				line += " account"
			}
			for _, a := range c.Accounts {
				line += " in " + a.UID
			}
			if c.Device != nil {
				line += " on " + c.Device.Platform
			}
			out = append(out, line)
		case *app.Track:
			out = append(out, fmt.Sprintf("track %s %q %s", c.UID, c.Event, c.Properties))
		case *app.Merge:
			out = append(out, fmt.Sprintf("merge %s into %s", c.From, c.To))
		case *app.RemoveAttributes:
			out = append(out, fmt.Sprintf("remove %s %v", c.UID, c.Names))
		default:
			out = append(out, fmt.Sprintf("%T", c))
		}
	}
	return out
}

func TestSegment_everySampleOfTheSpec(t *testing.T) {
	t.Parallel()
	var samples []struct {
		Type, Event *string
		Raw         string `json:"raw_body"`
	}
	object(t, apitest.Shared(t, "data", "webhooks", "segment_spec_samples.json"), &samples)
	if len(samples) < 38 {
		t.Errorf("only %d samples", len(samples))
	}
	for _, s := range samples {
		reading, err := read(t, "segment", s.Raw)
		if err != nil || len(reading.Changes) == 0 {
			t.Errorf("%s: %v", s.Raw, err)
			continue
		}
		if s.Event != nil {
			e, ok := reading.Changes[0].(*app.Track)
			if !ok || e.Event != *s.Event || !apitest.Same(e.Properties, apitest.Member([]byte(s.Raw), "properties")) && len(e.Properties) > 2 {
				t.Errorf("%s became %v", s.Raw, says(reading.Changes))
			}
		}
	}
}

func TestSegment_whatEachCallBecomes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, body string
		want       []string
	}{
		{"identify", `{"type":"identify","userId":"u1","traits":{"firstName":"Ada","lastName":"Obi","email":"ada@example.com","phone":"+2348166877840","plan":"pro","address":{"city":"Lagos","geo":{"lat":6.5}},"seats":3,"gone":null}}`,
			[]string{`set u1 map[address_city:"Lagos" address_geo_lat:6.5 email:ada@example.com first_name:Ada gone: last_name:Obi number:2348166877840 plan:"pro" seats:3]`}},
		{"a visitor who signs in", `{"type":"identify","userId":"u1","anonymousId":"anon","traits":{"name":"Ada Obi"}}`, []string{"merge anon into u1", "set u1 map[first_name:Ada last_name:Obi]"}},
		{"a phone that is none", `{"type":"identify","userId":"u1","traits":{"phone":"ask mum"}}`, []string{`set u1 map[phone:"ask mum"]`}},
		{"track", `{"type":"track","userId":"u1","event":"Paid","properties":{"total":9.5,"items":[{"a":1}]},"messageId":"m1"}`, []string{`track u1 "Paid" {"total":9.5,"items":[{"a":1}]}`}},
		{"a visitor's", `{"type":"track","anonymousId":"anon","event":"Seen"}`, []string{`track anon "Seen" `}},
		{"page", `{"type":"page","userId":"u1","category":"Help","name":"Contact","properties":{"url":"https://x.example"}}`, []string{`track u1 "Viewed Help Contact Page" {"url":"https://x.example"}`}},
		{"a page without a name", `{"type":"page","userId":"u1"}`, []string{`track u1 "Viewed Page" `}},
		{"screen", `{"type":"screen","userId":"u1","name":"Home"}`, []string{`track u1 "Viewed Home Screen" `}},
		{"group", `{"type":"group","userId":"u1","groupId":"acme","traits":{"name":"Acme Inc","employees":20}}`, []string{`set acme map[employees:20 first_name:Acme Inc] account`, "set u1 map[] in acme"}},
		{"alias", `{"type":"alias","previousId":"old","userId":"u1"}`, []string{"merge old into u1"}},
	} {
		reading, err := read(t, "segment", row.body)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if got := says(reading.Changes); fmt.Sprint(got) != fmt.Sprint(row.want) {
			t.Errorf("%s:\n%q, want\n%q", row.name, got, row.want)
		}
	}
	reading, err := read(t, "segment", `{"batch":[{"type":"track","userId":"u1","event":"A"},{"type":"track","event":"B"},{"type":"dance","userId":"u1"},7,{"type":"identify","userId":"u2","traits":{"email":"no address"}},{"type":"track","userId":"u3","event":"C"}]}`)
	if err != nil || len(reading.Changes) != 2 || len(reading.Rejected) != 4 || reading.Rejected[0].Index != 1 {
		t.Errorf("%v, left out %v, %v", says(reading.Changes), reading.Rejected, err)
	}
}

func TestPostHog_theEngageCasesBecomeWhatTheySay(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Test     string
		Input    json.RawMessage
		Expected *struct{ Body string }
	}
	object(t, apitest.Shared(t, "data", "webhooks", "posthog_engage_cases.json"), &cases)
	want := [][]string{
		{`set user01 map[first_name:User last_name:01 plan:"Pro"]`}, {`set group123 map[name:"Group"] account`},
		{`set user01 map[currency:"NG" number:08012345678]`, `track user01 "newEvent" {"prop1":"val1","prop2":"val2"}`},
		{`track group123 "Played movie" {"prop1":"val1","prop2":"val2"}`},
	}
	for i, c := range cases {
		if c.Expected == nil {
			continue
		}
		reading, err := read(t, "posthog", c.Expected.Body)
		if err != nil || fmt.Sprint(says(reading.Changes)) != fmt.Sprint(want[i]) {
			t.Errorf("%s: %q, %v, want %q", c.Test, says(reading.Changes), err, want[i])
		}
	}
	for body, want := range map[string]string{
		`{"event":"$identify","distinct_id":"u","properties":{"$anon_distinct_id":"v","$set":{"plan":"pro"}}}`:                                     `[merge v into u set u map[plan:"pro"]]`,
		`{"event":"$pageview","distinct_id":"u","properties":{"$current_url":"https://x.example/a","$lib":"web","theme":"dark","token":"secret"}}`: `[track u "Viewed Page" {"url":"https://x.example/a","theme":"dark"}]`,
		`{"event":"$unset","distinct_id":"u","properties":{"$unset":["plan"]}}`:                                                                    `[remove u [plan]]`,
		`{"event":"$create_alias","distinct_id":"u","properties":{"alias":"old"}}`:                                                                 `[merge old into u]`,
		`{"event":"$autocapture","distinct_id":"u","properties":{}}`:                                                                               `[]`,
		`{"api_key":"k","batch":[{"event":"A","distinct_id":"u","properties":{"$lib":"x","n":1}},{"event":"B","properties":{"distinct_id":"w"}}]}`: `[track u "A" {"n":1} track w "B" ]`,
	} {
		reading, err := read(t, "posthog", body)
		if err != nil || fmt.Sprint(says(reading.Changes)) != want {
			t.Errorf("%s: %v, %v", body, says(reading.Changes), err)
		}
	}
}

func TestCustomerIO_whatEachCallBecomes(t *testing.T) {
	t.Parallel()
	for route, row := range map[string][2]string{
		"PUT /customers/5":                    {`{"email":"a@example.com","created_at":1361205308,"first_name":"Bob","plan":"basic","_update":true}`, `[set 5 map[email:a@example.com first_name:Bob plan:"basic"]]`},
		"PUT /customers/a%40example.com":      {`{"plan":"x","anonymous_id":"v"}`, `[merge v into a@example.com set a@example.com map[email:a@example.com plan:"x"]]`},
		"DELETE /customers/5":                 {``, `[*app.Delete]`},
		"POST /customers/5/events":            {`{"name":"purchase","data":{"price":23.45},"timestamp":1613063089}`, `[track 5 "purchase" {"price":23.45}]`},
		"POST /customers/6/events":            {`{"name":"https://x.example","type":"page"}`, `[track 6 "Viewed https://x.example Page" ]`},
		"POST /events":                        {`{"name":"seen","anonymous_id":"v"}`, `[track v "seen" ]`},
		"PUT /customers/5/devices":            {`{"device":{"id":"tok","platform":"ios"}}`, `[set 5 map[] on ios]`},
		"DELETE /customers/5/devices/tok%2F1": {``, `[*app.RemoveDevice]`},
		"POST /customers/5/suppress":          {``, `[*app.Archive]`},
		"POST /merge_customers":               {`{"primary":{"id":"1"},"secondary":{"email":"b@example.com"}}`, `[merge b@example.com into 1]`},
	} {
		i := &app.Integration{Kind: "customerio"}
		reading, err := integration.Read(i, &integration.Request{Body: []byte(row[0]), Route: route}, integration.Env{Now: now})
		if err != nil || fmt.Sprint(says(reading.Changes)) != row[1] {
			t.Errorf("%s: %v, %v", route, says(reading.Changes), err)
		}
	}
	for _, route := range []string{"GET /customers/5", "POST /nothing", "PUT /customers/", "", "PUT /customers/5/devices"} {
		i := &app.Integration{Kind: "customerio"}
		if reading, err := integration.Read(i, &integration.Request{Body: []byte(`{}`), Route: route}, integration.Env{Now: now}); err == nil {
			t.Errorf("%q became %v", route, says(reading.Changes))
		}
	}
}

func TestWebhook_readsWhatWasMapped(t *testing.T) {
	t.Parallel()
	i := &app.Integration{Kind: "webhook", Options: app.IntegrationOptions{Mapping: &app.HookMapping{
		UID: "user.id", Email: "user.email", Event: "type", Timestamp: "at", ID: "id",
		Properties: map[string]string{"total": "order.total", "first sku": `order.lines.0.s\.ku`, "absent": "order.nothing"}, Attributes: map[string]string{"plan": "user.plan", "name": "user.name"},
	}}}
	env := integration.Env{Now: now}
	raw := `{"id":"e1","type":"Ordered","at":"2026-02-01T10:00:00Z","user":{"id":42,"email":"a@example.com","plan":"pro","name":"Ada Obi"},"order":{"total":9.5,"lines":[{"s.ku":"x"}]}}`
	reading, err := integration.Read(i, &integration.Request{Body: []byte(raw)}, env)
	if err != nil || len(reading.Changes) != 1 {
		t.Fatal(reading, err)
	}
	o := reading.Changes[0].(*app.Observe)
	holds(t, o, map[string]string{"total": "9.5", "first sku": `"x"`, "absent": ""})
	if got := attributes(o.Set); o.Person.UID != "42" || o.Person.Email != "a@example.com" || o.Key == "" || got["plan"] != `"pro"` || got["last_name"] != "Obi" || o.Event.At.String() != "2026-02-01T10:00:00.000Z" {
		t.Errorf("%+v %v", o, got)
	}
	if reading, err := integration.Read(i, &integration.Request{Body: []byte("[" + raw + "," + raw + "]")}, env); err != nil || len(reading.Changes) != 2 {
		t.Errorf("a list: %v, %v", reading, err)
	}
	for _, bad := range []string{`{"type":"Ordered"}`, `{"user":{"id":1}}`, `{"type":"x","user":{"id":{}}}`, `{"type":"x","user":{"email":"none"}}`, `{"type":"x","at":"yesterday","user":{"id":1}}`, `7`, `{`} {
		if reading, err := integration.Read(i, &integration.Request{Body: []byte(bad)}, env); err == nil {
			t.Errorf("%s became %v", bad, reading.Changes)
		}
	}
	if reading, err := integration.Read(&app.Integration{Kind: "webhook"}, &integration.Request{Body: []byte(raw)}, env); err != nil || len(reading.Changes) != 0 || !strings.Contains(reading.Note, "Nobody has said") {
		t.Errorf("%+v, %v", reading, err)
	}
}
