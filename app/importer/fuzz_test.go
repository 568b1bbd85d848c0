package importer_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"kith/app/importer"

	"pgregory.net/rapid"
)

// FuzzFile throws any bytes at what reads files: it may refuse them with a sentence, and
// must not panic, hang, lose a line or make one up.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"id,name\n1,Ada\n2,\"B\"\"o\"\n", "a;b\r\n1;\"2\r\n3\"\r\n", "\ufeffid\tx\ry\tz", "\xff\xfei\x00d\x00\n\x001\x00", "id|a\n\"x", "\"a\"b,c\n", "\x1f\x8b\x08\x00",
		"id,d\n1,03/04/2024\n2,13/04/2024\n", "id,m\n1,\"$90,000 \"\n", "\n\n,,\n\"\",\n", "caf\xe9,na\xefve\n1,2\n", "PK\x03\x04", "{\"a\":1}", "a+|b\n1+|2\n",
	} {
		f.Add([]byte(seed), "", "")
	}
	for _, seed := range []string{
		"sep=;\nid;n\n1;1.234,5\n", "Report,,\n\nid,name,email\n1,Ada,Ada <a@example.com>\nid,name,email\nTotal,,\n", "'id','n'\n'1','it''s'\n", "id,z\n=\"01\",NULL\n",
		"id,created\n1,1712999999\n", "id,birthday\n1,29221.5\n", "id,d\n1,31-Dec-24 2:05 PM\n", "a@example.com,+49301234567\n", "id;name\n1;\xc8\xe2\xe0\xed\xee\xe2\n", "id,name\n1,\x8e\x52\x93\x63\x91\xbe\x98\x59\n",
	} {
		f.Add([]byte(seed), "", "")
	}
	f.Add([]byte("a,b\n1,2\n"), ";", "utf-16le")
	f.Add([]byte("a,b\n\"1,2\n3,4\n"), "|", "macintosh")
	f.Fuzz(func(t *testing.T, file []byte, delimiter, encoding string) {
		if len(file) > 64<<10 {
			return
		}
		o := importer.Options{Delimiter: delimiter, Encoding: encoding}
		p, rows, _, err := importer.Table(file, o)
		if err != nil {
			if err.Error() == "" || !utf8.ValidString(err.Error()) {
				t.Errorf("refused with %q", err.Error())
			}
			return
		}
		names := map[string]bool{}
		for _, c := range p.Columns {
			if c.Name == "" || names[c.Name] {
				t.Errorf("a column is called %q, and another too or none", c.Name)
			}
			names[c.Name] = true
		}
		if len(p.Columns) == 0 && len(rows) > 0 {
			t.Error("rows without columns")
		}
		if err := importer.Rehearse(file, o); err != nil && err.Error() == "" {
			t.Error("refused without a word")
		}
	})
}

// FuzzReader holds that every byte of a text is in a row, a fault or a line's end.
func FuzzReader(f *testing.F) {
	f.Add("a,b\n\"c\nd\",e\r\nf", byte(','))
	f.Add("\"a\n\"b\n\"c", byte(';'))
	f.Fuzz(func(t *testing.T, text string, delimiter byte) {
		if delimiter == '"' || delimiter == '\n' || delimiter == '\r' || len(text) > 64<<10 {
			return
		}
		raw, lines := importer.RawRows(text, importer.Dialect{Delimiter: delimiter, Quote: '"'})
		strip := func(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }
		if got := strip(strings.Join(raw, "")); got != strip(text) {
			t.Errorf("of %q the rows hold %q", text, raw)
		}
		last := int64(0)
		for _, line := range lines {
			if line <= last {
				t.Errorf("lines %v of %q do not go up", lines, text)
			}
			last = line
		}
	})
}

// What the standard library takes without quirks, this reader reads as the same.
func TestReader_agreesWithTheStandardLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("ab ,;\"\n'é漢")), 0, 8, 64)
		var want [][]string
		columns := rapid.IntRange(2, 4).Draw(rt, "columns")
		for range rapid.IntRange(1, 20).Draw(rt, "rows") {
			var row []string
			for range columns {
				row = append(row, cell.Draw(rt, "cell"))
			}
			want = append(want, row)
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = ';'
		_ = w.WriteAll(want)
		got, faults := importer.Parse(b.String(), importer.Dialect{Delimiter: ';', Quote: '"'})
		if len(faults) > 0 || len(got) != len(want) {
			rt.Fatalf("%q is read as %q %v", b.String(), got, faults)
		}
		for i := range want {
			if strings.Join(got[i], "\x00") != strings.Join(want[i], "\x00") {
				rt.Fatalf("row %d of %q is %q, want %q", i, b.String(), got[i], want[i])
			}
		}
	})
}

func TestReader_aQuoteThatIsNeverClosedCostsOneLine(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("1,good\n2,\"open\n")
	for range 200_000 {
		b.WriteString("3,a line behind it\n")
	}
	rows, faults := importer.Parse(b.String(), importer.Dialect{Delimiter: ',', Quote: '"'})
	if len(faults) != 1 || len(rows) != 200_001 {
		t.Errorf("%d rows and %d faults, want 200,001 and 1", len(rows), len(faults))
	}
}

func TestReader_aLineLongerThanAnyRowIsPassedOver(t *testing.T) {
	t.Parallel()
	text := "1,a\n2," + strings.Repeat("x", 3<<20) + "\n3,c\n"
	rows, faults := importer.Parse(text, importer.Dialect{Delimiter: ',', Quote: '"'})
	if len(faults) != 1 || len(rows) != 2 || rows[1][0] != "3" {
		t.Errorf("%d rows, %q", len(rows), faults)
	}
}

func TestReader_rowsAcrossItsBuffersAreWhole(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r\n", "\r"} {
		var b strings.Builder
		const n = 60_000
		for i := range n {
			b.WriteString(`"a ""cell"" of some length",plain`)
			b.WriteString(strings.Repeat("y", i%7))
			b.WriteString(end)
		}
		rows, faults := importer.Parse(b.String(), importer.Dialect{Delimiter: ',', Quote: '"'})
		if len(rows) != n || len(faults) > 0 {
			t.Fatalf("%q: %d rows, %q", end, len(rows), faults)
		}
		for i, row := range rows {
			if len(row) != 2 || row[0] != `a "cell" of some length` || len(row[1]) != 5+i%7 {
				t.Fatalf("%q: row %d is %q", end, i, row)
			}
		}
	}
}
