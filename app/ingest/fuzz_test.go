package ingest

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"kith/app"
)

var testContext = Context{Now: 1_772_366_400_000, Zone: time.UTC, Source: "api"}

// bodies are seeds: what SDKs send, and what nobody should.
var bodies = []string{
	``, ` `, `{}`, `[]`, `null`, `"text"`, `{"a":`, "\xef\xbb\xbf{}", `{"":1}`, `{"a":1,"a":2}`, `{"\ud800":"\udc00"}`, "{\"\\u0000\":\"\\u0000\"}",
	`{"id":"ada","uid":7,"first_name":"Ada","email":"ada@example.com","number":"+234 816-555 0101","created_at":"2020-05-30T09:30:10Z","is_account":"true","meta":{"plan":"pro","n":1e400,"null":null,"deep":[[{"a":[]}]]},"tz":"Africa/Lagos"}`,
	`{"device_token":"t","device_platform":"ios","lists":["5f0000000000000000000000",{"id":"x","subscribed":false}],"accounts":["a",{"id":2,"role":null}]}`,
	`{"meta":{"is_account":1,"tz":"UTC","meta":{"meta":{}}},"extra":9007199254740993,"date":1709210096789}`,
	`{"event":"Paid","value":false,"timestamp":"Feb 29, 2024 12:34:56 PM","properties":{"a":1,"a":2,"n":null},"extra":[1],"message_id":12}`,
	`{"event":{"name":"x"},"properties":[],"timestamp":{"date":"2024-01-01 00:00:00.000000","timezone_type":2,"timezone":"Z"}}`,
	`{"data":[{"type":"event","id":"ada","event":"e"},{"type":"update","uid":"b","meta":{"x":{}}},{"type":"CREATE","id":1},[],null,{"type":"delete"}]}`,
	`{"title":"News","description":null,"redirect_url":"https://example.com/?a=%zz","double_optin":"1"}`,
	`{"lists":"x","subscribed":"false","source":"a","destination":"b","type":"account","role":"Owner"}`,
}

func seed(f *testing.F) {
	f.Helper()
	for _, b := range bodies {
		f.Add([]byte(b))
	}
}

// checkRefusal fails unless err is one that a client may read and mend.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	var e *app.Error
	if !errors.As(err, &e) || e.Code != app.CodeInvalid {
		t.Fatalf("a refusal is %#v", err)
	}
	if strings.TrimSpace(e.Message) == "" || !utf8.ValidString(e.Sentence()) {
		t.Fatalf("a refusal says %q", e.Sentence())
	}
	if !json.Valid(app.Quote(e.Sentence())) {
		t.Fatalf("the refusal %q cannot be sent", e.Sentence())
	}
}

// checkRaw fails unless raw is JSON as it may be kept.
func checkRaw(t *testing.T, what string, raw []byte) {
	t.Helper()
	if err := app.CheckJSON(raw, app.MaxDepth); err != nil || !json.Valid(raw) {
		t.Fatalf("%s is kept as %.200q: %v", what, raw, err)
	}
	if string(app.Compact(raw)) != string(raw) {
		t.Fatalf("%s is not compact: %.200q", what, raw)
	}
}

func checkText(t *testing.T, what string, s string, limit int) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("%s is no UTF-8: %q", what, s)
	}
	if limit > 0 && utf8.RuneCountInString(s) > limit {
		t.Fatalf("%s has %d characters", what, utf8.RuneCountInString(s))
	}
}

func checkUID(t *testing.T, uid string) {
	t.Helper()
	checkText(t, "the id", uid, app.MaxUID)
	if strings.TrimSpace(uid) == "" || strings.ContainsRune(uid, 0) {
		t.Fatalf("the id is %q", uid)
	}
}

func checkProfile(t *testing.T, p *app.Profile) {
	t.Helper()
	for _, f := range []app.Field{p.FirstName, p.LastName, p.Email, p.Number} {
		if f.Value != nil {
			if !f.Given {
				t.Fatal("a value was not given")
			}
			checkText(t, "a standard value", *f.Value, 0)
		}
	}
	seen := map[string]bool{}
	for _, a := range p.Attributes {
		if seen[a.Name] {
			t.Fatalf("the attribute %q is there twice", a.Name)
		}
		seen[a.Name] = true
		checkText(t, "an attribute's name", a.Name, app.MaxName)
		if a.Value != nil {
			checkRaw(t, "an attribute", a.Value)
			if app.JSONKind(a.Value) == app.NullKind {
				t.Fatal("null is kept")
			}
		}
	}
}

func checkSetProfile(t *testing.T, p *app.SetProfile) {
	t.Helper()
	checkUID(t, p.UID)
	if p.NewUID != "" {
		checkUID(t, p.NewUID)
	}
	checkProfile(t, &p.Profile)
	for _, a := range p.Accounts {
		checkUID(t, a.UID)
	}
	checkText(t, "the source", p.Source, 0)
}

func checkTrack(t *testing.T, e *app.Track) {
	t.Helper()
	checkUID(t, e.UID)
	checkText(t, "the event's name", e.Event, app.MaxName)
	checkText(t, "the source", e.Source, 0)
	if e.Event == "" {
		t.Fatal("the event has no name")
	}
	if e.Value != nil {
		checkRaw(t, "the value", e.Value)
	}
	if e.Properties != nil {
		checkRaw(t, "the properties", e.Properties)
		if app.JSONKind(e.Properties) != app.ObjectKind {
			t.Fatalf("the properties are %q", e.Properties)
		}
	}
	for _, p := range e.PropertyTypes {
		checkText(t, "a property's name", p.Name, app.MaxName)
	}
}

func FuzzProfile(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, read := range []func() (*app.SetProfile, error){
			func() (*app.SetProfile, error) { return Create(body, testContext) },
			func() (*app.SetProfile, error) { return Profile("ada", body, testContext) },
			func() (*app.SetProfile, error) { return Profile(string(body), []byte(`{}`), testContext) },
		} {
			p, err := read()
			if err != nil {
				checkRefusal(t, err)
				continue
			}
			checkSetProfile(t, p)
		}
	})
}

func FuzzEvent(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := Event("ada", body, testContext)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		checkTrack(t, e)
	})
}

func FuzzBatch(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := Batch(body, testContext)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		for _, item := range items {
			switch c := item.Change.(type) {
			case *app.SetProfile:
				checkSetProfile(t, c)
			case *app.Track:
				checkTrack(t, c)
			default:
				checkRefusal(t, item.Err)
			}
		}
	})
}

func FuzzListBodies(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		check := func(err error, more func()) {
			t.Helper()
			if err != nil {
				checkRefusal(t, err)
				return
			}
			more()
		}
		l, err := List("", body)
		check(err, func() { checkText(t, "the title", *l.Title, app.MaxListTitle) })
		_, err = List("x", body)
		check(err, func() {})
		s, err := Subscriber("x", body, testContext)
		check(err, func() { checkProfile(t, &s.Profile) })
		_, err = Lists(body)
		check(err, func() {})
		_, err = Subscribed(body)
		check(err, func() {})
		j, err := Accounts("ada", body, testContext)
		check(err, func() {
			for _, a := range j.Accounts {
				checkUID(t, a.UID)
			}
		})
		_, err = Role("ada", "acme", body, testContext)
		check(err, func() {})
		_, err = Convert("ada", body, testContext)
		check(err, func() {})
		m, err := Merge(body, testContext)
		check(err, func() { checkUID(t, m.From); checkUID(t, m.To) })
	})
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{"email=ada%40example.com&first_name=Ad%C3%A9", "email=x&email=y", "=1", "a=%FF&%00=b&meta=%7B%7D", "lists[]=1&is_account=maybe", "number=%2B2348165550101&\"=\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		body := Form(values)
		checkRaw(t, "the form", body)
		s, err := Subscriber("x", body, testContext)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		checkProfile(t, &s.Profile)
	})
}

func FuzzPostHog(f *testing.F) {
	seed(f)
	f.Add([]byte(`{"event":"$identify","distinct_id":"ada","properties":{"$set":{"name":"Ada Obi","a":{"b":{"c":1}}},"$set_once":{"x":1},"$device_id":"d","$os":"iOS"}}`))
	f.Add([]byte(`{"event":{"event":"e","uuid":"u"},"distinct_id":1,"properties":{"$groups":{"a":"b","c":2},"$unset":["x",null]},"config":{"filter":"Only"}}`))
	f.Add([]byte(`{"event":"$groupidentify","properties":{"$group_key":"g","$group_set":{"name":"G"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := PostHog(body, testContext)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		for _, change := range e.Changes {
			switch c := change.(type) {
			case *app.SetProfile:
				checkSetProfile(t, c)
			case *app.Track:
				checkTrack(t, c)
			}
		}
	})
}
