package mock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kith/app"
	"kith/app/api"
)

// maxControl bounds a body of the control API: a fixture.
const maxControl = 64 << 20

// settleWait is the longest that an answer waits for what follows from a change.
const settleWait = 30 * time.Second

// mountControl mounts /mock.
func (m *Mock) mountControl(mux *http.ServeMux) {
	handle := func(pattern string, h func(r *http.Request, body []byte) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			// Whoever waits for requests may do so for longer than the server lets others.
			control, end := http.NewResponseController(w), time.Now().Add(maxWait+10*time.Second)
			_, _ = control.SetReadDeadline(end), control.SetWriteDeadline(end)
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
			if err != nil {
				err = app.Invalid("", "the body cannot be read: %v", err)
			}
			var out any
			if err == nil {
				out, err = h(r, body)
			}
			respond(w, r, out, err)
		})
	}
	handle("GET /mock", func(r *http.Request, _ []byte) (any, error) { return m.about(r) })
	handle("POST /mock/reset", func(r *http.Request, _ []byte) (any, error) {
		if err := m.Reset(context.WithoutCancel(r.Context())); err != nil {
			return nil, err
		}
		fmt.Fprintf(m.o.Out, "reset; the dashboard is at %s\n", m.Setup())
		return m.about(r)
	})
	handle("POST /mock/fixture", func(r *http.Request, body []byte) (any, error) { return m.load(r.Context(), body) })
	handle("GET /mock/requests", m.requests)
	handle("DELETE /mock/requests", func(*http.Request, []byte) (any, error) { m.record.clear(); return done, nil })
	handle("GET /mock/failures", func(*http.Request, []byte) (any, error) { return data{m.failures.list()}, nil })
	handle("POST /mock/failures", m.fail)
	handle("DELETE /mock/failures", func(*http.Request, []byte) (any, error) { m.failures.clear(); return done, nil })
	handle("GET /mock/clock", func(*http.Request, []byte) (any, error) { return m.time(), nil })
	handle("POST /mock/clock", m.moveClock)
	handle("POST /mock/drain", func(r *http.Request, _ []byte) (any, error) { return done, m.drain(r.Context()) })
	mux.HandleFunc("/mock/", func(w http.ResponseWriter, r *http.Request) {
		api.Fail(w, r, http.StatusNotFound, fmt.Sprintf("There is no %s %s here. GET /mock says what there is.", r.Method, r.URL.Path))
	})
}

var done = map[string]string{"status": "ok"}

type data struct {
	Data any `json:"data"`
}

// lateError says that what was waited for did not come; Data is what did.
type lateError struct {
	Sentence string `json:"error"`
	Data     any    `json:"data"`
}

func (e *lateError) Error() string { return e.Sentence }

// respond answers as Engage's API does.
func respond(w http.ResponseWriter, r *http.Request, out any, err error) {
	status := http.StatusOK
	var late *lateError
	switch e := new(app.Error); {
	case errors.As(err, &late):
		status, out = http.StatusGatewayTimeout, late
	case errors.As(err, &e) && (e.Code == app.CodeInvalid || e.Code == app.CodeNotFound || e.Code == app.CodeConflict):
		api.Fail(w, r, http.StatusBadRequest, e.Sentence())
		return
	case err != nil:
		api.Fail(w, r, http.StatusInternalServerError, "The mock could not do that: "+err.Error())
		return
	}
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		api.Fail(w, r, http.StatusInternalServerError, err.Error())
		return
	}
	api.Send(w, r, status, "application/json; charset=utf-8", body.Bytes())
}

// decode reads a body strictly: a misspelt name would otherwise do nothing, in silence.
func decode(body []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return app.Invalid("", "the body cannot be read: %s; GET /mock shows what each call takes", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// about says what this is, and how to use it.
func (m *Mock) about(r *http.Request) (any, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.ws == nil {
		return nil, m.broken
	}
	t, err := m.ws.Store.Totals(r.Context())
	if err != nil {
		return nil, err
	}
	return struct {
		Version   string   `json:"version"`
		Clock     any      `json:"clock"`
		Customers int64    `json:"customers"`
		Events    int64    `json:"events"`
		Setup     string   `json:"setup,omitempty"`
		Calls     []string `json:"calls"`
	}{m.o.Version, m.time(), t.Customers, t.Events, m.ws.Setup, []string{
		`POST /mock/reset`,
		`POST /mock/fixture {"lists":[{"title"}],"customers":[{"id",…,"lists":["title"]}],"events":[{"uid","event","ago":"3d"}],"segments":[{"title","rule"}]}`,
		`GET /mock/requests?method=&path=&status=&contains=&after=SEQ[&wait=5s&count=N]`, `DELETE /mock/requests`,
		`POST /mock/failures {"method","path":"/users/*","count":1,"status":503,"body","retry_after","delay":"2s","drop":true,"applied":true}`, `GET /mock/failures`, `DELETE /mock/failures`,
		`POST /mock/clock {"by":"30d"} | {"to":"2030-01-01T00:00:00Z"} | {"real":true}`, `GET /mock/clock`,
		`POST /mock/drain`,
	}}, nil
}

// maxWait is the longest that one may wait for requests.
const maxWait = 5 * time.Minute

// requests lists those that were asked for, oldest first, and waits until there are so many.
func (m *Mock) requests(r *http.Request, _ []byte) (any, error) {
	want, err := filterOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	count, wait := 1, time.Duration(0)
	if s := q.Get("count"); s != "" {
		if count, err = strconv.Atoi(s); err != nil || count < 1 {
			return nil, app.Invalid("count", "must be a number of requests")
		}
	}
	if s := q.Get("wait"); s != "" {
		if wait, err = time.ParseDuration(s); err != nil || wait < 0 || wait > maxWait {
			return nil, app.Invalid("wait", "must be a time up to %s, such as \"5s\"", maxWait)
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		found, changed := m.record.find(want)
		if len(found) >= count || !q.Has("wait") {
			return data{found}, nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return nil, &lateError{fmt.Sprintf("Waited %s: %d of %d requests came.", wait, len(found), count), found}
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// filterOf reads which requests are meant.
func filterOf(q url.Values) (func(*Request) bool, error) {
	for name := range q {
		switch name {
		case "method", "path", "status", "contains", "after", "wait", "count":
		default:
			return nil, app.Invalid(name, "is none of method, path, status, contains, after, wait, count")
		}
	}
	number := func(name string, else_ int64) (int64, error) {
		s := q.Get(name)
		if s == "" {
			return else_, nil
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, app.Invalid(name, "must be a number")
		}
		return n, nil
	}
	status, err := number("status", -1)
	if err != nil {
		return nil, err
	}
	after, err := number("after", 0)
	if err != nil {
		return nil, err
	}
	f := Failure{Method: q.Get("method"), Path: q.Get("path"), Drop: true}
	if err := f.check(); err != nil {
		return nil, err
	}
	var contains *regexp.Regexp
	if s := q.Get("contains"); s != "" {
		contains = regexp.MustCompile("(?i)" + regexp.QuoteMeta(s))
	}
	return func(e *Request) bool {
		return e.Seq > after && (status < 0 || int64(e.Status) == status) && f.matches(e.Method, e.Path) &&
			(contains == nil || contains.Match(plain(e.body, e.bodyEncoding)))
	}, nil
}

// fail takes one failure, or a list of them.
func (m *Mock) fail(_ *http.Request, body []byte) (any, error) {
	var more []*Failure
	if strings.HasPrefix(strings.TrimSpace(string(body)), "[") {
		if err := decode(body, &more); err != nil {
			return nil, err
		}
	} else {
		f := new(Failure)
		if err := decode(body, f); err != nil {
			return nil, err
		}
		more = append(more, f)
	}
	for _, f := range more {
		if f == nil {
			return nil, app.Invalid("", "a failure must be an object")
		}
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	m.failures.add(more)
	return data{m.failures.list()}, nil
}

// clockTime is what the clock shows.
type clockTime struct {
	Now   app.Instant `json:"now"`
	Shift int64       `json:"shift_ms"`
}

func (m *Mock) time() clockTime {
	clock := m.clock.Load()
	return clockTime{app.InstantOf(clock.Now()), clock.Shift().Milliseconds()}
}

// The clock may be moved to these years: beyond them a shift would not fit.
const firstYear, lastYear = 1971, 2200

// moveClock moves the clock and answers when everything has followed. It runs on from
// there. Sessions, TLS and limits stay on the machine's time.
func (m *Mock) moveClock(r *http.Request, body []byte) (any, error) {
	var in struct {
		By   string          `json:"by"`
		To   json.RawMessage `json:"to"`
		Real bool            `json:"real"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	clock := m.clock.Load()
	now, real := app.InstantOf(clock.Now()), clock.Now().Add(-clock.Shift())
	to := now
	var err error
	switch {
	case in.Real && in.By == "" && in.To == nil:
		to = app.InstantOf(real)
	case in.By != "" && in.To == nil && !in.Real:
		to, err = m.after(now, in.By)
	case in.To != nil && in.By == "" && !in.Real:
		if to, err = app.ParseInstant(in.To, m.o.Zone); err != nil {
			err = app.Invalid("to", "%v", err)
		}
	default:
		err = app.Invalid("", "give one of by (\"30d\", \"-1h\"), to (a timestamp) and real (true)")
	}
	if err != nil {
		return nil, err
	}
	if year := to.Time().Year(); year < firstYear || year > lastYear {
		return nil, app.Invalid("", "the clock can show the years %d to %d", firstYear, lastYear)
	}
	if err := m.shift(clock, to.Time().Sub(real)); err != nil {
		return nil, err
	}
	if err := m.drain(r.Context()); err != nil {
		return nil, err
	}
	return m.time(), nil
}

// after is the instant a time like "30d", "36h" or "-2w" after another.
func (m *Mock) after(t app.Instant, by string) (app.Instant, error) {
	text, back := strings.CutPrefix(strings.TrimPrefix(by, "+"), "-")
	d, err := app.ParseDuration(text)
	if err != nil {
		return 0, app.Invalid("by", "%v", err)
	}
	if back {
		return d.Before(t, m.o.Zone), nil
	}
	return d.After(t, m.o.Zone), nil
}

// drain waits until all that follows from what was written is done.
func (m *Mock) drain(ctx context.Context) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.ws == nil {
		return m.broken
	}
	return m.drainLocked(ctx)
}

func (m *Mock) drainLocked(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	defer context.AfterFunc(m.ctx, cancel)()
	if err := settle(ctx, m.ws); err != nil {
		return fmt.Errorf("wait until everything has followed: %w", err)
	}
	return nil
}
