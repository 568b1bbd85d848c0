package admin

import (
	"strconv"
	"sync"
	"time"

	"kith/app"
)

// throttle slows down whoever guesses passwords, codes and links. Each try is charged
// before it is looked at, so that many at once are not all taken for the first one; a
// right one gives its charge back.
type throttle struct {
	now   func() time.Time
	mu    sync.Mutex
	tries map[string]*tries
}

// tries is what one bucket has seen. What is older than an hour is forgotten.
type tries struct {
	charged int
	until   time.Time
	last    time.Time
}

// pace is how many tries are free, and how the wait grows after that: doubled by each,
// up to the longest.
type pace struct {
	free           int
	first, longest time.Duration
}

var (
	// oneFromHere: an account, guessed at from one address.
	oneFromHere = pace{free: 5, first: 30 * time.Second, longest: time.Hour}
	// anyFromHere: one address that tries many accounts; an office may share it.
	anyFromHere = pace{free: 30, first: 30 * time.Second, longest: time.Hour}
	// oneFromAnywhere: an account, guessed at from many addresses. The wait is short, because
	// whoever guesses makes its owner wait as well.
	oneFromAnywhere = pace{free: 50, first: 5 * time.Second, longest: time.Minute}
)

// bucket is what is counted together, and its pace.
type bucket struct {
	key  string
	pace pace
}

const (
	remembered = time.Hour
	maxTries   = 10_000 // entries; beyond it the old ones go first
)

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, tries: map[string]*tries{}}
}

// charge counts a try in every bucket, or in none and returns how long the fullest must
// still wait.
func (t *throttle) charge(buckets ...bucket) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var wait time.Duration
	for _, b := range buckets {
		if e := t.tries[b.key]; e != nil {
			wait = max(wait, e.until.Sub(now))
		}
	}
	if wait > 0 {
		return wait
	}
	t.shed(now)
	for _, b := range buckets {
		e := t.tries[b.key]
		if e == nil || now.Sub(e.last) > remembered {
			e = &tries{}
			t.tries[b.key] = e
		}
		e.charged++
		e.last = now
		if over := e.charged - b.pace.free; over >= 0 {
			e.until = now.Add(min(b.pace.longest, b.pace.first<<min(over, 12)))
		}
	}
	return 0
}

// shed makes room: what is forgotten anyway goes first, then everything.
func (t *throttle) shed(now time.Time) {
	if len(t.tries) < maxTries {
		return
	}
	for k, e := range t.tries {
		if now.Sub(e.last) > remembered {
			delete(t.tries, k)
		}
	}
	if len(t.tries) >= maxTries {
		clear(t.tries)
	}
}

// right forgets what the first bucket has seen, and gives the others their charge back:
// one right password does not clear an address that guesses at many.
func (t *throttle) right(first bucket, others ...bucket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tries, first.key)
	for _, b := range others {
		if e := t.tries[b.key]; e != nil {
			if e.charged--; e.charged < b.pace.free {
				e.until = time.Time{}
			}
		}
	}
}

// try charges a try, or says how long to wait.
func (a *Admin) try(c *call, buckets ...bucket) error {
	wait := a.tries.charge(buckets...)
	if wait <= 0 {
		return nil
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	c.Header("Retry-After", strconv.Itoa(seconds))
	return app.Fail(app.CodeRateLimited, "Too many tries. Try again in %s.", inWords(seconds))
}

// inWords says a wait in seconds or minutes.
func inWords(seconds int) string {
	switch {
	case seconds == 1:
		return "a second"
	case seconds < 120:
		return strconv.Itoa(seconds) + " seconds"
	}
	return strconv.Itoa((seconds+59)/60) + " minutes"
}
