package search

import (
	"strings"
	"unicode"
)

// clause is one condition of what was typed. All must hold.
//
//	ade            a word begins with ade
//	"ade obi"      the words ade and obi, whole, one after the other
//	first_name:ade of one field; of attributes the whole value or a whole word of it
//	list:news      on a list, or segment:act in a segment, whose name has a word that begins so
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
