package segment

import (
	"slices"
	"time"

	"kith/app"
)

// Match reports whether a rule holds for one customer at a moment, whose zone is the
// workspace's. It never holds for an archived one. Where the grammar leaves room:
//
//   - A step of a sequence comes strictly later than the step before, and before that
//     one's time plus within has come. A step that must not happen asks for none strictly
//     between its neighbours; at the end, for none before the time plus within, which has
//     to have come by now; without within, for none at all. Steps follow one another
//     through by if it is the same value in the sense of distinct.
//   - What a rule names and is not there, a segment, list or account, has no members.
//
// The rule and the facts are not changed.
func Match(rule *app.Rule, f *Facts, names Names, m Moment) bool {
	if f.Customer.Archived() {
		return false
	}
	return newBinder(f, names, m.Zone).rule(rule).at(m.Now).holds
}

// binder binds rules to one customer: what does not depend on the clock it looks up once.
type binder struct {
	facts     *Facts
	events    []app.Event
	names     Names
	workspace *time.Location
	customer  *time.Location
	// turning makes the nodes say until when their answers stand.
	turning bool
	// open are the segments whose rules are being bound, to stop where they go in a circle.
	open []string
}

func newBinder(f *Facts, names Names, zone *time.Location) *binder {
	b := &binder{facts: f, events: f.Events, names: names, workspace: zone, customer: CustomerZone(f.Customer.Attribute("tz"), zone)}
	if !slices.IsSortedFunc(b.events, byTime) {
		b.events = slices.SortedFunc(slices.Values(b.events), byTime)
	}
	return b
}

func byTime(a, b app.Event) int {
	if a.At != b.At {
		return int(min(max(a.At-b.At, -1), 1))
	}
	return int(min(max(a.Row-b.Row, -1), 1))
}

// CustomerZone returns the zone that a customer's attribute tz names, raw; where it names
// none, the workspace's.
func CustomerZone(tz []byte, workspace *time.Location) *time.Location {
	if name, ok := app.Text(tz); ok {
		if zone, err := app.LoadZone(name); err == nil {
			return zone
		}
	}
	return workspace
}

// zone returns the zone that a rule names.
func (b *binder) zone(name string) *time.Location {
	switch name {
	case "":
		return b.workspace
	case app.CustomerZone:
		return b.customer
	}
	zone, err := app.LoadZone(name)
	if err != nil { // the parser has loaded it
		return b.workspace
	}
	return zone
}

func (b *binder) rule(r *app.Rule) node {
	if r.Condition != nil {
		return b.condition(r.Condition)
	}
	g := &group{kind: r.Group, turning: b.turning}
	for _, in := range r.Rules {
		g.parts = append(g.parts, b.rule(in))
	}
	return g
}

func (b *binder) condition(c app.Condition) node {
	switch c := c.(type) {
	case *app.AttributeCondition:
		return b.attribute(c)
	case *app.EventCondition:
		return b.event(c)
	case *app.SequenceCondition:
		return b.sequence(c)
	case *app.SegmentCondition:
		return b.segment(c)
	case *app.ListCondition:
		_, on := b.subscription(c)
		return fixed(on != c.Not)
	case *app.AccountCondition:
		return fixed((b.membership(c) != nil) != c.Not)
	case *app.BucketCondition:
		x := Bucket(Seed(c.Seed), b.facts.Customer.Row)
		return fixed(c.From <= x && x < c.To)
	}
	panic("segment: a condition of an unknown kind")
}

// group combines the answers of its parts.
type group struct {
	kind    app.GroupKind
	parts   []node
	turning bool
}

func (g *group) at(now app.Instant) verdict {
	// One part that fails decides all; one that holds decides any and none.
	deciding := g.kind != app.All
	decided := false
	first, last := app.Instant(never), Beginning // when the first part may turn; the last that decides
	for _, p := range g.parts {
		v := p.at(now)
		first = min(first, v.until)
		if v.holds != deciding {
			continue
		}
		decided, last = true, max(last, v.until)
		if !g.turning {
			break
		}
	}
	out := verdict{decided == (g.kind == app.Any), first}
	if decided {
		out.until = last
	}
	return out
}

// fixed is what time does not change.
type fixed bool

func (f fixed) at(app.Instant) verdict { return verdict{bool(f), never} }

// not turns an answer round.
type not struct{ node }

func (n not) at(now app.Instant) verdict {
	v := n.node.at(now)
	v.holds = !v.holds
	return v
}

func (b *binder) segment(c *app.SegmentCondition) node {
	var n node = fixed(false)
	if c.Segment == app.AllSegment {
		n = fixed(true)
	} else if _, rule, ok := b.names.Segment(c.Segment); ok && !slices.Contains(b.open, c.Segment) {
		b.open = append(b.open, c.Segment)
		n = b.rule(rule)
		b.open = b.open[:len(b.open)-1]
	}
	if c.Not {
		return not{n}
	}
	return n
}

// subscription returns the customer's place on a list, and whether it is one that c asks for.
func (b *binder) subscription(c *app.ListCondition) (s *app.Subscription, holds bool) {
	row, _, ok := b.names.List(c.List)
	if !ok {
		return nil, false
	}
	for i := range b.facts.Customer.Lists {
		if s := &b.facts.Customer.Lists[i]; s.List == row {
			return s, c.Any || s.Status == c.Status
		}
	}
	return nil, false
}

// membership returns the customer's membership of an account, nil if there is none.
func (b *binder) membership(c *app.AccountCondition) *app.Membership {
	row, _, ok := b.names.Account(c.Account)
	if !ok {
		return nil
	}
	for i := range b.facts.Customer.Accounts {
		if m := &b.facts.Customer.Accounts[i]; m.Row == row {
			return m
		}
	}
	return nil
}

// attribute is a test of one attribute.
type attribute struct {
	tester *Tester
	zone   *time.Location
	value  []byte
	// of is the customer if the value is its last interaction, which moves with the clock.
	of      *binder
	turning bool
}

func (b *binder) attribute(c *app.AttributeCondition) *attribute {
	a := &attribute{tester: NewTester(TestOf(c)), zone: b.zone(c.Test.Zone), turning: b.turning}
	if a.value = Attribute(b.facts.Customer, c.Attribute); c.Attribute == "last_interaction" {
		a.of = b
	}
	return a
}

// now returns the value at an instant, and until when it is that.
func (a *attribute) now(now app.Instant) ([]byte, app.Instant) {
	if a.of == nil || a.of.facts.Interactions == nil {
		return a.value, never
	}
	ats := a.of.facts.Interactions
	_, seen := within(ats, Interval{Beginning, now + 1})
	next := app.Instant(never)
	if seen < len(ats) {
		next = ats[seen]
	}
	if seen == 0 {
		return nil, next
	}
	return instantJSON(&ats[seen-1]), next
}

func (a *attribute) at(now app.Instant) verdict {
	value, until := a.now(now)
	m := Moment{now, a.zone}
	v := verdict{a.tester.Holds(value, m), until}
	if a.turning {
		v.until = min(v.until, a.tester.Until(value, m))
	}
	return v
}
