package storage

import (
	"context"
	"database/sql"
	"encoding/json"

	"kith/app"
)

// The audit log says who did what. Its rule: no write without its line. The line of
// what changes the database is written by the transaction that changes it, so that a crash
// leaves both or neither; what goes on beside the database (a backup, an export) is begun
// in the log before it begins, and a start marks what the process before did not end.
//
// What stands in it:
//
//   - whatever a person does at the dashboard, and who failed to sign in;
//   - of what API keys do, what an owner would ask about: lists, segments, integrations and
//     imports made, changed and removed; a customer archived, converted, merged, deleted or
//     erased, each by itself, at whatever rate; an erasure lifted; everybody at once read by
//     an export, a customer's whole dossier;
//   - of what services do through a connection's own key, that customers are deleted;
//   - commands that change users and keys, or run an import, and a backup that was restored.
//
// What does not: customers, events, attributes, devices, memberships and subscriptions as
// they come in, single customers and pages of them as they are read, and what came with a
// public key alone, but for a change of a list: that is the stream of the data, the
// customer's own history has it, and it would be a line for each request. Nor is there a
// line for a request that is refused, except at the door; for backups that are made by
// appointment or by a command (whoever may run one may read the files themselves); and for
// settings, which are a file.
//
// It names people and things by numbers and public ids, and never holds a secret or
// anything of a customer's.

// audit writes down, in the transaction that does it, what the actor of ctx did. Without
// an actor nobody is answerable, as in tests and at the first start.
func (x *Tx) audit(ctx context.Context, action, target string, detail map[string]any) error {
	_, err := x.t.audit(app.DoerOf(ctx), action, target, app.DeedDone, detail)
	return err
}

// audit returns the row of the line, 0 when there is no actor.
func (t *txn) audit(by app.Doer, action, target string, state app.DeedState, detail map[string]any) (int64, error) {
	if by.By == "" {
		return 0, nil
	}
	text, err := detailText(detail)
	if err != nil {
		return 0, err
	}
	res, err := t.w.q.exec("audit_insert", int64(t.now), string(by.By), by.Address, action, target, int64(state), text)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func detailText(detail map[string]any) (string, error) {
	if len(detail) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(detail)
	return string(text), err
}

// auditChange writes down what a Change did that was applied, where that belongs into the log.
func (t *txn) auditChange(by app.Doer, c app.Change, res app.Result, hook bool) error {
	if by.By == "" || !res.Changed && res.Lifted == 0 {
		return nil
	}
	action, target, detail := "", res.ID, map[string]any(nil)
	switch c := c.(type) {
	case *app.SaveList:
		l, err := loadList(background, t.w.db, t.w.q, res.List)
		if err != nil {
			return err
		}
		action, target = made("list", res), l.ID
	case *app.ArchiveList:
		action, target = "list.archive", c.List
	case *app.RestoreList:
		action, target = "list.restore", c.List
	case *app.SaveSegment:
		g, err := loadSegment(background, t.w.db, t.w.q, res.Segment)
		if err != nil {
			return err
		}
		action, target = made("segment", res), g.ID
	case *app.DeleteSegment:
		action, target = "segment.delete", c.Segment
	case *app.RestoreSegment:
		action, target = "segment.restore", c.Segment
	case *app.Delete:
		if action = "customer.delete"; c.Erase {
			action = "customer.erase"
		}
	case *app.Merge:
		if action = "customer.merge"; c.Visitor { // a device that becomes known
			return nil
		}
	case *app.Archive:
		if action = "customer.unarchive"; c.Archived {
			action = "customer.archive"
		}
	case *app.Convert:
		action, detail = "customer.convert", map[string]any{"account": c.Account}
	case *app.SetProfile:
		if action = "customer.change"; res.Lifted > 0 {
			action, detail = "customer.lift_erasure", map[string]any{"marks": res.Lifted}
		} else if !by.By.IsUser() {
			return nil
		}
	default:
		if action = "customer.change"; !by.By.IsUser() {
			return nil
		}
	}
	switch c.(type) {
	case *app.Delete:
	case *app.SaveList, *app.ArchiveList, *app.RestoreList:
		if by.Public {
			detail = map[string]any{"public_key": true}
		}
	default:
		if hook || by.Public {
			return nil
		}
	}
	_, err := t.audit(by, action, target, app.DeedDone, detail)
	return err
}

// made tells making something from changing it.
func made(kind string, res app.Result) string {
	if res.Created {
		return kind + ".create"
	}
	return kind + ".change"
}

// auditReplay writes down that somebody had a delivery tried again.
func (t *txn) auditReplay(j *job) error {
	if j.batch.Hook == nil || j.batch.Hook.Replay == 0 || j.err != nil {
		return nil
	}
	_, err := t.audit(j.doer, "delivery.replay", j.delivery.ID, app.DeedDone, nil)
	return err
}

// Audit writes down what the actor of ctx did, where nothing was changed by it.
// detail may hold numbers, ids and words of the product, and nothing of a customer's.
func (db *DB) Audit(ctx context.Context, action, target string, detail map[string]any) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.audit(ctx, action, target, detail) })
}

// BeginDeed writes down that the actor of ctx begins what does not happen in the database,
// and returns what EndDeed is to be told. It is on the disk when it returns.
func (db *DB) BeginDeed(ctx context.Context, action, target string, detail map[string]any) (deed int64, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		deed, err = tx.t.audit(app.DoerOf(ctx), action, target, app.DeedBegun, detail)
		return err
	})
	return deed, err
}

// EndDeed writes down how a deed ended that was begun; detail comes beside what was said
// at the beginning.
func (db *DB) EndDeed(ctx context.Context, deed int64, state app.DeedState, detail map[string]any) error {
	if deed == 0 {
		return nil
	}
	text, err := detailText(detail)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *Tx) error { return tx.exec("audit_end", int64(state), text, deed) })
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
		if err := rows.Scan(&a.Row, &a.At, &a.By, &a.Address, &a.Action, &a.Target, &a.State, &detail); err != nil {
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
