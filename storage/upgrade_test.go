package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kith/app"
)

// schemaUpTo is the schema files up to a number.
func schemaUpTo(t testing.TB, n int) fstest.MapFS {
	t.Helper()
	files, err := fs.Glob(sqlFiles, "sql/schema/*.sql")
	if err != nil || len(files) < n {
		t.Fatal(err, files)
	}
	out := fstest.MapFS{}
	for _, name := range files[:n] {
		text, err := fs.ReadFile(sqlFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: text}
	}
	return out
}

// fillTables puts rows into every table of whatever schema there is: each column gets a
// value of its type, each row others.
func fillTables(t testing.TB, conn *sql.Conn, rows int) map[string]int64 {
	t.Helper()
	ctx := context.Background()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := conn.ExecContext(ctx, query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	exec("pragma foreign_keys = off")
	tables, err := tableNames(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		var names, types []string
		list, err := conn.QueryContext(ctx, "select name, type from pragma_table_info(?)", table)
		if err != nil {
			t.Fatal(err)
		}
		for list.Next() {
			var name, kind string
			if err := list.Scan(&name, &kind); err != nil {
				t.Fatal(err)
			}
			names, types = append(names, `"`+name+`"`), append(types, strings.ToLower(kind))
		}
		if err := errors.Join(list.Err(), list.Close()); err != nil {
			t.Fatal(err)
		}
		for row := 1; row <= rows; row++ {
			values := make([]any, len(names))
			for i, kind := range types {
				switch kind {
				case "text":
					values[i] = strings.Repeat("[", row) + strings.Repeat("]", row) // JSON, and another for each row
				case "blob", "any":
					values[i] = []byte{byte(row)}
				default:
					values[i] = row
				}
			}
			exec("insert into "+table+" ("+strings.Join(names, ", ")+") values (?"+strings.Repeat(", ?", len(names)-1)+")", values...)
		}
	}
	counts, err := countTables(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// From each schema that there ever was, with rows in every table: all of them are there
// afterwards, the copy from before holds them too, and every statement fits.
func TestMigrate_fromEverySchemaThereEverWas(t *testing.T) {
	t.Parallel()
	for from := 1; from < Schema(); from++ {
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			t.Parallel()
			folder, ctx := t.TempDir(), context.Background()
			conn := plainFile(t, folder)
			if err := migrate(ctx, conn, schemaUpTo(t, from), folder, migrateAt); err != nil {
				t.Fatal(err)
			}
			before := fillTables(t, conn, 3)
			if err := migrate(ctx, conn, sqlFiles, folder, migrateAt); err != nil {
				t.Fatal(err)
			}
			after, err := countTables(ctx, conn)
			if err != nil {
				t.Fatal(err)
			}
			for table, n := range before {
				if after[table] < n {
					t.Errorf("%s had %d rows and has %d", table, n, after[table])
				}
			}
			if v := number(t, conn, "pragma user_version"); v != Schema() {
				t.Errorf("it is of schema %d", v)
			}
			var verdict string
			if err := conn.QueryRowContext(ctx, "pragma integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
				t.Errorf("%s %v", verdict, err)
			}
			q, err := prepareAll(ctx, conn, func(*namedQuery) bool { return true })
			if err != nil {
				t.Error(err)
			}
			q.close()
			copies, _ := filepath.Glob(filepath.Join(folder, copyPrefix+"*.db"))
			if len(copies) != 1 {
				t.Fatalf("copies: %v", copies)
			}
			state, err := CheckCopy(ctx, copies[0])
			if err != nil && !strings.Contains(err.Error(), "refer to rows") { // the rows made here do
				t.Fatal(err)
			}
			if state.Schema != from {
				t.Errorf("the copy is of schema %d, want %d", state.Schema, from)
			}
		})
	}
}

// firstData is a small workspace as the first schema kept it.
const firstData = `
insert into customers (id, uid, first_name, email, email_key, created_at, inserted_at, attributes, changed)
  values (1, 'ada', 'Ada', 'Ada@example.com', 'ada@example.com', 1700000000000, 1700000000000, jsonb('{"plan":"Fibre 100"}'), zeroblob(36));
insert into sources (id, name) values (1, 'api');
insert into event_names (id, name, events, customers, first_at, last_at) values (1, 'Paid', 2, 1, 1700000000000, 1700086400000);
insert into events (id, customer_id, name_id, at, source_id, value, properties)
  values (1, 1, 1, 1700000000000, 1, '12.50', '{"gb":50}'), (2, 1, 1, 1700086400000, 1, null, null);
insert into event_keys (event_id, key) values (1, 'm1');
insert into event_days (name_id, day, events) values (1, 19675, 1), (1, 19676, 1);
insert into event_customers (name_id, customer_id) values (1, 1);
insert into event_properties (name_id, name, type) values (1, 'gb', 1);
insert into attribute_names (id, name, standard, counts, samples, changed_at) values (1, 'plan', 0, '[1,0,0,0,0,0]', '["Fibre 100"]', 1700000000000);
insert into feed (seq, at, kind, customer_id, key, count) values (1, 1700000000000, 2, 1, 0, 1), (2, 1700086400000, 1, 0, 1, 2);
insert into totals (name, n) values ('customers', 1), ('events', 2), ('last_event', 2);
`

// A workspace that the first schema kept is whole after all changes: every invariant
// holds, and it is read and written as any other.
func TestMigrate_aWorkspaceOfTheFirstSchemaLivesOn(t *testing.T) {
	t.Parallel()
	folder, ctx := t.TempDir(), context.Background()
	conn := plainFile(t, folder)
	if err := migrate(ctx, conn, schemaUpTo(t, 1), folder, migrateAt); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(ctx, firstData); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(ctx, folder, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	row, err := db.Find(ctx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Customer(ctx, row)
	if err != nil || string(c.Attribute("plan")) != `"Fibre 100"` || *c.Email != "Ada@example.com" {
		t.Errorf("%+v %v", c, err)
	}
	res, err := db.Apply(ctx, app.Batch{Changes: []app.Change{
		&app.Track{UID: "ada", Event: "Paid", At: db.Now(), MessageID: "m1"}, &app.Track{UID: "ada", Event: "Paid", At: db.Now()}}})
	if err != nil || res[0].Changed || !res[1].Changed {
		t.Errorf("%+v %v", res, err)
	}
	if err := db.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestMigrate_needsRoomForTheCopy(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := roomFor(1<<50, folder); app.CodeOf(err) != app.CodeUnavailable || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("got %v", err)
	}
	if err := roomFor(1<<20, folder); err != nil {
		t.Error(err)
	}
}

func TestMigrate_oldCopiesGo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	old, fresh := filepath.Join(folder, copyPrefix+"2-20260101-000000.db"), filepath.Join(folder, copyPrefix+"3-20260228-000000.db")
	for _, file := range []string{old, fresh} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, migrateAt.Add(-31*24*time.Hour), migrateAt.Add(-31*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(fresh, migrateAt.Add(-29*24*time.Hour), migrateAt.Add(-29*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := removeOldCopies(folder, migrateAt); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a copy of 31 days is still there")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("a copy of 29 days is gone")
	}
}
