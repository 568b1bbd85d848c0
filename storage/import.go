package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"

	"kith/app"
)

// CreateImport keeps a new import and gives it its id.
func (db *DB) CreateImport(ctx context.Context, imp *app.Import) error {
	return db.Write(ctx, func(tx *Tx) error {
		res, err := tx.t.w.q.exec("import_insert", imp.File, imp.Bytes, int64(imp.State), imp.DryRun, imp.Source, string(imp.Options), string(imp.Plan), int64(tx.t.now))
		if err != nil {
			return err
		}
		if imp.Row, err = res.LastInsertId(); err != nil {
			return err
		}
		imp.CreatedAt = tx.t.now
		imp.ID = db.importIDs.encode(imp.Row, imp.CreatedAt)
		tx.t.total("imports", 1)
		return tx.audit(ctx, "import.create", imp.ID, map[string]any{"dry_run": imp.DryRun, "bytes": imp.Bytes})
	})
}

// ChangeImport reads an import, lets fn change it, and writes it, in one transaction. An
// error of fn leaves it as it was and is returned. fn may be called twice.
func (db *DB) ChangeImport(ctx context.Context, row int64, fn func(imp *app.Import, now app.Instant) error) (*app.Import, error) {
	return db.changeImport(ctx, row, "", fn)
}

// ActOnImport is ChangeImport for what somebody asks for, by what the audit log calls it.
func (db *DB) ActOnImport(ctx context.Context, row int64, action string, fn func(imp *app.Import, now app.Instant) error) (*app.Import, error) {
	return db.changeImport(ctx, row, action, fn)
}

func (db *DB) changeImport(ctx context.Context, row int64, action string, fn func(imp *app.Import, now app.Instant) error) (*app.Import, error) {
	var imp *app.Import
	var refused error
	err := db.Write(ctx, func(tx *Tx) (err error) {
		if imp, err = loadImport(background, db, tx.t.w.q, row); err != nil {
			if app.CodeOf(err) == app.CodeNotFound {
				refused = err
				return nil
			}
			return err
		}
		if refused = fn(imp, tx.t.now); refused != nil { // others share the transaction: it goes on
			return nil
		}
		if err := saveImport(tx.t, imp); err != nil || action == "" {
			return err
		}
		return tx.audit(ctx, action, imp.ID, map[string]any{"dry_run": imp.DryRun})
	})
	if err == nil {
		err = refused
	}
	return imp, err
}

// FindImport returns an import by its id. It returns CodeNotFound if there is none.
func (db *DB) FindImport(ctx context.Context, id string) (*app.Import, error) {
	row, second, ok := db.importIDs.decode(id)
	if !ok {
		return nil, app.NotFound("There is no import with the id %q. The dashboard's Imports page and GET /v1/imports list them.", id)
	}
	imp, err := loadImport(ctx, db, db.queries, row)
	if app.CodeOf(err) == app.CodeNotFound || err == nil && int64(imp.CreatedAt)/1000 != second {
		return nil, app.NotFound("There is no import with the id %q. The dashboard's Imports page and GET /v1/imports list them.", id)
	}
	return imp, err
}

// Imports returns a page of imports, newest first, before a row (0: from the newest),
// and whether there are more.
func (db *DB) Imports(ctx context.Context, before int64, limit int) ([]app.Import, bool, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	var out []app.Import
	err := db.queries.each(ctx, "import_page", args(before, limit+1), func(rows *sql.Rows) error {
		imp := app.Import{}
		if err := rows.Scan(importFields(&imp)...); err != nil {
			return err
		}
		imp.ID = db.importIDs.encode(imp.Row, imp.CreatedAt)
		out = append(out, imp)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	more := len(out) > limit
	if more {
		out = out[:limit]
	}
	return out, more, nil
}

// OpenImports returns the imports that are to go on, oldest first.
func (db *DB) OpenImports(ctx context.Context) ([]int64, error) {
	var out []int64
	err := db.queries.each(ctx, "import_open", nil, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}

// ImportRow returns an import by its row.
func (db *DB) ImportRow(ctx context.Context, row int64) (*app.Import, error) {
	return loadImport(ctx, db, db.queries, row)
}

// ImportCursorRow is [DB.CursorRow] for the ids of imports.
func (db *DB) ImportCursorRow(id string) (int64, error) { return cursorRow(db.importIDs, id) }

func loadImport(ctx context.Context, db *DB, q statements, row int64) (*app.Import, error) {
	imp := &app.Import{}
	found, err := q.row(ctx, "import_row", args(row), importFields(imp)...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, app.NotFound("There is no such import.")
	}
	imp.ID = db.importIDs.encode(imp.Row, imp.CreatedAt)
	return imp, nil
}

func importFields(i *app.Import) []any {
	return []any{&i.Row, &i.File, &i.Bytes, &i.State, &i.DryRun, &i.Source, &i.Rows, &i.Done, &i.Created, &i.Updated, &i.Unchanged, &i.Skipped,
		&i.Failed, &i.Restored, &i.Removed, &i.Kept, &i.Options, &i.Plan, &i.Samples, &i.CreatedAt, &i.StartedAt, &i.FinishedAt, &i.Error}
}

func saveImport(t *txn, i *app.Import) error {
	var samples any
	if i.Samples != nil {
		samples = string(i.Samples)
	}
	_, err := t.w.q.exec("import_save", i.File, i.Bytes, int64(i.State), i.DryRun, i.Rows, i.Done, i.Created, i.Updated, i.Unchanged, i.Skipped,
		i.Failed, i.Restored, i.Removed, i.Kept, string(i.Options), string(i.Plan), samples, int64(i.StartedAt), int64(i.FinishedAt), i.Error, i.Row)
	return err
}

// RefuseRows keeps rows that a dry run would not take, for its report.
func (db *DB) RefuseRows(ctx context.Context, row int64, rows []app.ImportRow) error {
	return db.Write(ctx, func(tx *Tx) error {
		w := &importWriter{t: tx.t, imp: &app.Import{Row: row}}
		for i := range rows {
			if err := w.refuse(&rows[i], rows[i].Refused); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetRefusals drops the report of an import that is about to begin anew.
func (db *DB) ForgetRefusals(ctx context.Context, row int64) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.exec("import_refused_clear", row) })
}

// DropRefusals takes rows out of an import's report, by their numbers, and overwrites them.
func (db *DB) DropRefusals(ctx context.Context, row int64, numbers []int64) error {
	return db.Write(ctx, func(tx *Tx) error {
		if _, err := db.conn.ExecContext(background, "pragma secure_delete = on"); err != nil {
			return err
		}
		defer db.conn.ExecContext(background, "pragma secure_delete = off")
		return tx.exec("import_refused_drop", row, jsonRows(numbers))
	})
}

// EachRefusal calls f for every row that an import did not take, in the file's order, in
// short steps.
func (db *DB) EachRefusal(ctx context.Context, row int64, f func(app.ImportRefusal) error) error {
	for after := int64(0); ; {
		var step []app.ImportRefusal
		err := db.queries.each(ctx, "import_refused_page", args(row, after, exportStep), func(rows *sql.Rows) error {
			var r app.ImportRefusal
			err := rows.Scan(&r.Number, &r.Line, &r.Reason, &r.Raw)
			step = append(step, r)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range step {
			after = r.Number
			if err := f(r); err != nil {
				return err
			}
		}
		if len(step) < exportStep {
			return nil
		}
	}
}

// ImportKept returns customers that an undo left as they were, after a row, up to limit.
func (db *DB) ImportKept(ctx context.Context, row, after int64, limit int) ([]app.ImportKept, error) {
	var out []app.ImportKept
	err := db.queries.each(ctx, "import_kept_page", args(row, after, limit), func(rows *sql.Rows) error {
		var k app.ImportKept
		var inserted app.Instant
		if err := rows.Scan(&k.Customer, &k.UID, &inserted, &k.Reason); err != nil {
			return err
		}
		k.ID = db.ids.encode(k.Customer, inserted)
		out = append(out, k)
		return nil
	})
	return out, err
}

// MatchImport finds the customers that rows mean, as the writer would find them now, for
// a dry run: nil where there is none. Claims are, for rows with an id, the customers
// without one who have the row's e-mail or number: where it is a single one, it takes the
// id. The found ones' Lists are filled where that is asked for.
func (db *DB) MatchImport(ctx context.Context, rows []app.ImportRow, lists bool) (found []*app.Customer, claims [][]*app.Customer, err error) {
	totals := map[string]int64{}
	err = db.queries.each(ctx, "totals_all", nil, func(rows *sql.Rows) error {
		var name string
		var n int64
		err := rows.Scan(&name, &n)
		totals[name] = n
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	// The writer's own lookup, on what is committed.
	w := &importWriter{t: &txn{w: &writer{db: db, q: db.queries}, s: &state{totals: totals}}, records: map[int64]*record{}, made: map[string]*record{}}
	if err := w.lookUp(rows); err != nil {
		return nil, nil, err
	}
	on := map[int64][]app.Subscription{}
	if lists {
		err := loadSubscriptions(ctx, db, db.queries, jsonRows(w.found), func(row int64, s app.Subscription) { on[row] = append(on[row], s) })
		if err != nil {
			return nil, nil, err
		}
	}
	found, claims = make([]*app.Customer, len(rows)), make([][]*app.Customer, len(rows))
	r := db.reader()
	for i, id := range w.found {
		if rec := w.records[id]; rec != nil {
			c := r.customer(rec)
			c.Lists = on[id]
			found[i] = &c
		}
		for _, id := range w.claims[i] {
			rec, err := loadRecord(ctx, db.queries, id)
			if err != nil {
				return nil, nil, err
			}
			c := r.customer(rec)
			claims[i] = append(claims[i], &c)
		}
	}
	return found, claims, nil
}

// imported makes lines of history of what imports did to a customer.
func (r *reader) imported(ctx context.Context, customer int64) ([]app.HistoryEntry, error) {
	var total int64
	if found, err := r.q.row(ctx, "totals_get", args("imports"), &total); err != nil || !found || total == 0 {
		return nil, err
	}
	var out []app.HistoryEntry
	var notes []importNote
	err := r.q.each(ctx, "import_touched", args(customer), func(rows *sql.Rows) error {
		var row, createdAt int64
		var file, source string
		var madeAt, at sql.NullInt64
		var data []byte
		if err := rows.Scan(&row, &createdAt, &file, &source, &madeAt, &at, &data); err != nil {
			return err
		}
		if !madeAt.Valid && !at.Valid {
			return nil
		}
		h := app.HistoryEntry{Row: -row, At: app.Instant(max(madeAt.Int64, at.Int64)), Kind: app.KindImported, Source: source}
		var n importNote
		if data != nil {
			if err := json.Unmarshal(data, &n); err != nil {
				return err
			}
		}
		line := map[string]any{"import": r.db.importIDs.encode(row, app.Instant(createdAt)), "file": file}
		if madeAt.Valid {
			h.At = app.Instant(madeAt.Int64)
			line["made"] = true
			n.Edits = nil // what a second row of the same file added belongs to the making
		}
		h.Data = []byte(encode(line))
		out, notes = append(out, h), append(notes, n)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, r.nameEdits(ctx, out, notes)
}

// nameEdits puts the edits of notes, by the names of their attributes, into the lines.
func (r *reader) nameEdits(ctx context.Context, out []app.HistoryEntry, notes []importNote) error {
	names := map[int64]string{}
	for _, n := range notes {
		if len(n.Edits) == 0 || len(names) > 0 {
			continue
		}
		err := r.q.each(ctx, "attribute_names", nil, func(rows *sql.Rows) error {
			var row int64
			var name string
			err := rows.Scan(&row, &name)
			names[row] = name
			return err
		})
		if err != nil {
			return err
		}
	}
	for i, n := range notes {
		if len(n.Edits) == 0 {
			continue
		}
		var changes []changeNote
		for _, e := range n.Edits {
			changes = append(changes, changeNote{Name: names[e.attr], From: cut(e.from), To: cut(e.to)})
		}
		var line map[string]any
		if err := json.Unmarshal(out[i].Data, &line); err != nil {
			return err
		}
		line["changes"] = changes
		out[i].Data = []byte(encode(line))
	}
	return nil
}
