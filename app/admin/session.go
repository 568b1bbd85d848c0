package admin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"kith/app"

	"golang.org/x/crypto/argon2"
)

const (
	plainCookie  = "kith_session"
	secureCookie = "__Host-kith_session"
	// maxAgent bounds what is kept of a browser's name.
	maxAgent = 300
	// sessionFor is how long a session lasts after it was last used.
	sessionFor = 14 * 24 * time.Hour
	// touchEvery spares the disk: a session's end moves at most this often.
	touchEvery = time.Hour
	// minPassword is above the eight that are the least one should ask for, because
	// there is no second factor yet. No rules of composition: length is what counts.
	minPassword = 10
	maxPassword = 256
)

// The cost of a password's hash: OWASP's least for argon2id, some 100 ms here.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
)

// hashing lets one password be hashed at a time: each takes 19 MB.
var hashing sync.Mutex

// HashPassword checks a new password of email's user and returns its hash as a PHC string.
func HashPassword(password, email string) (string, error) {
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return "", app.Invalid("password", "must have at least %d characters", minPassword)
	case len(password) > maxPassword:
		return "", app.Invalid("password", "can have %d bytes at most", maxPassword)
	}
	folded := strings.ToLower(password)
	local, _, _ := strings.Cut(app.FoldEmail(email), "@")
	if common[folded] || len(local) > 3 && strings.Trim(strings.ReplaceAll(folded, local, ""), "0123456789!.-_") == "" {
		return "", app.Invalid("password", "is too easy to guess")
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	hashing.Lock()
	defer hashing.Unlock()
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// common are passwords of ten characters and more that are tried first.
var common = map[string]bool{
	"1234567890": true, "12345678910": true, "123456789a": true, "0123456789": true, "1111111111": true, "0000000000": true,
	"qwertyuiop": true, "password123": true, "password12": true, "password1234": true, "passw0rd123": true, "1q2w3e4r5t": true,
	"iloveyou123": true, "administrator": true, "letmein123": true, "welcome123": true, "qwerty12345": true, "qwerty123456": true,
	"abcdefghij": true, "changeme123": true, "football123": true, "1qaz2wsx3edc": true, "asdfghjkl123": true, "kithkithkith": true,
}

// checkPassword reports whether password is that of hash. It takes the same time for
// a user that does not exist, whose hash is "".
func checkPassword(password, hash string) bool {
	parts := strings.Split(hash, "$")
	var memory, passes uint32
	var threads uint8
	var salt, want []byte
	if len(parts) == 6 {
		_, _ = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads)
		salt, _ = base64.RawStdEncoding.DecodeString(parts[4])
		want, _ = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if memory == 0 || passes == 0 || threads == 0 || len(want) == 0 {
		memory, passes, threads, salt, want = argonMemory, argonTime, argonThreads, make([]byte, 16), nil
	}
	hashing.Lock()
	defer hashing.Unlock()
	key := argon2.IDKey([]byte(password), salt, passes, memory, threads, argonKey)
	return subtle.ConstantTimeCompare(key, want) == 1
}

// sessionView is what the pages know of the session.
type sessionView struct {
	State string   `json:"state"`
	Email string   `json:"email,omitempty"`
	Role  app.Role `json:"role,omitempty"`
	// Can is what the role lets the pages offer, see abilities.
	Can          []string `json:"can"`
	SecondFactor bool     `json:"second_factor"`
	// Plain is that the page came over plain HTTP from another machine, where others on
	// the network can read along.
	Plain     bool   `json:"plain"`
	Workspace string `json:"workspace"`
	Zone      string `json:"zone"`
	Version   string `json:"version"`
	Demo      bool   `json:"demo"`
}

func (a *Admin) view(c *call, state string, s app.Session) sessionView {
	return sessionView{State: state, Email: s.Email, Role: s.Role, Can: abilities(s.Role), SecondFactor: s.SecondSet, Plain: a.plain(c), Workspace: a.o.Workspace, Zone: a.o.Zone.String(), Version: a.o.Version, Demo: a.o.Demo}
}

func (a *Admin) getSession(c *call) (any, error) {
	if c.secret != "" {
		return a.view(c, "signed_in", c.session), nil
	}
	users, err := a.store.Users(c.Request.Context())
	if err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return a.view(c, "setup", app.Session{}), nil
	}
	return a.view(c, "signed_out", app.Session{}), nil
}

type credentials struct {
	Token    string `json:"token"`
	Email    string `json:"email"`
	Password string `json:"password"`
	Code     string `json:"code"` // of the second factor, or a recovery code
}

func (a *Admin) signIn(c *call) (any, error) {
	var in credentials
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	from, account := network(c.address()), app.FoldEmail(in.Email)
	here := bucket{"sign in\x00" + account + "\x00" + from, oneFromHere}
	if err := a.try(c, here, bucket{"address\x00" + from, anyFromHere}, bucket{"account\x00" + account, oneFromAnywhere}); err != nil {
		return nil, err
	}
	u, err := a.store.UserByEmail(c.Request.Context(), in.Email)
	if err != nil && app.CodeOf(err) != app.CodeNotFound {
		return nil, err
	}
	if len(in.Password) > maxPassword || !checkPassword(in.Password, u.Password) {
		a.refused(c, u, "password")
		return nil, app.Fail(app.CodeUnauthorized, "The e-mail or the password is wrong.")
	}
	a.tries.right(here, bucket{"address\x00" + from, anyFromHere}, bucket{"account\x00" + account, oneFromAnywhere})
	if err := a.secondFactor(c, u, in.Code); err != nil {
		if in.Code != "" && app.CodeOf(err) == app.CodeUnauthorized {
			a.refused(c, u, "code")
		}
		return nil, err
	}
	return a.begin(c, u)
}

// network is what an address is throttled by: itself, or its /64.
func network(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}

// begin starts a session and gives the browser its cookie.
func (a *Admin) begin(c *call, u app.User) (any, error) {
	expires := a.o.Sessions.Now().Add(sessionFor)
	ctx := app.WithActor(c.Request.Context(), app.ByUser(u.Row))
	secret, err := a.store.CreateSession(ctx, u.Row, app.InstantOf(expires), c.address(), shorten(c.Request.UserAgent()))
	if err != nil {
		return nil, err
	}
	a.cookie(c, secret, int(sessionFor/time.Second))
	return a.view(c, "signed_in", app.Session{Email: u.Email, Role: u.Role, SecondSet: u.TOTP != nil}), nil
}

// address is where the request comes from, as the trusted proxies tell it.
func (c *call) address() string { return c.ClientIP() }

// shorten keeps of a browser's name what tells it from others.
func shorten(agent string) string {
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	return strings.ToValidUTF8(agent, "")
}

// secure reports whether the browser came over HTTPS, here or to the proxy before.
func (a *Admin) secure(c *call) bool {
	return a.o.Proxies.Secure(c.Request) || strings.HasPrefix(a.o.URL, "https:")
}

// plain reports whether others can read along: plain HTTP, and not on this machine alone.
func (a *Admin) plain(c *call) bool {
	ip := net.ParseIP(c.address())
	return !a.secure(c) && !(ip != nil && ip.IsLoopback())
}

// cookieName is what the cookie is called. Over HTTPS a browser takes a __Host- one from
// nobody but this very host, and sends it to no other.
func (a *Admin) cookieName(c *call) string {
	if a.secure(c) {
		return secureCookie
	}
	return plainCookie
}

func (a *Admin) cookie(c *call, value string, seconds int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: a.cookieName(c), Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.secure(c),
	})
}

// prolong moves a used session's end.
func (a *Admin) prolong(c *call) {
	now := a.o.Sessions.Now()
	if now.Sub(c.session.SeenAt.Time()) < touchEvery {
		return
	}
	if err := a.store.TouchSession(c.Request.Context(), c.secret, app.InstantOf(now.Add(sessionFor))); err != nil {
		a.o.Log.Warn("prolong a session", "error", err)
		return
	}
	a.cookie(c, c.secret, int(sessionFor/time.Second))
}

func (a *Admin) signOut(c *call) (any, error) {
	if c.secret != "" {
		if err := a.store.EndSession(c.Request.Context(), c.secret); err != nil {
			return nil, err
		}
	}
	a.cookie(c, "", -1)
	return map[string]string{"status": "ok"}, nil
}

// setUp makes the first user, with the token of the one-time link.
func (a *Admin) setUp(c *call) (any, error) {
	var in credentials
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	key := bucket{"setup\x00" + network(c.address()), oneFromHere}
	if err := a.try(c, key); err != nil {
		return nil, err
	}
	email, err := app.CheckEmail(in.Email)
	if err != nil {
		return nil, app.Invalid("email", "%v", err)
	}
	hash, err := HashPassword(in.Password, email)
	if err != nil {
		return nil, err
	}
	if err := a.store.CreateFirstUser(c.Request.Context(), in.Token, email, hash); err != nil {
		return nil, err
	}
	a.tries.right(key)
	u, err := a.store.UserByEmail(c.Request.Context(), email)
	if err != nil {
		return nil, err
	}
	return a.begin(c, u)
}
