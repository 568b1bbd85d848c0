package api_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"kith/app/apitest"
)

// mixed makes random requests over a few customers and lists, so that they get into
// each other's way: merges beside events, claims beside deletes, accounts in circles.
type mixed struct {
	r     *rand.Rand
	lists []string
}

func (m *mixed) uid() string { return fmt.Sprintf("u%d", m.r.IntN(12)) }

func (m *mixed) list() string { return m.lists[m.r.IntN(len(m.lists))] }

func (m *mixed) next() apitest.Request {
	u, n := "/v1/users/"+m.uid(), m.r.IntN(12)
	email := fmt.Sprintf("p%d@example.com", n)
	for _, choice := range []apitest.Request{
		{Method: "PUT", Path: u, Body: fmt.Sprintf(`{"meta":{"n":%d,"text":"%d","gone":null}}`, n, n)},
		{Method: "PUT", Path: u, Body: fmt.Sprintf(`{"email":%q,"lists":[%q],"accounts":[{"id":%q,"role":"r%d"}],"device_token":"t%d","device_platform":"ios"}`, email, m.list(), m.uid(), n, n)},
		{Method: "PUT", Path: u, Auth: apitest.PublicOnly, Body: fmt.Sprintf(`{"email":%q,"first_name":"n%d"}`, email, n)},
		{Method: "POST", Path: u + "/events", Body: fmt.Sprintf(`{"event":"e%d","properties":{"n":%d},"message_id":"m%d"}`, n%3, n, m.r.IntN(200))},
		{Method: "POST", Path: u + "/events", Body: fmt.Sprintf(`{"event":"e%d","timestamp":%d}`, n%3, 1_700_000_000+m.r.IntN(50_000_000))},
		{Method: "POST", Path: "/v1/users/merge", Body: fmt.Sprintf(`{"source":%q,"destination":%q}`, m.uid(), m.uid())},
		{Method: "POST", Path: "/v1/lists/" + m.list() + "/subscribers", Body: fmt.Sprintf(`{"email":%q,"meta":{"from":"form"}}`, email)},
		{Method: "PUT", Path: "/v1/lists/" + m.list() + "/subscribers/" + m.uid(), Body: fmt.Sprintf(`{"subscribed":%t}`, n%2 == 0)},
		{Method: "DELETE", Path: u + "/lists", Body: fmt.Sprintf(`{"lists":[%q]}`, m.list())},
		{Method: "POST", Path: u + "/accounts", Body: fmt.Sprintf(`{"accounts":[{"id":%q}]}`, m.uid())},
		{Method: "DELETE", Path: u + "/accounts/" + m.uid()},
		{Method: "POST", Path: u + "/convert", Body: `{"type":"customer"}`},
		{Method: "POST", Path: u + "/archive"},
		{Method: "DELETE", Path: u + "/attributes/n"},
		{Method: "POST", Path: "/v1/batch?report=true", Body: fmt.Sprintf(`{"data":[{"type":"event","id":%q,"event":"b"},{"type":"update","id":%q,"email":%q,"n":"x"},{"type":"event"}]}`, m.uid(), m.uid(), email)},
		{Method: "GET", Path: u},
		{Method: "GET", Path: u + "/events"},
		{Method: "GET", Path: "/v1/users?limit=30"},
		{Method: "DELETE", Path: u},
	} {
		if m.r.IntN(10) == 0 {
			return choice
		}
	}
	return apitest.Request{Method: "GET", Path: "/v1/status"}
}

// The invariants of storage are checked when the test ends.
func TestAPI_staysConsistentWhenRequestsCross(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	var lists []string
	for _, body := range []string{`{"title":"A"}`, `{"title":"B","double_optin":true}`} {
		lists = append(lists, apitest.Text(s.Do(t, "POST", "/v1/lists", body, 200), "id"))
	}
	var wg sync.WaitGroup
	for seed := range uint64(6) {
		wg.Go(func() {
			m := &mixed{r: rand.New(rand.NewPCG(seed, 1)), lists: lists}
			for range 300 {
				r := m.next()
				if a := s.Send(t, r); a.Status >= 500 || a.Status == 401 {
					t.Errorf("%s %s %s got %d %s", r.Method, r.Path, r.Body, a.Status, a.Body)
				}
			}
		})
	}
	wg.Wait()
}
