package storage

import (
	"database/sql"
	"fmt"
	"slices"

	"kith/app"
)

// keptMerge is what taking a merge back needs beside the customer that was merged away:
// what the other was like before and after, and which rows the first one brought.
type keptMerge struct {
	Into       int64         `json:"into"`
	Before     *keptCustomer `json:"before"`
	After      *keptCustomer `json:"after"`
	Events     []int64       `json:"events,omitempty"`
	History    []int64       `json:"history,omitempty"`
	Deliveries []int64       `json:"deliveries,omitempty"`
	Shared     []int64       `json:"shared,omitempty"` // deliveries that both were in
}

// mergeKept merges a customer into the one that the task names, so that it can be taken back.
func (t *txn) mergeKept(a *record, task *app.Task) (bool, error) {
	b, err := loadRecord(background, t.w.q, task.Into)
	if err != nil {
		if gone(err) {
			return false, nil
		}
		return false, err
	}
	k, err := t.describe(a)
	if err != nil {
		return false, err
	}
	m := &keptMerge{Into: b.id}
	k.Merge = m
	if m.Before, err = t.describe(b); err != nil {
		return false, err
	}
	var shared []int64
	for _, list := range []struct {
		statement string
		of        int64
		into      *[]int64
	}{{"event_ids", a.id, &m.Events}, {"history_ids", a.id, &m.History}, {"delivery_ids_of", a.id, &m.Deliveries}, {"delivery_ids_of", b.id, &shared}} {
		err := t.w.q.each(background, list.statement, args(list.of), func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			*list.into = append(*list.into, id)
			return err
		})
		if err != nil {
			return false, err
		}
	}
	for _, id := range shared {
		if slices.Contains(m.Deliveries, id) {
			m.Shared = append(m.Shared, id)
		}
	}
	if err := t.fold(a.id, b.id, taskSource); err != nil {
		return false, err
	}
	if b, err = loadRecord(background, t.w.q, b.id); err != nil {
		return false, err
	}
	if m.After, err = t.describe(b); err != nil {
		return false, err
	}
	return true, t.keep(a.id, task.Row, k)
}

// unmerge takes a merge back: the one that was merged away is there again with all it had,
// and the other loses what it got of it, but for what was written since. What came after
// the merge stays with the other.
func (t *txn) unmerge(row int64, k *keptCustomer) (bool, error) {
	m := k.Merge
	b, err := loadRecord(background, t.w.q, m.Into)
	if err != nil && !gone(err) {
		return false, err
	}
	if leads, ferr := t.find(k.UID); ferr != nil {
		return false, ferr
	} else if err != nil || leads != b.id { // the other is gone, or the id leads elsewhere by now
		return false, t.dropKept(row, true)
	}
	for _, uid := range append([]string{k.UID}, k.Aliases...) {
		if _, err := t.w.q.exec("alias_drop", uid, b.id); err != nil {
			return false, err
		}
		t.s.uids.drop(uid)
	}
	a, err := t.insertKept(row, k, true)
	if err != nil {
		return false, err
	}
	for _, step := range []func(b *record, m *keptMerge) error{t.unfoldValues, t.unfoldDevices, t.unfoldLists, t.unfoldPlaces, t.unfoldStamps} {
		if err := step(b, m); err != nil {
			return false, err
		}
	}
	if err := t.returnBelongings(a, k); err != nil {
		return false, err
	}
	for _, pair := range k.External {
		if _, err := t.w.q.exec("external_return", a.id, pair[0], pair[1], b.id); err != nil {
			return false, err
		}
	}
	if err := t.unfoldRows(a, b, m); err != nil {
		return false, err
	}
	if err := t.dropKept(row, false); err != nil {
		return false, err
	}
	for _, id := range []int64{a.id, b.id} {
		if err := t.feed(app.KindRestored, id, 0); err != nil {
			return false, err
		}
	}
	if err := t.history(a.id, app.KindRestored, undoSource, map[string]string{"into": b.uid}); err != nil {
		return false, err
	}
	return true, t.history(b.id, app.KindRestored, undoSource, map[string]string{"uid": a.uid})
}

// unfoldValues takes from b the attributes that it got, unless they were written since.
func (t *txn) unfoldValues(b *record, m *keptMerge) error {
	before, after := &record{id: b.id}, &record{id: b.id}
	if err := before.decode(appendJSONB(nil, m.Before.Attributes), m.Before.Changed); err != nil {
		return err
	}
	if err := after.decode(appendJSONB(nil, m.After.Attributes), m.After.Changed); err != nil {
		return err
	}
	for i := range b.text {
		if m.Before.Text[i] == nil && m.After.Text[i] != nil && b.changed[i] == after.changed[i] && equalText(b.text[i], m.After.Text[i]) {
			t.countAttribute(fieldEdit{app.StandardAttributes[i], true, quoteText(b.text[i]), nil})
			b.text[i], b.changed[i] = nil, before.changed[i]
		}
	}
	same := func(list []app.Attribute, a app.Attribute) bool {
		return slices.ContainsFunc(list, func(o app.Attribute) bool {
			return o.Name == a.Name && o.ChangedAt == a.ChangedAt && string(o.Value) == string(a.Value)
		})
	}
	had := func(a app.Attribute) bool {
		return slices.ContainsFunc(before.attrs, func(o app.Attribute) bool { return o.Name == a.Name })
	}
	b.attrs = slices.DeleteFunc(b.attrs, func(a app.Attribute) bool {
		gained := !had(a) && same(after.attrs, a)
		if gained {
			t.countAttribute(fieldEdit{a.Name, false, a.Value, nil})
		}
		return gained
	})
	return t.updateRecord(b)
}

func (t *txn) unfoldDevices(b *record, m *keptMerge) error {
	find := func(list []app.Device, token string) *app.Device {
		for i := range list {
			if list[i].Token == token {
				return &list[i]
			}
		}
		return nil
	}
	now, err := t.devicesOf(b.id)
	if err != nil {
		return err
	}
	for _, d := range m.After.Devices {
		have, was := find(now, d.Token), find(m.Before.Devices, d.Token)
		if have == nil || have.At != d.At || was != nil && was.At == d.At {
			continue
		}
		if _, err := t.w.q.exec("device_drop_at", b.id, d.Token, int64(d.At)); err != nil {
			return err
		}
	}
	for _, d := range m.Before.Devices {
		after := find(m.After.Devices, d.Token)
		if after != nil && after.At == d.At {
			continue
		}
		if have := find(now, d.Token); have != nil && (after == nil || have.At != after.At) {
			continue // it came again since
		}
		if _, err := t.w.q.exec("device_save", b.id, d.Token, d.Platform, int64(d.At)); err != nil {
			return err
		}
	}
	if now, err = t.devicesOf(b.id); err != nil {
		return err
	}
	for i := app.MaxDevices; i < len(now); i++ {
		if _, err := t.w.q.exec("device_delete", b.id, now[i].Token); err != nil {
			return err
		}
	}
	return nil
}

func placeOf(list []keptPlace, row int64) *keptPlace {
	for i := range list {
		if list[i].Row == row {
			return &list[i]
		}
	}
	return nil
}

func (t *txn) unfoldLists(b *record, m *keptMerge) error {
	for _, p := range m.After.Lists {
		was := placeOf(m.Before.Lists, p.Row)
		if was != nil && was.Status == p.Status && was.At == p.At {
			continue
		}
		status, since, found, err := t.subscriptionSince(p.Row, b.id)
		if err != nil {
			return err
		}
		if !found || int(status) != p.Status || since != p.At {
			continue // it has changed since
		}
		if was == nil {
			err = t.dropSubscription(p.Row, b.id, status)
		} else {
			err = t.putSubscription(p.Row, b.id, app.SubscriptionStatus(was.Status), was.At, status, true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unfoldPlaces takes from b the accounts and members that it got.
func (t *txn) unfoldPlaces(b *record, m *keptMerge) error {
	for _, side := range []struct {
		before, after []keptPlace
		mine          bool
	}{{m.Before.Accounts, m.After.Accounts, true}, {m.Before.Members, m.After.Members, false}} {
		for _, p := range side.after {
			was := placeOf(side.before, p.Row)
			if was != nil && equalText(was.Role, p.Role) {
				continue
			}
			member, account := b.id, p.Row
			if !side.mine {
				member, account = p.Row, b.id
			}
			role, found, err := t.role(member, account)
			if err != nil {
				return err
			}
			if !found || !equalText(role, p.Role) {
				continue
			}
			if was == nil {
				_, err = t.w.q.exec("membership_drop_as", member, account, int64(p.At))
			} else {
				_, err = t.w.q.exec("membership_save", member, account, nullable(was.Role), int64(was.At))
			}
			if err == nil && !side.mine {
				err = t.feed(app.KindAccount, member, account)
			}
			if err != nil {
				return err
			}
		}
	}
	if m.Before.IsAccount || !m.After.IsAccount || !b.isAccount {
		return nil
	}
	members, err := t.membersOf(b.id)
	if err != nil || len(members) > 0 {
		return err
	}
	_, err = t.setAccount(b, false, undoSource)
	return err
}

func (t *txn) unfoldStamps(b *record, m *keptMerge) error {
	for _, after := range m.After.Stamps {
		before := ""
		for _, pair := range m.Before.Stamps {
			if pair[0] == after[0] {
				before = pair[1]
			}
		}
		var err error
		if before == "" {
			_, err = t.w.q.exec("service_value_drop", b.id, after[0], after[1])
		} else {
			_, err = t.w.q.exec("service_value_back", before, b.id, after[0], after[1])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unfoldRows gives a back the events, lines of history and bodies that were its own.
func (t *txn) unfoldRows(a, b *record, m *keptMerge) error {
	for part := range slices.Chunk(m.Events, 10_000) {
		if _, err := t.w.q.exec("event_move_ids", a.id, jsonRows(part), b.id); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(m.History, 10_000) {
		if _, err := t.w.q.exec("history_move_ids", a.id, jsonRows(part), b.id); err != nil {
			return err
		}
	}
	for _, id := range m.Deliveries {
		if _, err := t.w.q.exec("delivery_customer_add", id, a.id); err != nil {
			return err
		}
		if !slices.Contains(m.Shared, id) {
			if _, err := t.w.q.exec("delivery_customer_gone", id, b.id); err != nil {
				return err
			}
		}
	}
	names := map[int64]struct{}{}
	err := t.w.q.each(background, "event_counts", args(a.id), func(rows *sql.Rows) error {
		var name, at int64
		err := rows.Scan(&name, &at)
		names[name] = struct{}{}
		return err
	})
	if err != nil {
		return err
	}
	for id := range names {
		if err := t.splitName(t.s.eventIDs[id], a.id, b.id); err != nil {
			return fmt.Errorf("count the customers of an event: %w", err)
		}
	}
	return nil
}

// splitName counts who has events of a name after some moved from b to a.
func (t *txn) splitName(n *eventName, a, b int64) error {
	res, err := t.w.q.exec("event_customer_add", n.row, a)
	if err != nil {
		return err
	}
	added, err := res.RowsAffected()
	if err != nil {
		return err
	}
	n.customers += added
	t.names[n] = struct{}{}
	var one int
	has, err := t.w.q.row(background, "event_has", args(b, n.row), &one)
	if err != nil || has {
		return err
	}
	n.customers--
	n.known.Remove(uint64(b))
	_, err = t.w.q.exec("event_customer_remove", n.row, b)
	return err
}
