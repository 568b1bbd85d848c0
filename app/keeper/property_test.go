package keeper_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

// worldRule draws a rule as segmenttest does, with the ids of this folder's lists and of
// its first two segments.
func (h *house) worldRule(t *rapid.T, w *segmenttest.World, lists []string, segments []app.Segment) string {
	text := w.RuleJSON(t)
	for i, id := range segmenttest.Lists {
		text = strings.ReplaceAll(text, id, lists[i])
	}
	for i := range 2 {
		text = strings.ReplaceAll(text, "65f00000000000000000010"+strconv.Itoa(i), segments[i].ID)
	}
	return text
}

// change draws one change of anything that rules look at.
func change(t *rapid.T, h *house, w *segmenttest.World, lists []string) app.Change {
	uid := func(what string) string {
		return "u" + strconv.Itoa(rapid.IntRange(1, 6).Draw(t, what))
	}
	switch rapid.IntRange(0, 15).Draw(t, "change") {
	case 0, 1, 2, 3:
		c := &app.SetProfile{UID: uid("uid"), Trusted: true}
		for range rapid.IntRange(0, 3).Draw(t, "attributes") {
			a := app.Attribute{Name: rapid.SampledFrom(append([]string{"tz"}, segmenttest.Attributes...)).Draw(t, "attribute")}
			if a.Name == "tz" {
				a.Value = app.Quote(rapid.SampledFrom(segmenttest.Zones).Draw(t, "tz"))
			} else if v := w.Value(t, 1); v != "null" && rapid.IntRange(0, 3).Draw(t, "kept") > 0 {
				a.Value = app.Compact([]byte(v))
			}
			c.Profile.Attributes = append(c.Profile.Attributes, a)
		}
		if rapid.Bool().Draw(t, "named") {
			c.Profile.FirstName = app.FieldOf(rapid.SampledFrom([]string{"Ada", "ada", "Zoë", " "}).Draw(t, "first_name"))
			at := w.Near(t)
			c.Profile.CreatedAt = &at
		}
		if rapid.IntRange(0, 4).Draw(t, "device") == 0 {
			c.Device = &app.Device{Token: "t" + uid("token"), Platform: rapid.SampledFrom([]string{"ios", "android"}).Draw(t, "platform")}
		}
		return c
	case 4, 5, 6, 7, 8:
		c := &app.Track{UID: uid("uid"), Event: rapid.SampledFrom(segmenttest.Events).Draw(t, "event"), At: w.Near(t),
			Source: rapid.SampledFrom(segmenttest.Sources).Draw(t, "source")}
		if rapid.IntRange(0, 2).Draw(t, "value") == 0 {
			c.Value = []byte(w.Value(t, 0))
		}
		var members []string
		for _, name := range segmenttest.Properties {
			if rapid.Bool().Draw(t, "property") {
				members = append(members, string(app.Quote(name))+":"+w.Value(t, 1))
			}
		}
		if len(members) > 0 {
			c.Properties = []byte("{" + strings.Join(members, ",") + "}")
		}
		return c
	case 9:
		return &app.Merge{From: uid("from"), To: uid("to")}
	case 10:
		return &app.Delete{UID: uid("uid")}
	case 11:
		return &app.Archive{UID: uid("uid"), Archived: rapid.Bool().Draw(t, "archived")}
	case 12:
		return &app.JoinLists{UID: uid("uid"), Lists: []string{rapid.SampledFrom(lists).Draw(t, "list")}}
	case 13:
		if rapid.Bool().Draw(t, "leave") {
			return &app.LeaveLists{UID: uid("uid"), Lists: []string{rapid.SampledFrom(lists).Draw(t, "list")}}
		}
		return &app.SetSubscription{UID: uid("uid"), List: rapid.SampledFrom(lists).Draw(t, "list"), Subscribed: rapid.Bool().Draw(t, "subscribed")}
	case 14:
		return &app.JoinAccounts{UID: uid("uid"), Accounts: []app.AccountRole{{UID: rapid.SampledFrom(segmenttest.Accounts).Draw(t, "account")}}}
	}
	return &app.LeaveAccount{UID: uid("uid"), Account: rapid.SampledFrom(segmenttest.Accounts).Draw(t, "account")}
}

// soak is how many times as long a law is tried where there is time.
func soak() int {
	if os.Getenv("KITH_SOAK") != "" {
		return 10
	}
	return 1
}

// Whatever happens in whatever order, with the Keeper stopped and started in between and
// the clock moved, the members are those for whom Match holds.
func TestKeeper_membersAreThoseForWhomMatchHolds(t *testing.T) {
	worlds := 2 * soak()
	if testing.Short() {
		worlds = 1
	}
	for world := range worlds {
		t.Run(strconv.Itoa(world), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) { historyOf(t, rt) })
		})
		if t.Failed() {
			return
		}
	}
}

func historyOf(t *testing.T, rt *rapid.T) {
	w := segmenttest.Draw(rt, 3)
	h := openAt(t, w.Zone, w.Now)
	defer h.close()
	lists := make([]string, 2)
	for i := range lists {
		title := "List " + strconv.Itoa(i)
		res := h.apply(&app.SaveList{Title: &title})[0]
		l, err := h.db.List(bg, res.List)
		if err != nil {
			rt.Fatal(err)
		}
		lists[i] = l.ID
	}
	for _, uid := range segmenttest.Accounts {
		h.apply(profile(uid), &app.Convert{UID: uid, Account: true})
	}
	segments := []app.Segment{h.segment(`{"attribute":"plan","op":"is","value":"pro"}`), h.segment(`{"event":"Paid","within":{"last":"30d"}}`)}
	rule := func() string { return h.worldRule(rt, w, lists, segments) }
	for range rapid.IntRange(1, 4).Draw(rt, "rules") {
		segments = append(segments, h.segment(rule()))
	}
	for range rapid.IntRange(1, 6).Draw(rt, "rounds") {
		var changes []app.Change
		for range rapid.IntRange(1, 8).Draw(rt, "changes") {
			changes = append(changes, change(rt, h, w, lists))
		}
		h.apply(changes...)
		switch rapid.IntRange(0, 7).Draw(rt, "then") {
		case 0:
			h.stop()
			h.apply(change(rt, h, w, lists))
			h.start()
		case 1:
			d, err := app.ParseDuration(segmenttest.Duration(rt))
			if err != nil {
				rt.Fatal(err)
			}
			h.drain()
			h.clock.Move(time.Duration(d.After(h.now(), h.zone)-h.now()) * time.Millisecond)
			h.apply(change(rt, h, w, lists))
		case 2:
			h.apply(&app.SaveSegment{Segment: segments[0].ID, Rule: []byte(rule())}) // one that names itself is refused
			segments[0] = h.stored(segments[0].Row)
		case 3:
			segments = append(segments, h.segment(rule()))
		case 4: // events that have become too old are removed
			if _, err := h.db.ExpireEvents(bg, w.Near(rt)); err != nil {
				rt.Fatal(err)
			}
		}
		h.check(rt, segments)
	}
}
