package importer

import (
	"strconv"

	"kith/app"
)

// View is an import on the wire, over /v1 and for the dashboard.
func View(imp *app.Import, progress Progress) ([]byte, error) {
	p, err := planOf(imp)
	if err != nil {
		return nil, err
	}
	o, err := OptionsOf(imp)
	if err != nil {
		return nil, err
	}
	s, err := SamplesOf(imp)
	if err != nil {
		return nil, err
	}
	instant := func(at app.Instant) *app.Instant {
		if at == 0 {
			return nil
		}
		return &at
	}
	v := view{
		ID: imp.ID, File: imp.File, Bytes: imp.Bytes, State: imp.State.String(), DryRun: imp.DryRun,
		Rows: imp.Rows, Done: imp.Done, Created: imp.Created, Updated: imp.Updated, Unchanged: imp.Unchanged, Skipped: imp.Skipped, Failed: imp.Failed,
		Duplicates: p.Repeats, Restored: imp.Restored, Removed: imp.Removed, Kept: imp.Kept,
		Encoding: p.Encoding.Value, Delimiter: p.Delimiter.Value, Header: p.Header.Value == "yes", HeaderLine: p.HeaderLine, Match: p.Match.Value,
		Sniffed: map[string]Finding{"encoding": p.Encoding, "delimiter": p.Delimiter, "header": p.Header, "quote": p.Quoted, "match": p.Match},
		Gzip:    p.Gzip, BlankLines: p.BlankLines, Notes: p.Notes, Nulls: p.Nulls, Zone: p.Zone, Read: p.Read, Mode: o.modeName(), Options: o,
		Preview: s.Rows, CreatedAt: imp.CreatedAt, StartedAt: instant(imp.StartedAt), FinishedAt: instant(imp.FinishedAt),
		Phase: progress.Phase, RowsRead: progress.Read, RowsPerSecond: int64(progress.Rate), SecondsLeft: int64(progress.Left.Seconds()),
	}
	if p.Escape.Value != "" {
		v.Sniffed["escape"] = p.Escape
	}
	if o.List != "" {
		status := o.status().String()
		v.List, v.Status = &o.List, &status
	}
	if imp.Error != "" {
		v.Error = &imp.Error
	}
	if v.Notes == nil {
		v.Notes = []string{}
	}
	v.Columns = make([]columnView, len(p.Columns))
	for i, c := range p.Columns {
		v.Columns[i] = columnView{Column: c, Samples: []string{}}
		if c.To != "" {
			v.Columns[i].To = &p.Columns[i].To
		}
		if i < len(s.Columns) && s.Columns[i] != nil {
			v.Columns[i].Samples = s.Columns[i]
		}
	}
	if imp.Failed > 0 {
		path := "/v1/imports/" + imp.ID + "/errors.csv"
		v.Errors = &path
	}
	return encode(v), nil
}

func (o *Options) modeName() string {
	if o.Mode == "" {
		return "upsert"
	}
	return o.Mode
}

type view struct {
	ID            string             `json:"id"`
	File          string             `json:"file"`
	Bytes         int64              `json:"bytes"`
	State         string             `json:"state"`
	DryRun        bool               `json:"dry_run"`
	Rows          int64              `json:"rows"`
	Done          int64              `json:"done"`
	Created       int64              `json:"created"`
	Updated       int64              `json:"updated"`
	Unchanged     int64              `json:"unchanged"`
	Skipped       int64              `json:"skipped"`
	Failed        int64              `json:"failed"`
	Duplicates    int64              `json:"duplicates"`
	Restored      int64              `json:"restored"`
	Removed       int64              `json:"removed"`
	Kept          int64              `json:"kept"`
	Columns       []columnView       `json:"columns"`
	Encoding      string             `json:"encoding"`
	Delimiter     string             `json:"delimiter"`
	Header        bool               `json:"header"`
	HeaderLine    int64              `json:"header_line"` // 0: there is none
	Match         string             `json:"match"`
	Mode          string             `json:"mode"`
	List          *string            `json:"list"`
	Status        *string            `json:"status"` // that they are put on it with
	Sniffed       map[string]Finding `json:"sniffed"`
	Gzip          bool               `json:"gzip"`
	BlankLines    int64              `json:"blank_lines"`
	Notes         []string           `json:"notes"`
	Nulls         string             `json:"nulls"` // what is to be said of words for no value
	Zone          string             `json:"zone"`
	Read          bool               `json:"read"` // whole: the types are those of all rows
	Options       Options            `json:"options"`
	Preview       [][]string         `json:"preview,omitempty"` // the first rows, each behind its line
	Phase         string             `json:"phase"`
	RowsRead      int64              `json:"rows_read"`
	RowsPerSecond int64              `json:"rows_per_second"`
	SecondsLeft   int64              `json:"seconds_left"`
	CreatedAt     app.Instant        `json:"created_at"`
	StartedAt     *app.Instant       `json:"started_at"`
	FinishedAt    *app.Instant       `json:"finished_at"`
	Error         *string            `json:"error"`
	Errors        *string            `json:"errors"` // where the refused rows are
}

type columnView struct {
	Column
	To      *string  `json:"to"` // null: left out
	Samples []string `json:"samples"`
}

// String says how far an import is, for a terminal and a log.
func (c Counts) String() string {
	n := func(n int64) string { return strconv.FormatInt(n, 10) }
	return n(c.Created) + " created, " + n(c.Updated) + " updated, " + n(c.Unchanged) + " unchanged, " + n(c.Skipped) + " passed over, " + n(c.Failed) + " refused"
}

// Counts are the five things that can become of a row.
type Counts app.ImportCounts
