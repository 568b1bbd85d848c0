package command

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kith/app"
	"kith/search"
	"kith/storage"
)

func TestReindex_aFolderThatNobodyServes(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	ctx := context.Background()
	db, err := storage.Open(ctx, data, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Apply(ctx, app.Batch{Changes: []app.Change{
		&app.SetProfile{UID: "u1", Trusted: true, Profile: app.Profile{FirstName: app.FieldOf("Ada")}},
		&app.SetProfile{UID: "u2", Trusted: true, Profile: app.Profile{FirstName: app.FieldOf("Bola")}},
	}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // without an index, and with one
		out, _ := kith(t, exitDone, "reindex", "--data", data)
		wantSaid(t, out, `2 customers`)
		if search.Asked(data) {
			t.Error("a new index is still asked for")
		}
		if files, err := filepath.Glob(filepath.Join(data, search.FolderName, "*.zap")); err != nil || len(files) == 0 {
			t.Errorf("%v: there is no index", err)
		}
	}
	_, said := kith(t, exitFail, "reindex", "--data", filepath.Join(data, "nowhere"))
	wantSaid(t, said, "--data")
	if _, err := os.Stat(filepath.Join(data, "nowhere")); err == nil {
		t.Error("it made the folder")
	}
}

func TestReindex_theServerBuildsItAndAnswersMeanwhile(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, err := storage.Open(ctx, data, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	engine := search.New(db, data, search.Options{})
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); !engine.Ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the index is not ready")
		}
	}
	out, _ := kith(t, exitDone, "reindex", "--data", data)
	wantSaid(t, out, `(?s)answers from the old one.*in place`)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
