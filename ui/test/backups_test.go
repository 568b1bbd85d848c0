package uitest

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
)

func TestBackups_oneIsMadeVerifiedAndFetched(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(40))
	b := s.signedIn()
	b.open("/app/settings/backups")
	b.says("No backups yet.")
	b.says("one a day, the newest 7 are kept")
	b.click("button", "Make one now")
	b.wait(`document.querySelector(".backups tbody tr") && document.querySelector(".actions .button.main").innerText === "Make one now"`)
	b.says("not verified since the start")
	b.click(".backups button", "Verify")
	b.wait(`document.querySelector(".backups tbody tr").innerText.includes("whole, verified")`)
	var href string
	b.eval(`document.querySelector(".backups a[download]").href`, &href)
	if !strings.HasPrefix(href, s.address+"/api/backups/kith-2") || !strings.HasSuffix(href, "/file") {
		t.Errorf("it is fetched from %s", href)
	}
	if res, err := http.Get(href); err != nil {
		t.Error(err)
	} else {
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized || len(body) > 1000 {
			t.Errorf("without being signed in it is answered %d", res.StatusCode)
		}
	}
	var size float64
	b.eval(`fetch(`+quote(href)+`).then((r) => r.arrayBuffer()).then((a) => a.byteLength)`, &size)
	if size < 1000 {
		t.Errorf("the file has %v bytes", size)
	}
}

func TestQuarantine_isOnEveryPageUntilItIsEnded(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	now := app.InstantOf(time.Now())
	err := storage.Restored(t.Context(), filepath.Join(s.folder, storage.FileName), app.Quarantine{Since: now, Of: now - app.DayMillis, File: "kith-20260301-030000.tar.zst"})
	if err != nil {
		t.Fatal(err)
	}
	b := s.signedIn()
	for _, path := range []string{"/app/customers", "/app/segments", "/app/settings/keys"} {
		b.open(path)
		b.wait(`document.querySelector(".banner")?.innerText.includes("from kith-20260301-030000.tar.zst: nothing is sent until that is confirmed")`)
	}
	b.click(".banner button", "Send again…")
	b.says("Nothing waits to be sent.")
	b.click("dialog button", "Send from now on")
	b.wait(`!document.querySelector(".banner") && !document.querySelector("dialog[open]")`)
	b.open("/app/customers")
	b.wait(`document.querySelector("h1") && !document.querySelector(".banner")`)
}

func TestFullDisk_isSaidOnEveryPage(t *testing.T) {
	t.Setenv("KITH_DISK_RESERVE", "2000000GB") // more than any disk has
	s := serve(t, true, mint(20))
	b := s.signedIn()
	for _, path := range []string{"/app/customers", "/app/settings/backups"} {
		b.open(path)
		b.wait(`document.querySelector(".banner.bad[role=alert]")?.innerText.includes("writing is off, reading works")`)
		b.wait(`document.querySelector("h1")`)
	}
	if status, answer := s.send("PUT", "/v1/users/u1", `{}`); status != 503 || !strings.Contains(answer, "The disk is nearly full") {
		t.Errorf("%d %s", status, answer)
	}
}
