package admin_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/admin"
)

// emailOf is the user of a role, in the tests that have one of each.
func emailOf(r app.Role) string { return string(r) + "@example.com" }

// everyRole makes a user of each role, and a browser for each.
func everyRole(h *house) map[app.Role]*browser {
	out := map[app.Role]*browser{}
	for _, r := range app.Roles {
		h.user(emailOf(r), r)
		out[r] = h.as(emailOf(r))
	}
	return out
}

func TestAccess_everyRouteIsInTheTable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	routes := map[string]bool{}
	for _, r := range h.routes {
		route := r.Method + " " + strings.TrimPrefix(r.Path, "/api")
		routes[route] = true
		if _, _, listed := admin.Access(r.Method, r.Path); !listed {
			t.Errorf("%q is a route that nobody but the owner may call: add it to the table `access` in app/admin/roles.go, with who may call it and what the audit log calls it", route)
		}
	}
	for _, route := range admin.Listed() {
		if !routes[route] {
			t.Errorf("%q is in the table `access` of app/admin/roles.go, and there is no such route", route)
		}
	}
}

func TestAccess_aRouteThatIsNotInTheTableIsTheOwners(t *testing.T) {
	t.Parallel()
	roles, anybody, listed := admin.Access("GET", "/api/something/new")
	if listed || anybody || !slices.Equal(roles, []app.Role{app.RoleOwner}) {
		t.Errorf("it is for %v (anybody: %v)", roles, anybody)
	}
}

// ids stands for what a path asks for; nothing has it.
var ids = regexp.MustCompile(`:[a-z]+`)

// TestAccess_everyRoleIsAnsweredAsTheTableSays asks every route as everybody. What is
// let through mostly fails for another reason, for there is nothing of that id: what counts is
// that a refused role is refused before anything is looked at, and that no other is.
func TestAccess_everyRoleIsAnsweredAsTheTableSays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	browsers := everyRole(h)
	for _, r := range h.routes {
		roles, anybody, _ := admin.Access(r.Method, r.Path)
		if anybody {
			continue // signing in and out: their own tests
		}
		path := ids.ReplaceAllString(r.Path, "0000000000000000")
		if got := h.browser().do(r.Method, path, nil).status; got != http.StatusUnauthorized {
			t.Errorf("%s %s without a session is answered %d", r.Method, r.Path, got)
		}
		for role, b := range browsers {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // for the streams
			a := b.call(ctx, r.Method, path, nil)
			cancel()
			refused := a.status == http.StatusForbidden && strings.Contains(a.text, "Your role, "+string(role))
			if want := !slices.Contains(roles, role); refused != want {
				t.Errorf("%s %s as %s is answered %d %s; the table says refused: %v", r.Method, r.Path, role, a.status, a.text, want)
			}
		}
	}
}

// TestAccess_isWhatTheProductSays holds the table against the sentences about roles.
// Engage: team roles.
func TestAccess_isWhatTheProductSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says, route string
		roles       string
	}{
		{"a member may look at customers", "GET /customers", "owner admin manager developer member"},
		{"a member changes nothing", "POST /lists", "owner admin manager developer"},
		{"a member may not see what was written to customers", "GET /requests/:seq", "owner admin manager developer"},
		{"nor what services posted about it", "GET /integrations/:id/deliveries/:did", "owner admin manager developer"},
		{"a developer may see segments", "GET /segments/:id", "owner admin manager developer member"},
		{"a developer may not change them", "PUT /segments/:id", "owner admin manager"},
	} {
		method, path, _ := strings.Cut(c.route, " ")
		roles, _, _ := admin.Access(method, "/api"+path)
		var names []string
		for _, r := range roles {
			names = append(names, string(r))
		}
		if got := strings.Join(names, " "); got != c.roles {
			t.Errorf("%s: %s is for %s, want %s", c.says, c.route, got, c.roles)
		}
	}
}
