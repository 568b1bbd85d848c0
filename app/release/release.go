// Command release builds what Kith is given out as: one static program for each system,
// in an archive with its licences, Debian and RPM packages, what it is made of (CycloneDX),
// and the checksums of all that. It owns the packages' scripts. It publishes nothing.
//
// The invariant: the same commit gives the same bytes, wherever and whenever it is built.
// Every time in it is the commit's.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"kith/app/command"
)

// target is a system that Kith is built for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

var targets = []target{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}}

// release is one being made.
type release struct {
	source  string // the checkout
	out     string
	version string
	at      time.Time // the commit's
	work    string    // what is thrown away
	log     io.Writer
}

func main() {
	out := flag.String("out", "dist", "the folder to fill; what is in it is removed first")
	only := flag.String("only", "", "one system, such as linux/amd64 (default: all)")
	packages := flag.Bool("packages", true, "make .deb and .rpm for Linux too, by nfpm")
	dirty := flag.Bool("dirty", false, "build what is not committed as well; the program says so")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "Builds a release of this checkout.\n\n  go run ./app/release\n  go run ./app/release -only linux/amd64 -packages=false\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(*out, *only, *packages, *dirty); err != nil {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

func run(out, only string, packages, dirty bool) error {
	r, err := newRelease(out, dirty, os.Stderr)
	if err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	found := false
	for _, t := range targets {
		if only != "" && only != t.String() {
			continue
		}
		found = true
		if err := r.make(t, packages); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	if !found {
		return fmt.Errorf("-only %s is none of %v", only, targets)
	}
	return r.checksums()
}

// newRelease looks at the checkout and empties out.
func newRelease(out string, dirty bool, log io.Writer) (*release, error) {
	gomod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("find the checkout: %w", err)
	}
	r := &release{source: filepath.Dir(strings.TrimSpace(string(gomod))), version: command.Version, log: log}
	if changed := r.git("status", "--porcelain", "--untracked-files=no"); changed != "" && !dirty {
		return nil, fmt.Errorf("this is not committed, so nobody could build the same again:\n%s\ncommit it, or say -dirty", changed)
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		epoch = r.git("log", "-1", "--format=%ct")
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the commit's time is %q: a release is made in a git checkout, or with SOURCE_DATE_EPOCH set", epoch)
	}
	r.at = time.Unix(seconds, 0).UTC()
	if r.out, err = filepath.Abs(out); err != nil {
		return nil, err
	}
	if err := emptied(r.out); err != nil {
		return nil, err
	}
	r.work, err = os.MkdirTemp("", "kith-release-")
	return r, err
}

// emptied removes what an earlier release left, and nothing else.
func emptied(out string) error {
	entries, err := os.ReadDir(out)
	if errors.Is(err, os.ErrNotExist) {
		return os.MkdirAll(out, 0o755)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "kith") && e.Name() != checksumFile {
			return fmt.Errorf("%s holds %s, which is no part of a release; choose another folder with -out", out, e.Name())
		}
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(out, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// git is what git says, "" where it says nothing or is not there.
func (r *release) git(args ...string) string {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.source
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// make builds one system's program and what it is given out in.
func (r *release) make(t target, packages bool) error {
	fmt.Fprintf(r.log, "%s …\n", t)
	program := filepath.Join(r.work, t.os+"-"+t.arch, "kith")
	if t.os == "windows" {
		program += ".exe"
	}
	if err := build(r.source, program, t); err != nil {
		return err
	}
	modules, err := modulesOf(program)
	if err != nil {
		return err
	}
	licences, err := r.licences(modules)
	if err != nil {
		return err
	}
	bill, err := r.bill(t, modules)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("kith_%s_%s_%s", r.version, t.os, t.arch)
	if err := os.WriteFile(filepath.Join(r.out, name+".cdx.json"), bill, 0o644); err != nil {
		return err
	}
	if err := r.archive(t, name, program, licences); err != nil {
		return err
	}
	if packages && t.os == "linux" {
		return r.packages(t, program, licences)
	}
	return nil
}

// build builds the program so that only the sources and Go's version decide its bytes.
func build(source, program string, t target) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags", "-s -w -buildid=", "-o", program, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, said)
	}
	return nil
}

const checksumFile = "SHA256SUMS"

// checksums writes the sums of all files, for `sha256sum -c`.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var lines []string
	for _, e := range entries {
		f, err := os.Open(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("%x  %s\n", h.Sum(nil), e.Name()))
	}
	sort.Slice(lines, func(i, j int) bool { return lines[i][66:] < lines[j][66:] })
	var all bytes.Buffer
	for _, l := range lines {
		all.WriteString(l)
		fmt.Fprint(r.log, l)
	}
	return os.WriteFile(filepath.Join(r.out, checksumFile), all.Bytes(), 0o644)
}
