package api

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"kith/app"
)

// status says how far everything is. With wait it answers when every reader has
// reached the head it saw at the start, or the time is over.
func (a *API) status(c *call) ([]byte, error) {
	ctx := c.Request.Context()
	caughtUp := true
	if text := c.Query("wait"); text != "" {
		wait, err := time.ParseDuration(text)
		if err != nil || wait < 0 || wait > time.Minute {
			return nil, app.Invalid("wait", `must be a time up to 60s, such as "10s", not %q`, shorten(text))
		}
		timed, cancel := context.WithTimeout(ctx, wait)
		caughtUp, err = a.store.AwaitReaders(timed)
		cancel()
		if err != nil {
			return nil, err
		}
	}
	feed, err := a.store.FeedState(ctx)
	if err != nil {
		return nil, err
	}
	totals, err := a.store.Totals(ctx)
	if err != nil {
		return nil, err
	}
	b := append([]byte(`{"version":`), app.Quote(a.o.Version)...)
	b = append(b, `,"feed":{"head":`...)
	b = strconv.AppendInt(b, feed.Head, 10)
	names := make([]string, 0, len(feed.Readers))
	for name := range feed.Readers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		b = append(b, ',')
		b = app.AppendQuote(b, name)
		b = append(b, ':')
		b = strconv.AppendInt(b, feed.Readers[name], 10)
	}
	b = append(b, `},"caught_up":`...)
	b = strconv.AppendBool(b, caughtUp)
	b = append(b, `,"customers":`...)
	b = strconv.AppendInt(b, totals.Customers, 10)
	b = append(b, `,"events":`...)
	b = strconv.AppendInt(b, totals.Events, 10)
	if b, err = a.appendHealth(ctx, b); err != nil {
		return nil, err
	}
	if a.o.Search == nil {
		return append(b, '}'), nil
	}
	index, err := json.Marshal(a.o.Search.Index())
	if err != nil {
		return nil, err
	}
	b = append(append(b, `,"search":`...), index...)
	return append(b, '}'), nil
}

// stream is an export on its way out, packed if the client takes it.
type stream struct {
	*bufio.Writer
	z     *gzip.Writer
	c     *call
	flush time.Time
}

func (c *call) stream(contentType, name string) *stream {
	h := c.Writer.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Encoding")
	s := &stream{c: c}
	var out io.Writer = c.Writer
	if AcceptsGzip(c.Request) {
		h.Set("Content-Encoding", "gzip")
		s.z, _ = gzip.NewWriterLevel(out, gzip.BestSpeed)
		out = s.z
	}
	s.Writer = bufio.NewWriterSize(out, 64<<10)
	c.Writer.WriteHeader(http.StatusOK)
	return s
}

// line is called after each line: it gives the client time to read on. An export may
// take longer than any request; it ends when the client stops reading for a minute.
func (s *stream) line() error {
	if now := time.Now(); now.After(s.flush) {
		s.flush = now.Add(10 * time.Second)
		return http.NewResponseController(s.c.Writer).SetWriteDeadline(now.Add(time.Minute))
	}
	return nil
}

func (s *stream) close() error {
	err := s.Flush()
	if s.z != nil && err == nil {
		err = s.z.Close()
	}
	return err
}

// format reads how an export is to be written.
func (c *call) format() (asCSV, raw bool, err error) {
	switch c.Query("format") {
	case "", "ndjson":
	case "csv":
		asCSV = true
	default:
		return false, false, app.Invalid("format", `must be "ndjson" or "csv", not %q`, shorten(c.Query("format")))
	}
	return asCSV, c.Query("raw") == "true", nil
}

func (a *API) exportCustomers(c *call) ([]byte, error) {
	asCSV, raw, err := c.format()
	if err != nil {
		return nil, err
	}
	g, err := c.segment()
	if err != nil {
		return nil, err
	}
	return c.deed("customer.export", "", exported(c, g), func() ([]byte, error) {
		if c.follows() {
			return nil, a.followCustomers(c, g, asCSV)
		}
		return a.exportOf(c, g, asCSV, raw)
	})
}

// exported is what the audit log says of an export.
func exported(c *call, g *app.Segment) map[string]any {
	detail := map[string]any{}
	if g != nil {
		detail["segment"] = g.ID
	}
	if c.follows() {
		detail["follow"] = true
	}
	return detail
}

// exportOf streams customers: all of them, oldest first, or those of a segment, newest first.
func (a *API) exportOf(c *call, g *app.Segment, asCSV, raw bool) ([]byte, error) {
	ctx, name := c.Request.Context(), "customers"
	each := a.store.EachCustomer
	if g != nil {
		name = "segment-" + g.ID
		each = func(ctx context.Context, f func(*app.Customer) error) error { return a.membership.Each(ctx, g, f) }
	}
	if !asCSV {
		s := c.stream("application/x-ndjson; charset=utf-8", name+".ndjson")
		var b []byte
		err := each(ctx, func(customer *app.Customer) error {
			b = append(a.appendUser(ctx, b[:0], customer), '\n')
			if _, err := s.Write(b); err != nil {
				return err
			}
			return s.line()
		})
		return nil, s.end(err)
	}
	custom, err := CustomColumns(ctx, a.store)
	if err != nil {
		return nil, err
	}
	s := c.stream("text/csv; charset=utf-8", name+".csv")
	err = WriteCustomers(csv.NewWriter(s), custom, raw, func(f func(*app.Customer) error) error {
		return each(ctx, func(customer *app.Customer) error {
			if err := f(customer); err != nil {
				return err
			}
			return s.line()
		})
	})
	return nil, s.end(err)
}

// CustomColumns are the names of the custom attributes that any customer has: the last
// columns of [WriteCustomers].
func CustomColumns(ctx context.Context, store interface {
	Attributes(ctx context.Context) ([]app.AttributeStat, error)
}) ([]string, error) {
	stats, err := store.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	var custom []string
	for _, s := range stats {
		if !s.Standard && s.Customers() > 0 {
			custom = append(custom, s.Name)
		}
	}
	return custom, nil
}

// WriteCustomers writes the customers that each calls its argument with, a line each,
// below a line of names. Unless raw, no cell is one that a spreadsheet would run.
func WriteCustomers(w *csv.Writer, custom []string, raw bool, each func(func(*app.Customer) error) error) error {
	safe := cell(raw)
	header := append([]string{"uid", "id", "first_name", "last_name", "email", "number", "created_at", "is_account", "archived", "last_interaction"}, custom...)
	for i := range header {
		header[i] = safe(header[i])
	}
	if err := w.Write(header); err != nil {
		return err
	}
	if err := each(func(customer *app.Customer) error { return w.Write(customerCells(customer, custom, safe)) }); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// end closes a stream. A failure in the middle cannot be answered any more: the
// connection is cut, so that the client sees that the export is not whole.
func (s *stream) end(err error) error {
	if err == nil {
		err = s.close()
	}
	if err != nil {
		s.c.api.o.Log.Warn("an export broke off", "request", s.c.requestID(), "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func customerCells(c *app.Customer, custom []string, safe func(string) string) []string {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	last := ""
	if c.LastInteraction != nil {
		last = c.LastInteraction.String()
	}
	cells := []string{c.UID, c.ID, text(c.FirstName), text(c.LastName), text(c.Email), text(c.Number), c.CreatedAt.String(),
		strconv.FormatBool(c.IsAccount), strconv.FormatBool(c.Archived()), last}
	values := make(map[string][]byte, len(c.Attributes))
	for _, a := range c.Attributes {
		values[a.Name] = a.Value
	}
	for _, name := range custom {
		cells = append(cells, cellText(values[name]))
	}
	for i := range cells {
		cells[i] = safe(cells[i])
	}
	return cells
}

// cellText is a JSON value as a cell: a text bare, everything else as its JSON.
func cellText(raw []byte) string {
	if raw == nil {
		return ""
	}
	if s, ok := app.Text(raw); ok {
		return s
	}
	return string(raw)
}

// cell makes a cell that a spreadsheet will not run as a formula, unless raw.
// A negative number is no formula.
func cell(raw bool) func(string) string {
	return func(s string) string {
		if raw || s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
			return s
		}
		if _, err := strconv.ParseFloat(s, 64); err == nil && s[0] == '-' {
			return s
		}
		return "'" + s
	}
}

func (a *API) exportEvents(c *call) ([]byte, error) {
	asCSV, raw, err := c.format()
	if err != nil {
		return nil, err
	}
	f, err := c.eventFilter()
	if err != nil {
		return nil, err
	}
	g, err := c.segment()
	if err != nil {
		return nil, err
	}
	return c.deed("event.export", "", exported(c, g), func() ([]byte, error) { return a.exportEventsOf(c, g, f, asCSV, raw) })
}

// exportEventsOf streams events: all of them, or those of a segment's members.
func (a *API) exportEventsOf(c *call, g *app.Segment, f app.EventFilter, asCSV, raw bool) ([]byte, error) {
	each := a.store.EachEvent
	if c.follows() {
		return nil, a.followEvents(c, g, f, asCSV)
	}
	if g != nil {
		has, err := a.membership.Test(c.Request.Context(), g)
		if err != nil {
			return nil, err
		}
		each = func(ctx context.Context, filter app.EventFilter, f func(*app.Event) error) error {
			return a.store.EachEvent(ctx, filter, func(e *app.Event) error {
				if !has(e.Customer) {
					return nil
				}
				return f(e)
			})
		}
	}
	if !asCSV {
		s := c.stream("application/x-ndjson; charset=utf-8", "events.ndjson")
		var b []byte
		err := each(c.Request.Context(), f, func(e *app.Event) error {
			b = append(appendEvent(b[:0], e, true), '\n')
			if _, err := s.Write(b); err != nil {
				return err
			}
			return s.line()
		})
		return nil, s.end(err)
	}
	s := c.stream("text/csv; charset=utf-8", "events.csv")
	w := csv.NewWriter(s)
	safe := cell(raw)
	err := w.Write([]string{"uid", "event", "value", "properties", "timestamp", "message_id"})
	if err == nil {
		err = each(c.Request.Context(), f, func(e *app.Event) error {
			row := []string{e.UID, e.Name, cellText(e.Value), string(e.Properties), e.At.String(), e.MessageID}
			for i := range row {
				row[i] = safe(row[i])
			}
			if err := w.Write(row); err != nil {
				return err
			}
			return s.line()
		})
	}
	w.Flush()
	return nil, s.end(err)
}
