package api_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kith/app/apitest"

	"github.com/chromedp/chromedp"
)

// shop is the web that a browser of a test sees: a shop's page with the SDK's bundle,
// Kith in the place of api.engage.so, and empty stand-ins for the other hosts that the
// bundle loads from.
type shop struct {
	addr string

	mu   sync.Mutex
	seen []string // requests to api.engage.so
}

const shopPage = `<!doctype html><meta charset="utf-8"><title>Shop</title><body><h1>Shop</h1>
<script>window.engage = { queue: [['init', %q], ['identify', { id: 'ada', email: 'ada@example.com', plan: 'pro' }], ['track', 'ada', 'Queued']] }</script>
<script src="/engage.js"></script></body>`

func openShop(t *testing.T, s *apitest.Server, bundle string) *shop {
	t.Helper()
	script, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	kith := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	w := &shop{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "api.engage.so":
			w.mu.Lock()
			w.seen = append(w.seen, r.Method+" "+r.URL.RequestURI())
			w.mu.Unlock()
			kith.ServeHTTP(out, r)
		case r.Host == "shop.example" && r.URL.Path == "/engage.js":
			out.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = out.Write(script)
		case r.Host == "shop.example":
			out.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(out, shopPage, apitest.Public)
		case strings.HasSuffix(r.URL.Path, ".js"):
			out.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(out, "window.io = () => ({ on () {}, emit () {} })")
		default:
			out.Header().Set("Content-Type", "text/html")
		}
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // the browser has errands of its own
	srv.StartTLS()
	t.Cleanup(srv.Close)
	w.addr = srv.Listener.Addr().String()
	return w
}

// requests waits until the browser has asked for all of paths, and returns all it asked for.
func (w *shop) requests(t *testing.T, paths ...string) []string {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		w.mu.Lock()
		seen := slices.Clone(w.seen)
		w.mu.Unlock()
		missing := ""
		for _, p := range paths {
			if !slices.Contains(seen, p) {
				missing = p
			}
		}
		if missing == "" {
			return seen
		}
		if time.Now().After(deadline) {
			t.Fatalf("the browser never asked for %s, only for %q", missing, seen)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// visit opens the shop in Chromium, where every host is the shop's server.
func visit(t *testing.T, w *shop) context.Context {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		apitest.Missing(t, "chromium is not installed")
	}
	_, port, err := net.SplitHostPort(w.addr)
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1:"+port),
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("no-proxy-server", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if _, err := chromedp.Run(ctx, chromedp.Navigate("https://shop.example/page?x=1")); err != nil {
		t.Fatalf("open the shop: %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// evaluate awaits a promise in the page and returns what it gave as JSON.
func evaluate(t *testing.T, ctx context.Context, script string) []byte {
	t.Helper()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(async () => JSON.stringify(await (`+script+`)))()`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return []byte(out)
}

func TestBrowserSDK_1_6_0_worksFromAPage(t *testing.T) {
	t.Parallel()
	dir := sdkFolder(t, "1.6.0")
	s := apitest.Start(t)
	w := openShop(t, s, filepath.Join(dir, "node_modules", "@engage_so", "browser", "dist", "engage.min.js"))
	ctx := visit(t, w)
	w.requests(t,
		"OPTIONS /v1/users/ada", "PUT /v1/users/ada", "OPTIONS /v1/users/ada/events", "POST /v1/users/ada/events",
		"OPTIONS /v1/account", "GET /v1/account", "OPTIONS /v1/messages/chat?uid=ada", "GET /v1/messages/chat?uid=ada")
	for _, step := range []struct {
		script  string
		members map[string]string
	}{
		{`Engage.identify({ id: 'bode', first_name: 'Bodé', uni: '🎉' })`, map[string]string{"uid": `"bode"`, "first_name": `"Bodé"`, "meta/uni": `"🎉"`, "devices": ""}},
		{`Engage.addAttribute('bode', { plan: 'pro', tz: 'Africa/Lagos' })`, map[string]string{"uid": `"bode"`, "meta": `{"plan":"pro"}`, "tz": `"Africa/Lagos"`}},
		{`Engage.track('bode', 'Clicked')`, ok},
		{`Engage.track('bode', { event: 'Paid', value: false })`, ok},
		{`Engage.addToAccount('bode', 'acme', 'Admin')`, map[string]string{"uid": `"bode"`, "accounts": ""}},
		{`Engage.changeAccountRole('bode', 'acme', 'Owner')`, map[string]string{"uid": `"bode"`}},
		{`Engage.convertToAccount('bode')`, map[string]string{"uid": `"bode"`}},
		{`Engage.convertToCustomer('bode')`, map[string]string{"uid": `"bode"`}},
		{`Engage.request('/users/merge', { source: 'anon', destination: 'bode' }, 'POST')`, map[string]string{"status": `"queued"`}},
		{`Engage.request('/lists')`, map[string]string{"data": `[]`}},
		{`Engage.request('/users/ada')`, map[string]string{"error": `"This needs the private key; only the public one was sent. Call it from your server, with both keys."`}},
		{`Engage.addAttribute('ada', { email: 'other@example.com' })`, map[string]string{"error": `"email: Changing a customer's e-mail needs the private key too: send this from your server, with both keys."`}},
	} {
		got := evaluate(t, ctx, step.script)
		for path, text := range step.members {
			if path == "" {
				want(t, got, text)
				continue
			}
			want(t, got, text, strings.Split(path, "/")...)
		}
	}
	want(t, evaluate(t, ctx, `Engage.removeFromAccount('bode', 'acme')`), `"bode"`, "uid")
	w.requests(t, "OPTIONS /v1/users/bode/accounts/acme", "DELETE /v1/users/bode/accounts/acme", "OPTIONS /v1/users/merge", "OPTIONS /v1/lists")

	ada := s.Do(t, "GET", "/v1/users/ada", "", 200)
	want(t, ada, `"ada@example.com"`, "email")
	want(t, ada, `{"plan":"pro"}`, "meta")
	want(t, s.Do(t, "GET", "/v1/users/ada/events", "", 200), `"Queued"`, "data", "0", "event")
	want(t, s.Do(t, "GET", "/v1/users/bode", "", 200), `[]`, "accounts")
	want(t, s.Do(t, "GET", "/v1/users/bode/events?event=Paid", "", 200), `false`, "data", "0", "value")
}

func TestBrowserSDK_1_3_4_worksFromAPage(t *testing.T) {
	t.Parallel()
	dir := sdkFolder(t, "1.3.4")
	s := apitest.Start(t)
	w := openShop(t, s, filepath.Join(dir, "node_modules", "@engage_so", "browser", "dist", "engage.min.js"))
	ctx := visit(t, w)
	w.requests(t, "OPTIONS /users/ada", "PUT /users/ada", "POST /users/ada/events", "GET /v1/messages/push/latest?uid=ada")
	want(t, evaluate(t, ctx, `Engage.identify({ id: 'bode', plan: 'pro' })`), `{"plan":"pro"}`, "meta")
	want(t, evaluate(t, ctx, `Engage.track('bode', 'Clicked')`), `"ok"`, "status")
	want(t, s.Do(t, "GET", "/users/bode/events", "", 200), `"Clicked"`, "data", "0", "event")
}
