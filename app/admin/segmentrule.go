package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"time"

	"kith/app"
	"kith/app/ingest"
	"kith/app/segment"
)

type previewView struct {
	// Loading is 1 when the rest is there, else how much of what the rule looks at is read.
	Loading    float64          `json:"loading"`
	Count      int64            `json:"count"`
	Total      int64            `json:"total"`
	Took       float64          `json:"took_ms"`
	Words      string           `json:"words"`
	Sample     []customerRow    `json:"sample"`
	Conditions map[string]int64 `json:"conditions"` // by the paths of conditions and groups
	// Enter and Leave are how many would, were the rule saved for the segment that is edited.
	Enter *int64 `json:"enter,omitempty"`
	Leave *int64 `json:"leave,omitempty"`
}

const (
	// previewWait is how long a preview waits for what it looks at to be read.
	previewWait = 400 * time.Millisecond
	// previewSample is how many members the builder shows.
	previewSample = 10
	// previewGroups is how many groups inside the rule are counted too.
	previewGroups = 12
)

// preview evaluates the rule that somebody is building, each condition and group of it
// alone as well, and compares it with the segment as it is.
func (a *Admin) preview(c *call) (any, error) {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, app.Invalid("", "the body cannot be read: %v", err)
	}
	rule, self, err := ingest.Preview(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), previewWait)
	defer cancel()
	p, err := a.membership.Preview(ctx, rule, self, previewSample)
	if err != nil {
		return nil, err
	}
	v := &previewView{Loading: p.Loading, Count: p.Count, Total: p.Total, Took: float64(p.Took.Microseconds()) / 1000, Sample: []customerRow{}, Conditions: map[string]int64{}}
	if v.Words, err = a.membership.WordsOf(c.Request.Context(), rule); err != nil || p.Loading < 1 {
		return v, err
	}
	customers, err := a.membership.Sample(c.Request.Context(), p.Sample)
	if err != nil {
		return nil, err
	}
	v.Sample = rowsOf(customers)
	i := 0
	rule.Conditions(func(path string, _ app.Condition) {
		if i < len(p.Conditions) {
			v.Conditions[path] = p.Conditions[i]
		}
		i++
	})
	if err := a.countGroups(c.Request.Context(), v, rule); err != nil || self == "" {
		return v, err
	}
	return v, a.compare(c.Request.Context(), v, rule, self)
}

// countGroups counts each group inside a rule alone.
func (a *Admin) countGroups(ctx context.Context, v *previewView, rule *app.Rule) (err error) {
	ctx, cancel := context.WithTimeout(ctx, previewWait)
	defer cancel()
	groups := 0
	rule.Groups(func(path string, in *app.Rule) {
		if groups++; path == "" || groups > previewGroups || err != nil {
			return
		}
		var g app.Preview
		if g, err = a.membership.Preview(ctx, in, "", 0); err == nil && g.Loading == 1 {
			v.Conditions[path] = g.Count
		}
	})
	return err
}

// compare fills who would enter and leave a segment with another rule.
func (a *Admin) compare(ctx context.Context, v *previewView, rule *app.Rule, self string) error {
	ctx, cancel := context.WithTimeout(ctx, previewWait)
	defer cancel()
	g, err := a.store.FindSegment(ctx, self)
	if err != nil || !g.Ready() {
		return err
	}
	old, err := app.ParseRule(g.Rule)
	if err != nil {
		return err
	}
	stay, err := a.membership.Preview(ctx, &app.Rule{Group: app.All, Rules: []*app.Rule{rule, old}}, "", 0)
	if app.CodeOf(err) == app.CodeInvalid && err != nil {
		return nil // the two together are too large a rule: then they are not compared
	}
	if err != nil || stay.Loading < 1 {
		return err
	}
	enter, leave := v.Count-stay.Count, max(0, g.Count-stay.Count)
	v.Enter, v.Leave = &enter, &leave
	return nil
}

type valueView struct {
	Value json.RawMessage `json:"value"`
	Count int64           `json:"count"`
}

// values answers some values of an attribute, each with how many customers have it, the
// most frequent first, and how many have none.
func (a *Admin) values(c *call) (any, error) {
	stats, err := a.store.Attributes(c.Request.Context())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), previewWait)
	defer cancel()
	count := func(test app.Test) (int64, error) {
		p, err := a.membership.Preview(ctx, &app.Rule{Condition: &app.AttributeCondition{Attribute: c.Query("name"), Test: test}}, "", 0)
		if err == nil && p.Loading < 1 {
			err = app.Fail(app.CodeUnavailable, "The values are being read. Try again in a moment.")
		}
		return p.Count, err
	}
	out := []valueView{}
	for _, s := range stats {
		if s.Name != c.Query("name") {
			continue
		}
		for _, raw := range s.Samples {
			rule, err := app.ParseRule([]byte(`{"attribute":"x","op":"is","value":` + string(raw) + `}`))
			if err != nil {
				continue // a list or an object: nothing is equal to those
			}
			n, err := count(rule.Condition.(*app.AttributeCondition).Test)
			if err != nil {
				return nil, err
			}
			if n > 0 {
				out = append(out, valueView{raw, n})
			}
		}
	}
	missing, err := count(app.Test{Op: app.OpNotExists})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b valueView) int { return cmp.Compare(b.Count, a.Count) })
	return map[string]any{"data": out, "missing": missing}, nil
}

type inSegmentView struct {
	ID    string       `json:"id"`
	Title string       `json:"title"`
	Since *app.Instant `json:"since"` // null for who was in it from its first day on
}

// sinceEntries is how far back it is looked for when a customer entered a segment.
const sinceEntries = 1_000

// segmentsOf lists the segments that a customer is in, and since when.
func (a *Admin) segmentsOf(ctx context.Context, customer int64) ([]inSegmentView, error) {
	ids := a.membership.Of(ctx, customer)
	out := make([]inSegmentView, 0, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	entries, err := a.store.CustomerSegmentEntries(ctx, customer, app.Newest, sinceEntries)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		g, err := a.store.FindSegment(ctx, id)
		if app.CodeOf(err) == app.CodeNotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		v := inSegmentView{ID: g.ID, Title: g.Title}
		for i := range entries {
			if entries[i].Segment == g.Row {
				if entries[i].Entered {
					v.Since = &entries[i].At
				}
				break
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// why explains why a customer is in a segment, or is not.
func (a *Admin) why(c *call) (any, error) {
	row, err := a.store.FindID(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	g, err := a.membership.Find(c.Request.Context(), c.Param("segment"))
	if err != nil {
		return nil, err
	}
	return a.membership.Explain(c.Request.Context(), g, row, segment.Moment{Now: app.InstantOf(a.o.Clock.Now()), Zone: a.o.Zone})
}

// causeView says what made a customer enter or leave a segment.
type causeView struct {
	// Kind is "clock" for time alone, else what happened, as in a timeline.
	Kind string `json:"kind"`
	// Name is the event's, the attribute's, the list's or the account's; "" where it is gone.
	Name string `json:"name,omitempty"`
}

// causes turns the causes of entries into words, looking each name up once.
type causes struct {
	a     *Admin
	ctx   context.Context
	known map[app.Cause]causeView
	attrs map[int64]string
}

func (a *Admin) newCauses(ctx context.Context) *causes {
	return &causes{a: a, ctx: ctx, known: map[app.Cause]causeView{}}
}

// causeKinds are the words of the kinds that have no name beside them.
var causeKinds = map[app.Kind]string{
	0: "clock", app.KindCreated: "created", app.KindDevice: "device", app.KindMerged: "merged", app.KindDeleted: "deleted", app.KindArchived: "archived",
	app.KindConverted: "converted", app.KindRenamed: "renamed", app.KindRestored: "restored", app.KindErasedEvents: "erased_events", app.KindEvents: "event", app.KindAttribute: "changed",
	app.KindList: "list", app.KindListSaved: "list", app.KindAccount: "account", app.KindSegmentSaved: "segment",
}

func (x *causes) of(cause app.Cause) (v causeView, err error) {
	if v, ok := x.known[cause]; ok {
		return v, nil
	}
	v.Kind = causeKinds[cause.Kind]
	switch cause.Kind {
	case app.KindEvents:
		var e *app.Event
		if e, err = x.a.store.Event(x.ctx, cause.Key); err == nil {
			v.Name = e.Name
		}
	case app.KindAttribute:
		v.Name, err = x.attribute(cause.Key)
	case app.KindList:
		var l *app.List
		if l, err = x.a.store.List(x.ctx, cause.Key); err == nil {
			v.Name = l.Title
		}
	case app.KindAccount:
		var c *app.Customer
		if c, err = x.a.store.Customer(x.ctx, cause.Key); err == nil {
			v.Name = c.UID
		}
	}
	if err != nil && app.CodeOf(err) != app.CodeNotFound {
		return v, err
	}
	x.known[cause] = v
	return v, nil
}

// attribute returns the name of a row of the catalogue.
func (x *causes) attribute(row int64) (string, error) {
	if x.attrs == nil {
		stats, err := x.a.store.Attributes(x.ctx)
		if err != nil {
			return "", err
		}
		x.attrs = map[int64]string{}
		for _, s := range stats {
			x.attrs[s.Row] = s.Name
		}
	}
	return x.attrs[row], nil
}
