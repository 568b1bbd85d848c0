package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"kith/app"
	"kith/app/integration"
)

// Activity counts, in memory, what would take a walk over all events.
type Activity interface {
	// Active returns how many customers have an event since each instant. While what it counts
	// from is being read it returns nothing, and how far that is, below 1.
	Active(from []app.Instant) (counts []int64, loading float64)
	// EventHours returns how many events of each name lie in each of n hours from an instant on.
	EventHours(from app.Instant, n int) (counts map[string][]int64, ready bool)
	// Glance describes the values of attributes as far as that is known at once.
	Glance(names []string, limit int) map[string]app.Values
	// Common describes an attribute's values; ready is false while they are still read when ctx ends.
	Common(ctx context.Context, name string, limit int) (v app.Values, ready bool, err error)
}

const hourMillis = app.DayMillis / 24

// period is what the plots of the first page and of an event show: so many days or hours,
// the last of them the one that is under way.
type period struct {
	Name string
	Unit string // day or hour
	Step app.Instant
	N    int64
}

var periods = []period{
	{"24h", "hour", hourMillis, 24},
	{"7d", "day", app.DayMillis, 7},
	{"30d", "day", app.DayMillis, 30},
	{"90d", "day", app.DayMillis, 90},
}

// period reads which one is asked for; the third is the default.
func (a *Admin) period(c *call) (period, error) {
	name := cmp.Or(c.Query("period"), periods[2].Name)
	for _, p := range periods {
		if p.Name == name {
			return p, nil
		}
	}
	return period{}, app.Invalid("period", "must be 24h, 7d, 30d or 90d, not %q", name)
}

// last is the number of the step that now lies in.
func (p period) last(now app.Instant) int64 {
	if p.Unit == "hour" {
		return app.HourOf(now)
	}
	return app.DayOf(now)
}

// at is when a step begins, a day's as a date: it is the same day for everybody.
func (p period) at(step int64) string {
	t := (app.Instant(step) * p.Step).Time()
	if p.Unit == "hour" {
		return t.Format(time.RFC3339)
	}
	return t.Format(time.DateOnly)
}

// plotPoint is one day or hour beside the one a period before it.
type plotPoint struct {
	At              string `json:"at"`
	Before          string `json:"before"`
	Events          int64  `json:"events"`
	EventsBefore    int64  `json:"events_before"`
	Customers       int64  `json:"customers"`
	CustomersBefore int64  `json:"customers_before"`
}

// sumView is what came in a period. What is compared with the period before leaves the last
// step out of both: it is not over yet.
type sumView struct {
	Events          int64 `json:"events"`
	EventsWhole     int64 `json:"events_whole"`
	EventsBefore    int64 `json:"events_before"`
	Customers       int64 `json:"customers"`
	CustomersWhole  int64 `json:"customers_whole"`
	CustomersBefore int64 `json:"customers_before"`
}

type activeView struct {
	// Loading is 1 when the rest is there, else how far the reading is.
	Loading float64 `json:"loading"`
	Today   int64   `json:"today"` // since 00:00 UTC
	Week    int64   `json:"week"`  // today and the six days before
	Month   int64   `json:"month"` // today and the 29 days before
}

type topEvent struct {
	Name      string  `json:"name"`
	Category  string  `json:"category"`
	Count     int64   `json:"count"`
	Whole     int64   `json:"whole"` // without the last step, to compare with Before
	Before    int64   `json:"before"`
	Customers int64   `json:"customers"` // ever
	Points    []int64 `json:"points"`
}

type homeView struct {
	At              app.Instant       `json:"at"`
	Period          string            `json:"period"`
	Unit            string            `json:"unit"`
	Customers       int64             `json:"customers"`
	Accounts        int64             `json:"accounts"`
	Archived        int64             `json:"archived"`
	Events          int64             `json:"events"`
	EventsPerMinute int64             `json:"events_per_minute"` // that came in the last minute, whatever their date
	Active          activeView        `json:"active"`
	Points          []plotPoint       `json:"points"`
	Sums            sumView           `json:"sums"`
	Top             []topEvent        `json:"top"`
	TopReady        bool              `json:"top_ready"` // false while what the hours are counted from is read
	Names           int               `json:"event_names"`
	Imports         []json.RawMessage `json:"imports"`
	Requests        *requestsView     `json:"requests"`
	Segments        segmentsView      `json:"segments"`
	Connections     connectionsView   `json:"connections"`
	Setup           setupView         `json:"setup"`
}

type requestsView struct {
	Hour    int     `json:"hour"`
	Refused int     `json:"refused"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

type segmentsView struct {
	Count  int   `json:"count"`
	Behind int64 `json:"behind"` // entries of the feed
}

type connectionsView struct {
	Count   int    `json:"count"`
	Failing int    `json:"failing"` // the last hook that came was not applied
	Name    string `json:"name"`    // of the first that fails
	Error   string `json:"error"`
}

// setupView is what has been done of what a new server needs.
type setupView struct {
	Request  bool `json:"request"` // a request with a good key has come, or data is there
	Customer bool `json:"customer"`
	Event    bool `json:"event"`
	Import   bool `json:"import"`
	Segment  bool `json:"segment"`
	Connect  bool `json:"connect"`
}

// home is what the first page shows.
func (a *Admin) home(c *call) (any, error) {
	p, err := a.period(c)
	if err != nil {
		return nil, err
	}
	ctx, now := c.Request.Context(), app.InstantOf(a.o.Clock.Now())
	t, err := a.store.Totals(ctx)
	if err != nil {
		return nil, err
	}
	v := &homeView{At: now, Period: p.Name, Unit: p.Unit, Customers: t.Customers, Accounts: t.Accounts, Archived: t.Archived, Events: t.Events,
		Top: []topEvent{}, Imports: []json.RawMessage{}}
	if v.EventsPerMinute, err = a.store.Arrived(ctx, now-60_000); err != nil {
		return nil, err
	}
	if v.Points, v.Sums, err = a.points(ctx, p, now); err != nil {
		return nil, err
	}
	v.Active = a.active(now)
	if err := a.topEvents(ctx, v, p, now); err != nil {
		return nil, err
	}
	if err := a.homeImports(ctx, v); err != nil {
		return nil, err
	}
	return v, a.homeHealth(ctx, v, whoBuilds&mayOf(c.session.Role) != 0)
}

// points counts each step of a period and its counterpart in the period before.
func (a *Admin) points(ctx context.Context, p period, now app.Instant) ([]plotPoint, sumView, error) {
	read := a.store.Days
	if p.Unit == "hour" {
		read = a.store.Hours
	}
	last := p.last(now)
	first := last - p.N + 1
	spans, err := read(ctx, first-p.N, last+1)
	if err != nil {
		return nil, sumView{}, err
	}
	at := map[int64]app.SpanCount{}
	for _, s := range spans {
		at[s.Span] = s
	}
	var sum sumView
	points := make([]plotPoint, 0, p.N)
	for step := first; step <= last; step++ {
		is, was := at[step], at[step-p.N]
		points = append(points, plotPoint{p.at(step), p.at(step - p.N), is.Events, was.Events, is.Customers, was.Customers})
		sum.Events, sum.Customers = sum.Events+is.Events, sum.Customers+is.Customers
		if step < last {
			sum.EventsWhole, sum.CustomersWhole = sum.EventsWhole+is.Events, sum.CustomersWhole+is.Customers
			sum.EventsBefore, sum.CustomersBefore = sum.EventsBefore+was.Events, sum.CustomersBefore+was.Customers
		}
	}
	return points, sum, nil
}

// activeFor is how many times as long as it took to count active customers the count is
// given again: 60 ms for a million customers are 12 seconds.
const activeFor = 200

// activeCount keeps the last count of active customers.
type activeCount struct {
	sync.Mutex
	until time.Time
	day   int64
	view  activeView
}

func (a *Admin) active(now app.Instant) activeView {
	if a.o.Activity == nil {
		return activeView{}
	}
	a.activeNow.Lock()
	defer a.activeNow.Unlock()
	today := app.DayOf(now)
	if a.activeNow.view.Loading == 1 && a.activeNow.day == today && time.Now().Before(a.activeNow.until) {
		return a.activeNow.view
	}
	day := app.Instant(today) * app.DayMillis
	began := time.Now()
	counts, loading := a.o.Activity.Active([]app.Instant{day, day - 6*app.DayMillis, day - 29*app.DayMillis})
	v := activeView{Loading: loading}
	if loading == 1 {
		v.Today, v.Week, v.Month = counts[0], counts[1], counts[2]
	}
	a.activeNow.until, a.activeNow.day, a.activeNow.view = time.Now().Add(activeFor*time.Since(began)), today, v
	return v
}

// topShown is how many events the first page names.
const topShown = 7

// topEvents fills the names with the most events in the period.
func (a *Admin) topEvents(ctx context.Context, v *homeView, p period, now app.Instant) error {
	first := p.last(now) - p.N + 1
	points, before := map[string][]int64{}, map[string]int64{}
	names, err := a.store.EventNames(ctx, app.DayOf(now)+1)
	if err != nil {
		return err
	}
	v.Names, v.TopReady = len(names), true
	if p.Unit == "hour" {
		var hours map[string][]int64
		if a.o.Activity != nil {
			hours, v.TopReady = a.o.Activity.EventHours(app.Instant(first-p.N)*hourMillis, int(2*p.N))
		}
		for name, counts := range hours {
			points[name] = counts[p.N:]
			before[name] = total(counts[:p.N-1])
		}
	} else {
		if before, err = a.store.EventTotals(ctx, first-p.N, first-1); err != nil {
			return err
		}
		sums, err := a.store.EventTotals(ctx, first, first+p.N)
		if err != nil {
			return err
		}
		for name, n := range sums {
			points[name] = []int64{n} // the days follow for those that are shown
		}
	}
	for _, n := range names {
		if counts := points[n.Name]; total(counts) > 0 {
			v.Top = append(v.Top, topEvent{Name: n.Name, Category: integration.Category(n.Sources...), Count: total(counts), Before: before[n.Name], Customers: n.Customers, Points: counts})
		}
	}
	slices.SortStableFunc(v.Top, func(a, b topEvent) int { return cmp.Compare(b.Count, a.Count) })
	v.Top = v.Top[:min(topShown, len(v.Top))]
	for i := range v.Top {
		if p.Unit == "hour" {
			v.Top[i].Whole = v.Top[i].Count - v.Top[i].Points[p.N-1]
			continue
		}
		s, err := a.store.EventName(ctx, v.Top[i].Name, first)
		if err != nil {
			return err
		}
		v.Top[i].Points = make([]int64, p.N)
		for _, d := range s.Days {
			if d.Day < first+p.N {
				v.Top[i].Points[d.Day-first] = d.Count
			}
		}
		v.Top[i].Whole = v.Top[i].Count - v.Top[i].Points[p.N-1]
	}
	return nil
}

func total(counts []int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// importsShown is how many imports the first page shows.
const importsShown = 5

func (a *Admin) homeImports(ctx context.Context, v *homeView) error {
	if a.o.Imports == nil {
		return nil
	}
	imports, _, err := a.store.Imports(ctx, 0, importsShown)
	if err != nil {
		return err
	}
	for i := range imports {
		text, err := a.importView(&imports[i])
		if err != nil {
			return err
		}
		v.Imports = append(v.Imports, text)
	}
	return nil
}

// homeHealth fills how the server is doing, and what is yet to be done on a new one.
// Requests may be seen by those alone who may see their page.
func (a *Admin) homeHealth(ctx context.Context, v *homeView, requests bool) error {
	now := a.o.Clock.Now()
	if a.o.Requests != nil && requests {
		v.Requests = &requestsView{}
		for _, m := range a.o.Requests.Hour(now) {
			v.Requests.Hour, v.Requests.Refused = v.Requests.Hour+m.Count, v.Requests.Refused+m.Refused
		}
		p50, p99 := a.o.Requests.Took()
		v.Requests.P50, v.Requests.P99 = milliseconds(p50), milliseconds(p99)
	}
	feed, err := a.store.FeedState(ctx)
	if err != nil {
		return err
	}
	segments, err := a.store.Segments(ctx)
	if err != nil {
		return err
	}
	v.Segments = segmentsView{Count: len(segments) + 1}
	if seq, ok := feed.Readers["segments"]; ok {
		v.Segments.Behind = max(0, feed.Head-seq)
	}
	all, err := a.store.Integrations(ctx)
	if err != nil {
		return err
	}
	v.Connections.Count = len(all)
	for i := range all {
		if err := a.store.Tiles(ctx, &all[i], app.DayOf(app.InstantOf(now))); err != nil {
			return err
		}
		if f := all[i].LastFailure; f != nil && all[i].LastAt != nil && f.ReceivedAt >= *all[i].LastAt {
			if v.Connections.Failing++; v.Connections.Name == "" {
				v.Connections.Name, v.Connections.Error = all[i].Name, f.Error
			}
		}
	}
	v.Setup = setupView{Customer: v.Customers > 0, Event: v.Events > 0, Segment: len(segments) > 0, Connect: len(all) > 0}
	for i := range v.Imports {
		var state struct {
			State  string `json:"state"`
			DryRun bool   `json:"dry_run"`
		}
		if err := json.Unmarshal(v.Imports[i], &state); err != nil {
			return err
		}
		v.Setup.Import = v.Setup.Import || state.State == "done" && !state.DryRun
	}
	v.Setup.Request = v.Customers > 0 || v.Events > 0
	if !v.Setup.Request {
		keys, err := a.store.Keys(ctx)
		if err != nil {
			return err
		}
		for _, k := range keys {
			v.Setup.Request = v.Setup.Request || k.LastUsedAt != nil
		}
	}
	return nil
}
