package uitest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/demo"
	"kith/storage"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Who signs in, and the key pair that servers have from their configuration.
const (
	email      = "ada@example.com"
	password   = "a ledger well kept"
	publicKey  = "pk_uitest"
	privateKey = "sk_uitest"
)

// server is a running Kith.
type server struct {
	t       *testing.T
	folder  string
	address string
}

// serve starts Kith on a folder that fill has filled; nil leaves it empty. With a user
// it can be signed in to at once, without one it waits to be set up.
func serve(t *testing.T, user bool, fill func(db *storage.DB)) *server {
	t.Helper()
	needsBrowser(t)
	s := &server{t: t, folder: t.TempDir()}
	if fill != nil {
		db, err := storage.Open(t.Context(), s.folder, storage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		fill(db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(shared.program, "serve", "--data", s.folder, "--listen", "127.0.0.1:0")
	cmd.Dir = s.folder
	cmd.Env = append(os.Environ(), "KITH_KEYS_PUBLIC="+publicKey, "KITH_KEYS_PRIVATE="+privateKey, "KITH_WORKSPACE=MInt")
	if user {
		cmd.Env = append(cmd.Env, "KITH_ADMIN_EMAIL="+email, "KITH_ADMIN_PASSWORD="+password)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended badly: %v\n%s", err, log.String())
		}
	})
	lines := bufio.NewScanner(out)
	said := regexp.MustCompile(`API\s+(http://\S+)/v1`)
	for s.address == "" && lines.Scan() {
		if m := said.FindStringSubmatch(lines.Text()); m != nil {
			s.address = m[1]
		}
	}
	if s.address == "" {
		t.Fatalf("the server does not say where it is:\n%s", log.String())
	}
	go io.Copy(io.Discard, out)
	return s
}

// mint fills a folder with a small example company.
func mint(persons int) func(db *storage.DB) {
	return func(db *storage.DB) {
		if _, err := demo.Fill(context.Background(), db, db.Now(), persons); err != nil {
			panic(err)
		}
	}
}

// setupLink is the one-time link that a first start leaves in a file.
func (s *server) setupLink() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.folder, "first-start.txt"))
	if err != nil {
		s.t.Fatal(err)
	}
	link := regexp.MustCompile(`http://\S+/app/setup#\S+`).FindString(string(text))
	if link == "" {
		s.t.Fatalf("no link in %q", text)
	}
	return link
}

// send calls the API with a key pair and returns the status and the body.
func (s *server) send(method, path, body string) (int, string) {
	s.t.Helper()
	return s.sendAs(publicKey, privateKey, method, path, body)
}

func (s *server) sendAs(public, private, method, path, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.address+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth(public, private)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// must is send for a request that has to be taken.
func (s *server) must(method, path, body string) string {
	s.t.Helper()
	status, answer := s.send(method, path, body)
	if status >= 300 {
		s.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return answer
}

// idOf is the internal id of a customer by the id of the team's own.
func (s *server) idOf(uid string) string {
	s.t.Helper()
	var user struct{ ID string }
	if err := json.Unmarshal([]byte(s.must("GET", "/v1/users/"+uid, "")), &user); err != nil || user.ID == "" {
		s.t.Fatalf("the answer of %s has no id: %v", uid, err)
	}
	return user.ID
}

// session signs in and returns the cookie.
func (s *server) session() *http.Cookie {
	s.t.Helper()
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	res, err := http.Post(s.address+"/api/session", "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		if c.Name == "kith_session" {
			return c
		}
	}
	s.t.Fatalf("signing in answers %s without a cookie", res.Status)
	return nil
}

// signedIn opens a tab that is signed in already.
func (s *server) signedIn() *tab {
	s.t.Helper()
	cookie := s.session()
	b := s.tab()
	if _, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: s.address}); err != nil {
		s.t.Fatal(err)
	}
	return b
}

// profiles fills a folder with n customers who have an id and a first name each.
func profiles(n int, name func(i int) (uid, profile string)) func(db *storage.DB) {
	return func(db *storage.DB) {
		changes := make([]app.Change, n)
		for i := range n {
			uid, first := name(i)
			changes[i] = &app.SetProfile{UID: uid, Trusted: true, Source: "api", Profile: app.Profile{FirstName: app.FieldOf(first)}}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for len(changes) > 0 {
			step := changes[:min(5000, len(changes))]
			if _, err := db.Apply(ctx, app.Batch{Changes: step}); err != nil {
				panic(err)
			}
			changes = changes[len(step):]
		}
	}
}
