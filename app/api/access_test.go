package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/api"
	"kith/app/apitest"
	"kith/app/config"
	"kith/app/requestlog"
)

// sendWith sends a request with a pair of keys.
func sendWith(t *testing.T, s *apitest.Server, public, private, method, path, body string, header ...string) apitest.Answer {
	t.Helper()
	req, _ := http.NewRequest(method, s.URL, nil)
	req.SetBasicAuth(public, private)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return s.Send(t, apitest.Request{Method: method, Path: path, Auth: apitest.NoKeys, Body: body, Header: req.Header})
}

func TestKey_doesWhatItsScopesSay(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Do(t, "PUT", "/v1/users/u1", `{"email":"u1@example.com"}`, 200)
	list := apitest.Text(s.Do(t, "POST", "/v1/lists", `{"title":"News"}`, 200), "id")
	segment := apitest.Text(s.Do(t, "POST", "/v1/segments", `{"title":"All","rule":{"attribute":"email","op":"exists"}}`, 200), "id")
	keys := map[app.Scope][2]string{}
	for _, scope := range app.Scopes {
		k, private, err := s.DB.CreateKey(t.Context(), string(scope), scope)
		if err != nil {
			t.Fatal(err)
		}
		keys[scope] = [2]string{k.Public, private}
	}
	calls := []struct {
		method, path, body string
		needs              app.Scope
	}{
		{"POST", "/v1/users", `{"id":"u2"}`, app.ScopeTrack},
		{"PUT", "/v1/users/u1", `{"plan":"Pro"}`, app.ScopeTrack},
		{"POST", "/users/u1/events", `{"event":"Seen"}`, app.ScopeTrack},
		{"POST", "/v1/batch", `{"users":[]}`, app.ScopeTrack},
		{"POST", "/v1/users/u1/lists", `{"lists":["` + list + `"]}`, app.ScopeTrack},
		{"GET", "/v1/users", "", app.ScopeRead},
		{"GET", "/v1/users/u1", "", app.ScopeRead},
		{"GET", "/v1/users/u1/events", "", app.ScopeRead},
		{"GET", "/v1/lists", "", app.ScopeRead},
		{"GET", "/v1/status", "", app.ScopeRead},
		{"POST", "/v1/segments/preview", `{"rule":{"attribute":"email","op":"exists"}}`, app.ScopeRead},
		{"POST", "/v1/lists", `{"title":"Other"}`, app.ScopeManage},
		{"PUT", "/v1/lists/" + list, `{"title":"Other"}`, app.ScopeManage},
		{"POST", "/v1/users/u1/archive", "", app.ScopeManage},
		{"POST", "/v1/users/merge", `{"source":"u2","destination":"u1"}`, app.ScopeManage},
		{"GET", "/v1/export/customers", "", app.ScopeExport},
		{"GET", "/v1/segments/" + segment + "/export", "", app.ScopeExport},
		{"DELETE", "/v1/users/u3", "", app.ScopeManage},
		{"DELETE", "/v1/users/u3?erase=true", "", app.ScopeErase},
	}
	for _, c := range calls {
		for _, scope := range app.Scopes {
			a := sendWith(t, s, keys[scope][0], keys[scope][1], c.method, c.path, c.body)
			refused := a.Status == http.StatusForbidden && strings.Contains(string(a.Body), `takes the scope "`+string(c.needs)+`"`) ||
				a.Status == http.StatusForbidden && strings.Contains(string(a.Body), `takes the scope \"`+string(c.needs)+`\"`)
			if refused == (scope == c.needs) {
				t.Errorf("%s %s with %s is answered %d %s; it takes %s", c.method, c.path, scope, a.Status, a.Body, c.needs)
			}
		}
	}
}

// Scopes hold by whatever path a request comes: a file, a key in the body as browsers' SDKs
// send it, and another service's API.
func TestKey_doesNotGetAroundItsScopes(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Do(t, "PUT", "/v1/users/u1", `{}`, 200)
	s.Do(t, "PUT", "/v1/users/u2", `{}`, 200)
	keys := map[app.Scope][2]string{}
	for _, scope := range app.Scopes {
		k, private, err := s.DB.CreateKey(t.Context(), string(scope), scope)
		if err != nil {
			t.Fatal(err)
		}
		keys[scope] = [2]string{k.Public, private}
	}
	for _, c := range []struct {
		with         app.Scope
		method, path string
		body         string // PUBLIC is the key's public half, then sent in the body alone
		kind         string
		allowed      bool
	}{
		{app.ScopeTrack, "POST", "/v1/imports?id=id", "id,plan\nu1,Pro\n", "text/csv", false},
		{app.ScopeManage, "POST", "/v1/imports?id=id", "id,plan\nu1,Pro\n", "text/csv", true},
		{app.ScopeRead, "POST", "/segment/v1/t", `{"type":"track","userId":"u1","event":"Seen","writeKey":"PUBLIC"}`, "application/json", false},
		{app.ScopeTrack, "POST", "/segment/v1/t", `{"type":"track","userId":"u1","event":"Seen","writeKey":"PUBLIC"}`, "application/json", true},
		{app.ScopeExport, "POST", "/capture/", `{"event":"Seen","distinct_id":"u1","api_key":"PUBLIC"}`, "application/json", false},
		{app.ScopeTrack, "POST", "/api/v1/customers/u1/suppress", "", "application/json", false},
		{app.ScopeTrack, "DELETE", "/api/v1/customers/u1", "", "application/json", false},
		{app.ScopeTrack, "POST", "/api/v1/merge_customers", `{"primary":{"id":"u1"},"secondary":{"id":"u2"}}`, "application/json", false},
		{app.ScopeManage, "DELETE", "/v1/users/u2", "", "application/json", true},
		{app.ScopeTrack, "PUT", "/api/v1/customers/u1", `{"plan":"Pro"}`, "application/json", true},
	} {
		pair := keys[c.with]
		auth := pair
		body := strings.ReplaceAll(c.body, "PUBLIC", pair[0])
		header := []string{"Content-Type", c.kind}
		var a apitest.Answer
		if body != c.body {
			a = s.Send(t, apitest.Request{Method: c.method, Path: c.path, Auth: apitest.NoKeys, Body: body, Header: http.Header{"Content-Type": {c.kind}}})
		} else {
			a = sendWith(t, s, auth[0], auth[1], c.method, c.path, body, header...)
		}
		if allowed := a.Status < 300; allowed != c.allowed || !allowed && a.Status != http.StatusForbidden {
			t.Errorf("%s %s with the scope %s is answered %d %s", c.method, c.path, c.with, a.Status, a.Body)
		}
	}
	s.Do(t, "GET", "/v1/users/u1", "", 200)
}

// A file counts as a request, like any other.
func TestLimits_aFileIsCountedToo(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t, func(o *api.Options) { o.KeyRate = config.Rate{Requests: 2, Per: time.Hour} })
	for i := range 3 {
		a := sendWith(t, s, apitest.Public, apitest.Private, "POST", "/v1/imports?id=id&dry_run=true", "id\nu1\n", "Content-Type", "text/csv")
		if want := map[bool]int{true: 202, false: 429}[i < 2]; a.Status != want {
			t.Errorf("file %d is answered %d %s, want %d", i+1, a.Status, a.Body, want)
		}
	}
}

func TestKey_theOneBeforeARotationCountsUntilItsInstant(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	k, old, err := s.DB.CreateKey(t.Context(), "server")
	if err != nil {
		t.Fatal(err)
	}
	rotated, next, err := s.DB.RotateKey(t.Context(), k.Row, s.DB.Now()+app.Instant(time.Hour.Milliseconds()))
	if err != nil || rotated.Public != k.Public || next == old {
		t.Fatalf("the rotation gives %+v, %v", rotated, err)
	}
	is := func(private string, status int) {
		t.Helper()
		if a := sendWith(t, s, k.Public, private, "GET", "/v1/users", ""); a.Status != status {
			t.Errorf("answered %d %s, want %d", a.Status, a.Body, status)
		}
	}
	is(old, 200)
	is(next, 200)
	s.Clock.Move(61 * time.Minute)
	is(old, 401)
	is(next, 200)
}

func TestKey_isKeptAsAHashAndShownOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	_, private, err := s.DB.CreateKey(t.Context(), "server")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.DB.Keys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if k := keys[0]; strings.Contains(k.PrivateHint, private[:20]) || len(k.PrivateHint) > 4 || !k.Opens(private, s.DB.Now()) || k.Opens(private+"x", s.DB.Now()) {
		t.Errorf("what is kept is %+v", k)
	}
}

func TestLimits_oneKeyAndOneAddressAreBoundedAndSayWhen(t *testing.T) {
	t.Parallel()
	proxies, err := config.ParseProxies("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := apitest.Start(t, func(o *api.Options) {
		o.KeyRate, o.AddressRate, o.Proxies = config.Rate{Requests: 3, Per: time.Hour}, config.Rate{Requests: 8, Per: time.Hour}, proxies
	})
	from := func(address string, k [2]string) apitest.Answer {
		return sendWith(t, s, k[0], k[1], "GET", "/v1/users", "", "X-Forwarded-For", address)
	}
	mine := [2]string{apitest.Public, apitest.Private}
	for i := range 3 {
		if a := from("192.0.2.1", mine); a.Status != 200 {
			t.Fatalf("request %d is answered %d %s", i+1, a.Status, a.Body)
		}
	}
	a := from("192.0.2.2", mine) // another address, the same key
	if a.Status != 429 || a.Header.Get("Retry-After") != "1200" || !strings.Contains(apitest.CheckFailure(t, a), "from this key") {
		t.Errorf("the fourth is answered %d %q %s", a.Status, a.Header.Get("Retry-After"), a.Body)
	}
	k, private, err := s.DB.CreateKey(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if a := from("192.0.2.3", [2]string{k.Public, private}); a.Status != 200 {
		t.Errorf("another key is answered %d %s", a.Status, a.Body)
	}
	for i := range 20 {
		a := from("2001:db8::"+string(rune('1'+i%9)), [2]string{"pk_nobody", "x"}) // one /64
		if a.Status == 429 {
			if i != 8 || !strings.Contains(string(a.Body), "from this address") {
				t.Errorf("request %d from the address is answered %s", i+1, a.Body)
			}
			return
		}
	}
	t.Error("one address has no bound")
}

func TestProxy_onlyATrustedOneSaysWhereARequestCameFrom(t *testing.T) {
	t.Parallel()
	for trusted, want := range map[string]string{"": "127.0.0.1", "127.0.0.0/8": "198.51.100.9", "10.0.0.1": "127.0.0.1"} {
		proxies, err := config.ParseProxies(trusted)
		if err != nil {
			t.Fatal(err)
		}
		s := apitest.Start(t, func(o *api.Options) { o.Proxies = proxies })
		// The client made the first address up; the proxy added the second.
		sendWith(t, s, apitest.Public, apitest.Private, "PUT", "/v1/users/u1", `{}`, "X-Forwarded-For", "203.0.113.1, 198.51.100.9", "X-Real-Ip", "203.0.113.2")
		entries, _ := s.Requests.List(0, 10, func(*requestlog.Request) bool { return true })
		if len(entries) != 1 || entries[0].IP != want {
			t.Errorf("with %q trusted the request is from %+v, want %s", trusted, entries, want)
		}
	}
}
