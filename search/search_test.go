package search_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/search"
	"kith/storage"
	"kith/storage/storagetest"
)

// started is an engine that runs, and how to end it.
type started struct {
	*search.Engine
	t    testing.TB
	db   *storage.DB
	stop func()
}

// start runs an engine over a store, its index in folder.
func start(t testing.TB, db *storage.DB, folder string) *started {
	t.Helper()
	e := search.New(db, folder, search.Options{Calm: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	ended := false
	s := &started{Engine: e, t: t, db: db}
	s.stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

// settle waits until the index has reached the head of the feed.
func (s *started) settle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		if ok, err := s.db.AwaitReaders(ctx); !ok || err != nil {
			s.t.Fatalf("the index did not come to the head: %v %v, %+v", ok, err, s.State())
		}
		if s.Ready() {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// finds returns the uids of what a text finds, in order.
func (s *started) finds(text string) string {
	s.t.Helper()
	rows, err := s.Search(context.Background(), text, 10)
	if err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	var out []string
	for _, row := range rows {
		c, err := s.db.Customer(context.Background(), row)
		if err != nil {
			s.t.Fatalf("%s found row %d: %v", text, row, err)
		}
		out = append(out, c.UID)
	}
	return strings.Join(out, " ")
}

func (s *started) want(text, uids string) {
	s.t.Helper()
	if got := s.finds(text); got != uids {
		s.t.Errorf("%q found %q, not %q", text, got, uids)
	}
}

// person is a customer: uid, first name, last name, e-mail, number and attributes.
func person(uid, first, last, email, number string, attributes ...string) *app.SetProfile {
	p := &app.SetProfile{UID: uid, Trusted: true}
	for into, value := range map[*app.Field]string{&p.Profile.FirstName: first, &p.Profile.LastName: last, &p.Profile.Email: email, &p.Profile.Number: number} {
		if value != "" {
			*into = app.FieldOf(value)
		}
	}
	for i := 0; i < len(attributes); i += 2 {
		p.Profile.Attributes = append(p.Profile.Attributes, app.Attribute{Name: attributes[i], Value: []byte(attributes[i+1])})
	}
	return p
}

func crew() []app.Change {
	return []app.Change{
		person("u1", "Adébáyọ̀", "Ọlátúndé", "bayo@gmail.com", "2348161234567", "plan", `"pro"`, "company", `"Blue Kite Stores"`),
		person("u2", "Ada", "Obi", "ada.obi@example.com", "2348029876543", "plan", `"free"`, "seats", `3.5`, "vip", `true`),
		person("u3", "John", "O'Brien", "adebayo@example.com", "447700900123", "plan", `"pro plus"`, "tags", `["early","Beta Tester"]`),
		person("u4", "Jean-Luc", "Maximilianopolous", "jl@mail.example.org", "", "address", `{"city":"Lagos","floor":{"n":2}}`),
		person("user-0005", "李雷", "", "", "", "bio", `"`+strings.Repeat("prose about kayaks ", 5)+`"`),
	}
}

func TestSearch_everyFormOfQuery(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, crew()...)
	s := start(t, db, t.TempDir())
	s.settle()
	u1, err := db.Find(context.Background(), "u1")
	if err != nil {
		t.Fatal(err)
	}
	c1, err := db.Customer(context.Background(), u1)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ text, uids string }{
		{"ade", "u1 u3"}, // a name before an e-mail
		{"ADÉB", "u1 u3"},
		{"adebayo olat", "u1"},
		{"olatunde adebayo", "u1"},
		{"ad", "u2 u1 u3"},
		{"ada o", "u2"}, {"ada x", ""}, // the first letter of a last name
		{"a", ""},
		{"obrien", "u3"}, {"o'brien", "u3"}, {"O’Br", "u3"}, {"brien", "u3"},
		{"jean-luc", "u4"}, {"luc", "u4"},
		{"maximilianopol", "u4"}, {"maximilianopox", "u4"}, {"maximilianopxx", ""}, // longer than the longest beginning
		{"李", "user-0005"}, {"李雷", "user-0005"},
		{"ada.obi@ex", "u2"}, {"ada.obi@example.com", "u2"}, {"bayo@gmail.com", "u1"},
		{"@gmail", "u1"}, {"@example", "u3 u2"}, {"@mail.example.o", "u4"}, {"@mail.example.x", ""},
		{"user-0005", "user-0005"}, {"0005", "user-0005"}, {"USER-0005", "user-0005"},
		{c1.ID, "u1"}, {"id:" + c1.ID, "u1"}, {"uid:u1", "u1"}, {`uid:"u1"`, "u1"}, {`id:"u"`, ""},
		{"4567", "u1"}, {"2348161234567", "u1"}, {"+234 816 123-4567", "u1"}, {"08161234567", "u1"}, {"61234", "u1"}, {"23", "u2 u1"},
		{"234", "u2 u1"}, {"number:0123", "u3"}, {"number:61239", ""}, {"6123", "u1"},
		{"first_name:ada", "u2"}, {"last_name:o", "u3 u2 u1"}, {"last_name:x", ""}, {"last_name:ob", "u3 u2"}, {"name:obi", "u2"}, {"first_name:obi", ""},
		{"email:adebayo", "u3"}, {`email:"ada.obi@example.com"`, "u2"}, {`email:"ada.obi"`, ""}, {`first_name:"ad"`, ""}, {`first_name:"ADA"`, "u2"},
		{"plan:pro", "u3 u1"}, {`plan:"pro"`, "u3 u1"}, {`plan:"pro plus"`, "u3"}, {"plan:pr", ""}, {"PLAN:Free", "u2"},
		{"seats:3.5", "u2"}, {"seats:3", ""}, {"vip:true", "u2"}, {"tags:early", "u3"}, {"tags:tester", "u3"}, {"address.city:lagos", "u4"}, {"address.floor.n:2", "u4"},
		{"kite", "u1"}, {"blue stores", "u1"}, {`"blue kite"`, "u1"}, {`"kite blue"`, ""}, {`"blue stores"`, ""}, {`"kit"`, ""}, {`"ada obi"`, "u2"}, {"“ada obi”", "u2"},
		{"kayaks", ""}, {"bio:kayaks", "user-0005"},
		{"ad -obi", "u1 u3"}, {"plan:pro -gmail", "u3"}, {"-plan:pro -ada", "user-0005 u4"}, {`ad -"ada obi"`, "u1 u3"}, {"ad -", "u2 u1 u3"},
		{"plan:pro ade", "u1 u3"}, {"plan: ade", "u1 u3"},
		{"", ""}, {"???", ""}, {`"`, ""}, {"-", ""}, {":", ""}, {"plan:", ""}, {"\x00\xff", ""}, {"@", ""},
	} {
		s.want(tt.text, tt.uids)
	}
}

func TestSearch_aTypoWidensOnlyWhatFindsLessThanAPage(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, person("a", "Chidinma", "Eze", "", ""), person("b", "Chidimma", "Bello", "", ""), person("c", "Kola", "", "", ""))
	s := start(t, db, t.TempDir())
	s.settle()
	for _, tt := range []struct{ text, uids string }{
		{"chidinma", "a b"}, // the right one first, though the other is newer
		{"chidinna", "a"},
		{"hcidin", "a"},   // two letters exchanged, still being typed
		{"chhidim", "b"},  // one letter too many, still being typed
		{"chidnma", "a"},  // one too few
		{"kolla eze", ""}, // both must match
		{"chidinna ez", "a"},
		{"kol", "c"}, {"kila", "c"}, {"kxlx", ""}, {"kxl", ""},
		{`"chidinna"`, ""}, {"first_name:chidinna", ""}, {"chidinna -eze", ""},
	} {
		s.want(tt.text, tt.uids)
	}
	rows, err := s.Search(context.Background(), "chidinma", 1)
	if err != nil || len(rows) != 1 {
		t.Errorf("a full page was widened: %v %v", rows, err)
	}
}

func TestSearch_exactComesFirstThenNamesThenTheRestEachNewestFirst(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db,
		person("kola", "Zed", "", "", ""),
		person("1", "", "", "kola@example.com", ""),
		person("2", "Kola", "", "", ""),
		person("3", "", "", "kola@example.org", ""),
		person("4", "", "Kolapo", "", ""),
	)
	s := start(t, db, t.TempDir())
	s.settle()
	s.want("kola", "kola 4 2 3 1")
	s.want("kola@example.com", "1")
}

func TestIndexer_followsWhatChangesMergesAndGoes(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	folder := t.TempDir()
	s := start(t, db, folder)
	s.settle()
	storagetest.Apply(t, db, crew()...)
	s.settle()
	s.want("ada", "u2")
	storagetest.Apply(t, db, person("u2", "Ngozi", "", "", "", "plan", `"pro"`))
	s.settle()
	s.want("first_name:ada", "")
	s.want("ngozi", "u2")
	s.want("plan:free", "")
	storagetest.Apply(t, db, &app.RemoveAttributes{UID: "u2", Names: []string{"plan", "last_name"}})
	s.settle()
	s.want("plan:pro", "u3 u1")
	s.want("obi", "u2") // still in the e-mail
	s.want("last_name:obi", "")
	storagetest.Apply(t, db, &app.Merge{From: "u2", To: "u3"})
	s.settle()
	s.want("ngozi", "")
	s.want("john", "u3")
	storagetest.Apply(t, db, &app.Delete{UID: "u3"})
	s.settle()
	s.want("john", "")
	s.stop()
	storagetest.Apply(t, db, &app.Delete{UID: "u4"}, person("u6", "Halima", "", "", ""))
	again := start(t, db, folder)
	again.settle()
	again.want("luc", "")
	again.want("halima", "u6")
	again.want("kite", "u1")
}

func TestIndexer_eventsMoveThePositionAndAreWrittenInACalmMoment(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, crew()...)
	s := start(t, db, t.TempDir())
	s.settle()
	for range 20 {
		storagetest.Apply(t, db, &app.Track{UID: "u1", Event: "Seen", At: db.Now()})
	}
	s.settle()
	if got := s.State(); got.Position != db.Head() || got.Phase != search.Following {
		t.Errorf("state %+v at head %d", got, db.Head())
	}
	s.stop()
	if f, err := db.FeedState(context.Background()); err != nil || f.Readers[search.ReaderName] != db.Head() {
		t.Errorf("%v: the store has it at %v, the head is %d", err, f.Readers, db.Head())
	}
}

func TestRun_aFolderThatIsOfNoUseIsBuiltAgain(t *testing.T) {
	t.Parallel()
	segments := func(folder string) []string {
		files, err := filepath.Glob(filepath.Join(folder, search.FolderName, "*.zap"))
		if err != nil || len(files) == 0 {
			t.Fatalf("the index has no files: %v", err)
		}
		return files
	}
	write := func(file string, b []byte) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, harm := range map[string]func(folder string){
		"deleted": func(folder string) { os.RemoveAll(filepath.Join(folder, search.FolderName)) },
		"no root": func(folder string) { os.Remove(filepath.Join(folder, search.FolderName, "root.bolt")) },
		"garbage in the root": func(folder string) {
			write(filepath.Join(folder, search.FolderName, "root.bolt"), []byte("no"))
		},
		"a file is empty": func(folder string) { write(segments(folder)[0], nil) },
		"a file is gone":  func(folder string) { os.Remove(segments(folder)[0]) },
		"one byte is another": func(folder string) {
			b, err := os.ReadFile(segments(folder)[0])
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 0xff
			write(segments(folder)[0], b)
		},
		"another version": func(folder string) { search.SetInternal(t, folder, "kith version", "0") },
		"never finished":  func(folder string) { search.SetInternal(t, folder, "kith position", "") },
		"of a later feed": func(folder string) {
			search.SetInternal(t, folder, "kith position", "\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		},
		"of another feed": func(folder string) {
			search.SetInternal(t, folder, "kith position", "\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01")
		},
	} {
		t.Run(name, func(t *testing.T) {
			db, _ := storagetest.Open(t)
			storagetest.Apply(t, db, crew()...)
			folder := t.TempDir()
			s := start(t, db, folder)
			s.settle()
			s.stop()
			harm(folder)
			again := start(t, db, folder)
			again.settle()
			again.want("adebayo", "u1 u3")
			again.want("-plan:pro", "user-0005 u4 u2")
		})
	}
}

func TestRun_aPositionBehindThePrunedFeedIsBuiltAgain(t *testing.T) {
	t.Parallel()
	db, clock := storagetest.Open(t)
	storagetest.Apply(t, db, crew()...)
	folder := t.TempDir()
	s := start(t, db, folder)
	s.settle()
	s.stop()
	storagetest.Apply(t, db, person("u9", "Halima", "", "", ""), &app.Delete{UID: "u1"})
	// As another copy of Kith would leave it that had the index further, and the feed pruned.
	if _, err := db.Apply(context.Background(), app.Batch{Cursor: &app.Cursor{Name: search.ReaderName, Seq: db.Head()}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	kept := make(chan error, 1)
	go func() { kept <- db.KeepHouse(ctx) }()
	var first []app.Entry
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		clock.Move(8 * 24 * time.Hour)
		var err error
		if first, err = db.Feed(context.Background(), 0, 1); err != nil {
			t.Fatal(err)
		}
		if first[0].Seq == db.Head() {
			break
		}
	}
	cancel()
	if err := <-kept; err != nil {
		t.Fatal(err)
	}
	if first[0].Seq != db.Head() {
		t.Fatalf("the feed was not pruned: it begins at %d", first[0].Seq)
	}
	again := start(t, db, folder)
	again.settle()
	again.want("halima", "u9")
	again.want("kite", "")
}

func TestRun_twoThousandCustomersAreFoundByTheBeginningsOfTheirWords(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	firsts := []string{"Ada", "Adébáyọ̀", "Chidinma", "Fátimá", "Ngozi", "Zoë", "Łukasz", "Maximiliana-Josephine", "Ɗanladi", "Ólafur"}
	lasts := []string{"Obi", "Okonkwo", "O'Neill", "Bello", "Straße", "van der Berg", "Nwachukwuemekalam", "Ekpo"}
	const n = 2000
	var changes []app.Change
	for i := range n {
		changes = append(changes, person(fmt.Sprintf("cus_%05d", i), firsts[i%len(firsts)], fmt.Sprint(lasts[i/7%len(lasts)], " ", word(i)),
			fmt.Sprintf("%s.%d@%s.example.com", word(i*3), i, word(i%19)), fmt.Sprintf("23480%08d", i*49999%100_000_000), "team", fmt.Sprintf("%q", word(i%11)+" "+word(i%23))))
	}
	s := start(t, db, t.TempDir())
	for part := range slices.Chunk(changes, 500) {
		storagetest.Apply(t, db, part...)
	}
	s.settle()
	found := map[string]map[int64]bool{}
	err := db.EachCustomer(context.Background(), func(c *app.Customer) error {
		for _, text := range beginnings(c) {
			if found[text] == nil {
				rows, err := s.Search(context.Background(), text, 10)
				if err != nil {
					return err
				}
				found[text] = map[int64]bool{}
				for _, row := range rows {
					found[text][row] = true
				}
			}
			if !found[text][c.Row] {
				t.Errorf("%s %v is not found by %q", c.UID, c.Name(), text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// word is an invented word, the same for the same number.
func word(i int) string {
	const consonants, vowels = "bdfgklmnrst", "aeiou"
	i = i*7919%99991 + 100
	var b strings.Builder
	for ; i > 0; i /= 55 {
		b.WriteByte(consonants[i%11])
		b.WriteByte(vowels[i/11%5])
	}
	return b.String()
}

// beginnings are two of each of a customer's words, as a person would type them.
func beginnings(c *app.Customer) []string {
	var out []string
	email := strings.TrimSuffix(*c.Email, ".com") // nobody is looked for by that
	for _, text := range []string{*c.FirstName, *c.LastName, email, c.UID} {
		for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" @._-", r) }) {
			if letters := []rune(w); len(letters) > 2 {
				out = append(out, w, string(letters[:2+c.Row%int64(len(letters)-2)]))
			}
		}
	}
	return append(out, *c.Number, (*c.Number)[len(*c.Number)-4:], *c.FirstName+" "+*c.LastName)
}

func TestRun_endsItsGoroutines(t *testing.T) {
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, crew()...)
	folder := t.TempDir()
	s := start(t, db, folder)
	s.settle()
	s.stop()
	before := runtime.NumGoroutine()
	for range 5 {
		again := start(t, db, folder)
		again.settle()
		again.stop()
	}
	var now int
	for range 100 {
		if now = runtime.NumGoroutine(); now <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines after five runs, %d before", now, before)
}

func TestSearch_saysThatItIsNotOpenYet(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	e := search.New(db, t.TempDir(), search.Options{})
	if _, err := e.Search(context.Background(), "ada", 10); app.CodeOf(err) != app.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	if e.Ready() {
		t.Error("it says that it is ready")
	}
}
