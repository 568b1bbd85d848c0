package storage

import (
	"context"
	"database/sql"
	"time"

	"kith/app"
)

// Events that have become older than Options.EventsKept are removed here. What goes, goes
// by whole days (UTC): the counters are kept by the day, so they say at once, and exactly,
// whether and how much there is to remove. Each transaction removes a few hundred events,
// so that nobody waits for it; between them others write.
//
// With its event goes the id that a repeat is recognised by. The feed says of whom events
// were removed, and its readers read those customers again: segments stay right.

const (
	// expireSpan is how many customers are looked through with one query: a read of
	// milliseconds.
	expireSpan = 2_000
	// expireStep is how many events one transaction removes at the most: some ten milliseconds.
	expireStep = 500
	// expireEvery is how often it is looked whether a day is over.
	expireEvery = time.Hour
	// expirePause is between two transactions.
	expirePause = 5 * time.Millisecond
)

// KeepEvents removes what has become too old, when a day is over, until ctx ends.
func (db *DB) KeepEvents(ctx context.Context) error {
	if db.eventsKept == (app.Age{}) {
		<-ctx.Done()
		return nil
	}
	for ctx.Err() == nil {
		now := db.clock.Now()
		n, err := db.ExpireEvents(ctx, app.InstantOf(db.eventsKept.Before(now)))
		if n > 0 {
			db.log.Info("events that are older than events.keep were removed", "events", n)
		}
		wait := expireEvery
		if err != nil && ctx.Err() == nil {
			db.log.Error("remove events that are older than events.keep", "error", err)
			wait = time.Minute
		}
		reached, stop := db.clock.Until(now.Add(wait))
		select {
		case <-reached:
		case <-ctx.Done():
		}
		stop()
	}
	return nil
}

// ExpireEvents removes the events of all days (UTC) before the one of an instant, and
// returns how many that were. When ctx ends it stops between two steps.
func (db *DB) ExpireEvents(ctx context.Context, before app.Instant) (removed int64, err error) {
	day := app.DayOf(before)
	before = app.Instant(day * app.DayMillis)
	var one int
	if found, err := db.queries.row(ctx, "event_expired_any", args(day), &one); err != nil || !found {
		return 0, err
	}
	var last int64
	if _, err := db.queries.row(ctx, "customer_last_row", nil, &last); err != nil {
		return 0, err
	}
	for after := int64(0); after < last; after += expireSpan {
		var due []int64
		err := db.queries.each(ctx, "event_expired_customers", args(after, after+expireSpan, int64(before)), func(rows *sql.Rows) error {
			var row int64
			err := rows.Scan(&row)
			due = append(due, row)
			return err
		})
		if err != nil {
			return removed, err
		}
		for len(due) > 0 {
			if err := ctx.Err(); err != nil {
				return removed, err
			}
			var done int
			var n int64
			err := db.Write(ctx, func(tx *Tx) (err error) {
				done, n, err = tx.t.expire(due, before, expireStep)
				return err
			})
			if err != nil {
				return removed, err
			}
			removed, due = removed+n, due[done:]
			timer := time.NewTimer(expirePause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
			}
		}
	}
	return removed, nil
}

// expire removes up to most events of customers, one after the other, and returns how many
// of the customers have none left that are due.
func (t *txn) expire(customers []int64, before app.Instant, most int64) (done int, removed int64, err error) {
	for _, row := range customers {
		n, err := t.expireOf(row, before, most-removed)
		if err != nil {
			return done, removed, err
		}
		if removed += n; removed >= most {
			return done, removed, nil // there may be more of this one
		}
		done++
	}
	return done, removed, nil
}

func (t *txn) expireOf(customer int64, before app.Instant, most int64) (int64, error) {
	type old struct{ id, name, at int64 }
	var events []old
	err := t.w.q.each(background, "event_expired", args(customer, int64(before), most), func(rows *sql.Rows) error {
		var e old
		err := rows.Scan(&e.id, &e.name, &e.at)
		events = append(events, e)
		return err
	})
	if err != nil || len(events) == 0 {
		return 0, err
	}
	names := map[*eventName]struct{}{}
	for _, e := range events {
		if _, err := t.w.q.exec("event_key_remove", e.id); err != nil {
			return 0, err
		}
		if _, err := t.w.q.exec("event_remove", e.id); err != nil {
			return 0, err
		}
		n := t.s.eventIDs[e.name]
		n.events--
		t.days[dayKey{e.name, app.DayOf(app.Instant(e.at))}]--
		t.spanned(app.Instant(e.at), -1, 0)
		t.total("events", -1)
		names[n] = struct{}{}
	}
	for n := range names {
		t.names[n] = struct{}{}
		var one int
		left, err := t.w.q.row(background, "event_named", args(customer, n.row), &one)
		if err != nil {
			return 0, err
		}
		if left {
			continue
		}
		if _, err := t.w.q.exec("event_customer_remove", n.row, customer); err != nil {
			return 0, err
		}
		n.customers--
		n.known.Remove(uint64(customer))
	}
	if err := t.boundNames(names); err != nil {
		return 0, err
	}
	return int64(len(events)), t.feed(app.KindErasedEvents, customer, 0)
}

// boundNames mends when the first and the last event of names was, after some were
// removed. From then on these two are exact to the day, until an event beyond them comes.
func (t *txn) boundNames(names map[*eventName]struct{}) error {
	if err := t.flushDays(); err != nil {
		return err
	}
	for n := range names {
		if n.events == 0 {
			n.first, n.last = 0, 0
			continue
		}
		var first, last int64
		if _, err := t.w.q.row(background, "event_day_bounds", args(n.row), &first, &last); err != nil {
			return err
		}
		if first > app.DayOf(app.Instant(n.first)) {
			n.first = first * app.DayMillis
		}
		if last < app.DayOf(app.Instant(n.last)) {
			n.last = (last+1)*app.DayMillis - 1
		}
	}
	return nil
}

// Expiring says what [DB.ExpireEvents] would remove, by name, most first.
func (db *DB) Expiring(ctx context.Context, before app.Instant) (names []app.Expiring, err error) {
	err = db.queries.each(ctx, "event_expired_counts", args(app.DayOf(before)), func(rows *sql.Rows) error {
		var e app.Expiring
		err := rows.Scan(&e.Name, &e.Events, &e.Of)
		names = append(names, e)
		return err
	})
	return names, err
}
