package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"kith/app"
)

// cameBefore reports whether a body is one that was applied already, byte for byte. A
// replay that mends nothing of what was applied is one too.
func (t *txn) cameBefore(h *app.Hook) (bool, error) {
	if h.Replay != 0 {
		d, err := t.deliveryRow(h.Replay)
		if err == nil && (d.Integration != h.Integration || d.Removed) {
			err = app.NotFound("This delivery is no longer kept.")
		}
		return err == nil && h.Whole && d.State == app.Applied && h.Body == nil, err
	}
	if !h.Whole || len(h.Body) == 0 {
		return false, nil
	}
	var row int64
	hash := sha256.Sum256(h.Body)
	return t.w.q.row(background, "delivery_same", args(h.Integration, hash[:]), &row)
}

// deliver stores what a service posted, with what its Changes became, in their transaction.
func (t *txn) deliver(j *job, before bool) error {
	h := j.batch.Hook
	d := app.Delivery{
		Integration: h.Integration, ReceivedAt: t.now, State: h.State, Error: h.Error, Event: h.Event, Verified: h.Verified,
		Body: h.Body, Bytes: int64(len(h.Body)), Header: h.Header, Became: []byte("[]"),
	}
	if d.Header == nil {
		d.Header = []byte("{}")
	}
	if len(j.batch.Changes) > 0 {
		d.State, d.Error = outcome(j.results, before)
		if h.Refused != "" && d.State != app.Failed && !before {
			d.State, d.Error = app.Failed, h.Refused
		}
	}
	var became [][]byte
	for i, c := range j.batch.Changes {
		if !before && j.results[i].Err == nil && !j.results[i].Repeated {
			became = append(became, app.Became(c, j.results[i])...)
		}
	}
	var err error
	if h.Replay != 0 {
		d, err = t.replayed(h, d, became, j)
	} else {
		d.Became = joinList(became)
		err = t.insertDelivery(h, &d, j)
	}
	if err != nil {
		return err
	}
	if err := t.queueOutgoing(h, d); err != nil {
		return err
	}
	d.ID = t.w.db.deliveryIDs.encode(d.Row, d.ReceivedAt)
	j.delivery = d
	return nil
}

// outcome is the state of a delivery whose Changes had these results. What was refused
// because its person was erased is nothing to mend.
func outcome(results []app.Result, before bool) (app.DeliveryState, string) {
	if before {
		return app.Repeated, ""
	}
	var refused, erased *app.Error
	failures, repeats := 0, 0
	for _, r := range results {
		switch {
		case r.Err != nil && app.CodeOf(r.Err) == app.CodeConflict:
			erased = app.Public(r.Err)
		case r.Err != nil:
			failures++
			if refused == nil {
				refused = app.Public(r.Err)
			}
		case r.Repeated:
			repeats++
		}
	}
	switch {
	case failures > 1:
		return app.Failed, fmt.Sprintf("%s (and %d more of %d)", refused.Sentence(), failures-1, len(results))
	case failures == 1:
		return app.Failed, refused.Sentence()
	case erased != nil:
		return app.Ignored, erased.Sentence()
	case repeats == len(results):
		return app.Repeated, ""
	}
	return app.Applied, ""
}

func joinList(items [][]byte) []byte {
	b := []byte{'['}
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item...)
	}
	return append(b, ']')
}

func (t *txn) insertDelivery(h *app.Hook, d *app.Delivery, j *job) error {
	customers, err := t.concerned(j)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(h.Body)
	body := h.Body
	if body == nil {
		body = []byte{} // null means that it was erased
	}
	res, err := t.w.q.exec("delivery_insert", d.Integration, int64(t.now), int64(d.State), d.Error, d.Event, d.Verified, body,
		d.Bytes, hash[:], string(d.Header), string(d.Became), len(customers))
	if err != nil {
		return err
	}
	if d.Row, err = res.LastInsertId(); err != nil {
		return err
	}
	if err := t.linkDelivery(d.Row, customers); err != nil {
		return err
	}
	var states [app.DeliveryStateCount]int64
	states[d.State] = 1
	if _, err := t.w.q.exec("integration_day_add", d.Integration, app.DayOf(t.now), states[app.Applied], states[app.Ignored], states[app.Failed], states[app.Repeated]); err != nil {
		return err
	}
	_, err = t.w.q.exec("integration_touch", int64(t.now), d.Integration)
	return err
}

// concerned are the customers that a batch's Changes touched, as they stand at its end:
// one may have been folded into another since.
func (t *txn) concerned(j *job) (map[int64]struct{}, error) {
	out := map[int64]struct{}{}
	for _, r := range j.results {
		if r.Customer == 0 || r.Err != nil {
			continue
		}
		row, err := t.find(r.UID)
		if err != nil {
			return nil, err
		}
		if row != 0 {
			out[row] = struct{}{}
		}
	}
	return out, nil
}

func (t *txn) linkDelivery(row int64, customers map[int64]struct{}) error {
	for customer := range customers {
		if _, err := t.w.q.exec("delivery_customer_add", row, customer); err != nil {
			return err
		}
	}
	return nil
}

// replayed writes what trying a delivery again became. What had become of it before stays.
func (t *txn) replayed(h *app.Hook, d app.Delivery, became [][]byte, j *job) (app.Delivery, error) {
	was, err := t.deliveryRow(h.Replay)
	if err != nil {
		return d, err
	}
	now := t.now
	was.ReplayedAt = &now
	old, err := app.Elements(was.Became, nil)
	if err != nil {
		return d, fmt.Errorf("what delivery %d became: %w", was.Row, err)
	}
	was.Became = joinList(append(old, became...))
	if d.State == app.Repeated && len(old) > 0 { // all of it had been applied
		d.State, d.Error = app.Applied, ""
	}
	was.State, was.Error, was.Event, was.Verified = d.State, d.Error, d.Event, d.Verified
	if h.Body != nil {
		was.Mended = h.Body
	}
	customers, err := t.concerned(j)
	if err != nil {
		return d, err
	}
	if err := t.linkDelivery(was.Row, customers); err != nil {
		return d, err
	}
	var mended any
	if was.Mended != nil {
		mended = was.Mended
	}
	_, err = t.w.q.exec("delivery_replayed", int64(was.State), was.Error, was.Event, was.Verified, mended, string(was.Became), was.Row, int64(t.now))
	return *was, err
}

func (t *txn) deliveryRow(row int64) (*app.Delivery, error) {
	var d *app.Delivery
	err := t.w.q.each(background, "delivery_row", args(row), func(rows *sql.Rows) error {
		one, err := t.w.db.scanDelivery(rows.Scan)
		d = &one
		return err
	})
	if err == nil && d == nil {
		err = app.NotFound("This delivery is no longer kept.")
	}
	return d, err
}

// queueOutgoing stores what is to be sent because of a delivery. One that came before
// is not passed on again.
func (t *txn) queueOutgoing(h *app.Hook, d app.Delivery) error {
	for _, o := range h.Outgoing {
		if o.Kind == app.Forwarded && d.State == app.Repeated {
			continue
		}
		if _, err := t.w.q.exec("outgoing_insert", d.Row, int64(o.Kind), o.URL, int64(t.now)); err != nil {
			return err
		}
	}
	return nil
}

// DueOutgoing returns what is to be sent by now, with the bodies it needs.
func (db *DB) DueOutgoing(ctx context.Context, limit int) ([]app.Outgoing, error) {
	var out []app.Outgoing
	err := db.queries.each(ctx, "outgoing_due", args(int64(db.Now()), limit), func(rows *sql.Rows) error {
		var o app.Outgoing
		if err := rows.Scan(&o.Row, &o.Delivery, &o.Kind, &o.URL, &o.Tries, &o.Due, &o.Body, &o.Header, &o.GivenUp); err != nil {
			return err
		}
		out = append(out, o)
		return nil
	})
	return out, err
}

// NextOutgoing returns when something is to be sent next, 0 for never.
func (db *DB) NextOutgoing(ctx context.Context) (app.Instant, error) {
	var next *app.Instant
	if _, err := db.queries.row(ctx, "outgoing_next", nil, &next); err != nil || next == nil {
		return 0, err
	}
	return *next, nil
}

// SaveOutgoing writes how sending went: o's tries, due, error, and whether it is over.
func (db *DB) SaveOutgoing(ctx context.Context, o app.Outgoing) error {
	var done any
	if o.DoneAt != nil {
		done = int64(*o.DoneAt)
	}
	return db.Write(ctx, func(tx *Tx) error {
		return tx.exec("outgoing_done", o.Tries, int64(o.Due), o.Error, done, o.GivenUp, o.Row)
	})
}

// OutgoingOf returns what was sent, or is to be, because of a delivery.
func (db *DB) OutgoingOf(ctx context.Context, delivery int64) ([]app.Outgoing, error) {
	var out []app.Outgoing
	err := db.queries.each(ctx, "outgoing_of", args(delivery), func(rows *sql.Rows) error {
		var o app.Outgoing
		if err := rows.Scan(&o.Row, &o.Delivery, &o.Kind, &o.URL, &o.Tries, &o.Due, &o.Error, &o.DoneAt, &o.GivenUp); err != nil {
			return err
		}
		out = append(out, o)
		return nil
	})
	return out, err
}

const (
	// hooksKept is how long bodies are kept unless the folder was opened with another time.
	hooksKept = 30 * 24 * time.Hour
	// hookKeysKept is how long a repeat is recognised that changed attributes alone: no
	// service retries for longer. An event's own id is recognised for as long as it exists.
	hookKeysKept = 90 * 24 * time.Hour
	// hookPruneStep bounds one round of pruning.
	hookPruneStep = 5000
)

// pruneDeliveries removes the bodies that are older than is wanted, and those of
// connections that are gone.
func (tx *Tx) pruneDeliveries() error {
	t := tx.t
	before := int64(t.now) - t.w.db.hooksKept.Milliseconds()
	var old []int64
	err := t.w.q.each(background, "delivery_old", args(int64(0), hookPruneStep), func(rows *sql.Rows) error {
		var row, at int64
		var owned bool
		if err := rows.Scan(&row, &at, &owned); err != nil {
			return err
		}
		if at < before || !owned {
			old = append(old, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := t.dropDeliveries(old); err != nil {
		return err
	}
	return tx.exec("hook_key_prune", min(before, int64(t.now)-hookKeysKept.Milliseconds()))
}

// deliverAgain stores a body that came before: nothing of it is applied. With refusal
// there is nothing to store it with.
func (t *txn) deliverAgain(j *job, refusal error) error {
	if refusal != nil {
		j.err = refusal
		return nil
	}
	for i := range j.results {
		j.results[i].Repeated = true
	}
	return t.deliver(j, true)
}
