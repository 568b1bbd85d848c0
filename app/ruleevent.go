package app

import (
	"bytes"
	"fmt"
	"strings"
)

// aggregates are the members that stand for count.
var aggregates = []Aggregate{Sum, Avg, Min, Max, Distinct}

// countOps are the operators of count and the other aggregates.
var countOps = []string{"is", "is_not", "gt", "gte", "lt", "lte", "between"}

func (p *ruleParser) eventCondition(m *members) (Condition, error) {
	c := &EventCondition{}
	if err := p.events(m, c); err != nil {
		return nil, err
	}
	var err error
	if c.Zone, err = m.zone(); err != nil {
		return nil, err
	}
	if err := p.aggregate(m, c); err != nil {
		return nil, err
	}
	occurrence, given, err := m.text("occurrence")
	if err != nil {
		return nil, err
	}
	switch {
	case occurrence == "first":
		c.Occurrence = FirstOccurrence
	case occurrence == "last":
		c.Occurrence = LastOccurrence
	case given:
		return nil, Invalid(join(m.path, "occurrence"), "takes \"first\" or \"last\", not %s", excerpt(occurrence))
	}
	return c, m.done("event", "source", "where", "within", "zone", "count", "sum", "avg", "min", "max", "distinct", "occurrence")
}

// events reads which events are meant: name, source, where and within.
func (p *ruleParser) events(m *members, c *EventCondition) (err error) {
	if c.Event, _, err = m.text("event"); err != nil {
		return err
	}
	if c.Event == "" || len(c.Event) > MaxName {
		return Invalid(join(m.path, "event"), "takes a name of 1 to %d bytes, or \"*\" for any event", MaxName)
	}
	if c.Source, _, err = m.text("source"); err != nil {
		return err
	}
	if raw := m.take("where"); raw != nil {
		path := join(m.path, "where")
		elements, err := listAt(raw, path, "conditions on properties")
		if err != nil {
			return err
		}
		p.conditions += len(elements)
		if p.conditions > MaxConditions {
			return Invalid(path, "a rule may have %d conditions", MaxConditions)
		}
		for i, e := range elements {
			test, err := p.propertyTest(e, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return err
			}
			c.Where = append(c.Where, test)
		}
	}
	if raw := m.take("within"); raw != nil {
		c.Within, err = window(raw, join(m.path, "within"))
	}
	return err
}

func (p *ruleParser) propertyTest(raw []byte, path string) (t PropertyTest, err error) {
	m, err := objectAt(raw, path, "a condition on a property, such as {\"property\":\"amount\",\"op\":\"gt\",\"value\":50}")
	if err != nil {
		return t, err
	}
	if t.Property, _, err = m.text("property"); err != nil {
		return t, err
	}
	if t.Property == "" || len(t.Property) > MaxName {
		return t, Invalid(join(path, "property"), "takes a property's name, or \"value\" for the event's single value")
	}
	t.Test, err = p.test(m, "property")
	return t, err
}

func window(raw []byte, path string) (*Window, error) {
	m, err := objectAt(raw, path, "a window such as {\"last\":\"30d\"} or {\"from\":\"2024-06-01\",\"to\":\"2024-07-01\"}")
	if err != nil {
		return nil, err
	}
	w := &Window{}
	if w.Last, err = m.duration("last"); err != nil {
		return nil, err
	}
	if w.From, err = m.bound("from"); err != nil {
		return nil, err
	}
	if w.To, err = m.bound("to"); err != nil {
		return nil, err
	}
	if err := m.done("last", "from", "to"); err != nil {
		return nil, err
	}
	switch {
	case !w.Last.IsZero() && (w.From != nil || w.To != nil):
		return nil, Invalid(path, "takes either last, or from and to")
	case w.Last.IsZero() && w.From == nil && w.To == nil:
		return nil, Invalid(path, "is empty: it takes last, from or to")
	}
	if w.From != nil && w.To != nil && !w.From.before(w.To) {
		return nil, Invalid(path, "from must be before to")
	}
	return w, nil
}

// before reports whether a window may begin at b and end at to: it is false only where
// that holds nothing in any zone, at any time.
func (b *Bound) before(to *Bound) bool {
	switch {
	case b.Date == nil && to.Date == nil:
		_, longest := b.Ago.span()
		shortest, _ := to.Ago.span()
		return longest > shortest
	case b.Date == nil || to.Date == nil:
		return true
	}
	return !b.Date.surelyFrom(to.Date.Start(nil), to.Date.Kind)
}

// bound reads a date, or how long ago; nil when it is not there.
func (m *members) bound(name string) (*Bound, error) {
	raw, path := m.take(name), join(m.path, name)
	if raw == nil {
		return nil, nil
	}
	if s, ok := Text(bytes.TrimSpace(raw)); ok {
		if d, err := ParseDuration(strings.TrimSpace(s)); err == nil {
			return &Bound{Ago: d}, nil
		}
	}
	d, err := dateOperand(bytes.TrimSpace(raw))
	if err != nil {
		return nil, Invalid(path, "takes a date such as \"2024-06-01\", or a duration such as \"90d\" for so long ago: %v", err)
	}
	return &Bound{Date: &d}, nil
}

// aggregate reads count, sum, avg, min, max or distinct; without any it is count ≥ 1.
func (p *ruleParser) aggregate(m *members, c *EventCondition) error {
	c.Test = Test{Op: OpGte, Type: NumberType, Operands: []Operand{{Type: NumberType, Number: 1}}}
	found := ""
	for _, a := range append([]Aggregate{CountEvents}, aggregates...) {
		raw := m.take(a.String())
		if raw == nil {
			continue
		}
		path := join(m.path, a.String())
		switch {
		case found != "":
			return Invalid(path, "stands beside %s: a condition has one of them", found)
		case m.has("occurrence"):
			return Invalid(path, "stands beside occurrence, which is about a single event")
		}
		found = a.String()
		in, err := objectAt(raw, path, "an object such as {\"op\":\"gte\",\"value\":3}")
		if err != nil {
			return err
		}
		if c.Aggregate = a; a != CountEvents {
			if c.Of, _, err = in.text("of"); err != nil {
				return err
			}
			if c.Of == "" || len(c.Of) > MaxName {
				return Invalid(join(path, "of"), "takes a property's name, or \"value\" for the event's single value")
			}
			if c.Of == EventDay && a != Distinct {
				return Invalid(join(path, "of"), "%q goes with distinct alone", EventDay)
			}
		}
		t := Test{Type: NumberType, Forced: true}
		if t.Op, err = in.op(countOps); err != nil {
			return err
		}
		value := in.take("value")
		if err := in.done("op", "value"); err != nil {
			return err
		}
		if err := operands(&t, value, join(path, "value")); err != nil {
			return err
		}
		c.Test = t
	}
	return nil
}

func (p *ruleParser) sequence(m *members) (Condition, error) {
	path := join(m.path, "sequence")
	elements, err := listAt(m.take("sequence"), path, "steps")
	if err != nil {
		return nil, err
	}
	if len(elements) < 2 || len(elements) > MaxSteps {
		return nil, Invalid(path, "takes 2 to %d steps", MaxSteps)
	}
	c := &SequenceCondition{}
	for i, e := range elements {
		step, err := p.step(e, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		if step.Not && i == 0 {
			return nil, Invalid(path+"[0].not", "the first step must happen: the others follow it")
		}
		c.Steps = append(c.Steps, step)
	}
	p.conditions += len(elements) - 1
	if c.Within, err = m.duration("within"); err != nil {
		return nil, err
	}
	if c.By, _, err = m.text("by"); err != nil {
		return nil, err
	}
	if c.Zone, err = m.zone(); err != nil {
		return nil, err
	}
	return c, m.done("sequence", "within", "by", "zone")
}

func (p *ruleParser) step(raw []byte, path string) (s SequenceStep, err error) {
	m, err := objectAt(raw, path, "a step such as {\"event\":\"Checked out\"}")
	if err != nil {
		return s, err
	}
	if err := p.events(m, &s.EventCondition); err != nil {
		return s, err
	}
	if s.Not, err = m.boolean("not", false); err != nil {
		return s, err
	}
	for _, name := range []string{"count", "sum", "avg", "min", "max", "distinct", "occurrence"} {
		if m.has(name) {
			return s, Invalid(join(path, name), "a step is a single event: it has event, source, where, within and not")
		}
	}
	return s, m.done("event", "source", "where", "within", "not")
}
