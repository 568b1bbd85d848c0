package command

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
)

// crashRounds is how often the server is killed.
func crashRounds() int {
	if os.Getenv("CI") == "true" {
		return 20
	}
	return 3
}

// built is the real program, built once for all tests.
var built struct {
	once   sync.Once
	folder string
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(built.folder)
	os.Exit(code)
}

// buildKith builds the real program.
func buildKith(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "kith-test-"); built.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-o", filepath.Join(built.folder, "kith"), ".")
		cmd.Dir = filepath.Join("..", "..")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.folder, "kith")
}

// needed skips a test that lacks what it needs; in CI it fails instead.
func needed(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// startKith serves a folder and returns the address of the API.
func startKith(t *testing.T, binary, folder string, more ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"serve", "--data", folder, "--listen", "127.0.0.1:0"}, more...)...)
	cmd.Env = append(os.Environ(), "KITH_KEYS_PUBLIC=pub", "KITH_KEYS_PRIVATE=priv",
		"KITH_ADMIN_EMAIL=admin@example.com", "KITH_ADMIN_PASSWORD=correct horse battery")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "API"); ok {
			go io.Copy(io.Discard, out)
			return cmd, strings.TrimSpace(rest)
		}
	}
	_ = cmd.Wait()
	t.Fatalf("the server did not start: %s", log.String())
	return nil, ""
}

// ledger is what the clients know: what was answered, and what was sent and not answered.
type ledger struct {
	mu       sync.Mutex
	answered map[string]bool     // events by their property n
	doubtful map[string]bool     // sent, and the server died
	batches  [][]string          // events that are all there or none
	keyed    map[string]string   // idempotent posts in doubt: key to body
	profiles map[string][2]int64 // by uid: last answered and last sent value
	merged   map[string]string   // answered merges
}

func newLedger() *ledger {
	return &ledger{answered: map[string]bool{}, doubtful: map[string]bool{}, keyed: map[string]string{},
		profiles: map[string][2]int64{}, merged: map[string]string{}}
}

// note writes down what became of some events.
func (l *ledger) note(err error, events ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(events) > 1 {
		l.batches = append(l.batches, events)
	}
	for _, n := range events {
		delete(l.doubtful, n)
		if err == nil {
			l.answered[n] = true
		} else {
			l.doubtful[n] = true
		}
	}
}

// client sends requests one after another until the server is gone.
type client struct {
	base string
	http *http.Client
	name string
	next int
	l    *ledger
}

var errGone = errors.New("the server is gone")

// send returns errGone when no answer came, and an error that fails the test for one
// that is not of success.
func (c *client) send(method, path, key, body string) error {
	r, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.SetBasicAuth("pub", "priv")
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return errGone
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return errGone
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	return nil
}

func (c *client) fresh() string {
	c.next++
	return fmt.Sprintf("%s-%d", c.name, c.next)
}

func eventBody(n, extra string) string {
	return fmt.Sprintf(`{"event":"Paid","properties":{"n":%q}%s}`, n, extra)
}

// step sends one request of a kind.
func (c *client) step(kind int, uid string) error {
	switch kind {
	case 0: // an event with an id of its own
		n := c.fresh()
		err := c.send("POST", "/users/"+uid+"/events", "", eventBody(n, fmt.Sprintf(`,"message_id":%q`, n)))
		c.l.note(err, n)
		return err
	case 1: // a batch
		var items, events []string
		for range 20 {
			n := c.fresh()
			events = append(events, n)
			items = append(items, fmt.Sprintf(`{"type":"event","id":%q,"event":"Seen","properties":{"n":%q}}`, uid, n))
		}
		err := c.send("POST", "/batch", "", `{"data":[`+strings.Join(items, ",")+`]}`)
		c.l.note(err, events...)
		return err
	case 2: // an upsert
		own := c.name[:1] + "-profile"
		c.l.mu.Lock()
		state := c.l.profiles[own]
		state[1]++
		c.l.profiles[own] = state
		c.l.mu.Unlock()
		err := c.send("PUT", "/users/"+own, "", fmt.Sprintf(`{"first_name":"Ada","meta":{"n":%d}}`, state[1]))
		if err == nil {
			c.l.mu.Lock()
			c.l.profiles[own] = [2]int64{state[1], state[1]}
			c.l.mu.Unlock()
		}
		return err
	case 3: // a customer with an event, merged into another
		n := c.fresh()
		err := c.send("POST", "/users/old-"+n+"/events", "", eventBody(n, ""))
		c.l.note(err, n)
		if err == nil {
			err = c.send("POST", "/users/merge", "", fmt.Sprintf(`{"source":"old-%s","destination":%q}`, n, uid))
		}
		if err == nil {
			c.l.mu.Lock()
			c.l.merged["old-"+n] = uid
			c.l.mu.Unlock()
		}
		return err
	case 4: // a list, which the audit log has with its first row
		return c.send("POST", "/lists", "", fmt.Sprintf(`{"title":%q}`, c.fresh()))
	default: // an idempotent post, twice
		n := c.fresh()
		return c.keyed(n, eventBody(n, ""))
	}
}

func (c *client) keyed(n, body string) error {
	c.l.mu.Lock()
	c.l.keyed[n] = body
	c.l.mu.Unlock()
	for range 2 {
		err := c.send("POST", "/users/keyed/events", "key "+n, body)
		c.l.mu.Lock()
		known := c.l.answered[n]
		c.l.mu.Unlock()
		if err == nil || !known {
			c.l.note(err, n)
		}
		if err != nil {
			return err
		}
	}
	c.l.mu.Lock()
	delete(c.l.keyed, n)
	c.l.mu.Unlock()
	return nil
}

// crashRound serves a folder to some clients and kills the server in their midst.
func crashRound(t *testing.T, binary, folder string, round int, l *ledger) {
	t.Helper()
	cmd, base := startKith(t, binary, folder)
	var wg sync.WaitGroup
	l.mu.Lock()
	again := l.keyed
	l.keyed = map[string]string{}
	l.mu.Unlock()
	for i := range 8 {
		c := &client{base: base, http: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}, name: fmt.Sprintf("%c%d", 'a'+i, round), l: l}
		wg.Go(func() {
			defer c.http.CloseIdleConnections()
			for try := 0; ; try++ {
				err := error(nil)
				if i == 0 && try == 0 { // what the last crash left in doubt is sent again
					for n, body := range again {
						if err = errors.Join(err, c.keyed(n, body)); err != nil {
							break
						}
					}
				}
				if err == nil {
					err = c.step(rand.IntN(6), fmt.Sprint("u", rand.IntN(5)))
				}
				if errors.Is(err, errGone) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	time.Sleep(time.Duration(200+rand.IntN(800)) * time.Millisecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	wg.Wait()
}

// hold opens the folder after a crash and holds it against the ledger.
func (l *ledger) hold(t *testing.T, folder string) {
	t.Helper()
	ctx := context.Background()
	db, err := storage.Open(ctx, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Check(ctx); err != nil {
		t.Error(err)
	}
	stored := map[string]int{}
	err = db.EachEvent(ctx, app.EventFilter{}, func(e *app.Event) error {
		var p struct{ N string }
		err := json.Unmarshal(e.Properties, &p)
		stored[p.N]++
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for n := range l.answered {
		if stored[n] != 1 {
			t.Errorf("the event %s was answered and is there %d times", n, stored[n])
		}
	}
	for n, times := range stored {
		if times > 1 || !l.answered[n] && !l.doubtful[n] {
			t.Errorf("the event %s is there %d times", n, times)
		}
	}
	for _, batch := range l.batches {
		for _, n := range batch {
			if stored[n] != stored[batch[0]] {
				t.Errorf("half a batch is there: %s", batch)
				break
			}
		}
	}
	find := func(uid string) *app.Customer {
		row, err := db.Find(ctx, uid)
		if err != nil {
			t.Errorf("%s: %v", uid, err)
			return &app.Customer{}
		}
		c, err := db.Customer(ctx, row)
		if err != nil {
			t.Error(err)
		}
		return c
	}
	for uid, n := range l.profiles {
		if n[0] == 0 {
			continue
		}
		var got int64
		if err := json.Unmarshal(find(uid).Attribute("n"), &got); err != nil || got < n[0] || got > n[1] {
			t.Errorf("%s has n=%d (%v); %d was answered and %d was sent", uid, got, err, n[0], n[1])
		}
	}
	holdAudit(t, db)
	for old, into := range l.merged {
		if a, b := find(old), find(into); a.Row != b.Row {
			t.Errorf("the answered merge of %s into %s is not there", old, into)
		}
	}
}

// holdAudit holds the audit log against what there is: no list and no former id without its
// line, and no line without what it tells, wherever the server was killed.
func holdAudit(t *testing.T, db *storage.DB) {
	t.Helper()
	ctx := context.Background()
	made, merges := map[string]int{}, 0
	lines, more, err := db.AuditLog(ctx, app.AuditFilter{By: app.ByKey(0)}, 1_000_000)
	if err != nil || more {
		t.Fatal(err, more)
	}
	for _, l := range lines {
		switch l.Action {
		case "list.create":
			made[l.Target]++
		case "customer.merge":
			merges++
		default:
			t.Errorf("the audit log has %+v", l)
		}
	}
	lists, _, err := db.Lists(ctx, app.Page{Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		if made[l.ID] != 1 {
			t.Errorf("the list %s is there, and the audit log tells %d times that it was made", l.ID, made[l.ID])
		}
	}
	former := 0
	err = db.EachCustomer(ctx, func(c *app.Customer) error {
		ids, err := db.FormerIDs(ctx, c.Row)
		former += len(ids)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(made) != len(lists) || merges != former {
		t.Errorf("the audit log tells of %d lists and %d merges, and there are %d and %d", len(made), merges, len(lists), former)
	}
}

func TestCrash_everyAnsweredWriteIsThereExactlyOnce(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("builds and kills the program: not with -short")
	}
	binary, folder, l := buildKith(t), t.TempDir(), newLedger()
	for round := range crashRounds() {
		crashRound(t, binary, folder, round, l)
		l.hold(t, folder)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d events answered, %d in doubt, %d batches, %d merges over %d kills", len(l.answered), len(l.doubtful), len(l.batches), len(l.merged), crashRounds())
	if len(l.answered) < 100 {
		t.Errorf("only %d events were answered: nothing is proved", len(l.answered))
	}
}
