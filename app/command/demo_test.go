package command

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"kith/storage"
)

func TestFillDemo_onlyAnEmptyFolderIsFilled(t *testing.T) {
	t.Parallel()
	db, err := storage.Open(t.Context(), t.TempDir(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	c := newCLI(&said, &said)
	if err := c.fillDemo(t.Context(), db, log); err != nil {
		t.Fatal(err)
	}
	first, err := db.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first.Customers < 3000 || first.Events < 60_000 || first.Accounts != 40 || first.Lists != 3 {
		t.Errorf("the demo has %+v", first)
	}
	if !strings.Contains(said.String(), "filling the data folder with MInt") {
		t.Errorf("the log does not say that it is filled: %s", &said)
	}
	said.Reset()
	if err := c.fillDemo(t.Context(), db, log); err != nil {
		t.Fatal(err)
	}
	again, err := db.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again != first {
		t.Errorf("a folder with %+v was filled again: %+v", first, again)
	}
	if !strings.Contains(said.String(), "the demo is left out") {
		t.Errorf("the log does not say why it is not filled: %s", &said)
	}
}
