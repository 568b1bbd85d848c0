package importer

import (
	"strconv"
	"strings"
)

// offer adds the other ways to read a column.
func offer(c *Column, f *columnFacts) {
	n := f.filled
	day, month, either := f.kinds[kindDayFirst], f.kinds[kindMonthFirst], f.kinds[kindEither]
	dates := day + month + either + f.kinds[kindNamed]
	signed := f.kinds[kindMoney] + f.kinds[kindComma] + f.kinds[kindSigned]
	switch {
	case n == 0:
	case f.kinds[kindNumber]+signed == n && signed > 0:
		if !textHeaders[normHeader(c.Name)] || c.TypeTold {
			offerNumber(c, f)
		}
	case dates == n && (either > 0 || c.Type == "date"):
		if month == 0 && either+day > 0 {
			c.add("date", "DD/MM/YYYY", "Day first")
		}
		if day == 0 && either+month > 0 {
			c.add("date", "MM/DD/YYYY", "Month first")
		}
		c.add("text", "", "Text")
	case f.kinds[kindNumber] == n && offerCounted(c, f):
	case c.Type == "number" || c.Type == "boolean" || c.Type == "date":
		c.add("text", "", "Text")
	case f.kinds[kindNumber] == n:
		c.add("number", "", "Number")
	case f.kinds[kindNumber]*10 >= n*9:
		c.add("number", "", say("Number, and %d rows are refused", n-f.kinds[kindNumber]))
	}
}

// add adds a way to read a column, unless it is read so.
func (c *Column) add(kind, format, why string) {
	if kind == c.Type && (format == c.Format || format == "") {
		return
	}
	c.Offers = append(c.Offers, Offer{Type: kind, Format: format, Why: why})
}

// offerNumber offers to read as numbers what carries signs, or has its digits grouped.
func offerNumber(c *Column, f *columnFacts) {
	point, comma, signed := f.kinds[kindMoney], f.kinds[kindComma], f.kinds[kindSigned]
	if point > 0 && comma > 0 {
		if !c.TypeTold {
			c.Doubt = say("%d values have a decimal point, such as %s, and %d a decimal comma, such as %s: they stay text.", point, f.example[kindMoney], comma, f.example[kindComma])
		}
		c.add("text", "", "Text")
		return
	}
	example := firstExample(f, kindMoney, kindComma, kindSigned)
	asPoint, _ := readNumber([]byte(example), pointNumber)
	asComma, _ := readNumber([]byte(example), commaNumber)
	switch {
	case comma > 0:
		if !c.TypeTold {
			c.Doubt = say("%s a decimal comma, such as %s. As a number, %s, they can be compared and summed.", many(comma, "value has", "values have"), example, asComma)
		}
		c.add("number", "1.234,56", "Number "+asComma)
	case point == 0 && asPoint != asComma:
		if !c.TypeTold {
			c.Doubt = say("%s be read two ways, such as %s: %s, or %s. As a number they can be compared and summed.", many(signed, "value can", "values can"), example, asPoint, asComma)
		}
		c.add("number", "1,234.56", "Number "+asPoint)
		c.add("number", "1.234,56", "Number "+asComma)
	default:
		if !c.TypeTold {
			c.Doubt = say("%s a sign or commas, such as %s. As a number, %s, they can be compared and summed.", many(point+signed, "value carries", "values carry"), example, asPoint)
		}
		c.add("number", "1,234.56", "Number "+asPoint)
	}
	c.add("text", "", "Text "+strconv.Quote(example))
}

// offerCounted offers to read as dates the numbers of a column that is called like dates
// are. It reports whether there was something to offer.
func offerCounted(c *Column, f *columnFacts) bool {
	if !dateHeader(c.Name) && c.Type != "date" {
		return false
	}
	for i, order := range []dateOrder{compact, unixTime, excelDay} {
		if f.counted[i] != f.filled {
			continue
		}
		example := f.example[kindNumber]
		text, _, _ := readCounted([]byte(example), order, nil)
		if !c.TypeTold {
			c.Doubt = say("%s dates, %s: %s is %s then.", many(f.filled, "number may stand for", "numbers may stand for"), map[dateOrder]string{compact: "year, month and day in a row", unixTime: "in seconds since 1970", excelDay: "in days as spreadsheets count them"}[order], example, text)
		}
		c.add("date", dateFormats[order], "Date "+strings.TrimSuffix(text, "T00:00:00.000Z"))
		c.add("number", "", "Number "+example)
		return true
	}
	return false
}

// dateHeader reports whether a column is called as dates are.
func dateHeader(header string) bool {
	n := normHeader(header)
	if headerNames[n] == "created_at" {
		return true
	}
	for _, word := range []string{"date", "datum", "fecha", "birth", "geburt", "naissance", "nacimiento", "timestamp", "created", "updated", "since", "expires", "joined", "signup", "renewal", "lastseen", "lastlogin"} {
		if strings.HasPrefix(n, word) || strings.HasSuffix(n, word) {
			return true
		}
	}
	return strings.HasSuffix(header, "_at") || strings.HasSuffix(header, " at") || strings.HasSuffix(header, " on") || strings.HasSuffix(header, "_on")
}

// doubtGroups says of plain numbers that they may be others, where the file has decimal
// commas elsewhere.
func (a *analysis) doubtGroups() {
	commas := ""
	for i := range a.columns {
		if a.columns[i].kinds[kindComma] > 0 && commas == "" {
			commas = a.plan.Columns[i].Name
		}
	}
	if commas == "" {
		return
	}
	for i := range a.columns {
		c, f := &a.plan.Columns[i], &a.columns[i]
		if c.To == "" || c.Type != "number" || f.grouped == 0 || f.grouped != f.pointed || f.kinds[kindNumber] != f.filled {
			continue
		}
		example := f.example[kindNumber]
		for _, s := range f.samples {
			if isGrouped([]byte(strings.TrimSpace(s))) {
				example = strings.TrimSpace(s)
				break
			}
		}
		as, _ := readNumber([]byte(example), commaNumber)
		if !c.TypeTold {
			c.Doubt = say("Every point stands before three digits, such as %s, and %s has decimal commas: it may be %s.", example, strconv.Quote(commas), as)
		}
		c.Offers = nil
		c.add("number", "1.234,56", "Number "+as)
		if c.Format != "" {
			c.Offers = append(c.Offers, Offer{Type: "number", Why: "Number " + example})
		}
		c.add("text", "", "Text")
	}
}
