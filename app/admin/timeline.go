package admin

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"kith/app"
)

// The timeline is two tables in one: events and history, merged by time. A cursor
// holds a place in each.
type timelineCursor struct{ events, history app.Place }

func (t timelineCursor) String() string {
	b := make([]byte, 0, 32)
	for _, n := range []int64{int64(t.events.At), t.events.Row, int64(t.history.At), t.history.Row} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseTimelineCursor(text string) (timelineCursor, error) {
	if text == "" {
		return timelineCursor{app.Newest, app.Newest}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 32 {
		return timelineCursor{}, app.Invalid("next_cursor", "is no cursor of a timeline")
	}
	n := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) }
	return timelineCursor{
		app.Place{At: app.Instant(n(0)), Row: n(1)},
		app.Place{At: app.Instant(n(2)), Row: n(3)},
	}, nil
}

// entry is one line of a timeline. Which members it has beside the first four depends
// on its kind.
type entry map[string]any

func (a *Admin) timeline(c *call) (any, error) {
	row, err := a.store.FindID(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 50, 200)
	if err != nil {
		return nil, err
	}
	at, err := parseTimelineCursor(c.Query("next_cursor"))
	if err != nil {
		return nil, err
	}
	var events []app.Event
	var history []app.HistoryEntry
	kind, name := c.Query("kind"), c.Query("event")
	if kind != "changes" {
		if events, _, err = a.store.Events(c.Request.Context(), row, app.EventFilter{Name: name}, at.events, false, limit+1); err != nil {
			return nil, err
		}
	}
	if kind != "events" && name == "" {
		if history, err = a.store.History(c.Request.Context(), row, at.history, limit+1); err != nil {
			return nil, err
		}
	}
	out := []entry{}
	for len(out) < limit && (len(events) > 0 || len(history) > 0) {
		if len(history) == 0 || len(events) > 0 && events[0].At >= history[0].At {
			e := &events[0]
			out, events = append(out, eventEntry(e)), events[1:]
			at.events = app.Place{At: e.At, Row: e.Row}
			continue
		}
		h := &history[0]
		history = history[1:]
		at.history = app.Place{At: h.At, Row: h.Row}
		if e := historyEntry(h); e != nil {
			out = append(out, e)
		}
	}
	e := &envelope{Data: out}
	if len(events) > 0 || len(history) > 0 {
		e.Next = at.String()
	}
	return e, nil
}

func eventEntry(e *app.Event) entry {
	out := entry{"id": fmt.Sprint("e", e.Row), "at": e.At, "kind": "event", "source": e.Source, "event": e.Name}
	if e.Value != nil {
		out["value"] = json.RawMessage(e.Value)
	}
	if e.Properties != nil {
		out["properties"] = json.RawMessage(e.Properties)
	}
	if e.MessageID != "" {
		out["message_id"] = e.MessageID
	}
	return out
}

// note is what the history keeps of a change, whatever its kind.
type note struct {
	Changes  json.RawMessage `json:"changes"`
	Times    int             `json:"times"`
	First    json.RawMessage `json:"first"`
	Token    string          `json:"token"`
	Platform string          `json:"platform"`
	Added    bool            `json:"added"`
	List     string          `json:"list"`
	Title    string          `json:"title"`
	Status   string          `json:"status"`
	UID      string          `json:"uid"`
	Role     *string         `json:"role"`
	Joined   bool            `json:"joined"`
	As       string          `json:"as"`
	To       string          `json:"to"`
	From     string          `json:"from"`
}

func historyEntry(h *app.HistoryEntry) entry {
	var n note
	if err := json.Unmarshal(h.Data, &n); err != nil {
		return nil
	}
	out := entry{"id": fmt.Sprint("h", h.Row), "at": h.At, "source": h.Source}
	switch h.Kind {
	case app.KindCreated:
		out["kind"] = "created"
	case app.KindAttribute:
		out["kind"], out["changes"] = "changed", n.Changes
		if n.Times > 1 {
			out["times"], out["first"] = n.Times, n.First
		}
	case app.KindDevice:
		out["kind"], out["token"], out["platform"] = "device_removed", n.Token, n.Platform
		if n.Added {
			out["kind"] = "device_added"
		}
	case app.KindList:
		out["kind"], out["status"] = "list", n.Status
		out["list"] = map[string]string{"id": n.List, "title": n.Title}
	case app.KindAccount:
		out["kind"], out["role"], out["joined"] = "account", n.Role, n.Joined
		out["account"] = map[string]string{"uid": n.UID}
	case app.KindMember:
		out["kind"], out["role"], out["joined"] = "member", n.Role, n.Joined
		out["member"] = map[string]string{"uid": n.UID}
	case app.KindMerged:
		out["kind"], out["uid"] = "merged", n.UID
	case app.KindArchived:
		out["kind"] = n.As
	case app.KindConverted:
		out["kind"], out["to"] = "converted", n.To
	case app.KindRenamed:
		out["kind"], out["from"] = "renamed", n.From
	default:
		return nil
	}
	return out
}
