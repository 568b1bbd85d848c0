package api

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kith/app"
	"kith/app/importer"
	"kith/app/requestlog"

	"github.com/gin-gonic/gin"
)

// mountImports mounts the imports of files, which Engage's API lacks.
func (a *API) mountImports(g gin.IRoutes) {
	if a.o.Imports == nil {
		return
	}
	g.Handle("POST", "/imports", a.createImport)
	a.route(g, "GET", "/imports", full, a.imports)
	a.route(g, "GET", "/imports/:id", full, a.getImport)
	a.route(g, "GET", "/imports/:id/errors", full, a.importRefusals)
	a.route(g, "GET", "/imports/:id/errors.csv", full, a.importErrors)
	a.route(g, "POST", "/imports/:id/start", full, a.startImport)
	a.route(g, "POST", "/imports/:id/cancel", full, a.withImport((*importer.Runner).Cancel))
	a.route(g, "POST", "/imports/:id/undo", full, a.withImport((*importer.Runner).Undo))
}

// uploadPause is how long an upload may stand still.
const uploadPause = time.Minute

// Patient returns a body that may take longer than any request, as long as something of
// it arrives every minute.
func Patient(w http.ResponseWriter, body io.Reader) io.Reader {
	return &patient{body, http.NewResponseController(w), time.Time{}}
}

type patient struct {
	in      io.Reader
	control *http.ResponseController
	next    time.Time
}

func (p *patient) Read(b []byte) (int, error) {
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(uploadPause / 6)
		_ = p.control.SetReadDeadline(now.Add(uploadPause))
		_ = p.control.SetWriteDeadline(now.Add(2 * uploadPause))
	}
	return p.in.Read(b)
}

// createImport takes a file as the body, or as a form's file, and streams it to the disk.
func (a *API) createImport(gc *gin.Context) {
	c := &call{Context: gc, api: a, at: time.Now()}
	a.cors(c)
	body, err := a.takeImport(c)
	a.answer(c, body, err)
}

func (a *API) takeImport(c *call) ([]byte, error) {
	if err := a.enter(c, full); err != nil {
		c.body, _ = readBody(c, 64<<10)
		return nil, err
	}
	// With an Idempotency-Key the answer would have to be kept before the file is known.
	if c.GetHeader("Idempotency-Key") != "" {
		return nil, app.Invalid("Idempotency-Key", "is not taken with a file: importing it again changes nothing")
	}
	var o importer.Options
	if err := importOptions(c, &o); err != nil {
		return nil, err
	}
	if c.Request.ContentLength > importer.MaxBytes {
		return nil, app.Fail(app.CodeTooLarge, "The file is larger than %d GB, the limit of an import.", importer.MaxBytes>>30)
	}
	body := Patient(c.Writer, c.Request.Body)
	name, file, err := ImportFile(c.Request, body)
	if err != nil {
		return nil, err
	}
	shown := &beginning{in: file}
	imp, err := a.o.Imports.Start(c.lasting(), importer.Upload{Name: name, Body: shown, Source: c.source()}, o)
	c.body = shown.kept
	if err != nil {
		return nil, err
	}
	c.status = http.StatusAccepted
	return a.importBody(imp)
}

// beginning keeps the first bytes of a file, for the log of requests.
type beginning struct {
	in   io.Reader
	kept []byte
}

func (b *beginning) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if room := requestlog.MaxShown - len(b.kept); room > 0 {
		b.kept = append(b.kept, p[:min(n, room)]...)
	}
	return n, err
}

// ImportFile finds the file in a request: its body, or the part "file" of a form. body is
// the request's, or a reader over it.
func ImportFile(r *http.Request, body io.Reader) (name string, file io.Reader, err error) {
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity", "gzip", "x-gzip": // a packed file is told by its own first bytes
	default:
		return "", nil, app.Invalid("Content-Encoding", "%q is not understood; send gzip, or nothing packed", encoding)
	}
	_, disposition, _ := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
	if name = disposition["filename"]; name == "" {
		name = r.URL.Query().Get("file")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return name, body, nil
	}
	r.Body = io.NopCloser(body)
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, app.Invalid("", "the form cannot be read: %v", err)
	}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return "", nil, app.Invalid("file", `the form has no part named "file"`)
		}
		if err != nil {
			return "", nil, app.Invalid("", "the form cannot be read: %v", err)
		}
		if part.FormName() == "file" {
			return part.FileName(), part, nil
		}
	}
}

// importOptions reads what the query asks for into o; what it does not name stays.
func importOptions(c *call, o *importer.Options) (err error) {
	for name, into := range map[string]*string{"id": &o.ID, "match": &o.Match, "list": &o.List, "status": &o.Status, "mode": &o.Mode, "delimiter": &o.Delimiter, "quote": &o.Quote, "escape": &o.Escape,
		"encoding": &o.Encoding, "header": &o.Header, "short_rows": &o.ShortRows, "blank": &o.Blank, "nulls": &o.Nulls} {
		if v, given := c.GetQuery(name); given {
			*into = v
		}
	}
	if text := c.Query("dry_run"); text != "" {
		if o.DryRun, err = strconv.ParseBool(text); err != nil {
			return app.Invalid("dry_run", "must be true or false, not %q", shorten(text))
		}
	}
	if text, given := c.GetQuery("map"); given {
		o.Map, err = importer.ParseMap(text)
	}
	return err
}

// startImport begins a dry run for good, or again: as it was tried, but for the options
// that the query names.
func (a *API) startImport(c *call) ([]byte, error) {
	imp, err := a.store.FindImport(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	o, err := importer.OptionsOf(imp)
	if err != nil {
		return nil, err
	}
	o.DryRun = false
	if err := importOptions(c, &o); err != nil {
		return nil, err
	}
	if imp, err = a.o.Imports.Restart(c.lasting(), imp.ID, o); err != nil {
		return nil, err
	}
	c.status = http.StatusAccepted
	return a.importBody(imp)
}

func (a *API) withImport(do func(*importer.Runner, context.Context, string) (*app.Import, error)) handler {
	return func(c *call) ([]byte, error) {
		imp, err := do(a.o.Imports, c.lasting(), c.Param("id"))
		if err != nil {
			return nil, err
		}
		return a.importBody(imp)
	}
}

func (a *API) getImport(c *call) ([]byte, error) {
	imp, err := a.store.FindImport(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return a.importBody(imp)
}

func (a *API) imports(c *call) ([]byte, error) {
	p, err := c.page(a.store.ImportCursorRow)
	if err != nil {
		return nil, err
	}
	if p.Before != 0 {
		return nil, app.Invalid("previous_cursor", "imports are listed onwards only")
	}
	imports, more, err := a.store.Imports(c.Request.Context(), p.After, p.Limit)
	if err != nil {
		return nil, err
	}
	b := []byte(`{"data":[`)
	ids := make([]string, len(imports))
	for i := range imports {
		b = comma(b, i)
		one, err := a.importBody(&imports[i])
		if err != nil {
			return nil, err
		}
		b = append(b, one...)
		ids[i] = imports[i].ID
	}
	return appendCursors(append(b, ']'), p, ids, more), nil
}

// importRefusals answers the first rows that were refused.
func (a *API) importRefusals(c *call) ([]byte, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	imp, err := a.store.FindImport(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	rows, err := a.o.Imports.Refusals(c.Request.Context(), imp, limit)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"data": rows})
}

// importErrors streams the rows that were refused, as they came.
func (a *API) importErrors(c *call) ([]byte, error) {
	imp, err := a.store.FindImport(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	s := c.stream("text/csv; charset=utf-8", "errors.csv")
	return nil, s.end(a.o.Imports.Report(c.Request.Context(), imp, &lined{s}))
}

// lined gives the client time for each piece of a stream.
type lined struct{ *stream }

func (l *lined) Write(b []byte) (int, error) {
	if err := l.line(); err != nil {
		return 0, err
	}
	return l.stream.Write(b)
}

// importBody is an Import on the wire.
func (a *API) importBody(imp *app.Import) ([]byte, error) {
	return importer.View(imp, a.o.Imports.Progress(imp))
}
