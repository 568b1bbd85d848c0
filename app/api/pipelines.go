package api

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"kith/app"
	"kith/app/integration"

	"github.com/gin-gonic/gin"
)

// mountPipelines mounts what the SDKs of pipelines post, by the paths that they know:
// given this Kith as their host, they work as they are.
func (a *API) mountPipelines(engine *gin.Engine) {
	calls := []string{"batch", "identify", "track", "page", "screen", "group", "alias"}
	short := map[string]string{"b": "batch", "i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias"}
	for _, kind := range []string{"segment", "rudderstack"} {
		for _, name := range calls {
			engine.POST("/"+kind+"/v1/"+name, a.segmentCall(kind, name))
		}
		for s, name := range short { // analytics.js in browsers
			engine.POST("/"+kind+"/v1/"+s, a.segmentCall(kind, name))
		}
	}
	for _, name := range calls[1:] { // the SDKs drop a path that stands in their host
		engine.POST("/v1/"+name, a.segmentCall("segment", name))
	}
	for _, path := range []string{"/batch/", "/capture", "/capture/", "/e", "/e/", "/i/v0/e", "/i/v0/e/", "/track/", "/i/v1/analytics/events"} {
		engine.POST(path, func(gc *gin.Context) { a.serve(gc, anybody, a.capture) })
	}
	for _, path := range []string{"/flags", "/flags/", "/decide", "/decide/"} {
		engine.POST(path, func(gc *gin.Context) { a.serve(gc, anybody, noFlags) })
	}
	engine.Any("/api/v1/*route", func(gc *gin.Context) { a.serve(gc, trackKey, a.customerIO) })
}

// anyBatch takes Engage's batches, and those of Segment's and RudderStack's SDKs, which
// post to the same path: with a write key alone, and "batch" where Engage has "data".
func (a *API) anyBatch(gc *gin.Context) {
	if _, password, ok := gc.Request.BasicAuth(); ok && (password == "" || strings.HasSuffix(password, ":")) {
		a.serve(gc, writeKey, func(c *call) ([]byte, error) {
			if isSegmentBatch(c.body) {
				return a.segment(c, "segment", "batch")
			}
			if !c.trusted {
				return nil, app.Fail(app.CodeForbidden, "This needs the private key; only the public one was sent. Call it from your server, with both keys.")
			}
			return a.batch(c)
		})
		return
	}
	a.serve(gc, full, func(c *call) ([]byte, error) {
		if isSegmentBatch(c.body) {
			return a.segment(c, "segment", "batch")
		}
		return a.batch(c)
	})
}

func isSegmentBatch(body []byte) bool {
	if app.CheckJSON(body, app.MaxDepth) != nil || app.JSONKind(body) != app.ObjectKind {
		return false
	}
	members, _ := app.Members(body, nil)
	batch := false
	for _, m := range members {
		switch m.Name {
		case "data":
			return false
		case "batch":
			batch = app.JSONKind(m.Value) == app.ListKind
		}
	}
	return batch
}

// segmentCall serves one path. A browser's SDK has its key in the body alone.
func (a *API) segmentCall(kind, name string) gin.HandlerFunc {
	return func(gc *gin.Context) {
		need := writeKey
		if gc.GetHeader("Authorization") == "" {
			need = anybody
		}
		a.serve(gc, need, func(c *call) ([]byte, error) {
			if need == anybody {
				if err := a.keyInBody(c, "writeKey"); err != nil {
					return nil, err
				}
			}
			return a.segment(c, kind, name)
		})
	}
}

// keyInBody authenticates by a key that stands in a JSON body, or in the query.
func (a *API) keyInBody(c *call, names ...string) error {
	key := ""
	if app.CheckJSON(c.body, app.MaxDepth) == nil {
		members, _ := app.Members(c.body, nil)
		if app.JSONKind(c.body) == app.ListKind {
			if items, _ := app.Elements(c.body, nil); len(items) > 0 {
				members, _ = app.Members(items[0], nil)
			}
		}
		for _, name := range names {
			for _, m := range members {
				if s, ok := app.Text(m.Value); ok && m.Name == name && key == "" {
					key = s
				}
				if m.Name == "properties" && key == "" {
					inner, _ := app.Members(m.Value, nil)
					for _, p := range inner {
						if s, ok := app.Text(p.Value); ok && p.Name == name {
							key = s
						}
					}
				}
			}
		}
	}
	for _, name := range names {
		if key == "" {
			key = c.Query(name)
		}
	}
	return a.withKey(c, key, strings.Join(names, " or "))
}

func (a *API) withKey(c *call, key, name string) error {
	if key == "" {
		return app.Fail(app.CodeUnauthorized, "No key came along. Give the SDK a public key of this Kith, or a connection's own key, as its %s.", name)
	}
	user, password, done := a.ownKey(c, writeKey, key, "")
	if done {
		return nil
	}
	if err := a.authenticateAs(c, writeKey, user, password, true); err != nil {
		return err
	}
	return a.admit(c, writeKey)
}

// segment takes one call, or a batch, of Segment's language. A batch answers 200 with
// what was left out: its SDK would send all of it again, or throw all of it away.
func (a *API) segment(c *call, kind, name string) ([]byte, error) {
	rejected, err := a.pipeline(c, kind, "POST /"+name)
	if err != nil {
		return nil, err
	}
	return rejections([]byte(`{"success":true`), rejected), nil
}

func rejections(b []byte, rejected []integration.Rejection) []byte {
	for i, r := range rejected {
		if i == 0 {
			b = append(b, `,"rejected":[`...)
		} else {
			b = append(b, ',')
		}
		b = append(b, `{"index":`...)
		b = strconv.AppendInt(b, int64(r.Index), 10)
		b = append(b, `,"error":`...)
		b = app.AppendQuote(b, app.Public(r.Err).Sentence())
		b = append(b, '}')
	}
	if len(rejected) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

// beyondTracking reports whether a Change takes the scope manage by whatever path it comes.
// Segment's alias is tracking: its SDKs send it as people sign in.
func beyondTracking(change app.Change) bool {
	switch c := change.(type) {
	case *app.Delete, *app.Archive:
		return true
	case *app.Merge:
		return c.Emails // Customer.io's merging of two customers
	}
	return false
}

// pipeline reads and applies what an SDK posted. With a connection's own key it is kept
// as its delivery; with API keys it is a call of the API like any other.
func (a *API) pipeline(c *call, kind, route string) ([]integration.Rejection, error) {
	r := &integration.Request{Body: c.body, Header: c.Request.Header, Route: route}
	if c.token != "" {
		receipt, err := a.o.Hooks.Receive(c.lasting(), c.token, r, true)
		if err != nil {
			return nil, err
		}
		return receipt.Rejected, nil
	}
	in := &app.Integration{Kind: kind}
	reading, err := integration.Read(in, r, integration.Env{Now: app.InstantOf(a.o.Clock.Now()), Zone: a.o.Zone})
	if err != nil {
		return nil, err
	}
	rejected := reading.Rejected
	if len(reading.Changes) == 0 {
		return rejected, nil
	}
	for _, change := range reading.Changes {
		if beyondTracking(change) {
			if err := c.needs(app.ScopeManage); err != nil {
				return nil, err
			}
		}
	}
	if !c.trusted {
		for _, change := range reading.Changes {
			if p, ok := change.(*app.SetProfile); ok {
				p.Trusted = false
			}
		}
	}
	_, err = c.apply(reading.Changes, func(_ app.Reader, results []app.Result) ([]byte, error) {
		for _, res := range results {
			if res.Err != nil && app.CodeOf(res.Err) != app.CodeNotFound { // of whom nobody knows there is nothing to remove
				if len(results) == 1 {
					return nil, res.Err
				}
				rejected = append(rejected, integration.Rejection{Index: -1, Err: res.Err})
			}
		}
		return statusOK, nil
	})
	return rejected, err
}

// capture takes what PostHog's SDKs post: JSON, also packed in the ways that browsers do.
func (a *API) capture(c *call) ([]byte, error) {
	body, err := captured(c)
	if err != nil {
		return nil, err
	}
	c.body = body
	if kind, token, ok := strings.Cut(c.GetHeader("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
		err = a.withKey(c, strings.TrimSpace(token), "project key")
	} else {
		err = a.keyInBody(c, "api_key", "token")
	}
	if err != nil {
		return nil, err
	}
	rejected, err := a.pipeline(c, "posthog", "POST /capture")
	if err != nil {
		return nil, err
	}
	if c.Request.URL.Path == "/i/v1/analytics/events" {
		return captureResults(c.body, rejected), nil
	}
	return rejections([]byte(`{"status":1`), rejected), nil
}

// captureResults answers the newest capture API, which wants to know of each event.
func captureResults(body []byte, rejected []integration.Rejection) []byte {
	bad := map[int]error{}
	for _, r := range rejected {
		bad[r.Index] = r.Err
	}
	b := []byte(`{"results":{`)
	members, _ := app.Members(body, nil)
	n := 0
	for _, m := range members {
		items, _ := app.Elements(m.Value, nil)
		for i, item := range items {
			if m.Name != "batch" {
				break
			}
			parts, _ := app.Members(item, nil)
			for _, p := range parts {
				if id, ok := app.Text(p.Value); ok && p.Name == "uuid" {
					b = comma(b, n)
					n++
					b = append(app.AppendQuote(b, id), `:{"result":`...)
					if err := bad[i]; err != nil {
						b = append(app.AppendQuote(append(b, `"drop","details":`...), app.Public(err).Sentence()), '}')
					} else {
						b = append(b, `"ok"}`...)
					}
				}
			}
		}
	}
	return append(b, `}}`...)
}

// captured unpacks a body. posthog-js: compression=gzip-js sends gzip without saying so
// in a header, and forms carry base64 in "data".
func captured(c *call) ([]byte, error) {
	body := c.body
	if c.ContentType() == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, app.Invalid("", "the form is not encoded as it should be: %v", err)
		}
		if body, err = base64.StdEncoding.DecodeString(form.Get("data")); err != nil {
			return nil, app.Invalid("data", "is not base64")
		}
	}
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(io.LimitReader(z, app.MaxHookBody+1))
		}
		if err != nil {
			return nil, app.Invalid("", "the body is said to be gzip, and is not")
		}
		if len(body) > app.MaxHookBody {
			return nil, app.Fail(app.CodeTooLarge, "The body is larger than %s, the limit here.", bytesText(app.MaxHookBody))
		}
	}
	return body, nil
}

// noFlags answers SDKs that ask for feature flags: there are none here.
func noFlags(*call) ([]byte, error) {
	return []byte(`{"flags":{},"featureFlags":{},"featureFlagPayloads":{},"errorsWhileComputingFlags":false,"sessionRecording":false,"supportedCompression":["gzip","gzip-js"],"config":{"enable_collect_everything":false}}`), nil
}

// customerIO takes Customer.io's Track API.
func (a *API) customerIO(c *call) ([]byte, error) {
	path := strings.TrimPrefix(c.Request.URL.EscapedPath(), "/api/v1")
	if c.Request.Method == http.MethodGet && path == "/accounts/region" {
		return []byte(`{"data_center":"kith","environment_id":0}`), nil
	}
	_, err := a.pipeline(c, "customerio", c.Request.Method+" "+path)
	if err != nil {
		return nil, err
	}
	return []byte(`{}`), nil
}
