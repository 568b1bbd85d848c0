package storage

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var migrateAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// plainFile opens a database file with no schema of ours.
func plainFile(t *testing.T, folder string) *sql.Conn {
	t.Helper()
	handle, err := sql.Open("sqlite", dsn(filepath.Join(folder, FileName), "journal_mode(wal)"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := handle.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); handle.Close() })
	return conn
}

func number(t *testing.T, conn *sql.Conn, query string) (n int) {
	t.Helper()
	if err := conn.QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

var (
	schemaOne   = fstest.MapFS{"sql/schema/0001_a.sql": {Data: []byte("create table a (n integer) strict;")}}
	schemaTwo   = fstest.MapFS{"sql/schema/0001_a.sql": schemaOne["sql/schema/0001_a.sql"], "sql/schema/0002_b.sql": {Data: []byte("create table b (n integer) strict; insert into b select n from a;")}}
	schemaWrong = fstest.MapFS{"sql/schema/0001_a.sql": schemaOne["sql/schema/0001_a.sql"], "sql/schema/0002_b.sql": {Data: []byte("create table b (n integer) strict; insert into nowhere values (1);")}}
)

func TestMigrate_copiesTheDataBeforeItChangesIt(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	conn, ctx := plainFile(t, folder), context.Background()
	if err := migrate(ctx, conn, schemaOne, folder, migrateAt); err != nil {
		t.Fatal(err)
	}
	copies := func() []string {
		found, _ := filepath.Glob(filepath.Join(folder, "before-schema-*"))
		return found
	}
	if len(copies()) != 0 {
		t.Errorf("a new file was copied: %v", copies())
	}
	if _, err := conn.ExecContext(ctx, "insert into a values (7)"); err != nil {
		t.Fatal(err)
	}
	if err := migrate(ctx, conn, schemaTwo, folder, migrateAt); err != nil {
		t.Fatal(err)
	}
	if n, v := number(t, conn, "select n from b"), number(t, conn, "pragma user_version"); n != 7 || v != 2 {
		t.Errorf("after the upgrade: %d rows' worth, version %d", n, v)
	}
	found := copies()
	if len(found) != 1 || filepath.Base(found[0]) != "before-schema-2-20260301-120000.db" {
		t.Fatalf("copies: %v", found)
	}
	if info, err := os.Stat(found[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy may be read by others: %v %v", info.Mode(), err)
	}
	old, err := sql.Open("sqlite", dsn(found[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	c, err := old.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, v := number(t, c, "select n from a"), number(t, c, "pragma user_version"); n != 7 || v != 1 {
		t.Errorf("the copy holds %d at version %d", n, v)
	}
	if err := migrate(ctx, conn, schemaTwo, folder, migrateAt); err != nil || len(copies()) != 1 {
		t.Errorf("opening an up-to-date file: %v, copies %v", err, copies())
	}
}

func TestMigrate_aFailingOneLeavesTheFileAsItWas(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	conn, ctx := plainFile(t, folder), context.Background()
	if err := migrate(ctx, conn, schemaOne, folder, migrateAt); err != nil {
		t.Fatal(err)
	}
	err := migrate(ctx, conn, schemaWrong, folder, migrateAt)
	if err == nil || !strings.Contains(err.Error(), "0002_b.sql") {
		t.Errorf("got %v", err)
	}
	if v, n := number(t, conn, "pragma user_version"), number(t, conn, "select count(*) from sqlite_master where name = 'b'"); v != 1 || n != 0 {
		t.Errorf("version %d, and %d tables of the failed upgrade", v, n)
	}
}

func TestMigrate_refusesANewerSchema(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := Open(context.Background(), folder, Options{})
	if err != nil {
		t.Fatal(err)
	}
	db.Exec(t, "pragma user_version = 99")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(context.Background(), folder, Options{})
	if err == nil || !strings.Contains(err.Error(), "schema 99") || !strings.Contains(err.Error(), "run the newer Kith") {
		t.Errorf("got %v", err)
	}
}
