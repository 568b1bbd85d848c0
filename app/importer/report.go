package importer

import (
	"bufio"
	"context"
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
	d, quote := string(rune(p.dialect().Delimiter)), p.dialect().Quote
	out := bufio.NewWriter(w)
	put := func(cells ...string) {
		for i, c := range cells {
			if i > 0 {
				_, _ = out.WriteString(d)
			}
			_, _ = out.WriteString(reportCell(c, d, quote))
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

// reportCell writes a cell as the file itself would. Under a quote that few files have all
// are quoted, so that the report is known by it.
func reportCell(s, delimiter string, quote byte) string {
	q := string(rune(quote))
	switch {
	case quote == 0:
		return strings.NewReplacer(delimiter, " ", "\r", " ", "\n", " ").Replace(s)
	case quote == '"' && !strings.ContainsAny(s, "\"\r\n"+delimiter):
		return s
	}
	return q + strings.ReplaceAll(s, q, q+q) + q
}
