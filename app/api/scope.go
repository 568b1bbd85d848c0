package api

import (
	"net/http"
	"strings"

	"kith/app"
)

// scopes are what single calls need of a key where the rule of [scopeOf] would say
// something else. By method and route, without /v1.
var scopes = map[string]app.Scope{
	"GET /export/customers":              app.ScopeExport,
	"GET /export/events":                 app.ScopeExport,
	"GET /segments/:id/export":           app.ScopeExport,
	"GET /users/dossier":                 app.ScopeExport,
	"POST /segments/preview":             app.ScopeRead,
	"PUT /lists/:id":                     app.ScopeManage, // public by Engage, but nothing that is tracked
	"POST /lists/:id/subscribers":        app.ScopeTrack,
	"PUT /lists/:id/subscribers/*uid":    app.ScopeTrack,
	"DELETE /lists/:id/subscribers/*uid": app.ScopeTrack,
	"POST /posthog":                      app.ScopeTrack,
	"POST /batch":                        app.ScopeTrack,
	"POST /users/merge":                  app.ScopeManage,
	"POST /users/lists":                  app.ScopeTrack,
	"DELETE /users/lists":                app.ScopeTrack,
	"DELETE /users/attributes":           app.ScopeTrack,
	"GET /campaigns/banners/:id/track":   app.ScopeTrack,
	"GET /account":                       app.ScopeTrack, // what SDKs ask at their start
	"GET /messages/chat":                 app.ScopeTrack,
	"GET /messages/chat/:thread":         app.ScopeTrack,
	"GET /messages/push/latest":          app.ScopeTrack,
	"GET /campaigns/banners/active":      app.ScopeTrack,
}

// scopeOf is what a call needs of a key: reading reads, what browsers may send is tracking,
// and everything else manages. route is the call's route without /v1; below /users, which has
// a router of its own, it ends in the word that is behind the id.
func scopeOf(method, route string, need level) app.Scope {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if s, ok := scopes[method+" "+route]; ok {
		return s
	}
	switch {
	case method == http.MethodGet:
		return app.ScopeRead
	case need == public || need == writeKey || need == trackKey:
		return app.ScopeTrack
	}
	return app.ScopeManage
}

// route is the call's route without /v1.
func (c *call) route() string {
	if c.ending != "" {
		return c.ending
	}
	return strings.TrimPrefix(c.FullPath(), "/v1")
}

// allow refuses a key that is limited to other parts of the API.
func (c *call) allow(need level) error {
	if c.key == nil || len(c.key.Scopes) == 0 {
		return nil
	}
	s := scopeOf(c.Request.Method, c.route(), need)
	if c.ending == "/users" && c.Request.Method == http.MethodDelete && c.Query("erase") == "true" {
		s = app.ScopeErase
	}
	return c.needs(s)
}

// needs refuses a key without a scope.
func (c *call) needs(s app.Scope) error {
	if c.key != nil && !c.key.May(s) {
		return app.Fail(app.CodeForbidden, "The key %q may not do this: it takes the scope %q, and the key has %s. Make one with that scope on the dashboard under Settings, Keys.", c.key.Name, s, app.ScopeText(c.key.Scopes))
	}
	return nil
}
