package app

import (
	"sync"
	"time"
)

// Clock is where time comes in. Nothing below main reads the wall clock by itself,
// so that a test, or a person, can move it.
type Clock interface {
	Now() time.Time
	// Until returns a channel that is closed once the clock has reached t, and a
	// function that gives the wait up.
	Until(t time.Time) (reached <-chan struct{}, stop func())
}

// RealClock is the machine's clock.
type RealClock struct{}

// Now returns the machine's time in UTC, to the millisecond, which is what is kept.
func (RealClock) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Until waits on the machine's clock.
func (RealClock) Until(t time.Time) (<-chan struct{}, func()) {
	reached := make(chan struct{})
	timer := time.AfterFunc(time.Until(t), func() { close(reached) })
	return reached, func() { timer.Stop() }
}

// MovableClock stands still until it is moved. Its zero value is not usable; see
// [NewMovableClock].
type MovableClock struct {
	mu      sync.Mutex
	now     time.Time
	waiters map[chan struct{}]time.Time
}

// NewMovableClock returns a clock that stands still at start until it is moved.
func NewMovableClock(start time.Time) *MovableClock {
	return &MovableClock{now: start.UTC(), waiters: map[chan struct{}]time.Time{}}
}

// Now returns where the clock stands.
func (c *MovableClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the clock by d and wakes whoever waited for an instant that has come.
func (c *MovableClock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for reached, at := range c.waiters {
		if !at.After(c.now) {
			close(reached)
			delete(c.waiters, reached)
		}
	}
}

// Until waits for the clock to be moved to t or beyond.
func (c *MovableClock) Until(t time.Time) (<-chan struct{}, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	reached := make(chan struct{})
	if !t.After(c.now) {
		close(reached)
		return reached, func() {}
	}
	c.waiters[reached] = t
	return reached, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiters, reached)
	}
}

// ShiftedClock runs at the machine's pace, so far ahead of it or behind it as it was
// shifted. Its zero value is not usable; see [NewShiftedClock].
type ShiftedClock struct {
	mu      sync.Mutex
	by      time.Duration
	waiters map[*shiftedWait]struct{}
}

type shiftedWait struct {
	at      time.Time
	reached chan struct{}
	timer   *time.Timer
}

// NewShiftedClock returns a clock that shows the machine's time until it is shifted.
func NewShiftedClock() *ShiftedClock {
	return &ShiftedClock{waiters: map[*shiftedWait]struct{}{}}
}

// Now returns the machine's time and the shift, in UTC, to the millisecond.
func (c *ShiftedClock) Now() time.Time { return RealClock{}.Now().Add(c.Shift()) }

// Shift returns how far the clock is ahead of the machine's.
func (c *ShiftedClock) Shift() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.by
}

// SetShift makes the clock by ahead of the machine's (behind it when by is negative), to
// the millisecond, and wakes whoever waited for an instant that has come by that.
func (c *ShiftedClock) SetShift(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = by.Truncate(time.Millisecond)
	for w := range c.waiters {
		c.look(w)
	}
}

// Until waits until the clock shows t, by running or by being shifted.
func (c *ShiftedClock) Until(t time.Time) (<-chan struct{}, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &shiftedWait{at: t, reached: make(chan struct{})}
	w.timer = time.AfterFunc(time.Until(t.Add(-c.by)), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.look(w)
	})
	c.waiters[w] = struct{}{}
	return w.reached, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.timer.Stop()
		delete(c.waiters, w)
	}
}

// look ends a wait whose instant has come, and sets the timer of another anew: it may have
// been set before a shift. The caller holds mu.
func (c *ShiftedClock) look(w *shiftedWait) {
	if _, waits := c.waiters[w]; !waits {
		return
	}
	if left := time.Until(w.at.Add(-c.by)); left > 0 {
		w.timer.Reset(left)
		return
	}
	w.timer.Stop()
	delete(c.waiters, w)
	close(w.reached)
}
