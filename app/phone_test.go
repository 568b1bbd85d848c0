package app

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCheckNumber_makesDigitsOfEveryCountrysForms(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(bytes.NewReader(evilFile(t, "phone_numbers.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	if len(rows) != 246 {
		t.Errorf("the collection has %d rows, want 246", len(rows))
	}
	for _, row := range rows[1:] {
		want := row[column["engage_number_digits"]]
		for _, form := range []string{"international_format", "rfc3966", "e164", "engage_number_digits"} {
			if got, err := CheckNumber(row[column[form]]); err != nil || got != want {
				t.Errorf("%s: CheckNumber(%q) = %q, %v, want %q", row[column["region"]], row[column[form]], got, err, want)
			}
		}
	}
}

func TestCheckNumber_takesAwayWhatStandsBetweenDigits(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"2348012345678":                             "2348012345678",
		"+234 (801) 234-5678":                       "2348012345678",
		"(+49) 30/123.45":                           "493012345",
		"\u00a0+234\u202f801\u00a0234\u20095678 \n": "2348012345678",
		"+234\u2010801\u2011234\u20135678":          "2348012345678",
		"+234\u2212801\u2014234\u00ad5678":          "2348012345678",
		"\u200e\u202a+234 801 234 5678\u202c":       "2348012345678",
		"\ufeff+234\u200b8012345678":                "2348012345678",
		"＋２３４（８０１）２３４－５６７８":                         "2348012345678",
		"+٢٣٤٨٠١٢٣٤٥٦٧٨":                            "2348012345678",
		"+۲۳۴۸۰۱۲۳۴۵۶۷۸":                            "2348012345678",
		"+९१ ८०१२३ ४५६७८":                           "918012345678",
		"𝟐𝟛𝟦𝟴𝟶12345":                                "2348012345",
		"tel:+1-201-555-0123":                       "12015550123",
		"TEL: +1 201 555 0123":                      "12015550123",
		"tel:+1-201-555-0123;isub=12345":            "12015550123",
		"tel:+1-201-555-0123;phone-context=+44":     "12015550123",
		"+1 201 555 0123;a=b":                       "12015550123",
		"0044 20 7946 0000":                         "00442079460000",
		"1234567":                                   "1234567",
		"123456789012345":                           "123456789012345",
	} {
		if got, err := CheckNumber(number); err != nil || got != want {
			t.Errorf("CheckNumber(%q) = %q, %v, want %q", number, got, err, want)
		}
	}
}

func TestCheckNumber_saysWhatIsLeftOrInTheWay(t *testing.T) {
	t.Parallel()
	tests := []struct{ number, want string }{
		{"", `"" is not a phone number: it is empty`},
		{" \u00a0", `" \u00a0" is not a phone number: it is empty`},
		{"tel:", `"tel:" is not a phone number: no digits are left of it`},
		{"+-()", `"+-()" is not a phone number: no digits are left of it`},
		{"123 45", `"123 45" is not a phone number: 12345 is left of it; a number with its country code has 7 to 15 digits`},
		{"123456", `"123456" is not a phone number: 123456 is left of it; a number with its country code has 7 to 15 digits`},
		{"1234567890123456", `"1234567890123456" is not a phone number: 16 digits are left of it; a number with its country code has 7 to 15`},
		{"+1 201 555 0123 ext. 4", `"+1 201 555 0123 ext. 4" is not a phone number: it holds 'e'; send it without an extension or letters`},
		{"+1 201 555 0123 x4", `"+1 201 555 0123 x4" is not a phone number: it holds 'x'; send it without an extension or letters`},
		{"tel:+1-201-555-0123;ext=4", `"tel:+1-201-555-0123;ext=4" is not a phone number: it has an extension (;ext=), which no message reaches`},
		{"+12015550123;EXT=4", `"+12015550123;EXT=4" is not a phone number: it has an extension (;ext=), which no message reaches`},
		{"tel:863-1234;phone-context=+1-914-555", `"tel:863-1234;phone-context=+1-914-555" is not a phone number: it is a local number (;phone-context=); send it with its country code`},
		{"+12015550123,,4", `"+12015550123,,4" is not a phone number: it holds ','; send one number, without pauses or codes to dial`},
		{"call me", `"call me" is not a phone number: it holds 'c'; only digits and the marks between them may be there`},
		{"+1201555\n0123", `"+1201555\n0123" is not a phone number: it holds '\n'; only digits and the marks between them may be there`},
		{"+1201555²0123", `"+1201555²0123" is not a phone number: it holds '²'; only digits and the marks between them may be there`},
		{"+1201555\xff0123", `"+1201555\xff0123" is not a phone number: it holds '�'; only digits and the marks between them may be there`},
		{strings.Repeat("1", 10_000), `"` + strings.Repeat("1", 64) + `"… is not a phone number: 10000 digits are left of it; a number with its country code has 7 to 15`},
	}
	for _, tt := range tests {
		if got, err := CheckNumber(tt.number); err == nil || err.Error() != tt.want {
			t.Errorf("CheckNumber(%q) = %q,\n got %v\nwant %s", tt.number, got, err, tt.want)
		}
	}
}

func TestDigitValue_findsWholeRunsInTheTablesOfUnicode(t *testing.T) {
	t.Parallel()
	runs := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			if got := digitValue(r); got != -1 {
				t.Fatalf("U+%04X has the value %d and is no digit", r, got)
			}
			continue
		}
		for want := range 10 {
			if got := digitValue(r + rune(want)); got != want {
				t.Fatalf("U+%04X has the value %d, want %d", r+rune(want), got, want)
			}
		}
		runs++
		r += 9
	}
	if runs < 60 {
		t.Errorf("Unicode has %d runs of digits, want at least 60", runs)
	}
}

func FuzzCheckNumber(f *testing.F) {
	for _, seed := range []string{"+234 (801) 234-5678", "tel:+1-201-555-0123;ext=4", "＋２３４８０１２", ";=", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := CheckNumber(s)
		if err != nil {
			if got != "" || !utf8.ValidString(err.Error()) {
				t.Fatalf("CheckNumber(%q) = %q, %q", s, got, err)
			}
			return
		}
		if again, err := CheckNumber(got); err != nil || again != got || !allDigits(got) || len(got) < MinNumber || len(got) > MaxNumber {
			t.Fatalf("CheckNumber(%q) = %q, again %q, %v", s, got, again, err)
		}
	})
}
