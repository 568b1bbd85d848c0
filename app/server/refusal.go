package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// refusals listens to what the authority answers, and remembers why it found a host to be
// another's: the library that speaks to it tries the next way then, and in the end says
// only that there is none.
type refusals struct {
	next http.RoundTripper

	mu      sync.Mutex
	reasons map[string]string // by host
}

// answerMost bounds what is read of an answer: a chain of certificates is a few kilobytes.
const answerMost = 1 << 20

func (r *refusals) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.next.RoundTrip(req)
	if err != nil || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		return res, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, answerMost))
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var authorization struct {
		Status     string
		Identifier struct{ Value string }
		Challenges []struct {
			Type  string
			Error struct{ Detail string }
		}
	}
	if json.Unmarshal(body, &authorization) != nil || authorization.Status != "invalid" {
		return res, nil
	}
	for _, c := range authorization.Challenges {
		if c.Error.Detail != "" {
			r.mu.Lock()
			r.reasons[authorization.Identifier.Value] = c.Type + ": " + c.Error.Detail
			r.mu.Unlock()
		}
	}
	return res, nil
}

// why takes the reason for a host, "" where there is none.
func (r *refusals) why(host string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	reason := r.reasons[host]
	delete(r.reasons, host)
	return reason
}
