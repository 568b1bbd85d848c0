package admin_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/admin"
	"kith/app/backup"
	"kith/storage"
)

func TestHealth_saysHowTheServerIsDoing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.com", app.RoleOwner)
	b := h.as("ada@example.com")
	got := b.must("GET", "/api/health", nil)
	disk := got["disk"].(map[string]any)
	if got["ready"] != true || disk["free"].(float64) <= 0 || disk["total"].(float64) <= disk["free"].(float64) || disk["database"].(float64) < 4096 || disk["low"] != false {
		t.Errorf("%v", got)
	}
	if next := got["backup"].(map[string]any)["next"]; next != "2026-03-02T03:00:00.000Z" {
		t.Errorf("the next backup is due %v", next)
	}
	if got["quarantine"] != nil || got["check"] != nil {
		t.Errorf("%v", got)
	}
	if err := h.db.CheckFile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if check := b.must("GET", "/api/health", nil)["check"].(map[string]any); check["fault"] != "" || check["at"] == "" {
		t.Errorf("%v", check)
	}
}

func TestBackups_areMadeVerifiedAndFetched(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "backups")
	var runner *backup.Runner
	dataFolder := ""
	h := newHouse(t, func(o *admin.Options) {
		runner = backup.NewRunner(func(ctx context.Context) (backup.Snapshot, error) {
			return storage.OpenSnapshot(ctx, dataFolder)
		}, backup.RunnerOptions{Clock: o.Clock, Folder: folder, Keep: 7, Verify: func(context.Context, string) error { return nil }})
		o.Backups = runner
	})
	dataFolder = h.db.Folder()
	h.user("ada@example.com", app.RoleOwner)
	h.user("bo@example.com", app.RoleManager)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go runner.Run(ctx)
	b := h.as("ada@example.com")
	b.must("POST", "/api/backups", map[string]any{})
	list := func(ok func(map[string]any) bool) map[string]any {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
			got := b.must("GET", "/api/backups", nil)
			if files := got["data"].([]any); got["running"] == false && len(files) == 1 && ok(files[0].(map[string]any)) {
				return files[0].(map[string]any)
			}
			if time.Now().After(deadline) {
				t.Fatalf("never: %v", got)
			}
		}
	}
	f := list(func(map[string]any) bool { return true })
	name := f["name"].(string)
	b.must("POST", "/api/backups/"+name+"/verify", map[string]any{})
	list(func(f map[string]any) bool { return f["checked"] != nil && f["fault"] == "" })
	a := b.do("GET", "/api/backups/"+name+"/file", nil)
	if a.status != http.StatusOK || float64(len(a.text)) != f["bytes"] || !strings.Contains(a.header.Get("Content-Disposition"), name) {
		t.Errorf("%d %v, %d bytes of %v", a.status, a.header, len(a.text), f["bytes"])
	}
	if a := b.do("GET", "/api/backups/..%2fkith.db/file", nil); a.status != http.StatusNotFound {
		t.Errorf("another file: %d", a.status)
	}
	if a := h.as("bo@example.com").do("GET", "/api/backups/"+name+"/file", nil); a.status != http.StatusForbidden {
		t.Errorf("a manager fetches a backup: %d", a.status)
	}
	if last := b.must("GET", "/api/health", nil)["backup"].(map[string]any); last["last"] != f["at"] || last["bytes"] != f["bytes"] {
		t.Errorf("%v", last)
	}
}

func TestQuarantine_isSaidAndEnded(t *testing.T) {
	t.Parallel()
	woken := 0
	h := newHouse(t, func(o *admin.Options) { o.Wake = func() { woken++ } })
	h.user("ada@example.com", app.RoleAdmin)
	b := h.as("ada@example.com")
	if a := b.do("POST", "/api/quarantine/end", map[string]any{}); a.status != http.StatusNotFound {
		t.Errorf("there is none: %d %s", a.status, a.text)
	}
	if err := storage.Restored(t.Context(), filepath.Join(h.db.Folder(), storage.FileName), app.Quarantine{Since: 1000, Of: 500, File: "b.tar.zst"}); err != nil {
		t.Fatal(err)
	}
	if q := b.must("GET", "/api/health", nil)["quarantine"].(map[string]any); q["file"] != "b.tar.zst" || q["waiting"] != 0.0 {
		t.Errorf("%v", q)
	}
	b.must("POST", "/api/quarantine/end", map[string]any{"discard": true})
	if got := b.must("GET", "/api/health", nil)["quarantine"]; got != nil || woken != 1 {
		t.Errorf("%v, woken %d times", got, woken)
	}
}
