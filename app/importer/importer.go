// Package importer takes a file of customers as it is, says what it found in it and
// why, and turns its rows into what storage writes: sniff (what the bytes are), decode
// (to UTF-8), parse (into cells), survey (the types of whole columns), plan (which column
// means what), convert (a row into an [app.ImportRow]), job (running it all).
//
// It never writes about customers itself, and it makes no events: Engage's direct import
// brings attributes only.
//
// The invariant: every row of a file is accounted for. It is written, found to change
// nothing, passed over because the mode says so, or refused with its line and a reason,
// and kept for the report; whatever the size of the file, a bounded part of it is in memory.
package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"kith/app"
)

// Limits.
const (
	// MaxBytes bounds a file, and what a packed one unpacks to: some 40 million rows.
	MaxBytes = 4 << 30
	// maxRecord bounds one row. It is that of a profile over the API; a longer one is a quote
	// that was never closed.
	maxRecord = app.MaxBody
	// maxColumns is what a customer can have, and the standard attributes.
	maxColumns = app.MaxAttributes + 24
	// MaxFileName bounds the name that a file is kept under.
	MaxFileName = 255
)

// Options are what was asked of an import; what is not asked is found out. Their JSON is
// what is stored, so names stay.
type Options struct {
	// ID names the column of the customer's id, by its header, or by its place as "#3".
	ID string `json:"id,omitempty"`
	// Match says how a customer is found without an id: "email", "number", or "none", when
	// every row makes a customer of its own.
	Match string `json:"match,omitempty"`
	// Map says what columns become, by header or place; nil leaves a column out.
	Map map[string]*Target `json:"map,omitempty"`
	// List is a list that every customer of the file is put on.
	List string `json:"list,omitempty"`
	// Status is how they are put on it: "subscribed", "unsubscribed" or "pending". Who has
	// unsubscribed from it stays so; see [app.SubscriptionStatus.Outranks].
	Status string `json:"status,omitempty"`
	// Mode is "upsert", "create" or "update".
	Mode      string `json:"mode,omitempty"`
	DryRun    bool   `json:"dry_run,omitempty"`
	Delimiter string `json:"delimiter,omitempty"`
	Quote     string `json:"quote,omitempty"` // "double", "single", "none", or a character
	// Escape is "doubled", when a quote inside a quoted cell is written twice, or "backslash".
	Escape   string `json:"escape,omitempty"`
	Encoding string `json:"encoding,omitempty"`
	// Header is "yes" or "no", or the number of the line that names the columns.
	Header string `json:"header,omitempty"`
	// ShortRows is "refuse", or "fill": cells that a row lacks at its end are blank.
	ShortRows string `json:"short_rows,omitempty"`
	// Blank is "keep", or "clear": a blank cell takes the attribute away.
	Blank string `json:"blank,omitempty"`
	// Nulls is "word", or "blank": NULL, \N, N/A and the like are no value.
	Nulls string `json:"nulls,omitempty"`
}

// Target is what a column becomes.
type Target struct {
	// To is "uid", a standard attribute, "full_name" (split into first and last name), or the
	// name of a custom one; "" leaves that as found.
	To string `json:"to,omitempty"`
	// Type is "text", "number", "boolean" or "date"; "" leaves that as found.
	Type string `json:"type,omitempty"`
	// Format is that of dates ("DD/MM/YYYY", "unix", "excel") or numbers ("1,234.56" or "1.234,56");
	// "first" takes the first of several e-mails in a cell, whose rows are refused otherwise.
	Format string `json:"format,omitempty"`
	Blank  string `json:"blank,omitempty"`
}

// UnmarshalJSON takes a bare text as To.
func (t *Target) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &t.To)
	}
	type plain Target
	return json.Unmarshal(raw, (*plain)(t))
}

// ParseMap reads the map of a request.
func ParseMap(text string) (map[string]*Target, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var m map[string]*Target
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, app.Invalid("map", `must be JSON such as {"Signup Date":{"to":"created_at","type":"date","format":"MM/DD/YYYY"},"Internal":null}: %v`, err)
	}
	return m, nil
}

// check holds that the options say something that there is.
func (o *Options) check() error {
	for _, c := range []struct {
		field, value string
		allowed      []string
	}{
		{"match", o.Match, []string{"email", "number", "none"}},
		{"mode", o.Mode, []string{"upsert", "create", "update"}},
		{"status", o.Status, []string{"subscribed", "unsubscribed", "pending"}},
		{"escape", o.Escape, []string{escapeDoubled, escapeBackslash}},
		{"short_rows", o.ShortRows, []string{"refuse", "fill"}},
		{"blank", o.Blank, []string{"keep", "clear"}},
		{"nulls", o.Nulls, []string{"word", "blank"}},
	} {
		if err := oneOf(c.field, c.value, c.allowed); err != nil {
			return err
		}
	}
	if o.Status != "" && o.List == "" {
		return app.Invalid("status", "says how customers are put on a list: say which one with list")
	}
	if n, err := strconv.ParseInt(o.Header, 10, 64); (err != nil || n < 1) && o.Header != "" && o.Header != "yes" && o.Header != "no" {
		return app.Invalid("header", "must be yes, no, or the number of the line that names the columns, not %q", o.Header)
	}
	for header, t := range o.Map {
		if t == nil {
			continue
		}
		if err := oneOf("map", t.Type, []string{"text", "number", "boolean", "date"}); err != nil {
			return err
		}
		if err := oneOf("map", t.Blank, []string{"keep", "clear"}); err != nil {
			return err
		}
		if t.Format == takeFirst && (t.To != "" && t.To != "email" || t.Type != "" && t.Type != "text") {
			return app.Invalid("map", "the format %q of %q is for columns that become the e-mail", takeFirst, header)
		}
		if t.Format != "" && t.Format != takeFirst && parseDateFormat(t.Format) == dateUnknown && numberFormat(t.Format) == plainNumber {
			return app.Invalid("map", `the format of %q must be of dates, such as "DD/MM/YYYY", "YYYYMMDD", "unix" or "excel", of numbers: "1,234.56" or "1.234,56", or "first" of several e-mails; not %q`, header, t.Format)
		}
	}
	return nil
}

func oneOf(field, value string, allowed []string) error {
	if value == "" {
		return nil
	}
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return app.Invalid(field, "must be one of %s, not %q", strings.Join(allowed, ", "), value)
}

func (o *Options) mode() app.Mode {
	switch o.Mode {
	case "create":
		return app.CreateOnly
	case "update":
		return app.UpdateOnly
	}
	return app.Upsert
}

// status is how customers are put on the list.
func (o *Options) status() app.SubscriptionStatus {
	if s, known := app.SubscriptionStatusOf(o.Status); known {
		return s
	}
	return app.Subscribed
}

// encode makes JSON of one of our own values; it cannot fail.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("importer: encode: %v", err))
	}
	return b
}

// Store is what an import needs of storage.
type Store interface {
	CreateImport(ctx context.Context, imp *app.Import) error
	ChangeImport(ctx context.Context, row int64, fn func(imp *app.Import, now app.Instant) error) (*app.Import, error)
	ActOnImport(ctx context.Context, row int64, action string, fn func(imp *app.Import, now app.Instant) error) (*app.Import, error)
	FindImport(ctx context.Context, id string) (*app.Import, error)
	ImportRow(ctx context.Context, row int64) (*app.Import, error)
	OpenImports(ctx context.Context) ([]int64, error)
	ImportRows(ctx context.Context, b *app.ImportBatch) (int, app.ImportState, error)
	UndoImport(ctx context.Context, row int64) (finished bool, err error)
	MatchImport(ctx context.Context, rows []app.ImportRow, lists bool) ([]*app.Customer, [][]*app.Customer, error)
	Imports(ctx context.Context, before int64, limit int) ([]app.Import, bool, error)
	RefuseRows(ctx context.Context, row int64, rows []app.ImportRow) error
	DropRefusals(ctx context.Context, row int64, numbers []int64) error
	ForgetRefusals(ctx context.Context, row int64) error
	EachRefusal(ctx context.Context, row int64, f func(app.ImportRefusal) error) error
	FindList(ctx context.Context, id string) (*app.List, error)
	Attributes(ctx context.Context) ([]app.AttributeStat, error)
	Folder() string
}
