package storage

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"kith/app"
)

// What a task deletes is kept apart for as long as it can be brought back: the customer's
// row and all that hangs on it as JSON, its events and history in tables of their own. The
// bodies that services posted stay where they are until then. Whoever is erased is brought
// back first, so that erasing finds everything: see [txn.recall].

type keptCustomer struct {
	UID         string          `json:"uid"`
	Provisional bool            `json:"provisional,omitempty"`
	Text        [4]*string      `json:"text"`
	CreatedAt   app.Instant     `json:"created"`
	InsertedAt  app.Instant     `json:"inserted"`
	IsAccount   bool            `json:"account,omitempty"`
	ArchivedAt  *int64          `json:"archived,omitempty"`
	Attributes  json.RawMessage `json:"attributes"`
	Changed     []byte          `json:"changed"`
	Aliases     []string        `json:"aliases,omitempty"`
	Devices     []app.Device    `json:"devices,omitempty"`
	Lists       []keptPlace     `json:"lists,omitempty"`
	Accounts    []keptPlace     `json:"accounts,omitempty"`
	Members     []keptPlace     `json:"members,omitempty"`
	External    [][2]string     `json:"external,omitempty"`
	Stamps      [][2]string     `json:"stamps,omitempty"` // by service
	Imports     []keptImport    `json:"imports,omitempty"`
	Merge       *keptMerge      `json:"merge,omitempty"` // it was not deleted but merged into another
}

// keptPlace is a place on a list, or in an account.
type keptPlace struct {
	Row    int64       `json:"row"`
	Status int         `json:"status,omitempty"`
	Role   *string     `json:"role,omitempty"`
	At     app.Instant `json:"at"`
}

type keptImport struct {
	Import int64       `json:"import"`
	At     app.Instant `json:"at,omitempty"`
	Data   *string     `json:"data,omitempty"`
	Reason *string     `json:"reason,omitempty"`
}

// describe gathers a customer and what hangs on it, but for events and history.
func (t *txn) describe(rec *record) (*keptCustomer, error) {
	binary, changed := rec.encode()
	attributes, _, err := appendJSON(nil, binary)
	if err != nil {
		return nil, err
	}
	k := &keptCustomer{UID: rec.uid, Provisional: rec.provisional, Text: rec.text, CreatedAt: rec.createdAt, InsertedAt: rec.insertedAt,
		IsAccount: rec.isAccount, Attributes: json.RawMessage(attributes), Changed: changed}
	if rec.archivedAt.Valid {
		k.ArchivedAt = &rec.archivedAt.Int64
	}
	if k.Aliases, err = t.aliasesOf(rec.id); err != nil {
		return nil, err
	}
	if k.Devices, err = t.devicesOf(rec.id); err != nil {
		return nil, err
	}
	lists, err := t.subscriptionsOf(rec.id)
	if err != nil {
		return nil, err
	}
	for _, s := range lists {
		k.Lists = append(k.Lists, keptPlace{Row: s.List, Status: int(s.Status), At: s.At})
	}
	accounts, err := t.accountsOf(rec.id)
	if err != nil {
		return nil, err
	}
	k.Accounts = keptPlaces(accounts)
	members, err := t.membersOf(rec.id)
	if err != nil {
		return nil, err
	}
	k.Members = keptPlaces(members)
	for _, pairs := range []struct {
		statement string
		into      *[][2]string
	}{{"external_list", &k.External}, {"service_value_list", &k.Stamps}} {
		err := t.w.q.each(background, pairs.statement, args(rec.id), func(rows *sql.Rows) error {
			var p [2]string
			err := rows.Scan(&p[0], &p[1])
			*pairs.into = append(*pairs.into, p)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if t.s.totals["imports"] == 0 {
		return k, nil
	}
	return k, t.w.q.each(background, "kept_imports", args(rec.id), func(rows *sql.Rows) error {
		var i keptImport
		var at *app.Instant
		err := rows.Scan(&i.Import, &at, &i.Data, &i.Reason)
		if at != nil {
			i.At = *at
		}
		k.Imports = append(k.Imports, i)
		return err
	})
}

func keptPlaces(list []app.Membership) (out []keptPlace) {
	for _, m := range list {
		out = append(out, keptPlace{Row: m.Row, Role: m.Role, At: m.At})
	}
	return out
}

// deleteKept deletes a customer so that it can be brought back.
func (t *txn) deleteKept(rec *record, task int64) error {
	k, err := t.describe(rec)
	if err != nil {
		return err
	}
	for _, statement := range []string{"kept_events_take", "kept_history_take"} {
		if _, err := t.w.q.exec(statement, rec.id); err != nil {
			return err
		}
	}
	if err := t.keep(rec.id, task, k); err != nil {
		return err
	}
	if err := t.removeCustomer(rec, k.Aliases, true); err != nil {
		return err
	}
	return t.feed(app.KindDeleted, rec.id, int64(rec.insertedAt))
}

// keep writes what is kept, and the ids that lead to it.
func (t *txn) keep(row, task int64, k *keptCustomer) error {
	if _, err := t.w.q.exec("kept_save", row, task, encode(k)); err != nil {
		return err
	}
	for _, uid := range append([]string{k.UID}, k.Aliases...) {
		if _, err := t.w.q.exec("kept_id_add", uid, row); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) loadKept(row int64) (k *keptCustomer, task int64, err error) {
	var data []byte
	found, err := t.w.q.row(background, "kept_find", args(row), &task, &data)
	if err != nil || !found {
		return nil, 0, err
	}
	k = &keptCustomer{}
	return k, task, json.Unmarshal(data, k)
}

func (t *txn) keptOf(task int64, limit int) (rows []int64, err error) {
	err = t.w.q.each(background, "kept_last", args(task, limit), func(r *sql.Rows) error {
		var row int64
		err := r.Scan(&row)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// dropKept removes what is kept of a customer: for good, or because it is back.
func (t *txn) dropKept(row int64, forGood bool) error {
	if forGood {
		k, _, err := t.loadKept(row)
		if err != nil {
			return err
		}
		statements := []string{"task_item_clear"}
		if k != nil && k.Merge == nil { // the bodies of a merged one belong to the other
			statements = append(statements, "delivery_erase", "delivery_customer_clear")
		}
		for _, statement := range statements {
			if _, err := t.w.q.exec(statement, row); err != nil {
				return err
			}
		}
	}
	for _, statement := range []string{"kept_drop", "kept_id_clear", "kept_events_clear", "kept_history_clear"} {
		if _, err := t.w.q.exec(statement, row); err != nil {
			return err
		}
	}
	return nil
}

// recall brings back everybody who was deleted and had one of some ids, for the sake of an
// erasure, which then finds them. What can no longer be brought back is let go.
func (t *txn) recall(uids []string) error {
	for _, uid := range uids {
		var rows []int64
		err := t.w.q.each(background, "kept_id_find", args(uid), func(r *sql.Rows) error {
			var row int64
			err := r.Scan(&row)
			rows = append(rows, row)
			return err
		})
		if err != nil {
			return err
		}
		for _, row := range rows {
			k, _, err := t.loadKept(row)
			if err != nil || k == nil {
				return err
			}
			if k.Merge != nil { // its belongings are with the other, under the same id
				err = t.dropKept(row, true)
			} else {
				_, err = t.bringBack(row)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// recallFor brings back all that was deleted of whoever an id means, or meant: see recall.
func (t *txn) recallFor(uid string) error {
	if err := t.recall([]string{uid}); err != nil {
		return err
	}
	rec, err := t.mustRecord(uid)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	aliases, err := t.aliasesOf(rec.id)
	if err != nil {
		return err
	}
	return t.recall(append(aliases, rec.uid))
}

// bringBack restores a customer that a task took away, under its row, id and times, and
// reports whether it could. If somebody has the id now, made meanwhile, what was kept is
// folded into that one, whose own values win.
func (t *txn) bringBack(row int64) (bool, error) {
	k, _, err := t.loadKept(row)
	if err != nil || k == nil {
		return false, err
	}
	if k.Merge != nil {
		return t.unmerge(row, k)
	}
	live, err := t.find(k.UID)
	if err != nil {
		return false, err
	}
	rec, err := t.insertKept(row, k, live == 0)
	if err != nil {
		return false, err
	}
	if err := t.returnBelongings(rec, k); err != nil {
		return false, err
	}
	if err := t.returnEvents(rec); err != nil {
		return false, err
	}
	if _, err := t.w.q.exec("kept_history_give", row); err != nil {
		return false, err
	}
	if err := t.dropKept(row, false); err != nil {
		return false, err
	}
	if err := t.feed(app.KindRestored, row, 0); err != nil {
		return false, err
	}
	if live == 0 {
		return true, t.history(row, app.KindRestored, undoSource, struct{}{})
	}
	return true, t.joinLive(rec, live)
}

// insertKept writes the row of a customer again; free says that nobody has its id.
func (t *txn) insertKept(row int64, k *keptCustomer, free bool) (*record, error) {
	rec := &record{id: row, uid: k.UID, provisional: k.Provisional, text: k.Text, createdAt: k.CreatedAt, insertedAt: k.InsertedAt, isAccount: k.IsAccount}
	attributes := appendJSONB(nil, k.Attributes)
	if err := rec.decode(attributes, k.Changed); err != nil {
		return nil, err
	}
	if !free {
		rec.uid, rec.provisional = fmt.Sprintf("\x00kept %d", row), false // folded away in this transaction
	}
	_, err := t.w.q.exec("import_customer_insert", row, rec.uid, rec.provisional, nullable(rec.text[0]), nullable(rec.text[1]), nullable(rec.text[2]),
		nullable(rec.text[3]), rec.emailKey(), int64(rec.createdAt), int64(rec.insertedAt), rec.isAccount, attributes, k.Changed)
	if err != nil {
		return nil, err
	}
	t.s.uids.put(rec.uid, row)
	t.total("customers", 1)
	t.spanned(rec.createdAt, 0, 1)
	if rec.isAccount {
		t.total("accounts", 1)
	}
	if rec.provisional {
		t.total("provisional", 1)
	}
	if k.ArchivedAt != nil {
		rec.archivedAt = sql.NullInt64{Int64: *k.ArchivedAt, Valid: true}
		t.total("archived", 1)
		if _, err := t.w.q.exec("customer_archive", *k.ArchivedAt, row); err != nil {
			return nil, err
		}
	}
	for i, s := range rec.text {
		if s != nil {
			t.countAttribute(fieldEdit{app.StandardAttributes[i], true, nil, quoteText(s)})
		}
	}
	for _, a := range rec.attrs {
		t.countAttribute(fieldEdit{a.Name, false, nil, a.Value})
	}
	return rec, nil
}

// returnBelongings gives back what hung on a customer, but for what somebody else has now.
func (t *txn) returnBelongings(rec *record, k *keptCustomer) error {
	for _, uid := range k.Aliases {
		if other, err := t.find(uid); err != nil {
			return err
		} else if other == 0 {
			if err := t.alias(uid, rec.id); err != nil {
				return err
			}
		}
	}
	for _, d := range k.Devices {
		if _, err := t.w.q.exec("device_save", rec.id, d.Token, d.Platform, int64(d.At)); err != nil {
			return err
		}
	}
	for _, p := range k.Lists {
		if err := t.putSubscription(p.Row, rec.id, app.SubscriptionStatus(p.Status), p.At, 0, false); err != nil {
			return err
		}
	}
	if err := t.returnPlaces(rec, k); err != nil {
		return err
	}
	for _, pair := range k.External {
		if _, err := t.w.q.exec("external_give", pair[0], pair[1], rec.id); err != nil {
			return err
		}
	}
	for _, pair := range k.Stamps {
		if _, err := t.w.q.exec("service_value_save", rec.id, pair[0], pair[1]); err != nil {
			return err
		}
	}
	for _, i := range k.Imports {
		if i.Data != nil {
			if _, err := t.w.q.exec("import_change_add", i.Import, rec.id, int64(i.At), *i.Data); err != nil {
				return err
			}
		}
		if i.Reason != nil {
			if _, err := t.w.q.exec("import_keep", i.Import, rec.id, *i.Reason); err != nil {
				return err
			}
		}
	}
	return nil
}

// returnPlaces gives back who belonged to whom. Where the other is deleted too it is told,
// and brings the tie along when it comes back.
func (t *txn) returnPlaces(rec *record, k *keptCustomer) error {
	for _, side := range []struct {
		places []keptPlace
		mine   bool // rec is the member
	}{{k.Accounts, true}, {k.Members, false}} {
		for _, p := range side.places {
			member, account := rec.id, p.Row
			if !side.mine {
				member, account = p.Row, rec.id
			}
			_, err := loadRecord(background, t.w.q, p.Row)
			if gone(err) {
				if err := t.tellKept(p.Row, keptPlace{Row: rec.id, Role: p.Role, At: p.At}, side.mine); err != nil {
					return err
				}
				continue
			}
			if err == nil {
				_, err = t.w.q.exec("membership_save", member, account, nullable(p.Role), int64(p.At))
			}
			if err != nil {
				return err
			}
			if !side.mine {
				if err := t.feed(app.KindAccount, member, account); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// tellKept adds a tie to a customer that is deleted and can be brought back.
func (t *txn) tellKept(row int64, p keptPlace, member bool) error {
	k, task, err := t.loadKept(row)
	if err != nil || k == nil || k.Merge != nil {
		return err
	}
	into := &k.Accounts
	if member {
		into = &k.Members
	}
	if slices.ContainsFunc(*into, func(have keptPlace) bool { return have.Row == p.Row }) {
		return nil
	}
	*into = append(*into, p)
	return t.keep(row, task, k)
}

// returnEvents puts a customer's events back under their rows. One that came again
// meanwhile, under the id by which a repeat is told, is not doubled.
func (t *txn) returnEvents(rec *record) error {
	if _, err := t.w.q.exec("kept_events_again", rec.id); err != nil {
		return err
	}
	type count struct{ name, at int64 }
	var counts []count
	err := t.w.q.each(background, "kept_events_list", args(rec.id), func(rows *sql.Rows) error {
		var c count
		err := rows.Scan(&c.name, &c.at)
		counts = append(counts, c)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range counts {
		if err := t.countEvent(t.s.eventIDs[c.name], rec.id, c.at); err != nil {
			return err
		}
	}
	for _, statement := range []string{"kept_events_give", "kept_keys_give"} {
		if _, err := t.w.q.exec(statement, rec.id); err != nil {
			return err
		}
	}
	return nil
}

// joinLive folds a customer that is back into the one that was made under its id meanwhile.
func (t *txn) joinLive(back *record, live int64) error {
	b, err := loadRecord(background, t.w.q, live)
	if err != nil {
		return err
	}
	if b.changed[colCreatedAt] == b.insertedAt && b.createdAt == b.insertedAt { // nobody said when the sign-up was
		b.createdAt, b.changed[colCreatedAt] = back.createdAt, back.changed[colCreatedAt]
	}
	if err := t.foldRows(back, b); err != nil {
		return err
	}
	if err := t.feed(app.KindMerged, live, back.id); err != nil {
		return err
	}
	return t.history(live, app.KindRestored, undoSource, struct{}{})
}
