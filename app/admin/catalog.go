package admin

import (
	"context"
	"sort"
	"strconv"

	"kith/app"
	"kith/app/api"
	"kith/app/integration"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func atoi(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }

// overview is what the rail shows beside its entries.
func (a *Admin) overview(c *call) (any, error) {
	ctx := c.Request.Context()
	t, err := a.store.Totals(ctx)
	if err != nil {
		return nil, err
	}
	today := app.DayOf(app.InstantOf(a.o.Clock.Now()))
	names, err := a.store.EventNameCount(ctx)
	if err != nil {
		return nil, err
	}
	days, err := a.store.Days(ctx, today, today+1)
	if err != nil {
		return nil, err
	}
	var eventsToday int64
	for _, d := range days {
		eventsToday += d.Events
	}
	stats, err := a.store.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	attributes := 0
	for _, s := range stats {
		if s.Customers() > 0 {
			attributes++
		}
	}
	keys, err := a.store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	working := 0
	if a.o.Pinned != nil {
		working++
	}
	if a.o.Pinned != nil {
		working = 1
	}
	for _, k := range keys {
		if k.RevokedAt == nil {
			working++
		}
	}
	segments, err := a.store.Segments(ctx)
	if err != nil {
		return nil, err
	}
	connections, err := a.store.Integrations(ctx)
	if err != nil {
		return nil, err
	}
	feed, err := a.store.FeedState(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"customers": t.Customers, "accounts": t.Accounts, "archived": t.Archived, "lists": t.Lists, "segments": len(segments) + 1, "events": t.Events,
		"event_names": names, "attributes": attributes, "keys": working, "integrations": len(connections),
		"feed": map[string]any{"head": feed.Head, "readers": feed.Readers}, "today": map[string]any{"events": eventsToday},
	}, nil
}

type propertyView struct {
	Name  string   `json:"name"`
	Types []string `json:"types"`
}

type eventView struct {
	Name       string         `json:"name"`
	Count      int64          `json:"count"`
	Customers  int64          `json:"customers"`
	FirstAt    app.Instant    `json:"first_at"`
	LastAt     app.Instant    `json:"last_at"`
	Today      int64          `json:"today"`
	Category   string         `json:"category"` // custom, payment or message
	Sources    []string       `json:"sources"`
	Properties []propertyView `json:"properties"`
	Days       []dayView      `json:"days"`
}

func (a *Admin) events(c *call) (any, error) {
	today := app.DayOf(app.InstantOf(a.o.Clock.Now()))
	names, err := a.store.EventNames(c.Request.Context(), today-29)
	if err != nil {
		return nil, err
	}
	out := make([]eventView, len(names))
	for i := range names {
		out[i] = eventOf(&names[i], today)
	}
	return envelope{Data: out}, nil
}

// eventOf is a line of the catalogue with its last 30 days.
func eventOf(n *app.EventStat, today int64) eventView {
	v := eventView{Name: n.Name, Count: n.Events, Customers: n.Customers, FirstAt: n.FirstAt, LastAt: n.LastAt, Properties: []propertyView{},
		Category: integration.Category(n.Sources...), Sources: n.Sources}
	for _, p := range n.Properties {
		types := make([]string, len(p.Types))
		for j, t := range p.Types {
			types[j] = t.String()
		}
		v.Properties = append(v.Properties, propertyView{p.Name, types})
	}
	days := n.Days[:0:0]
	for _, d := range n.Days {
		if d.Day == today {
			v.Today = d.Count
		}
		if d.Day > today-30 && d.Day <= today {
			days = append(days, d)
		}
	}
	v.Days = daysView(days, today-29, today)
	return v
}

type attributeStat struct {
	Name      string           `json:"name"`
	Label     string           `json:"label"`
	Standard  bool             `json:"standard"`
	Types     map[string]int64 `json:"types"`
	Customers int64            `json:"customers"`
	Samples   []string         `json:"samples"` // each a JSON text, digits and all
	ChangedAt app.Instant      `json:"changed_at"`
}

// attributeLine is an attribute in the catalogue, with what is known of its values at once.
type attributeLine struct {
	attributeStat
	Common []valueCount `json:"common"` // the most common; empty where they were not counted
	// Numeric is how many texts say a number; null where they were not counted, and then
	// LooksNumeric says whether a sample does.
	Numeric      *int64 `json:"numeric_texts"`
	LooksNumeric bool   `json:"looks_numeric"`
}

// glanceValues is how many common values a line of the catalogue has.
const glanceValues = 4

func (a *Admin) attributes(c *call) (any, error) {
	out, err := a.attributeStats(c.Request.Context())
	if err != nil {
		return nil, err
	}
	var known map[string]app.Values
	if a.o.Activity != nil {
		names := make([]string, len(out))
		for i := range out {
			names[i] = out[i].Name
		}
		known = a.o.Activity.Glance(names, glanceValues)
	}
	lines := make([]attributeLine, len(out))
	for i, s := range out {
		lines[i] = attributeLine{attributeStat: s, Common: []valueCount{}}
		if v, ok := known[s.Name]; ok {
			lines[i].Numeric = &v.Numeric
			for _, x := range v.Top {
				lines[i].Common = append(lines[i].Common, valueCount{string(x.Value), int(x.Count)})
			}
			continue
		}
		for _, raw := range s.Samples {
			if text, ok := app.Text([]byte(raw)); ok && app.LooksNumeric(text) {
				lines[i].LooksNumeric = true
			}
		}
	}
	return envelope{Data: lines}, nil
}

// attributeStats is the catalogue of those that somebody has, standard ones first.
func (a *Admin) attributeStats(ctx context.Context) ([]attributeStat, error) {
	stats, err := a.store.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	sort.Slice(stats, func(i, j int) bool { return stats[i].Row < stats[j].Row }) // as they first arrived
	out := []attributeStat{}
	for _, s := range stats {
		if s.Customers() == 0 {
			continue
		}
		v := attributeStat{Name: s.Name, Label: api.Label(s.Name), Standard: s.Standard || app.IsSide(s.Name),
			Types: map[string]int64{}, Customers: s.Customers(), Samples: []string{}, ChangedAt: s.ChangedAt}
		for t, n := range s.Types {
			if n > 0 {
				v.Types[app.AttributeType(t).String()] = n
			}
		}
		for _, raw := range s.Samples {
			v.Samples = append(v.Samples, string(raw))
		}
		out = append(out, v)
	}
	sort.SliceStable(out, func(i, j int) bool {
		if out[i].Standard != out[j].Standard {
			return out[i].Standard
		}
		return out[i].Customers > out[j].Customers
	})
	return out, nil
}
