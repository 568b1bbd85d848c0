package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"kith/app"
	"kith/app/api"
	"kith/app/integration"
)

// customerRow is a customer in a table.
type customerRow struct {
	ID              string             `json:"id"`
	UID             string             `json:"uid"`
	Provisional     bool               `json:"uid_updateable"`
	FirstName       *string            `json:"first_name"`
	LastName        *string            `json:"last_name"`
	Number          *string            `json:"number"`
	Email           *string            `json:"email"`
	IsAccount       bool               `json:"is_account"`
	Archived        bool               `json:"archived"`
	CreatedAt       app.Instant        `json:"created_at"`
	LastInteraction *app.Instant       `json:"last_interaction"`
	MemberCount     int                `json:"member_count"`
	Lists           []subscriptionView `json:"lists"`
	Meta            json.RawMessage    `json:"meta"`
	// Marks are the parts that match what was searched for.
	Marks []app.Mark `json:"marks,omitempty"`
}

type subscriptionView struct {
	ID     string      `json:"id"`
	Title  string      `json:"title"`
	Status string      `json:"status"`
	Since  app.Instant `json:"since"`
}

func rowOf(c *app.Customer) customerRow {
	r := customerRow{
		ID: c.ID, UID: c.UID, Provisional: c.Provisional, FirstName: c.FirstName, LastName: c.LastName, Number: c.Number, Email: c.Email,
		IsAccount: c.IsAccount, Archived: c.Archived(), CreatedAt: c.CreatedAt, LastInteraction: c.LastInteraction,
		MemberCount: c.MemberCount, Lists: []subscriptionView{},
	}
	for _, s := range c.Lists {
		r.Lists = append(r.Lists, subscriptionView{s.ID, s.Title, s.Status.String(), s.At})
	}
	meta := []byte{'{'}
	for _, a := range c.Attributes {
		if len(meta) > 1 {
			meta = append(meta, ',')
		}
		meta = append(append(app.AppendQuote(meta, a.Name), ':'), a.Value...)
	}
	r.Meta = append(meta, '}')
	return r
}

// customers answers a page of those whom the query's conditions hold: see [Admin.conditions].
func (a *Admin) customers(c *call) (any, error) {
	q, err := a.conditions(c.Request.Context(), c.Request.URL.Query())
	if err != nil {
		return nil, err
	}
	e, customers, err := a.listed(c, q)
	if err != nil {
		return nil, err
	}
	rows := rowsOf(customers)
	if q.searches() && a.o.Search != nil {
		index := a.o.Search.Index()
		e.Index = &index
		for i := range customers {
			rows[i].Marks = a.o.Search.Marks(c.Request.Context(), q.filter.Prefix, &customers[i])
		}
	}
	e.Data, e.Words = rows, q.words
	return e, nil
}

// listed returns a page of the customers that the conditions hold, without its data.
func (a *Admin) listed(c *call, q *conditions) (*envelope, []app.Customer, error) {
	after, before := c.Query("next_cursor"), c.Query("previous_cursor")
	searches := q.searches() && api.UsesSearch(a.o.Search, &q.filter, after, before)
	if len(q.sort) > 0 || q.inMemory() && !searches {
		return a.sorted(c, q)
	}
	if searches {
		return a.searched(c, q, after, before)
	}
	p, err := a.page(c)
	if err != nil {
		return nil, nil, err
	}
	var customers []app.Customer
	var more bool
	if q.segment == nil {
		customers, more, err = a.store.Customers(c.Request.Context(), q.filter, p)
	} else {
		customers, more, err = a.membership.Customers(c.Request.Context(), q.segment, q.filter, p)
	}
	if err != nil {
		return nil, nil, err
	}
	e := &envelope{}
	if len(customers) > 0 {
		e.cursors(p, customers[0].ID, customers[len(customers)-1].ID, more)
	}
	if e.Total, err = a.total(c, q.segment, q.filter); err == nil && e.Total == nil {
		e.Total = a.counted(c.Request.Context(), q)
	}
	return e, customers, err
}

// searched returns a page of what the filter's query means, best first.
func (a *Admin) searched(c *call, q *conditions, after, before string) (*envelope, []app.Customer, error) {
	f := q.filter
	limit, err := c.number("limit", 50, 200)
	if err != nil {
		return nil, nil, err
	}
	if after != "" {
		before = ""
	}
	members := a.membership.Narrow(q.segment, &f)
	if q.inMemory() {
		if members, err = a.narrowed(c.Request.Context(), q); err != nil {
			return nil, nil, err
		}
	}
	found, err := api.SearchCustomers(c.Request.Context(), a.o.Search, a.store, f, members, api.SearchPage{Limit: limit, After: after, Before: before})
	if err != nil {
		return nil, nil, err
	}
	return &envelope{Total: &found.Total, Next: found.Next, Previous: found.Previous}, found.Customers, nil
}

func rowsOf(customers []app.Customer) []customerRow {
	rows := make([]customerRow, len(customers))
	for i := range customers {
		rows[i] = rowOf(&customers[i])
	}
	return rows
}

// total is how many customers a filter holds, where the writer's counters know it.
func (a *Admin) total(c *call, g *app.Segment, f app.CustomerFilter) (*int64, error) {
	if f.Email != "" || f.Number != "" || f.Prefix != "" || len(f.Lists) > 0 {
		return nil, nil
	}
	if g != nil {
		if f.IsAccount != nil || f.Archived != nil {
			return nil, nil
		}
		return &g.Count, nil
	}
	t, err := a.store.Totals(c.Request.Context())
	if err != nil {
		return nil, err
	}
	var n int64
	switch {
	case f.IsAccount == nil && f.Archived == nil:
		n = t.Customers
	case f.Archived == nil && *f.IsAccount:
		n = t.Accounts
	case f.Archived == nil:
		n = t.Customers - t.Accounts
	case f.IsAccount == nil && *f.Archived:
		n = t.Archived
	case f.IsAccount == nil:
		n = t.Customers - t.Archived
	default:
		return nil, nil
	}
	return &n, nil
}

// find returns the customer of the path's id.
func (a *Admin) find(c *call) (*app.Customer, error) {
	row, err := a.store.FindID(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return a.store.Customer(c.Request.Context(), row)
}

type attributeView struct {
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	Value     json.RawMessage `json:"value"`
	Text      string          `json:"text"` // Value's own text, digits and all
	ChangedAt *app.Instant    `json:"changed_at"`
	Standard  bool            `json:"standard"`
}

type deviceView struct {
	Token    string      `json:"token"`
	Platform string      `json:"platform"`
	AddedAt  app.Instant `json:"added_at"`
}

type memberView struct {
	ID    string      `json:"id"`
	UID   string      `json:"uid"`
	Name  string      `json:"name"`
	Role  *string     `json:"role"`
	Since app.Instant `json:"since"`
}

type dayView struct {
	Day   string `json:"day"`
	Count int64  `json:"count"`
}

type customerView struct {
	Customer    customerRow        `json:"customer"`
	Attributes  []attributeView    `json:"attributes"`
	Devices     []deviceView       `json:"devices"`
	Accounts    []memberView       `json:"accounts"`
	Members     []memberView       `json:"members"`                // the newest
	MembersNext string             `json:"members_next,omitempty"` // the cursor of those after them
	Lists       []subscriptionView `json:"lists"`
	Segments    []inSegmentView    `json:"segments"` // those that the customer is in
	Aliases     []string           `json:"aliases"`
	External    []externalView     `json:"external"` // what services call the customer
	Payments    int64              `json:"payments"` // events of payment gateways
	Messages    int64              `json:"messages"` // events of messages
	Events      int64              `json:"events"`
	Changes     int64              `json:"changes"` // lines of history, events left out
	Moves       int64              `json:"moves"`   // into segments and out of them
	Entries     int64              `json:"entries"` // all three
	Activity    []dayView          `json:"activity"`
}

// externalView is what a service calls a customer.
type externalView struct {
	Service string `json:"service"`
	ID      string `json:"id"`
}

// fromServices fills what the services that are connected know of a customer.
func (a *Admin) fromServices(ctx context.Context, row int64, v *customerView) error {
	v.External = []externalView{}
	ids, err := a.store.ExternalIDs(ctx, row)
	if err != nil {
		return err
	}
	for _, pair := range ids {
		if s := integration.Find(pair[0]); s != nil {
			v.External = append(v.External, externalView{s.Name, pair[1]})
		}
	}
	if v.Payments, err = a.store.EventCountOf(ctx, row, integration.Kinds(integration.Payments)); err != nil {
		return err
	}
	v.Messages, err = a.store.EventCountOf(ctx, row, integration.Kinds(integration.Messaging))
	return err
}

const activityDays = 90

func (a *Admin) customer(c *call) (any, error) {
	customer, err := a.find(c)
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	v := customerView{
		Customer: rowOf(customer), Attributes: attributesOf(customer), Devices: []deviceView{},
		Accounts: membersOf(customer.Accounts), Members: []memberView{}, Activity: []dayView{},
	}
	v.Lists = v.Customer.Lists
	for _, d := range customer.Devices {
		v.Devices = append(v.Devices, deviceView{d.Token, d.Platform, d.At})
	}
	if customer.IsAccount {
		members, more, err := a.store.Members(ctx, customer.Row, app.Page{Limit: firstMembers})
		if err != nil {
			return nil, err
		}
		v.Members = membersOf(members)
		if more {
			v.MembersNext = members[len(members)-1].ID
		}
	}
	if v.Aliases, err = a.store.Aliases(ctx, customer.Row); err != nil {
		return nil, err
	}
	if v.Aliases == nil {
		v.Aliases = []string{}
	}
	if err := a.fromServices(ctx, customer.Row, &v); err != nil {
		return nil, err
	}
	if v.Events, err = a.store.EventCount(ctx, customer.Row); err != nil {
		return nil, err
	}
	if v.Changes, err = a.store.HistoryCount(ctx, customer.Row); err != nil {
		return nil, err
	}
	if v.Moves, err = a.store.SegmentEntryCount(ctx, customer.Row); err != nil {
		return nil, err
	}
	v.Entries = v.Events + v.Changes + v.Moves
	if v.Segments, err = a.segmentsOf(ctx, customer.Row); err != nil {
		return nil, err
	}
	today := app.DayOf(app.InstantOf(a.o.Clock.Now()))
	days, err := a.store.Activity(ctx, customer.Row, app.Instant((today-activityDays+1)*app.DayMillis))
	if err != nil {
		return nil, err
	}
	v.Activity = daysView(days, today-activityDays+1, today)
	return v, nil
}

// firstMembers is how many members come with an account.
const firstMembers = 10

// members answers a page of an account's members, newest customers first.
func (a *Admin) members(c *call) (any, error) {
	customer, err := a.find(c)
	if err != nil {
		return nil, err
	}
	p, err := a.page(c)
	if err != nil {
		return nil, err
	}
	members, more, err := a.store.Members(c.Request.Context(), customer.Row, p)
	if err != nil {
		return nil, err
	}
	total := int64(customer.MemberCount)
	e := &envelope{Data: membersOf(members), Total: &total}
	if len(members) > 0 {
		e.cursors(p, members[0].ID, members[len(members)-1].ID, more)
	}
	return e, nil
}

// daysView is a count for each day from first to last, days without any included.
func daysView(days []app.DayCount, first, last int64) []dayView {
	counts := make(map[int64]int64, len(days))
	for _, d := range days {
		counts[d.Day] = d.Count
	}
	out := make([]dayView, 0, last-first+1)
	for day := first; day <= last; day++ {
		out = append(out, dayView{time.UnixMilli(day * app.DayMillis).UTC().Format(time.DateOnly), counts[day]})
	}
	return out
}

func membersOf(members []app.Membership) []memberView {
	out := make([]memberView, len(members))
	for i, m := range members {
		out[i] = memberView{m.ID, m.UID, m.Name, m.Role, m.At}
	}
	return out
}

// attributesOf lists the standard attributes that are there, then the custom ones.
func attributesOf(c *app.Customer) []attributeView {
	out := []attributeView{}
	add := func(name string, value []byte, changed *app.Instant, standard bool) {
		out = append(out, attributeView{name, app.TypeOf(value).String(), value, string(value), changed, standard})
	}
	standard := func(name string, value []byte) {
		var changed *app.Instant
		if at, ok := c.Changed[name]; ok {
			changed = &at
		}
		add(name, value, changed, true)
	}
	for i, value := range []*string{c.FirstName, c.LastName, c.Number, c.Email} {
		if value != nil {
			standard(app.StandardAttributes[i], app.Quote(*value))
		}
	}
	standard("created_at", app.Quote(c.CreatedAt.String()))
	for _, side := range []bool{true, false} {
		for _, a := range c.Attributes {
			if app.IsSide(a.Name) == side {
				at := a.ChangedAt
				add(a.Name, a.Value, &at, side)
			}
		}
	}
	return out
}

// customerJSON is the User object, as GET /v1/users/{uid} answers it.
func (a *Admin) customerJSON(c *call) (any, error) {
	customer, err := a.find(c)
	if err != nil {
		return nil, err
	}
	api.Send(c.Writer, c.Request, http.StatusOK, "application/json; charset=utf-8", api.User(customer, a.membership.Of(c.Request.Context(), customer.Row)))
	return nil, nil
}

// customerLive tells whenever something of one customer was committed.
func (a *Admin) customerLive(c *call) (any, error) {
	customer, err := a.find(c)
	if err != nil {
		return nil, err
	}
	return nil, a.watch(c, customer.Row, 0)
}

// live tells, at most once a second, that any customer was made or changed.
func (a *Admin) live(c *call) (any, error) { return nil, a.watch(c, 0, time.Second) }

func (a *Admin) watch(c *call, row int64, pause time.Duration) error {
	changed, stop := a.store.Watch(row)
	defer stop()
	send := c.stream()
	if err := send("", nil); err != nil {
		return nil
	}
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-changed:
			var feed app.FeedState
			if feed, err = a.store.FeedState(c.Request.Context()); err == nil {
				err = send("change", map[string]any{"at": app.InstantOf(a.o.Clock.Now()), "head": feed.Head})
			}
		case <-tick.C:
			err = send("", nil)
		case <-c.Request.Context().Done():
			return nil
		}
		if err != nil {
			return nil // the page has gone
		}
		if pause > 0 {
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-c.Request.Context().Done():
				timer.Stop()
				return nil
			}
		}
	}
}
