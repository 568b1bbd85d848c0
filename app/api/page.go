package api

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"kith/app"
)

// limit reads how many items a page may have.
// Engage: default 10, at most 30; an older text said more, so a larger one is taken as the most.
func (c *call) limit() (int, error) {
	text := c.Query("limit")
	if text == "" {
		return app.DefaultPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, app.Invalid("limit", "must be a whole number from 1 to %d, not %q", app.MaxPage, shorten(text))
	}
	return min(n, app.MaxPage), nil
}

// cursors reads the two cursors by all their names. Engage: after_id and before_id are
// deprecated; one client writes prev_cursor.
func (c *call) cursors() (after, before string, err error) {
	first := func(names ...string) string {
		for _, n := range names {
			if v := c.Query(n); v != "" && v != "null" {
				return v
			}
		}
		return ""
	}
	after, before = first("next_cursor", "after_id"), first("previous_cursor", "prev_cursor", "before_id")
	if after != "" && before != "" {
		return "", "", app.Invalid("cursor", "next_cursor and previous_cursor exclude each other")
	}
	return after, before, nil
}

// page reads where a listing by row goes on. A cursor is the id of the last or first
// item of the page before, which rowOf turns into a row.
func (c *call) page(rowOf func(id string) (int64, error)) (p app.Page, err error) {
	if p.Limit, err = c.limit(); err != nil {
		return p, err
	}
	after, before, err := c.cursors()
	if err != nil {
		return p, err
	}
	if after != "" {
		if p.After, err = rowOf(after); err != nil {
			return p, err
		}
	}
	if before != "" {
		p.Before, err = rowOf(before)
	}
	return p, err
}

// appendCursors ends a list envelope that began with {"data":[…]: a cursor stands
// there only when it leads somewhere.
func appendCursors(b []byte, p app.Page, ids []string, more bool) []byte {
	if len(ids) > 0 {
		if p.Before != 0 || more {
			b = append(b, `,"next_cursor":`...)
			b = app.AppendQuote(b, ids[len(ids)-1])
		}
		if p.After != 0 || p.Before != 0 && more {
			b = append(b, `,"previous_cursor":`...)
			b = app.AppendQuote(b, ids[0])
		}
	}
	b = append(b, `,"has_more":`...)
	b = strconv.AppendBool(b, more)
	return append(b, '}')
}

// placeText is a place in a timeline as a cursor.
func placeText(p app.Place) string {
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(p.At)), uint64(p.Row))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parsePlace(text string) (app.Place, error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != 16 {
		return app.Place{}, app.Invalid("cursor", "%q is no cursor: use next_cursor or previous_cursor as an answer gave it", shorten(text))
	}
	return app.Place{At: app.Instant(binary.BigEndian.Uint64(b)), Row: int64(binary.BigEndian.Uint64(b[8:]))}, nil
}
