package storage

import (
	"database/sql"
	"encoding/json"
	"slices"

	"kith/app"
)

// undoSource is what the histories say of where an undo's changes came from.
const undoSource = "undo"

// storedItem is a row of task_items.
type storedItem struct {
	customer int64
	at       app.Instant
	taskItem
}

func (t *txn) itemsOf(task int64, limit int) (out []storedItem, err error) {
	err = t.w.q.each(background, "task_item_last", args(task, limit), func(rows *sql.Rows) error {
		var i storedItem
		var data []byte
		if err := rows.Scan(&i.customer, &i.at, &data); err != nil {
			return err
		}
		out = append(out, i)
		return json.Unmarshal(data, &out[len(out)-1].taskItem)
	})
	return out, err
}

// undoStep takes back a part of a task, from its end, and reports whether that was the
// last. The order matters: who was deleted later comes back first, so that a member finds
// its account, or is found by it.
func (t *txn) undoStep(k *app.Task) (finished bool, err error) {
	for n := 0; n < taskMost && !finished && (n == 0 || len(t.w.queue) == 0); n += taskStep {
		kept, err := t.keptOf(k.Row, taskStep)
		if err != nil {
			return false, err
		}
		items, err := t.itemsOf(k.Row, taskStep)
		if err != nil {
			return false, err
		}
		for _, customer := range kept {
			back, err := t.bringBack(customer)
			if err != nil {
				return false, err
			}
			countUndone(k, back)
		}
		for _, i := range items {
			back, err := t.undoItem(k, &i)
			if err == nil {
				_, err = t.w.q.exec("task_item_drop", k.Row, i.customer)
			}
			if err != nil {
				return false, err
			}
			countUndone(k, back)
		}
		finished = len(kept) < taskStep && len(items) < taskStep
	}
	return finished, nil
}

// undoItem puts back what a task changed of one customer, and reports whether it could.
func (t *txn) undoItem(k *app.Task, i *storedItem) (bool, error) {
	rec, err := loadRecord(background, t.w.q, i.customer)
	if err != nil {
		if gone(err) {
			return false, nil
		}
		return false, err
	}
	switch k.Action {
	case app.TaskJoinList, app.TaskLeaveList:
		return t.undoList(k, i)
	case app.TaskJoinAccount, app.TaskLeaveAccount:
		return t.undoAccount(k, rec, i)
	case app.TaskArchive, app.TaskUnarchive:
		return t.undoArchive(k, rec, i)
	case app.TaskSetAttribute:
		return t.undoAttribute(k, rec, i)
	}
	return false, nil
}

func (t *txn) undoList(k *app.Task, i *storedItem) (bool, error) {
	status, since, found, err := t.subscriptionSince(i.List, i.customer)
	if err != nil {
		return false, err
	}
	if k.Action == app.TaskJoinList {
		if !found || status != app.Subscribed || since != i.at {
			return false, nil // they left, or came again, by themselves
		}
	} else if found {
		return false, nil
	}
	to := app.NotSubscribed
	if i.Before == nil {
		err = t.dropSubscription(i.List, i.customer, status)
	} else {
		to = app.SubscriptionStatus(*i.Before)
		err = t.putSubscription(i.List, i.customer, to, i.Since, status, found)
	}
	if err != nil {
		return false, err
	}
	return true, t.noteSubscription(i.List, i.customer, to, undoSource)
}

func (t *txn) undoArchive(k *app.Task, rec *record, i *storedItem) (bool, error) {
	archived := k.Action == app.TaskArchive
	if rec.archivedAt.Valid != archived || archived && app.Instant(rec.archivedAt.Int64) != i.at {
		return false, nil
	}
	if _, err := t.archive(&app.Archive{UID: rec.uid, Archived: !archived, Source: undoSource}); err != nil {
		return false, err
	}
	if !archived { // as of when it was archived first
		_, err := t.w.q.exec("customer_archive", int64(i.Since), rec.id)
		return true, err
	}
	return true, nil
}

func (t *txn) undoAttribute(k *app.Task, rec *record, i *storedItem) (bool, error) {
	var edit fieldEdit
	if col, standard := standardColumn(k.Attribute); standard {
		if rec.changed[col] != i.at || rec.text[col] != nil {
			return false, nil
		}
		text := textOf(i.From)
		rec.text[col], rec.changed[col] = &text, i.FromAt
		edit = fieldEdit{k.Attribute, true, nil, i.From}
	} else {
		at := slices.IndexFunc(rec.attrs, func(a app.Attribute) bool { return a.Name == k.Attribute })
		switch {
		case k.Value == nil && at >= 0, k.Value != nil && (at < 0 || rec.attrs[at].ChangedAt != i.at || string(rec.attrs[at].Value) != string(k.Value)):
			return false, nil // written since
		case k.Value == nil:
			rec.attrs = slices.Insert(rec.attrs, min(i.Place, len(rec.attrs)), app.Attribute{Name: k.Attribute, Value: i.From, ChangedAt: i.FromAt})
		case i.From == nil:
			rec.attrs = slices.Delete(rec.attrs, at, at+1)
		default:
			rec.attrs[at].Value, rec.attrs[at].ChangedAt = i.From, i.FromAt
		}
		edit = fieldEdit{k.Attribute, false, k.Value, i.From}
	}
	if err := t.saveProfile(rec, rec.isAccount, []fieldEdit{edit}, undoSource); err != nil {
		return false, err
	}
	if k.Attribute == app.SuppressedAttribute && i.From != nil && rec.text[colEmail] != nil { // the mark that was lifted
		_, err := t.w.q.exec("suppressed_save", app.FoldEmail(*rec.text[colEmail]), textOf(i.From), int64(i.FromAt))
		return true, err
	}
	return true, nil
}

func countUndone(k *app.Task, back bool) {
	if back {
		k.Restored++
	} else {
		k.Kept++
	}
}
