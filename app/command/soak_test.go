package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
)

// soakFor is how long the server is put under load: KITH_SOAK says a time such as 10m (any
// other text is ten minutes); CI has a short form.
func soakFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("KITH_SOAK")
	if d, err := time.ParseDuration(text); err == nil {
		return d
	}
	switch {
	case text != "":
		return 10 * time.Minute
	case os.Getenv("CI") == "true":
		return 20 * time.Second
	case testing.Short():
		t.Skip("builds and runs the program: not with -short")
	}
	return 6 * time.Second
}

const (
	soakClients   = 16
	soakCustomers = 2000
)

// soak is a server under load, and what its clients know.
type soak struct {
	t      *testing.T
	binary string
	folder string
	base   string
	cmd    *exec.Cmd
	http   *http.Client
	down   atomic.Bool // it was killed, and is on its way back
	killed atomic.Int64
	sent   [soakClients]sequence
	counts struct{ events, imports, searches, edits, slow atomic.Int64 }
	rate   atomic.Int64 // events a second that are sent together; 0: as many as go
}

// sequence is the events of one client, numbered from 1.
type sequence struct {
	last     int64
	doubtful map[int64]bool // the server died before it answered
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // an address that stays the same over kills
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := &soak{t: t, binary: buildKith(t), folder: t.TempDir(), base: "http://" + address,
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * soakClients}}}
	for i := range s.sent {
		s.sent[i].doubtful = map[int64]bool{}
	}
	s.start()
	return s
}

func (s *soak) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.binary, "serve", "--data", s.folder, "--listen", strings.TrimPrefix(s.base, "http://"))
	s.cmd.Env = append(os.Environ(), "KITH_KEYS_PUBLIC=pub", "KITH_KEYS_PRIVATE=priv", "KITH_ADMIN_EMAIL=admin@example.com",
		"KITH_ADMIN_PASSWORD=correct horse battery", "KITH_LOG_LEVEL=error")
	var log bytes.Buffer
	s.cmd.Stderr = &log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if res, err := s.http.Get(s.base + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("it does not start: %s", log.String())
		}
	}
}

// do sends a request; errGone is for one that a kill left without an answer.
func (s *soak) do(method, path, contentType string, body []byte) ([]byte, error) {
	r, err := http.NewRequest(method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth("pub", "priv")
	r.Header.Set("Content-Type", contentType)
	killed := s.killed.Load()
	res, err := s.http.Do(r)
	if err == nil {
		defer res.Body.Close()
		var answer []byte
		if answer, err = io.ReadAll(res.Body); err == nil {
			if res.StatusCode/100 != 2 {
				return nil, fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
			}
			return answer, nil
		}
	}
	if s.down.Load() || s.killed.Load() != killed {
		return nil, errGone
	}
	return nil, fmt.Errorf("%s %s: %w", method, path, err)
}

// each calls f again and again until ctx ends, pausing between; a kill is waited out.
func (s *soak) each(ctx context.Context, pause time.Duration, f func(n int) error) {
	for n := 0; ctx.Err() == nil; n++ {
		err := f(n)
		switch {
		case errors.Is(err, errGone):
			for s.down.Load() && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
		case err != nil:
			s.t.Error(err)
			return
		}
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
}

// ingest is one client that tracks events, at its share of the rate.
func (s *soak) ingest(ctx context.Context, i int) {
	seq, began, first := &s.sent[i], time.Now(), s.sent[i].last
	s.each(ctx, 0, func(int) error {
		if rate := s.rate.Load(); rate > 0 {
			due := began.Add(time.Duration(float64(seq.last-first) * soakClients / float64(rate) * float64(time.Second)))
			if wait := time.Until(due); wait > 0 {
				time.Sleep(wait)
			} else if wait < -time.Second { // it fell behind, by a kill or by the machine: no catching up
				began, first = time.Now(), seq.last
				s.counts.slow.Add(1)
			}
		}
		seq.last++
		n := seq.last
		_, err := s.do("POST", fmt.Sprintf("/v1/users/u%d/events", (n*soakClients+int64(i))%soakCustomers), "application/json",
			fmt.Appendf(nil, `{"event":"Used %d","properties":{"c":%d,"n":%d}}`, n%7, i, n))
		if errors.Is(err, errGone) {
			seq.doubtful[n] = true
		} else if err == nil {
			s.counts.events.Add(1)
		}
		return err
	})
}

// others imports files, searches, and makes, edits and removes segments, until ctx ends.
func (s *soak) others(ctx context.Context, all *sync.WaitGroup) {
	all.Go(func() {
		s.each(ctx, 2*time.Second, func(n int) error {
			var body bytes.Buffer
			w := multipart.NewWriter(&body)
			part, _ := w.CreateFormFile("file", "people.csv")
			fmt.Fprintln(part, "uid,first_name,plan,usage_gb")
			for k := range 200 {
				fmt.Fprintf(part, "u%d,Ada %d,Fibre %d,%d\n", (n*200+k)%soakCustomers, k, n%5, k)
			}
			w.Close()
			_, err := s.do("POST", "/v1/imports", w.FormDataContentType(), body.Bytes())
			if err == nil {
				s.counts.imports.Add(1)
			}
			return err
		})
	})
	all.Go(func() {
		s.each(ctx, 50*time.Millisecond, func(n int) error {
			_, err := s.do("GET", fmt.Sprintf("/v1/users?query=ada+%d", n%200), "application/json", nil)
			s.counts.searches.Add(1)
			return err
		})
	})
	all.Go(func() {
		s.each(ctx, 500*time.Millisecond, func(n int) error {
			answer, err := s.do("POST", "/v1/segments", "application/json", fmt.Appendf(nil, `{"title":"S %d","rule":{"event":"Used %d","count":{"op":"gte","value":%d}}}`, n, n%7, n%9+1))
			if err != nil {
				return err
			}
			var made struct{ ID string }
			if err := json.Unmarshal(answer, &made); err != nil {
				return err
			}
			path := "/v1/segments/" + made.ID
			for _, step := range []struct{ method, path, body string }{
				{"PUT", path, `{"rule":{"attribute":"usage_gb","op":"gt","value":50}}`}, {"GET", path, ""}, {"DELETE", path, ""},
			} {
				if _, err := s.do(step.method, step.path, "application/json", []byte(step.body)); err != nil {
					return err
				}
			}
			s.counts.edits.Add(1)
			return nil
		})
	})
}

// sample is what /metrics says of the process.
type sample struct{ memory, goroutines, files float64 }

func (s *soak) sample() (out sample, err error) {
	text, err := s.do("GET", "/metrics", "text/plain", nil)
	if err != nil {
		return out, err
	}
	value := func(name string) float64 {
		m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)
		if m == nil {
			s.t.Errorf("/metrics does not say %s", name)
			return 0
		}
		v, _ := strconv.ParseFloat(string(m[1]), 64)
		return v
	}
	// The columns grow with the events, as they should.
	return sample{value("process_resident_memory_bytes") - value("kith_columns_bytes"), value("go_goroutines"), value("process_open_fds")}, nil
}

// limit measures how many events a second the clients get answered.
func (s *soak) limit(seconds int) int64 {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for i := range soakClients {
		all.Go(func() { s.ingest(ctx, i) })
	}
	all.Wait()
	return s.counts.events.Load() / int64(seconds)
}

// hold stops the server, and holds what is stored against what the clients know.
func (s *soak) hold() {
	s.t.Helper()
	s.http.CloseIdleConnections()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("it ended badly: %v", err)
	}
	db, err := storage.Open(s.t.Context(), s.folder, storage.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := db.Check(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	var stored [soakClients]map[int64]bool
	for i := range stored {
		stored[i] = map[int64]bool{}
	}
	err = db.EachEvent(s.t.Context(), app.EventFilter{}, func(e *app.Event) error {
		var p struct{ C, N int64 }
		err := json.Unmarshal(e.Properties, &p)
		if stored[p.C][p.N] {
			s.t.Errorf("the event %d of client %d is there twice", p.N, p.C)
		}
		stored[p.C][p.N] = true
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	for i := range s.sent {
		missing := 0
		for n := int64(1); n <= s.sent[i].last; n++ {
			if !stored[i][n] && !s.sent[i].doubtful[n] {
				missing++
			}
		}
		if missing > 0 {
			s.t.Errorf("%d events of client %d were answered and are not there", missing, i)
		}
	}
	s.leftovers()
}

// leftovers looks for files that nobody needs.
func (s *soak) leftovers() {
	s.t.Helper()
	_ = filepath.WalkDir(s.folder, func(path string, d os.DirEntry, err error) error {
		name := ""
		if err == nil {
			name = d.Name()
		}
		if strings.HasSuffix(name, ".part") || strings.HasSuffix(name, ".new") || strings.HasPrefix(name, ".doctor-") || strings.HasPrefix(name, ".restore-") {
			s.t.Errorf("left: %s", path)
		}
		return err
	})
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// At 70 % of what it can take, with imports, searches and edits of segments beside it: no
// error, flat memory, and no goroutine or file left.
func TestSoak_steadyLoad(t *testing.T) {
	d := soakFor(t)
	s := newSoak(t)
	limit := s.limit(max(2, int(d.Seconds()/20)))
	s.rate.Store(limit * 7 / 10)
	before := s.counts.events.Load()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for i := range soakClients {
		all.Go(func() { s.ingest(ctx, i) })
	}
	s.others(ctx, &all)
	var memory []float64
	s.each(ctx, d/60, func(int) error {
		m, err := s.sample()
		memory = append(memory, m.memory)
		return err
	})
	all.Wait()
	rate := float64(s.counts.events.Load()-before) / d.Seconds()
	t.Logf("limit %d events/s, held %.0f/s for %s beside %d imports, %d searches, %d edits; fell behind %d times", limit, rate, d,
		s.counts.imports.Load(), s.counts.searches.Load(), s.counts.edits.Load(), s.counts.slow.Load())
	if s.counts.imports.Load() == 0 || s.counts.searches.Load() == 0 || s.counts.edits.Load() == 0 {
		t.Error("there was nothing beside the events")
	}
	if d >= time.Minute && len(memory) >= 40 { // before that it is still growing to its size
		early, late := median(memory[len(memory)/4:len(memory)/2]), median(memory[len(memory)*3/4:])
		t.Logf("memory %.0f MB, then %.0f MB", early/1e6, late/1e6)
		if late > 1.25*early+32e6 {
			t.Errorf("memory grew from %.0f MB to %.0f MB", early/1e6, late/1e6)
		}
	}
	s.quiet()
	s.hold()
}

// quiet waits until the load's goroutines and connections are gone.
func (s *soak) quiet() {
	s.t.Helper()
	s.http.CloseIdleConnections()
	var m sample
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var err error
		if m, err = s.sample(); err != nil {
			s.t.Fatal(err)
		}
		s.http.CloseIdleConnections()
		if m.goroutines < 60 && m.files < 120 {
			s.t.Logf("at rest: %.0f goroutines, %.0f files", m.goroutines, m.files)
			return
		}
	}
	s.t.Errorf("after the load %.0f goroutines and %.0f files are left", m.goroutines, m.files)
}

// The same load, and the server is killed again and again: whatever was answered is there,
// once, and it comes back by itself each time.
func TestSoak_killedAgainAndAgain(t *testing.T) {
	d := soakFor(t)
	every := 20 * time.Second
	if d < 2*time.Minute {
		every = d / 4
	}
	s := newSoak(t)
	limit := s.limit(2)
	s.rate.Store(limit * 7 / 10)
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for i := range soakClients {
		all.Go(func() { s.ingest(ctx, i) })
	}
	s.others(ctx, &all)
	for ctx.Err() == nil {
		select {
		case <-time.After(every):
		case <-ctx.Done():
			continue
		}
		s.down.Store(true)
		s.killed.Add(1)
		if err := s.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = s.cmd.Wait()
		s.start()
		s.down.Store(false)
	}
	all.Wait()
	t.Logf("killed %d times; %d events answered, %d imports, %d searches, %d edits", s.killed.Load(), s.counts.events.Load(), s.counts.imports.Load(), s.counts.searches.Load(), s.counts.edits.Load())
	if s.killed.Load() == 0 {
		t.Error("it was never killed")
	}
	s.quiet()
	s.hold()
}
