package segment

import (
	"testing"
	"time"

	"kith/app"

	"pgregory.net/rapid"
)

// Between now and until nothing turns, whatever the border: the search for turns may skip
// over that time.
func TestMoving_nothingPassesBeforeUntil(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"UTC", "America/New_York", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe", "Europe/London"}).Draw(t, "zone")
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		unit := rapid.SampledFrom([]string{"h", "d", "w", "mo", "y"}).Draw(t, "unit")
		d, err := app.ParseDuration(rapid.SampledFrom([]string{"0", "1", "2", "30"}).Draw(t, "n") + unit)
		if err != nil {
			t.Fatal(err)
		}
		b := moving{d, rapid.Bool().Draw(t, "ahead"), zone}
		// Years with each kind of change: Apia's lost day, St John's change within the first hour.
		now := app.Instant(rapid.Int64Range(1149120000000, 1330560000000).Draw(t, "now"))
		v := b.at(now)
		y := v + app.Instant(rapid.SampledFrom([]int64{1, 1000, 3_600_000, app.DayMillis, 3 * app.DayMillis, 9 * app.DayMillis, 40 * app.DayMillis}).Draw(t, "gap"))*
			app.Instant(rapid.SampledFrom([]int64{-1, 0, 1}).Draw(t, "side"))
		until := b.until(now, v, y)
		if until <= now {
			t.Fatalf("until %v is not after %v", until, now)
		}
		past := v >= y
		end := min(until, now+60*app.DayMillis)
		for range 200 {
			at := app.Instant(rapid.Int64Range(int64(now), int64(end-1)).Draw(t, "at"))
			if (b.at(at) >= y) != past {
				t.Fatalf("%v: past %v at %v, but %v at %v, before %v", d, past, now, !past, at, until)
			}
		}
		if (b.at(end-1) >= y) != past {
			t.Fatalf("%v: turned before %v", d, until)
		}
	})
}
