package ingest

import (
	"slices"
	"strings"

	"kith/app"
)

// PostHogEvent is what an event of PostHog asks for.
type PostHogEvent struct {
	Changes []app.Change
	// OnlyKnown: the sender wants events of customers that are known already, and UID
	// is whose this one is.
	OnlyKnown bool
	UID       string
}

// postHogOwn are property keys that PostHog adds and nobody set.
var postHogOwn = map[string]bool{"gclid": true, "msclkid": true, "distinct_id": true, "token": true}

// PostHog reads an event as PostHog's template and plugin for Engage post it. What
// PostHog records by itself ($pageview and its like) asks for nothing.
// Engage: the mapping is not documented; this is the one that its own first plugin made.
func PostHog(body []byte, c Context) (*PostHogEvent, error) {
	top, err := Object(body)
	if err != nil {
		return nil, err
	}
	c.Source = "PostHog"
	r := &postHogReader{c: c, out: &PostHogEvent{}}
	if err := r.read(top); err != nil {
		return nil, err
	}
	return r.out, r.changes()
}

// postHogReader gathers the parts of one event.
type postHogReader struct {
	c                  Context
	out                *PostHogEvent
	event, uid         string
	own                map[string][]byte // properties that begin with $, and those of the event itself
	properties         []app.Member
	timestamp, message []byte
}

func (r *postHogReader) read(top []app.Member) (err error) {
	r.own = map[string][]byte{}
	for _, m := range top {
		switch m.Name {
		case "event":
			if app.JSONKind(m.Value) == app.ObjectKind { // one template sends the whole event in "event"
				inner, err := members("event", m.Value)
				if err != nil {
					return err
				}
				if err := r.read(inner); err != nil {
					return err
				}
				continue
			}
			r.event, err = eventName(m.Value)
		case "distinct_id":
			r.uid, err = uidOf(m.Name, m.Value)
		case "timestamp":
			r.timestamp = m.Value
		case "uuid":
			r.message = m.Value
		case "properties":
			var parts []app.Member
			if parts, err = members(m.Name, m.Value); err != nil {
				return err
			}
			for _, p := range parts {
				switch {
				case strings.HasPrefix(p.Name, "$"):
					r.own[p.Name] = p.Value
				case p.Name == "distinct_id" && r.uid == "":
					r.uid, err = uidOf(m.Name, p.Value)
				case !postHogOwn[p.Name]:
					r.properties = append(r.properties, p)
				}
			}
		case "$set", "$set_once", "$unset":
			r.own[m.Name] = m.Value
		case "config":
			var parts []app.Member
			parts, err = members(m.Name, m.Value)
			for _, p := range parts {
				filter, _ := app.Text(p.Value)
				r.out.OnlyKnown = r.out.OnlyKnown || p.Name == "filter" && strings.HasPrefix(filter, "Only")
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *postHogReader) changes() error {
	r.out.UID = r.uid
	switch {
	case r.event == "":
		return app.Invalid("event", "is missing; it must be the name of the event")
	case r.event == "$groupidentify":
		return r.group()
	case strings.HasPrefix(r.event, "$") && !slices.Contains([]string{"$identify", "$set", "$unset", "$create_alias"}, r.event):
		return nil
	case r.uid == "":
		return app.Invalid("distinct_id", "is missing; it must be your own id of the customer")
	case r.event == "$create_alias":
		return r.alias()
	}
	if err := r.attributes(r.uid, []string{"$set_once", "$set"}, false, r.event == "$identify"); err != nil {
		return err
	}
	if err := r.unset(); err != nil {
		return err
	}
	if strings.HasPrefix(r.event, "$") {
		return nil
	}
	return r.track()
}

// attributes makes a profile of the objects under keys; a later one wins. Without any
// there is nothing to do, unless the customer is to be made all the same.
func (r *postHogReader) attributes(uid string, keys []string, account, always bool) error {
	var flat []app.Member
	for _, key := range keys {
		parts, err := members(key, r.own[key])
		if err != nil {
			return err
		}
		flat = appendFlat(flat, parts)
	}
	if len(flat) == 0 && !always {
		return nil
	}
	if account {
		flat = append(flat, app.Member{Name: "is_account", Value: []byte("true")})
	} else {
		flat = splitName(flat)
	}
	if os, _ := app.Text(r.own["$os"]); r.own["$device_id"] != nil && (strings.EqualFold(os, "android") || strings.EqualFold(os, "ios")) {
		flat = append(flat, app.Member{Name: "device_token", Value: r.own["$device_id"]}, app.Member{Name: "device_platform", Value: app.Quote(os)})
	}
	p, err := profileFrom(uid, flat, r.c)
	if err != nil {
		return err
	}
	p.NewUID = ""
	r.out.Changes = append(r.out.Changes, p)
	return nil
}

// appendFlat appends members whose objects are taken apart, by their inner names
// alone; PostHog's own are left out, and of a repeated name the last one counts.
func appendFlat(out []app.Member, parts []app.Member) []app.Member {
	for _, m := range parts {
		if strings.HasPrefix(m.Name, "$") || postHogOwn[m.Name] {
			continue
		}
		if app.JSONKind(m.Value) == app.ObjectKind {
			if inner, err := app.Members(m.Value, nil); err == nil {
				out = appendFlat(out, inner)
				continue
			}
		}
		out = slices.DeleteFunc(out, func(have app.Member) bool { return have.Name == m.Name })
		out = append(out, m)
	}
	return out
}

// splitName makes first and last name of a person's "name" where neither came.
func splitName(parts []app.Member) []app.Member {
	at := -1
	for i, m := range parts {
		switch m.Name {
		case "first_name", "last_name":
			return parts
		case "name":
			at = i
		}
	}
	if at < 0 {
		return parts
	}
	name, ok := app.Text(parts[at].Value)
	first, last, both := strings.Cut(strings.TrimSpace(name), " ")
	if !ok || first == "" {
		return parts
	}
	parts[at] = app.Member{Name: "first_name", Value: app.Quote(first)}
	if both {
		parts = append(parts, app.Member{Name: "last_name", Value: app.Quote(strings.TrimSpace(last))})
	}
	return parts
}

// group makes the account of a $groupidentify; one without a key names none.
func (r *postHogReader) group() error {
	if r.own["$group_key"] == nil || app.JSONKind(r.own["$group_key"]) == app.NullKind {
		return nil
	}
	uid, err := uidOf("properties.$group_key", r.own["$group_key"])
	if err != nil {
		return err
	}
	r.out.OnlyKnown = false // it says who the account is
	return r.attributes(uid, []string{"$group_set"}, true, true)
}

func (r *postHogReader) alias() error {
	for _, p := range r.properties {
		if p.Name == "alias" {
			from, err := uidOf("properties.alias", p.Value)
			if err != nil {
				return err
			}
			r.out.Changes = append(r.out.Changes, &app.Merge{From: from, To: r.uid, Source: r.c.Source})
			return nil
		}
	}
	return app.Invalid("properties.alias", "is missing; it must be the id to fold in")
}

func (r *postHogReader) unset() error {
	if r.own["$unset"] == nil {
		return nil
	}
	items, err := list("$unset", r.own["$unset"])
	if err != nil {
		return err
	}
	var names []string
	for _, item := range items {
		s, ok, err := scalar("$unset", item)
		if err != nil {
			return err
		}
		if ok {
			names = append(names, s)
		}
	}
	if len(names) > 0 {
		r.out.Changes = append(r.out.Changes, &app.RemoveAttributes{UID: r.uid, Names: names, Source: r.c.Source})
	}
	return nil
}

// track records a custom event, for the groups that it names, else for the person.
func (r *postHogReader) track() error {
	groups, err := members("properties.$groups", r.own["$groups"])
	if err != nil {
		return err
	}
	var uids []string
	for _, g := range groups {
		uid, err := uidOf("properties.$groups."+g.Name, g.Value)
		if err != nil {
			return err
		}
		uids = append(uids, uid)
	}
	if len(uids) == 0 {
		uids = []string{r.uid}
	}
	for i, uid := range uids {
		parts := []app.Member{{Name: "event", Value: app.Quote(r.event)}, {Name: "properties", Value: joinMembers(appendFlat(nil, r.properties), 0)}}
		if r.timestamp != nil {
			parts = append(parts, app.Member{Name: "timestamp", Value: r.timestamp})
		}
		if id, ok := app.Text(r.message); ok && id != "" { // PostHog may deliver an event twice
			if i > 0 {
				id += ":" + uid
			}
			parts = append(parts, app.Member{Name: "message_id", Value: app.Quote(id)})
		}
		e, err := eventFrom(uid, parts, r.c)
		if err != nil {
			return err
		}
		r.out.Changes = append(r.out.Changes, e)
	}
	return nil
}
