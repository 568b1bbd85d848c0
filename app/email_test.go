package app

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// trimmedEmails are the addresses of isemail's collection of which CheckEmail
// thinks otherwise, and why.
var trimmedEmails = map[string]string{
	"278": "the line feed behind test@example.com is white space around the address, which CheckEmail takes away first",
}

func TestCheckEmail_agreesWithIsemailOnWhatSMTPCarries(t *testing.T) {
	t.Parallel()
	var suite struct {
		Tests []struct {
			ID        string `xml:"id,attr"`
			Address   string `xml:"address"`
			Category  string `xml:"category"`
			Diagnosis string `xml:"diagnosis"`
		} `xml:"test"`
	}
	if err := xml.Unmarshal(evilFile(t, "isemail_tests_original.xml"), &suite); err != nil {
		t.Fatal(err)
	}
	if len(suite.Tests) != 279 {
		t.Errorf("the collection has %d addresses, want 279", len(suite.Tests))
	}
	// XML cannot hold control characters; the collection writes U+2400 + c for c.
	control := func(r rune) rune {
		if r >= 0x2400 && r < 0x2420 {
			return r - 0x2400
		}
		return r
	}
	mailable := map[string]bool{"ISEMAIL_VALID_CATEGORY": true, "ISEMAIL_DNSWARN": true, "ISEMAIL_RFC5321": true}
	for _, tt := range suite.Tests {
		address := strings.Map(control, tt.Address)
		got, err := CheckEmail(address)
		want := mailable[tt.Category]
		if reason, differs := trimmedEmails[tt.ID]; differs {
			if want {
				t.Errorf("address %s is mailable, so it does not differ: %s", tt.ID, reason)
			}
			want = true
		}
		if (err == nil) != want {
			t.Errorf("address %s (%s) %q: got %v, want mailable %v", tt.ID, tt.Diagnosis, address, err, want)
		}
		if err == nil && got != strings.TrimSpace(address) {
			t.Errorf("address %s: %q became %q", tt.ID, address, got)
		}
	}
}

func TestCheckEmail_takesAddressesBeyondASCII(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"adélaïde@example.com", "用户@例子.广告", "अजय@डाटा.भारत", "квіточка@пошта.укр", "θσερ@εχαμπλε.ψομ",
		"Dörte@Sörensen.example.com", "ọlá.adébáyọ̀@àpẹẹrẹ.ng", "نامه\u200cای@مثال.ایران", "i@❤.example", "ã@[IPv6:2001:DB8::1]",
		`"двa слова"@example.com`, "a@col·legi.example", strings.Repeat("é", 32) + "@example.com",
		"a@" + strings.Repeat("é", 59) + ".example",
	} {
		if got, err := CheckEmail("\u00a0\t" + address + " \r\n"); err != nil || got != address {
			t.Errorf("%q is refused: %q, %v", address, got, err)
		}
	}
}

func TestCheckEmail_saysWhy(t *testing.T) {
	t.Parallel()
	tests := []struct{ address, want string }{
		{"halima.abd@", "halima.abd@ has no domain"},
		{"halima.abd", "halima.abd has no @ and so no domain"},
		{"@example.com", "@example.com has nothing before its @"},
		{"@", "@ has nothing before or after its @"},
		{" ", "the address is empty"},
		{"Halima <halima@example.com>", "Halima <halima@example.com> has angle brackets: send the address alone, without a name"},
		{"halima abd@example.com", "halima abd@example.com holds a blank, which must not stand before the @"},
		{"halima@example .com", "halima@example .com holds a blank, which must not stand in a domain"},
		{"halima@example.com, ada@example.com", `halima@example.com, ada@example.com holds ",", which must not stand in a domain`},
		{"halima@ada@example.com", "halima@ada@example.com has more than one @"},
		{"mailto:halima@example.com", `mailto:halima@example.com holds ":", which must not stand before the @`},
		{".h@example.com", ".h@example.com has a dot at the start of the part before the @"},
		{"h.@example.com", "h.@example.com has a dot at the end of the part before the @"},
		{"h..a@example.com", "h..a@example.com has two dots in a row in the part before the @"},
		{"h@example.com.", "h@example.com. has a dot at the end of its domain"},
		{"h@example..com", "h@example..com has two dots in a row in its domain"},
		{"h@-example.com", "h@-example.com has a domain in which -example begins or ends with a hyphen"},
		{"h(home)@example.com", "h(home)@example.com holds a comment in brackets, which SMTP does not carry"},
		{"h@[300.1.1.1]", "h@[300.1.1.1] has no IP address in its square brackets: [192.0.2.1] or [IPv6:2001:db8::1]"},
		{"h@[::1]", "h@[::1] has no IP address in its square brackets: [192.0.2.1] or [IPv6:2001:db8::1]"},
		{"h@[IPv6:1.2.3.4]", "h@[IPv6:1.2.3.4] has no IP address in its square brackets: [192.0.2.1] or [IPv6:2001:db8::1]"},
		{"h@[IPv6:fe80::1%eth0]", "h@[IPv6:fe80::1%eth0] has no IP address in its square brackets: [192.0.2.1] or [IPv6:2001:db8::1]"},
		{"h@exa_mple.com", `h@exa_mple.com holds "_", which must not stand in a domain`},
		{"h@example，com", `h@example，com holds "，", which must not stand in a domain`},
		{`"h"@`, `"h"@ has no domain`},
		{`"h"`, `"h" has no @ and so no domain`},
		{`"h`, `"h has a quotation mark that is not closed`},
		{`"h"x@example.com`, `"h"x@example.com has text between its closing quotation mark and its @`},
		{`"h".x@example.com`, `"h".x@example.com is quoted in parts: SMTP takes its part before the @ quoted as a whole`},
		{"h\r\nBcc: all@example.com", `"h\r\nBcc: all@example.com" holds the control character U+000D`},
		{"\"h\tx\"@example.com", `"\"h\tx\"@example.com" holds the control character U+0009`},
		{"h\u200b@example.com", `"h\u200b@example.com" holds the invisible or unassigned character U+200B`},
		{"h\u202e@example.com", `"h\u202e@example.com" holds the invisible or unassigned character U+202E`},
		{"h\u3000@example.com", `"h\u3000@example.com" holds the blank U+3000`},
		{"h\xff@example.com", `"h\xff@example.com" is not valid UTF-8`},
		{"h\ufffd@example.com", "\"h\ufffd@example.com\" holds U+FFFD: it was damaged when it was decoded"},
		{strings.Repeat("h", 65) + "@example.com", `"` + strings.Repeat("h", 64) + `"… has 65 octets before its @; SMTP carries 64`},
		{"h@" + strings.Repeat("exam.", 51), `"h@` + strings.Repeat("exam.", 12) + `ex"… is 257 octets long; SMTP carries 254`},
		{"h@" + strings.Repeat("e", 64), `"h@` + strings.Repeat("e", 62) + `"… has a domain of which one part has 64 octets; DNS carries 63`},
		{"h@" + strings.Repeat("é", 60), `h@` + strings.Repeat("é", 60) + ` has a domain of which one part has 64 octets; DNS carries 63`},
	}
	for _, tt := range tests {
		if got, err := CheckEmail(tt.address); err == nil || err.Error() != tt.want {
			t.Errorf("CheckEmail(%q) = %q,\n got %v\nwant %s", tt.address, got, err, tt.want)
		}
	}
}

func TestCheckEmail_holdsItsLimitsExactly(t *testing.T) {
	t.Parallel()
	local := strings.Repeat("h", MaxEmailLocal)
	label := strings.Repeat("e", MaxDomainLabel)
	longest := local + "@" + label + "." + label + "." + strings.Repeat("e", 61)
	if len(longest) != MaxEmail {
		t.Fatalf("the address has %d octets, want %d", len(longest), MaxEmail)
	}
	if _, err := CheckEmail(longest); err != nil {
		t.Error(err)
	}
	for name, address := range map[string]string{
		"one octet more in all":              longest + "e",
		"one octet more before the @":        local + "h@example.com",
		"one octet more in a part":           "h@" + label + "e.com",
		"one octet more of two-octet runes":  strings.Repeat("é", 32) + "h@example.com",
		"one octet more in a quoted address": `"` + strings.Repeat("h", 63) + `"@example.com`,
	} {
		if _, err := CheckEmail(address); err == nil {
			t.Errorf("%s: %s is accepted", name, address)
		}
	}
}

func TestFoldEmail_makesOneKeyOfTwoSpellings(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"Halima.Abd@Example.COM": "halima.abd@example.com",
		"ÀDÉ@ÀPẸẸRẸ.ng":          "àdé@àpẹẹrẹ.ng",
		`"A B"@example.com`:      `"a b"@example.com`,
		"ada@example.com":        "ada@example.com",
	} {
		if got := FoldEmail(address); got != want {
			t.Errorf("FoldEmail(%q) = %q, want %q", address, got, want)
		}
	}
}

func FuzzCheckEmail(f *testing.F) {
	for _, seed := range []string{"ada@example.com", `"a\"b"@[IPv6:::1]`, "用户@例子.广告", "a(b)@c", "a@b\r\n", "\"\\", "a@[", "@.-", "é\u200d@xn--e.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := CheckEmail(s)
		if err != nil {
			if got != "" || !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\r\n\x00") {
				t.Fatalf("CheckEmail(%q) = %q, %q", s, got, err)
			}
			return
		}
		again, err := CheckEmail(got)
		if err != nil || again != got || got != strings.TrimSpace(s) {
			t.Fatalf("CheckEmail(%q) = %q, again %q, %v", s, got, again, err)
		}
		at := strings.LastIndexByte(got, '@')
		if at < 1 || at > MaxEmailLocal || at == len(got)-1 || len(got) > MaxEmail || strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("CheckEmail(%q) accepts %q", s, got)
		}
		if key := FoldEmail(got); FoldEmail(key) != key {
			t.Fatalf("FoldEmail(%q) = %q, folded again %q", got, key, FoldEmail(key))
		}
	})
}

func BenchmarkCheckEmail(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := CheckEmail("halima.abdullahi@example.com"); err != nil {
			b.Fatal(err)
		}
	}
}
