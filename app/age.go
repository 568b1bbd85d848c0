package app

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Age is how long something is kept, by the calendar. The zero value is for ever.
type Age struct{ Years, Months, Days int }

// ParseAge reads "forever", or a number of days, months or years such as "90d", "18m", "2y".
func ParseAge(text string) (a Age, err error) {
	if text == "forever" || text == "" {
		return a, nil
	}
	for unit, into := range map[string]*int{"d": &a.Days, "m": &a.Months, "y": &a.Years} {
		digits, ok := strings.CutSuffix(text, unit)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > map[string]int{"d": 36500, "m": 1200, "y": 100}[unit] {
			break
		}
		*into = n
		return a, nil
	}
	return Age{}, fmt.Errorf("%q is no time to keep something", text)
}

// Before is the beginning (UTC) of the first day that is kept at now. A month before the
// 31st is the last of the month before, when that has none.
func (a Age) Before(now time.Time) time.Time {
	now = now.UTC()
	month := time.Date(now.Year()-a.Years, now.Month()-time.Month(a.Months), 1, 0, 0, 0, 0, time.UTC)
	last := month.AddDate(0, 1, -1).Day()
	return month.AddDate(0, 0, min(now.Day(), last)-1-a.Days)
}

// Expiring is how many events of a name have become too old.
type Expiring struct {
	Name   string
	Events int64 // that go
	Of     int64 // that there are
}
