package storage

import (
	"database/sql"
	"slices"

	"kith/app"
)

// Here an import finds out which customers its rows mean, many with one query.

// lookUpRest looks up the rows from one on again, after something else than this writer wrote.
func (w *importWriter) lookUpRest(rows []app.ImportRow, from int) error {
	if from >= len(rows) {
		return nil
	}
	if err := w.lookUp(rows[from:]); err != nil {
		return err
	}
	w.found = append(make([]int64, from), w.found...)
	w.claims = append(make([][]int64, from), w.claims...)
	return nil
}

// lookUp finds the customers that rows mean.
func (w *importWriter) lookUp(rows []app.ImportRow) error {
	w.found = append(w.found[:0], make([]int64, len(rows))...)
	w.claims = append(w.claims[:0], make([][]int64, len(rows))...)
	clear(w.records)
	clear(w.made)
	if w.t.s.totals["customers"] == 0 {
		return nil
	}
	var uids, emails, numbers, claimedEmails, claimedNumbers keyList
	provisional := w.t.s.totals["provisional"] > 0
	for i := range rows {
		r := &rows[i]
		if r.Refused != "" {
			continue
		}
		byEmail, byNumber := &emails, &numbers
		if r.UID != "" {
			uids.add(r.UID, i)
			if !provisional {
				continue
			}
			byEmail, byNumber = &claimedEmails, &claimedNumbers
		}
		if v := r.Profile.Email.Value; v != nil {
			byEmail.add(app.FoldEmail(*v), i)
		}
		if v := r.Profile.Number.Value; v != nil {
			byNumber.add(*v, i)
		}
	}
	if err := w.lookUpIDs(&uids); err != nil {
		return err
	}
	claim := func(row int, id int64) {
		if id != w.found[row] && !slices.Contains(w.claims[row], id) {
			w.claims[row] = append(w.claims[row], id)
		}
	}
	for _, l := range []struct {
		statement string
		keys      *keyList
		take      func(row int, id int64)
	}{
		{"import_match_email", &emails, func(row int, id int64) { w.found[row] = id }},
		{"import_match_number", &numbers, func(row int, id int64) {
			if w.found[row] == 0 { // an e-mail goes before a number
				w.found[row] = id
			}
		}},
		{"import_claim_email", &claimedEmails, claim},
		{"import_claim_number", &claimedNumbers, claim},
	} {
		if err := w.lookUpContacts(l.statement, l.keys, l.take); err != nil {
			return err
		}
	}
	return w.load()
}

// keyList gathers keys for one query, and which row each belongs to.
type keyList struct {
	json []byte
	rows []int
}

func (k *keyList) add(key string, row int) {
	if len(k.rows) == 0 {
		k.json = append(k.json, '[')
	} else {
		k.json = append(k.json, ',')
	}
	k.json = app.AppendQuote(k.json, key)
	k.rows = append(k.rows, row)
}

func (k *keyList) args() []any { return args(string(append(k.json, ']'))) }

func (w *importWriter) lookUpIDs(keys *keyList) error {
	if len(keys.rows) == 0 {
		return nil
	}
	hits := 0
	err := w.t.w.q.each(background, "import_match_uid", keys.args(), func(rows *sql.Rows) error {
		var key int
		r := &record{}
		if err := scanRecord(rows, r, &key); err != nil {
			return err
		}
		hits++
		w.found[keys.rows[key]] = r.id
		if w.records[r.id] == nil {
			w.records[r.id] = r
		}
		return nil
	})
	if err != nil || hits == len(keys.rows) {
		return err
	}
	return w.t.w.q.each(background, "import_match_alias", keys.args(), func(rows *sql.Rows) error {
		var key int
		var id int64
		if err := rows.Scan(&key, &id); err != nil {
			return err
		}
		if w.found[keys.rows[key]] == 0 {
			w.found[keys.rows[key]] = id
		}
		return nil
	})
}

// scanRecord reads a row of customers behind its key.
func scanRecord(rows *sql.Rows, r *record, key *int) error {
	var attributes, changed sql.RawBytes
	if err := rows.Scan(key, &r.id, &r.uid, &r.provisional, &r.text[0], &r.text[1], &r.text[2], &r.text[3],
		&r.createdAt, &r.insertedAt, &r.isAccount, &r.archivedAt, &attributes, &changed); err != nil {
		return err
	}
	return r.decode(attributes, changed)
}

// lookUpContacts finds customers by e-mail or number.
func (w *importWriter) lookUpContacts(statement string, keys *keyList, take func(row int, id int64)) error {
	if len(keys.rows) == 0 {
		return nil
	}
	return w.t.w.q.each(background, statement, keys.args(), func(found *sql.Rows) error {
		var key int
		var id int64
		if err := found.Scan(&key, &id); err != nil {
			return err
		}
		take(keys.rows[key], id)
		return nil
	})
}

// load reads the records of found customers that are not at hand yet.
func (w *importWriter) load() error {
	for _, id := range w.found {
		if id == 0 || w.records[id] != nil {
			continue
		}
		r, err := loadRecord(background, w.t.w.q, id)
		if err != nil {
			return err
		}
		w.records[id] = r
	}
	return nil
}
