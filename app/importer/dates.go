package importer

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"kith/app"
)

// dateOrder is the order in which a date names its parts.
type dateOrder uint8

const (
	dateUnknown dateOrder = iota
	yearFirst
	dayFirst
	monthFirst
	compact  // 20241231
	unixTime // seconds, or milliseconds, since 1970
	excelDay // days since the end of 1899, as spreadsheets count
)

// dateFormats are the orders as they are shown and asked for.
var dateFormats = map[dateOrder]string{yearFirst: "YYYY-MM-DD", dayFirst: "DD/MM/YYYY", monthFirst: "MM/DD/YYYY",
	compact: "YYYYMMDD", unixTime: "unix", excelDay: "excel"}

// namedMonth is the format of dates whose month is a word, which are read in any order.
const namedMonth = "D MMM YYYY"

// parseDateFormat reads a format such as "MM/DD/YYYY HH:mm": what counts is the order.
func parseDateFormat(format string) dateOrder {
	for _, o := range []dateOrder{compact, unixTime, excelDay} {
		if strings.EqualFold(strings.TrimSpace(format), dateFormats[o]) {
			return o
		}
	}
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
	if order >= compact {
		return readCounted(s, order, zone)
	}
	if d, ok := readNamedDate(s); ok {
		return d.in(zone)
	}
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
	d := day3{year: year, month: month, day: day}
	if clock != nil {
		if d.clock, ok = readClock(clock); !ok {
			return "", 0, false
		}
		d.timed = true
	}
	return d.in(zone)
}

// day3 is a day, and perhaps a time of it.
type day3 struct {
	year, month, day int
	timed            bool
	clock            time.Duration
}

// in returns what readDate does of a day in a zone.
func (d day3) in(zone *time.Location) (string, app.Instant, bool) {
	if zone == nil {
		zone = time.UTC
	}
	at := app.InstantOf(time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, zone).Add(d.clock))
	if !d.timed {
		return formatDay(d.year, d.month, d.day), at, true
	}
	return at.String(), at, true
}

// readNamedDate reads a date with the English name of its month: 31 Dec 2024, December
// 31st, 2024, 31-Dec-24 2:05 PM. Such a date can be read one way only.
func readNamedDate(s []byte) (d day3, ok bool) {
	if len(s) < 8 || len(s) > 40 {
		return d, false
	}
	const between = " -/.,"
	day, n := dayNumber(s)
	rest := bytes.TrimLeft(s[n:], between)
	month, end := monthName(rest)
	if month == 0 {
		return d, false
	}
	rest = bytes.TrimLeft(rest[end:], between)
	if n == 0 { // the day stands behind the month
		if day, n = dayNumber(rest); n == 0 {
			return d, false
		}
		rest = bytes.TrimLeft(rest[n:], between)
	}
	year, digits := 0, 0
	for digits < len(rest) && digits < 5 && rest[digits] >= '0' && rest[digits] <= '9' {
		year = year*10 + int(rest[digits]-'0')
		digits++
	}
	if digits != 4 && digits != 2 {
		return d, false
	}
	d = day3{year: fullYear(year, digits), month: month, day: day}
	if rest = bytes.TrimLeft(rest[digits:], " ,T"); len(rest) > 0 {
		if d.clock, ok = readClock(rest); !ok {
			return d, false
		}
		d.timed = true
	}
	return d, validDate(d.year, d.month, d.day)
}

// dayNumber reads a day of the month at the beginning of s, and how many bytes it takes: 0
// for none.
func dayNumber(s []byte) (day, n int) {
	for n < len(s) && n < 2 && s[n] >= '0' && s[n] <= '9' {
		day = day*10 + int(s[n]-'0')
		n++
	}
	if n > 0 && len(s) >= n+2 {
		switch strings.ToLower(string(s[n : n+2])) {
		case "st", "nd", "rd", "th":
			n += 2
		}
	}
	if n < len(s) && s[n] >= '0' && s[n] <= '9' {
		return 0, 0
	}
	return day, n
}

// monthNames are the months in full; their first three letters name them too.
var monthNames = [...][]byte{[]byte("january"), []byte("february"), []byte("march"), []byte("april"), []byte("may"), []byte("june"),
	[]byte("july"), []byte("august"), []byte("september"), []byte("october"), []byte("november"), []byte("december")}

// monthName reads the name of a month at the beginning of s, and returns where it ends. It
// returns 0 for another word.
func monthName(s []byte) (month, end int) {
	for end < len(s) && (s[end]|0x20 >= 'a' && s[end]|0x20 <= 'z') {
		end++
	}
	word := s[:end]
	for i, name := range monthNames {
		if bytes.EqualFold(word, name) || len(word) == 3 && bytes.EqualFold(word, name[:3]) || len(word) == 4 && bytes.EqualFold(word, []byte("sept")) && i == 8 {
			return i + 1, end
		}
	}
	return 0, end
}

// readCounted reads a date that is written as one number.
func readCounted(s []byte, order dateOrder, zone *time.Location) (string, app.Instant, bool) {
	n, err := strconv.ParseFloat(string(s), 64)
	if err != nil || !isNumber(s) || !countedAs(s, order) {
		return "", 0, false
	}
	switch order {
	case compact:
		return day3{year: int(n) / 10000, month: int(n) / 100 % 100, day: int(n) % 100}.in(zone)
	case excelDay:
		date := time.Date(1899, 12, 30+int(n), 0, 0, 0, 0, time.UTC)
		part := time.Duration(math.Round((n-math.Floor(n))*86400)) * time.Second
		return day3{year: date.Year(), month: int(date.Month()), day: date.Day(), timed: part != 0, clock: part}.in(zone)
	}
	if n >= 1e11 { // milliseconds
		n /= 1000
	}
	at := app.InstantOf(time.UnixMilli(int64(n * 1000)).UTC())
	return at.String(), at, true
}

// countedAs reports whether a number is a likely date of our days in a way to count them.
func countedAs(s []byte, order dateOrder) bool {
	n, err := strconv.ParseFloat(string(s), 64)
	if err != nil {
		return false
	}
	whole := n == math.Floor(n)
	switch order {
	case compact:
		return whole && len(s) == 8 && n >= 19000101 && n < 22000101 && validDate(int(n)/10000, int(n)/100%100, int(n)%100)
	case unixTime: // 1985 to 2128
		return n >= 5e8 && n < 5e9 || n >= 5e11 && n < 5e12
	case excelDay: // 1927 to 2119
		return n >= 10_000 && n < 80_000
	}
	return false
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
