package storage

import (
	"database/sql"

	"kith/app"
)

// delete removes a customer and everything that belongs to it.
func (t *txn) delete(c *app.Delete) (app.Result, error) {
	if c.Erase {
		// What was stored is overwritten with zeros, not only let go.
		if _, err := t.w.db.conn.ExecContext(background, "pragma secure_delete = on"); err != nil {
			return app.Result{}, err
		}
		defer t.w.db.conn.ExecContext(background, "pragma secure_delete = off")
		if err := t.recallFor(c.UID); err != nil {
			return app.Result{}, err
		}
	}
	rec, err := t.mustRecord(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	row, res := rec.id, t.result(rec)
	res.Changed = true
	aliases, err := t.aliasesOf(row)
	if err != nil {
		return res, err
	}
	if c.Erase {
		marks, err := t.erasedServices(rec)
		if err != nil {
			return res, err
		}
		if err := t.mark(append(append([]string{rec.uid}, aliases...), marks...)); err != nil {
			return res, err
		}
		traces := app.Traces{UIDs: append([]string{rec.uid, res.ID}, aliases...)}
		if v := rec.text[colEmail]; v != nil {
			traces.Emails = append(traces.Emails, *v)
		}
		if err := t.eraseAnswers(c, traces.Texts()); err != nil {
			return res, err
		}
		if err := t.noteScrub(); err != nil {
			return res, err
		}
		if err := t.eraseImported(rec, aliases); err != nil {
			return res, err
		}
	}
	for _, statement := range []string{"task_item_clear", "task_forget_into"} {
		if _, err := t.w.q.exec(statement, row); err != nil {
			return res, err
		}
	}
	if err := t.removeCustomer(rec, aliases, false); err != nil {
		return res, err
	}
	return res, t.feed(app.KindDeleted, row, int64(rec.insertedAt))
}

// removeCustomer takes a customer and what hangs on it out of every table and counter. The
// bodies that services posted go too, unless it may come back.
func (t *txn) removeCustomer(rec *record, aliases []string, kept bool) error {
	for i, s := range rec.text {
		if s != nil {
			t.countAttribute(fieldEdit{app.StandardAttributes[i], true, quoteText(s), nil})
		}
	}
	for _, a := range rec.attrs {
		t.countAttribute(fieldEdit{a.Name, false, a.Value, nil})
	}
	for _, step := range []func(*record) error{t.deleteLists, t.deleteAccounts, t.deleteEvents} {
		if err := step(rec); err != nil {
			return err
		}
	}
	statements := []string{"device_clear", "history_clear", "alias_delete", "external_clear", "service_value_clear"}
	if !kept {
		statements = append(statements, "delivery_erase", "delivery_customer_clear")
	}
	for _, statement := range statements {
		if _, err := t.w.q.exec(statement, rec.id); err != nil {
			return err
		}
	}
	for _, uid := range aliases {
		t.s.uids.drop(uid)
	}
	return t.removeRow(rec)
}

func (t *txn) deleteLists(r *record) error {
	theirs, err := t.subscriptionsOf(r.id)
	if err != nil {
		return err
	}
	for _, s := range theirs {
		if err := t.dropSubscription(s.List, r.id, s.Status); err != nil {
			return err
		}
	}
	return nil
}

// deleteAccounts ends the memberships on both sides and tells those that stay.
func (t *txn) deleteAccounts(r *record) error {
	members, err := t.membersOf(r.id)
	if err != nil {
		return err
	}
	if _, err := t.w.q.exec("membership_clear", r.id); err != nil {
		return err
	}
	if _, err := t.w.q.exec("membership_clear_account", r.id); err != nil {
		return err
	}
	for _, m := range members {
		if err := t.feed(app.KindAccount, m.Row, r.id); err != nil {
			return err
		}
	}
	return nil
}

// deleteEvents removes a customer's events and takes them out of the counters. An
// event name whose first or last event goes keeps that bound to the day: finding the
// exact next one would need a scan or a second index.
func (t *txn) deleteEvents(r *record) error {
	gone := map[*eventName]struct{}{}
	err := t.w.q.each(background, "event_counts", args(r.id), func(rows *sql.Rows) error {
		var name, at int64
		if err := rows.Scan(&name, &at); err != nil {
			return err
		}
		n := t.s.eventIDs[name]
		n.events--
		t.days[dayKey{name, app.DayOf(app.Instant(at))}]--
		t.spanned(app.Instant(at), -1, 0)
		t.total("events", -1)
		gone[n] = struct{}{}
		return nil
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	for n := range gone {
		if _, err := t.w.q.exec("event_customer_remove", n.row, r.id); err != nil {
			return err
		}
		n.customers--
		n.known.Remove(uint64(r.id))
		t.names[n] = struct{}{}
	}
	if _, err := t.w.q.exec("event_key_clear", r.id); err != nil {
		return err
	}
	if _, err := t.w.q.exec("event_clear", r.id); err != nil {
		return err
	}
	return t.boundNames(gone)
}
