package importer

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"kith/app"
)

// sepLine is what a spreadsheet reads its delimiter from.
var sepLine = regexp.MustCompile(`^(?i:"?sep=(.)"?)[ \t]*(?:\r\n|\r|\n|$)`)

// saidDelimiter is the delimiter that a file's first line names for spreadsheets, 0 if it
// names none, and the file without that line.
func saidDelimiter(head []byte) (delimiter byte, rest []byte) {
	if m := sepLine.FindSubmatch(head); m != nil && m[1][0] < 0x80 {
		return m[1][0], head[len(m[0]):]
	}
	return 0, head
}

// firstRows is how many rows are looked at for the header, and for what columns hold.
const firstRows = 200

// top are the first rows with anything on them, in memory of their own.
func top(head []byte, d Dialect, whole bool) (out []Record) {
	r := NewReader(bytes.NewReader(head), d)
	for len(out) < firstRows {
		rec, err := r.Next()
		if err != nil {
			break
		}
		if rec.Fault == erasedRow || isBlank(rec) {
			continue
		}
		kept := Record{Line: rec.Line, Fault: rec.Fault}
		for _, c := range rec.Cells {
			kept.Cells = append(kept.Cells, bytes.Clone(c))
		}
		out = append(out, kept)
	}
	if len(out) > 1 && !whole { // the last one may be cut off
		out = out[:len(out)-1]
	}
	return out
}

// isBlank reports whether nothing stands in a row: spreadsheets write delimiters alone for
// rows that were once filled.
func isBlank(rec *Record) bool {
	if rec.Blank || rec.Fault != "" || len(rec.Cells) < 2 {
		return rec.Blank
	}
	for _, c := range rec.Cells {
		if len(bytes.TrimSpace(c)) > 0 {
			return false
		}
	}
	return true
}

// findHeader decides which of the first rows names the columns. It returns how many rows
// stand above it; without a header those above the first row of data.
func (p *Plan) findHeader(rows []Record, told string) (above int, err error) {
	switch told {
	case "":
	case "yes", "no":
		p.Header = Finding{Value: told, Why: "it was asked for", Told: true}
		return 0, nil
	default: // the line's number
		line, _ := strconv.ParseInt(told, 10, 64)
		for i := range rows {
			if rows[i].Line == line && rows[i].Fault == "" {
				p.Header = Finding{Value: "yes", Why: "it was asked for", Told: true}
				return i, nil
			}
		}
		return 0, app.Invalid("header", "no row that can be read begins on line %d, or it is not among the first %d", line, firstRows)
	}
	if i := p.headerBelow(rows); i > 0 {
		p.Header = Finding{Value: "yes", Why: say("line %d has names of columns, and the %d above it do not: they are left out", rows[i].Line, int64(i))}
		if i == 1 {
			p.Header.Why = say("line %d has names of columns, and the one above it does not: it is left out", rows[i].Line)
		}
		return i, nil
	}
	has, why := looksLikeHeader(rows[0].Cells)
	p.Header = Finding{Value: map[bool]string{true: "yes", false: "no"}[has], Why: why}
	return 0, nil
}

// titleRows is how many lines may stand above a header.
const titleRows = 12

// headerBelow finds a header that does not stand first, below the title of a report or a
// line that joins columns to groups. It is 0 when the first row is as good as any.
func (p *Plan) headerBelow(rows []Record) int {
	width := 0
	for _, r := range rows {
		width = max(width, len(r.Cells))
	}
	if rows[0].Fault != "" {
		return 0
	}
	first, before := headerWorth(rows[0].Cells)
	for i := 1; i < min(len(rows), titleRows); i++ {
		filled, known := headerWorth(rows[i].Cells)
		if rows[i].Fault != "" || filled <= first || filled < 2 || known < before {
			continue
		}
		if known >= 2 || known >= 1 && first == 1 || first == 1 && width > 2 && filled == width {
			return i
		}
	}
	return 0
}

// headerWorth counts the filled cells of what may be a header, and the names in it that
// headers have. Values, which no header has, make it 0.
func headerWorth(cells [][]byte) (filled, known int) {
	for _, c := range cells {
		s := bytes.TrimSpace(c)
		if len(s) == 0 {
			continue
		}
		filled++
		if headerNames[normHeader(string(s))] != "" {
			known++
		} else if kindOf(s) != kindText || bytes.IndexByte(s, '@') >= 0 {
			return 0, 0
		}
	}
	return filled, known
}

// contactOf says what the cells of a column that nothing names are: "email", "number", or "".
func contactOf(rows []Record, column int) string {
	mails, numbers, filled := 0, 0, 0
	for _, r := range rows {
		if r.Fault != "" || column >= len(r.Cells) {
			continue
		}
		s := bytes.TrimSpace(r.Cells[column])
		if len(s) == 0 {
			continue
		}
		filled++
		if isEmail(s) || severalEmails(s) != nil {
			mails++
		} else if s[0] == '+' && international(s) {
			numbers++
		}
	}
	switch {
	case filled == 0:
	case mails*10 >= filled*9:
		return "email"
	case numbers == filled:
		return "number"
	}
	return ""
}

// byContent gives columns of addresses and numbers their meaning where no name does:
// without a header, or when nothing else would find a customer.
func (p *Plan) byContent(o *Options, rows []Record) {
	if p.Header.Value == "yes" && (p.column(toUID) >= 0 || p.column("email") >= 0 || p.column("number") >= 0) {
		return
	}
	for i := range p.Columns {
		c := &p.Columns[i]
		if _, asked := o.Map[c.Name]; asked || c.Told || c.To == "" || c.To == toUID || isStandard(c.To) {
			continue
		}
		if to := contactOf(rows, i); to != "" && p.column(to) < 0 {
			c.To = to
		}
	}
}

// columnName is the name of a column that has none.
func columnName(i int) string { return "column_" + strconv.Itoa(i+1) }

// headersOf names the columns: blank headers by their place, repeated ones with a number.
func headersOf(cells [][]byte, header bool, columns int) []string {
	out := make([]string, max(columns, len(cells)))
	given := map[string]bool{}
	for i := range out {
		if header && i < len(cells) {
			given[strings.TrimSpace(string(cells[i]))] = true
		}
	}
	used := map[string]bool{}
	for i := range out {
		name := ""
		if header && i < len(cells) {
			name = strings.TrimSpace(strings.Map(func(r rune) rune {
				if unicode.IsControl(r) {
					return ' '
				}
				if r == '\ufeff' || unicode.Is(unicode.Bidi_Control, r) { // which cannot be seen
					return -1
				}
				return r
			}, strings.ToValidUTF8(string(cells[i]), "\ufffd")))
			if runes := []rune(name); len(runes) > app.MaxName-8 {
				name = string(runes[:app.MaxName-8])
			}
		}
		if name == "" {
			name = columnName(i)
		}
		base := name
		for n := 2; used[name]; n++ {
			name = base + "_" + strconv.Itoa(n)
			for given[name] {
				n++
				name = base + "_" + strconv.Itoa(n)
			}
		}
		used[name] = true
		out[i] = name
	}
	return out
}

// looksLikeHeader says whether the first row names the columns, and why.
func looksLikeHeader(first [][]byte) (bool, string) {
	for _, c := range first {
		if to := headerNames[normHeader(string(c))]; to != "" {
			return true, "its first line has a name in it that headers have: " + strconv.Quote(strings.TrimSpace(string(c)))
		}
	}
	filled := 0
	for _, c := range first {
		if len(strings.TrimSpace(string(c))) == 0 {
			continue
		}
		filled++
		if kindOf(c) != kindText || onlyDigits(bytes.TrimSpace(c)) != "" {
			return false, "its first line has a value in it that no header has: a number, a date, or true or false"
		}
		if bytes.IndexByte(c, '@') > 0 && mentionsEmail(string(c)) {
			return false, "its first line has an address in it"
		}
	}
	return filled > 0, "its first line holds words only"
}

// mentionsEmail reports whether an address stands in a text.
func mentionsEmail(s string) bool {
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>,;()\"", r) }) {
		if _, err := app.CheckEmail(word); err == nil {
			return true
		}
	}
	return false
}
