package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"kith/app/config"
	"kith/app/service"
)

// nfpm makes the packages. It is run as a program, not linked: Kith itself needs none of it.
const nfpm = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2"

//go:embed package
var packageFiles embed.FS

// What install.sh installs by default is in /usr/local; a package's is in /usr.
var packaged = service.Spec{Program: "/usr/bin/kith", Config: "/etc/kith/kith.toml", Data: "/var/lib/kith"}

// packages makes a .deb and a .rpm: the same unit as install.sh's, and scripts that do the same.
func (r *release) packages(t target, program string, licences []byte) error {
	work := filepath.Join(r.work, "package-"+t.arch)
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	unit, err := service.Unit(packaged)
	if err != nil {
		return err
	}
	example, err := os.ReadFile(filepath.Join(r.source, "config.example.toml"))
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"kith.service": unit, "THIRD-PARTY.txt": licences,
		"kith.toml": config.WithSetting(example, "data", packaged.Data),
	}
	for _, script := range []string{"postinstall.sh", "preremove.sh", "postremove.sh"} {
		if files[script], err = packageFiles.ReadFile("package/" + script); err != nil {
			return err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(work, name), content, 0o644); err != nil {
			return err
		}
	}
	settings, err := template.ParseFS(packageFiles, "package/nfpm.yaml")
	if err != nil {
		return err
	}
	var text strings.Builder
	err = settings.Execute(&text, map[string]string{
		"Arch": t.arch, "Version": r.version, "Program": program, "Work": work, "Source": r.source, "At": r.at.Format("2006-01-02T15:04:05Z"),
	})
	if err != nil {
		return err
	}
	file := filepath.Join(work, "nfpm.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		return err
	}
	for _, kind := range []string{"deb", "rpm"} {
		cmd := exec.Command("go", "run", nfpm, "package", "--config", file, "--packager", kind, "--target", r.out)
		cmd.Dir = r.source
		cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "SOURCE_DATE_EPOCH="+fmt.Sprint(r.at.Unix()))
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("make the %s: %w\n%s", kind, err, said)
		}
	}
	return nil
}
