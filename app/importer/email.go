package importer

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// bareEmail is the address in a cell, without what mail programs, web pages and typing
// put around it: blanks, marks that cannot be seen, "mailto:", and Ada <ada@example.com>.
func bareEmail(cell []byte) []byte {
	s := trimUnseen(cell)
	if len(s) == 0 {
		return s
	}
	if s[len(s)-1] == '>' {
		if from := bytes.LastIndexByte(s, '<'); from >= 0 {
			s = trimUnseen(s[from+1 : len(s)-1])
		}
	}
	if len(s) > 7 && s[6] == ':' && bytes.EqualFold(s[:7], []byte("mailto:")) {
		s = s[7:]
	}
	for len(s) > 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		s = trimUnseen(s[1 : len(s)-1])
	}
	return s
}

// emailName is the name that stands before an address in a cell, "" for none.
func emailName(cell []byte) string {
	s := trimUnseen(cell)
	from := bytes.LastIndexByte(s, '<')
	if from <= 0 || s[len(s)-1] != '>' {
		return ""
	}
	s = trimUnseen(s[:from])
	for len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		s = trimUnseen(s[1 : len(s)-1])
	}
	return string(s)
}

// trimUnseen takes away blanks and characters that have no width.
func trimUnseen(s []byte) []byte {
	for {
		r, n := utf8.DecodeRune(s)
		if n == 0 || !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			break
		}
		s = s[n:]
	}
	for {
		r, n := utf8.DecodeLastRune(s)
		if n == 0 || !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			return s
		}
		s = s[:len(s)-n]
	}
}
