package storage

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"

	"kith/app"
)

// Events returns a customer's events, newest first, that come after a place (or, with
// back, before it), and whether there are more in that direction.
func (db *DB) Events(ctx context.Context, customer int64, f app.EventFilter, from app.Place, back bool, limit int) (_ []app.Event, more bool, err error) {
	var name int64
	if f.Name != "" {
		if name, err = db.eventNameRow(ctx, f.Name); err != nil || name == 0 {
			return nil, false, err
		}
	}
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	if f.From != nil {
		lo = int64(*f.From)
	}
	if f.To != nil {
		hi = int64(*f.To)
	}
	statement := "event_page"
	if back {
		statement = "event_page_back"
	}
	var events []app.Event
	err = db.queries.each(ctx, statement, args(customer, int64(from.At), from.Row, lo, hi, name, jsonTexts(f.Sources), limit+1), func(rows *sql.Rows) error {
		e := app.Event{Customer: customer}
		var key *string
		if err := rows.Scan(&e.Row, &e.Name, &e.At, &e.Value, &e.Properties, &e.Source, &key); err != nil {
			return err
		}
		if key != nil {
			e.MessageID = *key
		}
		events = append(events, e)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	if more = len(events) > limit; more {
		events = events[:limit]
	}
	if back {
		for i, j := 0, len(events)-1; i < j; i, j = i+1, j-1 {
			events[i], events[j] = events[j], events[i]
		}
	}
	return events, more, nil
}

// Event returns the name, the time and the customer of an event by row. It returns
// CodeNotFound if there is none.
func (db *DB) Event(ctx context.Context, row int64) (*app.Event, error) {
	e := &app.Event{Row: row}
	found, err := db.queries.row(ctx, "event_row", args(row), &e.Customer, &e.Name, &e.At)
	if err == nil && !found {
		err = app.NotFound("There is no such event.")
	}
	return e, err
}

// History returns what happened to a customer beside events, newest first, after a place.
// What imports did is told from what they keep themselves, under negative rows.
func (db *DB) History(ctx context.Context, customer int64, from app.Place, limit int) ([]app.HistoryEntry, error) {
	var out []app.HistoryEntry
	err := db.queries.each(ctx, "history_page", args(customer, int64(from.At), from.Row, limit), func(rows *sql.Rows) error {
		var h app.HistoryEntry
		if err := rows.Scan(&h.Row, &h.At, &h.Kind, &h.Source, &h.Data); err != nil {
			return err
		}
		out = append(out, h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	imported, err := db.reader().imported(ctx, customer)
	if err != nil || len(imported) == 0 {
		return out, err
	}
	for _, h := range imported {
		if h.At < from.At || h.At == from.At && h.Row < from.Row {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b app.HistoryEntry) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.Row, a.Row))
	})
	return out[:min(len(out), limit)], nil
}

// jsonTexts is a list of texts as a parameter, "" for none.
func jsonTexts(list []string) string {
	if len(list) == 0 {
		return ""
	}
	b := []byte{'['}
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = app.AppendQuote(b, s)
	}
	return string(append(b, ']'))
}

// EventCountOf returns how many of a customer's events came from some sources.
func (db *DB) EventCountOf(ctx context.Context, customer int64, sources []string) (n int64, err error) {
	_, err = db.queries.row(ctx, "event_count_sources", args(customer, jsonTexts(sources)), &n)
	return n, err
}

// EventCount returns how many events a customer has.
func (db *DB) EventCount(ctx context.Context, customer int64) (n int64, err error) {
	_, err = db.queries.row(ctx, "event_count_customer", args(customer), &n)
	return n, err
}

// HistoryCount returns how many lines a customer's history has beside events.
func (db *DB) HistoryCount(ctx context.Context, customer int64) (n int64, err error) {
	if _, err = db.queries.row(ctx, "history_count", args(customer), &n); err != nil {
		return 0, err
	}
	imported, err := db.reader().imported(ctx, customer)
	return n + int64(len(imported)), err
}

// Activity returns a customer's events per UTC day, from a day on; days without any are left out.
func (db *DB) Activity(ctx context.Context, customer int64, from app.Instant) ([]app.DayCount, error) {
	counts := map[int64]int64{}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	err := db.queries.each(ctx, "event_times", args(customer, int64(from), int64(db.Now())+1), func(rows *sql.Rows) error {
		var at app.Instant
		if err := rows.Scan(&at); err != nil {
			return err
		}
		day := app.DayOf(at)
		counts[day]++
		first, last = min(first, day), max(last, day)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []app.DayCount
	for day := first; day <= last; day++ {
		if n := counts[day]; n > 0 {
			out = append(out, app.DayCount{Day: day, Count: n})
		}
	}
	return out, nil
}

func (db *DB) eventNameRow(ctx context.Context, name string) (row int64, err error) {
	_, err = db.queries.row(ctx, "event_name_row", args(name), &row)
	return row, err
}

// EventNames returns the catalogue of events, most used first, each with its
// properties and its counts per day from a day on.
func (db *DB) EventNames(ctx context.Context, fromDay int64) ([]app.EventStat, error) {
	var out []app.EventStat
	err := db.queries.each(ctx, "event_name_all", nil, func(rows *sql.Rows) error {
		var s app.EventStat
		if err := rows.Scan(&s.Row, &s.Name, &s.Events, &s.Customers, &s.FirstAt, &s.LastAt); err != nil {
			return err
		}
		if s.Events > 0 {
			out = append(out, s)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	by := make(map[int64]*app.EventStat, len(out))
	for i := range out {
		by[out[i].Row] = &out[i]
	}
	err = db.queries.each(ctx, "event_property_all", nil, func(rows *sql.Rows) error {
		var id int64
		var p app.PropertyType
		if err := rows.Scan(&id, &p.Name, &p.Type); err != nil {
			return err
		}
		addProperty(by[id], p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = db.queries.each(ctx, "event_source_names", nil, func(rows *sql.Rows) error {
		var id int64
		var name string
		err := rows.Scan(&id, &name)
		if s := by[id]; s != nil {
			s.Sources = append(s.Sources, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, db.queries.each(ctx, "event_day_all", args(fromDay), func(rows *sql.Rows) error {
		var id int64
		var d app.DayCount
		err := rows.Scan(&id, &d.Day, &d.Count)
		if s := by[id]; s != nil {
			s.Days = append(s.Days, d)
		}
		return err
	})
}

// addProperty takes a property of the catalogue; its types come one after the other.
func addProperty(s *app.EventStat, p app.PropertyType) {
	if s == nil {
		return
	}
	if n := len(s.Properties); n == 0 || s.Properties[n-1].Name != p.Name {
		s.Properties = append(s.Properties, app.PropertyStat{Name: p.Name})
	}
	last := &s.Properties[len(s.Properties)-1]
	last.Types = append(last.Types, p.Type)
}

// EventNameCount returns how many names events have.
func (db *DB) EventNameCount(ctx context.Context) (n int64, err error) {
	_, err = db.queries.row(ctx, "event_name_count", nil, &n)
	return n, err
}

// EventName returns one line of the catalogue of events, with its counts per day from a
// day on. It returns CodeNotFound if no event has the name.
func (db *DB) EventName(ctx context.Context, name string, fromDay int64) (*app.EventStat, error) {
	s := &app.EventStat{}
	found, err := db.queries.row(ctx, "event_name_find", args(name), &s.Row, &s.Name, &s.Events, &s.Customers, &s.FirstAt, &s.LastAt)
	if err != nil {
		return nil, err
	}
	if !found || s.Events == 0 {
		return nil, app.NotFound("No event has this name.")
	}
	err = db.queries.each(ctx, "event_property_list", args(s.Row), func(rows *sql.Rows) error {
		var p app.PropertyType
		err := rows.Scan(&p.Name, &p.Type)
		addProperty(s, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = db.queries.each(ctx, "event_source_list", args(s.Row), func(rows *sql.Rows) error {
		var source string
		err := rows.Scan(&source)
		s.Sources = append(s.Sources, source)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, db.queries.each(ctx, "event_day_list", args(s.Row, fromDay), func(rows *sql.Rows) error {
		var d app.DayCount
		err := rows.Scan(&d.Day, &d.Count)
		s.Days = append(s.Days, d)
		return err
	})
}

// Attributes returns the catalogue of attributes: standard ones first, then the others
// by how many customers have them.
func (db *DB) Attributes(ctx context.Context) ([]app.AttributeStat, error) {
	var out []app.AttributeStat
	err := db.queries.each(ctx, "attribute_all", nil, func(rows *sql.Rows) error {
		a := &attrName{}
		var counts, samples []byte
		if err := rows.Scan(&a.row, &a.key.name, &a.key.standard, &counts, &samples, &a.changed); err != nil {
			return err
		}
		if err := a.decode(counts, samples); err != nil {
			return err
		}
		out = append(out, app.AttributeStat{Row: a.row, Name: a.key.name, Standard: a.key.standard,
			Types: a.counts, Samples: a.samples, ChangedAt: app.Instant(a.changed)})
		return nil
	})
	return out, err
}

// EachEvent calls f for every event in the order of arrival, in short steps. From and
// to bound the events' own time; to is not included.
func (db *DB) EachEvent(ctx context.Context, filter app.EventFilter, f func(*app.Event) error) error {
	for after, more := int64(0), true; more; {
		var err error
		if after, more, err = db.EventsAfter(ctx, after, filter, f); err != nil {
			return err
		}
	}
	return nil
}

// EventsAfter is one step of EachEvent, from a row on. It returns the row of the last
// event that it looked at, and whether there were more behind it.
func (db *DB) EventsAfter(ctx context.Context, after int64, filter app.EventFilter, f func(*app.Event) error) (last int64, more bool, err error) {
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	if filter.From != nil {
		lo = int64(*filter.From)
	}
	if filter.To != nil {
		hi = int64(*filter.To)
	}
	var step []app.Event
	err = db.queries.each(ctx, "event_export", args(after, exportStep), func(rows *sql.Rows) error {
		var e app.Event
		var key *string
		if err := rows.Scan(&e.Row, &e.Customer, &e.UID, &e.Name, &e.At, &e.Value, &e.Properties, &e.Source, &key); err != nil {
			return err
		}
		if key != nil {
			e.MessageID = *key
		}
		step = append(step, e)
		return nil
	})
	if err != nil {
		return after, false, err
	}
	for i := range step {
		e := &step[i]
		after = e.Row
		if int64(e.At) < lo || int64(e.At) >= hi || filter.Name != "" && filter.Name != e.Name {
			continue
		}
		if err := f(e); err != nil {
			return after, false, err
		}
	}
	return after, len(step) == exportStep, nil
}
