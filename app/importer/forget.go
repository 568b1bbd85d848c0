package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"kith/app"
)

// Person is what somebody who is to be forgotten was known by. All that is known helps:
// former ids, former addresses.
type Person struct {
	UIDs    []string
	Emails  []string
	Numbers []string
}

// Forget takes one person out of what imports keep beside the customers themselves: the
// files that wait (of dry runs, for a day, and of imports that have not ended) and the
// reports of refused rows. A row is the person's when its id column has one of the ids,
// any cell of it one of the addresses, however it is written in capitals, or one of the
// numbers: with eight digits and more in any cell, else in the column that became the
// number. In a file the row's place is kept and says that it was erased, so that an
// import that was in the middle goes on where it was, and refuses it; in a report the
// row is gone. Other rows stay as they are, to the byte but for bytes that were no
// characters of the file's encoding.
//
// What an undo would need, and samples of cells, go with [app.Delete] and its Erase. Call
// Forget before it: when the program ends in between, the customer is still there to be
// erased again. It returns when all of it is done, which for a file of a million rows
// takes some seconds; files that come meanwhile are not looked at.
func (r *Runner) Forget(ctx context.Context, who Person) error {
	m := newForgetting(who)
	if m.nobody() {
		return nil
	}
	for before := int64(0); ; {
		page, more, err := r.store.Imports(ctx, before, 100)
		if err != nil {
			return err
		}
		for i := range page {
			before = page[i].Row
			if err := r.forgetIn(ctx, &page[i], m); err != nil {
				return fmt.Errorf("forget somebody in the import %s: %w", page[i].ID, err)
			}
		}
		if !more {
			return nil
		}
	}
}

// forgetIn takes a person out of one import.
func (r *Runner) forgetIn(ctx context.Context, imp *app.Import, m *forgetting) error {
	p, err := planOf(imp)
	if err != nil {
		return err
	}
	m.columns(p)
	// The file first: what of it is refused until then is in the report afterwards.
	if _, err := os.Stat(r.file(imp)); err == nil {
		has, err := r.mentions(ctx, imp, p, m)
		if err != nil {
			return err
		}
		if has {
			if err := r.rewrite(ctx, imp, p, m); err != nil {
				return err
			}
		}
	}
	return r.forgetRefused(ctx, imp, p, m)
}

// forgetRefused takes a person's rows out of a report.
func (r *Runner) forgetRefused(ctx context.Context, imp *app.Import, p *Plan, m *forgetting) error {
	var gone []int64
	err := r.store.EachRefusal(ctx, imp.Row, func(f app.ImportRefusal) error {
		if m.raw([]byte(f.Raw), p.dialect()) {
			gone = append(gone, f.Number)
		}
		return nil
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	return r.store.DropRefusals(ctx, imp.Row, gone)
}

// mentions reads a waiting file and reports whether a row of it is the person's.
func (r *Runner) mentions(ctx context.Context, imp *app.Import, p *Plan, m *forgetting) (found bool, err error) {
	in, file, err := (&job{r: r}).open(imp, p)
	if err != nil {
		if app.CodeOf(err) == app.CodeNotFound { // it was ended meanwhile
			return false, nil
		}
		return false, err
	}
	defer file.Close()
	rows := NewReader(in, p.dialect())
	for n := 1; ; n++ {
		rec, err := rows.Next()
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if m.record(rec, p.dialect()) {
			return true, nil
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
}

// rewrite puts a file without the person's rows in the place of the one that waits. An
// import that is running is interrupted for it, and goes on from its last row afterwards.
func (r *Runner) rewrite(ctx context.Context, imp *app.Import, p *Plan, m *forgetting) (err error) {
	release := r.hold(imp.Row)
	defer release()
	in, file, err := (&job{r: r}).open(imp, p)
	if err != nil {
		if app.CodeOf(err) == app.CodeNotFound {
			return nil
		}
		return err
	}
	defer file.Close()
	out, err := os.CreateTemp(r.folder, "erased-*.tmp") // 0600
	if err != nil {
		return unwritable(err)
	}
	defer os.Remove(out.Name())
	err = m.copy(ctx, in, out, p)
	if err == nil {
		err = out.Sync()
	}
	// Windows replaces no file that is open.
	if err = errors.Join(err, out.Close(), file.Close()); err != nil {
		return err
	}
	if info, err := os.Stat(r.file(imp)); err == nil { // the day that a file is kept goes on
		_ = os.Chtimes(out.Name(), info.ModTime(), info.ModTime())
	}
	return os.Rename(out.Name(), r.file(imp))
}

// hold stops the job of an import and keeps it from beginning again until release.
func (r *Runner) hold(row int64) (release func()) {
	for {
		r.end(row)
		r.mu.Lock()
		if r.busy[row] == nil {
			break
		}
		r.mu.Unlock()
	}
	placed := &job{r: r, row: row, cancel: func() {}, done: make(chan struct{})}
	r.busy[row] = placed
	r.mu.Unlock()
	return func() {
		r.mu.Lock()
		delete(r.busy, row)
		r.mu.Unlock()
		close(placed.done)
		r.Wake()
	}
}

// erasedMark is a row that stands in a file in the place of one that was erased.
const erasedMark = "\x1akith:erased\x1a"

// erasedRow is why such a row is refused.
const erasedRow = "the row was taken out of the file, for the person in it was erased"

// forgetting finds the rows of one person.
type forgetting struct {
	uids, emails, numbers map[string]bool
	id, number            int // the columns, -1 for none
}

func newForgetting(who Person) *forgetting {
	m := &forgetting{uids: map[string]bool{}, emails: map[string]bool{}, numbers: map[string]bool{}}
	for _, s := range who.UIDs {
		if s != "" {
			m.uids[s] = true
		}
	}
	for _, s := range who.Emails {
		if s != "" {
			m.emails[app.FoldEmail(s)] = true
		}
	}
	for _, s := range who.Numbers {
		if digits := onlyDigits([]byte(s)); digits != "" {
			m.numbers[digits] = true
		}
	}
	return m
}

func (m *forgetting) nobody() bool { return len(m.uids)+len(m.emails)+len(m.numbers) == 0 }

func (m *forgetting) columns(p *Plan) { m.id, m.number = p.column(toUID), p.column("number") }

// longNumber is how many digits are nobody else's in whatever column they stand.
const longNumber = 8

// record reports whether a row is the person's. One that could not be read is looked
// through cell by cell as well as it goes.
func (m *forgetting) record(rec *Record, d Dialect) bool {
	if rec.Fault != "" {
		return m.broken(rec.Raw, d)
	}
	for i, cell := range rec.Cells {
		if m.cell(i, cell) {
			return true
		}
	}
	return false
}

func (m *forgetting) cell(i int, cell []byte) bool {
	s, _ := unwrap(bytes.TrimSpace(cell))
	if len(s) == 0 {
		return false
	}
	if i == m.id && (m.uids[string(cell)] || m.uids[string(s)]) {
		return true
	}
	if len(m.emails) > 0 && bytes.IndexByte(s, '@') > 0 {
		for _, one := range append(severalEmails(s), s) {
			if m.emails[app.FoldEmail(string(bareEmail(one)))] {
				return true
			}
		}
	}
	if len(m.numbers) == 0 {
		return false
	}
	digits := onlyDigits(s)
	return digits != "" && (i == m.number || len(digits) >= longNumber) && m.numbers[digits]
}

// onlyDigits are the digits of what may be a phone number, "" for what cannot be one.
func onlyDigits(s []byte) string {
	digits := make([]byte, 0, len(s))
	for _, c := range bytes.TrimPrefix(s, []byte("tel:")) {
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case bytes.IndexByte([]byte("+-. ()/"), c) < 0:
			return ""
		}
	}
	return string(digits)
}

// raw is record for a row as a report keeps it.
func (m *forgetting) raw(row []byte, d Dialect) bool {
	rec, err := NewReader(bytes.NewReader(row), d).Next()
	return err == nil && m.record(rec, d)
}

// broken looks through a row whose quotes make no sense: between delimiters, without them.
func (m *forgetting) broken(row []byte, d Dialect) bool {
	for i, cell := range bytes.FieldsFunc(row, func(c rune) bool { return c == rune(d.Delimiter) || c == '\n' || c == '\r' }) {
		cell = bytes.Trim(bytes.TrimSpace(cell), string(rune(max(d.Quote, 1))))
		if m.cell(i, cell) || m.uids[string(cell)] {
			return true
		}
	}
	return false
}

// copy writes the rows of a file again, as it was packed and encoded, without the person's.
func (m *forgetting) copy(ctx context.Context, in io.Reader, file io.Writer, p *Plan) error {
	buffered := bufio.NewWriterSize(file, 256<<10)
	packed, unpacked := io.WriteCloser(nopCloser{buffered}), func() error { return nil }
	if p.Gzip {
		z := gzip.NewWriter(buffered)
		packed, unpacked = z, z.Close
	}
	out, err := encoder(packed, p.Encoding.Value)
	if err != nil {
		return err
	}
	rows := NewReader(in, p.dialect())
	for n := 1; ; n++ {
		rec, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		raw := rec.Raw
		if rec.cut || m.record(rec, p.dialect()) { // of a row that is longer than any may be only a part is here
			raw = []byte(erasedMark)
		}
		if _, err := out.Write(raw); err != nil {
			return err
		}
		if _, err := out.Write(rec.End); err != nil {
			return err
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.Join(out.Close(), unpacked(), buffered.Flush())
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
