package ingest

import (
	"strings"

	"kith/app"
)

// Create reads the body of POST /users: the id is in it.
func Create(body []byte, c Context) (*app.SetProfile, error) {
	members, err := Object(body)
	if err != nil {
		return nil, err
	}
	return createFrom(members, c)
}

func createFrom(members []app.Member, c Context) (*app.SetProfile, error) {
	for _, key := range []string{"id", "uid"} {
		for _, m := range members {
			if m.Name != key || app.JSONKind(m.Value) == app.NullKind {
				continue
			}
			uid, err := uidOf(key, m.Value)
			if err != nil {
				return nil, err
			}
			p, err := profileFrom(uid, members, c)
			if p != nil {
				p.NewUID = ""
			}
			return p, err
		}
	}
	return nil, app.Invalid("id", "is missing; it must be your own id of the customer")
}

// Profile reads the body of PUT /users/{uid}.
func Profile(uid string, body []byte, c Context) (*app.SetProfile, error) {
	uid, members, err := ofCustomer(uid, body)
	if err != nil {
		return nil, err
	}
	return profileFrom(uid, members, c)
}

// profileReader gathers a SetProfile from the members of a body.
type profileReader struct {
	c              Context
	out            *app.SetProfile
	token          string
	platform       string
	meta           []app.Member
	extra          []app.Member
	isAccountGiven bool
}

func profileFrom(uid string, members []app.Member, c Context) (*app.SetProfile, error) {
	r := &profileReader{c: c, out: &app.SetProfile{UID: uid, Trusted: c.Trusted, Source: c.Source}}
	for _, m := range members {
		if err := r.member(m); err != nil {
			return nil, err
		}
	}
	if err := r.device(); err != nil {
		return nil, err
	}
	if err := r.attributes(); err != nil {
		return nil, err
	}
	return r.out, nil
}

// member reads one top-level key. Keys of the User object that only Kith can set are
// passed over, so that what was read can be sent back.
func (r *profileReader) member(m app.Member) (err error) {
	p := &r.out.Profile
	switch m.Name {
	case "first_name":
		p.FirstName, err = field(m)
	case "last_name":
		p.LastName, err = field(m)
	case "email":
		p.Email, err = contact(m, app.CheckEmail)
	case "number":
		p.Number, err = contact(m, app.CheckNumber)
	case "created_at":
		p.CreatedAt, err = r.instant(m)
	case "date": // an older PostHog plugin's created_at
		if p.CreatedAt == nil {
			p.CreatedAt, err = r.instant(m)
		}
	case "is_account":
		p.IsAccount, err = boolean(m)
		r.isAccountGiven = p.IsAccount != nil
	case "device_token":
		r.token, _, err = scalar(m.Name, m.Value)
	case "device_platform":
		r.platform, _, err = scalar(m.Name, m.Value)
	case "lists":
		r.out.Lists, err = listIDs(m.Name, m.Value, true)
	case "accounts":
		r.out.Accounts, err = accountRoles(m.Name, m.Value)
	case "meta":
		r.meta, err = members(m.Name, m.Value)
	case "source":
		r.out.Source = source(r.c, m.Value)
	case "id", "uid":
		if app.JSONKind(m.Value) != app.NullKind {
			r.out.NewUID, err = uidOf(m.Name, m.Value)
		}
	case "uid_updateable", "devices", "segments", "stats", "member_count", "archived", "last_interaction", "subscribed", "type":
	default:
		r.extra = append(r.extra, m)
	}
	return err
}

// attributes gathers the custom ones: unknown keys of the top level, which win, and meta.
func (r *profileReader) attributes() error {
	at := make(map[string]int, len(r.extra)+len(r.meta))
	add := func(prefix string, m app.Member, wins bool) error {
		if err := name(prefix+"meta", m.Name); err != nil {
			return err
		}
		v, err := value(m.Name, m.Value)
		if err != nil {
			return err
		}
		a := app.Attribute{Name: m.Name, Value: v}
		if app.JSONKind(v) == app.NullKind {
			a.Value = nil
		}
		if i, have := at[m.Name]; have {
			if wins {
				r.out.Profile.Attributes[i] = a
			}
			return nil
		}
		at[m.Name] = len(r.out.Profile.Attributes)
		r.out.Profile.Attributes = append(r.out.Profile.Attributes, a)
		return nil
	}
	for _, m := range r.extra {
		if err := add("", m, true); err != nil {
			return err
		}
	}
	top := len(r.out.Profile.Attributes)
	for _, m := range r.meta {
		if m.Name == "is_account" && !r.isAccountGiven { // Engage: JS 1.3.4 sends it inside meta
			if b, err := boolean(m); err == nil && b != nil {
				r.out.Profile.IsAccount = b
				continue
			}
		}
		i, have := at[m.Name]
		if err := add("", m, !have || i >= top); err != nil {
			return err
		}
	}
	return nil
}

// device puts the token and its platform together.
func (r *profileReader) device() error {
	if strings.TrimSpace(r.token) == "" {
		return nil
	}
	if len(r.token) > app.MaxToken {
		return app.Invalid("device_token", "has %d bytes; a token can have %d", len(r.token), app.MaxToken)
	}
	platform := strings.ToLower(strings.TrimSpace(r.platform))
	if platform != "ios" && platform != "android" {
		return app.Invalid("device_platform", `must be "ios" or "android" when device_token is given, not %q`, r.platform)
	}
	r.out.Device = &app.Device{Token: r.token, Platform: platform}
	return nil
}

func (r *profileReader) instant(m app.Member) (*app.Instant, error) {
	return instant(m.Name, m.Value, r.c)
}

// instant is nil for null and blank.
func instant(field string, raw []byte, c Context) (*app.Instant, error) {
	if app.JSONKind(raw) == app.NullKind {
		return nil, nil
	}
	if s, ok := app.Text(raw); ok && strings.TrimSpace(s) == "" {
		return nil, nil
	}
	at, err := app.ParseInstant(raw, c.Zone)
	if err != nil {
		return nil, app.Invalid(field, "%v", err)
	}
	return &at, nil
}

// field is a standard text; null removes it.
func field(m app.Member) (app.Field, error) {
	s, ok, err := scalar(m.Name, m.Value)
	if err != nil {
		return app.Field{}, err
	}
	if !ok {
		return app.Field{Given: true}, nil
	}
	if len(s) > app.MaxTextValue {
		return app.Field{}, app.Invalid(m.Name, "has %d bytes; one value can have %d", len(s), app.MaxTextValue)
	}
	return app.FieldOf(s), nil
}

// contact is a standard text that must pass a check; null and blank remove it.
func contact(m app.Member, check func(string) (string, error)) (app.Field, error) {
	f, err := field(m)
	if err != nil || f.Value == nil {
		return f, err
	}
	if strings.TrimSpace(*f.Value) == "" {
		return app.Field{Given: true}, nil
	}
	s, err := check(*f.Value)
	if err != nil {
		return app.Field{}, app.Invalid(m.Name, "%v", err)
	}
	return app.FieldOf(s), nil
}

// boolean takes true and false, also as texts, as form fields and RudderStack send them.
func boolean(m app.Member) (*bool, error) {
	s, ok, err := scalar(m.Name, m.Value)
	if err != nil || !ok {
		return nil, err
	}
	var b bool
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1":
		b = true
	case "false", "0":
	case "":
		return nil, nil
	default:
		return nil, app.Invalid(m.Name, "must be true or false, not %q", s)
	}
	return &b, nil
}

// listIDs reads ids of lists, bare or as the User object has them:
// {"id":…,"subscribed":…}. With joining, an item that says subscribed:false is passed
// over: a User that was read and is sent back must not subscribe who had left.
func listIDs(field string, raw []byte, joining bool) ([]string, error) {
	items, err := list(field, raw)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, item := range items {
		if app.JSONKind(item) == app.ObjectKind {
			subscribed := true
			if item, subscribed, err = listItem(field, item); err != nil {
				return nil, err
			}
			if joining && !subscribed {
				continue
			}
		}
		s, ok, err := scalar(field, item)
		if err != nil {
			return nil, err
		}
		if ok && s != "" {
			out = append(out, s)
		}
	}
	return out, nil
}

func listItem(field string, item []byte) (id []byte, subscribed bool, err error) {
	parts, err := members(field, item)
	if err != nil {
		return nil, false, err
	}
	subscribed = true
	for _, m := range parts {
		switch m.Name {
		case "id":
			id = m.Value
		case "subscribed":
			b, err := boolean(m)
			if err != nil {
				return nil, false, err
			}
			subscribed = b == nil || *b
		}
	}
	if id == nil {
		return nil, false, app.Invalid(field, "an item has no id")
	}
	return id, subscribed, nil
}

func accountRoles(field string, raw []byte) ([]app.AccountRole, error) {
	items, err := list(field, raw)
	if err != nil {
		return nil, err
	}
	var out []app.AccountRole
	for _, item := range items {
		a := app.AccountRole{}
		if app.JSONKind(item) != app.ObjectKind {
			if a.UID, err = uidOf(field, item); err != nil {
				return nil, err
			}
			out = append(out, a)
			continue
		}
		parts, err := members(field, item)
		if err != nil {
			return nil, err
		}
		for _, m := range parts {
			switch m.Name {
			case "id", "uid":
				a.UID, err = uidOf(field+".id", m.Value)
			case "role":
				a.Role, err = role(field+".role", m.Value)
			}
			if err != nil {
				return nil, err
			}
		}
		if a.UID == "" {
			return nil, app.Invalid(field, "an item has no id")
		}
		out = append(out, a)
	}
	return out, nil
}

// role is free text; null leaves the role as it is.
func role(field string, raw []byte) (*string, error) {
	s, ok, err := scalar(field, raw)
	if err != nil || !ok {
		return nil, err
	}
	if len(s) > app.MaxRole {
		return nil, app.Invalid(field, "has %d bytes; a role can have %d", len(s), app.MaxRole)
	}
	return &s, nil
}
