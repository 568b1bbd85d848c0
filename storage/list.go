package storage

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"

	"kith/app"
)

// listRow returns the row of a list by its id on the wire.
func (t *txn) list(id string) (*app.List, error) { return findList(background, t.w.db, t.w.q, id) }

func findList(ctx context.Context, db *DB, q statements, id string) (*app.List, error) {
	row, second, ok := db.listIDs.decode(id)
	if !ok {
		return nil, app.NotFound("There is no list with the id %q.", id)
	}
	l, err := loadList(ctx, db, q, row)
	if app.CodeOf(err) == app.CodeNotFound || err == nil && int64(l.CreatedAt)/1000 != second {
		return nil, app.NotFound("There is no list with the id %q.", id)
	}
	return l, err
}

func loadList(ctx context.Context, db *DB, q statements, row int64) (*app.List, error) {
	l := &app.List{}
	found, err := q.row(ctx, "list_row", args(row), listFields(l)...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, app.NotFound("There is no such list.")
	}
	l.ID = db.listIDs.encode(l.Row, l.CreatedAt)
	return l, nil
}

func listFields(l *app.List) []any {
	return []any{&l.Row, &l.Title, &l.Description, &l.RedirectURL, &l.DoubleOptIn, &l.CreatedAt, &l.ArchivedAt, &l.Pending, &l.Subscribed, &l.Unsubscribed}
}

// openLists turns the ids of lists to subscribe to into rows; every one must be there
// and not archived.
func (t *txn) openLists(ids []string) ([]int64, error) {
	var rows []int64
	for _, id := range ids {
		l, err := t.list(id)
		if app.CodeOf(err) == app.CodeNotFound && err != nil {
			return nil, app.Invalid("lists", "there is no list with the id %q; nothing of this request was applied", id)
		}
		if err != nil {
			return nil, err
		}
		if l.ArchivedAt != nil {
			return nil, app.Invalid("lists", "the list %q is archived and takes no new subscribers", l.Title)
		}
		rows = append(rows, l.Row)
	}
	return rows, nil
}

func (t *txn) subscription(list, customer int64) (app.SubscriptionStatus, bool, error) {
	var status app.SubscriptionStatus
	var at int64
	found, err := t.w.q.row(background, "subscription_find", args(list, customer), &status, &at)
	return status, found, err
}

// subscribe puts a customer on a list with a status and reports whether that changed anything.
func (t *txn) subscribe(list, customer int64, status app.SubscriptionStatus, source string) (bool, error) {
	have, found, err := t.subscription(list, customer)
	if err != nil || found && have == status {
		return false, err
	}
	if err := t.putSubscription(list, customer, status, t.now, have, found); err != nil {
		return false, err
	}
	return true, t.noteSubscription(list, customer, status, source)
}

func (t *txn) putSubscription(list, customer int64, status app.SubscriptionStatus, at app.Instant, have app.SubscriptionStatus, found bool) error {
	if _, err := t.w.q.exec("subscription_save", list, customer, int64(status), int64(at)); err != nil {
		return err
	}
	var by [3]int64
	by[status]++
	if found {
		by[have]--
	}
	return t.countList(list, by)
}

func (t *txn) dropSubscription(list, customer int64, status app.SubscriptionStatus) error {
	if _, err := t.w.q.exec("subscription_delete", list, customer); err != nil {
		return err
	}
	var by [3]int64
	by[status]--
	return t.countList(list, by)
}

func (t *txn) countList(list int64, by [3]int64) error {
	_, err := t.w.q.exec("list_count", by[app.Pending], by[app.Subscribed], by[app.Unsubscribed], list)
	return err
}

func (t *txn) noteSubscription(list, customer int64, status app.SubscriptionStatus, source string) error {
	if err := t.feed(app.KindList, customer, list); err != nil {
		return err
	}
	l, err := loadList(background, t.w.db, t.w.q, list)
	if err != nil {
		return err
	}
	return t.history(customer, app.KindList, source, map[string]string{"list": l.ID, "title": l.Title, "status": status.String()})
}

func (t *txn) joinLists(c *app.JoinLists) (app.Result, error) {
	lists, err := t.openLists(c.Lists)
	if err != nil {
		return app.Result{}, err
	}
	row, err := t.must(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	changed := false
	for _, list := range lists {
		did, err := t.subscribe(list, row, app.Subscribed, c.Source)
		if err != nil {
			return app.Result{}, err
		}
		changed = changed || did
	}
	return t.resultOf(row, changed)
}

func (t *txn) leaveLists(c *app.LeaveLists) (app.Result, error) {
	row, err := t.must(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	var lists []*app.List
	for _, id := range c.Lists {
		l, err := t.list(id)
		if err != nil {
			return app.Result{}, err
		}
		lists = append(lists, l)
	}
	changed := false
	for _, l := range lists {
		status, found, err := t.subscription(l.Row, row)
		if err != nil {
			return app.Result{}, err
		}
		if !found {
			continue
		}
		if err := t.dropSubscription(l.Row, row, status); err != nil {
			return app.Result{}, err
		}
		if err := t.noteSubscription(l.Row, row, app.NotSubscribed, c.Source); err != nil {
			return app.Result{}, err
		}
		changed = true
	}
	return t.resultOf(row, changed)
}

func (t *txn) setSubscription(c *app.SetSubscription) (app.Result, error) {
	l, err := t.list(c.List)
	if err != nil {
		return app.Result{}, err
	}
	row, err := t.must(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	status := app.Unsubscribed
	if c.Subscribed {
		status = app.Subscribed
		_, found, err := t.subscription(l.Row, row)
		if err != nil {
			return app.Result{}, err
		}
		if !found && l.ArchivedAt != nil {
			return app.Result{}, app.Invalid("", "the list %q is archived and takes no new subscribers", l.Title)
		}
	}
	did, err := t.subscribe(l.Row, row, status, c.Source)
	if err != nil {
		return app.Result{}, err
	}
	res, err := t.resultOf(row, did)
	res.List, res.Status = l.Row, status
	return res, err
}

// addSubscriber puts a person on a list, found by e-mail, else number, else made
// without an id. On a double-opt-in list the subscription waits for confirmation.
// Whoever was erased may put themselves on a list again: that is asking to be back.
func (t *txn) addSubscriber(c *app.AddSubscriber) (app.Result, error) {
	l, err := t.list(c.List)
	if err != nil {
		return app.Result{}, err
	}
	if l.ArchivedAt != nil {
		return app.Result{}, app.Invalid("", "the list %q is archived and takes no new subscribers", l.Title)
	}
	row, err := t.findByContact(&c.Profile)
	if err != nil {
		return app.Result{}, err
	}
	created := row == 0
	if created {
		rec := &record{createdAt: t.now}
		rec.changed[colCreatedAt] = t.now
		edits := editProfile(rec, &c.Profile, t.now)
		if len(rec.attrs) > app.MaxAttributes {
			return app.Result{}, app.Invalid("meta", "a customer can have %d attributes, not %d", app.MaxAttributes, len(rec.attrs))
		}
		if err := t.saveProfile(rec, rec.isAccount, edits, c.Source); err != nil {
			return app.Result{}, err
		}
		row = rec.id
	}
	status := app.Subscribed
	have, found, err := t.subscription(l.Row, row)
	if err != nil {
		return app.Result{}, err
	}
	if l.DoubleOptIn && !(found && have == app.Subscribed) {
		status = app.Pending
	}
	did, err := t.subscribe(l.Row, row, status, c.Source)
	if err != nil {
		return app.Result{}, err
	}
	res, err := t.resultOf(row, did || created)
	res.Created, res.List, res.Status = created, l.Row, status
	return res, err
}

// findByContact returns the oldest customer with the profile's e-mail, else number.
func (t *txn) findByContact(p *app.Profile) (int64, error) {
	first := func(statement, key string) (int64, error) {
		var row int64
		var provisional bool
		_, err := t.w.q.row(background, statement, args(key), &row, &provisional)
		return row, err
	}
	if p.Email.Value != nil {
		if row, err := first("customer_by_email", app.FoldEmail(*p.Email.Value)); row != 0 || err != nil {
			return row, err
		}
	}
	if p.Number.Value != nil {
		return first("customer_by_number", *p.Number.Value)
	}
	return 0, nil
}

// confirm turns a pending subscription into one. A second click is no error.
func (t *txn) confirm(c *app.Confirm) (app.Result, error) {
	list, customer, ok := t.w.db.readConfirmation(c.Token)
	if !ok {
		return app.Result{}, app.NotFound("This confirmation link is not valid. Subscribe again to get a new one.")
	}
	have, found, err := t.subscription(list, customer)
	if err != nil {
		return app.Result{}, err
	}
	if !found || have == app.Unsubscribed {
		return app.Result{}, app.NotFound("This confirmation link is no longer valid. Subscribe again to get a new one.")
	}
	did, err := t.subscribe(list, customer, app.Subscribed, c.Source)
	if err != nil {
		return app.Result{}, err
	}
	res, err := t.resultOf(customer, did)
	res.List, res.Status = list, app.Subscribed
	return res, err
}

// ConfirmationToken is what the confirmation link of a pending subscription carries.
// It is signed, not stored.
func (db *DB) ConfirmationToken(list, customer int64) string {
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(list)), uint64(customer))
	return base64.RawURLEncoding.EncodeToString(append(b, db.sign("confirm", b)...))
}

func (db *DB) readConfirmation(token string) (list, customer int64, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 32 || subtle.ConstantTimeCompare(b[16:], db.sign("confirm", b[:16])) != 1 {
		return 0, 0, false
	}
	return int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:])), true
}

func (db *DB) sign(purpose string, b []byte) []byte {
	mac := hmac.New(sha256.New, db.secret)
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write(b)
	return mac.Sum(nil)[:16]
}

// saveList creates a list or changes the given fields of one.
func (t *txn) saveList(c *app.SaveList) (app.Result, error) {
	l := &app.List{CreatedAt: t.now}
	if c.List != "" {
		var err error
		if l, err = t.list(c.List); err != nil {
			return app.Result{}, err
		}
	}
	before := *l
	if c.Title != nil {
		l.Title = *c.Title
	}
	if c.Description.Given {
		l.Description = c.Description.Value
	}
	if c.RedirectURL.Given {
		l.RedirectURL = c.RedirectURL.Value
	}
	if c.DoubleOptIn != nil {
		l.DoubleOptIn = *c.DoubleOptIn
	}
	if c.List == "" {
		res, err := t.w.q.exec("list_insert", l.Title, nullable(l.Description), nullable(l.RedirectURL), l.DoubleOptIn, int64(l.CreatedAt))
		if err != nil {
			return app.Result{}, err
		}
		if l.Row, err = res.LastInsertId(); err != nil {
			return app.Result{}, err
		}
		t.total("lists", 1)
		return app.Result{List: l.Row, Created: true, Changed: true}, t.feed(app.KindListSaved, 0, l.Row)
	}
	if l.Title == before.Title && l.DoubleOptIn == before.DoubleOptIn &&
		equalText(l.Description, before.Description) && equalText(l.RedirectURL, before.RedirectURL) {
		return app.Result{List: l.Row}, nil
	}
	if _, err := t.w.q.exec("list_update", l.Title, nullable(l.Description), nullable(l.RedirectURL), l.DoubleOptIn, l.Row); err != nil {
		return app.Result{}, err
	}
	return app.Result{List: l.Row, Changed: true}, t.feed(app.KindListSaved, 0, l.Row)
}

func (t *txn) archiveList(c *app.ArchiveList) (app.Result, error) {
	l, err := t.list(c.List)
	if err != nil {
		return app.Result{}, err
	}
	if l.ArchivedAt != nil {
		return app.Result{List: l.Row}, nil
	}
	if _, err := t.w.q.exec("list_archive", int64(t.now), l.Row); err != nil {
		return app.Result{}, err
	}
	return app.Result{List: l.Row, Changed: true}, t.feed(app.KindListSaved, 0, l.Row)
}

func (t *txn) restoreList(c *app.RestoreList) (app.Result, error) {
	l, err := t.list(c.List)
	if err != nil {
		return app.Result{}, err
	}
	if l.ArchivedAt == nil {
		return app.Result{List: l.Row}, nil
	}
	if _, err := t.w.q.exec("list_restore", l.Row); err != nil {
		return app.Result{}, err
	}
	return app.Result{List: l.Row, Changed: true}, t.feed(app.KindListSaved, 0, l.Row)
}
