package app

import "strconv"

// Rule says which customers belong: a group of rules, or a condition. Segments,
// previews, and later automations and broadcasts all speak it. It is read by
// [ParseRule]; whether it holds for a customer is the business of app/segment.
type Rule struct {
	// Group is not NoGroup for a group, whose Rules it combines.
	Group GroupKind
	Rules []*Rule
	// Condition is nil for a group.
	Condition Condition
}

// GroupKind says how a group combines its rules.
type GroupKind uint8

// The groups. An empty All, and an empty None, hold for everybody; an empty Any for nobody.
const (
	NoGroup GroupKind = iota
	All
	Any
	None
)

func (g GroupKind) String() string { return [...]string{"", "all", "any", "none"}[g] }

// Condition is a leaf of a rule. The kinds are the pointer types of this file.
type Condition interface {
	// append appends the condition's JSON.
	append(dst []byte) []byte
}

// AttributeCondition tests one attribute of the customer.
type AttributeCondition struct {
	// Attribute is a standard attribute's wire name, else a custom one; "a.b" is the one of
	// that flat name, else the path into an object.
	Attribute string
	Test      Test
}

// EventCondition tests the customer's events of one name. An event dated in the future
// counts once its time has come.
type EventCondition struct {
	Event  string // AnyEvent for any
	Source string // "" for any
	Where  []PropertyTest
	Within *Window
	// Zone is where calendar days and units are taken: "" the workspace's, CustomerZone, or an IANA name.
	Zone string
	// Aggregate says what Test is about. For CountEvents it is the number of events.
	Aggregate Aggregate
	Of        string // the property that is aggregated; EventDay with Distinct
	Test      Test   // is, is_not, gt, gte, lt, lte, between with numbers
	// Occurrence narrows to one event before Within and Where are looked at.
	Occurrence Occurrence
}

// AnyEvent names all events, EventDay the calendar day of an event, EventValue its single value.
const (
	AnyEvent   = "*"
	EventDay   = "@day"
	EventValue = "value"
)

// CustomerZone means the customer's own time zone, its attribute tz; the workspace's where that is none.
const CustomerZone = "customer"

// Aggregate says what is made of the events that fit.
type Aggregate uint8

// The aggregates. Sum of nothing is 0; Avg, Min and Max of nothing hold for no test.
const (
	CountEvents Aggregate = iota
	Sum
	Avg
	Min
	Max
	Distinct
)

func (a Aggregate) String() string {
	return [...]string{"count", "sum", "avg", "min", "max", "distinct"}[a]
}

// Occurrence picks one event by time, then arrival.
type Occurrence uint8

// The occurrences.
const (
	EveryOccurrence Occurrence = iota
	FirstOccurrence
	LastOccurrence
)

// PropertyTest tests one property of an event.
type PropertyTest struct {
	Property string // EventValue is the event's single value; "a.b" as for attributes
	Test     Test
}

// Window is the time that events are taken from: Last d is (now − d, now]; otherwise From
// is included and To is not, and either may be nil.
type Window struct {
	Last     Duration
	From, To *Bound
}

// Bound is one end of a [Window]: a fixed date, or, when Date is nil, so long ago.
type Bound struct {
	Date *Date
	Ago  Duration
}

// SequenceCondition holds for a customer with events that follow one another: any event
// of the first step, strictly later one of the next, and so on; a step that must not
// happen holds only once its time has passed. Each step must come within Within of the
// step before.
type SequenceCondition struct {
	Steps  []SequenceStep
	Within Duration // zero: any time later
	By     string   // a property that all the events share; "" for none
	Zone   string
}

// SequenceStep is one step: of its events condition, Event, Source, Where and Within count.
type SequenceStep struct {
	EventCondition
	Not bool
}

// SegmentCondition holds for members of another segment: its rule put in place.
type SegmentCondition struct {
	Segment string // id on the wire, or AllSegment
	Not     bool
}

// AllSegment is the id of the built-in segment of every customer that is not archived.
const AllSegment = "all"

// ListCondition holds for customers on a list.
type ListCondition struct {
	List   string // id on the wire
	Status SubscriptionStatus
	Any    bool // whatever the status
	Not    bool
}

// AccountCondition holds for members of an account.
type AccountCondition struct {
	Account string // uid
	Not     bool
}

// BucketCondition holds for a stable share of the customers, in percent: from ≤ x < to,
// where x follows from the seed and the customer's row.
type BucketCondition struct {
	Seed     string
	From, To float64
}

// Op is an operator on a value.
type Op uint8

// The operators. Every one that begins with is_not or not_, and includes_none, is the
// exact negation of its positive; all others are false where the value is missing.
const (
	OpIs Op = iota + 1
	OpIsNot
	OpIn
	OpNotIn
	OpContains
	OpNotContains
	OpStartsWith
	OpEndsWith
	OpMatches
	OpNotMatches
	OpGt
	OpGte
	OpLt
	OpLte
	OpBetween
	OpExists
	OpNotExists
	OpBefore
	OpAfter
	OpOn
	OpWithinLast
	OpMoreThanAgo
	OpWithinNext
	OpMoreThanAhead
	OpAnniversary
	OpIncludesAny
	OpIncludesAll
	OpIncludesNone
)

var opNames = [...]string{"", "is", "is_not", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with",
	"matches", "not_matches", "gt", "gte", "lt", "lte", "between", "exists", "not_exists", "before", "after", "on",
	"within_last", "more_than_ago", "within_next", "more_than_ahead", "anniversary",
	"includes_any", "includes_all", "includes_none"}

func (o Op) String() string { return opNames[o] }

// Positive returns the operator that o is the negation of, or o itself.
func (o Op) Positive() (positive Op, negated bool) {
	switch o {
	case OpIsNot:
		return OpIs, true
	case OpNotIn:
		return OpIn, true
	case OpNotContains:
		return OpContains, true
	case OpNotMatches:
		return OpMatches, true
	case OpNotExists:
		return OpExists, true
	case OpIncludesNone:
		return OpIncludesAny, true
	}
	return o, false
}

// OfDates reports whether o works on dates whatever its operand.
func (o Op) OfDates() bool { return o >= OpBefore && o <= OpAnniversary }

// Moving reports whether o's answer changes with the clock alone.
func (o Op) Moving() bool { return o >= OpWithinLast && o <= OpAnniversary }

// ValueType says by what type values are compared.
type ValueType uint8

// The types. AutoType is decided by the operand.
const (
	AutoType ValueType = iota
	TextType
	NumberType
	DateType
	BooleanType
)

func (t ValueType) String() string {
	return [...]string{"", "text", "number", "date", "boolean"}[t]
}

// Test is an operator with its operands.
type Test struct {
	Op Op
	// Type is what values are compared as: given by the rule, or by the operand. Operands of
	// in and includes_… have each their own, and Type is then AutoType unless forced.
	Type ValueType
	// Forced says that the rule itself named the type.
	Forced   bool
	Operands []Operand
	Duration Duration // within_last … anniversary
	Case     bool     // text is compared with its case
	Zone     string   // as in EventCondition
}

// Operand is one value that is compared with; Type says which of the members counts.
type Operand struct {
	Type    ValueType
	Text    string
	Number  float64
	Boolean bool
	Date    Date
}

// Date is an instant, a calendar day, or a local time whose instant depends on the zone.
type Date struct {
	Kind DateKind
	// Instant is UTC for an Exact date; else the local time, or the day's midnight, as if it were UTC.
	Instant Instant
	// Text is as it was written.
	Text string
}

// DateKind tells the three apart.
type DateKind uint8

// The kinds of dates.
const (
	Exact DateKind = iota
	LocalTime
	Day
)

// Duration is a whole number of one unit. Days, weeks, months and years are calendar
// units in a zone, the others exact. The zero Duration is none.
type Duration struct {
	N    int
	Unit Unit
}

// Unit is a unit of time.
type Unit uint8

// The units. Their letters on the wire are s m h d w mo y.
const (
	NoUnit Unit = iota
	Second
	Minute
	Hour
	DayUnit
	Week
	Month
	Year
)

var unitLetters = [...]string{"", "s", "m", "h", "d", "w", "mo", "y"}

// IsZero reports whether d is none at all; "0d" is not.
func (d Duration) IsZero() bool { return d.Unit == NoUnit }

// Exact reports whether d is the same length everywhere.
func (d Duration) Exact() bool { return d.Unit <= Hour }

// Limits of a rule.
const (
	// MaxRuleDepth is how deep groups nest: more cannot be read by a person.
	MaxRuleDepth = 8
	// MaxConditions bounds the work of one rule.
	MaxConditions = 100
	// MaxOperands bounds the array of an in or includes.
	MaxOperands = 1_000
	// MaxSteps bounds a sequence.
	MaxSteps = 10
	// MaxSpan bounds a duration, in its own unit; with years it ends before the calendar does.
	MaxSpan = 1_000_000
	maxYear = 1_000
)

// Walk calls visit for r and every rule inside it.
func (r *Rule) Walk(visit func(*Rule)) {
	visit(r)
	for _, in := range r.Rules {
		in.Walk(visit)
	}
}

// Conditions calls visit for every condition of r in the order they are written, with its
// path as errors name it: `all[1].any[0]`, "" for a rule that is one condition.
func (r *Rule) Conditions(visit func(path string, c Condition)) { r.conditions("", visit) }

func (r *Rule) conditions(path string, visit func(string, Condition)) {
	if r.Condition != nil {
		visit(path, r.Condition)
	}
	for i, in := range r.Rules {
		in.conditions(join(path, r.Group.String()+"["+strconv.Itoa(i)+"]"), visit)
	}
}

// Groups calls visit for every group of r, the outermost first, with its path.
func (r *Rule) Groups(visit func(path string, group *Rule)) { r.groups("", visit) }

func (r *Rule) groups(path string, visit func(string, *Rule)) {
	if r.Condition == nil {
		visit(path, r)
	}
	for i, in := range r.Rules {
		in.groups(join(path, r.Group.String()+"["+strconv.Itoa(i)+"]"), visit)
	}
}
