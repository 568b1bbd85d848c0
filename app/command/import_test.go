package command

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// kith runs a command line of this program and returns what it said.
func kith(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := Main(args, &out, &errs, nil); got != code {
		t.Fatalf("kith %s ended with %d, want %d:\n%s%s", strings.Join(args, " "), got, code, &out, &errs)
	}
	return out.String(), errs.String()
}

func wantSaid(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !regexp.MustCompile(part).MatchString(text) {
			t.Errorf("it does not say %q:\n%s", part, text)
		}
	}
}

const importedPeople = "uid;E-mail;Plan\np1;ada@example.com;Fibre\np2;not an address;Fibre\np3;cy@example.com;Copper\n"

func TestImport_intoTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "people.csv")
	if err := os.WriteFile(file, []byte(importedPeople), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := kith(t, exitDone, "import", file, "--data", data, "--dry-run")
	wantSaid(t, out, `nothing was written`, `E-mail +→ email`, `\b2 created`, `\b1 refused`)
	wantSaid(t, out, `encoding +UTF-8, because every byte is ASCII \(--encoding\)`, `delimiter +semicolon, because .* \(--delimiter\)`, `header +yes, because .* \(--header\)`,
		`found by +uid, because "uid" is the id \(--id, --match\)`, `line 3: E-mail: not an address`)
	out, _ = kith(t, exitDone, "import", file, "--data", data)
	wantSaid(t, out, `UTF-8, semicolons, found by uid`, `\b3 rows`, `\b2 created`, `\b1 refused`, `people\.errors\.csv`)
	report, err := os.ReadFile(filepath.Join(dir, "people.errors.csv"))
	if err != nil || !strings.Contains(string(report), "p2;not an address;Fibre") {
		t.Errorf("the report is %q %v", report, err)
	}
	// The report, mended, goes in: what it says beside the cells is left out.
	mended := bytes.ReplaceAll(report, []byte("p2;not an address"), []byte("p2;bo@example.com"))
	if err := os.WriteFile(filepath.Join(dir, "people.errors.csv"), mended, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ = kith(t, exitDone, "import", filepath.Join(dir, "people.errors.csv"), "--data", data)
	wantSaid(t, out, `\b1 created`)
	out, _ = kith(t, exitDone, "import", file, "--data", data, "--map", `{"Plan":{"to":"tariff"}}`, "--errors", filepath.Join(dir, "e.csv"))
	wantSaid(t, out, `\b2 updated`)
	id := regexp.MustCompile(`--undo ([0-9a-f]{24})`).FindStringSubmatch(out)[1]
	out, _ = kith(t, exitDone, "import", "--undo", id, "--data", data)
	wantSaid(t, out, `Undone: 0 removed, 2 restored`)

	_, said := kith(t, exitUsage, "import", "--data", data)
	wantSaid(t, said, `kith import FILE.csv`)
	_, said = kith(t, exitUsage, "import", file, "--data", data, "--map", "{")
	wantSaid(t, said, `map`)
	_, said = kith(t, exitFail, "import", file, "--data", data, "--id", "nothing")
	wantSaid(t, said, `there is no column "nothing"; there are "uid", "E-mail", "Plan"`)
	_, said = kith(t, exitFail, "import", filepath.Join(dir, "nowhere.csv"), "--data", data)
	wantSaid(t, said, `no such file`)
}

func TestImport_saysWhatItDoubtsAndHowToSayIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "report.csv")
	text := "Report,,\r\n\r\nid,spend,it's\r\n1,\"1.234,56\",03/04/2024\r\n2,\"7,5\",NULL\r\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := kith(t, exitDone, "import", file, "--data", data, "--dry-run", "--encoding", "cp1252")
	wantSaid(t, out, `encoding +Windows-1252, as you said`, `line 3 has names of columns, and the one above it does not`, `blank +1 line, passed over`,
		`! 2 values have a decimal comma`, `--map '\{"spend":\{"type":"number","format":"1\.234,56"\}\}'`, `1 cell says NULL, .* it goes in as a word. \(--nulls\)`)
	out, _ = kith(t, exitDone, "import", file, "--data", data, "--dry-run", "--nulls", "blank", "--header", "3")
	wantSaid(t, out, `header +yes, as you said`, `--map '\{"it'\\''s":\{"type":"date","format":"DD/MM/YYYY"\}\}'`, `it counts as blank`)
	out, _ = kith(t, exitDone, "import", file, "--data", data)
	wantSaid(t, out, `! spend: 2 values have a decimal comma`)
	dump := filepath.Join(dir, "dump.csv")
	if err := os.WriteFile(dump, []byte("id,note\n1,\"a \\\"b\\\", c\"\n2,\"d\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ = kith(t, exitDone, "import", dump, "--data", data, "--dry-run")
	wantSaid(t, out, `escapes +backslash, because read so, all .* \(--escape\)`, `\b2 updated`)
	out, _ = kith(t, exitDone, "import", dump, "--data", data, "--dry-run", "--escape", "doubled", "--errors", filepath.Join(dir, "dump.errors.csv"))
	wantSaid(t, out, `escapes +doubled, as you said`, `\b1 refused`)
	_, said := kith(t, exitFail, "import", file, "--data", data, "--header", "maybe")
	wantSaid(t, said, `yes, no, or the number of the line`)
}

func TestImport_theBarStaysOnOneLine(t *testing.T) {
	t.Parallel()
	for _, s := range []*importStatus{
		{Phase: "writing", Rows: 1_234_567, Done: 1_000_000, RowsPerSecond: 12_345, SecondsLeft: 3_600, Failed: 12_345},
		{Phase: "checking", Rows: 100, RowsRead: 50}, {Phase: "reading", RowsRead: 5}, {},
	} {
		for _, columns := range []int{20, 60, 80, 100, 200} {
			if bar := importBar(s, columns); utf8.RuneCountInString(bar) >= columns {
				t.Errorf("in %d columns: %s", columns, bar)
			}
		}
	}
	if bar := importBar(&importStatus{Phase: "writing", Rows: 100, Done: 50, RowsPerSecond: 9}, 80); !strings.HasPrefix(bar, "["+strings.Repeat("█", 15)+strings.Repeat("░", 15)+"] 50 of 100 rows") {
		t.Errorf("half of it is %s", bar)
	}
}

func TestImport_intoAServer(t *testing.T) {
	t.Parallel()
	binary, data, file := buildKith(t), t.TempDir(), filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(file, []byte(importedPeople), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, base := startKith(t, binary, data)
	defer stopKith(t, cmd)
	keys := []string{"--keys-public", "pub", "--keys-private", "priv"}
	out, _ := kith(t, exitDone, append([]string{"import", file, "--server", strings.TrimSuffix(base, "/v1")}, keys...)...)
	wantSaid(t, out, `people.csv is imported`, `\b2 created`, `\b1 refused`, `line 3: E-mail: not an address`)
	id := regexp.MustCompile(`--undo ([0-9a-f]{24})`).FindStringSubmatch(out)[1]
	out, _ = kith(t, exitDone, append([]string{"import", "--undo", id, "--server", base}, keys...)...)
	wantSaid(t, out, `Undone: 2 removed`)
	list := madeList(t, base)
	out, _ = kith(t, exitDone, append([]string{"import", file, "--server", base, "--list", list, "--status", "unsubscribed"}, keys...)...)
	wantSaid(t, out, `\b2 created`)
	out, _ = kith(t, exitDone, append([]string{"import", file, "--server", base, "--list", list, "--dry-run"}, keys...)...)
	wantSaid(t, out, `2 customers have unsubscribed from the list and stay so`, `\b2 unchanged`)
	_, said := kith(t, exitFail, append([]string{"import", file, "--server", base, "--status", "pending"}, keys...)...)
	wantSaid(t, said, `status: says how customers are put on a list`)
	_, said = kith(t, exitFail, append([]string{"import", file, "--server", base, "--match", "number"}, keys...)...)
	wantSaid(t, said, `no column becomes "number"`)
	_, said = kith(t, exitUsage, "import", file, "--server", base)
	wantSaid(t, said, `wants both keys`)
	_, said = kith(t, exitFail, "import", file, "--data", data)
	wantSaid(t, said, `A Kith runs on the data folder`, `--server`)
}

// madeList makes a list on a server and returns its id.
func madeList(t *testing.T, base string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", base+"/lists", strings.NewReader(`{"title":"News"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("pub", "priv")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || list.ID == "" {
		t.Fatalf("no list was made: %s %v", res.Status, err)
	}
	return list.ID
}
