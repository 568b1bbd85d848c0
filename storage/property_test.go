package storage_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"

	"pgregory.net/rapid"
)

// fewerChecks keeps the property tests short. A flag of the command line goes before it.
func fewerChecks() {
	n := checks
	if os.Getenv("CI") == "true" {
		n *= 4
	}
	_ = flag.Set("rapid.checks", strconv.Itoa(n))
}

// world is an open folder with two lists, the second with opt-in.
type world struct {
	db    *storage.DB
	lists []string
}

func openWorld(t *rapid.T, folders *int, parent *testing.T) *world {
	*folders++
	db, err := storage.Open(bg, fmt.Sprintf("%s/%d", parent.TempDir(), *folders), storage.Options{Clock: app.NewMovableClock(storagetest.Start)})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{db: db}
	for _, l := range []*app.List{newList(parent, db, "plain", false), newList(parent, db, "asks", true)} {
		w.lists = append(w.lists, l.ID)
	}
	return w
}

// apply applies ops in one batch and returns which were taken.
func (w *world) apply(t *rapid.T, ops ...op) (taken []bool) {
	changes := make([]app.Change, len(ops))
	for i, o := range ops {
		changes[i] = o.change(w.lists)
	}
	results, err := w.db.Apply(bg, app.Batch{Changes: changes})
	if err != nil {
		t.Fatalf("apply %v: %v", ops, err)
	}
	for _, r := range results {
		taken = append(taken, r.Err == nil)
	}
	return taken
}

// close checks the folder's invariants and closes it.
func (w *world) close(t *rapid.T) {
	if err := w.db.Check(bg); err != nil {
		t.Error(err)
	}
	if err := w.db.Close(); err != nil {
		t.Error(err)
	}
}

// dump is what the folder holds, as [model.dump] says it.
func (w *world) dump(t *rapid.T) string {
	happened := map[int64][]string{}
	err := w.db.EachEvent(bg, app.EventFilter{}, func(e *app.Event) error {
		happened[e.Customer] = append(happened[e.Customer], fmt.Sprint(e.Name, e.MessageID, int64(e.At)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	number := map[string]int{w.lists[0]: 0, w.lists[1]: 1}
	var lines []string
	err = w.db.EachCustomer(bg, func(c *app.Customer) error {
		var accounts, lists, aliases, tokens []string
		for _, a := range c.Accounts {
			accounts = append(accounts, a.UID+":"+deref(a.Role))
		}
		for _, s := range c.Lists {
			lists = append(lists, fmt.Sprint(number[s.ID], s.Status))
		}
		for _, d := range c.Devices {
			tokens = append(tokens, d.Token)
		}
		all, err := w.db.Aliases(bg, c.Row)
		for _, a := range all {
			if len(a) < 24 { // not the internal id of one that was claimed
				aliases = append(aliases, a)
			}
		}
		attrs := map[string]string{}
		for _, a := range c.Attributes {
			attrs[a.Name] = string(a.Value)
		}
		uid, email := c.UID, ""
		if c.Provisional {
			uid = ""
		}
		if c.Email != nil {
			email = *c.Email
		}
		lines = append(lines, line(uid, email, c.Archived(), c.IsAccount, tokens, attrs, accounts, lists, happened[c.Row], aliases))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

var (
	uids   = []string{"a", "b", "c", "d", "e", "f"}
	emails = []string{"", "x@example.com", "X@Example.com", "y@example.com", "z@example.com"}
)

// profiles draws ops that set things of one customer; accounts are whom it may join.
func profiles(uid *rapid.Generator[string], emails, accounts []string) *rapid.Generator[op] {
	return rapid.Custom(func(t *rapid.T) op {
		o := op{kind: "set", uid: uid.Draw(t, "uid"), trusted: rapid.Bool().Draw(t, "trusted")}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"p", "q", "r"}), 0, 3, rapid.ID).Draw(t, "names") {
			o.attrs = append(o.attrs, [2]string{name, rapid.SampledFrom([]string{"", "1", "2.0", `"t"`}).Draw(t, "value")})
		}
		if rapid.Bool().Draw(t, "with e-mail") {
			e := rapid.SampledFrom(emails).Draw(t, "email")
			o.email = &e
		}
		if rapid.Bool().Draw(t, "with device") {
			o.device = fmt.Sprint("t", rapid.IntRange(0, 8).Draw(t, "token"))
		}
		o.lists = rapid.SliceOfNDistinct(rapid.IntRange(0, 1), 0, 2, rapid.ID).Draw(t, "lists")
		if len(accounts) > 0 && rapid.IntRange(0, 2).Draw(t, "with account") == 0 {
			o.other, o.role = rapid.SampledFrom(accounts).Draw(t, "account"), drawRole(t)
		}
		return o
	})
}

func drawRole(t *rapid.T) *string {
	role := rapid.SampledFrom([]string{"", "admin", "dev"}).Draw(t, "role")
	if role == "" {
		return nil
	}
	return &role
}

var kindsOfOps = []string{"set", "set", "set", "nobody", "track", "track", "strip", "logout", "merge", "delete", "archive", "convert", "join", "leave", "on", "off", "subscription", "form"}

// anyOp draws any Change over the small world.
func anyOp(t *rapid.T, kinds, uids, emails, accounts []string) op {
	anyUID := rapid.SampledFrom(uids)
	o := op{kind: rapid.SampledFrom(kinds).Draw(t, "kind"), uid: anyUID.Draw(t, "uid"), yes: rapid.Bool().Draw(t, "yes")}
	switch o.kind {
	case "set":
		return profiles(rapid.Just(o.uid), emails, accounts).Draw(t, "set")
	case "nobody", "form":
		o.trusted, o.attrs = true, [][2]string{{"p", `"form"`}}
		o.email = rapid.Ptr(rapid.SampledFrom(emails[1:]), false).Draw(t, "email")
		if o.kind == "nobody" {
			o.kind, o.uid = "set", ""
			return o
		}
		o.lists = []int{rapid.IntRange(0, 1).Draw(t, "list")}
	case "track":
		o.event = rapid.SampledFrom([]string{"Seen", "Paid"}).Draw(t, "event")
		o.key = rapid.SampledFrom([]string{"", "", "m1", "m2", "m3"}).Draw(t, "key")
		if o.key != "" && len(uids) == 1 {
			o.key += o.uid
		}
		o.when = app.Instant(rapid.Int64Range(-5, 5).Draw(t, "day") * app.DayMillis / 2)
	case "strip":
		o.attrs = [][2]string{{rapid.SampledFrom([]string{"p", "q"}).Draw(t, "name"), ""}}
	case "logout":
		o.device = fmt.Sprint("t", rapid.IntRange(0, 8).Draw(t, "token"))
	case "merge":
		o.other = anyUID.Draw(t, "into")
	case "join", "leave":
		o.other, o.role = rapid.SampledFrom(accounts).Draw(t, "account"), drawRole(t)
	case "on", "off", "subscription":
		o.lists = []int{rapid.IntRange(0, 1).Draw(t, "list")}
	}
	return o
}

func anyOps(t *rapid.T, most int) (ops []op) {
	for range rapid.IntRange(1, most).Draw(t, "length") {
		ops = append(ops, anyOp(t, kindsOfOps, uids, emails, uids))
	}
	return ops
}

// holdTo compares a folder with the model, op by op and as a whole.
func holdTo(t *rapid.T, w *world, m *model, what string) {
	if got, want := w.dump(t), m.dump(); got != want {
		t.Errorf("%s: the folder holds\n%s\nand the model\n%s", what, got, want)
	}
}

func TestProperty_theFolderEqualsANaiveModelHoweverItIsBatched(t *testing.T) {
	t.Parallel()
	folders := 0
	rapid.Check(t, func(rt *rapid.T) {
		ops, m := anyOps(rt, 40), newModel()
		var want []bool
		for _, o := range ops {
			want = append(want, m.apply(o))
		}
		hold := func(what string, size func(left int) int) {
			w := openWorld(rt, &folders, t)
			defer w.close(rt)
			for at := 0; at < len(ops); {
				n := size(len(ops) - at)
				for i, taken := range w.apply(rt, ops[at:at+n]...) {
					if taken != want[at+i] {
						rt.Errorf("%s: %v taken: %v, and by the model: %v", what, ops[at+i], taken, want[at+i])
					}
				}
				at += n
			}
			holdTo(rt, w, m, what)
		}
		hold("one at a time", func(int) int { return 1 })
		hold("all in one", func(left int) int { return left })
		hold("in groups", func(left int) int { return rapid.IntRange(1, left).Draw(rt, "group") })
	})
}

func TestProperty_concurrentCustomersEndAsIfOneCameAfterAnother(t *testing.T) {
	t.Parallel()
	folders := 0
	alone := slices.DeleteFunc(slices.Clone(kindsOfOps), func(k string) bool { return k == "merge" || k == "nobody" || k == "form" })
	rapid.Check(t, func(rt *rapid.T) {
		m, w := newModel(), openWorld(rt, &folders, t)
		defer w.close(rt)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var failed error
		for _, uid := range uids {
			var changes []app.Change
			for range rapid.IntRange(0, 20).Draw(rt, "length") {
				o := anyOp(rt, alone, []string{uid}, []string{"", uid + "@example.com", uid + "@EXAMPLE.com"}, []string{"acme", "beta"})
				m.apply(o)
				changes = append(changes, o.change(w.lists))
			}
			seed := rapid.Uint64().Draw(rt, "seed")
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, 0))
				for len(changes) > 0 {
					n := 1 + r.IntN(len(changes))
					if _, err := w.db.Apply(context.Background(), app.Batch{Changes: changes[:n]}); err != nil {
						mu.Lock()
						failed = err
						mu.Unlock()
					}
					changes = changes[n:]
				}
			})
		}
		wg.Wait()
		if failed != nil {
			rt.Fatal(failed)
		}
		holdTo(rt, w, m, "concurrently")
	})
}

func TestProperty_theSecondTimeChangesNothing(t *testing.T) {
	t.Parallel()
	folders := 0
	rapid.Check(t, func(rt *rapid.T) {
		w := openWorld(rt, &folders, t)
		defer w.close(rt)
		w.apply(rt, anyOps(rt, 25)...)
		for range 8 {
			o := anyOp(rt, kindsOfOps, uids, emails, uids)
			if o.kind == "track" && o.key == "" {
				o.key = "always"
			}
			if o.email != nil && *o.email == "" && o.uid == "" {
				continue
			}
			w.apply(rt, o)
			once, head := w.dump(rt), w.db.Head()
			w.apply(rt, o)
			if twice := w.dump(rt); twice != once || w.db.Head() != head {
				rt.Errorf("%v a second time made %d entries and of\n%s\nthis:\n%s", o, w.db.Head()-head, once, twice)
			}
		}
	})
}

// Merges may come in any order along a chain: a into b and b into c gives what b into c
// and a into c gives, as long as the three are not members of each other (then who
// counts as an account depends on when the membership fell away).
func TestProperty_mergesOfAChainMayComeInEitherOrder(t *testing.T) {
	t.Parallel()
	folders := 0
	rapid.Check(t, func(rt *rapid.T) {
		var ops []op
		for range rapid.IntRange(0, 20).Draw(rt, "length") {
			ops = append(ops, anyOp(rt, []string{"set", "set", "track", "on", "subscription", "join", "convert"}, []string{"a", "b", "c"}, emails, []string{"acme", "beta"}))
		}
		for range rapid.IntRange(0, 3).Draw(rt, "members") {
			ops = append(ops, op{kind: "join", uid: rapid.SampledFrom([]string{"m", "n"}).Draw(rt, "member"), other: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "account"), role: drawRole(rt)})
		}
		for _, uid := range []string{"a", "b", "c"} {
			ops = append(ops, op{kind: "set", uid: uid})
		}
		merge := func(from, to string) op { return op{kind: "merge", uid: from, other: to} }
		end := func(merges ...op) string {
			w := openWorld(rt, &folders, t)
			defer w.close(rt)
			w.apply(rt, append(slices.Clone(ops), merges...)...)
			return w.dump(rt)
		}
		first := end(merge("a", "b"), merge("b", "c"))
		for _, other := range [][]op{{merge("b", "c"), merge("a", "c")}, {merge("b", "c"), merge("a", "b")},
			{merge("a", "b"), merge("a", "c")}, {merge("a", "b"), merge("b", "c"), merge("c", "a"), merge("b", "a")}} {
			if got := end(other...); got != first {
				rt.Errorf("merged as %v:\n%s\nand as a chain:\n%s", other, got, first)
			}
		}
	})
}
