package app

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of an e-mail address, in octets as SMTP counts them.
const (
	// MaxEmail is what fits into the 256 octets of a mail path beside its angle
	// brackets: RFC 5321, 4.5.3.1.3.
	MaxEmail = 254
	// MaxEmailLocal is RFC 5321's limit for what stands before the @: 4.5.3.1.1.
	MaxEmailLocal = 64
	// MaxDomainLabel is DNS's limit for each part of a domain: RFC 1035, 2.3.4.
	MaxDomainLabel = 63
)

// CheckEmail returns s without surrounding white space if mail can be sent to
// it over SMTP (RFC 5321, with the characters beyond ASCII of RFC 6531), with
// nothing changed. A quoted local part, an IP address in brackets and a domain
// without a dot are fine: a server may take them, and SDKs let them through.
// What only the header of a message can hold is not: comments, folding, names.
//
// The error begins with the address and says in words why it is refused.
func CheckEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	if err := checkEmail(s); err != nil {
		return "", fmt.Errorf("%s %w", showAddress(s), err)
	}
	return s, nil
}

// FoldEmail returns the key under which addresses are compared: two that
// differ in case alone belong to one person. The local part is folded too;
// servers that tell its case apart have died out.
func FoldEmail(s string) string {
	return strings.ToLower(s) // returns s itself if it is ASCII in lower case
}

// showAddress writes a bare address into a message where that is safe.
func showAddress(s string) string {
	if s == "" {
		return "the address"
	}
	unsafe := func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) && !isJoiner(r) }
	if utf8.RuneCountInString(s) > excerptLimit || strings.ContainsFunc(s, unsafe) {
		return excerpt(s)
	}
	return s
}

func checkEmail(s string) error {
	if s == "" {
		return errors.New("is empty")
	}
	if err := checkCharacters(s); err != nil {
		return err
	}
	if s[0] != '"' && strings.ContainsAny(s, "<>") {
		return errors.New("has angle brackets: send the address alone, without a name")
	}
	local, domain, err := splitEmail(s)
	if err != nil {
		return err
	}
	switch {
	case local == "" && domain == "":
		return errors.New("has nothing before or after its @")
	case local == "":
		return errors.New("has nothing before its @")
	case domain == "":
		return errors.New("has no domain")
	case len(local) > MaxEmailLocal:
		return fmt.Errorf("has %d octets before its @; SMTP carries %d", len(local), MaxEmailLocal)
	case len(s) > MaxEmail:
		return fmt.Errorf("is %d octets long; SMTP carries %d", len(s), MaxEmail)
	}
	if local[0] != '"' {
		if err := checkDots(local, "the part before the @"); err != nil {
			return err
		}
	}
	if domain[0] == '[' {
		return checkLiteral(domain)
	}
	return checkDomain(domain)
}

// checkCharacters refuses what no part of an address may hold.
func checkCharacters(s string) error {
	for i, r := range s {
		if r < utf8.RuneSelf && r >= ' ' && r != 0x7f {
			continue
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return errors.New("is not valid UTF-8")
			}
			return errors.New("holds U+FFFD: it was damaged when it was decoded")
		}
		switch {
		case unicode.IsControl(r):
			return fmt.Errorf("holds the control character U+%04X", r)
		case unicode.IsSpace(r):
			return fmt.Errorf("holds the blank U+%04X", r)
		case !unicode.IsGraphic(r) && !isJoiner(r):
			return fmt.Errorf("holds the invisible or unassigned character U+%04X", r)
		}
	}
	return nil
}

// isJoiner tells whether r shapes its neighbours in Arabic and Indic scripts;
// IDNA allows it for that.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// splitEmail cuts an address at its @ and checks the characters before it.
func splitEmail(s string) (local, domain string, err error) {
	if s[0] == '"' {
		return splitQuoted(s)
	}
	for i, r := range s {
		switch {
		case r == '@':
			return s[:i], s[i+1:], nil
		case r == '(' || r == ')':
			return "", "", errors.New("holds a comment in brackets, which SMTP does not carry")
		case r == '"':
			return "", "", errors.New("has a quotation mark inside its part before the @")
		case r < utf8.RuneSelf && !isAtext[r] && r != '.':
			return "", "", fmt.Errorf("holds %s, which must not stand before the @", nameCharacter(r))
		}
	}
	return "", "", errors.New("has no @ and so no domain")
}

// splitQuoted cuts an address such as "ada l."@example.com.
func splitQuoted(s string) (local, domain string, err error) {
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	if i >= len(s) {
		return "", "", errors.New("has a quotation mark that is not closed")
	}
	if i++; i == len(s) {
		return "", "", errors.New("has no @ and so no domain")
	}
	switch s[i] {
	case '@':
		return s[:i], s[i+1:], nil
	case '.':
		return "", "", errors.New("is quoted in parts: SMTP takes its part before the @ quoted as a whole")
	case '(':
		return "", "", errors.New("holds a comment in brackets, which SMTP does not carry")
	}
	return "", "", errors.New("has text between its closing quotation mark and its @")
}

// isAtext holds the ASCII characters that stand before the @ without quotes.
var isAtext = func() (set [utf8.RuneSelf]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~" {
		set[c] = true
	}
	return set
}()

func nameCharacter(r rune) string {
	if r == ' ' {
		return "a blank"
	}
	return fmt.Sprintf("%q", string(r))
}

// checkDots holds for both sides of the @.
func checkDots(part, what string) error {
	switch {
	case part[0] == '.':
		return fmt.Errorf("has a dot at the start of %s", what)
	case part[len(part)-1] == '.':
		return fmt.Errorf("has a dot at the end of %s", what)
	case strings.Contains(part, ".."):
		return fmt.Errorf("has two dots in a row in %s", what)
	}
	return nil
}

func checkDomain(domain string) error {
	for _, r := range domain {
		switch {
		case r == '@':
			return errors.New("has more than one @")
		case r == '(' || r == ')':
			return errors.New("holds a comment in brackets, which SMTP does not carry")
		case !inDomain(r):
			return fmt.Errorf("holds %s, which must not stand in a domain", nameCharacter(r))
		}
	}
	if err := checkDots(domain, "its domain"); err != nil {
		return err
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label[0] == '-' || label[len(label)-1] == '-' {
			return fmt.Errorf("has a domain in which %s begins or ends with a hyphen", showAddress(label))
		}
		if n := shortestLabel(label); n > MaxDomainLabel {
			return fmt.Errorf("has a domain of which one part has %d octets; DNS carries %d", n, MaxDomainLabel)
		}
	}
	return nil
}

// shortestLabel returns how many octets the label has in DNS at the least: one
// beyond ASCII goes there as xn-- and no fewer octets than it has characters.
func shortestLabel(label string) int {
	n := utf8.RuneCountInString(label)
	if n == len(label) {
		return n
	}
	return len("xn--") + n
}

// domainMarks are the punctuation that IDNA allows within words of some scripts.
const domainMarks = "\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u30fb"

// inDomain tells whether r may stand in a domain, as ASCII or as one that IDNA
// can encode. Symbols are allowed for domains registered before IDNA forbade them.
func inDomain(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '-' || r == '.' || isDigit(byte(r)) || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.So) || isJoiner(r) || strings.ContainsRune(domainMarks, r)
}

// checkLiteral checks an IP address in square brackets as a domain.
func checkLiteral(domain string) error {
	end := strings.IndexByte(domain, ']')
	if end < 0 {
		return errors.New("has a square bracket that is not closed")
	}
	if end < len(domain)-1 {
		return errors.New("has text after its closing square bracket")
	}
	const tag = "IPv6:"
	text, isV6 := domain[1:end], false
	if len(text) > len(tag) && strings.EqualFold(text[:len(tag)], tag) {
		text, isV6 = text[len(tag):], true
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" || isV6 != ip.Is6() {
		return errors.New("has no IP address in its square brackets: [192.0.2.1] or [IPv6:2001:db8::1]")
	}
	return nil
}
