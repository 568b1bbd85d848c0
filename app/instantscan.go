package app

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// instantScan reads the slower forms of an instant from s, from i on, into its
// fields; [instantScan.instant] then holds them against the calendar.
type instantScan struct {
	s string
	i int

	year, month, day            int
	hour, minute, second, milli int
	weekday                     int  // 1 + time.Weekday, 0 if the text names none
	offset                      int  // seconds east of UTC
	zoned                       bool // whether the text says its offset
	monthFirst                  bool // whether the form could be mixed up with d/m/Y
	mail                        bool // whether the form may name the zones of RFC 822
}

// foreignBlanks are what locale data writes for a blank, before AM and PM above all.
var foreignBlanks = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ")

// parseAnyInstant reads every form of [ParseInstantText].
func parseAnyInstant(s string, zone *time.Location) (Instant, error) {
	const longest = 200 // bytes: JavaScript's dates with the longest zone name have under 100
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return 0, errors.New("it is empty")
	case allDigits(s) && len(s) == 8 && plausibleDate(s):
		s = s[:4] + "-" + s[4:6] + "-" + s[6:]
	default:
		if _, _, _, ok := splitDecimal(s); ok {
			return parseEpoch(s)
		}
	}
	if len(s) > longest {
		return 0, errUnknownForm
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) {
		s = foreignBlanks.Replace(s)
	}
	p := instantScan{s: s}
	if err := p.parse(); err != nil {
		return 0, err
	}
	return p.instant(zone)
}

// plausibleDate tells whether eight digits are rather a yyyymmdd than seconds
// since 1970, which with eight digits lie in 1970 to 1973. A day and month in
// the wrong order count too: that is an error to report, not a time in 1970.
func plausibleDate(s string) bool {
	year, month, day := twoDigits(s, 0)*100+twoDigits(s, 2), twoDigits(s, 4), twoDigits(s, 6)
	return year >= 1800 && year < 2200 && month >= 1 && day >= 1 && month <= 31 && day <= 31 && min(month, day) <= 12
}

func (p *instantScan) parse() error {
	if p.i < len(p.s) && !isDigit(p.s[p.i]) {
		return p.parseWords()
	}
	switch end := p.digitsEnd(); {
	case end == 4 && p.at(end) == '-':
		return p.parseISO()
	case end == 8 && p.at(end)|0x20 == 't':
		return p.parseBasic()
	case end <= 2 && p.at(end) == '/':
		return p.parseSlashed()
	case end <= 2 && (p.at(end) == ' ' || p.at(end) == '-'):
		return p.parseDayFirst()
	}
	return errUnknownForm
}

// parseISO reads 2024-02-29 and 2024-02-29T12:34:56.789+01:00 with all they may lack.
func (p *instantScan) parseISO() error {
	ok := p.number(&p.year, 4, 4) && p.take('-') && p.number(&p.month, 2, 2) && p.take('-') && p.number(&p.day, 2, 2)
	if !ok {
		return errUnknownForm
	}
	if p.i == len(p.s) {
		return nil
	}
	if !p.take('T') && !p.take('t') && !p.blanks() {
		return errUnknownForm
	}
	return p.clockAndZone()
}

// parseBasic reads 20200530T093010Z.
func (p *instantScan) parseBasic() error {
	p.year = twoDigits(p.s, 0)*100 + twoDigits(p.s, 2)
	p.month, p.day = twoDigits(p.s, 4), twoDigits(p.s, 6)
	p.i = 9
	if p.digitsEnd()-p.i != 6 && p.digitsEnd()-p.i != 4 {
		return errUnknownForm
	}
	end := p.digitsEnd()
	p.hour, p.minute = twoDigits(p.s, p.i), twoDigits(p.s, p.i+2)
	if end-p.i == 6 {
		p.second = twoDigits(p.s, p.i+4)
	}
	p.i = end
	p.fraction()
	return p.zone()
}

// parseSlashed reads 02/29/2024 12:34:56, where the month stands first.
func (p *instantScan) parseSlashed() error {
	p.monthFirst = true
	ok := p.number(&p.month, 1, 2) && p.take('/') && p.number(&p.day, 1, 2) && p.take('/') && p.number(&p.year, 4, 4)
	if !ok {
		return errUnknownForm
	}
	return p.maybeClock()
}

// parseDayFirst reads 29 Feb 2024 12:34:56 +0100, 29-Feb-24 12:34:56 GMT and
// British 29 Feb 2024, 12:34:56.
func (p *instantScan) parseDayFirst() error {
	p.mail = true
	if !p.number(&p.day, 1, 2) || !p.blankOrDash() || !p.monthName() || !p.blankOrDash() || !p.shortYear() {
		return errUnknownForm
	}
	p.take(',')
	return p.maybeClock()
}

// parseWords reads the forms that begin with the name of a weekday or month.
func (p *instantScan) parseWords() error {
	if p.monthName() { // Feb 29, 2024 12:34:56 PM
		return p.monthDayYear()
	}
	if !p.weekdayName() {
		return errUnknownForm
	}
	if p.take(',') { // Thu, 29 Feb 2024 12:34:56 GMT
		p.blanks()
		return p.parseDayFirst()
	}
	if !p.blanks() {
		return errUnknownForm
	}
	if !p.monthName() {
		return p.parseDayFirst()
	}
	start := p.i
	if !p.blanks() || !p.number(&p.day, 1, 2) || !p.blanks() {
		return errUnknownForm
	}
	if p.at(p.digitsEnd()) == ':' {
		return p.clockZoneYear()
	}
	p.i = start
	return p.monthDayYear()
}

// monthDayYear reads what follows the month's name in Feb 29, 2024 12:34:56 PM
// and Feb 29 2024 12:34:56 GMT+0100 (CET).
func (p *instantScan) monthDayYear() error {
	if !p.blanks() || !p.number(&p.day, 1, 2) {
		return errUnknownForm
	}
	p.take(',')
	if !p.blanks() || !p.number(&p.year, 4, 4) {
		return errUnknownForm
	}
	p.take(',')
	return p.maybeClock()
}

// clockZoneYear reads 12:34:56 UTC 2024 and 12:34:56 2024.
func (p *instantScan) clockZoneYear() error {
	if err := p.clock(); err != nil {
		return err
	}
	if !p.blanks() {
		return errUnknownForm
	}
	if !isDigit(p.at(p.i)) {
		rest := p.s
		zone, _, _ := strings.Cut(rest[p.i:], " ")
		p.s = rest[:p.i+len(zone)]
		if err := p.zone(); err != nil {
			return err
		}
		if p.s = rest; !p.blanks() {
			return errUnknownForm
		}
	}
	if !p.number(&p.year, 4, 4) || p.i != len(p.s) {
		return errUnknownForm
	}
	return nil
}

// maybeClock reads the rest of a text after its date.
func (p *instantScan) maybeClock() error {
	if p.i == len(p.s) {
		return nil
	}
	if !p.blanks() {
		return errUnknownForm
	}
	return p.clockAndZone()
}

func (p *instantScan) clockAndZone() error {
	if err := p.clock(); err != nil {
		return err
	}
	return p.zone()
}

// clock reads 12:34, 12:34:56, 12:34:56.789 and 1:34:56 PM.
func (p *instantScan) clock() error {
	if !p.number(&p.hour, 1, 2) || !p.take(':') || !p.number(&p.minute, 2, 2) {
		return errUnknownForm
	}
	if p.take(':') {
		if !p.number(&p.second, 2, 2) {
			return errUnknownForm
		}
		p.fraction()
	}
	return p.halfDay()
}

// halfDay reads AM or PM, also as a.m., if either follows.
func (p *instantScan) halfDay() error {
	rest := strings.TrimLeft(p.s[p.i:], " ")
	for _, mark := range [...]string{"am", "pm", "a.m.", "p.m."} {
		if len(rest) < len(mark) || !strings.EqualFold(rest[:len(mark)], mark) {
			continue
		}
		if p.hour < 1 || p.hour > 12 {
			return fmt.Errorf("there is no hour %d on a clock of twelve hours", p.hour)
		}
		p.hour %= 12
		if mark[0] == 'p' {
			p.hour += 12
		}
		p.i = len(p.s) - len(rest) + len(mark)
		return nil
	}
	return nil
}

// fraction reads the digits of a second's fraction, if there are any; those
// past the millisecond are dropped.
func (p *instantScan) fraction() {
	if c := p.at(p.i); c != '.' && c != ',' || !isDigit(p.at(p.i+1)) {
		return
	}
	p.i++
	for digits := 0; isDigit(p.at(p.i)) || digits < 3; digits++ {
		if digits < 3 {
			p.milli *= 10
		}
		if c := p.at(p.i); isDigit(c) {
			if digits < 3 {
				p.milli += int(c - '0')
			}
			p.i++
		}
	}
}

// utcNames mean UTC wherever they stand. Other names do not: CST is a zone of
// America, China and Cuba.
var utcNames = map[string]bool{"z": true, "utc": true, "ut": true, "gmt": true}

// mailZones are the other names that RFC 822 defines, in hours east of UTC.
var mailZones = map[string]int{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}

// zone reads the rest of the text: nothing, or an offset, a name such as GMT,
// or both as in GMT+0100, and a remark in brackets.
func (p *instantScan) zone() error {
	p.blanks()
	start := p.i
	if name := strings.ToLower(p.word()); name != "" {
		hours, known := mailZones[name]
		if !utcNames[name] && !(known && p.mail) {
			return fmt.Errorf("the time zone %q has no fixed offset; send one such as +01:00", p.s[start:p.i])
		}
		p.zoned, p.offset = true, hours*3600
	}
	if c := p.at(p.i); c == '+' || c == '-' {
		p.i++
		if err := p.readOffset(c == '-'); err != nil {
			return err
		}
	}
	if p.zoned && strings.HasPrefix(strings.TrimLeft(p.s[p.i:], " "), "(") && strings.HasSuffix(p.s, ")") {
		p.i = len(p.s)
	}
	if p.i != len(p.s) {
		return fmt.Errorf("%w: %s is left over", errNotFinalZone, excerpt(p.s[p.i:]))
	}
	return nil
}

// readOffset reads 01:00, 0100 or 01 behind a sign.
func (p *instantScan) readOffset(west bool) error {
	var hours, minutes int
	switch end := p.digitsEnd(); {
	case end-p.i == 4:
		hours, minutes = twoDigits(p.s, p.i), twoDigits(p.s, p.i+2)
		p.i = end
	case !p.number(&hours, 2, 2) || p.take(':') && !p.number(&minutes, 2, 2):
		return errUnknownZone
	}
	if hours > 23 || minutes > 59 {
		return fmt.Errorf("there is no offset of %02d:%02d", hours, minutes)
	}
	p.zoned, p.offset = true, p.offset+hours*3600+minutes*60
	if west {
		p.offset -= 2 * (hours*3600 + minutes*60)
	}
	return nil
}

// at returns the byte at i, 0 behind the end.
func (p *instantScan) at(i int) byte {
	if i < len(p.s) {
		return p.s[i]
	}
	return 0
}

func (p *instantScan) digitsEnd() int {
	i := p.i
	for isDigit(p.at(i)) {
		i++
	}
	return i
}

// number reads all digits that follow, if they are at least and at most so many.
func (p *instantScan) number(n *int, least, most int) bool {
	end := p.digitsEnd()
	if end-p.i < least || end-p.i > most {
		return false
	}
	for *n = 0; p.i < end; p.i++ {
		*n = *n*10 + int(p.s[p.i]-'0')
	}
	return true
}

// shortYear reads a year of four digits, or of two: 69 to 99 are in the 1900s,
// as POSIX has it.
func (p *instantScan) shortYear() bool {
	two := p.digitsEnd()-p.i == 2
	if !two {
		return p.number(&p.year, 4, 4)
	}
	p.number(&p.year, 2, 2)
	if p.year += 1900; p.year < 1969 {
		p.year += 100
	}
	return true
}

func (p *instantScan) take(c byte) bool {
	if p.at(p.i) != c {
		return false
	}
	p.i++
	return true
}

func (p *instantScan) blanks() bool {
	start := p.i
	for p.at(p.i) == ' ' {
		p.i++
	}
	return p.i > start
}

func (p *instantScan) blankOrDash() bool { return p.take('-') || p.blanks() }

// word reads ASCII letters.
func (p *instantScan) word() string {
	start := p.i
	for c := p.at(p.i) | 0x20; c >= 'a' && c <= 'z'; c = p.at(p.i) | 0x20 {
		p.i++
	}
	return p.s[start:p.i]
}

// monthName reads Feb, February and what lies between, as British texts say Sept.
func (p *instantScan) monthName() bool {
	start := p.i
	word := p.word()
	for month := time.January; month <= time.December; month++ {
		if shortens(word, month.String()) {
			p.month = int(month)
			return true
		}
	}
	p.i = start
	return false
}

// shortens tells whether word is name, or its beginning of at least three letters.
func shortens(word, name string) bool {
	return len(word) >= 3 && len(word) <= len(name) && strings.EqualFold(word, name[:len(word)])
}

// weekdayName reads Thu or Thursday.
func (p *instantScan) weekdayName() bool {
	start := p.i
	word := p.word()
	for day := time.Sunday; day <= time.Saturday; day++ {
		if shortens(word, day.String()) {
			p.weekday = 1 + int(day)
			return true
		}
	}
	p.i = start
	return false
}

// instant returns the instant that the fields name, or the error that says
// which of them names nothing.
func (p *instantScan) instant(zone *time.Location) (Instant, error) {
	if err := p.check(); err != nil {
		return 0, err
	}
	var t Instant
	if p.zoned || zone == nil || zone == time.UTC {
		seconds := p.hour*3600 + p.minute*60 + p.second - p.offset
		t = Instant(dayOfDate(p.year, p.month, p.day))*DayMillis + Instant(seconds)*1000 + Instant(p.milli)
	} else {
		t = Instant(time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.milli*1e6, zone).UnixMilli())
	}
	if t < minInstant || t > maxInstant {
		return 0, errOutOfRange
	}
	return t, nil
}

func (p *instantScan) check() error {
	switch {
	case p.year < 1:
		return errors.New("there is no year 0")
	case p.month > 12 && p.month <= 31 && p.day <= 12 && p.monthFirst:
		return fmt.Errorf("there is no month %d: day and month look swapped", p.month)
	case p.month > 12 && p.month <= 31 && p.day <= 12:
		return fmt.Errorf("there is no month %d: day and month may be swapped", p.month)
	case p.month < 1 || p.month > 12:
		return fmt.Errorf("there is no month %d", p.month)
	case p.day < 1 || p.day > daysIn(p.year, p.month):
		return fmt.Errorf("there is no %s %d in %04d", time.Month(p.month), p.day, p.year)
	case p.hour == 24:
		return errors.New("there is no hour 24: midnight is 00:00 of the next day")
	case p.hour > 24:
		return fmt.Errorf("there is no hour %d", p.hour)
	case p.minute > 59:
		return fmt.Errorf("there is no minute %d", p.minute)
	case p.second == 60:
		return errors.New("there is no second 60: leap seconds cannot be kept")
	case p.second > 60:
		return fmt.Errorf("there is no second %d", p.second)
	}
	// 1970-01-01 was a Thursday; the sum keeps the dividend of years before it positive.
	was := time.Weekday((dayOfDate(p.year, p.month, p.day) + daysBefore1970 + 3) % 7)
	if p.weekday != 0 && int(was) != p.weekday-1 {
		return fmt.Errorf("%s %d in %04d is a %s, not a %s", time.Month(p.month), p.day, p.year, was, time.Weekday(p.weekday-1))
	}
	return nil
}
