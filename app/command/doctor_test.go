package command

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
)

// settings writes a configuration and returns its file.
func settings(t *testing.T, text string, args ...any) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kith.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, text, args...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDoctor_findsNothingWhereNothingIsWrong(t *testing.T) {
	t.Parallel()
	data := some(t, 3)
	config := settings(t, "data = %q\nlisten = \"127.0.0.1:0\"\n[disk]\nreserve = \"1MB\"\n", data)
	kith(t, exitDone, "backup", "--config", config)
	out, _ := kith(t, exitDone, "doctor", "--full", "--config", config)
	wantSaid(t, out, `ok +configuration`, `ok +data folder`, `(ok|warn) +disk +[\d.]+ .B are free`, `fsync +the disk keeps a page|fsync +the disk takes`,
		`ok +database +3 customers, 3 events`, `ok +port +127.0.0.1:0 is free`, `ok +backups +1 in`, `Nothing must be mended`)
	if left, _ := filepath.Glob(filepath.Join(data, ".doctor-*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// What is in the log (WAL) is data like the rest, and takes as much of the disk.
func TestDoctor_theDatabaseIsItsFileAndItsLog(t *testing.T) {
	t.Parallel()
	data := some(t, 3)
	db, err := storage.Open(t.Context(), data, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reader, err := storage.OpenSnapshot(t.Context(), data) // as a backup does: the log cannot be taken in
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	before := db.Disk().Database
	for range 40 {
		p := &app.SetProfile{UID: "u1", Profile: app.Profile{Attributes: []app.Attribute{{Name: "note", Value: app.Quote(strings.Repeat(fmt.Sprint(db.Now()), 4000))}}}}
		if _, err := db.Apply(t.Context(), app.Batch{Changes: []app.Change{p}}); err != nil {
			t.Fatal(err)
		}
	}
	disk := db.Disk()
	if disk.Log < 4*before {
		t.Fatalf("the log has %d bytes, the file %d: the test makes too little", disk.Log, disk.Database)
	}
	out, _ := kith(t, exitDone, "doctor", "--config", settings(t, "data = %q\nlisten = \"127.0.0.1:0\"\n[disk]\nreserve = \"1MB\"\n", data))
	wantSaid(t, out, "the database has "+regexp.QuoteMeta(app.Bytes(disk.Database+disk.Log)))
}

func TestDoctor_eachFindingSaysWhatToDo(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	open, future, broken := some(t, 1), some(t, 1), some(t, 500)
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(t.Context(), future, storage.Options{Clock: app.NewMovableClock(time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Apply(t.Context(), app.Batch{Changes: []app.Change{&app.Track{UID: "u", Event: "Seen", At: db.Now()}}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(broken, storage.FileName)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	copy(whole[len(whole)-8000:], bytes.Repeat([]byte{0xAA}, 6000))
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config string
		args   []string
		want   []string
	}{
		"settings":    {"nothing = 1\n", nil, []string{`FAIL +configuration .*no setting "nothing"`, `→ Mend that setting`}},
		"permissions": {fmt.Sprintf("data = %q\n", open), nil, []string{`FAIL +data folder +others on this machine may read`, `→ chmod go= `}},
		"port":        {fmt.Sprintf("data = %q\nlisten = %q\n", future, taken.Addr()), nil, []string{`FAIL +port`, `→ Stop what is there`}},
		"clock":       {fmt.Sprintf("data = %q\n", future), nil, []string{`FAIL +clock +it is .*, and the newest change is of`, `→ Set the clock`}},
		"disk":        {fmt.Sprintf("data = %q\n[disk]\nreserve = \"2000000GB\"\n", future), nil, []string{`FAIL +disk`, `→ Free some space, or lower disk.reserve`}},
		"damage":      {fmt.Sprintf("data = %q\n", broken), []string{"--full"}, []string{`FAIL +database +it is damaged`, `→ Stop Kith and restore a backup`}},
		"keys":        {fmt.Sprintf("data = %q\n[backup]\nrecipients = \"nobody\"\n", future), nil, []string{`FAIL +backups .*no public key of age`, `→ Mend backup.recipients`}},
	} {
		out, _ := kith(t, exitFail, append([]string{"doctor", "--config", settings(t, "%s", c.config)}, c.args...)...)
		t.Log(name)
		wantSaid(t, out, c.want...)
	}
	out, _ := kith(t, exitDone, "doctor", "--config", settings(t, "data = %q\nlisten = \":0\"\n", filepath.Join(t.TempDir(), "none")))
	wantSaid(t, out, `warn +data folder .*is not there`, `warn +network`)
}

func TestDoctor_besideARunningKith(t *testing.T) {
	t.Parallel()
	data := some(t, 2)
	db, err := storage.Open(t.Context(), data, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	out, _ := kith(t, exitDone, "doctor", "--config", settings(t, "data = %q\nlisten = \"127.0.0.1:0\"\n[disk]\nreserve = \"1MB\"\n", data))
	wantSaid(t, out, `a Kith has it open`, `warn +port +a Kith has the data folder open, and none answers on`)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req_1")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"error":"The disk is nearly full."}`)
	}))
	defer srv.Close()
	out, _ = kith(t, exitFail, "doctor", "--config", settings(t, "data = %q\nlisten = %q\n[disk]\nreserve = \"1MB\"\n", data, srv.Listener.Addr()))
	wantSaid(t, out, `FAIL +port +Kith answers on .* is not ready: The disk is nearly full\.`)
}
