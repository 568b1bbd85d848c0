package keeper_test

import (
	"testing"
	"time"

	"kith/app"
)

// What was removed for its age counts for nobody: "never" may turn true, a count falls,
// and who is left in keeps being right, whether or not the Keeper was there meanwhile.
func TestKeeper_followsTheRemovalOfOldEvents(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{true, false} {
		h := openAt(t, time.UTC, app.InstantOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
		year := app.Instant(365 * 24 * time.Hour.Milliseconds())
		never := h.segment(`{"event":"Paid","count":{"op":"is","value":0}}`)
		twice := h.segment(`{"event":"Paid","count":{"op":"gte","value":2}}`)
		h.apply(&app.Track{UID: "old", Event: "Paid", At: h.now() - 2*year}, &app.Track{UID: "old", Event: "Paid", At: h.now() - 2*year + 5},
			&app.Track{UID: "both", Event: "Paid", At: h.now() - 2*year}, &app.Track{UID: "both", Event: "Paid", At: h.now() - 1000},
			&app.Track{UID: "new", Event: "Paid", At: h.now() - 1000}, &app.Track{UID: "new", Event: "Paid", At: h.now() - 500})
		h.drain()
		if n, w := h.members(never), h.members(twice); n != "" || w != "both new old" {
			t.Fatalf("before: never %q, twice %q", n, w)
		}
		if !running {
			h.stop()
		}
		removed, err := h.db.ExpireEvents(bg, h.now()-year)
		if err != nil || removed != 3 {
			t.Fatalf("%d were removed: %v", removed, err)
		}
		if !running {
			h.start()
		}
		h.drain()
		if n, w := h.members(never), h.members(twice); n != "old" || w != "new" {
			t.Errorf("running %v, after: never %q, twice %q", running, n, w)
		}
		h.close()
	}
}
