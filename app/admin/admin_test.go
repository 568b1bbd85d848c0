package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/admin"
	"kith/app/api"
	"kith/app/backup"
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

// house is the dashboard's API over a folder of its own.
type house struct {
	t       *testing.T
	db      *storage.DB
	clock   *app.MovableClock
	routes  gin.RoutesInfo
	handler http.Handler
	log     bytes.Buffer
}

// password is that of every user of these tests.
const password = "a ledger well kept"

func newHouse(t *testing.T, change ...func(*admin.Options)) *house {
	t.Helper()
	db, clock := storagetest.Open(t)
	h := &house{t: t, db: db, clock: clock}
	log := slog.New(slog.NewTextHandler(&h.log, nil))
	o := admin.Options{
		Clock: clock, Log: log, Requests: requestlog.New(clock.Now()), Workspace: "MInt", Version: "test",
		Segments: keeper.New(db, keeper.Options{Clock: clock, Log: log}),
		Hooks:    hook.New(db, hook.Options{Clock: clock}),
		Imports:  importer.NewRunner(db, importer.RunnerOptions{Clock: clock, Log: log}),
		Backups: backup.NewRunner(func(ctx context.Context) (backup.Snapshot, error) { return storage.OpenSnapshot(ctx, db.Folder()) },
			backup.RunnerOptions{Clock: clock, Folder: filepath.Join(t.TempDir(), "backups"), Keep: 7, Every: 24 * time.Hour, At: 3 * time.Hour}),
	}
	office := privacy.New(db, privacy.Options{Imports: o.Imports, Log: log, Event: api.AppendEvent,
		User: func(_ context.Context, b []byte, c *app.Customer) []byte { return append(b, api.User(c, nil)...) }})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- office.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	o.Privacy = office
	for _, f := range change {
		f(&o)
	}
	pages := admin.New(db, o)
	h.handler = server.New(server.Options{Log: log, Mount: []func(*gin.Engine){pages.Mount, func(e *gin.Engine) { h.routes = e.Routes() }}}).Handler()
	return h
}

// browser is somebody at the dashboard.
type browser struct {
	h      *house
	jar    http.CookieJar
	header http.Header
	tls    bool
	from   string // address
}

func (h *house) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{h: h, jar: jar, header: http.Header{}, from: "192.0.2.7:40000"}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(a.text), &out); err != nil {
		t.Fatalf("%v in %s", err, a.text)
	}
	return out
}

func (b *browser) call(ctx context.Context, method, path string, body any) answer {
	b.h.t.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			b.h.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	scheme := "http"
	if b.tls {
		scheme = "https"
	}
	req := httptest.NewRequestWithContext(ctx, method, scheme+"://kith.example.com"+path, in)
	req.RemoteAddr = b.from
	req.Header = b.header.Clone()
	req.Header.Set("Content-Type", "application/json")
	for _, c := range b.jar.Cookies(req.URL) {
		req.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.h.handler.ServeHTTP(w, req)
	b.jar.SetCookies(req.URL, w.Result().Cookies())
	return answer{w.Code, w.Result().Header, w.Body.String()}
}

func (b *browser) do(method, path string, body any) answer {
	b.h.t.Helper()
	return b.call(b.h.t.Context(), method, path, body)
}

// must is do for a call that has to succeed.
func (b *browser) must(method, path string, body any) map[string]any {
	b.h.t.Helper()
	a := b.do(method, path, body)
	if a.status != http.StatusOK {
		b.h.t.Fatalf("%s %s is answered %d %s", method, path, a.status, a.text)
	}
	if strings.TrimSpace(a.text) == "" {
		return nil
	}
	return a.json(b.h.t)
}

// user makes a user; the first one of a house is its owner.
func (h *house) user(email string, role app.Role) app.User {
	h.t.Helper()
	hash, err := admin.HashPassword(password, email)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.db.CreateUser(h.t.Context(), email, hash, role); err != nil {
		h.t.Fatal(err)
	}
	u, err := h.db.UserByEmail(h.t.Context(), email)
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// as is a browser in which a user is signed in.
func (h *house) as(email string) *browser {
	h.t.Helper()
	b := h.browser()
	b.must("POST", "/api/session", map[string]string{"email": email, "password": password})
	return b
}
