package api

import (
	"math"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"kith/app"
	"kith/app/config"

	"golang.org/x/time/rate"
)

// limiter counts requests by a name, such as a key or an address: a bucket of as many
// as may come at once, which fills up evenly.
type limiter struct {
	rate config.Rate
	now  func() time.Time
	mu   sync.Mutex
	by   map[string]*rate.Limiter
}

// maxLimited bounds the names that are remembered; beyond it, those with full buckets go.
const maxLimited = 20_000

func newLimiter(r config.Rate) *limiter {
	return &limiter{rate: r, now: time.Now, by: map[string]*rate.Limiter{}} // limits are on the machine's time, also in a mock
}

// take counts a request, or returns how long to wait.
func (l *limiter) take(name string) time.Duration {
	if l.rate.Requests == 0 {
		return 0
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.by[name]
	if bucket == nil {
		if len(l.by) >= maxLimited {
			for k, b := range l.by {
				if b.TokensAt(now) >= float64(l.rate.Requests) {
					delete(l.by, k)
				}
			}
			if len(l.by) >= maxLimited {
				clear(l.by)
			}
		}
		bucket = rate.NewLimiter(rate.Every(l.rate.Per/time.Duration(l.rate.Requests)), l.rate.Requests)
		l.by[name] = bucket
	}
	if bucket.AllowN(now, 1) {
		return 0
	}
	return time.Duration((1 - bucket.TokensAt(now)) * float64(l.rate.Per) / float64(l.rate.Requests))
}

// limit refuses a call that comes too soon, and says when to come again.
func (c *call) pace(l *limiter, name, whose string) error {
	wait := l.take(name)
	if wait <= 0 {
		return nil
	}
	c.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	c.final = true // the header is set
	return app.Fail(app.CodeRateLimited, "Too many requests from this %s: %d in %s are allowed here. Nothing of this one was stored. Send again after the time in Retry-After, or several items at once with POST /v1/batch.", whose, l.rate.Requests, l.rate.Per)
}

// network is what an address is limited by: itself, or its /64, which is one customer of a provider.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	p, _ := a.Prefix(64)
	return p.String()
}
