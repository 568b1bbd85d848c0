package app

import (
	"math"
	"strconv"
	"strings"
)

// MarshalJSON returns r as [ParseRule] reads it, without what goes without saying; it
// never fails.
func (r *Rule) MarshalJSON() ([]byte, error) { return r.Append(nil), nil }

// Append appends r's JSON to dst.
func (r *Rule) Append(dst []byte) []byte {
	if r.Condition != nil {
		return r.Condition.append(dst)
	}
	dst = append(AppendQuote(append(dst, '{'), r.Group.String()), ":["...)
	for i, in := range r.Rules {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = in.Append(dst)
	}
	return append(dst, "]}"...)
}

// object writes the members of one object.
type object struct{ b []byte }

func begin(dst []byte) *object { return &object{append(dst, '{')} }

func (o *object) end() []byte { return append(o.b, '}') }

func (o *object) name(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(AppendQuote(o.b, name), ':')
}

func (o *object) text(name, value string) {
	o.name(name)
	o.b = AppendQuote(o.b, value)
}

// some writes a text that is there.
func (o *object) some(name, value string) {
	if value != "" {
		o.text(name, value)
	}
}

// flag writes a boolean that is not what it is when it is left out.
func (o *object) flag(name string, value, otherwise bool) {
	if value != otherwise {
		o.name(name)
		o.b = strconv.AppendBool(o.b, value)
	}
}

func (c *AttributeCondition) append(dst []byte) []byte {
	o := begin(dst)
	o.text("attribute", c.Attribute)
	o.test(&c.Test)
	return o.end()
}

func (o *object) test(t *Test) {
	o.text("op", t.Op.String())
	o.value(t)
	if t.Forced {
		o.text("type", t.Type.String())
	}
	o.flag("case", t.Case, false)
	o.some("zone", t.Zone)
}

func (o *object) value(t *Test) {
	switch positive, _ := t.Op.Positive(); {
	case positive == OpExists:
	case !t.Duration.IsZero():
		o.text("value", t.Duration.String())
	case positive == OpIn, positive == OpBetween, positive == OpIncludesAny, positive == OpIncludesAll:
		o.name("value")
		o.b = append(o.b, '[')
		for i := range t.Operands {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.b = t.Operands[i].Append(o.b)
		}
		o.b = append(o.b, ']')
	default:
		o.name("value")
		o.b = t.Operands[0].Append(o.b)
	}
}

// Append appends the operand's JSON to dst.
func (o *Operand) Append(dst []byte) []byte {
	switch o.Type {
	case NumberType:
		return AppendNumber(dst, o.Number)
	case BooleanType:
		return strconv.AppendBool(dst, o.Boolean)
	case DateType:
		return o.Date.append(dst)
	}
	return AppendQuote(dst, o.Text)
}

// AppendNumber appends a number as JSON has it: all its digits where a person would write
// them. What is infinite becomes a number that is read as infinite, and what is none, null.
func AppendNumber(dst []byte, n float64) []byte {
	switch {
	case math.IsNaN(n):
		return append(dst, "null"...)
	case math.IsInf(n, 1):
		return append(dst, "1e999"...)
	case math.IsInf(n, -1):
		return append(dst, "-1e999"...)
	case math.Abs(n) >= 1e21 || n != 0 && math.Abs(n) < 1e-6:
		return strconv.AppendFloat(dst, n, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, n, 'f', -1, 64)
}

// append writes the date as it was written, if that is read as the same date again: an
// epoch that came as a number is not.
func (d *Date) append(dst []byte) []byte {
	if again, ok := TryDate(d.Text); ok && again.Kind == d.Kind && again.Instant == d.Instant && !allDigits(strings.TrimSpace(d.Text)) {
		return AppendQuote(dst, d.Text)
	}
	text := d.Instant.String()
	switch d.Kind {
	case Day:
		text = text[:len("2006-01-02")]
	case LocalTime:
		text = strings.TrimSuffix(text, "Z")
	}
	return AppendQuote(dst, text)
}

func (c *EventCondition) append(dst []byte) []byte {
	o := begin(dst)
	o.events(c)
	o.some("zone", c.Zone)
	switch {
	case c.Occurrence == FirstOccurrence:
		o.text("occurrence", "first")
	case c.Occurrence == LastOccurrence:
		o.text("occurrence", "last")
	case c.AtLeastOnce():
	default:
		o.name(c.Aggregate.String())
		in := begin(o.b)
		if c.Aggregate != CountEvents {
			in.text("of", c.Of)
		}
		in.text("op", c.Test.Op.String())
		in.value(&c.Test)
		o.b = in.end()
	}
	return o.end()
}

// AtLeastOnce reports whether c asks no more than that there is such an event.
func (c *EventCondition) AtLeastOnce() bool {
	return c.Aggregate == CountEvents && c.Test.Op == OpGte && c.Test.Operands[0].Number == 1
}

func (o *object) events(c *EventCondition) {
	o.text("event", c.Event)
	o.some("source", c.Source)
	if len(c.Where) > 0 {
		o.name("where")
		o.b = append(o.b, '[')
		for i := range c.Where {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			in := begin(o.b)
			in.text("property", c.Where[i].Property)
			in.test(&c.Where[i].Test)
			o.b = in.end()
		}
		o.b = append(o.b, ']')
	}
	if w := c.Within; w != nil {
		o.name("within")
		in := begin(o.b)
		in.some("last", w.Last.String())
		in.bound("from", w.From)
		in.bound("to", w.To)
		o.b = in.end()
	}
}

func (o *object) bound(name string, b *Bound) {
	switch {
	case b == nil:
	case b.Date == nil:
		o.text(name, b.Ago.String())
	default:
		o.name(name)
		o.b = b.Date.append(o.b)
	}
}

func (c *SequenceCondition) append(dst []byte) []byte {
	o := begin(dst)
	o.name("sequence")
	o.b = append(o.b, '[')
	for i := range c.Steps {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		in := begin(o.b)
		in.events(&c.Steps[i].EventCondition)
		in.flag("not", c.Steps[i].Not, false)
		o.b = in.end()
	}
	o.b = append(o.b, ']')
	o.some("within", c.Within.String())
	o.some("by", c.By)
	o.some("zone", c.Zone)
	return o.end()
}

func (c *SegmentCondition) append(dst []byte) []byte {
	o := begin(dst)
	o.text("segment", c.Segment)
	o.flag("member", !c.Not, true)
	return o.end()
}

func (c *ListCondition) append(dst []byte) []byte {
	o := begin(dst)
	o.text("list", c.List)
	switch {
	case c.Any:
		o.text("status", "any")
	case c.Status != Subscribed:
		o.text("status", c.Status.String())
	}
	o.flag("member", !c.Not, true)
	return o.end()
}

func (c *AccountCondition) append(dst []byte) []byte {
	o := begin(dst)
	o.text("account", c.Account)
	o.flag("member", !c.Not, true)
	return o.end()
}

func (c *BucketCondition) append(dst []byte) []byte {
	o := begin(dst)
	o.name("bucket")
	in := begin(o.b)
	in.text("seed", c.Seed)
	in.name("from")
	in.b = AppendNumber(in.b, c.From)
	in.name("to")
	in.b = AppendNumber(in.b, c.To)
	o.b = in.end()
	return o.end()
}
