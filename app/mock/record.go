package mock

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"kith/app"
)

const (
	// recordBody is how much of a body or an answer is kept.
	recordBody = 1 << 20
	// recordAll and recordBytes bound what is kept; the oldest goes first.
	recordAll   = 10_000
	recordBytes = 128 << 20
)

// Request is one request and its answer.
type Request struct {
	Seq     int64
	At      app.Instant // by the mock's clock
	Method  string
	Path    string // decoded, as it came: with or without /v1
	Query   string
	Headers map[string]string // without Authorization
	Key     string            // the public key
	Status  int               // 0: the connection was dropped
	Took    int64             // milliseconds
	// Failure is what was asked for: "status", "delay" or "drop".
	Failure string
	// Truncated: of a body or answer only the first megabyte is kept.
	Truncated bool

	epoch int // of the record, when it came

	body, answer                 []byte
	bodyEncoding, answerEncoding string
}

func (e *Request) size() int { return len(e.body) + len(e.answer) + 500 }

// MarshalJSON writes the request with its body and answer: as JSON where they are, as
// text otherwise, unpacked in any case.
func (e *Request) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Seq       int64             `json:"seq"`
		At        app.Instant       `json:"at"`
		Method    string            `json:"method"`
		Path      string            `json:"path"`
		Query     string            `json:"query,omitempty"`
		Key       string            `json:"key,omitempty"`
		Headers   map[string]string `json:"headers"`
		Body      json.RawMessage   `json:"body"`
		Status    int               `json:"status"`
		Answer    json.RawMessage   `json:"answer"`
		Took      int64             `json:"took_ms"`
		Failure   string            `json:"failure,omitempty"`
		Truncated bool              `json:"truncated,omitempty"`
	}{e.Seq, e.At, e.Method, e.Path, e.Query, e.Key, e.Headers, shown(e.body, e.bodyEncoding), e.Status, shown(e.answer, e.answerEncoding), e.Took, e.Failure, e.Truncated})
}

func shown(b []byte, encoding string) json.RawMessage {
	b = plain(b, encoding)
	switch {
	case len(b) == 0:
		return json.RawMessage("null")
	case json.Valid(b):
		return b
	case !utf8.Valid(b):
		b = bytes.ToValidUTF8(b, []byte("�"))
	}
	return app.Quote(string(b))
}

// plain unpacks what was sent packed, as far as it goes.
func plain(b []byte, encoding string) []byte {
	if encoding != "gzip" {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return b
	}
	out, _ := io.ReadAll(io.LimitReader(z, 16*recordBody)) // a cut body ends early, and is shown so far
	return out
}

func headersOf(r *http.Request) map[string]string {
	out := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		if name != "Authorization" && name != "Cookie" && len(values) > 0 {
			out[http.CanonicalHeaderKey(name)] = values[0]
		}
	}
	return out
}

// record is what came, oldest first.
type record struct {
	mu      sync.Mutex
	seq     int64
	bytes   int
	all     []*Request
	changed chan struct{} // closed and renewed with each request
	epoch   int           // how often it was cleared
}

// now is the epoch that a request begins in.
func (r *record) now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch
}

// add keeps a request, unless the record was cleared since it came.
func (r *record) add(e *Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.epoch != r.epoch {
		return
	}
	r.seq++
	e.Seq = r.seq
	r.all = append(r.all, e)
	r.bytes += e.size()
	drop := 0
	for drop < len(r.all)-1 && (len(r.all)-drop > recordAll || r.bytes > recordBytes) {
		r.bytes -= r.all[drop].size()
		r.all[drop] = nil
		drop++
	}
	r.all = r.all[drop:]
	close(r.changed)
	r.changed = make(chan struct{})
}

// clear forgets what came. Numbers go on.
func (r *record) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all, r.bytes, r.epoch = nil, 0, r.epoch+1
}

// forget drops what mentions one of some texts, given in small letters. Numbers go on.
func (r *record) forget(texts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := make([]*Request, 0, len(r.all))
	r.bytes = 0
	for _, e := range r.all {
		if !e.mentions(texts) {
			kept = append(kept, e)
			r.bytes += e.size()
		}
	}
	r.all = kept
}

func (e *Request) mentions(texts []string) bool {
	where := []string{e.Path + "/", e.Query, string(plain(e.body, e.bodyEncoding)), string(plain(e.answer, e.answerEncoding))}
	for _, v := range e.Headers {
		where = append(where, v)
	}
	if form, err := url.ParseQuery(string(e.body)); err == nil { // PostHog's clients pack what they send into one
		for _, values := range form {
			for _, v := range values {
				if b, err := base64.StdEncoding.DecodeString(v); err == nil && utf8.Valid(b) {
					where = append(where, string(b))
				}
			}
		}
	}
	return app.Mentions(texts, where...)
}

// erasing reports whether a request asks for somebody to be erased.
func (e *Request) erasing() bool {
	return e.Method == http.MethodDelete && strings.Contains(e.Query, "erase=true") && strings.HasPrefix(withoutVersion(e.Path), "/users/")
}

// hide takes who is erased out of the request that asks for it: that it was asked for stays.
func (e *Request) hide() {
	if e.Status >= 300 {
		return // it was not done, and a test looks for why
	}
	users := strings.Index(e.Path, "/users/") + len("/users/")
	e.Path, e.Query = e.Path[:users]+"…", "erase=true"
}

// find returns what want holds for, oldest first, and a channel that is closed when
// something more has come.
func (r *record) find(want func(*Request) bool) ([]*Request, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []*Request{}
	for _, e := range r.all {
		if want(e) {
			out = append(out, e)
		}
	}
	return out, r.changed
}
