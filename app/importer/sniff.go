package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"kith/app"
)

// Finding is one thing that was found out about a file, and why.
type Finding struct {
	Value string `json:"value"`
	Why   string `json:"why"`
	// Told: it was asked for, not found.
	Told bool `json:"told,omitempty"`
}

// headSize is how much of a file's beginning decides its delimiter and header.
const headSize = 256 << 10

// facts is what one look at all bytes of a file tells.
type facts struct {
	packed bool
	size   int64  // unpacked
	head   []byte // its first headSize bytes, unpacked
	mark   string // the encoding that a byte order mark names
	nul    int64  // place of the first NUL, -1 for none
	nuls   [2]int64
	// Escape sequences that begin and end Japanese in seven bits.
	kanji, roman int64
	// Of the bytes above 127: whether they are UTF-8 all over, and where not; and texts around
	// some of them.
	high     int64 // characters, or bytes that are none
	bad      int64 // of these the bytes that are no UTF-8
	badUTF8  int64 // place of the first that is not, -1 for none
	contexts [][]byte
}

const (
	contextsKept = 400
	contextSize  = 12
)

// survey reads a whole file once.
func survey(in io.Reader) (*facts, error) {
	f := &facts{nul: -1, badUTF8: -1}
	raw, packed, err := unpack(in)
	if err != nil {
		return nil, err
	}
	f.packed = packed
	buf := make([]byte, 256<<10)
	keep := 0 // bytes of a character cut off at the end of the last step
	for {
		n, err := raw.Read(buf[keep:])
		if n > 0 {
			b := buf[:keep+n]
			if len(f.head) < headSize {
				f.head = append(f.head, b[keep:min(len(b), keep+headSize-len(f.head))]...)
			}
			f.sequences(b[keep:])
			used := f.look(b, keep, f.size-int64(keep))
			f.size += int64(n)
			keep = copy(buf, b[used:])
		}
		if err == io.EOF {
			if keep > 0 && f.badUTF8 < 0 {
				f.badUTF8, f.bad = f.size-int64(keep), int64(keep)
			}
			break
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case bytes.HasPrefix(f.head, []byte("\xef\xbb\xbf")):
		f.mark = encUTF8
	case bytes.HasPrefix(f.head, []byte("\xff\xfe\x00\x00")):
		f.mark = encUTF32LE
	case bytes.HasPrefix(f.head, []byte("\x00\x00\xfe\xff")):
		f.mark = encUTF32BE
	case bytes.HasPrefix(f.head, []byte("\xff\xfe")):
		f.mark = encUTF16LE
	case bytes.HasPrefix(f.head, []byte("\xfe\xff")):
		f.mark = encUTF16BE
	}
	return f, nil
}

// sequences counts the escape sequences of ISO-2022-JP. One that is cut in two does not
// matter among others.
func (f *facts) sequences(b []byte) {
	if bytes.IndexByte(b, 0x1b) < 0 {
		return
	}
	f.kanji += int64(bytes.Count(b, []byte("\x1b$B")) + bytes.Count(b, []byte("\x1b$@")))
	f.roman += int64(bytes.Count(b, []byte("\x1b(B")) + bytes.Count(b, []byte("\x1b(J")))
}

// look takes in b, of which the first bytes were seen before, and returns how much of it
// is done: all but a character that may go on. at is b's place in the file.
func (f *facts) look(b []byte, seen int, at int64) int {
	for i := seen; i < len(b); i++ {
		if b[i] == 0 {
			if f.nul < 0 {
				f.nul = at + int64(i)
			}
			f.nuls[(at+int64(i))&1]++
		}
	}
	i := 0
	for i < len(b) {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		f.high++
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			if !utf8.FullRune(b[i:]) && len(b)-i < utf8.UTFMax && f.badUTF8 < 0 {
				return i
			}
			f.bad++
			if f.badUTF8 < 0 {
				f.badUTF8 = at + int64(i)
				f.contexts = f.contexts[:0] // those before could be anything
			}
			if len(f.contexts) < contextsKept {
				f.contexts = append(f.contexts, bytes.Clone(b[max(0, i-contextSize):min(len(b), i+contextSize)]))
			}
		}
		i += max(n, 1)
	}
	return i
}

// refuse says what a file is that is no table of text, nil if it may be one.
func (f *facts) refuse() error {
	no := func(what string) error {
		return app.Invalid("", "This is not a CSV file: it looks like %s.", what)
	}
	head := f.head
	for _, k := range []struct{ magic, what string }{
		{"PK\x03\x04", zipped(head)},
		{"PK\x05\x06", "an empty zip archive"},
		{"\xd0\xcf\x11\xe0", "an old spreadsheet (xls); save it as CSV first"},
		{"\x89PNG", "an image (PNG)"}, {"\xff\xd8\xff", "an image (JPEG)"}, {"GIF8", "an image (GIF)"},
		{"\x00\x00\x00\x18ftyp", "a picture or a film of a phone (HEIC, MP4)"}, {"\x00\x00\x00\x1cftyp", "a picture or a film of a phone (HEIC, MP4)"}, {"RIFF", "a sound or an image (WAV, WebP)"},
		{"%PDF-", "a PDF document"}, {"SQLite format 3\x00", "an SQLite database"}, {"BZh", "a file packed with bzip2; unpack it first, or pack it with gzip"},
		{"\xfd7zXZ", "a file packed with xz; unpack it first, or pack it with gzip"}, {"7z\xbc\xaf", "a 7-Zip archive; unpack it first"},
		{"(\xb5/\xfd", "a file packed with Zstandard; unpack it first, or pack it with gzip"}, {"Rar!", "a RAR archive; unpack it first"},
		{"PAR1", "a Parquet file"}, {"\x7fELF", "a program"}, {"MZ\x90", "a program"}, {"{\\rtf", "a text document (RTF)"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return no(k.what)
		}
	}
	if f.packed && bytes.HasPrefix(head, []byte("\x1f\x8b")) {
		return no("a file packed with gzip twice; unpack it once")
	}
	if f.size == 0 || len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))) == 0 && f.size <= int64(len(head)) {
		return app.Invalid("", "The file is empty.")
	}
	if f.nul >= 0 && f.wide() == "" {
		return no(fmt.Sprintf("binary data: there is a NUL byte at %d, which no text holds", f.nul))
	}
	start := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head[:min(len(head), 512)], []byte("\xef\xbb\xbf"))))
	switch {
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")), bytes.HasPrefix(start, []byte("<!--")):
		return no("a web page (HTML); perhaps the page of a sign-in was saved instead of the file")
	case bytes.HasPrefix(start, []byte("<table")), bytes.HasPrefix(start, []byte("<meta")), bytes.HasPrefix(start, []byte("<style")), bytes.HasPrefix(start, []byte("<head")):
		return no("a table of a web page (HTML), which some programs save with the name of a spreadsheet; open it in one, and save it as CSV")
	case bytes.HasPrefix(start, []byte("<?xml")):
		return no("XML, which some programs call a spreadsheet; open it in one, and save it as CSV")
	case bytes.HasPrefix(start, []byte("begin:vcard")):
		return no("a file of contacts (vCard); export the contacts as CSV")
	case looksLikeSQL(start):
		return no("statements of a database (SQL); export the table as CSV")
	case looksLikeJSON(start):
		return no("JSON; send customers to POST /v1/batch, or save a CSV")
	}
	return nil
}

// zipped says what a zip archive is, by the names of the files in it.
func zipped(head []byte) string {
	for _, k := range []struct{ name, what string }{
		{"xl/", "a spreadsheet (xlsx); save it as CSV first"},
		{"opendocument.spreadsheet", "a spreadsheet (ods); save it as CSV first"},
		{"word/", "a text document (docx)"}, {"opendocument.text", "a text document (odt)"}, {"ppt/", "slides (pptx)"},
		{"Index/", "a spreadsheet of Numbers; export it as CSV first"},
		{".csv", "a zip archive with a CSV in it; unpack it first, or pack it with gzip"},
	} {
		if bytes.Contains(head[:min(len(head), 64<<10)], []byte(k.name)) {
			return k.what
		}
	}
	return "a packed archive (zip) or a spreadsheet; unpack it, or save it as CSV first"
}

// looksLikeSQL reports whether a file begins as dumps of databases do. start is in small letters.
func looksLikeSQL(start []byte) bool {
	for _, words := range []string{"insert into ", "create table ", "drop table ", "-- mysql dump", "--\n-- postgresql", "-- phpmyadmin", "begin transaction;"} {
		if bytes.HasPrefix(start, []byte(words)) {
			return true
		}
	}
	return false
}

func looksLikeJSON(start []byte) bool {
	if len(start) < 2 {
		return false
	}
	next := bytes.TrimSpace(start[1:])
	return start[0] == '{' && (bytes.HasPrefix(next, []byte(`"`)) && bytes.Contains(next, []byte(`":`)) || bytes.HasPrefix(next, []byte("}"))) ||
		start[0] == '[' && (bytes.HasPrefix(next, []byte("{")) || bytes.HasPrefix(next, []byte("[")) || bytes.HasSuffix(start, []byte("]")))
}

// wide is the encoding of several bytes a character that a mark, or NUL bytes at every second place, tell, "" if they do not.
func (f *facts) wide() string {
	if f.mark != "" && f.mark != encUTF8 {
		return f.mark
	}
	total := f.nuls[0] + f.nuls[1]
	if total*10 < f.size*2 || f.size%2 != 0 { // of Western text nearly half of the bytes are NUL
		return ""
	}
	switch {
	case f.nuls[1]*50 > total*49:
		return encUTF16LE
	case f.nuls[0]*50 > total*49:
		return encUTF16BE
	}
	return ""
}

// findDialect finds the delimiter and the quote from the decoded beginning of a file. said
// is the delimiter that its first line names, 0 for none.
func (p *Plan) findDialect(head []byte, whole bool, said byte, o *Options) (d Dialect, err error) {
	if d.Quote, err = quoteOf(o.Quote); err != nil {
		return d, err
	}
	p.Quoted = Finding{Value: "double", Why: "it is what most files have"}
	switch {
	case o.Quote != "":
		p.Quoted = Finding{Value: map[byte]string{'"': "double", '\'': "single", 0: "none"}[d.Quote], Why: "it was asked for", Told: true}
		if p.Quoted.Value == "" {
			p.Quoted.Value = o.Quote
		}
	case singleQuoted(head):
		d.Quote = '\''
		p.Quoted = Finding{Value: "single", Why: "every cell of its first line stands between single quotes"}
	}
	if d.Quote != 0 {
		p.Quote = string(rune(d.Quote))
	}
	if err = p.findEscape(head, whole, said, &d, o); err != nil {
		return d, err
	}
	if p.Delimiter, err = findDelimiter(head, whole, said, d, o); err == nil {
		d.Delimiter, err = delimiterOf(p.Delimiter.Value)
	}
	if err == nil {
		err = checkEscape(d)
	}
	return d, err
}

// quoteOf reads a quote as one names it.
func quoteOf(name string) (byte, error) {
	switch {
	case name == "none":
		return 0, nil
	case name == "" || name == "double":
		return '"', nil
	case name == "single":
		return '\'', nil
	case len(name) == 1 && name[0] < utf8.RuneSelf:
		return name[0], nil
	}
	return 0, app.Invalid("quote", `must be double, single, none, or one ASCII character, not %q`, name)
}

// singleQuoted reports whether all cells of the first line stand between single quotes.
func singleQuoted(head []byte) bool {
	line, _, _ := bytes.Cut(bytes.ReplaceAll(head[:min(len(head), 64<<10)], []byte("\r"), []byte("\n")), []byte("\n"))
	line = bytes.TrimSpace(line)
	for _, d := range []string{",", ";", "\t", "|"} {
		cells := bytes.Split(line, []byte("'"+d+"'"))
		if len(cells) > 1 && line[0] == '\'' && line[len(line)-1] == '\'' && bytes.Count(line, []byte("'")) == 2*len(cells) {
			return true
		}
	}
	return false
}

// findDelimiter finds what stands between the cells.
func findDelimiter(head []byte, whole bool, said byte, read Dialect, o *Options) (Finding, error) {
	quote := read.Quote
	if o.Delimiter != "" {
		d, err := delimiterOf(o.Delimiter)
		if err == nil && d == quote {
			err = app.Invalid("delimiter", "is the quote too")
		}
		return Finding{Value: delimiterName(d), Why: "it was asked for", Told: true}, err
	}
	if said != 0 && said != quote {
		return Finding{Value: delimiterName(said), Why: fmt.Sprintf(`its first line says so: "sep=%c"`, said)}, nil
	}
	if long := longDelimiter(head); long != "" {
		return Finding{}, app.Invalid("", "This is not a CSV file: its cells are separated by %q, which is more than one character. Save it with commas, semicolons or tabs.", long)
	}
	best := count{}
	var seen []count
	for _, c := range []byte{',', ';', '\t', '|'} {
		n := countRows(head, whole, Dialect{c, quote, read.Escape}, rowsCounted)
		seen = append(seen, n)
		if n.better(best) {
			best = n
		}
	}
	if best.columns < 2 {
		return Finding{Value: "comma", Why: "none of comma, semicolon, tab and pipe splits the lines: there is one column"}, nil
	}
	why := fmt.Sprintf("it splits all of the first %d rows into %d columns", best.rows, best.columns)
	if best.equal < best.rows {
		why = fmt.Sprintf("it splits %d of the first %d rows into %d columns", best.equal, best.rows, best.columns)
	}
	for _, other := range seen {
		if other.delimiter != best.delimiter && other.columns > 1 && other.equal*2 > other.rows {
			why += fmt.Sprintf("; %s splits %d into %d", delimiterName(other.delimiter), other.equal, other.columns)
		}
	}
	return Finding{Value: delimiterName(best.delimiter), Why: why}, nil
}

// count is how a delimiter splits the first rows: most often into columns, namely equal of rows.
type count struct {
	delimiter            byte
	columns, equal, rows int
	faults               int
}

// better holds the more even split, then the one into more columns.
func (c count) better(than count) bool {
	if c.columns < 2 {
		return false
	}
	if than.columns < 2 {
		return true
	}
	a, b := c.equal*100/max(1, c.rows), than.equal*100/max(1, than.rows)
	if c.faults != than.faults && (c.faults == 0 || than.faults == 0) && a+b > 150 {
		return c.faults < than.faults
	}
	if a >= 90 && b >= 90 || a == b {
		if c.rows == 1 || than.rows == 1 || a == b {
			return c.columns > than.columns
		}
	}
	return a > b
}

const rowsCounted = 200

// countRows counts the cells of the first rows, up to a limit.
func countRows(head []byte, whole bool, d Dialect, limit int) count {
	c := count{delimiter: d.Delimiter}
	r := NewReader(bytes.NewReader(head), d)
	sizes := map[int]int{}
	pending := 0
	for c.rows < limit {
		rec, err := r.Next()
		if err != nil {
			break
		}
		if pending > 0 { // the row before was not the last, which may be cut off
			sizes[pending]++
			c.rows++
			pending = 0
		}
		switch {
		case isBlank(rec):
		case rec.Fault != "":
			c.faults++
		default:
			pending = len(rec.Cells)
		}
	}
	if pending > 0 && (whole || c.rows == 0) {
		sizes[pending]++
		c.rows++
	}
	for columns, n := range sizes {
		if n > c.equal || n == c.equal && columns > c.columns {
			c.columns, c.equal = columns, n
		}
	}
	return c
}

// longDelimiter is a delimiter of several characters, which some exports use, "" if there is none.
func longDelimiter(head []byte) string {
	lines := bytes.Split(head[:min(len(head), 16<<10)], []byte("\n"))
	for _, d := range []string{"+|", "|+", "||", "~|~", "|~|", "::", "^|^", "#|#", "<>", ";;", "@@", "~~"} {
		n, equal, rows := -1, 0, 0
		for i, line := range lines {
			if len(bytes.TrimSpace(line)) == 0 || i == len(lines)-1 && i > 0 && len(head) > 16<<10 {
				continue
			}
			rows++
			has := bytes.Count(line, []byte(d))
			if n < 0 {
				n = has
			}
			if has == n && has > 0 && !bytes.ContainsAny(bytes.ReplaceAll(line, []byte(d), nil), "\t") {
				equal++
			}
		}
		if rows == 0 || equal < rows || n < 1 {
			continue
		}
		// Pairs of a usual delimiter are empty cells, unless it never stands alone.
		if strings.Trim(d, d[:1]) == "" && bytes.Count(head, []byte(d[:1])) != 2*bytes.Count(head, []byte(d)) {
			continue
		}
		if d == ";;" || (d == "::" || d == "<>" || d == "@@" || d == "~~") && n < 2 {
			continue
		}
		return d
	}
	return ""
}

var delimiterNames = map[byte]string{',': "comma", ';': "semicolon", '\t': "tab", '|': "pipe", ' ': "space", ':': "colon", '^': "caret", '~': "tilde"}

func delimiterName(d byte) string {
	if n, ok := delimiterNames[d]; ok {
		return n
	}
	return string(rune(d))
}

// delimiterOf reads a delimiter as one names it.
func delimiterOf(s string) (byte, error) {
	for d, name := range delimiterNames {
		if strings.EqualFold(s, name) {
			return d, nil
		}
	}
	if s == `\t` {
		return '\t', nil
	}
	if len(s) != 1 || s[0] >= utf8.RuneSelf || s[0] == '\n' || s[0] == '\r' {
		return 0, app.Invalid("delimiter", "must be comma, semicolon, tab, pipe, or one ASCII character, not %q", s)
	}
	return s[0], nil
}

// decodeHead decodes the beginning of a file.
func decodeHead(f *facts, name string) ([]byte, error) {
	in, err := decoder(bytes.NewReader(f.head), name)
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(in)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && len(out) == 0 {
		return nil, err
	}
	return out, nil
}
