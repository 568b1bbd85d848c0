package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"kith/app"
	"kith/app/api"
)

// Failure is what becomes of the next requests that it matches, instead of their answer.
type Failure struct {
	// Method and Path choose the requests; "" matches any. A * in Path stands for any
	// characters; /v1 in front makes no difference.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Count is how many requests it is for; 0 in a request is 1, -1 all until it is removed.
	Count int `json:"count"`
	// Status and Body are the answer: Body as JSON, or a text sent as it is. Without a Body
	// it is an error in Engage's form. A Status of 0 leaves the answer as it is.
	Status     int             `json:"status,omitempty"`
	Body       json.RawMessage `json:"body,omitempty"`
	RetryAfter string          `json:"retry_after,omitempty"`
	// Delay comes before it, or before the true answer if there is nothing else: "1.5s".
	Delay string `json:"delay,omitempty"`
	// Drop cuts the connection without an answer.
	Drop bool `json:"drop,omitempty"`
	// Applied: what was sent is stored all the same, and only the answer gets lost.
	Applied bool `json:"applied,omitempty"`

	delay time.Duration
	path  *regexp.Regexp
}

// maxDelay is the longest that an answer may be put off: a connection's own limit.
const maxDelay = 50 * time.Second

// check reads what is in words, and says what is wrong.
func (f *Failure) check() error {
	var err error
	if f.Delay != "" {
		if f.delay, err = time.ParseDuration(f.Delay); err != nil || f.delay < 0 || f.delay > maxDelay {
			return app.Invalid("delay", "must be a time up to %s, such as \"250ms\" or \"2s\"", maxDelay)
		}
	}
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return app.Invalid("status", "must be an HTTP status from 200 to 599")
	case f.Drop && f.Status != 0:
		return app.Invalid("drop", "a dropped connection has no status; give one of both")
	case !f.Drop && f.Status == 0 && f.delay == 0:
		return app.Invalid("", "say what is to happen: status, delay or drop")
	case f.Applied && !f.Drop && f.Status == 0:
		return app.Invalid("applied", "a delay alone is always applied; it goes with status or drop")
	case f.Status == 0 && (len(f.Body) > 0 || f.RetryAfter != ""):
		return app.Invalid("status", "is missing; body and retry_after go with one")
	case f.Count < -1:
		return app.Invalid("count", "must be a number of requests, or -1 for all")
	}
	if f.Count == 0 {
		f.Count = 1
	}
	f.Method = strings.ToUpper(f.Method)
	if f.Path != "" {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(withoutVersion(f.Path)), `\*`, `.*`)
		f.path = regexp.MustCompile("^(?s:" + pattern + ")$")
	}
	return nil
}

func withoutVersion(path string) string {
	if rest, ok := strings.CutPrefix(path, "/v1/"); ok {
		return "/" + rest
	}
	return path
}

func (f *Failure) matches(method, path string) bool {
	return (f.Method == "" || f.Method == method) && (f.path == nil || f.path.MatchString(withoutVersion(path)))
}

// kind is what it does, in a word.
func (f *Failure) kind() string {
	switch {
	case f.Drop:
		return "drop"
	case f.Status != 0:
		return "status"
	}
	return "delay"
}

// answer is the body and its type.
func (f *Failure) answer() ([]byte, string) {
	const jsonType = "application/json; charset=utf-8"
	body := bytes.TrimSpace(f.Body)
	if len(body) == 0 {
		return api.ErrorBody("The mock was asked to answer " + http.StatusText(f.Status) + "."), jsonType
	}
	if text, ok := app.Text(body); ok {
		return []byte(text), http.DetectContentType([]byte(text))
	}
	return body, jsonType
}

// failures are those that were asked for, in the order in which they are tried.
type failures struct {
	mu  sync.Mutex
	all []*Failure
}

func (s *failures) add(more []*Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, more...)
}

func (s *failures) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = nil
}

// list returns those that are left.
func (s *failures) list() []Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Failure, len(s.all))
	for i, f := range s.all {
		out[i] = *f
	}
	return out
}

// take returns the first that matches a request, once less than before, or nil.
func (s *failures) take(method, path string) *Failure {
	if method == http.MethodOptions {
		return nil // a browser's preflight would fail in the place of what it asks for
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.all {
		if !f.matches(method, path) {
			continue
		}
		if f.Count > 0 {
			if f.Count--; f.Count == 0 {
				s.all = append(s.all[:i:i], s.all[i+1:]...)
			}
		}
		out := *f
		return &out
	}
	return nil
}
