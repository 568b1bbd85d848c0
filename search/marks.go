package search

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kith/app"
)

// maxMarks bounds how many values of one customer are marked.
const maxMarks = 12

// Marks says which parts of a customer are what was typed, and, where it is nothing of the
// customer's own, which former id, or segment's name, is.
func (e *Engine) Marks(ctx context.Context, typed string, c *app.Customer) []app.Mark {
	marks := Marks(typed, c)
	if len(marks) > 0 || strings.TrimSpace(typed) == "" {
		return marks
	}
	m := marker{}
	clauses := parse(typed)
	if aliases, err := e.store.Aliases(ctx, c.Row); err == nil { // without it the row is shown all the same
		for _, alias := range aliases {
			for _, q := range clauses {
				if !q.not && (q.field == "" || q.field == "uid" || q.field == "id") {
					m.add("alias", "", alias, matches(q, alias, false))
				}
			}
		}
	}
	if e.o.Segment == nil {
		return m.marks
	}
	for _, q := range clauses {
		if q.not || q.field != "" && q.field != "segment" {
			continue
		}
		for _, w := range words(q.text) {
			for _, g := range named(e.groups.Load().segments, []string{w}, q.quoted) {
				if e.o.Segment(g.row).Has(c.Row) {
					m.add("segment", g.id, g.title, matches(clause{text: w, quoted: q.quoted}, g.title, false))
				}
			}
		}
	}
	return m.marks
}

// Marks says which parts of a customer are what was typed: the beginnings of words, and
// words that differ from it by one letter where nothing else explains it. The values of
// lists and segments are given by their titles.
func Marks(typed string, c *app.Customer) []app.Mark {
	m := marker{}
	for _, clause := range parse(typed) {
		if clause.not || clause.text == "" {
			continue
		}
		before := m.count
		m.clause(clause, c, false)
		if m.count == before && clause.field == "" && !clause.quoted {
			m.clause(clause, c, true)
		}
	}
	for i := range m.marks {
		m.marks[i].At = joined(m.marks[i].At)
	}
	return m.marks
}

// joined puts ranges in order and those that touch together.
func joined(at [][2]int) [][2]int {
	slices.SortFunc(at, func(a, b [2]int) int { return a[0] - b[0] })
	out := at[:0]
	for _, r := range at {
		if n := len(out); n > 0 && r[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

type marker struct {
	marks []app.Mark
	count int
}

func (m *marker) add(field, name, text string, at [][2]int) {
	if len(at) == 0 {
		return
	}
	m.count++
	for i := range m.marks {
		if k := &m.marks[i]; k.Field == field && k.Name == name && k.Text == text {
			k.At = append(k.At, at...)
			return
		}
	}
	if len(m.marks) < maxMarks {
		m.marks = append(m.marks, app.Mark{Field: field, Name: name, Text: text, At: at})
	}
}

// clause marks what one clause matches.
func (m *marker) clause(q clause, c *app.Customer, typo bool) {
	wants := func(fields ...string) bool { return q.field == "" || slices.Contains(fields, q.field) }
	text := func(field, value string, ok bool) {
		if ok && value != "" {
			m.add(field, "", value, matches(q, value, typo))
		}
	}
	for _, f := range []struct {
		field string
		value *string
	}{{"first_name", c.FirstName}, {"last_name", c.LastName}} {
		if f.value != nil {
			text(f.field, *f.value, wants(f.field, "name"))
		}
	}
	if c.Email != nil && wants("email") && !typo {
		m.email(q, *c.Email)
	}
	if c.Number != nil && wants("number") && !typo {
		text("number", *c.Number, true)
	}
	text("uid", c.UID, wants("uid", "id"))
	if !typo && c.ID != c.UID && wants("id") && q.text == c.ID {
		m.add("id", "", c.ID, [][2]int{{0, len(c.ID)}})
	}
	if wants("list") {
		for _, l := range c.Lists {
			m.add("list", l.ID, l.Title, matches(q, l.Title, typo))
		}
	}
	for _, a := range c.Attributes {
		m.attribute(q, a.Name, fold(a.Name), a.Value, typo, 0)
	}
}

// email marks words of the address, and what follows its @.
func (m *marker) email(q clause, address string) {
	if i := strings.LastIndexByte(q.text, '@'); i >= 0 {
		local, domain := q.text[:i], q.text[i+1:]
		at := strings.LastIndexByte(address, '@')
		if at < 0 || !strings.HasPrefix(fold(address[at+1:]), domain) {
			return
		}
		begin := units(address[:at])
		ranges := [][2]int{{begin, begin + 1 + units(domain)}}
		if local != "" {
			ranges = append(ranges, matches(clause{text: local}, address[:at], false)...)
		}
		m.add("email", "", address, ranges)
		return
	}
	m.add("email", "", address, matches(q, address, false))
}

func (m *marker) attribute(q clause, name, folded string, raw []byte, typo bool, depth int) {
	if depth > maxNested || len(m.marks) >= maxMarks || q.field != "" && q.field != folded && !strings.HasPrefix(q.field, folded+".") {
		return
	}
	switch app.JSONKind(raw) {
	case app.ListKind:
		elements, _ := app.Elements(raw, nil)
		for _, e := range elements {
			m.attribute(q, name, folded, e, typo, depth+1)
		}
	case app.ObjectKind:
		members, _ := app.Members(raw, nil)
		for _, e := range members {
			m.attribute(q, name+"."+e.Name, folded+"."+fold(e.Name), e.Value, typo, depth+1)
		}
	case app.TextKind:
		if s, ok := app.Text(raw); ok && (q.field != "" || utf8.RuneCountInString(s) <= shortText) {
			m.add("attribute", name, s, matches(q, s, typo))
		}
	case app.NumberKind, app.BoolKind:
		if q.field != "" && string(raw) == q.text {
			m.add("attribute", name, string(raw), [][2]int{{0, len(raw)}})
		}
	}
}

// letter is a folded letter of a text and where it stands in it, in UTF-16 units.
type letter struct {
	r        rune
	from, to int
}

// spelled is a text as folded words of letters.
func spelled(s string) [][]letter {
	var out [][]letter
	var word []letter
	at := 0
	end := func() {
		if len(word) > 0 {
			out = append(out, word)
		}
		word = nil
	}
	for _, r := range s {
		size := max(1, utf16Len(r))
		folded := fold(string(r))
		if folded == "" { // a mark belongs to the letter before it
			if n := len(word); n > 0 {
				word[n-1].to = at + size
			}
			at += size
			continue
		}
		for _, f := range folded {
			switch {
			case inWord(f):
				word = append(word, letter{f, at, at + size})
			case isApostrophe(f):
			default:
				end()
			}
		}
		at += size
	}
	end()
	return out
}

func utf16Len(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// units is the length of a text in UTF-16 units.
func units(s string) (n int) {
	for _, r := range s {
		n += utf16Len(r)
	}
	return n
}

// matches are the parts of a value that a clause means.
func matches(q clause, value string, typo bool) [][2]int {
	all := spelled(value)
	if d := digits(q.text); d != "" && !typo {
		if at := digitsIn(all, d); at != nil {
			return at
		}
	}
	var out [][2]int
	for _, w := range words(q.text) {
		want := []rune(w)
		for _, have := range all {
			n := len(want)
			switch {
			case typo:
				if n = nearly(have, want); n == 0 {
					continue
				}
			case len(have) < n || q.quoted && len(have) != n || !begins(have, want):
				continue
			}
			out = append(out, [2]int{have[0].from, have[n-1].to})
		}
	}
	return out
}

func begins(have []letter, want []rune) bool {
	for i, r := range want {
		if have[i].r != r {
			return false
		}
	}
	return true
}

// digitsIn finds digits that follow one another in a value that is a number.
func digitsIn(all [][]letter, want string) [][2]int {
	var have []letter
	for _, w := range all {
		for _, l := range w {
			if !unicode.IsDigit(l.r) {
				return nil
			}
			have = append(have, l)
		}
	}
	text := make([]byte, len(have))
	for i, l := range have {
		text[i] = byte(l.r)
	}
	for _, d := range []string{want, strings.TrimLeft(want, "0")} {
		if i := strings.Index(string(text), d); i >= 0 && d != "" && len(text) >= minNumber {
			return [][2]int{{have[i].from, have[i+len(d)-1].to}}
		}
	}
	return nil
}

// nearly is how many letters of a word are meant by what differs from them by one letter:
// the whole word, or its beginning; 0 if none is.
func nearly(have []letter, want []rune) int {
	if len(want) < minTypo {
		return 0
	}
	for n := min(len(have), len(want)+1); n >= len(want)-1 && n > 0; n-- {
		if oneOff(have[:n], want) {
			return n
		}
	}
	return 0
}

// oneOff reports whether two words differ by one letter more, less or other, or by two
// neighbours exchanged.
func oneOff(have []letter, want []rune) bool {
	i := 0
	for i < len(have) && i < len(want) && have[i].r == want[i] {
		i++
	}
	rest := func(a, b int) bool {
		if len(have)-a != len(want)-b {
			return false
		}
		for ; a < len(have); a, b = a+1, b+1 {
			if have[a].r != want[b] {
				return false
			}
		}
		return true
	}
	switch {
	case len(have) == len(want)+1:
		return rest(i+1, i)
	case len(want) == len(have)+1:
		return rest(i, i+1)
	case len(have) != len(want):
		return false
	case i == len(have):
		return true
	}
	return rest(i+1, i+1) || i+1 < len(have) && have[i].r == want[i+1] && have[i+1].r == want[i] && rest(i+2, i+2)
}
