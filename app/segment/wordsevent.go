package segment

import (
	"strings"

	"kith/app"
)

func eventWords(c *app.EventCondition) string {
	switch {
	case c.Occurrence != app.EveryOccurrence:
		return occurrenceWords(c)
	case c.Aggregate == app.CountEvents:
		return countedWords(c)
	case c.Aggregate == app.Distinct && c.Of == app.EventDay:
		return "who did " + kindWords(c) + " on " + amountWords(&c.Test, "different day") + orNot(&c.Test, "none") + withinWords(c)
	case c.Aggregate == app.Distinct:
		return "who did " + kindWords(c) + withinWords(c) + " with " + amountWords(&c.Test, "different value") + " of " + propertyWords(c.Of) + orNot(&c.Test, "none")
	}
	aggregate := map[app.Aggregate]string{app.Sum: "total", app.Avg: "average", app.Min: "smallest", app.Max: "largest"}[c.Aggregate]
	return "whose " + aggregate + " " + propertyWords(c.Of) + " of " + kindWords(c) + withinWords(c) + " " + valueWords(&c.Test)
}

// valueWords writes the test of an aggregate; nothing at all is no number, so none is missing.
func valueWords(t *app.Test) string {
	if t.Op == app.OpIsNot {
		return "is not " + operandWords(t, 0)
	}
	return testWords(&app.Test{Op: t.Op, Type: t.Type, Operands: t.Operands})
}

// kindWords says which events: by name, source and properties.
func kindWords(c *app.EventCondition) string {
	words := "anything"
	if c.Event != app.AnyEvent {
		words = quote(c.Event)
	}
	var notes []string
	if c.Source != "" {
		notes = append(notes, "from the source "+quote(c.Source))
	}
	if len(c.Where) > 0 {
		notes = append(notes, "where "+whereWords(c.Where))
	}
	if len(notes) > 0 {
		words += " (" + strings.Join(notes, ", ") + ")"
	}
	return words
}

func whereWords(where []app.PropertyTest) string {
	var words []string
	for i := range where {
		words = append(words, propertyWords(where[i].Property)+" "+testWords(&where[i].Test))
	}
	return joined(words, "and")
}

func propertyWords(name string) string {
	if name == app.EventValue {
		return "value"
	}
	return nameWords(name)
}

func countedWords(c *app.EventCondition) string {
	kind, within := kindWords(c), withinWords(c)
	n := c.Test.Operands[0].Number
	switch {
	case c.AtLeastOnce():
		return "who did " + kind + within
	case n == 0 && (c.Test.Op == app.OpIs || c.Test.Op == app.OpLte), n == 1 && c.Test.Op == app.OpLt:
		if c.Event == app.AnyEvent {
			return "who did nothing" + strings.TrimPrefix(kind, "anything") + within
		}
		if within == "" {
			return "who never did " + kind
		}
		return "who did not do " + kind + within
	}
	return "who did " + kind + " " + timesWords(&c.Test) + orNot(&c.Test, "never") + within
}

// timesWords writes how often: "at least 3 times", "exactly once".
func timesWords(t *app.Test) string {
	once := map[float64]string{1: "once", 2: "twice"}[t.Operands[0].Number]
	if once == "" || t.Op == app.OpBetween {
		return amountWords(t, "time")
	}
	return boundWords(t.Op) + " " + once
}

func boundWords(op app.Op) string {
	return map[app.Op]string{app.OpIs: "exactly", app.OpIsNot: "any number of times but", app.OpGt: "more than", app.OpGte: "at least",
		app.OpLt: "fewer than", app.OpLte: "at most"}[op]
}

// orNot says so where a test of a number holds for none at all too.
func orNot(t *app.Test, none string) string {
	if NewTester(t).Count(0) {
		return " (or " + none + ")"
	}
	return ""
}

// amountWords writes how many: "at least 3 different days".
func amountWords(t *app.Test, what string) string {
	n := operandWords(t, 0)
	switch t.Op {
	case app.OpBetween:
		return n + " to " + operandWords(t, 1) + " " + what + "s"
	case app.OpIsNot:
		return "any number of " + what + "s but " + n
	}
	if t.Operands[0].Number != 1 {
		what += "s"
	} else {
		what = strings.TrimPrefix(what, "different ")
	}
	return boundWords(t.Op) + " " + n + " " + what
}

func withinWords(c *app.EventCondition) string {
	words := windowWords(c.Within)
	if zone := zoneWords(c.Zone); zone != "" && (words != "" || c.Of == app.EventDay) {
		words += " (" + zone + ")"
	}
	return words
}

// windowWords writes a window with the blank before it: " in the last 30 days".
func windowWords(w *app.Window) string {
	switch {
	case w == nil:
		return ""
	case !w.Last.IsZero():
		return " in the last " + durationWords(w.Last)
	case w.To == nil && w.From.Date == nil:
		return " since " + lengthWords(w.From.Ago) + " ago"
	case w.To == nil:
		return " on or after " + dateWords(*w.From.Date)
	case w.From == nil && w.To.Date == nil:
		return " more than " + lengthWords(w.To.Ago) + " ago"
	case w.From == nil:
		return " before " + dateWords(*w.To.Date)
	}
	from, to := "", ""
	if from = lengthWords(w.From.Ago) + " ago"; w.From.Date != nil {
		from = dateWords(*w.From.Date)
	}
	if to = lengthWords(w.To.Ago) + " ago"; w.To.Date != nil {
		to = dateWords(*w.To.Date)
	}
	return " from " + from + " until before " + to
}

func occurrenceWords(c *app.EventCondition) string {
	which := "first"
	if c.Occurrence == app.LastOccurrence {
		which = "last"
	}
	words := "whose " + which + " " + quote(c.Event)
	if c.Event == app.AnyEvent {
		words = "whose " + which + " event of any kind"
	}
	if c.Source != "" {
		words += " from the source " + quote(c.Source)
	}
	within := withinWords(c)
	switch {
	case len(c.Where) == 0 && within == "":
		return "who ever did " + strings.TrimPrefix(strings.Replace(words, "event of any kind", "anything", 1), "whose "+which+" ")
	case len(c.Where) == 0:
		return words + " was" + within
	case within == "":
		words += " is one where "
	default:
		words += " was" + within + " and is one where "
	}
	if len(c.Where) > 1 {
		return words + "(" + whereWords(c.Where) + ")"
	}
	return words + whereWords(c.Where)
}

func sequenceWords(c *app.SequenceCondition) string {
	var b strings.Builder
	b.WriteString("who did ")
	for i := range c.Steps {
		s := &c.Steps[i]
		switch {
		case i == 0:
		case len(c.Steps) == 2:
			b.WriteString(" and then " + negated(s.Not))
		default:
			b.WriteString(", then " + negated(s.Not))
		}
		b.WriteString(kindWords(&s.EventCondition) + windowWords(s.Within))
	}
	var notes []string
	switch {
	case c.Within.IsZero():
	case len(c.Steps) == 2:
		notes = append(notes, "within "+lengthWords(c.Within))
	default:
		notes = append(notes, "each within "+lengthWords(c.Within)+" of the one before")
	}
	if c.By != "" {
		notes = append(notes, "with the same "+propertyWords(c.By))
	}
	if zone := zoneWords(c.Zone); zone != "" {
		notes = append(notes, zone)
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	return b.String()
}
