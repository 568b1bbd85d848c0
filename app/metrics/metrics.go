// Package metrics says how Kith is doing, in Prometheus' form, under /metrics: how many
// requests came and how long each took, how the writer and the readers of the feed are
// doing, the search, the disk, the backups. It counts and asks; it changes nothing.
//
// The invariant: no label holds anything of a customer, a key or a path's own parts, so
// that the number of series does not grow with the data.
package metrics

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"kith/app"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Store is what is asked at each look.
type Store interface {
	FeedState(ctx context.Context) (app.FeedState, error)
	Totals(ctx context.Context) (app.Totals, error)
	WriterStats() app.WriterStats
	Disk() app.Disk
	FileCheck() app.FileCheck
	Ready(ctx context.Context) error
	Quarantine(ctx context.Context) (*app.Quarantine, error)
}

// Options configure New.
type Options struct {
	Version string
	// Columns says what the columns of the segments take, in bytes.
	Columns func() (bytes int64, ready bool)
	// Index says how far the search index is.
	Index func() app.IndexState
	// Backups says how the backups are doing; nil when there are none.
	Backups func() (app.BackupState, error)
	// Everybody lets any address read them; otherwise only this machine's programs may, and
	// nothing that came through a proxy.
	Everybody bool
}

// Metrics counts requests and gathers the rest.
type Metrics struct {
	o        Options
	registry *prometheus.Registry
	took     [surfaces][classes]prometheus.Observer
}

// The surfaces that requests are told apart by.
const (
	write = iota // Engage's API: what writes
	read
	search
	hooks
	dashboard
	other
	surfaces
)

var surfaceNames = [surfaces]string{"write", "read", "search", "hooks", "dashboard", "other"}

// The classes of answers.
const classes = 5

var classNames = [classes]string{"1xx", "2xx", "3xx", "4xx", "5xx"}

// New returns Metrics over a store.
func New(store Store, o Options) *Metrics {
	m := &Metrics{o: o, registry: prometheus.NewRegistry()}
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "kith_http_request_seconds", Help: "How long requests took, from their head to the end of the answer; streams are left out.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"surface", "status"})
	for s := range surfaces {
		for c := range classes {
			m.took[s][c] = took.WithLabelValues(surfaceNames[s], classNames[c])
		}
	}
	m.registry.MustRegister(took, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{store, o})
	return m
}

// Around is the middleware that counts.
func (m *Metrics) Around(c *gin.Context) {
	began := time.Now()
	c.Next()
	if c.Writer.Header().Get("Content-Type") == "text/event-stream; charset=utf-8" {
		return
	}
	class := min(max(c.Writer.Status()/100-1, 0), classes-1)
	m.took[surfaceOf(c.Request)][class].Observe(time.Since(began).Seconds())
}

// surfaceOf tells requests apart by their method and the beginning of their path.
func surfaceOf(r *http.Request) int {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/api/v1/") || strings.HasPrefix(path, "/api/v2/"): // Customer.io's clients
	case strings.HasPrefix(path, "/api/"):
		return dashboard
	case strings.HasPrefix(path, "/hooks/"):
		return hooks
	case strings.HasPrefix(path, "/app") || strings.HasPrefix(path, "/_/") || path == "/" || path == "/metrics" || path == "/healthz" || path == "/readyz":
		return other
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if strings.Contains(r.URL.RawQuery, "query=") {
			return search
		}
		return read
	case http.MethodOptions:
		return other
	}
	return write
}

// Mount puts /metrics on an engine.
func (m *Metrics) Mount(engine *gin.Engine) {
	h := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	engine.GET("/metrics", func(c *gin.Context) {
		if !m.o.Everybody && !isLocal(c.Request) {
			c.Data(http.StatusForbidden, "application/json; charset=utf-8", []byte(`{"error":"Only programs on this machine may read the metrics. The setting metrics.access lets others."}`))
			return
		}
		h.ServeHTTP(c.Writer, c.Request)
	})
}

// isLocal reports whether a request comes from a program on this machine, and not through a proxy.
func isLocal(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// collector asks the store at each look.
type collector struct {
	store Store
	o     Options
}

// The series that are asked for.
var (
	descInfo     = desc("kith_info", "1; the label says the version.", "version")
	descReady    = desc("kith_ready", "1 when requests that write are served.")
	descCommits  = desc("kith_writer_commits_total", "Transactions that the writer has committed since the start.")
	descChanges  = desc("kith_writer_changes_total", "Changes, and rows of files, that it has taken since the start.")
	descRefused  = desc("kith_writer_failures_total", "Transactions that were undone since the start.")
	descGroup    = desc("kith_writer_group_size", "Requests that shared one transaction.")
	descWaiting  = desc("kith_writer_waiting", "Changes that wait for the writer.")
	descEvents   = desc("kith_events_stored_total", "Events ever stored.")
	descFlips    = desc("kith_segment_flips_total", "Entries and leavings of segments ever written.")
	descThings   = desc("kith_things", "What there is.", "what")
	descHead     = desc("kith_feed_head", "The number of the newest entry of the feed.")
	descBehind   = desc("kith_feed_behind", "How many entries a reader of the feed is behind.", "reader")
	descDisk     = desc("kith_disk_bytes", "The disk of the data folder: free, total.", "what")
	descFile     = desc("kith_database_bytes", "The database: its file, and its log (WAL).", "file")
	descLow      = desc("kith_disk_low", "1 when writing is off for want of space.")
	descColumns  = desc("kith_columns_bytes", "Memory that the columns of the segments take.")
	descIndexed  = desc("kith_search_customers", "Customers in the search index.")
	descIndex    = desc("kith_search_ready", "1 when everything can be searched.")
	descBackup   = desc("kith_backup_last_seconds", "When the newest backup was made, in seconds since 1970; 0: there is none.")
	descBackupOK = desc("kith_backup_failing", "1 when the last attempt failed.")
	descBackupN  = desc("kith_backup_bytes", "The size of the newest backup.")
	descQuar     = desc("kith_quarantine", "1 while nothing is sent after a restore.")
	descDamaged  = desc("kith_database_damaged", "1 when the last look through the file found a fault.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe says nothing: the series are not the same at each look.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect asks the store.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v int64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	flag := func(d *prometheus.Desc, on bool) {
		v := 0.0
		if on {
			v = 1
		}
		gauge(d, v)
	}
	gauge(descInfo, 1, c.o.Version)
	flag(descReady, c.store.Ready(ctx) == nil)
	w := c.store.WriterStats()
	counter(descCommits, w.Commits)
	counter(descChanges, w.Changes)
	counter(descRefused, w.Failures)
	counter(descEvents, w.Events)
	counter(descFlips, w.Flips)
	gauge(descWaiting, float64(w.Waiting))
	out <- groupSizes(w)
	disk := c.store.Disk()
	gauge(descDisk, float64(disk.Free), "free")
	gauge(descDisk, float64(disk.Total), "total")
	gauge(descFile, float64(disk.Database), "database")
	gauge(descFile, float64(disk.Log), "log")
	flag(descLow, disk.Low)
	flag(descDamaged, c.store.FileCheck().Fault != "")
	feed, ferr := c.store.FeedState(ctx)
	if ferr == nil {
		gauge(descHead, float64(feed.Head))
		for name, seq := range feed.Readers {
			gauge(descBehind, float64(max(0, feed.Head-seq)), name)
		}
	}
	totals, terr := c.store.Totals(ctx)
	if terr == nil {
		for what, n := range map[string]int64{"customers": totals.Customers, "accounts": totals.Accounts, "events": totals.Events, "lists": totals.Lists} {
			gauge(descThings, float64(n), what)
		}
	}
	q, qerr := c.store.Quarantine(ctx)
	flag(descQuar, q != nil)
	if err := errors.Join(ferr, terr, qerr); err != nil {
		out <- prometheus.NewInvalidMetric(descReady, err)
	}
	if c.o.Columns != nil {
		bytes, _ := c.o.Columns()
		gauge(descColumns, float64(bytes))
	}
	if c.o.Index != nil {
		index := c.o.Index()
		gauge(descIndexed, float64(index.Indexed))
		flag(descIndex, index.Ready())
	}
	c.backups(gauge, flag)
}

func (c *collector) backups(gauge func(*prometheus.Desc, float64, ...string), flag func(*prometheus.Desc, bool)) {
	if c.o.Backups == nil {
		return
	}
	s, err := c.o.Backups()
	flag(descBackupOK, err != nil || s.Fault != "")
	var last app.BackupFile
	if len(s.Files) > 0 {
		last = s.Files[0]
	}
	gauge(descBackup, float64(last.At)/1000)
	gauge(descBackupN, float64(last.Bytes))
}

// groupSizes is the writer's own count as a histogram.
func groupSizes(w app.WriterStats) prometheus.Metric {
	buckets, sum := map[float64]uint64{}, uint64(0)
	for i, n := range w.Groups {
		sum += uint64(n)
		if i < len(w.Groups)-1 {
			buckets[float64(int64(1)<<i)] = sum
		}
	}
	return prometheus.MustNewConstHistogram(descGroup, sum, float64(w.Jobs), buckets)
}
