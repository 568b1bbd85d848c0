package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
	"kith/app/server"

	"github.com/gin-gonic/gin"
)

func dial(t testing.TB, s *apitest.Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// answer reads one answer from a connection.
func answer(t testing.TB, c net.Conn) apitest.Answer {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read the answer's body: %v", err)
	}
	return apitest.Answer{Status: res.StatusCode, Header: res.Header, Body: body}
}

func checkServes(t testing.TB, s *apitest.Server) {
	t.Helper()
	start := time.Now()
	s.Do(t, "POST", "/v1/users/still/events", `{"event":"here"}`, 200)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the server took %v to answer", took)
	}
}

func TestServer_answersWhatGoRefusesAsJSON(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	auth := "Host: x\r\nAuthorization: " + apitest.Full.Header() + "\r\n"
	for name, tt := range map[string]struct {
		raw    string
		status int
		text   string
	}{
		"a percent sign":     {"GET /users/50% HTTP/1.1\r\n" + auth + "\r\n", 400, "%25"},
		"a blank in the id":  {"GET /users/a b HTTP/1.1\r\n" + auth + "\r\n", 400, "HTTP"},
		"no HTTP":            {"hello\r\n\r\n", 400, "HTTP"},
		"no host":            {"GET /v1/users HTTP/1.1\r\n\r\n", 400, "Host"},
		"two hosts":          {"GET /v1/users HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "HTTP"},
		"a bad length":       {"POST /v1/users HTTP/1.1\r\n" + auth + "Content-Length: ten\r\n\r\n", 400, "HTTP"},
		"a negative length":  {"POST /v1/users HTTP/1.1\r\n" + auth + "Content-Length: -1\r\n\r\n", 400, "HTTP"},
		"an unknown coding":  {"POST /v1/users HTTP/1.1\r\n" + auth + "Transfer-Encoding: brotli\r\n\r\n", 501, "transfer encoding"},
		"another HTTP":       {"GET / HTTP/3.7\r\nHost: x\r\n\r\n", 505, "HTTP"},
		"large headers":      {"GET /v1/users HTTP/1.1\r\n" + auth + "X-Long: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", 431, "64 KB"},
		"a header w/o colon": {"GET /v1/users HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400, "HTTP"},
		"a broken chunk":     {"POST /v1/users HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "broke off"},
		"an unknown method":  {"BREW /v1/users HTTP/1.1\r\n" + auth + "\r\n", 404, "BREW"},
		"raw UTF-8, unknown": {"GET /users/é🎉 HTTP/1.1\r\n" + auth + "\r\n", 404, "é🎉"},
		"a path with dots":   {"GET /v1/users/../../etc/passwd HTTP/1.1\r\n" + auth + "\r\n", 404, "passwd"},
		"a whole address":    {"GET http://x/v1/users/nobody HTTP/1.1\r\n" + auth + "\r\n", 404, "nobody"},
		"an escaped slash":   {"GET /v1%2Fusers HTTP/1.1\r\n" + auth + "\r\n", 404, "users"},
	} {
		c := dial(t, s)
		if _, err := io.WriteString(c, tt.raw); err != nil {
			t.Fatal(err)
		}
		a := answer(t, c)
		text := apitest.CheckFailure(t, a)
		if a.Status != tt.status || !strings.Contains(text, tt.text) {
			t.Errorf("%s: got %d %q, want %d and %q in it", name, a.Status, text, tt.status, tt.text)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: a page of another origin may not read why", name)
		}
	}
	checkServes(t, s)
}

func TestServer_keepsAConnectionForManyRequests(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := dial(t, s)
	in := bufio.NewReader(c)
	request := "POST /v1/users/ada/events HTTP/1.1\r\nHost: x\r\nAuthorization: " + apitest.Full.Header() + "\r\nContent-Length: 13\r\n\r\n{\"event\":\"e\"}"
	if _, err := io.WriteString(c, strings.Repeat(request, 50)); err != nil { // all at once: pipelined
		t.Fatal(err)
	}
	for i := range 50 {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || string(body) != `{"status":"ok"}` {
			t.Fatalf("answer %d: %d %s %v", i, res.StatusCode, body, err)
		}
	}
}

// feed writes up to limit bytes and returns how many the other side let through.
func feed(c net.Conn, limit int, write func([]byte) error) int {
	chunk := bytes.Repeat([]byte(" "), 64<<10)
	sent := 0
	for sent < limit {
		if err := write(chunk); err != nil {
			return sent
		}
		sent += len(chunk)
	}
	return sent
}

func TestServer_refusesAGigabyteWithoutReadingIt(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	const gigabyte = 1 << 30
	for name, tt := range map[string]struct {
		head    string
		chunked bool
	}{
		"by its length":   {"Content-Length: " + strconv.Itoa(gigabyte), false},
		"in chunks":       {"Transfer-Encoding: chunked", true},
		"without a key":   {"Content-Length: " + strconv.Itoa(gigabyte), false},
		"packed, chunked": {"Content-Encoding: gzip\r\nTransfer-Encoding: chunked", true},
	} {
		c := dial(t, s)
		auth, status := "Authorization: "+apitest.Full.Header()+"\r\n", 413
		if name == "without a key" {
			auth, status = "", 401
		}
		fmt.Fprintf(c, "POST /v1/batch HTTP/1.1\r\nHost: x\r\n%s%s\r\n\r\n", auth, tt.head)
		if strings.HasPrefix(name, "packed") {
			status = 400 // blanks are no gzip
		}
		sent := make(chan int)
		go func() {
			sent <- feed(c, gigabyte, func(b []byte) error {
				if tt.chunked {
					b = fmt.Appendf(nil, "%x\r\n%s\r\n", len(b), b)
				}
				_, err := c.Write(b)
				return err
			})
		}()
		start := time.Now()
		a := answer(t, c)
		apitest.CheckFailure(t, a)
		if a.Status != status {
			t.Errorf("%s: got %d %s, want %d", name, a.Status, a.Body, status)
		}
		if n := <-sent; n > 64<<20 {
			t.Errorf("%s: the server read %d MB before it closed", name, n>>20)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
	}
	checkServes(t, s)
}

func TestServer_survivesClientsThatHangUp(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	head := "POST /v1/users/ada/events HTTP/1.1\r\nHost: x\r\nAuthorization: " + apitest.Full.Header() + "\r\n"
	for i := range 100 {
		for _, raw := range []string{
			"", "POST /v1/us", head,
			head + "Content-Length: 1000\r\n\r\n{\"event\":\"half",
			head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"eve\r\n",
			head + "Content-Length: 13\r\n\r\n{\"event\":\"e\"}", // whole, and gone before the answer
			"GET /v1/export/customers HTTP/1.1\r\nHost: x\r\nAuthorization: " + apitest.Full.Header() + "\r\n\r\n",
		} {
			c, err := net.Dial("tcp", s.Addr)
			if err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
			_, _ = io.WriteString(c, raw)
			if i%2 == 0 {
				_ = c.(*net.TCPConn).SetLinger(0) // a reset instead of an orderly end
			}
			c.Close()
		}
	}
	checkServes(t, s)
	if got := apitest.Member(s.Do(t, "GET", "/v1/users/ada/events?event=half", "", 200), "data", "0"); got != nil {
		t.Errorf("half a body was stored: %s", got)
	}
}

func TestServer_cutsOffWhoSendsHeadersTooSlowly(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	const slow = 200
	ended := make(chan time.Duration, slow)
	start := time.Now()
	for range slow {
		c := dial(t, s)
		if _, err := io.WriteString(c, "GET /v1/users HTTP/1.1\r\nHost: x\r\n"); err != nil {
			t.Fatal(err)
		}
		go func() {
			go func() {
				for {
					time.Sleep(500 * time.Millisecond)
					if _, err := io.WriteString(c, "X-Slow: 1\r\n"); err != nil {
						return
					}
				}
			}()
			_, _ = io.Copy(io.Discard, c)
			ended <- time.Since(start)
		}()
	}
	checkServes(t, s)
	for range slow {
		if took := <-ended; took > 20*time.Second {
			t.Fatalf("a slow connection was held for %v", took)
		}
	}
	checkServes(t, s)
}

func TestServer_turnsAPanicIntoAnAnswer(t *testing.T) {
	t.Parallel()
	srv := server.New(server.Options{Mount: []func(*gin.Engine){func(e *gin.Engine) {
		e.GET("/panic", func(*gin.Context) { panic("a fault with ada@example.com in it") })
		e.GET("/abort", func(*gin.Context) { panic(http.ErrAbortHandler) })
	}}})
	w := httptest.NewRecorder()
	srv.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/panic", nil))
	text := apitest.CheckFailure(t, apitest.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()})
	if w.Code != 500 || strings.Contains(text, "ada@") || w.Header().Get("X-Request-Id") == "" {
		t.Errorf("got %d %q with the id %q", w.Code, text, w.Header().Get("X-Request-Id"))
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("the abort was swallowed: %v", p)
		}
	}()
	srv.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/abort", nil))
}

func TestServer_stopsAfterWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	srv := server.New(server.Options{Mount: []func(*gin.Engine){func(e *gin.Engine) {
		e.GET("/slow", func(c *gin.Context) {
			close(entered)
			<-leave
			c.String(http.StatusOK, "done")
		})
	}}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, l) }()
	body := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + l.Addr().String() + "/slow")
		if err != nil {
			body <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		body <- string(b)
	}()
	<-entered
	stop()
	close(leave)
	if got := <-body; got != "done" {
		t.Errorf("what was under way got %q", got)
	}
	if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve ended with %v", err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

func TestServer_givesEveryRequestAnID(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	seen := map[string]bool{}
	for _, path := range []string{"/v1/users", "/v1/users/nobody", "/nothing", "/healthz", "/v1/export/customers"} {
		id := s.Send(t, apitest.Request{Method: "GET", Path: path}).Header.Get("X-Request-Id")
		if !strings.HasPrefix(id, "req_") || seen[id] {
			t.Errorf("%s has the id %q", path, id)
		}
		seen[id] = true
	}
}

func TestServer_headHasNoBody(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	a := s.Send(t, apitest.Request{Method: "HEAD", Path: "/v1/users"})
	if a.Status != 200 || len(a.Body) != 0 {
		t.Errorf("got %d %q", a.Status, a.Body)
	}
	if err := app.CheckJSON(s.Do(t, "GET", "/v1/users", "", 200), 5); err != nil {
		t.Error(err)
	}
}
