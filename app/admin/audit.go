package admin

import (
	"encoding/json"
	"strings"

	"kith/app"
)

// auditView is one line of who did what. Who is resolved as it is now: the log itself
// holds numbers.
type auditView struct {
	ID     string          `json:"id"`
	At     app.Instant     `json:"at"`
	By     app.Actor       `json:"by"`
	Name   string          `json:"name,omitempty"` // of the user or the key, while it is there
	Action string          `json:"action"`
	Target string          `json:"target"`
	Detail json.RawMessage `json:"detail"`
}

// auditLog answers who did what, newest first.
func (a *Admin) auditLog(c *call) (any, error) {
	ctx := c.Request.Context()
	limit, err := c.number("limit", 50, 200)
	if err != nil {
		return nil, err
	}
	f := app.AuditFilter{By: app.Actor(c.Query("by")), Action: c.Query("action"), Target: c.Query("target")}
	for name, into := range map[string]*app.Instant{"from": &f.From, "to": &f.To} {
		if text := c.Query(name); text != "" {
			if *into, err = app.ParseInstantText(text, a.o.Zone); err != nil {
				return nil, app.Invalid(name, "%v", err)
			}
		}
	}
	if v := c.Query("next_cursor"); v != "" {
		if f.Before, err = atoi(v); err != nil {
			return nil, app.Invalid("next_cursor", "is none of this list's")
		}
	}
	lines, more, err := a.store.AuditLog(ctx, f, limit)
	if err != nil {
		return nil, err
	}
	names, people, err := a.actors(c)
	if err != nil {
		return nil, err
	}
	out := make([]auditView, len(lines))
	for i, l := range lines {
		out[i] = auditView{itoa(l.Row), l.At, l.By, names[l.By], l.Action, l.Target, l.Detail}
		for _, kind := range []string{"user", "key"} {
			if strings.HasPrefix(l.Action, kind+".") && len(l.Target) < 16 { // else it names a link
				out[i].Target = kind + " " + l.Target
				if name := names[app.Actor(out[i].Target)]; name != "" {
					out[i].Target = name
				}
			}
		}
	}
	answer := map[string]any{"data": out, "actors": people}
	if more && len(out) > 0 {
		answer["next_cursor"] = out[len(out)-1].ID
	}
	return answer, nil
}

// actors names those who are there now, and lists them for the filter.
func (a *Admin) actors(c *call) (names map[app.Actor]string, list []map[string]string, err error) {
	names = map[app.Actor]string{app.ByCommand: "a command on the server"}
	users, err := a.store.Users(c.Request.Context())
	if err != nil {
		return nil, nil, err
	}
	keys, err := a.store.Keys(c.Request.Context())
	if err != nil {
		return nil, nil, err
	}
	add := func(by app.Actor, name string) {
		names[by] = name
		list = append(list, map[string]string{"by": string(by), "name": name})
	}
	for _, u := range users {
		add(app.ByUser(u.Row), u.Email)
	}
	for _, k := range keys {
		add(app.ByKey(k.Row), "key “"+k.Name+"”")
	}
	if a.o.Pinned != nil {
		add(app.ByKey(0), "the configured key")
	}
	list = append(list, map[string]string{"by": string(app.ByCommand), "name": names[app.ByCommand]})
	return names, list, nil
}
