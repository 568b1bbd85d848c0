package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"kith/app"
)

// Attributes are JSONB, SQLite's own binary form, so that SQL can look into them. It is
// read and written here rather than by json() and jsonb(), which cost several times as
// much: a customer is read for every row of a file, and again for the columns and the
// index. What is written is what jsonb() would make of the same JSON, but that a nested
// list or object always has a long header; a test holds the two together.
// See https://sqlite.org/jsonb.html.

// The types of an element.
const (
	jsonbNull    = 0
	jsonbTrue    = 1
	jsonbFalse   = 2
	jsonbInt     = 3
	jsonbFloat   = 5
	jsonbText    = 7 // without escapes
	jsonbTextJ   = 8 // with JSON's escapes
	jsonbTextRaw = 10
	jsonbArray   = 11
	jsonbObject  = 12
)

var errJSONB = errors.New("not an object of JSONB")

// jsonbHead reads an element's header.
func jsonbHead(b []byte) (kind byte, payload, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, nil, errJSONB
	}
	size, from := uint64(b[0]>>4), 1
	if size > 11 {
		wide := 1 << (size - 12)
		if from += wide; len(b) < from {
			return 0, nil, nil, errJSONB
		}
		size = 0
		for _, c := range b[1:from] {
			size = size<<8 | uint64(c)
		}
	}
	if size > uint64(len(b)-from) {
		return 0, nil, nil, errJSONB
	}
	end := from + int(size)
	return b[0] & 15, b[from:end], b[end:], nil
}

// appendJSON appends one element of JSONB as JSON and returns what follows it.
func appendJSON(dst, b []byte) (out, rest []byte, err error) {
	kind, p, rest, err := jsonbHead(b)
	if err != nil {
		return dst, nil, err
	}
	switch kind {
	case jsonbNull:
		return append(dst, "null"...), rest, nil
	case jsonbTrue:
		return append(dst, "true"...), rest, nil
	case jsonbFalse:
		return append(dst, "false"...), rest, nil
	case jsonbInt, jsonbFloat:
		return append(dst, p...), rest, nil
	case jsonbText, jsonbTextJ:
		return append(append(append(dst, '"'), p...), '"'), rest, nil
	case jsonbTextRaw:
		return app.AppendQuote(dst, string(p)), rest, nil
	case jsonbArray, jsonbObject:
		marks := "[],,"
		if kind == jsonbObject {
			marks = "{},:"
		}
		dst = append(dst, marks[0])
		for n := 0; len(p) > 0; n++ {
			if n > 0 {
				dst = append(dst, marks[2+(n&1)])
			}
			if dst, p, err = appendJSON(dst, p); err != nil {
				return dst, nil, err
			}
		}
		return append(dst, marks[1]), rest, nil
	}
	return dst, nil, fmt.Errorf("JSONB of type %d", kind)
}

// jsonbMembers reads an object of JSONB as members with raw JSON, which share one piece of
// memory of their own.
func jsonbMembers(b []byte) ([]app.Member, error) {
	kind, p, rest, err := jsonbHead(b)
	if err != nil || kind != jsonbObject || len(rest) > 0 {
		return nil, errJSONB
	}
	text := make([]byte, 0, len(p)+len(p)/2+16)
	members := make([]app.Member, 0, 16)
	for len(p) > 0 {
		kind, name, after, err := jsonbHead(p)
		if err != nil {
			return nil, err
		}
		m := app.Member{Name: string(name)}
		if kind != jsonbText && kind != jsonbTextRaw {
			var quoted []byte
			if quoted, after, err = appendJSON(nil, p); err != nil {
				return nil, err
			}
			var ok bool
			if m.Name, ok = app.Text(quoted); !ok {
				return nil, errJSONB
			}
		}
		from := len(text)
		if text, p, err = appendJSON(text, after); err != nil {
			return nil, err
		}
		m.Value = text[from:len(text):len(text)]
		members = append(members, m)
	}
	return members, nil
}

// appendJSONB appends a value of checked JSON as JSONB.
func appendJSONB(dst, raw []byte) []byte {
	if raw = bytes.Trim(raw, " \t\r\n"); len(raw) == 0 {
		return append(dst, jsonbNull)
	}
	switch raw[0] {
	case 'n':
		return append(dst, jsonbNull)
	case 't':
		return append(dst, jsonbTrue)
	case 'f':
		return append(dst, jsonbFalse)
	case '"':
		return appendJSONBText(dst, raw)
	case '[':
		at := len(dst)
		dst = append(dst, jsonbArray|14<<4, 0, 0, 0, 0)
		items, _ := app.Elements(raw, nil) // it is a list, for it was checked
		for _, item := range items {
			dst = appendJSONB(dst, item)
		}
		return sizeJSONB(dst, at)
	case '{':
		at := len(dst)
		dst = append(dst, jsonbObject|14<<4, 0, 0, 0, 0)
		// A name stays as it was written: not every escape has a character of its own.
		_ = app.EachPair(raw, func(quoted, value []byte) bool {
			dst = appendJSONB(appendJSONBText(dst, quoted), value)
			return true
		})
		return sizeJSONB(dst, at)
	}
	kind := byte(jsonbInt)
	for _, c := range raw {
		if c == '.' || c|0x20 == 'e' {
			kind = jsonbFloat
			break
		}
	}
	return append(appendJSONBHead(dst, kind, len(raw)), raw...)
}

// sizeJSONB writes the size of the element at a place, which goes to the end.
func sizeJSONB(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at+1:], uint32(len(dst)-at-5))
	return dst
}

func appendJSONBHead(dst []byte, kind byte, size int) []byte {
	switch {
	case size <= 11:
		return append(dst, kind|byte(size)<<4)
	case size <= 0xff:
		return append(dst, kind|12<<4, byte(size))
	case size <= 0xffff:
		return append(dst, kind|13<<4, byte(size>>8), byte(size))
	}
	return binary.BigEndian.AppendUint32(append(dst, kind|14<<4), uint32(size))
}

// appendJSONBText appends a JSON text.
func appendJSONBText(dst, quoted []byte) []byte {
	kind := byte(jsonbText)
	for _, c := range quoted {
		if c == '\\' {
			kind = jsonbTextJ
			break
		}
	}
	p := quoted[1 : len(quoted)-1]
	return append(appendJSONBHead(dst, kind, len(p)), p...)
}

// appendJSONBName appends a member's name.
func appendJSONBName(dst []byte, name string) []byte {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return appendJSONBText(dst, app.Quote(name))
		}
	}
	return append(appendJSONBHead(dst, jsonbText, len(name)), name...)
}

// jsonbRoom is how much is kept before an object's members, for its header.
const jsonbRoom = 5

// beginJSONB begins an object whose members [appendJSONBText] and [appendJSONB] add in turn.
func beginJSONB(dst []byte) []byte { return append(dst[:0], 0, 0, 0, 0, 0) }

// endJSONB gives the object its header, the shortest that holds its size.
func endJSONB(b []byte) []byte {
	var head [jsonbRoom]byte
	h := appendJSONBHead(head[:0], jsonbObject, len(b)-jsonbRoom)
	from := jsonbRoom - len(h)
	copy(b[from:], h)
	return b[from:]
}
