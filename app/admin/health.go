package admin

import (
	"mime"
	"net/http"
	"sort"
	"time"

	"kith/app"

	"github.com/gin-gonic/gin"
)

// Backups makes and keeps backups of the data folder.
type Backups interface {
	State() (app.BackupState, error)
	// Ask has a backup made, or the one of that name verified, and does not wait.
	Ask(verify string) error
	// Path is where a backup lies. It returns CodeNotFound for other names.
	Path(name string) (string, error)
}

// mountHealth mounts what says how the server is doing, and its backups.
func (a *Admin) mountHealth(g *gin.RouterGroup) {
	on := func(method, path string, h handler) { g.Handle(method, path, a.wrap(h)) }
	on("GET", "/health", a.health)
	on("POST", "/quarantine/end", a.endQuarantine)
	if a.o.Backups == nil {
		return
	}
	on("GET", "/backups", a.backups)
	on("POST", "/backups", a.makeBackup)
	on("POST", "/backups/:id/verify", a.verifyBackup)
	on("GET", "/backups/:id/file", a.downloadBackup)
}

// instant is nil for 0, which is no instant here.
func instant(at app.Instant) *app.Instant {
	if at == 0 {
		return nil
	}
	return &at
}

type healthView struct {
	// Ready is false when requests that write are refused; Trouble says why.
	Ready      bool            `json:"ready"`
	Trouble    string          `json:"trouble"`
	Disk       diskView        `json:"disk"`
	Feed       feedView        `json:"feed"`
	Check      *checkView      `json:"check"`
	Backup     *backupView     `json:"backup"`
	Quarantine *quarantineView `json:"quarantine"`
}

type diskView struct {
	Free     int64 `json:"free"` // bytes, as all here
	Total    int64 `json:"total"`
	Database int64 `json:"database"`
	Log      int64 `json:"log"`
	Low      bool  `json:"low"` // writing is off
}

type feedView struct {
	Head    int64        `json:"head"`
	Behind  int64        `json:"behind"` // of the slowest reader, in entries
	Readers []readerView `json:"readers"`
}

type readerView struct {
	Name   string `json:"name"`
	Seq    int64  `json:"seq"`
	Behind int64  `json:"behind"`
}

type checkView struct {
	At    app.Instant `json:"at"`
	Fault string      `json:"fault"`
}

type backupView struct {
	Last    *app.Instant `json:"last"`
	Bytes   int64        `json:"bytes"`
	Next    *app.Instant `json:"next"`
	Running bool         `json:"running"`
	Fault   string       `json:"fault"`
}

type quarantineView struct {
	Since   app.Instant `json:"since"`
	Of      app.Instant `json:"of"`
	File    string      `json:"file"`
	Waiting int64       `json:"waiting"`
}

// health says how the server is doing: the disk, how far the readers of the feed are, the
// last backup, and whether it is in quarantine after a restore.
func (a *Admin) health(c *call) (any, error) {
	ctx := c.Request.Context()
	v := healthView{Ready: true}
	if err := a.store.Ready(ctx); err != nil {
		v.Ready, v.Trouble = false, app.Public(err).Sentence()
	}
	d := a.store.Disk()
	v.Disk = diskView{d.Free, d.Total, d.Database, d.Log, d.Low}
	feed, err := a.store.FeedState(ctx)
	if err != nil {
		return nil, err
	}
	v.Feed = feedView{Head: feed.Head, Readers: []readerView{}}
	for name, seq := range feed.Readers {
		behind := max(0, feed.Head-seq)
		v.Feed.Readers = append(v.Feed.Readers, readerView{name, seq, behind})
		v.Feed.Behind = max(v.Feed.Behind, behind)
	}
	sort.Slice(v.Feed.Readers, func(i, j int) bool { return v.Feed.Readers[i].Name < v.Feed.Readers[j].Name })
	if check := a.store.FileCheck(); check.At != 0 {
		v.Check = &checkView{check.At, check.Fault}
	}
	if a.o.Backups != nil {
		s, err := a.o.Backups.State()
		if err != nil {
			a.o.Log.Warn("read the backups", "error", err)
		}
		v.Backup = &backupView{Next: instant(s.Next), Running: s.Running, Fault: s.Fault}
		if len(s.Files) > 0 {
			v.Backup.Last, v.Backup.Bytes = &s.Files[0].At, s.Files[0].Bytes
		}
	}
	q, err := a.store.Quarantine(ctx)
	if err != nil || q == nil {
		return v, err
	}
	v.Quarantine = &quarantineView{Since: q.Since, Of: q.Of, File: q.File}
	v.Quarantine.Waiting, err = a.store.OutgoingWaiting(ctx)
	return v, err
}

func (a *Admin) endQuarantine(c *call) (any, error) {
	var body struct {
		Discard bool `json:"discard"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	n, err := a.store.EndQuarantine(c.Request.Context(), body.Discard)
	if err != nil {
		return nil, err
	}
	if a.o.Wake != nil {
		a.o.Wake()
	}
	return map[string]any{"waiting": n}, nil
}

type backupFileView struct {
	Name      string       `json:"name"`
	At        app.Instant  `json:"at"`
	Bytes     int64        `json:"bytes"`
	Encrypted bool         `json:"encrypted"`
	Opens     bool         `json:"opens"` // this Kith can verify it
	Checked   *app.Instant `json:"checked"`
	Fault     string       `json:"fault"`
	Checking  bool         `json:"checking"`
}

func (a *Admin) backups(*call) (any, error) {
	s, err := a.o.Backups.State()
	if err != nil {
		a.o.Log.Warn("read the backups", "error", err) // the state says it too
	}
	files := []backupFileView{}
	for _, f := range s.Files {
		files = append(files, backupFileView{f.Name, f.At, f.Bytes, f.Encrypted, f.Opens, instant(f.Checked), f.Fault, f.Checking})
	}
	return map[string]any{
		"data": files, "folder": s.Folder, "every_seconds": int64(s.Every / time.Second), "keep": s.Keep,
		"next": instant(s.Next), "running": s.Running, "fault": s.Fault,
	}, nil
}

func (a *Admin) makeBackup(c *call) (any, error) {
	if err := a.o.Backups.Ask(""); err != nil {
		return nil, err
	}
	return a.backups(c)
}

func (a *Admin) verifyBackup(c *call) (any, error) {
	if err := a.o.Backups.Ask(c.Param("id")); err != nil {
		return nil, err
	}
	return a.backups(c)
}

// downloadBackup sends a backup as it lies there.
func (a *Admin) downloadBackup(c *call) (any, error) {
	name := c.Param("id")
	file, err := a.o.Backups.Path(name)
	if err != nil {
		return nil, err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(downloadFor))
	http.ServeFile(c.Writer, c.Request, file)
	return nil, nil
}

// downloadFor is how long a download may take.
const downloadFor = 6 * time.Hour
