package search

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"kith/app"

	index "github.com/blevesearch/bleve_index_api"
)

// The two fields of the index. Terms of either begin with a byte that says what they are
// of. They are apart because the dictionary of beginnings is small and always at hand,
// and that of words is as large as there are ids.
const (
	fieldBegins = "b" // beginnings of words, short ones; parts of numbers; what filters ask for
	fieldWords  = "w" // whole words, phrases, and what attributes are
)

// What a term is of: the first byte.
const (
	ofFirst  = 'f' // the first name
	ofLast   = 'l' // the last name
	ofEmail  = 'e' // the words of the e-mail, but for the first of its domain, which ofDomain has, and the last
	ofDomain = 'd' // the e-mail from its @ on, as one word without the @
	ofUID    = 'u' // the uid and what it was before
	ofText   = 't' // attributes with a short text
	ofPhrase = 'q' // two words that follow one another
	ofPair   = 'p' // attribute=value
	ofNumber = 'n' // beginnings of 2 and 3 digits, and every 4 that follow one another
	ofList   = 'i' // the row of a list that the customer is on, whatever the status
	ofFlag   = 'x' // archived, account, device
)

const (
	flagArchived = "a"
	flagAccount  = "c"
	flagDevice   = "d"
)

// wordSources are where a word may be, names first.
var wordSources = []byte{ofFirst, ofLast, ofEmail, ofDomain, ofUID, ofText}

// gramSizes are the lengths of the beginnings that are terms. A length between two of them
// is found by the terms of the next one, of which a few dozen begin alike; what is longer
// than the last, by the words themselves. Names have their first letter too, for who types
// "ada l" on the way to a last name.
var gramSizes = [...]int{1, 2, 3, 5, 8, 12}

const (
	maxGram = 12
	// sharedGram is the longest beginning that many words share: those are kept without
	// a frequency, which spares a byte a customer, and the others with one, by which the
	// index writes a term of a single customer into its dictionary and nowhere else.
	sharedGram = 3
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

// place is a term inside a document's text.
type place struct {
	from   uint32
	size   uint16
	begins bool
	shared bool
}

// maker makes documents. Its buffers are used again for the next one.
type maker struct {
	text   []byte
	places []place
	maps   *termMaps // of the batch being made
}

// termMaps are filled with the terms of one document after the other while a batch is made a
// segment: as text the documents of a batch take a fifth of what they take as maps.
type termMaps struct{ begins, words index.TokenFrequencies }

// batch begins another batch, whose documents may be written while the next ones are made.
func (m *maker) batch() {
	m.maps = &termMaps{begins: index.TokenFrequencies{}, words: index.TokenFrequencies{}}
}

// The one frequency of every term that has one, and that of those that have none: the
// index reads no more of them than this number.
var once, never = func() (*index.TokenFreq, *index.TokenFreq) {
	one := &index.TokenFreq{}
	one.SetFrequency(1)
	return one, &index.TokenFreq{}
}()

func (m *maker) full() bool { return len(m.places) >= maxTerms }

func (m *maker) put(from, to int, begins, shared bool) {
	if m.full() {
		return
	}
	m.places = append(m.places, place{uint32(from), uint16(to - from), begins, shared})
}

// term adds a term of the dictionary of words.
func (m *maker) term(of byte, parts ...string) {
	from := len(m.text)
	m.text = append(m.text, of)
	for _, p := range parts {
		m.text = append(m.text, p...)
	}
	m.put(from, len(m.text), false, false)
}

// mark adds a term of the dictionary of beginnings that many share.
func (m *maker) mark(of byte, text string) {
	from := len(m.text)
	m.text = append(append(m.text, of), text...)
	m.put(from, len(m.text), true, true)
}

// word adds a word and its beginnings.
func (m *maker) word(of byte, w string) {
	w = cut(w)
	from := len(m.text)
	m.text = append(append(m.text, of), w...)
	n, size := 0, 1 // sizes[0] is of names only, and of scripts where a letter is a word
	if of == ofFirst || of == ofLast || w != "" && unicode.In(firstRune(w), unicode.Han) {
		size = 0
	}
	for i := range w {
		for size < len(gramSizes) && gramSizes[size] < n {
			size++
		}
		if size == len(gramSizes) {
			break
		}
		if n > 0 && n == gramSizes[size] {
			m.put(from, from+1+i, true, n <= sharedGram)
			size++
		}
		n++
	}
	m.put(from, len(m.text), false, false)
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// cut bounds a term, between two letters.
func cut(s string) string {
	if len(s) <= maxTerm {
		return s
	}
	s = s[:maxTerm]
	for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) {
		s = s[:len(s)-1]
	}
	return s
}

// doc is a customer as the index takes it.
type doc struct {
	id     string
	text   string
	places []place
	maps   *termMaps
}

// make returns the document of a customer, for the batch that was begun last.
func (m *maker) make(c *app.Findable) *doc {
	m.text, m.places = m.text[:0], m.places[:0]
	m.customer(c)
	return &doc{id: documentID(c.Row), text: string(m.text), places: slices.Clone(m.places), maps: m.maps}
}

// terms fills the batch's map of one field.
func (d *doc) terms(begins bool) index.TokenFrequencies {
	into := d.maps.words
	if begins {
		into = d.maps.begins
	}
	clear(into)
	for _, p := range d.places {
		if p.begins != begins {
			continue
		}
		freq := once
		if p.shared {
			freq = never
		}
		into[d.text[p.from:p.from+uint32(p.size)]] = freq
	}
	return into
}

func (m *maker) customer(c *app.Findable) {
	if c.Archived {
		m.mark(ofFlag, flagArchived)
	}
	if c.Account {
		m.mark(ofFlag, flagAccount)
	}
	if c.Device {
		m.mark(ofFlag, flagDevice)
	}
	for _, l := range c.Lists {
		m.mark(ofList, strconv.FormatInt(l, 10))
	}
	before := ""
	for i, value := range [...]*string{c.FirstName, c.LastName} {
		if value == nil {
			continue
		}
		of := [...]byte{ofFirst, ofLast}[i]
		eachWord(fold(*value), func(w string) {
			m.word(of, w)
			before = m.phrase(before, w)
		})
		m.apostrophes(of, *value)
	}
	if c.Number != nil {
		m.number(*c.Number)
	}
	if c.Email != nil {
		m.email(*c.Email)
	}
	m.plain(ofUID, c.UID)
	for _, uid := range c.Aliases {
		m.plain(ofUID, uid)
	}
	for _, a := range c.Attributes {
		m.attribute(fold(a.Name), a.Value, 0)
	}
}

// plain adds a text's words.
func (m *maker) plain(of byte, s string) {
	eachWord(fold(s), func(w string) { m.word(of, w) })
	m.apostrophes(of, s)
}

// apostrophes adds the words that one gets when apostrophes part words too.
func (m *maker) apostrophes(of byte, s string) {
	if strings.ContainsFunc(s, isApostrophe) {
		eachWord(strings.Map(func(r rune) rune {
			if isApostrophe(r) {
				return ' '
			}
			return r
		}, fold(s)), func(w string) { m.word(of, w) })
	}
}

// phrase adds the two words, and returns the second.
func (m *maker) phrase(before, w string) string {
	if before != "" && len(before)+len(w) < maxTerm {
		m.term(ofPhrase, before, " ", w)
	}
	return w
}

func (m *maker) email(s string) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		m.plain(ofEmail, s)
		return
	}
	m.plain(ofEmail, s[:at])
	domain := whole(s[at+1:])
	m.word(ofDomain, domain)
	first, last := strings.IndexByte(domain, '.'), strings.LastIndexByte(domain, '.')
	if first < last {
		eachWord(domain[first:last], func(w string) { m.word(ofEmail, w) })
	}
}

func (m *maker) number(s string) {
	d := digits(s)
	for n := 2; n < 4 && n <= len(d); n++ {
		m.mark(ofNumber, d[:n])
	}
	for i := 0; i+4 <= len(d); i++ {
		m.mark(ofNumber, d[i:i+4])
	}
}

// attribute adds name=value, and the words of a short text; lists by their elements,
// objects by their members as name.member.
func (m *maker) attribute(name string, raw []byte, depth int) {
	if depth > maxNested || m.full() {
		return
	}
	switch app.JSONKind(raw) {
	case app.ListKind:
		elements, err := app.Elements(raw, nil)
		if err != nil {
			return
		}
		for _, e := range elements {
			m.attribute(name, e, depth+1)
		}
	case app.ObjectKind:
		members, err := app.Members(raw, nil)
		if err != nil {
			return
		}
		for _, e := range members {
			m.attribute(name+"."+fold(e.Name), e.Value, depth+1)
		}
	case app.TextKind:
		if s, ok := app.Text(raw); ok {
			m.value(name, s, app.TypeOf(raw) == app.TypeText)
		}
	case app.NumberKind, app.BoolKind:
		m.pair(name, string(raw))
	}
}

// value adds an attribute's text: the whole with its name, and, of words, each with the
// attribute's name and, of short texts, without.
func (m *maker) value(name, s string, text bool) {
	value := whole(s)
	m.pair(name, value)
	if !text || len(s) > 4*shortText {
		return
	}
	short := utf8.RuneCountInString(s) <= shortText
	before := ""
	eachWord(value, func(w string) {
		if w != value {
			m.pair(name, w)
		}
		if short {
			m.word(ofText, w)
			before = m.phrase(before, w)
		}
	})
	if short {
		m.apostrophes(ofText, s)
	}
}

func (m *maker) pair(name, value string) { m.term(ofPair, pair(name, value)) }

func pair(name, value string) string { return cut(name + "=" + value) }

// whole is a value as one term.
func whole(s string) string {
	folded := fold(s)
	if strings.ContainsFunc(folded, func(r rune) bool { return r != ' ' && unicode.IsSpace(r) || unicode.IsControl(r) }) || strings.Contains(folded, "  ") || strings.HasPrefix(folded, " ") || strings.HasSuffix(folded, " ") {
		folded = strings.Join(strings.FieldsFunc(folded, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	}
	return cut(folded)
}
