package storage

import (
	"context"
	"errors"
	"testing"
)

// RowsWritten is how many rows the writer's connection has written in its life.
func (db *DB) RowsWritten(t testing.TB) (n int64) {
	t.Helper()
	if err := db.conn.QueryRowContext(context.Background(), "select total_changes()").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Exec runs SQL of the test's own on the writer's connection, outside any transaction.
func (db *DB) Exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := db.conn.ExecContext(context.Background(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// Number reads one number from the committed state.
func (db *DB) Number(t testing.TB, query string, args ...any) (n int64) {
	t.Helper()
	if err := db.read.QueryRowContext(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// LimitPages makes the disk full for the writer once the file has so many pages more
// than it has now; a negative number takes the limit away.
func (db *DB) LimitPages(t testing.TB, more int64) {
	t.Helper()
	limit := int64(1) << 30
	if more >= 0 {
		limit = db.Number(t, "pragma page_count") + more
	}
	var got int64 // the pragma answers with a row, and counts as a query
	if err := db.conn.QueryRowContext(context.Background(), "pragma max_page_count = "+itoa(limit)).Scan(&got); err != nil {
		t.Fatal(err)
	}
}

func itoa(n int64) string { return jsonRows([]int64{n})[1 : len(jsonRows([]int64{n}))-1] }

// ErrFault is what FailAfterRow fails with.
var ErrFault = errors.New("a fault of the test")

// FailAfterRow writes a row of a list that must never be seen, and fails.
func FailAfterRow(tx *Tx) error {
	if _, err := tx.t.w.q.exec("list_insert", "never", nil, nil, false, 1); err != nil {
		return err
	}
	tx.t.total("lists", 100)
	tx.t.s.seq += 1000
	return ErrFault
}

// BreakStatement runs a statement that SQLite refuses.
func BreakStatement(tx *Tx) error {
	return tx.exec("device_save", int64(1)<<40, "token of nobody", "ios", 1)
}

// PlugWriter keeps the writer busy until the returned function is called, so that what
// comes meanwhile shares the next transaction.
func (db *DB) PlugWriter() (unplug func()) {
	running, release := make(chan struct{}), make(chan struct{})
	go db.Write(context.Background(), func(*Tx) error {
		close(running)
		<-release
		return nil
	})
	<-running
	return func() { close(release) }
}

// Waiting is how many requests wait for the writer.
func (db *DB) Waiting() int { return len(db.writer.queue) }

// Commits is how many transactions the writer has committed.
func (db *DB) Commits() int64 { return db.writer.commits.Load() }

// Follows reports whether a reader has begun to follow.
func (db *DB) Follows(name string) bool {
	_, known := db.cursors.Load(name)
	return known
}

// LastPageOf is the number of the last leaf page of a table.
func (db *DB) LastPageOf(t testing.TB, table string) (page int64) {
	t.Helper()
	if err := db.conn.QueryRowContext(background, "select max(pageno) from dbstat where name = ? and pagetype = 'leaf'", table).Scan(&page); err != nil {
		t.Fatal(err)
	}
	return page
}
