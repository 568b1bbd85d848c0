package api_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"kith/app/apitest"
	"kith/app/importer"

	"pgregory.net/rapid"
)

// writeTable writes rows as a file: with a delimiter, line ends and an encoding, and with
// quotes where they must be, or around everything.
func writeTable(rows [][]string, delimiter byte, end, encoding string, quoteAll bool) []byte {
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteByte(delimiter)
			}
			if quoteAll || strings.ContainsAny(cell, string(rune(delimiter))+"\"\r\n") {
				cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			}
			b.WriteString(cell)
		}
		b.WriteString(end)
	}
	wide := func(order binary.AppendByteOrder) []byte {
		var out []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + b.String())) {
			out = order.AppendUint16(out, u)
		}
		return out
	}
	switch encoding {
	case "UTF-8 with a mark":
		return []byte("\ufeff" + b.String())
	case "UTF-16LE":
		return wide(binary.LittleEndian)
	case "UTF-16BE":
		return wide(binary.BigEndian)
	}
	return []byte(b.String())
}

// A table that goes out as a file and comes in again is the same table, whatever stands
// in its cells.
func TestImports_aTableComesBackFromTheExportAsItWas(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	n := 0
	characters := rapid.RuneFrom([]rune("aZ0 ,;|\t\"'\r\n=+-@é\u00a0漢😎\u202e\x01\\{}[]#"), unicode.Letter, unicode.Digit)
	cell := rapid.StringOfN(characters, 0, 12, 200).Filter(func(v string) bool { return !strings.ContainsAny(v, "\x00\ufffd") })
	rapid.Check(t, func(rt *rapid.T) {
		n++
		columns := rapid.IntRange(1, 5).Draw(rt, "columns")
		header := []string{"uid"}
		wants := map[string]any{}
		for i := range columns {
			name := fmt.Sprintf("column %d of %d", i, n)
			header = append(header, name)
			wants[name] = map[string]string{"type": "text"}
		}
		table := [][]string{header}
		for i := range rapid.IntRange(1, 12).Draw(rt, "rows") {
			row := []string{fmt.Sprintf("r%d-%d.", n, i) + strings.TrimSpace(cell.Draw(rt, "uid"))}
			for range columns {
				v := cell.Draw(rt, "cell")
				if strings.TrimSpace(v) == "" {
					v = ""
				}
				row = append(row, v)
			}
			table = append(table, row)
		}
		delimiter := rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(rt, "delimiter")
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(rt, "end")
		encoding := rapid.SampledFrom([]string{"UTF-8", "UTF-8 with a mark", "UTF-16LE", "UTF-16BE"}).Draw(rt, "encoding")
		file := writeTable(table, delimiter[0], end, encoding, rapid.Bool().Draw(rt, "quotes everywhere"))
		asText, _ := json.Marshal(wants)
		query := url.Values{"delimiter": {delimiter}, "header": {"yes"}, "map": {string(asText)}}
		got := importEnded(t, s, sendFile(t, s, "?"+query.Encode(), string(file), http.Header{"Content-Type": {"text/csv"}}))
		wantMembers(t, got, map[string]string{"state": `"done"`, "created": fmt.Sprint(len(table) - 1), "failed": "0"})

		back := exported(t, s, fmt.Sprintf("r%d-", n), header)
		for i, row := range table[1:] {
			if fmt.Sprint(back[row[0]]) != fmt.Sprint(row) {
				rt.Fatalf("row %d came back as %q, and went as %q in %q", i, back[row[0]], row, file)
			}
		}
	})
}

// exported reads the export's rows whose id begins with a prefix, by id, with some of its columns.
func exported(t *testing.T, s *apitest.Server, prefix string, columns []string) map[string][]string {
	t.Helper()
	text := s.Do(t, "GET", "/v1/export/customers?format=csv&raw=true", "", 200)
	r := importer.NewReader(bytes.NewReader(text), importer.Dialect{Delimiter: ',', Quote: '"'})
	var at []int
	out := map[string][]string{}
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil || rec.Fault != "" {
			t.Fatalf("the export cannot be read: %v %s", err, rec.Fault)
		}
		if at == nil {
			for k, want := range columns { // a column of blanks is no attribute, and has none
				at = append(at, -1)
				for i, c := range rec.Cells {
					if string(c) == want {
						at[k] = i
					}
				}
			}
			continue
		}
		if !bytes.HasPrefix(rec.Cells[0], []byte(prefix)) {
			continue
		}
		var row []string
		for _, i := range at {
			if i < 0 {
				row = append(row, "")
				continue
			}
			row = append(row, string(rec.Cells[i]))
		}
		out[row[0]] = row
	}
}
