package importer_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"kith/app/importer"
)

// archive reads a packed collection of files, by their path.
func archive(t testing.TB, name string) map[string][]byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(sharedFile(t, "evil/"+name)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(h.Name, "./")] = b
	}
}

// objects makes a list of objects of a table, as the collections write what they expect.
func objects(p *importer.Plan, rows [][]string) []map[string]string {
	out := []map[string]string{}
	for _, row := range rows {
		o := map[string]string{}
		for i, c := range p.Columns {
			if i < len(row) {
				o[c.Name] = row[i]
			}
		}
		out = append(out, o)
	}
	return out
}

func TestEvil_csvSpectrum(t *testing.T) {
	t.Parallel()
	files := archive(t, "csv-spectrum.tar.gz")
	held := 0
	for name, file := range files {
		if path.Ext(name) != ".csv" {
			continue
		}
		wantJSON := files[strings.Replace(strings.TrimSuffix(name, ".csv"), "csvs/", "json/", 1)+".json"]
		// Its JSON was given another telephone number than its CSV.
		wantJSON = bytes.ReplaceAll(wantJSON, []byte("1234567890"), []byte("2095257564"))
		if !bytes.HasPrefix(bytes.TrimSpace(wantJSON), []byte("[")) { // one row is an object of its own there
			wantJSON = append(append([]byte("["), wantJSON...), ']')
		}
		var want []map[string]string
		if err := json.Unmarshal(wantJSON, &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p, rows, faults, err := importer.Table(file, importer.Options{Header: "yes"})
		if err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %v", name, err, faults)
			continue
		}
		// Their JSON has LF where the file has CRLF inside a cell; the cell is kept as it is.
		got, _ := json.Marshal(objects(p, rows))
		wanted, _ := json.Marshal(want)
		if string(bytes.ReplaceAll(got, []byte(`\r\n`), []byte(`\n`))) != string(bytes.ReplaceAll(wanted, []byte(`\r\n`), []byte(`\n`))) {
			t.Errorf("%s is\n%s, want\n%s", name, got, wanted)
		}
		held++
	}
	if held != 12 {
		t.Errorf("held %d files, want 12", held)
	}
}

func TestEvil_csvTestData(t *testing.T) {
	t.Parallel()
	files := archive(t, "csv-test-data.tar.gz")
	good, bad := 0, 0
	for name, file := range files {
		base := path.Base(name)
		if path.Ext(name) != ".csv" {
			continue
		}
		if strings.HasPrefix(base, "bad-") {
			bad++
			evilBad(t, base, file)
			continue
		}
		header := "no"
		if strings.HasPrefix(base, "header-") {
			header = "yes"
		}
		p, rows, faults, err := importer.Table(file, importer.Options{Header: header, Delimiter: ","})
		if base == "all-empty.csv" { // nothing is in it, and nothing is made of it
			if err == nil || !strings.Contains(err.Error(), "empty") {
				t.Errorf("%s: %v", base, err)
			}
			good++
			continue
		}
		if err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %v", base, err, faults)
			continue
		}
		var got any = rows
		if header == "yes" {
			got = objects(p, rows)
		}
		text, _ := json.Marshal(got)
		var want any
		if err := json.Unmarshal(files[strings.Replace(strings.TrimSuffix(name, ".csv"), "csv/", "json/", 1)+".json"], &want); err != nil {
			t.Fatalf("%s: %v", base, err)
		}
		if base == "empty-one-column.csv" { // a blank line is no row
			want = []any{[]any{"foo"}}
		}
		wanted, _ := json.Marshal(want)
		if string(text) != string(wanted) {
			t.Errorf("%s is %s, want %s", base, text, wanted)
		}
		good++
	}
	if good != 18 || bad != 7 {
		t.Errorf("held %d good and %d bad files, want 18 and 7", good, bad)
	}
}

// evilBad holds that a faulty file costs what is faulty in it, with the reason, and no more.
func evilBad(t *testing.T, name string, file []byte) {
	t.Helper()
	b := open(t)
	imp, err := b.r.Start(bg, importer.Upload{Name: name, Body: bytes.NewReader(file)}, importer.Options{Match: "none"})
	switch name {
	case "bad-header-no-header.csv":
		if err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("%s: %v", name, err)
		}
		return
	case "bad-header-wrong-header.csv": // bad only for those who wait for another header: a header and no rows
		if imp = b.await(imp); imp.Rows != 0 || imp.Created != 0 {
			t.Errorf("%s made %d of %d rows", name, imp.Created, imp.Rows)
		}
		return
	case "bad-unescaped-quote.csv": // a quote inside an unquoted cell is taken as it is: other collections, and people's inches, want it so
		imp = b.await(imp)
		wantCounts(t, imp, 1, 0, 0, 0, 0)
		if c := b.inOrder()(nil, 0); cellOf(c, "bar") != `This "quotes" must be escaped` {
			t.Errorf("%s: bar is %q", name, cellOf(c, "bar"))
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	imp = b.await(imp)
	wantCounts(t, imp, 0, 0, 0, 0, 1)
	reasons := map[string]string{
		"bad-header-less-fields.csv": "2 cells where the header has 3", "bad-header-more-fields.csv": "4 cells where the header has 3",
		"bad-missing-quote.csv": "never closed", "bad-quotes-with-unescaped-quote.csv": "behind a closing quote",
	}
	refused := b.refusals(imp)
	if len(refused) != 1 || refused[0].Line != 2 || reasons[name] == "" || !strings.Contains(refused[0].Reason, reasons[name]) ||
		refused[0].Raw != strings.SplitN(string(file), "\n", 2)[1] {
		t.Errorf("%s: %+v", name, refused)
	}
}

func TestEvil_csvkit(t *testing.T) {
	t.Parallel()
	files := archive(t, "csvkit_examples.tar.gz")
	refused := map[string]string{
		"dummy.xls": "xls", "dummy.xlsx": "xlsx", "sheets.xls": "xls", "sheets.xlsx": "xlsx", "test.xls": "xls", "test.xlsx": "xlsx",
		"test_skip_lines.xls": "xls", "test_skip_lines.xlsx": "xlsx", "ne_1033_data.xlsx": "xlsx", "testdbf.dbf": "NUL", "null_byte.csv": "NUL",
		"dummy.csv.bz2": "bzip2", "empty.csv": "empty", "testjson.json": "JSON", "testjson_nested.json": "JSON", "testjson_multiline.json": "JSON", "test_geojson.json": "JSON",
	}
	tables := map[string][][]string{
		"test_utf16_big.csv":    {{"1", "2", "3"}, {"4", "5", "ʤ"}},
		"test_utf16_little.csv": {{"1", "2", "3"}, {"4", "5", "ʤ"}},
		"test_utf8.csv":         nil, "test_utf8_bom.csv": nil,
		"test_latin1.csv":               {{"1", "2", "3"}, {"4", "5", "©"}},
		"mac_newlines.csv":              {{"1", "2", "3"}, {"Once upon\ra time", "5", "6"}},
		"dummy.tsv":                     {{"1", "2", "3"}},
		"dummy.csv.gz":                  {{"1", "2", "3"}},
		"sniff_limit.csv":               {{"1", "2", "3"}},
		"bad_skip_lines.csv":            nil,
		"no_header_row3.csv":            {{"1", "2", "3"}, {"4", "5", "6"}},
		"test_skip_lines.csv":           {{"1", "2", "3"}},
		"test_locale.csv":               {{"1,7", "200.000.000", ""}},
		"test_header_newline.csv":       {{"d", "e", "f"}},
		"optional_quote_characters.csv": {{"1", "2", "3"}},
		"test_no_leading_zeroes.csv":    {{"01", "00.11", "0.1"}},
	}
	held := 0
	for name, file := range files {
		base := path.Base(name)
		p, rows, faults, err := importer.Table(file, importer.Options{})
		if says, bad := refused[base]; bad {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s is to be refused as %s: %v", base, says, err)
			}
			held++
			continue
		}
		want, known := tables[base]
		if !known && path.Ext(base) != ".csv" && path.Ext(base) != ".txt" {
			continue
		}
		if err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %v", base, err, faults)
			continue
		}
		held++
		if want != nil && !slices.EqualFunc(rows, want, func(a, b []string) bool { return slices.Equal(a, b) }) {
			t.Errorf("%s is %q (%s, %s), want %q", base, rows, p.Encoding.Value, p.Delimiter.Value, want)
		}
		if base == "event-notification-rpt-lastmonth.txt" && (p.Delimiter.Value != "pipe" || len(p.Columns) < 20) {
			t.Errorf("%s: %+v", base, p.Delimiter)
		}
	}
	if held < 60 {
		t.Errorf("held %d files", held)
	}
}

func TestEvil_papaParse(t *testing.T) {
	t.Parallel()
	var all map[string][]struct {
		Description string
		Input       json.RawMessage
		Config      map[string]any
		Disabled    bool
		Expected    struct {
			Data   json.RawMessage
			Errors []struct{ Type, Code string }
		}
	}
	if err := json.Unmarshal(sharedFile(t, "evil/papaparse_cases.json"), &all); err != nil {
		var types *json.UnmarshalTypeError
		if !asType(err, &types) {
			t.Fatal(err)
		}
	}
	held, skipped := 0, 0
	for _, collection := range []string{"CORE_PARSER_TESTS", "PARSE_TESTS"} {
		for _, c := range all[collection] {
			var input string
			var want [][]string
			if json.Unmarshal(c.Input, &input) != nil || json.Unmarshal(c.Expected.Data, &want) != nil || !ours(c.Config) || c.Disabled {
				skipped++
				continue
			}
			d := importer.Dialect{Delimiter: ',', Quote: '"'}
			if v, ok := c.Config["delimiter"].(string); ok && len(v) == 1 {
				d.Delimiter = v[0]
			} else if p, _, _, err := importer.Table([]byte(input), importer.Options{Header: "no"}); err == nil && collection == "PARSE_TESTS" {
				for b, name := range map[byte]string{',': "comma", ';': "semicolon", '\t': "tab", '|': "pipe"} {
					if p.Delimiter.Value == name {
						d.Delimiter = b
					}
				}
			}
			if v, ok := c.Config["quoteChar"].(string); ok {
				d.Quote = v[0]
			}
			got, faults := importer.Parse(strings.TrimPrefix(input, "\ufeff"), d)
			held++
			switch {
			case strings.HasPrefix(c.Description, "Mixed slash n and slash r"): // every line end ends a line here
				want = [][]string{{"a", "b", "c"}, {"d", "e", "f"}, {"g", "h", "i"}}
			case len(c.Expected.Errors) > 0 && c.Expected.Errors[0].Type == "Quotes":
				if len(faults) == 0 {
					t.Errorf("%s: %q is to be refused, and was read as %q", c.Description, input, got)
				}
				continue
			}
			// There the end of the last line begins another one; here it does not.
			if n := len(want); n > 0 && len(want[n-1]) == 1 && want[n-1][0] == "" && endsLine(input) {
				want = want[:n-1]
			}
			if !slices.EqualFunc(got, want, func(a, b []string) bool { return slices.Equal(a, b) }) || len(faults) > 0 {
				t.Errorf("%s: %q is read as %q %v, want %q", c.Description, input, got, faults, want)
			}
		}
	}
	if held < 85 {
		t.Errorf("held %d cases and skipped %d", held, skipped)
	}
}

func endsLine(s string) bool { return strings.HasSuffix(s, "\n") || strings.HasSuffix(s, "\r") }

// ours holds whether a case's configuration asks for nothing but what there is here.
func ours(config map[string]any) bool {
	for name, v := range config {
		switch name {
		case "newline", "worker", "preview":
			if name == "preview" && v != 0.0 {
				return false
			}
		case "delimiter", "quoteChar":
			if s, ok := v.(string); !ok || len(s) != 1 || s == "\n" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func asType(err error, into **json.UnmarshalTypeError) bool {
	e, ok := err.(*json.UnmarshalTypeError)
	*into = e
	return ok
}
