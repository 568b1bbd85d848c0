package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"kith/app"
	"kith/app/apitest"
)

func TestIdempotency_twoAtOnceHappenOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	const keys, each = 10, 8
	var wg sync.WaitGroup
	var mu sync.Mutex
	first := map[int]int{}
	bodies := map[int]map[string]bool{}
	for k := range keys {
		bodies[k] = map[string]bool{}
		for range each {
			wg.Go(func() {
				a := s.Send(t, apitest.Request{
					Method: "POST", Path: "/v1/lists", Body: fmt.Sprintf(`{"title":"List %d"}`, k),
					Header: http.Header{"Idempotency-Key": {fmt.Sprint("key", k)}},
				})
				mu.Lock()
				defer mu.Unlock()
				if a.Status != 200 {
					t.Errorf("key %d: got %d %s", k, a.Status, a.Body)
				}
				bodies[k][string(a.Body)] = true
				if a.Header.Get("Idempotent-Replayed") == "" {
					first[k]++
				}
			})
		}
	}
	wg.Wait()
	for k := range keys {
		if first[k] != 1 || len(bodies[k]) != 1 {
			t.Errorf("key %d: %d requests were the first, with %d answers", k, first[k], len(bodies[k]))
		}
	}
	got := s.Do(t, "GET", "/v1/lists?limit=30", "", 200)
	if lists, _ := app.Elements(apitest.Member(got, "data"), nil); len(lists) != keys {
		t.Errorf("there are %d lists, want %d", len(lists), keys)
	}
}

func TestMessageID_twoAtOnceHappenOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			s.Send(t, apitest.Request{Method: "POST", Path: fmt.Sprintf("/v1/users/u%d/events", i%2), Body: `{"event":"Paid","message_id":"same"}`})
		})
	}
	wg.Wait()
	status := s.Do(t, "GET", "/v1/status", "", 200)
	want(t, status, "1", "events")
	want(t, status, "1", "customers")
}

// A refused batch keeps no answer, and a kept answer is never without what it tells of:
// both are written in one transaction.
func TestIdempotency_answerAndEffectAreOneTransaction(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	key := http.Header{"Idempotency-Key": {"k"}}
	send := func(body string) apitest.Answer {
		return s.Send(t, apitest.Request{Method: "PUT", Path: "/v1/users/ada", Body: body, Header: key})
	}
	if a := send(`{"lists":["none"]}`); a.Status != 400 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	before := s.DB.Head()
	if a := send(`{"first_name":"Ada"}`); a.Status != 200 || a.Header.Get("Idempotent-Replayed") != "" {
		t.Fatalf("after a refusal the key is not free: %d %s", a.Status, a.Body)
	}
	after := s.DB.Head()
	if after == before {
		t.Fatal("nothing was written")
	}
	if a := send(`{"first_name":"Ada"}`); a.Header.Get("Idempotent-Replayed") != "true" || s.DB.Head() != after {
		t.Errorf("the repeat wrote %d entries", s.DB.Head()-after)
	}
}

// gone sends a request whose client has hung up already, or whose server is stopping.
func gone(s *apitest.Server, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", apitest.Full.Header())
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, r)
	return w
}

func TestWrites_happenAndAreAnsweredThoughTheClientHungUp(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for i, header := range []http.Header{{}, {"Idempotency-Key": {"k"}}} {
		path := fmt.Sprintf("/v1/users/ada%d", i)
		if w := gone(s, "PUT", path, `{"first_name":"Ada"}`, header); w.Code != 200 {
			t.Errorf("PUT with %v got %d %s", header, w.Code, w.Body)
		}
		want(t, s.Do(t, "GET", path, "", 200), `"Ada"`, "first_name")
	}
	if w := gone(s, "POST", "/v1/lists", `{"title":"News"}`, http.Header{"Idempotency-Key": {"k"}}); w.Code != 200 {
		t.Errorf("POST /v1/lists got %d %s", w.Code, w.Body)
	}
}

func TestReads_endWithTheirClientAndAreNoFault(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Do(t, "PUT", "/v1/users/ada", "{}", 200)
	for _, path := range []string{"/v1/users/ada", "/v1/users", "/v1/lists", "/v1/events", "/v1/status", "/v1/users/ada/events"} {
		w := gone(s, "GET", path, "", nil)
		if w.Code != 200 && w.Code != 503 {
			t.Errorf("%s got %d %s", path, w.Code, w.Body)
		}
	}
}
