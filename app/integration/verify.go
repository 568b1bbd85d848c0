package integration

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kith/app"
)

// check is one request's trial.
type check struct {
	env         Env
	integration *app.Integration
	secrets     []string
	open        bool // there was nothing to check against
}

func unauthorized(format string, args ...any) error {
	return app.Fail(app.CodeUnauthorized, format, args...)
}

var errNoSignature = func(header string) error {
	return unauthorized("The request carries no %s, so nobody can tell whether it is genuine.", header)
}

var errWrongSignature = unauthorized("The signature does not fit: the body was changed on its way, or the secret here is not the one that the service signs with.")

// any reports whether one of the connection's secrets passes.
func (c *check) any(passes func(secret string) bool) error {
	for _, s := range c.secrets {
		if passes(s) {
			return nil
		}
	}
	return errWrongSignature
}

// fresh checks how old a signed time is. It may also be ahead by as much, for clocks differ.
func (c *check) fresh(at app.Instant) error {
	return c.within(at, c.integration.Tolerance)
}

func (c *check) within(at app.Instant, tolerance time.Duration) error {
	if c.integration.Tolerance == 0 || c.env.Replay {
		return nil
	}
	age := time.Duration(c.env.Now-at) * time.Millisecond
	if age > tolerance || age < -tolerance {
		return unauthorized("The signature is of %s, which is %s from now; this connection takes %s. Check the clocks, or set its tolerance.",
			at, age.Abs().Round(time.Second), tolerance)
	}
	return nil
}

// seconds reads a time as most services sign it.
func seconds(s string) (app.Instant, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return 0, unauthorized("The signed time %q is no time.", s)
	}
	return app.Instant(n * 1000), nil
}

func mac(h func() hash.Hash, secret string, parts ...[]byte) []byte {
	m := hmac.New(h, []byte(secret))
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// sameHex compares a MAC with its text in hexadecimal, in constant time.
func sameHex(sum []byte, text string) bool {
	got, err := hex.DecodeString(strings.TrimSpace(text))
	return err == nil && hmac.Equal(sum, got)
}

// sameBase64 compares a MAC with its text in base64, in constant time.
func sameBase64(sum []byte, text string) bool {
	got, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		got, err = base64.URLEncoding.DecodeString(strings.TrimSpace(text))
	}
	return err == nil && hmac.Equal(sum, got)
}

// same compares two secrets without saying by time where they differ.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// password checks a service that signs nothing, but sends what it was told to: HTTP
// Basic ("user:password", or a password alone), a bearer token, or a header of its own.
func password(headers ...string) func(*Request, *check) error {
	return func(r *Request, c *check) error {
		plain := http.Request{Header: r.Header}
		user, pass, basic := plain.BasicAuth()
		bearer := ""
		if kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
			bearer = strings.TrimSpace(token)
		}
		given := bearer != "" || basic
		for _, h := range headers {
			given = given || r.Header.Get(h) != ""
		}
		if !given {
			return unauthorized("The request carries no password. Give the service the address with it inside, https://user:password@…, or let it send the header that the page names.")
		}
		return c.any(func(secret string) bool {
			ok := basic && (same(user+":"+pass, secret) || same(pass, secret)) || bearer != "" && same(bearer, secret)
			for _, h := range headers {
				if v := r.Header.Get(h); v != "" && same(v, secret) {
					ok = true
				}
			}
			return ok
		})
	}
}

// timed reads headers of the form t=…,v1=…,v1=….
func timed(header, separator, timeKey string) (at string, values map[string][]string) {
	values = map[string][]string{}
	for _, part := range strings.Split(header, separator) {
		k, v, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !ok:
		case k == timeKey:
			at = v
		default:
			values[k] = append(values[k], v)
		}
	}
	return at, values
}

var algorithms = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
