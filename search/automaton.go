package search

import (
	"unicode/utf8"

	segment "github.com/blevesearch/scorch_segment_api/v2"
	"github.com/blevesearch/vellum/levenshtein"
)

// under accepts terms that begin with a prefix and go on as another automaton says. It
// refuses what lies beside the prefix at once: otherwise the walk would go on through the
// rest of the dictionary in search of something to accept.
type under struct {
	prefix string
	rest   segment.Automaton
}

// The states: -1 refuses, below the prefix's length are how many of its bytes have come,
// and from there on those of rest, moved up.
func (u under) Start() int {
	if u.prefix == "" {
		return u.rest.Start()
	}
	return 0
}

func (u under) IsMatch(s int) bool {
	return s >= len(u.prefix) && u.rest.IsMatch(s-len(u.prefix))
}

func (u under) CanMatch(s int) bool {
	return s >= 0 && (s < len(u.prefix) || u.rest.CanMatch(s-len(u.prefix)))
}

func (u under) WillAlwaysMatch(s int) bool {
	return s >= len(u.prefix) && u.rest.WillAlwaysMatch(s-len(u.prefix))
}

func (u under) Accept(s int, b byte) int {
	n := len(u.prefix)
	switch {
	case s < 0 || s < n && u.prefix[s] != b:
		return -1
	case s < n-1:
		return s + 1
	case s == n-1:
		return n + u.rest.Start()
	}
	if next := u.rest.Accept(s-n, b); next >= 0 {
		return n + next
	}
	return -1
}

// letters accepts what has a number of letters. A dictionary is walked no deeper than most.
type letters struct{ least, most int }

func (l letters) Start() int             { return 0 }
func (l letters) IsMatch(s int) bool     { return s >= l.least && s <= l.most }
func (l letters) CanMatch(s int) bool    { return s >= 0 }
func (letters) WillAlwaysMatch(int) bool { return false }
func (l letters) Accept(s int, b byte) int {
	if utf8.RuneStart(b) {
		s++
	}
	if s > l.most {
		return -1
	}
	return s
}

// anything accepts everything.
type anything struct{}

func (anything) Start() int               { return 0 }
func (anything) IsMatch(int) bool         { return true }
func (anything) CanMatch(int) bool        { return true }
func (anything) WillAlwaysMatch(int) bool { return true }
func (anything) Accept(int, byte) int     { return 0 }

// oneTypo accepts words that differ from one by a letter wrong, missing or extra, or two
// neighbours exchanged, and those that begin so: somebody is still typing.
type oneTypo struct{ dfa *levenshtein.DFA }

// The states: 0 accepts whatever follows, and those of the word's automaton follow, moved
// up by one.
func (t oneTypo) Start() int                 { return t.dfa.Start() + 1 }
func (t oneTypo) IsMatch(s int) bool         { return s == 0 }
func (t oneTypo) CanMatch(s int) bool        { return s >= 0 }
func (t oneTypo) WillAlwaysMatch(s int) bool { return s == 0 }
func (t oneTypo) Accept(s int, b byte) int {
	if s <= 0 {
		return s
	}
	next := t.dfa.Accept(s-1, b)
	switch {
	case !t.dfa.CanMatch(next):
		return -1
	case t.dfa.IsMatch(next):
		return 0
	}
	return next + 1
}

var typoBuilder = func() *levenshtein.LevenshteinAutomatonBuilder {
	b, err := levenshtein.NewLevenshteinAutomatonBuilder(1, true)
	if err != nil {
		panic(err) // of a distance that is not supported
	}
	return b
}()

var (
	_ segment.Automaton = under{}
	_ segment.Automaton = letters{}
	_ segment.Automaton = anything{}
	_ segment.Automaton = oneTypo{}
)
