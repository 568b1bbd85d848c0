package command

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kith/app/config"
	"kith/app/mock"
)

// mockUnderTest is a running mock.
type mockUnderTest struct {
	t      *testing.T
	url    string
	folder string
	out    *buffer
	client http.Client
	end    func()
}

// buffer is a buffer that is written and read at once.
type buffer struct {
	lockedWriter
	b bytes.Buffer
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// startMock runs the command in this process. folder "" is a temporary one.
func startMock(t *testing.T, folder string) *mockUnderTest {
	t.Helper()
	return startMockWith(t, folder, mockFlags{listen: "127.0.0.1:0"})
}

func startMockWith(t *testing.T, folder string, flags mockFlags) *mockUnderTest {
	t.Helper()
	cfg, err := config.Load("", func(string) (string, bool) { return "", false }, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &mockUnderTest{t: t, out: &buffer{}}
	m.out.w = &m.out.b
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	logged := &buffer{}
	logged.w = &logged.b
	go func() { ended <- newCLI(m.out, logged).runMock(ctx, cfg, folder, flags) }()
	said := regexp.MustCompile(`control +(http://\S+)/mock`)
	for m.url == "" {
		select {
		case err := <-ended:
			t.Fatalf("the mock ended: %v", err)
		case <-time.After(time.Millisecond):
		}
		if found := said.FindStringSubmatch(m.out.String()); found != nil {
			m.url = found[1]
		}
	}
	m.folder = regexp.MustCompile(`data +(\S+)`).FindStringSubmatch(m.out.String())[1]
	m.client.Timeout = 30 * time.Second
	over := false
	m.end = func() {
		if over {
			return
		}
		over = true
		m.client.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the mock ended with %v", err)
		}
		if s := logged.String(); s != "" {
			t.Errorf("logged: %s", s)
		}
	}
	t.Cleanup(m.end)
	return m
}

// send sends a request with some keys, and returns 0 when there was no answer.
func (m *mockUnderTest) send(method, path, body string) (int, string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.url+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	if !strings.HasPrefix(path, "/mock") {
		req.SetBasicAuth("any public key", "any private key")
	}
	res, err := m.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// do is send for what must be answered with 200.
func (m *mockUnderTest) do(method, path, body string) string {
	m.t.Helper()
	status, answer := m.send(method, path, body)
	if status != 200 {
		m.t.Fatalf("%s %s %s: %d %s", method, path, body, status, answer)
	}
	return answer
}

type recorded struct {
	Data []struct {
		Method, Path, Query, Key, Failure string
		Status                            int
		Body, Answer                      json.RawMessage
	}
	Error string
}

func (m *mockUnderTest) requests(query string) recorded {
	m.t.Helper()
	_, answer := m.send("GET", "/mock/requests"+query, "")
	var r recorded
	if err := json.Unmarshal([]byte(answer), &r); err != nil {
		m.t.Fatalf("%v: %s", err, answer)
	}
	return r
}

func TestMock_takesAnyKeyRecordsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	m := startMock(t, "")
	m.do("PUT", "/v1/users/ada", `{"email":"ada@example.com","plan":"pro"}`)
	m.do("POST", "/users/ada/events", `{"event":"Paid","properties":{"note":"`+strings.Repeat("long ", 1000)+`"}}`)
	if status, answer := m.send("GET", "/v1/nowhere", ""); status != 404 {
		t.Errorf("a path that is not there: %d %s", status, answer)
	}
	res, err := m.client.Get(m.url + "/v1/users/ada")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 401 {
		t.Errorf("without any key: %d, want 401 as Engage answers", res.StatusCode)
	}
	req, _ := http.NewRequestWithContext(t.Context(), "PUT", m.url+"/v1/users/early", strings.NewReader(`{}`))
	req.SetBasicAuth("null", "")
	if res, err = m.client.Do(req); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 401 {
		t.Errorf("an SDK before its init(): %d, want 401", res.StatusCode)
	}
	if page, _ := m.send("GET", "/app/", ""); page != 200 {
		t.Errorf("the dashboard: %d", page)
	}
	r := m.requests("")
	if len(r.Data) != 5 {
		t.Fatalf("%d requests are recorded, want 5: %+v", len(r.Data), r.Data)
	}
	if e := r.Data[0]; e.Method != "PUT" || e.Path != "/v1/users/ada" || e.Key != "any public key" || e.Status != 200 ||
		string(e.Body) != `{"email":"ada@example.com","plan":"pro"}` || !strings.Contains(string(e.Answer), `"uid":"ada"`) {
		t.Errorf("the first request is recorded as %+v", e)
	}
	if got := m.requests("?path=/users/*/events&method=post&contains=paid").Data; len(got) != 1 || string(got[0].Answer) != `{"status":"ok"}` {
		t.Errorf("the event is found as %+v", got)
	}
	if !strings.Contains(m.out.String(), "PUT    /v1/users/ada  200") || !strings.Contains(m.out.String(), "There is no GET /v1/nowhere here.") {
		t.Errorf("printed:\n%s", m.out)
	}
	m.end()
	if _, err := os.Stat(m.folder); !os.IsNotExist(err) {
		t.Errorf("the temporary folder is still there (%v)", err)
	}
}

func TestMock_waitsForRequests(t *testing.T) {
	t.Parallel()
	m := startMock(t, "")
	go func() {
		time.Sleep(50 * time.Millisecond)
		for range 2 {
			m.send("POST", "/v1/users/late/events", `{"event":"Login"}`)
		}
	}()
	if r := m.requests("?path=/v1/users/late/events&wait=20s&count=2"); len(r.Data) != 2 {
		t.Errorf("waited, and got %+v", r)
	}
	status, answer := m.send("GET", "/mock/requests?path=/users/late/events&wait=20ms&count=3", "")
	if status != 504 || !strings.Contains(answer, "Waited 20ms: 2 of 3 requests came.") {
		t.Errorf("what does not come: %d %s", status, answer)
	}
	if status, answer := m.send("GET", "/mock/requests?pth=x", ""); status != 400 || !strings.Contains(answer, "pth") {
		t.Errorf("a misspelt filter: %d %s", status, answer)
	}
}

func TestMock_failsAsAsked(t *testing.T) {
	t.Parallel()
	m := startMock(t, "")
	m.client.Transport = &http.Transport{DisableKeepAlives: true} // Go repeats a GET on a kept connection
	m.do("POST", "/mock/failures", `[{"method":"PUT","path":"/users/*","status":503,"count":2,"retry_after":"7"},
		{"path":"/v1/users/drop","drop":true},{"path":"/users/lost","drop":true,"applied":true},
		{"path":"/users/slow","delay":"150ms"},{"path":"/users/odd","status":502,"body":"<h1>Bad gateway</h1>"}]`)
	for range 2 {
		if status, answer := m.send("PUT", "/v1/users/a", `{}`); status != 503 || !strings.Contains(answer, `"error"`) {
			t.Errorf("asked for 503, got %d %s", status, answer)
		}
	}
	m.do("PUT", "/v1/users/lonely", `{}`)
	if status, _ := m.send("GET", "/v1/users/a", ""); status != 404 {
		t.Errorf("a failed request was applied: %d", status)
	}
	if status, answer := m.send("PUT", "/users/drop", `{"x":1}`); status != 0 {
		t.Errorf("asked for a dropped connection, got %d %s", status, answer)
	}
	if status, answer := m.send("PUT", "/v1/users/lost", `{"x":1}`); status != 0 {
		t.Errorf("asked for a lost answer, got %d %s", status, answer)
	}
	if answer := m.do("GET", "/v1/users/lost", ""); !strings.Contains(answer, `"x":1`) {
		t.Errorf("what was applied though its answer got lost: %s", answer)
	}
	start := time.Now()
	m.do("PUT", "/v1/users/slow", `{}`)
	if took := time.Since(start); took < 150*time.Millisecond {
		t.Errorf("a delay of 150 ms took %v", took)
	}
	if status, answer := m.send("PUT", "/v1/users/odd", `{}`); status != 502 || answer != "<h1>Bad gateway</h1>" {
		t.Errorf("a body of its own: %d %s", status, answer)
	}
	if left := m.do("GET", "/mock/failures", ""); strings.TrimSpace(left) != `{"data":[]}` {
		t.Errorf("left are %s", left)
	}
	var kinds []string
	for _, e := range m.requests("?method=PUT").Data {
		kinds = append(kinds, fmt.Sprint(e.Failure, e.Status, string(e.Body)))
	}
	want := `status503{},status503{},200{},drop0{"x":1},drop0{"x":1},delay200{},status502{}`
	if got := strings.Join(kinds, ","); got != want {
		t.Errorf("recorded %s\nwant     %s", got, want)
	}
	for _, wrong := range []string{`{}`, `{"status":99}`, `{"drop":true,"status":500}`, `{"delay":"fast"}`, `{"statsu":500}`, `{"delay":"1s","applied":true}`, `[null]`} {
		if status, answer := m.send("POST", "/mock/failures", wrong); status != 400 {
			t.Errorf("%s: %d %s", wrong, status, answer)
		}
	}
}

const mockFixture = `{
	"lists": [{"title":"News"}],
	"customers": [{"id":"ada","email":"ada@example.com","plan":"pro","lists":["News"]},{"id":"bo","plan":"free"}],
	"events": [{"uid":"ada","event":"Login","ago":"5d"},{"uid":"bo","event":"Login","timestamp":"2020-01-01T00:00:00Z"}],
	"segments": [{"title":"Recent","rule":{"event":"Login","within":{"last":"7d"}}}]
}`

func (m *mockUnderTest) members(segment string) string {
	m.t.Helper()
	var uids []string
	for _, found := range regexp.MustCompile(`"uid":"(\w+)"`).FindAllStringSubmatch(m.do("GET", "/v1/users?segment="+segment, ""), -1) {
		uids = append(uids, found[1])
	}
	return strings.Join(uids, ",")
}

func TestMock_loadsAFixtureAndMovesTheClock(t *testing.T) {
	t.Parallel()
	m := startMock(t, "")
	var loaded struct {
		Customers, Events int
		Lists, Segments   map[string]string
	}
	if err := json.Unmarshal([]byte(m.do("POST", "/mock/fixture", mockFixture)), &loaded); err != nil {
		t.Fatal(err)
	}
	if loaded.Customers != 2 || loaded.Events != 2 || loaded.Lists["News"] == "" || loaded.Segments["Recent"] == "" {
		t.Fatalf("loaded %+v", loaded)
	}
	if answer := m.do("GET", "/v1/users/ada", ""); !strings.Contains(answer, loaded.Lists["News"]) {
		t.Errorf("the list is not in %s", answer)
	}
	recent := loaded.Segments["Recent"]
	if got := m.members(recent); got != "ada" {
		t.Errorf("5 days after: %q, want ada", got)
	}
	m.do("POST", "/mock/clock", `{"by":"3d"}`)
	if got := m.members(recent); got != "" {
		t.Errorf("8 days after: %q, want nobody", got)
	}
	m.do("POST", "/v1/users/bo/events", `{"event":"Login"}`)
	m.do("POST", "/mock/drain", "")
	if got := m.members(recent); got != "bo" {
		t.Errorf("after another event: %q, want bo", got)
	}
	m.do("POST", "/mock/clock", `{"by":"-2d"}`)
	if got := m.members(recent); !strings.Contains(got, "ada") {
		t.Errorf("stepped back to 6 days after: %q, want ada in it", got)
	}
	m.do("POST", "/mock/clock", `{"to":"2031-05-01T10:00:00Z"}`)
	m.do("POST", "/v1/users/cy/events", `{"event":"Login"}`)
	if answer := m.do("GET", "/v1/users/cy/events", ""); !strings.Contains(answer, `"timestamp":"2031-05-01T10:00:0`) {
		t.Errorf("an event of 2031: %s", answer)
	}
	if answer := m.do("POST", "/mock/clock", `{"real":true}`); !strings.Contains(answer, `"shift_ms":0`) {
		t.Errorf("back on the machine's time: %s", answer)
	}
	for _, wrong := range []string{`{}`, `{"by":"soon"}`, `{"by":"9999999d"}`, `{"by":"1d","real":true}`, `{"to":"1500-01-01"}`} {
		if status, answer := m.send("POST", "/mock/clock", wrong); status != 400 {
			t.Errorf("%s: %d %s", wrong, status, answer)
		}
	}
	for wrong, why := range map[string]string{
		`{"custmers":[]}`: "custmers",
		`{"customers":[{"id":"x"},{"email":"no id"}]}`: "customers[1]",
		`{"events":[{"uid":"x"}]}`:                     "events[0]",
		`{"events":[{"uid":"x","event":"E","ago":1}]}`: "ago",
		`{"segments":[{"title":"S","rule":{}}]}`:       "segments[0]",
		`{"customers":[{"id":"x","lists":["None"]}]}`:  "customers[0]",
	} {
		if status, answer := m.send("POST", "/mock/fixture", wrong); status != 400 || !strings.Contains(answer, why) {
			t.Errorf("%s: %d %s", wrong, status, answer)
		}
	}
}

func TestMock_resetBeginsAnew(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	m := startMock(t, folder)
	m.do("POST", "/mock/fixture", mockFixture)
	m.do("POST", "/mock/failures", `{"status":500,"count":-1}`)
	m.do("POST", "/mock/clock", `{"by":"1y"}`)
	m.do("POST", "/mock/reset", "")
	if answer := m.do("GET", "/v1/users", ""); !strings.Contains(answer, `"data":[]`) {
		t.Errorf("after a reset there are %s", answer)
	}
	if answer := m.do("GET", "/mock/clock", ""); !strings.Contains(answer, `"shift_ms":0`) {
		t.Errorf("after a reset the clock is %s", answer)
	}
	if got := m.requests("").Data; len(got) != 1 {
		t.Errorf("after a reset %d requests are recorded", len(got))
	}
	m.do("POST", "/mock/fixture", mockFixture)
	m.end()
	m = startMock(t, folder)
	if answer := m.do("GET", "/v1/users/ada", ""); !strings.Contains(answer, "ada@example.com") {
		t.Errorf("--data did not keep %s", answer)
	}
}

func TestMock_answersForEngagesHostsByTLS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for round := range 2 { // the second time with the authority of the first
		m := startMockWith(t, folder, mockFlags{listen: "127.0.0.1:0", tls: true, tlsListen: "127.0.0.1:0"})
		said := regexp.MustCompile(`by TLS at (\S+):`)
		for said.FindString(m.out.String()) == "" {
			time.Sleep(time.Millisecond)
		}
		at := said.FindStringSubmatch(m.out.String())[1]
		ca := filepath.Join(folder, "mock-ca.pem")
		if !strings.Contains(m.out.String(), "NODE_EXTRA_CA_CERTS="+ca) || !strings.Contains(m.out.String(), "127.0.0.1 api.engage.so app.engage.so ws.engage.so") {
			t.Errorf("printed:\n%s", m.out)
		}
		if info, err := os.Stat(filepath.Join(folder, "mock-ca-key.pem")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the authority's key: %v %v", info.Mode(), err)
		}
		pem, err := os.ReadFile(ca)
		if err != nil {
			t.Fatal(err)
		}
		trusted := x509.NewCertPool()
		trusted.AppendCertsFromPEM(pem)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", at)
		}}
		for _, host := range mock.Hosts {
			req, _ := http.NewRequestWithContext(t.Context(), "PUT", "https://"+host+"/users/tls", strings.NewReader(fmt.Sprintf(`{"round":%d}`, round)))
			req.SetBasicAuth("pk", "sk")
			res, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 200 {
				t.Errorf("https://%s: %d", host, res.StatusCode)
			}
		}
		if res, err := transport.RoundTrip(httptest.NewRequest("GET", "https://elsewhere.example/", nil)); err == nil {
			res.Body.Close()
			t.Error("the certificate is taken for another host")
		}
		transport.CloseIdleConnections()
		if got := len(m.requests("?path=/users/tls").Data); got != 3 {
			t.Errorf("%d requests by TLS are recorded, want 3", got)
		}
		m.do("POST", "/mock/drain", "") // a search index that is not built yet is begun again, with a warning
		m.end()
	}
	for _, open := range []string{":0", "0.0.0.0:0"} {
		if _, _, err := listenTLS(open, folder, true); err == nil {
			t.Errorf("it poses as Engage at %s", open)
		}
	}
}

func TestMock_aSessionOutlastsAMovedClockAndNoReset(t *testing.T) {
	t.Parallel()
	m := startMock(t, "")
	token := regexp.MustCompile(`setup#(\S+)`).FindStringSubmatch(m.out.String())[1]
	res, err := m.client.Post(m.url+"/api/setup", "application/json", strings.NewReader(`{"token":"`+token+`","email":"dev@example.com","password":"correct horse battery"}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 || len(res.Cookies()) == 0 {
		t.Fatalf("set up: %d", res.StatusCode)
	}
	state := func() string {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", m.url+"/api/session", nil)
		req.AddCookie(res.Cookies()[0])
		res, err := m.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return string(b)
	}
	for _, by := range []string{"3y", "-6y"} {
		m.do("POST", "/mock/clock", `{"by":"`+by+`"}`)
		if s := state(); !strings.Contains(s, "signed_in") {
			t.Errorf("after %s the session is %s", by, s)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", m.url+"/api/live", nil)
	req.AddCookie(res.Cookies()[0])
	stream, err := m.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if _, err := stream.Body.Read(make([]byte, 1)); err != nil || stream.StatusCode != 200 {
		t.Fatalf("a page that watches: %d %v", stream.StatusCode, err)
	}
	start := time.Now()
	m.do("POST", "/mock/reset", "")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a page that watches held the reset up for %v", took)
	}
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Errorf("the page's stream was cut: %v", err)
	}
}
