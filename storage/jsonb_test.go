package storage

import (
	"bytes"
	"database/sql"
	"strings"
	"testing"

	"kith/app"

	_ "modernc.org/sqlite"
	"pgregory.net/rapid"
)

// anyJSON draws a value of JSON as it may come over the API: white space only outside.
func anyJSON(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kinds := 8
		if depth == 0 {
			kinds = 6
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word")
		case 1:
			return rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})`).Draw(t, "whole")
		case 2:
			return rapid.StringMatching(`-?(0|[1-9][0-9]{0,5})\.[0-9]{1,8}([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		case 3:
			return rapid.SampledFrom([]string{`"\u00e9\n\t\"\\\/"`, `"\ud83d\ude00"`, `""`, `"é 日本 😀"`, `"\u0000"`, `"` + strings.Repeat("x", 300) + `"`, `"` + strings.Repeat("y", 70_000) + `"`}).Draw(t, "odd")
		case 4, 5:
			return string(app.Quote(rapid.String().Draw(t, "text")))
		case 6:
			items := rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "items")
			return "[" + strings.Join(items, ",") + "]"
		}
		members := rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "values")
		for i := range members {
			members[i] = string(app.Quote(rapid.StringN(0, 8, -1).Draw(t, "name"))) + ":" + members[i]
		}
		return "{" + strings.Join(members, ",") + "}"
	})
}

// TestJSONB_isSQLites holds what is written and read here against json() and jsonb().
func TestJSONB_isSQLites(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.String(), 0, 12, rapid.ID).Draw(t, "names")
		own := beginJSONB(nil)
		text := []byte{'{'}
		var want []app.Member
		for i, name := range names {
			value := anyJSON(3).Draw(t, "value")
			name = strings.ToValidUTF8(name, "\ufffd")
			want = append(want, app.Member{Name: name, Value: []byte(value)})
			own = appendJSONB(appendJSONBName(own, name), []byte(value))
			if i > 0 {
				text = append(text, ',')
			}
			text = append(append(app.AppendQuote(text, name), ':'), value...)
		}
		text, own = append(text, '}'), endJSONB(own)

		var theirs []byte
		var ownAsText, theirsAsText string
		var valid bool
		if err := db.QueryRow("select jsonb(?), json(jsonb(?)), json(?), json_valid(?, 8)", string(text), string(text), own, own).Scan(&theirs, &theirsAsText, &ownAsText, &valid); err != nil {
			t.Fatal(err)
		}
		if !valid || ownAsText != theirsAsText {
			t.Fatalf("SQLite reads what we write as %s, want %s (valid %v)", ownAsText, theirsAsText, valid)
		}
		for which, blob := range map[string][]byte{"ours": own, "theirs": theirs} {
			got, err := jsonbMembers(blob)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%s: %v, %d members, want %d", which, err, len(got), len(want))
			}
			for i := range got {
				if got[i].Name != want[i].Name || !bytes.Equal(got[i].Value, want[i].Value) {
					t.Fatalf("%s: member %d is %q=%s, want %q=%s", which, i, got[i].Name, got[i].Value, want[i].Name, want[i].Value)
				}
			}
			if whole, rest, err := appendJSON(nil, blob); err != nil || len(rest) > 0 || string(whole) != theirsAsText {
				t.Fatalf("%s: as JSON %s, %v, want %s", which, whole, err, theirsAsText)
			}
		}
	})
}

// FuzzJSONB: a damaged file is told, whatever its bytes.
func FuzzJSONB(f *testing.F) {
	f.Add(endJSONB(appendJSONB(appendJSONBName(beginJSONB(nil), "plan"), []byte(`["a",{"b":1.5}]`))))
	f.Add([]byte{0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		members, err := jsonbMembers(b)
		if err == nil && len(members) > len(b) {
			t.Errorf("%d members of %d bytes", len(members), len(b))
		}
		_, _, _ = appendJSON(nil, b)
	})
}
