package column

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"kith/app"
	"kith/app/segment"
)

// Reader reads the tables.
type Reader interface {
	// Facts calls visit for those of the rows that are customers, upwards. Without texts, id,
	// names, number and e-mail are left out. What it gives may be kept.
	Facts(ctx context.Context, rows []int64, texts bool, visit func(*app.Facts) error) error
	// FactsAfter is the same for up to limit customers after a row; it returns the last row,
	// or 0 when there are no more.
	FactsAfter(ctx context.Context, after int64, limit int, texts bool, visit func(*app.Facts) error) (int64, error)
	// FactsEvents calls visit for the events with after < row ≤ through, in order; of one
	// name only if name is not 0. Value and properties are read if whole.
	FactsEvents(ctx context.Context, after, through, name int64, whole bool, visit func(*app.FactsEvent) error) error
	// FactsEventsOf is the same for one customer, of all its events up to a row.
	FactsEventsOf(ctx context.Context, customer, through int64, visit func(*app.FactsEvent) error) error
	// EventNameRows, SourceNameRows and AttributeNameRows are the catalogue's, by row.
	EventNameRows(ctx context.Context) (map[int64]string, error)
	AttributeNameRows(ctx context.Context) (map[int64]string, error)
	SourceNameRows(ctx context.Context) (map[int64]string, error)
	// FeedEnd is the head of the feed and the last event, of one state.
	FeedEnd(ctx context.Context) (seq, lastEvent int64, err error)
}

// Touch is a customer for whom something has changed, and the entry of the feed that did it.
type Touch struct {
	Row   int64
	Cause app.Cause
}

// Touched is what a window of the feed has changed, by what rules look at.
type Touched struct {
	Whole      []Touch // anything may be new
	Attributes map[string][]Touch
	Events     map[string][]Touch
	Lists      map[int64][]Touch
	Accounts   []Touch
	Zones      []Touch
	// People is set when customers came, went or got another uid: what an account's uid
	// means may have changed.
	People bool
}

// once leaves each customer once in every list.
func (t *Touched) once() {
	t.Whole, t.Accounts, t.Zones = Once(t.Whole), Once(t.Accounts), Once(t.Zones)
	for name, list := range t.Attributes {
		t.Attributes[name] = Once(list)
	}
	for name, list := range t.Events {
		t.Events[name] = Once(list)
	}
	for row, list := range t.Lists {
		t.Lists[row] = Once(list)
	}
}

// Once returns the list by row, each once, with its last cause.
func Once(list []Touch) []Touch {
	if len(list) < 2 {
		return list
	}
	slices.SortStableFunc(list, func(a, b Touch) int { return cmp.Compare(a.Row, b.Row) })
	out := list[:1]
	for _, t := range list[1:] {
		if last := &out[len(out)-1]; last.Row == t.Row {
			*last = t
		} else {
			out = append(out, t)
		}
	}
	return out
}

// taking gathers what must be read for a window.
type taking struct {
	rows    map[int64]app.Cause // to be read again
	created map[int64]struct{}
	gone    map[int64]app.Cause
	back    map[int64]struct{}
	whole   map[int64]app.Cause // with their events
	ranges  []app.Entry
	facts   []app.Facts
	events  []app.FactsEvent
	causes  []app.Cause // of events
	again   map[int64][]app.FactsEvent
	people  bool
}

// Take follows the feed through entries, which come right after [Store.Seq]. It reads
// without the lock and changes the columns with it.
func (s *Store) Take(ctx context.Context, r Reader, entries []app.Entry, now app.Instant) (*Touched, error) {
	if len(entries) == 0 {
		return &Touched{}, nil
	}
	t := &taking{rows: map[int64]app.Cause{}, created: map[int64]struct{}{}, gone: map[int64]app.Cause{}, back: map[int64]struct{}{}, whole: map[int64]app.Cause{}, again: map[int64][]app.FactsEvent{}}
	for _, e := range entries {
		if e.Kind == app.KindAttribute {
			looked, err := s.looksAt(ctx, r, e.Key)
			if err != nil {
				return nil, err
			}
			if !looked {
				continue
			}
		}
		t.note(e)
	}
	if err := t.read(ctx, s, r); err != nil {
		return nil, err
	}
	s.Lock()
	defer s.Unlock()
	for i := range t.facts {
		if row := t.facts[i].Row; !s.canHold(row) && t.isBack(row) {
			return nil, ErrNoPlace
		}
	}
	out := s.apply(t, now)
	out.once()
	s.seq = entries[len(entries)-1].Seq
	return out, nil
}

// looksAt reports whether anything here depends on an attribute, by its row in the
// catalogue. Of an import most changes are of attributes that no rule asks for, and then
// nobody needs to be read.
func (s *Store) looksAt(ctx context.Context, r Reader, row int64) (bool, error) {
	name, known := s.attributes[row]
	if !known {
		names, err := r.AttributeNameRows(ctx)
		if err != nil {
			return false, err
		}
		s.attributes = names
		if name, known = names[row]; !known {
			return true, nil
		}
	}
	if name == "tz" || len(s.byName[name]) > 0 {
		return true, nil
	}
	for _, p := range s.paths {
		if strings.HasPrefix(p.name, name+".") {
			return true, nil
		}
	}
	return false, nil
}

// texts reports whether a column is of the texts that most rules do not ask for.
func (s *Store) texts() bool {
	for name := range textNames {
		if len(s.byName[name]) > 0 {
			return true
		}
	}
	return false
}

// textNames are the standard attributes that are left out where no rule asks for them.
var textNames = map[string]struct{}{"uid": {}, "first_name": {}, "last_name": {}, "number": {}, "email": {}}

func (t *taking) note(e app.Entry) {
	cause := app.Cause{Kind: e.Kind, Key: e.Key}
	switch e.Kind {
	case app.KindEvents:
		t.ranges = append(t.ranges, e)
	case app.KindCreated:
		t.created[e.Customer] = struct{}{}
		t.rows[e.Customer] = cause
		t.people = true
	case app.KindMerged:
		t.gone[e.Key] = cause
		t.whole[e.Customer] = cause
		t.rows[e.Customer] = cause
		t.people = true
	case app.KindDeleted:
		t.gone[e.Customer] = cause
		t.people = true
	case app.KindErasedEvents:
		t.whole[e.Customer] = cause
	case app.KindRestored:
		delete(t.gone, e.Customer)
		t.back[e.Customer] = struct{}{}
		t.whole[e.Customer] = cause
		t.rows[e.Customer] = cause
		t.people = true
	case app.KindAttribute, app.KindDevice, app.KindList, app.KindAccount, app.KindArchived, app.KindConverted, app.KindRenamed:
		t.rows[e.Customer] = cause
		t.people = t.people || e.Kind == app.KindRenamed
	}
}

func (t *taking) isBack(row int64) bool {
	_, ok := t.back[row]
	return ok
}

func (t *taking) read(ctx context.Context, s *Store, r Reader) error {
	rows := make([]int64, 0, len(t.rows))
	for row := range t.rows {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	texts := s.texts()
	for part := range slices.Chunk(rows, 1000) {
		err := r.Facts(ctx, part, texts, func(f *app.Facts) error {
			t.facts = append(t.facts, *f)
			return nil
		})
		if err != nil {
			return err
		}
	}
	unknown := false
	keep := func(list *[]app.FactsEvent) func(*app.FactsEvent) error {
		return func(e *app.FactsEvent) error {
			kept := *e
			kept.Value, kept.Properties = slices.Clone(e.Value), slices.Clone(e.Properties)
			*list = append(*list, kept)
			unknown = unknown || s.names[e.Name] == "" || !s.knownSource[e.Source]
			return nil
		}
	}
	whole := s.wantsProperties()
	last := s.lastEvent
	for _, e := range t.ranges {
		end := e.Key + e.Count - 1
		if end <= last {
			continue
		}
		if err := r.FactsEvents(ctx, max(e.Key-1, last), end, 0, whole, keep(&t.events)); err != nil {
			return err
		}
		for len(t.causes) < len(t.events) {
			t.causes = append(t.causes, app.Cause{Kind: app.KindEvents, Key: t.events[len(t.causes)].Row})
		}
		last = max(last, end)
	}
	for row := range t.whole {
		var list []app.FactsEvent
		if err := r.FactsEventsOf(ctx, row, last, keep(&list)); err != nil {
			return err
		}
		t.again[row] = list
	}
	if unknown {
		return s.Names(ctx, r)
	}
	return nil
}

// Names reads the catalogue's names anew.
func (s *Store) Names(ctx context.Context, r Reader) error {
	names, err := r.EventNameRows(ctx)
	if err != nil {
		return err
	}
	sources, err := r.SourceNameRows(ctx)
	if err != nil {
		return err
	}
	s.Lock()
	defer s.Unlock()
	s.names = names
	for row, name := range sources {
		s.knownSource[row] = true
		if s.sources[name] != row {
			s.sources[name] = row
			s.shape++
		}
	}
	return nil
}

// Source returns the row of a source's name, 0 if there is none.
func (s *Store) Source(name string) int64 { return s.sources[name] }

// wantsProperties reports whether any series keeps more of an event than its time.
func (s *Store) wantsProperties() bool {
	for _, x := range s.series {
		if x.wants() {
			return true
		}
	}
	return false
}

// apply changes the columns by what was read.
func (s *Store) apply(t *taking, now app.Instant) *Touched {
	out := &Touched{Attributes: map[string][]Touch{}, Events: map[string][]Touch{}, Lists: map[int64][]Touch{}, People: t.people}
	for i := range t.facts {
		f := &t.facts[i]
		slot, ok := s.slot(f.Row)
		_, created := t.created[f.Row]
		created = created || t.isBack(f.Row)
		if !ok && t.isBack(f.Row) {
			slot, ok = s.place(f.Row)
		}
		if !ok && created && (s.count() == 0 || f.Row > s.rows.last()) {
			slot, ok = s.addSlot(f.Row), true
		}
		if ok {
			s.put(slot, f, t.rows[f.Row], out)
		}
	}
	for i := range t.events {
		e := &t.events[i]
		s.lastEvent = max(s.lastEvent, e.Row)
		if slot, ok := s.slot(e.Customer); ok {
			s.addEvent(slot, e, now, t.causes[i], out)
		}
	}
	for _, e := range t.ranges {
		s.lastEvent = max(s.lastEvent, e.Key+e.Count-1)
	}
	for row, cause := range t.whole {
		slot, ok := s.slot(row)
		if !ok {
			continue
		}
		for _, x := range s.series {
			x.forget(slot)
		}
		if s.loading {
			s.moved = append(s.moved, slot)
		}
		for i := range t.again[row] {
			s.addEvent(slot, &t.again[row][i], now, cause, nil)
		}
		s.refreshLast(slot, now)
		out.Whole = append(out.Whole, Touch{row, cause})
	}
	for row, cause := range t.gone {
		if slot, ok := s.slot(row); ok {
			s.remove(slot)
		}
		out.Whole = append(out.Whole, Touch{row, cause})
	}
	return out
}

// addEvent takes an event of a customer.
func (s *Store) addEvent(slot uint32, e *app.FactsEvent, now app.Instant, cause app.Cause, out *Touched) {
	name := s.names[e.Name]
	x := s.series[name]
	if x == nil {
		x = newSeries()
		s.series[name] = x
		s.shape++
	}
	x.add(&event{who: slot, at: e.At, source: uint16(e.Source), row: uint32(e.Row), value: e.Value, props: e.Properties}, now)
	if out == nil {
		return
	}
	touch := Touch{s.rows.at(slot), cause}
	out.Events[name] = append(out.Events[name], touch)
	if c := s.lastColumn(); c != nil && e.At <= now && s.last(c, slot) < e.At {
		s.setLast(slot, e.At)
		out.Attributes[lastInteraction] = append(out.Attributes[lastInteraction], touch)
	}
}

func (s *Store) lastColumn() *attrColumn {
	if cols := s.byName[lastInteraction]; len(cols) > 0 {
		return cols[0]
	}
	return nil
}

// last is a slot's last interaction in its column, before every instant if there is none.
func (s *Store) last(c *attrColumn, slot uint32) app.Instant {
	if raw := c.v.raw(slot); raw != nil {
		if d, ok := segment.DateOf(raw, false); ok {
			return d.Instant
		}
	} else if c.v.form == dateForm {
		if d := c.v.dates.at(slot); d != noDate {
			return unpackDate(d).Instant
		}
	}
	return segment.Beginning
}

func (s *Store) setLast(slot uint32, at app.Instant) {
	var raw []byte
	if at > segment.Beginning {
		raw = app.Quote(at.String())
	}
	changed := false
	for _, c := range s.byName[lastInteraction] {
		form := c.v.form
		changed = c.v.set(slot, raw) || changed
		if c.v.form != form {
			s.shape++
		}
	}
	if !changed {
		return
	}
	for _, epochs := range [...]bool{false, true} {
		if x := s.indexes[dateKey{lastInteraction, epochs}]; x != nil {
			x.add(slot, raw)
		}
	}
}

// refreshLast works a slot's last interaction out anew.
func (s *Store) refreshLast(slot uint32, now app.Instant) {
	if s.lastColumn() == nil {
		return
	}
	last := segment.Beginning
	var buffer []uint32
	for _, x := range s.series {
		r := x.of(slot, &buffer)
		if n := x.upTo(r, now); n > 0 {
			last = max(last, x.at[r.place(n-1)])
		}
	}
	s.setLast(slot, last)
}

// Came works out anew what follows from the clock, for events dated in the future that
// have come since from. When the clock was put back, everything is.
func (s *Store) Came(from, to app.Instant) {
	s.Lock()
	defer s.Unlock()
	if to < from {
		for _, x := range s.series {
			x.await(to)
		}
		if s.lastColumn() != nil {
			s.exists.each(func(slot uint32) { s.refreshLast(slot, to) })
		}
		return
	}
	if s.lastColumn() == nil {
		return
	}
	for _, x := range s.series {
		x.upcoming.between(from+1, to, func(slot uint32) { s.refreshLast(slot, to) })
	}
}
