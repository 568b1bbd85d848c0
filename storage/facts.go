package storage

import (
	"context"
	"database/sql"
	"runtime"
	"slices"

	"kith/app"
)

// Here is what columns are filled from. Nothing of it is read in one transaction: a
// follower of the feed reads again what changes meanwhile.

// Facts calls visit for those of the rows that are customers, upwards. Without texts, the
// id, names, number and e-mail are left out. What visit is given may be kept.
func (db *DB) Facts(ctx context.Context, rows []int64, texts bool, visit func(*app.Facts) error) error {
	if len(rows) == 0 {
		return nil
	}
	name := "facts_row_lean"
	if texts {
		name = "facts_row"
	}
	all := make([]app.Facts, 0, len(rows))
	err := db.queries.each(ctx, name, args(jsonRows(rows)), func(rows *sql.Rows) error {
		if all = append(all, app.Facts{}); len(all)%64 == 0 {
			runtime.Gosched() // behind an import there is much to read, and a request that waits goes first
		}
		return scanFacts(rows, &all[len(all)-1], texts)
	})
	if err != nil || len(all) == 0 {
		return err
	}
	// Rows that lie far apart are completed alone, so that nothing in between is read.
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Row-all[n-1].Row <= 64 {
			n++
		}
		if err := db.completeFacts(ctx, all[:n]); err != nil {
			return err
		}
		for i := range all[:n] {
			if err := visit(&all[i]); err != nil {
				return err
			}
		}
		all = all[n:]
	}
	return nil
}

func scanFacts(rows *sql.Rows, f *app.Facts, texts bool) (err error) {
	var attributes sql.RawBytes
	if texts {
		err = rows.Scan(&f.Row, &f.UID, &f.FirstName, &f.LastName, &f.Number, &f.Email, &f.CreatedAt, &f.IsAccount, &f.Archived, &attributes)
	} else {
		err = rows.Scan(&f.Row, &f.CreatedAt, &f.IsAccount, &f.Archived, &attributes)
	}
	if err != nil {
		return err
	}
	f.Attributes, _, err = appendJSON(make([]byte, 0, len(attributes)+len(attributes)/2+16), attributes)
	return err
}

// FactsAfter calls visit for up to limit customers after a row and returns the last row,
// or 0 when there are no more. Without texts, the id, names, number and e-mail are left out.
func (db *DB) FactsAfter(ctx context.Context, after int64, limit int, texts bool, visit func(*app.Facts) error) (int64, error) {
	all := make([]app.Facts, 0, limit)
	name := "facts_after_lean"
	if texts {
		name = "facts_after"
	}
	err := db.queries.each(ctx, name, args(after, limit), func(rows *sql.Rows) error {
		all = append(all, app.Facts{})
		return scanFacts(rows, &all[len(all)-1], texts)
	})
	if err != nil || len(all) == 0 {
		return 0, err
	}
	if err := db.completeFacts(ctx, all); err != nil {
		return 0, err
	}
	for i := range all {
		if err := visit(&all[i]); err != nil {
			return 0, err
		}
	}
	if len(all) < limit {
		return 0, nil
	}
	return all[len(all)-1].Row, nil
}

// completeFacts fills what hangs on customers, whose rows run upwards.
func (db *DB) completeFacts(ctx context.Context, all []app.Facts) error {
	from, through := all[0].Row, all[len(all)-1].Row
	find := func(row int64) *app.Facts {
		i, ok := slices.BinarySearchFunc(all, row, func(f app.Facts, row int64) int { return int(min(max(f.Row-row, -1), 1)) })
		if !ok {
			return &app.Facts{} // between two of those asked for
		}
		return &all[i]
	}
	err := db.queries.each(ctx, "facts_lists", args(from, through), func(rows *sql.Rows) error {
		var row int64
		var s app.Subscription
		if err := rows.Scan(&row, &s.List, &s.Status); err != nil {
			return err
		}
		f := find(row)
		f.Lists = append(f.Lists, s)
		return nil
	})
	if err != nil {
		return err
	}
	err = db.queries.each(ctx, "facts_accounts", args(from, through), func(rows *sql.Rows) error {
		var row, account int64
		if err := rows.Scan(&row, &account); err != nil {
			return err
		}
		f := find(row)
		f.Accounts = append(f.Accounts, account)
		return nil
	})
	if err != nil {
		return err
	}
	return db.queries.each(ctx, "facts_devices", args(from, through), func(rows *sql.Rows) error {
		var row int64
		var d app.Device
		if err := rows.Scan(&row, &d.Token, &d.Platform); err != nil {
			return err
		}
		f := find(row)
		f.Devices = append(f.Devices, d)
		return nil
	})
}

// FactsEvents calls visit for the events with after < row ≤ through, in order, those of
// one name unless name is 0; with value and properties if whole. What visit is given is
// good during the call only.
func (db *DB) FactsEvents(ctx context.Context, after, through, name int64, whole bool, visit func(*app.FactsEvent) error) error {
	statement, a := "facts_events", args(after, through)
	switch {
	case name != 0 && whole:
		statement, a = "facts_events_named_whole", append(a, name)
	case name != 0:
		statement, a = "facts_events_named", append(a, name)
	case whole:
		statement = "facts_events_whole"
	}
	return db.factsEvents(ctx, statement, a, whole, visit)
}

// FactsEventsOf calls visit for all events of a customer up to a row, in the order of
// time, then arrival.
func (db *DB) FactsEventsOf(ctx context.Context, customer, through int64, visit func(*app.FactsEvent) error) error {
	return db.factsEvents(ctx, "facts_events_of", args(customer, through), true, visit)
}

func (db *DB) factsEvents(ctx context.Context, statement string, a []any, whole bool, visit func(*app.FactsEvent) error) error {
	var e app.FactsEvent
	fields := []any{&e.Row, &e.Customer, &e.Name, (*int64)(&e.At), &e.Source}
	var value, properties sql.RawBytes
	if whole {
		fields = append(fields, &value, &properties)
	}
	return db.queries.each(ctx, statement, a, func(rows *sql.Rows) error {
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		e.Value, e.Properties = value, properties
		return visit(&e)
	})
}

// EventNameRows returns the names of events by row.
func (db *DB) EventNameRows(ctx context.Context) (map[int64]string, error) {
	return db.namesByRow(ctx, "facts_event_names")
}

// SourceNameRows returns the names of sources by row.
func (db *DB) SourceNameRows(ctx context.Context) (map[int64]string, error) {
	return db.namesByRow(ctx, "source_all")
}

func (db *DB) namesByRow(ctx context.Context, statement string) (map[int64]string, error) {
	names := map[int64]string{}
	err := db.queries.each(ctx, statement, nil, func(rows *sql.Rows) error {
		var row int64
		var name string
		if err := rows.Scan(&row, &name); err != nil {
			return err
		}
		names[row] = name
		return nil
	})
	return names, err
}

// FeedEnd returns the head of the feed and the row of the last event, of one state.
func (db *DB) FeedEnd(ctx context.Context) (seq, lastEvent int64, err error) {
	_, err = db.queries.row(ctx, "facts_end", nil, &seq, &lastEvent)
	return seq, lastEvent, err
}

// AttributeNameRows returns the names of attributes by row.
func (db *DB) AttributeNameRows(ctx context.Context) (map[int64]string, error) {
	return db.namesByRow(ctx, "attribute_names")
}
