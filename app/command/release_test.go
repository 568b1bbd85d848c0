//go:build linux

package command

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// run runs a program here that has to succeed.
func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// The same commit, built in two folders, is the same bytes, and knows its commit and date.
func TestRelease_isTheSameBytesInAnotherFolder(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("builds the program twice")
	}
	if _, err := exec.LookPath("git"); err != nil {
		needed(t, "a release is built from a git checkout, and git is not here")
	}
	commit := strings.TrimSpace(run(t, "../..", "git", "rev-parse", "HEAD"))
	date := strings.TrimSpace(run(t, "../..", "git", "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d"))
	var built [2][]byte
	for i, folder := range []string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "another", "folder")} {
		run(t, ".", "git", "clone", "--quiet", "--no-hardlinks", "../..", folder)
		run(t, folder, "git", "checkout", "--quiet", commit)
		out := filepath.Join(folder, "dist")
		run(t, folder, "go", "run", "./app/release", "-only", runtime.GOOS+"/"+runtime.GOARCH, "-packages=false", "-out", out)
		archives, err := filepath.Glob(filepath.Join(out, "*.tar.gz"))
		if err != nil || len(archives) != 1 {
			t.Fatalf("the archives are %v, %v", archives, err)
		}
		if built[i], err = os.ReadFile(archives[0]); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			checkArchive(t, built[i], commit, date)
		}
	}
	if !bytes.Equal(built[0], built[1]) {
		t.Error("two builds of one commit differ")
	}
}

func checkArchive(t *testing.T, packed []byte, commit, date string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]int64{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(h.Name, "/")
		names[name] = h.Mode
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		switch name {
		case "kith":
			program := filepath.Join(t.TempDir(), "kith")
			if err := os.WriteFile(program, content, 0o755); err != nil {
				t.Fatal(err)
			}
			out := run(t, ".", program, "version")
			if !strings.Contains(out, "kith "+Version) || !strings.Contains(out, commit[:12]) || !strings.Contains(out, date) {
				t.Errorf("it says it is %s; the commit is %s of %s", out, commit, date)
			}
			if bytes.Contains(content, []byte(os.TempDir()+"/Test")) {
				t.Error("the program holds the path it was built in")
			}
		case "THIRD-PARTY.txt":
			for _, want := range []string{"modernc.org/sqlite", "gin-gonic", "Preact", "Go go1."} {
				if !bytes.Contains(bytes.ToLower(content), []byte(strings.ToLower(want))) {
					t.Errorf("the licences say nothing of %s", want)
				}
			}
		}
	}
	for name, mode := range map[string]int64{"kith": 0o755, "install.sh": 0o755, "LICENSE": 0o644, "README.md": 0o644, "config.example.toml": 0o644, "THIRD-PARTY.txt": 0o644} {
		if names[name] != mode {
			t.Errorf("%s has mode %o, not %o", name, names[name], mode)
		}
	}
}

func TestRelease_packages(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("builds packages")
	}
	for _, program := range []string{"dpkg-deb", "rpm", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			needed(t, "packages are looked into with "+program+", which is not here")
		}
	}
	out := t.TempDir()
	run(t, "../..", "go", "run", "./app/release", "-dirty", "-only", "linux/amd64", "-out", out)
	run(t, out, "sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
	deb, rpm := filepath.Join(out, "kith_"+Version+"_amd64.deb"), filepath.Join(out, "kith-"+Version+"-1.x86_64.rpm")
	inDeb, inRPM := run(t, out, "dpkg-deb", "-c", deb), run(t, out, "rpm", "-qlvp", rpm)
	for file, mode := range map[string]string{
		"/usr/bin/kith": "-rwxr-xr-x", "/usr/lib/systemd/system/kith.service": "-rw-r--r--",
		"/etc/kith/kith.toml": "-rw-------", "/usr/share/doc/kith/copyright": "-rw-r--r--", "/usr/share/doc/kith/THIRD-PARTY.txt": "-rw-r--r--",
	} {
		line := regexp.MustCompile(`(?m)^` + mode + ` .*root.*\.?` + regexp.QuoteMeta(file) + `$`)
		for kind, list := range map[string]string{"deb": inDeb, "rpm": inRPM} {
			if !line.MatchString(list) {
				t.Errorf("the %s has no %s %s:\n%s", kind, mode, file, list)
			}
		}
	}
	if got := run(t, out, "dpkg-deb", "-f", deb, "Package", "Architecture", "Depends"); !strings.Contains(got, "kith") || !strings.Contains(got, "amd64") || !strings.Contains(got, "systemd") {
		t.Errorf("the .deb says\n%s", got)
	}
	if got := run(t, out, "rpm", "-qp", "--scripts", rpm); strings.Count(got, "scriptlet") != 3 {
		t.Errorf("the .rpm's scripts are\n%s", got)
	}
	bill, err := os.ReadFile(filepath.Join(out, "kith_"+Version+"_linux_amd64.cdx.json"))
	var made struct {
		Components []struct{ Name, Version, Purl string }
	}
	if err != nil || json.Unmarshal(bill, &made) != nil || len(made.Components) < 30 {
		t.Errorf("what it is made of: %d parts (%v)", len(made.Components), err)
	}
	next := nextRelease(t)
	for kind, p := range map[string]packaged{
		"deb": {deb, filepath.Join(next, "kith_"+nextVersion+"_amd64.deb"), []string{"dpkg", "--force-confold", "--install"}, []string{"dpkg", "--force-confold", "--install"}, []string{"dpkg", "--remove", "kith"}, "kith.toml.dpkg-dist"},
		"rpm": {rpm, filepath.Join(next, "kith-"+nextVersion+"-1.x86_64.rpm"), []string{"rpm", "--force-debian", "--nodeps", "--install"}, []string{"rpm", "--force-debian", "--nodeps", "--upgrade"}, []string{"rpm", "--force-debian", "--nodeps", "--erase", "kith"}, "kith.toml.rpmnew"},
	} {
		t.Run(kind, func(t *testing.T) { p.installed(t) })
	}
}

// nextVersion is what nextRelease makes packages of.
const nextVersion = "99.0.0"

// nextRelease builds the packages of a version that is newer, and has another configuration.
func nextRelease(t *testing.T) (out string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "next")
	run(t, ".", "git", "clone", "--quiet", "--no-hardlinks", "../..", folder)
	run(t, folder, "git", "checkout", "--quiet", strings.TrimSpace(run(t, "../..", "git", "rev-parse", "HEAD")))
	replace(t, filepath.Join(folder, "app", "command", "command.go"), `const Version = "`+Version+`"`, `const Version = "`+nextVersion+`"`)
	replace(t, filepath.Join(folder, "config.example.toml"), "[limits]", "# There is more to say.\n[limits]")
	out = filepath.Join(folder, "dist")
	run(t, folder, "go", "run", "./app/release", "-dirty", "-only", "linux/amd64", "-out", out)
	return out
}

func replace(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte(from)) {
		t.Fatalf("%s has no %q (%v)", file, from, err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(from), []byte(to), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// packaged is a package in two versions, and what is done with it.
type packaged struct {
	file, next               string
	install, upgrade, remove []string
	beside                   string // a new version's configuration, beside the one that was changed
}

// installed installs the package on a machine, upgrades and removes it.
func (p packaged) installed(t *testing.T) {
	given := t.TempDir()
	for from, to := range map[string]string{p.file: "first", p.next: "next"} {
		run(t, given, "cp", from, to)
	}
	m := boot(t, given, "systemd")
	m.run("mkdir", "-p", "/var/lib/rpm")
	if said := m.run(append(p.install, "/given/first")...); !strings.Contains(said, "Kith runs.") {
		t.Errorf("installing, it said\n%s", said)
	}
	m.run("kith", "service", "status")
	if resp, err := m.client().Get("http://127.0.0.1:5484/healthz"); err != nil || resp.StatusCode != 200 {
		t.Errorf("the service answers %v (%v)\n%s", resp, err, m.log())
	}
	for file, want := range map[string]string{"/usr/bin/kith": "root root 755", "/usr/lib/systemd/system/kith.service": "root root 644", "/etc/kith": "root root 755",
		"/etc/kith/kith.toml": "root root 600", "/var/lib/private/kith": "kith kith 700", "/var/lib/private/kith/kith.db": "kith kith 600"} {
		if got := m.run("stat", "-c", "%U %G %a", file); got != want {
			t.Errorf("%s is %s, not %s", file, got, want)
		}
	}
	if state := m.property("UnitFileState"); state != "enabled" {
		t.Errorf("installed, it is %s", state)
	}

	// An upgrade keeps the configuration that was changed, and the data.
	m.run("sed", "-i", "s/^workspace = .*/workspace = \"Invented\"/", "/etc/kith/kith.toml")
	pid, key := m.property("MainPID"), m.run("kith", "keys", "list")
	m.run(append(p.upgrade, "/given/next")...)
	if got := m.run("kith", "version"); !strings.Contains(got, nextVersion) || m.property("MainPID") == pid || m.property("ActiveState") != "active" {
		t.Errorf("after an upgrade %s is installed, and the old one runs\n%s", got, m.log())
	}
	if got := m.run("grep", "^workspace", "/etc/kith/kith.toml"); !strings.Contains(got, "Invented") {
		t.Errorf("an upgrade left the configuration with %s", got)
	}
	if got := m.run("grep", "-c", "more to say", "/etc/kith/"+p.beside); got != "1" {
		t.Errorf("the new configuration is not beside it: %s", got)
	}
	if got := m.run("kith", "keys", "list"); got != key {
		t.Errorf("an upgrade left the keys as\n%s\nthey were\n%s", got, key)
	}
	if got := m.run("stat", "-c", "%U %G %a", "/etc/kith/kith.toml"); got != "root root 600" {
		t.Errorf("an upgrade left the configuration as %s", got)
	}

	// What was turned off stays off.
	m.run("systemctl", "disable", "--quiet", "--now", "kith")
	if strings.HasPrefix(p.remove[0], "dpkg") {
		m.run("dpkg", "--install", "/given/next")
	} else {
		m.run(append(p.upgrade, "--force", "/given/next")...)
	}
	if state := m.property("ActiveState") + " " + m.property("UnitFileState"); state != "inactive disabled" {
		t.Errorf("turned off and upgraded, it is %s", state)
	}
	m.run("systemctl", "enable", "--quiet", "--now", "kith")

	if said := m.refused("kith", "service", "uninstall"); !strings.Contains(said, "package") {
		t.Errorf("uninstalling a package's service, it said %s", said)
	}
	p.removed(m)
}

// removed removes it; what belongs to the machine's owner stays.
func (p packaged) removed(m *machine) {
	m.t.Helper()
	if said := m.run(p.remove...); !strings.Contains(said, "The data stays in /var/lib/kith.") {
		m.t.Errorf("removing, it said\n%s", said)
	}
	if p.remove[0] == "dpkg" {
		if _, err := os.Stat(m.file("/etc/kith/kith.toml")); err != nil {
			m.t.Errorf("removing, and not purging, took the configuration: %v", err)
		}
		m.run("dpkg", "--install", "/given/next")
		if state := m.property("ActiveState") + " " + m.property("UnitFileState"); state != "active enabled" {
			m.t.Errorf("installed again, it is %s", state)
		}
		if said := m.run("dpkg", "--purge", "kith"); !strings.Contains(said, "The data stays in /var/lib/kith.") {
			m.t.Errorf("purging, it said\n%s", said)
		}
		if _, err := os.Stat(m.file("/etc/kith")); !os.IsNotExist(err) {
			m.t.Errorf("purging left the configuration: %v", err)
		}
	} else if got := m.run("grep", "^workspace", "/etc/kith/kith.toml.rpmsave"); !strings.Contains(got, "Invented") {
		m.t.Errorf("removing kept %s of the configuration", got)
	}
	if _, err := os.Stat(m.file("/var/lib/private/kith/kith.db")); err != nil {
		m.t.Errorf("removing took the data: %v", err)
	}
	if out, err := m.try("pgrep", "-x", "-r", "R,S,D", "kith"); err == nil {
		m.t.Errorf("removed, it runs: %s", out)
	}
	for _, left := range []string{"/usr/bin/kith", "/usr/lib/systemd/system/kith.service", "/usr/share/doc/kith", "/etc/systemd/system/multi-user.target.wants/kith.service"} {
		if _, err := os.Lstat(m.file(left)); !os.IsNotExist(err) {
			m.t.Errorf("removing left %s: %v", left, err)
		}
	}
}
