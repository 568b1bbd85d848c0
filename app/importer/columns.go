package importer

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"strconv"
	"strings"
	"time"

	"kith/app"
)

// columnFacts is what all cells of a column together tell.
type columnFacts struct {
	filled               int64
	kinds                [kinds]int64
	example              [kinds]string // the first of each
	clock                int64         // dates with a time
	samples              []string
	goodMail, goodNumber int64
	badMail, badNumber   string
}

const (
	samplesShown = 6
	sampleLength = 80
)

func (c *columnFacts) take(cell []byte, contact string) {
	s := bytes.TrimSpace(cell)
	if len(s) == 0 {
		return
	}
	c.filled++
	k := kindOf(s)
	if c.kinds[k]++; c.kinds[k] == 1 {
		c.example[k] = shorten(string(s))
	}
	if (k == kindISO || k == kindEither || k == kindDayFirst || k == kindMonthFirst) && len(s) > 10 {
		c.clock++
	}
	switch contact {
	case "email":
		if _, err := app.CheckEmail(string(s)); err == nil {
			c.goodMail++
		} else if c.badMail == "" {
			c.badMail = shorten(string(s))
		}
	case "number":
		if international(s) {
			c.goodNumber++
		} else if c.badNumber == "" {
			c.badNumber = shorten(string(s))
		}
	}
}

// international reports whether a number says its country: with + or 00 in front, or
// with enough digits, none of them a leading zero.
func international(s []byte) bool {
	digits, err := app.CheckNumber(string(s))
	if err != nil {
		return false
	}
	plain := len(digits) == len(s)
	return s[0] == '+' || bytes.HasPrefix(s, []byte("tel:+")) || plain && len(digits) >= 10 && s[0] != '0'
}

func shorten(s string) string {
	if len(s) <= sampleLength {
		return s
	}
	return strings.ToValidUTF8(s[:sampleLength], "") + "…"
}

// analysis reads a file whole and gathers what its columns hold.
type analysis struct {
	plan    *Plan
	columns []columnFacts
	repeats *repeats
	preview [][]string
	// read is told now and then how many rows were read.
	read func(rows int64)
}

const previewRows = 8

// run reads all rows. It returns ctx's error when ctx ends.
func (a *analysis) run(ctx context.Context, in io.Reader) error {
	p := a.plan
	a.columns = make([]columnFacts, len(p.Columns))
	contacts := make([]string, len(p.Columns))
	key := -1
	for i, c := range p.Columns {
		if c.To == "email" || c.To == "number" {
			contacts[i] = c.To
		}
		if c.To == p.Match.Value {
			key = i
		}
	}
	r := newRows(in, p)
	look := newLookers(a.columns, contacts)
	defer look.end() // whatever happens; a second end does nothing
	var rows, blanks int64
	for {
		rec, err := r.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if rows++; rows%4096 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			a.read(rows)
		}
		if rec.Fault != "" {
			continue
		}
		look.take(rec.Cells)
		if key >= 0 && key < len(rec.Cells) {
			if err := a.repeats.add(keyHash(rec.Cells[key], p.Match.Value)); err != nil {
				return err
			}
		}
		if rows <= previewRows {
			row := []string{strconv.FormatInt(rec.Line, 10)}
			for _, c := range rec.Cells {
				row = append(row, shorten(strings.ToValidUTF8(string(c), "\ufffd")))
			}
			a.preview = append(a.preview, row)
		}
		a.sample(rec, rows)
	}
	if err := look.end(); err != nil {
		return err
	}
	blanks = r.blanks
	p.Rows, p.BlankLines, p.Read = rows, blanks, true
	var err error
	p.Repeats, err = a.repeats.finish()
	return err
}

// sample keeps the first different values of each column, looking at fewer rows as they go on.
func (a *analysis) sample(rec *Record, row int64) {
	if row > 200 && row%97 != 0 || row > 20_000 {
		return
	}
	for i := range a.columns {
		c := &a.columns[i]
		if len(c.samples) >= samplesShown || i >= len(rec.Cells) {
			continue
		}
		s := shorten(strings.ToValidUTF8(string(rec.Cells[i]), "\ufffd"))
		if strings.TrimSpace(s) == "" {
			continue
		}
		fresh := true
		for _, have := range c.samples {
			fresh = fresh && have != s
		}
		if fresh {
			c.samples = append(c.samples, s)
		}
	}
}

var hashSeed = maphash.MakeSeed()

// keyHash is what two rows of one customer have in common, 0 for none.
func keyHash(cell []byte, by string) uint64 {
	s := bytes.TrimSpace(cell)
	if len(s) == 0 {
		return 0
	}
	switch by {
	case "email":
		return maphash.String(hashSeed, app.FoldEmail(string(s))) | 1
	case "number":
		if n, err := app.CheckNumber(string(s)); err == nil {
			return maphash.String(hashSeed, n) | 1
		}
		return 0
	}
	return maphash.Bytes(hashSeed, cell) | 1
}

// rows reads the data rows of a planned file: no header, no blank lines.
type rows struct {
	r      *Reader
	header bool
	blanks int64
}

func newRows(in io.Reader, p *Plan) *rows {
	return &rows{r: NewReader(in, p.dialect()), header: p.Header.Value == "yes"}
}

func (r *rows) next() (*Record, error) {
	for {
		rec, err := r.r.Next()
		if err != nil {
			return nil, err
		}
		if rec.Blank {
			r.blanks++
			continue
		}
		if r.header {
			r.header = false
			continue
		}
		return rec, nil
	}
}

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
				return twoWays(c, f)
			}
		}
	}
	a.notes()
	return nil
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
	good, bad := f.goodMail, f.badMail
	if c.To == "number" {
		good, bad = f.goodNumber, f.badNumber
	}
	if c.Told || f.filled == 0 {
		c.Type = "text"
		return
	}
	if c.To == "number" && good < f.filled {
		c.Offers = append(c.Offers, Offer{Type: "number", Why: "as the number that messages go to; rows whose cell is none are refused"})
		a.demote(i, say("%d of %d cells are numbers with their country, and %s is not: it stays text, and no message goes there", good, f.filled, strconv.Quote(bad)))
		return
	}
	if c.To == "email" && good*2 < f.filled {
		a.demote(i, say("only %d of %d cells are addresses; %s is not", good, f.filled, strconv.Quote(bad)))
		return
	}
	c.Type = "text"
	if good < f.filled {
		c.Doubt = say("%d of %d cells are no address, such as %s: their rows are refused.", f.filled-good, f.filled, strconv.Quote(bad))
	}
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
	concludeType(c, &a.columns[i])
	c.Type, c.Format, c.Offers = "text", "", nil
	c.Doubt = strings.ToUpper(why[:1]) + why[1:] + "."
	if p.Match.Value == was {
		p.Match = Finding{Value: "none", Why: "no column holds ids, addresses or numbers: every row makes a new customer, also when the file is imported again"}
		p.Repeats = 0
	}
}

func (a *analysis) concludeCreated(i int) error {
	c, f := &a.plan.Columns[i], &a.columns[i]
	told := c.Told
	probe := *c
	concludeType(&probe, f)
	if probe.Type == "date" && probe.Format != "" || f.filled == 0 {
		c.Type, c.Format, c.Why, c.Doubt, c.Offers = "date", probe.Format, probe.Why, probe.Doubt, probe.Offers
		return nil
	}
	if !told {
		a.demote(i, "its cells are not all dates of one form, so it does not become the sign-up date")
		return nil
	}
	if f.kinds[kindEither] > 0 && f.kinds[kindDayFirst]+f.kinds[kindMonthFirst] == 0 {
		return twoWays(c, f)
	}
	if c.Format == "" {
		c.Format = dateFormats[yearFirst]
	}
	c.Type = "date"
	return nil
}

// say is fmt.Sprintf for people: counts have separators.
func say(format string, args ...any) string {
	for i, a := range args {
		if n, ok := a.(int64); ok {
			args[i] = figure(n)
		}
	}
	return fmt.Sprintf(format, args...)
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

func twoWays(c *Column, f *columnFacts) error {
	return app.Invalid("map", `the dates of %q can be read two ways, such as %s: say "format":"DD/MM/YYYY" or "format":"MM/DD/YYYY"`, c.Name, f.example[kindEither])
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
	dates := f.kinds[kindISO] + f.kinds[kindDayFirst] + f.kinds[kindMonthFirst] + f.kinds[kindEither]
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
	case dates == n:
		concludeDate(c, f)
	default:
		c.Why = textReason(f)
	}
	if told && c.Type != as {
		if c.Type, c.Why = as, "It was asked for."; as == "date" && c.Format == "" {
			c.Format = dateFormats[yearFirst]
		}
		if as == "number" && f.kinds[kindMoney] > 0 {
			c.Format = "1,234.56"
		} else if as == "number" && f.kinds[kindComma] > 0 {
			c.Format = "1.234,56"
		}
		c.Doubt = ""
	}
	offer(c, f)
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
		{f.kinds[kindISO] + f.kinds[kindDayFirst] + f.kinds[kindMonthFirst] + f.kinds[kindEither], "dates"},
	} {
		if k.count*10 >= n*9 && k.count < n {
			other := firstExample(f, kindText, kindMoney, kindComma)
			return say("%d of %d cells are %s, and %s is not.", k.count, n, k.what, strconv.Quote(other))
		}
	}
	return ""
}

// offer adds the other ways to read a column.
func offer(c *Column, f *columnFacts) {
	n := f.filled
	add := func(kind, format, why string) {
		if kind == c.Type && (format == c.Format || format == "") {
			return
		}
		c.Offers = append(c.Offers, Offer{kind, format, why})
	}
	day, month, either := f.kinds[kindDayFirst], f.kinds[kindMonthFirst], f.kinds[kindEither]
	dates := day + month + either
	switch {
	case n == 0:
	case f.kinds[kindNumber]+f.kinds[kindMoney] == n && f.kinds[kindMoney] > 0:
		text, _ := readNumber([]byte(f.example[kindMoney]), pointNumber)
		if !c.TypeTold {
			c.Doubt = say("%d values carry a sign or commas, such as %s. As a number, %s, they can be compared and summed.", f.kinds[kindMoney], f.example[kindMoney], text)
		}
		add("number", "1,234.56", "Number "+text)
		add("text", "", "Text "+strconv.Quote(f.example[kindMoney]))
	case f.kinds[kindNumber]+f.kinds[kindComma] == n && f.kinds[kindComma] > 0:
		text, _ := readNumber([]byte(f.example[kindComma]), commaNumber)
		if !c.TypeTold {
			c.Doubt = say("%d values have a decimal comma, such as %s. As a number, %s, they can be compared and summed.", f.kinds[kindComma], f.example[kindComma], text)
		}
		add("number", "1.234,56", "Number "+text)
		add("text", "", "Text "+strconv.Quote(f.example[kindComma]))
	case dates == n && (either > 0 || c.Type == "date"):
		if month == 0 {
			add("date", "DD/MM/YYYY", "Day first")
		}
		if day == 0 {
			add("date", "MM/DD/YYYY", "Month first")
		}
		add("text", "", "Text")
	case c.Type == "number" || c.Type == "boolean" || c.Type == "date":
		add("text", "", "Text")
	case f.kinds[kindNumber] == n:
		add("number", "", "Number")
	case f.kinds[kindNumber]*10 >= n*9:
		add("number", "", say("Number, and %d rows are refused", n-f.kinds[kindNumber]))
	}
}

// notes says what a person should know of the file as a whole.
func (a *analysis) notes() {
	p := a.plan
	if p.Repeats > 0 {
		rows := "%d rows are"
		if p.Repeats == 1 {
			rows = "%d row is"
		}
		p.Notes = append(p.Notes, say(rows+" about a customer that an earlier row was about too: the last row wins.", p.Repeats))
	}
	if p.Match.Value == "none" {
		p.Notes = append(p.Notes, "Nothing in this file finds a customer: every row makes a new one, and importing it again makes them again.")
	}
}
