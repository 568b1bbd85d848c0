package admin

import (
	"cmp"
	"encoding/json"
	"slices"

	"kith/app"
)

// valueCount is a value, as a JSON text with its digits, and how often it came.
type valueCount struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// propertyDetail is a property as the newest events have it.
type propertyDetail struct {
	Name     string       `json:"name"`
	Types    []string     `json:"types"` // of all events ever
	Seen     int          `json:"seen"`  // how many of the newest events have it
	Distinct int          `json:"distinct"`
	Values   []valueCount `json:"values"` // the most common of those
	Min      *float64     `json:"min,omitempty"`
	Max      *float64     `json:"max,omitempty"`
	// Numeric says that the texts among the values are all numbers: it came as text.
	Numeric bool `json:"numeric_text,omitempty"`
}

type eventDetail struct {
	eventView
	Period string           `json:"period"`
	Unit   string           `json:"unit"`
	Points []plotPoint      `json:"points"`
	Sums   sumView          `json:"sums"`
	Ready  bool             `json:"ready"` // false while what the hours are counted from is read
	Detail []propertyDetail `json:"detail"`
	// Sampled is of how many events, the newest, Detail tells.
	Sampled int `json:"sampled"`
}

const (
	// sampled is how many of its newest events an event's properties are described by.
	sampled = 300
	// latestShown is how many of them its page lists.
	latestShown = 50
	// commonValues is how many values of a property are shown.
	commonValues = 6
)

// event is one event's page: when it happened, and what it carries.
func (a *Admin) event(c *call) (any, error) {
	p, err := a.period(c)
	if err != nil {
		return nil, err
	}
	ctx, now := c.Request.Context(), app.InstantOf(a.o.Clock.Now())
	today := app.DayOf(now)
	first := p.last(now) - p.N + 1
	from := today - 29
	if p.Unit == "day" {
		from = min(from, first-p.N)
	}
	stat, err := a.store.EventName(ctx, c.Query("name"), from)
	if err != nil {
		return nil, err
	}
	v := &eventDetail{eventView: eventOf(stat, today), Period: p.Name, Unit: p.Unit, Ready: true, Points: []plotPoint{}}
	counts := make([]int64, 2*p.N)
	if p.Unit == "hour" {
		var hours map[string][]int64
		if v.Ready = false; a.o.Activity != nil {
			hours, v.Ready = a.o.Activity.EventHours(app.Instant(first-p.N)*hourMillis, len(counts))
		}
		copy(counts, hours[stat.Name])
	} else {
		for _, d := range stat.Days {
			if at := d.Day - (first - p.N); at >= 0 && at < int64(len(counts)) {
				counts[at] = d.Count
			}
		}
	}
	for i := range p.N {
		is, was := counts[p.N+i], counts[i]
		v.Points = append(v.Points, plotPoint{At: p.at(first + i), Before: p.at(first + i - p.N), Events: is, EventsBefore: was})
		if v.Sums.Events += is; i < p.N-1 {
			v.Sums.EventsWhole, v.Sums.EventsBefore = v.Sums.EventsWhole+is, v.Sums.EventsBefore+was
		}
	}
	latest, err := a.store.LatestEvents(ctx, stat.Name, sampled)
	if err != nil {
		return nil, err
	}
	v.Sampled, v.Detail = len(latest), describe(stat, latest)
	return v, nil
}

// describe says of each property what the newest events have in it.
func describe(stat *app.EventStat, latest []app.OwnedEvent) []propertyDetail {
	type seen struct {
		n, texts, numeric int
		values            map[string]int
		low, high         *float64
	}
	by := map[string]*seen{}
	for i := range latest {
		members, err := app.Members(latest[i].Properties, nil)
		if latest[i].Properties == nil || err != nil {
			continue // none came, or, in an old file, what is no object
		}
		for _, m := range members {
			s := by[m.Name]
			if s == nil {
				s = &seen{values: map[string]int{}}
				by[m.Name] = s
			}
			s.n++
			s.values[string(m.Value)]++
			if len(m.Value) > 0 && m.Value[0] == '"' {
				s.texts++
				if text, _ := app.Text(m.Value); app.LooksNumeric(text) {
					s.numeric++
				}
			}
			var f float64
			if len(m.Value) > 0 && (m.Value[0] == '-' || m.Value[0] >= '0' && m.Value[0] <= '9') && json.Unmarshal(m.Value, &f) == nil {
				if s.low == nil || f < *s.low {
					s.low = &f
				}
				if s.high == nil || f > *s.high {
					s.high = &f
				}
			}
		}
	}
	out := []propertyDetail{}
	for _, p := range stat.Properties {
		d := propertyDetail{Name: p.Name, Types: []string{}, Values: []valueCount{}}
		for _, t := range p.Types {
			d.Types = append(d.Types, t.String())
		}
		if s := by[p.Name]; s != nil {
			d.Seen, d.Distinct, d.Min, d.Max = s.n, len(s.values), s.low, s.high
			d.Numeric = s.texts > 0 && s.numeric == s.texts
			for value, n := range s.values {
				d.Values = append(d.Values, valueCount{value, n})
			}
			slices.SortFunc(d.Values, func(a, b valueCount) int {
				return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
			})
			d.Values = d.Values[:min(commonValues, len(d.Values))]
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b propertyDetail) int { return cmp.Compare(b.Seen, a.Seen) })
	return out
}

type latestEvent struct {
	ID         string          `json:"id"`
	At         app.Instant     `json:"at"`
	Customer   string          `json:"customer"`
	UID        string          `json:"uid"`
	Who        string          `json:"name"`
	Source     string          `json:"source"`
	Value      json.RawMessage `json:"value,omitempty"`
	Properties json.RawMessage `json:"properties,omitempty"`
}

// eventLatest lists an event's newest occurrences in the order of arrival.
func (a *Admin) eventLatest(c *call) (any, error) {
	latest, err := a.store.LatestEvents(c.Request.Context(), c.Query("name"), latestShown)
	if err != nil {
		return nil, err
	}
	out := make([]latestEvent, len(latest))
	for i, e := range latest {
		out[i] = latestEvent{ID: itoa(e.Row), At: e.At, Customer: e.CustomerID, UID: e.UID, Who: e.CustomerName, Source: e.Source, Value: e.Value, Properties: e.Properties}
	}
	return envelope{Data: out}, nil
}
