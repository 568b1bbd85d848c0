package admin

import (
	"kith/app"
)

// sessionLine is a browser that is signed in.
type sessionLine struct {
	ID        string      `json:"id"`
	Current   bool        `json:"current"`
	Address   string      `json:"address"`
	Agent     string      `json:"agent"`
	CreatedAt app.Instant `json:"created_at"`
	SeenAt    app.Instant `json:"seen_at"`
	ExpiresAt app.Instant `json:"expires_at"`
}

// account is who is signed in, with everything that belongs to them.
func (a *Admin) account(c *call) (any, error) {
	ctx := c.Request.Context()
	u, err := a.store.User(ctx, c.session.User)
	if err != nil {
		return nil, err
	}
	sessions, err := a.store.Sessions(ctx, u.Row)
	if err != nil {
		return nil, err
	}
	lines := make([]sessionLine, len(sessions))
	for i, s := range sessions {
		lines[i] = sessionLine{s.ID, s.ID == c.session.ID, s.Address, s.Agent, s.CreatedAt, s.SeenAt, s.ExpiresAt}
	}
	return map[string]any{
		"email": u.Email, "role": u.Role, "created_at": u.CreatedAt,
		"second_factor": u.TOTP != nil, "recovery_codes": u.RecoveryCodes, "sessions": lines,
	}, nil
}

// confirm asks for the password again, before what a session that somebody else sits at
// must not do.
func (a *Admin) confirm(c *call, password string) (app.User, error) {
	u, err := a.store.User(c.Request.Context(), c.session.User)
	if err != nil {
		return u, err
	}
	tries := bucket{"confirm\x00" + u.Email, oneFromHere}
	if err := a.try(c, tries); err != nil {
		return u, err
	}
	if len(password) > maxPassword || !checkPassword(password, u.Password) {
		return u, &app.Error{Code: app.CodeForbidden, Field: "password", Message: "this is not your password"}
	}
	a.tries.right(tries)
	return u, nil
}

// changePassword ends all sessions; this browser gets another.
func (a *Admin) changePassword(c *call) (any, error) {
	var in struct {
		Password string
		New      string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	u, err := a.confirm(c, in.Password)
	if err != nil {
		return nil, err
	}
	hash, err := HashPassword(in.New, u.Email)
	if err != nil {
		e := app.Public(err)
		return nil, app.Invalid("new", "%s", e.Message)
	}
	if err := a.store.SetPassword(c.Request.Context(), u.Email, hash); err != nil {
		return nil, err
	}
	return a.begin(c, u)
}

// endSession ends one of one's own sessions.
func (a *Admin) endSession(c *call) (any, error) {
	if err := a.store.EndSessionOf(c.Request.Context(), c.session.User, c.Param("id")); err != nil {
		return nil, err
	}
	if c.Param("id") == c.session.ID {
		a.cookie(c, "", -1)
	}
	return map[string]string{"status": "ok"}, nil
}

// endOthers ends all of one's sessions but this one.
func (a *Admin) endOthers(c *call) (any, error) {
	if err := a.store.EndOtherSessions(c.Request.Context(), c.session.User, c.secret); err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, nil
}
