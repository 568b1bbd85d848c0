package api

import (
	"kith/app"
	"kith/app/ingest"
)

// postHog takes the events that PostHog forwards.
// Engage: POST /posthog, without /v1, with both keys.
func (a *API) postHog(c *call) ([]byte, error) {
	event, err := ingest.PostHog(c.body, c.context())
	if err != nil {
		return nil, err
	}
	if event.OnlyKnown {
		_, err := a.store.Find(c.Request.Context(), event.UID)
		if app.CodeOf(err) == app.CodeNotFound && err != nil {
			return statusOK, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if len(event.Changes) == 0 {
		return statusOK, nil
	}
	return c.apply(event.Changes, func(_ app.Reader, results []app.Result) ([]byte, error) {
		for _, res := range results {
			if res.Err != nil && app.CodeOf(res.Err) != app.CodeNotFound { // $unset of whom nobody knows
				return nil, res.Err
			}
		}
		return statusOK, nil
	})
}
