//go:build unix

package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"

	"kith/app/apitest"
)

// idleConnections is how many a test may open: both ends of each are files of this process.
func idleConnections(t *testing.T) int {
	t.Helper()
	want := 2_000
	if os.Getenv("CI") == "true" {
		want = 10_000
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return min(want, max(100, (int(min(limit.Cur, 1<<20))-1000)/2))
}

func TestServer_servesBesideThousandsOfIdleConnections(t *testing.T) {
	s := apitest.Start(t)
	n := idleConnections(t)
	request := "POST /v1/users/ada/events HTTP/1.1\r\nHost: x\r\nAuthorization: " + apitest.Full.Header() + "\r\nContent-Length: 16\r\n\r\n{\"event\":\"idle\"}"
	conns := make([]net.Conn, 0, n)
	for range n {
		c := dial(t, s)
		if len(conns)%10 == 0 { // one in ten has asked something and waits to ask again
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
			if a := answer(t, c); a.Status != 200 {
				t.Fatalf("connection %d: got %d %s", len(conns), a.Status, a.Body)
			}
		}
		conns = append(conns, c)
	}
	t.Logf("%d connections are open", n)
	for range 100 {
		checkServes(t, s)
	}
	// Those that have asked before are still served. Those that never did may have been
	// cut off by now: a connection has ten seconds to send its first headers.
	for i := 0; i < n; i += max(10, n/20/10*10) {
		if _, err := io.WriteString(conns[i], request); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conns[i]), nil)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
}
