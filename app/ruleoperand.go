package app

import (
	"bytes"
	"strings"
)

// operands reads the value of a test by what its operator takes.
func operands(t *Test, raw []byte, path string) error {
	missing := func(what string) error {
		if raw == nil {
			return Invalid(path, "is missing: %s takes %s", t.Op, what)
		}
		return nil
	}
	positive, _ := t.Op.Positive()
	if t.Forced && !typeFits(positive, t.Type) {
		return Invalid(strings.TrimSuffix(path, "value")+"type", "%s does not compare as %s", t.Op, t.Type)
	}
	switch positive {
	case OpExists:
		if raw != nil {
			return Invalid(path, "%s takes no value", t.Op)
		}
		return nil
	case OpWithinLast, OpMoreThanAgo, OpWithinNext, OpMoreThanAhead, OpAnniversary:
		t.Type = DateType
		if err := missing("a duration such as \"30d\""); err != nil {
			return err
		}
		if n, ok := jsonNumber(raw); ok && n == 0 && positive == OpAnniversary {
			t.Duration = Duration{0, DayUnit}
			return nil
		}
		var err error
		t.Duration, err = durationOf(raw, path)
		return err
	case OpIn, OpIncludesAny, OpIncludesAll:
		return operandList(t, raw, path, 1, MaxOperands, "an array of texts, numbers or booleans")
	case OpBetween:
		if err := operandList(t, raw, path, 2, 2, "[low, high]"); err != nil {
			return err
		}
		a, b := t.Operands[0], t.Operands[1]
		switch {
		case a.Type != b.Type:
			return Invalid(path, "both ends must be numbers, or both dates")
		case a.Type == NumberType && a.Number > b.Number,
			a.Type == DateType && a.Date.surelyFrom(b.Date.End(nil), b.Date.Kind):
			return Invalid(path, "the low end stands first")
		}
		t.Type = a.Type
		return nil
	}
	if err := missing(operandHint(t, positive)); err != nil {
		return err
	}
	o, err := operand(t, positive, raw, path)
	if err != nil {
		return err
	}
	t.Type, t.Operands = o.Type, []Operand{o}
	return nil
}

func typeFits(op Op, vt ValueType) bool {
	switch op {
	case OpGt, OpGte, OpLt, OpLte, OpBetween:
		return vt == NumberType || vt == DateType
	case OpContains, OpStartsWith, OpEndsWith, OpMatches:
		return vt == TextType
	}
	return !op.OfDates() || vt == DateType
}

func operandHint(t *Test, op Op) string {
	switch {
	case t.Forced && t.Type == NumberType:
		return "a number"
	case t.Forced && t.Type == BooleanType:
		return "true or false"
	case t.Forced && t.Type == DateType:
		return "a date such as \"2024-02-29\""
	case op == OpIn, op == OpIncludesAny, op == OpIncludesAll:
		return "texts, numbers and booleans"
	case op == OpIs:
		return "a text, number, boolean or date"
	case op >= OpContains && op <= OpEndsWith:
		return "a text"
	case op == OpMatches:
		return "an expression"
	case op.OfDates():
		return "a date such as \"2024-02-29\""
	}
	return "a number or a date"
}

func operandList(t *Test, raw []byte, path string, least, most int, what string) error {
	if raw == nil {
		return Invalid(path, "is missing: %s takes %s", t.Op, what)
	}
	elements, err := Elements(raw, nil)
	if err != nil || len(elements) < least || len(elements) > most {
		if err == nil && len(elements) > most && most > 2 {
			return Invalid(path, "it has %d values; %d is the most", len(elements), most)
		}
		return Invalid(path, "%s takes %s, not %s", t.Op, what, describe(raw))
	}
	positive, _ := t.Op.Positive()
	for _, e := range elements {
		o, err := operand(t, positive, e, path)
		if err != nil {
			return err
		}
		t.Operands = append(t.Operands, o)
	}
	return nil
}

// operand reads one value that is compared with.
func operand(t *Test, op Op, raw []byte, path string) (o Operand, err error) {
	raw = bytes.TrimSpace(raw)
	wrong := func() error { return Invalid(path, "%s takes %s, not %s", t.Op, operandHint(t, op), describe(raw)) }
	s, isText := Text(raw)
	kind := JSONKind(raw)
	vt := t.Type
	if !t.Forced {
		vt = operandType(op, kind, s)
	}
	o.Type = vt
	switch vt {
	case TextType:
		o.Text = s
		if !isText {
			if kind != NumberKind && kind != BoolKind {
				return o, wrong()
			}
			o.Text = string(raw)
		}
		if op == OpMatches {
			return o, checkExpression(o.Text, path)
		}
		return o, nil
	case NumberType:
		text := string(raw)
		if isText {
			text = strings.TrimSpace(s)
		}
		n, ok := ParseNumber(text)
		if !ok {
			return o, wrong()
		}
		o.Number = n
		return o, nil
	case BooleanType:
		text := string(raw)
		if isText {
			text = strings.ToLower(strings.TrimSpace(s))
		}
		if text != "true" && text != "false" {
			return o, wrong()
		}
		o.Boolean = text == "true"
		return o, nil
	case DateType:
		o.Date, err = dateOperand(raw)
		if err != nil && !t.Forced && !op.OfDates() {
			return o, wrong() // a text that is no number was taken for a date
		}
		if err != nil {
			return o, Invalid(path, "%v", err)
		}
		return o, nil
	}
	return o, wrong()
}

// operandType is how an operand is compared that the rule gives no type for; AutoType for
// one that the operator does not take.
func operandType(op Op, kind ValueKind, s string) ValueType {
	switch {
	case op.OfDates():
		if kind == TextKind || kind == NumberKind {
			return DateType
		}
		return AutoType
	case op >= OpGt && op <= OpBetween:
		if kind == NumberKind {
			return NumberType
		}
		if kind != TextKind {
			return AutoType
		}
		if IsDecimal(strings.TrimSpace(s)) {
			return NumberType
		}
		return DateType
	case kind == TextKind:
		return TextType
	case op >= OpContains && op <= OpMatches:
		return AutoType
	case kind == NumberKind:
		return NumberType
	case kind == BoolKind:
		return BooleanType
	}
	return AutoType
}

func dateOperand(raw []byte) (Date, error) {
	s, ok := Text(raw)
	if !ok {
		t, err := ParseInstant(raw, nil)
		return Date{Exact, t, string(raw)}, err
	}
	return ParseDate(s)
}
