package importer

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// say is fmt.Sprintf for people: counts have separators.
func say(format string, args ...any) string {
	for i, a := range args {
		if n, ok := a.(int64); ok {
			args[i] = figure(n)
		}
	}
	return fmt.Sprintf(format, args...)
}

// many is a count of things, with their verb.
func many(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return say("%d ", n) + more
}

// figure is a count that is written with separators.
type figure int64

// Format writes 1,234.
func (f figure) Format(s fmt.State, _ rune) {
	digits := strconv.FormatInt(int64(f), 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	_, _ = io.WriteString(s, digits)
}

// notes says what a person should know of the file as a whole.
func (a *analysis) notes() {
	p := a.plan
	if p.Rows == 0 {
		p.Notes = append(p.Notes, "There is a header, and no row below it.")
	}
	if sums[normHeader(string(a.last))] && p.Rows > 1 {
		p.Notes = append(p.Notes, say("Line %d, the last one, begins with %s. If it sums up the rows above it, it is no customer: take it out of the file first.", a.lastLine, strconv.Quote(string(a.last))))
	}
	a.noteNulls()
	a.noteWrapped()
	if p.Repeats > 0 {
		p.Notes = append(p.Notes, many(p.Repeats, "row is", "rows are")+" about a customer that an earlier row was about too: the last row wins.")
	}
	if p.Match.Value == "none" {
		p.Notes = append(p.Notes, "Nothing in this file finds a customer: every row makes a new one, and importing it again makes them again.")
	}
}

// sums are how the last row of a report begins, below its columns.
var sums = map[string]bool{"total": true, "totals": true, "grandtotal": true, "subtotal": true, "sum": true, "summe": true, "gesamt": true, "gesamtsumme": true,
	"totale": true, "suma": true, "somme": true, "totalgeneral": true, "итого": true}

// nullWords are how databases and spreadsheets write that there is no value. Null is a name.
var nullWords = map[string]bool{`\N`: true, "NULL": true, "null": true, "<null>": true, "(null)": true, "[NULL]": true, "N/A": true, "n/a": true, "#N/A": true, "NaN": true, "nan": true}

func isNull(s []byte) bool { return len(s) <= 6 && nullWords[string(s)] }

// noteWrapped says which columns are written as formulas of one text.
func (a *analysis) noteWrapped() {
	var names []string
	for i := range a.plan.Columns {
		if c := &a.plan.Columns[i]; c.Wrapped && c.To != "" {
			names = append(names, strconv.Quote(c.Name))
		}
	}
	if len(names) == 0 {
		return
	}
	a.plan.Notes = append(a.plan.Notes, fmt.Sprintf(`The cells of %s are written ="…", so that a spreadsheet leaves them alone: what stands inside is taken.`, strings.Join(names, ", ")))
}

// noteNulls says how many cells are words for no value.
func (a *analysis) noteNulls() {
	a.plan.Nulls = ""
	var n int64
	example := ""
	for i := range a.columns {
		if f := &a.columns[i]; f.nulls > 0 && a.plan.Columns[i].To != "" {
			n += f.nulls
			if example == "" {
				example = f.nullExample
			}
		}
	}
	if n == 0 {
		return
	}
	like := " or the like"
	if n == 1 {
		like = ""
	}
	a.plan.Nulls = say("%s %s%s, as databases do for no value: %s.", many(n, "cell says", "cells say"), example, like, map[[2]bool]string{
		{true, true}: "it counts as blank", {true, false}: "they count as blank", {false, true}: "it goes in as a word", {false, false}: "they go in as words"}[[2]bool{a.plan.NullsBlank, n == 1}])
}
