package mock

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"kith/app"
	"kith/app/api"
)

// serve answers a request as the server would, records it, and fails it where that was
// asked for.
func (m *Mock) serve(w http.ResponseWriter, r *http.Request) {
	if isDashboard(r.URL.Path) {
		m.pass(w, r, m.resets.Load())
		return
	}
	resets := m.resets.Load()
	start := time.Now()
	e := &Request{At: app.InstantOf(m.clock.Load().Now()), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Headers: headersOf(r), epoch: m.record.now()}
	e.Key, _, _ = r.BasicAuth()
	in := &tee{ReadCloser: r.Body}
	r.Body = in
	out := &answer{ResponseWriter: w, status: http.StatusOK}
	end := func() {
		e.Status, e.Took = out.status, time.Since(start).Milliseconds()
		if e.Failure == "drop" {
			e.Status = 0
		}
		e.body, e.bodyEncoding = in.buf.Bytes(), r.Header.Get("Content-Encoding")
		e.answer, e.answerEncoding = out.buf.Bytes(), w.Header().Get("Content-Encoding")
		e.Truncated = in.cut || out.cut
		if e.erasing() {
			e.hide()
		}
		m.record.add(e)
		m.say(e)
	}
	f := m.failures.take(r.Method, r.URL.Path)
	if f == nil {
		defer end()
		m.pass(out, r, resets)
		return
	}
	e.Failure = f.kind()
	if f.delay > 0 {
		timer := time.NewTimer(f.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	}
	switch {
	case !f.Drop && f.Status == 0:
		defer end()
		m.pass(out, r, resets)
		return
	case f.Applied:
		m.pass(&unheard{header: http.Header{}}, r, resets)
	default:
		_, _ = io.CopyN(io.Discard, in, recordBody)
	}
	defer end()
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	if f.Status == http.StatusNoContent || f.Status == http.StatusNotModified {
		out.WriteHeader(f.Status)
		return
	}
	body, kind := f.answer()
	if f.RetryAfter != "" {
		out.Header().Set("Retry-After", f.RetryAfter)
	}
	out.Header().Set("Access-Control-Allow-Origin", "*")
	api.Send(out, r, f.Status, kind, body)
}

// pass hands a request to the workspace, if it is still the one that the request came to:
// what was put off until after a reset must not write into what begins anew.
func (m *Mock) pass(w http.ResponseWriter, r *http.Request, resets int64) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.resets.Load() != resets {
		api.Fail(w, r, http.StatusServiceUnavailable, "The mock was reset while this request was under way: nothing of it was stored.")
		return
	}
	if m.ws == nil {
		api.Fail(w, r, http.StatusServiceUnavailable, "The mock has no workspace: "+m.broken.Error())
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(m.ctx, cancel)()
	m.ws.Handler.ServeHTTP(w, r.WithContext(ctx))
}

// say prints a request's line.
func (m *Mock) say(e *Request) {
	path := e.Path
	if e.Query != "" {
		path += "?" + e.Query
	}
	line := fmt.Sprintf("%s  %-6s %s  %s  %d ms", e.At.Time().In(m.o.Zone).Format("15:04:05.000"), e.Method, path, statusText(e.Status), e.Took)
	if e.Failure != "" {
		line += "  (asked for: " + e.Failure + ")"
	}
	if e.Status >= 400 {
		if text := errorOf(plain(e.answer, e.answerEncoding)); text != "" {
			line += "\n    " + text
		}
	}
	_, _ = io.WriteString(m.o.Out, line+"\n")
}

func statusText(status int) string {
	if status == 0 {
		return "dropped"
	}
	return fmt.Sprint(status)
}

// errorOf is the sentence of {"error":"…"}.
func errorOf(body []byte) string {
	members, err := app.Members(body, nil)
	if err != nil || app.JSONKind(body) != app.ObjectKind {
		return ""
	}
	for _, m := range members {
		if m.Name == "error" {
			s, _ := app.Text(m.Value)
			return s
		}
	}
	return ""
}

// isControl reports whether a path is the mock's own.
func isControl(path string) bool { return path == "/mock" || strings.HasPrefix(path, "/mock/") }

// isDashboard reports whether a path is the dashboard's, whose requests are not Engage's
// and so are not recorded.
func isDashboard(path string) bool {
	if strings.HasPrefix(path, "/api/v1/") || strings.HasPrefix(path, "/api/v2/") { // Customer.io's clients
		return false
	}
	for _, prefix := range []string{"/app/", "/api/", "/_/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	switch path {
	case "/", "/app", "/favicon.ico", "/healthz", "/readyz":
		return true
	}
	return false
}

// tee keeps what was read of a request's body.
type tee struct {
	io.ReadCloser
	buf bytes.Buffer
	cut bool
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	keep(&t.buf, &t.cut, p[:n])
	return n, err
}

// answer keeps what was answered.
type answer struct {
	http.ResponseWriter
	status int
	buf    bytes.Buffer
	cut    bool
}

func (a *answer) WriteHeader(status int) {
	if status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	keep(&a.buf, &a.cut, p)
	return a.ResponseWriter.Write(p)
}

// Unwrap lets streams move their deadline.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush sends what a stream has written.
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

func keep(buf *bytes.Buffer, cut *bool, p []byte) {
	if room := recordBody - buf.Len(); len(p) > room {
		p, *cut = p[:room], true
	}
	buf.Write(p)
}

// unheard takes the answer of a request that was applied and whose client is to hear
// something else.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) WriteHeader(int)             {}
func (u *unheard) Write(p []byte) (int, error) { return len(p), nil }
