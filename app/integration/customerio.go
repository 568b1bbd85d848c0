package integration

import (
	"net/url"
	"strings"

	"kith/app"
	"kith/app/ingest"
)

// customerio takes what Customer.io's Track API takes, by the same paths.
var customerio = &Service{
	Kind: "customerio", Name: "Customer.io", Group: Pipelines, Whole: true,
	Secret: "password", Example: "identify",
	Where:  "With Customer.io's SDKs: give this Kith's /api/v1 as the Track API's address, any site id, and the API key below.",
	verify: password(), read: readCustomerIO,
}

func readCustomerIO(r *Request, rd *reader) error {
	method, path, _ := strings.Cut(r.Route, " ")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, p := range parts {
		clean, err := url.PathUnescape(p)
		if err != nil {
			return app.Invalid("", "the path cannot be read: %v", err)
		}
		parts[i] = clean
	}
	body := value("{}")
	if len(strings.TrimSpace(string(r.Body))) > 0 {
		var err error
		if body, err = parseObject(r.Body); err != nil {
			return err
		}
	}
	uid := ""
	if len(parts) > 1 && parts[0] == "customers" {
		var err error
		if uid, err = ingest.UID("id", parts[1]); err != nil {
			return err
		}
	}
	c := &cioCall{reader: rd, uid: uid, body: body, source: rd.integration.Kind}
	rest := strings.Join(parts[min(2, len(parts)):], "/")
	switch {
	case parts[0] == "customers" && len(parts) == 2 && method == "PUT":
		return c.identify()
	case parts[0] == "customers" && len(parts) == 2 && method == "DELETE":
		rd.out.Event = "delete"
		rd.add(&app.Delete{UID: uid})
	case parts[0] == "customers" && rest == "events" && method == "POST":
		return c.event(uid)
	case parts[0] == "customers" && rest == "devices" && method == "PUT":
		return c.device()
	case parts[0] == "customers" && len(parts) == 4 && parts[2] == "devices" && method == "DELETE":
		rd.out.Event = "remove device"
		rd.add(&app.RemoveDevice{UID: uid, Token: parts[3], Source: c.source})
	case parts[0] == "customers" && (rest == "suppress" || rest == "unsuppress") && method == "POST":
		rd.out.Event = rest
		rd.add(&app.Archive{UID: uid, Archived: rest == "suppress", Source: c.source})
	case path == "/events" && method == "POST":
		return c.anonymous()
	case path == "/merge_customers" && method == "POST":
		return c.merge()
	case path == "/push/events" && method == "POST":
		rd.skip("push event")
	default:
		return app.NotFound("There is no %s %s in the Track API.", method, path)
	}
	return nil
}

// cioCall is one call of the Track API.
type cioCall struct {
	*reader
	uid    string
	body   value
	source string
}

func (c *cioCall) identify() error {
	c.out.Event = "identify"
	traits := &properties{}
	for _, m := range c.body.members() {
		if m.Name == "anonymous_id" || strings.HasPrefix(m.Name, "_") || m.Name == "cio_relationships" {
			continue
		}
		traits.members = append(traits.members, m)
	}
	if visitor := c.body.at("anonymous_id").scalar(); visitor != "" && visitor != c.uid {
		c.add(&app.Merge{From: visitor, To: c.uid, Source: c.source, Visitor: true})
	}
	p, err := c.traits(c.uid, app.JoinMembers(traits.members))
	if err != nil {
		return err
	}
	if address := strings.TrimSpace(c.uid); !p.Profile.Email.Given && strings.Contains(address, "@") { // an id that is an e-mail is one
		if clean, err := app.CheckEmail(address); err == nil {
			p.Profile.Email = app.FieldOf(clean)
		}
	}
	c.add(p)
	return nil
}

func (c *cioCall) event(uid string) error {
	name := c.body.at("name").text()
	c.out.Event = name
	switch kind := c.body.at("type").text(); kind {
	case "page", "screen":
		name = viewed(c.body, kind)
	}
	return c.track(uid, name, c.body.at("data"), c.body.at("timestamp"), c.body.at("id").scalar())
}

// anonymous is an event of a visitor, or an invitation to an address.
func (c *cioCall) anonymous() error {
	if visitor := c.body.at("anonymous_id").scalar(); visitor != "" {
		return c.event(visitor)
	}
	to := address(c.body.at("data", "recipient").text())
	if to == "" {
		return app.Invalid("anonymous_id", "is missing, and data.recipient too; one of them must say who it is")
	}
	e, err := c.reader.event(to, c.body.at("name").text(), c.body.at("data"), c.body.at("timestamp"), "")
	if err != nil {
		return err
	}
	c.out.Event = e.Event
	return c.observe(&app.Observe{Person: app.Person{Email: to}, At: e.At, Fill: app.Profile{Email: app.FieldOf(to)}, Event: e})
}

func (c *cioCall) device() error {
	c.out.Event = "add device"
	device := c.body.at("device")
	body := app.JoinMembers([]app.Member{
		{Name: "device_token", Value: app.Quote(device.at("id").scalar())},
		{Name: "device_platform", Value: app.Quote(device.at("platform").text())},
	})
	if device.at("id").scalar() == "" {
		return app.Invalid("device.id", "is missing; it must be the push token")
	}
	p, err := ingest.Profile(c.uid, body, c.context())
	if err != nil {
		return err
	}
	c.add(p)
	return nil
}

func (c *cioCall) merge() error {
	c.out.Event = "merge"
	id := func(side string) string {
		return firstScalar(c.body.at(side, "id"), c.body.at(side, "email"), c.body.at(side, "cio_id"))
	}
	to, from := id("primary"), id("secondary")
	if to == "" || from == "" {
		return app.Invalid("primary", "and secondary must each have an id or an email")
	}
	c.add(&app.Merge{From: from, To: to, Source: c.source, Emails: true})
	return nil
}
