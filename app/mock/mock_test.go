package mock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
)

func TestWritePreload_namesTheMockAndStaysTheSame(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "kith")
	first, err := WritePreload(folder, "127.0.0.1:6001")
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(first)
	if err != nil || !strings.Contains(string(source), "process.env.KITH_MOCK || '127.0.0.1:6001'") {
		t.Errorf("the file is (%v)\n%s", err, source)
	}
	again, err := WritePreload(folder, "127.0.0.1:6001")
	if after, _ := os.Stat(first); err != nil || again != first || !os.SameFile(before, after) {
		t.Errorf("written again, as %s (%v)", again, err)
	}
	if other, err := WritePreload(folder, "[::1]:6002"); err != nil || other == first {
		t.Errorf("for another port: %s, %v", other, err)
	}
	entries, _ := os.ReadDir(folder)
	if len(entries) != 2 {
		t.Errorf("the folder holds %v", entries)
	}
	for _, wrong := range []string{"", "127.0.0.1", "127.0.0.1:0", "10.0.0.1:80", "engage.example:80", ":5485"} {
		if path, err := WritePreload(folder, wrong); err == nil {
			t.Errorf("%q gave %s", wrong, path)
		}
	}
}

func TestFailure_matchesMethodAndPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f            Failure
		method, path string
		want         bool
	}{
		{Failure{}, "GET", "/anything", true},
		{Failure{Method: "put"}, "PUT", "/v1/users/a", true},
		{Failure{Method: "put"}, "POST", "/v1/users/a", false},
		{Failure{Path: "/users/a"}, "PUT", "/v1/users/a", true},
		{Failure{Path: "/v1/users/a"}, "PUT", "/users/a", true},
		{Failure{Path: "/users/a"}, "PUT", "/users/ab", false},
		{Failure{Path: "/users/*/events"}, "POST", "/v1/users/a/b/events", true},
		{Failure{Path: "/users/*"}, "POST", "/v1/users", false},
		{Failure{Path: "/users/a.c"}, "PUT", "/users/abc", false},
	} {
		c.f.Drop = true
		if err := c.f.check(); err != nil {
			t.Fatal(err)
		}
		if got := c.f.matches(c.method, c.path); got != c.want {
			t.Errorf("%s %q matches %s %s: %v", c.f.Method, c.f.Path, c.method, c.path, got)
		}
	}
}

func TestRecord_isBounded(t *testing.T) {
	t.Parallel()
	r := record{changed: make(chan struct{})}
	for range 200 {
		r.add(&Request{body: make([]byte, recordBody)})
	}
	if found, _ := r.find(func(*Request) bool { return true }); len(found) != 127 || found[126].Seq != 200 || r.bytes > recordBytes {
		t.Errorf("of 200 requests of a megabyte %d are kept, %d bytes", len(found), r.bytes)
	}
}

func FuzzFixture(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `{"lists":[{"title":"News"}],"customers":[{"id":1,"lists":["News"]}]}`,
		`{"events":[{"uid":"a","event":"Paid","ago":"3d","value":1e400,"properties":{"x":[{}]}}]}`,
		`{"events":[{"id":7,"event":"E","timestamp":"2020-01-01"}],"segments":[{"title":"S","rule":{"event":"E"}}]}`,
		`{"customers":[{"id":"a"},null]}`, `{"events":[{"uid":{},"event":"E"}]}`,
	} {
		f.Add([]byte(seed))
	}
	m := &Mock{o: Options{Zone: time.UTC}}
	m.clock.Store(app.NewShiftedClock())
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := m.read(body)
		if err != nil {
			if app.CodeOf(err) != app.CodeInvalid || strings.TrimSpace(app.Public(err).Sentence()) == "" {
				t.Errorf("refused with %v", err)
			}
			return
		}
		for _, p := range got.events {
			if e := p.change.(*app.Track); e.UID == "" || e.Event == "" {
				t.Errorf("%s is %+v", p.at, e)
			}
		}
	})
}
