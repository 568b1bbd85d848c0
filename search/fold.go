package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldedLetters are letters whose mark is part of them, so that taking the marks away
// leaves them as they are. People type the plain letter.
var foldedLetters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ð': "d", 'þ': "th", 'đ': "d", 'ħ': "h", 'ı': "i", 'ł': "l", 'ŧ': "t",
	'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'ƴ': "y", 'ŋ': "n", 'ɛ': "e", 'ɔ': "o", // Hausa, Akan, Ewe and others
}

// fold brings a text to the form that is indexed and searched: lower case, without
// accents and marks, wide and joined letters taken apart. It is the same for a text and
// its folded form.
func fold(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	// The marks go after lower case, which may bring some itself (İ), and what the
	// table gives is plain.
	for _, r := range norm.NFKD.String(strings.ToLower(norm.NFKC.String(s))) {
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			continue
		}
		if letters, ok := foldedLetters[r]; ok {
			b.WriteString(letters)
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func isApostrophe(r rune) bool {
	return r == '\'' || r == '\u2019' || r == '\u2018' || r == '\u02bc' || r == '\u02bb' || r == '\u00b4' || r == '`'
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) && !isApostrophe(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mc, r)
}

// words cuts a folded text into words: letters and digits. An apostrophe inside a word
// is left out: o'brien is obrien.
func words(folded string) []string {
	var out []string
	eachWord(folded, func(w string) { out = append(out, w) })
	return out
}

// eachWord calls f for each of [words], without copying plain ones.
func eachWord(folded string, f func(w string)) {
	begin := -1 // of a word that is a part of the text as it stands
	for i := 0; i < len(folded); i++ {
		switch c := folded[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			if begin < 0 {
				begin = i
			}
		case c >= utf8.RuneSelf || c == '\'' || c == '`':
			if begin < 0 {
				begin = i
			}
			wordsSlowly(folded[begin:], f)
			return
		case begin >= 0:
			f(folded[begin:i])
			begin = -1
		}
	}
	if begin >= 0 {
		f(folded[begin:])
	}
}

func wordsSlowly(folded string, f func(w string)) {
	var b strings.Builder
	for _, r := range folded {
		switch {
		case inWord(r):
			b.WriteRune(r)
		case isApostrophe(r):
		case b.Len() > 0:
			f(b.String())
			b.Reset()
		}
	}
	if b.Len() > 0 {
		f(b.String())
	}
}

// digits are the digits of a text, if it is nothing but digits and what stands between
// the digits of a phone number; else "".
func digits(folded string) string {
	var b strings.Builder
	for _, r := range folded {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune("+-(). /\u00a0", r):
			return ""
		}
	}
	return b.String()
}
