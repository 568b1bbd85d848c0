package storage

import (
	"context"
	"database/sql"

	"kith/app"
)

// Here is what an export reads that goes on with what comes.

// FeedStart is the number of the oldest entry that the feed still has, 0 for none.
func (db *DB) FeedStart(ctx context.Context) (seq int64, err error) {
	_, err = db.queries.row(ctx, "feed_start", nil, &seq)
	return seq, err
}

// PublicID is the public id of the customer with a row, which came at an instant. Both stay
// known of one that is gone: the feed's [app.KindDeleted] carries them.
func (db *DB) PublicID(row int64, inserted app.Instant) string { return db.ids.encode(row, inserted) }

// FormerIDs are the ids that a customer had before: those of customers that were merged
// into it, and the provisional one of a customer that was claimed.
func (db *DB) FormerIDs(ctx context.Context, row int64) (uids []string, err error) {
	err = db.queries.each(ctx, "alias_all", args(row), func(rows *sql.Rows) error {
		var uid string
		err := rows.Scan(&uid)
		uids = append(uids, uid)
		return err
	})
	return uids, err
}

// SegmentMoves calls f for count moves from one on: who entered or left which segment, by
// rows. See [app.KindSegmentMoves].
func (db *DB) SegmentMoves(ctx context.Context, first, count int64, f func(segment, customer int64, entered bool)) error {
	return db.queries.each(ctx, "segment_entry_range", args(first, first+count), func(rows *sql.Rows) error {
		var segment, customer int64
		var entered bool
		if err := rows.Scan(&segment, &customer, &entered); err != nil {
			return err
		}
		f(segment, customer, entered)
		return nil
	})
}
