package app_test

import (
	"testing"
	"time"

	"kith/app"

	"pgregory.net/rapid"
)

func instantOf(t testing.TB, s string) app.Instant {
	t.Helper()
	at, err := app.ParseInstantText(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := app.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestDuration_beforeAndAfterInZones(t *testing.T) {
	t.Parallel()
	rows := []struct{ zone, from, by, want string }{ // by "-30d" is before
		{"UTC", "2024-03-31T10:00:00Z", "-1mo", "2024-02-29T10:00:00Z"},
		{"UTC", "2025-03-31T10:00:00Z", "-1mo", "2025-02-28T10:00:00Z"},
		{"UTC", "2025-03-29T10:00:00Z", "-1mo", "2025-02-28T10:00:00Z"},
		{"UTC", "2024-02-29T10:00:00Z", "-1y", "2023-02-28T10:00:00Z"},
		{"UTC", "2024-02-29T10:00:00Z", "-4y", "2020-02-29T10:00:00Z"},
		{"UTC", "2024-02-29T10:00:00Z", "1y", "2025-02-28T10:00:00Z"},
		{"UTC", "2024-01-31T10:00:00Z", "1mo", "2024-02-29T10:00:00Z"},
		{"UTC", "2024-12-31T23:59:59.999Z", "2mo", "2025-02-28T23:59:59.999Z"},
		{"UTC", "2024-01-15T10:00:00Z", "-13mo", "2022-12-15T10:00:00Z"},
		{"UTC", "2024-03-01T00:00:00Z", "-1d", "2024-02-29T00:00:00Z"},
		{"UTC", "2024-01-01T00:00:00Z", "-2w", "2023-12-18T00:00:00Z"},
		{"UTC", "0001-01-15T00:00:00Z", "-1mo", "0001-01-01T00:00:00Z"}, // the calendar's first instant
		{"UTC", "9999-12-15T00:00:00Z", "1mo", "9999-12-31T23:59:59.999Z"},
		{"UTC", "2024-02-29T10:00:00Z", "-90s", "2024-02-29T09:58:30Z"},
		{"UTC", "2024-02-29T10:00:00Z", "45m", "2024-02-29T10:45:00Z"},
		// Lagos has one offset: a day is 24 hours, but a month ends an hour before UTC's.
		{"Africa/Lagos", "2024-03-30T23:30:00Z", "-1mo", "2024-02-28T23:30:00Z"},
		{"Africa/Lagos", "2024-03-31T10:00:00Z", "-1d", "2024-03-30T10:00:00Z"},
		// New York: clocks went forward on 10 March and back on 3 November 2024.
		{"America/New_York", "2024-03-10T16:00:00Z", "-1d", "2024-03-09T17:00:00Z"}, // noon to noon is 23 hours
		{"America/New_York", "2024-03-10T16:00:00Z", "-24h", "2024-03-09T16:00:00Z"},
		{"America/New_York", "2024-03-11T06:30:00Z", "-1d", "2024-03-10T07:00:00Z"},  // 02:30 was skipped: the change itself
		{"America/New_York", "2024-11-04T06:30:00Z", "-1d", "2024-11-03T05:30:00Z"},  // 01:30 came twice: the earlier
		{"America/New_York", "2024-11-03T17:00:00Z", "-1d", "2024-11-02T16:00:00Z"},  // 25 hours
		{"America/New_York", "2024-04-10T16:00:00Z", "-1mo", "2024-03-10T16:00:00Z"}, // noon to noon
		// London: forward on 31 March, back on 27 October 2024.
		{"Europe/London", "2024-04-01T00:30:00Z", "-1d", "2024-03-31T01:00:00Z"},
		{"Europe/London", "2024-10-28T01:30:00Z", "-1d", "2024-10-27T00:30:00Z"},
		{"Asia/Kathmandu", "2024-03-30T18:30:00Z", "-1mo", "2024-02-28T18:30:00Z"}, // 00:15 on the 31st there
		// Lord Howe's clocks are changed by half an hour: back on 7 April, forward on 6 October 2024.
		{"Australia/Lord_Howe", "2024-04-07T15:10:00Z", "-1d", "2024-04-06T14:40:00Z"},
		{"Australia/Lord_Howe", "2024-10-06T15:10:00Z", "-1d", "2024-10-05T15:30:00Z"},
		// Apia had no 30 December 2011: the 29th ended in the 31st.
		{"Pacific/Apia", "2011-12-30T22:00:00Z", "-1d", "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", "2011-12-31T22:00:00Z", "-2d", "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", "2011-12-29T22:00:00Z", "1d", "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", "2012-01-29T22:00:00Z", "-1mo", "2011-12-30T10:00:00Z"},
	}
	for _, row := range rows {
		zone, from, want := zoneOf(t, row.zone), instantOf(t, row.from), instantOf(t, row.want)
		shift, by := app.Duration.After, row.by
		if by[0] == '-' {
			shift, by = app.Duration.Before, by[1:]
		}
		d, err := app.ParseDuration(by)
		if err != nil {
			t.Fatal(err)
		}
		if got := shift(d, from, zone); got != want {
			t.Errorf("%s: %s %s is %v, want %v", row.zone, row.from, row.by, got, want)
		}
	}
}

func TestDate_daysInZones(t *testing.T) {
	t.Parallel()
	rows := []struct{ zone, date, start, end string }{
		{"UTC", "2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"Africa/Lagos", "2024-02-29", "2024-02-28T23:00:00Z", "2024-02-29T23:00:00Z"},
		{"America/New_York", "2024-03-10", "2024-03-10T05:00:00Z", "2024-03-11T04:00:00Z"},
		{"America/New_York", "2024-11-03", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z"},
		{"Asia/Kathmandu", "2024-02-29", "2024-02-28T18:15:00Z", "2024-02-29T18:15:00Z"},
		{"Australia/Lord_Howe", "2024-04-07", "2024-04-06T13:00:00Z", "2024-04-07T13:30:00Z"},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"}, // the day that was not: empty
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		// In Beirut the day of the change has no midnight, in St John's of 2006 the next one has two.
		{"Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z", "2024-03-31T21:00:00Z"},
		{"America/St_Johns", "2006-10-29", "2006-10-29T02:30:00Z", "2006-10-30T03:30:00Z"},
		{"UTC", "2024-02-29T12:34", "2024-02-29T12:34:00Z", "2024-02-29T12:34:00.001Z"},
		{"Africa/Lagos", "2024-02-29 12:34:56", "2024-02-29T11:34:56Z", "2024-02-29T11:34:56.001Z"},
		{"Africa/Lagos", "2024-02-29T12:34:56+02:00", "2024-02-29T10:34:56Z", "2024-02-29T10:34:56.001Z"},
		{"America/New_York", "1709210096789", "2024-02-29T12:34:56.789Z", "2024-02-29T12:34:56.790Z"},
		{"America/New_York", "20240229T000000", "2024-02-29T05:00:00Z", "2024-02-29T05:00:00.001Z"},
		{"America/New_York", "20240229", "2024-02-29T05:00:00Z", "2024-03-01T05:00:00Z"},
		{"America/New_York", "Feb 29, 2024 12:00:00 AM", "2024-02-29T05:00:00Z", "2024-02-29T05:00:00.001Z"},
	}
	for _, row := range rows {
		d, err := app.ParseDate(row.date)
		if err != nil {
			t.Errorf("%s: %v", row.date, err)
			continue
		}
		zone := zoneOf(t, row.zone)
		if start, end := d.Start(zone), d.End(zone); start != instantOf(t, row.start) || end != instantOf(t, row.end) {
			t.Errorf("%s in %s is %v to %v, want %s to %s", row.date, row.zone, start, end, row.start, row.end)
		}
	}
	for _, s := range []string{"", "soon", "2024-02-30", "2024-13-01", "1.2.3"} {
		if d, err := app.ParseDate(s); err == nil {
			t.Errorf("%q was read as %+v", s, d)
		}
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0d", "30d", "12h", "2w", "3mo", "1y", "45m", "10s", "1000y", "12000mo", "1000000d"} {
		d, err := app.ParseDuration(s)
		if err != nil || d.String() != s || d.IsZero() {
			t.Errorf("%q was read as %q, %v", s, d, err)
		}
	}
	for _, s := range []string{"", "d", "30", "30D", "-1d", "+1d", "1.5h", "30 d", "1001y", "12001mo", "1000001s", "9999999999d", "1month", "1m o", "٣d"} {
		if d, err := app.ParseDuration(s); err == nil || app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%q was read as %q, %v", s, d, err)
		}
	}
}

func TestLoadZone_isTheSameOnEveryMachine(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "local", "localtime", "posixrules", "Lagos", "../UTC", "Africa/Lagos\x00", "+01:00"} {
		if zone, err := app.LoadZone(name); err == nil {
			t.Errorf("%q is the zone %v", name, zone)
		}
	}
	if a, b := zoneOf(t, "Africa/Lagos"), zoneOf(t, "Africa/Lagos"); a != b {
		t.Error("a zone is read anew each time")
	}
}

var oddZones = []string{"UTC", "Africa/Lagos", "America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
	"America/St_Johns", "Africa/Casablanca", "Asia/Beirut", "Antarctica/Troll", "Europe/Dublin", "Pacific/Kwajalein", "America/Caracas"}

// drawNear draws an instant of the years 1970 to 2037, mostly near a change of the zone's clock.
func drawNear(t *rapid.T, zone *time.Location) app.Instant {
	at := app.Instant(rapid.Int64Range(0, 2145916800000).Draw(t, "at"))
	if rapid.IntRange(0, 4).Draw(t, "far") == 0 {
		return at
	}
	if _, end := at.Time().In(zone).ZoneBounds(); !end.IsZero() {
		at = app.InstantOf(end)
	}
	return at + app.Instant(rapid.Int64Range(-50*3_600_000, 50*3_600_000).Draw(t, "beside"))
}

func TestInstantOfWall_isTheFirstInstantThatShowsIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone, err := app.LoadZone(rapid.SampledFrom(oddZones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		wall := app.WallOf(drawNear(t, zone), zone)
		at := app.InstantOfWall(wall, zone)
		if shows := app.WallOf(at, zone); shows < wall {
			t.Fatalf("at %v the clock shows only %v, not %v", at, shows, wall)
		}
		if app.WallOf(at-1, zone) >= wall && app.WallOf(at, zone) == wall {
			// Behind a clock that was put back, what is shown was shown before.
			t.Fatalf("just before %v the clock showed %v, which is not before %v", at, app.WallOf(at-1, zone), wall)
		}
		later := wall + app.Instant(rapid.Int64Range(0, 3*app.DayMillis).Draw(t, "later"))
		if next := app.InstantOfWall(later, zone); next < at {
			t.Fatalf("%v comes at %v, but the later %v at %v", wall, at, later, next)
		}
		// No instant of the hours before shows it either, to the minute.
		for back := app.Instant(60_000); back < 30*3_600_000; back += 7 * 60_000 {
			if app.WallOf(at-back, zone) == wall {
				t.Fatalf("%v is shown at %v already, not only at %v", wall, at-back, at)
			}
		}
	})
}

// Between two changes a step of calendar units never goes backwards: edges of windows can
// be found by bisection there.
func TestNextChange_betweenTwoChangesTimeRunsStraight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone, err := app.LoadZone(rapid.SampledFrom(oddZones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		from := drawNear(t, zone)
		end := app.NextChange(from, zone)
		if end <= from || end > from+26*3_600_000 {
			t.Fatalf("the next change after %v is %v", from, end)
		}
		a := app.Instant(rapid.Int64Range(int64(from), int64(end-1)).Draw(t, "a"))
		b := app.Instant(rapid.Int64Range(int64(a), int64(end-1)).Draw(t, "b"))
		if app.WallOf(b, zone)-app.WallOf(a, zone) != b-a || app.DayOf(app.WallOf(a, zone)) != app.DayOf(app.WallOf(b, zone)) {
			t.Fatalf("%v to %v are %v to %v on the clock", a, b, app.WallOf(a, zone), app.WallOf(b, zone))
		}
		d, err := app.ParseDuration(rapid.SampledFrom([]string{"1d", "30d", "1w", "1mo", "2mo", "1y", "36h"}).Draw(t, "d"))
		if err != nil {
			t.Fatal(err)
		}
		if d.Before(a, zone) > d.Before(b, zone) || d.After(a, zone) > d.After(b, zone) {
			t.Fatalf("%v before %v is %v, but before %v it is %v", d, a, d.Before(a, zone), b, d.Before(b, zone))
		}
	})
}

// A month before is never further off than the month is long, and keeps the time of day
// where there is one.
func TestDuration_monthsClampToTheMonthsEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 48).Draw(t, "n")
		d := app.Duration{N: n, Unit: app.Month}
		at := app.Instant(rapid.Int64Range(-2208988800000, 4102444800000).Draw(t, "at"))
		got, was := d.Before(at, time.UTC).Time(), at.Time()
		if got.Hour() != was.Hour() || got.Nanosecond() != was.Nanosecond() {
			t.Fatalf("%v before %v is %v", d, was, got)
		}
		if months := (was.Year()-got.Year())*12 + int(was.Month()-got.Month()); months != n {
			t.Fatalf("%v before %v is %v: %d months", d, was, got, months)
		}
		if last := got.AddDate(0, 0, 1).Day() == 1; got.Day() != was.Day() && !(last && got.Day() < was.Day()) {
			t.Fatalf("%v before %v is %v", d, was, got)
		}
	})
}
