package command

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/app/backup"
	"kith/storage"

	"filippo.io/age"
)

// some fills a data folder with a few customers and returns it.
func some(t *testing.T, n int) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	db, err := storage.Open(t.Context(), folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var changes []app.Change
	for i := range n {
		changes = append(changes, &app.Track{UID: fmt.Sprint("u", i), Event: "Seen", At: db.Now(), Source: "api"})
	}
	if _, err := db.Apply(t.Context(), app.Batch{Changes: changes}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// rowsOf is every row of every table of a folder's database, but for what a restore itself writes.
func rowsOf(t *testing.T, folder string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, storage.FileName)+"?_pragma=query_only(on)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables string
	if err := db.QueryRow("select group_concat(name) from sqlite_schema where type = 'table' and name not like 'sqlite%'").Scan(&tables); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, table := range strings.Split(tables, ",") {
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
			if line := fmt.Sprintf("%s %q\n", table, values); values[0] != "quarantine" && !strings.Contains(line, "backup.restore") {
				b.WriteString(line)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestBackup_andBack(t *testing.T) {
	t.Parallel()
	data, dir := some(t, 30), t.TempDir()
	file := filepath.Join(dir, "b.tar.zst")
	out, _ := kith(t, exitDone, "backup", file, "--data", data)
	wantSaid(t, out, `b\.tar\.zst +[\d.]+ kB in`)
	out, _ = kith(t, exitDone, "verify", file, "--data", data)
	wantSaid(t, out, `is whole`, `30 customers and 30 events`)
	_, said := kith(t, exitFail, "backup", file, "--data", data)
	wantSaid(t, said, `is there already`)
	_, said = kith(t, exitFail, "restore", file, "--data", data)
	wantSaid(t, said, `There is data in .* already\. --overwrite`)
	to := filepath.Join(dir, "restored")
	out, _ = kith(t, exitDone, "restore", file, "--data", to)
	wantSaid(t, out, `30 customers and 30 events as of`, `quarantine`)
	if rowsOf(t, to) != rowsOf(t, data) {
		t.Error("what came back is not what was backed up")
	}
	if left, _ := filepath.Glob(filepath.Join(to, ".restore-*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	out, _ = kith(t, exitDone, "quarantine", "--data", to)
	wantSaid(t, out, `Nothing is sent since`, `b\.tar\.zst`, `0 requests wait`)
	kith(t, exitDone, "quarantine", "end", "--data", to)
	out, _ = kith(t, exitDone, "quarantine", "--data", to)
	wantSaid(t, out, `no quarantine`)
	_, said = kith(t, exitFail, "quarantine", "end", "--data", to)
	wantSaid(t, said, `in no quarantine`)
	db, err := storage.Open(t.Context(), to, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log, _, err := db.AuditLog(t.Context(), app.AuditFilter{By: app.ByCommand}, 10)
	if err != nil || len(log) != 2 || log[0].Action != "quarantine.end" || log[1].Action != "backup.restore" || log[1].Target != "b.tar.zst" {
		t.Errorf("the audit log has %+v %v", log, err)
	}
}

func TestRestore_overwritesOnlyWhenToldAndKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	data, other := some(t, 5), some(t, 9)
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	kith(t, exitDone, "backup", file, "--data", data)
	before := rowsOf(t, other)
	for _, name := range []string{"columns.snapshot", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(other, name), []byte("derived"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := kith(t, exitDone, "restore", "--overwrite", file, "--data", other)
	aside := regexp.MustCompile(`What was there is in (\S+);`).FindStringSubmatch(out)
	if aside == nil {
		t.Fatalf("it does not say where the old data is: %s", out)
	}
	if rowsOf(t, aside[1]) != before || rowsOf(t, other) != rowsOf(t, data) {
		t.Error("the old data, or the new, is not what it should be")
	}
	if _, err := os.Stat(filepath.Join(other, "columns.snapshot")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the columns of the old data are still there")
	}
}

// A power cut between moving the old data aside and putting the new in its place left a
// folder without a database, in which the next start made an empty one.
func TestRestore_thatWasCutOffIsNotForgotten(t *testing.T) {
	t.Parallel()
	data, other := some(t, 5), some(t, 9)
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	kith(t, exitDone, "backup", file, "--data", data)
	if _, err := storage.BeginExchange(other); err != nil {
		t.Fatal(err)
	}
	aside := filepath.Join(other, "before-restore-20260101-000000")
	if err := os.Mkdir(aside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(other, storage.FileName), filepath.Join(aside, storage.FileName)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"keys", "list"}, {"export", "customers"}} {
		_, said := kith(t, exitFail, append(args, "--data", other)...)
		wantSaid(t, said, `A restore into .* was cut off\. Run kith restore again`, `before-restore-`)
	}
	if _, err := os.Stat(filepath.Join(other, storage.FileName)); !errors.Is(err, os.ErrNotExist) {
		t.Error("an empty database was made")
	}
	kith(t, exitDone, "restore", file, "--data", other)
	if rowsOf(t, other) != rowsOf(t, data) {
		t.Error("what came back is not what was backed up")
	}
	kith(t, exitDone, "keys", "list", "--data", other)
}

func TestRestore_refusesWhileAKithIsRunning(t *testing.T) {
	t.Parallel()
	data := some(t, 5)
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	kith(t, exitDone, "backup", file, "--data", data)
	db, err := storage.Open(t.Context(), data, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, said := kith(t, exitFail, "restore", "--overwrite", file, "--data", data)
	wantSaid(t, said, `Another Kith has the data folder`)
}

func TestBackup_ofDamagedFilesSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	data, dir := some(t, 40), t.TempDir()
	file := filepath.Join(dir, "b.tar.zst")
	kith(t, exitDone, "backup", file, "--data", data)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 4
	for name, b := range map[string][]byte{"cut": whole[:len(whole)-1], "half": whole[:len(whole)/2], "flipped": flipped, "empty": {}, "text": []byte("hello")} {
		bad := filepath.Join(dir, name)
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"verify", "restore"} {
			to := filepath.Join(dir, "never")
			_, said := kith(t, exitFail, command, bad, "--data", to)
			wantSaid(t, said, `damaged or was cut|no backup of Kith|The backup is empty`)
			if _, err := os.Stat(filepath.Join(to, storage.FileName)); err == nil {
				t.Fatalf("%s of a %s file left a database", command, name)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".kith-verify-*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// A database whose rows are fewer than its backup says is found though the file is whole.
func TestVerify_comparesCounts(t *testing.T) {
	t.Parallel()
	data, dir := some(t, 12), t.TempDir()
	s, err := storage.OpenSnapshot(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	file := filepath.Join(dir, "b.tar.zst")
	if _, _, err := backup.Create(t.Context(), file, boasting{s}, backup.Options{At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	_, said := kith(t, exitFail, "verify", file)
	wantSaid(t, said, `events has 12 rows instead of 13`)
}

// boasting says that there is one more event than there is.
type boasting struct{ backup.Snapshot }

func (b boasting) State() app.SnapshotState {
	s := b.Snapshot.State()
	s.Counts = maps.Clone(s.Counts)
	s.Counts["events"]++
	return s
}

func TestBackup_encryptedAndScheduledFolder(t *testing.T) {
	t.Parallel()
	data, dir := some(t, 7), t.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key, config := filepath.Join(dir, "key.txt"), filepath.Join(dir, "kith.toml")
	if err := os.WriteFile(key, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("data = %q\n[backup]\nrecipients = %q\n", data, id.Recipient())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := kith(t, exitDone, "backup", "--config", config)
	wantSaid(t, out, `backups/kith-\d{8}-\d{6}\.tar\.zst\.age`)
	_, said := kith(t, exitFail, "verify", "--config", config)
	wantSaid(t, said, `encrypted: give the key with --identity`)
	out, _ = kith(t, exitDone, "verify", "--config", config, "--identity", key)
	wantSaid(t, out, `is whole`, `7 customers`)
	_, said = kith(t, exitUsage, "backup", "--config", config, "a", "b")
	wantSaid(t, said, `use: kith backup \[FILE\]`)
}

// backupRounds is how often a backup is made under load.
func backupRounds() int {
	switch {
	case os.Getenv("KITH_SOAK") != "":
		return 20
	case os.Getenv("CI") == "true":
		return 6
	}
	return 2
}

// While clients write as fast as they can, each backup holds all that was answered before
// it began, nothing twice, every counter right; and when they have ended, all of it.
func TestBackup_underFullLoad(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("builds and runs the program: not with -short")
	}
	binary, folder, l := buildKith(t), t.TempDir(), newLedger()
	cmd, base := startKith(t, binary, folder)
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 8 {
		c := &client{base: base, http: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}, name: fmt.Sprint(string(rune('a'+i)), 0), l: l}
		clients.Go(func() {
			defer c.http.CloseIdleConnections()
			for n := 0; ctx.Err() == nil; n++ {
				if err := c.step(n%6, fmt.Sprint("u", n%7)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	dir := t.TempDir()
	for round := range backupRounds() {
		time.Sleep(200 * time.Millisecond)
		l.mu.Lock()
		before := maps.Clone(l.answered)
		l.mu.Unlock()
		file, to := filepath.Join(dir, fmt.Sprintf("%d.tar.zst", round)), filepath.Join(dir, fmt.Sprint("data", round))
		kith(t, exitDone, "backup", file, "--data", folder)
		kith(t, exitDone, "restore", file, "--data", to)
		holdBackup(t, to, before)
	}
	stop()
	clients.Wait()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	file, to := filepath.Join(dir, "last.tar.zst"), filepath.Join(dir, "last")
	kith(t, exitDone, "backup", file, "--data", folder)
	kith(t, exitDone, "verify", file)
	kith(t, exitDone, "restore", file, "--data", to)
	if rowsOf(t, to) != rowsOf(t, folder) {
		t.Error("what came back is not what was backed up")
	}
	l.hold(t, to)
	t.Logf("%d events answered meanwhile", len(l.answered))
	if len(l.answered) < 100 {
		t.Errorf("only %d events were answered: nothing is proved", len(l.answered))
	}
}

// holdBackup opens what was restored and holds it against what was answered before.
func holdBackup(t *testing.T, folder string, before map[string]bool) {
	t.Helper()
	db, err := storage.Open(t.Context(), folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	stored := map[string]int{}
	err = db.EachEvent(t.Context(), app.EventFilter{}, func(e *app.Event) error {
		var p struct{ N string }
		err := json.Unmarshal(e.Properties, &p)
		stored[p.N]++
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for n := range before {
		if stored[n] != 1 {
			t.Errorf("the event %s was answered before the backup began and is there %d times", n, stored[n])
		}
	}
	if q, err := db.Quarantine(t.Context()); err != nil || q == nil {
		t.Errorf("it is in no quarantine: %v", err)
	}
}

func TestRetention_saysWhatWouldGo(t *testing.T) {
	t.Parallel()
	data := some(t, 3)
	db, err := storage.Open(t.Context(), data, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Apply(t.Context(), app.Batch{Changes: []app.Change{&app.Track{UID: "u1", Event: "Bought", At: db.Now() - 800*app.DayMillis}}})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	out, _ := kith(t, exitDone, "retention", "--data", data)
	wantSaid(t, out, `kept for ever`)
	out, _ = kith(t, exitDone, "retention", "--data", data, "--keep", "2y")
	wantSaid(t, out, `1 +1 +Bought`, `1 events are from before .* Nothing was removed`)
	kith(t, exitUsage, "retention", "--data", data, "--keep", "2 years")
}

func TestBackup_ofNothingLeavesNothing(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	var out, said bytes.Buffer
	if code := Main([]string{"backup", "--data", folder}, &out, &said, nil); code != exitFail || !strings.Contains(said.String(), "There is no Kith in") {
		t.Errorf("it ends with %d and says %s", code, said.String())
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made (%v)", err)
	}
}

// Two restores in one second keep both of what they found.
func TestMoveAside_twiceInOneSecond(t *testing.T) {
	t.Parallel()
	folder, now := t.TempDir(), time.Now()
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(filepath.Join(folder, storage.FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		aside, err := moveAside(folder, now)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if b, err := os.ReadFile(filepath.Join(aside, storage.FileName)); string(b) != text {
				t.Errorf("%s holds %q (%v) instead of %q", aside, b, err, text)
			}
		}()
	}
}
