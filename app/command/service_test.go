//go:build linux

package command

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// The unit as systemd runs it: everything below happens under the service's sandbox.
func TestService_underSystemd(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("boots systemd")
	}
	given := filepath.Dir(buildKith(t))
	m := boot(t, given, "systemd")
	m.run("cp", "/given/kith", "/usr/local/bin/kith")
	if out := m.refused("kith", "service", "status"); !strings.Contains(out, "kith service install") {
		t.Errorf("without a service, status says %q", out)
	}
	for _, refused := range [][]string{{"--data", "/srv/kith"}, {"--user", "nobody-there"}} {
		m.refused(append([]string{"kith", "service", "install"}, refused...)...)
		if _, err := os.Stat(m.file("/etc/kith")); !os.IsNotExist(err) {
			t.Errorf("with %v, an install that was refused left its configuration: %v", refused, err)
		}
	}
	m.run("kith", "service", "install")
	if out := m.run("systemd-analyze", "verify", "kith.service"); out != "" {
		t.Errorf("systemd-analyze verify says %s", out)
	}
	if out := m.run("systemd-analyze", "security", "--threshold=15", "--no-pager", "kith.service"); !strings.Contains(out, "OK") {
		t.Errorf("systemd-analyze security says %s", out)
	}
	m.run("kith", "service", "start")
	if out := m.run("kith", "service", "install"); !strings.Contains(out, "nothing was changed") {
		t.Errorf("installed again, it says %q", out)
	}
	m.run("kith", "service", "status")
	if log := m.run("journalctl", "-u", "kith", "-o", "cat", "-p", "info"); !strings.Contains(log, "msg=") || strings.Contains(log, "time=") || strings.Contains(log, "<6>") {
		t.Errorf("the journal has\n%s", log)
	}
	m.confined()
	m.lowPort()
	m.servesBesideRoot()
	m.watched()
	m.run("kith", "service", "uninstall")
	if _, err := os.Stat(m.file("/var/lib/private/kith/kith.db")); err != nil {
		t.Errorf("uninstalling took the data: %v", err)
	}
	if _, err := os.Stat(m.file("/etc/kith/kith.toml")); err != nil {
		t.Errorf("uninstalling took the configuration: %v", err)
	}
	if state := m.property("LoadState"); state != "not-found" {
		t.Errorf("uninstalled, systemd still says %s", state)
	}
}

// confined checks what the process may do.
func (m *machine) confined() {
	m.t.Helper()
	status := m.run("cat", "/proc/"+m.property("MainPID")+"/status")
	for _, want := range []string{"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(status, want) {
			m.t.Errorf("the service's process has no %q:\n%s", want, status)
		}
	}
	for file, want := range map[string]string{"/etc/kith/kith.toml": "root 600", "/var/lib/private/kith": "kith 700", "/var/lib/private/kith/kith.db": "kith 600"} {
		if got := m.run("stat", "-c", "%U %a", file); got != want {
			m.t.Errorf("%s is %s, not %s", file, got, want)
		}
	}
}

// lowPort listens below 1024, for which the service must be installed again.
func (m *machine) lowPort() {
	m.t.Helper()
	listen := func(address string) {
		m.run("sed", "-i", "s/^listen = .*/listen = \""+address+"\"/", "/etc/kith/kith.toml")
	}
	listen("127.0.0.1:443")
	m.refused("kith", "service", "restart")
	if log := m.log(); !strings.Contains(log, "run again") || !strings.Contains(log, "kith service install") {
		m.t.Errorf("without the right to its port, its log says\n%s", log)
	}
	m.run("kith", "service", "install")
	m.run("kith", "service", "restart")
	if got := m.property("AmbientCapabilities"); got != "cap_net_bind_service" {
		m.t.Errorf("with a low port, its capabilities are %s", got)
	}
	if resp, err := m.client().Get("http://127.0.0.1:443/healthz"); err != nil || resp.StatusCode != 200 {
		m.t.Errorf("at the low port it answers %v (%v)\n%s", resp, err, m.log())
	}
	listen("127.0.0.1:5484")
	m.run("kith", "service", "install")
	m.run("kith", "service", "restart")
}

// servesBesideRoot writes as root, beside the service and while it is stopped.
func (m *machine) servesBesideRoot() {
	m.t.Helper()
	create := func() (public, private string) {
		fields := strings.Fields(m.run("kith", "keys", "create", "test"))
		for i, f := range fields {
			switch f {
			case "public":
				public = fields[i+2]
			case "private":
				private = fields[i+2]
				return public, private
			}
		}
		return public, private
	}
	put := func(public, private string) {
		m.t.Helper()
		req, _ := http.NewRequest("PUT", "http://127.0.0.1:5484/v1/users/u1", strings.NewReader(`{"plan":"Fibre 100"}`))
		req.SetBasicAuth(public, private)
		resp, err := m.client().Do(req)
		if err != nil {
			m.t.Fatalf("%v\n%s", err, m.log())
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			m.t.Errorf("a write was answered with %d\n%s", resp.StatusCode, m.log())
		}
	}
	public, private := create()
	put(public, private)
	m.run("kith", "service", "stop")
	if out := m.refused("kith", "service", "status"); !strings.Contains(out, "stopped") {
		m.t.Errorf("stopped, status says %q", out)
	}
	m.run("sh", "-c", "rm -rf /var/lib/private/kith/*") // so that root is the first who writes
	public, private = create()
	m.run("kith", "service", "start")
	put(public, private)
	m.run("kith", "service", "restart")
	put(public, private)
}

// watched keeps the writer from committing, until systemd begins anew.
func (m *machine) watched() {
	m.t.Helper()
	m.run("sh", "-c", "mkdir -p /etc/systemd/system/kith.service.d; printf '[Service]\nWatchdogSec=3\n' >/etc/systemd/system/kith.service.d/test.conf")
	m.run("systemctl", "daemon-reload")
	m.run("kith", "service", "restart")
	before := m.property("MainPID")
	time.Sleep(4 * time.Second) // longer than the watchdog waits
	if after := m.property("MainPID"); after != before || m.property("NRestarts") != "0" {
		m.t.Fatalf("a healthy service was begun anew by its watchdog\n%s", m.log())
	}
	release := m.holdWriter("/var/lib/private/kith/kith.db")
	for end := time.Now().Add(20 * time.Second); m.property("NRestarts") == "0"; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Fatalf("the writer stood still, and the watchdog let it be\n%s", m.log())
		}
	}
	if log := m.run("journalctl", "-u", "kith", "--no-pager", "-o", "cat"); !strings.Contains(log, "the watchdog is not answered") || !strings.Contains(log, "Watchdog timeout") {
		m.t.Errorf("the log of a watchdog's end is\n%s", log)
	}
	release()
	for end := time.Now().Add(20 * time.Second); m.property("ActiveState") != "active"; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Fatalf("it did not come back\n%s", m.log())
		}
	}
}

// holdWriter keeps everybody else from writing to a database inside, until it is released.
func (m *machine) holdWriter(file string) (release func()) {
	m.t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(m.file("/tmp/holder"), self, 0o700); err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.Command("nsenter", "-t", m.pid, "-a", "--", "env", holdFile+"="+file, "/tmp/holder", "-test.run=^TestHolder$", "-test.v")
	in, err := cmd.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); ; {
		if !lines.Scan() {
			m.t.Fatal("the database could not be held")
		}
		if lines.Text() == "held" {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			m.t.Errorf("release the database: %v", err)
		}
	}
}

const holdFile = "KITH_TEST_HOLD"

// TestHolder is the process that holdWriter starts, and nothing otherwise.
func TestHolder(t *testing.T) {
	file := os.Getenv(holdFile)
	if file == "" {
		return
	}
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("begin immediate"); err != nil {
		t.Fatal(err)
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if _, err := db.Exec("rollback"); err != nil {
		t.Error(err)
	}
}
