package storage_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

// childEnv makes the test binary, started again, do one of the things of children.
const childEnv = "KITH_STORAGE_CHILD"

// children are what a second process does with a folder.
var children = map[string]func(folder string) error{
	"open":   openAndClose,
	"count":  countEvents,
	"shared": makeKey,
}

func TestMain(m *testing.M) {
	task := children[os.Getenv(childEnv)]
	if task == nil {
		fewerChecks()
		os.Exit(m.Run())
	}
	if err := task(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(task, folder string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], folder)
	cmd.Env = append(os.Environ(), childEnv+"="+task)
	return cmd
}

func openAndClose(folder string) error {
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		return err
	}
	return db.Close()
}

func makeKey(folder string) error {
	db, err := storage.Open(bg, folder, storage.Options{Shared: true})
	if err != nil {
		return err
	}
	_, _, err = db.CreateKey(bg, "from beside")
	return errors.Join(err, db.Close())
}

// together makes jobs wait for the writer, so that one transaction takes them all.
func together(t *testing.T, db *storage.DB, jobs ...func()) {
	t.Helper()
	unplug := db.PlugWriter()
	var wg sync.WaitGroup
	for i, job := range jobs {
		wg.Go(job)
		for db.Waiting() <= i {
			time.Sleep(time.Millisecond)
		}
	}
	unplug()
	wg.Wait()
}

func TestWriter_aFaultInOneRequestLeavesTheOthersOfItsGroup(t *testing.T) {
	t.Parallel()
	faults := []struct {
		name string
		fn   func(tx *storage.Tx) error
		says string
	}{
		{"an error", storage.FailAfterRow, "a fault of the test"},
		{"a panic", func(tx *storage.Tx) error { _ = storage.FailAfterRow(tx); panic("lost") }, "panic in the writer: lost"},
		{"a statement that fails", storage.BreakStatement, "device_save"},
		{"a refusal", func(tx *storage.Tx) error { _ = storage.FailAfterRow(tx); return app.NotFound("no such thing") }, "no such thing"},
		{"unavailable by its own word", func(tx *storage.Tx) error {
			_ = storage.FailAfterRow(tx)
			return app.Fail(app.CodeUnavailable, "not now")
		}, "not now"},
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			db, _ := open(t)
			storagetest.Apply(t, db, set("u", "n", "0"))
			good := func(uid, value string) func() {
				return func() { storagetest.Apply(t, db, set(uid, "n", value), track(uid, "Seen", at(0))) }
			}
			together(t, db, good("u", "1"), func() {
				if err := db.Write(bg, f.fn); err == nil || !strings.Contains(err.Error(), f.says) {
					t.Errorf("the faulty request got %v", err)
				}
			}, good("v", "2"), func() {
				if err := db.RevokeKey(bg, 12345); app.CodeOf(err) != app.CodeNotFound {
					t.Errorf("revoking a key that is not there: %v", err)
				}
			}, good("u", "3"))
			if got := text(storagetest.Customer(t, db, "u")); got != "n=3" {
				t.Errorf("u has %s", got)
			}
			if totals, _ := db.Totals(bg); totals.Customers != 2 || totals.Events != 3 || totals.Lists != 0 {
				t.Errorf("totals: %+v", totals)
			}
			newList(t, db, "after", false)
			if head, rows := db.Head(), db.Number(t, "select max(seq) from feed"); head != rows {
				t.Errorf("the head is %d and the feed ends at %d", head, rows)
			}
		})
	}
}

func TestWriter_groupsWhatWaitsIntoOneTransaction(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	before := db.Commits()
	var jobs []func()
	for i := range 50 {
		jobs = append(jobs, func() { one(t, db, track(fmt.Sprint("u", i), "Seen", at(0))) })
	}
	together(t, db, jobs...)
	if n := db.Commits() - before; n != 2 {
		t.Errorf("%d transactions for the plug and fifty requests, want 2", n)
	}
}

func TestApply_refusesWhatIsTooMuchAndWhatComesAfterClose(t *testing.T) {
	t.Parallel()
	db, err := storage.Open(bg, t.TempDir(), storage.Options{QueueLength: 2})
	if err != nil {
		t.Fatal(err)
	}
	unplug := db.PlugWriter()
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() { one(t, db, track("u", "Seen", at(0))) })
		for db.Waiting() <= i {
			time.Sleep(time.Millisecond)
		}
	}
	if _, err := db.Apply(bg, app.Batch{Changes: []app.Change{track("u", "Seen", at(0))}}); app.CodeOf(err) != app.CodeRateLimited {
		t.Errorf("a full queue: %v", err)
	}
	unplug()
	wg.Wait()
	ctx, cancel := context.WithCancel(bg)
	unplug = db.PlugWriter()
	wg.Go(func() {
		if _, err := db.Apply(ctx, app.Batch{Changes: []app.Change{track("u", "Seen", at(0))}}); err != nil {
			t.Errorf("one that went away after sending: %v", err)
		}
	})
	for db.Waiting() < 1 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	unplug()
	wg.Wait()
	if _, err := db.Apply(ctx, app.Batch{Changes: []app.Change{track("u", "Seen", at(0))}}); !errors.Is(err, context.Canceled) {
		t.Errorf("one that went away before: %v", err)
	}
	if n := len(events(t, db, "u")); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Error(err)
	}
	if _, err := db.Apply(bg, app.Batch{}); app.CodeOf(err) != app.CodeUnavailable {
		t.Errorf("after Close: %v", err)
	}
}

func TestClose_finishesWhatWasTakenOn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for range 40 {
		wg.Go(func() {
			for {
				results, err := db.Apply(bg, app.Batch{Changes: []app.Change{track("u", "Seen", at(0))}})
				if err != nil {
					if app.CodeOf(err) != app.CodeUnavailable {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				taken += len(results)
				mu.Unlock()
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if db, err = storage.Open(bg, folder, storage.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n := len(events(t, db, "u")); n != taken || n == 0 {
		t.Errorf("%d events are there, %d were answered", n, taken)
	}
}

// fill applies batches until the disk is full, and returns how many events were answered.
func fill(t *testing.T, db *storage.DB) (answered int) {
	t.Helper()
	padding := []byte(`{"padding":"` + strings.Repeat("x", 2000) + `"}`)
	for batch := range 2000 {
		var changes []app.Change
		for i := range 10 {
			changes = append(changes, set(fmt.Sprint("u", i), fmt.Sprint("a", batch%50), fmt.Sprint(batch)),
				&app.Track{UID: fmt.Sprint("u", i), Event: fmt.Sprint("Event ", batch), At: at(time.Duration(batch) * 24 * time.Hour), Properties: padding})
		}
		results, err := db.Apply(bg, app.Batch{Changes: changes})
		if err == nil {
			answered += len(results) / 2
			continue
		}
		if app.CodeOf(err) != app.CodeUnavailable || !strings.Contains(app.Public(err).Message, "The disk is full") {
			t.Fatalf("a full disk: %v", err)
		}
		if results != nil {
			t.Error("a request that failed has results")
		}
		return answered
	}
	t.Fatal("the disk never became full")
	return 0
}

// holdFull checks that a folder on a full disk is whole, can be read, and goes on.
func holdFull(t *testing.T, db *storage.DB, answered int, makeRoom func()) {
	t.Helper()
	if answered == 0 {
		t.Error("the disk was full from the first request on: nothing is proved")
	}
	for range 3 {
		if _, err := db.Apply(bg, app.Batch{Changes: []app.Change{set("big", "a", string(app.Quote(strings.Repeat("x", 60_000))))}}); app.CodeOf(err) != app.CodeUnavailable {
			t.Errorf("while it is full: %v", err)
		}
	}
	if n := len(events(t, db, "u0")) * 10; n != answered {
		t.Errorf("%d events are there, %d were answered", n, answered)
	}
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
	makeRoom()
	storagetest.Apply(t, db, set("big", "a", "1"), track("u0", "After", at(0)))
	if n := len(events(t, db, "u0")); n != answered/10+1 {
		t.Errorf("%d events of one customer after it went on", n)
	}
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
}

func TestWriter_aFullFileIsSaidAndLeavesNothingHalfWritten(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one(t, db, set("u0"))
	db.LimitPages(t, 60)
	answered := fill(t, db)
	holdFull(t, db, answered, func() { db.LimitPages(t, -1) })
}

func TestOpen_aHeldFolderIsRefusedAndSharedWorksBesideIt(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = storage.Open(bg, folder, storage.Options{})
	if app.CodeOf(err) != app.CodeUnavailable || !strings.Contains(err.Error(), "Another Kith has the data folder "+folder+" open") {
		t.Errorf("the same process: %v", err)
	}
	out, err := child("open", folder).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Another Kith has the data folder "+folder+" open. Stop it") {
		t.Errorf("another process: %v %s", err, out)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("two refusals took %v", took)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				one(t, db, track("u", "Seen", at(0)))
			}
		}
	})
	if out, err := child("shared", folder).CombinedOutput(); err != nil {
		t.Errorf("shared: %v %s", err, out)
	}
	close(stop)
	wg.Wait()
	if keys, err := db.Keys(bg); err != nil || len(keys) != 1 || keys[0].Name != "from beside" {
		t.Errorf("keys: %+v %v", keys, err)
	}
	if err := errors.Join(db.Check(bg), db.Close()); err != nil {
		t.Error(err)
	}
	if out, err := child("open", folder).CombinedOutput(); err != nil {
		t.Errorf("once it is free: %v %s", err, out)
	}
}

func TestClose_leavesOneWholeFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	storagetest.Apply(t, db, set("u", "a", "1"), track("u", "Seen", at(0)))
	events(t, db, "u")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, storage.FileName+"-*")); len(left) != 0 {
		t.Errorf("after Close there are still %v", left)
	}
	copied := t.TempDir()
	data, err := os.ReadFile(filepath.Join(folder, storage.FileName))
	if err == nil {
		err = os.WriteFile(filepath.Join(copied, storage.FileName), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if db, err = storage.Open(bg, copied, storage.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got := text(storagetest.Customer(t, db, "u")); got != "a=1" || len(events(t, db, "u")) != 1 {
		t.Errorf("a copy of the one file holds %s", got)
	}
}

func TestOpen_aDamagedFileSaysSo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, storage.FileName)
	if err := os.WriteFile(file, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openAndClose(folder); app.CodeOf(err) != app.CodeUnavailable || !strings.Contains(err.Error(), "The database file is damaged") || !strings.Contains(err.Error(), file) {
		t.Errorf("a file that is no database: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		one(t, db, set(fmt.Sprint("u", i), "a", string(app.Quote(strings.Repeat("x", 500)))))
	}
	pages := db.Number(t, "pragma page_count")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for page := int64(2); page < pages; page++ {
		if _, err := f.WriteAt([]byte(strings.Repeat("\xa5", 1000)), page*4096); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	err = checkFolder(folder)
	if err == nil || !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), "integrity_check") {
		t.Errorf("pages of rubbish: %v", err)
	}
}

// checkFolder opens a folder and holds it against its invariants.
func checkFolder(folder string) error {
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		return err
	}
	return errors.Join(db.Check(bg), db.Close())
}
