package importer_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/importer"
	"kith/storage/storagetest"

	"pgregory.net/rapid"
)

func TestSniff_tellsTheEncodingsOfOneByteApart(t *testing.T) {
	t.Parallel()
	western := "id;Vorname;Stadt;Betrag\n1;Jürgen;Köln;5 €\n2;Zoë;Málaga;7\n3;François;Besançon;8\n4;Günther Groß;Düsseldorf;9\n5;Ñandú;Coruña;1\n"
	central := "id;imię;miasto\n1;Łukasz Święcicki;Łódź\n2;Jiří Dvořák;Plzeň\n3;Małgorzata;Gdańsk\n4;Őszi Ödön;Győr\n5;Bożena Źródło;Kraków\n"
	for _, c := range []struct{ encoding, text string }{
		{"Windows-1252", western}, {"ISO-8859-15", strings.ReplaceAll(western, "Zoë", "Cœur Œuvre")}, {"MacRoman", western},
		{"ISO-8859-2", central}, {"Windows-1250", central},
	} {
		p, rows, faults, err := importer.Table(encodeAs(t, []byte(c.text), c.encoding), importer.Options{})
		if err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %v", c.encoding, err, faults)
			continue
		}
		if got := strings.Join(rows[0], ";"); p.Encoding.Value != c.encoding || got != strings.Split(c.text, "\n")[1] {
			t.Errorf("%s was taken for %s (%s): %s", c.encoding, p.Encoding.Value, p.Encoding.Why, got)
		}
	}
	// Latin-1 without what only Windows has is the same in both.
	p, rows, _, err := importer.Table(encodeAs(t, []byte(strings.ReplaceAll(western, "€", "Euro")), "ISO-8859-1"), importer.Options{})
	if err != nil || p.Encoding.Value != "Windows-1252" || rows[0][1] != "Jürgen" {
		t.Errorf("Latin-1: %v %q", err, rows)
	}
	// And each can be overruled.
	p, rows, _, err = importer.Table(encodeAs(t, []byte(central), "ISO-8859-2"), importer.Options{Encoding: "latin1"})
	if err != nil || p.Encoding.Value != "ISO-8859-1" || !p.Encoding.Told || rows[0][1] == "Łukasz Święcicki" {
		t.Errorf("%+v %q %v", p.Encoding, rows, err)
	}
}

func TestSniff_chinookInLatin2(t *testing.T) {
	t.Parallel()
	// Of its rows those that Latin-2 can hold.
	lines := strings.SplitAfter(string(sharedFile(t, "customers/chinook_customers.csv")), "\n")
	kept := lines[0]
	for _, line := range lines[1:] {
		if strings.ContainsAny(line, "ãçøêñôàèïåõëùâò") {
			continue
		}
		kept += line
	}
	p, rows, _, err := importer.Table(encodeAs(t, []byte(kept), "ISO-8859-2"), importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := cells(t, []byte(kept), ',')[1:]
	for i := range want {
		if strings.Join(rows[i], "|") != strings.Join(want[i], "|") {
			t.Errorf("as %s: %q, want %q", p.Encoding.Value, rows[i], want[i])
		}
	}
}

func TestSniff_saysWhatItFoundAndWhy(t *testing.T) {
	t.Parallel()
	p, _, _, err := importer.Table([]byte("customer_no;Name;Plan\n0045;Ada Lovelace;Fibre, 50\n0046;Bo Diddley;Fibre, 100\n"), importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Delimiter.Value != "semicolon" || !strings.Contains(p.Delimiter.Why, "all of the first 3 rows into 3 columns") {
		t.Errorf("%+v", p.Delimiter)
	}
	if p.Header.Value != "yes" || p.Header.Why == "" || p.Match.Value != "uid" || !strings.Contains(p.Match.Why, "customer_no") {
		t.Errorf("%+v %+v", p.Header, p.Match)
	}
	if p.Columns[1].To != "full_name" {
		t.Errorf("%+v", p.Columns[1])
	}
}

func TestSniff_headersThatAreBlankOrTwiceGetNames(t *testing.T) {
	t.Parallel()
	p, _, _, err := importer.Table([]byte("id,,plan,plan,plan_2,\"a\nb\"\n1,2,3,4,5,6\n"), importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range p.Columns {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, "|"); got != "id|column_2|plan|plan_3|plan_2|a b" {
		t.Errorf("the columns are called %s", got)
	}
	p, rows, _, _ := importer.Table([]byte("1,2.5,2024-01-01\n2,3,2024-01-02\n"), importer.Options{})
	if p.Header.Value != "no" || len(rows) != 2 || p.Columns[2].Name != "column_3" {
		t.Errorf("%+v %d rows", p.Header, len(rows))
	}
}

func TestMapping_knowsTheHeadersOfVendors(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][]string{
		"Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME":        {"email", "first_name", "last_name", "MEMBER_RATING", "created_at"},
		"EMAIL;LASTNAME;FIRSTNAME;SMS;EMAIL_BLACKLISTED;ADDED_TIME":          {"email", "last_name", "first_name", "number", "EMAIL_BLACKLISTED", "created_at"},
		"Email,First Name,Last Name,Phone,Tags,Date Created,IP,Status":       {"email", "first_name", "last_name", "number", "Tags", "created_at", "IP", "Status"},
		"first_name,email,created_at,status":                                 {"first_name", "email", "created_at", "status"},
		"Email,First name,Surname,Phone number,Country,Tags,Date registered": {"email", "first_name", "last_name", "number", "Country", "Tags", "created_at"},
		"id,Description,Email,Name,Created (UTC),Delinquent,Total Spend":     {"uid", "Description", "email", "full_name", "created_at", "Delinquent", "Total Spend"},
		"First Name,Last Name,Email,Company,Zip,Phone,Accepts Marketing":     {"first_name", "last_name", "email", "Company", "Zip", "number", "Accepts Marketing"},
		"Record ID,First Name,Last Name,Email,Phone Number,Create Date":      {"uid", "first_name", "last_name", "email", "number", "created_at"},
		"Prénom;Nom;Adresse e-mail;Téléphone":                                {"first_name", "last_name", "email", "number"},
		"Correo electrónico,Nombre,Apellidos,Teléfono":                       {"email", "first_name", "last_name", "number"},
		"Kundennummer;Vorname;Nachname;E-Mail":                               {"uid", "first_name", "last_name", "email"},
	} {
		p, _, _, err := importer.Table([]byte(header+"\n"), importer.Options{})
		if err != nil {
			t.Errorf("%s: %v", header, err)
			continue
		}
		for i, c := range p.Columns {
			if c.To != want[i] {
				t.Errorf("%q of %q becomes %q, want %q", c.Name, header, c.To, want[i])
			}
		}
	}
}

func TestTypes_areOfTheWholeColumn(t *testing.T) {
	t.Parallel()
	b := open(t)
	file := "id,zeros,plain,yes,flag,mixed,iso,eu,us,either,money,comma,blank,both\n" +
		"a,08001,12,Yes,true,1,2024-01-31,31/01/2024,01/31/2024,03/04/2024,\"$90,000 \",\"1.234,50\", ,31/12/2024\n" +
		"b,00004,1.50,No,FALSE,2,2024-02-01 10:00:00,1.2.24,2/1/2024,05/06/2024,\"1,500\",\"3,5\",,12/31/2024\n" +
		"c,1,-3e5,No,True,x,2024-02-03,03/02/2024,02/03/2024,07/08/2024,7,8,,01/01/2024\n"
	imp := b.run("types.csv", []byte(file), importer.Options{})
	want := map[string]string{"zeros": "text", "plain": "number", "yes": "text", "flag": "boolean", "mixed": "text", "iso": "date YYYY-MM-DD",
		"eu": "date DD/MM/YYYY", "us": "date MM/DD/YYYY", "either": "text", "money": "text", "comma": "text", "blank": "text", "both": "text"}
	doubts := map[string]bool{"eu": true, "us": true, "either": true, "money": true, "comma": true, "both": true}
	for _, c := range plan(t, imp).Columns {
		if w := want[c.Name]; w != "" && strings.TrimSpace(c.Type+" "+c.Format) != w {
			t.Errorf("%s is %s %s (%s), want %s", c.Name, c.Type, c.Format, c.Why, w)
		}
		if c.Name != "id" && (c.Doubt != "") != doubts[c.Name] {
			t.Errorf("%s: doubt %q", c.Name, c.Doubt)
		}
	}
	c := storagetest.Customer(t, b.db, "b")
	for name, want := range map[string]string{"zeros": `"00004"`, "plain": "1.50", "yes": `"No"`, "flag": "false", "iso": `"2024-02-01 10:00:00"`, "eu": `"2024-02-01"`, "us": `"2024-02-01"`, "money": `"1,500"`} {
		if got := string(c.Attribute(name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	told := importer.Options{Map: map[string]*importer.Target{"money": {Type: "number"}, "comma": {Type: "number", Format: "1.234,56"},
		"either": {Format: "DD/MM/YYYY"}, "mixed": {Type: "number"}, "zeros": nil}}
	again := b.run("types.csv", []byte(file), told)
	wantCounts(t, again, 0, 2, 0, 0, 1)
	if r := b.refusals(again); len(r) != 1 || r[0].Line != 4 || !strings.Contains(r[0].Reason, `mixed: "x" is not a number`) {
		t.Errorf("%+v", r)
	}
	c = storagetest.Customer(t, b.db, "a")
	for name, want := range map[string]string{"money": "90000", "comma": "1234.50", "either": `"2024-04-03"`, "mixed": "1"} {
		if got := string(c.Attribute(name)); got != want {
			t.Errorf("as told %s is %s, want %s", name, got, want)
		}
	}
	if _, err := b.r.Start(bg, importer.Upload{Name: "x.csv", Body: strings.NewReader(file)}, importer.Options{Map: map[string]*importer.Target{"either": {Format: "whenever"}}}); app.CodeOf(err) != app.CodeInvalid {
		t.Errorf("a format that is none: %v", err)
	}
	unsure := b.await(b.send("types.csv", []byte(file), importer.Options{Map: map[string]*importer.Target{"either": {To: "created_at"}}}))
	if unsure.State != app.ImportFailed || !strings.Contains(unsure.Error, "two ways") {
		t.Errorf("a sign-up date that can be read two ways: %s %s", unsure.State, unsure.Error)
	}
}

func TestMatch_findsByEmailWithoutCaseAndByNumberWithoutMarks(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	b := start(t, db)
	apply(t, db, &app.SetProfile{UID: "ada", Trusted: true, Profile: app.Profile{Email: app.FieldOf("Ada@Example.com")}},
		&app.SetProfile{UID: "bo", Trusted: true, Profile: app.Profile{Number: app.FieldOf("2348160000001")}})
	imp := b.run("m.csv", []byte("E-mail,plan\nADA@example.COM,Fibre\nnew@example.com,Fibre\nNew@Example.com,Copper\n,None\n"), importer.Options{})
	wantCounts(t, imp, 1, 2, 0, 0, 1)
	if p := plan(t, imp); p.Match.Value != "email" || p.Repeats != 1 {
		t.Errorf("%+v, %d repeat", p.Match, p.Repeats)
	}
	if c := storagetest.Customer(t, db, "ada"); cellOf(c, "plan") != "Fibre" || cellOf(c, "email") != "ADA@example.COM" {
		t.Errorf("ada: %q %q", cellOf(c, "plan"), cellOf(c, "email"))
	}
	made := 0
	_ = db.EachCustomer(bg, func(c *app.Customer) error {
		if c.Provisional {
			made++
			if cellOf(c, "plan") != "Copper" || c.UID != c.ID {
				t.Errorf("made %+v", c)
			}
		}
		return nil
	})
	if made != 1 {
		t.Errorf("made %d customers without an id, want 1", made)
	}
	imp = b.run("n.csv", []byte("Phone,plan\n+234 816 000 0001,Fibre\n+234 (816) 000-0002,Fibre\n"), importer.Options{})
	wantCounts(t, imp, 1, 1, 0, 0, 0)
	// A file with an id gives it to the customer who had none.
	imp = b.run("id.csv", []byte("uid,email,city\nnew-1,new@example.com,Lagos\nnew-2,other@example.com,Accra\n,ada@example.com,Kano\n"), importer.Options{ID: "uid", Match: "email"})
	wantCounts(t, imp, 1, 2, 0, 0, 0)
	if c := storagetest.Customer(t, db, "new-1"); c.Provisional || cellOf(c, "plan") != "Copper" || cellOf(c, "city") != "Lagos" {
		t.Errorf("new-1 is %+v", c)
	}
	if c := storagetest.Customer(t, db, "ada"); cellOf(c, "city") != "Kano" {
		t.Error("the row without an id did not find ada by her e-mail")
	}
}

func TestModes_createAndUpdatePassOver(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	b := start(t, db)
	apply(t, db, set("a", "plan", `"old"`))
	file := []byte("uid,plan\na,new\nb,new\n")
	for _, dry := range []bool{true, false} {
		wantCounts(t, b.run("u.csv", file, importer.Options{Mode: "update", DryRun: dry}), 0, 1, 0, 1, 0)
	}
	apply(t, db, set("a", "plan", `"old"`))
	for _, dry := range []bool{true, false} {
		wantCounts(t, b.run("c.csv", file, importer.Options{Mode: "create", DryRun: dry}), 1, 0, 0, 1, 0)
	}
	if c := storagetest.Customer(t, db, "a"); cellOf(c, "plan") != "old" {
		t.Errorf("a has %q", cellOf(c, "plan"))
	}
}

func TestDevices_andRowsThatAreErasedOrTooLong(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	b := start(t, db)
	apply(t, db, set("gone"), &app.Delete{UID: "gone", Erase: true})
	file := "uid,device_token,device_platform,note\np1,tok-1,iOS,x\np2,tok-2,toaster,x\ngone,,,x\np3,,," + strings.Repeat("y", app.MaxTextValue+1) + "\n" + strings.Repeat("u", 300) + ",,,x\n"
	imp := b.run("d.csv", []byte(file), importer.Options{Map: map[string]*importer.Target{"device_token": {To: "device_token"}, "device_platform": {To: "device_platform"}}})
	wantCounts(t, imp, 1, 0, 0, 0, 4)
	if c := storagetest.Customer(t, db, "p1"); len(c.Devices) != 1 || c.Devices[0].Platform != "ios" {
		t.Errorf("%+v", c.Devices)
	}
	for _, r := range b.refusals(imp) {
		if r.Reason == "" || (r.Raw == "") != (r.Line == 4) { // nothing is kept of who was erased
			t.Errorf("%+v", r)
		}
	}
	if u := b.undo(imp); u.Removed != 1 || u.Kept != 0 {
		t.Errorf("%d removed, %d kept", u.Removed, u.Kept)
	}
}

func TestCancel_endsAnImportWhatWasWrittenStaysAndCanBeUndone(t *testing.T) {
	t.Parallel()
	b := open(t)
	var file bytes.Buffer
	file.WriteString("uid,plan\n")
	const rows = 300_000
	for i := range rows {
		fmt.Fprintf(&file, "c%d,Fibre %d\n", i, i%9)
	}
	imp := b.send("large.csv", file.Bytes(), importer.Options{})
	for {
		now, err := b.db.ImportRow(bg, imp.Row)
		if err != nil {
			t.Fatal(err)
		}
		if now.Done > 0 || now.State.Ended() {
			break
		}
		time.Sleep(time.Millisecond)
	}
	ended, err := b.r.Cancel(bg, imp.ID)
	if err != nil || ended.State != app.ImportCancelled {
		t.Fatalf("%v %v", ended, err)
	}
	time.Sleep(20 * time.Millisecond)
	now, _ := b.db.ImportRow(bg, imp.Row)
	totals, _ := b.db.Totals(bg)
	if now.Done == 0 || now.Done >= rows || totals.Customers != now.Created {
		t.Errorf("cancelled after %d rows with %d customers", now.Done, totals.Customers)
	}
	if left, _ := filepath.Glob(filepath.Join(b.db.Folder(), "imports", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if u := b.undo(now); u.Removed != now.Created {
		t.Errorf("%d of %d are removed", u.Removed, now.Created)
	}
}

func TestImports_severalAtOnceAndFilesOnlyTheirOwnerReads(t *testing.T) {
	t.Parallel()
	b := open(t)
	var imports []*app.Import
	for n := range 5 {
		var file bytes.Buffer
		file.WriteString("uid,plan,file\n")
		for i := range 3000 {
			fmt.Fprintf(&file, "c%d,Fibre,%d\n", n*2000+i, n)
		}
		imports = append(imports, b.send("part.csv", file.Bytes(), importer.Options{}))
	}
	if files, _ := filepath.Glob(filepath.Join(b.db.Folder(), "imports", "*")); len(files) > 0 {
		if info, err := os.Stat(files[0]); err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %s", files[0], info.Mode())
		}
	}
	var rows int64
	for _, imp := range imports {
		now := b.await(imp)
		if now.State != app.ImportDone {
			t.Errorf("%s %s", now.State, now.Error)
		}
		rows += now.Created + now.Updated
	}
	if totals, _ := b.db.Totals(bg); totals.Customers != 11_000 || rows != 15_000 {
		t.Errorf("%d customers of %d rows", totals.Customers, rows)
	}
}

// What a dry run says is what the import does, whatever is there and whatever the file says.
func TestDryRun_saysWhatTheImportThenDoes(t *testing.T) {
	t.Parallel()
	b := open(t)
	list := b.list("News")
	rapid.Check(t, func(rt *rapid.T) {
		cell := rapid.SampledFrom([]string{"", " ", "Fibre", "Copper", "12", "x@example.com", "X@Example.COM", "y@example.com", "not an address"})
		var file strings.Builder
		header := rapid.SampledFrom([]string{"uid,email,plan", "email,plan,city", "uid,plan,city", "plan,city,size"}).Draw(rt, "header")
		file.WriteString(header + "\n")
		for range rapid.IntRange(0, 25).Draw(rt, "rows") {
			first := cell.Draw(rt, "first")
			if strings.HasPrefix(header, "uid") {
				first = rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e"}).Draw(rt, "uid")
			}
			fmt.Fprintf(&file, "%s,%s,%s", first, cell.Draw(rt, "second"), cell.Draw(rt, "third"))
			if rapid.IntRange(0, 9).Draw(rt, "ragged") == 0 {
				file.WriteString(",too much")
			}
			file.WriteByte('\n')
		}
		o := importer.Options{Mode: rapid.SampledFrom([]string{"", "create", "update"}).Draw(rt, "mode"), Blank: rapid.SampledFrom([]string{"", "clear"}).Draw(rt, "blank")}
		if o.List = rapid.SampledFrom([]string{"", list}).Draw(rt, "list"); o.List != "" {
			o.Status = rapid.SampledFrom([]string{"", "subscribed", "unsubscribed", "pending"}).Draw(rt, "status")
		}
		o.DryRun = true
		dry := b.await(b.send("dry.csv", []byte(file.String()), o))
		o.DryRun = false
		done := b.await(b.send("done.csv", []byte(file.String()), o))
		if dry.ImportCounts != done.ImportCounts || dry.State != done.State {
			rt.Fatalf("the dry run said %+v, the import did %+v:\n%s", dry.ImportCounts, done.ImportCounts, file.String())
		}
	})
}

// A team's own "type" and "source" are attributes like any other: they once came in as
// "type_2" and "source_2", which no segment looked for.
func TestColumns_ofCommonNamesKeepThem(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.run("leads.csv", []byte("uid,date,source,subscribed,type\np1,2024-01-31,Fair,true,lead\n"), importer.Options{})
	c := storagetest.Customer(t, b.db, "p1")
	for name, want := range map[string]string{"date": "2024-01-31", "source": "Fair", "subscribed": "true", "type": "lead"} {
		if got := cellOf(c, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
