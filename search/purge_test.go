package search_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage/storagetest"
)

// TestPurge_leavesNoWordOfWhomIsGone: Bleve keeps the words of a deleted document until the
// file that it is in is merged. Purge ends with one file that knows of no deletion.
func TestPurge_leavesNoWordOfWhomIsGone(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	folder := t.TempDir()
	e := start(t, db, folder)
	name := func(s string) *app.SetProfile {
		p := &app.SetProfile{UID: s, Trusted: true}
		p.Profile.FirstName = app.FieldOf("Zqxv" + s)
		return p
	}
	for i := range 30 {
		storagetest.Apply(t, db, name(fmt.Sprint("stays", i)))
		if i%10 == 0 {
			e.settle()
		}
	}
	storagetest.Apply(t, db, name("leaves"))
	e.settle()
	files := func() []string {
		names, err := filepath.Glob(filepath.Join(folder, "search", "*.zap"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	for deadline := time.Now().Add(5 * time.Second); len(files()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the index has no file")
		}
	}
	storagetest.Apply(t, db, &app.Delete{UID: "leaves"})
	e.settle()
	began := time.Now()
	if err := e.Purge(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Logf("it took %v", time.Since(began))
	if n := len(files()); n != 1 {
		t.Errorf("there are %d files", n)
	}
	if got := e.finds("Zqxvstays7"); !strings.Contains(got, "stays7") {
		t.Errorf("the others are not found: %q", got)
	}
}
