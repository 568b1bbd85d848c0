package storage

import (
	"context"
	"database/sql"

	"kith/app"
)

// hoursKept is how far back, when it comes, something may lie to be counted by the hour:
// plots look two days back, and a row that is a day older is in nobody's way.
const hoursKept = 3 * 24

// span is what is counted of a day or an hour.
type span struct{ events, customers int64 }

// spans gathers what a transaction counts.
type spans struct{ days, hours map[int64]span }

func newSpans() spans { return spans{days: map[int64]span{}, hours: map[int64]span{}} }

// spanned counts events, or customers by their created_at, at an instant.
func (t *txn) spanned(at app.Instant, events, customers int64) {
	day := app.DayOf(at)
	s := t.spans.days[day]
	t.spans.days[day] = span{s.events + events, s.customers + customers}
	if hour := app.HourOf(at); hour > app.HourOf(t.now)-hoursKept {
		s := t.spans.hours[hour]
		t.spans.hours[hour] = span{s.events + events, s.customers + customers}
	}
}

// dated moves a customer from one created_at to another.
func (t *txn) dated(r *record) {
	if r.dated == r.createdAt {
		return
	}
	t.spanned(r.dated, 0, -1)
	t.spanned(r.createdAt, 0, 1)
	r.dated = r.createdAt
}

// flushSpans writes what was counted.
func (t *txn) flushSpans() error {
	for day, s := range t.spans.days {
		if s == (span{}) {
			continue
		}
		if _, err := t.w.q.exec("day_add", day, s.events, s.customers); err != nil {
			return err
		}
	}
	for hour, s := range t.spans.hours {
		if s == (span{}) {
			continue
		}
		if _, err := t.w.q.exec("hour_add", hour, s.events, s.customers); err != nil {
			return err
		}
	}
	if now := app.HourOf(t.now); now != t.s.pruned && len(t.spans.hours) > 0 {
		if _, err := t.w.q.exec("hour_prune", now-hoursKept); err != nil {
			return err
		}
		t.s.pruned = now
	}
	return nil
}

// Days returns what came on each UTC day from one on, to before another; days on which
// nothing came are left out.
func (db *DB) Days(ctx context.Context, from, to int64) ([]app.SpanCount, error) {
	return db.spanList(ctx, "day_list", from, to)
}

// Hours returns the same by the hour. It knows the last two days, and what lies ahead.
func (db *DB) Hours(ctx context.Context, from, to int64) ([]app.SpanCount, error) {
	return db.spanList(ctx, "hour_list", from, to)
}

func (db *DB) spanList(ctx context.Context, statement string, from, to int64) ([]app.SpanCount, error) {
	var out []app.SpanCount
	err := db.queries.each(ctx, statement, args(from, to), func(rows *sql.Rows) error {
		var s app.SpanCount
		if err := rows.Scan(&s.Span, &s.Events, &s.Customers); err != nil {
			return err
		}
		out = append(out, s)
		return nil
	})
	return out, err
}

// EventTotals returns how many events each name had on the UTC days from one on, to
// before another; names without any are left out.
func (db *DB) EventTotals(ctx context.Context, from, to int64) (map[string]int64, error) {
	out := map[string]int64{}
	err := db.queries.each(ctx, "event_day_totals", args(from, to), func(rows *sql.Rows) error {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return err
		}
		out[name] = n
		return nil
	})
	return out, err
}

// arrivedStep is how many entries of the feed are read at once, from its head backwards.
const arrivedStep = 2000

// Arrived returns how many events have come since an instant, whatever their own time.
func (db *DB) Arrived(ctx context.Context, since app.Instant) (n int64, err error) {
	for before := db.Head() + 1; before > 0; {
		rows, old := 0, false
		err := db.queries.each(ctx, "feed_before", args(before, arrivedStep), func(r *sql.Rows) error {
			var e app.Entry
			if err := r.Scan(&e.Seq, &e.At, &e.Kind, &e.Count); err != nil {
				return err
			}
			before = e.Seq
			rows++
			if old = old || e.At < since; !old && e.Kind == app.KindEvents {
				n += e.Count
			}
			return nil
		})
		if err != nil || old || rows < arrivedStep {
			return n, err
		}
	}
	return n, nil
}
