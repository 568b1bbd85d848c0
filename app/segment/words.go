package segment

import (
	"math"
	"strconv"
	"strings"

	"kith/app"
)

// Words returns the rule as an English sentence, without its full stop: "Customers whose
// plan is “pro” and who did “Topped up” at least 3 times in the last 30 days". Brackets
// show what belongs together; what holds also where a value is missing says so.
func Words(rule *app.Rule, names Names) string {
	w := &writer{names}
	switch r := simple(rule); {
	case r.Condition == nil && len(r.Rules) == 0:
		if r.Group == app.Any {
			return "Nobody"
		}
		return "All customers"
	case r.Group == app.None:
		return "Customers except those " + w.list(r.Rules, "or")
	case r.Group == app.Any:
		return "Customers " + w.list(r.Rules, "or")
	case r.Group == app.All:
		return "Customers " + w.list(r.Rules, "and")
	default:
		return "Customers " + w.clause(r)
	}
}

// Clause returns the words of one part of a rule, to stand beside others in a list: "whose
// plan is “pro”"; of a group, only how its parts are combined.
func Clause(rule *app.Rule, names Names) string {
	switch rule.Group {
	case app.All:
		return "all of these"
	case app.Any:
		return "any of these"
	case app.None:
		return "none of these"
	}
	return (&writer{names}).clause(rule)
}

// simple takes groups apart that change nothing: those of one, and those within their like.
func simple(r *app.Rule) *app.Rule {
	if r.Condition != nil {
		return r
	}
	out := &app.Rule{Group: r.Group}
	for _, in := range r.Rules {
		in = simple(in)
		if in.Group == r.Group && r.Group != app.None || in.Group == app.Any && r.Group == app.None {
			out.Rules = append(out.Rules, in.Rules...)
		} else {
			out.Rules = append(out.Rules, in)
		}
	}
	if len(out.Rules) == 1 && r.Group != app.None {
		return out.Rules[0]
	}
	return out
}

type writer struct{ names Names }

// list writes the parts of a group; every part begins with who or whose.
func (w *writer) list(parts []*app.Rule, and string) string {
	var words []string
	for _, p := range parts {
		words = append(words, w.part(p))
	}
	return joined(words, and)
}

// joined lists things with a comma before the last of three and more.
func joined(words []string, and string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	case 2:
		return words[0] + " " + and + " " + words[1]
	default:
		return strings.Join(words[:n-1], ", ") + ", " + and + " " + words[n-1]
	}
}

// part writes a rule inside a group.
func (w *writer) part(r *app.Rule) string {
	switch {
	case r.Condition != nil:
		return w.clause(r)
	case len(r.Rules) == 0 && r.Group == app.Any:
		return "who are nobody"
	case len(r.Rules) == 0:
		return "who may be anybody"
	case r.Group == app.None && len(r.Rules) == 1:
		return "who are not among those " + w.part(r.Rules[0])
	case r.Group == app.None:
		return "who are not among those (" + w.list(r.Rules, "or") + ")"
	case r.Group == app.Any:
		return "(" + w.list(r.Rules, "or") + ")"
	}
	return "(" + w.list(r.Rules, "and") + ")"
}

func (w *writer) clause(r *app.Rule) string {
	switch c := r.Condition.(type) {
	case *app.AttributeCondition:
		return attributeWords(c)
	case *app.EventCondition:
		return eventWords(c)
	case *app.SequenceCondition:
		return sequenceWords(c)
	case *app.SegmentCondition:
		title := "All"
		if c.Segment != app.AllSegment {
			title, _, _ = w.names.Segment(c.Segment)
		}
		return "who are " + negated(c.Not) + "in the segment " + quote(or(title, c.Segment))
	case *app.ListCondition:
		return w.listWords(c)
	case *app.AccountCondition:
		_, name, _ := w.names.Account(c.Account)
		if c.Not {
			return "who do not belong to the account " + quote(or(name, c.Account))
		}
		return "who belong to the account " + quote(or(name, c.Account))
	case *app.BucketCondition:
		return "who fall from " + percent(c.From) + " to below " + percent(c.To) + " in the random split " + quote(c.Seed)
	}
	panic("segment: a condition of an unknown kind")
}

func negated(not bool) string {
	if not {
		return "not "
	}
	return ""
}

func percent(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) + " %" }

func (w *writer) listWords(c *app.ListCondition) string {
	_, title, _ := w.names.List(c.List)
	list := "the list " + quote(or(title, c.List))
	switch {
	case c.Any:
		return "who are " + negated(c.Not) + "on " + list
	case c.Status == app.Unsubscribed:
		return "who have " + negated(c.Not) + "unsubscribed from " + list
	case c.Status == app.Pending:
		return "who are " + negated(c.Not) + "yet to confirm " + list
	}
	return "who are " + negated(c.Not) + "subscribed to " + list
}

// standardWords are the standard attributes as people say them.
var standardWords = map[string]string{"first_name": "first name", "last_name": "last name", "email": "e-mail address", "number": "phone number",
	"created_at": "sign-up date", "tz": "time zone", "device_platform": "device platform", "device_token": "push token", "last_interaction": "last interaction"}

func attributeWords(c *app.AttributeCondition) string {
	if c.Attribute == "is_account" && len(c.Test.Operands) == 1 && c.Test.Operands[0].Type == app.BooleanType {
		switch c.Test.Op {
		case app.OpIs:
			return "who are " + negated(!c.Test.Operands[0].Boolean) + "accounts"
		case app.OpIsNot:
			return "who are " + negated(c.Test.Operands[0].Boolean) + "accounts"
		}
	}
	name, ok := standardWords[c.Attribute]
	if !ok {
		name = nameWords(c.Attribute)
	}
	return "whose " + name + " " + testWords(&c.Test)
}

// nameWords writes a name as it is where that reads as one word, else in quotation marks.
func nameWords(name string) string {
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || !('0' <= r && r <= '9' || strings.ContainsRune("_-.$", r))) {
			return quote(name)
		}
	}
	return name
}

// longText is how much of a text a sentence takes.
const longText = 100

func quote(s string) string {
	if r := []rune(s); len(r) > longText {
		s = string(r[:longText]) + "…"
	}
	return "“" + s + "”"
}

// testWords writes a test behind the name of what is tested.
func testWords(t *app.Test) string {
	words := opWords(t)
	var notes []string
	if _, not := t.Op.Positive(); not && t.Op != app.OpNotExists {
		notes = append(notes, "or is missing")
	}
	if t.Case && comparesTexts(t) {
		notes = append(notes, "case as written")
	}
	if t.Forced {
		notes = append(notes, map[app.ValueType][]string{app.TextType: {"numbers count as texts"}, app.DateType: {"numbers count as times"},
			app.BooleanType: {"texts count as booleans"}}[t.Type]...)
	}
	if zone := zoneWords(t.Zone); zone != "" && usesZone(t) {
		notes = append(notes, zone)
	}
	if len(notes) > 0 {
		words += " (" + strings.Join(notes, ", ") + ")"
	}
	return words
}

func comparesTexts(t *app.Test) bool {
	for _, o := range t.Operands {
		if o.Type == app.TextType {
			return true
		}
	}
	return false
}

// usesZone reports whether a zone makes a difference to a test.
func usesZone(t *app.Test) bool {
	if !t.Duration.IsZero() {
		return true
	}
	for _, o := range t.Operands {
		if o.Type == app.DateType {
			return true
		}
	}
	return false
}

func zoneWords(zone string) string {
	switch zone {
	case "":
		return ""
	case app.CustomerZone:
		return "in the customer’s own time zone"
	}
	return "in the time zone " + zone
}

func opWords(t *app.Test) string {
	operand := func() string { return operandWords(t, 0) }
	switch t.Op {
	case app.OpIs:
		return "is " + at(t) + operand()
	case app.OpIsNot:
		return "is not " + at(t) + operand()
	case app.OpIn:
		return oneOf("is", "is one of", t)
	case app.OpNotIn:
		return oneOf("is not", "is none of", t)
	case app.OpContains:
		return "contains " + operand()
	case app.OpNotContains:
		return "does not contain " + operand()
	case app.OpStartsWith:
		return "starts with " + operand()
	case app.OpEndsWith:
		return "ends with " + operand()
	case app.OpMatches:
		return "matches the expression " + operand()
	case app.OpNotMatches:
		return "does not match the expression " + operand()
	case app.OpExists:
		return "is known"
	case app.OpNotExists:
		return "is missing"
	case app.OpBefore:
		return "is before " + operand()
	case app.OpAfter:
		return "is after " + operand()
	case app.OpOn:
		if t.Operands[0].Date.Kind == app.Day {
			return "is on " + operand()
		}
		return "is on the day of " + operand()
	case app.OpWithinLast:
		return "is within the last " + durationWords(t.Duration)
	case app.OpMoreThanAgo:
		return "is at least " + lengthWords(t.Duration) + " ago"
	case app.OpWithinNext:
		return "is within the next " + durationWords(t.Duration)
	case app.OpMoreThanAhead:
		return "is at least " + lengthWords(t.Duration) + " ahead"
	case app.OpAnniversary:
		if t.Duration.N == 0 {
			return "has its anniversary today"
		}
		return "has its anniversary within the next " + durationWords(t.Duration)
	case app.OpIncludesAny:
		return oneOf("includes", "includes any of", t)
	case app.OpIncludesAll:
		return oneOf("includes", "includes all of", t)
	case app.OpIncludesNone:
		return oneOf("does not include", "includes none of", t)
	}
	return orderWords(t)
}

// orderWords writes gt, gte, lt, lte and between.
func orderWords(t *app.Test) string {
	words := map[app.Op]string{app.OpGt: "is more than ", app.OpGte: "is at least ", app.OpLt: "is less than ", app.OpLte: "is at most "}
	if t.Type == app.DateType {
		words = map[app.Op]string{app.OpGt: "is after ", app.OpGte: "is " + at(t) + "or after ", app.OpLt: "is before ", app.OpLte: "is " + at(t) + "or before "}
	}
	if t.Op == app.OpBetween {
		return "is from " + operandWords(t, 0) + " to " + operandWords(t, 1)
	}
	return words[t.Op] + operandWords(t, 0)
}

// at is the preposition before a date.
func at(t *app.Test) string {
	switch {
	case t.Type != app.DateType:
		return ""
	case t.Operands[0].Date.Kind == app.Day:
		return "on "
	}
	return "at "
}

// oneOf writes a list of operands, or the only one behind other words.
func oneOf(one, several string, t *app.Test) string {
	if len(t.Operands) == 1 {
		return one + " " + operandWords(t, 0)
	}
	var words []string
	for i := range t.Operands {
		if rest := len(t.Operands) - i; i == 10 && rest > 1 {
			words = append(words, strconv.Itoa(rest)+" others")
			break
		}
		words = append(words, operandWords(t, i))
	}
	n := len(words) - 1
	return several + " " + strings.Join(words[:n], ", ") + " and " + words[n]
}

func operandWords(t *app.Test, i int) string {
	o := &t.Operands[i]
	switch o.Type {
	case app.NumberType:
		return numberWords(o.Number)
	case app.BooleanType:
		return strconv.FormatBool(o.Boolean)
	case app.DateType:
		return dateWords(o.Date)
	}
	return quote(o.Text)
}

// numberWords writes a number, its thousands apart from ten thousand on, so that a year
// stays a year.
func numberWords(n float64) string {
	if math.IsInf(n, 0) {
		return strings.Replace("-infinity", "-", map[bool]string{true: "minus ", false: ""}[n < 0], 1)
	}
	s := string(app.AppendNumber(nil, n))
	whole, fraction, dotted := strings.Cut(s, ".")
	digits := strings.TrimPrefix(whole, "-")
	if len(digits) < 5 || strings.ContainsAny(s, "eE") {
		return s
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if s = digits; whole[0] == '-' {
		s = "-" + s
	}
	if dotted {
		s += "." + fraction
	}
	return s
}

func dateWords(d app.Date) string {
	t := d.Instant.Time()
	switch {
	case d.Kind == app.Day:
		return t.Format("2 January 2006")
	case t.Nanosecond() != 0:
		return t.Format("2 January 2006 15:04:05.000") + utc(d)
	case t.Second() != 0:
		return t.Format("2 January 2006 15:04:05") + utc(d)
	}
	return t.Format("2 January 2006 15:04") + utc(d)
}

func utc(d app.Date) string {
	if d.Kind == app.Exact {
		return " UTC"
	}
	return ""
}

var unitWords = [...]string{"", "second", "minute", "hour", "day", "week", "month", "year"}

// lengthWords writes a duration: "30 days", "1 day".
func lengthWords(d app.Duration) string {
	if d.N == 1 {
		return "1 " + unitWords[d.Unit]
	}
	return strconv.Itoa(d.N) + " " + unitWords[d.Unit] + "s"
}

// durationWords writes a duration behind "the last": "30 days", "day".
func durationWords(d app.Duration) string {
	if d.N == 1 {
		return unitWords[d.Unit]
	}
	return lengthWords(d)
}
