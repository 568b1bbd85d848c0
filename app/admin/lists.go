package admin

import (
	"io"
	"strings"

	"kith/app"
	"kith/app/ingest"
)

type listView struct {
	ID           string      `json:"id"`
	Title        string      `json:"title"`
	Description  *string     `json:"description"`
	DoubleOptIn  bool        `json:"double_optin"`
	RedirectURL  *string     `json:"redirect_url"`
	Archived     bool        `json:"archived"`
	CreatedAt    app.Instant `json:"created_at"`
	Subscribed   int64       `json:"subscribed"`
	Pending      int64       `json:"pending"`
	Unsubscribed int64       `json:"unsubscribed"`
	EmbedURL     string      `json:"embed_url"`
}

func (a *Admin) listOf(c *call, l *app.List) listView {
	return listView{
		ID: l.ID, Title: l.Title, Description: l.Description, DoubleOptIn: l.DoubleOptIn, RedirectURL: l.RedirectURL,
		Archived: l.ArchivedAt != nil, CreatedAt: l.CreatedAt, Subscribed: l.Subscribed, Pending: l.Pending, Unsubscribed: l.Unsubscribed,
		EmbedURL: a.base(c) + "/embed/" + l.ID,
	}
}

// base is the address under which others reach this Kith.
func (a *Admin) base(c *call) string {
	if a.o.URL != "" {
		return a.o.URL
	}
	scheme := "http://"
	if a.o.Proxies.Secure(c.Request) {
		scheme = "https://"
	}
	return scheme + c.Request.Host
}

// maxLists bounds the page of lists: a team has some, not thousands.
const maxLists = 1000

func (a *Admin) lists(c *call) (any, error) {
	lists, _, err := a.store.Lists(c.Request.Context(), app.Page{Limit: maxLists})
	if err != nil {
		return nil, err
	}
	out := make([]listView, len(lists))
	for i := range lists {
		out[i] = a.listOf(c, &lists[i])
	}
	return envelope{Data: out}, nil
}

func (a *Admin) list(c *call) (any, error) {
	l, err := a.store.FindList(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return a.listOf(c, l), nil
}

// saveList makes a list, or changes the one of the path.
func (a *Admin) saveList(c *call) (any, error) {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, app.Invalid("", "the body cannot be read: %v", err)
	}
	change, err := ingest.List(c.Param("id"), body)
	if err != nil {
		return nil, err
	}
	res, err := a.apply(c, change)
	if err != nil {
		return nil, err
	}
	l, err := a.store.List(c.Request.Context(), res.List)
	if err != nil {
		return nil, err
	}
	return a.listOf(c, l), nil
}

func (a *Admin) archiveList(c *call) (any, error) {
	if _, err := a.apply(c, &app.ArchiveList{List: c.Param("id")}); err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, nil
}

// restoreList undoes the archiving of a list.
func (a *Admin) restoreList(c *call) (any, error) {
	if _, err := a.apply(c, &app.RestoreList{List: c.Param("id")}); err != nil {
		return nil, err
	}
	return a.list(c)
}

type subscriberView struct {
	ID         string      `json:"id"`
	UID        string      `json:"uid"`
	Name       string      `json:"name"`
	Email      *string     `json:"email"`
	Number     *string     `json:"number"`
	Status     string      `json:"status"`
	Since      app.Instant `json:"since"`
	ConfirmURL string      `json:"confirm_url,omitempty"`
}

func (a *Admin) subscribers(c *call) (any, error) {
	ctx := c.Request.Context()
	l, err := a.store.FindList(ctx, c.Param("id"))
	if err != nil {
		return nil, err
	}
	p, err := a.page(c)
	if err != nil {
		return nil, err
	}
	status := -1
	for _, s := range []app.SubscriptionStatus{app.Pending, app.Subscribed, app.Unsubscribed} {
		if c.Query("status") == s.String() {
			status = int(s)
		}
	}
	if text := strings.TrimSpace(c.Query("query")); text != "" {
		return a.searchSubscribers(c, l, status, text)
	}
	subscribers, more, err := a.store.Subscribers(ctx, l.Row, status, p)
	if err != nil {
		return nil, err
	}
	out := make([]subscriberView, len(subscribers))
	for i := range subscribers {
		out[i] = a.subscriberOf(c, l, &subscribers[i])
	}
	e := &envelope{Data: out}
	if len(out) > 0 {
		e.cursors(p, out[0].ID, out[len(out)-1].ID, more)
	}
	return e, nil
}

func (a *Admin) subscriberOf(c *call, l *app.List, s *app.Subscriber) subscriberView {
	v := subscriberView{ID: s.Customer.ID, UID: s.Customer.UID, Name: s.Customer.Name(), Email: s.Customer.Email,
		Number: s.Customer.Number, Status: s.Status.String(), Since: s.At}
	if s.Status == app.Pending {
		v.ConfirmURL = a.base(c) + "/confirm/" + a.store.ConfirmationToken(l.Row, s.Customer.Row)
	}
	return v
}

// searchSubscribers answers those of a list whom a text finds, best first; with a status
// of -1 whatever theirs is.
func (a *Admin) searchSubscribers(c *call, l *app.List, status int, text string) (any, error) {
	q := &conditions{filter: app.CustomerFilter{Prefix: text, Lists: []string{l.ID}}}
	if status >= 0 {
		q.rules = append(q.rules, &app.Rule{Condition: &app.ListCondition{List: l.ID, Status: app.SubscriptionStatus(status)}})
	}
	e, customers, err := a.listed(c, q)
	if err != nil {
		return nil, err
	}
	out := []subscriberView{}
	for i := range customers {
		for _, on := range customers[i].Lists {
			if on.List == l.Row && (status < 0 || on.Status == app.SubscriptionStatus(status)) {
				out = append(out, a.subscriberOf(c, l, &app.Subscriber{Customer: customers[i], Status: on.Status, At: on.At}))
			}
		}
	}
	e.Data = out
	if a.o.Search != nil {
		index := a.o.Search.Index()
		e.Index = &index
	}
	return e, nil
}
