package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app/apitest"
)

// sdkFolder is where a version of the SDKs is installed, or the test says what is missing.
func sdkFolder(t *testing.T, version string) string {
	t.Helper()
	dir := filepath.Join("sdktest", version)
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@engage_so", "core")); err != nil {
		apitest.Missing(t, "Engage's SDKs are not installed: run npm ci in app/api/"+filepath.ToSlash(dir))
	}
	return dir
}

// sdkCall is one call of a method, and what must become of it.
type sdkCall struct {
	method string
	args   []any
	// want are members of the result by path; with thrown, the SDK itself refuses.
	want   map[string]string
	thrown bool
}

// runNode calls an SDK in Node against a server and holds the results.
func runNode(t *testing.T, s *apitest.Server, version string, calls []sdkCall) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		apitest.Missing(t, "node is not installed")
	}
	dir := sdkFolder(t, version)
	list := make([][]any, len(calls))
	for i, c := range calls {
		list[i] = append([]any{c.method}, c.args...)
	}
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--require", "./"+filepath.ToSlash(filepath.Join("sdktest", "engage-local.js")), filepath.Join("sdktest", "run.js"), dir)
	cmd.Env = append(os.Environ(), "KITH_TEST_PORT="+port)
	cmd.Stdin = bytes.NewReader(in)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run node: %v\n%s", err, &failure)
	}
	for i, c := range calls {
		got := apitest.Member(out, itoa(i))
		if thrown := apitest.Member(got, "thrown") != nil; thrown != c.thrown {
			t.Errorf("%s(%v): thrown is %v: %s", c.method, c.args, thrown, got)
		}
		for path, text := range c.want {
			at := []string{"value"}
			if path != "" {
				at = append(at, strings.Split(path, "/")...)
			}
			want(t, got, text, at...)
			if t.Failed() {
				t.Fatalf("%s(%v) gave %s", c.method, c.args, got)
			}
		}
	}
}

func itoa(i int) string {
	b, _ := json.Marshal(i)
	return string(b)
}

type object = map[string]any

var ok = map[string]string{"": `{"status":"ok"}`}

func TestNodeSDK_1_6_0_everyMethodArrives(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	keys := object{"key": apitest.Public, "secret": apitest.Private}
	runNode(t, s, "1.6.0", []sdkCall{
		{"identify", []any{object{"id": "early"}}, map[string]string{"error": `"There is no public key \"null\" here, or it is revoked. ` + "`kith keys list`" + ` shows those that work."`}, false},
		{"init", []any{apitest.Public}, nil, false},
		{"identify", []any{object{"id": "browser", "email": "b@example.com"}}, map[string]string{"uid": `"browser"`, "email": `"b@example.com"`, "devices": ""}, false},
		{"request", []any{"/users/browser"}, map[string]string{"error": `"This needs the private key; only the public one was sent. Call it from your server, with both keys."`}, false},
		{"init", []any{keys}, nil, false},
		{"identify", []any{object{"id": "ada", "email": "ada@example.com", "first_name": "Ada", "number": "2348165550101", "created_at": object{"$date": "2020-05-30T09:30:10Z"},
			"device_token": "t1", "device_platform": "android", "plan": "pro", "usage": 12.5, "trial": false, "tz": "Africa/Lagos", "uni": "Adébáyọ̀ 🎉", "lists": []any{"x"}}},
			map[string]string{"uid": `"ada"`, "created_at": `"2020-05-30T09:30:10.000Z"`, "meta/plan": `"pro"`, "meta/usage": `12.5`, "meta/trial": `false`, "tz": `"Africa/Lagos"`,
				"meta/uni": `"Adébáyọ̀ 🎉"`, "meta/lists": `["x"]`, "devices": `[{"token":"t1","platform":"android"}]`}, false},
		{"identify", []any{object{"id": 42}}, map[string]string{"uid": `"42"`}, false},
		{"identify", []any{object{"id": "ada", "email": "no address"}}, nil, true},
		{"identify", []any{object{"id": "ada", "email": "a..b@example.com"}}, map[string]string{"uid": ""}, false},
		{"identify", []any{object{}}, nil, true},
		{"addAttribute", []any{"ada", object{"plan": "basic", "last_name": "Obi", "gone": nil}}, map[string]string{"meta/plan": `"basic"`, "last_name": `"Obi"`}, false},
		{"addAttribute", []any{"ada b/ç@x", object{"odd": true}}, map[string]string{"uid": `"ada b/ç@x"`, "meta/odd": "true"}, false},
		{"addAttribute", []any{"ada", object{}}, nil, true},
		{"track", []any{"ada", "Login"}, ok, false},
		{"track", []any{"ada", object{"event": "Paid", "value": false, "timestamp": object{"$date": "2024-02-29T12:34:56.789Z"}, "properties": object{"amount": 12.99}}}, ok, false},
		{"track", []any{"ada", object{"event": "Epoch", "timestamp": 1709210096789}}, ok, false},
		{"track", []any{"never-seen", "Hello"}, ok, false},
		{"track", []any{"ada", object{"value": 1}}, map[string]string{"error": `"event: is missing; it must be the name of the event"`}, false},
		{"addToAccount", []any{"ada", "acme"}, map[string]string{"accounts": `[{"id":"acme","role":null}]`}, false},
		{"addToAccount", []any{"ada", "globex", "Admin"}, map[string]string{"accounts/1": `{"id":"globex","role":"Admin"}`}, false},
		{"changeAccountRole", []any{"ada", "acme", "Owner"}, map[string]string{"accounts/0": `{"id":"acme","role":"Owner"}`}, false},
		{"removeFromAccount", []any{"ada", "acme"}, map[string]string{"accounts": `[{"id":"globex","role":"Admin"}]`}, false},
		{"convertToAccount", []any{"ada"}, map[string]string{"is_account": "true", "member_count": "0"}, false},
		{"convertToCustomer", []any{"ada"}, map[string]string{"is_account": "false", "member_count": "null"}, false},
		{"convertToCustomer", []any{"nobody"}, map[string]string{"error": `"There is no customer with the id \"nobody\"."`}, false},
		{"request", []any{"/users/ada"}, map[string]string{"uid": `"ada"`}, false},
		{"request", []any{"/users?limit=1"}, map[string]string{"has_more": "true"}, false},
		{"request", []any{"/users/merge", object{"source": "never-seen", "destination": "ada"}, "POST"}, map[string]string{"": `{"status":"queued"}`}, false},
		{"request", []any{"/lists", object{"title": "News"}, "POST"}, map[string]string{"title": `"News"`}, false},
		{"request", []any{"/batch", object{"data": []any{object{"type": "event", "id": "ada", "event": "Batched"}}}, "POST"}, map[string]string{"": `{"status":"queued"}`}, false},
		{"request", []any{"/account"}, map[string]string{"features": `{}`}, false},
		{"request", []any{"/users/ada/attributes/plan", nil, "DELETE"}, ok, false},
		{"request", []any{"/users/50%", object{}, "PUT"}, map[string]string{"error": `"The request is not valid HTTP. A % in an id must be sent as %25."`}, false},
		{"request", []any{"/users/browser", nil, "DELETE"}, ok, false},
	})
	events := s.Do(t, "GET", "/v1/users/ada/events?limit=30", "", 200)
	for i, name := range []string{"Batched", "Hello", "Login", "Epoch", "Paid"} {
		want(t, events, `"`+name+`"`, "data", itoa(i), "event")
	}
	want(t, events, "false", "data", "4", "value")
	want(t, s.Do(t, "GET", "/v1/users/ada", "", 200), "", "meta", "plan")
}

func TestNodeSDK_1_3_4_everyMethodArrives(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	runNode(t, s, "1.3.4", []sdkCall{
		{"init", []any{object{"key": apitest.Public, "secret": apitest.Private}}, nil, false},
		{"identify", []any{object{"id": "ada", "email": "ada@example.com", "first_name": "Ada", "created_at": "2020-05-30T09:30:10Z", "is_account": true, "plan": "pro"}},
			map[string]string{"uid": `"ada"`, "is_account": "true", "meta": `{"plan":"pro"}`}, false},
		{"addAttribute", []any{"ada", object{"plan": "basic", "app_version": "2.0", "is_account": false}}, map[string]string{"meta": `{"plan":"basic"}`, "app_version": `"2.0"`, "is_account": "false"}, false},
		{"track", []any{"ada", "Login"}, ok, false},
		{"track", []any{"ada", object{"event": "Paid", "value": 49.99, "properties": object{"a": 1}}}, ok, false},
		{"track", []any{"ada", object{}}, nil, true},
		{"request", []any{"/users/ada"}, map[string]string{"uid": `"ada"`}, false},
		{"request", []any{"/v1/messages/push/latest?uid=ada"}, map[string]string{"": `{}`}, false},
		{"request", []any{"/lists", object{"title": "News"}, "POST"}, map[string]string{"title": `"News"`}, false},
	})
	want(t, s.Do(t, "GET", "/users/ada/events", "", 200), `"Paid"`, "data", "0", "event")
}
