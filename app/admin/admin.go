// Package admin is the dashboard's own JSON API under /api: sessions, the first-run
// set-up, and everything the pages show. Unlike /v1 it may change with the dashboard.
// It reads through the store and writes the same Changes as the API.
//
// The invariant: nothing but the session and set-up calls answers without a session,
// nothing answers whose role the table in roles.go does not let, and no answer holds a
// private key again after the one that made it.
package admin

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kith/app"
	"kith/app/api"
	"kith/app/config"
	"kith/app/hook"
	"kith/app/importer"
	"kith/app/requestlog"

	"github.com/gin-gonic/gin"
)

// Store is what the dashboard needs of storage.
type Store interface {
	Apply(ctx context.Context, b app.Batch) ([]app.Result, error)
	FindID(ctx context.Context, id string) (int64, error)
	CursorRow(id string) (int64, error)
	Aliases(ctx context.Context, row int64) ([]string, error)
	Members(ctx context.Context, account int64, p app.Page) ([]app.Membership, bool, error)
	History(ctx context.Context, customer int64, from app.Place, limit int) ([]app.HistoryEntry, error)
	EventCount(ctx context.Context, customer int64) (int64, error)
	EventCountOf(ctx context.Context, customer int64, sources []string) (int64, error)
	HistoryCount(ctx context.Context, customer int64) (int64, error)
	Activity(ctx context.Context, customer int64, from app.Instant) ([]app.DayCount, error)
	EventNames(ctx context.Context, fromDay int64) ([]app.EventStat, error)
	EventName(ctx context.Context, name string, fromDay int64) (*app.EventStat, error)
	EventTotals(ctx context.Context, from, to int64) (map[string]int64, error)
	LatestEvents(ctx context.Context, name string, limit int) ([]app.OwnedEvent, error)
	Days(ctx context.Context, from, to int64) ([]app.SpanCount, error)
	Hours(ctx context.Context, from, to int64) ([]app.SpanCount, error)
	EventNameCount(ctx context.Context) (int64, error)
	Arrived(ctx context.Context, since app.Instant) (int64, error)
	Attributes(ctx context.Context) ([]app.AttributeStat, error)
	List(ctx context.Context, row int64) (*app.List, error)
	Lists(ctx context.Context, p app.Page) ([]app.List, bool, error)
	api.SegmentStore
	LatestSegmentEntries(ctx context.Context, segment, before int64, limit int) ([]app.SegmentEntry, error)
	CustomerSegmentEntries(ctx context.Context, customer int64, from app.Place, limit int) ([]app.SegmentEntry, error)
	SegmentEntryCount(ctx context.Context, customer int64) (int64, error)
	Event(ctx context.Context, row int64) (*app.Event, error)
	Subscribers(ctx context.Context, list int64, status int, p app.Page) ([]app.Subscriber, bool, error)
	ConfirmationToken(list, customer int64) string
	FeedState(ctx context.Context) (app.FeedState, error)
	Watch(row int64) (<-chan struct{}, func())
	FindImport(ctx context.Context, id string) (*app.Import, error)
	Imports(ctx context.Context, before int64, limit int) ([]app.Import, bool, error)
	ImportCursorRow(id string) (int64, error)
	ImportKept(ctx context.Context, row, after int64, limit int) ([]app.ImportKept, error)

	Keys(ctx context.Context) ([]app.Key, error)
	CreateKey(ctx context.Context, name string, scopes ...app.Scope) (app.Key, string, error)
	RevokeKey(ctx context.Context, row int64) error
	Users(ctx context.Context) ([]app.User, error)
	UserByEmail(ctx context.Context, email string) (app.User, error)
	User(ctx context.Context, row int64) (app.User, error)
	SetPassword(ctx context.Context, email, password string) error
	SetRole(ctx context.Context, user int64, role app.Role) error
	RemoveUser(ctx context.Context, email string) error
	SetTOTP(ctx context.Context, user int64, secret []byte, step int64, recovery []string) error
	SetRecoveryCodes(ctx context.Context, user int64, codes []string) error
	TakeTOTP(ctx context.Context, user, step int64) (bool, error)
	TakeRecoveryCode(ctx context.Context, user int64, code string) (bool, error)
	CreateInvitation(ctx context.Context, email string, role app.Role, expires app.Instant) (string, error)
	Invitations(ctx context.Context) ([]app.Invitation, error)
	Invitation(ctx context.Context, token string) (app.Invitation, error)
	WithdrawInvitation(ctx context.Context, id string) error
	TakeInvitation(ctx context.Context, token, password string) (string, error)
	Sessions(ctx context.Context, user int64) ([]app.Session, error)
	EndSessionOf(ctx context.Context, user int64, id string) error
	EndOtherSessions(ctx context.Context, user int64, secret string) error
	RotateKey(ctx context.Context, row int64, until app.Instant) (app.Key, string, error)
	CreateFirstUser(ctx context.Context, token, email, password string) error
	CreateSession(ctx context.Context, user int64, expires app.Instant, address, agent string) (string, error)
	Session(ctx context.Context, secret string) (app.Session, error)
	TouchSession(ctx context.Context, secret string, expires app.Instant) error
	EndSession(ctx context.Context, secret string) error
	Audit(ctx context.Context, action, target string, detail map[string]any) error
	BeginDeed(ctx context.Context, action, target string, detail map[string]any) (int64, error)
	EndDeed(ctx context.Context, deed int64, state app.DeedState, detail map[string]any) error
	Erased(ctx context.Context) (int64, error)
	IsErased(ctx context.Context, uid, email, number string) (bool, error)
	LiftErasure(ctx context.Context, uid, email, number string) (int64, error)
	AuditLog(ctx context.Context, f app.AuditFilter, limit int) ([]app.Audited, bool, error)

	Integrations(ctx context.Context) ([]app.Integration, error)
	FindIntegration(ctx context.Context, id string) (*app.Integration, error)
	Tiles(ctx context.Context, i *app.Integration, fromDay int64) error
	DeleteIntegration(ctx context.Context, i *app.Integration) error
	Deliveries(ctx context.Context, f app.DeliveryFilter, limit int) ([]app.Delivery, bool, error)
	DeliveryRow(id string) (int64, error)
	ExternalIDs(ctx context.Context, customer int64) ([][2]string, error)

	StartTask(ctx context.Context, t app.Task, customers []int64) (*app.Task, error)
	Task(ctx context.Context, row int64) (*app.Task, error)
	Tasks(ctx context.Context, before int64, limit int) ([]app.Task, error)
	UndoTask(ctx context.Context, row int64) (*app.Task, error)
	StopTask(ctx context.Context, row int64) (*app.Task, error)

	Ready(ctx context.Context) error
	Disk() app.Disk
	FileCheck() app.FileCheck
	Quarantine(ctx context.Context) (*app.Quarantine, error)
	EndQuarantine(ctx context.Context, discard bool) (waiting int64, err error)
	OutgoingWaiting(ctx context.Context) (int64, error)
}

// Options configure New.
type Options struct {
	Clock app.Clock
	// Sessions is the time that sessions end by. Default: Clock; it must be that of storage.
	Sessions  app.Clock
	Log       *slog.Logger
	Requests  *requestlog.Log
	Workspace string
	Zone      *time.Location
	Version   string
	// URL is how others reach this Kith; "" is the address that the browser used.
	URL    string
	Pinned *app.Key
	// Privacy erases customers and writes their dossiers.
	Privacy api.Privacy
	// Proxies are trusted to say where a request came from, and whether over HTTPS.
	Proxies config.Proxies
	// KeysChanged, if set, is told when a key pair was made or revoked here.
	KeysChanged func()
	Demo        bool
	// Search answers what is typed into the search; without it, and until it is ready, storage does.
	Search api.Searcher
	// Hooks takes what services post.
	Hooks *hook.Desk
	// Imports runs files of customers; without it there is no /imports.
	Imports *importer.Runner
	// Activity counts active customers; without it nobody is counted as one.
	Activity Activity
	// Segments knows who is in which segment; without it nobody is in any.
	Segments api.Segments
	// Backups makes backups; without it there is no /backups.
	Backups Backups
	// Wake, if set, is told when what waits may be sent.
	Wake func()
}

// Admin serves /api.
type Admin struct {
	store  Store
	o      Options
	origin *http.CrossOriginProtection
	tries  *throttle
	// membership answers who is in which segment.
	membership *api.Membership
	activeNow  activeCount
}

// New returns an Admin over a store.
func New(store Store, o Options) *Admin {
	if o.Sessions == nil {
		o.Sessions = o.Clock
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.KeysChanged == nil {
		o.KeysChanged = func() {}
	}
	return &Admin{store: store, o: o, origin: http.NewCrossOriginProtection(), tries: newThrottle(o.Sessions.Now), membership: api.NewMembership(store, o.Segments)}
}

// Mount puts the routes on an engine. Who may call each is in the table of roles.go.
func (a *Admin) Mount(engine *gin.Engine) {
	g := engine.Group("/api")
	on := func(method, path string, h handler) { g.Handle(method, path, a.wrap(h)) }

	on("GET", "/session", a.getSession)
	on("POST", "/session", a.signIn)
	on("DELETE", "/session", a.signOut)
	on("POST", "/setup", a.setUp)
	on("POST", "/invitation", a.openInvitation)
	on("POST", "/join", a.join)

	on("GET", "/account", a.account)
	on("PUT", "/account/password", a.changePassword)
	on("POST", "/account/totp/begin", a.beginTOTP)
	on("PUT", "/account/totp", a.setTOTP)
	on("DELETE", "/account/totp", a.clearTOTP)
	on("POST", "/account/recovery-codes", a.renewRecoveryCodes)
	on("DELETE", "/account/sessions", a.endOthers)
	on("DELETE", "/account/sessions/:id", a.endSession)
	on("GET", "/administrators", a.administrators)
	on("POST", "/administrators/invitations", a.invite)
	on("DELETE", "/administrators/invitations/:id", a.withdraw)
	on("PUT", "/administrators/:id", a.changeRole)
	on("DELETE", "/administrators/:id", a.removeAdministrator)
	on("POST", "/administrators/:id/reset", a.resetLink)
	on("DELETE", "/administrators/:id/totp", a.clearOthersTOTP)
	on("GET", "/audit", a.auditLog)

	on("GET", "/overview", a.overview)
	on("GET", "/home", a.home)
	on("GET", "/customers", a.customers)
	on("GET", "/customers/export", a.exportCustomers)
	on("POST", "/customers/export", a.exportCustomers)
	on("GET", "/customers/:id", a.customer)
	on("PUT", "/customers/:id", a.changeCustomer)
	on("DELETE", "/customers/:id", a.eraseCustomer)
	on("GET", "/tasks", a.tasks)
	on("POST", "/tasks", a.startTask)
	on("GET", "/tasks/:id", a.aTask(a.store.Task))
	on("POST", "/tasks/:id/undo", a.aTask(a.store.UndoTask))
	on("POST", "/tasks/:id/stop", a.aTask(a.store.StopTask))
	on("GET", "/customers/:id/members", a.members)
	on("GET", "/customers/:id/json", a.customerJSON)
	on("GET", "/customers/:id/timeline", a.timeline)
	on("GET", "/customers/:id/live", a.customerLive)
	on("GET", "/customers/:id/dossier", a.dossier)
	on("GET", "/erasures", a.erasures)
	on("POST", "/erasures/check", a.checkErasure)
	on("POST", "/erasures/lift", a.liftErasure)
	on("GET", "/live", a.live)
	on("GET", "/lists", a.lists)
	on("POST", "/lists", a.saveList)
	on("GET", "/lists/:id", a.list)
	on("PUT", "/lists/:id", a.saveList)
	on("DELETE", "/lists/:id", a.archiveList)
	on("POST", "/lists/:id/restore", a.restoreList)
	on("GET", "/lists/:id/subscribers", a.subscribers)
	on("GET", "/segments", a.segments)
	on("POST", "/segments", a.saveSegment)
	on("POST", "/segments/preview", a.preview)
	on("GET", "/segments/:id", a.segment)
	on("PUT", "/segments/:id", a.saveSegment)
	on("DELETE", "/segments/:id", a.deleteSegment)
	on("POST", "/segments/:id/restore", a.restoreSegment)
	on("GET", "/segments/:id/entries", a.segmentEntries)
	on("GET", "/segments/:id/export", a.exportSegment)
	on("GET", "/customers/:id/segments/:segment", a.why)
	on("GET", "/events", a.events)
	on("GET", "/event", a.event)
	on("GET", "/event/latest", a.eventLatest)
	on("GET", "/attributes", a.attributes)
	on("GET", "/attribute", a.attribute)
	on("GET", "/attribute/values", a.values)
	a.mountImports(g)
	a.mountHealth(g)
	on("GET", "/keys", a.keys)
	on("POST", "/keys", a.createKey)
	on("POST", "/keys/:id/rotate", a.rotateKey)
	on("DELETE", "/keys/:id", a.revokeKey)
	if a.o.Hooks != nil {
		on("GET", "/integrations", a.integrations)
		on("POST", "/integrations", a.saveIntegration)
		on("GET", "/integrations/live", a.integrationsLive)
		on("GET", "/integrations/:id", a.integration)
		on("PUT", "/integrations/:id", a.saveIntegration)
		on("DELETE", "/integrations/:id", a.deleteIntegration)
		on("GET", "/integrations/:id/deliveries", a.deliveries)
		on("GET", "/integrations/:id/deliveries/:did", a.delivery)
		on("POST", "/integrations/:id/deliveries/:did/replay", a.replay)
	}
	on("GET", "/requests", a.requests)
	on("GET", "/requests/live", a.requestsLive)
	on("GET", "/requests/:seq", a.request)
}

// call is one request of the dashboard.
type call struct {
	*gin.Context
	session app.Session
	secret  string
	// detail is for the audit log: what of a call one will want to know; nothing of a customer's.
	detail map[string]any
}

// handler returns what is to be encoded; nil when it has answered itself.
type handler func(*call) (any, error)

// maxBody holds the largest rule with its title and description.
const maxBody = 2 * app.MaxRule

// wrap checks where the request comes from and whether it is signed in, and answers.
func (a *Admin) wrap(h handler) gin.HandlerFunc { return a.wrapBody(h, maxBody) }

// wrapBody is wrap for a body of up to most bytes.
func (a *Admin) wrapBody(h handler, most int64) gin.HandlerFunc {
	return func(gc *gin.Context) {
		c := &call{Context: gc}
		c.Header("Cache-Control", "no-store")
		out, err := a.guard(c, h, most)
		switch {
		case err != nil:
			a.fail(c, err)
		case out != nil:
			body, err := encode(out)
			if err != nil {
				a.fail(c, err)
				return
			}
			api.Send(c.Writer, c.Request, http.StatusOK, "application/json; charset=utf-8", body)
		}
	}
}

func (a *Admin) guard(c *call, h handler, most int64) (any, error) {
	if err := a.origin.Check(c.Request); err != nil {
		return nil, app.Fail(app.CodeForbidden, "This request comes from another site.")
	}
	if strings.HasSuffix(c.Request.URL.Path, "/replay") { // with the mended body of a hook
		most = 2 * app.MaxHookBody
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, most)
	if cookie, err := c.Request.Cookie(a.cookieName(c)); err == nil && cookie.Value != "" {
		session, err := a.store.Session(c.Request.Context(), cookie.Value)
		if err == nil {
			c.session, c.secret = session, cookie.Value
			a.prolong(c)
		} else if app.CodeOf(err) != app.CodeUnauthorized {
			return nil, err
		}
	}
	r, err := c.allow()
	if err != nil {
		return nil, err
	}
	doer := app.Doer{Address: c.address()}
	if c.secret != "" {
		doer.By = app.ByUser(c.session.User)
	}
	c.Request = c.Request.WithContext(app.WithDoer(c.Request.Context(), doer))
	if r.deed != "" {
		return a.deed(c, r.deed, h)
	}
	return h(c)
}

// statuses is the one table from what went wrong to what HTTP calls it.
var statuses = map[app.Code]int{
	app.CodeInvalid:      http.StatusBadRequest,
	app.CodeUnauthorized: http.StatusUnauthorized,
	app.CodeForbidden:    http.StatusForbidden,
	app.CodeNotFound:     http.StatusNotFound,
	app.CodeConflict:     http.StatusConflict,
	app.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	app.CodeRateLimited:  http.StatusTooManyRequests,
	app.CodeUnavailable:  http.StatusServiceUnavailable,
	app.CodeInternal:     http.StatusInternalServerError,
}

func (a *Admin) fail(c *call, err error) {
	e := app.Public(err)
	id := c.Writer.Header().Get("X-Request-Id")
	gone := c.Request.Context().Err() != nil // a keystroke ends the preview of the one before
	if !gone && (e.Err != nil || e.Code == app.CodeInternal) {
		a.o.Log.Error("the dashboard's request failed", "request", id, "route", c.FullPath(), "error", err)
	}
	body, _ := encode(map[string]string{"error": e.Sentence(), "code": string(e.Code), "field": e.Field, "request_id": id})
	api.Send(c.Writer, c.Request, statuses[e.Code], "application/json; charset=utf-8", body)
}

// encode makes JSON in which < > & stay as they are.
func encode(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// decode reads a JSON body.
func (c *call) decode(into any) error {
	if c.ContentType() != "application/json" {
		return app.Invalid("", "send JSON")
	}
	if err := json.NewDecoder(c.Request.Body).Decode(into); err != nil {
		return app.Invalid("", "the body cannot be read: %v", err)
	}
	return nil
}

// apply makes one change.
func (a *Admin) apply(c *call, change app.Change) (app.Result, error) {
	results, err := a.store.Apply(c.Request.Context(), app.Batch{Changes: []app.Change{change}})
	if err != nil {
		return app.Result{}, err
	}
	return results[0], results[0].Err
}

// number reads a whole number of the query.
func (c *call) number(name string, otherwise, most int) (int, error) {
	text := c.Query(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, app.Invalid(name, "must be a whole number, not %q", text)
	}
	return min(n, most), nil
}

// page reads where a listing by row goes on.
func (a *Admin) page(c *call) (p app.Page, err error) {
	if p.Limit, err = c.number("limit", 50, 200); err != nil {
		return p, err
	}
	if v := c.Query("next_cursor"); v != "" {
		p.After, err = a.store.CursorRow(v)
	} else if v := c.Query("previous_cursor"); v != "" {
		p.Before, err = a.store.CursorRow(v)
	}
	return p, err
}

// envelope is a page of a listing.
type envelope struct {
	Data     any    `json:"data"`
	Total    *int64 `json:"total,omitempty"`
	Next     string `json:"next_cursor,omitempty"`
	Previous string `json:"previous_cursor,omitempty"`
	// Index is what the search index is doing, where a text was searched for.
	Index *app.IndexState `json:"index,omitempty"`
	// Words are the conditions on attributes, each as a sentence has it.
	Words []string `json:"words,omitempty"`
	// Loading is how much of what the page is sorted or filtered by has been read into
	// memory; until it is there, there is no data.
	Loading *float64 `json:"loading,omitempty"`
}

// cursors fills the cursors of a page whose first and last ids are given.
func (e *envelope) cursors(p app.Page, first, last string, more bool) {
	if first == "" {
		return
	}
	if p.Before != 0 || more {
		e.Next = last
	}
	if p.After != 0 || p.Before != 0 && more {
		e.Previous = first
	}
}

// stream begins a stream of events, which lasts until the client goes or stop closes.
// Each send gives the client another half minute to take it.
func (c *call) stream() func(event string, data any) error {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	c.Writer.WriteHeader(http.StatusOK)
	control := http.NewResponseController(c.Writer)
	return func(event string, data any) error {
		_ = control.SetWriteDeadline(time.Now().Add(30 * time.Second))
		text := ": here\n\n"
		if event != "" {
			body, err := encode(data)
			if err != nil {
				return err
			}
			text = "event: " + event + "\ndata: " + strings.TrimSpace(string(body)) + "\n\n"
		}
		if _, err := c.Writer.WriteString(text); err != nil {
			return err
		}
		return control.Flush()
	}
}

// keepAlive is how often a quiet stream shows that it is there.
const keepAlive = 15 * time.Second
