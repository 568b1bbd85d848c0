package api_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"kith/app"
	"kith/app/apitest"
)

// limitCase is a request just inside a limit, and one just outside.
type limitCase struct {
	name         string
	method, path string
	inside, over string
	text         string // the limit as the refusal says it
	status       int
}

func quoted(s string, n int) string { return `"` + strings.Repeat(s, n) + `"` }

func members(n int, from int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"a%d":%d`, from+i, i)
	}
	return b.String()
}

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

func items(n int) string {
	return `{"data":[` + strings.TrimSuffix(strings.Repeat(`{"type":"event","id":"a","event":"e"},`, n), ",") + `]}`
}

func TestLimits_areKeptAndNamed(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Do(t, "PUT", "/v1/users/full", `{"meta":{`+members(app.MaxAttributes, 0)+`}}`, 200)
	u, e := "/v1/users/ada", "/v1/users/ada/events"
	for _, tt := range []limitCase{
		{"uid in the path", "PUT", "", quoted("é", app.MaxUID), quoted("é", app.MaxUID+1), "255", 400},
		{"uid in a body", "POST", "/v1/users", `{"id":` + quoted("é", app.MaxUID) + `}`, `{"id":` + quoted("é", app.MaxUID+1) + `}`, "255", 400},
		{"attribute name", "PUT", u, `{"meta":{` + quoted("é", app.MaxName) + `:1}}`, `{"meta":{` + quoted("é", app.MaxName+1) + `:1}}`, "255", 400},
		{"event name", "POST", e, `{"event":` + quoted("é", app.MaxName) + `}`, `{"event":` + quoted("é", app.MaxName+1) + `}`, "255", 400},
		{"property name", "POST", e, `{"event":"e","properties":{` + quoted("p", app.MaxName) + `:1}}`, `{"event":"e","properties":{` + quoted("p", app.MaxName+1) + `:1}}`, "255", 400},
		{"attribute value", "PUT", u, `{"v":` + quoted("x", app.MaxTextValue) + `}`, `{"v":` + quoted("x", app.MaxTextValue+1) + `}`, "65536", 400},
		{"standard value", "PUT", u, `{"first_name":` + quoted("x", app.MaxTextValue) + `}`, `{"first_name":` + quoted("x", app.MaxTextValue+1) + `}`, "65536", 400},
		{"event value", "POST", e, `{"event":"e","value":` + quoted("x", app.MaxTextValue) + `}`, `{"event":"e","value":` + quoted("x", app.MaxTextValue+1) + `}`, "65536", 400},
		{"property value", "POST", e, `{"event":"e","properties":{"p":` + quoted("x", app.MaxTextValue) + `}}`, `{"event":"e","properties":{"p":` + quoted("x", app.MaxTextValue+1) + `}}`, "65536", 400},
		{"attributes at once", "PUT", "/v1/users/many", `{"meta":{` + members(app.MaxAttributes, 0) + `}}`, `{"meta":{` + members(app.MaxAttributes+1, 0) + `}}`, "1000", 400},
		{"attributes in all", "PUT", "/v1/users/full", `{"meta":{"a0":"again"}}`, `{"meta":{"one":"more"}}`, "1000", 400},
		{"properties", "POST", e, `{"event":"e","properties":{` + members(app.MaxAttributes, 0) + `}}`, `{"event":"e","properties":{` + members(app.MaxAttributes+1, 0) + `}}`, "1000", 400},
		{"depth", "PUT", u, `{"meta":{"d":` + nested(app.MaxDepth-2) + `}}`, `{"meta":{"d":` + nested(app.MaxDepth-1) + `}}`, "32", 400},
		{"token", "PUT", u, `{"device_platform":"ios","device_token":` + quoted("t", app.MaxToken) + `}`, `{"device_platform":"ios","device_token":` + quoted("t", app.MaxToken+1) + `}`, "4096", 400},
		{"role", "PUT", u + "/accounts/acme", `{"role":` + quoted("r", app.MaxRole) + `}`, `{"role":` + quoted("r", app.MaxRole+1) + `}`, "255", 400},
		{"list title", "POST", "/v1/lists", `{"title":` + quoted("é", app.MaxListTitle) + `}`, `{"title":` + quoted("é", app.MaxListTitle+1) + `}`, "64", 400},
		{"list description", "POST", "/v1/lists", `{"title":"t","description":` + quoted("é", app.MaxListDescription) + `}`, `{"title":"t","description":` + quoted("é", app.MaxListDescription+1) + `}`, "255", 400},
		{"message id", "POST", e, `{"event":"e","message_id":` + quoted("m", app.MaxMessageID) + `}`, `{"event":"e","message_id":` + quoted("m", app.MaxMessageID+1) + `}`, "255", 400},
		{"batch items", "POST", "/v1/batch", items(app.MaxBatchItems), items(app.MaxBatchItems + 1), "10000", 400},
		{"body", "POST", e, `{"event":"e"` + strings.Repeat(" ", app.MaxBody-13) + `}`, `{"event":"e"` + strings.Repeat(" ", app.MaxBody-12) + `}`, "1 MB", 413},
		{"batch body", "POST", "/v1/batch", `{"data":[]` + strings.Repeat(" ", app.MaxBatchBody-11) + `}`, `{"data":[]` + strings.Repeat(" ", app.MaxBatchBody-10) + `}`, "16 MB", 413},
	} {
		if tt.path == "" { // the body is the id
			tt.path = "/v1/users/" + pathEscape(strings.Trim(tt.over, `"`))
			s.Do(t, tt.method, "/v1/users/"+pathEscape(strings.Trim(tt.inside, `"`)), "{}", 200)
			tt.over = "{}"
		} else {
			s.Do(t, tt.method, tt.path, tt.inside, 200)
		}
		a := s.Send(t, apitest.Request{Method: tt.method, Path: tt.path, Body: tt.over})
		text := apitest.CheckFailure(t, a)
		if a.Status != tt.status || !strings.Contains(text, tt.text) {
			t.Errorf("%s: over the limit got %d %q, want %d and %q in it", tt.name, a.Status, text, tt.status, tt.text)
		}
	}
	over := http.Header{"Idempotency-Key": {strings.Repeat("k", app.MaxIdempotencyKey+1)}}
	a := s.Send(t, apitest.Request{Method: "POST", Path: e, Body: `{"event":"e"}`, Header: over})
	if text := apitest.CheckFailure(t, a); a.Status != 400 || !strings.Contains(text, "255") {
		t.Errorf("a long idempotency key got %d %q", a.Status, text)
	}
}

func TestLimits_devicesAreTheNewestFive(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for i := range app.MaxDevices + 2 {
		s.Do(t, "PUT", "/v1/users/ada", fmt.Sprintf(`{"device_token":"t%d","device_platform":"ios"}`, i), 200)
	}
	got := s.Do(t, "GET", "/v1/users/ada", "", 200)
	want(t, got, `"t6"`, "devices", "0", "token")
	want(t, got, `"t2"`, "devices", "4", "token")
	want(t, got, "", "devices", "5")
}

func TestLimits_pagesHoldThirtyAtMost(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `,{"type":"create","id":"c%d"}`, i)
	}
	s.Do(t, "POST", "/v1/batch", `{"data":[`+b.String()[1:]+`]}`, 200)
	for query, n := range map[string]int{"": app.DefaultPage, "?limit=30": 30, "?limit=1000": app.MaxPage, "?limit=1": 1} {
		got := s.Do(t, "GET", "/v1/users"+query, "", 200)
		if items, _ := app.Elements(apitest.Member(got, "data"), nil); len(items) != n {
			t.Errorf("%q: got %d customers, want %d", query, len(items), n)
		}
	}
	seen, next := map[string]bool{}, ""
	for range 10 {
		got := s.Do(t, "GET", "/v1/users?limit=7"+next, "", 200)
		items, _ := app.Elements(apitest.Member(got, "data"), nil)
		for _, item := range items {
			seen[apitest.Text(item, "uid")] = true
		}
		cursor := apitest.Text(got, "next_cursor")
		if cursor == "" {
			break
		}
		next = "&next_cursor=" + cursor
	}
	if len(seen) != 40 {
		t.Errorf("paging found %d customers, want 40", len(seen))
	}
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGzip_isReadAndWritten(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	gz := func(body string) apitest.Request {
		return apitest.Request{Method: "PUT", Path: "/v1/users/ada", Body: body, Header: http.Header{"Content-Encoding": {"gzip"}}}
	}
	long := quoted("long ", 1000)
	if a := s.Send(t, gz(packed(t, `{"about":`+long+`}`))); a.Status != 200 || a.Header.Get("Content-Encoding") != "" {
		t.Errorf("a packed body got %d %.100s, packed as %q though nobody asked", a.Status, a.Body, a.Header.Get("Content-Encoding"))
	}
	a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/users/ada", Header: http.Header{"Accept-Encoding": {"deflate, gzip;q=0.8"}}})
	if a.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept-Encoding") {
		t.Fatalf("a large answer was not packed: %v", a.Header)
	}
	z, err := gzip.NewReader(bytes.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	want(t, plain.Bytes(), long, "meta", "about")
	for _, accept := range []string{"gzip;q=0", "gzip; q=0.0", "identity", "br"} {
		a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/users/ada", Header: http.Header{"Accept-Encoding": {accept}}})
		if a.Header.Get("Content-Encoding") != "" {
			t.Errorf("Accept-Encoding %q got a packed answer", accept)
		}
	}
	export := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/export/customers", Header: http.Header{"Accept-Encoding": {"gzip"}}})
	if z, err = gzip.NewReader(bytes.NewReader(export.Body)); err != nil {
		t.Fatalf("the export is not packed: %v", err)
	}
	plain.Reset()
	if _, err := plain.ReadFrom(z); err != nil || !strings.Contains(plain.String(), `"uid":"ada"`) {
		t.Errorf("the packed export is not whole: %v %.200s", err, &plain)
	}

	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"not gzip":   {`{}`, 400},
		"cut short":  {packed(t, `{"about":`+long+`}`)[:40], 400},
		"bomb":       {packed(t, `{"a":`+quoted("0", 50<<20)+`}`), 413},
		"empty body": {packed(t, ""), 200},
	} {
		a := s.Send(t, gz(tt.body))
		if a.Status != tt.status {
			t.Errorf("%s: got %d %.200s, want %d", name, a.Status, a.Body, tt.status)
		}
	}
	br := s.Send(t, apitest.Request{Method: "PUT", Path: "/v1/users/ada", Body: "x", Header: http.Header{"Content-Encoding": {"br"}}})
	if text := apitest.CheckFailure(t, br); br.Status != 400 || !strings.Contains(text, "gzip") {
		t.Errorf("another encoding got %d %q", br.Status, text)
	}
}
