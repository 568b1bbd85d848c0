package importer

import (
	"bytes"
	"fmt"

	"kith/app"
)

// How files write what would end a cell inside of one.
const (
	escapeDoubled   = "doubled"   // a quote is written twice
	escapeBackslash = "backslash" // \" and \\; \N is no value
)

// findEscape finds out whether quotes inside cells are written with a backslash in front,
// as databases and big-data tools do. Paths of Windows have backslashes too, so the usual
// reading must break, and this one make sense of every row. d has its quote; the delimiter
// is found under either reading, for what breaks the rows hides it.
func (p *Plan) findEscape(head []byte, whole bool, said byte, d *Dialect, o *Options) error {
	p.Escape = Finding{Value: escapeDoubled, Why: "it is what most files have"}
	if o.Escape != "" {
		p.Escape = Finding{Value: o.Escape, Why: "it was asked for", Told: true}
		if o.Escape == escapeBackslash {
			d.Escape = '\\'
		}
		return nil
	}
	if d.Quote == 0 || d.Quote == '\\' || !bytes.Contains(head, []byte{'\\', d.Quote}) {
		return nil
	}
	delimiters := []byte{',', ';', '\t', '|'}
	if o.Delimiter != "" {
		told, err := delimiterOf(o.Delimiter)
		if err != nil {
			return err
		}
		delimiters = []byte{told}
	} else if said != 0 {
		delimiters = []byte{said}
	}
	var usual, escaped count
	for _, c := range delimiters {
		if n := countRows(head, whole, Dialect{Delimiter: c, Quote: d.Quote}, len(head)); n.better(usual) {
			usual = n
		}
		if n := countRows(head, whole, Dialect{Delimiter: c, Quote: d.Quote, Escape: '\\'}, len(head)); n.better(escaped) {
			escaped = n
		}
	}
	broken := usual.faults > 0 || usual.equal < usual.rows || usual.columns < 2
	if !broken || escaped.columns < 2 || escaped.faults > 0 || escaped.equal < escaped.rows || escaped.columns < usual.columns {
		return nil
	}
	d.Escape = '\\'
	p.Escape = Finding{Value: escapeBackslash, Why: fmt.Sprintf(`read so, all of the first %d rows have %d columns, and read with quotes written twice they have not; \N is a blank cell`, escaped.rows, escaped.columns)}
	return nil
}

// escapedCell is quotedCell where a backslash takes its meaning from a quote, a backslash,
// a delimiter or a line's end behind it. Before anything else it stands for itself: tools
// that write \" leave C:\new as it is. A quote that is written twice is one here too.
func (r *Reader) escapedCell(b []byte, i int) (cell []byte, next int, lines int64, err error) {
	q := r.d.Quote
	from, at, marked := i+1, i+1, false
	for {
		if at, err = r.within(b, at, bytes.IndexAny(b[at:], string([]byte{q, '\\'}))); err != nil {
			return nil, 0, 0, err
		}
		if at+1 < len(b) && b[at] == '\\' || at+1 < len(b) && b[at+1] == q {
			marked = true
			at += 2
			continue
		}
		if b[at] == '\\' { // the last byte of the file
			return nil, 0, 0, errOpen
		}
		break
	}
	cell = b[from:at:at]
	lines = countLines(cell)
	if marked {
		cell = r.unescape(cell)
	}
	next, err = r.behindQuote(b, at+1)
	return cell, next, lines, err
}

// unescape makes a cell of what stands in the file.
func (r *Reader) unescape(cell []byte) []byte {
	out := make([]byte, 0, len(cell))
	for i := 0; i < len(cell); i++ {
		c := cell[i]
		if i+1 < len(cell) {
			switch next := cell[i+1]; {
			case c == r.d.Quote && next == c && c != 0, c == '\\' && (next == c || next == r.d.Quote && next != 0 || r.stop[next]):
				c = next
				i++
			case c == '\\' && r.d.Quote == 0 && escapes[next] != 0: // as COPY writes them
				c = escapes[next]
				i++
			}
		}
		out = append(out, c)
	}
	return out
}

// escapes are the letters behind a backslash where there are no quotes.
var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// bareCell reads a cell without quotes where backslashes escape: only where nothing is
// quoted do they so in it. \N alone is no value.
func (r *Reader) bareCell(b []byte, i int) (cell []byte, next int, lines int64) {
	from, marked := i, false
	for i < len(b) && !r.stop[b[i]] {
		if b[i] == '\\' && r.d.Quote == 0 && i+1 < len(b) {
			marked = true
			i++
			if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
		}
		i++
	}
	cell = b[from:i:i]
	switch {
	case string(cell) == `\N`:
		return nil, i, 0
	case marked:
		lines = countLines(cell)
		cell = r.unescape(cell)
	}
	return cell, i, lines
}

// checkEscape holds that backslashes can escape in a dialect.
func checkEscape(d Dialect) error {
	if d.Escape != 0 && (d.Quote == d.Escape || d.Delimiter == d.Escape) {
		return app.Invalid("escape", "a backslash cannot be the quote or the delimiter too")
	}
	return nil
}
