package app

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Instant is a moment in milliseconds since 1970 in UTC, the resolution that
// is kept. It lies in the years 1 to 9999, which four digits can write; see
// [InstantOf] and [ParseInstant].
type Instant int64

const (
	minInstant Instant = -62135596800000 // 0001-01-01T00:00:00.000Z
	maxInstant Instant = 253402300799999 // 9999-12-31T23:59:59.999Z

	minuteMillis = 60 * 1000

	daysBefore1970 = 719468 // from 0000-03-01, where the reckoning in days begins
)

// InstantOf returns the millisecond that t lies in. Times outside the years 1
// to 9999 become the first or last instant.
func InstantOf(t time.Time) Instant {
	switch year := t.UTC().Year(); {
	case year < 1:
		return minInstant
	case year > 9999:
		return maxInstant
	}
	return Instant(t.UnixMilli())
}

// Time returns t in UTC.
func (t Instant) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// String returns t as RFC 3339 in UTC with three fraction digits, such as
// 2024-02-29T12:34:56.789Z.
func (t Instant) String() string { return string(t.Append(make([]byte, 0, 24))) }

// MarshalJSON returns t as a JSON text; it never fails.
func (t Instant) MarshalJSON() ([]byte, error) {
	return append(t.Append(append(make([]byte, 0, 26), '"')), '"'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote, or any other form of [ParseInstant].
func (t *Instant) UnmarshalJSON(raw []byte) (err error) {
	*t, err = ParseInstant(raw, nil)
	return err
}

// Append appends t to dst as String writes it. What is out of range is written
// as the first or last instant, so that the text can always be read again.
func (t Instant) Append(dst []byte) []byte {
	t = min(max(t, minInstant), maxInstant)
	days, rest := int64(t)/DayMillis, int(int64(t)%DayMillis)
	if rest < 0 {
		days, rest = days-1, rest+DayMillis
	}
	year, month, day := dateOfDay(int(days))
	dst = appendDigits(dst, year, 4)
	dst = appendDigits(append(dst, '-'), month, 2)
	dst = appendDigits(append(dst, '-'), day, 2)
	dst = appendDigits(append(dst, 'T'), rest/3600000, 2)
	dst = appendDigits(append(dst, ':'), rest/minuteMillis%60, 2)
	dst = appendDigits(append(dst, ':'), rest/1000%60, 2)
	dst = appendDigits(append(dst, '.'), rest%1000, 3)
	return append(dst, 'Z')
}

func appendDigits(dst []byte, n, width int) []byte {
	end := len(dst) + width
	dst = append(dst, "0000"[:width]...)
	for i := end - 1; i >= end-width; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// Days are counted from 1970-01-01 by way of years that begin in March: the
// leap day is then the last of its year, and every month's first day follows
// from its number alone. 400 such years have 146,097 days. Years are 1 to 9999.
func dayOfDate(year, month, day int) int {
	if month <= 2 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - daysBefore1970
}

// dateOfDay is the inverse of dayOfDate.
func dateOfDay(days int) (year, month, day int) {
	days += daysBefore1970
	era := days / 146097
	days %= 146097
	yearOfEra := (days - days/1460 + days/36524 - days/146096) / 365
	days -= 365*yearOfEra + yearOfEra/4 - yearOfEra/100
	month = (5*days + 2) / 153
	day = days - (153*month+2)/5 + 1
	year = era*400 + yearOfEra
	if month += 3; month > 12 {
		return year + 1, month - 12, day
	}
	return year, month, day
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// instantForms ends every error about an instant.
const instantForms = "send RFC 3339 such as 2024-02-29T12:34:56.789Z, a date such as 2024-02-29, " +
	"m/d/Y H:i:s such as 02/29/2024 12:34:56, the date text of an e-mail, JavaScript or Java, " +
	"or seconds or milliseconds since 1970"

var (
	errUnknownForm  = errors.New("its form is not known")
	errOutOfRange   = errors.New("it lies outside the years 0001 to 9999")
	errUnknownZone  = errors.New("its time zone is not known")
	errNoInstant    = errors.New("it holds no time")
	errNotFinalZone = errors.New("it goes on after the time")
)

// instantError is the error about input, whatever its length and bytes.
func instantError(input string, why error) error {
	return fmt.Errorf("%s is not a time that can be read: %w; %s", excerpt(input), why, instantForms)
}

// excerptLimit keeps foreign text in an error message to what a person reads
// at a glance.
const excerptLimit = 64

// excerpt returns the first characters of s in quotes, fit for a message.
func excerpt(s string) string {
	cut, n := len(s), 0
	for i := range s {
		if n++; n > excerptLimit {
			cut = i
			break
		}
	}
	if cut < len(s) {
		return fmt.Sprintf("%q…", s[:cut])
	}
	return fmt.Sprintf("%q", s)
}

// ParseInstant reads an instant from checked JSON: a text or number as
// [ParseInstantText] reads it (a number is never a date), or the object that
// PHP makes of a DateTime. A local time without a zone is taken in zone, nil
// being UTC. The error is for the sender; it quotes raw and says what is taken.
func ParseInstant(raw []byte, zone *time.Location) (Instant, error) {
	switch JSONKind(raw) {
	case TextKind:
		if s, ok := Text(raw); ok {
			return ParseInstantText(s, zone)
		}
	case NumberKind:
		t, err := parseEpoch(string(raw))
		if err != nil {
			return 0, instantError(string(raw), err)
		}
		return t, nil
	case ObjectKind:
		t, err := parsePHPDateTime(raw, zone)
		if err != nil {
			return 0, instantError(string(raw), err)
		}
		return t, nil
	}
	return 0, instantError(string(raw), errNoInstant)
}

// ParseInstantText reads an instant from any text in which SDKs, databases and
// people's own code send one:
//
//   - RFC 3339, also with a blank for the T, without seconds or zone, with the
//     offset as +0100 or +01; a date alone is its midnight
//   - yyyymmdd and 20200530T093010Z
//   - seconds (below 10^11) or milliseconds since 1970
//   - 02/29/2024 12:34:56, month first
//   - Feb 29, 2024 12:34:56 PM, as Gson and Java write it
//   - Thu Feb 29 2024 12:34:56 GMT+0100 (CET), JavaScript's Date
//   - RFC 1123, 822 and 850 dates, and C's and Java's Thu Feb 29 12:34:56 UTC 2024
//
// A local time without a zone is taken in zone, nil being UTC; one that a clock
// change skips or repeats is resolved as time.Date does it. Digits past the
// millisecond are cut towards the past. Impossible dates are errors, never
// moved. The error quotes s and says what is taken.
func ParseInstantText(s string, zone *time.Location) (Instant, error) {
	if t, ok := parseRFC3339(s); ok {
		return t, nil
	}
	t, err := parseAnyInstant(s, zone)
	if err != nil {
		return 0, instantError(s, err)
	}
	return t, nil
}

// parseRFC3339 reads what nearly all clients send, quickly: a whole RFC 3339
// instant. It returns false for everything else, wrong or only different.
func parseRFC3339(s string) (Instant, bool) {
	if len(s) < len("2024-02-29T12:34:56Z") || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	year, month, day := twoDigits(s, 0)*100+twoDigits(s, 2), twoDigits(s, 5), twoDigits(s, 8)
	hour, minute, second := twoDigits(s, 11), twoDigits(s, 14), twoDigits(s, 17)
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 {
		return 0, false
	}
	t := Instant(dayOfDate(year, month, day))*DayMillis + Instant(hour*3600+minute*60+second)*1000
	i := 19
	if s[i] == '.' {
		digits, milli := 0, 0
		for i++; i < len(s) && isDigit(s[i]); i++ {
			if digits < 3 {
				milli = milli*10 + int(s[i]-'0')
			}
			digits++
		}
		if digits == 0 {
			return 0, false
		}
		for ; digits < 3; digits++ {
			milli *= 10
		}
		t += Instant(milli)
	}
	switch {
	case len(s) == i+1 && s[i] == 'Z':
		return t, true
	case len(s) == i+6 && (s[i] == '+' || s[i] == '-') && s[i+3] == ':':
		hours, minutes := twoDigits(s, i+1), twoDigits(s, i+4)
		if uint(hours) > 23 || uint(minutes) > 59 {
			return 0, false
		}
		offset := Instant(hours*60+minutes) * minuteMillis
		if s[i] == '+' {
			offset = -offset
		}
		t += offset
		return t, t >= minInstant && t <= maxInstant
	}
	return 0, false
}

// twoDigits returns the number at s[i:i+2], or one so negative that no other
// two digits make a year of it, if it is none.
func twoDigits(s string, i int) int {
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -10000
	}
	return int(a)*10 + int(b)
}

// parseEpoch reads a decimal number of seconds or milliseconds since 1970. It
// works on the digits: a float64 would move 1709210096.789 by a millisecond.
func parseEpoch(s string) (Instant, error) {
	const secondsBelow = 11 // digits before the point: 10^11 s is the year 5138, 10^11 ms is 1973
	digits, point, negative, ok := splitDecimal(s)
	if !ok {
		return 0, errUnknownForm
	}
	if digits == "" {
		return 0, nil
	}
	if point <= secondsBelow {
		point += 3
	}
	if point > len("253402300799999") {
		return 0, errOutOfRange
	}
	var t Instant
	for i := range point {
		t *= 10
		if i < len(digits) {
			t += Instant(digits[i] - '0')
		}
	}
	if negative {
		t = -t
		if len(digits) > max(point, 0) {
			t-- // what is cut off lies further in the past
		}
	}
	if t < minInstant || t > maxInstant {
		return 0, errOutOfRange
	}
	return t, nil
}

// IsDecimal reports whether a text is a decimal number, perhaps with a sign or zeros that
// JSON would not have: what [ParseInstantText] takes for a time since 1970.
func IsDecimal(s string) bool {
	_, _, _, ok := splitDecimal(s)
	return ok
}

// splitDecimal cuts a decimal number into its digits, without zeros at either
// end, and the place of the point among them, which may lie outside.
func splitDecimal(s string) (digits string, point int, negative, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		if exponent, ok = parseExponent(s[i+1:]); !ok {
			return "", 0, false, false
		}
	}
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if !allDigits(whole) || dotted && !allDigits(fraction) {
		return "", 0, false, false
	}
	digits = strings.TrimLeft(whole+fraction, "0")
	point = len(whole) + exponent - (len(whole) + len(fraction) - len(digits))
	return strings.TrimRight(digits, "0"), point, negative, true
}

// parseExponent reads an exponent; beyond a million it stays there, where
// every number is out of range or nought.
func parseExponent(s string) (int, bool) {
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	if !allDigits(s) {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		n = min(n*10+int(s[i]-'0'), 1_000_000)
	}
	if negative {
		n = -n
	}
	return n, true
}

// allDigits tells whether s is made of one or more ASCII digits.
func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// parsePHPDateTime reads {"date":"2024-02-29 12:34:56.000000","timezone_type":3,
// "timezone":"Europe/Berlin"}. The timezone is an offset, UTC or a name of the
// time zone database, by type 1, 2 or 3.
func parsePHPDateTime(raw []byte, zone *time.Location) (Instant, error) {
	var room [4]Member
	members, err := Members(raw, room[:0])
	if err != nil {
		return 0, err
	}
	date, found := "", false
	for _, m := range members {
		text, isText := Text(m.Value)
		switch {
		case m.Name == "date" && isText:
			date, found = text, true
		case m.Name == "timezone" && isText:
			if zone, err = phpZone(text); err != nil {
				return 0, err
			}
		}
	}
	if !found {
		return 0, errors.New(`it is an object without the text "date" of PHP's DateTime`)
	}
	return parseAnyInstant(date, zone)
}

// maxZoneName is past every name of the time zone database; the longest,
// America/Argentina/ComodRivadavia, has 32 bytes.
const maxZoneName = 64

func phpZone(name string) (*time.Location, error) {
	p := instantScan{s: name, mail: true}
	if err := p.zone(); err == nil && p.zoned {
		return time.FixedZone(name, p.offset), nil
	}
	if name == "" || name == "Local" || len(name) > maxZoneName || !utf8.ValidString(name) {
		return nil, errUnknownZone // the time package would take "" and "Local" for zones of its own
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("its time zone %q is not known", name)
	}
	return zone, nil
}
