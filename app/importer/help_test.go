package importer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kith/app"
	"kith/app/importer"
	"kith/storage"
	"kith/storage/storagetest"
)

var bg = context.Background()

// sharedFile reads a file of the shared samples. Where they are not there the test is
// skipped; in CI they must be.
func sharedFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", filepath.FromSlash(name)))
	if err == nil {
		return b
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("the shared samples must be there in CI: %v", err)
	}
	t.Skipf("the shared samples are not here: %v", err)
	return nil
}

// bench is an open folder with a runner that runs.
type bench struct {
	t  testing.TB
	db *storage.DB
	r  *importer.Runner
	// stop ends the runner and waits for it.
	stop func()
}

func open(t testing.TB) *bench {
	t.Helper()
	db, _ := storagetest.Open(t)
	return start(t, db)
}

func start(t testing.TB, db *storage.DB) *bench {
	t.Helper()
	b := &bench{t: t, db: db, r: importer.NewRunner(db, importer.RunnerOptions{Clock: db.Clock()})}
	ctx, stop := context.WithCancel(bg)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.r.Run(ctx)
	}()
	b.stop = func() { stop(); <-done }
	t.Cleanup(b.stop)
	return b
}

// send starts an import that must be taken.
func (b *bench) send(name string, file []byte, o importer.Options) *app.Import {
	b.t.Helper()
	imp, err := b.r.Start(bg, importer.Upload{Name: name, Body: bytes.NewReader(file)}, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return imp
}

// await waits for an import's end.
func (b *bench) await(imp *app.Import) *app.Import {
	b.t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(2 * time.Millisecond) {
		now, err := b.db.ImportRow(bg, imp.Row)
		if err != nil {
			b.t.Fatal(err)
		}
		if now.State.Ended() {
			return now
		}
		if time.Now().After(end) {
			b.t.Fatalf("import %s does not end: it is %s after %d rows", imp.ID, now.State, now.Done)
		}
	}
}

// run imports a file and holds that it ended well.
func (b *bench) run(name string, file []byte, o importer.Options) *app.Import {
	b.t.Helper()
	imp := b.await(b.send(name, file, o))
	if imp.State != app.ImportDone {
		b.t.Fatalf("%s: %s %s", name, imp.State, imp.Error)
	}
	return imp
}

func (b *bench) refusals(imp *app.Import) (out []app.ImportRefusal) {
	b.t.Helper()
	err := b.db.EachRefusal(bg, imp.Row, func(r app.ImportRefusal) error {
		out = append(out, r)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func plan(t testing.TB, imp *app.Import) *importer.Plan {
	t.Helper()
	p, err := importer.PlanOf(imp)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// list makes a list and returns its id.
func (b *bench) list(title string) string {
	b.t.Helper()
	l, err := b.db.List(bg, storagetest.Apply(b.t, b.db, &app.SaveList{Title: &title})[0].List)
	if err != nil {
		b.t.Fatal(err)
	}
	return l.ID
}

// wantCounts holds created, updated, unchanged, skipped and failed.
func wantCounts(t testing.TB, imp *app.Import, created, updated, unchanged, skipped, failed int64) {
	t.Helper()
	got := [5]int64{imp.Created, imp.Updated, imp.Unchanged, imp.Skipped, imp.Failed}
	if want := [5]int64{created, updated, unchanged, skipped, failed}; got != want {
		t.Errorf("created, updated, unchanged, skipped, failed are %v, want %v (%s %s)", got, want, imp.State, imp.Error)
	}
}

// cells reads a table the strict way, for comparison.
func cells(t testing.TB, file []byte, delimiter rune) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))))
	r.Comma = delimiter
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
