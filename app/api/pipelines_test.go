package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
)

// runPipeline sends a day's calls through a pipeline's own SDK, and fails the test if
// the SDK reports a failure.
func runPipeline(t *testing.T, s *apitest.Server, sdk, key, secret, path string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		apitest.Missing(t, "node is not installed")
	}
	dir := filepath.Join("sdktest", "pipelines")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "posthog-node")); err != nil {
		apitest.Missing(t, "the pipelines' SDKs are not installed: run npm ci in app/api/sdktest/pipelines")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, filepath.Join("sdktest", "pipelines.js"), dir, sdk, s.URL, key, secret)
	cmd.Env = append(os.Environ(), "KITH_SEGMENT_PATH="+path)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run node: %v\n%s", err, &failure)
	}
	if got := apitest.Member(out, "failed"); string(got) != "[]" {
		kept, _ := s.Requests.List(0, 20, everyRequest)
		for _, r := range kept {
			t.Logf("%s %s: %d %s", r.Method, r.Path, r.Status, r.Error)
		}
		t.Fatalf("%s reports %s\n%s", sdk, out, &failure)
	}
}

// names are those of a customer's events, newest first.
func names(t *testing.T, s *apitest.Server, uid string) string {
	t.Helper()
	items, _ := app.Elements(apitest.Member(s.Do(t, "GET", "/v1/users/"+uid+"/events?limit=30", "", 200), "data"), nil)
	var out []string
	for _, i := range items {
		out = append(out, apitest.Text(i, "event"))
	}
	return strings.Join(out, ", ")
}

func TestSegmentSDK_worksWithItsHostOption(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, key, path string }{
		{"a public key", apitest.Public, ""}, {"both keys", apitest.Public + ":" + apitest.Private, ""}, {"its path", apitest.Public, "/segment/v1/batch"}, {"a connection's own key", "token", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := apitest.Start(t)
			key, id := row.key, ""
			if key == "token" {
				var path string
				id, path = connect(t, s, `{"kind":"segment"}`)
				key = strings.TrimPrefix(path, "/hooks/")
			}
			runPipeline(t, s, "segment", key, "", row.path)
			holdSegmentDay(t, s)
			if id != "" {
				d := s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries", "", 200)
				want(t, d, `"applied"`, "data", "0", "state")
				want(t, d, `"Order Completed"`, "data", "0", "body", "batch", "2", "event")
			}
		})
	}
}

func TestRudderStackSDK_worksWithItsDataPlane(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/rudderstack/v1/batch"} {
		t.Run("at "+path, func(t *testing.T) {
			t.Parallel()
			s := apitest.Start(t)
			runPipeline(t, s, "rudderstack", apitest.Public, "", path)
			holdSegmentDay(t, s)
		})
	}
}

func holdSegmentDay(t *testing.T, s *apitest.Server) {
	t.Helper()
	ada := s.Do(t, "GET", "/v1/users/ada", "", 200)
	for path, value := range map[string]string{"first_name": `"Ada"`, "last_name": `"Obi"`, "email": `"ada@example.com"`, "meta/plan": `"pro"`, "meta/address_city": `"Lagos"`, "accounts/0/id": `"acme"`} {
		want(t, ada, value, strings.Split(path, "/")...)
	}
	acme := s.Do(t, "GET", "/v1/users/acme", "", 200)
	want(t, acme, "true", "is_account")
	want(t, acme, "20", "meta", "employees")
	got := names(t, s, "ada")
	for _, event := range []string{"Landed", "Order Completed", "Viewed Help Contact Page", "Viewed Home Screen"} {
		if strings.Count(got, event) != 1 {
			t.Errorf("ada's events are %s, want %s once", got, event)
		}
	}
	want(t, s.Do(t, "GET", "/v1/users/old-ada", "", 200), `"ada"`, "uid")
	want(t, s.Do(t, "GET", "/v1/users/visitor-1", "", 200), `"ada"`, "uid")
	events := s.Do(t, "GET", "/v1/users/ada/events?event=Order%20Completed", "", 200)
	want(t, events, `"2026-02-01T10:00:00.000Z"`, "data", "0", "timestamp")
	want(t, events, "25.5", "data", "0", "properties", "total")
}

func TestPostHogSDK_worksWithItsHostOption(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	runPipeline(t, s, "posthog", apitest.Public, "", "")
	ada := s.Do(t, "GET", "/v1/users/ada", "", 200)
	for path, value := range map[string]string{"first_name": `"Ada"`, "email": `"ada@example.com"`, "meta/plan": `"pro"`, "meta/seats": "3"} {
		want(t, ada, value, strings.Split(path, "/")...)
	}
	want(t, s.Do(t, "GET", "/v1/users/acme", "", 200), "true", "is_account")
	if got := names(t, s, "ada"); strings.Count(got, "Landed") != 1 || strings.Count(got, "Order Completed") != 1 || strings.Count(got, "Viewed Page") != 1 {
		t.Errorf("ada's events are %s", got)
	}
	want(t, s.Do(t, "GET", "/v1/users/ada/events?event=Order%20Completed", "", 200), "25.5", "data", "0", "properties", "total")
}

func TestCustomerIOSDK_worksWithItsURL(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		s := apitest.Start(t)
		key, secret := apitest.Public, apitest.Private
		if own {
			_, path := connect(t, s, `{"kind":"customerio"}`)
			key, secret = "any site", strings.TrimPrefix(path, "/hooks/")
		}
		runPipeline(t, s, "customerio", key, secret, "")
		ada := s.Do(t, "GET", "/v1/users/ada", "", 200)
		for path, value := range map[string]string{"first_name": `"Ada"`, "email": `"ada@example.com"`, "meta/plan": `"pro"`, "devices": `[{"token":"token-2","platform":"android"}]`, "created_at": `"2013-02-18T16:35:08.000Z"`} {
			want(t, ada, value, strings.Split(path, "/")...)
		}
		if got := names(t, s, "ada"); strings.Count(got, "Landed") != 1 || strings.Count(got, "Order Completed") != 1 || strings.Count(got, "Viewed https://x.example/help Page") != 1 {
			t.Errorf("ada's events are %s", got)
		}
		for _, gone := range []string{"gone"} {
			if a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/users/" + gone}); a.Status != 404 {
				t.Errorf("%s: %d", gone, a.Status)
			}
		}
	}
}

func TestPipelines_wrongKeysAndBodiesAreRefused(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	basic := func(user string) http.Header {
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"))}}
	}
	call := `{"type":"track","userId":"ada","event":"Seen"}`
	for _, row := range []struct {
		what, path, body string
		header           http.Header
		status           int
	}{
		{"an unknown write key", "/segment/v1/track", call, basic("nobody"), 401},
		{"no key at all", "/segment/v1/track", call, nil, 401},
		{"a key in the body", "/segment/v1/t", `{"type":"track","userId":"ada","event":"Seen","writeKey":"` + apitest.Public + `"}`, nil, 200},
		{"a wrong private key behind it", "/segment/v1/track", call, basic(apitest.Public + ":wrong"), 401},
		{"a right one", "/v1/track", call, basic(apitest.Public), 200},
		{"Engage's batch with the public key alone", "/v1/batch", `{"data":[]}`, basic(apitest.Public), 403},
		{"Segment's batch", "/v1/batch", `{"batch":[` + call + `]}`, basic(apitest.Public), 200},
		{"a batch of nonsense", "/v1/batch", `{"batch":[7,null,{"type":"x","userId":"y"}]}`, basic(apitest.Public), 200},
		{"no JSON", "/segment/v1/track", `{`, basic(apitest.Public), 400},
		{"nobody", "/segment/v1/track", `{"event":"Seen"}`, basic(apitest.Public), 400},
		{"PostHog without a key", "/batch/", `{"batch":[]}`, nil, 401},
		{"PostHog with an unknown key", "/capture/", `{"api_key":"x","event":"a","distinct_id":"b"}`, nil, 401},
		{"PostHog's event", "/capture/", `{"api_key":"` + apitest.Public + `","event":"a","distinct_id":"b"}`, nil, 200},
		{"PostHog's browser", "/e/?compression=base64", "data=" + base64.RawURLEncoding.EncodeToString([]byte("x")), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 400},
		{"PostHog's flags", "/flags/?v=2", `{}`, nil, 200},
		{"Customer.io without keys", "/api/v1/customers/5", `{}`, nil, 401},
	} {
		a := s.Send(t, apitest.Request{Method: "POST", Path: row.path, Auth: apitest.NoKeys, Body: row.body, Header: row.header})
		if a.Status != row.status {
			t.Errorf("%s: %d %s, want %d", row.what, a.Status, a.Body, row.status)
		}
	}
	a := s.Send(t, apitest.Request{Method: "POST", Path: "/v1/batch", Auth: apitest.NoKeys, Header: basic(apitest.Public), Body: `{"batch":[7,` + call + `]}`})
	want(t, a.Body, "0", "rejected", "0", "index")
	// The public key alone may not give somebody else's address away, as everywhere.
	s.Do(t, "PUT", "/v1/users/ben", `{"email":"ben@example.com"}`, 200)
	a = s.Send(t, apitest.Request{Method: "POST", Path: "/segment/v1/identify", Auth: apitest.NoKeys, Header: basic(apitest.Public), Body: `{"userId":"ben","traits":{"email":"evil@example.com"}}`})
	if a.Status != 403 {
		t.Errorf("changing an e-mail with the public key: %d %s", a.Status, a.Body)
	}
	want(t, s.Do(t, "GET", "/v1/users/ben", "", 200), `"ben@example.com"`, "email")
}

func TestSegment_aSharedDeviceDoesNotMixPeople(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	identify := func(user string) {
		s.Do(t, "POST", "/segment/v1/identify", `{"userId":"`+user+`","anonymousId":"kiosk","traits":{"who":"`+user+`"}}`, 200)
	}
	s.Do(t, "POST", "/segment/v1/track", `{"anonymousId":"kiosk","event":"Landed"}`, 200)
	identify("ada")
	identify("ben")
	for _, user := range []string{"ada", "ben"} {
		got := s.Do(t, "GET", "/v1/users/"+user, "", 200)
		want(t, got, `"`+user+`"`, "uid")
		want(t, got, `"`+user+`"`, "meta", "who")
	}
	if got := names(t, s, "ada"); got != "Landed" {
		t.Errorf("ada's events are %s", got)
	}
}
