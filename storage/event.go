package storage

import (
	"kith/app"
)

// track records an event. An unknown uid makes the customer.
func (t *txn) track(c *app.Track) (app.Result, error) {
	customer, err := t.find(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	if customer == 0 {
		if err := t.checkErased(c.UID); err != nil {
			return app.Result{}, err
		}
	}
	q := t.w.q
	row := t.s.eventRow + 1
	if c.MessageID != "" {
		res, err := q.exec("event_key_insert", row, c.MessageID)
		if err != nil {
			return app.Result{}, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return app.Result{Customer: customer, UID: c.UID}, err // a repeat: it is stored already
		}
	}
	created := customer == 0
	if created {
		if customer, err = t.makeCustomer(c.UID, false, c.Source); err != nil {
			return app.Result{}, err
		}
	}
	name, err := t.eventName(c.Event)
	if err != nil {
		return app.Result{}, err
	}
	source, err := t.source(c.Source)
	if err != nil {
		return app.Result{}, err
	}
	if _, err := q.exec("event_insert", row, customer, name.row, int64(c.At), source, textOrNull(c.Value), textOrNull(c.Properties)); err != nil {
		return app.Result{}, err
	}
	t.s.eventRow = row
	name.came(row)
	t.total("last_event", row-t.s.totals["last_event"])
	if err := t.countEvent(name, customer, int64(c.At)); err != nil {
		return app.Result{}, err
	}
	if err := t.learnProperties(name, c.PropertyTypes); err != nil {
		return app.Result{}, err
	}
	if _, known := name.sources[source]; !known {
		if _, err := q.exec("event_source_add", name.row, source); err != nil {
			return app.Result{}, err
		}
		name.sources[source] = struct{}{}
	}
	return app.Result{Customer: customer, UID: c.UID, Created: created, Changed: true}, t.feedEvent(row, customer)
}

func textOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return string(b)
}

// makeCustomer makes a customer of which nothing but its id is known.
func (t *txn) makeCustomer(uid string, account bool, source string) (int64, error) {
	rec := &record{uid: uid, createdAt: t.now, isAccount: account}
	rec.changed[colCreatedAt] = t.now
	err := t.saveProfile(rec, account, nil, source)
	return rec.id, err
}

// eventName returns the entry of an event's name, making it when it is new.
func (t *txn) eventName(name string) (*eventName, error) {
	if n := t.s.events[name]; n != nil {
		return n, nil
	}
	n := newEventName(int64(len(t.s.events)+1), name)
	if _, err := t.w.q.exec("event_name_insert", n.row, name); err != nil {
		return nil, err
	}
	t.s.events[name], t.s.eventIDs[n.row] = n, n
	return n, nil
}

// countEvent keeps the counters that let /v1/events answer without a scan.
func (t *txn) countEvent(n *eventName, customer, at int64) error {
	if n.events == 0 {
		n.first, n.last = at, at
	}
	n.first, n.last = min(n.first, at), max(n.last, at)
	n.events++
	t.names[n] = struct{}{}
	t.days[dayKey{n.row, app.DayOf(app.Instant(at))}]++
	t.spanned(app.Instant(at), 1, 0)
	t.total("events", 1)
	if n.known.Contains(uint64(customer)) {
		return nil
	}
	res, err := t.w.q.exec("event_customer_add", n.row, customer)
	if err != nil {
		return err
	}
	added, err := res.RowsAffected()
	if err != nil {
		return err
	}
	n.customers += added
	n.known.Add(uint64(customer))
	return nil
}

// propertiesKept bounds the catalogue of one event's properties: beyond it names are
// made up by a program, and a list of them helps nobody.
const propertiesKept = 500

func (t *txn) learnProperties(n *eventName, types []app.PropertyType) error {
	for _, p := range types {
		if _, known := n.props[p]; known || len(n.props) >= propertiesKept {
			continue
		}
		if _, err := t.w.q.exec("event_property_add", n.row, p.Name, int64(p.Type)); err != nil {
			return err
		}
		n.props[p] = struct{}{}
	}
	return nil
}
