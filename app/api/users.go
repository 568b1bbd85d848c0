package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"kith/app"
	"kith/app/ingest"

	"github.com/gin-gonic/gin"
)

// userRoute is one call below /users. An id may hold slashes, as SDKs put it into the
// path without encoding it: what stands before the known ending is the id.
type userRoute struct {
	method string
	ending string // the last part of the path, "" for the customer itself
	arg    bool   // one more part follows the ending
	need   level
	do     func(*API, *call) ([]byte, error)
}

// userRoutes, longest endings first. Engage: heroshe's client sends events with PUT.
var userRoutes = []userRoute{
	{"DELETE", "attributes", true, full, (*API).removeAttribute},
	{"DELETE", "tokens", true, public, (*API).removeToken},
	{"PUT", "accounts", true, public, (*API).setRole},
	{"DELETE", "accounts", true, public, (*API).leaveAccount},
	{"POST", "accounts", false, public, (*API).joinAccounts},
	{"POST", "events", false, public, (*API).track},
	{"PUT", "events", false, public, (*API).track},
	{"GET", "events", false, full, (*API).customerEvents},
	{"GET", "dossier", false, full, (*API).dossier},
	{"POST", "lists", false, full, (*API).joinLists},
	{"DELETE", "lists", false, full, (*API).leaveLists},
	{"POST", "convert", false, public, (*API).convert},
	{"GET", "members", false, full, (*API).members},
	{"POST", "archive", false, full, (*API).archive},
	{"POST", "unarchive", false, full, (*API).unarchive},
	{"GET", "", false, full, (*API).getUser},
	{"PUT", "", false, public, (*API).putUser},
	{"DELETE", "", false, full, (*API).deleteUser},
}

// users answers everything below /users.
func (a *API) users(gc *gin.Context) {
	method := gc.Request.Method
	if method == http.MethodOptions {
		Preflight(gc.Writer, gc.Request)
		return
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	rest, ok := strings.CutPrefix(strings.TrimPrefix(gc.Request.URL.EscapedPath(), "/v1"), "/users")
	rest = strings.TrimPrefix(rest, "/")
	switch {
	case !ok: // the router reads /v1%2Fusers as /v1/users
		a.serve(gc, anybody, methodNotAllowed)
		return
	case rest == "" && method == "GET":
		a.serve(gc, full, a.listUsers)
		return
	case rest == "" && method == "POST":
		a.serve(gc, public, a.createUser)
		return
	case rest == "":
		a.serve(gc, anybody, methodNotAllowed)
		return
	case rest == "merge" && method == "POST":
		c := newCall(a, gc)
		c.ending = "/users/merge"
		a.answerCall(c, public, a.merge)
		return
	}
	parts := strings.Split(rest, "/")
	for _, r := range userRoutes {
		uid, arg, ok := r.match(method, parts)
		if !ok {
			continue
		}
		c := newCall(a, gc)
		c.ending = strings.TrimSuffix("/users/"+r.ending, "/")
		a.answerCall(c, r.need, func(c *call) ([]byte, error) {
			var err error
			if c.uid, err = unescape(uid); err != nil {
				return nil, err
			}
			if c.arg, err = unescape(arg); err != nil {
				return nil, err
			}
			if c.uid, err = ingest.UID("id", c.uid); err != nil {
				return nil, err
			}
			return r.do(a, c)
		})
		return
	}
	a.serve(gc, anybody, methodNotAllowed)
}

func (r *userRoute) match(method string, parts []string) (uid, arg string, ok bool) {
	if r.method != method {
		return "", "", false
	}
	n := len(parts)
	switch {
	case r.ending == "":
		return strings.Join(parts, "/"), "", true
	case r.arg:
		if n < 3 || parts[n-2] != r.ending || parts[n-1] == "" {
			return "", "", false
		}
		return strings.Join(parts[:n-2], "/"), parts[n-1], true
	}
	if n < 2 || parts[n-1] != r.ending {
		return "", "", false
	}
	return strings.Join(parts[:n-1], "/"), "", true
}

func unescape(s string) (string, error) {
	out, err := url.PathUnescape(s)
	if err != nil {
		return "", app.Invalid("", "the path is not encoded as it should be: %v", err)
	}
	return out, nil
}

func methodNotAllowed(c *call) ([]byte, error) {
	return nil, app.NotFound("There is no %s %s here.", c.Request.Method, c.Request.URL.Path)
}

func (a *API) createUser(c *call) ([]byte, error) {
	p, err := ingest.Create(c.body, c.context())
	if err != nil {
		return nil, err
	}
	return c.saveProfile(p)
}

func (a *API) putUser(c *call) ([]byte, error) {
	p, err := ingest.Profile(c.uid, c.body, c.context())
	if err != nil {
		return nil, err
	}
	return c.saveProfile(p)
}

func (c *call) saveProfile(p *app.SetProfile) ([]byte, error) {
	if c.Query("lift_erasure") == "true" {
		if !c.trusted || c.key != nil && !c.key.May(app.ScopeErase) {
			return nil, app.Fail(app.CodeForbidden, "To bring back who was erased takes the private key, of a pair with the scope erase.")
		}
		p.Lift = true
	}
	return c.one(p, func(r app.Reader, res app.Result) ([]byte, error) {
		if !c.trusted {
			return appendOwn(nil, res, p), nil
		}
		return c.user(r, res)
	})
}

// user is the User object of a result's customer. With the public key alone it is the
// ids: a browser's key is known to everybody.
func (c *call) user(r app.Reader, res app.Result) ([]byte, error) {
	if !c.trusted {
		return appendOwn(nil, res, nil), nil
	}
	customer, err := r.Customer(c.lasting(), res.Customer)
	if err != nil {
		return nil, err
	}
	return c.api.appendUser(c.lasting(), nil, customer), nil
}

// customer is who the path names.
func (a *API) customer(c *call) (*app.Customer, error) {
	row, err := a.store.Find(c.Request.Context(), c.uid)
	if err != nil {
		return nil, err
	}
	return a.store.Customer(c.Request.Context(), row)
}

func (a *API) getUser(c *call) ([]byte, error) {
	customer, err := a.customer(c)
	if err != nil {
		return nil, err
	}
	return a.appendUser(c.Request.Context(), nil, customer), nil
}

func (a *API) deleteUser(c *call) ([]byte, error) {
	if c.Query("erase") != "true" {
		return c.one(&app.Delete{UID: c.uid}, answerOK)
	}
	c.hidden = "/v1/users/…" // the log of requests keeps nothing of who was erased either
	settled, err := a.o.Privacy.Erase(c.lasting(), c.uid)
	if err != nil {
		return nil, err
	}
	if !settled { // nobody reads the customer any more; the files are still being cleaned
		return statusQueued, nil
	}
	return statusOK, nil
}

// dossier streams everything that is kept about a customer.
func (a *API) dossier(c *call) ([]byte, error) {
	customer, err := a.customer(c)
	if err != nil {
		return nil, err
	}
	return c.deed("customer.dossier", customer.ID, nil, func() ([]byte, error) {
		s := c.stream("application/json; charset=utf-8", "dossier.json")
		return nil, s.end(a.o.Privacy.Dossier(c.Request.Context(), customer.Row, s))
	})
}

func (a *API) archive(c *call) ([]byte, error) {
	return c.one(&app.Archive{UID: c.uid, Archived: true, Source: c.source()}, answerOK)
}

func (a *API) unarchive(c *call) ([]byte, error) {
	return c.one(&app.Archive{UID: c.uid, Source: c.source()}, answerOK)
}

func (a *API) removeAttribute(c *call) ([]byte, error) {
	return c.one(&app.RemoveAttributes{UID: c.uid, Names: []string{c.arg}, Source: c.source()}, answerOK)
}

func (a *API) removeToken(c *call) ([]byte, error) {
	return c.one(&app.RemoveDevice{UID: c.uid, Token: c.arg, Source: c.source()}, answerOK)
}

func (a *API) merge(c *call) ([]byte, error) {
	m, err := ingest.Merge(c.body, c.context())
	if err != nil {
		return nil, err
	}
	return c.one(m, func(app.Reader, app.Result) ([]byte, error) { return statusQueued, nil })
}

func (a *API) convert(c *call) ([]byte, error) {
	change, err := ingest.Convert(c.uid, c.body, c.context())
	if err != nil {
		return nil, err
	}
	return c.one(change, c.user)
}

func (a *API) joinAccounts(c *call) ([]byte, error) {
	change, err := ingest.Accounts(c.uid, c.body, c.context())
	if err != nil {
		return nil, err
	}
	return c.one(change, c.user)
}

func (a *API) setRole(c *call) ([]byte, error) {
	change, err := ingest.Role(c.uid, c.arg, c.body, c.context())
	if err != nil {
		return nil, err
	}
	return c.one(change, c.user)
}

func (a *API) leaveAccount(c *call) ([]byte, error) {
	return c.one(&app.LeaveAccount{UID: c.uid, Account: c.arg, Source: c.source()}, c.user)
}

func (a *API) joinLists(c *call) ([]byte, error) {
	lists, err := ingest.Lists(c.body)
	if err != nil {
		return nil, err
	}
	return c.one(&app.JoinLists{UID: c.uid, Lists: lists, Source: c.source()}, c.user)
}

func (a *API) leaveLists(c *call) ([]byte, error) {
	lists, err := ingest.Lists(c.body)
	if err != nil {
		return nil, err
	}
	return c.one(&app.LeaveLists{UID: c.uid, Lists: lists, Source: c.source()}, c.user)
}

// members answers the members of an account, newest first.
func (a *API) members(c *call) ([]byte, error) {
	row, err := a.store.Find(c.Request.Context(), c.uid)
	if err != nil {
		return nil, err
	}
	return c.customers(nil, app.CustomerFilter{MemberOf: row})
}

func (a *API) listUsers(c *call) ([]byte, error) {
	f, err := c.customerFilter()
	if err != nil {
		return nil, err
	}
	g, err := c.segment()
	if err != nil {
		return nil, err
	}
	return a.usersOf(c, g, f)
}

// segment returns the one that the query names, nil if it names none.
func (c *call) segment() (*app.Segment, error) {
	id := c.Query("segment")
	if id == "" {
		return nil, nil
	}
	return c.api.membership.Find(c.Request.Context(), id)
}

// usersOf answers a page of the customers that a filter holds: of all, or of a segment.
func (a *API) usersOf(c *call, g *app.Segment, f app.CustomerFilter) ([]byte, error) {
	if asksForNobody(c.Request.URL.Query()) {
		return []byte(`{"data":[],"has_more":false}`), nil
	}
	after, before, err := c.cursors()
	if err != nil {
		return nil, err
	}
	if UsesSearch(a.o.Search, &f, after, before) {
		return c.searched(g, f, after, before)
	}
	return c.customers(g, f)
}

// searched answers a page of what the filter's query means, best first.
func (c *call) searched(g *app.Segment, f app.CustomerFilter, after, before string) ([]byte, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	members := c.api.membership.Narrow(g, &f)
	found, err := SearchCustomers(c.Request.Context(), c.api.o.Search, c.api.store, f, members, SearchPage{limit, after, before})
	if err != nil {
		return nil, err
	}
	b := []byte(`{"data":[`)
	for i := range found.Customers {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.api.appendUser(c.Request.Context(), b, &found.Customers[i])
	}
	b = append(b, ']')
	if found.Next != "" {
		b = app.AppendQuote(append(b, `,"next_cursor":`...), found.Next)
	}
	if found.Previous != "" {
		b = app.AppendQuote(append(b, `,"previous_cursor":`...), found.Previous)
	}
	// has_more is about the direction of the page, as in other listings.
	more := found.Next
	if before != "" {
		more = found.Previous
	}
	return append(strconv.AppendBool(append(b, `,"has_more":`...), more != ""), '}'), nil
}

// customerFilter reads the filters of GET /users; they combine.
func (c *call) customerFilter() (f app.CustomerFilter, err error) {
	q := c.Request.URL.Query()
	f.Email = emailOf(q.Get("email"))
	if n := q.Get("number"); n != "" {
		if f.Number, err = app.CheckNumber(n); err != nil {
			return f, app.Invalid("number", "%v", err)
		}
	}
	for _, key := range []string{"lists[]", "lists"} {
		for _, v := range q[key] {
			if v != "" {
				f.Lists = append(f.Lists, strings.Split(v, ",")...)
			}
		}
	}
	if f.IsAccount, err = queryBool(q, "is_account"); err != nil {
		return f, err
	}
	if f.Archived, err = queryBool(q, "archived"); err != nil {
		return f, err
	}
	f.Prefix = strings.TrimSpace(q.Get("query"))
	return f, nil
}

// emailOf reads an e-mail of a query. Some clients do not encode it, and a + arrives as a
// blank, which stands in an address only between quotes.
func emailOf(text string) string {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, `"`) {
		text = strings.ReplaceAll(text, " ", "+")
	}
	return text
}

// asksForNobody reports that an e-mail or number is asked for and is blank. A plugin
// that looks up a visitor without one takes the first customer it gets for that visitor.
func asksForNobody(q url.Values) bool {
	for _, name := range []string{"email", "number"} {
		if q.Has(name) && strings.TrimSpace(q.Get(name)) == "" {
			return true
		}
	}
	return false
}

func queryBool(q url.Values, name string) (*bool, error) {
	var b bool
	switch q.Get(name) {
	case "":
		return nil, nil
	case "true", "1":
		b = true
	case "false", "0":
	default:
		return nil, app.Invalid(name, "must be true or false, not %q", q.Get(name))
	}
	return &b, nil
}

// customers answers a page of customers as User objects: of all, or of a segment.
func (c *call) customers(g *app.Segment, f app.CustomerFilter) ([]byte, error) {
	p, err := c.page(c.api.store.CursorRow)
	if err != nil {
		return nil, err
	}
	var customers []app.Customer
	var more bool
	if g == nil {
		customers, more, err = c.api.store.Customers(c.Request.Context(), f, p)
	} else {
		customers, more, err = c.api.membership.Customers(c.Request.Context(), g, f, p)
	}
	if err != nil {
		return nil, err
	}
	b := []byte(`{"data":[`)
	ids := make([]string, len(customers))
	for i := range customers {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.api.appendUser(c.Request.Context(), b, &customers[i])
		ids[i] = customers[i].ID
	}
	return appendCursors(append(b, ']'), p, ids, more), nil
}
