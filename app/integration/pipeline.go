package integration

import (
	"strings"

	"kith/app"
	"kith/app/ingest"
)

// A pipeline forwards what a team's own application records: identities, traits, events.
// Its readers make the same changes as Engage's API does, through the same checks.

// Rejection is an item of a batch that was left out, and why. The others stay.
type Rejection struct {
	Index int
	Err   error
}

// context is what ingest needs to know.
func (r *reader) context() ingest.Context {
	return ingest.Context{Now: r.env.Now, Zone: r.env.Zone, Trusted: true, Source: r.integration.Kind}
}

func (r *reader) add(changes ...app.Change) { r.out.Changes = append(r.out.Changes, changes...) }

// items reads a batch: what is wrong with one is noted, and the others stay.
func (r *reader) items(list []value, read func(value) error) {
	for i, item := range list {
		had := len(r.out.Changes)
		if err := read(item); err != nil {
			r.out.Changes = r.out.Changes[:had]
			r.out.Rejected = append(r.out.Rejected, Rejection{i, err})
		}
	}
}

// traits makes a profile of what a pipeline says of somebody. Names that Engage's
// standard attributes have under another spelling get theirs; objects inside are taken
// apart, address.city becomes address_city, so that rules can ask for them.
func (r *reader) traits(uid string, traits ...value) (*app.SetProfile, error) {
	top, meta := map[string]value{}, &properties{}
	var order []string
	set := func(name string, v value) {
		if _, have := top[name]; !have {
			order = append(order, name)
		}
		top[name] = v
	}
	for _, t := range traits {
		for _, m := range t.members() {
			v := value(m.Value)
			switch m.Name {
			case "email", "first_name", "last_name", "is_account":
				set(m.Name, v)
			case "firstName", "firstname":
				set("first_name", v)
			case "lastName", "lastname":
				set("last_name", v)
			case "number", "phone":
				if n, err := app.CheckNumber(v.scalar()); err == nil {
					set("number", app.Quote(n))
				} else {
					flatten(meta, m.Name, v, 0)
				}
			case "created_at", "createdAt":
				if at := v.instant(r.env); at != 0 {
					set("created_at", app.Quote(at.String()))
				} else {
					flatten(meta, m.Name, v, 0)
				}
			case "id", "userId", "user_id", "anonymousId", "anonymous_id":
			default:
				flatten(meta, m.Name, v, 0)
			}
		}
	}
	if top["first_name"] == nil && top["last_name"] == nil {
		splitWhole(meta, set)
	}
	body := &properties{}
	for _, name := range order {
		body.members = append(body.members, app.Member{Name: name, Value: top[name]})
	}
	if len(meta.members) > 0 {
		body.add("meta", app.JoinMembers(meta.members))
	}
	return ingest.Profile(uid, app.JoinMembers(body.members), r.context())
}

// splitWhole makes first and last name of "name", where neither came.
func splitWhole(meta *properties, set func(string, value)) {
	for i, m := range meta.members {
		if m.Name != "name" {
			continue
		}
		first, last, both := strings.Cut(strings.TrimSpace(value(m.Value).text()), " ")
		if first == "" {
			return
		}
		set("first_name", app.Quote(first))
		if both {
			set("last_name", app.Quote(strings.TrimSpace(last)))
		}
		meta.members = append(meta.members[:i:i], meta.members[i+1:]...)
		return
	}
}

// flatten keeps a value, the members of an object under names of their own. Null
// removes, as everywhere.
func flatten(p *properties, name string, v value, depth int) {
	if v.kind() == app.ObjectKind && depth < 3 {
		for _, m := range v.members() {
			flatten(p, name+"_"+m.Name, m.Value, depth+1)
		}
		return
	}
	p.members = append(p.members, app.Member{Name: name, Value: app.Compact(v)})
}

// event makes the event of a pipeline.
func (r *reader) event(uid, name string, properties, timestamp value, message string) (*app.Track, error) {
	body := []app.Member{{Name: "event", Value: app.Quote(name)}}
	if properties.kind() == app.ObjectKind {
		body = append(body, app.Member{Name: "properties", Value: properties})
	}
	if timestamp.instant(r.env) != 0 {
		body = append(body, app.Member{Name: "timestamp", Value: timestamp})
	}
	if message != "" {
		body = append(body, app.Member{Name: "message_id", Value: app.Quote(r.integration.Kind + ":" + hashed(message))})
	}
	return ingest.Event(uid, app.JoinMembers(body), r.context())
}

// hashed bounds an id that somebody else made up.
func hashed(id string) string {
	if len(id) > 200 {
		return digest(id)
	}
	return id
}
