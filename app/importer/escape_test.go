package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"kith/app"
	"kith/app/importer"
	"kith/storage/storagetest"

	"pgregory.net/rapid"
)

// escaped are the ways that databases and other tools write what the usual reading breaks at.
const escaped = `id,name,settings,note
1,"Ada \"Countess\" King","{\"plan\": \"pro\", \"seats\": 3}",\N
2,"Bo, the \\ second","{}","C:\new"
3,"Cy ""C"" Young","{\"a\": [1, 2]}","ends with \\"
4,"","two
lines, \"quoted\"",plain \N
`

func TestEscape_isFoundWhereOnlyBackslashesMakeSenseOfTheRows(t *testing.T) {
	t.Parallel()
	want := [][]string{
		{"1", `Ada "Countess" King`, `{"plan": "pro", "seats": 3}`, ""}, {"2", `Bo, the \ second`, "{}", `C:\new`},
		{"3", `Cy "C" Young`, `{"a": [1, 2]}`, `ends with \`}, {"4", "", "two\nlines, \"quoted\"", `plain \N`},
	}
	for _, c := range []struct{ name, file, delimiter string }{
		{"commas", escaped, "comma"}, {"CRLF", strings.ReplaceAll(escaped, "\n4", "\r\n4"), "comma"},
		{"tabs", tabbed(want), "tab"},
	} {
		p, rows, faults, err := importer.Table([]byte(c.file), importer.Options{})
		if err != nil || len(faults) > 0 || p.Escape.Value != "backslash" || p.Delimiter.Value != c.delimiter {
			t.Errorf("%s: %+v %+v, faults %q %v", c.name, p.Escape, p.Delimiter, faults, err)
			continue
		}
		if !strings.Contains(p.Escape.Why, "4 columns") {
			t.Errorf("%s: %s", c.name, p.Escape.Why)
		}
		if got := fmt.Sprintf("%q", rows); got != fmt.Sprintf("%q", want) {
			t.Errorf("%s is\n%s\nwant\n%q", c.name, got, want)
		}
	}
}

// tabbed writes rows with every cell quoted and backslashes before what would end it.
func tabbed(rows [][]string) string {
	out := "id\tname\tsettings\tnote\n"
	for _, row := range rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c)+`"`)
		}
		out += strings.Join(cells, "\t") + "\n"
	}
	return out
}

// Backslashes that are a part of what is written stay where the usual reading holds, and
// one broken row does not turn all others around.
func TestEscape_isNotFoundWhereTheUsualReadingHolds(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"id,path,note\n1,\"C:\\dir\\\",x\n2,\"D:\\\",y\n",
		"id,path\n1,\"\\\"\n2,b\n",
		"id,note\n1,\"he said \\\"\"hm\\\"\"\"\n2,\"\\\"\"\"\n",
		"id,path,note\n1,\"C:\\dir\\\",x\n2,\"D:\\\",y\n3,\"open,z\n4,a,b\n",
		"id,path,note\n1,\"C:\\dir\\\",x\n2,too few\n3,a,b\n",
		"id,name\n1,5\\\" pipe\n2,b\n",
	} {
		p, _, _, err := importer.Table([]byte(file), importer.Options{})
		if err != nil || p.Escape.Value != "doubled" || p.Escape.Told {
			t.Errorf("%q: %+v %v", file, p.Escape, err)
		}
	}
	// What cannot be read says what may be meant.
	_, rows, faults, err := importer.Table([]byte("id,name\n1,\"a \\\"b\\\" c\"\n2,too,many,cells\n3,Cy\n"), importer.Options{})
	if err != nil || len(faults) != 1 || !strings.Contains(faults[0], "escape: backslash") || len(rows) != 2 {
		t.Errorf("%q %q %v", rows, faults, err)
	}
}

func TestEscape_canBeToldEitherWay(t *testing.T) {
	t.Parallel()
	p, _, faults, err := importer.Table([]byte(escaped), importer.Options{Escape: "doubled"})
	if err != nil || len(faults) == 0 || p.Escape.Value != "doubled" || !p.Escape.Told {
		t.Errorf("%+v %q %v", p, faults, err)
	}
	_, rows, faults, err := importer.Table([]byte("id,path\n1,\"a\\\\\"\n2,\"\\\"\"\n"), importer.Options{Escape: "backslash"})
	if err != nil || len(faults) > 0 || fmt.Sprintf("%q", rows) != `[["1" "a\\"] ["2" "\""]]` {
		t.Errorf("%q %q %v", rows, faults, err)
	}
	// Without quotes they are those of a database's own text: a tab, a line, no value.
	copied := "id\tnote\tmore\n1\ta\\tb\\nc\\\\n\t\\N\n2\t\"as it is\tsplit\\\tin two\n3\tover\\\nlines\t\\\\N\n"
	p, rows, faults, err = importer.Table([]byte(copied), importer.Options{Escape: "backslash", Quote: "none"})
	if want := `[["1" "a\tb\nc\\n" ""] ["2" "\"as it is" "split\tin two"] ["3" "over\nlines" "\\N"]]`; err != nil || len(faults) > 0 || fmt.Sprintf("%q", rows) != want {
		t.Errorf("%+v %q %q %v, want %s", p.Delimiter, rows, faults, err, want)
	}
	for _, o := range []importer.Options{{Escape: "slash"}, {Escape: "backslash", Delimiter: `\`}, {Escape: "backslash", Quote: `\`}} {
		b := open(t)
		if _, err := b.r.Start(bg, importer.Upload{Name: "a.csv", Body: strings.NewReader(escaped)}, o); app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// Whatever stands in a cell comes out of it as it was, wherever the reader's buffer ends.
func TestEscape_whatIsWrittenSoIsReadSo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("abnN ,;\\\"\n\ré漢")), 0, 8, 64)
		var want [][]string
		var b strings.Builder
		for range rapid.IntRange(1, 20).Draw(rt, "rows") {
			row := []string{cell.Draw(rt, "cell"), cell.Draw(rt, "cell"), "end"}
			want = append(want, row)
			for i, c := range row {
				if i > 0 {
					b.WriteByte(';')
				}
				b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c) + `"`)
			}
			b.WriteByte('\n')
		}
		got, faults := importer.Parse(b.String(), importer.Dialect{Delimiter: ';', Quote: '"', Escape: '\\'})
		if len(faults) > 0 || fmt.Sprint(got) != fmt.Sprint(want) {
			rt.Fatalf("%q is read as %q %v", b.String(), got, faults)
		}
	})
	var b strings.Builder
	for i := range 60_000 { // beyond a buffer of the reader
		fmt.Fprintf(&b, "%d,\"\\\"%d\\\\\"\n", i, i)
	}
	rows, faults := importer.Parse(b.String(), importer.Dialect{Delimiter: ',', Quote: '"', Escape: '\\'})
	if len(faults) > 0 || len(rows) != 60_000 {
		t.Fatalf("%d rows and faults %q", len(rows), faults)
	}
	for i, row := range rows {
		if want := fmt.Sprintf(`"%d\`, i); len(row) != 2 || row[1] != want {
			t.Fatalf("row %d is %q, want %q", i, row, want)
		}
	}
}

func TestEscape_fileIsImportedItsReportMendedAndSomebodyForgotten(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := `id,email,settings` + "\n" + `1,ada@example.com,"{\"plan\": \"pro\"}"` + "\n" + `2,"no \"mail\" here","{\"plan\": \"a, b\"}"` + "\n" + `3,\N,"\\"` + "\n"
	imp := b.run("dump.csv", []byte(file), importer.Options{})
	wantCounts(t, imp, 2, 0, 0, 0, 1)
	if got := string(storagetest.Customer(t, b.db, "1").Attribute("settings")); got != `"{\"plan\": \"pro\"}"` {
		t.Errorf("the settings are %s", got)
	}
	if c := storagetest.Customer(t, b.db, "3"); c.Email != nil || string(c.Attribute("settings")) != `"\\"` {
		t.Errorf("%+v", c)
	}
	var report strings.Builder
	if err := b.r.Report(bg, imp, &report); err != nil {
		t.Fatal(err)
	}
	mended := strings.Replace(report.String(), `"no \"mail\" here","{`, `"bo@example.com","{`, 1)
	wantCounts(t, b.run("dump.errors.csv", []byte(mended), importer.Options{}), 1, 0, 0, 0, 0)
	if c := storagetest.Customer(t, b.db, "2"); cellOf(c, "email") != "bo@example.com" || string(c.Attribute("settings")) != `"{\"plan\": \"a, b\"}"` {
		t.Errorf("%s\n%+v", report.String(), c)
	}
	b.run("dump.csv", []byte(file), importer.Options{DryRun: true})
	if err := b.r.Forget(bg, importer.Person{UIDs: []string{"1"}}); err != nil {
		t.Fatal(err)
	}
	for _, kept := range keptUploads(t, b.db.Folder()) {
		if strings.Contains(string(kept), "pro") || !strings.Contains(string(kept), `"{\"plan\": \"a, b\"}"`) {
			t.Errorf("what is left is %s", kept)
		}
	}
}
