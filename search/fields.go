package search

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"kith/app"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
)

// The fields. A word's beginnings are terms of the field that it came from.
const (
	fieldFirst  = "first"
	fieldLast   = "last"
	fieldEmail  = "email" // of the e-mail's words, and of its domain with the @ before it
	fieldUID    = "uid"
	fieldText   = "text"   // of attributes with a short text
	fieldLong   = "long"   // whole words of more than maxGram letters, of all of these
	fieldWord   = "word"   // whole words of names: what a typo is compared with
	fieldPhrase = "phrase" // whole words, and each two that follow one another, of all of these
	fieldExact  = "exact"  // the whole uid, internal id, e-mail, number
	fieldNumber = "number" // beginnings of 2 and 3 digits, and every 4 that follow one another
	fieldSuffix = "suffix" // the number from each of its digits on
	fieldPair   = "pair"   // attribute=value
)

// wordFields are where a word may be, names first.
var wordFields = []string{fieldFirst, fieldLast, fieldEmail, fieldUID, fieldText}

const (
	// minGram is the shortest beginning that is a term; names have their first letter too, for
	// who types "ada l" on the way to a last name.
	minGram = 2
	// maxGram is the longest beginning that is a term: few words share more letters.
	maxGram = 12
	// shortText is how many letters an attribute's text may have for its words to be found
	// without naming the attribute: names of things, not prose.
	shortText = 64
	// maxTerms bounds what one customer puts into the index: a customer may have hundreds of
	// thousands of bytes of attributes. What comes first counts.
	maxTerms = 4_000
	// maxTerm is the longest term in bytes; a longer value is found by its beginning of that length.
	maxTerm   = 200
	maxNested = 4
)

// separator stands between the terms of a field; no folded word or value holds it.
const separator = '\x1f'

// ready is an analyzer of fields whose terms are made already.
type ready struct{}

// Analyze returns the terms between separators.
func (ready) Analyze(b []byte) analysis.TokenStream {
	n := bytes.Count(b, []byte{separator})
	tokens := make([]analysis.Token, 0, n)
	stream := make(analysis.TokenStream, 0, n)
	for start := 0; start < len(b); {
		end := start + bytes.IndexByte(b[start:], separator)
		tokens = append(tokens, analysis.Token{Start: start, End: end, Term: b[start:end], Position: len(tokens) + 1})
		stream = append(stream, &tokens[len(tokens)-1])
		start = end + 1
	}
	return stream
}

// terms gathers what a customer is found by.
type terms struct {
	fields map[string][]byte
	seen   map[string]struct{} // field and term
	count  int
}

func (t *terms) add(field, term string) {
	if term == "" || t.count >= maxTerms {
		return
	}
	key := field + "\x1f" + term
	if _, ok := t.seen[key]; ok {
		return
	}
	t.seen[key] = struct{}{}
	t.count++
	t.fields[field] = append(append(t.fields[field], term...), separator)
}

// documentOf returns the customer as a document of the index.
func documentOf(c *app.Customer) *document.Document {
	t := &terms{fields: map[string][]byte{}, seen: map[string]struct{}{}}
	t.exact(c.UID)
	t.exact(c.ID)
	t.text(fieldUID, c.UID)
	var name []string
	for field, value := range map[string]*string{fieldFirst: c.FirstName, fieldLast: c.LastName} {
		if value == nil {
			continue
		}
		t.text(field, *value)
		for _, w := range words(fold(*value)) {
			t.add(fieldWord, w)
		}
	}
	if name = words(fold(c.Name())); len(name) > 0 {
		t.phrases(name)
	}
	if c.Email != nil {
		t.email(*c.Email)
	}
	if c.Number != nil {
		t.number(*c.Number)
	}
	for _, a := range c.Attributes {
		t.attribute(fold(a.Name), a.Value, 0)
	}
	doc := document.NewDocument(documentID(c.Row))
	for name, value := range t.fields {
		doc.AddField(document.NewTextFieldCustom(name, nil, value, index.IndexField|index.SkipFreqNorm, ready{}))
	}
	return doc
}

// whole is a value as one term.
func whole(s string) string {
	s = strings.Join(strings.FieldsFunc(fold(s), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if len(s) > maxTerm {
		s = s[:maxTerm]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

func (t *terms) exact(s string) { t.add(fieldExact, whole(s)) }

// text adds the beginnings of a text's words, and the words.
func (t *terms) text(field, s string) {
	folded := fold(s)
	all := words(folded)
	t.phrases(all)
	for _, w := range append(all, apostropheParts(folded)...) {
		t.grams(field, w)
	}
}

func (t *terms) phrases(words []string) {
	for i, w := range words {
		t.add(fieldPhrase, cut(w))
		if i > 0 {
			t.add(fieldPhrase, cut(words[i-1]+" "+w))
		}
	}
}

func cut(s string) string {
	if len(s) > maxTerm {
		return whole(s)
	}
	return s
}

// grams adds the beginnings of a word. A word of one letter is its own beginning, and so
// is the first letter in scripts where one is a whole word.
func (t *terms) grams(field, word string) {
	n, least := 0, minGram
	if field == fieldFirst || field == fieldLast {
		least = 1
	}
	for i := range word {
		if n >= least && n <= maxGram || n == 1 && unicode.In(firstRune(word), unicode.Han) {
			t.add(field, word[:i])
		}
		if n++; n > maxGram {
			t.add(fieldLong, cut(word))
			return
		}
	}
	t.add(field, word)
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func (t *terms) email(s string) {
	t.exact(s)
	t.text(fieldEmail, s)
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		t.grams(fieldEmail, whole(s[at:]))
	}
}

func (t *terms) number(s string) {
	t.exact(s)
	d := digits(s)
	for n := minGram; n < 4 && n <= len(d); n++ {
		t.add(fieldNumber, d[:n])
	}
	for i := 0; i+4 <= len(d); i++ {
		t.add(fieldNumber, d[i:i+4])
		if i+5 <= len(d) {
			t.add(fieldSuffix, d[i:])
		}
	}
}

// attribute adds name=value, and the words of a short text; lists by their elements,
// objects by their members as name.member.
func (t *terms) attribute(name string, raw []byte, depth int) {
	if depth > maxNested || t.count >= maxTerms {
		return
	}
	switch app.JSONKind(raw) {
	case app.ListKind:
		elements, err := app.Elements(raw, nil)
		if err != nil {
			return
		}
		for _, e := range elements {
			t.attribute(name, e, depth+1)
		}
	case app.ObjectKind:
		members, err := app.Members(raw, nil)
		if err != nil {
			return
		}
		for _, m := range members {
			t.attribute(name+"."+fold(m.Name), m.Value, depth+1)
		}
	case app.TextKind:
		s, ok := app.Text(raw)
		if !ok {
			return
		}
		t.pairs(name, s)
		if app.TypeOf(raw) == app.TypeText && utf8.RuneCountInString(s) <= shortText {
			t.text(fieldText, s)
		}
	case app.NumberKind, app.BoolKind:
		t.add(fieldPair, pair(name, string(raw)))
	}
}

// pairs adds the whole value, and its words unless it is prose.
func (t *terms) pairs(name, value string) {
	t.add(fieldPair, pair(name, whole(value)))
	if len(value) > 4*shortText {
		return
	}
	for _, w := range words(fold(value)) {
		t.add(fieldPair, pair(name, w))
	}
}

func pair(name, value string) string {
	return whole(name + "=" + value)
}
