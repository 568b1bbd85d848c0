package keeper_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"kith/app"
	"kith/app/segment"
)

// A year passes, hour by hour where clocks change and else in uneven steps, with nobody
// writing anything: at every stop the members are those for whom the rules hold.
func TestKeeper_aYearInSeconds(t *testing.T) {
	t.Parallel()
	zone, err := app.LoadZone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	h := open(t, zone)
	r := rand.New(rand.NewPCG(7, 7))
	zones := []string{"Africa/Lagos", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe", "nowhere"}
	for i := range 40 {
		uid := fmt.Sprintf("c%d", i)
		born := time.Date(1990, time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, 0, 0, time.UTC)
		if i == 0 {
			born = time.Date(1992, 2, 29, 0, 0, 0, 0, time.UTC)
		}
		p := profile(uid, "tz", string(app.Quote(zones[r.IntN(len(zones))])), "born", string(app.Quote(born.Format("2006-01-02"))))
		created := h.now() - app.Instant(r.Int64N(60*app.DayMillis))
		p.Profile.CreatedAt = &created
		h.apply(p)
		for range r.IntN(6) {
			h.apply(&app.Track{UID: uid, Event: []string{"Added to cart", "Checked out", "Signed in"}[r.IntN(3)],
				At: h.now() - 30*app.DayMillis + app.Instant(r.Int64N(200*app.DayMillis))})
		}
	}
	var segments []app.Segment
	var rules []*app.Rule
	for _, text := range []string{
		`{"attribute":"born","op":"anniversary","value":"3d","zone":"customer"}`,
		`{"attribute":"created_at","op":"within_last","value":"2mo"}`,
		`{"attribute":"created_at","op":"more_than_ago","value":"90d","zone":"customer"}`,
		`{"attribute":"last_interaction","op":"more_than_ago","value":"30d"}`,
		`{"event":"Signed in","within":{"from":"60d","to":"1mo"},"count":{"op":"gte","value":1}}`,
		`{"event":"*","within":{"last":"7d"},"count":{"op":"is","value":0}}`,
		`{"sequence":[{"event":"Added to cart"},{"event":"Checked out","not":true}],"within":"2d"}`,
	} {
		segments = append(segments, h.segment(text))
		rule, err := app.ParseRule([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, rule)
	}
	facts := map[int64]*segment.Facts{}
	for row := range int64(40) {
		facts[row+1] = h.facts(row + 1)
	}
	end, moved := h.now()+366*app.DayMillis, 0
	for h.now() < end {
		step := time.Duration(1+r.IntN(40)) * time.Hour
		if day := h.clock.Now(); day.Month() == 3 && day.Day() > 26 || day.Month() == 10 && day.Day() > 22 && day.Day() < 27 {
			step = time.Hour
		}
		h.clock.Move(step + time.Duration(r.IntN(1000))*time.Millisecond)
		h.drain()
		moment := segment.Moment{Now: h.now(), Zone: zone}
		for i, rule := range rules {
			members := map[int64]bool{}
			for _, row := range h.k.Members(segments[i].Row, app.Page{Limit: 100}) {
				members[row] = true
			}
			for row, f := range facts {
				if got, want := members[row], segment.Match(rule, f, names{h}, moment); got != want {
					t.Fatalf("%s at %v: customer %d is in: %v, want %v", segments[i].Rule, h.now(), row, got, want)
				}
			}
		}
		moved++
	}
	for _, s := range segments {
		if entries, err := h.db.SegmentEntries(bg, s.Row, 0, 1000); err != nil || len(entries) == 0 {
			t.Errorf("%s: nobody was turned by time in a year of %d stops (%v)", s.Rule, moved, err)
		} else if entries[0].Cause != (app.Cause{}) {
			t.Errorf("%s: time alone is not the cause of %+v", s.Rule, entries[0])
		}
	}
}
