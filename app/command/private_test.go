package command

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// marked stands in everything personal that the test sends.
const marked = "zqxmarked"

// The log at info says nothing about anybody, whatever comes and whatever fails. At debug
// it has the paths, which shows that the test would see what it looks for.
func TestLog_hasNoPersonalDataAtInfo(t *testing.T) {
	for _, level := range []string{"info", "debug"} {
		t.Run(level, func(t *testing.T) {
			log, ids := drive(t, level)
			if level == "debug" {
				if !strings.Contains(log, marked) {
					t.Errorf("the log at debug has no path with %s", marked)
				}
				for _, id := range ids {
					if !strings.Contains(log, "request="+id) {
						t.Errorf("the log at debug has no request %s", id)
					}
				}
				return
			}
			for line := range strings.Lines(log) {
				if strings.Contains(strings.ToLower(line), marked) {
					t.Errorf("the log has %s", line)
				}
			}
			if !strings.Contains(log, "level=WARN") && !strings.Contains(log, "level=ERROR") {
				t.Errorf("nothing failed, so nothing was tried:\n%s", log)
			}
		})
	}
}

// lineLog is written by a server's goroutines.
type lineLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lineLog) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lineLog) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// drive serves a folder, sends it what is marked, right and wrong, and returns the log and
// the requests' ids.
func drive(t *testing.T, level string) (log string, ids []string) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("KITH_KEYS_PUBLIC", "pub")
	t.Setenv("KITH_KEYS_PRIVATE", "priv")
	t.Setenv("KITH_LOG_LEVEL", level)
	var errs, out lineLog
	c := newCLI(&out, &errs)
	cmd, _, err := c.root.Find([]string{"serve"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags([]string{"--data", folder, "--listen", "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	cfg, err := c.config(cmd)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.runServe(ctx, cfg, false, func() {}) }()
	address := ""
	for end := time.Now().Add(10 * time.Second); address == "" && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, rest, ok := strings.Cut(out.String(), "API        "); ok {
			address, _, _ = strings.Cut(rest, "/v1\n")
		}
	}
	send := func(method, path, body string, header ...string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("pub", "priv")
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		ids = append(ids, resp.Header.Get("X-Request-Id"))
		return resp.StatusCode, string(text)
	}
	m, mail := marked, marked+"@example.com"
	for _, r := range [][3]string{
		{"PUT", "/v1/users/" + m, `{"email":"` + mail + `","first_name":"` + m + `","plan":"` + m + `"}`},
		{"POST", "/v1/users/" + m + "/events", `{"event":"` + m + `","properties":{"p":"` + m + `"}}`},
		{"POST", "/v1/users/" + m + "/events", `{"event":"` + m}, // cut
		{"PUT", "/v1/users/" + m, `{"email":"` + m + `"}`},       // no e-mail
		{"GET", "/v1/users/" + m + "none", ""},
		{"GET", "/v1/users?query=" + m, ""}, {"GET", "/v1/users?email=" + mail, ""},
		{"GET", "/v1/" + m + "/%zz", ""}, {"POST", "/v1/users/merge", `{"source":"` + m + `","destination":"` + m + `2"}`},
		{"POST", "/batch", `[{"` + m + `":1}]`}, {"POST", "/v1/segments", `{"title":"` + m + `","rule":{"attribute":"plan","op":"is","value":"` + m + `"}}`},
		{"GET", "/v1/export/customers?x=" + m, ""}, {"POST", "/hooks/" + m, m}, {"DELETE", "/v1/users/" + m + "gone", ""},
	} {
		path, err := url.Parse(r[1])
		if err != nil {
			continue // not every client could send it
		}
		send(r[0], path.String(), r[2])
	}
	_, text := send("POST", "/v1/integrations", `{"kind":"stripe","secret":"whsec_`+m+`"}`)
	if _, rest, ok := strings.Cut(text, `"url":"`); ok {
		hook, _, _ := strings.Cut(rest, `"`)
		send("POST", hook, `{"id":"`+m+`","type":"invoice.paid"}`, "Stripe-Signature", "t=1,v1="+m)
	} else {
		t.Errorf("no connection was made: %s", text)
	}
	if code, text := send("POST", "/v1/imports?filename="+m+".csv", "id,email\n"+m+"3,"+mail+"\n"+m+"4,"+m+"\n\"", "Content-Type", "text/csv"); code >= 500 {
		t.Errorf("the import is answered with %d %s", code, text)
	}

	// The database is taken away under it: what then fails is logged, with the request's id.
	db, err := sql.Open("sqlite", filepath.Join(folder, "kith.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`create trigger broken before insert on events begin select raise(abort, 'broken'); end`); err != nil {
		t.Fatal(err)
	}
	if code, text := send("POST", "/v1/users/"+m+"/events", `{"event":"`+m+`"}`, "X-Request-Id", "from-a-proxy-1"); code != http.StatusInternalServerError || !strings.Contains(text, `"request_id":"from-a-proxy-1"`) {
		t.Errorf("a failure is answered with %d %s", code, text)
	}
	if _, text := send("GET", "/healthz", "", "X-Request-Id", mail); strings.Contains(ids[len(ids)-1], "@") {
		t.Errorf("an address was taken as a request's id (%s)", text)
	}
	time.Sleep(300 * time.Millisecond) // what works beside
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.Contains(errs.String(), "request=from-a-proxy-1") {
		t.Errorf("the log has not the failed request's id:\n%s", errs.String())
	}
	return errs.String() + out.String(), ids
}
