package admin

import (
	"slices"
	"strings"

	"kith/app"
)

// may is who may do something: a set of roles.
type may uint8

// The sets that the table below gives. What each role is for: Engage, team roles. The
// owner may do everything.
const (
	mayOwner may = 1 << iota
	mayAdmin
	mayManager
	mayDeveloper
	mayMember
	mayAnybody // without being signed in

	// whoeverIs may look: everybody who is signed in, at what is no secret of a customer's messages.
	whoeverIs = mayOwner | mayAdmin | mayManager | mayDeveloper | mayMember
	// whoBuilds: customers, lists, attributes, events, imports, integrations, keys; and the
	// bodies of requests and hooks, which hold what was written to customers.
	whoBuilds = mayOwner | mayAdmin | mayManager | mayDeveloper
	// whoPlans: segments, which developers may only see, and the team, where a manager
	// grants nothing above a manager.
	whoPlans = mayOwner | mayAdmin | mayManager
	// whoRuns: the server itself: backups, the audit log.
	whoRuns = mayOwner | mayAdmin
)

// rule is who may call a route, and what the audit log calls that.
type rule struct {
	who may
	// deed is what the log calls something that goes on beside the database: it is begun
	// there before the call, and ended after it, with the path's :id as its target. Empty for
	// what only looks, and for what storage writes down in the transaction that does it,
	// which is everything that changes the database.
	deed string
}

// access is the one table of who may do what: every route under /api, without that
// prefix. A route that is not in it is the owner's alone, and
// TestAccess_everyRouteIsInTheTable fails until it is here.
var access = map[string]rule{
	"GET /session":    {mayAnybody, ""},
	"POST /session":   {mayAnybody, ""},
	"DELETE /session": {mayAnybody, ""},
	"POST /setup":     {mayAnybody, ""},

	"POST /invitation": {mayAnybody, ""},
	"POST /join":       {mayAnybody, ""},

	// One's own account is everybody's.
	"GET /account":                 {whoeverIs, ""},
	"PUT /account/password":        {whoeverIs, ""},
	"POST /account/totp/begin":     {whoeverIs, ""},
	"PUT /account/totp":            {whoeverIs, ""},
	"DELETE /account/totp":         {whoeverIs, ""},
	"POST /account/recovery-codes": {whoeverIs, ""},
	"DELETE /account/sessions":     {whoeverIs, ""},
	"DELETE /account/sessions/:id": {whoeverIs, ""},

	// Whom of the team one may change is a question of both roles: see grants.
	"GET /administrators":                    {whoeverIs, ""},
	"POST /administrators/invitations":       {whoPlans, ""},
	"DELETE /administrators/invitations/:id": {whoPlans, ""},
	"PUT /administrators/:id":                {whoPlans, ""},
	"DELETE /administrators/:id":             {whoPlans, ""},
	"POST /administrators/:id/reset":         {whoPlans, ""},
	"DELETE /administrators/:id/totp":        {whoPlans, ""},
	"GET /audit":                             {whoRuns, ""},

	"GET /overview":               {whoeverIs, ""},
	"GET /home":                   {whoeverIs, ""},
	"GET /live":                   {whoeverIs, ""},
	"GET /customers":              {whoeverIs, ""},
	"GET /customers/export":       {whoBuilds, "customer.export"},
	"POST /customers/export":      {whoBuilds, "customer.export"},
	"GET /customers/:id":          {whoeverIs, ""},
	"PUT /customers/:id":          {whoBuilds, ""},
	"DELETE /customers/:id":       {whoRuns, ""},
	"GET /customers/:id/members":  {whoeverIs, ""},
	"GET /customers/:id/json":     {whoeverIs, ""},
	"GET /customers/:id/timeline": {whoeverIs, ""},
	"GET /customers/:id/live":     {whoeverIs, ""},

	"GET /customers/:id/dossier": {whoBuilds, "customer.dossier"},
	"GET /erasures":              {whoBuilds, ""},
	"POST /erasures/check":       {whoBuilds, ""},
	"POST /erasures/lift":        {whoBuilds, ""},
	"GET /tasks":                 {whoeverIs, ""},
	"POST /tasks":                {whoBuilds, ""},
	"GET /tasks/:id":             {whoeverIs, ""},
	"POST /tasks/:id/undo":       {whoBuilds, ""},
	"POST /tasks/:id/stop":       {whoBuilds, ""},

	"GET /lists":                 {whoeverIs, ""},
	"POST /lists":                {whoBuilds, ""},
	"GET /lists/:id":             {whoeverIs, ""},
	"PUT /lists/:id":             {whoBuilds, ""},
	"DELETE /lists/:id":          {whoBuilds, ""},
	"POST /lists/:id/restore":    {whoBuilds, ""},
	"GET /lists/:id/subscribers": {whoeverIs, ""},

	"GET /segments":                        {whoeverIs, ""},
	"POST /segments":                       {whoPlans, ""},
	"POST /segments/preview":               {whoeverIs, ""},
	"GET /segments/:id":                    {whoeverIs, ""},
	"PUT /segments/:id":                    {whoPlans, ""},
	"DELETE /segments/:id":                 {whoPlans, ""},
	"POST /segments/:id/restore":           {whoPlans, ""},
	"GET /segments/:id/entries":            {whoeverIs, ""},
	"GET /segments/:id/export":             {whoBuilds, "segment.export"},
	"GET /customers/:id/segments/:segment": {whoeverIs, ""},

	"GET /events":           {whoeverIs, ""},
	"GET /event":            {whoeverIs, ""},
	"GET /event/latest":     {whoeverIs, ""},
	"GET /attributes":       {whoeverIs, ""},
	"GET /attribute":        {whoeverIs, ""},
	"GET /attribute/values": {whoeverIs, ""},

	"GET /imports":                {whoeverIs, ""},
	"POST /imports":               {whoBuilds, ""},
	"GET /imports/:id":            {whoeverIs, ""},
	"POST /imports/:id/start":     {whoBuilds, ""},
	"POST /imports/:id/cancel":    {whoBuilds, ""},
	"POST /imports/:id/undo":      {whoBuilds, ""},
	"GET /imports/:id/kept":       {whoeverIs, ""},
	"GET /imports/:id/errors":     {whoBuilds, ""},
	"GET /imports/:id/errors.csv": {whoBuilds, ""},

	"GET /keys":             {whoBuilds, ""},
	"POST /keys":            {whoBuilds, ""},
	"POST /keys/:id/rotate": {whoBuilds, ""},
	"DELETE /keys/:id":      {whoBuilds, ""},

	"GET /integrations":                             {whoeverIs, ""},
	"POST /integrations":                            {whoBuilds, ""},
	"GET /integrations/live":                        {whoeverIs, ""},
	"GET /integrations/:id":                         {whoeverIs, ""},
	"PUT /integrations/:id":                         {whoBuilds, ""},
	"DELETE /integrations/:id":                      {whoBuilds, ""},
	"GET /integrations/:id/deliveries":              {whoeverIs, ""},
	"GET /integrations/:id/deliveries/:did":         {whoBuilds, ""},
	"POST /integrations/:id/deliveries/:did/replay": {whoBuilds, ""},

	"GET /health":              {whoeverIs, ""},
	"POST /quarantine/end":     {whoRuns, ""},
	"GET /backups":             {whoRuns, ""},
	"POST /backups":            {whoRuns, "backup.create"},
	"POST /backups/:id/verify": {whoRuns, "backup.verify"},
	"GET /backups/:id/file":    {whoRuns, "backup.download"},

	"GET /requests":      {whoBuilds, ""},
	"GET /requests/live": {whoBuilds, ""},
	"GET /requests/:seq": {whoBuilds, ""},
}

// mayOf is a role as a set.
func mayOf(r app.Role) may {
	if i := slices.Index(app.Roles, r); i >= 0 {
		return 1 << i
	}
	return 0
}

// routeOf is a route as the table names it, from the path that gin knows it by.
func routeOf(method, fullPath string) string {
	return method + " " + strings.TrimPrefix(fullPath, "/api")
}

// ruleOf is the rule of a route; of one that the table does not know it is the owner's alone.
func ruleOf(method, fullPath string) rule {
	if r, ok := access[routeOf(method, fullPath)]; ok {
		return r
	}
	return rule{who: mayOwner}
}

// allow refuses whom the route is not for.
func (c *call) allow() (rule, error) {
	r := ruleOf(c.Request.Method, c.FullPath())
	if r.who&mayAnybody != 0 {
		return r, nil
	}
	if c.secret == "" {
		return r, app.Fail(app.CodeUnauthorized, "You are signed out. Sign in again.")
	}
	if r.who&mayOf(c.session.Role) == 0 {
		return r, app.Fail(app.CodeForbidden, "Your role, %s, may not do this. It takes %s.", c.session.Role, r.who.words())
	}
	return r, nil
}

// words names the roles of a set: "an owner, admin or manager".
func (m may) words() string {
	var names []string
	for _, r := range app.Roles {
		if m&mayOf(r) != 0 {
			names = append(names, string(r))
		}
	}
	if len(names) < 2 {
		return "the " + strings.Join(names, "")
	}
	return "the " + strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// abilities are what the pages show or hide things by.
func abilities(r app.Role) []string {
	out := []string{}
	for _, a := range []struct {
		name string
		who  may
	}{{"build", whoBuilds}, {"plan", whoPlans}, {"run", whoRuns}, {"own", mayOwner}} {
		if a.who&mayOf(r) != 0 {
			out = append(out, a.name)
		}
	}
	return out
}
