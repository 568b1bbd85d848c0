package importer

import (
	"fmt"
	"strconv"
	"strings"

	"kith/app"
)

// Plan is what was found in a file and decided about it. Its JSON is stored with the
// import, so names stay.
type Plan struct {
	Encoding  Finding `json:"encoding"`
	Delimiter Finding `json:"delimiter"`
	Quoted    Finding `json:"quoted"` // double, single, none, or the character
	Quote     string  `json:"quote"`
	Escape    Finding `json:"escape"` // doubled or backslash; older imports have none
	Header    Finding `json:"header"` // yes or no
	// Above is how many rows stand above the header, or the data: a title, or sep=; for a
	// spreadsheet. HeaderLine is the line that the header begins on, 0 for none.
	Above      int   `json:"above,omitempty"`
	HeaderLine int64 `json:"header_line,omitempty"`
	Gzip       bool  `json:"gzip,omitempty"`
	// Match says what finds a customer: "uid", "email", "number" or "none"; a file with an id
	// may name a second one for rows that have none.
	Match   Finding  `json:"match"`
	Second  string   `json:"second,omitempty"`
	Columns []Column `json:"columns"`
	// NullsBlank: NULL and the like are blank cells.
	NullsBlank bool `json:"nulls_blank,omitempty"`
	// Nulls says how many there are, "" for none.
	Nulls string `json:"nulls,omitempty"`
	// Read: the whole file was read, and the types and counts are those of all its rows.
	Read       bool  `json:"read"`
	Rows       int64 `json:"rows"`
	BlankLines int64 `json:"blank_lines,omitempty"`
	// Repeats are rows whose customer an earlier row of the file had already: the last one wins.
	Repeats int64    `json:"repeats,omitempty"`
	Notes   []string `json:"notes,omitempty"`
	// Zone is what times that name none were read in.
	Zone string `json:"zone"`
}

// Column is one column of a file.
type Column struct {
	Name string `json:"name"`
	// To is what it becomes; "" leaves it out.
	To     string `json:"to"`
	Type   string `json:"type"`
	Format string `json:"format,omitempty"`
	Clear  bool   `json:"clear,omitempty"` // a blank cell takes the attribute away
	// Wrapped: every cell is written ="…", as for spreadsheets, and what is inside is taken.
	Wrapped bool  `json:"wrapped,omitempty"`
	Filled  int64 `json:"filled"`
	// Why says how the type was found, Doubt, if not "", what a person should decide.
	Why   string `json:"why,omitempty"`
	Doubt string `json:"doubt,omitempty"`
	// Offers are other ways to read the column.
	Offers []Offer `json:"offers,omitempty"`
	// Told: a person said what it becomes, TypeTold: how it is read.
	Told     bool `json:"told,omitempty"`
	TypeTold bool `json:"type_told,omitempty"`
}

// Offer is another way to read a column.
type Offer struct {
	Type   string `json:"type"`
	Format string `json:"format,omitempty"`
	// To, if not "", is what the column becomes then.
	To  string `json:"to,omitempty"`
	Why string `json:"why"`
}

func (p *Plan) dialect() Dialect {
	d := Dialect{Delimiter: ','}
	if b, err := delimiterOf(p.Delimiter.Value); err == nil {
		d.Delimiter = b
	}
	if p.Quote != "" {
		d.Quote = p.Quote[0]
	}
	if p.Escape.Value == escapeBackslash {
		d.Escape = '\\'
	}
	return d
}

// stored is the plan as it is kept: without what quotes cells of the file, see said.
func (p *Plan) stored() []byte {
	copied := *p
	copied.Columns = append([]Column(nil), p.Columns...)
	for i := range copied.Columns {
		c := &copied.Columns[i]
		c.Why, c.Doubt, c.Offers = "", "", nil
	}
	return encode(copied)
}

// column returns the place of the column that becomes to, -1 if none does.
func (p *Plan) column(to string) int {
	for i := range p.Columns {
		if p.Columns[i].To == to {
			return i
		}
	}
	return -1
}

// keyColumn is the place of the column that finds customers, -1 if none does: an attribute
// may well be called "none".
func (p *Plan) keyColumn() int {
	if p.Match.Value == "none" {
		return -1
	}
	return p.column(p.Match.Value)
}

// newPlan sniffs a file: everything but the types of its columns, for which it must be
// read whole. known are the attributes that there are.
func newPlan(f *facts, o *Options, known []app.AttributeStat) (*Plan, error) {
	if o.Encoding == "" || f.nul >= 0 {
		if err := f.refuse(); err != nil {
			return nil, err
		}
	}
	p := &Plan{Gzip: f.packed, NullsBlank: o.Nulls == "blank"}
	var err error
	if p.Encoding, err = f.encoding(o.Encoding); err != nil {
		return nil, err
	}
	head, err := decodeHead(f, p.Encoding.Value)
	if err != nil {
		return nil, err
	}
	whole := int64(len(f.head)) >= f.size
	said, head := saidDelimiter(head)
	d, err := p.findDialect(head, whole, said, o)
	if err != nil {
		return nil, err
	}
	rows := top(head, d, whole)
	if len(rows) == 0 {
		return nil, app.Invalid("", "The file has no row that can be read.")
	}
	if said != 0 {
		p.Above = 1
		for i := range rows {
			rows[i].Line++
		}
	}
	at, err := p.findHeader(rows, o.Header)
	if err != nil {
		return nil, err
	}
	if rows[at].Fault != "" {
		return nil, app.Invalid("", "The first line cannot be read: %s.", rows[at].Fault)
	}
	first := rows[at].Cells
	if len(first) > maxColumns {
		return nil, app.Invalid("", "The first line has %d columns; a customer can have %d attributes.", len(first), app.MaxAttributes)
	}
	for _, name := range headersOf(first, p.Header.Value == "yes", len(first)) {
		p.Columns = append(p.Columns, Column{Name: name, Type: "text"})
	}
	p.Above += at
	if p.Header.Value == "yes" {
		p.HeaderLine = rows[at].Line
		rows = rows[1:]
	}
	if err := p.assign(o, known); err != nil {
		return nil, err
	}
	p.byContent(o, rows[at:])
	return p, p.findBy(o)
}

// find returns the place of a column by its header, or by its place as "#3".
func (p *Plan) find(name string) int {
	for i := range p.Columns {
		if p.Columns[i].Name == name {
			return i
		}
	}
	for i := range p.Columns {
		if strings.EqualFold(p.Columns[i].Name, strings.TrimSpace(name)) {
			return i
		}
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "#")); err == nil && strings.HasPrefix(name, "#") && n >= 1 && n <= len(p.Columns) {
		return n - 1
	}
	return -1
}

func (p *Plan) mustFind(field, name string) (int, error) {
	i := p.find(name)
	if i < 0 {
		var names []string
		for _, c := range p.Columns {
			names = append(names, strconv.Quote(c.Name))
		}
		if len(names) > 12 {
			names = append(names[:12], fmt.Sprintf("and %d more", len(p.Columns)-12))
		}
		return 0, app.Invalid(field, "there is no column %q; there are %s", name, strings.Join(names, ", "))
	}
	return i, nil
}

// assign says what each column becomes: first what was asked, then what headers mean.
func (p *Plan) assign(o *Options, known []app.AttributeStat) error {
	taken := map[string]int{}
	take := func(i int, to string) {
		p.Columns[i].To = to
		taken[to] = i
	}
	decided := make([]bool, len(p.Columns))
	for name, t := range o.Map {
		i, err := p.mustFind("map", name)
		if err != nil {
			return err
		}
		c := &p.Columns[i]
		if t == nil {
			decided[i], c.Told = true, true
			continue
		}
		c.Clear = t.Blank == "clear" || t.Blank == "" && o.Blank == "clear"
		if t.Type != "" || t.Format != "" {
			c.TypeTold = true
			if c.Type, c.Format = t.Type, t.Format; c.Type == "" {
				c.Type = "date"
				if numberFormat(t.Format) != plainNumber {
					c.Type = "number"
				}
				if t.Format == takeFirst {
					c.Type = "text"
				}
			}
		}
		if t.To == "" {
			continue
		}
		if err := checkTarget(t.To); err != nil {
			return err
		}
		if other, has := taken[t.To]; has {
			return app.Invalid("map", "the columns %q and %q cannot both become %q", p.Columns[other].Name, name, t.To)
		}
		take(i, t.To)
		decided[i], c.Told = true, true
	}
	if o.ID != "" {
		i, err := p.mustFind("id", o.ID)
		if err != nil {
			return err
		}
		if other, has := taken[toUID]; has && other != i {
			return app.Invalid("id", "the map makes %q the id", p.Columns[other].Name)
		}
		take(i, toUID)
		decided[i] = true
	}
	if _, has := taken[toUID]; !has && o.ID == "" && o.Match == "" {
		best, rank := -1, 1000
		for i := range p.Columns {
			if r := idRank(p.Columns[i].Name); r > 0 && r < rank && !decided[i] {
				best, rank = i, r
			}
		}
		if best >= 0 {
			take(best, toUID)
			decided[best] = true
		}
	}
	p.assignByName(o, known, taken, decided)
	return nil
}

// assignByName gives the columns that nobody decided the attribute that their header means.
func (p *Plan) assignByName(o *Options, known []app.AttributeStat, taken map[string]int, decided []bool) {
	existing := map[string]string{}
	for _, a := range known {
		if !a.Standard && a.Customers() > 0 {
			existing[normHeader(a.Name)] = a.Name
		}
	}
	names := map[string]bool{}
	for i := range p.Columns {
		names[headerNames[normHeader(p.Columns[i].Name)]] = true
	}
	for i := range p.Columns {
		c := &p.Columns[i]
		if o.Blank == "clear" && (o.Map[c.Name] == nil || o.Map[c.Name].Blank == "") {
			c.Clear = true
		}
		if decided[i] {
			continue
		}
		if c.Name == reportLine || c.Name == reportReason { // of our own report, mended and sent again
			continue
		}
		to := headerNames[normHeader(c.Name)]
		_, has := taken[to]
		switch {
		case to == "" || has || to == toUID || to == toDevice || to == toPlatform:
			to = ""
		case to == toFullName && (names["first_name"] || names["last_name"]):
			to = ""
		}
		if to == "" {
			to = c.Name
			if have := existing[normHeader(c.Name)]; have != "" && o.Map[c.Name] == nil {
				to = have
			}
			to = freeName(to, taken)
		}
		c.To = to
		taken[to] = i
	}
}

// freeName is a name for a custom attribute that nothing else has.
func freeName(name string, taken map[string]int) string {
	base := name
	for n := 2; ; n++ {
		if _, has := taken[name]; !has && !isStandard(name) && !reserved[name] {
			return name
		}
		name = base + "_" + strconv.Itoa(n)
	}
}

func checkTarget(to string) error {
	switch {
	case to == toUID || to == toFullName || to == toDevice || to == toPlatform || isStandard(to):
		return nil
	case strings.TrimSpace(to) == "" || len([]rune(to)) > app.MaxName:
		return app.Invalid("map", "the name of an attribute has 1 to %d characters", app.MaxName)
	case to == "id":
		return app.Invalid("map", `a customer's id is called "uid" here`)
	case reserved[to]:
		return app.Invalid("map", "%q is not an attribute that can be written", to)
	}
	return nil
}

// findBy decides what finds the customers.
func (p *Plan) findBy(o *Options) error {
	uid := p.column(toUID)
	if o.Match == "email" || o.Match == "number" {
		if p.column(o.Match) < 0 {
			return app.Invalid("match", "no column becomes %q; say which one with map", o.Match)
		}
	}
	switch {
	case uid >= 0:
		p.Match = Finding{Value: toUID, Why: fmt.Sprintf("%q is the id", p.Columns[uid].Name), Told: o.ID != ""}
		p.Second = strings.TrimSuffix(o.Match, "none")
	case o.Match != "":
		p.Match = Finding{Value: o.Match, Why: "it was asked for", Told: true}
	case p.column("email") >= 0:
		p.Match = Finding{Value: "email", Why: fmt.Sprintf("no column looks like an id, and %q holds addresses", p.Columns[p.column("email")].Name)}
	case p.column("number") >= 0:
		p.Match = Finding{Value: "number", Why: fmt.Sprintf("no column looks like an id, and %q holds numbers", p.Columns[p.column("number")].Name)}
	default:
		p.Match = Finding{Value: "none", Why: "no column looks like an id, an address or a number: every row makes a new customer, also when the file is imported again"}
	}
	return nil
}
