package storage

import (
	"context"
	"fmt"

	"kith/app"
)

// txn is one transaction of the writer: the instant it happens at, and what it has
// gathered to write once at its end.
type txn struct {
	w   *writer
	s   *state
	now app.Instant

	run        app.Entry // events that wait to be named by one row of the feed
	days       map[dayKey]int64
	spans      spans
	names      map[*eventName]struct{}
	attrs      map[*attrName]struct{}
	totals     map[string]struct{}
	cursors    map[string]int64
	touched    map[int64]struct{} // customers, kept only while somebody watches
	timerMoved bool
}

type dayKey struct{ name, day int64 }

func newTxn(w *writer) *txn {
	t := &txn{
		w: w, s: w.state, now: w.db.Now(),
		spans: newSpans(), days: map[dayKey]int64{}, names: map[*eventName]struct{}{},
		attrs: map[*attrName]struct{}{}, totals: map[string]struct{}{}, cursors: map[string]int64{},
	}
	if w.db.watchers.any() {
		t.touched = map[int64]struct{}{}
	}
	return t
}

// apply hands a Change to its method.
func (t *txn) apply(c app.Change) (app.Result, error) {
	switch c := c.(type) {
	case *app.Track:
		return t.track(c)
	case *app.SetProfile:
		return t.setProfile(c)
	case *app.Observe:
		return t.observe(c)
	case *app.RemoveAttributes:
		return t.removeAttributes(c)
	case *app.RemoveDevice:
		return t.removeDevice(c)
	case *app.Merge:
		return t.merge(c)
	case *app.Delete:
		return t.delete(c)
	case *app.Archive:
		return t.archive(c)
	case *app.Convert:
		return t.convert(c)
	case *app.JoinAccounts:
		return t.joinAccounts(c)
	case *app.LeaveAccount:
		return t.leaveAccount(c)
	case *app.JoinLists:
		return t.joinLists(c)
	case *app.LeaveLists:
		return t.leaveLists(c)
	case *app.SetSubscription:
		return t.setSubscription(c)
	case *app.AddSubscriber:
		return t.addSubscriber(c)
	case *app.Confirm:
		return t.confirm(c)
	case *app.SaveList:
		return t.saveList(c)
	case *app.ArchiveList:
		return t.archiveList(c)
	case *app.RestoreList:
		return t.restoreList(c)
	case *app.SaveSegment:
		return t.saveSegment(c)
	case *app.DeleteSegment:
		return t.deleteSegment(c)
	case *app.RestoreSegment:
		return t.restoreSegment(c)
	case *app.BuildSegment:
		return t.buildSegment(c)
	case *app.MoveMembers:
		return t.moveMembers(c)
	}
	return app.Result{}, fmt.Errorf("storage: unknown change %T", c)
}

// feed appends a row for everything but events.
func (t *txn) feed(kind app.Kind, customer, key int64) error {
	if err := t.flushRun(); err != nil {
		return err
	}
	t.touch(customer)
	return t.append(app.Entry{Kind: kind, Customer: customer, Key: key, Count: 1})
}

// feedEvent adds an event to the run that one row of the feed will name.
func (t *txn) feedEvent(row, customer int64) error {
	t.touch(customer)
	if t.run.Count > 0 && t.run.Key+t.run.Count == row {
		t.run.Count++
		return nil
	}
	if err := t.flushRun(); err != nil {
		return err
	}
	t.run = app.Entry{Kind: app.KindEvents, Key: row, Count: 1}
	return nil
}

func (t *txn) flushRun() error {
	if t.run.Count == 0 {
		return nil
	}
	run := t.run
	t.run = app.Entry{}
	return t.append(run)
}

func (t *txn) append(e app.Entry) error {
	t.s.seq++
	_, err := t.w.q.exec("feed_insert", t.s.seq, int64(t.now), int64(e.Kind), e.Customer, e.Key, e.Count)
	return err
}

func (t *txn) touch(customer int64) {
	if t.touched != nil && customer != 0 {
		t.touched[customer] = struct{}{}
	}
}

func (t *txn) total(name string, by int64) {
	t.s.totals[name] += by
	t.totals[name] = struct{}{}
}

// source returns the row of a source's name, making it when it is new.
func (t *txn) source(name string) (int64, error) {
	if name == "" {
		name = "api"
	}
	if id, ok := t.s.sources[name]; ok {
		return id, nil
	}
	id := int64(len(t.s.sources) + 1)
	if _, err := t.w.q.exec("source_insert", id, name); err != nil {
		return 0, err
	}
	t.s.sources[name] = id
	return id, nil
}

// flush writes what the transaction has gathered.
func (t *txn) flush() error {
	q := t.w.q
	if err := t.flushRun(); err != nil {
		return err
	}
	for n := range t.names {
		if _, err := q.exec("event_name_update", n.events, n.customers, n.first, n.last, n.row); err != nil {
			return err
		}
	}
	if err := t.flushDays(); err != nil {
		return err
	}
	if err := t.flushSpans(); err != nil {
		return err
	}
	if err := t.keepLatest(); err != nil {
		return err
	}
	for a := range t.attrs {
		counts, samples := a.encode()
		var err error
		if a.fresh {
			_, err = q.exec("attribute_insert", a.row, a.key.name, a.key.standard, counts, samples, a.changed)
			a.fresh = false
		} else {
			_, err = q.exec("attribute_update", counts, samples, a.changed, a.row)
		}
		if err != nil {
			return err
		}
	}
	for name := range t.totals {
		if _, err := q.exec("totals_set", name, t.s.totals[name]); err != nil {
			return err
		}
	}
	return nil
}

// flushDays writes the counts per event name and day gathered so far.
func (t *txn) flushDays() error {
	for k, by := range t.days {
		if by == 0 {
			continue
		}
		if _, err := t.w.q.exec("event_day_add", k.name, k.day, by); err != nil {
			return err
		}
		if by < 0 {
			if _, err := t.w.q.exec("event_day_prune", k.name, k.day); err != nil {
				return err
			}
		}
	}
	clear(t.days)
	return nil
}

func (t *txn) moveCursor(name string, seq int64) error {
	if _, err := t.w.q.exec("cursor_save", name, seq); err != nil {
		return err
	}
	t.s.cursors[name] = seq
	t.cursors[name] = seq
	return nil
}

// publish tells everybody else that the transaction is on the disk.
func (t *txn) publish() {
	db := t.w.db
	moved := len(t.cursors) > 0 || db.head.Load() != t.s.seq
	db.head.Store(t.s.seq)
	for name, seq := range t.cursors {
		db.cursors.Store(name, seq)
	}
	if moved || t.timerMoved {
		db.moved.raise()
	}
	if t.touched != nil {
		db.watchers.notify(t.touched)
	}
}

// reader reads the state inside the transaction.
func (t *txn) reader() *reader { return &reader{q: t.w.q, db: t.w.db, now: t.now} }

var background = context.Background()
