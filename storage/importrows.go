package storage

import (
	"context"

	"kith/app"
)

const (
	// importRowsMost is how many rows of a file one transaction takes: the more, the fewer
	// pages of the indexes are written twice. A request that arrives ends it at the next
	// slice and waits for its commit, some 25 milliseconds at the most.
	importRowsMost = 2_000
	// importRowsLeast is how many it takes though others wait.
	importRowsLeast = 128
	// importSlice is how many rows are looked up with one query.
	importSlice = 128
)

// ImportRows writes rows of a file, with the import's counters and what an undo needs,
// in one transaction with what else is waiting. It returns how many of the rows it
// took: fewer than there are when others wait for the writer, for then it ends early,
// and the caller gives it the rest again. It takes none when the import is no longer
// running, and says in which state it is. Imports take turns.
func (db *DB) ImportRows(ctx context.Context, b *app.ImportBatch) (taken int, state app.ImportState, err error) {
	select {
	case db.importTurn <- struct{}{}:
		defer func() { <-db.importTurn }()
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	j := &job{weight: int64(len(b.Rows)), grows: true, done: make(chan struct{})}
	j.fn = func(tx *Tx) error {
		taken, state, err = tx.t.importRows(b)
		return err
	}
	if err := db.submit(ctx, j); err != nil {
		return 0, 0, err
	}
	if j.err != nil {
		return 0, 0, j.err
	}
	return taken, state, nil
}

// importWriter writes a run of rows inside one transaction. Many rows go the same way,
// so it asks once for all what a single Change would ask for itself, and leaves the
// feed's rows and the counters for the end.
type importWriter struct {
	t       *txn
	b       *app.ImportBatch
	imp     *app.Import
	list    int64
	columns []importColumn

	// Of the slice at hand:
	found   []int64   // the customer that each row means, 0 for none
	claims  [][]int64 // the provisional customers that each row may claim
	records map[int64]*record
	made    map[string]*record // customers made in this slice, by what later rows find them by

	first, fresh int64 // customers made and not yet in the feed: they follow one another
	groups       map[feedKey]*feedGroup
	listed       [3]int64
	attributes   []byte
	changed      []byte
	note         []byte
	notes        []keptNote // not yet written
	noteArgs     []any
}

type importColumn struct {
	name  string
	label []byte // the name as JSONB
	attr  *attrName
	at    int // where it was in the last record that had it
}

func (t *txn) importRows(b *app.ImportBatch) (int, app.ImportState, error) {
	imp, err := loadImport(background, t.w.db, t.w.q, b.Import)
	if err != nil {
		return 0, 0, err
	}
	if imp.State != app.ImportRunning || imp.DryRun {
		return 0, imp.State, nil
	}
	w := &importWriter{t: t, b: b, imp: imp, records: map[int64]*record{}, made: map[string]*record{}, groups: map[feedKey]*feedGroup{}}
	if b.List != "" {
		lists, err := t.openLists([]string{b.List})
		if err != nil {
			return 0, 0, err
		}
		w.list = lists[0]
	}
	for _, name := range b.Attributes {
		w.columns = append(w.columns, importColumn{name: name, label: appendJSONBName(nil, name)})
	}
	step := importSlice
	if mixedIdentity(b.Rows) {
		step = 1
	}
	most := min(importRowsMost, len(b.Rows))
	taken := 0
	for taken < most && (taken < importRowsLeast || len(t.w.queue) == 0) {
		n := min(step, most-taken)
		if err := w.slice(b.Rows[taken : taken+n]); err != nil {
			return 0, 0, err
		}
		taken += n
	}
	if err := w.finish(); err != nil {
		return 0, 0, err
	}
	imp.Done += int64(taken)
	return taken, imp.State, saveImport(t, imp)
}

// mixedIdentity reports whether some rows name their customer and others are to be found
// by what they say: then each must be looked up after the one before was written.
func mixedIdentity(rows []app.ImportRow) bool {
	for i := range rows {
		if (rows[i].UID == "") != (rows[0].UID == "") {
			return true
		}
	}
	return false
}

func (w *importWriter) slice(rows []app.ImportRow) error {
	if err := w.lookUp(rows); err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		if r.Refused != "" {
			if err := w.refuse(r, r.Refused); err != nil {
				return err
			}
			continue
		}
		if len(w.claims[i]) == 1 { // of several nobody knows which one is meant
			if err := w.general(r); err != nil {
				return err
			}
			if err := w.lookUpRest(rows, i+1); err != nil {
				return err
			}
			continue
		}
		if err := w.row(r, w.found[i]); err != nil {
			return err
		}
	}
	return nil
}

// row writes one row whose customer was looked up.
func (w *importWriter) row(r *app.ImportRow, id int64) error {
	rec := w.records[id]
	if rec == nil {
		rec = w.madeBefore(r)
	}
	switch {
	case rec != nil && w.b.Mode == app.CreateOnly, rec == nil && w.b.Mode == app.UpdateOnly:
		w.imp.Skipped++
		return nil
	case rec == nil:
		return w.create(r)
	}
	return w.update(r, rec)
}

// madeBefore is the customer that an earlier row of the slice made, and this one means.
func (w *importWriter) madeBefore(r *app.ImportRow) *record {
	if r.UID != "" {
		return w.made["u"+r.UID]
	}
	if v := r.Profile.Email.Value; v != nil {
		if rec := w.made["e"+app.FoldEmail(*v)]; rec != nil {
			return rec
		}
	}
	if v := r.Profile.Number.Value; v != nil {
		return w.made["n"+*v]
	}
	return nil
}

func (w *importWriter) keep(r *app.ImportRow, rec *record) {
	if r.UID != "" {
		w.made["u"+r.UID] = rec
		return
	}
	if v := r.Profile.Email.Value; v != nil {
		w.made["e"+app.FoldEmail(*v)] = rec
	}
	if v := r.Profile.Number.Value; v != nil && w.made["n"+*v] == nil {
		w.made["n"+*v] = rec
	}
}

func (w *importWriter) create(r *app.ImportRow) error {
	t := w.t
	var err error
	if r.UID != "" {
		err = t.checkErased(r.UID)
	}
	if err == nil {
		err = t.checkErasedContact(nil, &r.Profile)
	}
	if err != nil {
		return w.refuseErased(r, err)
	}
	if n := given(r.Values); n > app.MaxAttributes {
		return w.refuse(r, tooManyAttributes(n))
	}
	rec := &record{id: t.s.customerRow + 1, uid: r.UID, createdAt: t.now, insertedAt: t.now}
	rec.changed[colCreatedAt] = t.now
	if rec.uid == "" {
		rec.uid, rec.provisional = t.w.db.ids.encode(rec.id, rec.insertedAt), true
	}
	p := r.Profile
	for i, f := range [...]app.Field{p.FirstName, p.LastName, p.Number, p.Email} {
		if f.Value != nil {
			rec.text[i], rec.changed[i] = f.Value, t.now
			t.count(t.attribute(app.StandardAttributes[i], true), nil, quoteText(f.Value))
		}
	}
	if p.CreatedAt != nil && *p.CreatedAt != rec.createdAt {
		rec.createdAt = *p.CreatedAt
		a := t.attribute("created_at", true)
		t.attrs[a], a.changed = struct{}{}, int64(t.now)
	}
	if err := w.insert(r, rec); err != nil {
		return err
	}
	w.imp.Created++
	w.keep(r, rec)
	if r.Device == nil {
		return nil
	}
	if err := w.flushFeed(); err != nil {
		return err
	}
	return w.device(r, rec, nil)
}

// refuseErased refuses a row of somebody who was erased. What the file says of them is
// kept nowhere: only the line is.
func (w *importWriter) refuseErased(r *app.ImportRow, err error) error {
	if !isRefusal(err) {
		return err
	}
	return w.refuse(&app.ImportRow{Number: r.Number, Line: r.Line}, "The customer of this row was erased on request, and may not be brought back unasked.")
}

// insert writes the record of a new customer with the row's values.
func (w *importWriter) insert(r *app.ImportRow, rec *record) error {
	t := w.t
	w.attributes, w.changed = beginJSONB(w.attributes), w.changed[:0]
	for _, at := range rec.changed {
		w.changed = appendTime(w.changed, at)
	}
	for i, v := range r.Values {
		if len(v) == 0 {
			continue
		}
		w.attributes = appendJSONB(append(w.attributes, w.columns[i].label...), v)
		w.changed = appendTime(w.changed, t.now)
		t.count(w.attr(i), nil, v)
		rec.attrs = append(rec.attrs, app.Attribute{Name: w.columns[i].name, Value: v, ChangedAt: t.now})
	}
	if _, err := t.w.q.exec("import_customer_insert", rec.id, rec.uid, rec.provisional, nullable(rec.text[0]), nullable(rec.text[1]),
		nullable(rec.text[2]), nullable(rec.text[3]), rec.emailKey(), int64(rec.createdAt), int64(rec.insertedAt), false,
		endJSONB(w.attributes), w.changed); err != nil {
		return err
	}
	t.s.customerRow = rec.id
	if w.fresh == 0 {
		w.first = rec.id
	}
	w.fresh++
	t.touch(rec.id)
	t.total("customers", 1)
	t.spanned(rec.createdAt, 0, 1)
	rec.dated = rec.createdAt // a later row of the file may change it
	if rec.provisional {
		t.total("provisional", 1)
	}
	if w.list == 0 {
		return nil
	}
	w.listed[w.b.Status]++
	w.feedLater(app.KindList, rec.id, w.list)
	_, err := t.w.q.exec("subscription_save", w.list, rec.id, int64(w.b.Status), int64(t.now))
	return err
}

// attr is the catalogue's entry of a column.
func (w *importWriter) attr(i int) *attrName {
	if w.columns[i].attr == nil {
		w.columns[i].attr = w.t.attribute(w.columns[i].name, false)
	}
	return w.columns[i].attr
}

func given(values [][]byte) (n int) {
	for _, v := range values {
		if len(v) > 0 {
			n++
		}
	}
	return n
}

// device adds a push token the general way, and counts the row.
func (w *importWriter) device(r *app.ImportRow, rec *record, edits *importEdits) error {
	fresh := edits == nil
	if fresh {
		edits = &importEdits{note: append(w.note[:0], `{"a":[`...)}
	}
	added, err := w.t.addDevice(rec.id, *r.Device, w.b.Source)
	if err != nil {
		return err
	}
	token := ""
	if added {
		token = r.Device.Token
	}
	switch {
	case fresh && !added:
		return nil
	case !fresh && !added && edits.n == 0 && !edits.listed:
		w.imp.Unchanged++
		return nil
	case !fresh:
		w.imp.Updated++
	}
	return w.remember(rec.id, edits.close(token))
}

// general writes a row as a Change of its own: one that may claim a provisional
// customer, which folds and renames. What a claim did is not undone.
func (w *importWriter) general(r *app.ImportRow) error {
	if err := w.flushNotes(); err != nil { // of customers that may be folded into others
		return err
	}
	if err := w.flushFeed(); err != nil {
		return err
	}
	c := &app.SetProfile{UID: r.UID, Mode: w.b.Mode, Trusted: true, Profile: r.Profile, Device: r.Device, Source: w.b.Source}
	for i, v := range r.Values {
		if v != nil {
			if len(v) == 0 {
				v = nil
			}
			c.Profile.Attributes = append(c.Profile.Attributes, app.Attribute{Name: w.b.Attributes[i], Value: v})
		}
	}
	res, err := w.t.setProfile(c)
	switch {
	case app.CodeOf(err) == app.CodeConflict && w.b.Mode == app.CreateOnly, err != nil && app.CodeOf(err) == app.CodeNotFound:
		w.imp.Skipped++
		return nil
	case err != nil:
		return w.refused(r, err)
	}
	rec, err := loadRecord(background, w.t.w.q, res.Customer)
	if err != nil {
		return err
	}
	var edits importEdits
	listed, err := w.join(rec, &edits)
	if err != nil {
		return err
	}
	if !res.Changed && !listed {
		w.imp.Unchanged++
		return nil
	}
	w.imp.Updated++
	return w.remember(res.Customer, []byte(`{"a":[],"claimed":true}`))
}

func (w *importWriter) refused(r *app.ImportRow, err error) error {
	if !isRefusal(err) {
		return err
	}
	return w.refuse(r, app.Public(err).Sentence())
}

// refuse leaves a row out and keeps it for the report.
func (w *importWriter) refuse(r *app.ImportRow, reason string) error {
	w.imp.Failed++
	var key any
	switch {
	case r.UID != "":
		key = r.UID
	case r.Profile.Email.Value != nil:
		key = app.FoldEmail(*r.Profile.Email.Value)
	case r.Profile.Number.Value != nil:
		key = *r.Profile.Number.Value
	}
	_, err := w.t.w.q.exec("import_refuse", w.imp.Row, r.Number, r.Line, reason, string(r.Raw), key)
	return err
}

// finish writes what the slices have gathered.
func (w *importWriter) finish() error {
	if err := w.flushNotes(); err != nil {
		return err
	}
	if err := w.flushFeed(); err != nil {
		return err
	}
	if w.listed == [3]int64{} {
		return nil
	}
	return w.t.countList(w.list, w.listed)
}

// flushFeed leaves the feed's rows: first of the customers made, then of what changed.
func (w *importWriter) flushFeed() error {
	t := w.t
	if err := t.flushRun(); err != nil {
		return err
	}
	if w.fresh > 0 {
		if _, err := t.w.q.exec("import_feed_created", w.fresh, t.s.seq+1, int64(t.now), int64(app.KindCreated), w.first); err != nil {
			return err
		}
		t.s.seq += w.fresh
		if _, err := t.w.q.exec("import_created_add", w.imp.Row, w.first, w.fresh, int64(t.now)); err != nil {
			return err
		}
		w.fresh = 0
	}
	// One statement for all that changed in the same way: several times as fast as one each.
	for _, e := range w.groups {
		n := int64(len(e.customers))
		if _, err := t.w.q.exec("import_feed_same", t.s.seq+1, int64(t.now), int64(e.kind), e.key, jsonRows(e.customers)); err != nil {
			return err
		}
		t.s.seq += n
	}
	clear(w.groups)
	return nil
}

// feedLater leaves a row of the feed for when the run is written.
func (w *importWriter) feedLater(kind app.Kind, customer, key int64) {
	at := feedKey{kind, key}
	g := w.groups[at]
	if g == nil {
		g = &feedGroup{kind: kind, key: key}
		w.groups[at] = g
	}
	g.customers = append(g.customers, customer)
}

type feedKey struct {
	kind app.Kind
	key  int64
}

// feedGroup are customers of whom the same changed.
type feedGroup struct {
	kind      app.Kind
	key       int64
	customers []int64
}
