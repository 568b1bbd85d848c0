package storage

import (
	"context"
	"database/sql"
	"slices"

	"kith/app"
)

// Totals returns the counts that the writer keeps.
func (db *DB) Totals(ctx context.Context) (app.Totals, error) {
	var t app.Totals
	fields := map[string]*int64{
		"customers": &t.Customers, "accounts": &t.Accounts, "archived": &t.Archived, "events": &t.Events, "lists": &t.Lists,
	}
	err := db.queries.each(ctx, "totals_all", nil, func(rows *sql.Rows) error {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return err
		}
		if f := fields[name]; f != nil {
			*f = n
		}
		return nil
	})
	return t, err
}

// FindList returns a list by its id. It returns CodeNotFound if there is none.
func (db *DB) FindList(ctx context.Context, id string) (*app.List, error) {
	return findList(ctx, db, db.queries, id)
}

// Lists returns a page of lists, newest first, and whether there are more in the
// direction of the page.
func (db *DB) Lists(ctx context.Context, p app.Page) ([]app.List, bool, error) {
	statement, at := pageOf(p, "list_after", "list_before")
	var out []app.List
	err := db.queries.each(ctx, statement, args(at, p.Limit+1), func(rows *sql.Rows) error {
		var l app.List
		if err := rows.Scan(listFields(&l)...); err != nil {
			return err
		}
		l.ID = db.listIDs.encode(l.Row, l.CreatedAt)
		out = append(out, l)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	out, more := pageFrom(p, out)
	return out, more, nil
}

// pageOf is the statement that reads a page downwards or upwards, and the row that it begins at.
func pageOf(p app.Page, down, up string) (statement string, at int64) {
	switch {
	case p.Before != 0:
		return up, p.Before
	case p.After != 0:
		return down, p.After
	default:
		return down, 1 << 62
	}
}

// pageFrom cuts what was read with one row too many, and puts the newest first.
func pageFrom[T any](p app.Page, out []T) (_ []T, more bool) {
	if more = len(out) > p.Limit; more {
		out = out[:p.Limit]
	}
	if p.Before != 0 {
		slices.Reverse(out)
	}
	return out, more
}

// Subscribers returns a page of a list's subscribers, newest customers first, after a
// customer's row (0: from the newest), and whether there are more. status -1 is any.
func (db *DB) Subscribers(ctx context.Context, list int64, status int, p app.Page) ([]app.Subscriber, bool, error) {
	statement, at := pageOf(p, "subscription_members", "subscription_members_before")
	var out []app.Subscriber
	err := db.queries.each(ctx, statement, args(list, at, status, p.Limit+1), func(rows *sql.Rows) error {
		var s app.Subscriber
		if err := rows.Scan(&s.Customer.Row, &s.Status, &s.At); err != nil {
			return err
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	out, more := pageFrom(p, out)
	for i := range out {
		rec, err := loadRecord(ctx, db.queries, out[i].Customer.Row)
		if err != nil {
			return nil, false, err
		}
		out[i].Customer = db.reader().customer(rec)
	}
	return out, more, nil
}
