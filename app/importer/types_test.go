package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"kith/app"
	"kith/app/importer"
	"kith/storage/storagetest"
)

// columnNamed is a column of an import's plan.
func columnNamed(t *testing.T, imp *app.Import, name string) importer.Column {
	t.Helper()
	for _, c := range plan(t, imp).Columns {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no column %q", name)
	return importer.Column{}
}

// offered are the ways that a column is offered to be read.
func offered(c importer.Column) (out string) {
	for _, o := range c.Offers {
		out += strings.TrimRight(o.Type+" "+o.Format+" "+o.To, " ") + "; "
	}
	return strings.TrimSuffix(out, "; ")
}

func TestTypes_datesWithTheNameOfTheirMonth(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := "id,a,b,c,no\n1,13 Apr 2024,\"April 13th, 2024\",13-Apr-24,May 2024\n2,1 sept 2024,\"Sep 1, 2024 2:05 PM\",2024-09-01,Mayer 12 2024\n3,31 December 1999,\"Dec 31 1999\",31.Dec.1999,31 Feb 2024\n"
	imp := b.run("named.csv", []byte(file), importer.Options{})
	for name, want := range map[string]string{"a": "date D MMM YYYY", "b": "date D MMM YYYY", "c": "date YYYY-MM-DD", "no": "text "} {
		if c := columnNamed(t, imp, name); c.Type+" "+c.Format != want || c.Doubt != "" {
			t.Errorf("%s is %s %s: %s", name, c.Type, c.Format, c.Doubt)
		}
	}
	c := storagetest.Customer(t, b.db, "2")
	for name, want := range map[string]string{"a": `"2024-09-01"`, "b": `"2024-09-01T14:05:00.000Z"`, "c": `"2024-09-01"`, "no": `"Mayer 12 2024"`} {
		if got := string(c.Attribute(name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestTypes_numbersThatMayBeDates(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := "id,birthday,renewal_date,last_seen_at,visits\n1,29221,20240413,1712999999,45292\n2,30000.5,20240414,1712999999500,45300\n"
	imp := b.run("counted.csv", []byte(file), importer.Options{})
	for name, want := range map[string]string{"birthday": "date excel", "renewal_date": "date YYYYMMDD", "last_seen_at": "date unix", "visits": "text"} {
		c := columnNamed(t, imp, name)
		if c.Type != "number" || (c.Doubt == "") != (name == "visits") {
			t.Errorf("%s is %s: %q", name, c.Type, c.Doubt)
		}
		if offered(c) != want {
			t.Errorf("%s is offered as %q", name, offered(c))
		}
	}
	b.run("counted.csv", []byte(file), importer.Options{Map: map[string]*importer.Target{"birthday": {Format: "excel"}, "renewal_date": {Format: "YYYYMMDD"}, "last_seen_at": {Type: "date", Format: "unix"}}})
	c := storagetest.Customer(t, b.db, "2")
	for name, want := range map[string]string{"birthday": `"1982-02-18T12:00:00.000Z"`, "renewal_date": `"2024-04-14"`, "last_seen_at": `"2024-04-13T09:19:59.500Z"`} {
		if got := string(c.Attribute(name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestTypes_signUpDatesThatCannotBeTold(t *testing.T) {
	t.Parallel()
	b := open(t)
	// Seconds, and days in a row, are sign-up dates without a question.
	for file, want := range map[string]string{"id,created\nu,1712999999\n": "2024-04-13T09:19:59.000Z", "id,signup date\nv,20240413\n": "2024-04-13T00:00:00.000Z"} {
		b.run("signup.csv", []byte(file), importer.Options{})
		uid := strings.Split(strings.Split(file, "\n")[1], ",")[0]
		if got := storagetest.Customer(t, b.db, uid).CreatedAt.String(); got != want {
			t.Errorf("%q makes it %s", file, got)
		}
	}
	// Two ways to read them: an attribute, until somebody says which.
	file := "id,Joined\na,03/04/2024\nb,05/06/2024\n"
	imp := b.run("joined.csv", []byte(file), importer.Options{DryRun: true})
	c := columnNamed(t, imp, "Joined")
	if c.To != "Joined" || !strings.Contains(c.Doubt, "two ways") || offered(c) != "date DD/MM/YYYY created_at; date MM/DD/YYYY created_at" {
		t.Errorf("%s, %q, offered %q", c.To, c.Doubt, offered(c))
	}
	// Asked for without saying which: a dry run refuses the rows and asks.
	imp = b.run("joined.csv", []byte(file), importer.Options{DryRun: true, Map: map[string]*importer.Target{"Joined": {To: "created_at"}}})
	wantCounts(t, imp, 0, 0, 0, 0, 2)
	if c = columnNamed(t, imp, "Joined"); c.To != "created_at" || !strings.Contains(c.Doubt, "until somebody says which") || offered(c) != "date DD/MM/YYYY; date MM/DD/YYYY" {
		t.Errorf("%s, %q, offered %q", c.To, c.Doubt, offered(c))
	}
	imp = b.run("joined.csv", []byte(file), importer.Options{Map: map[string]*importer.Target{"Joined": {To: "created_at", Format: "DD/MM/YYYY"}}})
	wantCounts(t, imp, 2, 0, 0, 0, 0)
	if got := storagetest.Customer(t, b.db, "a").CreatedAt.String(); got != "2024-04-03T00:00:00.000Z" {
		t.Errorf("joined on %s", got)
	}
}

func TestTypes_pointsAndCommasOfNumbers(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := "id;comma;thousands;either;mixed;percent;french;phone;plain;dollars;pesos\n" +
		"1;1.234,56;1.234;1,234;1,5;5,5 %;1 234,5;+49 30 1234;0.125;$90,000 ;$1.234\n" +
		"2;1.234;10.000;$5;1.5;10%;1\u00a0000\u00a0000;+49 30 1235;1.234;$5;$1.234.567\n" +
		"3;-3,5;2.500;12,345;$2.5;0 %;12;+49 30 1236;2.5;£1,234;$5\n"
	imp := b.run("numbers.csv", []byte(file), importer.Options{})
	for name, want := range map[string]string{
		"comma": "text: number 1.234,56", "thousands": "number: number 1.234,56; text", "either": "text: number 1,234.56; number 1.234,56",
		"mixed": "text: ", "percent": "text: number 1.234,56", "french": "text: number 1.234,56", "phone": "text: ", "plain": "number: text",
		"dollars": "text: number 1,234.56", "pesos": "text: number 1.234,56",
	} {
		c := columnNamed(t, imp, name)
		if c.Type+": "+offered(c) != want || (c.Doubt == "") != (name == "plain") && name != "phone" {
			t.Errorf("%s is %s: %s (%s)", name, c.Type, offered(c), c.Doubt)
		}
	}
	as := map[string]*importer.Target{}
	for _, name := range []string{"comma", "thousands", "either", "percent", "french"} {
		as[name] = &importer.Target{Type: "number", Format: "1.234,56"}
	}
	b.run("numbers.csv", []byte(file), importer.Options{Map: as})
	for uid, want := range map[string]string{"1": "1234.56 1234 1.234 5.5 1234.5", "2": "1234 10000 5 10 1000000", "3": "-3.5 2500 12.345 0 12"} {
		c := storagetest.Customer(t, b.db, uid)
		got := fmt.Sprintf("%s %s %s %s %s", c.Attribute("comma"), c.Attribute("thousands"), c.Attribute("either"), c.Attribute("percent"), c.Attribute("french"))
		if got != want {
			t.Errorf("%s has %s, want %s", uid, got, want)
		}
	}
}

func TestEmails_withWhatStandsAroundThem(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := "email\n\"ada@example.com \"\nBea Byron <bea@example.com>\n\"\"\"Young, Cy\"\" <cy@example.com>\"\nmailto:dee@example.com\n\u200beve@example.com\u00a0\n<fay@example.com>\n'gus@example.com'\nADA@example.com\nhal@example.com;ivy@example.com\n"
	imp := b.run("mails.csv", []byte(file), importer.Options{})
	wantCounts(t, imp, 7, 1, 0, 0, 1)
	if plan(t, imp).Repeats != 1 {
		t.Errorf("%d repeats", plan(t, imp).Repeats)
	}
	for email, want := range map[string]string{"bea@example.com": "Bea Byron", "cy@example.com": "Cy Young", "dee@example.com": " ", "eve@example.com": " ", "fay@example.com": " ", "gus@example.com": " "} {
		found, _, err := b.db.MatchImport(bg, []app.ImportRow{{Profile: app.Profile{Email: app.FieldOf(email)}}}, false)
		if err != nil || found[0] == nil {
			t.Errorf("%s is not there: %v", email, err)
			continue
		}
		if got := cellOf(found[0], "first_name") + " " + cellOf(found[0], "last_name"); got != want {
			t.Errorf("%s is called %q, want %q", email, got, want)
		}
	}
	// A column of names wins over what stands before the address.
	b.run("mails.csv", []byte("email,first_name\nZed Z <zed@example.com>,Zoe\n"), importer.Options{})
	found, _, err := b.db.MatchImport(bg, []app.ImportRow{{Profile: app.Profile{Email: app.FieldOf("zed@example.com")}}}, false)
	if err != nil || cellOf(found[0], "first_name") != "Zoe" || cellOf(found[0], "last_name") != "" {
		t.Errorf("%+v %v", found, err)
	}
}

// Several addresses in a cell: their rows are refused with what to do, or the first is
// taken where a person says so. Once the last one was taken of those with names.
func TestEmails_severalInACellAreRefusedOrTheFirstIsTaken(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := []byte("email,plan\nada@example.com; ada@work.example,a\nBea Byron <bea@example.com>; Cy <cy@example.com>,b\n\"dee@example.com,eve@example.com, fay@example.com\",c\n" +
		"gus@example.com hal@example.com,d\nivy@example.com <ivy@example.com>,e\n\"\"\"Young, Cy\"\" <young@example.com>\",f\nnobody; jo@example.com,g\nADA@example.com,h\n")
	dry := b.run("mails.csv", file, importer.Options{DryRun: true})
	wantCounts(t, dry, 3, 0, 0, 0, 5)
	c := columnNamed(t, dry, "email")
	if c.To != "email" || len(c.Offers) != 1 || c.Offers[0].Format != "first" || !strings.Contains(c.Doubt, `4 cells hold several addresses, such as "ada@example.com; ada@work.example"`) || !strings.Contains(c.Doubt, "1 cell is no address") {
		t.Errorf("%+v", c)
	}
	if r := b.refusals(dry); len(r) != 5 || !strings.Contains(r[2].Reason, `holds 3 addresses, and a customer has one: leave one in the cell, or have the first taken`) || strings.Contains(r[4].Reason, "addresses") {
		t.Errorf("%+v", r)
	}
	o := importer.Options{Map: map[string]*importer.Target{"email": {Format: "first"}}}
	imp := b.run("mails.csv", file, o)
	wantCounts(t, imp, 6, 1, 0, 0, 1)
	if p, c := plan(t, imp), columnNamed(t, imp, "email"); p.Repeats != 1 || !strings.Contains(c.Why, "the first is taken and the others are left out") || len(c.Offers) != 1 || c.Offers[0].Format != "" {
		t.Errorf("%d repeats, %+v", p.Repeats, c)
	}
	for email, want := range map[string]string{"ada@example.com": " ", "ada@work.example": "", "bea@example.com": "Bea Byron", "cy@example.com": "", "dee@example.com": " ", "eve@example.com": "",
		"gus@example.com": " ", "hal@example.com": "", "young@example.com": "Cy Young"} {
		found, _, err := b.db.MatchImport(bg, []app.ImportRow{{Profile: app.Profile{Email: app.FieldOf(email)}}}, false)
		got := ""
		if err == nil && found[0] != nil {
			got = cellOf(found[0], "first_name") + " " + cellOf(found[0], "last_name")
		}
		if got != want || err != nil {
			t.Errorf("%s is called %q, want %q %v", email, got, want, err)
		}
	}
	again := importer.Options{DryRun: true, Map: map[string]*importer.Target{"email": {To: "email", Type: "text", Format: "first"}}}
	wantCounts(t, b.run("mails.csv", file, again), 0, 2, 5, 0, 1)
	for _, target := range []*importer.Target{{To: "plan", Format: "first"}, {Type: "date", Format: "first"}} {
		if _, err := b.r.Start(bg, importer.Upload{Name: "m.csv", Body: strings.NewReader("email\na@example.com\n")}, importer.Options{Map: map[string]*importer.Target{"email": target}}); app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%+v: %v", target, err)
		}
	}
	// Who is erased goes, wherever in a cell the address stands.
	if err := b.r.Forget(bg, importer.Person{Emails: []string{"eve@example.com"}}); err != nil {
		t.Fatal(err)
	}
	for _, kept := range keptUploads(t, b.db.Folder()) {
		if strings.Contains(string(kept), "eve@") || !strings.Contains(string(kept), "hal@") {
			t.Errorf("what is left is %s", kept)
		}
	}
}

func TestNulls_areWordsUnlessTheyAreSaidToBeBlank(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := "id,name,plan,age\n1,Ada,\\N,30\n2,NULL,pro,NULL\n3,Null,N/A,#N/A\nNULL,Dee,x,41\n"
	imp := b.run("nulls.csv", []byte(file), importer.Options{})
	wantCounts(t, imp, 4, 0, 0, 0, 0)
	if notes := plan(t, imp).Nulls; notes != `6 cells say NULL or the like, as databases do for no value: they go in as words.` || columnNamed(t, imp, "age").Type != "text" {
		t.Errorf("%s; age is %s", notes, columnNamed(t, imp, "age").Type)
	}
	b = open(t)
	imp = b.run("nulls.csv", []byte(file), importer.Options{Nulls: "blank"})
	wantCounts(t, imp, 3, 0, 0, 0, 1)
	if age := columnNamed(t, imp, "age"); age.Type != "number" || age.Filled != 2 {
		t.Errorf("age is %s, %d filled", age.Type, age.Filled)
	}
	if c := storagetest.Customer(t, b.db, "2"); c.FirstName != nil || c.Attribute("age") != nil || string(c.Attribute("plan")) != `"pro"` {
		t.Errorf("%+v", c)
	}
	if c := storagetest.Customer(t, b.db, "3"); cellOf(c, "first_name") != "Null" { // a name
		t.Errorf("%q", cellOf(c, "first_name"))
	}
}

func TestNotes_sayWhatAPersonShouldLookAt(t *testing.T) {
	t.Parallel()
	b := open(t)
	for file, want := range map[string]string{
		"id,spend\n1,10\n2,20\nTotal,30\n":           `Line 4, the last one, begins with "Total"`,
		"id,name,spend\n1,Ada,10\n,Grand total,30\n": `begins with "Grand total"`,
		"id,name\n":                                   "There is a header, and no row below it.",
		"id,email\n 1,a@example.com\n1,\n":            `1 id has blanks around, such as " 1"`,
		"customer_id,x\n1.23457E+15,a\n9.8E+15,b\n":   "2 values were cut short by a spreadsheet, such as 1.23457E+15",
		"name,Mobile\nAda,4.47946E+11\nBea,4.4E+11\n": "2 values were cut short by a spreadsheet",
	} {
		imp := b.run("notes.csv", []byte(file), importer.Options{DryRun: true})
		said := strings.Join(plan(t, imp).Notes, " ")
		for _, c := range plan(t, imp).Columns {
			said += " " + c.Doubt
		}
		if !strings.Contains(said, want) {
			t.Errorf("of %q is said %q", file, said)
		}
	}
	for _, file := range []string{"id\nTotal\n", "id,n\n1,1e5\nTotals Ltd,2\n", "id,n\n1,1.5E+10\n"} {
		imp := b.run("quiet.csv", []byte(file), importer.Options{DryRun: true})
		said := strings.Join(plan(t, imp).Notes, " ")
		for _, c := range plan(t, imp).Columns {
			said += c.Doubt
		}
		if said != "" {
			t.Errorf("of %q is said %q", file, said)
		}
	}
	imp := b.run("empty.csv", []byte("id,name,,\n1,Ada,,\n2,Bea,,x\n"), importer.Options{DryRun: true})
	if a, z := columnNamed(t, imp, "column_3"), columnNamed(t, imp, "column_4"); a.To != "" || z.To != "column_4" {
		t.Errorf("a column with neither name nor cell becomes %q, one with a cell %q", a.To, z.To)
	}
}

func TestCells_thatAreFormulasOfOneTextAreWhatIsInside(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := []byte("id,zip,note,told\n=\"0012\",=\"08001\",=\"x\",=\"1\"\n\"=\"\"0013\"\"\",,plain,=\"2\"\n=\"0012\",=\"08003\",=1+1,\n")
	o := importer.Options{Map: map[string]*importer.Target{"told": {Type: "text"}}}
	dry := b.run("wrapped.csv", file, importer.Options{Map: o.Map, DryRun: true})
	wantCounts(t, dry, 2, 1, 0, 0, 0)
	if p := plan(t, dry); p.Repeats != 1 || !strings.Contains(strings.Join(p.Notes, " "), `The cells of "id", "zip" are written ="…"`) {
		t.Errorf("%d repeats, %q", p.Repeats, p.Notes)
	}
	wantCounts(t, b.run("wrapped.csv", file, o), 2, 1, 0, 0, 0)
	c := storagetest.Customer(t, b.db, "0012")
	for name, want := range map[string]string{"zip": `"08003"`, "note": `"=1+1"`, "told": `"=\"1\""`} {
		if got := string(c.Attribute(name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	// Who is erased is found in them too.
	waiting := b.run("wrapped.csv", file, importer.Options{DryRun: true})
	if err := b.r.Forget(bg, importer.Person{UIDs: []string{"0013"}}); err != nil {
		t.Fatal(err)
	}
	left := keptUploads(t, b.db.Folder())
	if len(left) == 0 {
		t.Errorf("%s is not kept", waiting.File)
	}
	for _, kept := range left {
		if strings.Contains(string(kept), "0013") {
			t.Errorf("of %s is left %s", waiting.File, kept)
		}
	}
}

// Where only some ids are written as formulas all stay as they are, and are counted so.
func TestRepeats_areCountedByTheIdsThatAreWritten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		o          importer.Options
		created    int64
		repeats    int64
	}{
		{"mixed", "id,n\n=\"1\",a\n1,b\n2,c\n=\"2\",d\n2,e\n=\"3\",f\n=\"3\",g\n", importer.Options{}, 5, 2},
		{"all", "id,n\n=\"1\",a\n=\"1\",b\n=\"2\",c\n", importer.Options{}, 2, 1},
		{"said to be text", "id,n\n=\"1\",a\n=\" 1\",b\n=\"1\",c\n", importer.Options{Map: map[string]*importer.Target{"id": {To: "uid", Type: "text"}}}, 2, 1},
		{"words for nothing", "id,n\nNULL,a\n=\"NULL\",b\n1,c\n", importer.Options{Nulls: "blank"}, 2, 0},
		{"an attribute called none", "none,size\na,1\na,1\n", importer.Options{Match: "none"}, 2, 0},
	} {
		for _, dry := range []bool{true, false} {
			b := open(t)
			c.o.DryRun = dry
			imp := b.run("ids.csv", []byte(c.file), c.o)
			if p := plan(t, imp); p.Repeats != c.repeats || imp.Created != c.created {
				t.Errorf("%s, dry %v: %d repeats and %d created, want %d and %d", c.name, dry, p.Repeats, imp.Created, c.repeats, c.created)
			}
			if notes := strings.Join(plan(t, imp).Notes, " "); (c.repeats > 0) != strings.Contains(notes, "the last row wins") {
				t.Errorf("%s: %s", c.name, notes)
			}
		}
	}
}

func TestReport_ofAFileWithSingleQuotesCanBeImportedAgain(t *testing.T) {
	t.Parallel()
	b := open(t)
	imp := b.run("single.csv", []byte("'id','email','note'\n'1','nobody','a, b'\n'2','ada@example.com','it''s'\n"), importer.Options{})
	var report strings.Builder
	if err := b.r.Report(bg, imp, &report); err != nil {
		t.Fatal(err)
	}
	again := b.run("single.errors.csv", []byte(strings.Replace(report.String(), "'nobody'", "'bo@example.com'", 1)), importer.Options{})
	wantCounts(t, again, 1, 0, 0, 0, 0)
	if c := storagetest.Customer(t, b.db, "1"); string(c.Attribute("note")) != `"a, b"` || cellOf(c, "email") != "bo@example.com" {
		t.Errorf("%s\n%+v", report.String(), c)
	}
}
