package segmenttest

import (
	"slices"
	"strconv"
	"strings"

	"kith/app"
	"kith/app/segment"

	"pgregory.net/rapid"
)

func sortEvents(events []app.Event) {
	slices.SortFunc(events, func(a, b app.Event) int {
		if a.At != b.At {
			return int(a.At - b.At)
		}
		return int(a.Row - b.Row)
	})
}

// Rule draws a rule that names what is in the world.
func (w *World) Rule(t *rapid.T) *app.Rule {
	text := w.RuleJSON(t)
	rule, err := app.ParseRule([]byte(text))
	if err != nil {
		t.Fatalf("drew %s: %v", text, err)
	}
	return rule
}

// RuleJSON draws a rule's JSON.
func (w *World) RuleJSON(t *rapid.T) string { return w.rule(t, 2) }

func (w *World) rule(t *rapid.T, depth int) string {
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		return w.Condition(t)
	}
	var parts []string
	for range rapid.IntRange(0, 3).Draw(t, "parts") {
		parts = append(parts, w.rule(t, depth-1))
	}
	return `{"` + rapid.SampledFrom([]string{"all", "any", "none"}).Draw(t, "group") + `":[` + strings.Join(parts, ",") + "]}"
}

// Condition draws one condition's JSON.
func (w *World) Condition(t *rapid.T) string {
	member := rapid.SampledFrom([]string{"", `,"member":false`}).Draw(t, "member")
	switch rapid.IntRange(0, 12).Draw(t, "condition") {
	case 0, 1, 2, 3:
		name := rapid.SampledFrom(append([]string{"first_name", "last_name", "email", "number", "created_at", "tz", "is_account",
			"device_platform", "device_token", "last_interaction", "last_interaction", "created_at", "joined", "joined", "uid", "profile.name", "not there"}, Attributes...)).Draw(t, "attribute")
		return object(member1("attribute", name), w.test(t, w.valuesOf(name, "")))
	case 4, 5, 6, 7:
		return w.eventCondition(t)
	case 8, 9:
		return w.sequence(t)
	case 10:
		if len(w.ids) > 0 {
			return object(member1("segment", rapid.SampledFrom(append([]string{app.AllSegment}, w.ids...)).Draw(t, "segment")) + member)
		}
		return object(member1("segment", app.AllSegment) + member)
	case 11:
		status := rapid.SampledFrom([]string{"", `,"status":"subscribed"`, `,"status":"unsubscribed"`, `,"status":"pending"`, `,"status":"any"`}).Draw(t, "status")
		return object(member1("list", rapid.SampledFrom(Lists).Draw(t, "list")) + status + member)
	}
	if rapid.Bool().Draw(t, "bucket") {
		return object(`"bucket":{"seed":"` + rapid.SampledFrom([]string{"x", "y"}).Draw(t, "seed") + `","from":20,"to":70}`)
	}
	return object(member1("account", rapid.SampledFrom(Accounts).Draw(t, "account")) + member)
}

func object(parts ...string) string {
	return "{" + strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ",") + "}"
}

func member1(name, value string) string {
	return string(app.Quote(name)) + ":" + string(app.Quote(value))
}

func (w *World) zone(t *rapid.T) string {
	if rapid.IntRange(0, 2).Draw(t, "zoned") > 0 {
		return ""
	}
	return member1("zone", rapid.SampledFrom(append([]string{app.CustomerZone}, Zones...)).Draw(t, "in zone"))
}

// Duration draws one that is the distance of something.
func Duration(t *rapid.T) string { return rapid.SampledFrom(distances).Draw(t, "duration") }

// scalars appends the single values in a raw value: itself, or those of a list.
func scalars(raw []byte, to []string) []string {
	switch app.JSONKind(raw) {
	case app.ListKind:
		elements, _ := app.Elements(raw, nil)
		for _, e := range elements {
			to = scalars(e, to)
		}
	case app.TextKind, app.NumberKind, app.BoolKind:
		to = append(to, string(raw))
	}
	return to
}

// valuesOf are the single values of an attribute, or of a property, in this world.
func (w *World) valuesOf(attribute, property string) (out []string) {
	for _, f := range w.Customers {
		if attribute != "" {
			out = scalars(segment.Attribute(f.Customer, attribute), out)
			continue
		}
		for i := range f.Events {
			out = scalars(segment.Property(&f.Events[i], property), out)
		}
	}
	return out
}

var (
	anyOps  = []string{"is", "is_not", "in", "not_in", "exists", "not_exists", "includes_any", "includes_all", "includes_none"}
	textOps = []string{"contains", "not_contains", "starts_with", "ends_with", "matches", "not_matches"}
	// orderOps are also those of numbers.
	orderOps = []string{"gt", "gte", "lt", "lte", "between"}
	dateOps  = []string{"before", "after", "on", "within_last", "more_than_ago", "within_next", "more_than_ahead", "anniversary"}
)

// test draws op, value, type, case and zone, mostly such as fit one of the values that are
// there, and mostly with an operand close to it.
func (w *World) test(t *rapid.T, values []string) string {
	ops := slices.Concat(anyOps, textOps, orderOps, dateOps)
	like := ""
	if len(values) > 0 && rapid.IntRange(0, 3).Draw(t, "like") > 0 {
		like = rapid.SampledFrom(values).Draw(t, "value like")
		_, isDate := segment.DateOf([]byte(like), false)
		_, isNumber := segment.NumberOf([]byte(like))
		switch {
		case isDate:
			ops = slices.Concat(anyOps, orderOps, dateOps)
		case isNumber:
			ops = slices.Concat(anyOps, orderOps)
		case like[0] == '"':
			ops = slices.Concat(anyOps, textOps)
		default:
			ops = anyOps
		}
	}
	text := func() string {
		if s, ok := app.Text([]byte(like)); ok && rapid.IntRange(0, 3).Draw(t, "close") > 0 {
			runes := []rune(s)
			from := rapid.IntRange(0, len(runes)).Draw(t, "from")
			part := []string{s, strings.ToUpper(s), string(runes[from:]), string(runes[:from])}
			return string(app.Quote(rapid.SampledFrom(part).Draw(t, "operand")))
		}
		return string(app.Quote(rapid.SampledFrom(texts).Draw(t, "operand")))
	}
	number := func() string {
		if like != "" {
			if n, ok := segment.NumberOf([]byte(like)); ok && n < 1e15 {
				n += rapid.SampledFrom([]float64{0, 0, 0, 1, -1, 0.5}).Draw(t, "beside")
				return string(app.AppendNumber(nil, n))
			}
		}
		return rapid.SampledFrom(numbers).Draw(t, "operand")
	}
	op := rapid.SampledFrom(ops).Draw(t, "op")
	parts := []string{member1("op", op), w.zone(t)}
	value := func(raw string) { parts = append(parts, `"value":`+raw) }
	force := func(kind string) { parts = append(parts, `"type":"`+kind+`"`) }
	if rapid.IntRange(0, 3).Draw(t, "case") == 0 {
		parts = append(parts, `"case":true`)
	}
	switch op {
	case "is", "is_not", "in", "not_in", "includes_any", "includes_all", "includes_none":
		one := func() string {
			if like != "" && rapid.Bool().Draw(t, "the same") {
				return like
			}
			return rapid.SampledFrom([]string{text(), number(), "true", "false"}).Draw(t, "value")
		}
		switch rapid.IntRange(0, 9).Draw(t, "forced") {
		case 0:
			force("date")
			one = func() string { return w.Date(t) }
		case 1:
			force("text")
			one = func() string { return rapid.SampledFrom([]string{text(), number(), "true"}).Draw(t, "as text") }
		case 2:
			force("boolean")
			one = func() string { return rapid.SampledFrom([]string{"true", "false", `"TRUE"`}).Draw(t, "as boolean") }
		case 3:
			force("number")
			one = number
		}
		if op == "is" || op == "is_not" {
			value(one())
			break
		}
		list := []string{one()}
		for range rapid.IntRange(0, 2).Draw(t, "more") {
			list = append(list, one())
		}
		value("[" + strings.Join(list, ",") + "]")
	case "contains", "not_contains", "starts_with", "ends_with":
		value(text())
		if rapid.IntRange(0, 4).Draw(t, "forced") == 0 {
			force("text")
		}
	case "matches", "not_matches":
		value(rapid.SampledFrom([]string{`"^p"`, `"o$"`, `"É"`, `"^\\d+(\\.\\d)?$"`, `"strasse|lagos"`, `""`}).Draw(t, "expression"))
	case "gt", "gte", "lt", "lte", "between":
		low, high := number(), ""
		if low == "1e999" {
			low = "7"
		}
		if rapid.Bool().Draw(t, "dates") {
			if rapid.Bool().Draw(t, "forced") {
				force("date")
			}
			a, b := w.Near(t), w.Near(t)
			low, high = string(instantJSON(min(a, b))), string(instantJSON(max(a, b)))
		} else if n, err := strconv.ParseFloat(low, 64); err == nil {
			high = strconv.FormatFloat(n+50, 'f', -1, 64)
		}
		if op == "between" {
			low = "[" + low + "," + high + "]"
		}
		value(low)
	case "before", "after", "on":
		value(w.Date(t))
	case "within_last", "more_than_ago", "within_next", "more_than_ahead":
		value(string(app.Quote(Duration(t))))
	case "anniversary":
		value(rapid.SampledFrom([]string{"0", `"0d"`, `"1d"`, `"12h"`, `"30d"`, `"1mo"`, `"11mo"`, `"1y"`}).Draw(t, "round"))
	}
	if slices.Contains(dateOps, op) && rapid.Bool().Draw(t, "as date") {
		force("date")
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ",")
}

// events draws event, source, where and within: the less of the latter, the higher choosy is.
func (w *World) events(t *rapid.T, choosy int) string {
	parts := []string{member1("event", rapid.SampledFrom(append([]string{app.AnyEvent}, Events...)).Draw(t, "event"))}
	if rapid.IntRange(0, 4).Draw(t, "sourced") == 0 {
		parts = append(parts, member1("source", rapid.SampledFrom(Sources).Draw(t, "source")))
	}
	if rapid.IntRange(0, choosy).Draw(t, "where") == 0 {
		var tests []string
		for range rapid.IntRange(1, 2).Draw(t, "tests") {
			name := rapid.SampledFrom(Properties).Draw(t, "property")
			tests = append(tests, object(member1("property", name), w.test(t, w.valuesOf("", name))))
		}
		parts = append(parts, `"where":[`+strings.Join(tests, ",")+"]")
	}
	bound := func(name string) string {
		if rapid.Bool().Draw(t, "ago") {
			return member1(name, Duration(t))
		}
		return `"` + name + `":` + w.Date(t)
	}
	switch rapid.IntRange(0, 3+choosy).Draw(t, "within") {
	case 0, 1:
		parts = append(parts, `"within":{`+member1("last", Duration(t))+"}")
	case 2:
		parts = append(parts, `"within":{`+bound("from")+"}")
	case 3:
		parts = append(parts, `"within":{`+bound("to")+"}")
	case 4:
		parts = append(parts, `"within":{"from":"2mo",`+member1("to", rapid.SampledFrom([]string{"0s", "1d", "1mo"}).Draw(t, "to"))+"}")
	}
	return strings.Join(parts, ",")
}

// aggregated are the properties that are mostly numbers, and some others.
var aggregated = append([]string{"amount", "amount", "amount", "order"}, Properties...)

func (w *World) eventCondition(t *rapid.T) string {
	test := func(values ...string) string {
		op := rapid.SampledFrom([]string{"is", "is_not", "gt", "gte", "lt", "lte", "between"}).Draw(t, "count op")
		value := rapid.SampledFrom(values).Draw(t, "count")
		if op == "between" {
			value = "[" + value + ",100]"
		}
		return `"op":"` + op + `","value":` + value
	}
	what := ""
	switch kind := rapid.SampledFrom([]string{"", "", "count", "sum", "avg", "min", "max", "distinct", "day", "first", "last"}).Draw(t, "aggregate"); kind {
	case "":
	case "count":
		what = `"count":{` + test("0", "1", "2", "3") + "}"
	case "day":
		what = `"distinct":{"of":"@day",` + test("0", "1", "2") + "}"
	case "distinct":
		what = `"distinct":{"of":"` + rapid.SampledFrom(aggregated).Draw(t, "of") + `",` + test("0", "1", "2") + "}"
	case "first", "last":
		what = member1("occurrence", kind)
	default:
		what = `"` + kind + `":{"of":"` + rapid.SampledFrom(aggregated).Draw(t, "of") + `",` + test("0", "1", "50", "79.5", "80") + "}"
	}
	return object(w.events(t, 2), w.zone(t), what)
}

func (w *World) sequence(t *rapid.T) string {
	var steps []string
	for i := range rapid.IntRange(2, 4).Draw(t, "steps") {
		not := ""
		if i > 0 && rapid.IntRange(0, 2).Draw(t, "not") == 0 {
			not = `"not":true`
		}
		steps = append(steps, object(w.events(t, 8), not))
	}
	parts := []string{`"sequence":[` + strings.Join(steps, ",") + "]", w.zone(t)}
	if rapid.Bool().Draw(t, "within") {
		parts = append(parts, member1("within", Duration(t)))
	}
	if rapid.IntRange(0, 2).Draw(t, "by") == 0 {
		parts = append(parts, member1("by", rapid.SampledFrom([]string{"order", "kind", "value"}).Draw(t, "by")))
	}
	return object(parts...)
}

func instantJSON(at app.Instant) []byte { return app.Quote(at.String()) }
