package command

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands are all that one can call, but for the hidden ones and cobra's own.
func commands(root *cobra.Command) (out []*cobra.Command) {
	for _, c := range root.Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		out = append(append(out, c), commands(c)...)
	}
	return out
}

// callOf finds the calls of kith in a line of an example, as words.
var callOf = regexp.MustCompile(`(?:^|[|&(;] *|sudo |[A-Z_]+=\S+ )kith( [^|&;<>)#]*|$)`)

// quotedWord is a word as a shell takes it: quoted, or without blanks.
var quotedWord = regexp.MustCompile(`"[^"]*"|'[^']*'|[^\s"']+`)

func wordsOf(line string) (out []string) {
	for _, w := range quotedWord.FindAllString(line, -1) {
		out = append(out, strings.Trim(w, `"'`))
	}
	return out
}

func TestHelp_everyCommandHasAnExampleThatParses(t *testing.T) {
	root := newCLI(new(bytes.Buffer), new(bytes.Buffer)).root
	all := append(commands(root), root)
	if len(all) < 25 {
		t.Fatalf("found only %d commands", len(all))
	}
	for _, c := range all {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") && c != root {
			t.Errorf("%s: its line is %q", c.CommandPath(), c.Short)
		}
		found := false
		for line := range strings.Lines(c.Example) {
			line = strings.TrimSpace(line)
			if comment := strings.Index(line, "  #"); comment >= 0 {
				line = line[:comment]
			}
			for _, m := range callOf.FindAllStringSubmatch(line, -1) {
				words := wordsOf(m[1])
				fresh := newCLI(new(bytes.Buffer), new(bytes.Buffer)).root
				called, rest, err := fresh.Find(words)
				if err != nil {
					t.Errorf("%s: the example %q: %v", c.CommandPath(), line, err)
					continue
				}
				found = found || called.CommandPath() == c.CommandPath() || strings.HasPrefix(called.CommandPath(), c.CommandPath()+" ")
				if err := called.ParseFlags(rest); err != nil {
					t.Errorf("%s: the example %q: %v", c.CommandPath(), line, err)
					continue
				}
				if err := called.ValidateArgs(called.Flags().Args()); err != nil {
					t.Errorf("%s: the example %q: %v", c.CommandPath(), line, err)
				}
			}
		}
		if !found {
			t.Errorf("%s has no example of itself", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: --%s says nothing", c.CommandPath(), f.Name)
			}
		})
	}
}

func TestHelp_saysTheExitCodes(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"serve", "--help"}, {"keys", "create", "--help"}, {"service", "--help"}} {
		var out, err bytes.Buffer
		if code := Main(args, &out, &err, nil); code != exitDone {
			t.Errorf("%v ends with %d: %s", args, code, err.String())
		}
		if !strings.Contains(out.String(), "Exit codes: 0 ") || !strings.Contains(out.String(), "Examples:") {
			t.Errorf("%v says\n%s", args, out.String())
		}
	}
}

// What goes wrong is said with what to do about it, and the exit code tells a wrong call
// from what could not be done.
func TestErrors_sayWhatToDo(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	file := func(name, text string) string {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, name)
	}
	data := filepath.Join(folder, "data")
	var quiet bytes.Buffer
	if code := Main([]string{"keys", "create", "first", "--data", data}, &quiet, &quiet, nil); code != exitDone {
		t.Fatal(quiet.String())
	}
	file("taken", "")
	newer := filepath.Join(folder, "newer")
	if err := os.MkdirAll(newer, 0o700); err != nil {
		t.Fatal(err)
	}
	file("newer/kith.db", "this is no database at all, and longer than a header of SQLite's is, by far")
	for name, c := range map[string]struct {
		args string
		code int
		want string // what the error has to say, among it what to do
	}{
		"no such command":        {"serv", exitUsage, "kith --help"},
		"no such flag":           {"serve --port 1", exitUsage, "kith serve --help"},
		"no such subcommand":     {"keys drop 1", exitUsage, "kith keys --help"},
		"too few arguments":      {"keys create", exitUsage, "use: kith keys create NAME"},
		"no id":                  {"keys revoke first --data " + data, exitUsage, "kith keys list"},
		"no such key":            {"keys revoke 99 --data " + data, exitFail, "kith keys list"},
		"no such user":           {"user remove ada@example.com --data " + data, exitFail, "kith user list"},
		"no e-mail":              {"user add ada --data " + data, exitFail, "ada@example.com"},
		"an address":             {"serve --listen 5484", exitUsage, "write host:port"},
		"a taken address":        {"serve --listen 192.0.2.1:1 --data " + data, exitFail, "another address with --listen"},
		"no configuration":       {"serve --config none.toml", exitUsage, "kith init"},
		"no TOML":                {"serve --config " + file("broken.toml", "listen = "), exitUsage, "broken.toml"},
		"no such setting":        {"serve --config " + file("unknown.toml", "lisen = \"x\""), exitUsage, "did you mean listen?"},
		"no such setting at all": {"serve --config " + file("odd.toml", "[zzz]\nq = 1"), exitUsage, "config.example.toml"},
		"a zone":                 {"serve --config " + file("zone.toml", "timezone = \"Lagos\""), exitUsage, "Africa/Lagos"},
		"half a key pair":        {"serve --config " + file("pair.toml", "[keys]\npublic = \"a\""), exitUsage, "go together"},
		"a log format":           {"serve --config " + file("log.toml", "[log]\nformat = \"xml\""), exitUsage, "text or json"},
		"a file as the folder":   {"keys list --data taken", exitFail, "--data"},
		"no database":            {"keys list --data newer", exitFail, "kith restore"},
		"keys of nothing":        {"keys list --data nowhere", exitFail, "--data names another folder"},
		"users of nothing":       {"user list --data nowhere", exitFail, "--data names another folder"},
		"quarantine of nothing":  {"quarantine --data nowhere", exitFail, "--data names another folder"},
		"retention of nothing":   {"retention --keep 2y --data nowhere", exitFail, "--data names another folder"},
		"export of nothing":      {"export events --data nowhere", exitFail, "--data names another folder"},
		"index of nothing":       {"reindex --data nowhere", exitFail, "--data names another folder"},
		"an e-mail to add":       {"user add ada --data " + data, exitFail, "kith: ada "},
		"a key to rotate":        {"keys rotate 99 --data " + data, exitFail, "kith keys list"},
		"an import to undo":      {"import --undo xyz --data " + data, exitFail, "GET /v1/imports"},
		"a folder to import":     {"import data --data " + data, exitFail, "name the CSV file in it"},
		"no rounds":              {"bench --rounds 0", exitUsage, "--rounds must be 1 or more"},
		"less than nobody":       {"bench segments --customers -1", exitUsage, "--customers must be 1 or more"},
		"a mock in a file":       {"mock --listen 127.0.0.1:0 --data taken", exitFail, "--data must name a folder"},
		"an export of none":      {"export customers --data newer", exitFail, "kith restore"},
		"an import into none":    {"import taken --data newer", exitFail, "kith restore"},
		"an index of none":       {"reindex --data newer", exitFail, "kith restore"},
		"no file to import":      {"import none.csv --data " + data, exitFail, "none.csv"},
		"no import":              {"import --data " + data, exitUsage, "kith import FILE.csv"},
		"no backup":              {"verify none.zst --data " + data, exitFail, "The backups that this Kith made itself are in"},
		"a mock elsewhere":       {"mock preload --listen 192.0.2.1:80", exitFail, "this machine"},
		"a manager":              {"service install --manager cron", exitFail, "systemd, openrc, sysv"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, err bytes.Buffer
			code := Main(strings.Fields(c.args), &out, &err, []byte("data = \"x\"\n"))
			if code != c.code || !strings.Contains(err.String(), c.want) || !strings.HasPrefix(err.String(), "kith: ") {
				t.Errorf("kith %s ends with %d and says %q; it should end with %d and say %q", c.args, code, err.String(), c.code, c.want)
			}
		})
	}
	if _, err := os.Stat("nowhere"); !os.IsNotExist(err) {
		t.Errorf("the folder that was misspelt is there now (%v)", err)
	}
}
