package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/config"
)

// The machine's clock is set forward and back by an hour while everything runs: nothing is
// refused or lost, the feed goes on, and each time the members are those of that time.
func TestClock_steppedForwardAndBackAnHour(t *testing.T) {
	t.Parallel()
	shifted := app.NewShiftedClock()
	cfg, err := config.Load("", func(string) (string, bool) { return "", false }, map[string]string{"data": filepath.Join(t.TempDir(), "data"), "backup.every": "6h"})
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	h, err := openHouse(t.Context(), cfg, houseOptions{clock: shifted, sessions: shifted, log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runAll(ctx, h.run...) }()
	apply := func(changes ...app.Change) []app.Result {
		t.Helper()
		results, err := h.db.Apply(t.Context(), app.Batch{Changes: changes})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		return results
	}
	title := "Just paid"
	segment := apply(&app.SaveSegment{Title: &title, Rule: []byte(`{"event":"Paid","within":{"last":"30m"}}`)})[0].Segment
	paid := map[string]app.Instant{}
	head := h.db.Head()
	for round, shift := range []time.Duration{0, time.Hour, 0, -time.Hour, 0, time.Hour, -time.Hour, 0} {
		shifted.SetShift(shift)
		uid := fmt.Sprint("u", round)
		paid[uid] = h.db.Now() - 1000
		apply(&app.Track{UID: uid, Event: "Paid", At: paid[uid], MessageID: uid})
		if again := apply(&app.Track{UID: uid, Event: "Paid", At: paid[uid], MessageID: uid}); again[0].Changed {
			t.Errorf("round %d: a repeat was taken for new", round)
		}
		if h.db.Head() <= head {
			t.Errorf("round %d: the feed stands still", round)
		}
		head = h.db.Head()
		wait, stop := context.WithTimeout(t.Context(), 30*time.Second)
		if err := h.segments.Settle(wait); err != nil {
			t.Fatalf("round %d: the segments do not follow: %v", round, err)
		}
		stop()
		now := h.db.Now()
		var want, got []string
		for uid, at := range paid {
			if at > now-30*60*1000 && at <= now {
				want = append(want, uid)
			}
			row, err := h.db.Find(t.Context(), uid)
			if err != nil {
				t.Fatal(err)
			}
			if members, _, err := h.db.Membership(t.Context(), segment); err != nil {
				t.Fatal(err)
			} else if members.Contains(uint64(row)) {
				got = append(got, uid)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("round %d, shifted by %s: members %v, want %v", round, shift, got, want)
		}
	}
	if err := h.db.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if err := h.db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	h.close()
	if said.Len() > 0 {
		t.Errorf("logged: %s", said.String())
	}
}
