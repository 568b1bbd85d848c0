package segment

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"kith/app"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Moment is when, and in which zone, a test is looked at.
type Moment struct {
	Now  app.Instant
	Zone *time.Location
}

// Tester is an [app.Test] made ready to be asked often. It is the one place that says what
// an operator means on a value; both evaluators, and every kind of column, go by it.
type Tester struct {
	Test *app.Test
	// Op is the positive operator; Negated says that the answer is turned round.
	Op      app.Op
	Negated bool
	texts   []string // of the operands that are texts: folded, unless Case
	re      *regexp.Regexp
}

// NewTester makes t ready. t must have passed [app.ParseRule].
func NewTester(t *app.Test) *Tester {
	x := &Tester{Test: t}
	x.Op, x.Negated = t.Op.Positive()
	for _, o := range t.Operands {
		text := ""
		if o.Type == app.TextType {
			if text = norm.NFC.String(o.Text); !t.Case {
				text = Fold(text)
			}
		}
		x.texts = append(x.texts, text)
	}
	if x.Op == app.OpMatches {
		re, err := expression(norm.NFC.String(t.Operands[0].Text), t.Case)
		if err != nil { // such as a range whose end was composed with a mark
			re, err = expression(t.Operands[0].Text, t.Case)
		}
		if err != nil { // "(?i)" before a good expression is a good expression
			panic("segment: " + err.Error())
		}
		x.re = re
	}
	return x
}

func expression(s string, cased bool) (*regexp.Regexp, error) {
	if !cased {
		s = "(?i)" + s // not "(?i:…)": a \Q without its \E would swallow the bracket
	}
	return regexp.Compile(s)
}

// foldSlow folds any text. A Caser is not safe for use by two at once, so it is made anew.
func foldSlow(s string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(s)))
}

// Fold returns s as texts are compared without case: Unicode case folding and NFC.
func Fold(s string) string {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return foldSlow(s)
		}
		if 'A' <= c && c <= 'Z' {
			return lowerFrom(s, i)
		}
	}
	return s
}

func lowerFrom(s string, i int) string {
	b := []byte(s)
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c >= utf8.RuneSelf:
			return foldSlow(s)
		case 'A' <= c && c <= 'Z':
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// Texts are the folded texts of the operands, for columns that hold folded text.
func (x *Tester) Texts() []string { return x.texts }

// Holds reports whether the test holds for a raw JSON value; nil is a missing one.
func (x *Tester) Holds(raw []byte, m Moment) bool { return x.positive(raw, m) != x.Negated }

func (x *Tester) positive(raw []byte, m Moment) bool {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] == 'n' {
		return false
	}
	if x.Op == app.OpExists {
		return !isBlank(raw)
	}
	if raw[0] != '[' {
		if x.Op == app.OpIncludesAll {
			return x.allEqual(raw, m)
		}
		return x.scalar(raw, m)
	}
	elements, err := app.Elements(raw, nil)
	if err != nil {
		return false
	}
	if x.Op == app.OpIncludesAll {
		for i := range x.Test.Operands {
			if !slices.ContainsFunc(elements, func(e []byte) bool { return x.equals(i, e, m) }) {
				return false
			}
		}
		return true
	}
	return slices.ContainsFunc(elements, func(e []byte) bool { return x.scalar(e, m) })
}

// allEqual: a single value stands for a list of one.
func (x *Tester) allEqual(raw []byte, m Moment) bool {
	for i := range x.Test.Operands {
		if !x.equals(i, raw, m) {
			return false
		}
	}
	return true
}

func isBlank(raw []byte) bool {
	if raw[0] != '"' {
		return false
	}
	s, ok := app.Text(raw)
	return ok && strings.TrimSpace(s) == ""
}

// scalar tests one value that is no list.
func (x *Tester) scalar(raw []byte, m Moment) bool {
	switch x.Op {
	case app.OpIs, app.OpIn, app.OpIncludesAny:
		for i := range x.Test.Operands {
			if x.equals(i, raw, m) {
				return true
			}
		}
		return false
	case app.OpContains, app.OpStartsWith, app.OpEndsWith, app.OpMatches:
		s, ok := x.text(raw)
		return ok && x.FitsText(s)
	}
	if x.Test.Type == app.NumberType {
		n, ok := NumberOf(raw)
		return ok && x.FitsNumber(n)
	}
	d, ok := x.date(raw)
	if !ok {
		return false
	}
	if x.Op == app.OpAnniversary {
		return x.FitsAnniversary(d, m)
	}
	return x.Interval(m).Holds(d, m.Zone)
}

// equals compares a value with one operand, by the operand's type.
func (x *Tester) equals(i int, raw []byte, m Moment) bool {
	o := &x.Test.Operands[i]
	switch o.Type {
	case app.TextType:
		s, ok := x.text(raw)
		return ok && s == x.texts[i]
	case app.NumberType:
		n, ok := NumberOf(raw)
		return ok && n == o.Number
	case app.BooleanType:
		b, ok := x.boolean(raw)
		return ok && b == o.Boolean
	}
	d, ok := x.date(raw)
	if !ok {
		return false
	}
	at := d.Start(m.Zone)
	return at >= o.Date.Start(m.Zone) && at < o.Date.End(m.Zone)
}

// text returns a value as texts are compared: folded, unless case counts. A number or
// boolean is one only where the rule says "type":"text".
func (x *Tester) text(raw []byte) (string, bool) {
	s, ok := app.Text(raw)
	if !ok {
		if !x.Test.Forced || x.Test.Type != app.TextType || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n' {
			return "", false
		}
		s = string(raw)
	}
	return x.Prepare(s), true
}

// Prepare returns a text as the test compares it.
func (x *Tester) Prepare(s string) string {
	if x.Op == app.OpMatches || x.Test.Case {
		return norm.NFC.String(s)
	}
	return Fold(s)
}

// FitsText tests a prepared text with contains, starts_with, ends_with, matches.
func (x *Tester) FitsText(s string) bool {
	switch x.Op {
	case app.OpContains:
		return strings.Contains(s, x.texts[0])
	case app.OpStartsWith:
		return strings.HasPrefix(s, x.texts[0])
	case app.OpEndsWith:
		return strings.HasSuffix(s, x.texts[0])
	}
	return x.re.MatchString(s)
}

// NumberOf returns a value as a number: one of JSON, or a text that is one after trimming.
func NumberOf(raw []byte) (float64, bool) {
	if raw[0] != '"' {
		return app.ParseNumber(string(raw))
	}
	if len(raw) > 64 {
		return 0, false
	}
	s, ok := app.Text(raw)
	if !ok {
		return 0, false
	}
	return app.ParseNumber(strings.TrimSpace(s))
}

// FitsNumber tests a number with is, in, gt … between.
func (x *Tester) FitsNumber(n float64) bool {
	a := x.Test.Operands[0].Number
	switch x.Op {
	case app.OpGt:
		return n > a
	case app.OpGte:
		return n >= a
	case app.OpLt:
		return n < a
	case app.OpLte:
		return n <= a
	case app.OpBetween:
		return n >= a && n <= x.Test.Operands[1].Number
	}
	return n == a
}

// Count tests a number with the operator as it was written: for counts and aggregates.
func (x *Tester) Count(n float64) bool { return x.FitsNumber(n) != x.Negated }

func (x *Tester) boolean(raw []byte) (value, ok bool) {
	switch string(raw) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	if !x.Test.Forced || raw[0] != '"' || len(raw) > 32 {
		return false, false
	}
	s, _ := app.Text(raw)
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// date returns a value as a date. A number, also in a text, is one only with "type":"date".
func (x *Tester) date(raw []byte) (app.Date, bool) { return DateOf(raw, x.Test.Forced) }

// DateOf returns a value as a date; epochs says whether numbers count as one, also those in
// a text: else a telephone number would be a day of the seventies.
func DateOf(raw []byte, epochs bool) (app.Date, bool) {
	if raw[0] != '"' {
		if !epochs || app.JSONKind(raw) != app.NumberKind {
			return app.Date{}, false
		}
		at, err := app.ParseInstant(raw, nil)
		return app.Date{Kind: app.Exact, Instant: at}, err == nil
	}
	if len(raw) > 256 {
		return app.Date{}, false
	}
	s, ok := app.Text(raw)
	if !ok {
		return app.Date{}, false
	}
	if s = strings.TrimSpace(s); !epochs && app.IsDecimal(s) {
		return app.Date{}, false
	}
	return app.TryDate(s)
}

// Interval is the dates for which a test of dates holds: from is included, To is not.
type Interval struct{ From, To app.Instant }

// Beginning and End bound every instant.
const (
	Beginning app.Instant = -1 << 62
	End       app.Instant = 1 << 62
)

// Holds reports whether a date lies in the interval.
func (in Interval) Holds(d app.Date, zone *time.Location) bool {
	at := d.Start(zone)
	return at >= in.From && at < in.To
}

// Interval returns the interval of a test of dates, but for is, in and anniversary.
func (x *Tester) Interval(m Moment) Interval {
	var start, end app.Instant
	if len(x.Test.Operands) > 0 {
		first, last := x.Test.Operands[0].Date, x.Test.Operands[len(x.Test.Operands)-1].Date
		start, end = first.Start(m.Zone), last.End(m.Zone)
	}
	switch x.Op {
	case app.OpGt, app.OpAfter:
		return Interval{end, End}
	case app.OpGte:
		return Interval{start, End}
	case app.OpLt, app.OpBefore:
		return Interval{Beginning, start}
	case app.OpLte:
		return Interval{Beginning, end}
	case app.OpBetween, app.OpOn, app.OpIs:
		if x.Op == app.OpOn {
			return dayOf(x.Test.Operands[0].Date, m.Zone)
		}
		return Interval{start, end}
	case app.OpWithinLast:
		return Interval{x.Test.Duration.Before(m.Now, m.Zone) + 1, m.Now + 1}
	case app.OpMoreThanAgo:
		return Interval{Beginning, x.Test.Duration.Before(m.Now, m.Zone) + 1}
	case app.OpWithinNext:
		return Interval{m.Now, x.Test.Duration.After(m.Now, m.Zone)}
	case app.OpMoreThanAhead:
		return Interval{x.Test.Duration.After(m.Now, m.Zone), End}
	}
	panic("segment: " + x.Op.String() + " has no interval")
}

// dayOf is the calendar day that a date lies in.
func dayOf(d app.Date, zone *time.Location) Interval {
	wall := app.WallOf(d.Start(zone), zone)
	if d.Kind != app.Exact {
		wall = d.Instant
	}
	midnight := app.Instant(app.DayOf(wall)) * app.DayMillis
	day := app.Date{Kind: app.Day, Instant: midnight}
	return Interval{day.Start(zone), day.End(zone)}
}

// FitsAnniversary reports whether the month and day of d come round from today on within
// the test's duration; the 29th of February comes round on the 28th in other years.
func (x *Tester) FitsAnniversary(d app.Date, m Moment) bool {
	wall := d.Instant
	if d.Kind == app.Exact {
		wall = app.WallOf(d.Instant, m.Zone)
	}
	return x.Rounds(m).Holds(app.MonthDay(wall))
}

// Rounds are the days of the year that an anniversary test holds for, now.
type Rounds struct{ first, last, days int64 }

// Rounds returns the days of the year that come round from today on.
func (x *Tester) Rounds(m Moment) Rounds {
	first := app.DayOf(app.WallOf(m.Now, m.Zone))
	last := app.DayOf(app.WallOf(x.Test.Duration.After(m.Now, m.Zone), m.Zone))
	return Rounds{first, last, last - first}
}

// Holds reports whether a month and day, as [app.MonthDay] gives them, is among them.
func (r Rounds) Holds(monthDay int) bool {
	if r.days >= 366 {
		return true
	}
	first, last := app.MonthDay(app.Instant(r.first)*app.DayMillis), app.MonthDay(app.Instant(r.last)*app.DayMillis)
	if monthDay == 229 {
		for day := r.first; day <= r.last; day++ {
			switch app.MonthDay(app.Instant(day) * app.DayMillis) {
			case 229:
				return true
			case 228:
				if app.MonthDay(app.Instant(day+1)*app.DayMillis) != 229 {
					return true
				}
			}
		}
		return false
	}
	if first <= last && r.days < 365 {
		return first <= monthDay && monthDay <= last
	}
	return monthDay >= first || monthDay <= last
}

// Path returns the value of a name in an object of members: the one of that flat name,
// else, at its first dot, the path into an object; nil when there is none. find returns
// the raw value of a flat name, or nil.
func Path(find func(name string) []byte, name string) []byte {
	if raw := find(name); raw != nil {
		return raw
	}
	head, rest, ok := strings.Cut(name, ".")
	if !ok {
		return nil
	}
	raw := find(head)
	if raw == nil || app.JSONKind(raw) != app.ObjectKind {
		return nil
	}
	return Member(raw, rest)
}

// Member returns the value of a name, flat or a path, in a raw JSON object; nil when
// there is none, or obj is no object.
func Member(obj []byte, name string) []byte {
	if len(obj) == 0 {
		return nil
	}
	members, err := app.Members(obj, nil)
	if err != nil {
		return nil
	}
	return Path(func(flat string) []byte { return lastNamed(members, flat) }, name)
}

// lastNamed returns the value of a flat name: of one that stands twice, the last counts.
func lastNamed(members []app.Member, name string) []byte {
	for i := len(members) - 1; i >= 0; i-- {
		if members[i].Name == name {
			return members[i].Value
		}
	}
	return nil
}
