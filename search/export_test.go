package search

import (
	"path/filepath"
	"testing"

	"github.com/blevesearch/bleve/v2"
)

// Fold is fold, for tests from outside.
var Fold = fold

// SetInternal changes one of the index's own values in a folder that nobody has open.
func SetInternal(t testing.TB, dataFolder, key, value string) {
	t.Helper()
	index, err := bleve.Open(filepath.Join(dataFolder, FolderName))
	if err != nil {
		t.Fatal(err)
	}
	if err := index.SetInternal([]byte(key), []byte(value)); err != nil {
		t.Fatal(err)
	}
	if err := index.Close(); err != nil {
		t.Fatal(err)
	}
}
