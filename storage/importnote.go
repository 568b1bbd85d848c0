package storage

import (
	"encoding/json"
	"fmt"
	"strconv"

	"kith/app"
)

// importNote is what an import keeps of a customer that it changed: {"a":[edits…]}, and
// beside it, where they apply,
//
//	"l"        where the customer stood on the import's list before, -1: nowhere
//	"ls"       since when it stood there; older imports lack it
//	"d"        the push token that was added
//	"claimed"  that a customer without an id got this one, which is not undone
//
// An edit is [attribute, from, from_at, to, to_at]: the catalogue's row of the name, the
// values, null for none, and when each was written. A row of import_changes says when the
// last edit was made, so that to_at is only there when it was another time.
type importNote struct {
	Edits   []importEdit `json:"a"`
	List    *int         `json:"l,omitempty"`
	Since   app.Instant  `json:"ls,omitempty"`
	Device  string       `json:"d,omitempty"`
	Claimed bool         `json:"claimed,omitempty"`
}

type importEdit struct {
	attr         int64
	from, to     json.RawMessage // nil for none
	fromAt, toAt app.Instant     // toAt 0: that of the row
}

// UnmarshalJSON reads one edit.
func (e *importEdit) UnmarshalJSON(raw []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	if len(parts) < 4 {
		return fmt.Errorf("an edit of an import has %d parts", len(parts))
	}
	for i, into := range []any{&e.attr, nil, &e.fromAt, nil, &e.toAt} {
		if into == nil || i >= len(parts) {
			continue
		}
		n, err := strconv.ParseInt(string(parts[i]), 10, 64)
		if err != nil {
			return err
		}
		switch v := into.(type) {
		case *int64:
			*v = n
		case *app.Instant:
			*v = app.Instant(n)
		}
	}
	e.from, e.to = notNull(parts[1]), notNull(parts[3])
	return nil
}

func notNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// importEdits writes an importNote as its edits come.
type importEdits struct {
	note      []byte
	n         int
	list      int
	listSince int64
	listed    bool
}

func (e *importEdits) add(attr int64, from []byte, fromAt app.Instant, to []byte) {
	e.note = appendImportEdit(e.note, e.n > 0, importEdit{attr: attr, from: from, fromAt: fromAt, to: to})
	e.n++
}

func appendImportEdit(b []byte, comma bool, e importEdit) []byte {
	if comma {
		b = append(b, ',')
	}
	null := func(raw []byte) []byte {
		if raw == nil {
			return []byte("null")
		}
		return raw
	}
	b = append(strconv.AppendInt(append(b, '['), e.attr, 10), ',')
	b = append(append(b, null(e.from)...), ',')
	b = append(strconv.AppendInt(b, int64(e.fromAt), 10), ',')
	b = append(b, null(e.to)...)
	if e.toAt != 0 {
		b = strconv.AppendInt(append(b, ','), int64(e.toAt), 10)
	}
	return append(b, ']')
}

// close ends the note. token is that of a device that was added.
func (e *importEdits) close(token string) []byte {
	b := append(e.note, ']')
	if e.listed {
		b = strconv.AppendInt(append(b, `,"l":`...), int64(e.list), 10)
	}
	if e.listed && e.listSince != 0 {
		b = strconv.AppendInt(append(b, `,"ls":`...), e.listSince, 10)
	}
	if token != "" {
		b = app.AppendQuote(append(b, `,"d":`...), token)
	}
	return append(b, '}')
}

// mergeImportNotes makes one note of two of the same customer: from the first state to
// the last. at and now say when each was made.
func mergeImportNotes(old []byte, at app.Instant, new []byte, now app.Instant) ([]byte, error) {
	var a, b importNote
	if err := json.Unmarshal(old, &a); err != nil {
		return nil, fmt.Errorf("read what an import changed: %w", err)
	}
	if err := json.Unmarshal(new, &b); err != nil {
		return nil, fmt.Errorf("read what an import changes: %w", err)
	}
	where := map[int64]int{}
	for i := range a.Edits {
		where[a.Edits[i].attr] = i
		if a.Edits[i].toAt == 0 {
			a.Edits[i].toAt = at
		}
	}
	for _, e := range b.Edits {
		if i, ok := where[e.attr]; ok {
			a.Edits[i].to, a.Edits[i].toAt = e.to, now
			continue
		}
		e.toAt = now
		a.Edits = append(a.Edits, e)
	}
	out := []byte(`{"a":[`)
	for i, e := range a.Edits {
		out = appendImportEdit(out, i > 0, e)
	}
	out = append(out, ']')
	if a.List == nil {
		a.List, a.Since = b.List, b.Since
	}
	if a.List != nil {
		out = strconv.AppendInt(append(out, `,"l":`...), int64(*a.List), 10)
	}
	if a.Since != 0 {
		out = strconv.AppendInt(append(out, `,"ls":`...), int64(a.Since), 10)
	}
	if b.Device != "" {
		a.Device = b.Device
	}
	if a.Device != "" {
		out = app.AppendQuote(append(out, `,"d":`...), a.Device)
	}
	if a.Claimed || b.Claimed {
		out = append(out, `,"claimed":true`...)
	}
	return append(out, '}'), nil
}

// remember keeps what a row changed of a customer, for an undo and for its history, once
// some have come together. When the file had the customer before, the two become one.
func (w *importWriter) remember(customer int64, note []byte) error {
	for i := range w.notes {
		if w.notes[i].customer == customer {
			if err := w.flushNotes(); err != nil {
				return err
			}
			break
		}
	}
	w.notes = append(w.notes, keptNote{customer, string(note)})
	if len(w.notes) < notesAtOnce {
		return nil
	}
	return w.flushNotes()
}

// notesAtOnce is how many notes import_change_add_many takes.
const notesAtOnce = 16

// keptNote is a note that waits to be written.
type keptNote struct {
	customer int64
	note     string
}

func (w *importWriter) flushNotes() error {
	notes := w.notes
	w.notes = w.notes[:0]
	if len(notes) < notesAtOnce {
		for _, n := range notes {
			if err := w.keepNote(n); err != nil {
				return err
			}
		}
		return nil
	}
	now := int64(w.t.now)
	w.noteArgs = append(w.noteArgs[:0], w.imp.Row, notes[0].customer, now, notes[0].note)
	for _, n := range notes[1:] {
		w.noteArgs = append(w.noteArgs, n.customer, n.note)
	}
	res, err := w.t.w.q.exec("import_change_add_many", w.noteArgs...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil || n == notesAtOnce {
		return err
	}
	for _, n := range notes { // some had one already, and it was left as it was
		var at app.Instant
		var data string
		found, err := w.t.w.q.row(background, "import_change_find", args(w.imp.Row, n.customer), &at, &data)
		if err == nil && (!found || at != w.t.now || data != n.note) {
			err = w.keepNote(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keepNote writes one note, or makes it one with the note that is there.
func (w *importWriter) keepNote(n keptNote) error {
	res, err := w.t.w.q.exec("import_change_add", w.imp.Row, n.customer, int64(w.t.now), n.note)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	var at app.Instant
	var data []byte
	if _, err := w.t.w.q.row(background, "import_change_find", args(w.imp.Row, n.customer), &at, &data); err != nil {
		return err
	}
	merged, err := mergeImportNotes(data, at, []byte(n.note), w.t.now)
	if err != nil {
		return err
	}
	_, err = w.t.w.q.exec("import_change_save", int64(w.t.now), string(merged), w.imp.Row, n.customer)
	return err
}
