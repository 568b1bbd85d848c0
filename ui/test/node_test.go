package uitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// inUI runs a program in the folder of the dashboard's source.
func inUI(t *testing.T, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", filepath.Base(program), err, out)
	}
}

func TestModules_passTheirOwnTests(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "the modules' tests need Node, and there is none in the path")
	}
	inUI(t, node, "--test", "test/")
}

func TestModules_passTheTypeChecker(t *testing.T) {
	t.Parallel()
	tsc, err := filepath.Abs(filepath.Join("..", "node_modules", ".bin", "tsc"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tsc); err != nil {
		missing(t, "the type checker is not installed: npm ci in ui/ brings it")
	}
	inUI(t, tsc, "-p", "tsconfig.json")
}
