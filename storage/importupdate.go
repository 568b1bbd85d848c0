package storage

import "kith/app"

// Here a row of a file changes a customer that is there.

// update writes what a row changes of a customer that is there.
func (w *importWriter) update(r *app.ImportRow, rec *record) error {
	t := w.t
	if err := t.checkErasedContact(rec, &r.Profile); err != nil {
		return w.refuseErased(r, err)
	}
	had := len(rec.attrs)
	if had+given(r.Values) > app.MaxAttributes { // only then it is worth counting those that are new
		names := map[string]bool{}
		for _, a := range rec.attrs {
			names[a.Name] = true
		}
		for i, v := range r.Values {
			if len(v) > 0 {
				names[w.columns[i].name] = true
			}
		}
		if len(names) > app.MaxAttributes && len(names) > had {
			return w.refuse(r, tooManyAttributes(len(names)))
		}
	}
	before := *rec
	edits := importEdits{note: append(w.note[:0], `{"a":[`...)}
	for _, e := range editProfile(rec, &r.Profile, t.now) {
		a := t.attribute(e.name, true)
		t.count(a, e.from, e.to)
		col := colOf(e.name)
		edits.add(a.row, e.from, before.changed[col], e.to)
		w.feedLater(app.KindAttribute, rec.id, a.row)
	}
	standard := edits.n
	w.values(r, rec, &edits)
	w.note = edits.note
	changed := edits.n > 0
	if changed {
		if err := w.write(rec, standard > 0); err != nil {
			return err
		}
		t.touch(rec.id)
	}
	listed, err := w.join(rec, &edits)
	if err != nil {
		return err
	}
	if r.Device != nil {
		return w.device(r, rec, &edits)
	}
	if !changed && !listed {
		w.imp.Unchanged++
		return nil
	}
	w.imp.Updated++
	return w.remember(rec.id, edits.close(""))
}

func tooManyAttributes(n int) string {
	return app.Invalid("", "a customer can have %d attributes; with these it would have %d", app.MaxAttributes, n).Message
}

func colOf(name string) int {
	for i, s := range app.StandardAttributes {
		if s == name {
			return i
		}
	}
	panic("storage: no standard attribute " + name)
}

// values merges a row's custom attributes into a record.
func (w *importWriter) values(r *app.ImportRow, rec *record, edits *importEdits) {
	t := w.t
	removed := false
	for i, v := range r.Values {
		if v == nil {
			continue
		}
		c := &w.columns[i]
		if c.at >= len(rec.attrs) || rec.attrs[c.at].Name != c.name {
			c.at = len(rec.attrs)
			for k := range rec.attrs {
				if rec.attrs[k].Name == c.name {
					c.at = k
					break
				}
			}
		}
		var from []byte
		var fromAt app.Instant
		if c.at < len(rec.attrs) {
			from, fromAt = rec.attrs[c.at].Value, rec.attrs[c.at].ChangedAt
		}
		switch {
		case len(v) == 0 && from == nil, len(v) > 0 && string(from) == string(v):
			continue
		case len(v) == 0:
			rec.attrs[c.at].Value, removed = nil, true
			v = nil
		case from == nil && c.at == len(rec.attrs):
			rec.attrs = append(rec.attrs, app.Attribute{Name: c.name, Value: v, ChangedAt: t.now})
		default:
			rec.attrs[c.at].Value, rec.attrs[c.at].ChangedAt = v, t.now
		}
		a := w.attr(i)
		t.count(a, from, v)
		edits.add(a.row, from, fromAt, v)
		w.feedLater(app.KindAttribute, rec.id, a.row)
	}
	if removed {
		rec.dropEmpty()
	}
}

// dropEmpty takes out the attributes whose value was removed.
func (r *record) dropEmpty() {
	kept := r.attrs[:0:0]
	for _, a := range r.attrs {
		if a.Value != nil {
			kept = append(kept, a)
		}
	}
	r.attrs = kept
}

// write stores a record; whole when standard attributes changed too, for these have indexes.
func (w *importWriter) write(rec *record, whole bool) error {
	w.attributes, w.changed = rec.appendTo(w.attributes, w.changed)
	attributes := endJSONB(w.attributes)
	if !whole {
		_, err := w.t.w.q.exec("import_customer_update", attributes, w.changed, rec.id)
		return err
	}
	_, err := w.t.w.q.exec("customer_update", nullable(rec.text[0]), nullable(rec.text[1]), nullable(rec.text[2]), nullable(rec.text[3]),
		rec.emailKey(), int64(rec.createdAt), rec.isAccount, attributes, w.changed, rec.id)
	w.t.dated(rec)
	return err
}

// join puts a customer that was there on the import's list, or moves it there, unless
// where it stands outranks that.
func (w *importWriter) join(rec *record, edits *importEdits) (bool, error) {
	if w.list == 0 {
		return false, nil
	}
	var have app.SubscriptionStatus
	var since int64
	found, err := w.t.w.q.row(background, "subscription_find", args(w.list, rec.id), &have, &since)
	if err != nil || found && !w.b.Status.Outranks(have) {
		return false, err
	}
	if _, err := w.t.w.q.exec("subscription_save", w.list, rec.id, int64(w.b.Status), int64(w.t.now)); err != nil {
		return false, err
	}
	w.listed[w.b.Status]++
	edits.list, edits.listSince = -1, 0
	if found {
		w.listed[have]--
		edits.list, edits.listSince = int(have), since
	}
	edits.listed = true
	w.feedLater(app.KindList, rec.id, w.list)
	return true, nil
}
