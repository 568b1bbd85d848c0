package api

import (
	"context"
	"strconv"

	"kith/app"
)

// User returns the User object of a customer, as GET /v1/users/{uid} answers it. segments
// are the ids of those that the customer is in.
func User(c *app.Customer, segments []string) []byte { return appendUser(nil, c, segments) }

// appendUser appends the User object with the segments of now.
func (a *API) appendUser(ctx context.Context, b []byte, c *app.Customer) []byte {
	return appendUser(b, c, a.membership.Of(ctx, c.Row))
}

// appendUser appends Engage's User object. Values of attributes go out byte for byte
// as they came in, which a decoder in between would not allow.
func appendUser(b []byte, c *app.Customer, segments []string) []byte {
	b = appendIDs(b, c.ID, c.UID, c.Provisional)
	for _, f := range []struct {
		name  string
		value *string
	}{{"first_name", c.FirstName}, {"last_name", c.LastName}, {"number", c.Number}, {"email", c.Email}} {
		b = appendKey(b, f.name)
		b = appendText(b, f.value)
	}
	b = append(b, `,"devices":[`...)
	for i, d := range c.Devices {
		b = comma(b, i)
		b = append(b, `{"token":`...)
		b = app.AppendQuote(b, d.Token)
		b = append(b, `,"platform":`...)
		b = app.AppendQuote(b, d.Platform)
		b = append(b, '}')
	}
	b = append(b, `],"accounts":[`...)
	for i, m := range c.Accounts {
		b = comma(b, i)
		b = append(b, `{"id":`...)
		b = app.AppendQuote(b, m.UID)
		b = append(b, `,"role":`...)
		b = appendText(b, m.Role)
		b = append(b, '}')
	}
	b = append(b, `],"is_account":`...)
	b = strconv.AppendBool(b, c.IsAccount)
	b = append(b, `,"member_count":`...)
	if c.IsAccount {
		b = strconv.AppendInt(b, int64(c.MemberCount), 10)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"archived":`...)
	b = strconv.AppendBool(b, c.Archived())
	b = append(b, `,"lists":[`...)
	for i, s := range c.Lists {
		b = comma(b, i)
		b = append(b, `{"id":`...)
		b = app.AppendQuote(b, s.ID)
		b = append(b, `,"subscribed":`...)
		b = strconv.AppendBool(b, s.Status == app.Subscribed)
		if s.Status == app.Pending {
			b = append(b, `,"pending":true`...)
		}
		b = append(b, '}')
	}
	b = append(b, `],"segments":[`...)
	for i, id := range segments {
		b = append(comma(b, i), `{"id":`...)
		b = app.AppendQuote(b, id)
		b = append(b, `,"suppressed":false}`...) // broadcasts will suppress; until then nobody is
	}
	b = append(b, `],"meta":{`...)
	n := 0
	for _, a := range c.Attributes {
		if app.IsSide(a.Name) {
			continue
		}
		b = comma(b, n)
		b = appendMember(b, a)
		n++
	}
	b = append(b, '}')
	for _, a := range c.Attributes {
		if app.IsSide(a.Name) {
			b = appendMember(append(b, ','), a)
		}
	}
	b = append(b, `,"created_at":"`...)
	b = c.CreatedAt.Append(b)
	b = append(b, `","last_interaction":`...)
	if c.LastInteraction != nil {
		b = append(b, '"')
		b = c.LastInteraction.Append(b)
		b = append(b, '"')
	} else {
		b = append(b, "null"...)
	}
	return append(b, `,"stats":{"delivered":0,"failed":0,"opened":0,"clicked":0,"unique_opens":0,"unique_clicks":0}}`...)
}

func appendIDs(b []byte, id, uid string, provisional bool) []byte {
	b = append(b, `{"id":`...)
	b = app.AppendQuote(b, id)
	b = append(b, `,"uid":`...)
	b = app.AppendQuote(b, uid)
	b = append(b, `,"uid_updateable":`...)
	return strconv.AppendBool(b, provisional)
}

// appendOwn appends what a public key gets back: the ids, and what the request itself
// set; never the rest of a profile.
func appendOwn(b []byte, res app.Result, p *app.SetProfile) []byte {
	b = appendIDs(b, res.ID, res.UID, res.Provisional)
	if p == nil {
		return append(b, '}')
	}
	for _, f := range []struct {
		name  string
		field app.Field
	}{{"first_name", p.Profile.FirstName}, {"last_name", p.Profile.LastName}, {"number", p.Profile.Number}, {"email", p.Profile.Email}} {
		if f.field.Given {
			b = appendKey(b, f.name)
			b = appendText(b, f.field.Value)
		}
	}
	if p.Profile.CreatedAt != nil {
		b = append(b, `,"created_at":"`...)
		b = p.Profile.CreatedAt.Append(b)
		b = append(b, '"')
	}
	if p.Profile.IsAccount != nil {
		b = append(b, `,"is_account":`...)
		b = strconv.AppendBool(b, *p.Profile.IsAccount)
	}
	b = append(b, `,"meta":{`...)
	n := 0
	for _, a := range p.Profile.Attributes {
		if a.Value != nil && !app.IsSide(a.Name) {
			b = comma(b, n)
			b = appendMember(b, a)
			n++
		}
	}
	b = append(b, '}')
	for _, a := range p.Profile.Attributes {
		if a.Value != nil && app.IsSide(a.Name) {
			b = appendMember(append(b, ','), a)
		}
	}
	return append(b, '}')
}

func appendMember(b []byte, a app.Attribute) []byte {
	b = app.AppendQuote(b, a.Name)
	b = append(b, ':')
	return append(b, a.Value...)
}

func appendKey(b []byte, name string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func appendText(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return app.AppendQuote(b, *s)
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

// appendList appends Engage's List object.
func appendList(b []byte, l *app.List) []byte {
	b = append(b, `{"id":`...)
	b = app.AppendQuote(b, l.ID)
	b = append(b, `,"title":`...)
	b = app.AppendQuote(b, l.Title)
	b = append(b, `,"description":`...)
	b = appendText(b, l.Description)
	b = append(b, `,"subscriber_count":`...)
	b = strconv.AppendInt(b, l.Subscribers(), 10)
	b = append(b, `,"broadcast_count":0,"double_optin":`...)
	b = strconv.AppendBool(b, l.DoubleOptIn)
	b = append(b, `,"redirect_url":`...)
	b = appendText(b, l.RedirectURL)
	b = append(b, `,"archived":`...)
	b = strconv.AppendBool(b, l.ArchivedAt != nil)
	b = append(b, `,"created_at":"`...)
	b = l.CreatedAt.Append(b)
	return append(b, `"}`...)
}

// appendEvent appends an event of an export or of a customer's timeline.
func appendEvent(b []byte, e *app.Event, withUID bool) []byte {
	b = append(b, '{')
	if withUID {
		b = append(b, `"uid":`...)
		b = app.AppendQuote(b, e.UID)
		b = append(b, ',')
	}
	b = append(b, `"event":`...)
	b = app.AppendQuote(b, e.Name)
	b = append(b, `,"value":`...)
	b = appendRaw(b, e.Value, "null")
	b = append(b, `,"properties":`...)
	b = appendRaw(b, e.Properties, "{}")
	b = append(b, `,"timestamp":"`...)
	b = e.At.Append(b)
	b = append(b, `","source":`...)
	b = app.AppendQuote(b, e.Source)
	b = append(b, `,"message_id":`...)
	if e.MessageID == "" {
		b = append(b, "null"...)
	} else {
		b = app.AppendQuote(b, e.MessageID)
	}
	return append(b, '}')
}

func appendRaw(b, raw []byte, missing string) []byte {
	if raw == nil {
		return append(b, missing...)
	}
	return append(b, raw...)
}
