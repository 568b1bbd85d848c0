package app

import (
	"strconv"
	"strings"
	"time"
)

// String returns d as the wire has it: "30d".
func (d Duration) String() string {
	if d.IsZero() {
		return ""
	}
	return strconv.Itoa(d.N) + unitLetters[d.Unit]
}

// ParseDuration reads "30d", "12h", "2w", "3mo", "1y", "45m", "10s". It returns CodeInvalid
// for anything else.
func ParseDuration(s string) (Duration, error) {
	fault := Invalid("", "%s is no duration: write a whole number and a unit, such as \"30d\", \"12h\", \"2w\", \"3mo\", \"1y\", \"45m\" or \"10s\"", excerpt(s))
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil || i > 9 {
		return Duration{}, fault
	}
	for unit, letters := range unitLetters {
		if unit == int(NoUnit) || letters != s[i:] {
			continue
		}
		if n > MaxSpan || Unit(unit) == Year && n > maxYear || Unit(unit) == Month && n > 12*maxYear {
			return Duration{}, Invalid("", "%s is longer than the calendar", excerpt(s))
		}
		return Duration{n, Unit(unit)}, nil
	}
	return Duration{}, fault
}

// millis is the length of an exact duration.
func (d Duration) millis() Instant {
	return Instant(d.N) * [...]Instant{0, 1000, minuteMillis, 60 * minuteMillis}[d.Unit]
}

// span returns the least and the most that d may be long, in milliseconds, changes of
// clocks aside.
func (d Duration) span() (least, most Instant) {
	if d.Exact() {
		return d.millis(), d.millis()
	}
	days := [...][2]Instant{{1, 1}, {7, 7}, {28, 31}, {365, 366}}[d.Unit-DayUnit]
	return Instant(d.N) * days[0] * DayMillis, Instant(d.N) * days[1] * DayMillis
}

// Before returns the instant that lies d before t, in zone: calendar units keep the time
// of day, and a day that the month does not have becomes the month's last.
func (d Duration) Before(t Instant, zone *time.Location) Instant { return d.shift(t, zone, -1) }

// After returns the instant that lies d after t.
func (d Duration) After(t Instant, zone *time.Location) Instant { return d.shift(t, zone, 1) }

func (d Duration) shift(t Instant, zone *time.Location, sign int) Instant {
	if d.Exact() {
		return clampInstant(t + Instant(sign)*d.millis())
	}
	wall := WallOf(t, zone)
	day, rest := DayOf(wall), wall-Instant(DayOf(wall))*DayMillis
	n := sign * d.N
	switch d.Unit {
	case Week:
		n *= 7
		fallthrough
	case DayUnit:
		day += int64(n)
	case Year:
		n *= 12
		fallthrough
	case Month:
		y, m, dom := dateOfDay(int(day))
		months := y*12 + m - 1 + n
		y, m = months/12, months%12+1
		if months < 12 {
			return minInstant
		}
		if y > 9999 {
			return maxInstant
		}
		day = int64(dayOfDate(y, m, min(dom, daysIn(y, m))))
	}
	return InstantOfWall(clampInstant(Instant(day)*DayMillis+rest), zone)
}

func clampInstant(t Instant) Instant { return min(max(t, minInstant), maxInstant) }

// offset is the zone's distance from UTC at t, in milliseconds.
func offset(t Instant, zone *time.Location) Instant {
	if zone == nil || zone == time.UTC {
		return 0
	}
	_, seconds := time.UnixMilli(int64(t)).In(zone).Zone()
	return Instant(seconds) * 1000
}

// WallOf returns what a clock in zone shows at t, as if it were UTC.
func WallOf(t Instant, zone *time.Location) Instant { return clampInstant(t + offset(t, zone)) }

// InstantOfWall returns the instant at which a clock in zone shows wall (as if it were
// UTC). Of two such instants it is the earlier; where a clock change skips the time it is
// the change itself. So later walls are never earlier instants.
func InstantOfWall(wall Instant, zone *time.Location) Instant {
	if zone == nil || zone == time.UTC {
		return wall
	}
	// A zone changes its offset at most once within a day or so around wall.
	before, after := offset(wall-DayMillis, zone), offset(wall+DayMillis, zone)
	if early := wall - before; offset(early, zone) == before {
		return clampInstant(early)
	}
	if late := wall - after; offset(late, zone) == after {
		return clampInstant(late)
	}
	// Skipped: the change is the first instant that has the later offset.
	lo, hi := wall-max(before, after), wall-min(before, after)
	for lo < hi {
		if mid := lo + (hi-lo)/2; offset(mid, zone) == after {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return clampInstant(lo)
}

// NextChange returns the next instant after t at which a day begins in zone or its clock
// is changed: between two such instants, calendar arithmetic runs straight.
func NextChange(t Instant, zone *time.Location) Instant {
	next := Instant(DayOf(WallOf(t, zone))+1)*DayMillis - offset(t, zone)
	if zone != nil {
		if _, end := time.UnixMilli(int64(t)).In(zone).ZoneBounds(); !end.IsZero() {
			next = min(next, Instant(end.UnixMilli()))
		}
	}
	return max(next, t+1)
}

// Start returns the first instant of d in zone.
func (d Date) Start(zone *time.Location) Instant {
	if d.Kind == Exact {
		return d.Instant
	}
	return InstantOfWall(d.Instant, zone)
}

// End returns the first instant after d in zone: the next day's first for a Day, else the next millisecond.
func (d Date) End(zone *time.Location) Instant {
	if d.Kind == Day {
		return InstantOfWall(clampInstant(d.Instant+DayMillis), zone)
	}
	return d.Start(zone) + 1
}

// surelyFrom reports whether d begins at or after a date of a kind that begins at t, both
// as if in UTC, in whatever zone the one that has none is taken.
func (d Date) surelyFrom(t Instant, kind DateKind) bool {
	if (d.Kind == Exact) != (kind == Exact) {
		t += DayMillis // zones are never that far from UTC
	}
	return d.Instant >= t
}

// ParseDate reads a date as rules and values have it: any text of [ParseInstantText]. A
// text that names no zone is a LocalTime, or a Day if it names no time either.
func ParseDate(s string) (Date, error) {
	d, ok := TryDate(s)
	if !ok {
		_, err := ParseInstantText(s, nil)
		return d, err
	}
	return d, nil
}

// TryDate is [ParseDate] for values that may well be something else.
func TryDate(s string) (Date, bool) {
	if t, ok := parseRFC3339(s); ok {
		return Date{Exact, t, s}, true
	}
	if !strings.ContainsAny(s, "0123456789") {
		return Date{}, false
	}
	utc, err := parseAnyInstant(s, time.UTC)
	if err != nil {
		return Date{}, false
	}
	if east, err := parseAnyInstant(s, anHourEast); err != nil || east == utc {
		return Date{Exact, utc, s}, true
	}
	basic := len(s) > 8 && s[8]|0x20 == 't' // 20200530T000000 has a time, though no colon
	if utc%DayMillis == 0 && !strings.Contains(s, ":") && !basic {
		return Date{Day, utc, s}, true
	}
	return Date{LocalTime, utc, s}, true
}

// anHourEast tells a text that names its zone from one that does not.
var anHourEast = time.FixedZone("", 3600)

// MonthDay returns the month and day of an instant's date as a clock of that day shows it,
// as one number: 100 × month + day.
func MonthDay(wall Instant) int {
	_, m, d := dateOfDay(int(DayOf(wall)))
	return 100*m + d
}
