package importer

import (
	"bytes"
	"context"
	"hash/maphash"
	"io"
	"strconv"
	"strings"

	"kith/app"
)

// columnFacts is what all cells of a column together tell.
type columnFacts struct {
	filled               int64
	kinds                [kinds]int64
	example              [kinds]string // the first of each
	clock                int64         // dates with a time
	counted              [3]int64      // numbers that may be dates: compact, unixTime, excelDay
	pointed, grouped     int64         // plain numbers with a point, and those where it may group digits
	cut                  int64         // numbers that a spreadsheet has cut short: 4.47946E+11
	cutExample           string
	spaced               int64 // ids with blanks around them
	spacedExample        string
	nulls                int64 // words of databases for no value
	nullExample          string
	nullsBlank           bool // they count as blank
	wrapped              int64
	samples              []string
	goodMail, goodNumber int64
	badMail, badNumber   string
	several              int64 // cells with more than one address
	severalExample       string
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
	spaced := len(s) != len(cell)
	s, wrapped := unwrap(s)
	if isNull(s) {
		if c.nulls++; c.nulls == 1 {
			c.nullExample = string(s)
		}
		if c.nullsBlank {
			return
		}
	}
	c.filled++
	k := kindText
	if wrapped {
		c.wrapped++
	} else {
		k = kindOf(s)
	}
	if c.kinds[k]++; c.kinds[k] == 1 {
		c.example[k] = shorten(string(s))
	}
	if k == kindNumber {
		c.number(s)
	}
	if (k == kindISO || k == kindEither || k == kindDayFirst || k == kindMonthFirst) && len(s) > 10 {
		c.clock++
	}
	switch contact {
	case toUID:
		if spaced {
			if c.spaced++; c.spaced == 1 {
				c.spacedExample = shorten(string(cell))
			}
		}
	case "email":
		switch {
		case severalEmails(s) != nil:
			if c.several++; c.several == 1 {
				c.severalExample = shorten(string(s))
			}
		case isEmail(s):
			c.goodMail++
		case c.badMail == "":
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

// unwrap is what stands in a cell that is a formula of one text, ="0012": so programs write
// what a spreadsheet should leave as it is.
func unwrap(s []byte) (inside []byte, ok bool) {
	if len(s) < 4 || s[0] != '=' || s[1] != '"' || s[len(s)-1] != '"' {
		return s, false
	}
	inside = s[2 : len(s)-1]
	return inside, bytes.IndexByte(inside, '"') < 0
}

// number takes a plain number in.
func (c *columnFacts) number(s []byte) {
	if bytes.IndexByte(s, '.') >= 0 {
		c.pointed++
		if isGrouped(s) {
			c.grouped++
		}
	}
	if at := bytes.IndexByte(s, 'E'); at > 0 && len(s) >= at+4 && s[at+1] == '+' {
		if c.cut++; c.cut == 1 {
			c.cutExample = string(s)
		}
	}
	for i, order := range []dateOrder{compact, unixTime, excelDay} {
		if c.counted[i] == c.kinds[kindNumber]-1 && countedAs(s, order) { // one that is none settles it
			c.counted[i]++
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
	// again counts what repeats anew, over the file from its beginning.
	again func() error
	// read is told now and then how many rows were read.
	read func(rows int64)
	try  bool // a dry run: what is not certain is asked

	last     []byte // the first filled cell of the last row, and its line
	lastLine int64
}

const previewRows = 8

// run reads all rows. It returns ctx's error when ctx ends.
func (a *analysis) run(ctx context.Context, in io.Reader) error {
	p := a.plan
	a.columns = make([]columnFacts, len(p.Columns))
	contacts := make([]string, len(p.Columns))
	key := p.keyColumn()
	for i, c := range p.Columns {
		a.columns[i].nullsBlank = p.NullsBlank
		if c.To == "email" || c.To == "number" || c.To == toUID {
			contacts[i] = c.To
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
		a.remember(rec)
		if key >= 0 && key < len(rec.Cells) {
			if err := a.repeats.add(p.keyOf(rec.Cells[key], key, true)); err != nil {
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

// keyOf is what two rows of one customer have in common, 0 for none, by the cell that a
// column which finds customers has. unwrapped: where it is ="…", what is inside counts.
func (p *Plan) keyOf(cell []byte, column int, unwrapped bool) uint64 {
	if inside, ok := unwrap(bytes.TrimSpace(cell)); ok && unwrapped {
		cell = inside
	}
	if p.NullsBlank && isNull(bytes.TrimSpace(cell)) {
		return 0
	}
	if p.Match.Value == "email" && p.Columns[column].Format == takeFirst {
		cell = firstEmail(bytes.TrimSpace(cell))
	}
	return keyHash(cell, p.Match.Value)
}

// mixed reports whether only some cells of the column that finds customers are ="…", so
// that all stay as they are: then what repeats was counted by the wrong ids.
func (a *analysis) mixed() bool {
	i := a.plan.keyColumn()
	return i >= 0 && a.columns[i].wrapped > 0 && !a.plan.Columns[i].Wrapped
}

// recount counts anew what repeats, by cells as they are. in is the file again.
func (a *analysis) recount(ctx context.Context, in io.Reader) (err error) {
	p := a.plan
	key := p.keyColumn()
	r := newRows(in, p)
	for n := 0; ; n++ {
		rec, err := r.next()
		if err == io.EOF {
			break
		}
		if err == nil && n%4096 == 0 {
			err = ctx.Err()
		}
		if err == nil && rec.Fault == "" && key < len(rec.Cells) {
			err = a.repeats.add(p.keyOf(rec.Cells[key], key, false))
		}
		if err != nil {
			return err
		}
	}
	p.Repeats, err = a.repeats.finish()
	return err
}

// remember keeps how a row begins, for the last one may be a sum.
func (a *analysis) remember(rec *Record) {
	for _, c := range rec.Cells {
		if s := bytes.TrimSpace(c); len(s) > 0 {
			a.last, a.lastLine = append(a.last[:0], s[:min(len(s), sampleLength)]...), rec.Line
			return
		}
	}
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
		return maphash.String(hashSeed, app.FoldEmail(string(bareEmail(s)))) | 1
	case "number":
		if n, err := app.CheckNumber(string(s)); err == nil {
			return maphash.String(hashSeed, n) | 1
		}
		return 0
	}
	return maphash.Bytes(hashSeed, cell) | 1
}

// rows reads the data rows of a planned file: neither the header nor what stands above
// it, and no blank lines.
type rows struct {
	r      *Reader
	plan   *Plan
	above  int
	header bool
	blanks int64
}

func newRows(in io.Reader, p *Plan) *rows {
	return &rows{r: NewReader(in, p.dialect()), plan: p, above: p.Above, header: p.Header.Value == "yes"}
}

func (r *rows) next() (*Record, error) {
	for {
		rec, err := r.r.Next()
		if err != nil {
			return nil, err
		}
		switch {
		case isBlank(rec):
			r.blanks++
		case r.above > 0:
			r.above--
		case r.header:
			r.header = false
		default:
			if r.plan.isHeader(rec) {
				rec.Fault = "it is the header again"
			}
			return rec, nil
		}
	}
}

// isHeader reports whether a row is the header once more, as in files that were joined.
func (p *Plan) isHeader(rec *Record) bool {
	if p.HeaderLine == 0 || rec.Fault != "" || len(rec.Cells) != len(p.Columns) {
		return false
	}
	for i, c := range rec.Cells {
		s, name := bytes.TrimSpace(bytes.TrimPrefix(c, []byte("\ufeff"))), p.Columns[i].Name
		switch {
		case string(s) == name:
		case strings.HasPrefix(name, "column_") && len(s) == 0:
		case strings.HasPrefix(name, string(s)+"_"): // the second of its name
		default:
			return false
		}
	}
	return true
}
