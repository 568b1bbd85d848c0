package storage

import (
	"context"
	"database/sql"

	"kith/app"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

func findSegment(ctx context.Context, db *DB, q statements, id string) (*app.Segment, error) {
	row, second, ok := db.segmentIDs.decode(id)
	if !ok {
		return nil, app.NotFound("There is no segment with the id %q.", id)
	}
	g, err := loadSegment(ctx, db, q, row)
	if gone(err) || err == nil && int64(g.CreatedAt)/1000 != second {
		return nil, app.NotFound("There is no segment with the id %q.", id)
	}
	return g, err
}

func loadSegment(ctx context.Context, db *DB, q statements, row int64) (*app.Segment, error) {
	g := &app.Segment{}
	found, err := q.row(ctx, "segment_row", args(row), segmentFields(g)...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, app.NotFound("There is no such segment.")
	}
	g.ID = db.segmentIDs.encode(g.Row, g.CreatedAt)
	return g, nil
}

func segmentFields(g *app.Segment) []any {
	return []any{&g.Row, &g.Title, &g.Description, &g.Rule, &g.Version, &g.Built, &g.Count, &g.CreatedAt, &g.UpdatedAt}
}

// FindSegment returns a segment by its id. It returns CodeNotFound if there is none;
// the built-in segment is in no table.
func (db *DB) FindSegment(ctx context.Context, id string) (*app.Segment, error) {
	return findSegment(ctx, db, db.queries, id)
}

// Segments returns all segments, newest first.
func (db *DB) Segments(ctx context.Context) ([]app.Segment, error) {
	var out []app.Segment
	err := db.queries.each(ctx, "segment_all", nil, func(rows *sql.Rows) error {
		var g app.Segment
		if err := rows.Scan(segmentFields(&g)...); err != nil {
			return err
		}
		g.ID = db.segmentIDs.encode(g.Row, g.CreatedAt)
		out = append(out, g)
		return nil
	})
	return out, err
}

// Membership returns who is in a segment by what is stored, and the version of the rule
// that it is of: 0 and nobody when it was not built yet. It returns CodeNotFound if there
// is no such segment.
func (db *DB) Membership(ctx context.Context, segment int64) (_ *roaring64.Bitmap, built int64, err error) {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // the bitmap and what is behind it are one state
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = tx.Rollback() }() // it has only read
	q := statements{}
	for _, name := range []string{"segment_membership", "segment_entry_moves"} {
		st := db.queries.get(name)
		q[name] = &statement{namedQuery: st.namedQuery, stmt: tx.StmtContext(ctx, st.stmt)}
	}
	return loadMembership(ctx, q, segment)
}

func loadMembership(ctx context.Context, q statements, segment int64) (*roaring64.Bitmap, int64, error) {
	var built, entry int64
	var raw []byte
	found, err := q.row(ctx, "segment_membership", args(segment), &built, &entry, &raw)
	if err != nil {
		return nil, 0, err
	}
	if !found {
		return nil, 0, app.NotFound("There is no such segment.")
	}
	if raw == nil {
		return roaring64.New(), built, nil
	}
	members, err := readBitmap(raw)
	if err != nil {
		return nil, 0, err
	}
	err = q.each(ctx, "segment_entry_moves", args(segment, entry), func(rows *sql.Rows) error {
		var customer uint64
		var entered bool
		if err := rows.Scan(&customer, &entered); err != nil {
			return err
		}
		if entered {
			members.Add(customer)
		} else {
			members.Remove(customer)
		}
		return nil
	})
	return members, built, err
}

// SegmentEntries returns a segment's entries in order, after one.
func (db *DB) SegmentEntries(ctx context.Context, segment, after int64, limit int) ([]app.SegmentEntry, error) {
	return db.segmentEntries(ctx, "segment_entry_after", segment, after, limit)
}

// LatestSegmentEntries returns a segment's entries, newest first, before one; 0 is from
// the newest on.
func (db *DB) LatestSegmentEntries(ctx context.Context, segment, before int64, limit int) ([]app.SegmentEntry, error) {
	if before == 0 {
		before = 1 << 62
	}
	return db.segmentEntries(ctx, "segment_entry_before", segment, before, limit)
}

func (db *DB) segmentEntries(ctx context.Context, statement string, segment, at int64, limit int) ([]app.SegmentEntry, error) {
	var out []app.SegmentEntry
	err := db.queries.each(ctx, statement, args(segment, at, limit), func(rows *sql.Rows) error {
		e := app.SegmentEntry{Segment: segment}
		if err := rows.Scan(&e.Row, &e.Customer, &e.At, &e.Entered, &e.Cause.Kind, &e.Cause.Key); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// CustomerSegmentEntries returns when a customer entered and left segments that are
// there, newest first, after a place in the timeline.
func (db *DB) CustomerSegmentEntries(ctx context.Context, customer int64, from app.Place, limit int) ([]app.SegmentEntry, error) {
	var out []app.SegmentEntry
	err := db.queries.each(ctx, "segment_entry_customer", args(customer, int64(from.At), from.Row, limit), func(rows *sql.Rows) error {
		e := app.SegmentEntry{Customer: customer}
		if err := rows.Scan(&e.Row, &e.Segment, &e.At, &e.Entered, &e.Cause.Kind, &e.Cause.Key); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// SegmentEntryCount returns how many entries [DB.CustomerSegmentEntries] has of a customer.
func (db *DB) SegmentEntryCount(ctx context.Context, customer int64) (n int64, err error) {
	_, err = db.queries.row(ctx, "segment_entry_count", args(customer), &n)
	return n, err
}

// SegmentDays returns the days on which a segment changed, from a day on, and the last
// one before it: its size is that of all days until the next.
func (db *DB) SegmentDays(ctx context.Context, segment, from int64) ([]app.SegmentDay, error) {
	var out []app.SegmentDay
	err := db.queries.each(ctx, "segment_day_list", args(segment, from), func(rows *sql.Rows) error {
		var d app.SegmentDay
		if err := rows.Scan(&d.Day, &d.Entered, &d.Left, &d.Size); err != nil {
			return err
		}
		out = append(out, d)
		return nil
	})
	return out, err
}
