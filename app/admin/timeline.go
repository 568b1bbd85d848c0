package admin

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"kith/app"
	"kith/app/integration"
)

// The timeline is three tables in one: events, history, and what segments were entered
// and left, merged by time. A cursor holds a place in each.
type timelineCursor struct{ events, history, moves app.Place }

func (t timelineCursor) String() string {
	b := make([]byte, 0, 48)
	for _, n := range []int64{int64(t.events.At), t.events.Row, int64(t.history.At), t.history.Row, int64(t.moves.At), t.moves.Row} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseTimelineCursor(text string) (timelineCursor, error) {
	if text == "" {
		return timelineCursor{app.Newest, app.Newest, app.Newest}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 48 {
		return timelineCursor{}, app.Invalid("next_cursor", "is no cursor of a timeline")
	}
	n := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) }
	return timelineCursor{
		app.Place{At: app.Instant(n(0)), Row: n(1)},
		app.Place{At: app.Instant(n(2)), Row: n(3)},
		app.Place{At: app.Instant(n(4)), Row: n(5)},
	}, nil
}

// timelineGroups are the kinds of entries that come from a group of services.
var timelineGroups = map[string]integration.Group{"payments": integration.Payments, "messages": integration.Messaging}

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
	var moves []app.SegmentEntry
	kind, name, ctx := c.Query("kind"), c.Query("event"), c.Request.Context()
	group, ofGroup := timelineGroups[kind]
	if kind == "" || kind == "events" || ofGroup {
		f := app.EventFilter{Name: name}
		if ofGroup {
			f.Sources = integration.Kinds(group)
		}
		if events, _, err = a.store.Events(ctx, row, f, at.events, false, limit+1); err != nil {
			return nil, err
		}
	}
	if (kind == "" || kind == "changes") && name == "" {
		if history, err = a.store.History(ctx, row, at.history, limit+1); err != nil {
			return nil, err
		}
	}
	if (kind == "" || kind == "segments") && name == "" {
		if moves, err = a.store.CustomerSegmentEntries(ctx, row, at.moves, limit+1); err != nil {
			return nil, err
		}
	}
	causes := a.newCauses(ctx)
	out := []entry{}
	for len(out) < limit && len(events)+len(history)+len(moves) > 0 {
		// What follows from something is above it, though it has the same instant.
		switch newest := newestOf(events, history, moves); {
		case len(moves) > 0 && moves[0].At == newest:
			m := &moves[0]
			moves, at.moves = moves[1:], app.Place{At: m.At, Row: m.Row}
			e, err := a.moveEntry(ctx, m, causes)
			if err != nil {
				return nil, err
			}
			if e != nil {
				out = append(out, e)
			}
		case len(events) > 0 && events[0].At == newest:
			e := &events[0]
			out, events = append(out, eventEntry(e)), events[1:]
			at.events = app.Place{At: e.At, Row: e.Row}
		default:
			h := &history[0]
			history, at.history = history[1:], app.Place{At: h.At, Row: h.Row}
			if e := historyEntry(h); e != nil {
				out = append(out, e)
			}
		}
	}
	e := &envelope{Data: out}
	if len(events)+len(history)+len(moves) > 0 {
		e.Next = at.String()
	}
	return e, nil
}

// newestOf is the instant of the newest of what is left; one of them is not empty.
func newestOf(events []app.Event, history []app.HistoryEntry, moves []app.SegmentEntry) app.Instant {
	newest := app.Instant(math.MinInt64)
	if len(events) > 0 {
		newest = max(newest, events[0].At)
	}
	if len(history) > 0 {
		newest = max(newest, history[0].At)
	}
	if len(moves) > 0 {
		newest = max(newest, moves[0].At)
	}
	return newest
}

// moveEntry is a segment entered or left; nil when the segment was deleted meanwhile.
func (a *Admin) moveEntry(ctx context.Context, m *app.SegmentEntry, causes *causes) (entry, error) {
	g, err := a.store.Segment(ctx, m.Segment)
	if app.CodeOf(err) == app.CodeNotFound && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cause, err := causes.of(m.Cause)
	return entry{"id": fmt.Sprint("s", m.Row), "at": m.At, "kind": "segment", "entered": m.Entered, "segment": segmentRef{g.ID, g.Title}, "cause": cause}, err
}

func eventEntry(e *app.Event) entry {
	out := entry{"id": fmt.Sprint("e", e.Row), "at": e.At, "kind": "event", "source": e.Source, "event": e.Name, "category": integration.Category(e.Source)}
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
	Import   string          `json:"import"`
	File     string          `json:"file"`
	Made     bool            `json:"made"`
	Into     string          `json:"into"`
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
	case app.KindRestored:
		out["kind"], out["uid"], out["into"] = "restored", n.UID, n.Into
	case app.KindImported:
		out["id"] = fmt.Sprint("i", -h.Row)
		out["kind"], out["import"], out["made"] = "imported", map[string]string{"id": n.Import, "file": n.File}, n.Made
		if n.Changes != nil {
			out["changes"] = n.Changes
		}
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
