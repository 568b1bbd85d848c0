// Package apitest starts the whole HTTP surface for tests: a real server on loopback,
// the real engine, and storage in a folder of its own whose clock stands still. It
// holds no fake, and nothing of it outlives a test.
package apitest

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/api"
	"kith/app/hook"
	"kith/app/importer"
	"kith/app/keeper"
	"kith/app/privacy"
	"kith/app/requestlog"
	"kith/app/server"
	"kith/storage"
	"kith/storage/storagetest"

	"github.com/gin-gonic/gin"
)

// The keys that every server of this package takes.
const (
	Public  = "pk_test_public"
	Private = "sk_test_private"
)

// Server is a running server.
type Server struct {
	URL      string
	Addr     string
	DB       *storage.DB
	Clock    *app.MovableClock
	Requests *requestlog.Log
	Hooks    *hook.Desk
	Segments *keeper.Keeper
	Handler  http.Handler
	// Certificate is what SNS signs with, for tests that play its part.
	Certificate *x509.Certificate
	client      *http.Client
}

// Start starts a server; the end of the test stops it and checks the stored invariants.
// Whatever it logs as an error fails the test. Each change is made to the API's options.
func Start(t testing.TB, change ...func(*api.Options)) *Server {
	t.Helper()
	db, clock := storagetest.Open(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		URL: "http://" + l.Addr().String(), Addr: l.Addr().String(), DB: db, Clock: clock,
		Requests: requestlog.New(clock.Now()),
		client: &http.Client{
			Timeout:       60 * time.Second,
			Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	log := slog.New(slog.NewTextHandler(failing{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	s.Hooks = hook.New(db, hook.Options{Clock: clock, Certificate: func(string) (*x509.Certificate, error) {
		if s.Certificate == nil {
			return nil, errors.New("the test has no certificate")
		}
		return s.Certificate, nil
	}})
	imports := importer.NewRunner(db, importer.RunnerOptions{Clock: clock, Log: log})
	s.Segments = keeper.New(db, keeper.Options{Clock: clock, Log: log})
	if err := s.Segments.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	var a *api.API
	office := privacy.New(db, privacy.Options{Imports: imports, Memory: []privacy.Memory{s.Requests}, Log: log, Event: api.AppendEvent,
		User: func(ctx context.Context, b []byte, c *app.Customer) []byte { return a.AppendUser(ctx, b, c) }})
	options := api.Options{
		Privacy: office,
		Imports: imports, Segments: s.Segments,
		Clock: clock, Pinned: api.Pinned{Public: Public, Private: Private},
		Version: "test", OrgID: db.OrgID(), Log: log, Requests: s.Requests, Hooks: s.Hooks,
	}
	for _, f := range change {
		f(&options)
	}
	a = api.New(db, options)
	srv := server.New(server.Options{Log: log, TrustedProxies: options.Proxies.Strings(), Mount: []func(*gin.Engine){a.Mount}})
	s.Handler = srv.Handler()
	ctx, cancel := context.WithCancel(context.Background())
	ended, imported, kept, cleaned := make(chan error, 1), make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, l) }()
	go func() { imported <- imports.Run(ctx) }()
	go func() { kept <- s.Segments.Run(ctx) }()
	go func() { cleaned <- office.Run(ctx) }()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended: %v", err)
		}
		<-imported
		<-kept
		<-cleaned
	})
	return s
}

// failing is where a log goes that must stay empty.
type failing struct{ t testing.TB }

func (f failing) Write(b []byte) (int, error) {
	f.t.Errorf("logged: %s", b)
	return len(b), nil
}

// Auth says which keys a request carries.
type Auth string

// The ways in which clients authenticate, rightly and wrongly.
const (
	Full         Auth = "full"
	PublicOnly   Auth = "public"
	NoKeys       Auth = "none"
	WrongPublic  Auth = "wrong-public"
	WrongPrivate Auth = "wrong-private"
	Bare         Auth = "bare" // "Basic" with nothing behind it
	Null         Auth = "null" // base64 of "null:"
	Bearer       Auth = "bearer"
)

// Header returns the Authorization header, "" for none.
func (a Auth) Header() string {
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	switch a {
	case Full:
		return basic(Public, Private)
	case PublicOnly:
		return basic(Public, "")
	case WrongPublic:
		return basic("pk_other", Private)
	case WrongPrivate:
		return basic(Public, "sk_other")
	case Bare:
		return "Basic"
	case Null:
		return basic("null", "")
	case Bearer:
		return "Bearer " + Private
	}
	return ""
}

// Request is one request of a test.
type Request struct {
	Method, Path string
	Auth         Auth // "" is Full
	Body         string
	Header       http.Header
}

// Answer is what came back, the body unpacked by nobody.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send sends a request and returns its answer.
func (s *Server) Send(t testing.TB, r Request) Answer {
	t.Helper()
	var body io.Reader
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	return s.Stream(t, r, body)
}

// Stream is Send with a body of unknown length.
func (s *Server) Stream(t testing.TB, r Request, body io.Reader) Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.Method, s.URL+r.Path, body)
	if err != nil {
		t.Fatal(err)
	}
	if r.Auth == "" {
		r.Auth = Full
	}
	if h := r.Auth.Header(); h != "" {
		req.Header.Set("Authorization", h)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	defer res.Body.Close()
	a := Answer{Status: res.StatusCode, Header: res.Header}
	if a.Body, err = io.ReadAll(res.Body); err != nil {
		t.Fatalf("%s %s: read the answer: %v", r.Method, r.Path, err)
	}
	return a
}

// Do sends a request with both keys, fails the test unless it gets the status, and
// returns the answer's body.
func (s *Server) Do(t testing.TB, method, path, body string, status int) []byte {
	t.Helper()
	a := s.Send(t, Request{Method: method, Path: path, Body: body})
	if a.Status != status {
		t.Fatalf("%s %s %.200s: got %d %.300s, want %d", method, path, body, a.Status, a.Body, status)
	}
	return a.Body
}

// CheckFailure fails the test unless an answer is a failure in the API's form, and
// returns its sentence.
func CheckFailure(t testing.TB, a Answer) string {
	t.Helper()
	if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("a failure came as %q", kind)
	}
	if err := app.CheckJSON(a.Body, app.MaxDepth); err != nil {
		t.Fatalf("the failure %.200q is no JSON: %v", a.Body, err)
	}
	members, err := app.Members(a.Body, nil)
	if err != nil || len(members) != 1 || members[0].Name != "error" {
		t.Fatalf("the failure %.200q is not {\"error\":…}", a.Body)
	}
	text, ok := app.Text(members[0].Value)
	if !ok || strings.TrimSpace(text) == "" {
		t.Fatalf("the failure %.200q says nothing", a.Body)
	}
	return text
}

// Member returns the raw value of a path of names and numbers in a JSON body, nil if
// there is none.
func Member(body []byte, path ...string) []byte {
	for _, name := range path {
		next := []byte(nil)
		switch app.JSONKind(body) {
		case app.ObjectKind:
			members, _ := app.Members(body, nil)
			for _, m := range members {
				if m.Name == name {
					next = m.Value
				}
			}
		case app.ListKind:
			items, _ := app.Elements(body, nil)
			for i, item := range items {
				if name == strconv.Itoa(i) {
					next = item
				}
			}
		}
		if next == nil {
			return nil
		}
		body = next
	}
	return body
}

// Text is Member for a text.
func Text(body []byte, path ...string) string {
	s, _ := app.Text(Member(body, path...))
	return s
}

// Shared returns a file of the reference data that lies beside the project. Without it
// the test is skipped, but fails where CI=true.
func Shared(t testing.TB, name ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{Root(t), "..", "shared"}, name...)...))
	if errors.Is(err, os.ErrNotExist) {
		Missing(t, "the shared reference data is not here: "+filepath.Join(name...))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Root is the project's folder: the nearest one upwards that holds go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// Missing skips a test that needs what is not here, and fails it where CI=true.
func Missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Same reports whether two raw JSON values are the same text when compact.
func Same(a, b []byte) bool { return bytes.Equal(app.Compact(a), app.Compact(b)) }
