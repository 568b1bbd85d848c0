// Package ingest turns request bodies into app.Change values. It is pure: it knows the
// wire's shapes, the standard attributes, types, limits and timestamps, and nothing of
// what is stored; whatever depends on that (does the list exist, may this key change
// that e-mail) is decided by storage inside the transaction.
//
// The invariant: what is not understood is never dropped in silence. It is refused
// with a sentence, or kept where a person will find it: unknown keys of a profile
// become attributes, unknown keys of an event become properties.
package ingest

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"kith/app"
)

// Context is what a request brings beside its body.
type Context struct {
	Now app.Instant
	// Zone is the workspace's, for timestamps that name none.
	Zone *time.Location
	// Trusted: the private key came along.
	Trusted bool
	// Source is where the request came from, unless its body names a source of its own.
	Source string
}

// Object checks a body that must be a JSON object and returns its members. An empty
// body is an object without any.
func Object(body []byte) ([]app.Member, error) {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 {
		return nil, nil
	}
	if err := app.CheckJSON(body, app.MaxDepth); err != nil {
		return nil, &app.Error{Code: app.CodeInvalid, Message: err.Error()}
	}
	if kind := app.JSONKind(body); kind != app.ObjectKind {
		return nil, app.Invalid("", "the body must be a JSON object, not %s", kindText(kind))
	}
	return members("", body)
}

func emptyList(raw []byte) ([]app.Member, bool) {
	items, err := app.Elements(raw, nil)
	return nil, err == nil && len(items) == 0
}

// members are those of a value inside a checked body, which must be an object; null and
// PHP's empty list count as an empty one.
func members(field string, raw []byte) ([]app.Member, error) {
	switch app.JSONKind(raw) {
	case app.NullKind:
		return nil, nil
	case app.ObjectKind:
		out, err := app.Members(raw, nil)
		if err != nil {
			return nil, app.Invalid(field, "%v", err)
		}
		return out, nil
	case app.ListKind:
		if none, empty := emptyList(raw); empty { // PHP's way to write an empty object
			return none, nil
		}
	}
	return nil, app.Invalid(field, "must be an object, not %s", kindText(app.JSONKind(raw)))
}

// kindText is what a value is, with its article.
func kindText(k app.ValueKind) string {
	if k == app.ObjectKind {
		return "an object"
	}
	return "a " + k.String()
}

// list are the elements of a value that may be a list, a single one, or null.
func list(field string, raw []byte) ([][]byte, error) {
	switch app.JSONKind(raw) {
	case app.NullKind:
		return nil, nil
	case app.ListKind:
		out, err := app.Elements(raw, nil)
		if err != nil {
			return nil, app.Invalid(field, "%v", err)
		}
		return out, nil
	}
	return [][]byte{raw}, nil
}

// scalar is a text, number or boolean as text. ok is false for null.
func scalar(field string, raw []byte) (text string, ok bool, err error) {
	switch app.JSONKind(raw) {
	case app.NullKind:
		return "", false, nil
	case app.TextKind:
		s, good := app.Text(raw)
		if !good {
			return "", false, app.Invalid(field, "is not a text that can be read")
		}
		return s, true, nil
	case app.NumberKind, app.BoolKind:
		return string(raw), true, nil
	}
	return "", false, app.Invalid(field, "must be a text, not %s", kindText(app.JSONKind(raw)))
}

// UID checks a customer's id.
// Engage: "letters and numbers only", yet its own examples are e-mails, and SDKs send
// anything, numbers too.
func UID(field, uid string) (string, error) {
	switch {
	case strings.TrimSpace(uid) == "":
		return "", app.Invalid(field, "is empty; it must be your own id of the customer")
	case !utf8.ValidString(uid):
		return "", app.Invalid(field, "is not valid UTF-8")
	case utf8.RuneCountInString(uid) > app.MaxUID:
		return "", app.Invalid(field, "has %d characters; an id can have %d", utf8.RuneCountInString(uid), app.MaxUID)
	case strings.ContainsRune(uid, 0):
		return "", app.Invalid(field, "contains a NUL character")
	}
	return uid, nil
}

// uidOf reads an id from JSON: a text or a number.
func uidOf(field string, raw []byte) (string, error) {
	if k := app.JSONKind(raw); k != app.TextKind && k != app.NumberKind {
		return "", app.Invalid(field, "must be a text or a number, not %s", kindText(k))
	}
	s, _, err := scalar(field, raw)
	if err != nil {
		return "", err
	}
	return UID(field, s)
}

// name checks the name of an attribute, a property or an event.
func name(field, s string) error {
	switch n := utf8.RuneCountInString(s); {
	case strings.TrimSpace(s) == "":
		return app.Invalid(field, "has an empty name")
	case n > app.MaxName:
		return app.Invalid(field, "the name %q… has %d characters; a name can have %d", string([]rune(s)[:40]), n, app.MaxName)
	}
	return nil
}

// value is a raw value that may be kept: compact, and within the limit.
func value(field string, raw []byte) ([]byte, error) {
	if n := size(raw); n > app.MaxTextValue {
		return nil, app.Invalid(field, "has %d bytes; one value can have %d", n, app.MaxTextValue)
	}
	return app.Compact(raw), nil
}

// size is what the limit of a value counts: its JSON, of a text what stands between
// the quotes.
func size(raw []byte) int {
	if app.JSONKind(raw) == app.TextKind {
		return len(raw) - 2
	}
	return len(raw)
}

// source is where something came from: what the body says, else the context's.
func source(c Context, raw []byte) string {
	if s, ok, err := scalar("source", raw); err == nil && ok && strings.TrimSpace(s) != "" {
		if len(s) > 64 {
			s = strings.ToValidUTF8(s[:64], "")
		}
		return strings.TrimSpace(s)
	}
	return c.Source
}
