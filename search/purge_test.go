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
// file that it is in is merged.
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
	leaves := &app.SetProfile{UID: "leaves", Trusted: true}
	leaves.Profile.FirstName = app.FieldOf("Qjwx")
	storagetest.Apply(t, db, leaves)
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
	if with, _ := e.PartsWith(t, "qjwx"); with == 0 {
		t.Fatal("no part has the word: the test looks for the wrong thing")
	}
	storagetest.Apply(t, db, &app.Delete{UID: "leaves"})
	e.settle()
	began := time.Now()
	if err := e.Purge(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Logf("it took %v", time.Since(began))
	if with, parts := e.PartsWith(t, "qjwx"); with != 0 || len(files()) != parts {
		t.Errorf("%d of %d parts have the word, and there are %v", with, parts, files())
	}
	if got := e.finds("Zqxvstays7"); !strings.Contains(got, "stays7") {
		t.Errorf("the others are not found: %q", got)
	}
}

// TestPurge_endsWhileOthersWrite: what is written all the time replaces documents all the
// time, so there is always one that is deleted.
func TestPurge_endsWhileOthersWrite(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	folder := t.TempDir()
	e := start(t, db, folder)
	name := func(n, version int) *app.SetProfile {
		p := &app.SetProfile{UID: fmt.Sprint("u", n), Trusted: true}
		p.Profile.FirstName = app.FieldOf(fmt.Sprintf("Name%dx%d", n, version))
		return p
	}
	for n := range 40 {
		storagetest.Apply(t, db, name(n, 0))
	}
	leaves := &app.SetProfile{UID: "u0", Trusted: true}
	leaves.Profile.FirstName = app.FieldOf("Qjwx")
	storagetest.Apply(t, db, leaves)
	e.settle()
	if with, _ := e.PartsWith(t, "qjwx"); with == 0 {
		t.Fatal("no part has the word: the test looks for the wrong thing")
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for version := 1; ; version++ {
			select {
			case <-stop:
				return
			default:
				storagetest.Apply(t, db, name(1+version%39, version))
			}
		}
	}()
	storagetest.Apply(t, db, &app.Delete{UID: "u0"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if reached, err := db.AwaitReaders(ctx); err != nil || !reached {
		t.Fatal(reached, err)
	}
	began := time.Now()
	if err := e.Purge(ctx); err != nil {
		t.Error(err)
	}
	t.Logf("it took %v", time.Since(began))
	close(stop)
	<-ended
	e.settle()
	files := func() []string {
		names, _ := filepath.Glob(filepath.Join(folder, "search", "*.zap"))
		return names
	}
	with, parts := e.PartsWith(t, "qjwx")
	for deadline := time.Now().Add(10 * time.Second); len(files()) != parts && time.Now().Before(deadline); _, parts = e.PartsWith(t, "qjwx") {
		time.Sleep(20 * time.Millisecond)
	}
	if with != 0 || len(files()) != parts {
		t.Errorf("%d of %d parts have the word, and there are %v", with, parts, files())
	}
}
