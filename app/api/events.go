package api

import (
	"maps"
	"sort"
	"strconv"
	"strings"

	"kith/app"
	"kith/app/ingest"
	"kith/app/integration"
)

func (a *API) track(c *call) ([]byte, error) {
	e, err := ingest.Event(c.uid, c.body, c.context())
	if err != nil {
		return nil, err
	}
	return c.one(e, answerOK)
}

// batch applies its items in order, in one commit; a faulty one is left out.
// Engage: answers {"status":"queued"} and reports nothing. ?report=true is Kith's.
func (a *API) batch(c *call) ([]byte, error) {
	items, err := ingest.Batch(c.body, c.context())
	if err != nil {
		return nil, err
	}
	changes := make([]app.Change, 0, len(items))
	at := make([]int, 0, len(items)) // which item each change is
	refused := make(map[int]error)
	for i, item := range items {
		if item.Err != nil {
			refused[i] = item.Err
			continue
		}
		changes, at = append(changes, item.Change), append(at, i)
	}
	report := c.Query("report") == "true"
	encode := func(_ app.Reader, results []app.Result) ([]byte, error) {
		if !report {
			return statusQueued, nil
		}
		all := maps.Clone(refused) // encode may run again, with other results
		for i, res := range results {
			if res.Err != nil {
				all[at[i]] = res.Err
			}
		}
		return batchReport(len(items), all), nil
	}
	if len(changes) == 0 {
		return encode(a.store, nil)
	}
	return c.apply(changes, encode)
}

func batchReport(items int, refused map[int]error) []byte {
	order := make([]int, 0, len(refused))
	for i := range refused {
		order = append(order, i)
	}
	sort.Ints(order)
	b := append([]byte(`{"status":"queued","accepted":`), strconv.Itoa(items-len(refused))...)
	b = append(b, `,"rejected":[`...)
	for n, i := range order {
		b = comma(b, n)
		b = append(b, `{"index":`...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, `,"error":`...)
		b = app.AppendQuote(b, app.Public(refused[i]).Sentence())
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

// customerEvents answers a customer's events, newest first.
func (a *API) customerEvents(c *call) ([]byte, error) {
	row, err := a.store.Find(c.Request.Context(), c.uid)
	if err != nil {
		return nil, err
	}
	f, err := c.eventFilter()
	if err != nil {
		return nil, err
	}
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	after, before, err := c.cursors()
	if err != nil {
		return nil, err
	}
	from, back := app.Newest, before != ""
	if text := after + before; text != "" {
		if from, err = parsePlace(text); err != nil {
			return nil, err
		}
	}
	events, more, err := a.store.Events(c.Request.Context(), row, f, from, back, limit)
	if err != nil {
		return nil, err
	}
	b := []byte(`{"data":[`)
	places := make([]string, len(events))
	for i := range events {
		b = comma(b, i)
		b = appendEvent(b, &events[i], false)
		places[i] = placeText(app.Place{At: events[i].At, Row: events[i].Row})
	}
	p := app.Page{}
	if after != "" {
		p.After = 1
	}
	if back {
		p.Before = 1
	}
	return appendCursors(append(b, ']'), p, places, more), nil
}

func (c *call) eventFilter() (f app.EventFilter, err error) {
	f.Name = c.Query("event")
	if source := c.Query("source"); source != "" {
		f.Sources = []string{source}
	}
	if f.From, err = c.queryInstant("from"); err != nil {
		return f, err
	}
	f.To, err = c.queryInstant("to")
	return f, err
}

func (c *call) queryInstant(name string) (*app.Instant, error) {
	text := strings.TrimSpace(c.Query(name))
	if text == "" {
		return nil, nil
	}
	at, err := app.ParseInstantText(text, c.api.o.Zone)
	if err != nil {
		return nil, app.Invalid(name, "%v", err)
	}
	return &at, nil
}

// eventNames answers the catalogue of events, from the counters that the writer keeps.
func (a *API) eventNames(c *call) ([]byte, error) {
	names, err := a.store.EventNames(c.Request.Context(), 1<<60)
	if err != nil {
		return nil, err
	}
	b := []byte(`{"data":[`)
	for i, n := range names {
		b = comma(b, i)
		b = append(b, `{"event":`...)
		b = app.AppendQuote(b, n.Name)
		b = append(b, `,"count":`...)
		b = strconv.AppendInt(b, n.Events, 10)
		b = append(b, `,"customers":`...)
		b = strconv.AppendInt(b, n.Customers, 10)
		b = append(b, `,"first_at":"`...)
		b = n.FirstAt.Append(b)
		b = append(b, `","last_at":"`...)
		b = n.LastAt.Append(b)
		b = append(b, `","category":`...)
		b = app.AppendQuote(b, integration.Category(n.Sources...))
		b = append(b, `,"sources":[`...)
		for j, s := range n.Sources {
			b = app.AppendQuote(comma(b, j), s)
		}
		b = append(b, `],"properties":[`...)
		for j, p := range n.Properties {
			b = comma(b, j)
			b = append(b, `{"name":`...)
			b = app.AppendQuote(b, p.Name)
			b = append(b, `,"types":[`...)
			for k, t := range p.Types {
				b = comma(b, k)
				b = app.AppendQuote(b, t.String())
			}
			b = append(b, `]}`...)
		}
		b = append(b, `]}`...)
	}
	return append(b, `]}`...), nil
}

// attributes answers the custom attributes.
// Engage: a bare array of {id, name}; type, count and samples are Kith's.
func (a *API) attributes(c *call) ([]byte, error) {
	stats, err := a.store.Attributes(c.Request.Context())
	if err != nil {
		return nil, err
	}
	sort.Slice(stats, func(i, j int) bool {
		if x, y := stats[i].Customers(), stats[j].Customers(); x != y {
			return x > y
		}
		return stats[i].Name < stats[j].Name
	})
	b := []byte{'['}
	n := 0
	for _, s := range stats {
		if s.Standard || app.IsSide(s.Name) || s.Customers() == 0 {
			continue
		}
		b = comma(b, n)
		n++
		b = append(b, `{"id":`...)
		b = app.AppendQuote(b, s.Name)
		b = append(b, `,"name":`...)
		b = app.AppendQuote(b, Label(s.Name))
		b = append(b, `,"type":`...)
		b = app.AppendQuote(b, MainType(s).String())
		b = append(b, `,"count":`...)
		b = strconv.AppendInt(b, s.Customers(), 10)
		b = append(b, `,"samples":[`...)
		for j, v := range s.Samples {
			b = comma(b, j)
			b = append(b, v...)
		}
		b = append(b, `]}`...)
	}
	return append(b, ']'), nil
}

// MainType is the type in which most customers have an attribute.
func MainType(s app.AttributeStat) app.AttributeType {
	most := app.AttributeType(0)
	for t, n := range s.Types {
		if n > s.Types[most] {
			most = app.AttributeType(t)
		}
	}
	return most
}

// Label is an attribute's name as one would write it: usage_gb is "Usage gb".
func Label(name string) string {
	words := strings.Fields(strings.NewReplacer("_", " ", "-", " ").Replace(name))
	if len(words) == 0 {
		return name
	}
	r := []rune(words[0])
	words[0] = strings.ToUpper(string(r[:1])) + string(r[1:])
	return strings.Join(words, " ")
}
