package keeper_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kith/app"
	"kith/app/keeper"
)

// Who was deleted and is brought back is in its segments again, with its events, also when
// the columns were read anew in between and never had it.
func TestKeeper_whoComesBackIsInItsSegmentsAgain(t *testing.T) {
	t.Parallel()
	for _, anew := range []bool{false, true} {
		h := open(t, time.UTC)
		s := h.segment(`{"all":[{"attribute":"plan","op":"is","value":"pro"},{"event":"Paid","count":{"op":"gte","value":2}}]}`)
		for _, uid := range []string{"ada", "bo", "cy"} {
			h.apply(profile(uid, "plan", `"pro"`), &app.Track{UID: uid, Event: "Paid", At: h.now()}, &app.Track{UID: uid, Event: "Paid", At: h.now()})
		}
		h.drain()
		row, err := h.db.Find(bg, "bo")
		if err != nil {
			t.Fatal(err)
		}
		task, err := h.db.StartTask(bg, app.Task{Action: app.TaskDelete}, []int64{row})
		if err != nil {
			t.Fatal(err)
		}
		h.drain()
		if got := h.members(s); got != "ada cy" {
			t.Errorf("after the deletion members are %q", got)
		}
		if anew {
			h.stop()
			if err := os.Remove(filepath.Join(h.db.Folder(), keeper.SnapshotName)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			h.start()
			h.drain()
		}
		if _, err := h.db.UndoTask(bg, task.Row); err != nil {
			t.Fatal(err)
		}
		h.drain()
		if got := h.members(s); got != "ada bo cy" {
			t.Errorf("read anew %v: after the undo members are %q", anew, got)
		}
		entries, err := h.db.SegmentEntries(bg, s.Row, 0, 10)
		if last := entries[len(entries)-1]; err != nil || !last.Entered || last.Customer != row || !anew && last.Cause.Kind != app.KindRestored {
			t.Errorf("the last entry is %+v: %v", last, err)
		}
	}
}

func TestKeeper_anUndoneMergeGivesTheEventsBack(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	s := h.segment(`{"event":"Paid","count":{"op":"gte","value":2}}`)
	h.apply(&app.Track{UID: "ada", Event: "Paid", At: h.now()}, &app.Track{UID: "bo", Event: "Paid", At: h.now()})
	h.drain()
	ada, err := h.db.Find(bg, "ada")
	if err != nil {
		t.Fatal(err)
	}
	bo, err := h.db.Find(bg, "bo")
	if err != nil {
		t.Fatal(err)
	}
	task, err := h.db.StartTask(bg, app.Task{Action: app.TaskMerge, Into: bo}, []int64{ada})
	if err != nil {
		t.Fatal(err)
	}
	h.drain()
	if got := h.members(s); got != "bo" {
		t.Errorf("after the merge members are %q", got)
	}
	if _, err := h.db.UndoTask(bg, task.Row); err != nil {
		t.Fatal(err)
	}
	h.drain()
	if got := h.members(s); got != "" {
		t.Errorf("after the undo members are %q", got)
	}
}

// For an instant after a start, and after each new beginning, segments looked empty.
func TestKeeper_membersAreThereFromTheFirstMoment(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	s := h.segment(`{"attribute":"plan","op":"is","value":"pro"}`)
	h.apply(profile("ada", "plan", `"pro"`))
	h.drain()
	row, err := h.db.Find(bg, "ada")
	if err != nil {
		t.Fatal(err)
	}
	h.stop()
	for range 20 {
		k := keeper.New(h.db, keeper.Options{Clock: h.clock, Zone: h.zone})
		if err := k.Load(bg); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(bg)
		ended := make(chan error)
		go func() { ended <- k.Run(ctx) }()
		for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
			if !k.Set(s.Row).Has(row) {
				t.Fatal("the segment looks empty")
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}
