// Package requestlog keeps the newest requests that came over the API, in memory, for
// people to look at: SDKs swallow errors, so this is where a developer sees why
// nothing arrived. It owns two rings, one for all requests and one for those that were
// refused, so that a busy hour does not push the one error out. It never writes
// anything to the disk, for bodies hold personal data.
//
// The invariant: memory is bounded, by the number of requests and by their bytes.
package requestlog

import (
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"kith/app"
)

const (
	// keepAll and keepRefused are how many requests each ring holds at most.
	keepAll     = 2000
	keepRefused = 1000
	// keepBytes bounds the bodies and answers that each ring holds.
	keepBytes = 8 << 20
	// MaxShown is how much of a body or an answer is kept.
	MaxShown = 16 << 10
)

// Request is one request as it came, and what it got.
type Request struct {
	Seq         int64
	ID          string
	At          time.Time
	Method      string
	Path        string
	Query       string
	KeyName     string
	KeyHint     string
	KeyPublic   string
	Status      int
	Took        time.Duration
	Error       string
	IP          string
	UserAgent   string
	ContentType string
	Bytes       int
	Body        []byte // the first MaxShown bytes
	Answer      []byte // the first MaxShown bytes
	AnswerBytes int
}

// Refused reports whether the client was told no.
func (r *Request) Refused() bool { return r.Status >= 400 }

// Failed reports whether Kith could not do what it should have.
func (r *Request) Failed() bool { return r.Status >= 500 }

func (r *Request) size() int { return len(r.Body) + len(r.Answer) + len(r.Path) + len(r.Query) + 400 }

// Log is the log. Its methods may be called at once.
type Log struct {
	since time.Time
	seq   atomic.Int64

	mu      sync.Mutex
	all     ring
	refused ring
	minutes [61]minute

	watchers map[chan *Request]struct{}
}

type minute struct {
	at             int64 // minutes since 1970
	count, refused int
}

// Minute is the traffic of one minute.
type Minute struct {
	At             time.Time
	Count, Refused int
}

// ring holds the newest requests, oldest first.
type ring struct {
	items []*Request
	limit int
	bytes int
}

func (g *ring) add(r *Request) {
	g.items = append(g.items, r)
	g.bytes += r.size()
	drop := 0
	for drop < len(g.items)-1 && (len(g.items)-drop > g.limit || g.bytes > keepBytes) {
		g.bytes -= g.items[drop].size()
		g.items[drop] = nil
		drop++
	}
	g.items = g.items[drop:]
}

// New returns an empty log that begins now.
func New(now time.Time) *Log {
	return &Log{since: now, all: ring{limit: keepAll}, refused: ring{limit: keepRefused}, watchers: map[chan *Request]struct{}{}}
}

// Since returns when the log began.
func (l *Log) Since() time.Time { return l.since }

// Add keeps a request. It owns r from then on.
func (l *Log) Add(r *Request) {
	r.Seq = l.seq.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.add(r)
	if r.Refused() {
		l.refused.add(r)
	}
	at := r.At.Unix() / 60
	m := &l.minutes[at%int64(len(l.minutes))]
	if m.at != at {
		*m = minute{at: at}
	}
	m.count++
	if r.Refused() {
		m.refused++
	}
	for ch := range l.watchers {
		select {
		case ch <- r:
		default: // it reads too slowly; the page shows a gap and can ask again
		}
	}
}

// Watch returns a channel that gets each new request, and a function that ends it.
func (l *Log) Watch() (<-chan *Request, func()) {
	ch := make(chan *Request, 256)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[ch] = struct{}{}
	return ch, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, ch)
	}
}

// List returns up to limit requests that keep holds, newest first, older than before
// (0: from the newest), and how many are kept at all. Refused ones that the ring of all
// has lost are still among them.
func (l *Log) List(before int64, limit int, keep func(*Request) bool) ([]*Request, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := int64(1 << 62)
	if len(l.all.items) > 0 {
		oldest = l.all.items[0].Seq
	}
	older := sort.Search(len(l.refused.items), func(i int) bool { return l.refused.items[i].Seq >= oldest })
	kept := len(l.all.items) + older
	var out []*Request
	for _, items := range [][]*Request{l.all.items, l.refused.items[:older]} {
		for i := len(items) - 1; i >= 0 && len(out) < limit; i-- {
			if r := items[i]; (before == 0 || r.Seq < before) && keep(r) {
				out = append(out, r)
			}
		}
	}
	return out, kept
}

// Get returns a request by its number, nil if it is no longer kept.
func (l *Log) Get(seq int64) *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, items := range [][]*Request{l.all.items, l.refused.items} {
		if i := sort.Search(len(items), func(i int) bool { return items[i].Seq >= seq }); i < len(items) && items[i].Seq == seq {
			return items[i]
		}
	}
	return nil
}

// Forget drops the requests in which one of some texts stands, given in small letters, and
// those that cannot be looked through.
func (l *Log) Forget(texts []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range []*ring{&l.all, &l.refused} {
		kept := make([]*Request, 0, len(g.items))
		g.bytes = 0
		for _, r := range g.items {
			if !app.Mentions(texts, r.Path+"/", r.Query, string(r.Body), string(r.Answer), r.Error, r.UserAgent) {
				kept = append(kept, r)
				g.bytes += r.size()
			}
		}
		g.items = kept
	}
}

// Hour returns the traffic of the last 60 minutes, oldest first.
func (l *Log) Hour(now time.Time) []Minute {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := now.Unix() / 60
	out := make([]Minute, 0, 60)
	for at := last - 59; at <= last; at++ {
		m := Minute{At: time.Unix(at*60, 0).UTC()}
		if have := l.minutes[at%int64(len(l.minutes))]; have.at == at {
			m.Count, m.Refused = have.count, have.refused
		}
		out = append(out, m)
	}
	return out
}

// Took returns the median and the 99th percentile of the kept requests' times.
func (l *Log) Took() (p50, p99 time.Duration) {
	l.mu.Lock()
	times := make([]time.Duration, len(l.all.items))
	for i, r := range l.all.items {
		times[i] = r.Took
	}
	l.mu.Unlock()
	if len(times) == 0 {
		return 0, 0
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return times[len(times)/2], times[len(times)*99/100]
}
