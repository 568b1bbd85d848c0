package segment_test

import (
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"
)

// testOf reads a test: op, value, type, case and zone.
func testOf(t testing.TB, text string) *app.Test {
	t.Helper()
	return &parsed(t, `{"attribute":"a",`+text+`}`).Condition.(*app.AttributeCondition).Test
}

// Each operator on each kind of value. The values that hold are listed; all others of the
// row's kinds must not.
func TestTester_everyOperatorOnEveryKindOfValue(t *testing.T) {
	t.Parallel()
	kinds := []string{`null`, `"pro"`, `"Pro"`, `""`, `"  "`, `"80"`, `" 80 "`, `"79.5"`, `80`, `80.0`, `8e1`, `79.5`, `-0`, `0`, `true`, `false`, `"true"`, `"FALSE"`,
		`[]`, `["pro","team"]`, `[80,"x"]`, `[null]`, `[["pro"]]`, `{}`, `{"a":"pro"}`, `"2026-03-01"`, `"2026-02-28T12:00:00Z"`, `"2026-03-01T12:00:00.001Z"`,
		`"2026-03-01 11:59:59"`, `1772366400000`, `"1772366400"`, `"caf\u00e9"`, `"CAFE\u0301"`, `"Stra\u00dfe"`, `"STRASSE"`, `"1e3"`, `1000`, `"080"`, `"+80"`}
	all := strings.Join(kinds, " ¦ ")
	except := func(these string) string { // all kinds but these
		out := []string{}
		for _, k := range kinds {
			if !strings.Contains(" ¦ "+these+" ¦ ", " ¦ "+k+" ¦ ") {
				out = append(out, k)
			}
		}
		return strings.Join(out, " ¦ ")
	}
	rows := []struct{ test, holds string }{
		{`"op":"is","value":"PRO"`, `"pro" ¦ "Pro" ¦ ["pro","team"]`},
		{`"op":"is","value":"Pro","case":true`, `"Pro"`},
		{`"op":"is_not","value":"pro"`, except(`"pro" ¦ "Pro" ¦ ["pro","team"]`)},
		{`"op":"is","value":""`, `""`},
		{`"op":"is","value":"cafe\u0301"`, `"caf\u00e9" ¦ "CAFE\u0301"`},
		{`"op":"is","value":"caf\u00e9","case":true`, `"caf\u00e9"`},
		{`"op":"is","value":"strasse"`, `"Stra\u00dfe" ¦ "STRASSE"`},
		{`"op":"is","value":"80"`, `"80"`}, // text with text: neither the number nor other blanks
		{`"op":"is","value":80`, `"80" ¦ " 80 " ¦ 80 ¦ 80.0 ¦ 8e1 ¦ [80,"x"]`},
		{`"op":"is_not","value":80`, except(`"80" ¦ " 80 " ¦ 80 ¦ 80.0 ¦ 8e1 ¦ [80,"x"]`)},
		{`"op":"is","value":"80","type":"number"`, `"80" ¦ " 80 " ¦ 80 ¦ 80.0 ¦ 8e1 ¦ [80,"x"]`},
		{`"op":"is","value":"80","type":"text"`, `"80" ¦ 80 ¦ [80,"x"]`},
		{`"op":"is","value":0`, `0 ¦ -0`},
		{`"op":"is","value":1000`, `"1e3" ¦ 1000`},
		{`"op":"is","value":true`, `true`},
		{`"op":"is_not","value":true`, except(`true`)},
		{`"op":"is","value":true,"type":"boolean"`, `true ¦ "true"`},
		{`"op":"is","value":"False","type":"boolean"`, `false ¦ "FALSE"`},
		{`"op":"is","value":"true","type":"text"`, `true ¦ "true"`},
		{`"op":"is","value":"null","type":"text"`, ``},
		{`"op":"is","value":"2026-03-01"`, `"2026-03-01"`}, // text with text
		{`"op":"is","value":"2026-03-01","type":"date"`, `"2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59" ¦ 1772366400000 ¦ "1772366400"`},
		{`"op":"is","value":1772366400,"type":"date"`, `1772366400000 ¦ "1772366400"`},
		{`"op":"in","value":["PRO",79.5,false]`, `"pro" ¦ "Pro" ¦ "79.5" ¦ 79.5 ¦ false ¦ ["pro","team"]`},
		{`"op":"not_in","value":["PRO",79.5,false]`, except(`"pro" ¦ "Pro" ¦ "79.5" ¦ 79.5 ¦ false ¦ ["pro","team"]`)},
		{`"op":"contains","value":"RO"`, `"pro" ¦ "Pro" ¦ ["pro","team"]`},
		{`"op":"contains","value":"Pr","case":true`, `"Pro"`},
		{`"op":"not_contains","value":"ro"`, except(`"pro" ¦ "Pro" ¦ ["pro","team"]`)},
		{`"op":"contains","value":"É"`, `"caf\u00e9" ¦ "CAFE\u0301"`},
		{`"op":"contains","value":"9","type":"text"`, `"79.5" ¦ 79.5 ¦ "2026-03-01 11:59:59"`},
		{`"op":"starts_with","value":"t"`, `"true" ¦ ["pro","team"]`},
		{`"op":"ends_with","value":".5"`, `"79.5"`},
		{`"op":"matches","value":"^p.o$"`, `"pro" ¦ "Pro" ¦ ["pro","team"]`},
		{`"op":"matches","value":"P","case":true`, `"Pro"`},
		{`"op":"not_matches","value":"."`, except(`"pro" ¦ "Pro" ¦ "  " ¦ "80" ¦ " 80 " ¦ "79.5" ¦ "true" ¦ "FALSE" ¦ ["pro","team"] ¦ [80,"x"] ¦ "2026-03-01" ¦ "2026-02-28T12:00:00Z" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59" ¦ "1772366400" ¦ "caf\u00e9" ¦ "CAFE\u0301" ¦ "Stra\u00dfe" ¦ "STRASSE" ¦ "1e3" ¦ "080" ¦ "+80"`)},
		{`"op":"matches","value":"e\u0301$"`, `"caf\u00e9" ¦ "CAFE\u0301"`},
		{`"op":"matches","value":"\\Qpro"`, `"pro" ¦ "Pro" ¦ ["pro","team"]`},
		{`"op":"gt","value":79.5`, `"80" ¦ " 80 " ¦ 80 ¦ 80.0 ¦ 8e1 ¦ [80,"x"] ¦ 1772366400000 ¦ "1772366400" ¦ "1e3" ¦ 1000`},
		{`"op":"gte","value":80`, `"80" ¦ " 80 " ¦ 80 ¦ 80.0 ¦ 8e1 ¦ [80,"x"] ¦ 1772366400000 ¦ "1772366400" ¦ "1e3" ¦ 1000`},
		{`"op":"lt","value":79.5`, `0 ¦ -0`},
		{`"op":"lte","value":"79.5"`, `"79.5" ¦ 79.5 ¦ 0 ¦ -0`},
		{`"op":"between","value":[79.5,80]`, `"79.5" ¦ 79.5 ¦ "80" ¦ " 80 " ¦ 80 ¦ 80.0 ¦ 8e1 ¦ [80,"x"]`},
		{`"op":"gt","value":"2026-02-28"`, `"2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59"`},
		{`"op":"gt","value":"2026-02-28","type":"date"`, `"2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59" ¦ 1772366400000 ¦ "1772366400"`},
		{`"op":"gte","value":"2026-03-01"`, `"2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59"`},
		{`"op":"lt","value":"2026-03-01"`, `"2026-02-28T12:00:00Z"`},
		{`"op":"lte","value":"2026-03-01"`, `"2026-02-28T12:00:00Z" ¦ "2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59"`},
		{`"op":"between","value":["2026-02-28","2026-03-01"]`, `"2026-02-28T12:00:00Z" ¦ "2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59"`},
		{`"op":"between","value":["2026-02-28","2026-02-28"]`, `"2026-02-28T12:00:00Z"`},
		{`"op":"exists"`, except(`null ¦ "" ¦ "  "`)},
		{`"op":"not_exists"`, `null ¦ "" ¦ "  "`},
		{`"op":"before","value":"2026-03-01"`, `"2026-02-28T12:00:00Z"`},
		{`"op":"after","value":"2026-03-01"`, ``},
		{`"op":"after","value":"2026-03-01T11:59:59"`, `"2026-03-01T12:00:00.001Z"`},
		{`"op":"on","value":"2026-03-01"`, `"2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59"`},
		{`"op":"on","value":"2026-03-01T05:00:00Z","type":"date"`, `"2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59" ¦ 1772366400000 ¦ "1772366400"`},
		// Now is 2026-03-01T12:00:00Z.
		{`"op":"within_last","value":"24h"`, `"2026-03-01" ¦ "2026-03-01 11:59:59"`}, // not exactly 24 hours ago, not a millisecond ahead
		{`"op":"within_last","value":"1d"`, `"2026-03-01" ¦ "2026-03-01 11:59:59"`},
		{`"op":"within_last","value":"2d"`, `"2026-02-28T12:00:00Z" ¦ "2026-03-01" ¦ "2026-03-01 11:59:59"`},
		{`"op":"more_than_ago","value":"1d"`, `"2026-02-28T12:00:00Z"`},
		{`"op":"within_next","value":"1s"`, `"2026-03-01T12:00:00.001Z"`},
		{`"op":"within_next","value":"1s","type":"date"`, `"2026-03-01T12:00:00.001Z" ¦ 1772366400000 ¦ "1772366400"`},
		{`"op":"more_than_ahead","value":"0s"`, `"2026-03-01T12:00:00.001Z"`},
		{`"op":"anniversary","value":0`, `"2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59"`},
		{`"op":"anniversary","value":"364d"`, `"2026-03-01" ¦ "2026-02-28T12:00:00Z" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59"`},
		{`"op":"anniversary","value":"363d"`, `"2026-03-01" ¦ "2026-03-01T12:00:00.001Z" ¦ "2026-03-01 11:59:59"`},
		{`"op":"includes_any","value":["TEAM",80]`, `["pro","team"] ¦ [80,"x"] ¦ "80" ¦ " 80 " ¦ 80 ¦ 80.0 ¦ 8e1`},
		{`"op":"includes_all","value":["pro","team"]`, `["pro","team"]`},
		{`"op":"includes_all","value":["PRO"]`, `["pro","team"] ¦ "pro" ¦ "Pro"`},
		{`"op":"includes_none","value":["pro",80]`, except(`["pro","team"] ¦ "pro" ¦ "Pro" ¦ [80,"x"] ¦ "80" ¦ " 80 " ¦ 80 ¦ 80.0 ¦ 8e1`)},
	}
	m := segment.Moment{Now: segmenttest.Instant("2026-03-01T12:00:00Z"), Zone: time.UTC}
	seen := map[app.Op]bool{}
	for _, row := range rows {
		x := segment.NewTester(testOf(t, row.test))
		seen[x.Test.Op] = true
		for _, value := range strings.Split(all, " ¦ ") {
			want := strings.Contains(" ¦ "+row.holds+" ¦ ", " ¦ "+value+" ¦ ")
			if got := x.Holds([]byte(value), m); got != want {
				t.Errorf("%s of %s is %v", row.test, value, got)
			}
		}
		if missing := x.Holds(nil, m); missing != x.Negated {
			t.Errorf("%s of nothing is %v", row.test, missing)
		}
	}
	for op := app.OpIs; op <= app.OpIncludesNone; op++ {
		if !seen[op] {
			t.Errorf("%s has no row", op)
		}
	}
}

// Days, and the length of calendar units, are those of the zone.
func TestTester_datesInZones(t *testing.T) {
	t.Parallel()
	rows := []struct {
		test, value, now, zone string
		want                   bool
	}{
		{`"op":"on","value":"2026-03-01"`, `"2026-02-28T23:30:00Z"`, "2026-03-01T12:00:00Z", "Africa/Lagos", true},
		{`"op":"on","value":"2026-03-01"`, `"2026-03-01T23:30:00Z"`, "2026-03-01T12:00:00Z", "Africa/Lagos", false},
		{`"op":"on","value":"2026-03-01"`, `"2026-03-01"`, "2026-03-01T12:00:00Z", "America/New_York", true}, // a day is a day everywhere
		{`"op":"after","value":"2026-03-01"`, `"2026-03-02T04:59:59.999Z"`, "2026-03-01T12:00:00Z", "America/New_York", false},
		{`"op":"after","value":"2026-03-01"`, `"2026-03-02T05:00:00Z"`, "2026-03-01T12:00:00Z", "America/New_York", true},
		{`"op":"within_last","value":"1d"`, `"2026-03-07T17:00:00.001Z"`, "2026-03-08T16:00:00Z", "America/New_York", true}, // 23 hours are a day
		{`"op":"within_last","value":"1d"`, `"2026-03-07T17:00:00Z"`, "2026-03-08T16:00:00Z", "America/New_York", false},
		{`"op":"within_last","value":"24h"`, `"2026-03-07T16:30:00Z"`, "2026-03-08T16:00:00Z", "America/New_York", true},
		{`"op":"more_than_ago","value":"1mo"`, `"2026-02-28T10:00:00Z"`, "2026-03-31T10:00:00Z", "UTC", true},
		{`"op":"more_than_ago","value":"1mo"`, `"2026-02-28T10:00:00.001Z"`, "2026-03-31T10:00:00Z", "UTC", false},
		{`"op":"more_than_ahead","value":"1d"`, `"2011-12-31"`, "2011-12-30T09:00:00Z", "Pacific/Apia", true}, // the 31st begins within the hour, and is a day away
		{`"op":"anniversary","value":0`, `"1990-03-01"`, "2026-03-01T04:00:00Z", "America/New_York", false},
		{`"op":"anniversary","value":0`, `"1990-02-28"`, "2026-03-01T04:00:00Z", "America/New_York", true},
		{`"op":"anniversary","value":0`, `"1992-02-29"`, "2026-02-28T12:00:00Z", "UTC", true}, // no leap year: the 28th
		{`"op":"anniversary","value":0`, `"1992-02-29"`, "2026-03-01T12:00:00Z", "UTC", false},
		{`"op":"anniversary","value":0`, `"1992-02-29"`, "2028-02-28T12:00:00Z", "UTC", false},
		{`"op":"anniversary","value":0`, `"1992-02-29"`, "2028-02-29T12:00:00Z", "UTC", true},
		{`"op":"anniversary","value":"1w"`, `"1990-01-03"`, "2026-12-28T12:00:00Z", "UTC", true}, // over the year's end
		{`"op":"anniversary","value":"1w"`, `"1990-01-05"`, "2026-12-28T12:00:00Z", "UTC", false},
		{`"op":"anniversary","value":"1w"`, `"1990-12-27"`, "2026-12-28T12:00:00Z", "UTC", false},
		{`"op":"anniversary","value":"1y"`, `"1990-06-01"`, "2026-12-28T12:00:00Z", "UTC", true},
	}
	for _, row := range rows {
		zone, err := app.LoadZone(row.zone)
		if err != nil {
			t.Fatal(err)
		}
		m := segment.Moment{Now: segmenttest.Instant(row.now), Zone: zone}
		if got := segment.NewTester(testOf(t, row.test)).Holds([]byte(row.value), m); got != row.want {
			t.Errorf("%s of %s at %s in %s is %v", row.test, row.value, row.now, row.zone, got)
		}
	}
}

func TestFold_comparesAsUnicodeDoes(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{{"Straße", "STRASSE", "strasse"}, {"CAFÉ", "cafe\u0301", "Café"}, {"ΣΊΣΥΦΟΣ", "σίσυφος", "ΣίσυφοΣ"}, {"ﬀ", "FF"}, {"Å", "\u212b", "a\u030a"}} {
		for _, s := range same {
			if a, b := segment.Fold(s), segment.Fold(same[0]); a != b {
				t.Errorf("%q folds to %q, %q to %q", s, a, same[0], b)
			}
		}
	}
	if segment.Fold("ı") == segment.Fold("i") {
		t.Error("the i without a dot is no i")
	}
}

func FuzzTester(f *testing.F) {
	f.Add(`{"attribute":"a","op":"matches","value":"\\Qa"}`, `"a"`)
	f.Add(`{"attribute":"a","op":"anniversary","value":"1y"}`, `["2024-02-29",1]`)
	f.Add(`{"attribute":"a.b","op":"includes_all","value":[1,"x",true]}`, `{"b":[1,"X",true]}`)
	f.Add(`{"attribute":"a","op":"between","value":["2024-01-01",1]}`, `1e999`)
	f.Fuzz(func(t *testing.T, text, value string) {
		rule, err := app.ParseRule([]byte(text))
		if err != nil || app.CheckJSON([]byte(value), app.MaxDepth) != nil {
			return
		}
		c := &app.Customer{UID: "u", Attributes: []app.Attribute{{Name: "a", Value: []byte(value)}}}
		facts := &segment.Facts{Customer: c, Events: []app.Event{{Name: "A", Value: []byte(value), Properties: []byte(`{"a":` + value + `}`)}}}
		w := &segmenttest.World{}
		m := segment.Moment{Now: segmenttest.Instant("2026-03-01T12:00:00Z"), Zone: time.UTC}
		if e := segment.Explain(rule, facts, w, m); e.Holds != segment.Match(rule, facts, w, m) {
			t.Fatalf("%s is explained as %v", text, e.Holds)
		}
		if segment.Words(rule, w) == "" {
			t.Fatalf("%s has no words", text)
		}
	})
}
