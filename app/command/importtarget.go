package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"kith/app"
	"kith/app/config"
	"kith/app/importer"
	"kith/storage"
)

// localImport runs an import in this process, on the data folder.
type localImport struct {
	db     *storage.DB
	runner *importer.Runner
	end    func()
}

func (l *localImport) status(imp *app.Import, err error) (*importStatus, error) {
	if err != nil {
		return nil, err
	}
	body, err := importer.View(imp, l.runner.Progress(imp))
	if err != nil {
		return nil, err
	}
	s := &importStatus{}
	return s, json.Unmarshal(body, s)
}

func (l *localImport) start(ctx context.Context, name string, body io.Reader, o importer.Options) (*importStatus, error) {
	return l.status(l.runner.Start(ctx, importer.Upload{Name: name, Body: body, Source: "import"}, o))
}

func (l *localImport) get(ctx context.Context, id string) (*importStatus, error) {
	return l.status(l.db.FindImport(ctx, id))
}

func (l *localImport) act(ctx context.Context, id, action string) (*importStatus, error) {
	if action == "cancel" {
		return l.status(l.runner.Cancel(ctx, id))
	}
	return l.status(l.runner.Undo(ctx, id))
}

func (l *localImport) report(ctx context.Context, id string, w io.Writer) error {
	imp, err := l.db.FindImport(ctx, id)
	if err != nil {
		return err
	}
	return l.runner.Report(ctx, imp, w)
}

func (l *localImport) refusals(ctx context.Context, id string, limit int) ([]importer.Refusal, error) {
	imp, err := l.db.FindImport(ctx, id)
	if err != nil {
		return nil, err
	}
	return l.runner.Refusals(ctx, imp, limit)
}

func (l *localImport) close() error {
	l.end()
	return l.db.Close()
}

// remoteImport runs an import on a server, over its API.
type remoteImport struct{ *remote }

func newRemoteImport(server string, cfg *config.Config) (*remoteImport, error) {
	r, err := newRemote(server, cfg)
	return &remoteImport{r}, err
}

func (r *remoteImport) call(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	return r.remote.call(ctx, method, "/v1/imports"+path, body)
}

func (r *remoteImport) status(ctx context.Context, method, path string, body io.Reader) (*importStatus, error) {
	res, err := r.call(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	s := &importStatus{}
	return s, json.NewDecoder(res.Body).Decode(s)
}

func (r *remoteImport) start(ctx context.Context, name string, body io.Reader, o importer.Options) (*importStatus, error) {
	q := url.Values{"file": {name}}
	for key, value := range map[string]string{"id": o.ID, "match": o.Match, "list": o.List, "status": o.Status, "mode": o.Mode, "delimiter": o.Delimiter,
		"quote": o.Quote, "escape": o.Escape, "encoding": o.Encoding, "header": o.Header, "short_rows": o.ShortRows, "blank": o.Blank, "nulls": o.Nulls} {
		if value != "" {
			q.Set(key, value)
		}
	}
	if o.DryRun {
		q.Set("dry_run", "true")
	}
	if len(o.Map) > 0 {
		text, err := json.Marshal(o.Map)
		if err != nil {
			return nil, err
		}
		q.Set("map", string(text))
	}
	return r.status(ctx, "POST", "?"+q.Encode(), body)
}

func (r *remoteImport) get(ctx context.Context, id string) (*importStatus, error) {
	return r.status(ctx, "GET", "/"+url.PathEscape(id), nil)
}

func (r *remoteImport) act(ctx context.Context, id, action string) (*importStatus, error) {
	return r.status(ctx, "POST", "/"+url.PathEscape(id)+"/"+action, nil)
}

func (r *remoteImport) report(ctx context.Context, id string, w io.Writer) error {
	res, err := r.call(ctx, "GET", "/"+url.PathEscape(id)+"/errors.csv", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(w, res.Body)
	return err
}

func (r *remoteImport) refusals(ctx context.Context, id string, limit int) ([]importer.Refusal, error) {
	res, err := r.call(ctx, "GET", fmt.Sprintf("/%s/errors?limit=%d", url.PathEscape(id), limit), nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var body struct{ Data []importer.Refusal }
	return body.Data, json.NewDecoder(res.Body).Decode(&body)
}

func (r *remoteImport) close() error { return nil }
