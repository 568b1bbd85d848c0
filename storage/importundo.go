package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"kith/app"
)

const (
	// undoMost is how many customers one transaction of an undo takes at most, undoStep how
	// many it takes though others wait: removing one may take half a millisecond.
	undoMost = 1_000
	undoStep = 50
)

// UndoImport takes back a part of what an import did, in one transaction, and reports
// whether that was the last of it. First it removes the customers that the import made,
// then it puts back what it changed. What has changed since is left: a customer that was
// made and then got an event, a change, a subscription or another id; a value that was
// written again. The import counts what it restored, removed and kept.
func (db *DB) UndoImport(ctx context.Context, row int64) (finished bool, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		finished, err = tx.t.undoImport(row)
		return err
	})
	return finished, err
}

func (t *txn) undoImport(row int64) (bool, error) {
	imp, err := loadImport(background, t.w.db, t.w.q, row)
	if err != nil {
		return false, err
	}
	if imp.State != app.ImportUndoing {
		return true, nil
	}
	u := &importUndo{t: t, imp: imp, source: "undone import", status: app.Subscribed}
	var options struct {
		List   string `json:"list"`
		Status string `json:"status"`
	}
	if err := json.Unmarshal(imp.Options, &options); err != nil {
		return false, fmt.Errorf("read the options of an import: %w", err)
	}
	if options.List != "" {
		l, err := t.list(options.List)
		if err != nil {
			return false, err
		}
		u.list = l.Row
		if s, known := app.SubscriptionStatusOf(options.Status); known {
			u.status = s
		}
	}
	finished := false
	for n := 0; n < undoMost && !finished && (n == 0 || len(t.w.queue) == 0); n += undoStep {
		left, err := u.made()
		if err == nil && left > 0 {
			left, err = u.changed(left)
		}
		if err != nil {
			return false, err
		}
		finished = left > 0 // it had room for more, and there was none
	}
	if finished {
		imp.State, imp.FinishedAt = app.ImportUndone, t.now
	}
	return finished, saveImport(t, imp)
}

// importUndo is one step of an undo.
type importUndo struct {
	t      *txn
	imp    *app.Import
	list   int64
	status app.SubscriptionStatus // that the import put people on the list with
	source string
	names  map[int64]attrKey
}

// made removes customers that the import made, newest first, and returns how many more
// the step has room for.
func (u *importUndo) made() (int, error) {
	t := u.t
	room := undoStep
	for room > 0 {
		var first, count int64
		var at app.Instant
		found, err := t.w.q.row(background, "import_created_last", args(u.imp.Row), &first, &count, &at)
		if err != nil || !found {
			return room, err
		}
		for count > 0 && room > 0 {
			count--
			room--
			if err := u.remove(first+count, at); err != nil {
				return 0, err
			}
		}
		if count == 0 {
			_, err = t.w.q.exec("import_created_drop", u.imp.Row, first)
		} else {
			_, err = t.w.q.exec("import_created_shrink", count, u.imp.Row, first)
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// remove deletes one customer that the import made, unless it has changed since.
func (u *importUndo) remove(customer int64, at app.Instant) error {
	t := u.t
	rec, err := loadRecord(background, t.w.q, customer)
	if err != nil {
		if app.CodeOf(err) == app.CodeNotFound {
			return nil // somebody deleted it
		}
		return err
	}
	note, noteAt, err := u.note(customer)
	if err != nil {
		return err
	}
	since, err := u.since(rec, max(at, noteAt), note)
	if err != nil {
		return err
	}
	if since != "" {
		if _, err := t.w.q.exec("import_change_drop", u.imp.Row, customer); err != nil {
			return err
		}
		return u.keep(customer, since)
	}
	u.imp.Removed++
	_, err = t.delete(&app.Delete{UID: rec.uid})
	return err
}

func (u *importUndo) note(customer int64) (n importNote, at app.Instant, err error) {
	var data []byte
	found, err := u.t.w.q.row(background, "import_change_find", args(u.imp.Row, customer), &at, &data)
	if err != nil || !found {
		return n, 0, err
	}
	return n, at, json.Unmarshal(data, &n)
}

// since is what happened to a customer after the import made it, "" for nothing.
func (u *importUndo) since(rec *record, at app.Instant, note importNote) (string, error) {
	t := u.t
	if rec.archivedAt.Valid || rec.isAccount {
		return "it was archived or made an account", nil
	}
	for _, changed := range rec.changed {
		if changed > at {
			return "its attributes have changed", nil
		}
	}
	for _, a := range rec.attrs {
		if a.ChangedAt > at {
			return "its attributes have changed", nil
		}
	}
	var events, lines int64
	if _, err := t.w.q.row(background, "event_count_customer", args(rec.id), &events); err != nil {
		return "", err
	}
	if events > 0 {
		return "it has events", nil
	}
	if _, err := t.w.q.row(background, "history_count", args(rec.id), &lines); err != nil {
		return "", err
	}
	if note.Device != "" {
		lines-- // the line of the device that the import itself added
	}
	if lines > 0 {
		return "it has changed", nil
	}
	others, err := (&reader{q: t.w.q, db: t.w.db, now: t.now}).imported(background, rec.id)
	if err != nil {
		return "", err
	}
	if len(others) > 1 {
		return "another import has changed it", nil
	}
	theirs, err := t.subscriptionsOf(rec.id)
	if err != nil {
		return "", err
	}
	for _, s := range theirs {
		if s.List != u.list || s.Status != u.status {
			return "its lists have changed", nil
		}
	}
	accounts, err := t.accountsOf(rec.id)
	if err != nil {
		return "", err
	}
	members, err := t.membersOf(rec.id)
	if err == nil && len(accounts)+len(members) > 0 {
		return "it belongs to an account, or is one", nil
	}
	return "", err
}

func (u *importUndo) keep(customer int64, reason string) error {
	u.imp.Kept++
	_, err := u.t.w.q.exec("import_keep", u.imp.Row, customer, reason)
	return err
}

// changed puts back what the import changed of customers that were there, and returns
// how many more the step has room for.
func (u *importUndo) changed(room int) (int, error) {
	t := u.t
	type change struct {
		customer int64
		at       app.Instant
		note     importNote
	}
	var step []change
	err := t.w.q.each(background, "import_change_next", args(u.imp.Row, room), func(rows *sql.Rows) error {
		var c change
		var data []byte
		if err := rows.Scan(&c.customer, &c.at, &data); err != nil {
			return err
		}
		if err := json.Unmarshal(data, &c.note); err != nil {
			return err
		}
		step = append(step, c)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, c := range step {
		if err := u.restore(c.customer, c.at, c.note); err != nil {
			return 0, err
		}
		if _, err := t.w.q.exec("import_change_drop", u.imp.Row, c.customer); err != nil {
			return 0, err
		}
	}
	return room - len(step), nil
}

// attributeNames are the catalogue's names by their row.
func (u *importUndo) attributeNames() map[int64]attrKey {
	if u.names == nil {
		u.names = map[int64]attrKey{}
		for key, a := range u.t.s.attrs {
			u.names[a.row] = key
		}
	}
	return u.names
}

// restore puts one customer's values back, each with the time it had been written at.
func (u *importUndo) restore(customer int64, at app.Instant, note importNote) error {
	t := u.t
	if note.Claimed {
		return u.keep(customer, "it had no id before the import, and was given one")
	}
	rec, err := loadRecord(background, t.w.q, customer)
	if err != nil {
		return err
	}
	names := u.attributeNames()
	var edits []fieldEdit
	left := false
	for _, e := range note.Edits {
		if e.toAt == 0 {
			e.toAt = at
		}
		key := names[e.attr]
		if !rec.putBack(key, e) {
			left = true
			continue
		}
		edits = append(edits, fieldEdit{key.name, key.standard, e.to, e.from})
	}
	rec.dropEmpty()
	if err := t.saveProfile(rec, rec.isAccount, edits, u.source); err != nil {
		return err
	}
	done := len(edits) > 0
	if note.List != nil {
		undone, err := u.leaveList(customer, at, note)
		if err != nil {
			return err
		}
		done, left = done || undone, left || !undone
	}
	if note.Device != "" {
		if _, err := t.removeDevice(&app.RemoveDevice{UID: rec.uid, Token: note.Device, Source: u.source}); err != nil {
			return err
		}
		done = true
	}
	if left {
		return u.keep(customer, "some of its values were written again since")
	}
	if done {
		u.imp.Restored++
	}
	return nil
}

// putBack undoes one edit, unless the attribute was written since.
func (r *record) putBack(key attrKey, e importEdit) bool {
	if !key.standard {
		for i, a := range r.attrs {
			if a.Name != key.name {
				continue
			}
			if e.to == nil || a.ChangedAt != e.toAt || string(a.Value) != string(e.to) {
				return false
			}
			r.attrs[i].Value, r.attrs[i].ChangedAt = e.from, e.fromAt
			return true
		}
		if e.to != nil || e.from == nil {
			return false
		}
		r.attrs = append(r.attrs, app.Attribute{Name: key.name, Value: e.from, ChangedAt: e.fromAt})
		return true
	}
	col := colOf(key.name)
	if r.changed[col] != e.toAt {
		return false
	}
	if col == colCreatedAt {
		from, err := app.ParseInstant(e.from, nil)
		if err != nil || r.createdAt.String() != textOf(e.to) {
			return false
		}
		r.createdAt = from
	} else {
		if r.text[col] == nil != (e.to == nil) || r.text[col] != nil && *r.text[col] != textOf(e.to) {
			return false
		}
		r.text[col] = nil
		if e.from != nil {
			s := textOf(e.from)
			r.text[col] = &s
		}
	}
	r.changed[col] = e.fromAt
	return true
}

func textOf(raw []byte) string {
	s, _ := app.Text(raw)
	return s
}

// leaveList takes a customer off the list that the import put it on, or back to where it
// stood there, unless that has changed since.
func (u *importUndo) leaveList(customer int64, at app.Instant, note importNote) (bool, error) {
	t := u.t
	var status app.SubscriptionStatus
	var since app.Instant
	found, err := t.w.q.row(background, "subscription_find", args(u.list, customer), &status, &since)
	if err != nil || !found || status != u.status || since > at {
		return false, err
	}
	to := app.NotSubscribed
	if before := *note.List; before >= 0 {
		to = app.SubscriptionStatus(before)
		back := note.Since
		if back == 0 {
			back = t.now
		}
		err = t.putSubscription(u.list, customer, to, back, status, true)
	} else {
		err = t.dropSubscription(u.list, customer, status)
	}
	if err != nil {
		return false, err
	}
	return true, t.noteSubscription(u.list, customer, to, u.source)
}
