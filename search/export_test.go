package search

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

// Fold is fold, for tests from outside.
var Fold = fold

// BatchSize is batchSize, for tests from outside.
const BatchSize = batchSize

// WindowSize is windowSize, for tests from outside.
const WindowSize = windowSize

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

// Fields are the fields of the index.
func (e *Engine) Fields() []string {
	v := e.hold()
	defer v.release()
	seen := map[string]bool{}
	for _, p := range v.parts {
		for _, f := range p.segment.Fields() {
			seen[f] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// TypoAccepts reports whether the index takes a word for what was typed with a typo.
func TypoAccepts(typed, word string) bool {
	dfa, err := typoBuilder.BuildDfa(typed, 1)
	if err != nil {
		return false
	}
	a := under{"f", oneTypo{dfa}}
	s := a.Start()
	for _, b := range []byte("f" + word) {
		s = a.Accept(s, b)
	}
	return a.IsMatch(s)
}

// Nearly reports whether a word is marked for what was typed with a typo.
func Nearly(word, typed string) bool { return nearly(spelled(word)[0], []rune(typed)) > 0 }

// PartsWith returns how many parts of the index have a word in their dictionaries, whether
// or not a document has it, and how many parts there are.
func (e *Engine) PartsWith(t testing.TB, word string) (with, parts int) {
	t.Helper()
	v := e.hold()
	defer v.release()
	for _, p := range v.parts {
		found := false
		for _, field := range p.segment.Fields() {
			d, err := p.segment.Dictionary(field)
			if err != nil {
				t.Fatal(err)
			}
			for all := d.AutomatonIterator(nil, nil, nil); ; {
				entry, err := all.Next()
				if err != nil {
					t.Fatal(err)
				}
				if entry == nil {
					break
				}
				found = found || strings.Contains(entry.Term, word)
			}
		}
		if found {
			with++
		}
	}
	return with, len(v.parts)
}

// GiveBack gives back the pages of the index's files.
func (e *Engine) GiveBack() {
	if v := e.hold(); v != nil {
		v.giveBack()
		_ = v.release()
	}
}
