package demo

import (
	"math"
	"time"

	"kith/app"
)

// pick takes one of some.
func pick[T any](w *world, of []T) T { return of[w.rand.IntN(len(of))] }

// oneIn is true once in n times.
func (w *world) oneIn(n int) bool { return w.rand.IntN(n) == 0 }

// percent is true so many times in a hundred.
func (w *world) percent(n int) bool { return w.rand.IntN(100) < n }

// around is a positive number about median, at times several times that.
func (w *world) around(median, spread float64) float64 {
	return median * math.Exp(spread*w.rand.NormFloat64())
}

// Hours of a day and days of a week (from Sunday on) by how much goes on in them, of 100.
var (
	hours = [24]int{14, 7, 4, 3, 4, 9, 26, 48, 62, 66, 64, 62, 66, 60, 56, 56, 60, 68, 80, 95, 100, 90, 62, 32}
	days  = [7]int{66, 92, 88, 86, 88, 100, 78}
)

// moment is an instant in [from, to) in the rhythm of a zone's days and weeks, with more
// of them towards the end. A span without any busy hour ends at a quiet one.
func (w *world) moment(from, to app.Instant, zone *time.Location) app.Instant {
	at := from
	for range 40 {
		// The power leans towards 1: the company grows.
		at = from + app.Instant(float64(to-from)*math.Pow(w.rand.Float64(), 0.75))
		local := at.Time().In(zone)
		if w.rand.IntN(10_000) < hours[local.Hour()]*days[local.Weekday()] {
			break
		}
	}
	return at
}

// zones are loaded once for each place. A zone that the machine lacks is UTC.
func (w *world) zone(name string) *time.Location {
	if z, ok := w.zones[name]; ok {
		return z
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = time.UTC
	}
	if w.zones == nil {
		w.zones = map[string]*time.Location{}
	}
	w.zones[name] = z
	return z
}

func daysAgo(now app.Instant, n float64) app.Instant {
	return now - app.Instant(n*app.DayMillis)
}
