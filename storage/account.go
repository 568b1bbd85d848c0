package storage

import "kith/app"

// checkAccounts refuses a customer that would be a member of itself.
func (t *txn) checkAccounts(uid string, accounts []app.AccountRole) error {
	for _, a := range accounts {
		if a.UID == uid {
			return app.Invalid("accounts", "%q cannot be a member of itself", uid)
		}
		row, err := t.find(a.UID)
		if err == nil && row == 0 {
			err = t.checkErased(a.UID)
		}
		if err != nil {
			return err
		}
		if row == 0 {
			continue
		}
		if mine, err := t.find(uid); err != nil || mine == row {
			if err == nil {
				err = app.Invalid("accounts", "%q and %q are the same customer", uid, a.UID)
			}
			return err
		}
	}
	return nil
}

// checkClaimedAccounts refuses that a claim makes a customer a member of itself, under
// any of the ids that it will have.
func (t *txn) checkClaimedAccounts(c *claim, accounts []app.AccountRole) error {
	for _, a := range accounts {
		row, err := t.find(a.UID)
		if err != nil {
			return err
		}
		if a.UID == c.uid || row != 0 && (row == c.provisional || row == c.into) {
			return app.Invalid("accounts", "%q cannot be a member of itself", c.uid)
		}
	}
	return nil
}

// joinAccounts makes a customer a member of accounts. Whom it does not know it makes.
func (t *txn) joinAccounts(c *app.JoinAccounts) (app.Result, error) {
	row, err := t.find(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	if row == 0 {
		if err := t.checkErased(c.UID); err != nil {
			return app.Result{}, err
		}
	}
	if err := t.checkAccounts(c.UID, c.Accounts); err != nil {
		return app.Result{}, err
	}
	created := row == 0
	if created {
		if row, err = t.makeCustomer(c.UID, false, c.Source); err != nil {
			return app.Result{}, err
		}
	}
	rec, err := loadRecord(background, t.w.q, row)
	if err != nil {
		return app.Result{}, err
	}
	res := t.result(rec)
	res.Created, res.Changed = created, created
	for _, a := range c.Accounts {
		did, err := t.joinAccount(rec, a, c.Source)
		if err != nil {
			return res, err
		}
		res.Changed = res.Changed || did
	}
	return res, nil
}

// joinAccount makes rec a member of one account, or changes its role there. Having a
// member makes the other an account.
func (t *txn) joinAccount(rec *record, a app.AccountRole, source string) (bool, error) {
	account, err := t.find(a.UID)
	if err != nil {
		return false, err
	}
	if account == 0 {
		if account, err = t.makeCustomer(a.UID, true, source); err != nil {
			return false, err
		}
	} else {
		other, err := loadRecord(background, t.w.q, account)
		if err != nil {
			return false, err
		}
		if _, err := t.setAccount(other, true, source); err != nil {
			return false, err
		}
	}
	role, found, err := t.role(rec.id, account)
	if err != nil {
		return false, err
	}
	if found && (a.Role == nil || equalText(role, a.Role)) {
		return false, nil
	}
	if _, err := t.w.q.exec("membership_save", rec.id, account, nullable(a.Role), int64(t.now)); err != nil {
		return false, err
	}
	return true, t.noteMembership(rec.id, rec.uid, account, a.UID, a.Role, true, source)
}

func (t *txn) noteMembership(customer int64, uid string, account int64, accountUID string, role *string, joined bool, source string) error {
	if err := t.feed(app.KindAccount, customer, account); err != nil {
		return err
	}
	t.touch(account)
	note := func(other string) map[string]any {
		return map[string]any{"uid": other, "role": role, "joined": joined}
	}
	if err := t.history(customer, app.KindAccount, source, note(accountUID)); err != nil {
		return err
	}
	return t.history(account, app.KindMember, source, note(uid))
}

func (t *txn) role(customer, account int64) (role *string, found bool, err error) {
	role, _, found, err = t.membership(customer, account)
	return role, found, err
}

func (t *txn) membership(customer, account int64) (role *string, at app.Instant, found bool, err error) {
	found, err = t.w.q.row(background, "membership_find", args(customer, account), &role, &at)
	return role, at, found, err
}

func (t *txn) leaveAccount(c *app.LeaveAccount) (app.Result, error) {
	row, err := t.must(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	account, err := t.find(c.Account)
	if err != nil {
		return app.Result{}, err
	}
	_, found, err := t.role(row, account)
	if err != nil || !found {
		if err != nil {
			return app.Result{}, err
		}
		return t.resultOf(row, false)
	}
	if _, err := t.w.q.exec("membership_delete", row, account); err != nil {
		return app.Result{}, err
	}
	res, err := t.resultOf(row, true)
	if err != nil {
		return app.Result{}, err
	}
	return res, t.noteMembership(row, res.UID, account, c.Account, nil, false, c.Source)
}
