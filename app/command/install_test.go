//go:build linux

package command

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// installable is a folder as an unpacked release: the script beside the program.
func installable(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	program, err := os.ReadFile(buildKith(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "kith"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../../install.sh")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "install.sh"), script, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// tree lists what is in folders inside: names, owners, modes, sizes and times.
func (m *machine) tree(folders ...string) string {
	m.t.Helper()
	return m.run(append(append([]string{"find"}, folders...), "-not", "-path", "*/search*", "-not", "-name", "kith.db*", "-not", "-name", "*.snapshot", "-not", "-name", ".depend.*", "-printf", "%p %u %m %y %s %T@\n")...)
}

func TestInstall_withSystemd(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("boots systemd")
	}
	given := installable(t)
	m := boot(t, given, "systemd")
	out := m.run("/given/install.sh")
	if !strings.Contains(out, "Installed kith ") || !strings.Contains(out, "Kith runs.") || !strings.Contains(out, "/var/lib/kith/first-start.txt") {
		t.Errorf("it said\n%s", out)
	}
	if resp, err := m.client().Get("http://127.0.0.1:5484/healthz"); err != nil || resp.StatusCode != 200 {
		t.Errorf("the service answers %v (%v)\n%s", resp, err, m.log())
	}
	places := []string{"/usr/local/bin", "/etc/kith", "/etc/systemd/system", "/var/lib/private/kith"}
	before, pid := m.tree(places...), m.property("MainPID")
	if out := m.run("/given/install.sh"); !strings.Contains(out, "nothing was changed") {
		t.Errorf("run again, it said\n%s", out)
	}
	if after := m.tree(places...); after != before || m.property("MainPID") != pid {
		t.Errorf("run again, it changed\n%s\nto\n%s", before, after)
	}

	// An upgrade: another program, the service begun anew, the data as it was.
	program, err := os.ReadFile(filepath.Join(given, "kith"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(given, "newer"), append(program, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	m.run("/given/install.sh", "--binary", "/given/newer")
	if m.property("MainPID") == pid || m.property("ActiveState") != "active" {
		t.Errorf("an upgrade left the old one running\n%s", m.log())
	}

	out = m.run("/given/install.sh", "--uninstall")
	if !strings.Contains(out, "The data stays in /var/lib/kith") {
		t.Errorf("uninstalling, it said\n%s", out)
	}
	for path, want := range map[string]bool{
		"/usr/local/bin/kith": false, "/etc/systemd/system/kith.service": false,
		"/etc/kith/kith.toml": true, "/var/lib/private/kith/kith.db": true,
	} {
		if _, err := os.Lstat(m.file(path)); (err == nil) != want {
			t.Errorf("uninstalled, %s: %v", path, err)
		}
	}
	m.run("/given/install.sh", "--uninstall") // again
	m.run("/given/install.sh")
	m.run("kith", "service", "status")
}

func TestInstall_withoutSystemd(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("makes namespaces")
	}
	m := boot(t, installable(t), "none")
	m.run("sh", "-c", "ip link set lo up; userdel kith 2>/dev/null; true")
	out := m.run("/given/install.sh", "--manager", "sysv")
	if !strings.Contains(out, "Made the account kith.") || !strings.Contains(out, "Kith runs.") {
		t.Errorf("it said\n%s", out)
	}
	if resp, err := m.client().Get("http://127.0.0.1:5484/healthz"); err != nil || resp.StatusCode != 200 {
		t.Errorf("the service answers %v (%v)\n%s", resp, err, m.run("cat", "/var/log/kith.log"))
	}
	pid := m.run("cat", "/run/kith.pid")
	status := m.run("cat", "/proc/"+pid+"/status")
	if uid := m.run("id", "-u", "kith"); !strings.Contains(status, "Uid:\t"+uid+"\t") || !strings.Contains(status, "CapEff:\t0000000000000000") {
		t.Errorf("it runs as\n%s", status)
	}
	for file, want := range map[string]string{
		"/etc/kith/kith.toml": "root kith 640", "/var/lib/kith": "kith kith 700", "/var/lib/kith/kith.db": "kith kith 600", "/var/log/kith.log": "root root 640",
	} {
		if got := m.run("stat", "-c", "%U %G %a", file); got != want {
			t.Errorf("%s is %s, not %s", file, got, want)
		}
	}
	places := []string{"/usr/local/bin", "/etc/kith", "/etc/init.d", "/etc/rc2.d", "/etc/passwd", "/var/lib/kith"}
	before := m.tree(places...)
	if out := m.run("/given/install.sh", "--manager", "sysv"); !strings.Contains(out, "nothing was changed") {
		t.Errorf("run again, it said\n%s", out)
	}
	if after := m.tree(places...); after != before || m.run("cat", "/run/kith.pid") != pid {
		t.Errorf("run again, it changed\n%s\nto\n%s", before, after)
	}
	m.run("kith", "keys", "create", "test")
	m.run("kith", "service", "restart", "--manager", "sysv")
	if m.run("cat", "/run/kith.pid") == pid {
		t.Error("restarted, it is the same process")
	}
	m.run("/given/install.sh", "--uninstall", "--manager", "sysv")
	if out, err := m.try("pgrep", "-x", "-r", "R,S,D", "kith"); err == nil {
		t.Errorf("uninstalled, it runs: %s", out)
	}
	if _, err := os.Lstat(m.file("/var/lib/kith/kith.db")); err != nil {
		t.Errorf("uninstalling took the data: %v", err)
	}
}

// Under OpenRC, whose supervisor begins Kith anew when it dies.
func TestInstall_withOpenRC(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("makes namespaces")
	}
	if _, err := os.Stat("/sbin/openrc-run"); err != nil {
		needed(t, "OpenRC is not here")
	}
	m := boot(t, installable(t), "none")
	m.run("sh", "-c", `userdel kith 2>/dev/null; mkdir -p /etc/runlevels/default &&
		for d in starting started stopping inactive wasinactive failed hotplugged daemons options exclusive scheduled tmp; do mkdir -p /run/openrc/$d; done &&
		echo default >/run/openrc/softlevel`) // as a boot leaves it
	out := m.run("/given/install.sh", "--manager", "openrc")
	if !strings.Contains(out, "Made the account kith.") || !strings.Contains(out, "Kith runs.") {
		t.Errorf("it said\n%s", out)
	}
	log := func() string { return m.run("cat", "/var/log/kith.log") }
	answers := func() {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			resp, err := m.client().Get("http://127.0.0.1:5484/healthz")
			if err == nil && resp.StatusCode == 200 {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("the service answers %v (%v)\n%s", resp, err, log())
			}
		}
	}
	answers()
	process := func() string { return m.run("pgrep", "-x", "-r", "R,S,D", "kith") }
	pid := process()
	status := m.run("cat", "/proc/"+pid+"/status")
	for _, want := range []string{"Uid:\t" + m.run("id", "-u", "kith") + "\t", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Umask:\t0077"} {
		if !strings.Contains(status, want) {
			t.Errorf("its process has no %q:\n%s", want, status)
		}
	}
	for file, want := range map[string]string{
		"/etc/kith/kith.toml": "root kith 640", "/var/lib/kith": "kith kith 700", "/var/lib/kith/kith.db": "kith kith 600", "/var/log/kith.log": "kith kith 640",
		"/etc/runlevels/default/kith": "root root 777",
	} {
		if got := m.run("stat", "-c", "%U %G %a", file); got != want {
			t.Errorf("%s is %s, not %s", file, got, want)
		}
	}
	if out := m.run("/given/install.sh", "--manager", "openrc"); !strings.Contains(out, "nothing was changed") || process() != pid {
		t.Errorf("run again, it said\n%s", out)
	}

	m.run("kill", "-KILL", pid)
	answers()
	again := process()
	if again == pid {
		t.Error("killed, it is the same process")
	}
	m.run("kith", "service", "restart", "--manager", "openrc")
	answers()
	if process() == again {
		t.Error("restarted, it is the same process")
	}
	m.run("kith", "keys", "create", "test")
	m.run("kith", "service", "stop", "--manager", "openrc")
	if out := m.refused("kith", "service", "status", "--manager", "openrc"); !strings.Contains(out, "stopped") {
		t.Errorf("stopped, its status is %s", out)
	}
	m.run("kith", "service", "start", "--manager", "openrc")
	m.run("kith", "service", "status", "--manager", "openrc")
	m.run("/given/install.sh", "--uninstall", "--manager", "openrc")
	if out, err := m.try("pgrep", "-x", "-r", "R,S,D", "kith"); err == nil {
		t.Errorf("uninstalled, it runs: %s", out)
	}
	for path, want := range map[string]bool{"/etc/init.d/kith": false, "/etc/runlevels/default/kith": false, "/usr/local/bin/kith": false, "/var/lib/kith/kith.db": true, "/etc/kith/kith.toml": true} {
		if _, err := os.Lstat(m.file(path)); (err == nil) != want {
			t.Errorf("uninstalled, %s: %v", path, err)
		}
	}
}

// An image gets files only, the same each time.
func TestInstall_intoAFolder(t *testing.T) {
	given, image := installable(t), t.TempDir()
	for _, manager := range []string{"systemd", "sysv", "openrc"} {
		image := filepath.Join(image, manager)
		install := func(args ...string) string {
			cmd := exec.Command(filepath.Join(given, "install.sh"), append(args, "--manager", manager)...)
			cmd.Env = append(os.Environ(), "DESTDIR="+image, "PREFIX=/usr")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", manager, err, out)
			}
			return string(out)
		}
		list := func() (out string) {
			_ = filepath.WalkDir(image, func(p string, d fs.DirEntry, err error) error {
				if err != nil {
					t.Fatal(err)
				}
				info, err := d.Info()
				if err != nil {
					t.Fatal(err)
				}
				if !d.IsDir() {
					out += fmt.Sprintf("%s %s %d %s\n", strings.TrimPrefix(p, image), info.Mode(), info.Size(), info.ModTime())
				}
				return nil
			})
			return out
		}
		install()
		first := list()
		install()
		if again := list(); again != first {
			t.Errorf("%s: run again, it changed\n%s\nto\n%s", manager, first, again)
		}
		script := "/etc/init.d/kith"
		if manager == "systemd" {
			script = "/etc/systemd/system/kith.service"
			if to, err := os.Readlink(filepath.Join(image, "/etc/systemd/system/multi-user.target.wants/kith.service")); err != nil || to != script {
				t.Errorf("systemd would start %q (%v)", to, err)
			}
		}
		text, err := os.ReadFile(filepath.Join(image, script))
		if err != nil || !strings.Contains(string(text), "/usr/bin/kith") || strings.Contains(string(text), image) {
			t.Errorf("%s's script is (%v)\n%s", manager, err, text)
		}
		if manager != "systemd" {
			if _, err := exec.LookPath("shellcheck"); err != nil {
				needed(t, "scripts are checked by shellcheck, which is not here")
			}
			if out, err := exec.Command("shellcheck", "--exclude=SC2034", filepath.Join(image, script)).CombinedOutput(); err != nil {
				t.Errorf("%s", out)
			}
		}
		install("--uninstall")
		if left := list(); strings.Contains(left, "bin/kith") || strings.Contains(left, "init.d") || strings.Contains(left, "kith.service") || !strings.Contains(left, "/etc/kith/kith.toml -rw") {
			t.Errorf("%s: uninstalled, this is left:\n%s", manager, left)
		}
	}
}

// What is missing is said before anything is changed, all of it at once.
func TestInstall_saysFirstWhatIsMissing(t *testing.T) {
	given := installable(t)
	for name, c := range map[string]struct {
		args []string
		env  string
		want []string
	}{
		"no binary":        {[]string{"--no-service", "--binary", "/none/kith"}, "PREFIX=" + t.TempDir(), []string{"nothing was changed", "no file /none/kith"}},
		"a wrong binary":   {[]string{"--no-service", "--binary", filepath.Join(given, "install.sh")}, "PREFIX=" + t.TempDir(), []string{"does not run on this machine"}},
		"a wrong argument": {[]string{"--system"}, "", []string{"there is no --system", "--help"}},
		"a wrong manager":  {[]string{"--manager", "cron"}, "DESTDIR=" + t.TempDir(), []string{"systemd, openrc, sysv"}},
		"a relative path":  {nil, "PREFIX=here", []string{"whole path"}},
	} {
		cmd := exec.Command(filepath.Join(given, "install.sh"), c.args...)
		cmd.Env = append(os.Environ(), c.env)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("%s was taken:\n%s", name, out)
		}
		for _, want := range c.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: it said %q, without %q", name, out, want)
			}
		}
	}
}
