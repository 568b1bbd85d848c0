package api

import (
	"strconv"
	"strings"

	"kith/app"
	"kith/app/ingest"

	"github.com/gin-gonic/gin"
)

// mountLists mounts the lists and their subscribers.
// Engage: reading and PUT with the public key, the rest with both.
func (a *API) mountLists(g gin.IRoutes) {
	a.route(g, "GET", "/lists", public, a.lists)
	a.route(g, "POST", "/lists", full, a.createList)
	a.route(g, "GET", "/lists/:id", public, a.getList)
	a.route(g, "PUT", "/lists/:id", public, a.putList)
	a.route(g, "DELETE", "/lists/:id", full, a.archiveList)
	a.route(g, "POST", "/lists/:id/subscribers", full, a.addSubscriber)
	a.route(g, "PUT", "/lists/:id/subscribers/*uid", full, a.withSubscriber(a.setSubscription))
	a.route(g, "DELETE", "/lists/:id/subscribers/*uid", full, a.withSubscriber(a.removeSubscriber))
}

func (a *API) lists(c *call) ([]byte, error) {
	p, err := c.page(a.store.ListCursorRow)
	if err != nil {
		return nil, err
	}
	lists, more, err := a.store.Lists(c.Request.Context(), p)
	if err != nil {
		return nil, err
	}
	b := []byte(`{"data":[`)
	ids := make([]string, len(lists))
	for i := range lists {
		b = comma(b, i)
		b = appendList(b, &lists[i])
		ids[i] = lists[i].ID
	}
	return appendCursors(append(b, ']'), p, ids, more), nil
}

func (a *API) getList(c *call) ([]byte, error) {
	l, err := a.store.FindList(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return appendList(nil, l), nil
}

func (a *API) createList(c *call) ([]byte, error) { return c.saveList("") }

func (a *API) putList(c *call) ([]byte, error) { return c.saveList(c.Param("id")) }

func (c *call) saveList(id string) ([]byte, error) {
	change, err := ingest.List(id, c.body)
	if err != nil {
		return nil, err
	}
	return c.one(change, func(r app.Reader, res app.Result) ([]byte, error) {
		l, err := r.List(c.lasting(), res.List)
		if err != nil {
			return nil, err
		}
		return appendList(nil, l), nil
	})
}

func (a *API) archiveList(c *call) ([]byte, error) {
	return c.one(&app.ArchiveList{List: c.Param("id")}, answerOK)
}

func (a *API) addSubscriber(c *call) ([]byte, error) {
	change, err := ingest.Subscriber(c.Param("id"), c.body, c.context())
	if err != nil {
		return nil, err
	}
	return c.one(change, func(_ app.Reader, res app.Result) ([]byte, error) {
		b := append([]byte(`{"uid":`), app.Quote(res.UID)...)
		return append(b, '}'), nil
	})
}

// withSubscriber reads the uid at the end of the path as it was encoded.
func (a *API) withSubscriber(h handler) handler {
	return func(c *call) ([]byte, error) {
		_, rest, _ := strings.Cut(c.Request.URL.EscapedPath(), "/subscribers/")
		uid, err := unescape(rest)
		if err != nil {
			return nil, err
		}
		if c.uid, err = ingest.UID("id", uid); err != nil {
			return nil, err
		}
		return h(c)
	}
}

func (a *API) setSubscription(c *call) ([]byte, error) {
	subscribed, err := ingest.Subscribed(c.body)
	if err != nil {
		return nil, err
	}
	change := &app.SetSubscription{UID: c.uid, List: c.Param("id"), Subscribed: subscribed, Source: c.source()}
	return c.one(change, func(_ app.Reader, res app.Result) ([]byte, error) {
		return append(strconv.AppendBool([]byte(`{"subscribed":`), res.Status == app.Subscribed), '}'), nil
	})
}

func (a *API) removeSubscriber(c *call) ([]byte, error) {
	return c.one(&app.LeaveLists{UID: c.uid, Lists: []string{c.Param("id")}, Source: c.source()}, answerOK)
}
