package storage_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

// copyOf writes a snapshot of a folder to a file and returns its state and the file.
func copyOf(t testing.TB, folder string) (app.SnapshotState, string) {
	t.Helper()
	s, err := storage.OpenSnapshot(bg, folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	file := filepath.Join(t.TempDir(), storage.FileName)
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	n, err := s.WriteTo(out)
	if err != nil || n != s.State().Bytes {
		t.Fatalf("%d of %d bytes: %v", n, s.State().Bytes, err)
	}
	return s.State(), file
}

// dump is every row of every table as text.
func dump(t testing.TB, file string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=query_only(on)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var b strings.Builder
	var tables []string
	rows, err := db.Query("select name from sqlite_schema where type = 'table' and name not like 'sqlite%' order by name")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	rows.Close()
	for _, table := range tables {
		rows, err := db.Query("select * from " + table)
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %q\n", table, values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return b.String()
}

func TestSnapshot_isTheDatabaseWhole(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	for i := range 300 {
		uid := fmt.Sprint("u", i)
		storagetest.Apply(t, db, set(uid, "plan", `"Fibre 100"`, "note", `"`+strings.Repeat("long ", 40*i)+`"`), track(uid, "Seen", at(time.Duration(i)*time.Second)))
	}
	for i := 0; i < 300; i += 3 {
		storagetest.Apply(t, db, &app.Delete{UID: fmt.Sprint("u", i)})
	}
	state, file := copyOf(t, db.Folder())
	got, err := storage.CheckCopy(bg, file)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(state) {
		t.Errorf("the copy has %v, and the snapshot was of %v", got, state)
	}
	if state.Counts["customers"] != 200 || state.Counts["events"] != 200 || state.Schema != storage.Schema() {
		t.Errorf("the state: %+v", state)
	}
	if dump(t, file) != dump(t, filepath.Join(db.Folder(), storage.FileName)) {
		t.Error("the copy's rows are others")
	}
	again, err := storage.Open(bg, filepath.Dir(file), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Check(bg); err != nil {
		t.Error(err)
	}
}

// What was deleted, erased or replaced is in no copy, whether or not its pages were used again.
func TestSnapshot_holdsNothingThatWasDeleted(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	secret := func(i int) string { return fmt.Sprintf("gone-for-good-%d", i) }
	for i := range 400 {
		uid := fmt.Sprint("u", i)
		storagetest.Apply(t, db, set(uid, "note", `"`+secret(i)+strings.Repeat(" and more", i%60)+`"`),
			&app.Track{UID: uid, Event: "Wrote", At: at(time.Duration(i) * time.Second), Properties: []byte(`{"text":"` + secret(i) + `"}`)})
	}
	raw := func() []byte {
		_, file := copyOf(t, db.Folder())
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Contains(raw(), []byte(secret(7))) {
		t.Fatal("what is there is not in the copy: the test looks for the wrong thing")
	}
	for i := range 400 {
		if i%5 == 0 {
			continue
		}
		storagetest.Apply(t, db, &app.Delete{UID: fmt.Sprint("u", i), Erase: i%2 == 0})
	}
	for i := range 100 { // some of the pages are used again
		storagetest.Apply(t, db, set(fmt.Sprint("v", i), "note", `"another"`))
	}
	got := raw()
	for i := range 400 {
		if there := bytes.Contains(got, []byte(secret(i)+" ")) || bytes.Contains(got, []byte(secret(i)+`"`)); there != (i%5 == 0) {
			t.Errorf("%s is in the copy: %v", secret(i), there)
		}
	}
}

func TestSnapshot_isOneStateWhileOthersWrite(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	ctx, stop := context.WithCancel(bg)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				uid := fmt.Sprintf("w%d-%d", w, i%50)
				if _, err := db.Apply(bg, app.Batch{Changes: []app.Change{set(uid, "n", fmt.Sprint(i)), track(uid, "Seen", at(time.Duration(i)*time.Second))}}); err != nil {
					t.Error(err)
					return
				}
				if i%17 == 0 {
					_, _ = db.Apply(bg, app.Batch{Changes: []app.Change{&app.Delete{UID: uid}}})
				}
			}
		})
	}
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	for range rounds {
		state, file := copyOf(t, db.Folder())
		got, err := storage.CheckCopy(bg, file)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(state) {
			t.Errorf("the copy has %v (%v), and the snapshot was of %v", got, err, state)
		}
		again, err := storage.Open(bg, filepath.Dir(file), storage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Check(bg); err != nil {
			t.Error(err)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
	stop()
	writers.Wait()
}

func TestSnapshot_ofNothingSaysSo(t *testing.T) {
	t.Parallel()
	_, err := storage.OpenSnapshot(bg, t.TempDir())
	if app.CodeOf(err) != app.CodeNotFound || !strings.Contains(err.Error(), "There is no Kith in") {
		t.Errorf("got %v", err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, storage.FileName), []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.OpenSnapshot(bg, folder); err == nil {
		t.Error("a text was taken for a database")
	}
}
