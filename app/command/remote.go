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
)

// remote is the API of a server, with both keys.
type remote struct {
	base            string // without /v1
	public, private string
}

func newRemote(server string, cfg *config.Config) (*remote, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usageError{fmt.Errorf("--server must be an address such as http://127.0.0.1:5484, not %q", server)}
	}
	if cfg.KeysPublic == "" || cfg.KeysPrivate == "" {
		return nil, usageError{errors.New("a server wants both keys: set KITH_KEYS_PUBLIC and KITH_KEYS_PRIVATE (`kith keys create NAME` makes a pair)")}
	}
	return &remote{base: strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"), "/v1"), public: cfg.KeysPublic, private: cfg.KeysPrivate}, nil
}

// call sends one request; its answer's body is the caller's to close. What the server
// refuses is an [app.Error] with its sentence.
func (r *remote) call(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
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
	if json.Unmarshal(text, &said) != nil || said.Error == "" || res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return nil, fmt.Errorf("%s answered %s %s", r.base, res.Status, said.Error)
	}
	return nil, app.Fail(app.CodeInvalid, "%s", said.Error)
}
