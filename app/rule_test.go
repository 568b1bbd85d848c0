package app_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"kith/app"
)

// Each fault with its whole sentence, the path of the fault before the colon.
func TestParseRule_saysWhereTheFaultIsAndHowToMendIt(t *testing.T) {
	t.Parallel()
	const ops = "is, is_not, in, not_in, contains, not_contains, starts_with, ends_with, matches, not_matches, gt, gte, lt, lte, between, exists, not_exists, " +
		"before, after, on, within_last, more_than_ago, within_next, more_than_ahead, anniversary, includes_any, includes_all, includes_none"
	const counts = "is, is_not, gt, gte, lt, lte, between"
	const times = "send RFC 3339 such as 2024-02-29T12:34:56.789Z, a date such as 2024-02-29, m/d/Y H:i:s such as 02/29/2024 12:34:56, " +
		"the date text of an e-mail, JavaScript or Java, or seconds or milliseconds since 1970"
	const units = `write a whole number and a unit, such as "30d", "12h", "2w", "3mo", "1y", "45m" or "10s"`
	const rules = "a rule has one of all, any, none, attribute, event, sequence, segment, list, account, bucket"
	many := strings.Repeat(`{"attribute":"a","op":"exists"},`, 101)
	rows := []struct{ rule, want string }{
		{``, "rule: the body is empty: a JSON value is expected"},
		{`{"all":`, "rule: the body is not valid JSON: it ends too early, at byte 7, where a value is expected"},
		{`[]`, `rule: takes a group or a condition, such as {"attribute":"plan","op":"is","value":"pro"}, not the list []`},
		{`{}`, `rule: is empty; a rule for everybody is {"all":[]}`},
		{`{"all":[{}]}`, `all[0]: is empty; a rule for everybody is {"all":[]}`},
		{`{"all":[7]}`, `all[0]: takes a group or a condition, such as {"attribute":"plan","op":"is","value":"pro"}, not the number 7`},
		{`{"all":{}}`, "all: takes an array of rules, not the object {}"},
		{`{"and":[]}`, `and: is not known here; did you mean "all"?; ` + rules},
		{`{"or":[]}`, `or: is not known here; did you mean "any"?; ` + rules},
		{`{"atribute":"x"}`, `atribute: is not known here; did you mean "attribute"?; ` + rules},
		{`{"":[]}`, `"": is not known here; ` + rules},
		{`{"weather":"x"}`, "weather: is not known here; " + rules},
		{`{"all":[],"any":[]}`, `any: stands beside "all": a group has nothing else in its object`},
		{`{"any":[],"any":[]}`, "any: is given twice"},
		{`{"any":[{"all":[{"none":[{"all":[{"all":[{"all":[{"all":[{"all":[{"all":[]}]}]}]}]}]}]}]}]}`,
			"any[0].all[0].none[0].all[0].all[0].all[0].all[0].all[0].all: groups nest deeper than 8"},
		{`{"all":[` + strings.TrimSuffix(many, ",") + `]}`, "all: it has 101 rules; a rule may have 100 conditions"},
		{`{"all":[{"any":[` + many[:len(many)/101*60-1] + `]},{"any":[` + many[:len(many)/101*60-1] + `]}]}`, "rule: it has 120 conditions; a rule may have 100"},

		{`{"attribute":""}`, "attribute: takes a name of 1 to 255 bytes"},
		{`{"attribute":7}`, "attribute: takes a text, not the number 7"},
		{`{"attribute":"a"}`, "op: is missing; it is one of " + ops},
		{`{"all":[{"all":[]},{"attribute":"a","op":"ge","value":1}]}`, `all[1].op: unknown operator "ge"; did you mean "gte"?`},
		{`{"attribute":"a","op":"==","value":1}`, `op: unknown operator "=="; did you mean "is"?`},
		{`{"attribute":"a","op":"startswith","value":"x"}`, `op: unknown operator "startswith"; did you mean "starts_with"?`},
		{`{"attribute":"a","op":"resembles","value":1}`, `op: unknown operator "resembles"`},
		{`{"attribute":"a","op":"is"}`, "value: is missing: is takes a text, number, boolean or date"},
		{`{"attribute":"a","op":"is","value":null}`, "value: is takes a text, number, boolean or date, not the null null"},
		{`{"attribute":"a","op":"is","value":1,"vlaue":2}`, `vlaue: is not known here; did you mean "value"?`},
		{`{"attribute":"a","op":"is","value":1,"colour":2}`, "colour: is not known here"},
		{`{"attribute":"a","op":"is","value":1,"case":"yes"}`, "case: takes true or false, not the text \"yes\""},
		{`{"attribute":"a","op":"is","value":1,"type":"int"}`, `type: unknown type "int"; it is one of text, number, date, boolean`},
		{`{"attribute":"a","op":"is","value":1,"type":"txt"}`, `type: unknown type "txt"; did you mean "text"?; it is one of text, number, date, boolean`},
		{`{"attribute":"a","op":"contains","value":"x","type":"date"}`, "type: contains does not compare as date"},
		{`{"attribute":"a","op":"gt","value":"x","type":"text"}`, "type: gt does not compare as text"},
		{`{"attribute":"a","op":"is","value":"x","type":"number"}`, `value: is takes a number, not the text "x"`},
		{`{"attribute":"a","op":"is","value":"x","type":"boolean"}`, `value: is takes true or false, not the text "x"`},
		{`{"attribute":"a","op":"is","value":[],"type":"text"}`, "value: is takes a text, number, boolean or date, not the list []"},
		{`{"attribute":"a","op":"exists","value":1}`, "value: exists takes no value"},
		{`{"attribute":"a","op":"in","value":"x"}`, `value: in takes an array of texts, numbers or booleans, not the text "x"`},
		{`{"attribute":"a","op":"in"}`, "value: is missing: in takes an array of texts, numbers or booleans"},
		{`{"attribute":"a","op":"in","value":[]}`, "value: in takes an array of texts, numbers or booleans, not the list []"},
		{`{"attribute":"a","op":"in","value":[{}]}`, "value: in takes texts, numbers and booleans, not the object {}"},
		{`{"attribute":"a","op":"in","value":[` + strings.Repeat("1,", 1000) + `1]}`, "value: it has 1001 values; 1000 is the most"},
		{`{"attribute":"a","op":"contains","value":7}`, "value: contains takes a text, not the number 7"},
		{`{"attribute":"a","op":"matches","value":"("}`, "value: error parsing regexp: missing closing ): `(` (expressions are RE2's: no look-around, no back references)"},
		{`{"attribute":"a","op":"matches","value":"` + strings.Repeat("a", 1001) + `"}`, "value: the expression is longer than 1,000 bytes"},
		{`{"attribute":"a","op":"gt","value":"many"}`, `value: gt takes a number or a date, not the text "many"`},
		{`{"attribute":"a","op":"gt","value":"080"}`, `value: gt takes a number or a date, not the text "080"`},
		{`{"attribute":"a","op":"gt","value":true}`, "value: gt takes a number or a date, not the boolean true"},
		{`{"attribute":"a","op":"between","value":[1]}`, "value: between takes [low, high], not the list [1]"},
		{`{"attribute":"a","op":"between","value":[1,"2024-01-01"]}`, "value: both ends must be numbers, or both dates"},
		{`{"attribute":"a","op":"between","value":[2,1]}`, "value: the low end stands first"},
		{`{"attribute":"a","op":"between","value":["2024-01-02","2024-01-01"]}`, "value: the low end stands first"},
		{`{"attribute":"a","op":"before","value":"soon"}`, `value: "soon" is not a time that can be read: its form is not known; ` + times},
		{`{"attribute":"a","op":"on","value":true}`, `value: on takes a date such as "2024-02-29", not the boolean true`},
		{`{"attribute":"a","op":"within_last"}`, `value: is missing: within_last takes a duration such as "30d"`},
		{`{"attribute":"a","op":"within_last","value":30}`, `value: takes a duration such as "30d", not the number 30`},
		{`{"attribute":"a","op":"within_last","value":"30 days"}`, `value: "30 days" is no duration: ` + units},
		{`{"attribute":"a","op":"within_last","value":"2000y"}`, `value: "2000y" is longer than the calendar`},
		{`{"attribute":"a","op":"anniversary","value":1}`, `value: takes a duration such as "30d", not the number 1`},
		{`{"attribute":"a","op":"on","value":"2024-01-01","zone":"Lagos"}`, `zone: there is no time zone "Lagos"; write an IANA name such as "Africa/Lagos", or "customer"`},
		{`{"attribute":"a","op":"on","value":"2024-01-01","zone":"Local"}`, `zone: there is no time zone "Local"; write an IANA name such as "Africa/Lagos", or "customer"`},

		{`{"event":""}`, `event: takes a name of 1 to 255 bytes, or "*" for any event`},
		{`{"event":"A","properties":[]}`, "properties: is not known here"},
		{`{"event":"A","where":{}}`, "where: takes an array of conditions on properties, not the object {}"},
		{`{"event":"A","where":[7]}`, `where[0]: takes a condition on a property, such as {"property":"amount","op":"gt","value":50}, not the number 7`},
		{`{"event":"A","where":[{"op":"is","value":1}]}`, `where[0].property: takes a property's name, or "value" for the event's single value`},
		{`{"event":"A","where":[{"property":"p","op":"is"}]}`, "where[0].value: is missing: is takes a text, number, boolean or date"},
		{`{"event":"A","where":[` + strings.TrimSuffix(strings.Repeat(`{"property":"p","op":"exists"},`, 101), ",") + `]}`, "where: a rule may have 100 conditions"},
		{`{"event":"A","within":"30d"}`, `within: takes a window such as {"last":"30d"} or {"from":"2024-06-01","to":"2024-07-01"}, not the text "30d"`},
		{`{"event":"A","within":{}}`, "within: is empty: it takes last, from or to"},
		{`{"event":"A","within":{"last":"30d","from":"60d"}}`, "within: takes either last, or from and to"},
		{`{"event":"A","within":{"until":"30d"}}`, "within.until: is not known here"},
		{`{"event":"A","within":{"from":"soon"}}`, `within.from: takes a date such as "2024-06-01", or a duration such as "90d" for so long ago: "soon" is not a time that can be read: its form is not known; ` + times},
		{`{"event":"A","within":{"from":"2024-07-01","to":"2024-06-01"}}`, "within: from must be before to"},
		{`{"event":"A","within":{"from":"2024-07-01","to":"2024-07-01"}}`, "within: from must be before to"},
		{`{"event":"A","within":{"from":"30d","to":"90d"}}`, "within: from must be before to"},
		{`{"event":"A","within":{"from":"4w","to":"28d"}}`, "within: from must be before to"},
		{`{"event":"A","count":3}`, `count: takes an object such as {"op":"gte","value":3}, not the number 3`},
		{`{"all":[{"event":"A"},{"event":"A","count":{"op":"ge","value":3}}]}`, `all[1].count.op: unknown operator "ge"; did you mean "gte"?`},
		{`{"event":"A","count":{"value":3}}`, "count.op: is missing; it is one of " + counts},
		{`{"event":"A","count":{"op":"contains","value":3}}`, `count.op: unknown operator "contains"`},
		{`{"event":"A","count":{"op":"gte"}}`, "count.value: is missing: gte takes a number"},
		{`{"event":"A","count":{"op":"is","value":"many"}}`, `count.value: is takes a number, not the text "many"`},
		{`{"event":"A","count":{"op":"gte","value":3,"of":"x"}}`, `count.of: is not known here; did you mean "op"?`},
		{`{"event":"A","sum":{"op":"gte","value":3}}`, `sum.of: takes a property's name, or "value" for the event's single value`},
		{`{"event":"A","sum":{"of":"@day","op":"gte","value":3}}`, `sum.of: "@day" goes with distinct alone`},
		{`{"event":"A","count":{"op":"gte","value":3},"sum":{"of":"x","op":"gte","value":3}}`, "sum: stands beside count: a condition has one of them"},
		{`{"event":"A","count":{"op":"gte","value":3},"occurrence":"first"}`, "count: stands beside occurrence, which is about a single event"},
		{`{"event":"A","occurrence":"second"}`, `occurrence: takes "first" or "last", not "second"`},

		{`{"sequence":{}}`, "sequence: takes an array of steps, not the object {}"},
		{`{"sequence":[{"event":"A"}]}`, "sequence: takes 2 to 10 steps"},
		{`{"sequence":[{"event":"A"},7]}`, `sequence[1]: takes a step such as {"event":"Checked out"}, not the number 7`},
		{`{"sequence":[{"event":"A","not":true},{"event":"B"}]}`, "sequence[0].not: the first step must happen: the others follow it"},
		{`{"sequence":[{"event":"A"},{"event":"B","count":{"op":"gte","value":2}}]}`, "sequence[1].count: a step is a single event: it has event, source, where, within and not"},
		{`{"sequence":[{"event":"A"},{"event":"B"}],"within":{"last":"2d"}}`, `within: takes a duration such as "30d", not the object {"last":"2d"}`},
		{`{"sequence":[{"event":"A"},{"event":"B"}],"key":"x"}`, "key: is not known here"},

		{`{"segment":" "}`, "segment: takes an id"},
		{`{"segment":"x","member":"no"}`, `member: takes true or false, not the text "no"`},
		{`{"segment":"x","status":"any"}`, "status: is not known here"},
		{`{"list":"x","status":"subscribd"}`, `status: unknown status "subscribd"; did you mean "subscribed"?; it is one of pending, subscribed, unsubscribed, any`},
		{`{"account":7}`, "account: takes a text, not the number 7"},
		{`{"bucket":10}`, `bucket: takes an object such as {"seed":"x","from":0,"to":10}, not the number 10`},
		{`{"bucket":{"seed":"x","from":-1}}`, "bucket.from: takes a number of percent from 0 to 100, not the number -1"},
		{`{"bucket":{"seed":"x","from":10,"to":10}}`, "bucket: from must be below to: from 10 to 10 holds nobody"},
		{`{"bucket":{"seed":"x","upto":10}}`, `bucket.upto: is not known here`},
	}
	for _, row := range rows {
		rule, err := app.ParseRule([]byte(row.rule))
		if err == nil {
			t.Errorf("%.80s was taken as %s", row.rule, rule.Append(nil))
			continue
		}
		if got := app.Public(err).Sentence(); got != row.want || app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%.120s:\n got %s\nwant %s", row.rule, got, row.want)
		}
	}
}

// What is taken, and how it is written again; "" is as it came.
func TestParseRule_takesAndWritesAgain(t *testing.T) {
	t.Parallel()
	rows := []struct{ rule, again string }{
		{`{"all":[]}`, ""},
		{` {"none" : [ {"any":[]} , {"all":[]} ] } `, `{"none":[{"any":[]},{"all":[]}]}`},
		{`{"op":"is","value":"a\"b","attribute":"x.y"}`, `{"attribute":"x.y","op":"is","value":"a\"b"}`},
		{`{"attribute":"a","op":"is","value":1.50}`, `{"attribute":"a","op":"is","value":1.5}`},
		{`{"attribute":"a","op":"is","value":" 80 ","type":"number"}`, `{"attribute":"a","op":"is","value":80,"type":"number"}`},
		{`{"attribute":"a","op":"is","value":2348160000001}`, ""},
		{`{"attribute":"a","op":"gt","value":"79.5"}`, `{"attribute":"a","op":"gt","value":79.5}`},
		{`{"attribute":"a","op":"gt","value":1e999}`, ""},
		{`{"attribute":"a","op":"in","value":["a",1,true]}`, ""},
		{`{"attribute":"a","op":"is","value":1709210096789,"type":"date"}`, `{"attribute":"a","op":"is","value":"2024-02-29T12:34:56.789Z","type":"date"}`},
		{`{"attribute":"a","op":"is","value":"20240229","type":"date"}`, `{"attribute":"a","op":"is","value":"2024-02-29","type":"date"}`},
		{`{"attribute":"a","op":"before","value":"02/29/2024 12:34:56"}`, ""},
		{`{"attribute":"a","op":"between","value":["2024-02-29T00:00:00Z","2024-02-28T20:00:00"]}`, ""}, // in New York that is the later one
		{`{"attribute":"a","op":"within_last","value":" 3mo "}`, `{"attribute":"a","op":"within_last","value":"3mo"}`},
		{`{"attribute":"a","op":"anniversary","value":0}`, `{"attribute":"a","op":"anniversary","value":"0d"}`},
		{`{"attribute":"a","op":"exists"}`, ""},
		{`{"attribute":"a","op":"on","value":"2024-02-29","case":true,"zone":"customer"}`, ""},
		{`{"event":"A","count":{"op":"gte","value":1}}`, `{"event":"A"}`},
		{`{"event":"A","count":{"op":"gte","value":"2"}}`, `{"event":"A","count":{"op":"gte","value":2}}`},
		{`{"event":"*","source":"s","where":[{"property":"value","op":"gt","value":50}],"within":{"from":"90d","to":"30d"},"zone":"UTC"}`, ""},
		{`{"event":"A","within":{"from":"2024-06-01"},"distinct":{"of":"@day","op":"between","value":[1,2]}}`, ""},
		{`{"event":"A","within":{"from":"1mo","to":"30d"}}`, ""}, // a month may be longer
		{`{"event":"A","occurrence":"first"}`, ""},
		{`{"sequence":[{"event":"A"},{"event":"B","not":true}],"within":"2d","by":"order_id","zone":"Africa/Lagos"}`, ""},
		{`{"segment":"x","member":true}`, `{"segment":"x"}`},
		{`{"list":"x","status":"subscribed","member":false}`, `{"list":"x","member":false}`},
		{`{"list":"x","status":"any"}`, ""},
		{`{"account":"u"}`, ""},
		{`{"bucket":{"seed":"x"}}`, `{"bucket":{"seed":"x","from":0,"to":100}}`},
	}
	for _, row := range rows {
		rule, err := app.ParseRule([]byte(row.rule))
		if err != nil {
			t.Errorf("%s: %v", row.rule, err)
			continue
		}
		want := row.again
		if want == "" {
			want = row.rule
		}
		if got := string(rule.Append(nil)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", row.rule, got, want)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	words, err := os.ReadFile("segment/testdata/words.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(words) {
		if line[0] == '{' {
			f.Add(bytes.TrimSpace(line))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		rule, err := app.ParseRule(raw)
		if err != nil {
			if e := app.Public(err); e.Code != app.CodeInvalid || e.Field == "" || e.Message == "" {
				t.Fatalf("%q: %#v", raw, e)
			}
			return
		}
		text := rule.Append(nil)
		again, err := app.ParseRule(text)
		if err != nil {
			t.Fatalf("%q became %s: %v", raw, text, err)
		}
		if second := again.Append(nil); !bytes.Equal(second, text) {
			t.Fatalf("%q became %s, and that %s", raw, text, second)
		}
		rule.Conditions(func(path string, c app.Condition) { _ = fmt.Sprint(path, c) })
	})
}
