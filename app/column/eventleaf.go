package column

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"

	"kith/app"
	"kith/app/segment"
)

// eventLeaf tests the events of one name, or of any.
type eventLeaf struct {
	zoning
	c       *app.EventCondition
	t       *segment.Tester
	parts   []*eventPart
	windows []window // by zone, at now
	at      app.Instant
	merge   bool // the order of events among names counts
	enough  int  // so many events decide a count: more need not be looked at
	scratch scratch
}

// eventPart is what a leaf looks at of one series.
type eventPart struct {
	s      *series
	where  []*matcher
	zones  []zoning
	of     *values
	hashes []uint64
	source int // row of the source that counts, 0 any, -1 none
	moving []dateMover
}

// window is the instants that events are taken from: from is included, to is not.
type window struct{ from, to app.Instant }

// scratch is memory that one goroutine uses again and again.
type scratch struct {
	places []uint32
	at     []int // where each part's owners were found last, when slots are asked upwards
	upward bool
	refs   []ref
	seen   map[uint64]struct{}
}

// run returns a customer's events of the i-th part.
func (x *scratch) run(i int, p *eventPart, slot uint32) run {
	if !x.upward {
		return p.s.of(slot, &x.places)
	}
	for len(x.at) <= i {
		x.at = append(x.at, sort.Search(len(p.s.owners), func(k int) bool { return p.s.owners[k] >= slot }))
	}
	return p.s.from(slot, &x.at[i], &x.places)
}

// ref is an event of one of several parts.
type ref struct {
	part  *eventPart
	place uint32
	at    app.Instant
}

// parts compiles what a condition looks at in each of its series; nil when columns are missing.
func (c *compiler) parts(x *app.EventCondition, of string, hash, rows bool) []*eventPart {
	names := []string{x.Event}
	if x.Event == app.AnyEvent {
		c.plan.deps.anyEvent = true
		names = c.s.eventNames()
	} else {
		c.plan.deps.events[x.Event] = struct{}{}
	}
	source := 0
	if x.Source != "" {
		if source = int(c.names.Source(x.Source)); source == 0 {
			source = -1
		}
	}
	var parts []*eventPart
	for _, name := range names {
		s := c.s.series[name]
		if s == nil {
			continue // no such event has come
		}
		p := &eventPart{s: s, source: source}
		if source > 0 && s.sources == nil && len(s.at) > 0 {
			c.need(Need{Event: name, Sources: true})
		}
		if rows && s.rows == nil && len(s.at) > 0 {
			c.need(Need{Event: name, Rows: true})
		}
		for i := range x.Where {
			w := &x.Where[i]
			t := segment.NewTester(&w.Test)
			v := c.property(s, name, w.Property, t)
			if v == nil {
				continue
			}
			p.where, p.zones = append(p.where, newMatcher(v, t)), append(p.zones, c.zoning(w.Test.Zone))
			if t.Op.Moving() {
				d := &propertyDates{s: s, v: v, epochs: t.Test.Forced}
				p.moving = append(p.moving, dateMover{c.zoning(w.Test.Zone), t, d.fresh})
			}
		}
		switch {
		case of == "" || of == app.EventDay:
		case hash:
			if h, ok := s.hashes[of]; ok {
				p.hashes = h
			} else {
				c.need(Need{Event: name, Property: of, Hash: true})
			}
		default:
			if p.of = s.props[of]; p.of == nil {
				c.need(Need{Event: name, Property: of})
			}
		}
		parts = append(parts, p)
	}
	return parts
}

// property returns the column that answers t for a property of a series.
func (c *compiler) property(s *series, event, name string, t *segment.Tester) *values {
	v := s.props[name]
	c.s.use(v)
	if v != nil && answers(v, t) {
		return v
	}
	if v != nil {
		name += rawKey
		if v = s.props[name]; v != nil {
			c.s.use(v)
			return v
		}
	}
	c.need(Need{Event: event, Property: name})
	return nil
}

func (c *compiler) event(x *app.EventCondition) node {
	any := x.Event == app.AnyEvent
	l := &eventLeaf{zoning: c.zoning(x.Zone), c: x, t: segment.NewTester(&x.Test)}
	l.merge = any && (x.Occurrence != app.EveryOccurrence || x.Aggregate == app.Sum || x.Aggregate == app.Avg)
	of := ""
	if x.Aggregate != app.CountEvents {
		of = x.Of
	}
	l.enough = enough(&x.Test)
	l.parts = c.parts(x, of, x.Aggregate == app.Distinct, l.merge)
	c.plan.movers = append(c.plan.movers, &windowMover{zoning: l.zoning, parts: l.parts, within: x.Within})
	for _, p := range l.parts {
		for _, m := range p.moving {
			c.plan.movers = append(c.plan.movers, m)
		}
	}
	return l
}

// enough returns from how many events on a count can no longer change the answer.
func enough(t *app.Test) int {
	most := t.Operands[len(t.Operands)-1].Number
	if most >= math.MaxInt32 {
		return math.MaxInt
	}
	return max(int(math.Floor(most))+1, 1)
}

// windowAt returns a condition's window at an instant.
func windowAt(w *app.Window, now app.Instant, zone *time.Location) segment.Interval {
	in := segment.Interval{From: segment.Beginning, To: now + 1}
	if w == nil {
		return in
	}
	if !w.Last.IsZero() {
		in.From = w.Last.Before(now, zone) + 1
		return in
	}
	if w.From != nil {
		in.From = boundAt(w.From, now, zone)
	}
	if w.To != nil {
		in.To = min(in.To, boundAt(w.To, now, zone))
	}
	return in
}

func boundAt(b *app.Bound, now app.Instant, zone *time.Location) app.Instant {
	if b.Date != nil {
		return b.Date.Start(zone)
	}
	return b.Ago.Before(now, zone)
}

func (l *eventLeaf) ready(now app.Instant) {
	clock := l.clock(now)
	if l.at != now || len(l.windows) != len(clock.zones) {
		l.at, l.windows = now, l.windows[:0]
		for _, zone := range clock.zones {
			in := windowAt(l.c.Within, now, zone)
			l.windows = append(l.windows, window{in.From, in.To})
		}
	}
	for _, p := range l.parts {
		p.ready(now, l.c.Of, l.c.Aggregate == app.Distinct)
	}
}

func (p *eventPart) ready(now app.Instant, of string, hash bool) {
	for i, m := range p.where {
		m.ready(p.zones[i].clock(now))
	}
	if hash && of != app.EventDay {
		p.hashes = p.s.hashes[of] // it may lie elsewhere since
	}
}

// fits tests one event's source and properties.
func (p *eventPart) fits(place, slot uint32) bool {
	if p.source != 0 && (p.source < 0 || int(p.s.sources[place]) != p.source) {
		return false
	}
	for i, m := range p.where {
		if !m.holds(place, p.zones[i].of(slot)) {
			return false
		}
	}
	return true
}

func (l *eventLeaf) one(slot uint32) bool { return l.holds(slot, &l.scratch) }

func (l *eventLeaf) holds(slot uint32, x *scratch) bool {
	w := l.windows[l.of(slot)]
	if l.c.Occurrence != app.EveryOccurrence {
		return l.occurrence(slot, w, x)
	}
	if l.c.Aggregate == app.CountEvents {
		n := 0
		for i, p := range l.parts {
			n += p.count(slot, x.run(i, p, slot), w, l.enough)
		}
		return l.t.Count(float64(n))
	}
	a := newSum(l, x)
	if l.merge {
		for _, r := range l.merged(slot, x) {
			if r.at >= w.from && r.at < w.to && r.part.fits(r.place, slot) {
				a.add(r.part, r.place, r.at, slot)
			}
		}
		return a.holds()
	}
	for i, p := range l.parts {
		r := x.run(i, p, slot)
		from, to := p.s.span(r, w)
		for k := from; k < to; k++ {
			if place := r.place(k); p.fits(place, slot) {
				a.add(p, place, p.s.at[place], slot)
			}
		}
	}
	return a.holds()
}

// span returns the part of a run that lies in a window.
func (s *series) span(r run, w window) (from, to int) {
	n := r.len()
	if n == 0 {
		return 0, 0
	}
	if s.at[r.place(0)] < w.from {
		from = sort.Search(n, func(k int) bool { return s.at[r.place(k)] >= w.from })
	}
	to = n
	if from < n && s.at[r.place(n-1)] >= w.to {
		to = from + sort.Search(n-from, func(k int) bool { return s.at[r.place(from+k)] >= w.to })
	}
	return from, to
}

// count counts those that fit, and may stop at enough.
func (p *eventPart) count(slot uint32, r run, w window, enough int) int {
	from, to := p.s.span(r, w)
	if len(p.where) == 0 && p.source == 0 {
		return to - from
	}
	n := 0
	for k := from; k < to && n < enough; k++ {
		if p.fits(r.place(k), slot) {
			n++
		}
	}
	return n
}

// merged returns a customer's events of all parts in the order of time, then arrival.
func (l *eventLeaf) merged(slot uint32, x *scratch) []ref {
	refs := x.refs[:0]
	for i, p := range l.parts {
		r := x.run(i, p, slot)
		for k := range r.len() {
			place := r.place(k)
			refs = append(refs, ref{p, place, p.s.at[place]})
		}
	}
	slices.SortFunc(refs, func(a, b ref) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		return cmp.Compare(a.part.s.rows[a.place], b.part.s.rows[b.place])
	})
	x.refs = refs
	return refs
}

// occurrence tests the first or last event that has come, of the source that counts.
func (l *eventLeaf) occurrence(slot uint32, w window, x *scratch) bool {
	n := 0.0
	found := false
	try := func(p *eventPart, place uint32, at app.Instant) bool { // reports that the event was found
		if p.source != 0 && (p.source < 0 || int(p.s.sources[place]) != p.source) {
			return false
		}
		if at >= w.from && at < w.to && p.fits(place, slot) {
			n = 1
		}
		return true
	}
	last := l.c.Occurrence == app.LastOccurrence
	if l.merge {
		refs := l.merged(slot, x)
		for len(refs) > 0 && refs[len(refs)-1].at > l.at {
			refs = refs[:len(refs)-1]
		}
		for k := 0; k < len(refs) && !found; k++ {
			r := refs[k]
			if last {
				r = refs[len(refs)-1-k]
			}
			found = try(r.part, r.place, r.at)
		}
		return l.t.Count(n)
	}
	for i, p := range l.parts {
		r := x.run(i, p, slot)
		come := p.s.upTo(r, l.at)
		for k := 0; k < come && !found; k++ {
			place := r.place(k)
			if last {
				place = r.place(come - 1 - k)
			}
			found = try(p, place, p.s.at[place])
		}
	}
	return l.t.Count(n)
}

// all walks everybody who has such events; for all others one answer holds.
func (l *eventLeaf) all() bitset {
	out := newBits(l.s.count())
	if l.nothing() {
		out.fill()
	}
	if len(l.parts) == 1 {
		l.walk(l.parts[0], out)
		return out
	}
	if l.c.Occurrence == app.EveryOccurrence && l.c.Aggregate == app.CountEvents {
		l.countAll(out)
		return out
	}
	some := newBits(l.s.count())
	for _, p := range l.parts {
		p.s.everybody(some.set)
		for _, m := range p.where {
			m.fillTable()
		}
	}
	inParallel(len(out), func(from, to int) {
		x := &scratch{upward: true}
		for w := from; w < to; w++ {
			one := bitset{some[w]}
			one.each(func(bit uint32) {
				slot := uint32(w<<6) + bit
				out.put(slot, l.holds(slot, x))
			})
		}
	})
	return out
}

// countAll counts the events of several names, name by name.
func (l *eventLeaf) countAll(out bitset) {
	counts := make([]uint32, l.s.count())
	for _, p := range l.parts {
		for _, m := range p.where {
			m.fillTable()
		}
		s := p.s
		plain := len(p.where) == 0 && p.source == 0
		inParallel(len(out), func(from, to int) {
			first, _ := slices.BinarySearch(s.owners, uint32(from<<6))
			for k := first; k < len(s.owners) && int(s.owners[k]) < to<<6; k++ {
				slot := s.owners[k]
				if s.odd.has(slot) {
					continue
				}
				w := l.windows[l.of(slot)]
				if plain {
					counts[slot] += uint32(countIn(s.at[s.starts[k]:s.starts[k+1]], w))
				} else {
					counts[slot] += uint32(p.count(slot, run{from: s.starts[k], n: s.starts[k+1] - s.starts[k]}, w, l.enough))
				}
			}
		})
		s.odd.each(func(slot uint32) {
			counts[slot] += uint32(p.count(slot, s.of(slot, &l.scratch.places), l.windows[l.of(slot)], l.enough))
		})
	}
	inParallel(len(out), func(from, to int) {
		for w := from; w < to; w++ {
			word := uint64(0)
			for j, n := range counts[w<<6 : min(w<<6+64, len(counts))] {
				if l.t.Count(float64(n)) {
					word |= 1 << j
				}
			}
			out[w] = word
		}
	})
}

// nothing is the answer for one without any such event.
func (l *eventLeaf) nothing() bool {
	switch l.c.Aggregate {
	case app.Avg, app.Min, app.Max:
		return false
	}
	return l.t.Count(0)
}

// walk answers for everybody who has events of a single series.
func (l *eventLeaf) walk(p *eventPart, out bitset) {
	s := p.s
	// The dictionaries' tables are filled before they are shared.
	for _, m := range p.where {
		m.fillTable()
	}
	plain := l.c.Occurrence == app.EveryOccurrence && l.c.Aggregate == app.CountEvents && len(p.where) == 0 && p.source == 0 && len(l.windows) == 1
	quick := l.c.Occurrence == app.EveryOccurrence && l.c.Aggregate == app.CountEvents && len(p.where) == 1 && p.source == 0 && len(l.windows) == 1 &&
		p.where[0].v.form == dictForm && p.where[0].dates == nil
	inParallel(len(out), func(from, to int) {
		x := &scratch{upward: true}
		first, _ := slices.BinarySearch(s.owners, uint32(from<<6))
		for k := first; k < len(s.owners) && int(s.owners[k]) < to<<6; k++ {
			slot := s.owners[k]
			if s.odd.has(slot) {
				continue
			}
			if plain {
				n := countIn(s.at[s.starts[k]:s.starts[k+1]], l.windows[0])
				out.put(slot, l.t.Count(float64(n)))
				continue
			}
			if quick {
				n := p.countCodes(s.starts[k], s.starts[k+1], l.windows[0], l.enough)
				out.put(slot, l.t.Count(float64(n)))
				continue
			}
			out.put(slot, l.holds(slot, x))
		}
	})
	s.odd.each(func(slot uint32) { out.put(slot, l.holds(slot, &l.scratch)) })
}

// countCodes is count for events that lie together, by one test on a dictionary whose table
// is filled.
func (p *eventPart) countCodes(from, to uint32, w window, enough int) (n int) {
	m := p.where[0]
	table, want := m.table, yes
	if m.t.Negated {
		want = no
	}
	for i, at := range p.s.at[from:to] {
		if at >= w.from && at < w.to && max(table[m.v.codes.at(from+uint32(i))], no) == want {
			if n++; n >= enough {
				break
			}
		}
	}
	return n
}

// countIn counts the instants in a window; at is in order.
func countIn(at []app.Instant, w window) int {
	if len(at) > 32 {
		from, _ := slices.BinarySearch(at, w.from)
		to, _ := slices.BinarySearch(at, w.to)
		return max(to-from, 0)
	}
	n := 0
	for _, t := range at {
		if t >= w.from && t < w.to {
			n++
		}
	}
	return n
}

// fillTable asks the test of every value of a dictionary, so that the table can be shared.
func (m *matcher) fillTable() {
	if m.v.form != dictForm || m.dates != nil {
		return
	}
	for code := 1; code < len(m.v.dict); code++ {
		if m.v.counts[code] > 0 {
			m.code(uint16(code), 0)
		}
	}
}
