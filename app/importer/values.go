package importer

import (
	"bytes"
	"strings"
)

// kind is what one cell looks like. A column's type is made of the kinds of all its cells.
type kind uint8

const (
	kindText kind = iota
	kindNumber
	kindTrue       // true or false, in any case, and nothing else
	kindISO        // a date or time that is written year first
	kindDayFirst   // 31/12/2024: only makes sense so
	kindMonthFirst // 12/31/2024: only makes sense so
	kindEither     // 03/04/2024
	kindNamed      // 31 Dec 2024
	kindMoney      // $90,000.50 or 1,234.5: a number with a decimal point
	kindComma      // 1.234,56 or 12,5: with a decimal comma
	kindSigned     // $90 or 1,234: with either
	kinds
)

// kindOf reads a cell that is not blank.
func kindOf(cell []byte) kind {
	s := bytes.TrimSpace(cell)
	c := s[0]
	switch {
	case c >= '0' && c <= '9' || c == '-':
		if isNumber(s) {
			return kindNumber
		}
		if k, ok := dateKind(s); ok {
			return k
		}
		if k := moneyKind(s); k != kindText {
			return k
		}
	case c == 't' || c == 'T' || c == 'f' || c == 'F':
		if isBoolean(s) {
			return kindTrue
		}
	case c == '$' || c == '(' || c == '+' || c >= 0x80:
		return moneyKind(s)
	case c >= 'A' && c <= 'Z': // USD 1,000
		if len(s) > 4 && s[3] == ' ' {
			if k := moneyKind(s); k != kindText {
				return k
			}
		}
	}
	if _, ok := readNamedDate(s); ok {
		return kindNamed
	}
	return kindText
}

func isBoolean(s []byte) bool {
	return bytes.EqualFold(s, []byte("true")) || bytes.EqualFold(s, []byte("false"))
}

// isNumber reports whether s is a number as JSON writes them: without zeros in front,
// which an id or a postal code has, and no longer than a computer can tell from its
// neighbours.
func isNumber(s []byte) bool {
	i, digits := 0, 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	first := i
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		digits++
	}
	if digits == 0 || digits > 1 && s[first] == '0' {
		return false
	}
	if i < len(s) && s[i] == '.' {
		from := i + 1
		for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			digits++
		}
		if i == from {
			return false
		}
	} else if digits > 15 { // 2^53 has 16
		return false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		from := i
		for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		}
		if i == from || i-from > 3 {
			return false
		}
	}
	return i == len(s)
}

// numberStyle is how a number groups its digits.
type numberStyle uint8

const (
	plainNumber numberStyle = iota
	pointNumber             // 1,234.56
	commaNumber             // 1.234,56
)

func numberFormat(format string) numberStyle {
	switch strings.TrimSpace(format) {
	case "1,234.56", "1,234", "$1,234.56":
		return pointNumber
	case "1.234,56", "1.234", "1234,56":
		return commaNumber
	}
	return plainNumber
}

// moneyKind tells a number with a sign of money, or with its digits grouped.
func moneyKind(s []byte) kind {
	for _, c := range s { // most cells that come here are addresses and the like
		if c >= 'a' && c <= 'z' {
			return kindText
		}
	}
	asPoint, point := readNumber(s, pointNumber)
	asComma, comma := readNumber(s, commaNumber)
	if point && comma && asPoint != asComma && bytes.IndexByte(s, ',') > 0 && bytes.ContainsAny(s, "$£₦₹¥") {
		return kindMoney // where such money is paid, commas group the digits
	}
	switch {
	case point && comma:
		return kindSigned
	case point:
		return kindMoney
	case comma:
		return kindComma
	}
	return kindText
}

// isGrouped reports whether a plain number is one of thousands where points group digits:
// 1.234, but neither 1.2345 nor 0.125.
func isGrouped(s []byte) bool {
	s = bytes.TrimPrefix(s, []byte("-"))
	at := bytes.IndexByte(s, '.')
	return at >= 1 && at <= 3 && s[0] != '0' && len(s) == at+4 && !bytes.ContainsAny(s, "eE")
}

// readNumber returns the JSON of a number in a style: a sign of money, or of parts in a
// hundred, and the grouping go.
func readNumber(cell []byte, style numberStyle) (string, bool) {
	s := bytes.TrimSpace(cell)
	if isNumber(s) && (style != commaNumber || !isGrouped(s)) {
		return string(s), true
	}
	if style == plainNumber {
		return "", false
	}
	group, point := byte(','), byte('.')
	if style == commaNumber {
		group, point = '.', ','
	}
	text := string(s)
	negative := false
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") { // accountants' minus
		negative, text = true, strings.TrimSpace(text[1:len(text)-1])
	}
	text, minus := cutSigns(text)
	if i := strings.IndexAny(text, " '\u00a0\u202f\u2019"); i >= 0 { // what else groups digits
		sign := []rune(text[i:])[0]
		text = strings.ReplaceAll(text, string(sign), string(rune(group)))
	}
	negative = negative != minus
	if text == "" {
		return "", false
	}
	var out []byte
	digits, since, grouped, fraction := 0, 0, false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			out = append(out, c)
			digits++
			since++
		case c == group && !fraction:
			if digits == 0 || digits > 3 && !grouped || grouped && since != 3 {
				return "", false
			}
			grouped, since = true, 0
		case c == point && !fraction:
			if digits == 0 || grouped && since != 3 {
				return "", false
			}
			fraction, since = true, 0
			out = append(out, '.')
		default:
			return "", false
		}
	}
	if digits == 0 || since == 0 || grouped && !fraction && since != 3 {
		return "", false
	}
	if negative {
		out = append([]byte{'-'}, out...)
	}
	return string(out), isNumber(out)
}

// cutSigns takes signs of money, plus and minus away from around the digits.
func cutSigns(s string) (rest string, minus bool) {
	for {
		before := s
		s = strings.TrimSpace(s)
		s = strings.TrimPrefix(s, "+")
		if strings.HasPrefix(s, "-") {
			minus, s = !minus, s[1:]
		}
		for _, sign := range []string{"$", "€", "£", "¥", "₦", "₹", "₵", "R$", "USD", "EUR", "GBP", "NGN", "CHF", "KES", "GHS", "ZAR"} {
			s = strings.TrimPrefix(strings.TrimSpace(s), sign)
			s = strings.TrimSuffix(strings.TrimSpace(s), sign)
		}
		s = strings.TrimSuffix(strings.TrimSpace(s), "%")
		if s == before {
			return s, minus
		}
	}
}
