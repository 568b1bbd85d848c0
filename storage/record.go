package storage

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"

	"kith/app"
)

// The standard columns, in the order of app.StandardAttributes.
const (
	colFirstName = iota
	colLastName
	colNumber
	colEmail
	colCreatedAt
	colCount
)

// record is a customer's row as the writer handles it.
type record struct {
	id          int64
	uid         string
	provisional bool
	text        [4]*string // first_name, last_name, number, email
	createdAt   app.Instant
	insertedAt  app.Instant
	dated       app.Instant // createdAt as it is counted by the day
	isAccount   bool
	archivedAt  sql.NullInt64
	attrs       []app.Attribute
	changed     [colCount]app.Instant // when each standard column was last written, 0: never
}

func loadRecord(ctx context.Context, q statements, id int64) (*record, error) {
	r := &record{}
	var attributes, changed []byte
	found, err := q.row(ctx, "customer_row", args(id), &r.id, &r.uid, &r.provisional, &r.text[0], &r.text[1], &r.text[2], &r.text[3],
		&r.createdAt, &r.insertedAt, &r.isAccount, &r.archivedAt, &attributes, &changed)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, app.NotFound("no such customer")
	}
	return r, r.decode(attributes, changed)
}

// decode fills attrs and changed from the two columns that belong together.
func (r *record) decode(attributes, changed []byte) error {
	r.dated = r.createdAt
	members, err := jsonbMembers(attributes)
	if err != nil {
		return fmt.Errorf("attributes of customer %d: %w", r.id, err)
	}
	if len(changed) != 6*(colCount+len(members)) {
		return fmt.Errorf("customer %d has %d attributes and %d bytes of times", r.id, len(members), len(changed))
	}
	for i := range r.changed {
		r.changed[i] = readTime(changed[6*i:])
	}
	r.attrs = make([]app.Attribute, len(members))
	for i, m := range members {
		r.attrs[i] = app.Attribute{Name: m.Name, Value: m.Value, ChangedAt: readTime(changed[6*(colCount+i):])}
	}
	return nil
}

// encode is the reverse of decode.
func (r *record) encode() (attributes, changed []byte) {
	attributes, changed = r.appendTo(nil, make([]byte, 0, 6*(colCount+len(r.attrs))))
	return endJSONB(attributes), changed
}

// appendTo is encode into memory that is there; the attributes yet want their [endJSONB].
func (r *record) appendTo(attributes, changed []byte) ([]byte, []byte) {
	attributes, changed = beginJSONB(attributes), changed[:0]
	for _, at := range r.changed {
		changed = appendTime(changed, at)
	}
	for _, a := range r.attrs {
		attributes = appendJSONB(appendJSONBName(attributes, a.Name), a.Value)
		changed = appendTime(changed, a.ChangedAt)
	}
	return attributes, changed
}

// A time of change takes 6 bytes: 48 bits of milliseconds last until the year 10889.
func readTime(b []byte) app.Instant {
	var full [8]byte
	copy(full[2:], b[:6])
	return app.Instant(binary.BigEndian.Uint64(full[:]))
}

func appendTime(b []byte, at app.Instant) []byte {
	var full [8]byte
	binary.BigEndian.PutUint64(full[:], uint64(max(at, 0)))
	return append(b, full[2:]...)
}

func (r *record) emailKey() any {
	if r.text[colEmail] == nil {
		return nil
	}
	return app.FoldEmail(*r.text[colEmail])
}

func nullable(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// insertRecord writes a new customer and names it; uid "" makes it provisional.
func (t *txn) insertRecord(r *record) error {
	r.insertedAt = t.now
	attributes, changed := r.encode()
	uid := r.uid
	if uid == "" {
		r.provisional = true
		uid = fmt.Sprintf("\x00new %d", t.now) // replaced below, in this transaction
	}
	res, err := t.w.q.exec("customer_insert", uid, r.provisional, nullable(r.text[0]), nullable(r.text[1]), nullable(r.text[2]),
		nullable(r.text[3]), r.emailKey(), int64(r.createdAt), int64(r.insertedAt), r.isAccount, attributes, changed)
	if err != nil {
		return err
	}
	if r.id, err = res.LastInsertId(); err != nil {
		return err
	}
	t.s.customerRow = r.id
	if r.uid == "" {
		r.uid = t.w.db.ids.encode(r.id, r.insertedAt)
		if _, err := t.w.q.exec("customer_rename", r.uid, true, r.id); err != nil {
			return err
		}
		t.total("provisional", 1)
	}
	t.s.uids.put(r.uid, r.id)
	t.total("customers", 1)
	t.spanned(r.createdAt, 0, 1)
	r.dated = r.createdAt
	if r.isAccount {
		t.total("accounts", 1)
	}
	return nil
}

func (t *txn) updateRecord(r *record) error {
	attributes, changed := r.encode()
	_, err := t.w.q.exec("customer_update", nullable(r.text[0]), nullable(r.text[1]), nullable(r.text[2]), nullable(r.text[3]),
		r.emailKey(), int64(r.createdAt), r.isAccount, attributes, changed, r.id)
	t.dated(r)
	return err
}

// find returns the row that an id or an alias means, 0 if none does.
func (t *txn) find(uid string) (int64, error) {
	if row, ok := t.s.uids.get(uid); ok {
		return row, nil
	}
	var row int64
	found, err := t.w.q.row(background, "customer_find", args(uid), &row)
	if err != nil || !found {
		return 0, err
	}
	t.s.uids.put(uid, row)
	return row, nil
}

// must is find for Changes that need the customer to be there.
func (t *txn) must(uid string) (int64, error) {
	row, err := t.find(uid)
	if err == nil && row == 0 {
		err = app.NotFound("There is no customer with the id %q.", uid)
	}
	return row, err
}

// mustRecord is must, with the row loaded.
func (t *txn) mustRecord(uid string) (*record, error) {
	row, err := t.must(uid)
	if err != nil {
		return nil, err
	}
	return loadRecord(background, t.w.q, row)
}

func (t *txn) result(r *record) app.Result {
	return app.Result{Customer: r.id, UID: r.uid, Provisional: r.provisional, ID: t.w.db.ids.encode(r.id, r.insertedAt)}
}

// resultOf is result for a row that was not loaded.
func (t *txn) resultOf(row int64, changed bool) (app.Result, error) {
	r, err := loadRecord(background, t.w.q, row)
	if err != nil {
		return app.Result{}, err
	}
	res := t.result(r)
	res.Changed = changed
	return res, nil
}
