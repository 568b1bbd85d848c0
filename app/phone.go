package app

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// A number is kept as Engage keeps it: its digits alone, country code first.
const (
	// MinNumber is the shortest that integrations let through (^[0-9]{7,15}$).
	MinNumber = 7
	// MaxNumber is the longest number there is: ITU-T E.164.
	MaxNumber = 15
)

// CheckNumber returns the 7 to 15 digits of a phone number that is written in
// international form, country code first, with or without a plus. It takes away
// what people and programs put between the digits, and a tel: in front with the
// parameters behind it (RFC 3966); digits of any script become ASCII. It does
// not guess: a leading 00 or 0 stays, for only the sender knows its country.
//
// The error quotes s and says what is left of it, or what must not be in it.
func CheckNumber(s string) (string, error) {
	if len(s) >= MinNumber && len(s) <= MaxNumber && allDigits(s) {
		return s, nil
	}
	digits, err := numberDigits(strings.TrimFunc(strings.TrimSpace(s), isNumberSpace))
	if err != nil {
		return "", fmt.Errorf("%s is not a phone number: %w", excerpt(s), err)
	}
	return digits, nil
}

func numberDigits(s string) (string, error) {
	if s == "" {
		return "", errors.New("it is empty")
	}
	s, err := cutTel(s)
	if err != nil {
		return "", err
	}
	digits := make([]byte, 0, MaxNumber+1)
	count := 0
	for _, r := range s {
		if d := digitValue(r); d >= 0 {
			count++
			if len(digits) < cap(digits) {
				digits = append(digits, byte('0'+d))
			}
			continue
		}
		if isNumberMark(r) || isNumberSpace(r) {
			continue
		}
		switch {
		case r == 'x' || r == 'X' || r == 'e' || r == 'E' || r == '#':
			return "", fmt.Errorf("it holds %q; send it without an extension or letters", r)
		case r == ',' || r == ';':
			return "", fmt.Errorf("it holds %q; send one number, without pauses or codes to dial", r)
		}
		return "", fmt.Errorf("it holds %q; only digits and the marks between them may be there", r)
	}
	switch {
	case count == 0:
		return "", errors.New("no digits are left of it")
	case count > MaxNumber:
		return "", fmt.Errorf("%d digits are left of it; a number with its country code has %d to %d", count, MinNumber, MaxNumber)
	case count < MinNumber:
		return "", fmt.Errorf("%s is left of it; a number with its country code has %d to %d digits", digits, MinNumber, MaxNumber)
	}
	return string(digits), nil
}

// cutTel takes the parts of a tel: URI away that are not the number.
func cutTel(s string) (string, error) {
	const scheme = "tel:"
	if len(s) < len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		if i := strings.IndexByte(s, ';'); i < 0 || !strings.Contains(s[i:], "=") {
			return s, nil
		}
	} else {
		s = strings.TrimFunc(s[len(scheme):], isNumberSpace)
	}
	number, parameters, _ := strings.Cut(s, ";")
	for parameter := range strings.SplitSeq(parameters, ";") {
		switch name, _, _ := strings.Cut(parameter, "="); strings.ToLower(strings.TrimSpace(name)) {
		case "ext":
			return "", errors.New("it has an extension (;ext=), which no message reaches")
		case "phone-context":
			if !strings.HasPrefix(number, "+") {
				return "", errors.New("it is a local number (;phone-context=); send it with its country code")
			}
		}
	}
	return number, nil
}

// digitValue returns the value of a decimal digit in any script, else -1.
// Unicode keeps the ten digits of a script in order, so that each of its ranges
// of digits is made of whole runs from 0 to 9.
func digitValue(r rune) int {
	if r <= unicode.MaxASCII {
		if r >= '0' && r <= '9' {
			return int(r - '0')
		}
		return -1
	}
	for _, table := range unicode.Nd.R16 {
		if r >= rune(table.Lo) && r <= rune(table.Hi) {
			return int(r-rune(table.Lo)) % 10
		}
	}
	for _, table := range unicode.Nd.R32 {
		if r >= rune(table.Lo) && r <= rune(table.Hi) {
			return int(r-rune(table.Lo)) % 10
		}
	}
	return -1
}

// isNumberMark tells whether r is punctuation between the digits of a number:
// + - . ( ) /, their full-width forms, and the dashes of any script.
func isNumberMark(r rune) bool {
	return strings.ContainsRune("+-.()/\uff0b\uff0e\uff08\uff09\uff0f\u2212\u00ad", r) || unicode.Is(unicode.Pd, r)
}

// isNumberSpace tells whether r takes room or steers direction without being
// seen: blanks, marks for bidirectional text, and the zero-width characters
// that come along when a number is copied from a page.
func isNumberSpace(r rune) bool {
	return unicode.In(r, unicode.Zs, unicode.Bidi_Control) || strings.ContainsRune("\u200b\u2060\ufeff", r)
}

// DialledDigits returns the digits of a text in which people wrote a number or a part of
// one, "+234 816" or "(0816) 12"; ok is false if anything else is in it, or no digit.
func DialledDigits(s string) (digits string, ok bool) {
	var b []byte
	for _, r := range strings.TrimSpace(s) {
		if d := digitValue(r); d >= 0 {
			b = append(b, byte('0'+d))
		} else if !isNumberMark(r) && !isNumberSpace(r) {
			return "", false
		}
	}
	return string(b), len(b) > 0
}
