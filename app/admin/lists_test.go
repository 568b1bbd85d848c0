package admin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kith/app"
	"kith/storage/storagetest"
)

// said is what the rows of a page have under a key.
func said(page map[string]any, key string) string {
	var out []string
	for _, row := range page["data"].([]any) {
		out = append(out, fmt.Sprint(row.(map[string]any)[key]))
	}
	return strings.Join(out, " ")
}

func TestSubscribers_searchedByStatusAndPagedBothWays(t *testing.T) {
	t.Parallel()
	h, b := people(t)
	list := b.must("POST", "/api/lists", map[string]any{"title": "Letter"})["id"].(string)
	b.must("POST", "/api/tasks", map[string]any{"action": "join_list", "list": list, "ids": []string{h.id("u0"), h.id("u1"), h.id("u2")}})
	storagetest.Apply(t, h.db, &app.SetSubscription{List: list, UID: "u1"})
	path := "/api/lists/" + list + "/subscribers"
	if err := h.db.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"query=u1": "u1", "query=u3": "", "query=u1&status=unsubscribed": "u1", "query=u1&status=subscribed": "",
		"": "u2 u1 u0", "status=subscribed": "u2 u0",
	} {
		if got := said(b.must("GET", path+"?"+query, nil), "uid"); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	first := b.must("GET", path+"?limit=2", nil)
	second := b.must("GET", path+"?limit=2&next_cursor="+first["next_cursor"].(string), nil)
	if got := said(second, "uid"); got != "u0" || first["previous_cursor"] != nil || second["next_cursor"] != nil {
		t.Errorf("the second page is %q", got)
	}
	if got := said(b.must("GET", path+"?limit=2&previous_cursor="+second["previous_cursor"].(string), nil), "uid"); got != "u2 u1" {
		t.Errorf("the page before it is %q", got)
	}
}

func TestMembers_joinWithARoleLeaveAndComeInPages(t *testing.T) {
	t.Parallel()
	h, b := people(t)
	storagetest.Apply(t, h.db, &app.JoinAccounts{UID: "u0", Accounts: []app.AccountRole{{UID: "acme"}}})
	acme := h.id("acme")
	join := b.must("POST", "/api/tasks", map[string]any{"action": "join_account", "into": acme, "value": " owner ", "ids": []string{h.id("u1"), h.id("u2")}})
	if join["changed"] != 2.0 || join["undoable"] != true || join["into"] != "acme" {
		t.Errorf("the task is %v", join)
	}
	path := "/api/customers/" + acme + "/members"
	page := b.must("GET", path+"?limit=2", nil)
	if said(page, "uid") != "u2 u1" || said(page, "role") != "owner owner" || page["total"] != 3.0 {
		t.Errorf("the members are %v", page)
	}
	if got := said(b.must("GET", path+"?limit=2&next_cursor="+page["next_cursor"].(string), nil), "uid"); got != "u0" {
		t.Errorf("the second page is %q", got)
	}
	b.must("POST", "/api/tasks/"+join["id"].(string)+"/undo", nil)
	if got := said(b.must("GET", path, nil), "uid"); got != "u0" {
		t.Errorf("after the undo the members are %q", got)
	}
	for name, body := range map[string]map[string]any{
		"no account": {"action": "join_account", "into": h.id("u3"), "ids": []string{h.id("u1")}},
		"no text":    {"action": "join_account", "into": acme, "value": 7, "ids": []string{h.id("u1")}},
		"itself":     {"action": "join_account", "into": acme, "ids": []string{acme}},
	} {
		if a := b.do("POST", "/api/tasks", body); a.status != http.StatusBadRequest {
			t.Errorf("%s is answered %d %s", name, a.status, a.text)
		}
	}
}

func TestAttributes_sayWhereNumbersCameAsText(t *testing.T) {
	t.Parallel()
	h, b := people(t)
	storagetest.Apply(t, h.db, &app.SetProfile{UID: "u0", Trusted: true, Profile: app.Profile{Attributes: []app.Attribute{{Name: ".", Value: []byte(`"41"`)}}}})
	line := func(name string) map[string]any {
		for _, row := range b.must("GET", "/api/attributes", nil)["data"].([]any) {
			if m := row.(map[string]any); m["name"] == name {
				return m
			}
		}
		t.Fatalf("there is no %q", name)
		return nil
	}
	if l := line("."); l["looks_numeric"] != true && l["numeric_texts"] != 1.0 {
		t.Errorf("it is %v", l)
	}
	if l := line("plan"); l["looks_numeric"] == true || l["numeric_texts"] != nil && l["numeric_texts"] != 0.0 {
		t.Errorf("it is %v", l)
	}
	if got := len(b.must("GET", "/api/attribute/values?name="+url.QueryEscape("."), nil)["data"].([]any)); got != 1 {
		t.Errorf("it has %d values", got)
	}
}
