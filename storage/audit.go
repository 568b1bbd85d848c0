package storage

import (
	"context"
	"database/sql"
	"encoding/json"

	"kith/app"
)

// audit writes down, in the transaction that does it, what the actor of ctx did. Without
// an actor nobody is answerable, as in tests and at the first start.
func (x *Tx) audit(ctx context.Context, action, target string, detail map[string]any) error {
	by := app.ActorOf(ctx)
	if by == "" {
		return nil
	}
	text := []byte("{}")
	if len(detail) > 0 {
		var err error
		if text, err = json.Marshal(detail); err != nil {
			return err
		}
	}
	return x.exec("audit_insert", int64(x.t.now), string(by), action, target, string(text))
}

// Audit writes down what the actor of ctx did, where what was done did not do so itself.
// detail may hold numbers, ids and words of the product, and nothing of a customer's.
func (db *DB) Audit(ctx context.Context, action, target string, detail map[string]any) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.audit(ctx, action, target, detail) })
}

// AuditLog returns who did what, newest first, and whether there is more.
func (db *DB) AuditLog(ctx context.Context, f app.AuditFilter, limit int) ([]app.Audited, bool, error) {
	if f.To == 0 {
		f.To = 1 << 62
	}
	if f.Before == 0 {
		f.Before = 1 << 62
	}
	to := f.Action // an action itself, or all that begin with "key."
	if n := len(to); n > 0 && to[n-1] == '.' {
		to += "\U0010FFFF"
	}
	var out []app.Audited
	err := db.queries.each(ctx, "audit_page", args(f.Before, string(f.By), f.Action, to, f.Target, int64(f.From), int64(f.To), limit+1), func(rows *sql.Rows) error {
		var a app.Audited
		var detail string
		if err := rows.Scan(&a.Row, &a.At, &a.By, &a.Action, &a.Target, &detail); err != nil {
			return err
		}
		a.Detail = json.RawMessage(detail)
		out = append(out, a)
		return nil
	})
	if len(out) > limit {
		return out[:limit], true, err
	}
	return out, false, err
}
