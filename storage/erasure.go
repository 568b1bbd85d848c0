package storage

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kith/app"
)

// Of somebody who was erased on request, marks stay: hashes of the ids, addresses and
// numbers, salted with the folder's secret, so that neither a later import nor an event
// brings them back unasked, and nobody can tell from the folder who they were.

// What stands for an erased person besides ids of the team's own. No uid begins with a NUL.
func erasedExternal(service, external string) string {
	return "\x00external " + service + " " + external
}

func erasedEmail(email string) string { return "\x00email " + app.FoldEmail(email) }

func erasedNumber(number string) string { return "\x00number " + number }

// erasedHash is what is kept of a mark.
func (db *DB) erasedHash(mark string) []byte {
	mac := hmac.New(sha256.New, db.secret)
	mac.Write([]byte("erased\x00" + mark))
	return mac.Sum(nil)
}

// mark keeps the hashes of what an erased person was known by.
func (t *txn) mark(marks []string) error {
	for _, m := range marks {
		res, err := t.w.q.exec("erased_insert", t.w.db.erasedHash(m), int64(t.now))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return err
			}
			continue
		}
		t.total("erased", 1)
	}
	return nil
}

// marked reports whether one of some marks is an erased person's. Hashes from before they
// were salted count as well.
func (t *txn) marked(marks ...string) (bool, error) {
	if t.s.totals["erased"] == 0 {
		return false, nil
	}
	for _, m := range marks {
		plain := sha256.Sum256([]byte(m))
		var one int
		found, err := t.w.q.row(background, "erased_find", args(t.w.db.erasedHash(m), plain[:]), &one)
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// liftHint ends every refusal: what to do when the person asks to be back.
const liftHint = "If they asked to be back, make the customer with PUT /v1/users/…?lift_erasure=true, or say so on the dashboard under Settings, Privacy."

// checkErased refuses to make a customer whose id was erased for privacy.
func (t *txn) checkErased(uid string) error {
	found, err := t.marked(uid)
	if err == nil && found {
		return app.Fail(app.CodeConflict, "The customer %q was erased on request, and may not be made again unasked. %s", uid, liftHint)
	}
	return err
}

// checkErasedContact refuses an e-mail or a number of somebody who was erased, where it
// is not the customer's already.
func (t *txn) checkErasedContact(rec *record, p *app.Profile) error {
	if t.s.totals["erased"] == 0 {
		return nil
	}
	if v := p.Email.Value; v != nil && (rec == nil || rec.text[colEmail] == nil || app.FoldEmail(*rec.text[colEmail]) != app.FoldEmail(*v)) {
		if found, err := t.marked(erasedEmail(*v)); err != nil || found {
			return erasedContact("e-mail", err)
		}
	}
	if v := p.Number.Value; v != nil && (rec == nil || rec.text[colNumber] == nil || *rec.text[colNumber] != *v) {
		if found, err := t.marked(erasedNumber(*v)); err != nil || found {
			return erasedContact("number", err)
		}
	}
	return nil
}

func erasedContact(what string, err error) error {
	if err != nil {
		return err
	}
	return app.Fail(app.CodeConflict, "Whoever has this %s was erased on request, and may not be brought back unasked. %s", what, liftHint)
}

// checkErasedPerson refuses to make somebody anew who was erased on request.
func (t *txn) checkErasedPerson(p *app.Person) error {
	var marks []string
	for _, external := range p.External {
		marks = append(marks, erasedExternal(p.Service, external))
	}
	if p.Email != "" {
		marks = append(marks, erasedEmail(p.Email))
	}
	found, err := t.marked(marks...)
	if err == nil && found {
		return app.Fail(app.CodeConflict, "The person whom this is about was erased on request, and is not made again.")
	}
	return err
}

// lift takes the marks of an id, an address and a number away; "" is none. It returns how
// many there were.
func (t *txn) lift(uid, email, number string) (lifted int64, err error) {
	if t.s.totals["erased"] == 0 {
		return 0, nil
	}
	var marks []string
	if uid != "" {
		marks = append(marks, uid)
	}
	if email != "" {
		marks = append(marks, erasedEmail(email))
	}
	if number != "" {
		marks = append(marks, erasedNumber(number))
	}
	for _, m := range marks {
		plain := sha256.Sum256([]byte(m))
		res, err := t.w.q.exec("erased_lift", t.w.db.erasedHash(m), plain[:])
		if err != nil {
			return lifted, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return lifted, err
		}
		lifted += n
	}
	if lifted > 0 {
		t.total("erased", -lifted)
	}
	return lifted, nil
}

// liftFor takes away the marks of whom a profile makes.
func (t *txn) liftFor(c *app.SetProfile, p *app.Profile) (int64, error) {
	var email, number string
	if p.Email.Value != nil {
		email = *p.Email.Value
	}
	if p.Number.Value != nil {
		number = *p.Number.Value
	}
	return t.lift(c.UID, email, number)
}

// Erased returns how many marks of erased people are kept.
func (db *DB) Erased(ctx context.Context) (n int64, err error) {
	_, err = db.queries.row(ctx, "erased_count", nil, &n)
	return n, err
}

// IsErased reports whether an id, an address or a number is an erased person's; "" is none.
func (db *DB) IsErased(ctx context.Context, uid, email, number string) (found bool, err error) {
	err = db.Write(ctx, func(tx *Tx) error { // the writer knows without looking when there are none
		var marks []string
		for _, m := range []struct{ text, mark string }{{uid, uid}, {email, erasedEmail(email)}, {number, erasedNumber(number)}} {
			if m.text != "" {
				marks = append(marks, m.mark)
			}
		}
		found, err = tx.t.marked(marks...)
		return err
	})
	return found, err
}

// LiftErasure lets somebody who was erased come back, by an id, an address or a number.
// It returns how many marks there were.
func (db *DB) LiftErasure(ctx context.Context, uid, email, number string) (lifted int64, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		if lifted, err = tx.t.lift(uid, email, number); err != nil || lifted == 0 {
			return err
		}
		return tx.audit(ctx, "customer.lift_erasure", "", map[string]any{"marks": lifted})
	})
	return lifted, err
}

// Traces returns what a customer is, and was, known by. It returns CodeNotFound if there
// is none.
func (db *DB) Traces(ctx context.Context, uid string) (*app.Traces, error) {
	row, err := db.Find(ctx, uid)
	if err != nil {
		return nil, err
	}
	c, err := db.Customer(ctx, row)
	if err != nil {
		return nil, err
	}
	out := &app.Traces{UIDs: []string{c.UID, c.ID}}
	aliases, err := db.Aliases(ctx, row)
	if err != nil {
		return nil, err
	}
	out.UIDs = append(out.UIDs, aliases...)
	if c.Email != nil {
		out.Emails = append(out.Emails, *c.Email)
	}
	if c.Number != nil {
		out.Numbers = append(out.Numbers, *c.Number)
	}
	for _, d := range c.Devices {
		out.Other = append(out.Other, d.Token)
	}
	external, err := db.ExternalIDs(ctx, row)
	if err != nil {
		return nil, err
	}
	for _, pair := range external {
		out.Other = append(out.Other, pair[1])
	}
	if err := db.formerContacts(ctx, row, out); err != nil {
		return nil, err
	}
	return out, db.answersWith(ctx, out)
}

// answersSlack is how much of the end is looked through again: a transaction that was under
// way has an earlier time than its commit, and a clock may be put right.
const answersSlack = 10 * time.Minute

// answersWith finds the stored answers in which somebody stands, beside the writer: there may
// be a day's worth of them.
func (db *DB) answersWith(ctx context.Context, who *app.Traces) error {
	who.AnswersUntil = max(1, db.Now()-app.Instant(answersSlack.Milliseconds()))
	texts := who.Texts()
	for after := []byte{}; ; {
		n := 0
		err := db.queries.each(ctx, "idempotency_step", args(after, exportStep), func(rows *sql.Rows) error {
			var answer []byte
			n++
			if err := rows.Scan(&after, &answer); err != nil {
				return err
			}
			if app.Mentions(texts, string(answer)) {
				who.Answers = append(who.Answers, bytes.Clone(after))
			}
			return nil
		})
		if err != nil || n < exportStep {
			return err
		}
	}
}

// formerContacts adds the addresses, numbers and tokens that the history knows.
func (db *DB) formerContacts(ctx context.Context, row int64, out *app.Traces) error {
	for from := app.Newest; ; {
		page, err := db.History(ctx, row, from, 500)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, h := range page {
			from = app.Place{At: h.At, Row: h.Row}
			var note struct {
				changesNote
				Token string `json:"token"`
				From  string `json:"from"` // an id: of a merged, claimed or renamed one
				UID   string `json:"uid"`
			}
			if json.Unmarshal(h.Data, &note) != nil {
				continue
			}
			for _, c := range note.Changes {
				for _, raw := range []json.RawMessage{c.From, c.To} {
					text, ok := app.Text(raw)
					switch {
					case !ok:
					case c.Name == "email":
						out.Emails = append(out.Emails, text)
					case c.Name == "number":
						out.Numbers = append(out.Numbers, text)
					}
				}
			}
			for _, other := range []string{note.Token, note.From, note.UID} {
				if other != "" {
					out.Other = append(out.Other, other)
				}
			}
		}
	}
}

// CustomerDeliveries returns the bodies that services posted in which a customer is,
// oldest first.
func (db *DB) CustomerDeliveries(ctx context.Context, customer int64) ([]app.DossierDelivery, error) {
	out := []app.DossierDelivery{}
	err := db.queries.each(ctx, "delivery_dossier", args(customer), func(rows *sql.Rows) error {
		var d app.DossierDelivery
		var row int64
		var body []byte
		var became string
		if err := rows.Scan(&row, &d.ReceivedAt, &d.Service, &d.Event, &body, &became); err != nil {
			return err
		}
		d.ID, d.Became = db.deliveryIDs.encode(row, d.ReceivedAt), json.RawMessage(became)
		if body != nil {
			text := strings.ToValidUTF8(string(body), "\uFFFD")
			d.Body = &text
		}
		out = append(out, d)
		return nil
	})
	return out, err
}

// eraseAnswers takes the stored answers that hold one of some texts, those that were found
// before and those since: a repeat of their request is dealt with anew.
func (t *txn) eraseAnswers(c *app.Delete, texts []string) error {
	gone := slices.Clone(c.Answers)
	err := t.w.q.each(background, "idempotency_since", args(int64(c.AnswersUntil)), func(rows *sql.Rows) error {
		var scope, answer []byte
		err := rows.Scan(&scope, &answer)
		if err == nil && app.Mentions(texts, string(answer)) {
			gone = append(gone, scope)
		}
		return err
	})
	for _, scope := range gone {
		if err == nil {
			_, err = t.w.q.exec("idempotency_drop", scope)
		}
	}
	return err
}

const (
	// scrubStep is how many pages one transaction makes clean: a few milliseconds.
	scrubStep = 200
	// emptyTries is how often the log is tried to be emptied while readers hold it, and
	// emptyPause how long lies between: half a minute.
	emptyTries = 300
	emptyPause = 100 * time.Millisecond
)

// Scrub makes zeros of everything in the files that no row uses any more: pages that were
// freed, the unused parts of others, and the log. SQLite leaves there what was deleted,
// replaced, or moved to another page. Copies that were made before a schema was changed
// go too. It returns when all of it is on the disk; others read and write meanwhile. With
// last, the erasures until now need no cleaning any more; without, other files do.
func (db *DB) Scrub(ctx context.Context, last bool) error {
	db.scrubbing.Lock()
	defer db.scrubbing.Unlock()
	var since int64
	if _, err := db.queries.row(ctx, "meta_get", args(metaScrub), &since); err != nil {
		return err
	}
	dirty, err := db.dirtyPages(ctx)
	if err != nil {
		return fmt.Errorf("look for what is left of deleted rows: %w", explain(err))
	}
	for len(dirty) > 0 {
		n := min(scrubStep, len(dirty))
		step := dirty[:n]
		if err := db.Write(ctx, func(tx *Tx) error { return tx.t.w.blankPages(step) }); err != nil {
			return fmt.Errorf("overwrite what is left of deleted rows: %w", err)
		}
		dirty = dirty[n:]
	}
	copies, err := filepath.Glob(filepath.Join(db.folder, copyPrefix+"*"))
	if err != nil {
		return err
	}
	for _, name := range copies {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := db.emptyLog(ctx); err != nil || !last {
		return err
	}
	return db.Write(ctx, func(tx *Tx) error { return tx.exec("meta_delete_value", metaScrub, since) })
}

// metaScrub counts the erasures since the files were last clean.
const metaScrub = "scrub"

// noteScrub says, in the transaction that erases somebody, that the files are to be cleaned.
func (t *txn) noteScrub() error {
	var n int64
	if _, err := t.w.q.row(background, "meta_get", args(metaScrub), &n); err != nil {
		return err
	}
	_, err := t.w.q.exec("meta_set", metaScrub, n+1)
	return err
}

// ScrubPending reports whether somebody was erased since the files were last cleaned.
func (db *DB) ScrubPending(ctx context.Context) (bool, error) {
	var n int64
	found, err := db.queries.row(ctx, "meta_get", args(metaScrub), &n)
	return found, err
}

// dirtyPages are the pages that hold bytes which nothing uses.
func (db *DB) dirtyPages(ctx context.Context) (dirty []int64, err error) {
	s, err := openPages(ctx, filepath.Join(db.folder, FileName))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.readFreelist(ctx); err != nil {
		return nil, err
	}
	rows, err := s.conn.QueryContext(ctx, "select pgno, data from sqlite_dbpage")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var number int64
	var raw sql.RawBytes
	var page []byte
	for rows.Next() {
		if err := rows.Scan(&number, &raw); err != nil {
			return nil, err
		}
		page = append(page[:0], raw...)
		s.clean(page, number)
		if string(page) != string(raw) {
			dirty = append(dirty, number)
		}
	}
	return dirty, rows.Err()
}

// openPages begins to read the pages of a database as they are now.
func openPages(ctx context.Context, file string) (_ *Snapshot, err error) {
	s := &Snapshot{free: map[int64]int{}}
	if s.handle, err = sql.Open("sqlite", dsn(file, "query_only(on)", "cache_size(-1000)")); err != nil {
		return nil, err
	}
	if s.conn, err = s.handle.Conn(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if _, err := s.conn.ExecContext(ctx, "begin"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.conn.QueryRowContext(ctx, "pragma page_size").Scan(&s.page); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// clean makes zeros of what nothing uses of a page.
func (s *Snapshot) clean(page []byte, number int64) {
	if keep, free := s.free[number]; free {
		clear(page[keep:])
		return
	}
	blank(page, number == 1)
}

// blankPages makes zeros, in the writer's transaction, of what nothing uses of some pages
// as they are now.
func (w *writer) blankPages(numbers []int64) error {
	s := &Snapshot{conn: w.db.conn, free: map[int64]int{}}
	if err := s.readFreelist(background); err != nil {
		return err
	}
	for _, n := range numbers {
		var page []byte
		err := s.conn.QueryRowContext(background, "select data from sqlite_dbpage where pgno = ?", n).Scan(&page)
		if errors.Is(err, sql.ErrNoRows) {
			continue // the file became shorter
		}
		if err != nil {
			return err
		}
		was := string(page)
		s.clean(page, n)
		if string(page) == was {
			continue
		}
		if _, err := s.conn.ExecContext(background, "update sqlite_dbpage set data = ? where pgno = ?", page, n); err != nil {
			return err
		}
	}
	return nil
}

// emptyLog takes the whole log into the database and makes it empty. Most of it is copied
// beside the writer; the writer does the rest between two transactions, at an instant at
// which nobody reads what is older, and waits for nobody: SQLite by itself would hold the
// writer until the last of them has ended.
func (db *DB) emptyLog(ctx context.Context) error {
	for try := 0; ; try++ {
		if _, _, err := checkpoint(db.checkpoints.handle, "passive"); err != nil && !isBusy(err) {
			return fmt.Errorf("copy the log into the database: %w", explain(err))
		}
		done := make(chan bool, 1)
		select {
		case db.writer.empties <- done:
		case <-db.writer.stopped:
			return app.Fail(app.CodeUnavailable, "Kith is stopping: the log is emptied at its next start.")
		}
		if <-done {
			return nil
		}
		if try >= emptyTries || ctx.Err() != nil {
			return app.Fail(app.CodeUnavailable, "What was erased is gone from the tables, but the log could not be emptied, for something reads it: a backup, perhaps. It is tried again.")
		}
		select {
		case <-ctx.Done():
		case <-time.After(emptyPause):
		}
	}
}
