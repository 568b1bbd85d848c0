package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"kith/app/apitest"
)

// recorded is one request of a recorded run of an SDK.
type recorded struct {
	N      int
	Label  string
	Method string
	Path   string
	Host   string
	Basic  *string
	Body   *string
}

func recording(t *testing.T, name string) []recorded {
	t.Helper()
	var out []recorded
	if err := json.Unmarshal(apitest.Shared(t, "engage", "wire", name+".json"), &out); err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatalf("the recording %s is empty", name)
	}
	return out
}

// authOf maps the keys of a recording to those of the test's server.
func authOf(t *testing.T, r recorded) apitest.Auth {
	t.Helper()
	if r.Basic == nil {
		return apitest.NoKeys
	}
	switch *r.Basic {
	case "pub_key:", "pub:":
		return apitest.PublicOnly
	case "pub_key:priv_key", "pub:priv":
		return apitest.Full
	case "null:":
		return apitest.Null
	}
	t.Fatalf("request %d: the keys %q are not known", r.N, *r.Basic)
	return ""
}

// replay sends a recording and holds the statuses against those that are not 200.
func replay(t *testing.T, s *apitest.Server, name string, other map[int]int) {
	t.Helper()
	for _, r := range recording(t, name) {
		if r.Host != "api.engage.so" && !strings.HasPrefix(r.Host, "127.0.0.1") {
			continue // static files of the widget
		}
		body := ""
		if r.Body != nil {
			body = *r.Body
		}
		header := http.Header{}
		if r.Method == http.MethodOptions {
			header.Set("Origin", "https://shop.example")
			header.Set("Access-Control-Request-Method", "PUT")
			header.Set("Access-Control-Request-Headers", "authorization,content-type")
		}
		a := s.Send(t, apitest.Request{Method: r.Method, Path: r.Path, Auth: authOf(t, r), Body: body, Header: header})
		want := 200
		if code, ok := other[r.N]; ok {
			want = code
		}
		if a.Status != want {
			t.Errorf("%s %d (%s): %s %s %s got %d %s, want %d", name, r.N, r.Label, r.Method, r.Path, body, a.Status, a.Body, want)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %d (%s): a page of another origin may not read the answer", name, r.N, r.Label)
		}
		if a.Status >= 400 {
			apitest.CheckFailure(t, a)
		}
	}
}

// want holds a value of a JSON answer against its text.
func want(t *testing.T, body []byte, text string, path ...string) {
	t.Helper()
	if got := string(apitest.Member(body, path...)); got != text {
		t.Errorf("%s: got %s, want %s", strings.Join(path, "."), got, text)
	}
}

func TestRecordings_ofNode160AreAnsweredByTheirMeaning(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	replay(t, s, "node-1.6.0", map[int]int{
		1:  401, // identify before init: the key is "null"
		26: 400, // an event without a name
		// What follows the path's "?" is lost to the SDK, so request 8 is for "a b/c".
	})
	u1 := s.Do(t, "GET", "/v1/users/u1", "", 200)
	for path, text := range map[string]string{
		"meta/plan": `"pro"`, "meta/age": `34`, "meta/score": `12.5`, "meta/neg": `-1`, "meta/active": `true`, "meta/off": `false`,
		"meta/when": `"2024-02-29T12:34:56.789Z"`, "meta/nul": ``, "meta/obj": `{"a":{"b":1}}`, "meta/arr": `[1,"x"]`,
		"meta/uni": `"Adébáyọ̀ 🎉"`, "meta/empty": `""`, "meta/big": `9007199254740992`,
		"meta/meta": `{"plan":"x"}`, "meta/lists": `["l1"]`, "meta/uid": `"zz"`, "meta/accounts": `[{"id":"a1"}]`,
		"meta/tz": ``, "tz": `"Africa/Lagos"`, "app_version": `"1.2.3"`, "app_build": `"45"`, "app_last_active": `"2024-02-29T12:34:56.789Z"`,
		"lists": `[]`, "accounts": `[]`, "uid": `"u1"`, "email": `"a@b"`,
	} {
		want(t, u1, text, strings.Split(path, "/")...)
	}
	u13345 := s.Do(t, "GET", "/v1/users/u13345", "", 200)
	for path, text := range map[string]string{
		"created_at": `"2020-05-30T09:30:10.000Z"`, "number": `"15555551234"`, "first_name": `"Dan"`,
		"devices": `[{"token":"tok1","platform":"android"}]`, "is_account": `false`, "meta": `{}`,
	} {
		want(t, u13345, text, path)
	}
	want(t, s.Do(t, "GET", "/v1/users/42", "", 200), `"42"`, "uid")
	want(t, s.Do(t, "GET", "/v1/users/a%20b%2Fc", "", 200), `"a b/c"`, "uid")
	u144 := s.Do(t, "GET", "/v1/users/u144", "", 200)
	want(t, u144, `{"plan":"p","promotion":true,"n":1.5,"when":"2024-02-29T12:34:56.789Z","nested":{"x":1},"id":"other"}`, "meta")
	want(t, u144, `[{"id":"acc1","role":"Owner"}]`, "accounts")

	for event, texts := range map[string][2]string{
		"deactivate": {`true`, `"2026-03-01T12:00:00.000Z"`}, "Paid": {`49.99`, ""}, "Toggled": {`false`, ""},
		"Booked": {`"2024-02-29T12:34:56.789Z"`, ""}, "New badge": {`"gold"`, `"2020-05-30T09:30:10.000Z"`},
		"Acheté 🎉": {`"naïve"`, ""},
	} {
		page := s.Do(t, "GET", "/v1/users/u144/events?event="+pathEscape(event), "", 200)
		want(t, page, texts[0], "data", "0", "value")
		if texts[1] != "" {
			want(t, page, texts[1], "data", "0", "timestamp")
		}
	}
	logins := s.Do(t, "GET", "/v1/users/u144/events?event=Login", "", 200)
	want(t, logins, `"2024-02-29T12:34:56.789Z"`, "data", "0", "timestamp")
	want(t, logins, `"2024-02-29T12:34:56.789Z"`, "data", "1", "timestamp")
	want(t, logins, `"2024-02-29T12:34:56.000Z"`, "data", "2", "timestamp")
	want(t, s.Do(t, "GET", "/v1/users/u144/events?event=Nested", "", 200), `{"a":{"b":{"c":1}},"l":[1,2],"n":null}`, "data", "0", "properties")
	x := s.Do(t, "GET", "/v1/users/u144/events?event=X", "", 200)
	want(t, x, `{"foo":1}`, "data", "0", "properties")
	want(t, x, `"s"`, "data", "0", "source")
}

func TestRecordings_ofPHPAreAnsweredByTheirMeaning(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	replay(t, s, "php-1.2-resolve", nil)
	u1 := s.Do(t, "GET", "/users/u1", "", 200)
	want(t, u1, `{"date":"2024-01-01 00:00:00.000000","timezone_type":2,"timezone":"Z"}`, "meta", "when")
	want(t, u1, `[1,2]`, "meta", "list")
	want(t, u1, `true`, "is_account")
	want(t, u1, `[{"id":"a1","role":"Owner"}]`, "accounts")
	want(t, s.Do(t, "GET", "/users/u13345", "", 200), `{"plan":"pro","age":3,"ok":true}`, "meta")
}

func TestRecordings_ofPythonAreAnsweredByTheirMeaning(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	replay(t, s, "python-1.1-api_url", nil)
	u1 := s.Do(t, "GET", "/v1/users/u1", "", 200)
	want(t, u1, `{"plan":"x","age":3,"n":1.5,"b":true,"l":[1],"o":{"a":1}}`, "meta")
	want(t, u1, `"Africa/Lagos"`, "tz")
	want(t, u1, `"Ada"`, "first_name")
	want(t, u1, `true`, "is_account")
	want(t, s.Do(t, "GET", "/v1/users/u1/events?event=Add", "", 200), `{"amount":12.99,"product":"T1"}`, "data", "0", "properties")
}

func TestRecordings_ofTheBrowserAreAnsweredByTheirMeaning(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	replay(t, s, "browser-2.1.1-queue", nil)
	u144 := s.Do(t, "GET", "/v1/users/u144", "", 200)
	want(t, u144, `{"plan":"pro","n":1}`, "meta")
	want(t, u144, `"q@x.io"`, "email")
	want(t, s.Do(t, "GET", "/v1/users/u144/events", "", 200), `"Queued event"`, "data", "0", "event")
	u1 := s.Do(t, "GET", "/v1/users/u1", "", 200)
	want(t, u1, `{"plan":"x","when":"2024-02-29T12:34:56.789Z","uni":"🎉é"}`, "meta")
	want(t, u1, `true`, "is_account")
	want(t, u1, `[]`, "accounts")
	want(t, s.Do(t, "GET", "/v1/users/anon", "", 200), `"u1"`, "uid")
}

func TestPostHog_isAnsweredByTheMeaningOfItsOwnCases(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Test     string
		Input    json.RawMessage
		Expected *struct{ Body string }
	}
	if err := json.Unmarshal(apitest.Shared(t, "data", "webhooks", "posthog_engage_cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 5 {
		t.Errorf("there are %d cases, want 5", len(cases))
	}
	s := apitest.Start(t)
	for _, c := range cases {
		body := string(c.Input) // what the plugin would keep back changes nothing either
		if c.Expected != nil {
			body = c.Expected.Body
		}
		if got := s.Do(t, "POST", "/posthog", body, 200); string(got) != `{"status":"ok"}` {
			t.Errorf("%s: got %s", c.Test, got)
		}
	}
	user := s.Do(t, "GET", "/v1/users/user01", "", 200)
	want(t, user, `"User"`, "first_name")
	want(t, user, `"01"`, "last_name")
	want(t, user, `"08012345678"`, "number")
	want(t, user, `{"plan":"Pro","currency":"NG"}`, "meta")
	want(t, s.Do(t, "GET", "/v1/users/user01/events", "", 200), `{"prop1":"val1","prop2":"val2"}`, "data", "0", "properties")
	group := s.Do(t, "GET", "/v1/users/group123", "", 200)
	want(t, group, `true`, "is_account")
	want(t, group, `{"name":"Group"}`, "meta")
	want(t, s.Do(t, "GET", "/v1/users/group123/events", "", 200), `"Played movie"`, "data", "0", "event")
	want(t, s.Do(t, "GET", "/v1/status", "", 200), "2", "customers")
}
