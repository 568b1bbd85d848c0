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
	installsDeb(t, out, deb)
}

// installsDeb installs the package on a machine, upgrades and removes it.
func installsDeb(t *testing.T, out, deb string) {
	t.Helper()
	m := boot(t, out, "systemd")
	name := "/given/" + filepath.Base(deb)
	if said := m.run("dpkg", "--install", name); !strings.Contains(said, "Kith runs.") {
		t.Errorf("installing, it said\n%s", said)
	}
	m.run("kith", "service", "status")
	if resp, err := m.client().Get("http://127.0.0.1:5484/healthz"); err != nil || resp.StatusCode != 200 {
		t.Errorf("the service answers %v (%v)\n%s", resp, err, m.log())
	}
	pid := m.property("MainPID")
	m.run("dpkg", "--install", name)
	if m.property("MainPID") == pid || m.property("ActiveState") != "active" {
		t.Errorf("after an upgrade the old one runs\n%s", m.log())
	}
	if said := m.refused("kith", "service", "uninstall"); !strings.Contains(said, "package") {
		t.Errorf("uninstalling a package's service, it said %s", said)
	}
	if said := m.run("dpkg", "--remove", "kith"); !strings.Contains(said, "The data stays in /var/lib/kith.") {
		t.Errorf("removing, it said\n%s", said)
	}
	if _, err := os.Stat(m.file("/var/lib/private/kith/kith.db")); err != nil {
		t.Errorf("removing took the data: %v", err)
	}
	if state := m.property("ActiveState"); state != "inactive" {
		t.Errorf("removed, it is %s", state)
	}
}
