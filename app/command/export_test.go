package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
)

// exportedFolder is a data folder of some customers and events.
func exportedFolder(t *testing.T, customers int) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	db, err := storage.Open(context.Background(), folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var changes []app.Change
	for i := range customers {
		changes = append(changes, &app.SetProfile{UID: fmt.Sprint("p", i), Trusted: true, Profile: app.Profile{FirstName: app.FieldOf("=Ada")}},
			&app.Track{UID: fmt.Sprint("p", i), Event: "Paid", At: app.Instant(1_780_000_000_000 + int64(i))})
	}
	if _, err := db.Apply(context.Background(), app.Batch{Changes: changes}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// uidsOf are the uids of NDJSON, in their order.
func uidsOf(t *testing.T, ndjson string) (uids []string) {
	t.Helper()
	for line := range strings.Lines(ndjson) {
		var row struct{ UID string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		uids = append(uids, row.UID)
	}
	return uids
}

func TestExport_outOfTheFolder(t *testing.T) {
	t.Parallel()
	data := exportedFolder(t, 3)
	want := []string{"p0", "p1", "p2"}
	out, _ := kith(t, exitDone, "export", "customers", "--data", data)
	if got := uidsOf(t, out); !slices.Equal(got, want) {
		t.Errorf("customers are %v", got)
	}
	out, _ = kith(t, exitDone, "export", "events", "--data", data, "--event", "Paid")
	if got := uidsOf(t, out); !slices.Equal(got, want) {
		t.Errorf("events are of %v", got)
	}
	out, _ = kith(t, exitDone, "export", "events", "--data", data, "--event", "Left")
	if out != "" {
		t.Errorf("an event that nobody has: %q", out)
	}
	out, _ = kith(t, exitDone, "export", "customers", "--data", data, "--format", "csv")
	wantSaid(t, out, `^uid,id,first_name`, `p1,[0-9a-f]{24},'=Ada,`)
	out, _ = kith(t, exitDone, "export", "customers", "--data", data, "--format", "csv", "--raw")
	wantSaid(t, out, `p1,[0-9a-f]{24},=Ada,`)

	for _, wrong := range [][]string{{"export"}, {"export", "lists"}, {"export", "customers", "--format", "xml"},
		{"export", "customers", "--format", "csv", "--follow"}, {"export", "customers", "--event", "Paid"}, {"export", "events", "--raw"}} {
		kith(t, exitUsage, append(wrong, "--data", data)...)
	}
	_, said := kith(t, exitUsage, "export", "customers", "--data", data, "--follow")
	wantSaid(t, said, `nothing will come`)
	_, said = kith(t, exitFail, "export", "customers", "--data", data, "--segment", "6650a1f2c3d4e5f601234567")
	wantSaid(t, said, `no segment`)
}

func TestExport_intoFiles(t *testing.T) {
	t.Parallel()
	data, dir := exportedFolder(t, 1200), t.TempDir()
	file := filepath.Join(dir, "customers.ndjson")
	kith(t, exitDone, "export", "customers", "--data", data, "--output", file)
	whole, err := os.ReadFile(file)
	if err != nil || len(uidsOf(t, string(whole))) != 1200 {
		t.Fatalf("%d lines %v", len(uidsOf(t, string(whole))), err)
	}
	if _, err := os.Stat(cursorFile(file)); !os.IsNotExist(err) {
		t.Errorf("a whole export leaves its cursor: %v", err)
	}
	_, said := kith(t, exitUsage, "export", "customers", "--data", data, "--output", file)
	wantSaid(t, said, `is there already`)
	csv := filepath.Join(dir, "events.csv")
	kith(t, exitDone, "export", "events", "--data", data, "--format", "csv", "-o", csv)
	if b, err := os.ReadFile(csv); err != nil || bytes.Count(b, []byte("\n")) != 1201 {
		t.Errorf("%d lines %v", bytes.Count(b, []byte("\n")), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// As a kill leaves it: a cursor, and a torn line behind it.
	lines := bytes.SplitAfterN(whole, []byte("\n"), 701)
	begun := bytes.Join(lines[:500], nil)
	e := &exportFlags{what: "customers", format: "ndjson"}
	state, err := json.Marshal(exportState{What: "customers", Query: e.query().Encode(), Cursor: cursorAfter(t, data, 500), Written: int64(len(begun))})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cursorFile(file), state, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(begun, `{"uid":"p5`...), 0o600); err != nil {
		t.Fatal(err)
	}
	_, said = kith(t, exitUsage, "export", "events", "--data", data, "--output", file)
	wantSaid(t, said, `beginning of another export`)
	_, said = kith(t, exitDone, "export", "customers", "--data", data, "--output", file)
	wantSaid(t, said, `Going on`)
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, whole) {
		t.Errorf("gone on with, the file is another: %d bytes, want %d, %v", len(again), len(whole), err)
	}
}

// cursorAfter is the cursor behind the first n customers.
func cursorAfter(t *testing.T, data string, n int64) string {
	t.Helper()
	db, err := storage.Open(context.Background(), data, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return fmt.Sprintf("c%d-%d", n, db.Head())
}

// syncBuffer is a buffer that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestExport_followsAServerAcrossItsRestart(t *testing.T) {
	t.Parallel()
	binary, data := buildKith(t), t.TempDir()
	cmd, base := startKith(t, binary, data)
	send := func(method, path, body string) {
		t.Helper()
		req, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("pub", "priv")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if b, _ := io.ReadAll(res.Body); res.StatusCode >= 300 {
			t.Fatalf("%s %s: %s %s", method, path, res.Status, b)
		}
	}
	send("POST", "/users", `{"uid":"a","first_name":"Ada"}`)
	var out, errs syncBuffer
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	root := newCLI(&out, &errs)
	root.root.SetArgs([]string{"export", "customers", "--follow", "--server", base, "--keys-public", "pub", "--keys-private", "priv"})
	go func() { done <- root.root.ExecuteContext(ctx) }()
	await := func(want ...string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			missing := ""
			for _, w := range want {
				if !strings.Contains(out.String(), w) {
					missing = w
				}
			}
			if missing == "" {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%q does not come:\n%s%s", missing, &out.b, &errs.b)
			}
		}
	}
	await(`"first_name":"Ada"`)
	send("PUT", "/users/a", `{"first_name":"Bo"}`)
	send("POST", "/users", `{"uid":"b","first_name":"Cleo"}`)
	await(`"first_name":"Bo"`, `"first_name":"Cleo"`)
	// The server goes and comes back where it was; what it says goes on.
	address := strings.TrimSuffix(strings.TrimPrefix(base, "http://"), "/v1")
	stopKith(t, cmd)
	cmd, base = startKith(t, binary, data, "--listen", address)
	defer func() { stopKith(t, cmd) }()
	send("DELETE", "/users/b", "")
	await(`"deleted":true`)
	stop()
	if err := <-done; err != nil {
		t.Errorf("the end of a followed export: %v", err)
	}
	if n := strings.Count(out.String(), `"first_name":"Bo"`); n != 1 {
		t.Errorf("what was told is told %d times:\n%s", n, &out.b)
	}
	if strings.Contains(out.String(), "cursor") {
		t.Errorf("the cursors are printed:\n%s", &out.b)
	}
}
