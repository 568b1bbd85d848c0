package importer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"kith/app"
)

// The columns that a report puts before those of the file. A report can be mended and
// imported again: these two are left out then.
const (
	reportLine   = "kith_line"
	reportReason = "kith_reason"
)

// Report writes the rows that an import refused, as they came, each behind its line and
// the reason, under the file's own header.
func (r *Runner) Report(ctx context.Context, imp *app.Import, w io.Writer) error {
	p, err := planOf(imp)
	if err != nil {
		return err
	}
	dialect := p.dialect()
	d := string(rune(dialect.Delimiter))
	out := bufio.NewWriter(w)
	put := func(cells ...string) {
		for i, c := range cells {
			if i > 0 {
				_, _ = out.WriteString(d)
			}
			_, _ = out.WriteString(reportCell(c, dialect))
		}
	}
	put(reportLine, reportReason)
	for _, c := range p.Columns {
		_, _ = out.WriteString(d)
		put(c.Name)
	}
	_, _ = out.WriteString("\r\n")
	err = r.store.EachRefusal(ctx, imp.Row, func(f app.ImportRefusal) error {
		put(strconv.FormatInt(f.Line, 10), f.Reason)
		_, _ = out.WriteString(d)
		_, _ = out.WriteString(f.Raw)
		_, err := out.WriteString("\r\n")
		return err
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// Refusal is one row that an import did not take, for people and programs to read.
type Refusal struct {
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
	Row    string `json:"row"` // as it came, or its beginning
}

var errEnough = errors.New("enough")

// Refusals returns the first rows that an import refused, up to limit.
func (r *Runner) Refusals(ctx context.Context, imp *app.Import, limit int) ([]Refusal, error) {
	out := []Refusal{}
	err := r.store.EachRefusal(ctx, imp.Row, func(f app.ImportRefusal) error {
		row := f.Raw
		if len(row) > 4*sampleLength {
			row = row[:4*sampleLength] + "…"
		}
		out = append(out, Refusal{Line: f.Line, Reason: f.Reason, Row: strings.ToValidUTF8(row, "\ufffd")})
		if len(out) == limit {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// reportCell writes a cell as the file itself would. Under a quote that few files have all
// are quoted, so that the report is known by it.
func reportCell(s string, dialect Dialect) string {
	q, delimiter := string(rune(dialect.Quote)), string(rune(dialect.Delimiter))
	if dialect.Escape != 0 {
		s = strings.ReplaceAll(s, `\`, `\\`)
	}
	switch {
	case dialect.Quote == 0:
		return strings.NewReplacer(delimiter, " ", "\r", " ", "\n", " ").Replace(s)
	case dialect.Quote == '"' && dialect.Escape == 0 && !strings.ContainsAny(s, "\"\r\n"+delimiter):
		return s
	}
	return q + strings.ReplaceAll(s, q, q+q) + q
}
