package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"kith/app"
	"kith/app/hook"
	"kith/app/integration"

	"github.com/gin-gonic/gin"
)

// mountIntegrations mounts the connections to services outside, and their deliveries.
func (a *API) mountIntegrations(g gin.IRoutes) {
	if a.o.Hooks == nil {
		return
	}
	a.route(g, "GET", "/integrations", full, a.integrations)
	a.route(g, "POST", "/integrations", full, a.createIntegration)
	a.route(g, "GET", "/integrations/:id", full, a.getIntegration)
	a.route(g, "PUT", "/integrations/:id", full, a.putIntegration)
	a.route(g, "DELETE", "/integrations/:id", full, a.deleteIntegration)
	a.route(g, "GET", "/integrations/:id/deliveries", full, a.deliveries)
	a.route(g, "GET", "/integrations/:id/deliveries/:did", full, a.delivery)
	a.route(g, "POST", "/integrations/:id/deliveries/:did/replay", full, a.replay)
}

// mountHooks mounts the addresses that services post to. Some look first whether
// anybody is there.
func (a *API) mountHooks(engine *gin.Engine) {
	if a.o.Hooks == nil {
		return
	}
	hooks := func(h handler) gin.HandlerFunc {
		return func(gc *gin.Context) {
			c := newCall(a, gc)
			c.hidden = "/hooks/…"
			a.answerCall(c, anybody, h)
		}
	}
	engine.POST("/hooks/:token", hooks(a.receive))
	engine.GET("/hooks/:token", hooks(a.probe))
	engine.HEAD("/hooks/:token", hooks(a.probe))
}

// receive takes what a service posts. It answers once the body is on the disk.
func (a *API) receive(c *call) ([]byte, error) {
	r := &integration.Request{Body: c.body, Header: c.Request.Header, URL: a.address(c.Request)}
	receipt, err := a.o.Hooks.Receive(c.lasting(), c.Param("token"), r, false)
	if err != nil {
		return nil, err
	}
	b := append([]byte(`{"status":"ok","id":`), app.Quote(receipt.Delivery.ID)...)
	b = append(b, `,"state":`...)
	b = app.AppendQuote(b, receipt.Delivery.State.String())
	return append(b, '}'), nil
}

// probe answers a service that looks whether the address is there before it posts.
func (a *API) probe(c *call) ([]byte, error) {
	if _, err := a.store.IntegrationByToken(c.Request.Context(), c.Param("token")); err != nil {
		return nil, err
	}
	return statusOK, nil
}

// address is the whole address of a request as its sender wrote it.
func (a *API) address(r *http.Request) string {
	base := strings.TrimRight(a.o.URL, "/")
	if base == "" {
		scheme := "http"
		if a.o.Proxies.Secure(r) {
			scheme = "https"
		}
		base = scheme + "://" + r.Host
	}
	return base + r.URL.RequestURI()
}

func encodeJSON(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

func (a *API) integrations(c *call) ([]byte, error) {
	all, err := a.store.Integrations(c.Request.Context())
	if err != nil {
		return nil, err
	}
	views := make([]hook.IntegrationView, len(all))
	for i := range all {
		views[i] = a.o.Hooks.View(&all[i])
	}
	return encodeJSON(map[string]any{"data": views})
}

func (a *API) createIntegration(c *call) ([]byte, error) {
	in, err := a.o.Hooks.Create(c.lasting(), c.body)
	if err != nil {
		return nil, err
	}
	return encodeJSON(a.o.Hooks.View(in))
}

func (a *API) getIntegration(c *call) ([]byte, error) {
	in, err := a.store.FindIntegration(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return encodeJSON(a.o.Hooks.View(in))
}

func (a *API) putIntegration(c *call) ([]byte, error) {
	in, err := a.o.Hooks.Update(c.lasting(), c.Param("id"), c.body)
	if err != nil {
		return nil, err
	}
	return encodeJSON(a.o.Hooks.View(in))
}

func (a *API) deleteIntegration(c *call) ([]byte, error) {
	in, err := a.store.FindIntegration(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return statusOK, a.store.DeleteIntegration(c.lasting(), in)
}

// listedBodies bounds the bodies that a page of the log holds; one can have 4 MB.
const listedBodies = 8 << 20

// deliveries answers a connection's log, newest first, each with its body. Where those
// are large together, the later ones are left out: each can be read by itself.
func (a *API) deliveries(c *call) ([]byte, error) {
	ctx := c.Request.Context()
	in, err := a.store.FindIntegration(ctx, c.Param("id"))
	if err != nil {
		return nil, err
	}
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	f := app.DeliveryFilter{Integration: in.Row}
	if f.State, err = hook.ParseState(c.Query("state")); err != nil {
		return nil, err
	}
	if after := c.Query("next_cursor"); after != "" {
		if f.Before, err = a.store.DeliveryRow(after); err != nil {
			return nil, app.Invalid("cursor", "%q is no cursor: use next_cursor as an answer gave it", shorten(after))
		}
	}
	list, more, err := a.store.Deliveries(ctx, f, limit)
	if err != nil {
		return nil, err
	}
	views := make([]hook.DeliveryView, len(list))
	room := int64(listedBodies)
	for i := range list {
		one := &list[i]
		if room -= one.Bytes; room >= 0 {
			if whole, err := a.store.Delivery(ctx, one.ID); err == nil { // or pruned meanwhile
				one = whole
			}
		}
		views[i] = hook.ViewDelivery(one)
	}
	out := map[string]any{"data": views, "has_more": more}
	if more {
		out["next_cursor"] = list[len(list)-1].ID
	}
	return encodeJSON(out)
}

func (a *API) delivery(c *call) ([]byte, error) {
	in, err := a.store.FindIntegration(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	v, err := a.o.Hooks.Full(c.Request.Context(), in, c.Param("did"))
	if err != nil {
		return nil, err
	}
	return encodeJSON(v)
}

// replay tries a delivery again, with the body that came along if one did, and answers
// what became of it.
func (a *API) replay(c *call) ([]byte, error) {
	in, err := a.store.FindIntegration(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	mended, err := hook.Mended(c.body)
	if err != nil {
		return nil, err
	}
	d, err := a.o.Hooks.Replay(c.lasting(), in, c.Param("did"), mended)
	if err != nil {
		return nil, err
	}
	return encodeJSON(hook.ViewDelivery(d))
}
