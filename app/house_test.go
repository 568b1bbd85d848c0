package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// mayImport is who may know whom, beside the standard library and other modules. A room
// that is not here may import nothing of ours. Tests are free.
var mayImport = map[string][]string{
	"kith":                    {"app/command"},
	"app":                     {},
	"app/config":              {"app"},
	"app/requestlog":          {"app"},
	"app/backup":              {"app"},
	"app/metrics":             {"app"},
	"app/ingest":              {"app"},
	"app/segment":             {"app"},
	"app/column":              {"app", "app/segment"},
	"app/keeper":              {"app", "app/column"},
	"app/importer":            {"app", "app/ingest"},
	"storage":                 {"app"},
	"search":                  {"app"},
	"app/api":                 {"app", "app/config", "app/hook", "app/importer", "app/ingest", "app/integration", "app/requestlog", "app/segment"},
	"app/admin":               {"app", "app/api", "app/config", "app/hook", "app/importer", "app/ingest", "app/integration", "app/requestlog", "app/segment"},
	"app/server":              {"app", "app/admin", "app/api", "app/config"},
	"app/demo":                {"app", "app/ingest", "app/integration"},
	"app/bench":               {"app"},
	"ui":                      {},
	"assets":                  {},
	"storage/storagetest":     {"app", "storage"},
	"app/segment/segmenttest": {"app", "app/segment"},
	"app/apitest":             {"app", "app/api", "app/hook", "app/importer", "app/keeper", "app/privacy", "app/requestlog", "app/server", "storage", "storage/storagetest"},
	"app/command":             {"*"},
	"app/privacy":             {"app", "app/importer"},
	"app/integration":         {"app", "app/ingest"},
	"app/hook":                {"app", "app/integration"},
	"app/outward":             {"app"},
	"app/mock":                {"app", "app/api", "app/ingest"},
	"app/mock/example":        {},
	"app/service":             {},
	"app/release":             {"app/command", "app/config", "app/service"},
}

// onlyStandard are the rooms that must not import other modules either.
var onlyStandard = map[string]bool{"app": true, "app/ingest": true, "app/integration": true, "app/hook": true, "app/demo": true, "ui": true, "assets": true, "app/requestlog": true}

type source struct {
	room, file string
	syntax     *ast.File
}

// sources are all Go files of the house that are no tests.
func sources(t *testing.T) []source {
	t.Helper()
	root := ".."
	var out []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") && p != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		room := filepath.ToSlash(rel)
		if room == "." {
			room = "kith"
		}
		out = append(out, source{room, filepath.ToSlash(p), f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("found only %d files; is the house where it was?", len(out))
	}
	return out
}

func TestHouse_importsFollowTheTable(t *testing.T) {
	for _, s := range sources(t) {
		allowed := map[string]bool{}
		for _, room := range mayImport[s.room] {
			allowed[room] = true
		}
		for _, imp := range s.syntax.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			ours, isOurs := strings.CutPrefix(p, "kith/")
			switch {
			case isOurs && !allowed[ours] && !allowed["*"]:
				t.Errorf("%s: %s may not import %s", s.file, s.room, ours)
			case !isOurs && strings.Contains(strings.Split(p, "/")[0], ".") && onlyStandard[s.room]:
				t.Errorf("%s: %s imports the standard library only, not %s", s.file, s.room, p)
			}
		}
	}
}

func TestHouse_everyPackageSaysWhatItOwns(t *testing.T) {
	comments := map[string]string{}
	for _, s := range sources(t) {
		if s.syntax.Doc != nil {
			comments[s.room] += s.syntax.Doc.Text()
		} else if _, seen := comments[s.room]; !seen {
			comments[s.room] = ""
		}
	}
	for room, text := range comments {
		if len(text) < 40 {
			t.Errorf("%s has no package comment that says what it owns", room)
		}
	}
}

func TestHouse_thePlanNamesEveryRoom(t *testing.T) {
	plan, err := os.ReadFile("app.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range sources(t) {
		seen[s.room] = true
	}
	var rooms []string
	for room := range seen {
		rooms = append(rooms, room)
	}
	sort.Strings(rooms)
	for _, room := range rooms {
		if room == "kith" || path.Base(room) == "storagetest" {
			continue
		}
		if !strings.Contains(string(plan), "//	"+room+" ") {
			t.Errorf("the plan of the house in app.go does not name %s", room)
		}
	}
}

// Time comes in through app.Clock; only what measures how long something took, or keeps
// a connection's deadline, may look at the machine's clock.
func TestHouse_rulesNeverReadTheWallClock(t *testing.T) {
	for _, s := range sources(t) {
		switch s.room {
		case "app/ingest", "app/integration", "app/hook", "storage", "app/demo", "search", "app/segment", "app/column":
		default:
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && sel.Sel.Name == "Now" {
				t.Errorf("%s reads time.Now; it must take the instant from the clock", s.file)
			}
			return true
		})
	}
}
