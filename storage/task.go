package storage

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"kith/app"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// A task is done in steps, each a transaction that also moves the task on: after a crash
// it goes on where its effects end. What its undo needs is written with each effect:
// task_items for customers that stay, kept.go for those that go.

// taskItem is what a task remembers of a customer that stays.
type taskItem struct {
	List   int64           `json:"list,omitempty"`
	Before *int            `json:"before,omitempty"` // the subscription's status, nil: there was none
	Since  app.Instant     `json:"since,omitempty"`  // when that began, or when it was archived
	From   json.RawMessage `json:"from,omitempty"`   // the attribute's value
	FromAt app.Instant     `json:"from_at,omitempty"`
	Place  int             `json:"place,omitempty"`  // of the attribute among the others
	Member *taskMember     `json:"member,omitempty"` // of the account, nil: it was none
}

const (
	// taskMost is how many customers one transaction takes at most, taskStep how many it
	// takes though others wait: to delete one may take half a millisecond.
	taskMost = 1_000
	taskStep = 50
)

// The kinds of the timers that take a task a step on, and that let go what its undo needs.
const (
	taskTimer   = "task"
	forgetTimer = "forget task"
)

// StartTask begins what t says with customers by their rows, and does its first step, so that
// a small one is done when it returns. Of t, Action and what belongs to it are read, and By.
// It returns CodeInvalid when the action lacks what it needs, CodeNotFound for an unknown list.
func (db *DB) StartTask(ctx context.Context, t app.Task, customers []int64) (*app.Task, error) {
	rows := roaring64.New()
	for _, row := range customers {
		rows.Add(uint64(row))
	}
	if err := db.checkTask(ctx, &t, rows); err != nil {
		return nil, err
	}
	chosen, err := rows.ToBytes()
	if err != nil {
		return nil, err
	}
	t.Total = int64(rows.GetCardinality())
	var id int64
	err = db.Write(ctx, func(tx *Tx) error {
		now := tx.t.now
		res, err := tx.t.w.q.exec("task_insert", int64(t.Action), int64(app.TaskRunning), t.By, t.List, t.Title, t.Attribute, textOrNull(t.Value),
			t.Into, t.UID, t.Total, int64(now), int64(now)+app.UndoTime.Milliseconds())
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		if err := tx.exec("task_customers_save", id, chosen); err != nil {
			return err
		}
		if err := tx.SetTimer(Timer{Kind: forgetTimer, Ref: fmt.Sprint(id), Due: now + app.Instant(app.UndoTime.Milliseconds())}); err != nil {
			return err
		}
		if err := tx.audit(ctx, "task.start", strconv.FormatInt(id, 10), map[string]any{"action": t.Action.String(), "customers": t.Total}); err != nil {
			return err
		}
		return tx.t.stepTask(id)
	})
	if err != nil {
		return nil, err
	}
	return db.Task(ctx, id)
}

func (db *DB) checkTask(ctx context.Context, t *app.Task, rows *roaring64.Bitmap) error {
	if rows.IsEmpty() {
		return app.Invalid("", "Nobody is chosen. Choose at least one customer.")
	}
	switch t.Action {
	case app.TaskJoinList, app.TaskLeaveList:
		l, err := findList(ctx, db, db.queries, t.List)
		if err != nil {
			return err
		}
		if t.Action == app.TaskJoinList && l.ArchivedAt != nil {
			return app.Invalid("list", "the list %q is archived and takes no new subscribers", l.Title)
		}
		t.Title = l.Title
	case app.TaskSetAttribute:
		if t.Attribute == "" {
			return app.Invalid("attribute", "is missing")
		}
	case app.TaskMerge:
		into, err := loadRecord(ctx, db.queries, t.Into)
		if err != nil {
			return err
		}
		if rows.Contains(uint64(t.Into)) {
			return app.Invalid("into", "a customer cannot be merged into itself")
		}
		if rows.GetCardinality() != 1 {
			return app.Invalid("", "one customer at a time is merged into another")
		}
		t.UID = into.uid
	case app.TaskJoinAccount, app.TaskLeaveAccount:
		account, err := checkAccountTask(ctx, db.queries, t)
		if err != nil {
			return err
		}
		if rows.Contains(uint64(t.Into)) {
			return app.Invalid("into", "an account cannot be a member of itself")
		}
		t.UID = account.uid
	case app.TaskArchive, app.TaskUnarchive, app.TaskDelete:
	default:
		return app.Invalid("action", "is none that there is")
	}
	return nil
}

// Task returns a task by row. It returns CodeNotFound if there is none.
func (db *DB) Task(ctx context.Context, row int64) (*app.Task, error) {
	t, _, err := loadTask(ctx, db.queries, row)
	return t, err
}

// Tasks returns up to limit tasks, newest first, those before a row unless that is 0.
func (db *DB) Tasks(ctx context.Context, before int64, limit int) ([]app.Task, error) {
	if before == 0 {
		before = 1 << 62
	}
	var out []app.Task
	err := db.queries.each(ctx, "task_page", args(before, limit), func(rows *sql.Rows) error {
		var t app.Task
		var at int64
		err := rows.Scan(taskFields(&t, &at)...)
		out = append(out, t)
		return err
	})
	return out, err
}

func taskFields(t *app.Task, at *int64) []any {
	return []any{&t.Row, &t.Action, &t.State, &t.By, &t.List, &t.Title, &t.Attribute, &t.Value, &t.Into, &t.UID, &t.Total, &t.Done, &t.Changed,
		&t.Restored, &t.Kept, &t.CreatedAt, &t.FinishedAt, &t.Until, &t.Error, at}
}

func loadTask(ctx context.Context, q statements, row int64) (t *app.Task, at int64, err error) {
	t = &app.Task{}
	found, err := q.row(ctx, "task_row", args(row), taskFields(t, &at)...)
	if err == nil && !found {
		err = app.NotFound("There is no such task.")
	}
	return t, at, err
}

func (t *txn) saveTask(k *app.Task, at int64) error {
	_, err := t.w.q.exec("task_save", int64(k.State), k.Done, k.Changed, k.Restored, k.Kept, int64(k.FinishedAt), int64(k.Until), k.Error, at, k.Row)
	return err
}

// StopTask ends a task before it is through; what was done is done, and can be taken back.
func (db *DB) StopTask(ctx context.Context, row int64) (*app.Task, error) {
	return db.changeTask(ctx, row, "task.stop", func(t *txn, k *app.Task) error {
		if k.State == app.TaskRunning {
			return t.endTask(k, app.TaskStopped)
		}
		return nil
	})
}

// UndoTask takes a task back, in steps as it was done, the first at once. What changed
// since stays as it is, and is counted as kept. It returns CodeConflict when it is too late.
func (db *DB) UndoTask(ctx context.Context, row int64) (*app.Task, error) {
	return db.changeTask(ctx, row, "task.undo", func(t *txn, k *app.Task) error {
		if k.State == app.TaskUndoing || k.State == app.TaskUndone {
			return nil
		}
		if !k.Undoable(t.now) {
			return app.Fail(app.CodeConflict, "This can no longer be undone: that is possible for %d hours after it was done.", int(app.UndoTime/time.Hour))
		}
		if k.Action == app.TaskMerge {
			if _, err := loadRecord(background, t.w.q, k.Into); gone(err) {
				return app.Fail(app.CodeConflict, "The customer that this one was merged into is gone itself. Bring that one back first.")
			} else if err != nil {
				return err
			}
		}
		k.State, k.FinishedAt = app.TaskUndoing, 0
		if err := t.saveTask(k, 0); err != nil {
			return err
		}
		return t.stepTask(k.Row)
	})
}

// changeTask changes a task in a transaction, as a deed of that name; what refuses it fails
// nobody else's.
func (db *DB) changeTask(ctx context.Context, row int64, action string, change func(t *txn, k *app.Task) error) (*app.Task, error) {
	var refused error
	err := db.Write(ctx, func(tx *Tx) error {
		refused = nil
		k, _, err := loadTask(background, tx.t.w.q, row)
		if err == nil {
			was := k.State
			if err = change(tx.t, k); err == nil && k.State != was {
				err = tx.audit(ctx, action, strconv.FormatInt(row, 10), nil)
			}
		}
		if err != nil && isRefusal(err) {
			refused, err = err, nil
		}
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	return db.Task(ctx, row)
}

// endTask writes that a task is over and lets its choice of customers go.
func (t *txn) endTask(k *app.Task, state app.TaskState) error {
	k.State, k.FinishedAt = state, t.now
	if _, err := t.w.q.exec("task_customers_drop", k.Row); err != nil {
		return err
	}
	return t.saveTask(k, 0)
}

// runTask is what the timer of a task does.
func runTask(tx *Tx, timer Timer) error {
	row, err := strconv.ParseInt(timer.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("task %q: %w", timer.Ref, err)
	}
	return tx.t.stepTask(row)
}

// stepTask takes a task a step on, and sets the timer for the next if there is one.
func (t *txn) stepTask(row int64) error {
	k, at, err := loadTask(background, t.w.q, row)
	if err != nil {
		return err
	}
	finished := false
	switch k.State {
	case app.TaskRunning:
		if finished, at, err = t.doStep(k, at); finished && err == nil {
			return t.endTask(k, app.TaskDone)
		}
		if err != nil && isRefusal(err) { // its list was archived meanwhile, say
			k.Error = app.Public(err).Sentence()
			return t.endTask(k, app.TaskStopped)
		}
	case app.TaskUndoing:
		if finished, err = t.undoStep(k); finished && err == nil {
			return t.endTask(k, app.TaskUndone)
		}
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if err := t.saveTask(k, at); err != nil {
		return err
	}
	return (&Tx{t: t}).SetTimer(Timer{Kind: taskTimer, Ref: fmt.Sprint(row), Due: t.now})
}

// doStep deals with the next customers, upwards from a row.
func (t *txn) doStep(k *app.Task, at int64) (finished bool, _ int64, err error) {
	var raw []byte
	if _, err := t.w.q.row(background, "task_customers_of", args(k.Row), &raw); err != nil {
		return false, at, err
	}
	chosen := roaring64.New()
	if _, err := chosen.ReadFrom(bytes.NewReader(raw)); err != nil {
		return false, at, fmt.Errorf("read whom a task is about: %w", err)
	}
	it := chosen.Iterator()
	it.AdvanceIfNeeded(uint64(at) + 1)
	for n := 0; n < taskMost && it.HasNext() && (n == 0 || len(t.w.queue) == 0); {
		for end := n + taskStep; n < end && it.HasNext(); n++ {
			at = int64(it.Next())
			changed, err := t.taskOn(k, at)
			if err != nil {
				return false, at, err
			}
			k.Done++
			if changed {
				k.Changed++
			}
		}
	}
	return !it.HasNext(), at, nil
}

// taskSource is what the histories say of where a task's changes came from.
const taskSource = "dashboard"

// taskOn does what the task says to one customer.
func (t *txn) taskOn(k *app.Task, row int64) (changed bool, err error) {
	rec, err := loadRecord(background, t.w.q, row)
	if err != nil {
		if gone(err) {
			return false, nil
		}
		return false, err
	}
	var item taskItem
	switch k.Action {
	case app.TaskDelete:
		return true, t.deleteKept(rec, k.Row)
	case app.TaskMerge:
		return t.mergeKept(rec, k)
	case app.TaskJoinList, app.TaskLeaveList:
		changed, err = t.listTask(k, rec, &item)
	case app.TaskJoinAccount, app.TaskLeaveAccount:
		changed, err = t.accountTask(k, rec, &item)
	case app.TaskArchive, app.TaskUnarchive:
		item.Since = app.Instant(rec.archivedAt.Int64)
		var res app.Result
		res, err = t.archive(&app.Archive{UID: rec.uid, Archived: k.Action == app.TaskArchive, Source: taskSource})
		changed = res.Changed
	case app.TaskSetAttribute:
		changed, err = t.attributeTask(k, rec, &item)
	}
	if err != nil || !changed {
		return false, err
	}
	_, err = t.w.q.exec("task_item_add", k.Row, row, int64(t.now), encode(item))
	return true, err
}

func (t *txn) listTask(k *app.Task, rec *record, item *taskItem) (bool, error) {
	l, err := t.list(k.List)
	if err != nil {
		return false, err
	}
	status, since, found, err := t.subscriptionSince(l.Row, rec.id)
	if err != nil {
		return false, err
	}
	item.List = l.Row
	if found {
		before := int(status)
		item.Before, item.Since = &before, since
	}
	if k.Action == app.TaskJoinList {
		if l.ArchivedAt != nil && !found {
			return false, app.Invalid("", "the list %q is archived and takes no new subscribers", l.Title)
		}
		if found && status == app.Unsubscribed { // nobody is mailed who once said no
			return false, nil
		}
		return t.subscribe(l.Row, rec.id, app.Subscribed, taskSource)
	}
	if !found {
		return false, nil
	}
	if err := t.dropSubscription(l.Row, rec.id, status); err != nil {
		return false, err
	}
	return true, t.noteSubscription(l.Row, rec.id, app.NotSubscribed, taskSource)
}

func (t *txn) subscriptionSince(list, customer int64) (status app.SubscriptionStatus, since app.Instant, found bool, err error) {
	found, err = t.w.q.row(background, "subscription_find", args(list, customer), &status, &since)
	return status, since, found, err
}

func (t *txn) attributeTask(k *app.Task, rec *record, item *taskItem) (bool, error) {
	if col, standard := standardColumn(k.Attribute); standard {
		item.From, item.FromAt = quoteText(rec.text[col]), rec.changed[col]
	} else {
		for i, a := range rec.attrs {
			if a.Name == k.Attribute {
				item.From, item.FromAt, item.Place = a.Value, a.ChangedAt, i
			}
		}
		if item.From == nil && k.Value != nil && len(rec.attrs) >= app.MaxAttributes {
			return false, nil // it is full
		}
	}
	var res app.Result
	var err error
	if k.Value == nil {
		res, err = t.removeAttributes(&app.RemoveAttributes{UID: rec.uid, Names: []string{k.Attribute}, Source: taskSource})
	} else {
		res, err = t.setProfile(&app.SetProfile{UID: rec.uid, Mode: app.UpdateOnly, Trusted: true, Source: taskSource,
			Profile: app.Profile{Attributes: []app.Attribute{{Name: k.Attribute, Value: k.Value}}}})
	}
	return res.Changed, err
}

// standardColumn is the column of one of the texts that have one.
func standardColumn(name string) (int, bool) {
	for i := range colCreatedAt {
		if app.StandardAttributes[i] == name {
			return i, true
		}
	}
	return 0, false
}

// forgetTask lets go what the undo of a task needs, a step at a time.
func forgetTask(tx *Tx, timer Timer) error {
	row, err := strconv.ParseInt(timer.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("forget task %q: %w", timer.Ref, err)
	}
	t := tx.t
	k, at, err := loadTask(background, t.w.q, row)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if k.State == app.TaskRunning || k.State == app.TaskUndoing {
		timer.Due = t.now + app.Instant(time.Hour.Milliseconds())
		return tx.SetTimer(timer)
	}
	k.Until = min(k.Until, t.now)
	left, err := t.dropItems(row)
	if err != nil {
		return err
	}
	if left {
		timer.Due = t.now
		if err := tx.SetTimer(timer); err != nil {
			return err
		}
	} else {
		k.Until = 0
	}
	return t.saveTask(k, at)
}

// dropItems removes a step of what the undo of a task needs, and reports whether there is more.
func (t *txn) dropItems(task int64) (left bool, err error) {
	kept, err := t.keptOf(task, taskMost)
	if err != nil {
		return false, err
	}
	for _, customer := range kept {
		if err := t.dropKept(customer, true); err != nil {
			return false, err
		}
	}
	items, err := t.itemsOf(task, taskMost)
	if err != nil {
		return false, err
	}
	for _, i := range items {
		if _, err := t.w.q.exec("task_item_drop", task, i.customer); err != nil {
			return false, err
		}
	}
	return len(kept) == taskMost || len(items) == taskMost, nil
}
