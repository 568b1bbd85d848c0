package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/app/config"
	"kith/app/privacy"
	"kith/app/requestlog"
	"kith/app/server"
	"kith/storage"

	"github.com/gin-gonic/gin"
)

// living is a whole Kith on a folder of its own, as `kith serve` runs it.
type living struct {
	t      *testing.T
	h      *house
	url    string
	folder string
	log    bytes.Buffer
	routes gin.RoutesInfo
}

func newLiving(t *testing.T) *living {
	t.Helper()
	l := &living{t: t, folder: filepath.Join(t.TempDir(), "data")}
	cfg, err := config.Load("", func(string) (string, bool) { return "", false }, map[string]string{"data": l.folder, "keys.public": "pk_living", "keys.private": "sk_living"})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if l.h, err = openHouse(t.Context(), cfg, houseOptions{clock: app.RealClock{}, sessions: app.RealClock{}, log: log}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server.New(server.Options{Log: log, Mount: append(l.h.mount, func(e *gin.Engine) { l.routes = e.Routes() })}).Handler())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- runAll(ctx, l.h.run...) }()
	t.Cleanup(func() {
		srv.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		l.h.close()
	})
	l.url = srv.URL
	return l
}

// send calls the API with both keys and returns the answer.
func (l *living) send(method, path, kind, body string, header ...string) (int, string) {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.url+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.SetBasicAuth("pk_living", "sk_living")
	req.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// must is send for what has to be taken.
func (l *living) must(method, path, body string, header ...string) string {
	l.t.Helper()
	status, answer := l.send(method, path, "application/json", body, header...)
	if status >= 300 {
		l.t.Fatalf("%s %s is answered %d %s", method, path, status, answer)
	}
	return answer
}

// member is a text of a JSON answer.
func member(t *testing.T, answer, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(answer), &all); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	text, _ := all[name].(string)
	return text
}

// eventually waits for something that follows.
func (l *living) eventually(what string, ok func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("%s does not come about\n%s", what, l.log.String())
		}
	}
}

// imports runs a file to its end and returns the import.
func (l *living) imports(query, file string) string {
	l.t.Helper()
	status, answer := l.send("POST", "/v1/imports?"+query, "text/csv", file)
	if status >= 300 {
		l.t.Fatalf("the import is answered %d %s", status, answer)
	}
	id := member(l.t, answer, "id")
	l.eventually("the import", func() bool {
		answer = l.must("GET", "/v1/imports/"+id, "")
		state := member(l.t, answer, "state")
		return state == "done" || state == "failed"
	})
	return answer
}

// traces are what nobody else has: everything of the person's begins with one of them.
var traces = []string{"zqxv", "7741887741"}

// holds returns the traces that stand in some bytes.
func holds(b []byte) (out []string) {
	low := bytes.ToLower(b)
	for _, trace := range traces {
		if i := bytes.Index(low, []byte(trace)); i >= 0 {
			out = append(out, fmt.Sprintf("%q", low[max(0, i-30):min(len(low), i+60)]))
		}
	}
	return out
}

// filesThatHold are the files under a folder in which a trace stands.
func filesThatHold(t *testing.T, folder string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		if found := holds(b); len(found) > 0 {
			out[path] = found
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// writePerson writes one person through every way in, with others around who stay.
func writePerson(t *testing.T, l *living) {
	t.Helper()
	segment := l.must("POST", "/v1/segments", `{"title":"Buyers","rule":{"event":"Bought"}}`)
	for i := range 300 { // so that pages are split, shared and used again
		l.must("PUT", fmt.Sprintf("/v1/users/u%d", i), fmt.Sprintf(`{"first_name":"Somebody%d","email":"s%d@example.com","note":"%s"}`, i, i, strings.Repeat("words ", i%40)))
		if i%10 == 0 { // long values that come and go, beside the others
			l.must("PUT", "/v1/users/zqxv-1", fmt.Sprintf(`{"email":"zqxv.old%d@example.com","number":"+2347741887741","first_name":"Zqxvna","street":"Zqxv street %d %s"}`, i, i, strings.Repeat("Zqxv ", i*4)))
			l.must("POST", "/v1/users/zqxv-1/events", fmt.Sprintf(`{"event":"Bought","properties":{"to":"Zqxv road %d %s"}}`, i, strings.Repeat("zqxv", i)))
		}
	}
	l.must("PUT", "/v1/users/zqxv-1", `{"email":"zqxv@example.com","first_name":"Zqxvna","street":"Zqxv end","device_token":"zqxv-token-1","device_platform":"android"}`, "Idempotency-Key", "one")
	l.must("PUT", "/v1/users/zqxv-2", `{"email":"zqxv.second@example.com","street":"Zqxv second"}`)
	l.must("POST", "/v1/users/zqxv-2/events", `{"event":"Bought","properties":{"to":"Zqxv second"}}`)
	l.must("POST", "/v1/users/merge", `{"source":"zqxv-2","destination":"zqxv-1"}`)
	l.must("POST", "/v1/batch", `{"data":[{"type":"update","id":"zqxv-1","meta":{"dog":"Zqxvbello"}},{"type":"update","id":"u1","meta":{"dog":"Rex"}}]}`)
	l.send("PUT", "/v1/users/zqxv-1", "application/json", `{"email":"zqxv@@"}`) // refused: the log has it

	// A file that changed them, one that refused a row of theirs, and one that only waits.
	imp := l.imports("id=id", "id,street,email\nzqxv-1,Zqxv imported,zqxv@example.com\nu3,Else,s3@example.com\n")
	l.must("POST", "/v1/imports/"+member(t, imp, "id")+"/undo", "")
	l.imports("id=id", "id,email,street\nzqxv-1,zqxv@@,Zqxv refused\nu5,s5@example.com,x\n")
	l.imports("id=id&dry_run=true", "id,email\nzqxv-1,zqxv@example.com\nu6,s6@example.com\n")

	made := l.must("POST", "/v1/integrations", `{"kind":"webhook","name":"Shop","mapping":{"uid":"user","event":"type","attributes":{"city":"city"}}}`)
	hook := member(t, made, "url")
	l.send("POST", hook[strings.Index(hook, "/hooks/"):], "application/json", `{"user":"zqxv-1","type":"Ordered","city":"Zqxvcity"}`)
	l.send("POST", hook[strings.Index(hook, "/hooks/"):], "application/json", `{"nobody":"zqxv@example.com"}`)

	l.eventually("the segment", func() bool {
		return strings.Contains(l.must("GET", "/v1/segments/"+member(t, segment, "id")+"/users", ""), "zqxv-1")
	})
	l.eventually("the search", func() bool { return strings.Contains(l.must("GET", "/v1/users?query=zqxvna", ""), "zqxv-1") })
}

// TestErase_leavesNothingInAnyFileAndAnyAnswer writes a customer with unmistakable bytes
// through every way in, erases it, and looks for those bytes everywhere.
func TestErase_leavesNothingInAnyFileAndAnyAnswer(t *testing.T) {
	t.Parallel()
	l := newLiving(t)
	writePerson(t, l)
	dossier := l.must("GET", "/v1/users/zqxv-1/dossier", "")
	for _, part := range []string{"Zqxvna", "zqxv.old", "Zqxv road 290", "Zqxv second", "zqxv-2", "Zqxvbello", "zqxv-token-1", "Zqxvcity", "Zqxv imported", "Buyers"} {
		if !strings.Contains(dossier, part) {
			t.Errorf("the dossier lacks %q", part)
		}
	}
	if !json.Valid([]byte(dossier)) {
		t.Error("the dossier is no JSON")
	}
	if len(filesThatHold(t, l.folder)) == 0 {
		t.Fatal("no file holds the person: the test looks for the wrong thing")
	}

	if got := l.must("DELETE", "/v1/users/zqxv-1?erase=true", ""); got != `{"status":"ok"}` {
		t.Errorf("the erasure is answered %s\n%s", got, l.log.String())
	}
	for file, found := range filesThatHold(t, l.folder) {
		t.Errorf("%s holds %v", file, found)
	}
	checkAnswers(t, l)
	checkBackup(t, l)
	checkTombstone(t, l)
	if found := holds(l.log.Bytes()); len(found) > 0 {
		t.Errorf("the log of the program says %v", found)
	}
}

// checkAnswers asks everything that lists or searches.
func checkAnswers(t *testing.T, l *living) {
	t.Helper()
	for _, path := range []string{"/v1/users?query=zqxvna", "/v1/users?email=zqxv@example.com", "/v1/users", "/v1/export/customers", "/v1/export/events", "/v1/events",
		"/v1/data/attributes", "/v1/imports", "/v1/segments", "/v1/integrations", "/v1/users?query=7741887741"} {
		if _, answer := l.send("GET", path, "", ""); len(holds([]byte(answer))) > 0 {
			t.Errorf("GET %s is answered %v", path, holds([]byte(answer)))
		}
	}
	requests, _ := l.h.requests.List(0, 10_000, func(*requestlog.Request) bool { return true })
	for _, r := range requests {
		text := r.Method + " " + r.Path + " " + r.Query + " " + string(r.Body) + " " + string(r.Answer) + " " + r.Error
		if strings.Contains(r.Path, "/users/zqxv-1") && r.Method == "GET" || strings.Contains(r.Query, "zqxv") || strings.Contains(r.Query, "7741887741") {
			continue // asked by this test, after the erasure
		}
		if found := holds([]byte(text)); len(found) > 0 {
			t.Errorf("the log of requests has %v", found)
		}
	}
	if status, _ := l.send("GET", "/v1/users/zqxv-1", "", ""); status != 404 {
		t.Errorf("the customer is answered %d", status)
	}
}

// checkBackup looks into the next backup, unpacked.
func checkBackup(t *testing.T, l *living) {
	t.Helper()
	s, err := storage.OpenSnapshot(t.Context(), l.folder)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	_, err = s.WriteTo(&b)
	if cerr := s.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	if found := holds(b.Bytes()); len(found) > 0 {
		t.Errorf("the next backup holds %v", found)
	}
}

// checkTombstone tries to bring the person back, unasked and asked.
func checkTombstone(t *testing.T, l *living) {
	t.Helper()
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/v1/users/zqxv-1/events", `{"event":"Bought"}`},
		{"PUT", "/v1/users/zqxv-2", `{"first_name":"Back"}`},
		{"PUT", "/v1/users/fresh", `{"email":"ZQXV@Example.com"}`},
		{"PUT", "/v1/users/u1", `{"number":"+2347741887741"}`},
	} {
		if status, answer := l.send(c.method, c.path, "application/json", c.body); status != 409 || !strings.Contains(answer, "erased on request") {
			t.Errorf("%s %s is answered %d %s", c.method, c.path, status, answer)
		}
	}
	imp := l.imports("id=id", "id,email\nzqxv-1,a@example.com\nother,zqxv@example.com\nu7,s7@example.com\n")
	var report struct{ Created, Failed int }
	if err := json.Unmarshal([]byte(imp), &report); err != nil || report.Created != 0 || report.Failed != 2 {
		t.Errorf("a later import says %s", imp)
	}
	_, errors := l.send("GET", "/v1/imports/"+member(t, imp, "id")+"/errors.csv", "", "")
	if strings.Count(errors, "erased on request") != 2 || len(holds([]byte(errors))) > 0 {
		t.Errorf("its report says %s", errors)
	}
	if status, answer := l.send("PUT", "/v1/users/zqxv-1?lift_erasure=true", "application/json", `{"email":"zqxv@example.com"}`); status != 200 {
		t.Errorf("asked to be back, it is answered %d %s", status, answer)
	}
	l.must("POST", "/v1/users/zqxv-1/events", `{"event":"Bought"}`)
}

// failing is a part whose files cannot be cleaned for a while.
type failing struct{ err error }

func (f *failing) Purge(context.Context) error { return f.err }

// An index that cannot be cleaned yet keeps the database from nothing, and is not forgotten.
func TestErase_theDatabaseDoesNotWaitForAnIndexThatCannotBeCleaned(t *testing.T) {
	t.Parallel()
	db, err := storage.Open(t.Context(), t.TempDir(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	index := &failing{errors.New("it is being built")}
	office := privacy.New(db, privacy.Options{Derived: []privacy.Derived{index}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- office.Run(ctx) }()
	for _, uid := range []string{"zqxv-1", "zqxv-2"} {
		p := &app.SetProfile{UID: uid, Profile: app.Profile{FirstName: app.FieldOf("Zqxvna")}}
		if _, err := db.Apply(t.Context(), app.Batch{Changes: []app.Change{p}}); err != nil {
			t.Fatal(err)
		}
	}
	settled, err := office.Erase(t.Context(), "zqxv-1")
	pending, perr := db.ScrubPending(t.Context())
	if settled || err != nil || !pending || perr != nil {
		t.Errorf("with an index that is not clean it is settled: %v (%v), pending: %v (%v)", settled, err, pending, perr)
	}
	index.err = nil
	if settled, err = office.Erase(t.Context(), "zqxv-2"); !settled || err != nil {
		t.Errorf("it is settled: %v (%v)", settled, err)
	}
	for file, found := range filesThatHold(t, db.Folder()) {
		t.Errorf("%s holds %v", file, found)
	}
	if pending, err := db.ScrubPending(t.Context()); pending || err != nil {
		t.Errorf("it is pending: %v (%v)", pending, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestErase_ofOneAmongManyHoldsNobody erases one of twenty thousand while others write: with
// files that wait, a report of refused rows, and bodies of services. It bounds how long that
// takes and how long a single event waits meanwhile, generously: machines that run
// tests are busy.
func TestErase_ofOneAmongManyHoldsNobody(t *testing.T) {
	t.Parallel()
	l := newLiving(t)
	var file, bad strings.Builder
	file.WriteString("id,first_name,email,number,city,note\n")
	bad.WriteString("id,email,city\n")
	for n := range 20_000 {
		fmt.Fprintf(&file, "u%d,Name%d,u%d@example.com,+23480%08d,City%d,%d words of a note\n", n, n%997, n, n, n%97, n%89)
		fmt.Fprintf(&bad, "u%d,no@@mail,City%d\n", n, n%97)
	}
	file.WriteString("zqxv-1,Zqxvna,zqxv@example.com,+2347741887741,Zqxvcity,zqxv\n")
	bad.WriteString("zqxv-1,zqxv@@mail,Zqxvcity\n")
	l.imports("id=id", file.String())
	l.imports("id=id", bad.String())
	for range 2 {
		l.imports("id=id&dry_run=true", file.String())
	}
	made := l.must("POST", "/v1/integrations", `{"kind":"webhook","name":"Shop","mapping":{"uid":"user","event":"type","attributes":{"city":"city"}}}`)
	hook := member(t, made, "url")
	hook = hook[strings.Index(hook, "/hooks/"):]
	for n := range 200 {
		l.send("POST", hook, "application/json", fmt.Sprintf(`{"user":"u%d","type":"Ordered","city":"Lagos"}`, n))
		l.send("POST", hook, "application/json", `{"user":"zqxv-1","type":"Ordered","city":"Zqxvcity"}`)
	}
	l.must("GET", "/v1/status?wait=30s", "")

	var mu sync.Mutex
	var waits []time.Duration
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := w; ; n += 4 {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				if status, answer := l.send("POST", fmt.Sprintf("/v1/users/u%d/events", n%20_000), "application/json", `{"event":"Seen"}`); status != 200 {
					t.Errorf("an event is answered %d %s", status, answer)
					return
				}
				mu.Lock()
				waits = append(waits, time.Since(began))
				mu.Unlock()
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	began := time.Now()
	answer := l.must("DELETE", "/v1/users/zqxv-1?erase=true", "")
	took := time.Since(began)
	close(stop)
	writers.Wait()
	slices.Sort(waits)
	t.Logf("erased in %v (%s) while %d events came: p99 %v, slowest %v", took, answer, len(waits), waits[len(waits)*99/100], waits[len(waits)-1])
	if answer != `{"status":"ok"}` {
		t.Errorf("after %v it is answered %s\n%s", took, answer, l.log.String())
	}
	if slowest := waits[len(waits)-1]; slowest > 5*time.Second {
		t.Errorf("an event waited for %v", slowest)
	}
	for file, found := range filesThatHold(t, l.folder) {
		t.Errorf("%s holds %v", file, found)
	}
}
