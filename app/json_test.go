package app

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// evilFile returns a file of the shared collection of hostile input. Without
// the collection the test is skipped, but fails where CI=true.
func evilFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", "evil", name))
	if errors.Is(err, os.ErrNotExist) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the shared test data is missing: %v", err)
		}
		t.Skipf("the shared test data is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// jsonSuite returns the bodies of JSONTestSuite by file name.
func jsonSuite(t testing.TB) map[string][]byte {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(evilFile(t, "jsontestsuite_parsing.tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	suite := map[string][]byte{}
	for files := tar.NewReader(unzipped); ; {
		head, err := files.Next()
		if err == io.EOF {
			return suite
		}
		if err != nil {
			t.Fatal(err)
		}
		if head.Typeflag != tar.TypeReg {
			continue
		}
		if suite[path.Base(head.Name)], err = io.ReadAll(files); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckJSON_agreesWithJSONTestSuite(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	for name, body := range jsonSuite(t) {
		err := CheckJSON(body, 1000)
		counts[name[:2]]++
		switch name[:2] {
		case "y_":
			if err != nil {
				t.Errorf("%s is refused: %v", name, err)
			}
		case "n_":
			if err == nil {
				t.Errorf("%s is accepted", name)
			} else if !utf8.ValidString(err.Error()) {
				t.Errorf("%s: the error is not valid UTF-8: %q", name, err)
			}
		case "i_":
			if got, want := err == nil, json.Valid(body) && utf8.Valid(body); got != want {
				t.Errorf("%s: accepted is %v, want %v (%v)", name, got, want, err)
			}
		}
		useJSON(t, body, err == nil)
	}
	if counts["y_"] != 95 || counts["n_"] != 188 || counts["i_"] != 35 {
		t.Errorf("the suite has %v bodies, want 95 y_, 188 n_ and 35 i_", counts)
	}
}

func TestCheckJSON_saysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	const bad = "the body is not valid JSON: "
	tests := []struct{ body, want string }{
		{"", "the body is empty: a JSON value is expected"},
		{" \r\n\t", "the body is empty: a JSON value is expected"},
		{"\xef\xbb\xbf{}", bad + "it starts with a byte order mark; send UTF-8 without one"},
		{`{"event":"x",,}`, bad + `unexpected "," at byte 13, where a name in double quotes is expected`},
		{`{"event" "x"}`, bad + `unexpected "\"" at byte 9, where ":" is expected`},
		{`{"event":"x"`, bad + `it ends too early, at byte 12, where "," or "}" is expected`},
		{`{"event":"x`, bad + "it ends too early, at byte 11, inside a text"},
		{`{'event':1}`, bad + `unexpected "'" at byte 1, where a name in double quotes is expected`},
		{`[1 2]`, bad + `unexpected "2" at byte 3, where "," or "]" is expected`},
		{`[1,]`, bad + `unexpected "]" at byte 3, where a value is expected`},
		{`{} {}`, bad + `unexpected "{" at byte 3, after the end of the value`},
		{`01`, bad + `unexpected "1" at byte 1, after the end of the value`},
		{`-`, bad + "it ends too early, at byte 1, where a digit is expected"},
		{`1.e3`, bad + `unexpected "e" at byte 2, where a digit is expected`},
		{`+1`, bad + `unexpected "+" at byte 0, where a value is expected`},
		{`nul`, bad + "it ends too early, at byte 3, where null is expected"},
		{`True`, bad + `unexpected "T" at byte 0, where a value is expected`},
		{`NaN`, bad + `unexpected "N" at byte 0, where a value is expected`},
		{`"a\x"`, bad + `unexpected "x" at byte 3, after a backslash`},
		{`"\u12g4"`, bad + `unexpected "g" at byte 5, where "\u" takes four hexadecimal digits`},
		{"\"a\nb\"", bad + "unescaped control character U+000A at byte 2, inside a text"},
		{"\"12345678\xff\"", bad + "byte 0xFF at byte 9 is not valid UTF-8"},
		{"\xff", bad + "unexpected byte 0xFF at byte 0, where a value is expected"},
		{`[[[1]]]`, "the body nests deeper than the 2 levels allowed, at byte 2"},
	}
	for _, tt := range tests {
		err := CheckJSON([]byte(tt.body), 2)
		if err == nil || err.Error() != tt.want {
			t.Errorf("CheckJSON(%q):\n got %v\nwant %s", tt.body, err, tt.want)
		}
	}
}

func TestCheckJSON_holdsTheDepthExactly(t *testing.T) {
	t.Parallel()
	for depth := range 40 {
		for _, nested := range []string{
			strings.Repeat("[", depth) + strings.Repeat("]", depth),
			strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth),
		} {
			if depth == 0 {
				nested = "1"
			}
			if err := CheckJSON([]byte(nested), depth); err != nil {
				t.Errorf("%s at depth %d: %v", nested, depth, err)
			}
			if err := CheckJSON([]byte(nested), depth-1); depth > 0 && err == nil {
				t.Errorf("%s is accepted at depth %d", nested, depth-1)
			}
		}
	}
}

func TestCheckJSON_doesNotAllocate(t *testing.T) {
	body := []byte(sampleEvent)
	if n := testing.AllocsPerRun(100, func() { _ = CheckJSON(body, 32) }); n != 0 {
		t.Errorf("CheckJSON allocates %v times", n)
	}
}

func FuzzCheckJSON(f *testing.F) {
	f.Add([]byte(sampleEvent))
	f.Add([]byte(`[" \ud83d\ude00 \ud83d é\u00e9 ",-0.1e+3, {"a":{},"a":[]} ]`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Add([]byte(`{"a\n":tru`))
	f.Add([]byte(`"0123456789\u0000` + "\x7f\xc3\xa9\x1f"))
	const limit = 20
	f.Fuzz(func(t *testing.T, body []byte) {
		err := CheckJSON(body, limit)
		want := json.Valid(body) && utf8.Valid(body) && depthOf(body) <= limit
		if got := err == nil; got != want {
			t.Fatalf("CheckJSON(%q) = %v, want valid %v", body, err, want)
		}
		useJSON(t, body, err == nil)
	})
}

// depthOf returns how deep valid JSON nests.
func depthOf(body []byte) int {
	depth, deepest := 0, 0
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
			deepest = max(deepest, depth)
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
}

// useJSON calls everything that reads checked JSON: on any bytes it must not
// panic, on valid ones it must say what encoding/json says.
func useJSON(t *testing.T, body []byte, valid bool) {
	t.Helper()
	members, membersErr := Members(body, nil)
	elements, elementsErr := Elements(body, nil)
	text, isText := Text(bytes.Trim(body, " \t\r\n"))
	compact, kind := Compact(body), JSONKind(body)
	if !valid {
		return
	}
	var want bytes.Buffer
	if err := json.Compact(&want, body); err != nil || !bytes.Equal(compact, want.Bytes()) {
		t.Fatalf("Compact(%q) = %q, want %q (%v)", body, compact, want.Bytes(), err)
	}
	var value any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	wantKind := NullKind
	switch value := value.(type) {
	case string:
		wantKind = TextKind
		if text != value {
			t.Fatalf("Text(%q) = %q, want %q", body, text, value)
		}
	case json.Number:
		wantKind = NumberKind
	case bool:
		wantKind = BoolKind
	case []any:
		wantKind = ListKind
		compareElements(t, body, elements)
	case map[string]any:
		wantKind = ObjectKind
		compareMembers(t, body, members)
	}
	if kind != wantKind || isText != (kind == TextKind) ||
		(membersErr == nil) != (kind == ObjectKind) || (elementsErr == nil) != (kind == ListKind) {
		t.Fatalf("%q has kind %v, want %v; text %v, object %v, list %v", body, kind, wantKind, isText, membersErr, elementsErr)
	}
}

func compareElements(t *testing.T, body []byte, got [][]byte) {
	t.Helper()
	var want []json.RawMessage
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("Elements(%q) = %q, want %q", body, got, want)
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("element %d of %q is %q, want %q", i, body, got[i], want[i])
		}
	}
}

func compareMembers(t *testing.T, body []byte, got []Member) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; d.More(); n++ {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if n >= len(got) {
			t.Fatalf("Members(%q) = %q, which lacks %q", body, got, name)
		}
		if got[n].Name != name || !bytes.Equal(got[n].Value, value) {
			t.Fatalf("member %d of %q is %q, want %q: %q", n, body, got[n], name, value)
		}
	}
	if n != len(got) {
		t.Fatalf("Members(%q) = %q, want %d members", body, got, n)
	}
}

// sampleEvent is a body as an SDK sends it.
const sampleEvent = `{"event":"Plan upgraded","value":"fibre_100","properties":{"plan":"Fibre 100","price":18500.5,` +
	`"currency":"NGN","trial":false,"city":"Ìbàdàn","note":"asked for \"business\" support, called twice before"},` +
	`"timestamp":"2024-02-29T12:34:56.789Z"}`

func BenchmarkCheckJSON(b *testing.B) {
	for _, bb := range jsonBenchmarks() {
		b.Run(bb.name+"/kith", func(b *testing.B) {
			b.SetBytes(int64(len(bb.body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := CheckJSON(bb.body, 32); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bb.name+"/json.Valid", func(b *testing.B) {
			b.SetBytes(int64(len(bb.body)))
			for b.Loop() {
				if !json.Valid(bb.body) || !utf8.Valid(bb.body) {
					b.Fatal("not valid")
				}
			}
		})
	}
}

func jsonBenchmarks() []struct {
	name string
	body []byte
} {
	batch := `{"data":[` + strings.Repeat(sampleEvent+",", 300) + sampleEvent + `]}`
	return []struct {
		name string
		body []byte
	}{
		{"event", []byte(sampleEvent)},
		{"batch", []byte(batch)},
		{"longText", Quote(strings.Repeat("a plain sentence of some length. ", 300))},
		{"yoruba", Quote(strings.Repeat("Ẹ kú àárọ̀, ṣé dáadáa ni? ", 300))},
	}
}

func BenchmarkMembers(b *testing.B) {
	body := []byte(sampleEvent)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var members []Member
	for b.Loop() {
		var err error
		if members, err = Members(body, members[:0]); err != nil {
			b.Fatal(err)
		}
	}
}
