package storage

import (
	"context"
	"database/sql"
	"strconv"

	"kith/app"
)

// reader reads through one set of prepared statements: the pool's, which sees what is
// committed, or the writer's, which sees what is about to be.
type reader struct {
	q   statements
	db  *DB
	now app.Instant
}

func (db *DB) reader() *reader { return &reader{q: db.queries, db: db, now: db.Now()} }

// Customer returns the customer in full. It returns CodeNotFound if there is none.
func (db *DB) Customer(ctx context.Context, row int64) (*app.Customer, error) {
	return db.reader().Customer(ctx, row)
}

// List returns a list by row. It returns CodeNotFound if there is none.
func (db *DB) List(ctx context.Context, row int64) (*app.List, error) {
	return loadList(ctx, db, db.queries, row)
}

// Find returns the row of the customer that an id or an alias means. It returns
// CodeNotFound if there is none.
func (db *DB) Find(ctx context.Context, uid string) (int64, error) {
	var row int64
	found, err := db.queries.row(ctx, "customer_find", args(uid), &row)
	if err == nil && !found {
		err = app.NotFound("There is no customer with the id %q.", uid)
	}
	return row, err
}

// FindID returns the row of a customer by its internal id. It returns CodeNotFound if
// there is none.
func (db *DB) FindID(ctx context.Context, id string) (int64, error) {
	row, second, ok := db.ids.decode(id)
	if !ok {
		return 0, app.NotFound("There is no customer with the internal id %q.", id)
	}
	rec, err := loadRecord(ctx, db.queries, row)
	if app.CodeOf(err) == app.CodeNotFound && err != nil || err == nil && int64(rec.insertedAt)/1000 != second {
		return 0, app.NotFound("There is no customer with the internal id %q.", id)
	}
	return row, err
}

// Segment returns a segment by row. It returns CodeNotFound if there is none.
func (db *DB) Segment(ctx context.Context, row int64) (*app.Segment, error) {
	return loadSegment(ctx, db, db.queries, row)
}

// CursorRow returns the row number inside an id that stands as a cursor. It returns
// CodeInvalid for a text that is none; the row itself may be gone.
func (db *DB) CursorRow(id string) (int64, error) { return cursorRow(db.ids, id) }

// ListCursorRow is [DB.CursorRow] for the ids of lists.
func (db *DB) ListCursorRow(id string) (int64, error) { return cursorRow(db.listIDs, id) }

// SegmentCursorRow is [DB.CursorRow] for the ids of segments.
func (db *DB) SegmentCursorRow(id string) (int64, error) { return cursorRow(db.segmentIDs, id) }

func cursorRow(ids idCoder, id string) (int64, error) {
	row, _, ok := ids.decode(id)
	if !ok || row > 1<<40 { // of other ids, one in 16 million passes for one of ours
		return 0, app.Invalid("cursor", "%q is no cursor: use next_cursor or previous_cursor as an answer gave it", id)
	}
	return row, nil
}

// Customer is [DB.Customer] on r's state.
func (r *reader) Customer(ctx context.Context, row int64) (*app.Customer, error) {
	rec, err := loadRecord(ctx, r.q, row)
	if err != nil {
		return nil, err
	}
	customers := []app.Customer{r.customer(rec)}
	if err := r.complete(ctx, customers); err != nil {
		return nil, err
	}
	return &customers[0], nil
}

// List is [DB.List] on r's state.
func (r *reader) List(ctx context.Context, row int64) (*app.List, error) {
	return loadList(ctx, r.db, r.q, row)
}

// Segment is [DB.Segment] on r's state.
func (r *reader) Segment(ctx context.Context, row int64) (*app.Segment, error) {
	return loadSegment(ctx, r.db, r.q, row)
}

func (r *reader) customer(rec *record) app.Customer {
	c := app.Customer{
		Row: rec.id, ID: r.db.ids.encode(rec.id, rec.insertedAt), UID: rec.uid, Provisional: rec.provisional,
		FirstName: rec.text[colFirstName], LastName: rec.text[colLastName], Number: rec.text[colNumber], Email: rec.text[colEmail],
		CreatedAt: rec.createdAt, InsertedAt: rec.insertedAt, IsAccount: rec.isAccount, Attributes: rec.attrs,
		Changed: map[string]app.Instant{},
	}
	if rec.archivedAt.Valid {
		at := app.Instant(rec.archivedAt.Int64)
		c.ArchivedAt = &at
	}
	for i, at := range rec.changed {
		if at != 0 {
			c.Changed[app.StandardAttributes[i]] = at
		}
	}
	return c
}

// complete fills what hangs on the customers, with one query per kind for all of them.
func (r *reader) complete(ctx context.Context, customers []app.Customer) error {
	if len(customers) == 0 {
		return nil
	}
	at := make(map[int64]*app.Customer, len(customers))
	rows := make([]int64, len(customers))
	var accounts []int64
	for i := range customers {
		c := &customers[i]
		at[c.Row], rows[i] = c, c.Row
		if c.IsAccount {
			accounts = append(accounts, c.Row)
		}
	}
	ids := jsonRows(rows)
	err := loadDevices(ctx, r.q, ids, func(row int64, d app.Device) { at[row].Devices = append(at[row].Devices, d) })
	if err != nil {
		return err
	}
	err = loadSubscriptions(ctx, r.db, r.q, ids, func(row int64, s app.Subscription) { at[row].Lists = append(at[row].Lists, s) })
	if err != nil {
		return err
	}
	err = loadMemberships(ctx, r.db, r.q, "membership_list", args(ids), func(row int64, m app.Membership) { at[row].Accounts = append(at[row].Accounts, m) })
	if err != nil {
		return err
	}
	err = r.q.each(ctx, "customer_last_events", args(int64(r.now), ids), func(rows *sql.Rows) error {
		var row int64
		var last *app.Instant
		if err := rows.Scan(&row, &last); err != nil {
			return err
		}
		at[row].LastInteraction = last
		return nil
	})
	if err != nil || len(accounts) == 0 {
		return err
	}
	return r.q.each(ctx, "membership_counts", args(jsonRows(accounts)), func(rows *sql.Rows) error {
		var row int64
		var n int
		if err := rows.Scan(&row, &n); err != nil {
			return err
		}
		at[row].MemberCount = n
		return nil
	})
}

// jsonRows is the list of row numbers that json_each takes.
func jsonRows(rows []int64) string {
	b := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, row, 10)
	}
	return string(append(b, ']'))
}

func loadDevices(ctx context.Context, q statements, ids string, add func(row int64, d app.Device)) error {
	return q.each(ctx, "device_list", args(ids), func(rows *sql.Rows) error {
		var row int64
		var d app.Device
		if err := rows.Scan(&row, &d.Token, &d.Platform, &d.At); err != nil {
			return err
		}
		add(row, d)
		return nil
	})
}

func loadSubscriptions(ctx context.Context, db *DB, q statements, ids string, add func(row int64, s app.Subscription)) error {
	return q.each(ctx, "subscription_list", args(ids), func(rows *sql.Rows) error {
		var row int64
		var s app.Subscription
		var created app.Instant
		if err := rows.Scan(&row, &s.List, &created, &s.Title, &s.Status, &s.At); err != nil {
			return err
		}
		s.ID = db.listIDs.encode(s.List, created)
		add(row, s)
		return nil
	})
}

// loadMemberships reads either side; row is the customer or the account asked for.
func loadMemberships(ctx context.Context, db *DB, q statements, statement string, a []any, add func(row int64, m app.Membership)) error {
	return q.each(ctx, statement, a, func(rows *sql.Rows) error {
		var row int64
		var m app.Membership
		var c app.Customer
		var inserted app.Instant
		if err := rows.Scan(&row, &m.Row, &m.UID, &inserted, &c.FirstName, &c.LastName, &m.Role, &m.At); err != nil {
			return err
		}
		m.ID, m.Name = db.ids.encode(m.Row, inserted), c.Name()
		add(row, m)
		return nil
	})
}

func loadAliases(ctx context.Context, q statements, statement string, customer int64) ([]string, error) {
	var out []string
	err := q.each(ctx, statement, args(customer), func(rows *sql.Rows) error {
		var uid string
		if err := rows.Scan(&uid); err != nil {
			return err
		}
		out = append(out, uid)
		return nil
	})
	return out, err
}

// Aliases returns the former ids of a customer, the first hundred by name.
func (db *DB) Aliases(ctx context.Context, row int64) ([]string, error) {
	return loadAliases(ctx, db.queries, "alias_list", row)
}

// Members returns a page of an account's members, newest customers first, and whether there
// are more in the direction of the page.
func (db *DB) Members(ctx context.Context, account int64, p app.Page) ([]app.Membership, bool, error) {
	statement, at := pageOf(p, "membership_page", "membership_page_before")
	var out []app.Membership
	err := loadMemberships(ctx, db, db.queries, statement, args(account, at, p.Limit+1), func(_ int64, m app.Membership) { out = append(out, m) })
	out, more := pageFrom(p, out)
	return out, more, err
}

// The same for the writer, of one customer.

func (t *txn) devicesOf(row int64) (out []app.Device, err error) {
	err = loadDevices(background, t.w.q, jsonRows([]int64{row}), func(_ int64, d app.Device) { out = append(out, d) })
	return out, err
}

func (t *txn) subscriptionsOf(row int64) (out []app.Subscription, err error) {
	err = loadSubscriptions(background, t.w.db, t.w.q, jsonRows([]int64{row}), func(_ int64, s app.Subscription) { out = append(out, s) })
	return out, err
}

func (t *txn) accountsOf(row int64) (out []app.Membership, err error) {
	err = loadMemberships(background, t.w.db, t.w.q, "membership_list", args(jsonRows([]int64{row})), func(_ int64, m app.Membership) { out = append(out, m) })
	return out, err
}

func (t *txn) membersOf(row int64) (out []app.Membership, err error) {
	err = loadMemberships(background, t.w.db, t.w.q, "membership_members", args(row, -1), func(_ int64, m app.Membership) { out = append(out, m) })
	return out, err
}

func (t *txn) aliasesOf(row int64) ([]string, error) {
	return loadAliases(background, t.w.q, "alias_all", row)
}
