package admin

import (
	"strings"
	"time"
	"unicode/utf8"

	"kith/app"
	"kith/app/requestlog"
)

type requestKey struct {
	Name string `json:"name"`
	Hint string `json:"hint"`
}

type requestView struct {
	Seq       int64       `json:"seq"`
	ID        string      `json:"id"`
	At        app.Instant `json:"at"`
	Method    string      `json:"method"`
	Path      string      `json:"path"`
	Query     string      `json:"query"`
	Key       *requestKey `json:"key"`
	Public    string      `json:"public,omitempty"` // the public key that came along
	Status    int         `json:"status"`
	TookMS    float64     `json:"took_ms"`
	Error     string      `json:"error"`
	IP        string      `json:"ip"`
	UserAgent string      `json:"user_agent"`
	Bytes     int         `json:"bytes"`
}

func requestOf(r *requestlog.Request) requestView {
	v := requestView{
		Seq: r.Seq, ID: r.ID, At: app.InstantOf(r.At), Method: r.Method, Path: r.Path, Query: r.Query, Status: r.Status,
		TookMS: milliseconds(r.Took), Error: r.Error, IP: r.IP, UserAgent: r.UserAgent, Bytes: r.Bytes,
	}
	if r.KeyName != "" {
		v.Key, v.Public = &requestKey{r.KeyName, r.KeyHint}, r.KeyPublic
	}
	return v
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (a *Admin) requests(c *call) (any, error) {
	limit, err := c.number("limit", 100, 500)
	if err != nil {
		return nil, err
	}
	before, err := c.number("before", 0, 1<<52)
	if err != nil {
		return nil, err
	}
	status, method, key, query := c.Query("status"), c.Query("method"), c.Query("key"), strings.ToLower(c.Query("query"))
	keep := func(r *requestlog.Request) bool {
		switch {
		case status == "answered" && r.Refused(),
			status == "refused" && (!r.Refused() || r.Failed()),
			status == "failed" && !r.Failed(),
			method != "" && method != r.Method,
			key != "" && key != r.KeyName:
			return false
		}
		return query == "" || strings.Contains(strings.ToLower(r.Path+"?"+r.Query+" "+r.ID+" "+r.Error), query)
	}
	kept, n := a.o.Requests.List(int64(before), limit, keep)
	out := make([]requestView, len(kept))
	for i, r := range kept {
		out[i] = requestOf(r)
	}
	type minuteView struct {
		At      app.Instant `json:"at"`
		Count   int         `json:"count"`
		Refused int         `json:"refused"`
	}
	hour, refused := 0, 0
	var minutes []minuteView
	for _, m := range a.o.Requests.Hour(a.o.Clock.Now()) {
		minutes = append(minutes, minuteView{app.InstantOf(m.At), m.Count, m.Refused})
		hour, refused = hour+m.Count, refused+m.Refused
	}
	p50, p99 := a.o.Requests.Took()
	return map[string]any{
		"data": out, "kept": n, "since": app.InstantOf(a.o.Requests.Since()), "minutes": minutes,
		"p50_ms": milliseconds(p50), "p99_ms": milliseconds(p99), "hour": map[string]int{"count": hour, "refused": refused},
	}, nil
}

type requestDetail struct {
	requestView
	ContentType     string `json:"content_type"`
	Body            string `json:"body"`
	BodyTruncated   bool   `json:"body_truncated"`
	Answer          string `json:"answer"`
	AnswerTruncated bool   `json:"answer_truncated"`
}

func (a *Admin) request(c *call) (any, error) {
	seq, err := atoi(c.Param("seq"))
	if err != nil {
		return nil, app.NotFound("There is no such request.")
	}
	r := a.o.Requests.Get(seq)
	if r == nil {
		return nil, app.NotFound("This request is no longer kept.")
	}
	return requestDetail{
		requestView: requestOf(r), ContentType: r.ContentType,
		Body: printable(r.Body), BodyTruncated: r.Bytes > len(r.Body),
		Answer: printable(r.Answer), AnswerTruncated: r.AnswerBytes > len(r.Answer),
	}, nil
}

// printable is a body as a text; bytes that are none become the replacement character.
func printable(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// requestsLive tells each request as it is answered.
func (a *Admin) requestsLive(c *call) (any, error) {
	requests, stop := a.o.Requests.Watch()
	defer stop()
	send := c.stream()
	if err := send("", nil); err != nil {
		return nil, nil
	}
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		var err error
		select {
		case r := <-requests:
			err = send("request", requestOf(r))
		case <-tick.C:
			err = send("", nil)
		case <-c.Request.Context().Done():
			return nil, nil
		}
		if err != nil {
			return nil, nil // the page has gone
		}
	}
}
