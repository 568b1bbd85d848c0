package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/api"
	"kith/app/keeper"
	"kith/app/requestlog"
	"kith/search"
	"kith/storage"
	"kith/storage/storagetest"

	"github.com/gin-gonic/gin"
)

// searching is a server with a search index that may still have to be started.
type searching struct {
	t      *testing.T
	db     *storage.DB
	index  *search.Engine
	keeper *keeper.Keeper
	engine *gin.Engine
}

func newSearching(t *testing.T) *searching {
	t.Helper()
	db, clock := storagetest.Open(t)
	s := &searching{t: t, db: db, index: search.New(db, t.TempDir(), search.Options{}), keeper: keeper.New(db, keeper.Options{Clock: clock}), engine: gin.New()}
	api.New(db, api.Options{
		Clock: clock, Pinned: api.Pinned{Public: "pub", Private: "priv"}, Requests: requestlog.New(clock.Now()), Search: s.index, Segments: s.keeper,
	}).Mount(s.engine)
	return s
}

// run starts the index and waits until it has everything.
func (s *searching) run() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- s.index.Run(ctx) }()
	go func() { done <- s.keeper.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				s.t.Error(err)
			}
		}
	})
	for deadline := time.Now().Add(20 * time.Second); !s.index.Ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("the index is not ready: %+v", s.index.State())
		}
	}
	if ok, err := s.db.AwaitReaders(ctx); !ok || err != nil {
		s.t.Fatal(ok, err)
	}
}

type searchAnswer struct {
	Data []struct {
		UID string `json:"uid"`
	} `json:"data"`
	Next     *string `json:"next_cursor"`
	Previous *string `json:"previous_cursor"`
	More     *bool   `json:"has_more"`
	Error    string  `json:"error"`
	status   int
}

func (a *searchAnswer) uids() string {
	var out []string
	for _, d := range a.Data {
		out = append(out, d.UID)
	}
	return strings.Join(out, " ")
}

func (s *searching) get(parameters ...string) *searchAnswer {
	s.t.Helper()
	q := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		q.Add(parameters[i], parameters[i+1])
	}
	r := httptest.NewRequest("GET", "/v1/users?"+q.Encode(), nil)
	r.SetBasicAuth("pub", "priv")
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	a := &searchAnswer{status: w.Code}
	if err := json.Unmarshal(w.Body.Bytes(), a); err != nil {
		s.t.Fatalf("%v: %s", err, w.Body)
	}
	return a
}

func named(uid, first, email string) *app.SetProfile {
	return &app.SetProfile{UID: uid, Trusted: true, Profile: app.Profile{FirstName: app.FieldOf(first), Email: app.FieldOf(email)}}
}

func TestListUsers_aQueryIsAnsweredBestFirst(t *testing.T) {
	t.Parallel()
	s := newSearching(t)
	storagetest.Apply(t, s.db, named("a", "Adébáyọ̀", "x@example.com"), named("b", "Zed", "adebayo@example.com"), named("c", "Ade", "c@example.com"))
	s.run()
	a := s.get("query", "ade")
	if a.status != http.StatusOK || a.uids() != "c a b" || a.More == nil || *a.More || a.Next != nil || a.Previous != nil {
		t.Errorf("got %+v", a)
	}
	if a := s.get("query", "nobody"); a.status != http.StatusOK || a.Data == nil || len(a.Data) != 0 {
		t.Errorf("got %+v", a)
	}
}

func TestListUsers_aQueryCombinesWithTheOtherFilters(t *testing.T) {
	t.Parallel()
	s := newSearching(t)
	results := storagetest.Apply(t, s.db, &app.SaveList{Title: new("News")})
	list, err := s.db.List(context.Background(), results[0].List)
	if err != nil {
		t.Fatal(err)
	}
	account := named("acc", "Ade Ltd", "")
	account.Profile.Email, account.Profile.IsAccount = app.Field{}, new(true)
	storagetest.Apply(t, s.db, named("a", "Ade", "a@example.com"), named("b", "Ade", "b@example.com"), named("c", "Obi", "c@example.com"), account,
		&app.JoinLists{UID: "a", Lists: []string{list.ID}}, &app.JoinLists{UID: "c", Lists: []string{list.ID}}, &app.Archive{UID: "b", Archived: true})
	s.run()
	saved := storagetest.Apply(t, s.db, &app.SaveSegment{Title: new("On it"), Rule: []byte(`{"list":"` + list.ID + `"}`)})[0]
	segment, err := s.db.Segment(context.Background(), saved.Segment)
	if err != nil || !s.keeper.Await(t.Context(), saved.Segment, 1) {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		uids       string
		parameters []string
	}{
		{"acc b a", nil},
		{"acc a", []string{"archived", "false"}},
		{"b", []string{"archived", "true"}},
		{"acc", []string{"is_account", "true"}},
		{"a", []string{"lists[]", list.ID}},
		{"b", []string{"email", "B@example.com"}},
		{"", []string{"email", "c@example.com"}},
		{"a", []string{"segment", segment.ID}},
		{"", []string{"segment", segment.ID, "is_account", "true"}},
		{"acc a", []string{"segment", "all"}},
		{"", []string{"segment", "all", "archived", "true"}},
	} {
		if got := s.get(append([]string{"query", "ade"}, tt.parameters...)...).uids(); got != tt.uids {
			t.Errorf("%v: got %q, not %q", tt.parameters, got, tt.uids)
		}
	}
}

func TestListUsers_aQuerysPagesLeadForthAndBackOverEveryMatchOnce(t *testing.T) {
	t.Parallel()
	s := newSearching(t)
	var want []string
	for i := range 47 {
		c := named(fmt.Sprint("c", i), "Page", fmt.Sprintf("p%d@example.com", i))
		storagetest.Apply(t, s.db, c)
		if i%3 == 0 {
			storagetest.Apply(t, s.db, &app.Archive{UID: c.UID, Archived: true})
		} else {
			want = append(want, c.UID)
		}
	}
	slices.Reverse(want)
	s.run()
	var pages []string
	a := s.get("query", "page", "archived", "false", "limit", "7")
	if a.Previous != nil {
		t.Error("the first page leads back")
	}
	for {
		pages = append(pages, a.uids())
		if (a.Next != nil) != *a.More {
			t.Errorf("has_more is %v and next_cursor %v", *a.More, a.Next)
		}
		if a.Next == nil {
			break
		}
		a = s.get("query", "page", "archived", "false", "limit", "7", "next_cursor", *a.Next)
	}
	if got := strings.Join(pages, " "); got != strings.Join(want, " ") {
		t.Errorf("the pages hold %s", got)
	}
	for i := len(pages) - 2; i >= 0; i-- {
		if a.Previous == nil {
			t.Fatalf("page %d does not lead back", i+1)
		}
		a = s.get("query", "page", "archived", "false", "limit", "7", "previous_cursor", *a.Previous)
		if a.uids() != pages[i] {
			t.Errorf("back to page %d: %q, not %q", i, a.uids(), pages[i])
		}
		if a.Next == nil {
			t.Errorf("page %d, come back to, does not lead forth", i)
		}
	}
	if a.Previous != nil || *a.More {
		t.Errorf("the first page, come back to, leads back: %+v", a)
	}
	if a := s.get("query", "page", "next_cursor", "q!"); a.status != http.StatusBadRequest {
		t.Errorf("a cursor that is none got %d", a.status)
	}
	if a := s.get("query", "page", "next_cursor", "qzzzz"); a.status != http.StatusOK || len(a.Data) != 0 {
		t.Errorf("a place behind the end got %+v", a)
	}
}

func TestListUsers_untilTheIndexIsReadyStorageAnswers(t *testing.T) {
	t.Parallel()
	s := newSearching(t)
	for i := range 3 {
		storagetest.Apply(t, s.db, named(fmt.Sprint("user", i), "Ade", fmt.Sprintf("p%d@example.com", i)))
	}
	a := s.get("query", "user", "limit", "2")
	if a.uids() != "user2 user1" || a.Next == nil {
		t.Fatalf("got %+v", a)
	}
	if a := s.get("query", "user", "next_cursor", "q2"); a.status != http.StatusServiceUnavailable {
		t.Errorf("a search's page without an index got %d", a.status)
	}
	s.run()
	if a := s.get("query", "user", "limit", "2", "next_cursor", *a.Next); a.uids() != "user0" {
		t.Errorf("the listing that storage began goes on with %+v", a)
	}
	if a := s.get("query", "ade"); a.uids() != "user2 user1 user0" {
		t.Errorf("got %+v", a)
	}
}

// halfway is a store of which the index reads some customers and then waits.
type halfway struct {
	*storage.DB
	after int
	gate  chan struct{}
}

func (h *halfway) EachFindable(ctx context.Context, f func(*app.Findable) error) error {
	n := 0
	return h.DB.EachFindable(ctx, func(c *app.Findable) error {
		if n++; n > h.after {
			select {
			case <-h.gate:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return f(c)
	})
}

// A typed name found nobody until the index was built whole, and nothing said why.
func TestListUsers_whileTheIndexIsBuilt(t *testing.T) {
	t.Parallel()
	db, clock := storagetest.Open(t)
	const first = 2500
	var changes []app.Change
	for i := range first + 10 {
		changes = append(changes, named(fmt.Sprint("user", i), fmt.Sprint("Person", i), fmt.Sprintf("p%d@example.com", i)))
	}
	storagetest.Apply(t, db, changes...)
	h := &halfway{DB: db, after: first, gate: make(chan struct{})}
	s := &searching{t: t, db: db, index: search.New(h, t.TempDir(), search.Options{}), keeper: keeper.New(db, keeper.Options{Clock: clock}), engine: gin.New()}
	api.New(db, api.Options{
		Clock: clock, Pinned: api.Pinned{Public: "pub", Private: "priv"}, Requests: requestlog.New(clock.Now()), Search: s.index, Segments: s.keeper,
	}).Mount(s.engine)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.index.Run(ctx) }()
	status := func() (i app.IndexState) {
		r := httptest.NewRequest("GET", "/v1/status", nil)
		r.SetBasicAuth("pub", "priv")
		w := httptest.NewRecorder()
		s.engine.ServeHTTP(w, r)
		var a struct{ Search app.IndexState }
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		return a.Search
	}
	wait := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %+v", what, status())
			}
		}
	}
	wait("a name that is indexed is not found", func() bool { return s.get("query", "person7 ", "limit", "5").uids() != "" })
	if i := status(); i.State != "building" || i.Customers != first+10 || i.Indexed == 0 || i.Indexed > first {
		t.Errorf("it says %+v", i)
	}
	if a := s.get("query", fmt.Sprint("user", first+5)); a.uids() != fmt.Sprint("user", first+5) {
		t.Errorf("an id that is not indexed yet finds %q", a.uids())
	}
	close(h.gate)
	wait("it does not end", func() bool { return status().State == "ready" })
	if a := s.get("query", fmt.Sprint("person", first+5)); a.uids() != fmt.Sprint("user", first+5) {
		t.Errorf("the last are found as %q", a.uids())
	}
	if i := status(); i.Indexed != first+10 || i.Memory == 0 {
		t.Errorf("it says %+v", i)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
