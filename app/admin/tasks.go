package admin

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kith/app"
	"kith/app/api"
	"kith/app/ingest"
)

// taskView is a task as the pages show it.
type taskView struct {
	ID         string          `json:"id"`
	Action     string          `json:"action"`
	State      string          `json:"state"`
	By         string          `json:"by"`
	List       *segmentRef     `json:"list,omitempty"`
	Attribute  string          `json:"attribute,omitempty"`
	Value      json.RawMessage `json:"value,omitempty"` // of the attribute; none removes it
	Into       string          `json:"into,omitempty"`  // uid of whom another was merged into
	Total      int64           `json:"total"`
	Done       int64           `json:"done"`
	Changed    int64           `json:"changed"`
	Restored   int64           `json:"restored"`
	Kept       int64           `json:"kept"`
	CreatedAt  app.Instant     `json:"created_at"`
	FinishedAt *app.Instant    `json:"finished_at"`
	Until      *app.Instant    `json:"until"` // when it can no longer be undone; null when it cannot be
	Undoable   bool            `json:"undoable"`
	Error      string          `json:"error,omitempty"`
}

func (a *Admin) taskOf(t *app.Task) taskView {
	v := taskView{ID: itoa(t.Row), Action: t.Action.String(), State: t.State.String(), By: t.By, Attribute: t.Attribute, Value: t.Value, Into: t.UID,
		Total: t.Total, Done: t.Done, Changed: t.Changed, Restored: t.Restored, Kept: t.Kept, CreatedAt: t.CreatedAt, Error: t.Error,
		Undoable: t.Undoable(app.InstantOf(a.o.Clock.Now()))}
	if t.List != "" {
		v.List = &segmentRef{t.List, t.Title}
	}
	if t.FinishedAt != 0 {
		v.FinishedAt = &t.FinishedAt
	}
	if t.Until != 0 {
		v.Until = &t.Until
	}
	return v
}

// chosen says whom a task or an export is about: ids, or a filter as [Admin.conditions] reads it.
type chosen struct {
	IDs    []string `json:"ids"`
	Filter *string  `json:"filter"`
}

// maxChosen bounds how many ids come one by one; more are chosen by a filter.
const maxChosen = 10_000

// rowsOf are the rows of those who are chosen.
func (a *Admin) rowsOf(ctx context.Context, who chosen) ([]int64, error) {
	if who.Filter != nil {
		v, err := url.ParseQuery(*who.Filter)
		if err != nil {
			return nil, app.Invalid("filter", "cannot be read")
		}
		q, err := a.conditions(ctx, v)
		if err != nil {
			return nil, err
		}
		return a.everybody(ctx, q)
	}
	if len(who.IDs) > maxChosen {
		return nil, app.Invalid("ids", "are %d; choose more than %d with a filter", len(who.IDs), maxChosen)
	}
	rows := make([]int64, 0, len(who.IDs))
	for _, id := range who.IDs {
		row, err := a.store.FindID(ctx, id)
		if app.CodeOf(err) == app.CodeNotFound && err != nil {
			continue // it went meanwhile
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// startTask does something to those who are chosen.
func (a *Admin) startTask(c *call) (any, error) {
	var body struct {
		chosen
		Action    string          `json:"action"`
		List      string          `json:"list"`
		Attribute string          `json:"attribute"`
		Value     json.RawMessage `json:"value"`
		Into      string          `json:"into"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	t := app.Task{By: c.session.Email, List: body.List, Attribute: body.Attribute}
	var known bool
	if t.Action, known = app.ParseTaskAction(body.Action); !known {
		return nil, app.Invalid("action", "%q is none that there is", body.Action)
	}
	if t.Action == app.TaskSetAttribute && body.Value != nil && string(body.Value) != "null" {
		p, err := ingest.Profile("x", attributesBody(body.Attribute, body.Value), ingest.Context{})
		if err != nil {
			return nil, err
		}
		if len(p.Profile.Attributes) != 1 || p.Profile.Attributes[0].Value == nil {
			return nil, app.Invalid("attribute", "%q is set for each customer by itself", body.Attribute)
		}
		t.Attribute, t.Value = p.Profile.Attributes[0].Name, p.Profile.Attributes[0].Value
	}
	var err error
	switch t.Action {
	case app.TaskJoinAccount:
		if t.Value, err = roleOf(body.Value); err != nil {
			return nil, err
		}
		fallthrough
	case app.TaskLeaveAccount, app.TaskMerge:
		if t.Into, err = a.store.FindID(ctx, body.Into); err != nil {
			return nil, err
		}
	}
	rows, err := a.rowsOf(ctx, body.chosen)
	if err != nil {
		return nil, err
	}
	task, err := a.store.StartTask(ctx, t, rows)
	if err != nil {
		return nil, err
	}
	return a.taskOf(task), nil
}

// maxRole bounds the role that a member of an account is given here.
const maxRole = 250

// roleOf is the role that a body names for the members of an account, nil for none.
func roleOf(raw json.RawMessage) ([]byte, error) {
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	var role string
	if err := json.Unmarshal(raw, &role); err != nil || len(role) > maxRole {
		return nil, app.Invalid("value", "must be a role, a text of up to %d bytes", maxRole)
	}
	if role = strings.TrimSpace(role); role == "" {
		return nil, nil
	}
	return app.Quote(role), nil
}

// attributesBody is the body of a request that sets one custom attribute.
func attributesBody(name string, value json.RawMessage) []byte {
	b := append([]byte(`{"meta":{`), app.Quote(name)...)
	return append(append(append(b, ':'), value...), "}}"...)
}

// tasks lists the newest; with open=true those that go on.
func (a *Admin) tasks(c *call) (any, error) {
	list, err := a.store.Tasks(c.Request.Context(), 0, 50)
	if err != nil {
		return nil, err
	}
	out := []taskView{}
	for i := range list {
		v := a.taskOf(&list[i])
		if c.Query("open") != "true" || list[i].State == app.TaskRunning || list[i].State == app.TaskUndoing {
			out = append(out, v)
		}
	}
	return envelope{Data: out}, nil
}

// aTask is what the path's id means, changed or only read.
func (a *Admin) aTask(change func(ctx context.Context, row int64) (*app.Task, error)) handler {
	return func(c *call) (any, error) {
		row, err := atoi(c.Param("id"))
		if err != nil {
			return nil, app.NotFound("There is no such task.")
		}
		t, err := change(c.Request.Context(), row)
		if err != nil {
			return nil, err
		}
		return a.taskOf(t), nil
	}
}

// exportCustomers sends those who are chosen, as CSV or NDJSON: by the query, in its
// order, or by the ids of a body.
func (a *Admin) exportCustomers(c *call) (any, error) {
	ctx := c.Request.Context()
	var who chosen
	if c.Request.Method == http.MethodPost {
		if err := c.decode(&who); err != nil {
			return nil, err
		}
	} else {
		filter := c.Request.URL.RawQuery
		who.Filter = &filter
	}
	rows, err := a.rowsOf(ctx, who)
	if err != nil {
		return nil, err
	}
	c.detail = map[string]any{"customers": len(rows)}
	each := func(f func(*app.Customer) error) error {
		control := http.NewResponseController(c.Writer)
		for len(rows) > 0 {
			step := rows[:min(500, len(rows))]
			rows = rows[len(step):]
			customers, err := a.inOrder(ctx, step)
			if err != nil {
				return err
			}
			_ = control.SetWriteDeadline(time.Now().Add(time.Minute)) // it ends when nobody reads on
			for i := range customers {
				if err := f(&customers[i]); err != nil {
					return err
				}
			}
		}
		return nil
	}
	h := c.Writer.Header()
	if c.Query("format") == "ndjson" {
		h.Set("Content-Type", "application/x-ndjson; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="customers.ndjson"`)
		c.Writer.WriteHeader(http.StatusOK)
		w := bufio.NewWriter(c.Writer)
		err = each(func(customer *app.Customer) error {
			if _, err := w.Write(api.User(customer, a.membership.Of(ctx, customer.Row))); err != nil {
				return err
			}
			return w.WriteByte('\n')
		})
		if err == nil {
			err = w.Flush()
		}
	} else {
		custom, cerr := api.CustomColumns(ctx, a.store)
		if cerr != nil {
			return nil, cerr
		}
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="customers.csv"`)
		c.Writer.WriteHeader(http.StatusOK)
		err = api.WriteCustomers(csv.NewWriter(c.Writer), custom, false, each)
	}
	if err != nil {
		a.o.Log.Warn("an export broke off", "error", err)
		panic(http.ErrAbortHandler) // what was sent is not whole, and must not look so
	}
	return nil, nil
}

// changeCustomer sets what the body names, as PUT /v1/users/{uid} would.
func (a *Admin) changeCustomer(c *call) (any, error) {
	customer, err := a.find(c)
	if err != nil {
		return nil, err
	}
	body, err := c.GetRawData()
	if err != nil {
		return nil, app.Invalid("", "the body cannot be read: %v", err)
	}
	change, err := ingest.Profile(customer.UID, body, ingest.Context{Now: app.InstantOf(a.o.Clock.Now()), Trusted: true})
	if err != nil {
		return nil, err
	}
	change.Mode, change.Trusted, change.Source = app.UpdateOnly, true, "dashboard"
	if _, err := a.apply(c, change); err != nil {
		return nil, err
	}
	return a.customer(c)
}

// eraseCustomer removes a customer for good; the body repeats its id.
func (a *Admin) eraseCustomer(c *call) (any, error) {
	customer, err := a.find(c)
	if err != nil {
		return nil, err
	}
	var body struct {
		UID string `json:"uid"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.UID != customer.UID {
		return nil, app.Invalid("uid", "is not that of this customer")
	}
	// The browser may leave; what is begun is ended.
	settled, err := a.o.Privacy.Erase(context.WithoutCancel(c.Request.Context()), customer.UID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": "ok", "settled": settled}, nil
}
