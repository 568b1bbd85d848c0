package column

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"kith/app"
	"kith/app/segment"
)

const (
	// stepCustomers and stepEvents are how many one step of a load reads: some tens of
	// milliseconds, after which the feed is followed again.
	stepCustomers = 10_000
	stepEvents    = 100_000
)

// Loader brings columns, step by step, so that the feed is followed in between: what
// changes meanwhile is set in the columns under way too.
type Loader struct {
	s     *Store
	now   func() app.Instant
	total int64 // customers and events to be read, near enough
	done  atomic.Int64

	columns []*attrColumn // under way
	row     int64         // the last customer read
	people  bool          // customers are read; else they are done
	fresh   bool          // customers are not there yet

	builds  map[string]*building // by event
	through int64                // the last event to be read
	event   int64                // the last event read
	whole   bool
	only    int64 // the one name that is read, 0 for several
}

// building is a series that is read anew, with more of its events than it had.
type building struct {
	name string
	row  int64
	s    *series
}

// Load begins to bring what is needed into a store that follows the feed. What it reads is
// of use once the store has come to the feed's head as it stands at the end: see [Loader.Finish].
func (s *Store) Load(needs []Need, now func() app.Instant) *Loader {
	s.Lock()
	defer s.Unlock()
	l := &Loader{s: s, now: now, builds: map[string]*building{}, through: s.lastEvent}
	s.moved, s.loading = nil, true
	var last []*attrColumn
	for _, n := range needs {
		switch {
		case n.Event != "":
			l.build(n)
		case strings.TrimSuffix(n.Attribute, rawKey) == lastInteraction:
			if s.attrs[n.Attribute] == nil {
				last = append(last, s.addColumn(n.Attribute))
			}
		case s.attrs[n.Attribute] == nil:
			l.columns = append(l.columns, s.addColumn(n.Attribute))
			l.people = true
		}
	}
	if len(last) > 0 {
		s.exists.each(func(slot uint32) { s.refreshLast(slot, now()) })
		for _, c := range last {
			s.attrs[c.key] = c.v
		}
	}
	if l.people {
		l.total += int64(s.count())
	}
	if len(l.builds) > 0 {
		l.total += l.through
		if len(l.builds) == 1 {
			for _, b := range l.builds {
				l.only = b.row
			}
		}
	}
	return l
}

// build begins to read a series anew, with what it has and what a need adds.
func (l *Loader) build(n Need) {
	for row, name := range l.s.names {
		if name != n.Event {
			continue
		}
		b := l.builds[name]
		if b == nil {
			b = &building{name: name, row: row, s: l.s.series[name].blank()}
			l.builds[name] = b
		}
		b.s.want(n)
		l.whole = l.whole || b.s.wants()
	}
}

// blank returns an empty series that keeps of its events what x does.
func (x *series) blank() *series {
	b := newSeries()
	if x == nil {
		return b
	}
	for name, v := range x.props {
		b.props[name] = newValues(0, v.keepRaw, nil)
	}
	for name := range x.hashes {
		b.hashes[name] = nil
	}
	if x.sources != nil {
		b.sources = []uint16{}
	}
	if x.rows != nil {
		b.rows = []uint32{}
	}
	return b
}

// want makes an empty series keep what a need asks for.
func (x *series) want(n Need) {
	switch {
	case n.Sources:
		x.sources = []uint16{}
	case n.Rows:
		x.rows = []uint32{}
	case n.Hash:
		x.hashes[n.Property] = nil
	case n.Property != "" && x.props[n.Property] == nil:
		x.props[n.Property] = newValues(0, strings.HasSuffix(n.Property, rawKey), nil)
	}
}

// Progress is how much has been read, from 0 to 1.
func (l *Loader) Progress() float64 {
	if l.total == 0 {
		return 1
	}
	return min(float64(l.done.Load())/float64(l.total), 0.99)
}

// Step reads a little more and reports whether all has been read.
func (l *Loader) Step(ctx context.Context, r Reader) (bool, error) {
	if l.people {
		return false, l.customers(ctx, r)
	}
	if len(l.builds) > 0 && l.event < l.through {
		return false, l.events(ctx, r)
	}
	return true, nil
}

// Fill reads everything that [Store.Begin] began to read: customers and events at once, and
// each step of customers while the one before is put into the columns.
func (l *Loader) Fill(ctx context.Context, r Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	steps, failed := make(chan []app.Facts, 1), make(chan error, 2)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(steps)
		for l.people && ctx.Err() == nil {
			read, err := l.readCustomers(ctx, r)
			if err != nil {
				failed <- err
				return
			}
			select {
			case steps <- read:
			case <-ctx.Done():
			}
		}
	})
	wg.Go(func() {
		for l.event < l.through && ctx.Err() == nil {
			if err := l.events(ctx, r); err != nil {
				failed <- err
				cancel()
				return
			}
		}
	})
	for read := range steps {
		l.setCustomers(read)
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, b := range l.builds { // the events were read by row
		for i, row := range b.s.who {
			slot, ok := l.s.slot(int64(row))
			if !ok {
				slot = nobody
			}
			b.s.who[i] = slot
		}
	}
	return nil
}

// customers reads a step of customers.
func (l *Loader) customers(ctx context.Context, r Reader) error {
	read, err := l.readCustomers(ctx, r)
	if err != nil {
		return err
	}
	l.setCustomers(read)
	return nil
}

func (l *Loader) readCustomers(ctx context.Context, r Reader) ([]app.Facts, error) {
	read := make([]app.Facts, 0, stepCustomers)
	last, err := r.FactsAfter(ctx, l.row, stepCustomers, l.texts(), func(f *app.Facts) error {
		read = append(read, *f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read customers for the columns: %w", err)
	}
	if l.row = last; last == 0 {
		l.people = false
	}
	return read, nil
}

func (l *Loader) setCustomers(read []app.Facts) {
	l.s.Lock()
	defer l.s.Unlock()
	out := &Touched{Attributes: map[string][]Touch{}, Lists: map[int64][]Touch{}}
	for i := range read {
		f := &read[i]
		slot, ok := l.s.slot(f.Row)
		if !ok && l.fresh {
			slot, ok = l.s.addSlot(f.Row), true
		}
		switch {
		case !ok: // it came since, and the feed will say so
		case l.fresh:
			l.s.put(slot, f, app.Cause{}, out)
		default:
			l.fill(slot, f)
		}
	}
	l.done.Add(int64(len(read)))
}

// texts reports whether any column under way is of the texts that most rules do not ask for.
func (l *Loader) texts() bool {
	for _, c := range l.columns {
		if _, ok := textNames[c.name]; ok {
			return true
		}
	}
	return false
}

// fill sets a slot in the columns under way alone: the others are where the feed is.
func (l *Loader) fill(slot uint32, f *app.Facts) {
	for _, c := range l.columns {
		var raw []byte
		switch {
		case isStandard(c.name):
			raw = standard(f, c.name)
		default:
			raw = segment.Member(f.Attributes, c.name)
		}
		c.v.set(slot, raw)
	}
}

// events reads a step of events into the series that are read anew.
func (l *Loader) events(ctx context.Context, r Reader) error {
	byRow := map[int64]*building{}
	for _, b := range l.builds {
		byRow[b.row] = b
	}
	step := int64(stepEvents)
	if l.only != 0 {
		step *= 4
	}
	through := min(l.event+step, l.through)
	err := r.FactsEvents(ctx, l.event, through, l.only, l.whole, func(e *app.FactsEvent) error {
		b := byRow[e.Name]
		if b == nil {
			return nil
		}
		if l.fresh { // the customers are being read at the same time
			b.take(uint32(e.Customer), e)
			return nil
		}
		// Rows and names only grow, and the feed is followed by this goroutine: no lock.
		if slot, ok := l.s.slot(e.Customer); ok {
			b.take(slot, e)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read events for the columns: %w", err)
	}
	l.done.Add(through - l.event)
	l.event = through
	return nil
}

func (b *building) take(slot uint32, e *app.FactsEvent) {
	b.s.push(&event{who: slot, at: e.At, source: uint16(e.Source), row: uint32(e.Row), value: e.Value, props: e.Properties})
}

// Finish puts what was read into its place. The store must have come to the feed's head as
// it stood when [Loader.Step] reported the end.
func (l *Loader) Finish(ctx context.Context, r Reader) error {
	// What came while the series were read: everything after through, and the customers
	// whose events were moved or taken away. Both are read as they stand.
	for _, b := range l.builds {
		last := l.s.lastEvent
		if last > l.through {
			err := r.FactsEvents(ctx, l.through, last, b.row, l.whole, func(e *app.FactsEvent) error {
				if slot, ok := l.s.slot(e.Customer); ok {
					b.take(slot, e)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	again := map[uint32][]app.FactsEvent{}
	for _, slot := range l.s.moved {
		if _, ok := again[slot]; ok || len(l.builds) == 0 {
			continue
		}
		var list []app.FactsEvent
		err := r.FactsEventsOf(ctx, l.s.rows.at(slot), l.s.lastEvent, func(e *app.FactsEvent) error {
			kept := *e
			kept.Value, kept.Properties = slices.Clone(e.Value), slices.Clone(e.Properties)
			list = append(list, kept)
			return nil
		})
		if err != nil {
			return err
		}
		again[slot] = list
	}
	l.s.Lock()
	defer l.s.Unlock()
	now := l.now()
	for _, b := range l.builds {
		b.s.organise()
		for slot, list := range again {
			b.s.forget(slot)
			for i := range list {
				if e := &list[i]; e.Name == b.row && l.s.exists.has(slot) {
					b.s.add(&event{who: slot, at: e.At, source: uint16(e.Source), row: uint32(e.Row), value: e.Value, props: e.Properties}, now)
				}
			}
		}
		b.s.await(now)
		if old := l.s.series[b.name]; old != nil && old.index != nil {
			b.s.needIndex()
		}
		l.s.series[b.name] = b.s
	}
	for _, c := range l.columns {
		l.s.attrs[c.key] = c.v
	}
	l.s.moved, l.s.loading = nil, false
	l.s.shape++
	return nil
}

// Begin starts to read everything into an empty store: the attributes named, and all
// events. [Loader.Fill] reads it, Finish puts it in place, and the store
// follows the feed from the head as it stood at the beginning.
func (s *Store) Begin(ctx context.Context, r Reader, attributes []string, wants []Need, customers int64, now func() app.Instant) (*Loader, error) {
	seq, lastEvent, err := r.FeedEnd(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Names(ctx, r); err != nil {
		return nil, err
	}
	s.Lock()
	s.seq, s.lastEvent = seq, lastEvent
	s.Unlock()
	var needs []Need
	for _, name := range s.names {
		needs = append(needs, Need{Event: name})
	}
	for _, n := range wants {
		switch {
		case n.Event == app.AnyEvent:
			for _, name := range s.names {
				n.Event = name
				needs = append(needs, n)
			}
		case n.Event != "":
			needs = append(needs, n)
		}
	}
	for _, name := range attributes {
		if name != lastInteraction {
			needs = append(needs, Need{Attribute: name})
		}
	}
	l := s.Load(needs, now)
	l.people, l.fresh = true, true
	l.total = customers + l.through
	return l, nil
}

// Wants returns what a rule will probably need of the events that it names, so that it is
// read with them.
func Wants(r *app.Rule) []Need {
	var wants []Need
	add := func(c *app.EventCondition) {
		if c.Source != "" {
			wants = append(wants, Need{Event: c.Event, Sources: true})
		}
		for _, w := range c.Where {
			wants = append(wants, Need{Event: c.Event, Property: w.Property})
		}
		if c.Of != "" && c.Of != app.EventDay {
			wants = append(wants, Need{Event: c.Event, Property: c.Of, Hash: c.Aggregate == app.Distinct})
		}
	}
	r.Walk(func(r *app.Rule) {
		switch c := r.Condition.(type) {
		case *app.EventCondition:
			add(c)
		case *app.SequenceCondition:
			for i := range c.Steps {
				add(&c.Steps[i].EventCondition)
				if c.By != "" {
					wants = append(wants, Need{Event: c.Steps[i].Event, Property: c.By, Hash: true})
				}
			}
		case *app.AttributeCondition:
			wants = append(wants, Need{Attribute: c.Attribute})
		}
	})
	return wants
}
