package app

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"
)

var clockStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestMovableClock_standsStillUntilMoved(t *testing.T) {
	t.Parallel()
	c := NewMovableClock(clockStart.In(time.FixedZone("", 3600)))
	if now := c.Now(); now != clockStart || now.Location() != time.UTC {
		t.Errorf("starts at %v, want %v", now, clockStart)
	}
	c.Move(365 * 24 * time.Hour)
	if want := clockStart.Add(365 * 24 * time.Hour); c.Now() != want {
		t.Errorf("stands at %v, want %v", c.Now(), want)
	}
}

func TestMovableClock_wakesThoseWhoseInstantHasCome(t *testing.T) {
	t.Parallel()
	c := NewMovableClock(clockStart)
	past, _ := c.Until(clockStart.Add(-time.Hour))
	now, _ := c.Until(clockStart)
	soon, _ := c.Until(clockStart.Add(time.Minute))
	late, _ := c.Until(clockStart.Add(time.Hour))
	given, giveUp := c.Until(clockStart.Add(time.Minute))
	if !isClosed(past) || !isClosed(now) || isClosed(soon) {
		t.Error("before the move: what is past must be reached, what is to come not")
	}
	giveUp()
	giveUp()
	c.Move(time.Minute)
	if !isClosed(soon) || isClosed(late) || isClosed(given) {
		t.Error("after a minute: only the first may be reached")
	}
	c.Move(24 * time.Hour)
	if !isClosed(late) {
		t.Error("a leap over an instant does not reach it")
	}
	if len(c.waiters) != 0 {
		t.Errorf("%d waits are left", len(c.waiters))
	}
}

func TestMovableClock_mayBeMovedAndAwaitedAtOnce(t *testing.T) {
	t.Parallel()
	c := NewMovableClock(clockStart)
	done := make(chan struct{})
	for i := range 50 {
		go func() {
			reached, stop := c.Until(clockStart.Add(time.Duration(i) * time.Second))
			<-reached
			stop()
			done <- struct{}{}
		}()
	}
	for woken := 0; woken < 50; {
		c.Move(time.Second)
		select {
		case <-done:
			woken++
		default:
		}
	}
}

func TestRealClock_isInUTCToTheMillisecond(t *testing.T) {
	t.Parallel()
	var c RealClock
	now := c.Now()
	if now.Location() != time.UTC || now.Nanosecond()%int(time.Millisecond) != 0 {
		t.Errorf("the machine's clock gives %v", now)
	}
	reached, _ := c.Until(now.Add(5 * time.Millisecond))
	never, stop := c.Until(now.Add(time.Hour))
	stop()
	<-reached
	if c.Now().Before(now.Add(5 * time.Millisecond)) {
		t.Error("an instant was reached too early")
	}
	if isClosed(never) {
		t.Error("a wait that was given up was reached")
	}
}

func TestInstant_readsTheJSONItWrites(t *testing.T) {
	t.Parallel()
	for _, want := range []Instant{0, 1, -1, 1_772_366_400_123, -2_208_988_800_000} {
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Instant
		if err := json.Unmarshal(raw, &got); err != nil || got != want {
			t.Errorf("%d became %s and then %d (%v)", want, raw, got, err)
		}
	}
}

func TestShiftedClock_runsAndWakesWhenShifted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := NewShiftedClock()
		start := c.Now()
		soon, _ := c.Until(start.Add(time.Minute))
		late, stop := c.Until(start.Add(48 * time.Hour))
		time.Sleep(time.Minute)
		synctest.Wait()
		if now := c.Now(); !now.Equal(start.Add(time.Minute)) || !isClosed(soon) || isClosed(late) {
			t.Errorf("after a minute it shows %v, the first wait is over: %v, the second: %v", now.Sub(start), isClosed(soon), isClosed(late))
		}
		c.SetShift(24 * time.Hour)
		if isClosed(late) {
			t.Error("a shift of a day reached the day after")
		}
		c.SetShift(-24 * time.Hour)
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		if isClosed(late) {
			t.Error("an instant was reached by the machine's clock, though this one is a day behind")
		}
		c.SetShift(24 * time.Hour)
		if !isClosed(late) {
			t.Error("an instant that was leapt over is not reached")
		}
		stop()
		past, _ := c.Until(c.Now().Add(-time.Hour))
		never, giveUp := c.Until(c.Now().Add(time.Hour))
		giveUp()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if !isClosed(past) || isClosed(never) || len(c.waiters) != 0 {
			t.Errorf("past: %v, given up: %v, %d waits are left", isClosed(past), isClosed(never), len(c.waiters))
		}
	})
}
