package importer_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/importer"
)

// cellOf is what an attribute of a customer says, as a cell of a file says it.
func cellOf(c *app.Customer, to string) string {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	switch to {
	case "uid":
		return c.UID
	case "first_name":
		return text(c.FirstName)
	case "last_name":
		return text(c.LastName)
	case "email":
		return text(c.Email)
	case "number":
		return text(c.Number)
	}
	raw := c.Attribute(to)
	if s, ok := app.Text(raw); ok {
		return s
	}
	return string(raw)
}

// sameCell holds a stored value against a cell: a blank one left nothing, a date became
// one that is written year first, a number kept its digits.
func sameCell(col *importer.Column, stored, cell string) bool {
	if strings.TrimSpace(cell) == "" {
		return stored == ""
	}
	if col.To == "number" { // kept as its digits
		digits, err := app.CheckNumber(cell)
		return err == nil && digits == stored
	}
	if col.Type == "date" && col.Format == "MM/DD/YYYY" {
		t, err := time.Parse("1/2/2006", cell)
		return err == nil && t.Format("2006-01-02") == stored
	}
	return stored == cell || col.Type != "text" && stored == strings.TrimSpace(cell)
}

// readBack holds that every cell of a file is found again with the customer of its row.
func (b *bench) readBack(imp *app.Import, rows [][]string, find func(row []string, n int) *app.Customer) {
	b.t.Helper()
	p := plan(b.t, imp)
	held := 0
	for n, row := range rows[1:] {
		c := find(row, n)
		if c == nil {
			b.t.Fatalf("row %d has no customer", n+1)
		}
		for i := range p.Columns {
			if p.Columns[i].To == "" {
				b.t.Fatalf("column %q was left out", p.Columns[i].Name)
			}
			if got := cellOf(c, p.Columns[i].To); !sameCell(&p.Columns[i], got, row[i]) {
				b.t.Fatalf("row %d: %s (%s) is %q, and the file says %q", n+1, p.Columns[i].Name, p.Columns[i].To, got, row[i])
			}
			held++
		}
	}
	b.t.Logf("%d cells are as in the file", held)
}

func (b *bench) byUID(column int) func([]string, int) *app.Customer {
	all := map[string]*app.Customer{}
	if err := b.db.EachCustomer(bg, func(c *app.Customer) error {
		copied := *c
		all[c.UID] = &copied
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	return func(row []string, _ int) *app.Customer { return all[row[column]] }
}

// inOrder finds customers in the order of their making, for files without an id.
func (b *bench) inOrder() func([]string, int) *app.Customer {
	var all []*app.Customer
	if err := b.db.EachCustomer(bg, func(c *app.Customer) error {
		copied := *c
		all = append(all, &copied)
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	if len(all) > 1 && all[0].Row > all[1].Row {
		for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
			all[i], all[j] = all[j], all[i]
		}
	}
	return func(_ []string, n int) *app.Customer { return all[n] }
}

func TestImport_telcoIsThereCellByCellAndASecondTimeChangesNothing(t *testing.T) {
	t.Parallel()
	file := sharedFile(t, "customers/telco_churn.csv")
	b := open(t)
	dry := b.run("telco.csv", file, importer.Options{DryRun: true})
	wantCounts(t, dry, 7043, 0, 0, 0, 0)
	if totals, _ := b.db.Totals(bg); totals.Customers != 0 {
		t.Fatalf("a dry run made %d customers", totals.Customers)
	}
	imp := b.run("telco.csv", file, importer.Options{})
	wantCounts(t, imp, 7043, 0, 0, 0, 0)
	b.readBack(imp, cells(t, file, ','), b.byUID(0))

	over, blank := 0, 0
	if err := b.db.EachCustomer(bg, func(c *app.Customer) error {
		if raw := c.Attribute("MonthlyCharges"); app.JSONKind(raw) != app.NumberKind {
			t.Fatalf("MonthlyCharges of %s is %s, which is no number", c.UID, raw)
		} else if number(t, raw) > 100 {
			over++
		}
		if c.Attribute("TotalCharges") == nil {
			blank++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if over != 902 || blank != 11 {
		t.Errorf("%d have MonthlyCharges over 100, want 902; %d have no TotalCharges, want 11", over, blank)
	}
	p := plan(t, imp)
	for name, want := range map[string]string{"SeniorCitizen": "number", "Partner": "text", "TotalCharges": "number", "customerID": "text"} {
		for _, c := range p.Columns {
			if c.Name == name && c.Type != want {
				t.Errorf("%s is %s, want %s", name, c.Type, want)
			}
		}
	}

	head, counted := b.db.Head(), plan(t, imp)
	again := b.run("telco.csv", file, importer.Options{})
	wantCounts(t, again, 0, 0, 7043, 0, 0)
	if b.db.Head() != head || counted.Rows != 7043 {
		t.Errorf("the second time left %d entries in the feed", b.db.Head()-head)
	}
	wantCounts(t, b.run("telco.csv", file, importer.Options{DryRun: true}), 0, 0, 7043, 0, 0)
}

func TestImport_adventureWorksIsThereCellByCell(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("reads a large file several times")
	}
	t.Parallel()
	file := sharedFile(t, "customers/adventureworks_customers.csv")
	b := open(t)
	imp := b.run("adventureworks.csv", file, importer.Options{})
	wantCounts(t, imp, 18148, 0, 0, 0, 0)
	b.readBack(imp, cells(t, file, ','), b.byUID(0))
	foreign := 0
	_ = b.db.EachCustomer(bg, func(c *app.Customer) error {
		if c.Email != nil && strings.ContainsFunc(*c.Email, func(r rune) bool { return r > 127 }) {
			foreign++
		}
		return nil
	})
	if foreign != 39 {
		t.Errorf("%d e-mails are not ASCII, want 39", foreign)
	}
	for _, c := range plan(t, imp).Columns {
		if c.Name == "AnnualIncome" && (c.Type != "text" || len(c.Offers) == 0 || c.Offers[0].Type != "number" || c.Doubt == "") {
			t.Errorf("AnnualIncome is to be text, and offered as a number: %+v", c)
		}
		if c.Name == "BirthDate" && (c.Type != "date" || c.Format != "MM/DD/YYYY") {
			t.Errorf("BirthDate: %+v", c)
		}
	}
	rich := b.run("adventureworks.csv", file, importer.Options{Map: map[string]*importer.Target{"AnnualIncome": {Type: "number", Format: "1,234.56"}}})
	wantCounts(t, rich, 0, 18148, 0, 0, 0)
	if got := string(b.byUID(0)([]string{"11000"}, 0).Attribute("AnnualIncome")); got != "90000" {
		t.Errorf(`"$90,000 " as a number is %s`, got)
	}
}

func TestImport_bankHasNoIDAndIsThereCellByCell(t *testing.T) {
	t.Parallel()
	file := sharedFile(t, "customers/bank_semicolon.csv")
	b := open(t)
	imp := b.run("bank.csv", file, importer.Options{})
	wantCounts(t, imp, 4521, 0, 0, 0, 0)
	if p := plan(t, imp); p.Match.Value != "none" || p.Delimiter.Value != "semicolon" || len(p.Notes) == 0 {
		t.Errorf("%+v %+v %v", p.Match, p.Delimiter, p.Notes)
	}
	b.readBack(imp, cells(t, file, ';'), b.inOrder())
}

func TestImport_chinookAndNorthwindAreThereCellByCellInEveryEncoding(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("reads a large file several times")
	}
	t.Parallel()
	for _, name := range []string{"chinook_customers.csv", "northwind_customers.csv"} {
		file := sharedFile(t, "customers/"+name)
		for _, encoding := range []string{"UTF-8", "UTF-8 BOM", "UTF-16LE", "UTF-16BE", "UTF-16LE without BOM"} {
			b := open(t)
			imp := b.run(name, encodeAs(t, file, encoding), importer.Options{})
			rows := cells(t, file, ',')
			wantCounts(t, imp, int64(len(rows)-1), 0, 0, 0, 0)
			b.readBack(imp, rows, b.byUID(0))
		}
	}
}
