package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Dialect is how a file separates its cells.
type Dialect struct {
	Delimiter byte
	Quote     byte // 0: none
	Escape    byte // '\\', or 0 where only quotes are escaped, by writing them twice
}

// Record is one row of a file. Its slices hold until the next one is read.
type Record struct {
	Line  int64 // where it begins, from 1
	Cells [][]byte
	Raw   []byte // as it stands in the file, without its line's end
	End   []byte // its line's end
	// Fault, if not "", is why the row cannot be read; Cells then are of no use.
	Fault string
	// Blank: nothing stands on the line.
	Blank bool
	cut   bool // Raw is not all of it: the line is longer than any may be
}

// Reader reads rows of UTF-8. A row ends at LF, CRLF or CR, also mixed. A quote counts
// where a cell begins with it, is written twice within, and blanks may follow its end.
// A quote inside an unquoted cell is a character like any other.
//
// A row that cannot be read costs that one line: a quote that is never closed does not
// swallow the rest of the file, for reading goes on with the line after it.
type Reader struct {
	in    io.Reader
	d     Dialect
	buf   []byte
	start int // of the rest that is not read
	end   int
	eof   bool
	err   error
	line  int64
	rec   Record
	// stop marks the bytes that end an unquoted cell.
	stop [256]bool
}

const readerSize = 256 << 10

// NewReader returns a reader of rows.
func NewReader(in io.Reader, d Dialect) *Reader {
	r := &Reader{in: in, d: d, buf: make([]byte, readerSize), line: 1}
	r.stop[d.Delimiter], r.stop['\n'], r.stop['\r'] = true, true, true
	return r
}

var errMore = errors.New("the row goes on")

// Next returns the next row. It returns io.EOF after the last one, or what reading the
// file itself failed with.
func (r *Reader) Next() (*Record, error) {
	for {
		if r.start == r.end && !r.eof {
			if err := r.fill(); err != nil {
				return nil, err
			}
		}
		if r.start == r.end && r.eof {
			if r.err != nil {
				return nil, r.err
			}
			return nil, io.EOF
		}
		err := r.parse()
		if err == nil {
			return &r.rec, nil
		}
		if !errors.Is(err, errMore) {
			return r.faulty(err.Error())
		}
		if r.end-r.start >= maxRecord {
			return r.faulty(fmt.Sprintf("the row is longer than %d KB: is a quote in it never closed?", maxRecord>>10))
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads more of the file behind what is at hand.
func (r *Reader) fill() error {
	if r.start > 0 {
		copy(r.buf, r.buf[r.start:r.end])
		r.start, r.end = 0, r.end-r.start
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	for tries := 0; ; tries++ {
		n, err := r.in.Read(r.buf[r.end:])
		r.end += n
		if err == io.EOF {
			r.eof = true
			return nil
		}
		if err != nil { // rows before the fault are read first
			r.eof, r.err = true, err
			return nil
		}
		if n > 0 {
			return nil
		}
		if tries > 100 {
			return io.ErrNoProgress
		}
	}
}

// parse reads the row at start, or says that more must be at hand.
func (r *Reader) parse() error {
	rec := &r.rec
	rec.Cells, rec.Fault, rec.Line, rec.Blank, rec.cut = rec.Cells[:0], "", r.line, false, false
	b := r.buf[:r.end]
	i, lines := r.start, int64(0)
	quoted := false
	for {
		var cell []byte
		if i < len(b) && b[i] == r.d.Quote && r.d.Quote != 0 {
			quoted = true
			var err error
			var in int64
			if r.d.Escape != 0 {
				cell, i, in, err = r.escapedCell(b, i)
			} else {
				cell, i, in, err = r.quotedCell(b, i)
			}
			if err != nil {
				return err
			}
			lines += in
		} else if r.d.Escape != 0 {
			var in int64
			cell, i, in = r.bareCell(b, i)
			lines += in
		} else {
			from := i
			for i < len(b) && !r.stop[b[i]] {
				i++
			}
			cell = b[from:i:i]
		}
		if i == len(b) && !r.eof {
			return errMore
		}
		rec.Cells = append(rec.Cells, cell)
		if i == len(b) {
			break
		}
		if b[i] == r.d.Delimiter {
			i++
			if i == len(b) && !r.eof {
				return errMore
			}
			continue
		}
		break
	}
	rec.Raw = b[r.start:i:i]
	next, err := r.lineEnd(b, i)
	if err != nil {
		return err
	}
	rec.End = b[i:next:next]
	if len(rec.Raw) == len(erasedMark) && string(rec.Raw) == erasedMark {
		rec.Fault = erasedRow
	}
	rec.Blank = len(rec.Cells) == 1 && !quoted && len(bytes.TrimSpace(rec.Cells[0])) == 0
	r.start, r.line = next, r.line+lines+1
	return nil
}

// lineEnd passes over the end of a line at i.
func (r *Reader) lineEnd(b []byte, i int) (int, error) {
	if i == len(b) {
		return i, nil
	}
	if b[i] == '\r' {
		if i+1 == len(b) && !r.eof {
			return 0, errMore
		}
		if i+1 < len(b) && b[i+1] == '\n' {
			return i + 2, nil
		}
	}
	return i + 1, nil
}

// quotedCell reads a cell that begins with a quote at i, and returns where what follows
// it stands, and how many line ends are inside.
func (r *Reader) quotedCell(b []byte, i int) (cell []byte, next int, lines int64, err error) {
	q := r.d.Quote
	from := i + 1
	at, doubled := from, false
	for {
		if at, err = r.within(b, at, bytes.IndexByte(b[at:], q)); err != nil {
			return nil, 0, 0, err
		}
		if at+1 < len(b) && b[at+1] == q {
			doubled = true
			at += 2
			continue
		}
		break
	}
	cell = b[from:at:at]
	lines = countLines(cell)
	if doubled {
		cell = bytes.ReplaceAll(cell, []byte{q, q}, []byte{q})
	}
	next, err = r.behindQuote(b, at+1)
	if err != nil && at > from && b[at-1] == '\\' {
		err = errBackslash
	}
	return cell, next, lines, err
}

// within returns the place n bytes behind at, inside a quoted cell, where the next byte that
// means something was found. n < 0 says that none was; whatever it is, the byte behind it
// must have been read too.
func (r *Reader) within(b []byte, at, n int) (int, error) {
	switch {
	case n < 0 && r.eof:
		return 0, errOpen
	case n < 0, at+n+1 == len(b) && !r.eof:
		return 0, errMore
	}
	return at + n, nil
}

var (
	errOpen      = errors.New("a quote is opened and never closed")
	errBehind    = errors.New("text stands behind a closing quote; a quote inside a quoted cell is written twice")
	errBackslash = errors.New(`text stands behind a closing quote; if \" is meant for a quote inside the cell, say so (escape: backslash)`)
)

// behindQuote passes over blanks behind a closing quote, up to the cell's end.
func (r *Reader) behindQuote(b []byte, i int) (int, error) {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') && b[i] != r.d.Delimiter {
		i++
	}
	if i < len(b) && !r.stop[b[i]] {
		return 0, errBehind
	}
	return i, nil
}

// countLines counts the line ends in a cell.
func countLines(cell []byte) (n int64) {
	for i, c := range cell {
		if c == '\n' && (i == 0 || cell[i-1] != '\r') || c == '\r' {
			n++
		}
	}
	return n
}

// faulty makes a refused row of the line at hand, and goes on behind it.
func (r *Reader) faulty(why string) (*Record, error) {
	b := r.buf[r.start:r.end]
	n := bytes.IndexAny(b, "\r\n")
	if n < 0 {
		n = len(b)
	}
	r.rec = Record{Line: r.line, Raw: b[:n:n], Fault: why, Cells: r.rec.Cells[:0]}
	next, err := r.lineEnd(r.buf[:r.end], r.start+n)
	if errors.Is(err, errMore) { // a CR at the very end of what is at hand
		next = r.start + n + 1
	}
	if n == len(b) && !r.eof { // one line longer than any row may be: pass over the rest of it
		return r.skipLine()
	}
	r.rec.End = r.buf[r.start+n : next : next]
	r.start, r.line = next, r.line+1
	return &r.rec, nil
}

// skipLine passes over the rest of a line that is too long to be kept.
func (r *Reader) skipLine() (*Record, error) {
	raw := bytes.Clone(r.rec.Raw)
	for {
		r.start, r.end = 0, 0
		if err := r.fill(); err != nil {
			return nil, err
		}
		if n := bytes.IndexAny(r.buf[:r.end], "\r\n"); n >= 0 {
			next, err := r.lineEnd(r.buf[:r.end], n)
			if err != nil {
				next = n + 1
			}
			r.start, r.rec.End = next, r.buf[n:next:next]
			break
		}
		if r.eof {
			r.start = r.end
			break
		}
	}
	r.rec.Raw, r.rec.cut = raw, true
	r.line++
	return &r.rec, nil
}
