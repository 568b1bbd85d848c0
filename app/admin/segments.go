package admin

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"kith/app"
	"kith/app/api"
	"kith/app/ingest"
)

type segmentView struct {
	ID          string           `json:"id"`
	Title       string           `json:"title"`
	Description *string          `json:"description"`
	Rule        json.RawMessage  `json:"rule"`
	Words       string           `json:"words"`
	Count       int64            `json:"count"`
	State       string           `json:"state"`
	Progress    float64          `json:"progress"` // of the building, 0 to 1
	BuiltIn     bool             `json:"built_in"`
	CreatedAt   *app.Instant     `json:"created_at"` // null for the built-in one
	UpdatedAt   *app.Instant     `json:"updated_at"`
	Days        []segmentDayView `json:"days"` // null for the built-in one, which keeps none
}

type segmentDayView struct {
	Day     string `json:"day"`
	Entered int64  `json:"entered"`
	Left    int64  `json:"left"`
	Size    int64  `json:"size"`
}

// segmentDays is how far the plots of segments go back: four weeks, so that weekdays meet
// weekdays.
const segmentDays = 28

func (a *Admin) segmentOf(ctx context.Context, g *app.Segment, days int) (segmentView, error) {
	words, err := a.membership.Words(ctx, g.Rule)
	if err != nil {
		return segmentView{}, err
	}
	v := segmentView{ID: g.ID, Title: g.Title, Description: g.Description, Rule: g.Rule, Words: words, Count: g.Count, State: "ready", Progress: 1}
	if !g.Ready() {
		v.State, v.Progress = "building", a.membership.Progress(g)
	}
	if g.ID == app.AllSegment {
		v.BuiltIn = true
		return v, nil
	}
	v.CreatedAt, v.UpdatedAt = &g.CreatedAt, &g.UpdatedAt
	today := app.DayOf(app.InstantOf(a.o.Clock.Now()))
	list, err := a.membership.History(ctx, g, today-int64(days)+1, today)
	if err != nil {
		return v, err
	}
	for _, d := range list {
		v.Days = append(v.Days, segmentDayView{time.UnixMilli(d.Day * app.DayMillis).UTC().Format(time.DateOnly), d.Entered, d.Left, d.Size})
	}
	return v, nil
}

// segmentName is a segment where one is chosen.
type segmentName struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Count   int64  `json:"count"`
	BuiltIn bool   `json:"built_in"`
}

// segments lists all of them, the built-in one first; with brief=true their names and counts.
func (a *Admin) segments(c *call) (any, error) {
	ctx := c.Request.Context()
	list, err := a.store.Segments(ctx)
	if err != nil {
		return nil, err
	}
	all, err := a.membership.All(ctx)
	if err != nil {
		return nil, err
	}
	list = append([]app.Segment{*all}, list...)
	if c.Query("brief") == "true" {
		names := make([]segmentName, len(list))
		for i, g := range list {
			names[i] = segmentName{g.ID, g.Title, g.Count, g.ID == app.AllSegment}
		}
		return envelope{Data: names}, nil
	}
	out := make([]segmentView, 0, len(list))
	for _, g := range list {
		v, err := a.segmentOf(ctx, &g, segmentDays)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return envelope{Data: out}, nil
}

type segmentDetail struct {
	segmentView
	UsedBy []segmentRef `json:"used_by"` // the segments whose rules name this one
}

type segmentRef struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

func (a *Admin) segment(c *call) (any, error) {
	ctx := c.Request.Context()
	g, err := a.membership.Find(ctx, c.Param("id"))
	if err != nil {
		return nil, err
	}
	days, err := c.number("days", segmentDays, 366)
	if err != nil {
		return nil, err
	}
	v := segmentDetail{UsedBy: []segmentRef{}}
	if v.segmentView, err = a.segmentOf(ctx, g, days); err != nil {
		return nil, err
	}
	list, err := a.store.Segments(ctx)
	if err != nil {
		return nil, err
	}
	for _, other := range list {
		rule, err := app.ParseRule(other.Rule)
		if err != nil {
			return nil, err
		}
		named := false
		rule.Conditions(func(_ string, c app.Condition) {
			s, ok := c.(*app.SegmentCondition)
			named = named || ok && s.Segment == g.ID
		})
		if named {
			v.UsedBy = append(v.UsedBy, segmentRef{other.ID, other.Title})
		}
	}
	return v, nil
}

// saveSegment makes a segment, or changes the one of the path.
func (a *Admin) saveSegment(c *call) (any, error) {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, app.Invalid("", "the body cannot be read: %v", err)
	}
	change, err := ingest.Segment(c.Param("id"), body)
	if err != nil {
		return nil, err
	}
	return a.changeSegment(c, change)
}

// restoreSegment undoes a deletion.
func (a *Admin) restoreSegment(c *call) (any, error) {
	return a.changeSegment(c, &app.RestoreSegment{Segment: c.Param("id")})
}

func (a *Admin) changeSegment(c *call, change app.Change) (any, error) {
	res, err := a.apply(c, change)
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	g, err := a.membership.AwaitBuilt(ctx, res.Segment, time.Second)
	if err != nil {
		return nil, err
	}
	return a.segmentOf(ctx, g, segmentDays)
}

func (a *Admin) deleteSegment(c *call) (any, error) {
	if _, err := a.apply(c, &app.DeleteSegment{Segment: c.Param("id")}); err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, nil
}

type segmentEntryView struct {
	ID       string      `json:"id"`
	At       app.Instant `json:"at"`
	Entered  bool        `json:"entered"`
	Customer *memberView `json:"customer"` // null when it is gone
	Cause    causeView   `json:"cause"`
}

// segmentEntries lists who entered and left, newest first, each with its cause.
func (a *Admin) segmentEntries(c *call) (any, error) {
	ctx := c.Request.Context()
	g, err := a.membership.Find(ctx, c.Param("id"))
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 20, 200)
	if err != nil {
		return nil, err
	}
	var before int64
	if text := c.Query("next_cursor"); text != "" {
		if before, err = atoi(text); err != nil {
			return nil, app.Invalid("next_cursor", "is no cursor of entries")
		}
	}
	entries, err := a.store.LatestSegmentEntries(ctx, g.Row, before, limit+1)
	if err != nil {
		return nil, err
	}
	e := &envelope{}
	if len(entries) > limit {
		entries = entries[:limit]
		e.Next = itoa(entries[limit-1].Row)
	}
	rows := make([]int64, len(entries))
	for i := range entries {
		rows[i] = entries[i].Customer
	}
	people, err := a.membership.Sample(ctx, rows)
	if err != nil {
		return nil, err
	}
	by := make(map[int64]*app.Customer, len(people))
	for i := range people {
		by[people[i].Row] = &people[i]
	}
	causes := a.newCauses(ctx)
	out := make([]segmentEntryView, len(entries))
	for i, entry := range entries {
		v := segmentEntryView{ID: itoa(entry.Row), At: entry.At, Entered: entry.Entered}
		if p := by[entry.Customer]; p != nil {
			v.Customer = &memberView{ID: p.ID, UID: p.UID, Name: p.Name(), Since: p.InsertedAt}
		}
		if v.Cause, err = causes.of(entry.Cause); err != nil {
			return nil, err
		}
		out[i] = v
	}
	e.Data = out
	return e, nil
}

// exportSegment sends the members as CSV.
func (a *Admin) exportSegment(c *call) (any, error) {
	ctx := c.Request.Context()
	g, err := a.membership.Find(ctx, c.Param("id"))
	if err != nil {
		return nil, err
	}
	custom, err := api.CustomColumns(ctx, a.store)
	if err != nil {
		return nil, err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="segment-`+g.ID+`.csv"`)
	c.Writer.WriteHeader(http.StatusOK)
	control := http.NewResponseController(c.Writer)
	w := csv.NewWriter(c.Writer)
	err = api.WriteCustomers(w, custom, false, func(f func(*app.Customer) error) error {
		n := 0
		return a.membership.Each(ctx, g, func(customer *app.Customer) error {
			if n++; n%500 == 1 { // it may take longer than any other answer; it ends when nobody reads on
				_ = control.SetWriteDeadline(time.Now().Add(time.Minute))
			}
			return f(customer)
		})
	})
	if err != nil {
		a.o.Log.Warn("an export broke off", "segment", g.ID, "error", err)
		panic(http.ErrAbortHandler) // what was sent is not whole, and must not look so
	}
	return nil, nil
}
