package search

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/vellum/levenshtein"
)

// How strictly a clause is taken.
type reading int

const (
	anywhere     reading = iota
	inNames              // only words of the name count
	inGroups             // a word may be one of the name of a list or segment that the customer is in
	withNameTypo         // a word may differ from one of the name by one letter
	withTypo             // or from one of an attribute
)

// compiler turns clauses into conditions.
type compiler struct {
	ctx context.Context
	e   *Engine
	err error // of the store
	// dfas are the words' automatons, made once: each takes a good part of a millisecond.
	dfas map[string]*levenshtein.DFA
}

// all returns the condition of all clauses, or nil when nothing is asked for.
func (k *compiler) all(clauses []clause, how reading) condition {
	var must, mustNot []condition
	alone := len(clauses) == 1 && utf8.RuneCountInString(clauses[0].text) == 1 && clauses[0].text[0] < utf8.RuneSelf && clauses[0].field == ""
	for _, c := range clauses {
		c.quoted = c.quoted || alone // one letter alone is a whole word: half of all names begin with some
		if c.not {
			if q := k.clause(c, anywhere); q != nil {
				mustNot = append(mustNot, not{q})
			}
			continue
		}
		if q := k.clause(c, how); q != nil {
			must = append(must, q)
		}
	}
	if len(must) == 0 && len(mustNot) > 0 {
		must = append(must, allOf{})
	}
	return all(append(must, mustNot...))
}

// clause returns what a clause asks for, or nil if that is nothing: punctuation. One letter
// beside other words is a word of its own, or the first of a name.
func (k *compiler) clause(c clause, how reading) condition {
	switch c.field {
	case "":
	case "first_name":
		return c.in(ofFirst)
	case "last_name":
		return c.in(ofLast)
	case "name":
		return c.in(ofFirst, ofLast)
	case "email":
		if c.quoted {
			return k.exact(c.text)
		}
		return c.in(ofEmail, ofDomain)
	case "uid", "id":
		if c.quoted {
			return k.exact(c.text)
		}
		return either(k.exact(c.text), c.in(ofUID))
	case "number":
		return numberCondition(digits(c.text))
	case "list":
		return either(k.lists(words(c.text), c.quoted), c.pair())
	case "segment":
		return either(k.segments(words(c.text), c.quoted), c.pair())
	default:
		return c.pair()
	}
	if c.quoted {
		if strings.ContainsRune(c.text, '@') {
			return k.exact(c.text)
		}
		return phrase(c.text, wordSources...)
	}
	sources := wordSources
	if how == inNames {
		sources = wordSources[:2]
	}
	q := k.words(c.text, how, sources...)
	if d := digits(c.text); d != "" && how != inNames {
		return either(q, numberCondition(d))
	}
	return q
}

// exact asks for whose id, e-mail or number a text is.
func (k *compiler) exact(text string) condition {
	rows, err := k.e.store.FindExact(k.ctx, text)
	if err != nil {
		k.err = err
	}
	return rowsAre(rows)
}

// in asks for the clause's words in sources: their beginnings, or, quoted, whole.
func (c clause) in(sources ...byte) condition {
	if c.quoted {
		return phrase(c.text, sources...)
	}
	return (*compiler)(nil).words(c.text, anywhere, sources...)
}

// pair asks for an attribute's value: the whole, or each of its words.
func (c clause) pair() condition {
	exact := termIs{fieldWords, string(ofPair) + pair(c.field, c.text)}
	if c.quoted || digits(c.text) != "" {
		return exact
	}
	w := words(c.text)
	if len(w) < 2 {
		return exact
	}
	var each []condition
	for _, w := range w {
		each = append(each, termIs{fieldWords, string(ofPair) + pair(c.field, w)})
	}
	return anyOf{exact, allOf(each)}
}

// words asks for the beginnings of all words of a text in any of sources. k is used where
// how asks for groups only.
func (k *compiler) words(text string, how reading, sources ...byte) condition {
	var parts []condition
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		if domain := text[at+1:]; domain != "" {
			if how == inNames {
				return anyOf{}
			}
			parts = append(parts, beginning(ofDomain, domain))
		}
		text = text[:at]
	}
	for _, w := range words(text) {
		q := make(anyOf, 0, len(sources)+2)
		for _, of := range sources {
			q = append(q, beginning(of, w))
		}
		switch how {
		case withNameTypo:
			q = append(q, k.typo(w, ofFirst, ofLast)...)
		case withTypo:
			q = append(q, k.typo(w, ofFirst, ofLast, ofText)...)
		case inGroups:
			if utf8.RuneCountInString(w) >= leastOfGroup {
				q = append(q, compact(k.lists([]string{w}, false), k.segments([]string{w}, false))...)
			}
		}
		parts = append(parts, q)
	}
	return all(parts)
}

// beginning asks for words of a source that begin with a prefix.
func beginning(of byte, prefix string) condition {
	prefix = cut(prefix)
	n, key := utf8.RuneCountInString(prefix), string(of)+prefix
	if n > maxGram {
		return termsLike{fieldWords, key, anything{}}
	}
	for _, size := range gramSizes {
		switch {
		case size == 1 && of == ofDomain, size < n:
			continue
		case size == n:
			return anyOf{termIs{fieldBegins, key}, termIs{fieldWords, key}}
		}
		return anyOf{termsLike{fieldBegins, key, letters{size - n, size - n}}, termsLike{fieldWords, key, letters{0, size - n}}}
	}
	return anyOf{}
}

// phrase asks for whole words, in any of sources, that follow one another in one value.
func phrase(text string, sources ...byte) condition {
	var parts []condition
	before := ""
	for _, w := range words(text) {
		w = cut(w)
		var one anyOf
		for _, of := range sources {
			if of == ofDomain { // of which the word is a part
				one = append(one, termsLike{fieldWords, string(of) + w + ".", anything{}})
				continue
			}
			one = append(one, termIs{fieldWords, string(of) + w})
		}
		parts = append(parts, one)
		if before != "" {
			parts = append(parts, termIs{fieldWords, string(ofPhrase) + before + " " + w})
		}
		before = w
	}
	return all(parts)
}

// minNumber is how many digits a number must have for a leading zero, which people dial
// in their own country, to be left out.
const minNumber = 8

// numberCondition asks for digits anywhere in a number: two and three at its beginning, more
// by every four of them that follow one another.
func numberCondition(d string) condition {
	switch {
	case len(d) < 2:
		return nil
	case len(d) <= 4:
		return termIs{fieldBegins, string(ofNumber) + d}
	}
	windows := func(d string) condition {
		var out allOf
		for i := 0; i+4 <= len(d); i++ {
			out = append(out, termIs{fieldBegins, string(ofNumber) + d[i:i+4]})
		}
		return out
	}
	if bare := strings.TrimLeft(d, "0"); len(d) >= minNumber && bare != d && len(bare) >= 5 {
		return anyOf{windows(d), windows(bare)}
	}
	return windows(d)
}

// minTypo is the shortest word that may hold a typo: shorter ones resemble too much.
const minTypo = 4

// mayErr reports whether a word is long enough to hold a typo.
func mayErr(word string) bool {
	return utf8.RuneCountInString(word) >= minTypo && !strings.ContainsFunc(word, unicode.IsDigit)
}

// typo asks for words of sources that a word may have been meant for.
func (k *compiler) typo(word string, sources ...byte) []condition {
	if !mayErr(word) {
		return nil
	}
	dfa, ok := k.dfas[word]
	if !ok {
		dfa, _ = typoBuilder.BuildDfa(word, 1) // of a word too long for it there is none
		if k.dfas == nil {
			k.dfas = map[string]*levenshtein.DFA{}
		}
		k.dfas[word] = dfa
	}
	if dfa == nil {
		return nil
	}
	var out []condition
	for _, of := range sources {
		out = append(out, termsLike{fieldWords, string(of), oneTypo{dfa}})
	}
	return out
}

// compact leaves out what is nil.
func compact(conditions ...condition) []condition {
	var out []condition
	for _, c := range conditions {
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}

// either is nil of nothing.
func either(conditions ...condition) condition {
	switch c := compact(conditions...); len(c) {
	case 0:
		return nil
	case 1:
		return c[0]
	default:
		return anyOf(c)
	}
}

// all is nil of nothing.
func all(conditions []condition) condition {
	switch len(conditions) {
	case 0:
		return nil
	case 1:
		return conditions[0]
	}
	return allOf(conditions)
}
