package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"kith/app"
	"kith/app/ingest"

	"github.com/gin-gonic/gin"
)

// mountSegments mounts the segments, who is in them, and what a rule would hold for.
func (a *API) mountSegments(g gin.IRoutes) {
	a.route(g, "GET", "/segments", full, a.segments)
	a.route(g, "POST", "/segments", full, a.createSegment)
	a.route(g, "POST", "/segments/preview", full, a.preview)
	a.route(g, "GET", "/segments/:id", full, a.withSegment(a.getSegment))
	a.route(g, "PUT", "/segments/:id", full, a.putSegment)
	a.route(g, "DELETE", "/segments/:id", full, a.deleteSegment)
	a.route(g, "GET", "/segments/:id/users", full, a.withSegment(a.segmentUsers))
	a.route(g, "GET", "/segments/:id/history", full, a.withSegment(a.segmentHistory))
	a.route(g, "GET", "/segments/:id/export", full, a.withSegment(a.exportSegment))
	a.route(g, "GET", "/segments/:id/explain", full, a.withSegment(a.explain))
}

// withSegment finds the segment of the path.
func (a *API) withSegment(h func(*call, *app.Segment) ([]byte, error)) handler {
	return func(c *call) ([]byte, error) {
		g, err := a.membership.Find(c.Request.Context(), c.Param("id"))
		if err != nil {
			return nil, err
		}
		return h(c, g)
	}
}

// segments lists them newest first. The built-in one comes last: it was always there.
func (a *API) segments(c *call) ([]byte, error) {
	ctx := c.Request.Context()
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	after, before, err := c.cursors()
	if err != nil {
		return nil, err
	}
	list, err := a.store.Segments(ctx)
	if err != nil {
		return nil, err
	}
	all, err := a.membership.All(ctx)
	if err != nil {
		return nil, err
	}
	list = append(list, *all)
	// from and to bound the page among all of them: a cursor is a row, which may be gone.
	place := func(cursor string) (int, error) {
		var row int64
		if cursor != app.AllSegment {
			var err error
			if row, err = a.store.SegmentCursorRow(cursor); err != nil {
				return 0, err
			}
		}
		return slices.IndexFunc(list, func(g app.Segment) bool { return g.Row <= row }), nil
	}
	from, to := 0, min(limit, len(list))
	p := app.Page{Limit: limit}
	more := to < len(list)
	switch {
	case after != "":
		if from, err = place(after); err != nil {
			return nil, err
		}
		if list[from].ID == after {
			from++
		}
		to = min(from+limit, len(list))
		p.After, more = 1, to < len(list)
	case before != "":
		if to, err = place(before); err != nil {
			return nil, err
		}
		from = max(0, to-limit)
		p.Before, more = 1, from > 0
	}
	b := []byte(`{"data":[`)
	var ids []string
	for i := from; i < to; i++ {
		b = comma(b, i-from)
		if b, err = a.appendSegment(ctx, b, &list[i]); err != nil {
			return nil, err
		}
		ids = append(ids, list[i].ID)
	}
	return appendCursors(append(b, ']'), p, ids, more), nil
}

// appendSegment appends the Segment object.
func (a *API) appendSegment(ctx context.Context, b []byte, g *app.Segment) ([]byte, error) {
	words, err := a.membership.Words(ctx, g.Rule)
	if err != nil {
		return nil, err
	}
	b = append(b, `{"id":`...)
	b = app.AppendQuote(b, g.ID)
	b = append(b, `,"title":`...)
	b = app.AppendQuote(b, g.Title)
	b = append(b, `,"description":`...)
	b = appendText(b, g.Description)
	b = append(b, `,"rule":`...)
	b = append(b, g.Rule...)
	b = append(b, `,"words":`...)
	b = app.AppendQuote(b, words)
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, g.Count, 10)
	for _, t := range []struct {
		name string
		at   app.Instant
	}{{"created_at", g.CreatedAt}, {"updated_at", g.UpdatedAt}} {
		b = appendKey(b, t.name)
		if g.ID == app.AllSegment { // it was never made
			b = append(b, "null"...)
			continue
		}
		b = append(b, '"')
		b = append(t.at.Append(b), '"')
	}
	if g.Ready() {
		return append(b, `,"state":"ready"}`...), nil
	}
	b = append(b, `,"state":"building","progress":`...)
	b = strconv.AppendFloat(b, a.membership.Progress(g), 'f', 2, 64)
	return append(b, '}'), nil
}

func (a *API) getSegment(c *call, g *app.Segment) ([]byte, error) {
	return a.appendSegment(c.Request.Context(), nil, g)
}

func (a *API) createSegment(c *call) ([]byte, error) { return c.saveSegment("") }

func (a *API) putSegment(c *call) ([]byte, error) { return c.saveSegment(c.Param("id")) }

// builtWait is how long an answer waits for a new rule's members, so that the count of a
// workspace of ordinary size is in it.
const builtWait = time.Second

// saveSegment answers the segment as soon as it is built, or after a second. With an
// Idempotency-Key it does not wait: a repeat gets the same answer, which is made inside
// the transaction.
func (c *call) saveSegment(id string) ([]byte, error) {
	change, err := ingest.Segment(id, c.body)
	if err != nil {
		return nil, err
	}
	var row int64
	body, err := c.one(change, func(r app.Reader, res app.Result) ([]byte, error) {
		g, err := r.Segment(c.lasting(), res.Segment)
		if err != nil {
			return nil, err
		}
		row = g.Row
		return c.api.appendSegment(c.lasting(), nil, g)
	})
	if err != nil || c.GetHeader("Idempotency-Key") != "" {
		return body, err
	}
	g, err := c.api.membership.AwaitBuilt(c.Request.Context(), row, builtWait)
	if app.CodeOf(err) == app.CodeNotFound && err != nil {
		return body, nil // deleted meanwhile
	}
	if err != nil {
		return nil, err
	}
	return c.api.appendSegment(c.lasting(), nil, g)
}

func (a *API) deleteSegment(c *call) ([]byte, error) {
	return c.one(&app.DeleteSegment{Segment: c.Param("id")}, answerOK)
}

// segmentUsers answers the members as User objects, newest first. The filters of GET
// /users combine with it.
func (a *API) segmentUsers(c *call, g *app.Segment) ([]byte, error) {
	f, err := c.customerFilter()
	if err != nil {
		return nil, err
	}
	return a.usersOf(c, g, f)
}

// defaultHistory and maxHistory are how many days a history goes back.
const (
	defaultHistory = 28
	maxHistory     = 3 * 366
)

// segmentHistory answers how many entered and left on each day, and the size at its end,
// oldest first. Days are UTC's.
func (a *API) segmentHistory(c *call, g *app.Segment) ([]byte, error) {
	days := defaultHistory
	if text := c.Query("days"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxHistory {
			return nil, app.Invalid("days", "must be a whole number from 1 to %d, not %q", maxHistory, shorten(text))
		}
		days = n
	}
	today := app.DayOf(app.InstantOf(a.o.Clock.Now()))
	list, err := a.membership.History(c.Request.Context(), g, today-int64(days)+1, today)
	if err != nil {
		return nil, err
	}
	b := []byte(`{"data":[`)
	for i, d := range list {
		b = comma(b, i)
		b = append(b, `{"day":"`...)
		b = time.UnixMilli(d.Day*app.DayMillis).UTC().AppendFormat(b, time.DateOnly)
		b = append(b, `","entered":`...)
		b = strconv.AppendInt(b, d.Entered, 10)
		b = append(b, `,"left":`...)
		b = strconv.AppendInt(b, d.Left, 10)
		b = append(b, `,"size":`...)
		b = append(strconv.AppendInt(b, d.Size, 10), '}')
	}
	return append(b, ']', '}'), nil
}

// exportSegment is GET /export/customers?segment= as CSV, unless asked for otherwise.
func (a *API) exportSegment(c *call, g *app.Segment) ([]byte, error) {
	asCSV, raw, err := c.format()
	if err != nil {
		return nil, err
	}
	return c.deed("segment.export", g.ID, nil, func() ([]byte, error) {
		return a.exportOf(c, g, asCSV || c.Query("format") == "", raw)
	})
}

// previewWait is how long a preview waits for what it looks at to be read.
const previewWait = 250 * time.Millisecond

// previewSample is how many members a preview shows.
const previewSample = 10

// preview answers who a rule would hold for, or, with 202, how much of what it looks at
// has been read so far.
func (a *API) preview(c *call) ([]byte, error) {
	rule, self, err := ingest.Preview(c.body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), previewWait)
	defer cancel()
	p, err := a.membership.Preview(ctx, rule, self, previewSample)
	if err != nil {
		return nil, err
	}
	if p.Loading < 1 {
		c.status = http.StatusAccepted
		b := append([]byte(`{"loading":`), strconv.FormatFloat(p.Loading, 'f', 2, 64)...)
		return append(b, '}'), nil
	}
	customers, err := a.membership.Sample(c.Request.Context(), p.Sample)
	if err != nil {
		return nil, err
	}
	words, err := a.membership.WordsOf(c.Request.Context(), rule)
	if err != nil {
		return nil, err
	}
	b := append([]byte(`{"count":`), strconv.FormatInt(p.Count, 10)...)
	b = append(b, `,"total":`...)
	b = strconv.AppendInt(b, p.Total, 10)
	b = append(b, `,"sample":[`...)
	for i := range customers {
		b = a.appendUser(c.Request.Context(), comma(b, i), &customers[i])
	}
	b = append(b, `],"words":`...)
	b = app.AppendQuote(b, words)
	b = append(b, `,"conditions":[`...)
	for i, n := range p.Conditions {
		b = strconv.AppendInt(comma(b, i), n, 10)
	}
	return append(b, ']', '}'), nil
}
