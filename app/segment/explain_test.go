package segment_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

func TestExplain_eachPartAgreesWithMatch(t *testing.T) {
	t.Parallel()
	parts := 0
	rapid.Check(t, func(t *rapid.T) {
		w := segmenttest.Draw(t, 2)
		rule := w.Rule(t)
		for _, f := range w.Customers {
			e := segment.Explain(rule, f, w, w.Moment())
			if e.Holds != segment.Match(rule, f, w, w.Moment()) {
				t.Fatalf("%s: explained as %v", rule.Append(nil), e.Holds)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Fatal(err)
			}
			if f.Customer.Archived() {
				if e.Holds || !e.Archived || e.TurnsAt != nil {
					t.Fatalf("archived, and still %+v", e)
				}
				continue
			}
			var visit func(e *segment.Explanation)
			visit = func(e *segment.Explanation) {
				parts++
				if e.Holds != segment.Match(e.Rule, f, w, w.Moment()) {
					t.Fatalf("%s of %s: explained as %v", e.Rule.Append(nil), rule.Append(nil), e.Holds)
				}
				if e.TurnsAt != nil && e.Holds == segment.Match(e.Rule, f, w, segment.Moment{Now: *e.TurnsAt, Zone: w.Zone}) {
					t.Fatalf("%s of %s does not turn at %v", e.Rule.Append(nil), rule.Append(nil), e.TurnsAt)
				}
				for _, p := range e.Parts {
					visit(p)
				}
			}
			visit(e)
		}
	})
	if parts == 0 {
		t.Error("nothing was explained")
	}
}

// ada is a customer with something for every condition.
func ada() *segment.Facts {
	ten := "2348160000001"
	c := &app.Customer{Row: 7, UID: "ada", Number: &ten, CreatedAt: segmenttest.Instant("2026-02-24T09:00:00Z"),
		Attributes: []app.Attribute{{Name: "plan", Value: []byte(`"pro"`)}, {Name: "tags", Value: []byte(`["a","b"]`)},
			{Name: "note", Value: app.Quote(strings.Repeat("long ", 300))}},
		Lists:    []app.Subscription{{List: 1, Status: app.Unsubscribed}},
		Accounts: []app.Membership{{Row: 1001, UID: "acme"}},
	}
	f := &segment.Facts{Customer: c}
	for i, at := range []string{"2026-01-15T10:00:00Z", "2026-02-01T10:00:00Z", "2026-02-20T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-05T00:00:00Z"} {
		f.Events = append(f.Events, app.Event{Row: int64(i + 1), Name: "Paid", At: segmenttest.Instant(at), Source: "api",
			Properties: []byte(`{"amount":` + string(app.AppendNumber(nil, float64(i+1)*10)) + `,"order":"o1"}`)})
	}
	f.Events = append(f.Events, app.Event{Row: 9, Name: "Refunded", At: segmenttest.Instant("2026-02-21T10:00:00Z"), Source: "api", Value: []byte("5"), Properties: []byte(`{"order":"o1"}`)})
	segmenttest.Complete(f, segmenttest.Instant("2026-03-01T12:00:00Z"))
	return f
}

func TestExplain_isThatOfTheFile(t *testing.T) {
	t.Parallel()
	const file = "testdata/explained.json"
	w := &segmenttest.World{Segments: map[string]*app.Rule{"65f000000000000000000100": parsed(t, `{"attribute":"plan","op":"is","value":"pro"}`)}}
	rule := parsed(t, `{"all":[
		{"any":[{"attribute":"plan","op":"is","value":"Pro"},{"attribute":"missing","op":"exists"}]},
		{"attribute":"note","op":"starts_with","value":"long"},
		{"attribute":"created_at","op":"within_last","value":"1w"},
		{"event":"Paid","where":[{"property":"amount","op":"gt","value":10}],"within":{"last":"1mo"},"count":{"op":"gte","value":2}},
		{"event":"Paid","sum":{"of":"amount","op":"gt","value":5}},
		{"event":"Paid","avg":{"of":"nothing","op":"gt","value":5}},
		{"event":"Paid","occurrence":"last","within":{"last":"1w"}},
		{"none":[{"sequence":[{"event":"Paid"},{"event":"Refunded"}],"by":"order","within":"2d"}]},
		{"sequence":[{"event":"Paid"},{"event":"Checked out","not":true}],"within":"1w"},
		{"segment":"65f000000000000000000100"},
		{"segment":"all"},
		{"list":"65f000000000000000000001","member":false},
		{"list":"65f000000000000000000002","status":"any"},
		{"account":"acme"},
		{"bucket":{"seed":"x","from":0,"to":50}}]}`)
	got, err := json.MarshalIndent(segment.Explain(rule, ada(), w, segment.Moment{Now: segmenttest.Instant("2026-03-01T12:00:00Z"), Zone: time.UTC}), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("it is explained otherwise:\n%s", got)
	}
}

func parsed(t testing.TB, text string) *app.Rule {
	t.Helper()
	rule, err := app.ParseRule([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return rule
}
