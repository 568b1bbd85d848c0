package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
	"kith/app/requestlog"
	"kith/storage"
)

func TestEmbed_takesAMultipartForm(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	list := apitest.Text(s.Do(t, "POST", "/v1/lists", `{"title":"News"}`, 200), "id")
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"email", "ada@example.com"}, {"first_name", "Adé"}, {"interests", "a"}, {"interests", "b"}, {"note", "two\r\nlines"}} {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.CreateFormFile("photo", "me.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("\x89PNG not kept")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a := s.Send(t, apitest.Request{Method: "POST", Path: "/embed/" + list, Auth: apitest.NoKeys, Body: b.String(),
		Header: http.Header{"Content-Type": {w.FormDataContentType()}, "Origin": {"https://shop.example"}}})
	want(t, a.Body, `"Subscription successful."`, "status")
	if a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("the page that holds the form may not read the answer")
	}
	got := s.Do(t, "GET", "/v1/users?email=ada@example.com", "", 200)
	want(t, got, `"Adé"`, "data", "0", "first_name")
	want(t, got, `{"interests":"a, b","note":"two\r\nlines"}`, "data", "0", "meta")
}

func TestPages_runNothingAndEscapeWhatTheyShow(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	list := apitest.Text(s.Do(t, "POST", "/v1/lists", `{"title":"<script>alert(1)</script>","description":"\"><img src=x onerror=alert(2)>"}`, 200), "id")
	for _, path := range []string{"/embed/" + list, "/confirm/x"} {
		a := s.Send(t, apitest.Request{Method: "GET", Path: path, Auth: apitest.NoKeys})
		if bytes.Contains(a.Body, []byte("<script>")) || bytes.Contains(a.Body, []byte("<img")) {
			t.Errorf("%s shows markup as it came: %s", path, a.Body)
		}
		if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
	}
}

func TestStatus_waitsForReadersUntilTheyAreThere(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	release, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.DB.Follow(ctx, storage.FeedReader{Name: "slow", Read: func(ctx context.Context, _ []app.Entry) ([]app.Change, error) {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return nil, ctx.Err()
		}})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	until(t, "the reader is known", func() bool { return apitest.Member(s.Do(t, "GET", "/v1/status", "", 200), "feed", "slow") != nil })
	s.Do(t, "PUT", "/v1/users/ada", "{}", 200)
	late := s.Do(t, "GET", "/v1/status?wait=50ms", "", 200)
	want(t, late, "false", "caught_up")
	start := time.Now()
	go func() {
		time.Sleep(100 * time.Millisecond)
		close(release)
	}()
	there := s.Do(t, "GET", "/v1/status?wait=20s", "", 200)
	want(t, there, "true", "caught_up")
	want(t, there, "1", "feed", "slow")
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it waited %v", took)
	}
}

func TestRequests_areKeptForPeopleToLookAt(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Send(t, apitest.Request{Method: "PUT", Path: "/v1/users/ada", Auth: apitest.Null, Body: `{"id":"ada"}`})
	s.Do(t, "POST", "/v1/users/ada/events?x=1", `{"event":"Login"}`, 200)
	kept, _ := s.Requests.List(0, 10, func(r *requestlog.Request) bool { return true })
	if len(kept) != 2 || kept[0].Path != "/v1/users/ada/events" || kept[0].Query != "x=1" || kept[0].Status != 200 ||
		kept[1].Status != 401 || string(kept[1].Body) != `{"id":"ada"}` || !strings.Contains(kept[1].Error, "null") {
		t.Errorf("kept %+v", kept)
	}
	for _, r := range kept {
		if strings.Contains(r.KeyHint, apitest.Private) {
			t.Errorf("the private key is in the log: %q", r.KeyHint)
		}
	}
}

func TestReady_saysHowFullTheDiskIsWhenAsked(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	if got := s.Send(t, apitest.Request{Method: "GET", Path: "/readyz", Auth: apitest.NoKeys}); string(got.Body) != `{"status":"ready"}` {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if err := s.DB.CheckFile(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := s.Send(t, apitest.Request{Method: "GET", Path: "/readyz?verbose", Auth: apitest.NoKeys})
	var body struct {
		Status  string
		Checked *time.Time
		Disk    struct{ Free, Database, Log int64 }
	}
	if err := json.Unmarshal(got.Body, &body); err != nil || body.Status != "ready" || body.Disk.Free <= 0 || body.Disk.Database < 4096 || body.Checked == nil {
		t.Errorf("%s %v", got.Body, err)
	}
}
