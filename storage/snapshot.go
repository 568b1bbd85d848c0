package storage

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kith/app"
)

// Snapshot is one committed state of a data folder's database, held by a read
// transaction, to be copied out while others go on writing. It belongs to one goroutine.
//
// The pages are read in order, in one go. A writer never waits for that; what it commits
// meanwhile stays in the log, which can only be taken into the database when the snapshot
// is closed, so the log grows by what is written. A long log is dear: each commit makes the
// file longer, and the disk takes that more slowly than writing over what is there; with
// 400 MB of log half as many commits were seen. Reading a page costs some 4 µs; packing it,
// at a third of one processor, makes that some 50 MB a second. VACUUM INTO, which also
// needs a second copy on the disk, makes the p99 of 8 clients 6 times what it is without;
// and the stepwise copy of SQLite's backup API begins anew at each commit of another
// connection.
//
// What was deleted is not in the copy: pages that nothing uses, and the parts of pages
// that nothing uses, are written as zeros.
type Snapshot struct {
	handle *sql.DB
	conn   *sql.Conn
	state  app.SnapshotState
	page   int64
	free   map[int64]int // pages of the freelist: how many of their bytes count
}

// OpenSnapshot takes a snapshot of the database in folder, whether or not a Kith has it
// open. It changes nothing, and takes older schemas as well.
func OpenSnapshot(ctx context.Context, folder string) (_ *Snapshot, err error) {
	file := filepath.Join(folder, FileName)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, app.NotFound("There is no Kith in %s: the file %s is not there. --data names another folder.", folder, FileName)
	}
	s := &Snapshot{free: map[int64]int{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("read %s: %w", file, explain(err)), s.Close())
		}
	}()
	if s.handle, err = sql.Open("sqlite", dsn(file, "query_only(on)", "cache_size(-1000)", "temp_store(memory)")); err != nil {
		return nil, err
	}
	if s.conn, err = s.handle.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err := s.conn.ExecContext(ctx, "begin"); err != nil {
		return nil, err
	}
	var pages int64
	for query, into := range map[string]any{"pragma page_size": &s.page, "pragma user_version": &s.state.Schema} {
		if err := s.conn.QueryRowContext(ctx, query).Scan(into); err != nil {
			return nil, err
		}
	}
	if s.state.Schema == 0 {
		return nil, app.Invalid("", "%s is no database of Kith.", file)
	}
	if s.state.Counts, err = countTables(ctx, s.conn); err != nil {
		return nil, err
	}
	if err := s.conn.QueryRowContext(ctx, "pragma page_count").Scan(&pages); err != nil {
		return nil, err
	}
	s.state.Bytes = pages * s.page
	return s, s.readFreelist(ctx)
}

// State is what the snapshot holds.
func (s *Snapshot) State() app.SnapshotState { return s.state }

// LastChange is when the newest entry of the feed was written, 0 when there is none.
func (s *Snapshot) LastChange(ctx context.Context) (at app.Instant, err error) {
	err = s.conn.QueryRowContext(ctx, "select coalesce(max(at), 0) from (select at from feed order by seq desc limit 1)").Scan(&at)
	return at, explain(err)
}

// QuickCheck has SQLite look through the file's structure; its error says what is wrong.
func (s *Snapshot) QuickCheck(ctx context.Context) error {
	var verdict string
	if err := s.conn.QueryRowContext(ctx, "pragma quick_check(1)").Scan(&verdict); err != nil {
		return explain(err)
	}
	if verdict != "ok" {
		return errors.New(verdict)
	}
	return nil
}

// readFreelist notes the pages that nothing uses. A trunk of the list keeps its numbers.
func (s *Snapshot) readFreelist(ctx context.Context) error {
	var page []byte
	read := func(n int64) error {
		return s.conn.QueryRowContext(ctx, "select data from sqlite_dbpage where pgno = ?", n).Scan(&page)
	}
	if err := read(1); err != nil {
		return err
	}
	if len(page) < 100 {
		return errors.New("its first page is too short")
	}
	for trunk := int64(binary.BigEndian.Uint32(page[32:])); trunk != 0; {
		if _, twice := s.free[trunk]; twice {
			return errors.New("its list of free pages is a circle")
		}
		if err := read(trunk); err != nil {
			return fmt.Errorf("free page %d: %w", trunk, err)
		}
		leaves := int(binary.BigEndian.Uint32(page[4:]))
		if leaves < 0 || 8+4*leaves > len(page) {
			return errors.New("its list of free pages is damaged")
		}
		s.free[trunk] = 8 + 4*leaves
		for i := range leaves {
			s.free[int64(binary.BigEndian.Uint32(page[8+4*i:]))] = 0
		}
		trunk = int64(binary.BigEndian.Uint32(page))
	}
	return nil
}

// WriteTo writes the database as one file, which holds nothing that was deleted.
func (s *Snapshot) WriteTo(w io.Writer) (written int64, err error) {
	rows, err := s.conn.QueryContext(background, "select pgno, data from sqlite_dbpage")
	if err != nil {
		return 0, explain(err)
	}
	defer rows.Close()
	var number int64
	var raw sql.RawBytes
	page := make([]byte, s.page)
	for rows.Next() {
		if err := rows.Scan(&number, &raw); err != nil {
			return written, explain(err)
		}
		if len(raw) != len(page) || number != written/s.page+1 {
			return written, fmt.Errorf("page %d of the database has %d bytes", number, len(raw))
		}
		copy(page, raw)
		s.clean(page, number)
		n, err := w.Write(page)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	if err := rows.Err(); err != nil {
		return written, explain(err)
	}
	if written != s.state.Bytes {
		return written, fmt.Errorf("the database has %d bytes, and %d were read", s.state.Bytes, written)
	}
	return written, nil
}

// Close ends the read transaction.
func (s *Snapshot) Close() error {
	var errs []error
	if s.conn != nil {
		_, err := s.conn.ExecContext(background, "rollback")
		if err != nil && s.page == 0 { // it had not begun
			err = nil
		}
		errs = append(errs, err, s.conn.Close())
	}
	if s.handle != nil {
		errs = append(errs, s.handle.Close())
	}
	return errors.Join(errs...)
}

// blank makes zeros of the parts of a b-tree page that nothing uses: the gap between its
// list of cells and the cells, and the free blocks between them. Pages of other kinds stay
// as they are: they begin with the number of a page, whose first byte is none of a b-tree's for a database of
// less than 130 GB; a damaged page stays too, for whoever checks the copy to find.
// SQLite: see "B-tree Pages" in its file format. Behind the end of a long text, on its last
// page of overflow, may stand what was there before; erasing a customer made that zeros
// (secure_delete).
func blank(page []byte, first bool) {
	at := 0
	if first {
		at = 100
	}
	header := 8
	switch page[at] {
	case 2, 5:
		header = 12
	case 10, 13:
	default:
		return
	}
	cells := int(binary.BigEndian.Uint16(page[at+3:]))
	content := int(binary.BigEndian.Uint16(page[at+5:]))
	if content == 0 {
		content = 65536
	}
	from := at + header + 2*cells
	if from > content || content > len(page) {
		return
	}
	// The blocks are looked through first: a chain that is no chain is left alone.
	type block struct{ at, size int }
	var blocks []block
	for next, last := int(binary.BigEndian.Uint16(page[at+1:])), content; next != 0; {
		if next < last || next+4 > len(page) {
			return
		}
		size := int(binary.BigEndian.Uint16(page[next+2:]))
		if size < 4 || next+size > len(page) {
			return
		}
		blocks = append(blocks, block{next, size})
		last = next + size
		next = int(binary.BigEndian.Uint16(page[next:]))
	}
	clear(page[from:content])
	for _, b := range blocks {
		clear(page[b.at+4 : b.at+b.size])
	}
}

// CheckCopy looks at a database file that nobody has open: references between its tables,
// and how many rows each has. It returns the state as [Snapshot.State] does.
func CheckCopy(ctx context.Context, file string) (state app.SnapshotState, err error) {
	handle, err := sql.Open("sqlite", dsn(file, "temp_store(memory)"))
	if err != nil {
		return state, err
	}
	defer handle.Close()
	conn, err := handle.Conn(ctx)
	if err != nil {
		return state, damaged(err)
	}
	defer conn.Close()
	info, err := os.Stat(file)
	if err != nil {
		return state, err
	}
	state.Bytes = info.Size()
	if err := conn.QueryRowContext(ctx, "pragma user_version").Scan(&state.Schema); err != nil {
		return state, damaged(err)
	}
	if newest := Schema(); state.Schema > newest {
		return state, newerSchema(state.Schema, newest)
	}
	rows, err := conn.QueryContext(ctx, "pragma foreign_key_check")
	if err != nil {
		return state, damaged(err)
	}
	broken := rows.Next()
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return state, damaged(err)
	}
	if broken {
		return state, app.Fail(app.CodeUnavailable, "The database has rows that refer to rows which are not there.")
	}
	if state.Counts, err = countTables(ctx, conn); err != nil {
		return state, damaged(err)
	}
	return state, nil
}

func damaged(err error) error {
	return &app.Error{Code: app.CodeUnavailable, Message: "The database is damaged and cannot be read whole.", Err: err}
}

// Restored says of a database file that nobody has open that it comes from a backup:
// nothing is sent from it until that is confirmed.
func Restored(ctx context.Context, file string, q app.Quarantine) error {
	handle, err := sql.Open("sqlite", dsn(file, durable...))
	if err != nil {
		return err
	}
	_, err = handle.ExecContext(ctx, "insert into meta (key, value) values (?, ?) on conflict (key) do update set value = excluded.value", metaQuarantine, q.Encode())
	if err != nil {
		return errors.Join(fmt.Errorf("mark the database as restored: %w", explain(err)), handle.Close())
	}
	if err := auditRestore(ctx, handle, q); err != nil {
		return errors.Join(fmt.Errorf("write down that the database was restored: %w", explain(err)), handle.Close())
	}
	return handle.Close()
}

// auditRestore writes the restore into the audit log of a database that may be of an older
// schema, and may have none.
func auditRestore(ctx context.Context, handle *sql.DB, q app.Quarantine) error {
	var logs int
	if err := handle.QueryRowContext(ctx, "select count(*) from sqlite_schema where type = 'table' and name = 'audit'").Scan(&logs); err != nil || logs == 0 {
		return err
	}
	detail, err := detailText(map[string]any{"of": q.Of.String()})
	if err != nil {
		return err
	}
	_, err = handle.ExecContext(ctx, "insert into audit (at, actor, action, target, detail) values (?, ?, 'backup.restore', ?, ?)", int64(q.Since), string(app.ByCommand), q.File, detail)
	return err
}

// metaQuarantine is the row of meta that is there as long as nothing may be sent.
const metaQuarantine = "quarantine"

// Quarantine returns what the folder was restored from, nil when nothing holds it back.
func (db *DB) Quarantine(ctx context.Context) (*app.Quarantine, error) {
	var value []byte
	found, err := db.queries.row(ctx, "meta_get", args(metaQuarantine), &value)
	if err != nil || !found {
		return nil, err
	}
	return app.DecodeQuarantine(value)
}

// EndQuarantine lets what waits be sent, or, with discard, gives up what has been waiting.
// It returns how many requests that concerned, and CodeNotFound when there is no quarantine.
func (db *DB) EndQuarantine(ctx context.Context, discard bool) (waiting int64, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		res, err := tx.t.w.q.exec("meta_delete", metaQuarantine)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, app.NotFound("This Kith is in no quarantine: what is to be sent is sent."))
		}
		if _, err := tx.t.w.q.row(background, "outgoing_waiting", nil, &waiting); err != nil {
			return err
		}
		if err := tx.audit(ctx, "quarantine.end", "", map[string]any{"waiting": waiting, "discarded": discard}); err != nil || !discard {
			return err
		}
		return tx.exec("outgoing_discard", int64(tx.t.now))
	})
	return waiting, err
}

// Waiting outgoing requests of a quarantine.
func (db *DB) OutgoingWaiting(ctx context.Context) (n int64, err error) {
	_, err = db.queries.row(ctx, "outgoing_waiting", nil, &n)
	return n, err
}

// Hold keeps every Kith out of a data folder until it is let go, for a command that
// changes the folder's files. It returns CodeUnavailable when one has it open.
func Hold(ctx context.Context, folder string) (letGo func() error, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, noFolder(folder, err)
	}
	db := &DB{folder: folder}
	if err := db.takeLock(ctx); err != nil {
		return nil, errors.Join(err, db.closeHandles())
	}
	return db.closeHandles, nil
}

// fileTime is a time as it stands in the names of files.
func fileTime(t time.Time) string { return t.UTC().Format("20060102-150405") }
