package command

import (
	"context"
	"crypto/x509"
	"log/slog"

	"kith/app"
	"kith/app/admin"
	"kith/app/api"
	"kith/app/config"
	"kith/app/hook"
	"kith/app/importer"
	"kith/app/keeper"
	"kith/app/metrics"
	"kith/app/outward"
	"kith/app/privacy"
	"kith/app/requestlog"
	"kith/app/server"
	"kith/assets"
	"kith/search"
	"kith/storage"
	"kith/ui"

	"github.com/gin-gonic/gin"
)

// houseOptions say what a house of parts lives by.
type houseOptions struct {
	clock app.Clock
	// sessions is the time that people stay signed in by.
	sessions app.Clock
	log      *slog.Logger
	demo     bool
	// mock: any key is taken, and nothing is sent or fetched.
	mock bool
	// passing: the folder is thrown away at the end.
	passing bool
}

// house is an open data folder with all that works on it.
type house struct {
	db       *storage.DB
	segments *keeper.Keeper
	office   *privacy.Office
	requests *requestlog.Log
	// mount puts what answers requests on an engine; run is what works beside that.
	mount []func(*gin.Engine)
	run   []func(context.Context) error
	// around, if set, is what every request passes.
	around gin.HandlerFunc
	log    *slog.Logger
}

// openHouse opens cfg's data folder and puts the parts together. Nothing runs yet.
func openHouse(ctx context.Context, cfg *config.Config, o houseOptions) (_ *house, err error) {
	if o.demo && cfg.Workspace == config.DefaultWorkspace {
		cfg.Workspace = "MInt"
	}
	db, err := storage.Open(ctx, cfg.Data, storage.Options{Clock: o.clock, Sessions: o.sessions, Log: o.log, HooksKept: cfg.HooksKept, DiskReserve: cfg.DiskReserve, EventsKept: cfg.EventsKept, Passing: o.passing})
	if err != nil {
		return nil, err
	}
	h := &house{db: db, log: o.log}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	var wake func()
	certificate := noCertificate
	var backups admin.Backups
	if !o.mock {
		runner, err := newBackups(cfg, o.log)
		if err != nil {
			return nil, err
		}
		backups = runner
		h.run = append(h.run, runner.Run, db.KeepChecked)
		client := outward.New(outward.Options{Private: cfg.HooksPrivate, Version: Version})
		sender := outward.NewSender(db, client, o.clock, o.log)
		wake, certificate = sender.Wake, client.Certificate
		h.run = append(h.run, sender.Run)
	}
	hooks := hook.New(db, hook.Options{Clock: o.clock, Zone: cfg.Zone, Certificate: certificate, Wake: wake})
	imports := importer.NewRunner(db, importer.RunnerOptions{Clock: o.clock, Log: o.log, Zone: cfg.Zone})
	index := search.New(db, db.Folder(), search.Options{Log: o.log, Yield: imports.Writing, Segment: func(row int64) app.Rows { return h.segments.Set(row) }})
	h.segments = keeper.New(db, keeper.Options{Clock: o.clock, Zone: cfg.Zone, Log: o.log, Folder: db.Folder(), Memory: cfg.SegmentsMemory, Lean: imports.Writing})
	if err := h.segments.Load(ctx); err != nil { // its Run tries again; all else can be served
		o.log.Error("the segments are not loaded and look empty", "error", err)
	}
	requests := requestlog.New(o.clock.Now())
	dashboard, err := server.Dashboard(ui.Files, assets.Files)
	if err != nil {
		return nil, err
	}
	pinned := api.Pinned{Public: cfg.KeysPublic, Private: cfg.KeysPrivate}
	var wire *api.API
	office := privacy.New(db, privacy.Options{
		Imports: imports, Memory: []privacy.Memory{requests}, Derived: []privacy.Derived{index}, Log: o.log, Event: api.AppendEvent,
		User: func(ctx context.Context, b []byte, c *app.Customer) []byte { return wire.AppendUser(ctx, b, c) },
	})
	h.office, h.requests = office, requests
	look, err := ui.Files.ReadFile("tokens.css")
	if err != nil {
		return nil, err
	}
	wire = api.New(db, api.Options{
		Look:  string(look),
		Clock: o.clock, Zone: cfg.Zone, Pinned: pinned, AnyKey: o.mock, Version: Version,
		OrgID: db.OrgID(), Log: o.log, Requests: requests, Proxies: cfg.Proxies, KeyRate: cfg.KeyRate, AddressRate: cfg.AddressRate, Search: index, Segments: h.segments,
		Imports: imports, Hooks: hooks, URL: cfg.URL, Privacy: office,
	})
	pages := admin.New(db, admin.Options{
		Clock: o.clock, Sessions: o.sessions, Log: o.log, Requests: requests, Workspace: cfg.Workspace, Zone: cfg.Zone, Version: Version,
		URL: cfg.URL, Proxies: cfg.Proxies, Pinned: pinned.Key(), KeysChanged: wire.ForgetKeys, Demo: o.demo, Search: index, Segments: h.segments, Hooks: hooks, Imports: imports,
		Backups: backups, Wake: wake, Privacy: office,
		Activity: h.segments,
	})
	h.mount = []func(*gin.Engine){wire.Mount, pages.Mount, dashboard}
	if cfg.Metrics != config.MetricsOff && !o.mock {
		figures := metrics.New(db, metrics.Options{Version: Version, Columns: h.segments.Columns, Index: index.Index, Backups: backups.State, Everybody: cfg.Metrics == config.MetricsAll})
		h.around = figures.Around
		h.mount = append(h.mount, figures.Mount)
	}
	h.run = append(h.run, wire.Run, db.KeepHouse, db.KeepEvents, index.Run, h.segments.Run, imports.Run, office.Run)
	return h, nil
}

// close closes the data folder, after everything that ran has ended.
func (h *house) close() {
	if err := h.db.Close(); err != nil {
		h.log.Error("close the data folder", "error", err)
	}
}

// noCertificate is what a mock checks the signatures of SNS with: it fetches nothing.
func noCertificate(string) (*x509.Certificate, error) {
	return nil, app.Fail(app.CodeUnavailable, "The mock fetches nothing, so the certificate that SNS signs with is not there.")
}
