package storage

import (
	"database/sql"
	"strings"

	"kith/app"
)

// claim says that a provisional customer, made without an id, is to get one: uid. If
// another customer has that id already (into), the provisional one is folded into it.
type claim struct {
	provisional int64
	uid         string
	into        int64
}

// target is the row that will hold the customer after the claim.
func (c *claim) target() int64 {
	if c.into != 0 {
		return c.into
	}
	return c.provisional
}

// claimFor finds out whether c claims a provisional customer: one addressed by its
// internal id with a new id in the body, or, with the private key, the only one that
// has the same e-mail or number. row is the customer that c.UID means, or 0.
// Engage: a user made by an integration has uid_updateable and takes the next uid.
func (t *txn) claimFor(c *app.SetProfile, row int64) (*claim, error) {
	if t.s.totals["provisional"] == 0 || c.UID == "" || c.Mode == app.CreateOnly && row != 0 {
		return nil, nil
	}
	if c.NewUID != "" && c.NewUID != c.UID && row != 0 {
		rec, err := loadRecord(background, t.w.q, row)
		if err != nil || !rec.provisional {
			return nil, err
		}
		into, err := t.find(c.NewUID)
		if err == nil && into == 0 {
			err = t.checkErased(c.NewUID)
		}
		if err != nil || into == row {
			return nil, err
		}
		return &claim{provisional: row, uid: c.NewUID, into: into}, nil
	}
	if !c.Trusted || c.Mode == app.UpdateOnly && row == 0 {
		return nil, nil
	}
	matches, err := t.provisionalLike(&c.Profile, row)
	if err != nil || len(matches) != 1 {
		return nil, err
	}
	if row == 0 {
		if err := t.checkErased(c.UID); err != nil {
			return nil, err
		}
	}
	for id := range matches {
		return &claim{provisional: id, uid: c.UID, into: row}, nil
	}
	return nil, nil
}

// provisionalLike returns the provisional customers with the e-mail or number of p.
func (t *txn) provisionalLike(p *app.Profile, except int64) (map[int64]struct{}, error) {
	matches := map[int64]struct{}{}
	collect := func(statement string, f app.Field, fold func(string) string) error {
		if f.Value == nil || *f.Value == "" {
			return nil
		}
		return t.w.q.each(background, statement, args(fold(*f.Value)), func(rows *sql.Rows) error {
			var id int64
			var provisional bool
			if err := rows.Scan(&id, &provisional); err != nil {
				return err
			}
			if provisional && id != except {
				matches[id] = struct{}{}
			}
			return nil
		})
	}
	if err := collect("customer_by_email", p.Email, app.FoldEmail); err != nil {
		return nil, err
	}
	same := func(s string) string { return s }
	return matches, collect("customer_by_number", p.Number, same)
}

// settleClaim gives the provisional customer its id, or folds it into the one that has it.
func (t *txn) settleClaim(c *claim, source string) (*record, error) {
	if c.into != 0 {
		if err := t.fold(c.provisional, c.into, source); err != nil {
			return nil, err
		}
		return loadRecord(background, t.w.q, c.into)
	}
	return t.rename(c.provisional, c.uid, source)
}

// rename gives a customer another uid and keeps the old one as an alias.
func (t *txn) rename(row int64, uid, source string) (*record, error) {
	rec, err := loadRecord(background, t.w.q, row)
	if err != nil {
		return nil, err
	}
	if rec.provisional {
		t.total("provisional", -1)
	}
	old := rec.uid
	rec.uid, rec.provisional = uid, false
	if _, err := t.w.q.exec("customer_rename", uid, false, row); err != nil {
		return nil, err
	}
	if _, err := t.w.q.exec("alias_insert", old, row); err != nil {
		return nil, err
	}
	t.s.uids.put(uid, row)
	t.s.uids.put(old, row)
	if err := t.feed(app.KindRenamed, row, 0); err != nil {
		return nil, err
	}
	return rec, t.history(row, app.KindRenamed, source, map[string]string{"from": old})
}

// merge folds the customer From into To. From's id, and all that ever led to it, leads
// to To from then on, so that a late event still arrives.
func (t *txn) merge(c *app.Merge) (app.Result, error) {
	from, err := t.findMerged(c, c.From)
	if err != nil {
		return app.Result{}, err
	}
	to, err := t.findMerged(c, c.To)
	if err != nil {
		return app.Result{}, err
	}
	if c.Visitor && from != 0 && from != to {
		rec, err := loadRecord(background, t.w.q, from)
		if err != nil {
			return app.Result{}, err
		}
		if rec.uid != c.From {
			if to == 0 {
				return app.Result{}, nil
			}
			return t.resultOf(to, false)
		}
	}
	for uid, row := range map[string]int64{c.From: from, c.To: to} {
		if row != 0 {
			continue
		}
		if err := t.checkErased(uid); err != nil {
			return app.Result{}, err
		}
	}
	switch {
	case c.From == c.To || from != 0 && from == to:
		if to == 0 {
			return app.Result{}, nil
		}
		return t.resultOf(to, false)
	case to == 0 && from != 0:
		rec, err := t.rename(from, c.To, c.Source)
		if err != nil {
			return app.Result{}, err
		}
		res := t.result(rec)
		res.Changed = true
		return res, nil
	case to == 0:
		if to, err = t.makeCustomer(c.To, false, c.Source); err != nil {
			return app.Result{}, err
		}
		err = t.alias(c.From, to)
	case from == 0:
		err = t.alias(c.From, to)
	default:
		err = t.fold(from, to, c.Source)
	}
	if err != nil {
		return app.Result{}, err
	}
	return t.resultOf(to, true)
}

// findMerged is find for one side of a merge.
func (t *txn) findMerged(c *app.Merge, uid string) (int64, error) {
	row, err := t.find(uid)
	if err != nil || row != 0 || !c.Emails || !strings.Contains(uid, "@") {
		return row, err
	}
	return t.findByContact(&app.Profile{Email: app.FieldOf(uid)})
}

func (t *txn) alias(uid string, row int64) error {
	t.s.uids.put(uid, row)
	_, err := t.w.q.exec("alias_insert", uid, row)
	return err
}

// fold moves everything of the customer from to the customer to, whose own values win,
// and removes from.
func (t *txn) fold(from, to int64, source string) error {
	a, err := loadRecord(background, t.w.q, from)
	if err != nil {
		return err
	}
	b, err := loadRecord(background, t.w.q, to)
	if err != nil {
		return err
	}
	if err := t.foldRows(a, b); err != nil {
		return err
	}
	if err := t.alias(a.uid, to); err != nil {
		return err
	}
	if err := t.feed(app.KindMerged, to, from); err != nil {
		return err
	}
	t.touch(from)
	return t.history(to, app.KindMerged, source, map[string]string{"uid": a.uid})
}

// foldRows moves all that is a's to b, and removes a.
func (t *txn) foldRows(a, b *record) error {
	if err := t.foldValues(a, b); err != nil {
		return err
	}
	for _, step := range []func(a, b *record) error{t.foldDevices, t.foldLists, t.foldAccounts, t.foldEvents, t.foldAliases, t.foldServices} {
		if err := step(a, b); err != nil {
			return err
		}
	}
	if _, err := t.w.q.exec("history_move", b.id, a.id); err != nil {
		return err
	}
	return t.removeRow(a)
}

// foldValues gives b the attributes that only a has, with the times at which a got them.
func (t *txn) foldValues(a, b *record) error {
	for i := range a.text {
		switch {
		case a.text[i] == nil:
		case b.text[i] == nil:
			b.text[i], b.changed[i] = a.text[i], a.changed[i]
		default:
			t.countAttribute(fieldEdit{app.StandardAttributes[i], true, quoteText(a.text[i]), nil})
		}
	}
	have := make(map[string]struct{}, len(b.attrs))
	for _, attr := range b.attrs {
		have[attr.Name] = struct{}{}
	}
	for _, attr := range a.attrs {
		_, ok := have[attr.Name]
		if ok || attr.Name == app.SuppressedAttribute && a.emailKey() != b.emailKey() { // it is the address that is marked
			t.countAttribute(fieldEdit{attr.Name, false, attr.Value, nil})
			continue
		}
		b.attrs = append(b.attrs, attr)
	}
	return t.updateRecord(b)
}

func (t *txn) foldDevices(a, b *record) error {
	devices, err := t.devicesOf(a.id)
	if err != nil || len(devices) == 0 {
		return err
	}
	mine, err := t.devicesOf(b.id)
	if err != nil {
		return err
	}
	at := map[string]app.Instant{}
	for _, d := range mine {
		at[d.Token] = d.At
	}
	for _, d := range devices {
		if have, ok := at[d.Token]; ok && have >= d.At {
			continue
		}
		if _, err := t.w.q.exec("device_save", b.id, d.Token, d.Platform, int64(d.At)); err != nil {
			return err
		}
	}
	if mine, err = t.devicesOf(b.id); err != nil {
		return err
	}
	for i := app.MaxDevices; i < len(mine); i++ {
		if _, err := t.w.q.exec("device_delete", b.id, mine[i].Token); err != nil {
			return err
		}
	}
	_, err = t.w.q.exec("device_clear", a.id)
	return err
}

// foldLists moves a's subscriptions. Where both are on a list, unsubscribed wins over
// subscribed, and subscribed over pending: nobody is mailed who once said no.
func (t *txn) foldLists(a, b *record) error {
	theirs, err := t.subscriptionsOf(a.id)
	if err != nil {
		return err
	}
	for _, s := range theirs {
		if err := t.dropSubscription(s.List, a.id, s.Status); err != nil {
			return err
		}
		have, found, err := t.subscription(s.List, b.id)
		if err != nil {
			return err
		}
		if found && have >= s.Status { // the order of the constants is that of the rule
			continue
		}
		if err := t.putSubscription(s.List, b.id, s.Status, s.At, have, found); err != nil {
			return err
		}
	}
	return nil
}

// foldAccounts moves memberships on both sides: a's accounts, and a's members, who are told.
func (t *txn) foldAccounts(a, b *record) error {
	accounts, err := t.accountsOf(a.id)
	if err != nil {
		return err
	}
	members, err := t.membersOf(a.id)
	if err != nil {
		return err
	}
	if _, err := t.w.q.exec("membership_clear", a.id); err != nil {
		return err
	}
	if _, err := t.w.q.exec("membership_clear_account", a.id); err != nil {
		return err
	}
	for _, m := range accounts {
		if m.Row == b.id {
			continue
		}
		if err := t.moveMembership(b.id, m.Row, m); err != nil {
			return err
		}
	}
	moved := false
	for _, m := range members {
		if m.Row == b.id {
			continue
		}
		moved = true
		if err := t.moveMembership(m.Row, b.id, m); err != nil {
			return err
		}
		if err := t.feed(app.KindAccount, m.Row, b.id); err != nil {
			return err
		}
	}
	if moved {
		_, err = t.setAccount(b, true, "api")
	}
	return err
}

func (t *txn) moveMembership(customer, account int64, m app.Membership) error {
	role, found, err := t.role(customer, account)
	if err != nil {
		return err
	}
	if found && role != nil {
		return nil // the destination's role wins
	}
	_, err = t.w.q.exec("membership_save", customer, account, nullable(m.Role), int64(m.At))
	return err
}

func (t *txn) foldEvents(a, b *record) error {
	names, err := t.eventNamesOf(a.id)
	if err != nil {
		return err
	}
	for _, n := range names {
		if _, err := t.w.q.exec("event_customer_remove", n.row, a.id); err != nil {
			return err
		}
		res, err := t.w.q.exec("event_customer_add", n.row, b.id)
		if err != nil {
			return err
		}
		added, err := res.RowsAffected()
		if err != nil {
			return err
		}
		n.customers += added - 1
		n.known.Remove(uint64(a.id))
		t.names[n] = struct{}{}
	}
	if len(names) == 0 {
		return nil
	}
	_, err = t.w.q.exec("event_move", b.id, a.id)
	return err
}

func (t *txn) eventNamesOf(customer int64) ([]*eventName, error) {
	var names []*eventName
	err := t.w.q.each(background, "event_customer_names", args(customer), func(rows *sql.Rows) error {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		names = append(names, t.s.eventIDs[id])
		return nil
	})
	return names, err
}

func (t *txn) foldAliases(a, b *record) error {
	aliases, err := t.aliasesOf(a.id)
	if err != nil {
		return err
	}
	if _, err := t.w.q.exec("alias_move", b.id, a.id); err != nil {
		return err
	}
	for _, uid := range aliases {
		t.s.uids.drop(uid)
	}
	return nil
}

// removeRow deletes the row of a customer whose belongings have been moved or deleted.
func (t *txn) removeRow(r *record) error {
	if _, err := t.w.q.exec("customer_delete", r.id); err != nil {
		return err
	}
	t.total("customers", -1)
	t.spanned(r.dated, 0, -1)
	if r.isAccount {
		t.total("accounts", -1)
	}
	if r.archivedAt.Valid {
		t.total("archived", -1)
	}
	if r.provisional {
		t.total("provisional", -1)
	}
	t.s.uids.drop(r.uid)
	return t.dropImported(r.id)
}

// dropImported takes a customer that goes out of what imports keep. The ranges of those
// they made stay: they hold no value, and no row number is used twice.
func (t *txn) dropImported(row int64) error {
	if t.s.totals["imports"] == 0 {
		return nil
	}
	if _, err := t.w.q.exec("import_change_clear", row); err != nil {
		return err
	}
	_, err := t.w.q.exec("import_kept_clear", row)
	return err
}

// eraseImported takes what files said of an erased customer out of what imports keep:
// rows that were refused, by the ids and contacts in them, and samples of cells. Rows
// that say it in other columns, and files that wait, are the importer's own Forget.
func (t *txn) eraseImported(rec *record, aliases []string) error {
	if t.s.totals["imports"] == 0 {
		return nil
	}
	var keys keyList
	for i, uid := range append([]string{rec.uid}, aliases...) {
		keys.add(uid, i)
	}
	if rec.text[colEmail] != nil {
		keys.add(app.FoldEmail(*rec.text[colEmail]), 0)
	}
	if rec.text[colNumber] != nil {
		keys.add(*rec.text[colNumber], 0)
	}
	if _, err := t.w.q.exec("import_refused_erase", keys.args()...); err != nil {
		return err
	}
	_, err := t.w.q.exec("import_forget_samples")
	return err
}
