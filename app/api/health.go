package api

import (
	"context"
	"net/http"
	"strconv"

	"kith/app"

	"github.com/gin-gonic/gin"
)

// appendHealth writes whether what writes is served, and the quarantine after a restore.
func (a *API) appendHealth(ctx context.Context, b []byte) ([]byte, error) {
	b = append(b, `,"writing":`...)
	b = strconv.AppendBool(b, !a.store.Disk().Low)
	b = append(b, `,"quarantine":`...)
	q, err := a.store.Quarantine(ctx)
	if err != nil || q == nil {
		return append(b, "null"...), err
	}
	b = append(b, `{"since":"`...)
	b = q.Since.Append(b)
	b = append(b, `","of":"`...)
	b = q.Of.Append(b)
	b = append(b, `","file":`...)
	b = app.AppendQuote(b, q.File)
	return append(b, '}'), nil
}

// ready reports whether requests are served: the file can be read and written, the disk
// has room, and the last look through the file found nothing. With 503 it says why not,
// with ?verbose also how full the disk is; sizes are bytes, log is that of the database's
// log (WAL).
func (a *API) ready(c *gin.Context) {
	if err := a.store.Ready(c.Request.Context()); err != nil {
		c.Header("Retry-After", "10")
		Send(c.Writer, c.Request, http.StatusServiceUnavailable, "application/json", ErrorBody(app.Public(err).Sentence()))
		return
	}
	if _, verbose := c.GetQuery("verbose"); !verbose {
		Send(c.Writer, c.Request, http.StatusOK, "application/json", []byte(`{"status":"ready"}`))
		return
	}
	d := a.store.Disk()
	b := append([]byte(`{"status":"ready","disk":{"free":`), strconv.FormatInt(d.Free, 10)...)
	b = append(b, `,"database":`...)
	b = strconv.AppendInt(b, d.Database, 10)
	b = append(b, `,"log":`...)
	b = strconv.AppendInt(b, d.Log, 10)
	b = append(b, `},"checked":`...)
	if check := a.store.FileCheck(); check.At != 0 {
		b = append(b, '"')
		b = check.At.Append(b)
		b = append(b, '"')
	} else {
		b = append(b, "null"...)
	}
	Send(c.Writer, c.Request, http.StatusOK, "application/json", append(b, '}'))
}
