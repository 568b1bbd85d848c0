package storage

import (
	"context"
	"database/sql"
	"encoding/binary"
	"slices"

	"kith/app"
)

const (
	// latestKept is how many events of each name are found again without a scan.
	latestKept = 300
	// latestEvery is after how many events they are written; as many are read at a start, which
	// takes some 20 ms.
	latestEvery = 20_000
)

// came notes an event as the newest of its name.
func (n *eventName) came(row int64) {
	if len(n.latest) >= 2*latestKept {
		n.latest = append(n.latest[:0], n.latest[len(n.latest)-latestKept+1:]...)
	}
	n.latest = append(n.latest, row)
	n.fresh = true
}

// keepLatest writes the newest events of each name, when enough have come.
func (t *txn) keepLatest() error {
	if t.s.eventRow-t.s.totals["latest_event"] < latestEvery {
		return nil
	}
	for _, n := range t.s.events {
		if !n.fresh {
			continue
		}
		if _, err := t.w.q.exec("event_latest_save", n.row, encodeRows(n.latest)); err != nil {
			return err
		}
		n.fresh = false
	}
	t.total("latest_event", t.s.eventRow-t.s.totals["latest_event"])
	return nil
}

// loadLatest reads the newest events of each name as they were written, and those since.
func (s *state) loadLatest(ctx context.Context, q statements) error {
	err := q.each(ctx, "event_latest_all", nil, func(rows *sql.Rows) error {
		var id int64
		var b []byte
		if err := rows.Scan(&id, &b); err != nil {
			return err
		}
		if n := s.eventIDs[id]; n != nil {
			n.latest = decodeRows(b)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// A damaged page of events must not keep the folder from being opened, to be looked at and
	// saved from: the list is then short until new events come.
	_ = q.each(ctx, "event_names_since", args(s.totals["latest_event"]), func(rows *sql.Rows) error {
		var row, id int64
		if err := rows.Scan(&row, &id); err != nil {
			return err
		}
		if n := s.eventIDs[id]; n != nil {
			n.came(row)
		}
		return nil
	})
	return nil
}

// encodeRows writes the last latestKept of rows, which ascend.
func encodeRows(rows []int64) []byte {
	rows = rows[max(0, len(rows)-latestKept):]
	b := make([]byte, 0, 2*len(rows)+8)
	last := int64(0)
	for _, row := range slices.Backward(rows) {
		if last == 0 {
			b = binary.AppendUvarint(b, uint64(row))
		} else {
			b = binary.AppendUvarint(b, uint64(last-row))
		}
		last = row
	}
	return b
}

func decodeRows(b []byte) []int64 {
	var rows []int64
	last := int64(0)
	for len(b) > 0 {
		d, n := binary.Uvarint(b)
		if n <= 0 {
			return nil // not ours; the rows come again with the next events
		}
		if b = b[n:]; last == 0 {
			last = int64(d)
		} else {
			last -= int64(d)
		}
		rows = append(rows, last)
	}
	slices.Reverse(rows)
	return rows
}

// LatestEvents returns the newest events of a name in the order of arrival, newest first,
// with whose they are: at most limit, and at most as many as are kept for it, which is 300.
func (db *DB) LatestEvents(ctx context.Context, name string, limit int) ([]app.OwnedEvent, error) {
	id, err := db.eventNameRow(ctx, name)
	if err != nil || id == 0 {
		return nil, err
	}
	var blob []byte
	through := int64(0)
	if _, err := db.queries.row(ctx, "totals_get", args("latest_event"), &through); err != nil {
		return nil, err
	}
	if _, err := db.queries.row(ctx, "event_latest_find", args(id), &blob); err != nil {
		return nil, err
	}
	rows := decodeRows(blob)
	err = db.queries.each(ctx, "event_rows_since", args(through, id), func(r *sql.Rows) error {
		var row int64
		err := r.Scan(&row)
		if n := len(rows); n == 0 || rows[n-1] < row {
			rows = append(rows, row)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	rows = rows[max(0, len(rows)-min(limit, latestKept)):]
	slices.Reverse(rows)
	var out []app.OwnedEvent
	err = db.queries.each(ctx, "event_of_rows", args(jsonRows(rows)), func(r *sql.Rows) error {
		var o app.OwnedEvent
		var c app.Customer
		var inserted app.Instant
		if err := r.Scan(&o.Row, &o.Customer, &o.At, &o.Value, &o.Properties, &o.Source, &o.UID, &inserted, &c.FirstName, &c.LastName, &c.Email, &c.Number); err != nil {
			return err
		}
		c.UID, o.Name = o.UID, name
		o.CustomerID, o.CustomerName = db.ids.encode(o.Customer, inserted), c.Name()
		out = append(out, o)
		return nil
	})
	return out, err
}
