package segment_test

import (
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"
)

// history reads events written as "A 2026-02-28T10:00 {"k":1} =5 @import; …": name, time in
// UTC, properties, value and source.
func history(t testing.TB, text string, now app.Instant) *segment.Facts {
	t.Helper()
	f := &segment.Facts{Customer: &app.Customer{Row: 1, UID: "u"}}
	for i, line := range strings.Split(text, ";") {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		e := app.Event{Row: int64(i + 1), Name: fields[0], At: segmenttest.Instant(fields[1]), Source: "api"}
		for _, field := range fields[2:] {
			switch field[0] {
			case '{':
				e.Properties = []byte(field)
			case '=':
				e.Value = []byte(field[1:])
			case '@':
				e.Source = field[1:]
			default:
				t.Fatalf("what is %q?", field)
			}
		}
		f.Events = append(f.Events, e)
	}
	segmenttest.Complete(f, now)
	return f
}

func TestMatch_events(t *testing.T) {
	t.Parallel()
	const now = "2026-03-01T12:00:00Z"
	rows := []struct {
		rule, events string
		want         bool
	}{
		// Counting.
		{`{"event":"A"}`, ``, false},
		{`{"event":"A"}`, `A 2026-02-28T10:00`, true},
		{`{"event":"a"}`, `A 2026-02-28T10:00`, false}, // names are names
		{`{"event":"*"}`, `B 2026-02-28T10:00`, true},
		{`{"event":"A"}`, `A 2026-03-01T12:00`, true},
		{`{"event":"A"}`, `A 2026-03-01T12:00:00.001`, false}, // its time has not come
		{`{"event":"A","count":{"op":"is","value":0}}`, `A 2026-03-02T10:00; B 2026-02-28T10:00`, true},
		{`{"event":"A","count":{"op":"is","value":2}}`, `A 2026-02-28T10:00; A 2026-02-28T10:00`, true}, // exact duplicates count
		{`{"event":"A","count":{"op":"between","value":[2,3]}}`, `A 2026-02-28T10:00; A 2026-02-28T11:00; A 2026-02-28T12:00; A 2026-02-28T13:00`, false},
		{`{"event":"A","count":{"op":"is_not","value":1}}`, ``, true},
		{`{"event":"A","source":"import"}`, `A 2026-02-28T10:00 @api`, false},
		{`{"event":"A","source":"import"}`, `A 2026-02-28T10:00 @import`, true},
		// Properties: all must hold of the same event.
		{`{"event":"A","where":[{"property":"k","op":"is","value":"x"},{"property":"n","op":"gt","value":5}]}`, `A 2026-02-28T10:00 {"k":"x","n":1}; A 2026-02-28T10:00 {"k":"y","n":9}`, false},
		{`{"event":"A","where":[{"property":"k","op":"is","value":"x"},{"property":"n","op":"gt","value":5}]}`, `A 2026-02-28T10:00 {"k":"X","n":"9"}`, true},
		{`{"event":"A","where":[{"property":"k","op":"is_not","value":"x"}]}`, `A 2026-02-28T10:00`, true},
		{`{"event":"A","where":[{"property":"o.k","op":"is","value":"x"}]}`, `A 2026-02-28T10:00 {"o":{"k":"x"}}`, true},
		{`{"event":"A","where":[{"property":"o.k","op":"is","value":"x"}]}`, `A 2026-02-28T10:00 {"o.k":"y","o":{"k":"x"}}`, false}, // the flat name comes first
		{`{"event":"A","where":[{"property":"value","op":"gt","value":50}]}`, `A 2026-02-28T10:00 =51`, true},
		{`{"event":"A","where":[{"property":"value","op":"gt","value":50}]}`, `A 2026-02-28T10:00 {"value":51}`, true},
		{`{"event":"A","where":[{"property":"value","op":"gt","value":50}]}`, `A 2026-02-28T10:00 {"value":51} =1`, false},
		{`{"event":"A","where":[{"property":"value","op":"is","value":false}]}`, `A 2026-02-28T10:00 =false`, true},
		{`{"event":"A","where":[{"property":"value.k","op":"is","value":1}]}`, `A 2026-02-28T10:00 ={"k":1}`, true},
		{`{"event":"A","where":[{"property":"d","op":"within_last","value":"1d"}]}`, `A 2026-01-01T10:00 {"d":"2026-03-01"}`, true},
		// Windows.
		{`{"event":"A","within":{"last":"24h"}}`, `A 2026-02-28T12:00:00`, false},
		{`{"event":"A","within":{"last":"24h"}}`, `A 2026-02-28T12:00:00.001`, true},
		{`{"event":"A","within":{"from":"2026-02-01","to":"2026-03-01"}}`, `A 2026-02-01T00:00`, true},
		{`{"event":"A","within":{"from":"2026-02-01","to":"2026-03-01"}}`, `A 2026-03-01T00:00; A 2026-01-31T23:59:59.999`, false},
		{`{"event":"A","within":{"from":"2026-02-01","to":"2026-03-01"},"zone":"Africa/Lagos"}`, `A 2026-01-31T23:00`, true},
		{`{"event":"A","within":{"from":"2d","to":"1d"}}`, `A 2026-02-27T12:00`, true},
		{`{"event":"A","within":{"from":"2d","to":"1d"}}`, `A 2026-02-28T12:00; A 2026-02-27T11:59:59.999`, false},
		{`{"event":"A","within":{"to":"2026-04-01"}}`, `A 2026-03-02T10:00`, false},
		{`{"none":[{"event":"*","within":{"from":"2026-02-01"}}]}`, `A 2026-01-31T23:59:59.999`, true},
		// Aggregates.
		{`{"event":"A","sum":{"of":"n","op":"is","value":12.5}}`, `A 2026-02-28T10:00 {"n":10}; A 2026-02-28T10:00 {"n":"2.5"}; A 2026-02-28T10:00 {"n":"x"}; A 2026-02-28T10:00`, true},
		{`{"event":"A","sum":{"of":"n","op":"is","value":0}}`, ``, true},
		{`{"event":"A","sum":{"of":"n","op":"lt","value":0}}`, `A 2026-02-28T10:00 {"n":-3}; A 2026-02-28T10:00 {"n":2}`, true},
		{`{"event":"A","avg":{"of":"n","op":"is","value":5}}`, `A 2026-02-28T10:00 {"n":10}; A 2026-02-28T10:00 {"n":0}; A 2026-02-28T10:00 {"n":null}`, true},
		{`{"event":"A","avg":{"of":"n","op":"is_not","value":5}}`, `A 2026-02-28T10:00 {"n":"x"}`, false},
		{`{"event":"A","min":{"of":"value","op":"lte","value":1}}`, `A 2026-02-28T10:00 =1; A 2026-02-28T10:00 =7`, true},
		{`{"event":"A","max":{"of":"value","op":"lte","value":1}}`, `A 2026-02-28T10:00 =1; A 2026-02-28T10:00 =7`, false},
		{`{"event":"A","max":{"of":"value","op":"lte","value":1},"within":{"last":"1d"}}`, `A 2026-02-28T13:00 =1; A 2026-02-28T10:00 =7`, true},
		{`{"event":"A","distinct":{"of":"k","op":"is","value":3}}`, `A 2026-02-28T10:00 {"k":1}; A 2026-02-28T10:00 {"k":1.0}; A 2026-02-28T10:00 {"k":"1"}; A 2026-02-28T10:00 {"k":"x"}; A 2026-02-28T10:00 {"k":null}; A 2026-02-28T10:00`, true},
		{`{"event":"A","distinct":{"of":"k","op":"is","value":2}}`, `A 2026-02-28T10:00 {"k":"x"}; A 2026-02-28T10:00 {"k":"X"}`, true}, // exact
		{`{"event":"A","distinct":{"of":"k","op":"is","value":1}}`, `A 2026-02-28T10:00 {"k":[1,2]}; A 2026-02-28T10:00 {"k":[1,2]}`, true},
		{`{"event":"A","distinct":{"of":"@day","op":"is","value":2}}`, `A 2026-02-27T10:00; A 2026-02-27T23:30; A 2026-02-28T10:00`, true},
		{`{"event":"A","distinct":{"of":"@day","op":"is","value":2},"zone":"Africa/Lagos"}`, `A 2026-02-27T10:00; A 2026-02-27T23:30; A 2026-02-28T10:00`, true},
		{`{"event":"A","distinct":{"of":"@day","op":"is","value":1},"zone":"America/New_York"}`, `A 2026-02-27T10:00; A 2026-02-28T04:30`, true},
		// First and last: only that one is looked at.
		{`{"event":"A","occurrence":"first","within":{"last":"1d"}}`, `A 2026-01-01T10:00; A 2026-03-01T10:00`, false},
		{`{"event":"A","occurrence":"last","within":{"last":"1d"}}`, `A 2026-01-01T10:00; A 2026-03-01T10:00`, true},
		{`{"event":"A","occurrence":"last","within":{"last":"1d"}}`, `A 2026-03-01T10:00; A 2026-03-02T10:00`, true},
		{`{"event":"A","occurrence":"first","where":[{"property":"k","op":"is","value":2}]}`, `A 2026-01-01T10:00 {"k":1}; A 2026-01-01T10:00 {"k":2}`, false}, // by arrival
		{`{"event":"A","occurrence":"last","where":[{"property":"k","op":"is","value":2}]}`, `A 2026-01-01T10:00 {"k":1}; A 2026-01-01T10:00 {"k":2}`, true},
		{`{"event":"A","occurrence":"first","source":"import"}`, `A 2026-01-01T10:00 @api; A 2026-01-02T10:00 @import`, true},
		// Sequences.
		{`{"sequence":[{"event":"A"},{"event":"B"}]}`, `A 2026-02-01T10:00; B 2026-02-01T10:00:00.001`, true},
		{`{"sequence":[{"event":"A"},{"event":"B"}]}`, `A 2026-02-01T10:00; B 2026-02-01T10:00`, false}, // strictly later
		{`{"sequence":[{"event":"A"},{"event":"B"}]}`, `B 2026-02-01T10:00; A 2026-02-01T11:00`, false},
		{`{"sequence":[{"event":"A"},{"event":"B"}]}`, `A 2026-02-01T10:00; B 2026-03-02T10:00`, false},
		{`{"sequence":[{"event":"A"},{"event":"A"}]}`, `A 2026-02-01T10:00`, false},
		{`{"sequence":[{"event":"A"},{"event":"B"}],"within":"2d"}`, `A 2026-02-01T10:00; B 2026-02-03T10:00`, false}, // two days have passed
		{`{"sequence":[{"event":"A"},{"event":"B"}],"within":"2d"}`, `A 2026-02-01T10:00; B 2026-02-03T09:59:59.999`, true},
		{`{"sequence":[{"event":"A"},{"event":"B"}],"within":"2d"}`, `A 2026-02-01T10:00; A 2026-02-02T10:00; B 2026-02-03T12:00`, true}, // any A
		{`{"sequence":[{"event":"A"},{"event":"B"},{"event":"C"}],"within":"1d"}`, `A 2026-02-01T10:00; B 2026-02-02T09:00; C 2026-02-03T08:00`, true},
		{`{"sequence":[{"event":"A"},{"event":"B"},{"event":"C"}],"within":"1d"}`, `A 2026-02-01T10:00; B 2026-02-01T11:00; C 2026-02-03T08:00`, false},
		// The early B is too early for C, the late one too late for A: only the middle one does.
		{`{"sequence":[{"event":"A"},{"event":"B"},{"event":"C"}],"within":"10h"}`, `A 2026-02-01T10:00; B 2026-02-01T11:00; B 2026-02-01T19:00; B 2026-02-01T23:00; C 2026-02-02T04:00`, true},
		{`{"sequence":[{"event":"A"},{"event":"B"}],"by":"o"}`, `A 2026-02-01T10:00 {"o":1}; B 2026-02-02T10:00 {"o":2}`, false},
		{`{"sequence":[{"event":"A"},{"event":"B"}],"by":"o"}`, `A 2026-02-01T10:00 {"o":1}; B 2026-02-02T10:00 {"o":1.0}`, true},
		{`{"sequence":[{"event":"A"},{"event":"B"}],"by":"o"}`, `A 2026-02-01T10:00; B 2026-02-02T10:00`, false},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}],"within":"2d"}`, `A 2026-02-27T12:00`, true}, // the two days are over
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}],"within":"2d"}`, `A 2026-02-27T12:00:00.001`, false},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}],"within":"2d"}`, `A 2026-02-20T12:00; B 2026-02-22T12:00`, true}, // too late to count
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}],"within":"2d"}`, `A 2026-02-20T12:00; B 2026-02-21T12:00`, false},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}],"within":"2d"}`, `A 2026-02-20T12:00; B 2026-02-20T12:00`, true}, // at the same instant is not after
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}]}`, `A 2026-03-01T11:00`, true},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}]}`, `A 2026-02-01T11:00; B 2026-03-01T11:00`, false},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}]}`, `A 2026-02-01T11:00; B 2026-03-01T11:00; A 2026-03-01T12:00`, true},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}],"within":"2d","by":"o"}`, `A 2026-02-20T12:00 {"o":1}; B 2026-02-21T12:00 {"o":2}`, true},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true},{"event":"C"}]}`, `A 2026-02-01T10:00; B 2026-02-01T11:00; C 2026-02-01T12:00`, false},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true},{"event":"C"}]}`, `A 2026-02-01T10:00; B 2026-02-01T10:00; C 2026-02-01T12:00; B 2026-02-01T12:00`, true}, // strictly between
		{`{"sequence":[{"event":"A"},{"event":"B","not":true},{"event":"C","not":true}],"within":"1d"}`, `A 2026-02-01T10:00; C 2026-02-01T11:00`, false},
		{`{"sequence":[{"event":"A","within":{"last":"2d"}},{"event":"B"}]}`, `A 2026-02-20T10:00; B 2026-03-01T10:00`, false},
	}
	m := segment.Moment{Now: segmenttest.Instant(now), Zone: time.UTC}
	w := &segmenttest.World{}
	for _, row := range rows {
		if got := segment.Match(parsed(t, row.rule), history(t, row.events, m.Now), w, m); got != row.want {
			t.Errorf("%s of %s is %v", row.rule, row.events, got)
		}
	}
}

func TestMatch_theCustomerItself(t *testing.T) {
	t.Parallel()
	w := &segmenttest.World{}
	m := segment.Moment{Now: segmenttest.Instant("2026-03-01T12:00:00Z"), Zone: time.UTC}
	f := ada()
	f.Customer.Devices = []app.Device{{Token: "t1", Platform: "ios"}, {Token: "t2", Platform: "ios"}}
	f.Customer.Attributes = append(f.Customer.Attributes, app.Attribute{Name: "tz", Value: []byte(`"Pacific/Apia"`)},
		app.Attribute{Name: "at", Value: []byte(`"2026-03-01T10:30:00Z"`)}, app.Attribute{Name: "o", Value: []byte(`{"p":{"q":1},"p.q":2}`)})
	for rule, want := range map[string]bool{
		`{"attribute":"uid","op":"is","value":"ADA"}`:                                  true,
		`{"attribute":"number","op":"is","value":"+234 816 000-0001"}`:                 true,
		`{"attribute":"number","op":"in","value":["(234) 8160000001"]}`:                true,
		`{"attribute":"number","op":"starts_with","value":"+234"}`:                     true,
		`{"attribute":"number","op":"is_not","value":"+234 816 000 0001"}`:             false,
		`{"attribute":"number","op":"is","value":2348160000001}`:                       true,
		`{"attribute":"first_name","op":"exists"}`:                                     false,
		`{"attribute":"is_account","op":"is","value":false}`:                           true,
		`{"attribute":"device_platform","op":"includes_all","value":["iOS"]}`:          true,
		`{"attribute":"device_platform","op":"is","value":"android"}`:                  false,
		`{"attribute":"device_token","op":"is","value":"t2"}`:                          true,
		`{"attribute":"last_interaction","op":"on","value":"2026-02-28"}`:              true,
		`{"attribute":"created_at","op":"within_last","value":"1w"}`:                   true,
		`{"attribute":"at","op":"on","value":"2026-03-02","zone":"customer"}`:          false,
		`{"attribute":"at","op":"on","value":"2026-02-28","zone":"customer"}`:          false,
		`{"attribute":"at","op":"on","value":"2026-03-01","zone":"customer"}`:          true, // 23:30 of the day in Apia
		`{"attribute":"at","op":"after","value":"2026-03-01T23:29","zone":"customer"}`: true,
		`{"attribute":"at","op":"after","value":"2026-03-01T23:30","zone":"customer"}`: false,
		`{"attribute":"o.p.q","op":"is","value":2}`:                                    true, // the flat name inside comes first
		`{"attribute":"plan.x","op":"exists"}`:                                         false,
		`{"list":"65f000000000000000000001","status":"any"}`:                           true,
		`{"list":"65f000000000000000000001"}`:                                          false,
		`{"list":"65f000000000000000000001","status":"unsubscribed"}`:                  true,
		`{"list":"65f000000000000000000009","member":false}`:                           true, // no such list: nobody is on it
		`{"account":"acme"}`:                     true,
		`{"account":"globex"}`:                   false,
		`{"account":"nobody","member":false}`:    true,
		`{"segment":"all"}`:                      true,
		`{"segment":"65f000000000000000000009"}`: false,
		`{"all":[]}`:                             true,
		`{"any":[]}`:                             false,
		`{"none":[]}`:                            true,
		`{"none":[{"any":[]}]}`:                  true,
		`{"any":[{"bucket":{"seed":"x","from":0,"to":50}},{"bucket":{"seed":"x","from":50,"to":100}}]}`: true,
		`{"all":[{"bucket":{"seed":"x","from":0,"to":50}},{"bucket":{"seed":"x","from":50,"to":100}}]}`: false,
	} {
		if got := segment.Match(parsed(t, rule), f, w, m); got != want {
			t.Errorf("%s is %v", rule, got)
		}
	}
	at := m.Now
	f.Customer.ArchivedAt = &at
	if segment.Match(parsed(t, `{"all":[]}`), f, w, m) {
		t.Error("a rule holds for an archived customer")
	}
}

// The shares of a split are even, stable, and differ from seed to seed.
func TestBucket_isEvenAndStable(t *testing.T) {
	t.Parallel()
	if got := segment.Bucket(segment.Seed("x"), 7); got < 72.842976 || got > 72.842977 {
		t.Errorf("the bucket of row 7 is %v: whoever was in a share would be in another now", got)
	}
	const n = 100_000
	both, first := 0, 0
	var tenths [10]int
	x, y := segment.Seed("x"), segment.Seed("y")
	for row := range int64(n) {
		a, b := segment.Bucket(x, row), segment.Bucket(y, row)
		if a < 0 || a >= 100 {
			t.Fatalf("row %d is at %v", row, a)
		}
		tenths[int(a/10)]++
		if a < 50 {
			if first++; b < 50 {
				both++
			}
		}
	}
	for i, k := range tenths {
		if k < n/10-500 || k > n/10+500 {
			t.Errorf("tenth %d has %d of %d", i, k, n)
		}
	}
	if share := float64(both) / float64(first); share < 0.48 || share > 0.52 {
		t.Errorf("of one seed's half, %v is in the other's", share)
	}
}

func TestInline_refusesCirclesAndWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := &segmenttest.World{Segments: map[string]*app.Rule{
		"s1": parsed(t, `{"segment":"s2"}`), "s2": parsed(t, `{"all":[{"segment":"s3","member":false}]}`), "s3": parsed(t, `{"any":[{"attribute":"a","op":"exists"}]}`),
		"c1": parsed(t, `{"segment":"c2"}`), "c2": parsed(t, `{"none":[{"segment":"c1"}]}`),
		"b1": parsed(t, `{"all":[`+strings.TrimSuffix(strings.Repeat(`{"attribute":"a","op":"exists"},`, 100), ",")+`]}`),
	}}
	for text, want := range map[string]string{
		`{"all":[{"segment":"s1"},{"segment":"s9"}]}`: `all[1]: there is no segment "s9"`,
		`{"segment":"me"}`:                            "rule: the segment names itself",
		`{"all":[{"any":[{"segment":"c1"}]}]}`:        "all[0].any[0]: the segments name one another in a circle: “Segment 1” → “Segment 2” → “Segment 1”",
		`{"any":[` + strings.TrimSuffix(strings.Repeat(`{"segment":"b1"},`, 11), ",") + `]}`: "rule: with the segments that it names, it has more than 1000 conditions",
	} {
		if _, err := segment.Inline(parsed(t, text), w, "me"); err == nil || app.Public(err).Sentence() != want {
			t.Errorf("%.80s: %v, want %s", text, err, want)
		}
	}
	put, err := segment.Inline(parsed(t, `{"any":[{"segment":"s1"},{"segment":"all"},{"event":"A"},{"segment":"all","member":false}]}`), w, "me")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(put.Append(nil)), `{"any":[{"all":[{"none":[{"any":[{"attribute":"a","op":"exists"}]}]}]},{"all":[]},{"event":"A"},{"none":[{"all":[]}]}]}`; got != want {
		t.Errorf("put in place it is %s, want %s", got, want)
	}
	// A circle that was stored all the same comes to an end.
	at := segment.Moment{Now: 0, Zone: time.UTC}
	for _, id := range []string{"c1", "c2"} {
		rule := parsed(t, `{"segment":"`+id+`"}`)
		if e := segment.Explain(rule, ada(), w, at); e.Holds != segment.Match(rule, ada(), w, at) {
			t.Errorf("%s is explained as %v", id, e.Holds)
		}
	}
}
