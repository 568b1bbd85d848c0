package command

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/storage"
	"kith/storage/storagetest"
)

// A disk that fills up under a running server: what writes is answered 503 with a sentence
// and Retry-After, what reads goes on, people can sign in, and with space all goes on.
func TestFullDisk_turnsWritingOffAndOnAgain(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("builds and runs the program: not with -short")
	}
	disk := storagetest.SmallDisk(t, 48)
	folder := filepath.Join(disk, "data")
	t.Setenv("KITH_DISK_RESERVE", "16MB")
	cmd, base := startKith(t, buildKith(t), folder)
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	root := strings.TrimSuffix(base, "/v1")
	send := func(method, address, body string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest(method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("pub", "priv")
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(answer)
	}
	if res, answer := send("PUT", base+"/users/ada", `{"first_name":"Ada"}`); res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, answer)
	}
	free := storage.DiskOf(disk).Free
	away := storagetest.Ballast(t, disk, 17<<20, free)
	var res *http.Response
	var answer string
	for i := range 2000 {
		if res, answer = send("PUT", base+fmt.Sprintf("/users/w%d", i), `{"note":"`+strings.Repeat("a long note ", 1500)+`"}`); res.StatusCode != http.StatusOK {
			break
		}
	}
	var said struct{ Error string }
	if err := json.Unmarshal([]byte(answer), &said); err != nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || !strings.Contains(said.Error, "The disk is nearly full") {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, answer)
	}
	if res, answer := send("GET", base+"/users/ada", ""); res.StatusCode != http.StatusOK || !strings.Contains(answer, "Ada") {
		t.Errorf("read while writing is off: %d %s", res.StatusCode, answer)
	}
	if res, answer := send("GET", base+"/status", ""); res.StatusCode != http.StatusOK || !strings.Contains(answer, `"writing":false`) {
		t.Errorf("the status: %d %s", res.StatusCode, answer)
	}
	if res, _ := send("GET", root+"/readyz", ""); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("it is ready: %d", res.StatusCode)
	}
	if res, answer := send("POST", root+"/api/session", `{"email":"admin@example.com","password":"correct horse battery"}`); res.StatusCode != http.StatusOK {
		t.Errorf("signing in: %d %s", res.StatusCode, answer)
	}
	away()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if res, _ := send("GET", root+"/readyz", ""); res.StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("there is space, and it is not ready")
		}
	}
	if res, answer := send("PUT", base+"/users/cy", `{"first_name":"Cy"}`); res.StatusCode != http.StatusOK {
		t.Errorf("with space again: %d %s", res.StatusCode, answer)
	}
}
