package command

import (
	"net"
	"runtime"
	"strings"
	"testing"
)

func TestListen_saysWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]string{
		taken.Addr().String(): "is taken by another program",
		"192.0.2.1:0":         "is no address of this machine",
		"127.0.0.1:99999":     "cannot listen on 127.0.0.1:99999: ",
	} {
		l, err := listen(address, "--listen takes another address")
		if err == nil {
			l.Close()
			t.Fatalf("%s can be listened on", address)
		}
		if runtime.GOOS == "windows" { // its numbers are others
			want = address
		}
		if s := err.Error(); !strings.Contains(s, want) || !strings.HasSuffix(s, "--listen takes another address") || strings.Count(s, address) != 1 || strings.Contains(s, "listen tcp") {
			t.Errorf("%s: %s", address, s)
		}
	}
}
