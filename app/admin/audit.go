package admin

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"kith/app"
)

// auditView is one line of who did what. Who is resolved as it is now: the log itself
// holds numbers.
type auditView struct {
	ID      string      `json:"id"`
	At      app.Instant `json:"at"`
	By      app.Actor   `json:"by"`
	Name    string      `json:"name,omitempty"` // of the user or the key, while it is there
	Address string      `json:"address"`
	Action  string      `json:"action"`
	Target  string      `json:"target"`
	// State is done, begun (it goes on), failed, or unknown: begun, and its end is not known.
	State  string          `json:"state"`
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
		out[i] = auditView{itoa(l.Row), l.At, l.By, names[l.By], l.Address, l.Action, l.Target, l.State.String(), l.Detail}
		for prefix, kind := range map[string]string{"user.": "user", "key.": "key", "session.refuse": "user"} {
			if l.Target != "" && strings.HasPrefix(l.Action, prefix) && len(l.Target) < 16 { // else it names a link
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
	names = map[app.Actor]string{app.ByCommand: "a command on the server", app.ByNobody: "somebody who could not sign in", app.ByAnyKey: "whoever has any key"}
	users, err := a.store.Users(c.Request.Context())
	if err != nil {
		return nil, nil, err
	}
	keys, err := a.store.Keys(c.Request.Context())
	if err != nil {
		return nil, nil, err
	}
	services, err := a.store.Integrations(c.Request.Context())
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
	for _, i := range services {
		add(app.ByIntegration(i.Row), "integration “"+i.Name+"”")
	}
	add(app.ByCommand, names[app.ByCommand])
	add(app.ByNobody, names[app.ByNobody])
	return names, list, nil
}

// publicID is what may stand in the log as a target: what else a path holds may be anybody's.
var publicID = regexp.MustCompile(`^([0-9a-f]{24}|all|kith-[0-9a-z.-]+)$`)

// deed does what goes on beside the database: it is in the log before it begins, and again
// at its end, so that nothing is done that nobody reads of.
func (a *Admin) deed(c *call, action string, h handler) (out any, err error) {
	ctx, target := context.WithoutCancel(c.Request.Context()), c.Param("id")
	if !publicID.MatchString(target) {
		target = ""
	}
	row, err := a.store.BeginDeed(ctx, action, target, nil)
	if app.CodeOf(err) == app.CodeUnavailable && err != nil { // a full disk may still be read from
		a.o.Log.Error("the disk takes no line of the audit log", "action", action, "target", target, "user", c.session.User, "error", err)
		err = nil
	}
	if err != nil {
		return nil, err
	}
	state := app.DeedFailed
	defer func() { // also when the browser hangs up, which panics
		if err := a.store.EndDeed(ctx, row, state, c.detail); err != nil {
			a.o.Log.Error("write the end of a deed to the audit log", "action", action, "target", target, "user", c.session.User, "error", err)
		}
	}()
	if out, err = h(c); err == nil {
		state = app.DeedDone
	}
	return out, err
}

// refused writes down that somebody could not sign in: whom of the team it would have been,
// if anybody, and why not. What was typed is not kept: it may be a password.
func (a *Admin) refused(c *call, u app.User, why string) {
	target := ""
	if u.Row != 0 {
		target = itoa(u.Row)
	}
	ctx := app.WithActor(context.WithoutCancel(c.Request.Context()), app.ByNobody)
	if err := a.store.Audit(ctx, "session.refuse", target, map[string]any{"why": why}); err != nil {
		a.o.Log.Error("write a refused sign-in to the audit log", "address", c.address(), "error", err)
	}
}
