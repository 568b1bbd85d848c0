// Package api is the wire surface of Engage, and Kith's extensions under /v1: it
// decodes, authenticates, calls, and encodes in Engage's shapes. One file per resource.
// It holds no rule about customers of its own: app/ingest reads bodies, storage decides.
//
// The invariant: every answer is JSON, every failure is {"error":"a sentence"} with a
// status in one table, and nothing is answered before it is on the disk.
package api

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"kith/app"
	"kith/app/config"
	"kith/app/hook"
	"kith/app/importer"
	"kith/app/ingest"
	"kith/app/requestlog"

	"github.com/gin-gonic/gin"
)

// Store is what the API needs of storage.
type Store interface {
	app.Reader
	Apply(ctx context.Context, b app.Batch) ([]app.Result, error)
	CursorRow(id string) (int64, error)
	ListCursorRow(id string) (int64, error)
	EachCustomer(ctx context.Context, f func(*app.Customer) error) error
	EachEvent(ctx context.Context, filter app.EventFilter, f func(*app.Event) error) error
	FollowStore
	EventNames(ctx context.Context, fromDay int64) ([]app.EventStat, error)
	Attributes(ctx context.Context) ([]app.AttributeStat, error)
	Lists(ctx context.Context, p app.Page) ([]app.List, bool, error)
	SegmentStore
	SegmentCursorRow(id string) (int64, error)
	FeedState(ctx context.Context) (app.FeedState, error)
	AwaitReaders(ctx context.Context) (bool, error)
	BeginDeed(ctx context.Context, action, target string, detail map[string]any) (int64, error)
	EndDeed(ctx context.Context, deed int64, state app.DeedState, detail map[string]any) error
	ConfirmationToken(list, customer int64) string
	Keys(ctx context.Context) ([]app.Key, error)
	TouchKeys(ctx context.Context, used map[int64]app.Instant) error
	Ready(ctx context.Context) error
	Disk() app.Disk
	FileCheck() app.FileCheck
	Quarantine(ctx context.Context) (*app.Quarantine, error)

	Integrations(ctx context.Context) ([]app.Integration, error)
	FindIntegration(ctx context.Context, id string) (*app.Integration, error)
	IntegrationByToken(ctx context.Context, token string) (*app.Integration, error)
	DeleteIntegration(ctx context.Context, i *app.Integration) error
	Deliveries(ctx context.Context, f app.DeliveryFilter, limit int) ([]app.Delivery, bool, error)
	Delivery(ctx context.Context, id string) (*app.Delivery, error)
	DeliveryRow(id string) (int64, error)
	FindImport(ctx context.Context, id string) (*app.Import, error)
	Imports(ctx context.Context, before int64, limit int) ([]app.Import, bool, error)
	ImportCursorRow(id string) (int64, error)
}

// Options configure New.
type Options struct {
	// Look is the style sheet with the dashboard's colours and sizes, for /docs.
	Look  string
	Clock app.Clock
	// Zone is the workspace's, for timestamps that name none. Default UTC.
	Zone *time.Location
	// Pinned is a key pair from the configuration; with an empty Public there is none.
	Pinned Pinned
	// AnyKey takes every key pair, for development: what was sent with the private key is
	// told from what was not, but neither is looked up.
	AnyKey  bool
	Version string
	// OrgID is what GET /account answers as the workspace's id.
	OrgID    string
	Log      *slog.Logger
	Requests *requestlog.Log
	// Search answers GET /users?query=; without it, and until it is ready, storage does.
	Search Searcher
	// Hooks takes what services post; without it there are no integrations.
	Hooks *hook.Desk
	// URL is how others reach this Kith, "" for the address that they used.
	URL string
	// Imports runs files of customers; without it there is no /imports.
	Imports *importer.Runner
	// Segments knows who is in which segment; without it nobody is in any.
	Segments Segments
	// Privacy erases customers and writes their dossiers.
	Privacy Privacy
	// Proxies are trusted to say where a request came from, and whether over HTTPS.
	Proxies config.Proxies
	// KeyRate and AddressRate bound how many requests come with one key, and from one
	// address. Default: any number.
	KeyRate, AddressRate config.Rate
}

// Privacy answers what a person may ask for: everything that is kept, and its end.
type Privacy interface {
	// Erase removes a customer from everywhere; settled is false while files are still being
	// cleaned. It returns CodeNotFound if there is none.
	Erase(ctx context.Context, uid string) (settled bool, err error)
	// Dossier writes everything that is kept about a customer as JSON.
	Dossier(ctx context.Context, customer int64, w io.Writer) error
}

// API serves Engage's endpoints.
type API struct {
	store Store
	keys  *keyring
	o     Options
	// membership answers who is in which segment.
	membership *Membership
	perKey     *limiter
	perAddress *limiter
}

// New returns an API over a store.
func New(store Store, o Options) *API {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &API{store: store, keys: newKeyring(store, o), o: o, membership: NewMembership(store, o.Segments),
		perKey: newLimiter(o.KeyRate), perAddress: newLimiter(o.AddressRate)}
}

// Run does what the API does beside answering, until ctx ends: it notes when keys were
// last used.
func (a *API) Run(ctx context.Context) error { return a.keys.run(ctx, a.o.Log) }

// ForgetKeys says that a key pair was made or revoked in this process, so that it works,
// or does not, from the next request on.
func (a *API) ForgetKeys() { a.keys.forget() }

// AppendUser appends the User object of a customer, as every answer has it.
func (a *API) AppendUser(ctx context.Context, b []byte, c *app.Customer) []byte {
	return a.appendUser(ctx, b, c)
}

// AppendEvent appends an event as exports have it.
func AppendEvent(b []byte, e *app.Event) []byte { return appendEvent(b, e, false) }

// Mount puts the API's routes on an engine, with and without /v1.
func (a *API) Mount(engine *gin.Engine) {
	for _, prefix := range []string{"", "/v1"} {
		g := engine.Group(prefix)
		g.Any("/users", a.users)
		g.Any("/users/*rest", a.users)
		g.POST("/batch", a.anyBatch)
		a.route(g, "POST", "/posthog", full, a.postHog)
		a.mountLists(g)
		a.mountSegments(g)
		a.route(g, "GET", "/data/attributes", full, a.attributes)
		a.mountSending(g)
		a.mountWidgets(g)
		a.mountImports(g)
		a.route(g, "GET", "/status", full, a.status)
		a.route(g, "GET", "/export/customers", full, a.exportCustomers)
		a.route(g, "GET", "/export/events", full, a.exportEvents)
		a.mountIntegrations(g)
	}
	a.mountHooks(engine)
	a.mountPipelines(engine)
	a.route(engine.Group("/v1"), "GET", "/events", full, a.eventNames)
	a.mountPublic(engine)
	a.mountDocs(engine)
}

// level is what a call's keys must prove.
type level int

const (
	anybody  level = iota // no key at all
	public                // the public key alone will do. Engage: "username authentication"
	full                  // both keys
	writeKey              // a public key, or a connection's own key, as pipelines' SDKs send it
	trackKey              // both keys, or a connection's own key as the password: Customer.io's clients
)

// handler answers one call with an encoded JSON body.
type handler func(*call) ([]byte, error)

// route puts a handler and its preflight on a path.
func (a *API) route(g gin.IRoutes, method, path string, need level, h handler) {
	g.Handle(method, path, func(c *gin.Context) { a.serve(c, need, h) })
}

// call is one request being answered.
type call struct {
	*gin.Context
	api     *API
	key     *app.Key
	trusted bool   // the private key came along
	token   string // of the connection whose own key came along instead
	through int64  // the row of that connection
	hidden  string // what the log shows for the path, where that holds a secret
	uid     string // of the path
	ending  string // of a call below /users: "/users" and the word behind the id
	arg     string // the path's second part: an attribute, a token, an account
	body    []byte
	at      time.Time
	status  int  // of success; 0 is 200
	final   bool // trying again soon will not help
}

// context is what ingest needs to know of the call.
func (c *call) context() ingest.Context {
	source := "api"
	if !c.trusted {
		source = "client"
	}
	return ingest.Context{Now: app.InstantOf(c.api.o.Clock.Now()), Zone: c.api.o.Zone, Trusted: c.trusted, Source: source}
}

// source is where the call's Changes come from.
func (c *call) source() string { return c.context().Source }

// serve authenticates, reads the body, calls the handler, answers and logs.
func (a *API) serve(gc *gin.Context, need level, h handler) {
	a.answerCall(newCall(a, gc), need, h)
}

func newCall(a *API, gc *gin.Context) *call { return &call{Context: gc, api: a, at: time.Now()} }

func (a *API) answerCall(c *call, need level, h handler) {
	a.cors(c)
	body, err := a.prepare(c, need, h)
	a.answer(c, body, err)
}

func (a *API) prepare(c *call, need level, h handler) ([]byte, error) {
	err := a.enter(c, need)
	if err != nil {
		if app.CodeOf(err) != app.CodeRateLimited || c.key != nil {
			// Read a small body all the same: the log shows it, and the connection stays usable.
			c.body, _ = readBody(c, 64<<10)
		}
		return nil, err
	}
	if c.body, err = readBody(c, bodyLimit(c.Request.URL.Path)); err != nil {
		return nil, err
	}
	return h(c)
}

// enter lets in who may call: not too often from one address, with a key where one is
// needed, that may do this and is not used too often either.
func (a *API) enter(c *call, need level) error {
	if !strings.HasPrefix(c.FullPath(), "/hooks/") { // services share addresses, and would only send again
		if err := c.pace(a.perAddress, network(c.ClientIP()), "address"); err != nil {
			return err
		}
	}
	if need == anybody {
		return nil
	}
	if err := a.authenticate(c, need); err != nil {
		return err
	}
	return a.admit(c, need)
}

// admit holds a key that was found against what it may do, and how often.
func (a *API) admit(c *call, need level) error {
	if c.key == nil {
		return nil
	}
	if err := c.allow(need); err != nil {
		return err
	}
	return c.pace(a.perKey, c.key.Public, "key")
}

// lasting is the context of a write and its answer. It outlives the connection: a write
// that waits in the writer's queue happens all the same, and an answer that could not
// be made, because its client hung up, would undo the transaction that it shares with others.
func (c *call) lasting() context.Context {
	return app.WithDoer(context.WithoutCancel(c.Request.Context()), c.doer())
}

// apply writes changes and encodes the answer from what was written. With an
// Idempotency-Key the answer is made inside the transaction and kept with it.
func (c *call) apply(changes []app.Change, encode func(r app.Reader, results []app.Result) ([]byte, error)) ([]byte, error) {
	b := app.Batch{Changes: changes}
	if key := c.GetHeader("Idempotency-Key"); key != "" {
		if len(key) > app.MaxIdempotencyKey {
			return nil, app.Invalid("Idempotency-Key", "has %d bytes; it can have %d", len(key), app.MaxIdempotencyKey)
		}
		b.Once = c.once(key, encode)
	}
	results, err := c.api.store.Apply(c.lasting(), b)
	if err != nil {
		return nil, err
	}
	if b.Once != nil && b.Once.Answer != nil {
		if b.Once.Repeated {
			c.Header("Idempotent-Replayed", "true")
		}
		c.status = b.Once.Status
		return b.Once.Answer, nil
	}
	return encode(c.api.store, results)
}

// one is apply for a single change.
func (c *call) one(change app.Change, encode func(r app.Reader, res app.Result) ([]byte, error)) ([]byte, error) {
	return c.apply([]app.Change{change}, func(r app.Reader, results []app.Result) ([]byte, error) {
		if results[0].Err != nil {
			return nil, results[0].Err
		}
		return encode(r, results[0])
	})
}

var (
	statusOK     = []byte(`{"status":"ok"}`)
	statusQueued = []byte(`{"status":"queued"}`)
)

func answerOK(app.Reader, app.Result) ([]byte, error) { return statusOK, nil }
