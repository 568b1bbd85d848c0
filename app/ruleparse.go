package app

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ParseRule reads a rule from JSON and checks it whole, but for whether the segments,
// lists and accounts that it names exist. The error is CodeInvalid, with the path of the
// fault as its Field: `all[1].count.op: unknown operator "ge"; did you mean "gte"?`.
func ParseRule(raw []byte) (*Rule, error) {
	if err := CheckJSON(raw, MaxDepth); err != nil {
		return nil, Invalid("rule", "%v", err)
	}
	p := &ruleParser{}
	r, err := p.rule(raw, "", 1)
	if err != nil {
		return nil, err
	}
	if p.conditions > MaxConditions {
		return nil, Invalid("rule", "it has %d conditions; a rule may have %d", p.conditions, MaxConditions)
	}
	return r, nil
}

type ruleParser struct{ conditions int }

// members are those of one object of a rule, taken out one by one, so that what is left
// over is a name that nobody knows.
type members struct {
	path string
	left []Member
}

func objectAt(raw []byte, path, what string) (*members, error) {
	list, err := Members(raw, nil)
	if err != nil {
		return nil, Invalid(or(path, "rule"), "takes %s, not %s", what, describe(raw))
	}
	for i, m := range list {
		for _, other := range list[:i] {
			if other.Name == m.Name {
				return nil, Invalid(join(path, m.Name), "is given twice")
			}
		}
	}
	return &members{path, list}, nil
}

// describe names a value for a message.
func describe(raw []byte) string {
	text := string(Compact(raw))
	if len(text) > excerptLimit {
		text = text[:excerptLimit] + "…"
	}
	return fmt.Sprintf("the %s %s", JSONKind(raw), strings.ToValidUTF8(text, "\uFFFD"))
}

func join(path, name string) string {
	if name == "" {
		name = `""`
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func (m *members) has(name string) bool {
	for _, in := range m.left {
		if in.Name == name {
			return true
		}
	}
	return false
}

// take removes and returns a member, nil if it is not there.
func (m *members) take(name string) []byte {
	for i, in := range m.left {
		if in.Name == name {
			m.left = append(m.left[:i], m.left[i+1:]...)
			return in.Value
		}
	}
	return nil
}

func (m *members) text(name string) (string, bool, error) {
	raw := m.take(name)
	if raw == nil {
		return "", false, nil
	}
	s, ok := Text(bytes.TrimSpace(raw))
	if !ok {
		return "", true, Invalid(join(m.path, name), "takes a text, not %s", describe(raw))
	}
	return s, true, nil
}

func (m *members) boolean(name string, otherwise bool) (bool, error) {
	raw := m.take(name)
	switch string(bytes.TrimSpace(raw)) {
	case "":
		return otherwise, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, Invalid(join(m.path, name), "takes true or false, not %s", describe(raw))
}

// done refuses what nobody has taken. known are the names that would have been.
func (m *members) done(known ...string) error {
	if len(m.left) == 0 {
		return nil
	}
	name := m.left[0].Name
	return Invalid(join(m.path, name), "is not known here%s", suggest(name, known))
}

func (p *ruleParser) rule(raw []byte, path string, depth int) (*Rule, error) {
	m, err := objectAt(raw, path, "a group or a condition, such as {\"attribute\":\"plan\",\"op\":\"is\",\"value\":\"pro\"}")
	if err != nil {
		return nil, err
	}
	for _, kind := range []GroupKind{All, Any, None} {
		if m.has(kind.String()) {
			return p.group(m, kind, depth)
		}
	}
	p.conditions++
	condition, err := p.condition(m)
	if err != nil {
		return nil, err
	}
	return &Rule{Condition: condition}, nil
}

func (p *ruleParser) group(m *members, kind GroupKind, depth int) (*Rule, error) {
	path := join(m.path, kind.String())
	if depth > MaxRuleDepth {
		return nil, Invalid(path, "groups nest deeper than %d", MaxRuleDepth)
	}
	elements, err := listAt(m.take(kind.String()), path, "rules")
	if err != nil {
		return nil, err
	}
	if len(m.left) > 0 {
		return nil, Invalid(join(m.path, m.left[0].Name), "stands beside %q: a group has nothing else in its object", kind)
	}
	if len(elements) > MaxConditions {
		return nil, Invalid(path, "it has %d rules; a rule may have %d conditions", len(elements), MaxConditions)
	}
	r := &Rule{Group: kind, Rules: make([]*Rule, len(elements))}
	for i, e := range elements {
		if r.Rules[i], err = p.rule(e, fmt.Sprintf("%s[%d]", path, i), depth+1); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func listAt(raw []byte, path, of string) ([][]byte, error) {
	elements, err := Elements(raw, nil)
	if err != nil {
		return nil, Invalid(path, "takes an array of %s, not %s", of, describe(raw))
	}
	return elements, nil
}

// conditionKinds are the members by which conditions are told apart.
var conditionKinds = []struct {
	member string
	parse  func(*ruleParser, *members) (Condition, error)
}{
	{"attribute", (*ruleParser).attribute},
	{"event", (*ruleParser).eventCondition},
	{"sequence", (*ruleParser).sequence},
	{"segment", (*ruleParser).segment},
	{"list", (*ruleParser).list},
	{"account", (*ruleParser).account},
	{"bucket", (*ruleParser).bucket},
}

func (p *ruleParser) condition(m *members) (Condition, error) {
	for _, kind := range conditionKinds {
		if m.has(kind.member) {
			return kind.parse(p, m)
		}
	}
	known := []string{"all", "any", "none"}
	for _, kind := range conditionKinds {
		known = append(known, kind.member)
	}
	if len(m.left) == 0 {
		return nil, Invalid(or(m.path, "rule"), "is empty; a rule for everybody is {\"all\":[]}")
	}
	return nil, Invalid(join(m.path, m.left[0].Name), "is not known here%s; a rule has one of %s", suggest(m.left[0].Name, known), strings.Join(known, ", "))
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (p *ruleParser) attribute(m *members) (Condition, error) {
	name, _, err := m.text("attribute")
	if err != nil {
		return nil, err
	}
	if name == "" || len(name) > MaxName {
		return nil, Invalid(join(m.path, "attribute"), "takes a name of 1 to %d bytes", MaxName)
	}
	c := &AttributeCondition{Attribute: name}
	c.Test, err = p.test(m, "attribute")
	return c, err
}

// test reads op, value, type, case and zone, which must be all that is left of m.
func (p *ruleParser) test(m *members, beside ...string) (t Test, err error) {
	if t.Op, err = m.op(opNames[1:]); err != nil {
		return t, err
	}
	if t.Zone, err = m.zone(); err != nil {
		return t, err
	}
	if t.Case, err = m.boolean("case", false); err != nil {
		return t, err
	}
	if err := m.forcedType(&t); err != nil {
		return t, err
	}
	value := m.take("value")
	if err := m.done(append([]string{"op", "value", "type", "case", "zone"}, beside...)...); err != nil {
		return t, err
	}
	return t, operands(&t, value, join(m.path, "value"))
}

func (m *members) op(known []string) (Op, error) {
	name, given, err := m.text("op")
	if err != nil {
		return 0, err
	}
	path := join(m.path, "op")
	if !given {
		return 0, Invalid(path, "is missing; it is one of %s", strings.Join(known, ", "))
	}
	for _, k := range known {
		if k != name {
			continue
		}
		for op, n := range opNames {
			if n == name {
				return Op(op), nil
			}
		}
	}
	return 0, Invalid(path, "unknown operator %s%s", excerpt(name), suggest(name, known))
}

func (m *members) zone() (string, error) {
	name, given, err := m.text("zone")
	if err != nil || !given || name == CustomerZone {
		return name, err
	}
	if _, err := LoadZone(name); err != nil {
		return "", Invalid(join(m.path, "zone"), "%v; write an IANA name such as \"Africa/Lagos\", or %q", err, CustomerZone)
	}
	return name, nil
}

// LoadZone returns the zone of an IANA name. Unlike time.LoadLocation it knows no Local
// and no localtime, which would be another zone on another machine, and reads a zone's
// file only once.
func LoadZone(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	missing := fmt.Errorf("there is no time zone %s", excerpt(name))
	switch strings.ToLower(name) {
	case "", "local", "localtime", "posixrules":
		return nil, missing
	}
	if len(name) > maxZoneName {
		return nil, missing
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, missing
	}
	zones.Store(name, zone)
	return zone, nil
}

// zones are those that were asked for: there are some 600.
var zones sync.Map

func (m *members) forcedType(t *Test) error {
	name, given, err := m.text("type")
	if err != nil || !given {
		return err
	}
	types := []ValueType{TextType, NumberType, DateType, BooleanType}
	names := make([]string, len(types))
	for i, vt := range types {
		names[i] = vt.String()
		if names[i] == name {
			t.Type, t.Forced = vt, true
			return nil
		}
	}
	return Invalid(join(m.path, "type"), "unknown type %s%s; it is one of %s", excerpt(name), suggest(name, names), strings.Join(names, ", "))
}

// duration reads a member that is one; zero when it is not there.
func (m *members) duration(name string) (Duration, error) {
	raw := m.take(name)
	if raw == nil {
		return Duration{}, nil
	}
	return durationOf(raw, join(m.path, name))
}

func durationOf(raw []byte, path string) (Duration, error) {
	s, ok := Text(bytes.TrimSpace(raw))
	if !ok {
		return Duration{}, Invalid(path, "takes a duration such as \"30d\", not %s", describe(raw))
	}
	d, err := ParseDuration(strings.TrimSpace(s))
	if err != nil {
		return d, Invalid(path, "%s", Public(err).Message)
	}
	return d, nil
}

func (p *ruleParser) segment(m *members) (Condition, error) {
	id, not, err := m.memberOf("segment")
	if err != nil {
		return nil, err
	}
	return &SegmentCondition{Segment: id, Not: not}, m.done("segment", "member")
}

// memberOf reads an id and whether the customer must not belong to it.
func (m *members) memberOf(what string) (id string, not bool, err error) {
	if id, _, err = m.text(what); err != nil {
		return "", false, err
	}
	if strings.TrimSpace(id) == "" {
		return "", false, Invalid(join(m.path, what), "takes an id")
	}
	member, err := m.boolean("member", true)
	return id, !member, err
}

func (p *ruleParser) account(m *members) (Condition, error) {
	uid, not, err := m.memberOf("account")
	if err != nil {
		return nil, err
	}
	return &AccountCondition{Account: uid, Not: not}, m.done("account", "member")
}

func (p *ruleParser) list(m *members) (Condition, error) {
	id, not, err := m.memberOf("list")
	if err != nil {
		return nil, err
	}
	c := &ListCondition{List: id, Not: not, Status: Subscribed}
	status, given, err := m.text("status")
	if err != nil {
		return nil, err
	}
	names := []string{Pending.String(), Subscribed.String(), Unsubscribed.String(), "any"}
	switch status {
	case names[0]:
		c.Status = Pending
	case names[1]:
	case names[2]:
		c.Status = Unsubscribed
	case names[3]:
		c.Any = true
	default:
		if given {
			return nil, Invalid(join(m.path, "status"), "unknown status %s%s; it is one of %s", excerpt(status), suggest(status, names), strings.Join(names, ", "))
		}
	}
	return c, m.done("list", "status", "member")
}

func (p *ruleParser) bucket(m *members) (Condition, error) {
	path := join(m.path, "bucket")
	in, err := objectAt(m.take("bucket"), path, "an object such as {\"seed\":\"x\",\"from\":0,\"to\":10}")
	if err != nil {
		return nil, err
	}
	if err := m.done("bucket"); err != nil {
		return nil, err
	}
	c := &BucketCondition{To: 100}
	if c.Seed, _, err = in.text("seed"); err != nil {
		return nil, err
	}
	if err := in.percent("from", &c.From); err != nil {
		return nil, err
	}
	if err := in.percent("to", &c.To); err != nil {
		return nil, err
	}
	if c.From >= c.To {
		return nil, Invalid(path, "from must be below to: from %v to %v holds nobody", c.From, c.To)
	}
	return c, in.done("seed", "from", "to")
}

func (m *members) percent(name string, into *float64) error {
	raw := m.take(name)
	if raw == nil {
		return nil
	}
	n, ok := jsonNumber(raw)
	if !ok || n < 0 || n > 100 {
		return Invalid(join(m.path, name), "takes a number of percent from 0 to 100, not %s", describe(raw))
	}
	*into = n
	return nil
}

func jsonNumber(raw []byte) (float64, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || JSONKind(raw) != NumberKind {
		return 0, false
	}
	return ParseNumber(string(raw))
}

// ParseNumber reads a number as rules know it: one of JSON, of any size; what no float64
// can hold is infinite.
func ParseNumber(s string) (float64, bool) {
	if s == "" || s[len(s)-1] > '9' || (s[0] != '-' && !isDigit(s[0])) {
		return 0, false
	}
	if n, ok := shortNumber(s); ok {
		return n, true
	}
	if err := CheckJSON([]byte(s), 1); err != nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil || math.IsInf(n, 0)
}

// shortNumber reads a number of up to 15 digits without an exponent: both the digits and
// the power of ten that divides them are exact, so the quotient is the nearest float64.
func shortNumber(s string) (float64, bool) {
	i, negative := 0, s[0] == '-'
	if negative {
		i++
	}
	if len(s)-i > 16 || i == len(s) || s[i] == '0' && len(s) > i+1 && s[i+1] != '.' {
		return 0, false
	}
	n, digits, point := uint64(0), 0, -1
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c):
			n, digits = n*10+uint64(c-'0'), digits+1
		case c == '.' && point < 0 && digits > 0:
			point = digits
		default:
			return 0, false
		}
	}
	if digits == 0 || digits > 15 || point == digits {
		return 0, false
	}
	v := float64(n)
	if point >= 0 {
		v /= powersOfTen[digits-point]
	}
	if negative {
		v = -v
	}
	return v, true
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// checkExpression compiles an expression of matches, for its error.
func checkExpression(s, path string) error {
	if len(s) > 1000 {
		return Invalid(path, "the expression is longer than 1,000 bytes")
	}
	if _, err := regexp.Compile(s); err != nil {
		return Invalid(path, "%v (expressions are RE2's: no look-around, no back references)", err)
	}
	return nil
}

// aliases are names as other systems have them.
var aliases = map[string]string{
	"and": "all", "or": "any", "not_any": "none", "attr": "attribute", "trait": "attribute", "field": "attribute", "name": "event",

	"=": "is", "==": "is", "eq": "is", "equals": "is", "equal": "is", "!=": "is_not", "<>": "is_not", "ne": "is_not", "neq": "is_not",
	"not": "is_not", ">": "gt", ">=": "gte", "ge": "gte", "<": "lt", "<=": "lte", "le": "lte", "like": "contains",
	"regex": "matches", "set": "exists", "is_set": "exists", "empty": "not_exists", "not_set": "not_exists", "is_not_set": "not_exists",
	"in_last": "within_last", "last": "within_last", "greater_than": "gt", "less_than": "lt", "any": "includes_any", "nin": "not_in",
}

// suggest is the end of a message about an unknown name: what may have been meant.
func suggest(name string, known []string) string {
	if other, ok := aliases[strings.ToLower(name)]; ok {
		for _, k := range known {
			if k == other {
				return fmt.Sprintf("; did you mean %q?", other)
			}
		}
	}
	best, least := "", 3
	for _, k := range known {
		if d := EditDistance(strings.ToLower(name), k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// EditDistance counts the letters to put in, leave out or replace; of a text of more than
// 40 bytes it says that all are.
func EditDistance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
