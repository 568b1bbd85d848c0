package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kith/app"
)

// Exports that can be gone on with. GET /v1/export/customers and /v1/export/events take
//
//	after=CURSOR  only what came after a cursor; after= (empty) begins with everything
//	follow=true   the answer goes on with what comes, for some minutes: whoever wants more
//	              asks again with the last cursor
//
// Either puts lines {"cursor":"…"} between the others: what stands before such a line is
// told, and is not told again after it. It is NDJSON only. A customer's line comes again
// when anything in it may be new, but for its last interaction, which /v1/export/events
// tells. Beside the User objects there are
//
//	{"id":"…","deleted":true}               the customer with this id is gone
//	{"uid":"…","merged_into":"UID"}         this id is a former one of that customer
//	{"id":"…","uid":"…","left":"SEGMENT"}   with segment=: it is no member any more
//
// An export with a cursor is right in the end, not at an instant: a customer who changes
// while the others are told comes twice.

// FollowStore is what an export that goes on reads.
type FollowStore interface {
	EachCustomerAfter(ctx context.Context, after int64, f func(*app.Customer) error) error
	EventsAfter(ctx context.Context, after int64, filter app.EventFilter, f func(*app.Event) error) (last int64, more bool, err error)
	Feed(ctx context.Context, after int64, limit int) ([]app.Entry, error)
	FeedMoved() <-chan struct{}
	FeedStart(ctx context.Context) (int64, error)
	Head() int64
	PublicID(row int64, inserted app.Instant) string
	FormerIDs(ctx context.Context, row int64) ([]string, error)
	SegmentMoves(ctx context.Context, first, count int64, f func(segment, customer int64, entered bool)) error
}

const (
	// followStep is how many lines, or entries of the feed, lie between two cursors at most.
	followStep = 500
	// followAlive is how often a cursor is told though nothing comes: it keeps connections
	// open, and finds out those that are gone.
	followAlive = 15 * time.Second
	// followFor is how long one answer goes on, so that a key that was revoked ends.
	followFor = 5 * time.Minute
)

func (c *call) follows() bool {
	q := c.Request.URL.Query()
	return q.Has("after") || q.Get("follow") == "true"
}

// follower is an export that goes on.
type follower struct {
	*stream
	a      *API
	c      *call
	ctx    context.Context
	follow bool
	until  time.Time
	told   string // the cursor that was told last
	line   []byte
	lines  int
}

func (a *API) follower(c *call, asCSV bool, name string) (*follower, error) {
	if asCSV {
		return nil, app.Invalid("format", `only NDJSON can be followed or gone on with: leave "format" out`)
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/x-ndjson; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.ndjson"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no") // a proxy that gathers would keep the lines to itself
	s := &stream{c: c, Writer: bufio.NewWriterSize(c.Writer, 64<<10)}
	c.Writer.WriteHeader(http.StatusOK)
	return &follower{stream: s, a: a, c: c, ctx: c.Request.Context(), follow: c.Query("follow") == "true", until: time.Now().Add(followFor)}, nil
}

// put writes one line.
func (f *follower) put(line []byte) error {
	f.lines++
	if _, err := f.Write(append(line, '\n')); err != nil {
		return err
	}
	return f.stream.line()
}

// mark tells a cursor, and everything before it.
func (f *follower) mark(cursor string) error {
	f.told, f.lines = cursor, 0
	if err := f.put(append(app.AppendQuote([]byte(`{"cursor":`), cursor), '}')); err != nil {
		return err
	}
	f.lines = 0
	if err := f.Flush(); err != nil {
		return err
	}
	f.c.Writer.Flush()
	return nil
}

// wait waits until moved, telling now and then that it is alive. It reports whether to go on.
func (f *follower) wait(moved <-chan struct{}) (bool, error) {
	if !f.follow || time.Now().After(f.until) {
		return false, nil
	}
	alive := time.NewTimer(followAlive)
	defer alive.Stop()
	select {
	case <-moved:
		return true, nil
	case <-alive.C:
		return true, f.mark(f.told)
	case <-f.ctx.Done():
		return false, nil
	}
}

// end closes the answer. That a client went away, or the server stops, is no failure.
func (f *follower) end(err error) error {
	if err != nil && f.ctx.Err() != nil {
		panic(http.ErrAbortHandler)
	}
	return f.stream.end(err)
}

// followEvents tells events in the order of their arrival.
func (a *API) followEvents(c *call, g *app.Segment, filter app.EventFilter, asCSV bool) error {
	var after int64
	if text := c.Query("after"); text != "" {
		rest, ok := strings.CutPrefix(text, "e")
		n, err := strconv.ParseInt(rest, 10, 64)
		if !ok || err != nil || n < 0 {
			return badCursor(text)
		}
		after = n
	}
	has := func(int64) bool { return true }
	if g != nil {
		var err error
		if has, err = a.membership.Test(c.Request.Context(), g); err != nil {
			return err
		}
	}
	f, err := a.follower(c, asCSV, "events")
	if err != nil {
		return err
	}
	return f.end(f.events(after, filter, has))
}

func (f *follower) events(after int64, filter app.EventFilter, has func(int64) bool) error {
	for {
		moved := f.a.store.FeedMoved()
		last, more, err := f.a.store.EventsAfter(f.ctx, after, filter, func(e *app.Event) error {
			if !has(e.Customer) {
				return nil
			}
			f.line = appendEvent(f.line[:0], e, true)
			return f.put(f.line)
		})
		if err != nil {
			return err
		}
		if last > after || f.told == "" {
			if err := f.mark("e" + strconv.FormatInt(last, 10)); err != nil {
				return err
			}
		}
		after = last
		if more && f.ctx.Err() == nil {
			continue
		}
		if on, err := f.wait(moved); err != nil || !on {
			return err
		}
	}
}

// place is how far an export of customers has come: through the customers that there
// were, up to row, and then through the feed, from seq on.
type place struct {
	row, seq int64
	through  bool // all customers are told: the feed is next
}

func (p place) String() string {
	if p.through {
		return fmt.Sprintf("f%d", p.seq)
	}
	return fmt.Sprintf("c%d-%d", p.row, p.seq)
}

func badCursor(text string) error {
	return app.Invalid("after", "%q is no cursor of this export: take it from a line with a cursor, or leave it empty to begin anew", shorten(text))
}

func (a *API) placeOf(ctx context.Context, text string) (p place, err error) {
	if text == "" {
		return place{seq: a.store.Head()}, nil
	}
	if _, err := fmt.Sscanf(text, "f%d", &p.seq); err == nil {
		p.through = true
	} else if _, err := fmt.Sscanf(text, "c%d-%d", &p.row, &p.seq); err != nil {
		return p, badCursor(text)
	}
	if p.String() != text || p.seq < 0 || p.row < 0 || p.seq > a.store.Head() {
		return p, badCursor(text)
	}
	first, err := a.store.FeedStart(ctx)
	if err == nil && first > p.seq+1 {
		err = app.Invalid("after", "the cursor is too old: what changed is kept for 7 days. Begin anew with an empty one")
	}
	return p, err
}

// followCustomers tells all customers, the oldest first, and then those that change.
func (a *API) followCustomers(c *call, g *app.Segment, asCSV bool) error {
	p, err := a.placeOf(c.Request.Context(), c.Query("after"))
	if err != nil {
		return err
	}
	f, err := a.follower(c, asCSV, "customers")
	if err != nil {
		return err
	}
	if !p.through {
		if p, err = f.customers(p, g); err != nil {
			return f.end(err)
		}
	}
	return f.end(f.changes(p, g))
}

func (f *follower) member(g *app.Segment) (func(int64) bool, error) {
	if g == nil {
		return func(int64) bool { return true }, nil
	}
	return f.a.membership.Test(f.ctx, g)
}

func (f *follower) customers(p place, g *app.Segment) (place, error) {
	has, err := f.member(g)
	if err != nil {
		return p, err
	}
	err = f.a.store.EachCustomerAfter(f.ctx, p.row, func(customer *app.Customer) error {
		p.row = customer.Row
		if f.ctx.Err() != nil {
			return f.ctx.Err()
		}
		if !has(customer.Row) {
			return nil
		}
		f.line = f.a.appendUser(f.ctx, f.line[:0], customer)
		if err := f.put(f.line); err != nil || f.lines < followStep {
			return err
		}
		return f.mark(p.String())
	})
	if err != nil {
		return p, err
	}
	p = place{seq: p.seq, through: true}
	return p, f.mark(p.String())
}

// changes follows the feed.
func (f *follower) changes(p place, g *app.Segment) error {
	for {
		moved := f.a.store.FeedMoved()
		entries, err := f.a.store.Feed(f.ctx, p.seq, followStep)
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			if err := f.window(entries, g); err != nil {
				return err
			}
			p.seq = entries[len(entries)-1].Seq
			if err := f.mark(p.String()); err != nil {
				return err
			}
			if f.ctx.Err() != nil {
				return nil
			}
			continue
		}
		if f.told == "" {
			if err := f.mark(p.String()); err != nil {
				return err
			}
		}
		if on, err := f.wait(moved); err != nil || !on {
			return err
		}
	}
}

// window tells what a run of the feed has changed, each customer once.
func (f *follower) window(entries []app.Entry, g *app.Segment) error {
	changed, renamed, left := map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	for _, e := range entries {
		switch e.Kind {
		case app.KindEvents, app.KindErasedEvents, app.KindListSaved, app.KindSegmentSaved:
		case app.KindDeleted:
			delete(changed, e.Customer)
			if e.Key == 0 { // of before the feed said when it had come
				continue
			}
			f.line = app.AppendQuote(append(f.line[:0], `{"id":`...), f.a.store.PublicID(e.Customer, app.Instant(e.Key)))
			if err := f.put(append(f.line, `,"deleted":true}`...)); err != nil {
				return err
			}
		case app.KindSegmentMoves:
			err := f.a.store.SegmentMoves(f.ctx, e.Key, e.Count, func(segment, customer int64, entered bool) {
				if g == nil || segment == g.Row {
					changed[customer] = true
					left[customer] = g != nil && !entered
				}
			})
			if err != nil {
				return err
			}
		case app.KindMerged, app.KindRenamed:
			changed[e.Customer], renamed[e.Customer] = true, true
		default:
			changed[e.Customer] = e.Customer != 0
		}
	}
	has, err := f.member(g)
	if err != nil {
		return err
	}
	rows := make([]int64, 0, len(changed))
	for row, is := range changed {
		if is {
			rows = append(rows, row)
		}
	}
	slices.Sort(rows)
	for part := range slices.Chunk(rows, followStep) {
		customers, _, err := f.a.store.Customers(f.ctx, app.CustomerFilter{Rows: part}, app.Page{Limit: len(part)})
		if err != nil {
			return err
		}
		for i := len(customers) - 1; i >= 0; i-- { // the newest are first
			if err := f.changed(&customers[i], renamed, left, g, has); err != nil {
				return err
			}
		}
	}
	return nil
}

// changed tells of one customer that changed.
func (f *follower) changed(c *app.Customer, renamed, left map[int64]bool, g *app.Segment, has func(int64) bool) error {
	if !has(c.Row) {
		if !left[c.Row] {
			return nil
		}
		f.line = app.AppendQuote(append(f.line[:0], `{"id":`...), c.ID)
		f.line = app.AppendQuote(append(f.line, `,"uid":`...), c.UID)
		f.line = app.AppendQuote(append(f.line, `,"left":`...), g.ID)
		return f.put(append(f.line, '}'))
	}
	if renamed[c.Row] {
		former, err := f.a.store.FormerIDs(f.ctx, c.Row)
		if err != nil {
			return err
		}
		for _, uid := range former {
			f.line = app.AppendQuote(append(f.line[:0], `{"uid":`...), uid)
			f.line = app.AppendQuote(append(f.line, `,"merged_into":`...), c.UID)
			if err := f.put(append(f.line, '}')); err != nil {
				return err
			}
		}
	}
	f.line = f.a.appendUser(f.ctx, f.line[:0], c)
	return f.put(f.line)
}
