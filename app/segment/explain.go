package segment

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"kith/app"
)

// Explanation is a part of a rule, whether it holds for one customer, and why. It
// marshals to what the API answers.
type Explanation struct {
	Rule *app.Rule `json:"rule"`
	// Words are those of [Clause].
	Words string `json:"words"`
	Holds bool   `json:"holds"`
	// TurnsAt is the next instant at which time alone makes Holds another; nil if it never
	// does, as far as can be seen: what comes round every year is followed for decades.
	TurnsAt *app.Instant `json:"turns_at"`
	// Archived is set at the top for an archived customer, for whom no rule holds.
	Archived bool `json:"archived,omitempty"`
	// Parts are those of a group, or the one rule of the segment that is named.
	Parts []*Explanation `json:"parts,omitempty"`
	// Value is what decided: an attribute's value, the status on a list, whether the customer
	// belongs to an account, the place in a bucket; null where there is none.
	Value json.RawMessage `json:"value,omitempty"`
	// Count is how many events count, of Seen that have the name, source and have come.
	// Result is what their aggregate comes to, null where it comes to nothing.
	Count  *int            `json:"count,omitempty"`
	Seen   *int            `json:"seen,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	// Reached is how many of a sequence's steps there are events for, one after another.
	Reached *int `json:"reached,omitempty"`
	// Events are the latest that count, newest first; of a sequence, its steps in order.
	Events []ExplainedEvent `json:"events,omitempty"`
}

// ExplainedEvent is an event with the properties that the rule looks at.
type ExplainedEvent struct {
	Name       string          `json:"name"`
	Timestamp  app.Instant     `json:"timestamp"`
	Properties json.RawMessage `json:"properties"`
}

const (
	// explainedEvents is how many events one condition shows.
	explainedEvents = 10
	// explainedValue is how many bytes of a value are shown.
	explainedValue = 1_000
)

// Explain says for each part of a rule whether it holds for one customer, what decided it,
// and when time alone will turn it. The top agrees with [Match].
func Explain(rule *app.Rule, f *Facts, names Names, m Moment) *Explanation {
	x := &explainer{newBinder(f, names, m.Zone), m.Now, allSteps}
	x.turning = true
	e, _ := x.rule(rule)
	if f.Customer.Archived() {
		e.Holds, e.TurnsAt, e.Archived = false, nil, true
	}
	return e
}

type explainer struct {
	*binder
	now   app.Instant
	steps int // that the search for turns may still take
}

// rule explains a rule, and returns it bound.
func (x *explainer) rule(r *app.Rule) (*Explanation, node) {
	e := &Explanation{Rule: r, Words: Clause(r, x.names)}
	var n node
	if r.Condition == nil {
		g := &group{kind: r.Group, turning: true}
		for _, in := range r.Rules {
			part, bound := x.rule(in)
			e.Parts, g.parts = append(e.Parts, part), append(g.parts, bound)
		}
		n = g
	} else {
		n = x.condition(r.Condition, e)
	}
	e.Holds = n.at(x.now).holds
	if at := turn(n, x.now, &x.steps); at != never {
		e.TurnsAt = &at
	}
	return e, n
}

// condition binds a condition and fills in what decides it.
func (x *explainer) condition(c app.Condition, e *Explanation) node {
	n := x.binder.condition(c)
	switch c := c.(type) {
	case *app.AttributeCondition:
		value, _ := n.(*attribute).now(x.now)
		e.Value = shown(value)
	case *app.EventCondition:
		x.events(n.(*events), e)
	case *app.SequenceCondition:
		x.sequence(n.(*sequence), e)
	case *app.SegmentCondition:
		if _, rule, ok := x.names.Segment(c.Segment); c.Segment != app.AllSegment && ok && !slices.Contains(x.open, c.Segment) {
			x.open = append(x.open, c.Segment)
			part, _ := x.rule(rule)
			x.open = x.open[:len(x.open)-1]
			e.Parts = []*Explanation{part}
		}
	case *app.ListCondition:
		e.Value = shown(nil)
		if s, _ := x.subscription(c); s != nil {
			e.Value = app.Quote(s.Status.String())
		}
	case *app.AccountCondition:
		e.Value = strconv.AppendBool(nil, x.membership(c) != nil)
	case *app.BucketCondition:
		e.Value = app.AppendNumber(nil, Bucket(Seed(c.Seed), x.facts.Customer.Row))
	}
	return n
}

func (x *explainer) events(n *events, e *Explanation) {
	c := n.condition
	which, _ := n.which(x.now)
	count, seen := len(which), 0
	for i := range x.binder.events {
		if ev := &x.binder.events[i]; ev.At <= x.now && means(c, ev) {
			seen++
		}
	}
	e.Count, e.Seen = &count, &seen
	if c.Aggregate != app.CountEvents {
		e.Result = shown(nil)
		if total, ok := n.total(which); ok {
			e.Result = app.AppendNumber(nil, total)
		}
	}
	names := looked(c)
	for _, i := range slices.Backward(which[max(0, count-explainedEvents):]) {
		e.Events = append(e.Events, explained(n.candidates.events[i], names))
	}
}

// looked are the properties that a condition looks at.
func looked(c *app.EventCondition) (names []string) {
	for i := range c.Where {
		names = append(names, c.Where[i].Property)
	}
	if c.Of != "" && c.Of != app.EventDay {
		names = append(names, c.Of)
	}
	return names
}

func (x *explainer) sequence(n *sequence, e *Explanation) {
	way, _ := n.find(x.now)
	reached := 0
	for l := way; l != nil; l = l.before {
		names := looked(&n.condition.Steps[l.step].EventCondition)
		if n.condition.By != "" {
			names = append(names, n.condition.By)
		}
		e.Events = append(e.Events, explained(l.event, names))
		reached++
	}
	slices.Reverse(e.Events)
	e.Reached = &reached
}

func explained(e *app.Event, names []string) ExplainedEvent {
	b := []byte{'{'}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(app.AppendQuote(b, name), ':'), shown(Property(e, name))...)
	}
	return ExplainedEvent{e.Name, e.At, append(b, '}')}
}

// shown returns a value as it is shown: null for a missing one, and the beginning of a
// long one, as a text.
func shown(raw []byte) json.RawMessage {
	switch {
	case len(raw) == 0:
		return json.RawMessage("null")
	case len(raw) <= explainedValue:
		return raw
	}
	s, ok := app.Text(raw)
	if !ok {
		s = string(raw)
	}
	return app.Quote(strings.ToValidUTF8(s[:min(len(s), explainedValue)], "") + "…")
}
