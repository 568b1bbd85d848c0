package storage

import (
	"bytes"
	"encoding/json"

	"kith/app"
)

// changeNote is one attribute's change in the history; a missing side is absent.
type changeNote struct {
	Name string          `json:"name"`
	From json.RawMessage `json:"from,omitempty"`
	To   json.RawMessage `json:"to,omitempty"`
}

type changesNote struct {
	Changes []changeNote `json:"changes"`
	// Times is how many writes were folded into this line, First when the first of them was.
	Times int         `json:"times,omitempty"`
	First app.Instant `json:"first,omitempty"`
}

// historyValue is how much of a long value the history keeps.
const historyValue = 256

func cut(raw []byte) []byte {
	if len(raw) <= historyValue {
		return raw
	}
	text := string(raw)
	if s, ok := app.Text(raw); ok {
		text = s
	}
	runes := []rune(text)
	if len(runes) > historyValue {
		runes = runes[:historyValue]
	}
	return app.Quote(string(runes) + "…")
}

// noteChanges writes a line of history, or folds it into the line before: a usage
// that is synced every hour is one line a day, from the first value to the last, for
// attributes keep their latest value only.
func (t *txn) noteChanges(customer int64, source string, changes []changeNote) error {
	sourceID, err := t.source(source)
	if err != nil {
		return err
	}
	var id, at, kind, lastSource int64
	var data []byte
	found, err := t.w.q.row(background, "history_last", args(customer), &id, &at, &kind, &lastSource, &data)
	if err != nil {
		return err
	}
	if found && app.Kind(kind) == app.KindAttribute && lastSource == sourceID && app.DayOf(app.Instant(at)) == app.DayOf(t.now) {
		var last changesNote
		if err := json.Unmarshal(data, &last); err != nil {
			return err
		}
		if sameNames(last.Changes, changes) {
			for i := range last.Changes {
				last.Changes[i].To = changes[i].To
			}
			if last.Times == 0 {
				last.Times, last.First = 1, app.Instant(at)
			}
			last.Times++
			_, err := t.w.q.exec("history_fold", int64(t.now), encode(last), id)
			return err
		}
	}
	return t.history(customer, app.KindAttribute, source, changesNote{Changes: changes})
}

func sameNames(a, b []changeNote) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name {
			return false
		}
	}
	return true
}

// history writes a line of a customer's timeline.
func (t *txn) history(customer int64, kind app.Kind, source string, data any) error {
	id, err := t.source(source)
	if err != nil {
		return err
	}
	_, err = t.w.q.exec("history_insert", customer, int64(t.now), int64(kind), id, encode(data))
	return err
}

// encode makes JSON of one of our own values; it cannot fail.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("storage: encode " + err.Error())
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
