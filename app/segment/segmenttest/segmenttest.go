// Package segmenttest makes random rules, customers and histories for tests: small worlds
// in which rules hold often, and in which nearly everything lies at an edge of something.
// It never touches storage. What it makes is valid: rules pass [app.ParseRule], facts are
// such as storage hands them out.
package segmenttest

import (
	"strconv"
	"strings"
	"time"

	"kith/app"
	"kith/app/segment"

	"pgregory.net/rapid"
)

// World is a few customers, and what rules may name. It is a [segment.Names].
type World struct {
	Now app.Instant
	// Zone is the workspace's.
	Zone      *time.Location
	Customers []*segment.Facts
	// Segments are rules by id; later ones may name earlier ones.
	Segments map[string]*app.Rule
	ids      []string
}

// What rules and customers are made of.
var (
	Attributes = []string{"plan", "usage", "city", "joined", "vip", "tags", "profile", "profile.level", "note"}
	Events     = []string{"Signed in", "Paid", "Checked out"}
	Properties = []string{"amount", "order", "kind", "at", "value", "kind.name"}
	Sources    = []string{"api", "import"}
	Zones      = []string{"UTC", "Africa/Lagos", "America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"}
	Lists      = []string{"65f000000000000000000001", "65f000000000000000000002"}
	Accounts   = []string{"acme", "globex"}
)

// moments are around changes of clocks, ends of months and leap days.
var moments = []string{
	"2026-03-01T12:00:00Z", "2026-03-08T07:00:00Z", "2026-03-08T06:59:59.999Z", "2026-03-29T01:00:00Z", "2026-11-01T05:30:00Z",
	"2026-11-01T06:30:00Z", "2026-10-25T00:30:00Z", "2024-02-29T12:00:00Z", "2024-03-31T10:00:00Z", "2025-03-01T00:00:00Z",
	"2011-12-30T10:00:00Z", "2011-12-31T12:00:00Z", "2026-04-04T15:15:00Z", "2026-10-03T15:45:00Z", "2006-10-29T02:45:00Z", "2026-12-31T23:59:59.999Z",
}

// Moment draws an instant.
func Moment(t *rapid.T) app.Instant {
	return Instant(rapid.SampledFrom(moments).Draw(t, "moment"))
}

// Instant reads one that is known to be good.
func Instant(s string) app.Instant {
	at, err := app.ParseInstantText(s, nil)
	if err != nil {
		panic(err)
	}
	return at
}

// Draw draws a world of up to customers customers.
func Draw(t *rapid.T, customers int) *World {
	w := &World{Now: Moment(t), Zone: Zone(t), Segments: map[string]*app.Rule{}}
	for i := range rapid.IntRange(1, customers).Draw(t, "customers") {
		w.Customers = append(w.Customers, w.facts(t, int64(i+1)))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "segments") {
		id := "65f00000000000000000010" + strconv.Itoa(i)
		w.Segments[id] = w.Rule(t)
		w.ids = append(w.ids, id)
	}
	return w
}

// Zone draws a time zone.
func Zone(t *rapid.T) *time.Location {
	zone, err := app.LoadZone(rapid.SampledFrom(Zones).Draw(t, "zone"))
	if err != nil {
		panic(err)
	}
	return zone
}

// Moment is when and where the world is looked at.
func (w *World) Moment() segment.Moment { return segment.Moment{Now: w.Now, Zone: w.Zone} }

// Segment implements [segment.Names].
func (w *World) Segment(id string) (string, *app.Rule, bool) {
	rule, ok := w.Segments[id]
	return "Segment " + id[max(len(id)-1, 0):], rule, ok
}

// List implements [segment.Names]; a list's row is its place among [Lists], from 1 on.
func (w *World) List(id string) (int64, string, bool) {
	row := place(Lists, id)
	return row, "List " + strconv.FormatInt(row, 10), row > 0
}

// Account implements [segment.Names]; an account's row is 1,000 and its place among [Accounts].
func (w *World) Account(uid string) (int64, string, bool) {
	row := place(Accounts, uid)
	return 1000 + row, strings.ToUpper(uid), row > 0
}

func place(of []string, s string) int64 {
	for i, o := range of {
		if o == s {
			return int64(i + 1)
		}
	}
	return 0
}

// distances are how far from now things lie, and how long rules look: at, just before and
// just after every border.
var distances = []string{"0s", "1s", "90s", "1h", "12h", "1d", "2d", "1w", "29d", "30d", "31d", "1mo", "2mo", "12mo", "1y", "365d", "4y"}

// Near draws an instant at a border of some rule, seen from now.
func (w *World) Near(t *rapid.T) app.Instant {
	d, err := app.ParseDuration(rapid.SampledFrom(distances).Draw(t, "distance"))
	if err != nil {
		panic(err)
	}
	at := w.Now
	switch rapid.IntRange(0, 4).Draw(t, "side") {
	case 0:
		at = d.After(at, w.Zone)
	default:
		at = d.Before(at, w.Zone)
	}
	return at + app.Instant(rapid.SampledFrom([]int64{0, 0, 0, -1, 1, 3_600_000, -7_200_000}).Draw(t, "beside"))
}

// facts draws one customer with its history.
func (w *World) facts(t *rapid.T, row int64) *segment.Facts {
	c := &app.Customer{Row: row, ID: "65e00000000000000000000" + strconv.FormatInt(row%10, 10), UID: "u" + strconv.FormatInt(row, 10)}
	text := func(name string, of ...string) *string {
		s := rapid.SampledFrom(append(of, "")).Draw(t, name)
		if s == "" && rapid.Bool().Draw(t, "null") {
			return nil
		}
		return &s
	}
	c.FirstName = text("first_name", "Ada", "ada", "Zoë", "Zoe\u0308", " ")
	c.LastName = text("last_name", "Okafor", "STRASSE", "Straße")
	c.Email = text("email", "ada@example.com", "Ada@Example.com", "zoe@example.org")
	c.Number = text("number", "2348160000001", "2348160000002")
	c.CreatedAt, c.InsertedAt = w.Near(t), w.Now
	c.IsAccount = rapid.IntRange(0, 4).Draw(t, "is_account") == 0
	if rapid.IntRange(0, 9).Draw(t, "archived") == 0 {
		at := w.Now
		c.ArchivedAt = &at
	}
	for _, name := range Attributes {
		if rapid.IntRange(0, 2).Draw(t, "has") > 0 {
			c.Attributes = append(c.Attributes, app.Attribute{Name: name, Value: []byte(w.usual(t, name)), ChangedAt: w.Now})
		}
	}
	if rapid.Bool().Draw(t, "tz") {
		tz := rapid.SampledFrom(append([]string{"nowhere", ""}, Zones...)).Draw(t, "tz")
		c.Attributes = append(c.Attributes, app.Attribute{Name: "tz", Value: app.Quote(tz), ChangedAt: w.Now})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "devices") {
		c.Devices = append(c.Devices, app.Device{Token: "token" + strconv.Itoa(i), Platform: rapid.SampledFrom([]string{"ios", "android"}).Draw(t, "platform"), At: w.Now})
	}
	for i, id := range Lists {
		if rapid.Bool().Draw(t, "list") {
			status := rapid.SampledFrom([]app.SubscriptionStatus{app.Pending, app.Subscribed, app.Unsubscribed}).Draw(t, "status")
			c.Lists = append(c.Lists, app.Subscription{List: int64(i + 1), ID: id, Title: "List " + strconv.Itoa(i+1), Status: status, At: w.Now})
		}
	}
	for i, uid := range Accounts {
		if rapid.IntRange(0, 2).Draw(t, "account") == 0 {
			c.Accounts = append(c.Accounts, app.Membership{Row: int64(1001 + i), UID: uid, Name: strings.ToUpper(uid), At: w.Now})
		}
	}
	f := &segment.Facts{Customer: c}
	for i := range rapid.IntRange(0, 10).Draw(t, "events") {
		f.Events = append(f.Events, w.event(t, row, row*1000+int64(i), f.Events))
	}
	Complete(f, w.Now)
	return f
}

// event draws an event; now and then an exact duplicate of one before, but for its row.
func (w *World) event(t *rapid.T, customer, row int64, before []app.Event) app.Event {
	if len(before) > 0 && rapid.IntRange(0, 5).Draw(t, "repeat") == 0 {
		e := rapid.SampledFrom(before).Draw(t, "of")
		e.Row = row
		return e
	}
	e := app.Event{Row: row, Customer: customer, Name: rapid.SampledFrom(Events).Draw(t, "event"), At: w.Near(t),
		Source: rapid.SampledFrom(Sources).Draw(t, "source")}
	if rapid.IntRange(0, 2).Draw(t, "value") == 0 {
		e.Value = []byte(w.Value(t, 0))
	}
	var members []string
	for _, name := range Properties {
		if rapid.Bool().Draw(t, "property") {
			members = append(members, string(app.Quote(name))+":"+w.usual(t, name))
		}
	}
	if len(members) > 0 {
		e.Properties = []byte("{" + strings.Join(members, ",") + "}")
	}
	return e
}

// usual draws a value of the kind that a name mostly has.
func (w *World) usual(t *rapid.T, name string) string {
	if rapid.IntRange(0, 3).Draw(t, "unusual") == 0 {
		return w.Value(t, 1)
	}
	switch name {
	case "usage", "profile.level", "amount", "order":
		return rapid.SampledFrom(numbers).Draw(t, name)
	case "joined", "at":
		return w.Date(t)
	case "vip":
		return rapid.SampledFrom([]string{"true", "false"}).Draw(t, name)
	case "tags":
		return `["pro",` + w.Value(t, 0) + "," + w.Value(t, 0) + "]"
	case "profile":
		return `{"level":` + w.Value(t, 0) + `,"name":` + w.Value(t, 0) + `}`
	case "kind":
		return rapid.SampledFrom([]string{`"pro"`, `"basic"`, `"Pro"`, `{"name":"pro"}`}).Draw(t, name)
	}
	return string(app.Quote(rapid.SampledFrom(texts).Draw(t, name)))
}

// texts are such as compare in surprising ways.
var texts = []string{"pro", "Pro", "PRO", "basic", "", "  ", "café", "cafe\u0301", "CAFÉ", "Straße", "STRASSE", "İstanbul", "i̇stanbul",
	"79.5", " 80 ", "0", "-0", "1e3", "100", "true", "FALSE", "12 Allen Avenue, Ikeja, Lagos", "ikeja", "a\"b\\c", "null"}

var numbers = []string{"0", "-0", "1", "2", "3", "50", "79.5", "80", "100", "1000", "1e3", "-1", "0.1", "0.2", "1e999"}

// Value draws a raw JSON value, lists and objects nested up to depth.
func (w *World) Value(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 7+2*min(depth, 1)).Draw(t, "kind")
	switch kind {
	case 0, 1:
		return rapid.SampledFrom(numbers).Draw(t, "number")
	case 2:
		return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "literal")
	case 3, 4:
		return w.Date(t)
	case 8:
		var list []string
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, w.Value(t, depth-1))
		}
		return "[" + strings.Join(list, ",") + "]"
	case 9:
		return `{"level":` + w.Value(t, depth-1) + `,"name":` + w.Value(t, depth-1) + `}`
	}
	return string(app.Quote(rapid.SampledFrom(texts).Draw(t, "text")))
}

// Date draws a date in one of its forms, as raw JSON.
func (w *World) Date(t *rapid.T) string {
	at := w.Near(t)
	local := app.WallOf(at, w.Zone).String()
	switch rapid.IntRange(0, 4).Draw(t, "form") {
	case 0:
		return string(app.Quote(local[:10]))
	case 1:
		return string(app.Quote(local[:19]))
	case 2:
		return strconv.FormatInt(int64(at), 10)
	case 3:
		return `"` + strconv.FormatInt(int64(at)/1000, 10) + `"`
	}
	return string(app.Quote(at.String()))
}

// Complete puts the events in order and fills what follows from them, as of now.
func Complete(f *segment.Facts, now app.Instant) {
	sortEvents(f.Events)
	f.Interactions, f.Customer.LastInteraction = []app.Instant{}, nil
	for i := range f.Events {
		at := f.Events[i].At
		f.Interactions = append(f.Interactions, at)
		if at <= now {
			f.Customer.LastInteraction = &at
		}
	}
}
