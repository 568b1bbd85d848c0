package storage

import (
	"context"

	"kith/app"
)

// taskMember is a membership as it was before a task.
type taskMember struct {
	Role *string     `json:"role,omitempty"`
	At   app.Instant `json:"at"`
}

// checkAccountTask returns the account of a task, and refuses to add members to what is none.
func checkAccountTask(ctx context.Context, q statements, k *app.Task) (*record, error) {
	account, err := loadRecord(ctx, q, k.Into)
	if err == nil && k.Action == app.TaskJoinAccount && !account.isAccount {
		err = app.Invalid("into", "%q is no account", account.uid)
	}
	return account, err
}

// accountTask makes a customer a member of an account, or ends that.
func (t *txn) accountTask(k *app.Task, rec *record, item *taskItem) (bool, error) {
	account, err := checkAccountTask(background, t.w.q, k)
	if err != nil || rec.id == k.Into {
		return false, err
	}
	role, at, found, err := t.membership(rec.id, k.Into)
	if err != nil {
		return false, err
	}
	if found {
		item.Member = &taskMember{role, at}
	}
	if k.Action == app.TaskJoinAccount {
		return t.joinAccount(rec, app.AccountRole{UID: account.uid, Role: taskRole(k)}, taskSource)
	}
	if !found {
		return false, nil
	}
	return true, t.endMembership(rec, account, taskSource)
}

// taskRole is the role that members get, nil for none.
func taskRole(k *app.Task) *string {
	if k.Value == nil {
		return nil
	}
	role := textOf(k.Value)
	return &role
}

// undoAccount puts a membership back as it was, unless it was written since.
func (t *txn) undoAccount(k *app.Task, rec *record, i *storedItem) (bool, error) {
	account, err := loadRecord(background, t.w.q, k.Into)
	if err != nil {
		if gone(err) {
			return false, nil
		}
		return false, err
	}
	role, at, found, err := t.membership(rec.id, k.Into)
	if err != nil {
		return false, err
	}
	if k.Action == app.TaskLeaveAccount {
		if found {
			return false, nil // they are a member again
		}
		if _, err := t.setAccount(account, true, undoSource); err != nil {
			return false, err
		}
		return true, t.putMembership(rec, account, i.Member, undoSource)
	}
	if !found || !equalText(role, taskRole(k)) || i.Member == nil && at != i.at {
		return false, nil // it was written since
	}
	if i.Member == nil {
		return true, t.endMembership(rec, account, undoSource)
	}
	return true, t.putMembership(rec, account, i.Member, undoSource)
}

func (t *txn) putMembership(rec, account *record, m *taskMember, source string) error {
	if _, err := t.w.q.exec("membership_save", rec.id, account.id, nullable(m.Role), int64(m.At)); err != nil {
		return err
	}
	return t.noteMembership(rec.id, rec.uid, account.id, account.uid, m.Role, true, source)
}

func (t *txn) endMembership(rec, account *record, source string) error {
	if _, err := t.w.q.exec("membership_delete", rec.id, account.id); err != nil {
		return err
	}
	return t.noteMembership(rec.id, rec.uid, account.id, account.uid, nil, false, source)
}
