package app

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMembers_keepsOrderRepeatsAndSourceText(t *testing.T) {
	t.Parallel()
	got, err := Members([]byte(" { \"b\" : 1.50 , \"\\u0061\":[ 1, 2 ]\n,\"b\":null } "), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Member{{"b", []byte("1.50")}, {"a", []byte("[ 1, 2 ]")}, {"b", []byte("null")}}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i].Name != want[i].Name || !bytes.Equal(got[i].Value, want[i].Value) {
			t.Errorf("member %d is %q, want %q", i, got[i], want[i])
		}
	}
}

func TestMembers_appendsAndDoesNotLetAppendOverwriteTheSource(t *testing.T) {
	t.Parallel()
	source := []byte(`{"a":1,"b":2}`)
	got, err := Members(source, []Member{{Name: "first"}})
	if err != nil || len(got) != 3 || got[0].Name != "first" {
		t.Fatalf("got %q, %v", got, err)
	}
	_ = append(got[1].Value, "999"...)
	if string(source) != `{"a":1,"b":2}` {
		t.Errorf("the source became %s", source)
	}
}

func TestMembers_refusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", " ", "1", `"a"`, "[]", "null", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a" 1}`, `{1:1}`} {
		if got, err := Members([]byte(raw), nil); err == nil {
			t.Errorf("Members(%q) = %q, want an error", raw, got)
		}
	}
}

func TestElements_refusesWhatIsNoList(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "{}", `"a"`, "[", "[1", "[1,", "[1 2]"} {
		if got, err := Elements([]byte(raw), nil); err == nil {
			t.Errorf("Elements(%q) = %q, want an error", raw, got)
		}
	}
}

func TestText_makesReplacementCharactersOfHalfPairs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		raw, want string
		ok        bool
	}{
		{`""`, "", true},
		{`"plain é"`, "plain é", true},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", true},
		{`"\u00e9\u0000"`, "é\x00", true},
		{`"\uD83D\uDE00"`, "😀", true},
		{`"\ud83d"`, "\ufffd", true},
		{`"\ude00\ud83d"`, "\ufffd\ufffd", true},
		{`"\ud83d\u0041"`, "\ufffdA", true},
		{`"\ud83d\ud83d\ude00"`, "\ufffd😀", true},
		{`"\ud83dx"`, "\ufffdx", true},
		{`"\uFFFD"`, "\ufffd", true},
		{`"`, "", false},
		{`"a`, "", false},
		{`"a\"`, "", false},
		{`"\u12"`, "", false},
		{`"\x"`, "", false},
		{`1`, "", false},
		{``, "", false},
	}
	for _, tt := range tests {
		if got, ok := Text([]byte(tt.raw)); got != tt.want || ok != tt.ok {
			t.Errorf("Text(%s) = %q, %v, want %q, %v", tt.raw, got, ok, tt.want, tt.ok)
		}
	}
}

func TestJSONKind_hasAWordForEachKind(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{"null": "null", `"a"`: "text", "-1": "number", "0": "number",
		"true": "boolean", "false": "boolean", "[]": "list", " {}": "object"} {
		if got := JSONKind([]byte(raw)).String(); got != want {
			t.Errorf("the kind of %s is %s, want %s", raw, got, want)
		}
	}
}

func TestCompact_returnsItsArgumentWhenNothingIsToBeDone(t *testing.T) {
	raw := []byte(`{"a":"b c","n":1.500e+3,"e":"\u00e9"}`)
	if got := Compact(raw); &got[0] != &raw[0] || len(got) != len(raw) {
		t.Errorf("Compact made a copy: %s", got)
	}
	if n := testing.AllocsPerRun(10, func() { Compact(raw) }); n != 0 {
		t.Errorf("Compact allocates %v times", n)
	}
}

func TestCompact_keepsDigitsAndEscapes(t *testing.T) {
	t.Parallel()
	raw := []byte(" { \"a b\" : [ 1.500 , 1E5 ,\n \"\\u00e9 \\\" x\" ] , \"c\" : { } } ")
	if got, want := string(Compact(raw)), `{"a b":[1.500,1E5,"\u00e9 \" x"],"c":{}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestQuote_escapesOnlyWhatMustBe(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"", `""`},
		{"<a href='x'>&</a>", `"<a href='x'>&</a>"`},
		{"\"\\\b\f\n\r\t\x00\x1f\x7f", "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\""},
		{"Ẹ kú àárọ̀ 😀\u2028", "\"Ẹ kú àárọ̀ 😀\u2028\""},
		{"a\xffb\xc3", "\"a\ufffdb\ufffd\""},
	}
	for _, tt := range tests {
		if got := string(Quote(tt.text)); got != tt.want {
			t.Errorf("Quote(%q) = %s, want %s", tt.text, got, tt.want)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("plain")
	f.Add("\"\\\x00\xff é 😀 \ufffd")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := Quote(s)
		if err := CheckJSON(quoted, 0); err != nil {
			t.Fatalf("Quote(%q) = %s: %v", s, quoted, err)
		}
		var want string
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatal(err)
		}
		got, ok := Text(quoted)
		if !ok || got != want || got != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Fatalf("Text(Quote(%q)) = %q, %v, want %q", s, got, ok, want)
		}
	})
}
