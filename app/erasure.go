package app

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Traces is what somebody who is to be erased is, and was, known by. It is what the parts
// of Kith that keep bodies look for.
type Traces struct {
	// UIDs are the ids of the team's own application, the present one first, and Kith's.
	UIDs    []string
	Emails  []string // as written, former ones too
	Numbers []string
	// Other are tokens of devices, and the services' own ids.
	Other []string
	// Answers and AnswersUntil are for [Delete].
	Answers      [][]byte
	AnswersUntil Instant
}

// shortTrace is how long a text must be to be taken for somebody's wherever it stands: an
// id such as "42" is in nearly every body.
const shortTrace = 6

// Texts are what bodies are looked through for, in small letters: what is long enough as it
// is, and short ids as JSON and a path would have them.
func (t *Traces) Texts() []string {
	var out []string
	for _, list := range [][]string{t.UIDs, t.Emails, t.Numbers, t.Other} {
		for _, text := range list {
			switch {
			case text == "":
			case len(text) >= shortTrace:
				out = append(out, strings.ToLower(text))
			default:
				out = append(out, strings.ToLower(`"`+text+`"`), strings.ToLower("/"+text+"/"))
			}
		}
	}
	return out
}

// DossierDelivery is a body that a service posted in which a customer is.
type DossierDelivery struct {
	ID         string          `json:"id"`
	Service    string          `json:"service"`
	ReceivedAt Instant         `json:"received_at"`
	Event      string          `json:"event"`
	Body       *string         `json:"body"` // nil once it was let go
	Became     json.RawMessage `json:"became"`
}

// Mentions reports whether one of some texts, as [Traces.Texts] gives them, stands in one of
// some others: as it is, or as JSON and addresses escape it. What cannot be looked through,
// because it is packed or of another encoding, may hold anybody.
func Mentions(texts []string, where ...string) bool {
	for _, text := range where {
		if strings.IndexByte(text, 0) >= 0 || !readable(text) {
			return true
		}
		variants := []string{text}
		if strings.Contains(text, `\`) {
			variants = append(variants, unescapeJSON(text))
		}
		if strings.ContainsAny(text, "%+") {
			variants = append(variants, unescapeQuery(text))
		}
		for _, v := range variants {
			v = strings.ToLower(v)
			for _, t := range texts {
				if strings.Contains(v, t) {
					return true
				}
			}
		}
	}
	return false
}

// readable reports whether a text is UTF-8, but for a character that its end cuts through.
func readable(text string) bool {
	for cut := 1; cut < utf8.UTFMax && cut <= len(text); cut++ {
		if end := text[len(text)-cut:]; utf8.RuneStart(end[0]) {
			if !utf8.FullRuneInString(end) {
				text = text[:len(text)-cut]
			}
			break
		}
	}
	return utf8.ValidString(text)
}

// unescapeJSON undoes the escapes of strings in JSON, or in a piece of it.
func unescapeJSON(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		r, size := escapedRune(s[i:])
		if utf16.IsSurrogate(r) && strings.HasPrefix(s[i+size:], `\u`) {
			if low, more := escapedRune(s[i+size+1:]); more > 1 {
				r, size = utf16.DecodeRune(r, low), size+1+more
			}
		}
		b.WriteRune(r)
		i += size - 1
	}
	return b.String()
}

// escapedRune is what stands behind a backslash, and how many bytes of it there are.
func escapedRune(s string) (rune, int) {
	if s[0] == 'u' && len(s) >= 5 {
		if n, err := strconv.ParseUint(s[1:5], 16, 16); err == nil {
			return rune(n), 5
		}
	}
	return utf8.DecodeRuneInString(s)
}

// unescapeQuery undoes the escapes of addresses and forms, as far as they make sense.
func unescapeQuery(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b, i = append(b, byte(n)), i+2
				continue
			}
		}
		if c == '+' {
			c = ' '
		}
		b = append(b, c)
	}
	return string(b)
}
