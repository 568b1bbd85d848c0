package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/search/query"
)

// clause is one condition of what was typed. All must hold.
//
//	ade            a word begins with ade
//	"ade obi"      the words ade and obi, whole, one after the other
//	first_name:ade of one field; of attributes the whole value or a whole word of it
//	@gmail         the e-mail's domain begins with gmail
//	-ade           not
type clause struct {
	not    bool
	field  string // folded, "" for all
	text   string // folded
	quoted bool
}

// maxClauses bounds a query: what is typed beyond is left out.
const maxClauses = 16

// parse cuts what was typed into clauses. It refuses nothing: a person is still typing.
func parse(typed string) []clause {
	var out []clause
	rest := strings.Map(func(r rune) rune {
		switch {
		case r == '“' || r == '”' || r == '„':
			return '"'
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(typed, " "))
	if d := digits(fold(strings.TrimSpace(rest))); len(d) >= minNumber && !strings.HasPrefix(strings.TrimSpace(rest), "-") {
		return []clause{{text: whole(rest)}} // a number, with blanks between its digits
	}
	for rest = strings.TrimLeft(rest, " "); rest != "" && len(out) < maxClauses; rest = strings.TrimLeft(rest, " ") {
		var c clause
		if len(rest) > 1 && rest[0] == '-' && rest[1] != ' ' {
			c.not, rest = true, rest[1:]
		}
		if name, after, ok := strings.Cut(rest, ":"); ok && name != "" && !strings.ContainsAny(name, ` "`) && !strings.HasPrefix(after, "//") {
			c.field, rest = fold(name), after
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			value, rest, c.quoted = strings.Cut(rest[1:], `"`) // without its end it is still being typed
		} else {
			value, rest, _ = strings.Cut(rest, " ")
		}
		if c.text = whole(value); c.text != "" {
			out = append(out, c)
		}
	}
	return out
}

// How strictly a clause is taken.
type reading int

const (
	anywhere reading = iota
	inNames          // only words of the name count
	withTypo         // a word may differ from one of the name by one letter
)

// compile returns the query of all clauses, or nil when nothing is asked for.
func compile(clauses []clause, how reading) query.Query {
	var must, not []query.Query
	if len(clauses) == 1 && len(clauses[0].text) == 1 && clauses[0].field == "" {
		clauses[0].quoted = true // one letter alone is a whole word: half of all names begin with some
	}
	for _, c := range clauses {
		if c.not {
			if q := c.query(anywhere); q != nil {
				not = append(not, q)
			}
			continue
		}
		if q := c.query(how); q != nil {
			must = append(must, q)
		}
	}
	switch {
	case len(must) == 0 && len(not) == 0:
		return nil
	case len(not) == 0:
		return all(must)
	case len(must) == 0:
		must = append(must, query.NewMatchAllQuery())
	}
	return query.NewBooleanQuery(must, nil, not)
}

// query returns what a clause asks for, or nil if that is nothing: punctuation. One letter
// beside other words is a word of its own, or the first of a name.
func (c clause) query(how reading) query.Query {
	switch c.field {
	case "":
	case "first_name":
		return c.in(fieldFirst)
	case "last_name":
		return c.in(fieldLast)
	case "name":
		return c.in(fieldFirst, fieldLast)
	case "email":
		if c.quoted {
			return term(fieldExact, c.text)
		}
		return c.in(fieldEmail)
	case "uid", "id":
		if c.quoted {
			return term(fieldExact, c.text)
		}
		return either(term(fieldExact, c.text), c.in(fieldUID))
	case "number":
		return numberQuery(digits(c.text))
	default:
		return c.pair()
	}
	if c.quoted {
		return phrase(c.text)
	}
	q := c.words(how, wordFields...)
	if d := digits(c.text); d != "" && how != inNames {
		return either(q, numberQuery(d))
	}
	return q
}

// in asks for the clause's words in fields: their beginnings, or, quoted, whole.
func (c clause) in(fields ...string) query.Query {
	q := c.words(anywhere, fields...)
	if !c.quoted {
		return q
	}
	return all(compact(q, phrase(c.text)))
}

// pair asks for an attribute's value: the whole, or each of its words.
func (c clause) pair() query.Query {
	exact := term(fieldPair, pair(c.field, c.text))
	if c.quoted {
		return exact
	}
	var each []query.Query
	for _, w := range words(c.text) {
		each = append(each, term(fieldPair, pair(c.field, w)))
	}
	if len(each) < 2 || digits(c.text) != "" {
		return exact
	}
	return either(exact, all(each))
}

// words asks for the beginnings of all words of the text in any of fields.
func (c clause) words(how reading, fields ...string) query.Query {
	text := c.text
	var parts []query.Query
	if local, domain, ok := cutLast(text, '@'); ok {
		text = local
		if domain != "" {
			if how == inNames {
				return query.NewMatchNoneQuery()
			}
			parts = append(parts, beginning("@"+domain, fieldEmail))
		}
	}
	if how == inNames {
		fields = fields[:2]
	}
	for _, w := range words(text) {
		q := beginning(w, fields...)
		if how == withTypo {
			q = either(q, typo(w))
		}
		parts = append(parts, q)
	}
	return all(parts)
}

func cutLast(s string, b byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, b)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// beginning asks for words that begin with prefix, in any of fields.
func beginning(prefix string, fields ...string) query.Query {
	gram, long := prefix, false
	n := 0
	for i := range prefix {
		if n++; n > maxGram {
			gram, long = prefix[:i], true
			break
		}
	}
	any := make([]query.Query, len(fields))
	for i, f := range fields {
		any[i] = term(f, gram)
	}
	q := either(any...)
	if !long {
		return q
	}
	rest := query.NewPrefixQuery(cut(prefix))
	rest.SetField(fieldLong)
	return all([]query.Query{q, rest})
}

// phrase asks for whole words that follow one another in one value.
func phrase(text string) query.Query {
	w := words(text)
	if len(w) == 1 {
		return term(fieldPhrase, cut(w[0]))
	}
	var parts []query.Query
	for i := 1; i < len(w); i++ {
		parts = append(parts, term(fieldPhrase, cut(w[i-1]+" "+w[i])))
	}
	return all(parts)
}

// minNumber is how many digits a number must have for a leading zero, which people dial
// in their own country, to be left out.
const minNumber = 8

// numberQuery asks for digits anywhere in a number: two and three at its beginning.
func numberQuery(d string) query.Query {
	switch {
	case len(d) < 2:
		return nil
	case len(d) <= 4:
		return term(fieldNumber, d)
	}
	suffix := func(d string) query.Query {
		q := query.NewPrefixQuery(d)
		q.SetField(fieldSuffix)
		return q
	}
	if bare := strings.TrimLeft(d, "0"); len(d) >= minNumber && bare != d && len(bare) >= 5 {
		return either(suffix(d), suffix(bare))
	}
	return suffix(d)
}

// minTypo is the shortest word that may hold a typo: shorter ones resemble too much.
const minTypo = 4

// typo asks for names that a word may have been meant for: whole names with one letter
// more, less or other, and, for a name still being typed, those that begin with the word
// with two neighbours exchanged or one letter left out.
func typo(word string) query.Query {
	n := utf8.RuneCountInString(word)
	if n < minTypo || strings.ContainsFunc(word, unicode.IsDigit) {
		return nil
	}
	fuzzy := query.NewFuzzyQuery(word)
	fuzzy.SetField(fieldWord)
	fuzzy.SetFuzziness(1)
	parts := []query.Query{fuzzy}
	letters := []rune(word)
	if n > maxGram {
		return fuzzy
	}
	for i := range letters {
		if i > 0 && letters[i] != letters[i-1] {
			swapped := append([]rune{}, letters...)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			parts = append(parts, beginning(string(swapped), fieldFirst, fieldLast))
		}
		if n > minTypo && i < n-1 {
			parts = append(parts, beginning(string(letters[:i])+string(letters[i+1:]), fieldFirst, fieldLast))
		}
	}
	return either(parts...)
}

func term(field, t string) query.Query {
	q := query.NewTermQuery(t)
	q.SetField(field)
	return q
}

// compact leaves out what is nil.
func compact(queries ...query.Query) []query.Query {
	var out []query.Query
	for _, q := range queries {
		if q != nil {
			out = append(out, q)
		}
	}
	return out
}

// either is nil of nothing.
func either(queries ...query.Query) query.Query {
	queries = compact(queries...)
	switch len(queries) {
	case 0:
		return nil
	case 1:
		return queries[0]
	}
	return query.NewDisjunctionQuery(queries)
}

// all is nil of nothing.
func all(queries []query.Query) query.Query {
	switch len(queries) {
	case 0:
		return nil
	case 1:
		return queries[0]
	}
	return query.NewConjunctionQuery(queries)
}
