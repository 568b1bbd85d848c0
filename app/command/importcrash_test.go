package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/importer"
	"kith/storage"
)

// crashFile is a file in which everything happens: customers that are there and that are
// not, some twice, rows that are refused, blank cells.
func crashFile(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("customer_id,first_name,email,plan,usage_gb,note\n")
	for i := range rows {
		switch {
		case i%997 == 5:
			fmt.Fprintf(&b, "c%06d,Bad,not an address,Fibre 50,1,\n", i)
		case i%1009 == 7:
			fmt.Fprintf(&b, "c%06d,Short\n", i)
		case i%50 == 11:
			fmt.Fprintf(&b, "c%06d,Again,,Fibre 100,%d,\n", max(0, i-40), i%300)
		default:
			fmt.Fprintf(&b, "c%06d,Name %d,c%d@example.com,Fibre %d,%d.5,\"a \"\"note\"\" of %d\"\n", i, i%500, i, i%3*50, i%500, i)
		}
	}
	return b.Bytes()
}

// crashFolder makes a folder in which every third customer of the file is there already.
func crashFolder(t *testing.T, rows int) string {
	t.Helper()
	folder := t.TempDir()
	db, err := storage.Open(t.Context(), folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var changes []app.Change
	for i := 0; i < rows; i += 3 {
		p := app.Profile{Attributes: []app.Attribute{{Name: "plan", Value: []byte(`"Fibre 20"`)}, {Name: "old", Value: []byte("1")}}}
		changes = append(changes, &app.SetProfile{UID: fmt.Sprintf("c%06d", i), Trusted: true, Profile: p})
	}
	if _, err := db.Apply(t.Context(), app.Batch{Changes: changes}); err != nil {
		t.Fatal(err)
	}
	return folder
}

// crashState is what an import leaves, without times and internal numbers.
func crashState(t *testing.T, folder string) (customers string, imp app.Import, refused []app.ImportRefusal) {
	t.Helper()
	db, err := storage.Open(t.Context(), folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	if err := db.EachCustomer(t.Context(), func(c *app.Customer) error {
		fmt.Fprintf(&b, "%s %q %q", c.UID, deref(c.FirstName), deref(c.Email))
		for _, a := range c.Attributes {
			fmt.Fprintf(&b, " %s=%s", a.Name, a.Value)
		}
		b.WriteByte('\n')
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	all, _, err := db.Imports(t.Context(), 0, 1)
	if err != nil || len(all) == 0 {
		return b.String(), imp, nil
	}
	err = db.EachRefusal(t.Context(), all[0].Row, func(r app.ImportRefusal) error {
		refused = append(refused, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), all[0], refused
}

// importAlone imports a file into a folder without a disturbance.
func importAlone(t *testing.T, folder string, file []byte) {
	t.Helper()
	db, err := storage.Open(t.Context(), folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r := importer.NewRunner(db, importer.RunnerOptions{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	defer func() { stop(); <-done }()
	imp, err := r.Start(ctx, importer.Upload{Name: "crash.csv", Body: bytes.NewReader(file)}, importer.Options{})
	for err == nil && !imp.State.Ended() {
		time.Sleep(5 * time.Millisecond)
		imp, err = db.ImportRow(ctx, imp.Row)
	}
	if err != nil || imp.State != app.ImportDone {
		t.Fatalf("%v %+v", err, imp)
	}
}

// killed starts the server again and again and kills it at random moments, until what
// it was given is done. It returns how often it was killed before that.
func killed(t *testing.T, binary, folder string, rounds int, longest time.Duration, begin func(base string), done func(base string) bool) (kills int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	for {
		cmd, base := startKith(t, binary, folder)
		if begin != nil {
			begin(base)
			begin = nil
		}
		if kills >= rounds {
			for !done(base) {
				time.Sleep(20 * time.Millisecond)
			}
			stopKith(t, cmd)
			return kills
		}
		time.Sleep(time.Duration(rng.Int64N(int64(longest))))
		if done(base) {
			stopKith(t, cmd)
			return kills
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		kills++
	}
}

func stopKith(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server ended badly: %v", err)
	}
}

// call sends one request of the test.
func (k *crashClient) call(method, url, contentType string, body []byte) map[string]any {
	k.t.Helper()
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	req.SetBasicAuth("pub", "priv")
	req.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode >= 300 {
		k.t.Fatalf("%s %s: %s %v %v", method, url, res.Status, answer, err)
	}
	return answer
}

type crashClient struct {
	t  *testing.T
	id string
}

func (k *crashClient) state(base string) string {
	return k.call("GET", base+"/imports/"+k.id, "application/json", nil)["state"].(string)
}

func TestCrash_anImportIsAsIfNothingHadHappened(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("kills servers, which takes a while")
	}
	t.Parallel()
	binary := buildKith(t)
	const rows = 24_000
	file := crashFile(rows)
	calm, wild := crashFolder(t, rows), crashFolder(t, rows)
	before, _, _ := crashState(t, calm)
	importAlone(t, calm, file)
	want, wantImport, wantRefused := crashState(t, calm)

	k := &crashClient{t: t}
	kills := killed(t, binary, wild, crashRounds(), 80*time.Millisecond, func(base string) {
		k.id = k.call("POST", base+"/imports?file=crash.csv", "text/csv", file)["id"].(string)
	}, func(base string) bool { return k.state(base) == "done" })
	got, gotImport, gotRefused := crashState(t, wild)
	t.Logf("killed %d times", kills)
	if kills == 0 {
		t.Error("it was never killed while it ran")
	}
	if gotImport.ImportCounts != wantImport.ImportCounts {
		t.Errorf("the counts are %+v, want %+v", gotImport.ImportCounts, wantImport.ImportCounts)
	}
	if fmt.Sprint(gotRefused) != fmt.Sprint(wantRefused) || len(wantRefused) < 40 {
		t.Errorf("%d rows are refused, want the same as the %d", len(gotRefused), len(wantRefused))
	}
	if got != want {
		t.Error("the customers are others than after an import that was left alone")
	}
	if left, _ := filepath.Glob(filepath.Join(wild, "imports", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}

	kills = killed(t, binary, wild, max(3, crashRounds()/3), 200*time.Millisecond, func(base string) {
		k.call("POST", base+"/imports/"+k.id+"/undo", "application/json", nil)
	}, func(base string) bool { return k.state(base) == "undone" })
	after, undone, _ := crashState(t, wild)
	t.Logf("killed %d times while it was undone: %d removed, %d restored, %d kept", kills, undone.Removed, undone.Restored, undone.Kept)
	if after != before || undone.Kept != 0 {
		t.Error("after the undo the customers are others than before the import")
	}
}
