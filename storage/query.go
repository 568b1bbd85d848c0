package storage

import (
	"context"
	"database/sql"
	"strings"

	"kith/app"
)

// This is the one file that puts SQL together, for the listing of customers whose
// conditions combine. Every piece is a constant; what people give is always a parameter.

const customerColumns = `c.id, c.uid, c.provisional, c.first_name, c.last_name, c.number, c.email, c.created_at, c.inserted_at,
  c.is_account, c.archived_at, c.attributes, c.changed`

// customerQuery gathers the pieces.
type customerQuery struct {
	from  string
	key   string // what to sort by: the customer's row in the table that the walk goes along
	where []string
	args  []any
}

func (q *customerQuery) and(condition string, args ...any) {
	q.where = append(q.where, condition)
	q.args = append(q.args, args...)
}

func (q *customerQuery) text(order string) string {
	var b strings.Builder
	b.WriteString("select " + customerColumns + "\nfrom " + q.from)
	for i, w := range q.where {
		if i == 0 {
			b.WriteString("\nwhere ")
		} else {
			b.WriteString("\n  and ")
		}
		b.WriteString(w)
	}
	b.WriteString("\norder by " + q.key + order + "\nlimit ?")
	return b.String()
}

// customerQuery turns a filter into pieces. ok is false when nothing can match.
func (db *DB) customerQuery(f app.CustomerFilter) (q *customerQuery, ok bool) {
	q = &customerQuery{from: "customers c", key: "c.id"}
	if f.Rows != nil {
		q.and("c.id in (select value from json_each(?))", jsonRows(f.Rows))
	}
	switch rows := db.listRows(f.Lists); {
	case len(f.Lists) == 0:
	case len(rows) == 0:
		return nil, false
	case f.Rows != nil: // few: ask of each whether it is on a list, instead of walking the list
		q.and("exists (select 1 from subscriptions s where s.customer_id = c.id and s.list_id in (select value from json_each(?)))", jsonRows(rows))
	case len(rows) == 1: // cross join: SQLite keeps to this order, so the list's own key serves the sorting
		q.from, q.key = "subscriptions s cross join customers c on c.id = s.customer_id", "s.customer_id"
		q.and("s.list_id = ?", rows[0])
	default:
		q.and("c.id in (select customer_id from subscriptions where list_id in (select value from json_each(?)))", jsonRows(rows))
	}
	if f.Email != "" {
		q.and("c.email_key = ?", app.FoldEmail(f.Email))
	}
	if f.Number != "" {
		q.and("c.number = ?", f.Number)
	}
	if f.MemberOf != 0 {
		q.and("c.id in (select customer_id from memberships where account_id = ?)", f.MemberOf)
	}
	if f.IsAccount != nil {
		q.and(map[bool]string{true: "c.is_account = 1", false: "c.is_account = 0"}[*f.IsAccount])
	}
	if f.Archived != nil {
		q.and(map[bool]string{true: "c.archived_at is not null", false: "c.archived_at is null"}[*f.Archived])
	}
	if f.Prefix != "" {
		q.prefix(f.Prefix)
	}
	return q, true
}

// prefix matches the beginnings of ids, e-mails and numbers, each by its index. Names are
// found by the search index; this answers while that is being built.
func (q *customerQuery) prefix(typed string) {
	folded := app.FoldEmail(strings.TrimSpace(typed))
	pieces := []string{
		"select id from customers where uid >= ? and uid < ?",
		"select id from customers where email_key >= ? and email_key < ?",
	}
	args := []any{typed, typed + "\U0010FFFF", folded, folded + "\U0010FFFF"}
	if digits := onlyDigits(typed); len(digits) >= 3 {
		pieces = append(pieces, "select id from customers where number >= ? and number < ?")
		args = append(args, digits, digits+":")
	}
	q.and("c.id in ("+strings.Join(pieces, " union all ")+")", args...)
}

// onlyDigits returns the digits of a text that is written like a phone number, else "".
func onlyDigits(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune("+-(). ", r):
			return ""
		}
	}
	return b.String()
}

// listRows returns the rows of the ids that are ids of lists.
func (db *DB) listRows(ids []string) []int64 {
	var rows []int64
	for _, id := range ids {
		if l, err := findList(background, db, db.queries, id); err == nil {
			rows = append(rows, l.Row)
		}
	}
	return rows
}

// Customers returns a page of the customers that f holds, newest first, each in full,
// and whether there are more in the direction of the page.
func (db *DB) Customers(ctx context.Context, f app.CustomerFilter, p app.Page) (_ []app.Customer, more bool, err error) {
	q, ok := db.customerQuery(f)
	if !ok {
		return nil, false, nil
	}
	order := " desc"
	switch {
	case p.After != 0:
		q.and("c.id < ?", p.After)
	case p.Before != 0:
		q.and("c.id > ?", p.Before)
		order = ""
	}
	customers, err := db.customersBy(ctx, q, order, p.Limit+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(customers) > p.Limit; more {
		customers = customers[:p.Limit]
	}
	if p.Before != 0 {
		for i, j := 0, len(customers)-1; i < j; i, j = i+1, j-1 {
			customers[i], customers[j] = customers[j], customers[i]
		}
	}
	return customers, more, nil
}

func (db *DB) customersBy(ctx context.Context, q *customerQuery, order string, limit int) ([]app.Customer, error) {
	rows, err := db.read.QueryContext(ctx, q.text(order), append(q.args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	r := db.reader()
	var customers []app.Customer
	for rows.Next() {
		rec := &record{}
		var attributes, changed []byte
		if err := rows.Scan(&rec.id, &rec.uid, &rec.provisional, &rec.text[0], &rec.text[1], &rec.text[2], &rec.text[3],
			&rec.createdAt, &rec.insertedAt, &rec.isAccount, &rec.archivedAt, &attributes, &changed); err != nil {
			return nil, err
		}
		if err := rec.decode(attributes, changed); err != nil {
			return nil, err
		}
		customers = append(customers, r.customer(rec))
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	return customers, r.complete(ctx, customers)
}

// exportStep is how many customers or events one step of an export reads: a short
// read, so that the log can be checkpointed behind it.
const exportStep = 500

// EachCustomer calls f for every customer, oldest first, in steps that each see the
// latest state. It stops at f's first error and returns it.
func (db *DB) EachCustomer(ctx context.Context, f func(*app.Customer) error) error {
	return db.EachCustomerAfter(ctx, 0, f)
}

// EachCustomerAfter is EachCustomer for those after a row.
func (db *DB) EachCustomerAfter(ctx context.Context, after int64, f func(*app.Customer) error) error {
	for {
		q := &customerQuery{from: "customers c", key: "c.id"}
		q.and("c.id > ?", after)
		customers, err := db.customersBy(ctx, q, "", exportStep)
		if err != nil {
			return err
		}
		for i := range customers {
			if err := f(&customers[i]); err != nil {
				return err
			}
			after = customers[i].Row
		}
		if len(customers) < exportStep {
			return nil
		}
	}
}

// tableNames are the tables of the schema.
func tableNames(ctx context.Context, conn *sql.Conn) ([]string, error) {
	rows, err := conn.QueryContext(ctx, "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// countTables counts the rows of every table, by name. The names come from the schema.
func countTables(ctx context.Context, conn *sql.Conn) (map[string]int64, error) {
	names, err := tableNames(ctx, conn)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, name := range names {
		var n int64
		if err := conn.QueryRowContext(ctx, `select count(*) from "`+strings.ReplaceAll(name, `"`, `""`)+`"`).Scan(&n); err != nil {
			return nil, err
		}
		counts[name] = n
	}
	return counts, nil
}
