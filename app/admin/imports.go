package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"kith/app"
	"kith/app/api"
	"kith/app/importer"

	"github.com/gin-gonic/gin"
)

// mountImports mounts what the page of imports needs.
func (a *Admin) mountImports(g *gin.RouterGroup) {
	if a.o.Imports == nil {
		return
	}
	on := func(method, path string, h handler) { g.Handle(method, path, a.wrap(h)) }
	on("GET", "/imports", a.imports)
	g.Handle("POST", "/imports", a.wrapBody(a.createImport, importer.MaxBytes+1<<20))
	on("GET", "/imports/:id", a.importOne)
	on("POST", "/imports/:id/start", a.startImport)
	on("POST", "/imports/:id/cancel", a.withImport((*importer.Runner).Cancel))
	on("POST", "/imports/:id/undo", a.withImport((*importer.Runner).Undo))
	on("GET", "/imports/:id/kept", a.importKept)
	on("GET", "/imports/:id/errors", a.importRefusals)
	on("GET", "/imports/:id/errors.csv", a.importErrors)
}

// importView is an import as /v1 answers it.
func (a *Admin) importView(imp *app.Import) (json.RawMessage, error) {
	return importer.View(imp, a.o.Imports.Progress(imp))
}

func (a *Admin) imports(c *call) (any, error) {
	limit, err := c.number("limit", 50, 200)
	if err != nil {
		return nil, err
	}
	var before int64
	if v := c.Query("next_cursor"); v != "" {
		if before, err = a.store.ImportCursorRow(v); err != nil {
			return nil, err
		}
	}
	imports, more, err := a.store.Imports(c.Request.Context(), before, limit)
	if err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, len(imports))
	for i := range imports {
		if out[i], err = a.importView(&imports[i]); err != nil {
			return nil, err
		}
	}
	e := &envelope{Data: out}
	if more {
		e.Next = imports[len(imports)-1].ID
	}
	return e, nil
}

// createImport takes a file for a dry run: the page decides afterwards.
func (a *Admin) createImport(c *call) (any, error) {
	name, file, err := api.ImportFile(c.Request, api.Patient(c.Writer, c.Request.Body))
	if err != nil {
		return nil, err
	}
	ctx := context.WithoutCancel(c.Request.Context())
	imp, err := a.o.Imports.Start(ctx, importer.Upload{Name: name, Body: file, Source: "import"}, importer.Options{DryRun: true})
	if err != nil {
		return nil, err
	}
	return a.importView(imp)
}

func (a *Admin) importOne(c *call) (any, error) {
	imp, err := a.store.FindImport(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return a.importView(imp)
}

// startImport begins a dry run again, or for good, with the options of the body.
func (a *Admin) startImport(c *call) (any, error) {
	var o importer.Options
	if err := c.decode(&o); err != nil {
		return nil, err
	}
	imp, err := a.o.Imports.Restart(context.WithoutCancel(c.Request.Context()), c.Param("id"), o)
	if err != nil {
		return nil, err
	}
	return a.importView(imp)
}

func (a *Admin) withImport(do func(*importer.Runner, context.Context, string) (*app.Import, error)) handler {
	return func(c *call) (any, error) {
		imp, err := do(a.o.Imports, context.WithoutCancel(c.Request.Context()), c.Param("id"))
		if err != nil {
			return nil, err
		}
		return a.importView(imp)
	}
}

type keptView struct {
	ID     string `json:"id"`
	UID    string `json:"uid"`
	Reason string `json:"reason"`
}

// keptShown bounds the list of customers that an undo left.
const keptShown = 200

func (a *Admin) importKept(c *call) (any, error) {
	imp, err := a.store.FindImport(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	kept, err := a.store.ImportKept(c.Request.Context(), imp.Row, 0, keptShown)
	if err != nil {
		return nil, err
	}
	out := []keptView{}
	for _, k := range kept {
		out = append(out, keptView{ID: k.ID, UID: k.UID, Reason: k.Reason})
	}
	return envelope{Data: out}, nil
}

// importRefusals answers the first rows that were refused.
func (a *Admin) importRefusals(c *call) (any, error) {
	limit, err := c.number("limit", 20, 200)
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
	return envelope{Data: rows}, nil
}

// importErrors sends the refused rows as a file.
func (a *Admin) importErrors(c *call) (any, error) {
	imp, err := a.store.FindImport(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	name := strings.TrimSuffix(imp.File, ".csv") + ".errors.csv"
	h.Set("Content-Disposition", `attachment; filename="`+strings.Map(plainName, name)+`"`)
	c.Writer.WriteHeader(http.StatusOK)
	out := &timed{w: c.Writer, control: http.NewResponseController(c.Writer)}
	if err := a.o.Imports.Report(c.Request.Context(), imp, out); err != nil {
		a.o.Log.Warn("a report broke off", "import", imp.ID, "error", err)
		panic(http.ErrAbortHandler) // the browser sees that the file is not whole
	}
	return nil, nil
}

// plainName keeps what may stand in the header of a download.
func plainName(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '/' {
		return '_'
	}
	return r
}

// timed gives the client time for each piece.
type timed struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (t *timed) Write(b []byte) (int, error) {
	_ = t.control.SetWriteDeadline(time.Now().Add(time.Minute))
	return t.w.Write(b)
}
