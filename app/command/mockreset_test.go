package command

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// Requests of before a reset end, with an answer or by being told so; nothing of them is in
// what begins anew, neither customers nor the record.
func TestMock_resetWhileRequestsAreUnderWay(t *testing.T) {
	t.Parallel()
	m := startMock(t, t.TempDir())
	for round := range 3 {
		m.do("POST", "/mock/failures", `{"method":"PUT","path":"/users/late*","delay":"400ms","count":-1}`)
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for i := range 4 {
			wg.Go(func() { // put off, until after the reset
				if status, body := m.send("PUT", fmt.Sprintf("/v1/users/late%d", i), `{"plan":"x"}`); status != 503 || !strings.Contains(body, "reset while") {
					t.Errorf("a request from before the reset is answered %d %s", status, body)
				}
			})
			wg.Go(func() { // a stream of writes
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					if status, body := m.send("POST", fmt.Sprintf("/v1/users/s%d/events", i), `{"event":"E"}`); status != 200 && status != 503 {
						t.Errorf("beside a reset a write is answered %d %s", status, body)
					}
				}
			})
		}
		wg.Go(func() { m.send("GET", "/mock/requests?path=/never&wait=300ms", "") })
		time.Sleep(100 * time.Millisecond)
		m.do("POST", "/mock/reset", "")
		m.do("POST", "/mock/drain", "")
		close(stop)
		wg.Wait()
		if answer := m.do("GET", "/v1/users?limit=30", ""); strings.Contains(answer, `"late`) {
			t.Errorf("round %d: a request from before the reset wrote %s", round, answer)
		}
		for _, r := range m.requests("?path=/users/late*").Data {
			t.Errorf("round %d: recorded after the reset: %+v", round, r)
		}
		m.do("POST", "/mock/reset", "")
	}
	if answer := m.do("GET", "/v1/users", ""); !strings.Contains(answer, `"data":[]`) {
		t.Errorf("after the last reset there are %s", answer)
	}
}

// What was written at a moved time is not in the future when a kept folder is opened again.
func TestMock_theClockStaysMovedOverARestart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	m := startMock(t, folder)
	m.do("POST", "/mock/clock", `{"by":"30d"}`)
	m.do("POST", "/v1/users/ada/events", `{"event":"Login"}`)
	made := m.do("POST", "/v1/segments", `{"title":"Lately","rule":{"event":"Login","within":{"last":"7d"}}}`)
	_, rest, _ := strings.Cut(made, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	m.do("POST", "/mock/drain", "")
	m.end()
	m = startMock(t, folder)
	if out := m.out.String(); !strings.Contains(out, "The clock stands where it was moved to") {
		t.Errorf("it says\n%s", out)
	}
	if answer := m.do("GET", "/mock/clock", ""); !strings.Contains(answer, `"shift_ms":2592000000`) {
		t.Errorf("after a restart the clock is %s", answer)
	}
	if answer := m.do("GET", "/v1/users?segment="+id, ""); !strings.Contains(answer, `"ada"`) {
		t.Errorf("who logged in just now is not in the segment: %s", answer)
	}
	// A step back re-derives what time decides: the event lies ahead, and comes in again.
	m.do("POST", "/mock/clock", `{"real":true}`)
	if answer := m.do("GET", "/v1/users?segment="+id, ""); strings.Contains(answer, `"ada"`) {
		t.Errorf("a month before the login it counts: %s", answer)
	}
	m.do("POST", "/mock/clock", `{"by":"31d"}`)
	if answer := m.do("GET", "/v1/users?segment="+id, ""); !strings.Contains(answer, `"ada"`) {
		t.Errorf("a day after the login it does not count: %s", answer)
	}
	m.do("POST", "/mock/clock", `{"by":"30d"}`)
	if answer := m.do("GET", "/v1/users?segment="+id, ""); strings.Contains(answer, `"ada"`) {
		t.Errorf("a month after the login it counts: %s", answer)
	}
	m.end()
}

// Tests reset one after the other, some before anything has happened at all: whatever the
// workspace was in the middle of, the next one is there.
func TestMock_resetRightAfterReset(t *testing.T) {
	t.Parallel()
	m := startMock(t, "")
	for i := range 30 {
		m.do("POST", "/mock/reset", "")
		if i%3 == 0 {
			m.do("PUT", fmt.Sprintf("/v1/users/u%d", i), `{"plan":"x"}`)
		}
	}
	if answer := m.do("GET", "/v1/users", ""); !strings.Contains(answer, `"data":[]`) {
		t.Errorf("after the last reset there are %s", answer)
	}
	if left, _ := os.ReadDir(m.folder); len(left) > 3 {
		t.Errorf("the mock's folder holds %v", left)
	}
}
