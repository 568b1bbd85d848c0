package admin

import "kith/app"

// Access is the table of who may do what, as far as tests ask: the roles of a route, and
// whether the table knows it. Anybody is that no session is needed.
func Access(method, fullPath string) (roles []app.Role, anybody, listed bool) {
	r, listed := access[routeOf(method, fullPath)]
	if !listed {
		r = ruleOf(method, fullPath)
	}
	for _, role := range app.Roles {
		if r.who&mayOf(role) != 0 {
			roles = append(roles, role)
		}
	}
	return roles, r.who&mayAnybody != 0, listed
}

// Listed are the routes of the table.
func Listed() []string {
	var out []string
	for route := range access {
		out = append(out, route)
	}
	return out
}
