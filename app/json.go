package app

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// CheckJSON returns nil if b is exactly one JSON value of RFC 8259 in valid
// UTF-8, white space around it allowed, that nests no deeper than maxDepth: a
// list or object of plain values has depth 1, a plain value 0. Half surrogate
// pairs in escapes are valid by that RFC; Text makes U+FFFD of them.
//
// The error is a sentence for the developer who sent b. The byte it names is
// counted from 0.
func CheckJSON(b []byte, maxDepth int) error {
	c := jsonCheck{b: b, max: maxDepth}
	i := c.value(0, maxDepth)
	if i < 0 {
		return c.err
	}
	if i = skipSpace(b, i); i < len(b) {
		c.unexpected(i, "after the end of the value")
		return c.err
	}
	return nil
}

// jsonCheck walks over JSON. Its methods take the place to start at and return
// the place behind what they read, or -1 after setting err.
type jsonCheck struct {
	b   []byte
	max int
	err error
}

func (c *jsonCheck) fail(format string, args ...any) int {
	c.err = fmt.Errorf("the body is not valid JSON: "+format, args...)
	return -1
}

// unexpected reports the byte at i, or the end of the body, as not fitting.
func (c *jsonCheck) unexpected(i int, where string) int {
	if i == 0 && bytes.HasPrefix(c.b, []byte("\xef\xbb\xbf")) {
		return c.fail("it starts with a byte order mark; send UTF-8 without one")
	}
	if i < len(c.b) {
		r, n := utf8.DecodeRune(c.b[i:])
		if r == utf8.RuneError && n == 1 {
			return c.fail("unexpected byte 0x%02X at byte %d, %s", c.b[i], i, where)
		}
		return c.fail("unexpected %s at byte %d, %s", Quote(string(r)), i, where)
	}
	if skipSpace(c.b, 0) == len(c.b) {
		c.err = errors.New("the body is empty: a JSON value is expected")
		return -1
	}
	return c.fail("it ends too early, at byte %d, %s", i, where)
}

// value reads one value that may nest depth levels deep.
func (c *jsonCheck) value(i, depth int) int {
	b := c.b
	if i < len(b) && b[i] <= ' ' {
		i = skipSpace(b, i)
	}
	if i >= len(b) {
		return c.unexpected(i, "where a value is expected")
	}
	switch b[i] {
	case '"':
		return c.text(i + 1)
	case '{', '[':
		if depth <= 0 {
			c.err = fmt.Errorf("the body nests deeper than the %d levels allowed, at byte %d", c.max, i)
			return -1
		}
		if b[i] == '{' {
			return c.object(i+1, depth-1)
		}
		return c.list(i+1, depth-1)
	case 't':
		return c.literal(i, "true")
	case 'f':
		return c.literal(i, "false")
	case 'n':
		return c.literal(i, "null")
	}
	return c.number(i)
}

func (c *jsonCheck) object(i, depth int) int {
	b := c.b
	i = skipSpace(b, i)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i = skipSpace(b, i); i >= len(b) || b[i] != '"' {
			return c.unexpected(i, "where a name in double quotes is expected")
		}
		if i = c.text(i + 1); i < 0 {
			return i
		}
		if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
			return c.unexpected(i, `where ":" is expected`)
		}
		if i = c.value(i+1, depth); i < 0 {
			return i
		}
		i = skipSpace(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i++
		case i < len(b) && b[i] == '}':
			return i + 1
		default:
			return c.unexpected(i, `where "," or "}" is expected`)
		}
	}
}

func (c *jsonCheck) list(i, depth int) int {
	b := c.b
	i = skipSpace(b, i)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i = c.value(i, depth); i < 0 {
			return i
		}
		i = skipSpace(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i++
		case i < len(b) && b[i] == ']':
			return i + 1
		default:
			return c.unexpected(i, `where "," or "]" is expected`)
		}
	}
}

func (c *jsonCheck) literal(i int, word string) int {
	for j := range len(word) {
		if i+j >= len(c.b) || c.b[i+j] != word[j] {
			return c.unexpected(i+j, "where "+word+" is expected")
		}
	}
	return i + len(word)
}

func (c *jsonCheck) number(i int) int {
	b, start := c.b, i
	if b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && isDigit(b[i]):
		i = skipDigits(b, i)
	case i == start:
		return c.unexpected(i, "where a value is expected")
	default:
		return c.unexpected(i, "where a digit is expected")
	}
	if i < len(b) && b[i] == '.' {
		end := skipDigits(b, i+1)
		if end == i+1 {
			return c.unexpected(end, "where a digit is expected")
		}
		i = end
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := skipDigits(b, i)
		if end == i {
			return c.unexpected(end, "where a digit is expected")
		}
		i = end
	}
	return i
}

// text reads the rest of a text whose opening quote lies before i.
func (c *jsonCheck) text(i int) int {
	b := c.b
	for {
		i = skipPlain(b, i)
		if i >= len(b) {
			return c.unexpected(i, "inside a text")
		}
		switch {
		case b[i] == '"':
			return i + 1
		case b[i] == '\\':
			if i = c.escape(i + 1); i < 0 {
				return i
			}
		case b[i] < ' ':
			return c.fail("unescaped control character U+%04X at byte %d, inside a text", b[i], i)
		}
		for i < len(b) && b[i] >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return c.fail("byte 0x%02X at byte %d is not valid UTF-8", b[i], i)
			}
			i += n
		}
	}
}

// escape reads what follows a backslash.
func (c *jsonCheck) escape(i int) int {
	b := c.b
	if i >= len(b) {
		return c.unexpected(i, "inside a text")
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for j := i + 1; j <= i+4; j++ {
			if j >= len(b) || hexValue(b[j]) < 0 {
				return c.unexpected(j, `where "\u" takes four hexadecimal digits`)
			}
		}
		return i + 5
	}
	return c.unexpected(i, "after a backslash")
}

// skipValue returns the place behind the value at i, which is checked JSON.
// Whatever b holds, the place lies within b and not before i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipText(b, i+1)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			for i++; i < len(b) && !endsPlain[b[i]]; i++ {
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// endsPlain holds the bytes that end a number or a literal.
var endsPlain = [256]bool{',': true, ':': true, ']': true, '}': true, '[': true, '{': true, '"': true,
	' ': true, '\t': true, '\r': true, '\n': true}

// skipText returns the place behind the closing quote of the text that i lies in.
func skipText(b []byte, i int) int {
	for {
		i = skipPlain(b, i)
		if i >= len(b) {
			return len(b)
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
		i++
	}
}

// skipDense returns the place of the first white space outside texts.
func skipDense(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipText(b, i+1)
		case ' ', '\t', '\r', '\n':
			return i
		default:
			i++
		}
	}
	return i
}

// skipPlain returns the place of the first byte from i on that is a quote, a
// backslash, a control character or not ASCII. It looks at eight bytes at once:
// a byte's high bit in special is set where subtracting made it borrow, and the
// lowest such bit is always exact, because borrows only travel upwards.
func skipPlain(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		special := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w | w) & highs
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
		i += 8
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
