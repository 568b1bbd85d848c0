package ingest

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"kith/app"
)

// List reads the body of POST /lists (id "", a title is needed) and PUT /lists/{id}.
func List(id string, body []byte) (*app.SaveList, error) {
	parts, err := Object(body)
	if err != nil {
		return nil, err
	}
	l := &app.SaveList{List: id}
	for _, m := range parts {
		switch m.Name {
		case "title":
			l.Title, err = title(m, app.MaxListTitle)
		case "description":
			l.Description, err = description(m, app.MaxListDescription)
		case "redirect_url":
			l.RedirectURL, err = redirect(m)
		case "double_optin":
			l.DoubleOptIn, err = boolean(m)
		}
		if err != nil {
			return nil, err
		}
	}
	if id == "" && l.Title == nil {
		return nil, app.Invalid("title", "is missing")
	}
	return l, nil
}

// title reads a title of at most so many characters; an empty one is none.
func title(m app.Member, most int) (*string, error) {
	t, ok, err := scalar(m.Name, m.Value)
	if err != nil {
		return nil, err
	}
	t = strings.TrimSpace(t)
	if !ok || t == "" {
		return nil, app.Invalid("title", "is empty")
	}
	if n := utf8.RuneCountInString(t); n > most {
		return nil, app.Invalid("title", "has %d characters; a title can have %d", n, most)
	}
	return &t, nil
}

func description(m app.Member, most int) (app.Field, error) {
	f, err := field(m)
	if err != nil || f.Value == nil {
		return f, err
	}
	if n := utf8.RuneCountInString(*f.Value); n > most {
		return f, app.Invalid("description", "has %d characters; a description can have %d", n, most)
	}
	return f, nil
}

// redirect takes web addresses only: the embed form sends browsers there.
func redirect(m app.Member) (app.Field, error) {
	f, err := field(m)
	if err != nil || f.Value == nil {
		return f, err
	}
	if strings.TrimSpace(*f.Value) == "" {
		return app.Field{Given: true}, nil
	}
	u, err := url.Parse(*f.Value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return app.Field{}, app.Invalid("redirect_url", "must be a web address that begins with https:// or http://, not %q", *f.Value)
	}
	return f, nil
}

// Subscriber reads the body of POST /lists/{id}/subscribers, and of the embed form.
func Subscriber(list string, body []byte, c Context) (*app.AddSubscriber, error) {
	parts, err := Object(body)
	if err != nil {
		return nil, err
	}
	p, err := profileFrom("", parts, c)
	if err != nil {
		return nil, err
	}
	if p.Profile.Email.Value == nil && p.Profile.Number.Value == nil {
		return nil, app.Invalid("email", "is missing; a subscriber needs an e-mail or a number")
	}
	return &app.AddSubscriber{List: list, Profile: p.Profile, Source: p.Source}, nil
}

// Form turns an HTML form into the JSON body of a subscriber.
func Form(values url.Values) []byte {
	var parts []app.Member
	for _, name := range slices.Sorted(maps.Keys(values)) { // one order, whatever the map's
		v := values[name]
		if len(v) > 0 && strings.TrimSpace(name) != "" {
			parts = append(parts, app.Member{Name: strings.ToValidUTF8(name, "\uFFFD"), Value: app.Quote(strings.ToValidUTF8(strings.Join(v, ", "), "\uFFFD"))})
		}
	}
	return joinMembers(parts, 0)
}

// Lists reads {"lists":[id…]}.
func Lists(body []byte) ([]string, error) {
	parts, err := Object(body)
	if err != nil {
		return nil, err
	}
	for _, m := range parts {
		if m.Name == "lists" {
			return listIDs(m.Name, m.Value, false)
		}
	}
	return nil, app.Invalid("lists", `is missing; send {"lists":["id of a list",…]}`)
}

// Subscribed reads {"subscribed":true}. RudderStack may send the text "false".
func Subscribed(body []byte) (bool, error) {
	parts, err := Object(body)
	if err != nil {
		return false, err
	}
	for _, m := range parts {
		if m.Name == "subscribed" {
			b, err := boolean(m)
			if err == nil && b == nil {
				err = app.Invalid("subscribed", "must be true or false")
			}
			if err != nil {
				return false, err
			}
			return *b, nil
		}
	}
	return false, app.Invalid("subscribed", "is missing; it must be true or false")
}

// Accounts reads {"accounts":[{"id":…,"role":…}]}.
func Accounts(uid string, body []byte, c Context) (*app.JoinAccounts, error) {
	uid, err := UID("id", uid)
	if err != nil {
		return nil, err
	}
	parts, err := Object(body)
	if err != nil {
		return nil, err
	}
	j := &app.JoinAccounts{UID: uid, Source: c.Source}
	for _, m := range parts {
		if m.Name == "accounts" {
			if j.Accounts, err = accountRoles(m.Name, m.Value); err != nil {
				return nil, err
			}
		}
	}
	if len(j.Accounts) == 0 {
		return nil, app.Invalid("accounts", `is missing; send {"accounts":[{"id":"account","role":"optional"}]}`)
	}
	return j, nil
}

// Role reads {"role":"text"} for PUT /users/{uid}/accounts/{aid}.
func Role(uid, account string, body []byte, c Context) (*app.JoinAccounts, error) {
	uid, err := UID("id", uid)
	if err != nil {
		return nil, err
	}
	if account, err = UID("account", account); err != nil {
		return nil, err
	}
	parts, err := Object(body)
	if err != nil {
		return nil, err
	}
	a := app.AccountRole{UID: account}
	found := false
	for _, m := range parts {
		if m.Name == "role" {
			found = true
			if a.Role, err = role(m.Name, m.Value); err != nil {
				return nil, err
			}
		}
	}
	if !found {
		return nil, app.Invalid("role", "is missing; it must be a text")
	}
	return &app.JoinAccounts{UID: uid, Accounts: []app.AccountRole{a}, Source: c.Source}, nil
}

// Convert reads {"type":"customer"|"account"}.
func Convert(uid string, body []byte, c Context) (*app.Convert, error) {
	parts, err := Object(body)
	if err != nil {
		return nil, err
	}
	for _, m := range parts {
		if m.Name != "type" {
			continue
		}
		kind, _, err := scalar("type", m.Value)
		if err != nil {
			return nil, err
		}
		switch kind {
		case "account", "customer":
			return &app.Convert{UID: uid, Account: kind == "account", Source: c.Source}, nil
		}
		return nil, app.Invalid("type", `must be "customer" or "account", not %q`, kind)
	}
	return nil, app.Invalid("type", `is missing; it must be "customer" or "account"`)
}

// Merge reads {"source":uid,"destination":uid}.
func Merge(body []byte, c Context) (*app.Merge, error) {
	parts, err := Object(body)
	if err != nil {
		return nil, err
	}
	out := &app.Merge{Source: c.Source}
	for _, m := range parts {
		switch m.Name {
		case "source":
			out.From, err = uidOf(m.Name, m.Value)
		case "destination":
			out.To, err = uidOf(m.Name, m.Value)
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case out.From == "":
		return nil, app.Invalid("source", "is missing; it must be the id of the customer to fold in")
	case out.To == "":
		return nil, app.Invalid("destination", "is missing; it must be the id of the customer to keep")
	}
	return out, nil
}
