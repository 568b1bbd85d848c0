package admin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/admin"
	"kith/app/keeper"
	"kith/storage/storagetest"
)

// people is a house with five customers, a keeper that runs, and its owner signed in.
func people(t *testing.T) (*house, *browser) {
	t.Helper()
	var k *keeper.Keeper
	h := newHouse(t, func(o *admin.Options) { k = o.Segments.(*keeper.Keeper) })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for i, name := range []string{"Ada", "Bode", "Chi", "Dayo", "Ẹbun"} {
		h.clock.Move(time.Minute)
		uid := strings.ToLower(fmt.Sprint("u", i))
		storagetest.Apply(t, h.db, &app.SetProfile{UID: uid, Trusted: true, Profile: app.Profile{FirstName: app.FieldOf(name),
			Attributes: []app.Attribute{{Name: "gb", Value: []byte(fmt.Sprint((i * 3) % 5))}, {Name: "plan", Value: []byte([]string{`"Fibre"`, `"Radio"`}[i%2])}}}})
	}
	storagetest.Apply(t, h.db, &app.SetProfile{UID: "u0", Trusted: true, Device: &app.Device{Token: "t", Platform: "ios"}}, &app.Archive{UID: "u4", Archived: true})
	if err := h.db.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.user("ada@example.com", app.RoleOwner)
	return h, h.as("ada@example.com")
}

// uids are those of a page of customers, in its order.
func (b *browser) uids(query string) string {
	b.h.t.Helper()
	var out []string
	for _, c := range b.must("GET", "/api/customers?"+query, nil)["data"].([]any) {
		out = append(out, c.(map[string]any)["uid"].(string))
	}
	return strings.Join(out, " ")
}

func (h *house) id(uid string) string {
	h.t.Helper()
	return storagetest.Customer(h.t, h.db, uid).ID
}

func TestCustomers_sortedAndFiltered(t *testing.T) {
	t.Parallel()
	_, b := people(t)
	where := func(conditions string) string { return "where=" + url.QueryEscape(conditions) }
	for query, want := range map[string]string{
		"":                         "u4 u3 u2 u1 u0",
		"sort=gb":                  "u0 u2 u4 u1 u3",
		"sort=-gb":                 "u3 u1 u4 u2 u0",
		"sort=-gb&archived=false":  "u3 u1 u2 u0",
		"sort=plan,first_name":     "u0 u2 u4 u1 u3",
		"sort=first_name&limit=2":  "u0 u1",
		"sort=nowhere":             "u4 u3 u2 u1 u0",
		"device=true":              "u0",
		"device=false&sort=gb":     "u2 u4 u1 u3",
		"is_account=false&sort=gb": "u0 u2 u4 u1 u3",
		"query=u3&sort=gb":         "u3",
		where(`[{"attribute":"plan","op":"is","value":"radio"}]`):                                        "u3 u1",
		where(`[{"attribute":"plan","op":"is","value":"radio"},{"attribute":"gb","op":"gt","value":3}]`): "u3",
		where(`[{"attribute":"gb","op":"lt","value":3}]`) + "&sort=-gb&archived=true":                    "u4",
		"query=u&" + where(`[{"attribute":"plan","op":"is","value":"Radio"}]`):                           "u3 u1",
	} {
		if got := b.uids(query); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	page := b.must("GET", "/api/customers?sort=gb&limit=2", nil)
	if page["total"] != 5.0 || b.uids("sort=gb&limit=2&next_cursor="+page["next_cursor"].(string)) != "u4 u1" {
		t.Errorf("the second page is not the next two of five: %v", page)
	}
	words := b.must("GET", "/api/customers?"+where(`[{"attribute":"gb","op":"gt","value":3}]`), nil)["words"].([]any)
	if len(words) != 1 || !strings.Contains(words[0].(string), "gb") {
		t.Errorf("the words are %v", words)
	}
	for _, bad := range []string{where(`{`), where(`[{"attribute":"gb"}]`), "sort=a,b,c,d", "sort=gb&next_cursor=o99999", "sort=gb&next_cursor=x"} {
		if a := b.do("GET", "/api/customers?"+bad, nil); a.status != http.StatusBadRequest {
			t.Errorf("%s is answered %d", bad, a.status)
		}
	}
}

func TestTasks_overAFilterAndUndone(t *testing.T) {
	t.Parallel()
	h, b := people(t)
	filter := "where=" + url.QueryEscape(`[{"attribute":"plan","op":"is","value":"Radio"}]`)
	task := b.must("POST", "/api/tasks", map[string]any{"action": "delete", "filter": filter})
	if task["state"] != "done" || task["changed"] != 2.0 || task["undoable"] != true || task["by"] != "ada@example.com" {
		t.Fatalf("%v", task)
	}
	if got := b.uids(""); got != "u4 u2 u0" {
		t.Errorf("left are %q", got)
	}
	b.must("POST", "/api/tasks/"+task["id"].(string)+"/undo", nil)
	if got := b.uids(""); got != "u4 u3 u2 u1 u0" {
		t.Errorf("after the undo there are %q", got)
	}
	list := b.must("POST", "/api/lists", map[string]any{"title": "Letter"})
	b.must("POST", "/api/tasks", map[string]any{"action": "join_list", "list": list["id"], "ids": []string{h.id("u0"), h.id("u1")}})
	if got := b.must("GET", "/api/lists/"+list["id"].(string), nil)["subscribed"]; got != 2.0 {
		t.Errorf("on the list are %v", got)
	}
	b.must("POST", "/api/tasks", map[string]any{"action": "set_attribute", "attribute": "gb", "value": 9, "ids": []string{h.id("u0")}})
	b.must("POST", "/api/tasks", map[string]any{"action": "merge", "into": h.id("u1"), "ids": []string{h.id("u0")}})
	if c := storagetest.Customer(t, h.db, "u0"); c.UID != "u1" {
		t.Errorf("u0 leads to %s after the merge", c.UID)
	}
	if got := len(b.must("GET", "/api/tasks", nil)["data"].([]any)); got != 4 {
		t.Errorf("there are %d tasks", got)
	}
	for name, body := range map[string]map[string]any{
		"no action": {"ids": []string{h.id("u1")}}, "nobody": {"action": "archive", "ids": []string{}}, "a standard attribute": {"action": "set_attribute", "attribute": "", "value": 1, "ids": []string{h.id("u1")}},
	} {
		if a := b.do("POST", "/api/tasks", body); a.status != http.StatusBadRequest {
			t.Errorf("%s is answered %d %s", name, a.status, a.text)
		}
	}
}

func TestExport_ofASelectionAndOfAFilter(t *testing.T) {
	t.Parallel()
	h, b := people(t)
	a := b.do("GET", "/api/customers/export?sort=-gb&archived=false", nil)
	if lines := strings.Split(strings.TrimSpace(a.text), "\n"); len(lines) != 5 || !strings.HasPrefix(lines[1], "u3,") || !strings.HasPrefix(lines[4], "u0,") {
		t.Errorf("the CSV is\n%s", a.text)
	}
	a = b.do("POST", "/api/customers/export?format=ndjson", map[string]any{"ids": []string{h.id("u2"), h.id("u0")}})
	if lines := strings.Split(strings.TrimSpace(a.text), "\n"); len(lines) != 2 || !strings.Contains(lines[0], `"uid":"u2"`) || !strings.Contains(a.header.Get("Content-Disposition"), "customers.ndjson") {
		t.Errorf("the NDJSON is\n%s", a.text)
	}
}

func TestCustomer_changedAndErased(t *testing.T) {
	t.Parallel()
	h, b := people(t)
	path := "/api/customers/" + h.id("u1")
	b.must("PUT", path, map[string]any{"first_name": "Bọ́dé", "email": "bode@example.com", "meta": map[string]any{"gb": 7}})
	if c := storagetest.Customer(t, h.db, "u1"); *c.FirstName != "Bọ́dé" || string(c.Attribute("gb")) != "7" || *c.Email != "bode@example.com" {
		t.Errorf("it is %+v", c)
	}
	if a := b.do("PUT", path, map[string]any{"email": "nobody@"}); a.status != http.StatusBadRequest {
		t.Errorf("a wrong address is answered %d", a.status)
	}
	if a := b.do("DELETE", path, map[string]string{"uid": "u2"}); a.status != http.StatusBadRequest {
		t.Errorf("the id of another is answered %d", a.status)
	}
	b.must("DELETE", path, map[string]string{"uid": "u1"})
	if _, err := h.db.Find(t.Context(), "u1"); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("after the erasure: %v", err)
	}
}

func TestLists_anArchivedOneIsBroughtBack(t *testing.T) {
	t.Parallel()
	_, b := people(t)
	list := b.must("POST", "/api/lists", map[string]any{"title": "Letter"})["id"].(string)
	b.must("DELETE", "/api/lists/"+list, nil)
	if got := b.must("POST", "/api/lists/"+list+"/restore", nil)["archived"]; got != false {
		t.Errorf("archived is %v after it was brought back", got)
	}
}
