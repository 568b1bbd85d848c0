//go:build linux

package command

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// machine is systemd, running in namespaces of its own on a copy of this machine's root.
type machine struct {
	t   *testing.T
	pid string // of its process 1, seen from here
}

// boot boots one, in which /given is a folder of ours. It needs root and systemd. Its init
// is systemd, or none: then nothing starts services there but the scripts in /etc/init.d.
func boot(t *testing.T, given, init string) *machine {
	t.Helper()
	for _, program := range []string{"unshare", "nsenter", "systemd-analyze", "pgrep"} {
		if _, err := exec.LookPath(program); err != nil {
			needed(t, "services are tested under systemd in namespaces, which needs "+program)
		}
	}
	if os.Geteuid() != 0 {
		needed(t, "services are tested under systemd in namespaces, which only root may make")
	}
	work := t.TempDir()
	script, err := filepath.Abs("testdata/systemd.sh")
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd := exec.Command("unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net", "--cgroup", "sh", script, work, given, init)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	m := &machine{t: t}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		select {
		case <-ended:
			needed(t, "namespaces cannot be made here: "+said.String())
		default:
		}
		if out, err := exec.Command("pgrep", "-P", fmt.Sprint(cmd.Process.Pid)).Output(); err == nil {
			m.pid = strings.TrimSpace(string(out))
			comm, _ := os.ReadFile("/proc/" + m.pid + "/comm")
			switch strings.TrimSpace(string(comm)) {
			case "bash":
				return m
			case "systemd":
				if out, _ := m.try("systemctl", "is-system-running"); out == "running" {
					return m
				}
			}
		}
		if time.Now().After(end) {
			t.Fatalf("systemd did not boot: %s", said.String())
		}
	}
}

// try runs a command inside.
func (m *machine) try(args ...string) (string, error) {
	out, err := exec.Command("nsenter", append([]string{"-t", m.pid, "-a", "--"}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run runs a command inside that has to succeed.
func (m *machine) run(args ...string) string {
	m.t.Helper()
	out, err := m.try(args...)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s\n%s", strings.Join(args, " "), err, out, m.log())
	}
	return out
}

// refused runs a command inside that has to fail.
func (m *machine) refused(args ...string) string {
	m.t.Helper()
	out, err := m.try(args...)
	if err == nil {
		m.t.Fatalf("%s was taken:\n%s", strings.Join(args, " "), out)
	}
	return out
}

func (m *machine) log() string {
	out, _ := m.try("journalctl", "-u", "kith", "--no-pager", "-n", "30", "-o", "cat")
	return out
}

// property reads one of the service's properties.
func (m *machine) property(name string) string {
	m.t.Helper()
	return m.run("systemctl", "show", "-P", name, "kith.service")
}

// file is a path inside, seen from here.
func (m *machine) file(path string) string { return filepath.Join("/proc", m.pid, "root", path) }

// client speaks HTTP inside.
func (m *machine) client() *http.Client {
	dial := func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		done := make(chan struct{})
		go func() { // a thread of its own, which ends with the goroutine, for it stays inside
			defer close(done)
			runtime.LockOSThread()
			var f *os.File
			if f, err = os.Open("/proc/" + m.pid + "/ns/net"); err != nil {
				return
			}
			defer f.Close()
			if err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err == nil {
				conn, err = new(net.Dialer).DialContext(ctx, network, address)
			}
		}()
		<-done
		return conn, err
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 10 * time.Second}
}
