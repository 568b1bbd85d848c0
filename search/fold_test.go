package search_test

import (
	"testing"
	"unicode/utf8"

	"kith/search"
)

func TestFold_takesCaseAndMarksAway(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Adébáyọ̀": "adebayo", "ÓLAFUR": "olafur", "Straße": "strasse", "STRASSE": "strasse", "Łukasz": "lukasz",
		"İstanbul": "istanbul", "Ɗan": "dan", "ﬁne": "fine", "ＡＢＣ１２": "abc12", "Ωμέγα": "ωμεγα", "Ёлка": "елка", "": "", "a b": "a b",
	} {
		if got := search.Fold(text); got != want {
			t.Errorf("%q folds to %q, not %q", text, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Adébáyọ̀", "ẞ", "İ", "ϓ", "\u1e9b\u0323", "각", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		once := search.Fold(s)
		if twice := search.Fold(once); twice != once {
			t.Errorf("%q folds to %q, and that to %q", s, once, twice)
		}
	})
}
