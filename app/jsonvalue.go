package app

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ValueKind is the kind of a JSON value, in the words that error messages use.
type ValueKind uint8

// The kinds of JSON values.
const (
	NullKind ValueKind = iota
	TextKind
	NumberKind
	BoolKind
	ListKind
	ObjectKind
)

var kindNames = [...]string{"null", "text", "number", "boolean", "list", "object"}

// String returns the word for k, such as "text" or "list".
func (k ValueKind) String() string {
	if int(k) >= len(kindNames) {
		return fmt.Sprintf("ValueKind(%d)", uint8(k))
	}
	return kindNames[k]
}

// JSONKind tells the kind of a value of checked JSON from its first byte.
func JSONKind(raw []byte) ValueKind {
	i := skipSpace(raw, 0)
	if i == len(raw) {
		return NullKind
	}
	switch raw[i] {
	case '"':
		return TextKind
	case '{':
		return ObjectKind
	case '[':
		return ListKind
	case 't', 'f':
		return BoolKind
	case 'n':
		return NullKind
	}
	return NumberKind
}

// Member is one name and value of an object.
type Member struct {
	Name  string
	Value []byte
}

var (
	errNotObject = errors.New("the value is not an object")
	errNotList   = errors.New("the value is not a list")
)

// Members appends the members of an object to dst, in their order and with
// repeated names kept. obj must have passed CheckJSON, alone or as a part; each
// Value points into it. The error says that obj is not an object.
func Members(obj []byte, dst []Member) ([]Member, error) {
	err := EachPair(obj, func(quoted, value []byte) bool {
		name, ok := Text(quoted)
		if ok {
			dst = append(dst, Member{name, value})
		}
		return ok
	})
	return dst, err
}

// EachPair calls do with each member of an object, its name as the source quotes it,
// until do returns false, which is an error like that of what is no object. obj must have
// passed CheckJSON, alone or as a part; what do gets points into it.
func EachPair(obj []byte, do func(quoted, value []byte) bool) error {
	i := skipSpace(obj, 0)
	if i >= len(obj) || obj[i] != '{' {
		return errNotObject
	}
	i = skipSpace(obj, i+1)
	if i < len(obj) && obj[i] == '}' {
		return nil
	}
	for i < len(obj) {
		end := skipValue(obj, i)
		name := obj[i:end:end]
		i = skipSpace(obj, end)
		if i >= len(obj) || obj[i] != ':' {
			return errNotObject
		}
		i = skipSpace(obj, i+1)
		end = skipValue(obj, i)
		if end == i || !do(name, obj[i:end:end]) {
			return errNotObject
		}
		i = skipSpace(obj, end)
		if i < len(obj) && obj[i] == '}' {
			return nil
		}
		if i >= len(obj) || obj[i] != ',' {
			return errNotObject
		}
		i = skipSpace(obj, i+1)
	}
	return errNotObject
}

// Elements appends the values of a list to dst. arr must have passed CheckJSON,
// alone or as a part; each element points into it. The error says that arr is
// not a list.
func Elements(arr []byte, dst [][]byte) ([][]byte, error) {
	i := skipSpace(arr, 0)
	if i >= len(arr) || arr[i] != '[' {
		return dst, errNotList
	}
	i = skipSpace(arr, i+1)
	if i < len(arr) && arr[i] == ']' {
		return dst, nil
	}
	for i < len(arr) {
		end := skipValue(arr, i)
		if end == i {
			return dst, errNotList
		}
		dst = append(dst, arr[i:end:end])
		i = skipSpace(arr, end)
		if i < len(arr) && arr[i] == ']' {
			return dst, nil
		}
		if i >= len(arr) || arr[i] != ',' {
			return dst, errNotList
		}
		i = skipSpace(arr, i+1)
	}
	return dst, errNotList
}

// Text returns what a text of checked JSON says, its escapes resolved; half of
// a surrogate pair becomes U+FFFD. It returns false if raw is no text.
func Text(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	raw = raw[1 : len(raw)-1]
	i := bytes.IndexByte(raw, '\\')
	if i < 0 {
		return string(raw), true
	}
	var s strings.Builder
	s.Grow(len(raw))
	for i >= 0 {
		s.Write(raw[:i])
		r, n := unescape(raw[i:])
		if n == 0 {
			return "", false
		}
		s.WriteRune(r)
		raw = raw[i+n:]
		i = bytes.IndexByte(raw, '\\')
	}
	s.Write(raw)
	return s.String(), true
}

// unescape resolves the escape at the start of raw, both halves of a surrogate
// pair at once. It returns the number of bytes read, 0 if that is no escape.
func unescape(raw []byte) (rune, int) {
	if len(raw) < 2 {
		return 0, 0
	}
	switch raw[1] {
	case '"', '\\', '/':
		return rune(raw[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r := unicodeEscape(raw)
		if r < 0 {
			return 0, 0
		}
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if pair := utf16.DecodeRune(r, unicodeEscape(raw[6:])); pair != utf8.RuneError {
			return pair, 12
		}
		return utf8.RuneError, 6
	}
	return 0, 0
}

// unicodeEscape returns the value of a \uXXXX at the start of raw, or -1.
func unicodeEscape(raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range raw[2:6] {
		h := hexValue(c)
		if h < 0 {
			return -1
		}
		r = r<<4 | rune(h)
	}
	return r
}

// Compact returns a value of checked JSON without insignificant white space;
// the digits of numbers and the escapes of texts stay as they were written.
// Without such white space inside, the result points into raw.
func Compact(raw []byte) []byte {
	raw = bytes.Trim(raw, " \t\r\n")
	i := skipDense(raw, 0)
	if i == len(raw) {
		return raw
	}
	out := append(make([]byte, 0, len(raw)), raw[:i]...)
	for i < len(raw) {
		i = skipSpace(raw, i)
		end := skipDense(raw, i)
		out = append(out, raw[i:end]...)
		i = end
	}
	return out
}

// Quote returns s as a JSON text. Only what must be escaped is; bytes that are
// not UTF-8 become U+FFFD.
func Quote(s string) []byte {
	return AppendQuote(make([]byte, 0, len(s)+2), s)
}

// AppendQuote appends s to dst as Quote would write it.
func AppendQuote(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[start:i]...)
				dst = utf8.AppendRune(dst, utf8.RuneError)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		if at := strings.IndexByte("\"\\\b\f\n\r\t", c); at >= 0 {
			dst = append(dst, '\\', `"\bfnrt`[at])
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
