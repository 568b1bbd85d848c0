package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"kith/app"
	"kith/app/metrics"
	"kith/storage/storagetest"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// engine answers everything with a status, and is counted.
func engine(t testing.TB, o metrics.Options, fill ...app.Change) *gin.Engine {
	t.Helper()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, fill...)
	m := metrics.New(db, o)
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(m.Around)
	m.Mount(e)
	e.NoRoute(func(c *gin.Context) {
		if strings.HasSuffix(c.Request.URL.Path, "live") {
			c.Header("Content-Type", "text/event-stream; charset=utf-8")
		}
		c.String(http.StatusAccepted, "ok")
	})
	return e
}

func get(e *gin.Engine, method, target, from string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = from
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

const here = "127.0.0.1:4000"

func TestMetrics_sayHowKithIsDoing(t *testing.T) {
	t.Parallel()
	e := engine(t, metrics.Options{
		Version: "1.2.3", Columns: func() (int64, bool) { return 4096, true }, Index: func() app.IndexState { return app.IndexState{State: "ready", Indexed: 2} },
		Backups: func() (app.BackupState, error) {
			return app.BackupState{Files: []app.BackupFile{{At: 1_700_000_000_000, Bytes: 77}}, Fault: "no space"}, nil
		},
	}, &app.Track{UID: "u1", Event: "Seen", At: storagetest.Instant(0)}, &app.Track{UID: "u2", Event: "Seen", At: storagetest.Instant(0)})
	get(e, "POST", "/v1/users/secret-id/events", here)
	get(e, "PUT", "/users/secret-id", here)
	get(e, "GET", "/v1/users?query=ada", here)
	get(e, "GET", "/v1/users/secret-id", here)
	get(e, "POST", "/hooks/secret-token", here)
	get(e, "GET", "/api/overview", here)
	get(e, "GET", "/api/live", here) // a stream: it counts for nothing
	w := get(e, "GET", "/metrics", here)
	for _, want := range []string{
		`kith_http_request_seconds_count\{status="2xx",surface="write"\} 2`, `_count\{status="2xx",surface="search"\} 1`, `_count\{status="2xx",surface="read"\} 1`,
		`_count\{status="2xx",surface="hooks"\} 1`, `_count\{status="2xx",surface="dashboard"\} 1`, `kith_info\{version="1.2.3"\} 1`, `kith_ready 1`,
		`kith_writer_commits_total 1\b`, `kith_writer_changes_total 2\b`, `kith_writer_group_size_bucket\{le="1"\} 1`, `kith_writer_group_size_sum 1`,
		`kith_events_stored_total 2`, `kith_segment_flips_total 0`, `kith_things\{what="customers"\} 2`, `kith_feed_head 4`, `kith_disk_bytes\{what="free"\} \d`,
		`kith_database_bytes\{file="log"\} \d`, `kith_disk_low 0`, `kith_columns_bytes 4096`, `kith_search_customers 2`, `kith_search_ready 1`,
		`kith_backup_last_seconds 1.7e\+09`, `kith_backup_failing 1`, `kith_backup_bytes 77`, `kith_quarantine 0`, `kith_database_damaged 0`, `go_goroutines \d`,
	} {
		if !regexp.MustCompile(`(?m)` + want).MatchString(w.Body.String()) {
			t.Errorf("it does not say %s", want)
		}
	}
	if strings.Contains(w.Body.String(), "secret") {
		t.Error("a label holds an id")
	}
	if t.Failed() {
		t.Log(w.Body.String())
	}
}

func TestMetrics_areForThisMachineUnlessConfigured(t *testing.T) {
	t.Parallel()
	local, all := engine(t, metrics.Options{}), engine(t, metrics.Options{Everybody: true})
	for _, c := range []struct {
		from   string
		header []string
		status int
	}{
		{here, nil, 200}, {"[::1]:4000", nil, 200}, {"192.0.2.7:4000", nil, 403}, {"[::ffff:127.0.0.1]:1", nil, 200},
		{here, []string{"X-Forwarded-For", "192.0.2.7"}, 403}, {here, []string{"Forwarded", "for=192.0.2.7"}, 403}, {"", nil, 403},
	} {
		if got := get(local, "GET", "/metrics", c.from, c.header...).Code; got != c.status {
			t.Errorf("%s %v is answered %d, want %d", c.from, c.header, got, c.status)
		}
		if got := get(all, "GET", "/metrics", c.from, c.header...).Code; got != 200 {
			t.Errorf("with everybody let in, %s %v is answered %d", c.from, c.header, got)
		}
	}
}

// What counting costs: beside some 200 µs of processor for a stored event.
func BenchmarkAround(b *testing.B) {
	r := httptest.NewRequest("POST", "/v1/users/u1/events", nil)
	for name, e := range map[string]*gin.Engine{"counted": engine(b, metrics.Options{}), "bare": bare()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				e.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}

func bare() *gin.Engine {
	e := gin.New()
	e.NoRoute(func(c *gin.Context) { c.String(http.StatusAccepted, "ok") })
	return e
}

// What Prometheus' own linter says of the whole page: names, units, help.
func TestMetrics_passPrometheusLint(t *testing.T) {
	t.Parallel()
	e := engine(t, metrics.Options{Version: "1", Columns: func() (int64, bool) { return 1, true }, Index: func() app.IndexState { return app.IndexState{} },
		Backups: func() (app.BackupState, error) {
			return app.BackupState{Files: []app.BackupFile{{At: 1_700_000_000_000, Bytes: 77}}}, nil
		}}, &app.Track{UID: "u1", Event: "Seen", At: storagetest.Instant(0)})
	get(e, "PUT", "/users/a", here)
	found, err := promlint.New(get(e, "GET", "/metrics", here).Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
