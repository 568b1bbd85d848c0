package ui

import (
	"io/fs"
	"strings"
	"testing"
)

func TestFiles_holdsThePageAndNoTests(t *testing.T) {
	t.Parallel()
	page, err := fs.ReadFile(Files, Index)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), Base+"/ui/main.js") {
		t.Errorf("%s does not load %s/ui/main.js", Index, Base)
	}
	seen := 0
	err = fs.WalkDir(Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			seen++
		}
		if strings.Contains(path, "test") || strings.Contains(path, "node_modules") || strings.HasSuffix(path, ".json") {
			t.Errorf("%s is embedded, but the browser has no use for it", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("embedded %d files, want the whole dashboard", seen)
	}
}

func TestFiles_everyStyleAndScriptOfThePageIsEmbedded(t *testing.T) {
	t.Parallel()
	page, err := fs.ReadFile(Files, Index)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, part := range strings.Split(string(page), Base+"/ui/")[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if _, err := fs.Stat(Files, name); err != nil {
			t.Errorf("the page names %s: %v", name, err)
		}
		found++
	}
	if found == 0 {
		t.Error("the page names nothing under ui/")
	}
}
