package importer

import (
	"bytes"
	"strings"
	"time"

	"kith/app"
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
	kindMoney      // $90,000 or 1,234.5
	kindComma      // 1.234,56 or 12,5
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
		return moneyKind(s)
	case c == 't' || c == 'T' || c == 'f' || c == 'F':
		if isBoolean(s) {
			return kindTrue
		}
	case c == '$' || c == '(' || c == '+' || c >= 0x80:
		return moneyKind(s)
	case c >= 'A' && c <= 'Z': // USD 1,000
		if len(s) > 4 && s[3] == ' ' {
			return moneyKind(s)
		}
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
	if _, ok := readNumber(s, pointNumber); ok {
		return kindMoney
	}
	if _, ok := readNumber(s, commaNumber); ok {
		return kindComma
	}
	return kindText
}

// readNumber returns the JSON of a number in a style: a sign of money and the grouping go.
func readNumber(cell []byte, style numberStyle) (string, bool) {
	s := bytes.TrimSpace(cell)
	if isNumber(s) {
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
		if s == before {
			return s, minus
		}
	}
}

// dateOrder is the order in which a date names its parts.
type dateOrder uint8

const (
	dateUnknown dateOrder = iota
	yearFirst
	dayFirst
	monthFirst
)

// dateFormats are the orders as they are shown and asked for.
var dateFormats = map[dateOrder]string{yearFirst: "YYYY-MM-DD", dayFirst: "DD/MM/YYYY", monthFirst: "MM/DD/YYYY"}

// parseDateFormat reads a format such as "MM/DD/YYYY HH:mm": what counts is the order.
func parseDateFormat(format string) dateOrder {
	order := ""
	for _, c := range strings.ToUpper(format) {
		if (c == 'D' || c == 'M' || c == 'Y') && !strings.ContainsRune(order, c) {
			order += string(c)
		}
		if c == 'H' {
			break
		}
	}
	return map[string]dateOrder{"YMD": yearFirst, "DMY": dayFirst, "MDY": monthFirst}[order]
}

// splitDate cuts a date of three numbers into them, and the time behind it.
func splitDate(s []byte) (parts [3]int, digits [3]int, clock []byte, ok bool) {
	i := 0
	var mark byte
	for p := range 3 {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' && i-from < 5 {
			parts[p] = parts[p]*10 + int(s[i]-'0')
			i++
		}
		digits[p] = i - from
		if digits[p] == 0 || digits[p] > 4 {
			return parts, digits, nil, false
		}
		if p == 2 {
			break
		}
		if i == len(s) || s[i] != '/' && s[i] != '-' && s[i] != '.' || mark != 0 && s[i] != mark {
			return parts, digits, nil, false
		}
		mark = s[i]
		i++
	}
	if i == len(s) {
		return parts, digits, nil, true
	}
	if s[i] != ' ' && s[i] != 'T' && s[i] != ',' {
		return parts, digits, nil, false
	}
	return parts, digits, bytes.TrimLeft(s[i+1:], " "), true
}

// dateKind tells a date of three numbers.
func dateKind(s []byte) (kind, bool) {
	parts, digits, clock, ok := splitDate(s)
	if !ok {
		return 0, false
	}
	if clock != nil {
		if _, ok := readClock(clock); !ok {
			if digits[0] != 4 {
				return 0, false
			}
			if _, err := app.ParseInstantText(string(s), nil); err != nil {
				return 0, false
			}
		}
	}
	if digits[0] == 4 {
		return kindISO, validDate(parts[0], parts[1], parts[2])
	}
	if digits[0] > 2 || digits[1] > 2 || digits[2] != 2 && digits[2] != 4 {
		return 0, false
	}
	year := fullYear(parts[2], digits[2])
	asDay, asMonth := validDate(year, parts[1], parts[0]), validDate(year, parts[0], parts[1])
	switch {
	case asDay && asMonth && parts[0] == parts[1]: // 5/5/2024 says nothing of the order, and needs none
		return kindEither, true
	case asDay && asMonth:
		return kindEither, true
	case asDay:
		return kindDayFirst, true
	case asMonth:
		return kindMonthFirst, true
	}
	return 0, false
}

// fullYear reads a year of two digits as one between 1970 and 2069.
func fullYear(year, digits int) int {
	switch {
	case digits == 4:
		return year
	case year < 70:
		return 2000 + year
	}
	return 1900 + year
}

func validDate(year, month, day int) bool {
	if year < 1 || month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// readClock reads a time of day: 14:05, 2:05:06 PM, 14:05:06.250.
func readClock(s []byte) (time.Duration, bool) {
	text := strings.ToUpper(string(s))
	half := ""
	for _, h := range []string{"AM", "PM"} {
		if rest, ok := strings.CutSuffix(text, h); ok {
			half, text = h, strings.TrimSpace(rest)
		}
	}
	for _, layout := range []string{"15:04", "15:04:05", "15:04:05.999999999"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		hour := t.Hour()
		if half != "" {
			if hour < 1 || hour > 12 {
				return 0, false
			}
			hour %= 12
			if half == "PM" {
				hour += 12
			}
		}
		return time.Duration(hour)*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond()), true
	}
	return 0, false
}

// readDate reads a date in an order. It returns its JSON text: the day alone, or, where
// there is a time, the instant in UTC; one that is written year first stays as it came
// if it says the same in UTC. ok is false for what is no such date.
func readDate(cell []byte, order dateOrder, zone *time.Location) (string, app.Instant, bool) {
	s := bytes.TrimSpace(cell)
	parts, digits, clock, ok := splitDate(s)
	if !ok || digits[0] == 4 || order == yearFirst {
		at, err := app.ParseInstantText(string(s), zone)
		if err != nil || len(s) == 0 || s[0] < '0' || s[0] > '9' || isNumber(s) {
			return "", 0, false
		}
		text := string(s)
		switch {
		case ok && clock == nil: // a day has no zone
			if !validDate(parts[0], parts[1], parts[2]) {
				return "", 0, false
			}
			text = formatDay(parts[0], parts[1], parts[2])
		case app.TypeOf(app.Quote(text)) != app.TypeDate, zone != time.UTC && zone != nil:
			text = at.String()
		}
		return text, at, true
	}
	year, month, day := fullYear(parts[2], digits[2]), parts[1], parts[0]
	if order == monthFirst {
		month, day = day, month
	}
	if digits[0] > 2 || digits[1] > 2 || digits[2] != 2 && digits[2] != 4 || !validDate(year, month, day) {
		return "", 0, false
	}
	if zone == nil {
		zone = time.UTC
	}
	if clock == nil {
		return formatDay(year, month, day), app.InstantOf(time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone)), true
	}
	d, ok := readClock(clock)
	if !ok {
		return "", 0, false
	}
	at := app.InstantOf(time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone).Add(d))
	return at.String(), at, true
}

func formatDay(year, month, day int) string {
	b := make([]byte, 0, 10)
	for _, p := range [...]struct{ n, width int }{{year, 4}, {month, 2}, {day, 2}} {
		if len(b) > 0 {
			b = append(b, '-')
		}
		end := len(b) + p.width
		b = append(b, "0000"[:p.width]...)
		for i, n := end-1, p.n; i >= end-p.width; i, n = i-1, n/10 {
			b[i] = byte('0' + n%10)
		}
	}
	return string(b)
}
