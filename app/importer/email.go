package importer

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kith/app"
)

// takeFirst is the format of a column of e-mails where of several in a cell the first is taken.
const takeFirst = "first"

// severalEmails are the addresses in a cell that holds more than one and nothing else,
// each as it stands there; nil for other cells.
func severalEmails(cell []byte) [][]byte {
	if len(cell) > app.MaxTextValue || bytes.Count(cell, []byte("@")) < 2 {
		return nil
	}
	for _, between := range []string{";", ",", "|", "/", "\r\n\t", " "} {
		if between == " " && bytes.IndexByte(cell, '<') >= 0 { // a name that is an address itself
			return nil
		}
		parts := bytes.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(between, r) })
		var out [][]byte
		for _, p := range parts {
			if p = trimUnseen(p); len(p) > 0 {
				out = append(out, p)
			}
		}
		if len(out) > 1 && !slices.ContainsFunc(out, func(p []byte) bool { return !isEmail(p) }) {
			return out
		}
	}
	return nil
}

// firstEmail is the first of several addresses in a cell, or all of another cell.
func firstEmail(cell []byte) []byte {
	if all := severalEmails(cell); all != nil {
		return all[0]
	}
	return cell
}

// isEmail reports whether a cell holds one address, and nothing but what stands around one.
func isEmail(cell []byte) bool {
	_, err := app.CheckEmail(string(bareEmail(cell)))
	return err == nil
}

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
