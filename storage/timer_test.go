package storage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

// alarms is a folder whose timers run, and what has fired.
type alarms struct {
	t     *testing.T
	db    *storage.DB
	clock *app.MovableClock
	fired chan string
}

// runAlarms runs timers of some kinds, and those of the kind "note", until the test ends.
func runAlarms(t *testing.T, kinds func(a *alarms) map[string]storage.TimerFunc) *alarms {
	t.Helper()
	a := &alarms{t: t, fired: make(chan string, 100)}
	a.db, a.clock = open(t)
	all := kinds(a)
	all["note"] = a.note
	ctx, cancel := context.WithCancel(bg)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.db.RunTimers(ctx, all); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return a
}

func noKinds(*alarms) map[string]storage.TimerFunc { return map[string]storage.TimerFunc{} }

func (a *alarms) note(tx *storage.Tx, timer storage.Timer) error {
	a.fired <- fmt.Sprintf("%s at %v", timer.Ref, time.Duration(tx.Now()-at(0))*time.Millisecond)
	return nil
}

func (a *alarms) set(timers ...storage.Timer) {
	a.t.Helper()
	err := a.db.Write(bg, func(tx *storage.Tx) error {
		for _, timer := range timers {
			if err := tx.SetTimer(timer); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *alarms) next() string {
	a.t.Helper()
	select {
	case s := <-a.fired:
		return s
	case <-time.After(10 * time.Second):
		a.t.Fatal("no timer fired")
		return ""
	}
}

// want waits for timers, in any order, and for no more than these.
func (a *alarms) want(what string, want ...string) {
	a.t.Helper()
	var got []string
	for range want {
		got = append(got, a.next())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(a.fired) != 0 {
		a.t.Errorf("%s: fired %v, want %v", what, got, want)
	}
}

// until waits for a number of timers that a condition holds.
func (a *alarms) until(n int64, condition string, args ...any) {
	a.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); a.db.Number(a.t, "select count(*) from timers where "+condition, args...) != n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			a.t.Fatalf("there are not %d timers where %s %v", n, condition, args)
		}
	}
}

func (a *alarms) elapsed() time.Duration { return a.clock.Now().Sub(storagetest.Start) }

func TestRunTimers_fireWhenTheyAreDueAndMoveWhenSetAgain(t *testing.T) {
	t.Parallel()
	a := runAlarms(t, noKinds)
	a.set(storage.Timer{Kind: "note", Ref: "b", Due: at(time.Hour)}, storage.Timer{Kind: "note", Ref: "a", Due: at(time.Minute)}, storage.Timer{Kind: "note", Ref: "past", Due: at(-year)})
	a.want("what is past", "past at 0s")
	a.set(storage.Timer{Kind: "note", Ref: "a", Due: at(2 * time.Hour)})
	a.clock.Move(time.Hour)
	a.want("after an hour", "b at 1h0m0s")
	a.clock.Move(time.Hour)
	a.want("one that was moved", "a at 2h0m0s")
	a.until(0, "true")
}

func TestRunTimers_aFailingOneIsTriedAgainAMinuteLater(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(){"an error": nil, "a panic": func() { panic("a fault of the test") }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			a := runAlarms(t, func(a *alarms) map[string]storage.TimerFunc {
				return map[string]storage.TimerFunc{"failing": func(tx *storage.Tx, timer storage.Timer) error {
					tries++ // in the one goroutine of the writer
					if tries > 1 {
						return a.note(tx, timer)
					}
					if fault != nil {
						fault()
					}
					return errors.New("a fault of the test")
				}}
			})
			a.set(storage.Timer{Kind: "failing", Ref: "x", Due: at(0)}, storage.Timer{Kind: "note", Ref: "beside it", Due: at(0)})
			a.want("at once", "beside it at 0s")
			a.until(1, "due = ?", int64(at(time.Minute)))
			a.clock.Move(time.Minute)
			a.want("a minute later", "x at 1m0s")
			a.until(0, "true")
		})
	}
}

// A timer that was seen to be due fired though another one had moved it meanwhile, and
// its new instant was lost.
func TestRunTimers_oneThatAnotherHasMovedWaits(t *testing.T) {
	t.Parallel()
	a := runAlarms(t, func(a *alarms) map[string]storage.TimerFunc {
		return map[string]storage.TimerFunc{"mover": func(tx *storage.Tx, _ storage.Timer) error {
			return tx.SetTimer(storage.Timer{Kind: "note", Ref: "moved", Due: tx.Now() + 1000})
		}}
	})
	a.set(storage.Timer{Kind: "mover", Ref: "m", Due: at(0) + 1}, storage.Timer{Kind: "note", Ref: "moved", Due: at(0) + 2})
	a.clock.Move(time.Second)
	a.until(0, "kind = 'mover'")
	a.set(storage.Timer{Kind: "note", Ref: "mark", Due: a.db.Now()})
	a.want("before its new time", "mark at 1s")
	a.clock.Move(time.Second)
	a.want("at its new time", "moved at 2s")
}

func TestRunTimers_aYearTakesSeconds(t *testing.T) {
	t.Parallel()
	const month = 30 * 24 * time.Hour
	a := runAlarms(t, func(a *alarms) map[string]storage.TimerFunc {
		return map[string]storage.TimerFunc{"monthly": func(tx *storage.Tx, timer storage.Timer) error {
			timer.Due += app.Instant(month.Milliseconds())
			return errors.Join(a.note(tx, timer), tx.SetTimer(timer))
		}}
	})
	start := time.Now()
	a.set(storage.Timer{Kind: "monthly", Ref: "m", Due: at(month)})
	for range 12 {
		a.clock.Move(month)
		a.want("a month later", fmt.Sprintf("m at %v", a.elapsed()))
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("a year took %v", took)
	}
}

func TestRunTimers_oneThatNobodyHandlesStays(t *testing.T) {
	t.Parallel()
	a := runAlarms(t, noKinds)
	a.set(storage.Timer{Kind: "unknown", Ref: "x", Due: at(0)}, storage.Timer{Kind: "note", Ref: "beside it", Due: at(0)})
	a.want("the other", "beside it at 0s")
	a.until(1, "kind = 'unknown' and due = ?", int64(at(time.Minute)))
}

// A stop right after the start is no failure.
func TestKeepHouse_stoppedBeforeItBeganIsNoFailure(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	ctx, stop := context.WithCancel(bg)
	stop()
	if err := db.KeepHouse(ctx); err != nil {
		t.Error(err)
	}
}
