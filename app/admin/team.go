package admin

import (
	"slices"
	"time"

	"kith/app"
)

const (
	// invitedFor is how long an invitation is open.
	invitedFor = 7 * 24 * time.Hour
	// resetFor is how long a link that mends a password is open.
	resetFor = 24 * time.Hour
)

// administratorView is somebody who may sign in.
type administratorView struct {
	ID           string       `json:"id"`
	Email        string       `json:"email"`
	Role         app.Role     `json:"role"`
	SecondFactor bool         `json:"second_factor"`
	CreatedAt    app.Instant  `json:"created_at"`
	SeenAt       *app.Instant `json:"seen_at"`
	You          bool         `json:"you"`
	// Yours is that you may change or remove this user.
	Yours bool `json:"yours"`
}

type invitationView struct {
	ID        string      `json:"id"`
	Email     string      `json:"email"`
	Role      app.Role    `json:"role"` // "": it mends a password
	CreatedAt app.Instant `json:"created_at"`
	ExpiresAt app.Instant `json:"expires_at"`
	URL       string      `json:"url,omitempty"` // in the one answer that made it
}

// grants returns the roles that somebody of a role may give to others, and whose users
// they may change. Engage: a manager cannot grant admin.
func grants(r app.Role) []app.Role {
	switch r {
	case app.RoleOwner:
		return app.Roles
	case app.RoleAdmin:
		return app.Roles[slices.Index(app.Roles, app.RoleAdmin):]
	case app.RoleManager:
		return app.Roles[slices.Index(app.Roles, app.RoleManager):]
	}
	return []app.Role{}
}

// manages refuses to let somebody grant a role, or change a user who has it.
func (c *call) manages(r app.Role) error {
	if !slices.Contains(grants(c.session.Role), r) {
		return app.Fail(app.CodeForbidden, "Your role, %s, may not make, change or remove the role %s.", c.session.Role, r)
	}
	return nil
}

func (a *Admin) administrators(c *call) (any, error) {
	ctx := c.Request.Context()
	users, err := a.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	may := grants(c.session.Role)
	people := make([]administratorView, len(users))
	for i, u := range users {
		you := u.Row == c.session.User
		people[i] = administratorView{itoa(u.Row), u.Email, u.Role, u.TOTP != nil, u.CreatedAt, u.SeenAt, you,
			!you && u.Role != app.RoleOwner && slices.Contains(may, u.Role)}
	}
	open := []invitationView{}
	if len(may) > 0 {
		links, err := a.store.Invitations(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range links {
			open = append(open, invitationView{ID: i.ID, Email: i.Email, Role: i.Role, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt})
		}
	}
	return map[string]any{"data": people, "invitations": open, "grants": may}, nil
}

// administrator is the user of the path, whom the caller may change.
func (a *Admin) administrator(c *call) (app.User, error) {
	row, err := atoi(c.Param("id"))
	if err != nil {
		return app.User{}, app.NotFound("There is no such user; it may have been removed.")
	}
	u, err := a.store.User(c.Request.Context(), row)
	if err != nil {
		return u, err
	}
	return u, c.manages(u.Role)
}

// invite makes a one-time link. Nothing is mailed: whoever invites hands it over.
func (a *Admin) invite(c *call) (any, error) {
	var in struct{ Email, Role string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	email, err := app.CheckEmail(in.Email)
	if err != nil {
		return nil, app.Invalid("email", "%v", err)
	}
	role, err := app.ParseRole(in.Role)
	if err != nil {
		return nil, err
	}
	if err := c.manages(role); err != nil {
		return nil, err
	}
	return a.link(c, email, role, invitedFor)
}

// link makes a one-time link and shows it, once.
func (a *Admin) link(c *call, email string, role app.Role, lasts time.Duration) (any, error) {
	expires := app.InstantOf(a.o.Sessions.Now().Add(lasts))
	token, err := a.store.CreateInvitation(c.Request.Context(), email, role, expires)
	if err != nil {
		return nil, err
	}
	i, err := a.store.Invitation(c.Request.Context(), token)
	if err != nil {
		return nil, err
	}
	return invitationView{i.ID, i.Email, i.Role, i.CreatedAt, i.ExpiresAt, a.base(c) + "/app/join#" + token}, nil
}

func (a *Admin) withdraw(c *call) (any, error) {
	ctx := c.Request.Context()
	open, err := a.store.Invitations(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range open {
		if i.ID == c.Param("id") && i.Role != "" {
			if err := c.manages(i.Role); err != nil {
				return nil, err
			}
		}
	}
	if err := a.store.WithdrawInvitation(ctx, c.Param("id")); err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, nil
}

// changeRole gives a user another role. Handing over the ownership asks for the password.
func (a *Admin) changeRole(c *call) (any, error) {
	var in struct{ Role, Password string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	role, err := app.ParseRole(in.Role)
	if err != nil {
		return nil, err
	}
	u, err := a.administrator(c)
	if err != nil {
		return nil, err
	}
	if err := c.manages(role); err != nil {
		return nil, err
	}
	if role == app.RoleOwner {
		if _, err := a.confirm(c, in.Password); err != nil {
			return nil, err
		}
	}
	if err := a.store.SetRole(c.Request.Context(), u.Row, role); err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, nil
}

func (a *Admin) removeAdministrator(c *call) (any, error) {
	u, err := a.administrator(c)
	if err != nil {
		return nil, err
	}
	if err := a.store.RemoveUser(c.Request.Context(), u.Email); err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, nil
}

// resetLink makes a link with which a user chooses another password.
func (a *Admin) resetLink(c *call) (any, error) {
	u, err := a.administrator(c)
	if err != nil {
		return nil, err
	}
	return a.link(c, u.Email, "", resetFor)
}

// clearOthersTOTP takes the second factor from somebody who lost it.
func (a *Admin) clearOthersTOTP(c *call) (any, error) {
	u, err := a.administrator(c)
	if err != nil {
		return nil, err
	}
	if err := a.store.SetTOTP(c.Request.Context(), u.Row, nil, 0, nil); err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, nil
}

// openInvitation says whose link it is, for the page behind it.
func (a *Admin) openInvitation(c *call) (any, error) {
	var in credentials
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	i, err := a.invitation(c, in.Token)
	if err != nil {
		return nil, err
	}
	return map[string]any{"email": i.Email, "role": i.Role}, nil
}

func (a *Admin) invitation(c *call, token string) (app.Invitation, error) {
	tries := bucket{"invitation\x00" + network(c.address()), anyFromHere}
	if err := a.try(c, tries); err != nil {
		return app.Invitation{}, err
	}
	i, err := a.store.Invitation(c.Request.Context(), token)
	if err == nil {
		a.tries.right(tries)
	}
	return i, err
}

// join uses a link up: it makes the user, or changes the password. A user with a second
// factor signs in with it then; everybody else is signed in.
func (a *Admin) join(c *call) (any, error) {
	var in credentials
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	i, err := a.invitation(c, in.Token)
	if err != nil {
		return nil, err
	}
	hash, err := HashPassword(in.Password, i.Email)
	if err != nil {
		return nil, err
	}
	email, err := a.store.TakeInvitation(c.Request.Context(), in.Token, hash)
	if err != nil {
		return nil, err
	}
	u, err := a.store.UserByEmail(c.Request.Context(), email)
	if err != nil {
		return nil, err
	}
	if u.TOTP != nil {
		return a.view(c, "signed_out", app.Session{Email: u.Email}), nil
	}
	return a.begin(c, u)
}
