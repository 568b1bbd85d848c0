package importer

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"kith/app"
	"kith/app/ingest"
)

// converter turns the rows of a planned file into what storage writes.
type converter struct {
	plan    *Plan
	zone    *time.Location
	short   bool // rows that lack cells at their end are taken
	columns []target
	names   []string // of the custom attributes, in the order of Values
	key     int      // how many cells a row has
	unnamed bool     // no column is a name: that before an address is one
	arena   []byte
	values  [][]byte
}

// target is a column with everything that converting a cell of it asks for.
type target struct {
	Column
	what   what
	value  int // place among the custom attributes
	order  dateOrder
	number numberStyle
}

type what uint8

const (
	isSkipped what = iota
	isUID
	isFirst
	isLast
	isNumber_
	isMail
	isCreated
	isFull
	isToken
	isPlatform
	isText
	isNumeric
	isBool
	isDate
)

var standardWhat = map[string]what{toUID: isUID, "first_name": isFirst, "last_name": isLast, "number": isNumber_, "email": isMail,
	"created_at": isCreated, toFullName: isFull, toDevice: isToken, toPlatform: isPlatform, "": isSkipped}

func newConverter(p *Plan, o *Options, zone *time.Location) *converter {
	c := &converter{plan: p, zone: zone, short: o.ShortRows == "fill", key: len(p.Columns)}
	c.unnamed = p.column("first_name") < 0 && p.column("last_name") < 0 && p.column(toFullName) < 0
	for _, col := range p.Columns {
		t := target{Column: col, order: parseDateFormat(col.Format), number: numberFormat(col.Format)}
		w, standard := standardWhat[col.To]
		t.what = w
		if !standard {
			t.what = map[string]what{"number": isNumeric, "boolean": isBool, "date": isDate}[col.Type]
			if t.what == isSkipped {
				t.what = isText
			}
			t.value = len(c.names)
			c.names = append(c.names, col.To)
		}
		if t.what == isCreated || t.what == isDate {
			if t.order == dateUnknown {
				t.order = yearFirst
			}
		}
		c.columns = append(c.columns, t)
	}
	return c
}

// fresh begins a batch: what rows were made of before is theirs.
func (c *converter) fresh(rows int) {
	c.arena = make([]byte, 0, rows*256)
	c.values = make([][]byte, 0, rows*len(c.names))
}

// keep copies bytes into the batch's memory.
func (c *converter) keep(b []byte) []byte {
	from := len(c.arena)
	c.arena = append(c.arena, b...)
	return c.arena[from:len(c.arena):len(c.arena)]
}

// quote is keep of a text as JSON.
func (c *converter) quote(s []byte) []byte {
	from := len(c.arena)
	c.arena = app.AppendQuote(c.arena, string(s))
	return c.arena[from:len(c.arena):len(c.arena)]
}

// row converts one row. A row that cannot be taken is one with Refused set.
func (c *converter) row(rec *Record, number int64) app.ImportRow {
	r := app.ImportRow{Number: number, Line: rec.Line, Raw: c.keep(rec.Raw)}
	if rec.Fault != "" {
		r.Refused = rec.Fault
		return r
	}
	if r.Refused = c.shape(rec); r.Refused != "" {
		return r
	}
	from := len(c.values)
	for range c.names {
		c.values = append(c.values, nil)
	}
	r.Values = c.values[from:len(c.values):len(c.values)]
	var device app.Device
	for i := range c.columns {
		t := &c.columns[i]
		if t.what == isSkipped {
			continue
		}
		var cell []byte
		if i < len(rec.Cells) {
			cell = rec.Cells[i]
		}
		if why := c.cell(t, cell, &r, &device); why != "" {
			r.Refused = t.Name + ": " + why
			return r
		}
	}
	if device.Token != "" {
		if device.Platform != "ios" && device.Platform != "android" {
			r.Refused = fmt.Sprintf(`a device token needs a platform, "ios" or "android", not %q`, device.Platform)
			return r
		}
		r.Device = &device
	}
	r.Refused = c.identity(&r)
	return r
}

// shape holds a row against the header.
func (c *converter) shape(rec *Record) string {
	n := len(rec.Cells)
	if n < c.key && !c.short {
		return fmt.Sprintf("it has %s where the header has %d", cells(n), c.key)
	}
	for i := c.key; i < n; i++ {
		if len(bytes.TrimSpace(rec.Cells[i])) > 0 {
			return fmt.Sprintf("it has %s where the header has %d", cells(n), c.key)
		}
	}
	return ""
}

func cells(n int) string {
	if n == 1 {
		return "1 cell"
	}
	return strconv.Itoa(n) + " cells"
}

// identity holds that a row says whom it is about.
func (c *converter) identity(r *app.ImportRow) string {
	p := c.plan
	has := func(by string) bool {
		return by == "email" && r.Profile.Email.Value != nil || by == "number" && r.Profile.Number.Value != nil
	}
	switch {
	case r.UID != "" || p.Match.Value == "none":
	case p.Match.Value == toUID:
		if p.Second == "" || !has(p.Second) {
			return "the id is blank"
		}
	case !has(p.Match.Value):
		return map[string]string{"email": "the e-mail that finds the customer is blank", "number": "the number that finds the customer is blank"}[p.Match.Value]
	}
	return ""
}

// cell converts one cell and returns why it cannot be taken, "" if it can.
func (c *converter) cell(t *target, cell []byte, r *app.ImportRow, device *app.Device) string {
	trimmed := bytes.TrimSpace(cell)
	if t.Wrapped {
		cell, _ = unwrap(trimmed)
		trimmed = bytes.TrimSpace(cell)
	}
	if len(trimmed) == 0 || c.plan.NullsBlank && isNull(trimmed) {
		c.blank(t, r)
		return ""
	}
	if len(cell) > app.MaxTextValue {
		return fmt.Sprintf("it has %d bytes; one value can have %d", len(cell), app.MaxTextValue)
	}
	if !utf8.Valid(cell) {
		return "it is not valid " + c.plan.Encoding.Value
	}
	switch t.what {
	case isUID:
		uid, err := ingest.UID("id", string(cell)) // as it is, as over the API
		if err != nil {
			return app.Public(err).Message
		}
		r.UID = uid
	case isFirst:
		r.Profile.FirstName = app.FieldOf(string(cell))
	case isLast:
		r.Profile.LastName = app.FieldOf(string(cell))
	case isFull:
		fullName(string(trimmed), r)
	case isMail:
		if all := severalEmails(trimmed); all != nil {
			if t.Format != takeFirst {
				return fmt.Sprintf("%q holds %d addresses, and a customer has one: leave one in the cell, or have the first taken (format: first)", shorten(string(trimmed)), len(all))
			}
			trimmed = all[0]
		}
		if c.unnamed {
			if name := emailName(trimmed); name != "" {
				fullName(name, r)
			}
		}
		return contact(t.what, string(bareEmail(trimmed)), r)
	case isNumber_:
		return contact(t.what, string(trimmed), r)
	case isCreated:
		_, at, ok := readDate(trimmed, t.order, c.zone)
		if !ok {
			return t.noDate(trimmed)
		}
		r.Profile.CreatedAt = &at
	case isToken:
		if len(trimmed) > app.MaxToken {
			return fmt.Sprintf("it has %d bytes; a token can have %d", len(trimmed), app.MaxToken)
		}
		device.Token = string(trimmed)
	case isPlatform:
		device.Platform = strings.ToLower(string(trimmed))
	default:
		return c.custom(t, cell, trimmed, r)
	}
	return ""
}

// noDate says why a cell is not taken for a date.
func (t *target) noDate(cell []byte) string {
	if t.Format == "" {
		return fmt.Sprintf("%q can be read two ways, day first or month first", shorten(string(cell)))
	}
	return fmt.Sprintf("%q is not a date written %s", shorten(string(cell)), t.Format)
}

// blank leaves an attribute as it is, or takes it away where that was asked for.
func (c *converter) blank(t *target, r *app.ImportRow) {
	if !t.Clear {
		return
	}
	gone := app.Field{Given: true}
	switch t.what {
	case isFirst:
		r.Profile.FirstName = gone
	case isLast:
		r.Profile.LastName = gone
	case isFull:
		r.Profile.FirstName, r.Profile.LastName = gone, gone
	case isMail:
		r.Profile.Email = gone
	case isNumber_:
		r.Profile.Number = gone
	case isText, isNumeric, isBool, isDate:
		r.Values[t.value] = []byte{}
	}
}

func contact(w what, s string, r *app.ImportRow) string {
	check, into := app.CheckEmail, &r.Profile.Email
	if w == isNumber_ {
		check, into = app.CheckNumber, &r.Profile.Number
	}
	good, err := check(s)
	if err != nil {
		return err.Error()
	}
	*into = app.FieldOf(good)
	return ""
}

// fullName splits a name into the two that a customer has.
func fullName(name string, r *app.ImportRow) {
	first, last := splitName(name)
	r.Profile.FirstName = app.FieldOf(first)
	if last != "" {
		r.Profile.LastName = app.FieldOf(last)
	}
}

// splitName takes the last word of a name as the last name, or what stands before a comma.
func splitName(name string) (first, last string) {
	if before, after, ok := strings.Cut(name, ","); ok && strings.TrimSpace(after) != "" {
		return strings.TrimSpace(after), strings.TrimSpace(before)
	}
	i := strings.LastIndexByte(name, ' ')
	if i < 0 {
		return name, ""
	}
	return strings.TrimSpace(name[:i]), name[i+1:]
}

// custom converts a cell of a custom attribute by its column's type.
func (c *converter) custom(t *target, cell, trimmed []byte, r *app.ImportRow) string {
	switch t.what {
	case isNumeric:
		if t.number == plainNumber && isNumber(trimmed) {
			r.Values[t.value] = c.keep(trimmed)
			return ""
		}
		text, ok := readNumber(trimmed, t.number)
		if !ok {
			return fmt.Sprintf("%q is not a number", shorten(string(trimmed)))
		}
		r.Values[t.value] = c.keep([]byte(text))
	case isBool:
		if !isBoolean(trimmed) {
			return fmt.Sprintf("%q is neither true nor false", shorten(string(trimmed)))
		}
		r.Values[t.value] = c.keep(bytes.ToLower(trimmed))
	case isDate:
		text, _, ok := readDate(trimmed, t.order, c.zone)
		if !ok {
			return t.noDate(trimmed)
		}
		r.Values[t.value] = c.quote([]byte(text))
	default:
		r.Values[t.value] = c.quote(cell)
	}
	return ""
}
