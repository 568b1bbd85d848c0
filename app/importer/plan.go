package importer

import (
	"bytes"
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
	Quote     string  `json:"quote"`
	Header    Finding `json:"header"` // yes or no
	Gzip      bool    `json:"gzip,omitempty"`
	// Match says what finds a customer: "uid", "email", "number" or "none"; a file with an id
	// may name a second one for rows that have none.
	Match   Finding  `json:"match"`
	Second  string   `json:"second,omitempty"`
	Columns []Column `json:"columns"`
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
	Filled int64  `json:"filled"`
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
	Why    string `json:"why"`
}

func (p *Plan) dialect() Dialect {
	d := Dialect{Delimiter: ','}
	if b, err := delimiterOf(p.Delimiter.Value); err == nil {
		d.Delimiter = b
	}
	if p.Quote != "" {
		d.Quote = p.Quote[0]
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

// newPlan sniffs a file: everything but the types of its columns, for which it must be
// read whole. known are the attributes that there are.
func newPlan(f *facts, o *Options, known []app.AttributeStat) (*Plan, error) {
	if o.Encoding == "" || f.nul >= 0 {
		if err := f.refuse(); err != nil {
			return nil, err
		}
	}
	p := &Plan{Gzip: f.packed}
	var err error
	if p.Encoding, err = f.encoding(o.Encoding); err != nil {
		return nil, err
	}
	head, err := decodeHead(f, p.Encoding.Value)
	if err != nil {
		return nil, err
	}
	whole := int64(len(f.head)) >= f.size
	d, found, err := findDialect(head, whole, o)
	if err != nil {
		return nil, err
	}
	p.Delimiter = found
	if d.Quote != 0 {
		p.Quote = string(rune(d.Quote))
	}
	first, err := firstRow(head, d)
	if err != nil {
		return nil, err
	}
	switch o.Header {
	case "":
		has, why := looksLikeHeader(first)
		p.Header = Finding{Value: map[bool]string{true: "yes", false: "no"}[has], Why: why}
	default:
		p.Header = Finding{Value: o.Header, Why: "it was asked for", Told: true}
	}
	if len(first) > maxColumns {
		return nil, app.Invalid("file", "The first line has %d columns; a customer can have %d attributes.", len(first), app.MaxAttributes)
	}
	for _, name := range headersOf(first, p.Header.Value == "yes", len(first)) {
		p.Columns = append(p.Columns, Column{Name: name, Type: "text"})
	}
	if err := p.assign(o, known); err != nil {
		return nil, err
	}
	return p, p.findBy(o)
}

// firstRow is the first row with anything on it.
func firstRow(head []byte, d Dialect) ([][]byte, error) {
	r := NewReader(bytes.NewReader(head), d)
	for {
		rec, err := r.Next()
		if err != nil {
			return nil, app.Invalid("file", "The file has no row that can be read.")
		}
		if rec.Fault == erasedRow {
			continue
		}
		if rec.Fault != "" {
			return nil, app.Invalid("file", "The first line cannot be read: %s.", rec.Fault)
		}
		if rec.Blank {
			continue
		}
		cells := make([][]byte, len(rec.Cells))
		for i, c := range rec.Cells {
			cells[i] = bytes.Clone(c)
		}
		return cells, nil
	}
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
