package importer

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// encoding finds out what characters the bytes mean.
func (f *facts) encoding(told string) (Finding, error) {
	if told != "" {
		name, err := encodingName(told)
		return Finding{Value: name, Why: "it was asked for", Told: true}, err
	}
	if f.mark != "" {
		return Finding{Value: f.mark, Why: "the file begins with its byte order mark"}, nil
	}
	if w := f.wide(); w != "" {
		return Finding{Value: w, Why: "every second byte is zero"}, nil
	}
	// Each line returns to ASCII; only the file's end may lack that.
	if f.high == 0 && f.kanji > 0 && f.roman > 0 && f.roman >= f.kanji-1 && decodes(f.head, encodings[encJIS]) {
		return Finding{Value: encJIS, Why: "every byte is ASCII, and " + many(f.kanji, "escape sequence of it begins", "escape sequences of it begin") + " Japanese"}, nil
	}
	if f.high == 0 {
		return Finding{Value: encUTF8, Why: "every byte is ASCII"}, nil
	}
	if f.badUTF8 < 0 {
		return Finding{Value: encUTF8, Why: say("all %d characters beyond ASCII are valid in it", f.high)}, nil
	}
	// What is valid UTF-8 by chance is rare: a file where most of it is was cut off, or pasted
	// together, and to read all of it as something else would spoil every name in it.
	if f.high > 2*f.bad {
		return Finding{Value: encUTF8, Why: say("%d of %d characters beyond ASCII are valid in it; the first that is not stands at byte %d, and rows with such are refused", f.high-f.bad, f.high, f.badUTF8)}, nil
	}
	text := f.head
	if len(f.contexts) > 0 && f.badUTF8 >= int64(len(f.head)) {
		text = bytes.Join(f.contexts, []byte("\n"))
	}
	if name := manyBytes(text); name != "" {
		return f.guessed(name, "of the encodings of East Asia it makes the most sense of the characters"), nil
	}
	if name := otherScript(text); name != "" {
		return f.guessed(name, "its words have no Latin letters in them, and this makes the most sense of them"), nil
	}
	return f.oneByte(), nil
}

func (f *facts) guessed(name, why string) Finding {
	return Finding{Value: name, Why: say("byte %d is not UTF-8, and ", f.badUTF8) + why + "; look at the names, and choose another if they are not right"}
}

// byteReader is an encoding of one byte a character.
type byteReader interface{ DecodeByte(b byte) rune }

// oneByte chooses among the Latin encodings of one byte by what their letters would spell.
func (f *facts) oneByte() Finding {
	best, bestScore := "", -1<<30
	for _, name := range []string{enc1252, encLatin9, encMac, encLatin2, enc1250, enc1254, encDOS, encMacCE} {
		table := encodings[name].(byteReader)
		score := 0
		for _, context := range f.contexts {
			score += scoreContext(context, table, lettersOf[name])
		}
		if name == encMacCE && score < 2*len(f.contexts) { // it is rare, and must spell nearly everything
			continue
		}
		if score > bestScore {
			best, bestScore = name, score
		}
	}
	why := "of the encodings with one byte a character it makes the most sense of the letters"
	if best == enc1252 {
		why += " (where ISO-8859-1 says the same)"
	}
	return f.guessed(best, why)
}

// Letters by how often they stand in the languages that such files are written in.
const (
	westernLetters  = "äöüßÄÖÜéèêëàâçîïôûùœæñáíóúãõåøÉÈÀÇÑÁÍÓÚÅØÆ"
	centralLetters  = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰăâîșțşţäöüßÄÖÜ"
	markedAsCentral = "ąćęłńśźżĄĆĘŁŃŚŹŻčďěňřšťůžČĎĚŇŘŠŤŮŽőűŐŰăşţ"
	icelandic       = "ðþýÐÞÝ"
	turkish         = "çÇğĞıİöÖşŞüÜâîû"
)

// lettersOf are the letters of the languages that an encoding is for, where those of all
// would make it look likelier than it is.
var lettersOf = map[string]string{enc1254: turkish, encDOS: westernLetters}

// scoreContext says how likely the middle byte of a context is as a character of a table.
// letters, if not "", are the only ones that its language has.
func scoreContext(context []byte, table byteReader, letters string) int {
	middle := min(contextSize, len(context)-1)
	for middle > 0 && context[middle] < utf8.RuneSelf {
		middle--
	}
	r := table.DecodeByte(context[middle])
	var before, after rune = ' ', ' '
	if middle > 0 {
		before = table.DecodeByte(context[middle-1])
	}
	if middle+1 < len(context) {
		after = table.DecodeByte(context[middle+1])
	}
	word := unicode.IsLetter(before) || unicode.IsLetter(after)
	switch {
	case r == utf8.RuneError || unicode.IsControl(r):
		return -20
	case unicode.IsLetter(r):
		score := 0
		switch {
		case letters != "":
			if strings.ContainsRune(letters, r) {
				score = 4
			}
		case strings.ContainsRune(westernLetters, r):
			score = 4
		case strings.ContainsRune(markedAsCentral, r):
			score = 3
		case strings.ContainsRune(centralLetters, r), strings.ContainsRune(icelandic, r):
			score = 2
		}
		if !word { // a sign may look like a letter elsewhere
			score -= 4
		}
		if unicode.IsUpper(r) && unicode.IsLower(before) { // a capital within a word
			score -= 6
		}
		if unicode.IsLower(r) && unicode.IsUpper(before) && unicode.IsUpper(after) {
			score -= 3
		}
		return score
	case letters == "" && (r == '€' || r == '£'):
		if unicode.IsDigit(before) || unicode.IsDigit(after) || before == ' ' || after == ' ' {
			return 3
		}
		return 0
	case letters == "" && strings.ContainsRune("’‘“”–—…«»•\u00a0", r):
		return 2
	case word:
		return -5
	}
	return 0
}

// scripts are the encodings of one byte of languages that are not written in Latin letters.
// Of two that fit alike the first is taken: Hebrew has no capitals, and looks like a text
// of nothing but capitals elsewhere.
var scripts = []struct {
	name  string
	table *unicode.RangeTable
}{
	{"Windows-1255", unicode.Hebrew},
	{"Windows-1251", unicode.Cyrillic}, {"KOI8-R", unicode.Cyrillic}, {"ISO-8859-5", unicode.Cyrillic}, {"MacCyrillic", unicode.Cyrillic}, {"IBM866", unicode.Cyrillic},
	{"Windows-1253", unicode.Greek}, {"Windows-1256", unicode.Arabic},
}

// otherScript is the encoding of a text whose words are not written in Latin letters, ""
// if its bytes beyond ASCII stand among Latin ones.
func otherScript(text []byte) string {
	var words [][]byte
	mixed := 0
	for i := 0; i < len(text); i++ {
		from, high := i, 0
		for i < len(text) && (text[i] >= utf8.RuneSelf || unicode.IsLetter(rune(text[i]))) {
			if text[i] >= utf8.RuneSelf {
				high++
			}
			i++
		}
		if high == 0 {
			continue
		}
		words = append(words, text[from:i])
		if high < i-from {
			mixed++
		}
	}
	letters := len(bytes.Join(words, nil))
	if letters < 6 || letters < 2*len(words) || mixed*4 > len(words) { // a sign or two tell nothing
		return ""
	}
	best, bestScore := "", 0
	for _, s := range scripts {
		table, score := encodings[s.name].(*charmap.Charmap), 0
		for _, w := range words {
			score += scoreWord(w, table, s.table)
		}
		if score > bestScore {
			best, bestScore = s.name, score
		}
	}
	if bestScore < letters { // half of what a text without a fault has
		return ""
	}
	return best
}

// scoreWord says how likely a word is in a script: two for a letter that fits.
func scoreWord(word []byte, table *charmap.Charmap, script *unicode.RangeTable) int {
	score := 0
	before := ' '
	for i, c := range word {
		r := table.DecodeByte(c)
		switch {
		case r == utf8.RuneError || unicode.IsControl(r):
			score -= 8
		case !unicode.Is(script, r):
			score -= 3
		case unicode.IsUpper(r) && unicode.IsLower(before):
			score -= 4
		case i == 0 && unicode.IsLower(r): // most of such a file are names
			score++
		default:
			score += 2
		}
		before = r
	}
	return score
}

// eastern are encodings of one or two bytes a character. common says whether the bytes are
// a character that such texts are made of. Those that say yes to less stand first.
var eastern = []struct {
	name   string
	common func(a, b byte) bool
}{
	{"EUC-KR", func(a, b byte) bool { return a >= 0xb0 && a <= 0xc8 && b >= 0xa1 }},
	{"EUC-JP", func(a, b byte) bool { return (a == 0xa4 || a == 0xa5 || a >= 0xb0 && a <= 0xcf) && b >= 0xa1 }},
	{"GB18030", func(a, b byte) bool { return a >= 0xb0 && a <= 0xd7 && b >= 0xa1 }},
	{"Big5", func(a, _ byte) bool { return a >= 0xa4 && a <= 0xc6 }},
	{"Shift_JIS", func(a, _ byte) bool { return a == 0x82 || a == 0x83 || a >= 0x88 && a <= 0x97 }},
}

// manyBytes is the encoding of a text in Chinese, Japanese or Korean, "" for others. Of
// them most bytes beyond ASCII stand beside another, and almost all pairs are common ones.
func manyBytes(text []byte) string {
	high, paired := 0, 0
	for i, c := range text {
		if c < utf8.RuneSelf {
			continue
		}
		high++
		if i > 0 && text[i-1] >= utf8.RuneSelf || i+1 < len(text) && text[i+1] >= utf8.RuneSelf {
			paired++
		}
	}
	if high < 4 || paired*10 < high*6 {
		return ""
	}
	best, bestShare := "", 79
	for _, e := range eastern {
		if share := eastShare(text, e.common); share > bestShare && decodes(text, encodings[e.name]) {
			best, bestShare = e.name, share
		}
	}
	return best
}

// eastShare is how many in a hundred pairs of bytes are common characters.
func eastShare(text []byte, common func(a, b byte) bool) int {
	pairs, good := 0, 0
	for i := 0; i < len(text); i++ {
		if text[i] < utf8.RuneSelf {
			continue
		}
		pairs++
		if i+1 < len(text) && text[i+1] >= 0x40 {
			if common(text[i], text[i+1]) {
				good++
			}
			i++
		}
	}
	return good * 100 / max(1, pairs)
}

// decodes reports whether hardly anything in a text is not valid in an encoding.
func decodes(text []byte, e encoding.Encoding) bool {
	out, err := e.NewDecoder().Bytes(text)
	bad := bytes.Count(out, []byte(string(utf8.RuneError)))
	return err == nil && bad <= 1+len(out)/500 // the text may be cut off in the middle of a character
}
