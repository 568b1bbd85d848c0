package importer_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"kith/app/importer"
)

// sniffed is what a file is taken for: what its columns become, and its rows.
func sniffed(t *testing.T, file string, o importer.Options) (p *importer.Plan, to, rows string, faults []string) {
	t.Helper()
	p, all, faults, err := importer.Table([]byte(file), o)
	if err != nil {
		t.Fatalf("%q: %v", file, err)
	}
	for i, c := range p.Columns {
		to += map[bool]string{true: "", false: ","}[i == 0] + c.To
	}
	for _, r := range all {
		rows += strings.Join(r, ",") + "\n"
	}
	return p, to, rows, faults
}

func TestSniff_theLineThatNamesTheDelimiterForSpreadsheets(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"sep=;\r\nId;E-mail;Umsatz\r\n1;ada@example.com;1,5\r\n", "\"sep=;\"\nId;E-mail;Umsatz\n1;ada@example.com;1,5\n", "SEP=;\rId;E-mail;Umsatz\r1;ada@example.com;1,5\r"} {
		p, to, rows, faults := sniffed(t, file, importer.Options{})
		if p.Delimiter.Value != "semicolon" || !strings.Contains(p.Delimiter.Why, "sep=;") || to != "uid,email,Umsatz" || rows != "1,ada@example.com,1,5\n" || len(faults) > 0 || p.HeaderLine != 2 {
			t.Errorf("%q: %+v, header on line %d, %s, %q %v", file, p.Delimiter, p.HeaderLine, to, rows, faults)
		}
	}
	// What is asked for counts, and the line is still no row.
	p, _, rows, _ := sniffed(t, "sep=;\nid,note\n1,a;b\n", importer.Options{Delimiter: "comma"})
	if !p.Delimiter.Told || rows != "1,a;b\n" {
		t.Errorf("%+v %q", p.Delimiter, rows)
	}
}

func TestSniff_aHeaderBelowATitle(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, to, rows string
		line           int64
	}{
		"a report's title": {"Customer report,,,\nGenerated 01/02/2024 by Admin,,,\n,,,\nCustomer ID,Name,Email,Spend\nC1,Ada,ada@example.com,10\n",
			"uid,full_name,email,Spend", "C1,Ada,ada@example.com,10\n", 4},
		"columns joined to groups":    {"Customer,,Orders,,\nid,name,count,sum,latest\nc1,Ada,3,30.5,2024-01-02\n", "uid,full_name,count,sum,latest", "c1,Ada,3,30.5,2024-01-02\n", 2},
		"names that nobody knows":     {"Survey of spring,,\nrespondent,answer,mood\nr1,yes,good\n", "respondent,answer,mood", "r1,yes,good\n", 2},
		"a header with one cell less": {"id,email,\n1,ada@example.com,x\n", "uid,email,column_3", "1,ada@example.com,x\n", 1},
		"values below a header":       {"age,job\n30,technician\n", "age,job", "30,technician\n", 1},
	} {
		p, to, rows, _ := sniffed(t, c.file, importer.Options{})
		if p.Header.Value != "yes" || p.HeaderLine != c.line || to != c.to || rows != c.rows {
			t.Errorf("%s: line %d (%s), %s, %q", name, p.HeaderLine, p.Header.Why, to, rows)
		}
	}
	// It can be said, by the line's number, and refused.
	p, to, rows, _ := sniffed(t, "one,two\n\nthree,four\n5,6\n", importer.Options{Header: "3"})
	if p.HeaderLine != 3 || !p.Header.Told || to != "three,four" || rows != "5,6\n" {
		t.Errorf("line %d, %s, %q", p.HeaderLine, to, rows)
	}
	if _, _, rows, _ = sniffed(t, "Report,,\nid,name,email\n1,Ada,ada@example.com\n", importer.Options{Header: "no"}); !strings.HasPrefix(rows, "Report,,\nid,name,email\n") {
		t.Errorf("%q", rows)
	}
	if _, _, _, err := importer.Table([]byte("id,name\n1,Ada\n"), importer.Options{Header: "9"}); err == nil || !strings.Contains(err.Error(), "line 9") {
		t.Errorf("a line that there is not: %v", err)
	}
}

func TestSniff_columnsWithoutANameAreKnownByWhatIsInThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, to, by string }{
		"no header":                {"ada@example.com,Ada,+4915112345678,2024-01-02\nbea@example.com,Bea,+4915112345679,2024-01-03\n", "email,column_2,number,column_4", "email"},
		"a list of addresses":      {"ada@example.com\nbea@example.com\n", "email", "email"},
		"addresses with names":     {"Ada L <ada@example.com>\nBea <bea@example.com>\n", "email", "email"},
		"an unknown name":          {"Kontakt,Plan\nada@example.com,pro\nbea@example.com,free\n", "email,Plan", "email"},
		"somebody else's address":  {"id,manager\n1,ada@example.com\n", "uid,manager", "uid"},
		"a second one, unknown":    {"Email,Assistant\nada@example.com,bea@example.com\n", "email,Assistant", "email"},
		"numbers without country":  {"Ada,0301234567\nBea,0301234568\n", "column_1,column_2", "none"},
		"one cell is no address":   {"ada@example.com,x\nhello there,y\n", "column_1,column_2", "none"},
		"blank cells say nothing":  {"1,ada@example.com\n2,\n3,bea@example.com\n", "column_1,email", "email"},
		"the header's place is no": {"x,y\n,\n", "x,y", "none"},
	} {
		p, to, _, _ := sniffed(t, c.file, importer.Options{})
		if to != c.to || p.Match.Value != c.by {
			t.Errorf("%s: %s, found by %s", name, to, p.Match.Value)
		}
	}
	if _, to, _, _ := sniffed(t, "ada@example.com,Ada\n", importer.Options{Map: map[string]*importer.Target{"column_1": {To: "contact"}}}); to != "contact,column_2" {
		t.Errorf("what is asked for does not count: %s", to)
	}
}

func TestRows_ofDelimitersAloneAreBlankAndTheHeaderAgainIsRefused(t *testing.T) {
	t.Parallel()
	_, _, rows, faults := sniffed(t, "id,name,email\n1,Ada,ada@example.com\n,,\n\ufeffid,name,email\n2,Bea,bea@example.com\n , ,\n,,\n", importer.Options{})
	if rows != "1,Ada,ada@example.com\n2,Bea,bea@example.com\n" || len(faults) != 1 || faults[0] != "it is the header again" {
		t.Errorf("%q %q", rows, faults)
	}
	// Blank headers and the second of a name are those of the header too.
	if _, _, rows, faults = sniffed(t, "id,plan,plan,\n1,a,b,c\nid,plan,plan,\nid,plan,other,\n", importer.Options{}); rows != "1,a,b,c\nid,plan,other,\n" || len(faults) != 1 {
		t.Errorf("%q %q", rows, faults)
	}
}

func TestSniff_singleQuotesAndInvisibleMarks(t *testing.T) {
	t.Parallel()
	p, to, rows, faults := sniffed(t, "'id','name','note'\n'1','Ada','a, b'\n'2','Bea','it''s'\n", importer.Options{})
	if p.Quoted.Value != "single" || to != "uid,full_name,note" || rows != "1,Ada,a, b\n2,Bea,it's\n" || len(faults) > 0 {
		t.Errorf("%+v %s %q %v", p.Quoted, to, rows, faults)
	}
	if p, _, _, _ = sniffed(t, "id,'name\n1,'x'\n", importer.Options{}); p.Quoted.Value != "double" {
		t.Errorf("one quote makes %+v", p.Quoted)
	}
	if p, _, _, _ = sniffed(t, "\ufeff\ufeffid,\u202ename\n1,Ada\n", importer.Options{}); p.Columns[0].Name != "id" || p.Columns[1].Name != "name" {
		t.Errorf("%q %q", p.Columns[0].Name, p.Columns[1].Name)
	}
}

func TestRefuse_saysWhatAFileLooksLike(t *testing.T) {
	t.Parallel()
	zipped := func(name string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write([]byte("something"))
		}
		if err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for file, want := range map[string]string{
		zipped("xl/workbook.xml"): "a spreadsheet (xlsx)", zipped("word/document.xml"): "(docx)", zipped("customers.csv"): "a zip archive with a CSV in it", zipped("x"): "a packed archive",
		packed(packed("id,name\n1,Ada\n")):          "gzip twice",
		"\n <!-- x -->\n<html>":                     "a web page (HTML)",
		"<table><tr><td>id</td></tr></table>":       "a table of a web page",
		"<?xml version=\"1.0\"?><Workbook/>":        "XML",
		"BEGIN:VCARD\nFN:Ada\n":                     "a file of contacts (vCard)",
		"INSERT INTO customers VALUES (1,'Ada');\n": "statements of a database (SQL)",
		"-- MySQL dump 10.13\n":                     "statements of a database (SQL)",
		"[\"ada@example.com\",\"bea@example.com\"]": "JSON",
		"[1,2]\n":                  "JSON",
		"\x00\x00\x00\x18ftypheic": "a picture",
		"id~|~name\n1~|~Ada\n":     "separated by \"~|~\"",
	} {
		_, _, _, err := importer.Table([]byte(file), importer.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "?.") {
			t.Errorf("%.40q: %v", file, err)
		}
	}
	for _, file := range []string{"[draft],id\nx,1\n", "insert,id\nx,1\n", "id,xl/\n1,2\n"} {
		if _, _, _, err := importer.Table([]byte(file), importer.Options{}); err != nil {
			t.Errorf("%q: %v", file, err)
		}
	}
}
