package importer

import (
	"strconv"
	"strings"
	"time"

	"kith/app"
)

// conclude gives the columns their types.
func (a *analysis) conclude(zone *time.Location) error {
	p := a.plan
	p.Zone = zone.String()
	for i := range p.Columns {
		c, f := &p.Columns[i], &a.columns[i]
		c.Filled = f.filled
		switch c.To {
		case toUID:
			concludeID(c, f)
		case "email", "number":
			a.concludeContact(i)
		case "created_at":
			if err := a.concludeCreated(i); err != nil {
				return err
			}
		case "first_name", "last_name", toFullName, toDevice, toPlatform:
			c.Type, c.Why = "text", ""
		default:
			concludeType(c, f)
			if c.TypeTold && c.Type == "date" && c.Format == dateFormats[yearFirst] && f.kinds[kindEither] > 0 && f.kinds[kindISO] == 0 {
				if err := a.twoWays(c, f); err != nil {
					return err
				}
			}
		}
		a.look(c, f, i)
	}
	if a.mixed() && a.again != nil {
		if err := a.again(); err != nil {
			return err
		}
	}
	a.doubtGroups()
	a.notes()
	return nil
}

// look says what else a person should know of a column.
func (a *analysis) look(c *Column, f *columnFacts, i int) {
	if f.filled == 0 && !c.Told && c.Name == columnName(i) {
		c.To, c.Why = "", "Neither a name nor a cell."
	}
	c.Wrapped = f.wrapped > 0 && f.wrapped == f.filled && !c.TypeTold
	switch {
	case f.cut > 0 && (c.To == toUID || c.To == "number" || textHeaders[normHeader(c.Name)] || headerNames[normHeader(c.Name)] == "number"):
		c.Doubt = say("%s cut short by a spreadsheet, such as %s: their last digits are lost, and different ones may have become the same. Export them again with this column as text.", many(f.cut, "value was", "values were"), f.cutExample)
	case f.spaced > 0:
		c.Doubt = say("%s blanks around, such as %s: the blanks stay a part of the id.", many(f.spaced, "id has", "ids have"), strconv.Quote(f.spacedExample))
	}
}

func concludeID(c *Column, f *columnFacts) {
	c.Type = "text"
	c.Why = "An id stays as it is written."
	for _, s := range f.samples {
		if len(s) > 1 && s[0] == '0' {
			c.Why = say("Leading zeros stay: %s is text.", s)
			return
		}
	}
}

// concludeContact leaves a column by the name of a contact an attribute of its own when
// its cells are none.
func (a *analysis) concludeContact(i int) {
	p := a.plan
	c, f := &p.Columns[i], &a.columns[i]
	good, bad := f.goodMail+f.several, f.badMail
	if c.To == "number" {
		good, bad = f.goodNumber, f.badNumber
	}
	if c.To == "email" && f.several > 0 && (c.Told || good*2 >= f.filled) {
		concludeSeveral(c, f)
		return
	}
	if c.Told || f.filled == 0 {
		c.Type = "text"
		return
	}
	if c.To == "number" && good < f.filled {
		a.demote(i, say("%d of %d cells are numbers with their country, and %s is not: it stays text, and no message goes there", good, f.filled, strconv.Quote(bad)))
		if good > 0 {
			c.Offers = []Offer{{Type: "text", To: "number", Why: "The number for messages"}}
		}
		return
	}
	if c.To == "email" && good*2 < f.filled {
		a.demote(i, say("only %d of %d cells are addresses; %s is not", good, f.filled, strconv.Quote(bad)))
		return
	}
	c.Type = "text"
	if good < f.filled {
		c.Doubt = say("%s no address, such as %s: their rows are refused.", many(f.filled-good, "cell is", "cells are"), strconv.Quote(bad))
	}
}

// concludeSeveral asks what becomes of cells with more than one address, for a customer has one.
func concludeSeveral(c *Column, f *columnFacts) {
	c.Type = "text"
	other := ""
	if rest := f.filled - f.goodMail - f.several; rest > 0 {
		other = say(" %s no address, such as %s: their rows are refused.", many(rest, "cell is", "cells are"), strconv.Quote(f.badMail))
	}
	if c.Format == takeFirst {
		c.Offers = []Offer{{Type: "text", To: "email", Why: "Refuse them"}}
		c.Why = say("Of %s several addresses, such as %s, the first is taken and the others are left out.", many(f.several, "cell with", "cells with"), strconv.Quote(f.severalExample))
		c.Doubt = strings.TrimSpace(other)
		return
	}
	c.Offers = []Offer{{Type: "text", Format: takeFirst, To: "email", Why: "Take the first"}}
	rows := "their rows are"
	if f.several == 1 {
		rows = "its row is"
	}
	c.Doubt = say("%s several addresses, such as %s, and a customer has one: %s refused unless the first is taken.", many(f.several, "cell holds", "cells hold"), strconv.Quote(f.severalExample), rows) + other
}

// demote makes a column a custom attribute under its own header.
func (a *analysis) demote(i int, why string) {
	p := a.plan
	c := &p.Columns[i]
	was := c.To
	taken := map[string]int{}
	for k := range p.Columns {
		if k != i {
			taken[p.Columns[k].To] = k
		}
	}
	c.To = freeName(c.Name, taken)
	c.Type, c.Format, c.Offers = "text", "", nil
	c.Doubt = strings.ToUpper(why[:1]) + why[1:] + "."
	if p.Match.Value == was {
		p.Match = Finding{Value: "none", Why: "no column holds ids, addresses or numbers: every row makes a new customer, also when the file is imported again"}
		p.Repeats = 0
	}
}

// concludeCreated gives the column of sign-up dates its format. Where that cannot be told,
// it becomes an attribute like others, and the date is offered.
func (a *analysis) concludeCreated(i int) error {
	c, f := &a.plan.Columns[i], &a.columns[i]
	probe := *c
	concludeType(&probe, f)
	switch {
	case f.filled == 0 || probe.Type == "date" && probe.Format != "":
		c.Type, c.Format, c.Why, c.Doubt, c.Offers = "date", probe.Format, probe.Why, probe.Doubt, datesOnly(probe.Offers)
		if c.Told && !c.TypeTold || c.Format != dateFormats[yearFirst] || f.kinds[kindEither] == 0 || f.kinds[kindISO] > 0 {
			return nil
		}
		return a.twoWays(c, f)
	case f.counted[1] == f.filled, f.counted[0] == f.filled:
		c.Type, c.Format, c.Why = "date", dateFormats[unixTime], "Every cell is a time in seconds since 1970."
		if f.counted[0] == f.filled {
			c.Format, c.Why = dateFormats[compact], "Every cell is a year, a month and a day in a row."
		}
		return nil
	case c.Told && f.kinds[kindEither] > 0 && f.kinds[kindDayFirst]+f.kinds[kindMonthFirst] == 0:
		return a.twoWays(c, f)
	case c.Told:
		if c.Format == "" {
			c.Format = dateFormats[yearFirst]
		}
		c.Type = "date"
		return nil
	}
	a.demote(i, "its cells are not all dates of one form, so it does not become the sign-up date")
	c.Type, c.Format = probe.Type, probe.Format
	c.Offers = probe.Offers
	for k := range c.Offers {
		if c.Offers[k].Type == "date" {
			c.Offers[k].To = "created_at"
			c.Doubt = probe.Doubt
		}
	}
	return nil
}

// datesOnly are the offers to read a column as a date in another way.
func datesOnly(offers []Offer) (out []Offer) {
	for _, o := range offers {
		if o.Type == "date" {
			out = append(out, o)
		}
	}
	return out
}

// twoWays is what becomes of dates that somebody asked for, and that can be read two ways:
// a dry run refuses their rows and asks, an import does not begin.
func (a *analysis) twoWays(c *Column, f *columnFacts) error {
	if !a.try {
		return app.Invalid("map", `the dates of %q can be read two ways, such as %s: say "format":"DD/MM/YYYY" or "format":"MM/DD/YYYY"`, c.Name, f.example[kindEither])
	}
	c.Type, c.Format, c.Offers = "date", "", nil
	c.Doubt = say("%d dates can be read two ways, such as %s: until somebody says which, their rows are refused.", f.kinds[kindEither], f.example[kindEither])
	c.Offers = []Offer{{Type: "date", Format: "DD/MM/YYYY", Why: "Day first"}, {Type: "date", Format: "MM/DD/YYYY", Why: "Month first"}}
	return nil
}

// concludeType finds the type of a custom attribute from all cells of its column.
func concludeType(c *Column, f *columnFacts) {
	if c.TypeTold && (c.Type != "date" || c.Format != "") && (c.Type != "number" || c.Format != "" || f.kinds[kindNumber] == f.filled) {
		c.Why = "It was asked for."
		offer(c, f)
		return
	}
	told, as := c.TypeTold && c.Type != "text", c.Type
	c.Type, c.Format = "text", ""
	n := f.filled
	dates := f.dates()
	switch {
	case n == 0:
		c.Why = "No cell is filled."
	case f.kinds[kindTrue] == n:
		c.Type, c.Why = "boolean", "Every cell is true or false."
	case f.kinds[kindNumber] == n && textHeaders[normHeader(c.Name)]:
		c.Why = "It is written in digits, but nobody adds it up."
	case f.kinds[kindNumber] == n:
		c.Type, c.Why = "number", "Every cell is a number."
	case f.kinds[kindISO] == n:
		c.Type, c.Format, c.Why = "date", dateFormats[yearFirst], "Every cell is a date, year first."
	case f.kinds[kindNamed] == n:
		c.Type, c.Format, c.Why = "date", namedMonth, "Every cell is a date with the name of its month."
	case f.kinds[kindISO]+f.kinds[kindNamed] == n:
		c.Type, c.Format, c.Why = "date", dateFormats[yearFirst], "Every cell is a date, year first or with the name of its month."
	case dates == n:
		concludeDate(c, f)
	default:
		c.Why = textReason(f)
	}
	if told && c.Type != as {
		if c.Type, c.Why = as, "It was asked for."; as == "date" && c.Format == "" {
			c.Format = dateFormats[yearFirst]
		}
		if as == "number" && f.kinds[kindMoney]+f.kinds[kindSigned] > 0 && f.kinds[kindComma] == 0 {
			c.Format = "1,234.56"
		} else if as == "number" && f.kinds[kindComma] > 0 {
			c.Format = "1.234,56"
		}
		c.Doubt = ""
	}
	offer(c, f)
}

// dates counts the cells that are dates, however they are written.
func (f *columnFacts) dates() int64 {
	return f.kinds[kindISO] + f.kinds[kindNamed] + f.kinds[kindDayFirst] + f.kinds[kindMonthFirst] + f.kinds[kindEither]
}

// concludeDate finds the order of dates that are not written year first.
func concludeDate(c *Column, f *columnFacts) {
	day, month, either := f.kinds[kindDayFirst], f.kinds[kindMonthFirst], f.kinds[kindEither]
	order := dateUnknown
	switch {
	case f.kinds[kindISO] > 0:
		c.Why = "Some dates are written year first and others not."
		c.Doubt = say("%d dates are written year first, %d another way, such as %s: they stay text.", f.kinds[kindISO], day+month+either, firstExample(f, kindDayFirst, kindMonthFirst, kindEither))
		return
	case day > 0 && month > 0:
		c.Why = "Some dates are written day first and others month first."
		c.Doubt = say("%d dates only make sense day first (%s), %d only month first (%s): they stay text.", day, f.example[kindDayFirst], month, f.example[kindMonthFirst])
		return
	case day > 0:
		order = dayFirst
		c.Why = say("%d dates only make sense day first, such as %s.", day, f.example[kindDayFirst])
	case month > 0:
		order = monthFirst
		c.Why = say("%d dates only make sense month first, such as %s.", month, f.example[kindMonthFirst])
	default:
		c.Why = "Every date can be read two ways."
		c.Doubt = say("All %d dates can be read two ways, such as %s: until somebody says which, they stay text.", either, f.example[kindEither])
		return
	}
	c.Type, c.Format = "date", dateFormats[order]
	if either > 0 {
		c.Doubt = say("%d dates can be read two ways, such as %s; the other %d only make sense %s.", either, f.example[kindEither], day+month,
			map[dateOrder]string{dayFirst: "day first", monthFirst: "month first"}[order])
	}
}

func firstExample(f *columnFacts, of ...kind) string {
	for _, k := range of {
		if f.example[k] != "" {
			return f.example[k]
		}
	}
	return ""
}

// textReason says why a column is text where most of it is something else.
func textReason(f *columnFacts) string {
	n := f.filled
	for _, k := range []struct {
		count int64
		what  string
	}{
		{f.kinds[kindNumber], "numbers"}, {f.kinds[kindTrue], "true or false"},
		{f.dates(), "dates"},
	} {
		if k.count*10 >= n*9 && k.count < n {
			other := firstExample(f, kindText, kindMoney, kindComma, kindSigned)
			return say("%d of %d cells are %s, and %s is not.", k.count, n, k.what, strconv.Quote(other))
		}
	}
	return ""
}
