package search

import (
	"path/filepath"
	"testing"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

// Fold is fold, for tests from outside.
var Fold = fold

// BatchSize is batchSize, for tests from outside.
const BatchSize = batchSize

// SetInternal changes one of the index's own values in a folder that nobody has open.
func SetInternal(t testing.TB, dataFolder, key, value string) {
	t.Helper()
	workers := index.NewAnalysisQueue(1)
	defer workers.Close()
	s, err := scorch.NewScorch(scorch.Name, map[string]any{"path": filepath.Join(dataFolder, FolderName)}, workers)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	if err := s.SetInternal([]byte(key), []byte(value)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
