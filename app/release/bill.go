package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// modulesOf are the modules that a program was built from, as it says itself.
func modulesOf(program string) ([]*debug.Module, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var out []*debug.Module
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		out = append(out, m)
	}
	return out, nil
}

// licenceFile is a file that has to go with what is built from a module.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|copyright)([.-].*)?$`)

// licences are the texts of all modules, of Go and of the browser libraries inside.
func (r *release) licences(modules []*debug.Module) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("Kith is under the licence in LICENSE. It is built from what follows, each under its own.\n")
	add := func(title, folder string, must bool) error {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		found := false
		for _, e := range entries {
			if e.IsDir() || !licenceFile.MatchString(e.Name()) && !strings.HasSuffix(e.Name(), ".LICENSE") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				return err
			}
			found = true
			fmt.Fprintf(&b, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("=", 80), title, e.Name(), bytes.TrimSpace(text))
		}
		if must && !found {
			return fmt.Errorf("%s has no licence in %s", title, folder)
		}
		return nil
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	if err := add("Go "+runtime.Version(), strings.TrimSpace(string(root)), true); err != nil {
		return nil, err
	}
	for _, m := range modules {
		folder, err := r.folder(m)
		if err != nil {
			return nil, err
		}
		if err := add(m.Path+" "+m.Version, folder, true); err != nil {
			return nil, err
		}
	}
	if err := add("In the dashboard", filepath.Join(r.source, "assets", "vendor"), true); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// folder is where a module's sources are.
func (r *release) folder(m *debug.Module) (string, error) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", m.Path)
	cmd.Dir = r.source
	out, err := cmd.Output()
	if err != nil || strings.TrimSpace(string(out)) == "" {
		return "", fmt.Errorf("find the sources of %s: %v; `go mod download` brings them", m.Path, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// bill says what a program is made of, in CycloneDX 1.5.
func (r *release) bill(t target, modules []*debug.Module) ([]byte, error) {
	type property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	type component struct {
		Type       string     `json:"type"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		Purl       string     `json:"purl,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	components := []component{{Type: "library", Name: "std", Version: runtime.Version(), Purl: "pkg:golang/std@" + strings.TrimPrefix(runtime.Version(), "go")}}
	for _, m := range modules {
		components = append(components, component{"library", m.Path, m.Version, "pkg:golang/" + m.Path + "@" + m.Version, []property{{"go:sum", m.Sum}}})
	}
	vendored, err := os.ReadFile(filepath.Join(r.source, "assets", "vendor", "vendored.json"))
	if err != nil {
		return nil, err
	}
	var browser struct {
		Files []struct{ Package, Version string }
	}
	if err := json.Unmarshal(vendored, &browser); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, f := range browser.Files {
		if purl := "pkg:npm/" + f.Package + "@" + f.Version; !seen[purl] {
			seen[purl] = true
			components = append(components, component{Type: "library", Name: f.Package, Version: f.Version, Purl: purl})
		}
	}
	out := struct {
		Format   string `json:"bomFormat"`
		Spec     string `json:"specVersion"`
		Version  int    `json:"version"`
		Metadata any    `json:"metadata"`
		Parts    any    `json:"components"`
	}{"CycloneDX", "1.5", 1, map[string]any{
		"timestamp":  r.at.Format(time.RFC3339),
		"component":  component{Type: "application", Name: "kith", Version: r.version},
		"properties": []property{{"os", t.os}, {"arch", t.arch}, {"commit", r.git("rev-parse", "HEAD")}},
	}, components}
	return json.MarshalIndent(out, "", "  ")
}
