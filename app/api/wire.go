package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"kith/app"
	"kith/app/requestlog"
)

// statuses is the one table from what went wrong to what HTTP calls it.
// Engage: 401 bad keys, 400 bad parameters, 429 limit; consumers read .error.
var statuses = map[app.Code]int{
	app.CodeInvalid:      http.StatusBadRequest,
	app.CodeUnauthorized: http.StatusUnauthorized,
	app.CodeForbidden:    http.StatusForbidden,
	app.CodeNotFound:     http.StatusNotFound,
	app.CodeConflict:     http.StatusConflict,
	app.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	app.CodeRateLimited:  http.StatusTooManyRequests,
	app.CodeUnavailable:  http.StatusServiceUnavailable,
	app.CodeInternal:     http.StatusInternalServerError,
}

// cors lets any page call: the browser SDK does, from wherever it is embedded, and a
// key is what protects, not an origin.
func (a *API) cors(c *call) {
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, Idempotent-Replayed")
}

// Preflight answers OPTIONS, which carries no key. Mounted by the server for every path of the API.
func Preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
	allow := "authorization, content-type, accept, idempotency-key, content-encoding"
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" && len(asked) < 1000 {
		allow = asked
	}
	h.Set("Access-Control-Allow-Headers", allow)
	h.Set("Access-Control-Max-Age", "7200")
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK) // gin has a 404 ready where no route took the path
	_, _ = w.Write(statusOK)
}

// bodyLimit is how large a body may be on a path.
func bodyLimit(path string) int64 {
	switch {
	case strings.HasSuffix(path, "/batch"):
		return app.MaxBatchBody
	case strings.HasPrefix(path, "/hooks/"), strings.HasSuffix(path, "/batch/"), path == "/i/v1/analytics/events":
		return app.MaxHookBody
	}
	return app.MaxBody
}

// readBody reads the body, unpacked, up to limit.
func readBody(c *call, limit int64) ([]byte, error) {
	r := c.Request
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	tooLarge := app.Fail(app.CodeTooLarge, "The body is larger than %s, the limit here. Send less at once; /v1/batch takes %s.", bytesText(limit), bytesText(app.MaxBatchBody))
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	var in io.Reader = http.MaxBytesReader(c.Writer, r.Body, limit)
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, app.Invalid("", "the body is said to be gzip, and is not")
		}
		in = io.LimitReader(z, limit+1)
	default:
		return nil, app.Invalid("Content-Encoding", "%q is not understood; send gzip, or nothing packed", encoding)
	}
	var buf bytes.Buffer
	if n := r.ContentLength; n > 0 && n <= 64<<10 {
		buf.Grow(int(n) + 1)
	}
	_, err := buf.ReadFrom(in)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over), int64(buf.Len()) > limit:
		return buf.Bytes()[:min(buf.Len(), requestlog.MaxShown)], tooLarge
	case err != nil:
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return buf.Bytes(), app.Invalid("", "the body did not arrive in time")
		}
		return buf.Bytes(), app.Invalid("", "the body broke off after %d bytes", buf.Len())
	}
	return buf.Bytes(), nil
}

func bytesText(n int64) string {
	if n >= 1<<20 {
		return strconv.FormatInt(n>>20, 10) + " MB"
	}
	return strconv.FormatInt(n>>10, 10) + " KB"
}

// answer sends what a handler made, or what went wrong, and logs the request.
func (a *API) answer(c *call, body []byte, err error) {
	status := c.status
	if status == 0 {
		status = http.StatusOK
	}
	sentence := ""
	if err != nil {
		if app.CodeOf(err) == app.CodeInternal && c.Request.Context().Err() != nil {
			err = app.Fail(app.CodeUnavailable, "The connection ended, or Kith is stopping: this was not answered. Try again in a moment.")
		}
		e := app.Public(err)
		status, sentence = statuses[e.Code], e.Sentence()
		body = ErrorBody(sentence)
		switch e.Code {
		case app.CodeRateLimited, app.CodeUnavailable:
			if !c.final {
				c.Header("Retry-After", "1")
			}
		case app.CodeInternal:
			body = append(append(body[:len(body)-1], `,"request_id":`...), app.Quote(c.requestID())...)
			body = append(body, '}')
			a.o.Log.Error("a request failed", "request", c.requestID(), "route", c.FullPath(), "error", err)
		}
		if e.Err != nil && e.Code != app.CodeInternal {
			a.o.Log.Warn("a request was not served", "request", c.requestID(), "error", err)
		}
	}
	if !c.Writer.Written() { // a stream has answered already
		Send(c.Writer, c.Request, status, "application/json; charset=utf-8", body)
	}
	a.log(c, status, body, sentence)
}

// ErrorBody is the body of every failure: {"error":"a sentence"}.
func ErrorBody(sentence string) []byte {
	b := append([]byte(`{"error":`), app.Quote(sentence)...)
	return append(b, '}')
}

func (c *call) requestID() string { return c.Writer.Header().Get("X-Request-Id") }

// log keeps the request for people to look at.
func (a *API) log(c *call, status int, answer []byte, sentence string) {
	if a.o.Requests == nil {
		return
	}
	r := &requestlog.Request{
		ID: c.requestID(), At: a.o.Clock.Now(), Method: c.Request.Method, Path: c.Request.URL.EscapedPath(), Query: c.Request.URL.RawQuery,
		Status: status, Took: time.Since(c.at), Error: sentence, IP: c.ClientIP(), UserAgent: c.Request.UserAgent(),
		ContentType: c.ContentType(), Bytes: len(c.body), AnswerBytes: len(answer),
		Body: shown(c.body), Answer: shown(answer),
	}
	if c.hidden != "" {
		r.Path = c.hidden
	}
	if c.key != nil {
		r.KeyName, r.KeyPublic, r.KeyHint = c.key.Name, c.key.Public, "pk_…"+c.key.Public[max(0, len(c.key.Public)-4):]
		if c.trusted {
			r.KeyHint = "sk_…" + c.key.PrivateHint
		}
	}
	a.o.Requests.Add(r)
}

// shown is the part of a body that the log keeps, in memory of its own when the body is large.
func shown(b []byte) []byte {
	if len(b) <= requestlog.MaxShown {
		return b
	}
	return bytes.Clone(b[:requestlog.MaxShown])
}

// gzipFrom is the size from which packing an answer is worth its time: a packet.
const gzipFrom = 1400

var gzipWriters = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	return z
}}

// Send writes an answer, packed if it is large and the client takes gzip.
func Send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	if len(body) >= gzipFrom {
		h.Add("Vary", "Accept-Encoding")
		if AcceptsGzip(r) {
			var packed bytes.Buffer
			z := gzipWriters.Get().(*gzip.Writer)
			z.Reset(&packed)
			_, err := z.Write(body)
			if err == nil {
				err = z.Close()
			}
			gzipWriters.Put(z)
			if err == nil {
				h.Set("Content-Encoding", "gzip")
				body = packed.Bytes()
			}
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Fail answers a failure in the API's form, for what is refused before a handler.
func Fail(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	Send(w, r, status, "application/json; charset=utf-8", ErrorBody(sentence))
}

// AcceptsGzip reports whether the client takes gzip.
func AcceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(part), ";")
		if name != "gzip" && name != "*" {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		if !weighted || err == nil && q > 0 {
			return true
		}
	}
	return false
}
