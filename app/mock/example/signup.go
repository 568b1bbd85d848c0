package example

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Engage is a team's own small client of Engage's API. In production BaseURL is
// https://api.engage.so/v1; in tests it is the mock's address.
type Engage struct {
	BaseURL, Public, Private string
	HTTP                     *http.Client
}

// SignUp tells Engage of a new customer. It tries three times; the same Idempotency-Key
// makes the event count once, though an answer got lost.
func (e *Engage) SignUp(ctx context.Context, id, email string) error {
	user := "/users/" + url.PathEscape(id)
	if err := e.send(ctx, "PUT", user, "", map[string]any{"email": email, "plan": "trial"}); err != nil {
		return err
	}
	return e.send(ctx, "POST", user+"/events", "signed-up-"+id, map[string]any{"event": "Signed up"})
}

func (e *Engage) send(ctx context.Context, method, path, once string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := e.try(ctx, method, path, once, raw)
		if err == nil || attempt == 3 || ctx.Err() != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (e *Engage) try(ctx context.Context, method, path, once string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, e.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(e.Public, e.Private)
	req.Header.Set("Content-Type", "application/json")
	if once != "" {
		req.Header.Set("Idempotency-Key", once)
	}
	res, err := e.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("engage answered %s", res.Status)
	}
	return nil
}
