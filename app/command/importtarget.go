package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

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

func (l *localImport) close() error {
	l.end()
	return l.db.Close()
}

// remoteImport runs an import on a server, over its API.
type remoteImport struct {
	base            string
	public, private string
}

func newRemoteImport(server string, cfg *config.Config) (*remoteImport, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usageError{fmt.Errorf("--server must be an address such as http://127.0.0.1:5484, not %q", server)}
	}
	if cfg.KeysPublic == "" || cfg.KeysPrivate == "" {
		return nil, usageError{errors.New("a server wants both keys: set KITH_KEYS_PUBLIC and KITH_KEYS_PRIVATE (`kith keys create NAME` makes a pair)")}
	}
	base := strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"), "/v1")
	return &remoteImport{base: base + "/v1/imports", public: cfg.KeysPublic, private: cfg.KeysPrivate}, nil
}

// call sends one request; its answer's body is the caller's to close.
func (r *remoteImport) call(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, body)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(r.public, r.private)
	if body != nil {
		req.Header.Set("Content-Type", "text/csv")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", r.base, err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	var said struct{ Error string }
	text, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if json.Unmarshal(text, &said) != nil || said.Error == "" {
		return nil, fmt.Errorf("%s answered %s", r.base, res.Status)
	}
	return nil, app.Fail(app.CodeInvalid, "%s", said.Error)
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
	for key, value := range map[string]string{"id": o.ID, "match": o.Match, "list": o.List, "mode": o.Mode, "delimiter": o.Delimiter,
		"quote": o.Quote, "encoding": o.Encoding, "header": o.Header, "short_rows": o.ShortRows, "blank": o.Blank} {
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

func (r *remoteImport) close() error { return nil }
