package app

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// instantTests are the forms of an instant, as JSON, and what they mean in UTC.
var instantTests = []struct{ raw, want string }{
	// RFC 3339 and its relatives
	{`"2024-02-29T12:34:56.789Z"`, "2024-02-29T12:34:56.789Z"},
	{`"2020-05-30T09:30:10Z"`, "2020-05-30T09:30:10.000Z"},
	{`"2021-01-12T05:24:39.062+00:00"`, "2021-01-12T05:24:39.062Z"},
	{`"2020-09-29T14:50:29.907+05:30"`, "2020-09-29T09:20:29.907Z"},
	{`"2024-02-29T00:34:56-23:59"`, "2024-03-01T00:33:56.000Z"},
	{`"2024-02-29T12:34:56.789+0100"`, "2024-02-29T11:34:56.789Z"},
	{`"2024-02-29T12:34:56+01"`, "2024-02-29T11:34:56.000Z"},
	{`"2024-02-29t12:34:56z"`, "2024-02-29T12:34:56.000Z"},
	{`"2024-02-29 12:34:56Z"`, "2024-02-29T12:34:56.000Z"},
	{`"2024-02-29 12:34:56 +0100"`, "2024-02-29T11:34:56.000Z"},
	{`"2024-02-29 12:34:56 UTC"`, "2024-02-29T12:34:56.000Z"},
	{`"2024-02-29T12:34Z"`, "2024-02-29T12:34:00.000Z"},
	{`"2024-02-29T12:34"`, "2024-02-29T12:34:00.000Z"},
	{`"2024-02-29T12:34:56.123456"`, "2024-02-29T12:34:56.123Z"},
	{`"1996-07-04 00:00:00.000"`, "1996-07-04T00:00:00.000Z"},
	{`"2024-02-29"`, "2024-02-29T00:00:00.000Z"},
	{`" 2024-02-29\n"`, "2024-02-29T00:00:00.000Z"},
	{`"2024-02-29T12:34:56.7Z"`, "2024-02-29T12:34:56.700Z"},
	{`"2024-02-29T12:34:56.9999999999999999999Z"`, "2024-02-29T12:34:56.999Z"},
	{`"1969-12-31T23:59:59.9999Z"`, "1969-12-31T23:59:59.999Z"},
	{`"2024-02-29T12:34:56,78Z"`, "2024-02-29T12:34:56.780Z"},
	{`"0001-01-01T00:00:00Z"`, "0001-01-01T00:00:00.000Z"},
	{`"9999-12-31T23:59:59.999Z"`, "9999-12-31T23:59:59.999Z"},
	{`"2024\u002d02-29"`, "2024-02-29T00:00:00.000Z"},
	// ISO 8601 basic
	{`"20200530"`, "2020-05-30T00:00:00.000Z"},
	{`"19970101"`, "1997-01-01T00:00:00.000Z"},
	{`"20200530T093010Z"`, "2020-05-30T09:30:10.000Z"},
	{`"20200530T093010.5+0100"`, "2020-05-30T08:30:10.500Z"},
	{`"20200530t0930"`, "2020-05-30T09:30:00.000Z"},
	// epochs
	{`1709210096`, "2024-02-29T12:34:56.000Z"},
	{`1709210096789`, "2024-02-29T12:34:56.789Z"},
	{`"1709210096789"`, "2024-02-29T12:34:56.789Z"},
	{`"1709210096"`, "2024-02-29T12:34:56.000Z"},
	{`1709210096.789`, "2024-02-29T12:34:56.789Z"},
	{`1709210096.7899999`, "2024-02-29T12:34:56.789Z"},
	{`1.709210096789e12`, "2024-02-29T12:34:56.789Z"},
	{`"1.709210096789E+9"`, "2024-02-29T12:34:56.789Z"},
	{`1709210096789123e-6`, "2024-02-29T12:34:56.789Z"},
	{`20200530`, "1970-08-22T19:15:30.000Z"},
	{`"12345678"`, "1970-05-23T21:21:18.000Z"},
	{`"0001709210096"`, "2024-02-29T12:34:56.000Z"},
	{`0`, "1970-01-01T00:00:00.000Z"},
	{`-0`, "1970-01-01T00:00:00.000Z"},
	{`0.0e99999999999`, "1970-01-01T00:00:00.000Z"},
	{`-1`, "1969-12-31T23:59:59.000Z"},
	{`-0.0001`, "1969-12-31T23:59:59.999Z"},
	{`1e-999999999999`, "1970-01-01T00:00:00.000Z"},
	{`99999999999`, "5138-11-16T09:46:39.000Z"},
	{`99999999999.9999`, "5138-11-16T09:46:39.999Z"},
	{`100000000000`, "1973-03-03T09:46:40.000Z"},
	{`-100000000000.5`, "1966-10-31T14:13:19.999Z"},
	{`253402300799999`, "9999-12-31T23:59:59.999Z"},
	{`-62135596800000`, "0001-01-01T00:00:00.000Z"},
	// Gson and Java's locale texts
	{`"Feb 29, 2024 12:34:56 PM"`, "2024-02-29T12:34:56.000Z"},
	{`"Feb 29, 2024 12:34:56 AM"`, "2024-02-29T00:34:56.000Z"},
	{`"Feb 9, 2024 1:04:56 PM"`, "2024-02-09T13:04:56.000Z"},
	{`"Feb 29, 2024, 12:34:56 PM"`, "2024-02-29T12:34:56.000Z"},
	{`"Feb 29, 2024, 1:34:56\u202fPM"`, "2024-02-29T13:34:56.000Z"},
	{`"Feb 29, 2024 1:34:56\u00a0pm"`, "2024-02-29T13:34:56.000Z"},
	{`"Feb 29, 2024 1:34:56 p.m."`, "2024-02-29T13:34:56.000Z"},
	{`"Feb 29, 2024 22:34:56"`, "2024-02-29T22:34:56.000Z"},
	{`"February 29, 2024"`, "2024-02-29T00:00:00.000Z"},
	{`"5 Sept 2024, 22:34:56"`, "2024-09-05T22:34:56.000Z"},
	// JavaScript, mail and C
	{`"Thu Feb 29 2024 12:34:56 GMT+0100 (Central European Standard Time)"`, "2024-02-29T11:34:56.000Z"},
	{`"Thu Feb 29 2024 12:34:56 GMT-0430"`, "2024-02-29T17:04:56.000Z"},
	{`"Thu Feb 29 2024 12:34:56 GMT+0100 (heure normale d’Europe centrale)"`, "2024-02-29T11:34:56.000Z"},
	{`"Thu Feb 29 2024"`, "2024-02-29T00:00:00.000Z"},
	{`"Thu, 29 Feb 2024 12:34:56 GMT"`, "2024-02-29T12:34:56.000Z"},
	{`"Thu, 29 Feb 2024 12:34:56 +0100"`, "2024-02-29T11:34:56.000Z"},
	{`"Thu, 29 Feb 24 12:34 EST"`, "2024-02-29T17:34:00.000Z"},
	{`"29 Feb 24 12:34:56 PDT"`, "2024-02-29T19:34:56.000Z"},
	{`"29 Feb 2024 12:34:56 GMT (remark)"`, "2024-02-29T12:34:56.000Z"},
	{`"Thursday, 29-Feb-24 12:34:56 GMT"`, "2024-02-29T12:34:56.000Z"},
	{`"Sunday, 06-Nov-94 08:49:37 GMT"`, "1994-11-06T08:49:37.000Z"},
	{`"Sun Nov  6 08:49:37 1994"`, "1994-11-06T08:49:37.000Z"},
	{`"Thu Feb 29 12:34:56 UTC 2024"`, "2024-02-29T12:34:56.000Z"},
	{`"Thu Feb 29 12:34:56 GMT 2024"`, "2024-02-29T12:34:56.000Z"},
	{`"Thu Feb 29 12:34:56 GMT+01:00 2024"`, "2024-02-29T11:34:56.000Z"},
	// WordPress and spreadsheets
	{`"02/29/2024 12:34:56"`, "2024-02-29T12:34:56.000Z"},
	{`"2/9/2024"`, "2024-02-09T00:00:00.000Z"},
	{`"2/9/2024 1:05 PM"`, "2024-02-09T13:05:00.000Z"},
	// PHP
	{`{"date":"2024-02-29 12:34:56.789000","timezone_type":3,"timezone":"UTC"}`, "2024-02-29T12:34:56.789Z"},
	{`{"date":"2024-02-29 12:34:56.789000","timezone_type":3,"timezone":"Africa\/Lagos"}`, "2024-02-29T11:34:56.789Z"},
	{`{"timezone":"+05:30","timezone_type":1,"date":"2024-02-29 12:34:56.000000"}`, "2024-02-29T07:04:56.000Z"},
	{`{"date":"2024-02-29 12:34:56.000000","timezone_type":2,"timezone":"EDT"}`, "2024-02-29T16:34:56.000Z"},
	{`{"date":"2024-02-29 12:34:56.000000"}`, "2024-02-29T12:34:56.000Z"},
}

func TestParseInstant_readsEveryFormThatSDKsSend(t *testing.T) {
	t.Parallel()
	for _, tt := range instantTests {
		got, err := ParseInstant([]byte(tt.raw), nil)
		if err != nil {
			t.Errorf("%s: %v", tt.raw, err)
		} else if got.String() != tt.want {
			t.Errorf("%s is read as %s, want %s", tt.raw, got, tt.want)
		}
	}
}

func TestParseInstant_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct{ raw, why string }{
		{`"2024-31-01"`, "there is no month 31: day and month may be swapped"},
		{`"2024-13-12T00:00:00Z"`, "there is no month 13: day and month may be swapped"},
		{`"2024-13-13"`, "there is no month 13;"},
		{`"2024-00-01"`, "there is no month 0"},
		{`"20203005"`, "there is no month 30: day and month may be swapped"},
		{`"20230229"`, "there is no February 29 in 2023"},
		{`"29/02/2024 12:34:56"`, "there is no month 29: day and month look swapped"},
		{`"2024-02-30"`, "there is no February 30 in 2024"},
		{`"2023-02-29T12:34:56Z"`, "there is no February 29 in 2023"},
		{`"1900-02-29"`, "there is no February 29 in 1900"},
		{`"2024-04-31T00:00:00Z"`, "there is no April 31 in 2024"},
		{`"2024-04-00"`, "there is no April 0 in 2024"},
		{`"2024-02-29T24:00:00Z"`, "there is no hour 24: midnight is 00:00 of the next day"},
		{`"2024-02-29T25:00:00Z"`, "there is no hour 25"},
		{`"2024-02-29T12:60:00Z"`, "there is no minute 60"},
		{`"2016-12-31T23:59:60Z"`, "there is no second 60: leap seconds"},
		{`"2016-12-31T23:59:61Z"`, "there is no second 61"},
		{`"Feb 29, 2024 13:34:56 PM"`, "there is no hour 13 on a clock of twelve hours"},
		{`"Feb 29, 2024 0:34:56 AM"`, "there is no hour 0 on a clock of twelve hours"},
		{`"Fri Feb 29 2024 12:34:56 GMT+0100"`, "February 29 in 2024 is a Thursday, not a Friday"},
		{`"Thu Feb 29 12:34:56 WAT 2024"`, `the time zone "WAT" has no fixed offset`},
		{`"Thu Feb 29 12:34:56 CST 2024"`, `the time zone "CST" has no fixed offset`},
		{`"2024-02-29T12:34:56+24:00"`, "there is no offset of 24:00"},
		{`"2024-02-29T12:34:56+1"`, "its time zone is not known"},
		{`"2024-02-29T12:34:56Zulu"`, `the time zone "Zulu" has no fixed offset`},
		{`"2024-02-29T12:34:56Z!"`, `it goes on after the time: "!" is left over`},
		{`"0000-01-01"`, "there is no year 0"},
		{`"0000-01-01T00:00:00Z"`, "there is no year 0"},
		{`"0001-01-01T00:00:00+01:00"`, "it lies outside the years 0001 to 9999"},
		{`"9999-12-31T23:59:59-00:01"`, "it lies outside the years 0001 to 9999"},
		{`253402300800000`, "it lies outside the years 0001 to 9999"},
		{`-62135596800000.1`, "it lies outside the years 0001 to 9999"},
		{`1709210096789123`, "it lies outside the years 0001 to 9999"},
		{`1e400`, "it lies outside the years 0001 to 9999"},
		{`"tomorrow"`, "its form is not known"},
		{`"2024-02-29T"`, "its form is not known"},
		{`"2024-2-9"`, "its form is not known"},
		{`"2024-02-29T12:34:5Z"`, "its form is not known"},
		{`"20200530T09"`, "its form is not known"},
		{`""`, "it is empty"},
		{`" \t"`, "it is empty"},
		{`null`, "it holds no time"},
		{`true`, "it holds no time"},
		{`[]`, "it holds no time"},
		{`{}`, `it is an object without the text "date"`},
		{`{"date":1}`, `it is an object without the text "date"`},
		{`{"date":"2024-02-29","timezone":"Mars/Base"}`, `its time zone "Mars/Base" is not known`},
		{`{"date":"2024-02-29","timezone":"Local"}`, `its time zone is not known`},
		{`{"date":"2024-02-29","timezone":"../../etc/passwd"}`, `is not known`},
		{`{"date":"2024-02-30","timezone":"UTC"}`, `there is no February 30 in 2024`},
	}
	for _, tt := range tests {
		got, err := ParseInstant([]byte(tt.raw), nil)
		if err == nil {
			t.Errorf("%s is read as %s, want an error", tt.raw, got)
		} else if !strings.Contains(err.Error(), tt.why) || !strings.Contains(err.Error(), "send RFC 3339 such as") {
			t.Errorf("%s: got %q, want %q in it", tt.raw, err, tt.why)
		}
	}
}

func TestParseInstantText_quotesNoMoreThanIsReadable(t *testing.T) {
	t.Parallel()
	_, err := ParseInstantText(strings.Repeat("é\x00", 10_000), nil)
	if err == nil {
		t.Fatal("no error")
	}
	if want := `"` + strings.Repeat(`é\x00`, 32) + `"…`; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("the error begins with %.200q, want %q", err, want)
	}
}

func TestParseInstant_takesLocalTimesInTheGivenZone(t *testing.T) {
	t.Parallel()
	berlin, lagos := zoneOf(t, "Europe/Berlin"), zoneOf(t, "Africa/Lagos")
	tests := []struct {
		name, text string
		zone       *time.Location
		want       string
	}{
		{"winter", "2024-02-29T12:34:56", berlin, "2024-02-29T11:34:56.000Z"},
		{"summer", "2024-07-01 12:34", berlin, "2024-07-01T10:34:00.000Z"},
		{"midnight of a date", "2024-07-01", berlin, "2024-06-30T22:00:00.000Z"},
		{"midnight of digits", "20240701", berlin, "2024-06-30T22:00:00.000Z"},
		{"Lagos has no summer time", "2024-07-01T12:34:56.5", lagos, "2024-07-01T11:34:56.500Z"},
		{"Gson", "Feb 29, 2024 12:34:56 PM", lagos, "2024-02-29T11:34:56.000Z"},
		{"WordPress", "02/29/2024 00:30:00", lagos, "2024-02-28T23:30:00.000Z"},
		{"an offset wins over the zone", "2024-02-29T12:34:56-03:00", berlin, "2024-02-29T15:34:56.000Z"},
		{"so does GMT", "Thu, 29 Feb 2024 12:34:56 GMT", berlin, "2024-02-29T12:34:56.000Z"},
		{"epochs have no zone", "1709210096", berlin, "2024-02-29T12:34:56.000Z"},
	}
	for _, tt := range tests {
		got, err := ParseInstantText(tt.text, tt.zone)
		if err != nil || got.String() != tt.want {
			t.Errorf("%s: %s is read as %s, %v, want %s", tt.name, tt.text, got, err, tt.want)
		}
	}
}

func TestParseInstant_resolvesClockChangesAsTimeDateDoes(t *testing.T) {
	t.Parallel()
	berlin := zoneOf(t, "Europe/Berlin")
	for _, tt := range []struct {
		name, text string
		want       time.Time
	}{
		{"a time that was skipped", "2024-03-31T02:30:00", time.Date(2024, 3, 31, 2, 30, 0, 0, berlin)},
		{"a time that came twice", "2024-10-27T02:30:00", time.Date(2024, 10, 27, 2, 30, 0, 0, berlin)},
	} {
		got, err := ParseInstantText(tt.text, berlin)
		if err != nil || got != InstantOf(tt.want) {
			t.Errorf("%s: got %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestInstant_isWrittenInTheSameFormEverywhere(t *testing.T) {
	t.Parallel()
	at := InstantOf(time.Date(2024, 2, 29, 12, 34, 56, 789_999_999, time.FixedZone("", 3600)))
	const want = "2024-02-29T11:34:56.789Z"
	if got := at.String(); got != want {
		t.Errorf("String gives %s, want %s", got, want)
	}
	if got, err := json.Marshal(map[string]Instant{"at": at}); err != nil || string(got) != `{"at":"`+want+`"}` {
		t.Errorf("json.Marshal gives %s, %v", got, err)
	}
	if got := at.Time(); got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
		t.Errorf("Time gives %s, want %s in UTC", got, want)
	}
	if got := string(at.Append([]byte("at "))); got != "at "+want {
		t.Errorf("Append gives %q", got)
	}
	if got := InstantOf(time.Unix(-1, 999_999_999)); got != -1 {
		t.Errorf("a nanosecond before 1970 is instant %d, want -1", got)
	}
}

func TestInstant_staysInTheYearsThatFourDigitsWrite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want string }{
		{InstantOf(time.Time{}).String(), "0001-01-01T00:00:00.000Z"},
		{InstantOf(time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)).String(), "0001-01-01T00:00:00.000Z"},
		{InstantOf(time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC)).String(), "9999-12-31T23:59:59.999Z"},
		{Instant(math.MinInt64).String(), "0001-01-01T00:00:00.000Z"},
		{Instant(math.MaxInt64).String(), "9999-12-31T23:59:59.999Z"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

func TestInstant_agreesWithTheTimePackageOnEveryDay(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02T15:04:05.000Z"
	day := time.Date(1, 1, 1, 23, 59, 59, 999e6, time.UTC)
	for day.Year() < 10000 {
		want := day.Format(layout)
		if got := InstantOf(day).String(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		if got, ok := parseRFC3339(want); !ok || got != InstantOf(day) {
			t.Fatalf("%s is read as %s, %v", want, got, ok)
		}
		day = day.AddDate(0, 0, 1)
	}
}

func TestParseInstantText_knowsEveryWeekday(t *testing.T) {
	t.Parallel()
	for day := time.Date(1969, 12, 20, 1, 2, 3, 0, time.UTC); day.Year() < 1971; day = day.AddDate(0, 0, 1) {
		for _, layout := range []string{time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC, time.UnixDate} {
			got, err := ParseInstantText(day.Format(layout), nil)
			if err != nil || got != InstantOf(day) {
				t.Fatalf("%s is read as %s, %v", day.Format(layout), got, err)
			}
		}
	}
}

func FuzzParseInstant(f *testing.F) {
	for _, seed := range []string{`"2024-02-29T12:34:56.789+01:00"`, `"Feb 29, 2024, 1:34:56 PM"`, `-17092100967.89e2`,
		`"Thu Feb 29 2024 12:34:56 GMT+0100 (CET)"`, `"Thu Feb 29 12:34:56 UTC 2024"`, `"02/29/2024 12:34:56"`, `"20200530T093010Z"`,
		`{"date":"2024-02-29 12:34:56.789000","timezone_type":3,"timezone":"UTC"}`, `"Thursday, 29-Feb-24 12:34:56 EST"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fromText, textErr := ParseInstantText(string(raw), nil)
		fromRaw, rawErr := ParseInstant(raw, nil)
		for _, err := range []error{textErr, rawErr} {
			if err != nil && !utf8.ValidString(err.Error()) {
				t.Fatalf("the error is not UTF-8: %q", err)
			}
		}
		if rawErr == nil {
			fromText, textErr = fromRaw, nil
		}
		if textErr != nil {
			return
		}
		again, err := ParseInstantText(fromText.String(), nil)
		if err != nil || again != fromText {
			t.Fatalf("%q is %d, written as %s, read again as %d, %v", raw, fromText, fromText, again, err)
		}
		if quick, ok := parseRFC3339(string(raw)); ok {
			slow, err := parseAnyInstant(string(raw), nil)
			if err != nil || slow != quick {
				t.Fatalf("%q is read as %s quickly and as %s slowly: %v", raw, quick, slow, err)
			}
		}
	})
}

func BenchmarkParseInstantText(b *testing.B) {
	for _, bb := range []struct{ name, text string }{
		{"rfc3339", "2024-02-29T12:34:56.789Z"},
		{"offset", "2024-02-29T12:34:56.789+01:00"},
		{"noZone", "2024-02-29T12:34:56.789123"},
		{"epoch", "1709210096789"},
		{"gson", "Feb 29, 2024 12:34:56 PM"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseInstantText(bb.text, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("time.Parse", func(b *testing.B) {
		for b.Loop() {
			if _, err := time.Parse(time.RFC3339, "2024-02-29T12:34:56.789Z"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkInstantAppend(b *testing.B) {
	dst := make([]byte, 0, 24)
	b.ReportAllocs()
	for b.Loop() {
		dst = Instant(1709210096789).Append(dst[:0])
	}
}
