package admin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kith/app"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	// totpSecret is how many random bytes a secret has: those of the hash, RFC 4226 §4.
	totpSecret = 20
	// totpPeriod is how long a code counts, in seconds, RFC 6238 §4.
	totpPeriod = 30
	// totpSkew is by how many steps a phone's clock may be off, RFC 6238 §5.2.
	totpSkew = 1
	// recoveryCodes is how many stand in for a lost phone, each once.
	recoveryCodes = 10
)

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// codeAlgorithm is what every authenticator knows.
var codeAlgorithm = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// stepOf returns the step that a code is of, around now; ok is false for a wrong code.
func stepOf(secret []byte, code string, now time.Time) (step int64, ok bool) {
	at := now.Unix() / totpPeriod
	for _, s := range []int64{at, at - 1, at + totpSkew} {
		want, err := hotp.GenerateCodeCustom(base32Plain.EncodeToString(secret), uint64(s), codeAlgorithm)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// secondFactor asks for the code of a user who has a second factor. Only whoever knows
// the password gets here, so that its tries are counted for the account alone.
func (a *Admin) secondFactor(c *call, u app.User, code string) error {
	if u.TOTP == nil {
		return nil
	}
	code = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
	if code == "" {
		return &app.Error{Code: app.CodeUnauthorized, Field: "code", Message: "type the six digits that your authenticator shows"}
	}
	codes := bucket{"code\x00" + u.Email, oneFromHere}
	if err := a.try(c, codes); err != nil {
		return err
	}
	wrong := &app.Error{Code: app.CodeUnauthorized, Field: "code", Message: "this code is wrong, or was used already; wait for the next one"}
	ctx := app.WithActor(c.Request.Context(), app.ByUser(u.Row))
	if len(code) != 6 {
		taken, err := a.store.TakeRecoveryCode(ctx, u.Row, code)
		if err != nil {
			return err
		}
		if !taken {
			return wrong
		}
		a.tries.right(codes)
		return nil
	}
	step, ok := stepOf(u.TOTP, code, a.o.Sessions.Now())
	if !ok {
		return wrong
	}
	taken, err := a.store.TakeTOTP(c.Request.Context(), u.Row, step)
	if err != nil {
		return err
	}
	if !taken {
		return wrong
	}
	a.tries.right(codes)
	return nil
}

// totpView is what the page of the set-up shows: the secret to type, and as a picture.
type totpView struct {
	Secret string `json:"secret"`
	URI    string `json:"uri"`
	// Size and Path draw the QR code: squares of one unit, as an SVG path.
	Size int    `json:"size"`
	Path string `json:"path"`
}

// beginTOTP makes a secret. Nothing is kept until a code of it has come back.
func (a *Admin) beginTOTP(c *call) (any, error) {
	secret := make([]byte, totpSecret)
	_, _ = rand.Read(secret)
	v := totpView{Secret: base32Plain.EncodeToString(secret)}
	issuer := a.o.Workspace + " (Kith)"
	query := url.Values{"secret": {v.Secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {strconv.Itoa(totpPeriod)}}
	v.URI = "otpauth://totp/" + url.PathEscape(issuer+":"+c.session.Email) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	code, err := qr.Encode(v.URI, qr.M, qr.Auto)
	if err != nil {
		return nil, err
	}
	v.Size = code.Bounds().Dx()
	var path strings.Builder
	for y := range v.Size {
		for x := range v.Size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				path.WriteString("M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h1v1h-1z")
			}
		}
	}
	v.Path = path.String()
	return v, nil
}

// newRecoveryCodes are sixteen letters and digits each, 80 random bits.
func newRecoveryCodes() []string {
	out := make([]string, recoveryCodes)
	for i := range out {
		b := make([]byte, 10)
		_, _ = rand.Read(b)
		out[i] = base32Plain.EncodeToString(b)
	}
	return out
}

// grouped puts dashes into codes, for people to copy.
func grouped(codes []string) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = c[:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:]
	}
	return out
}

// setTOTP turns the second factor on once a code proves that the authenticator has the
// secret. All sessions end, and this browser gets another.
func (a *Admin) setTOTP(c *call) (any, error) {
	var in struct{ Password, Secret, Code string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	u, err := a.confirm(c, in.Password)
	if err != nil {
		return nil, err
	}
	secret, err := base32Plain.DecodeString(strings.ToUpper(in.Secret))
	if err != nil || len(secret) != totpSecret {
		return nil, app.Invalid("secret", "is not the one that this page was given; begin again")
	}
	step, ok := stepOf(secret, strings.ReplaceAll(in.Code, " ", ""), a.o.Sessions.Now())
	if !ok {
		return nil, app.Invalid("code", "is not what an authenticator with this secret shows now; is the phone's clock right?")
	}
	codes := newRecoveryCodes()
	if err := a.store.SetTOTP(c.Request.Context(), u.Row, secret, step, codes); err != nil {
		return nil, err
	}
	u.TOTP = secret
	if _, err := a.begin(c, u); err != nil {
		return nil, err
	}
	return map[string]any{"recovery_codes": grouped(codes)}, nil
}

// clearTOTP turns one's own second factor off.
func (a *Admin) clearTOTP(c *call) (any, error) {
	var in struct{ Password string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	u, err := a.confirm(c, in.Password)
	if err != nil {
		return nil, err
	}
	if err := a.store.SetTOTP(c.Request.Context(), u.Row, nil, 0, nil); err != nil {
		return nil, err
	}
	u.TOTP = nil
	return a.begin(c, u)
}

// renewRecoveryCodes makes the codes anew; the old ones are void.
func (a *Admin) renewRecoveryCodes(c *call) (any, error) {
	var in struct{ Password string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	u, err := a.confirm(c, in.Password)
	if err != nil {
		return nil, err
	}
	if u.TOTP == nil {
		return nil, app.Fail(app.CodeConflict, "There is no second factor that the codes would stand in for. Set it up first.")
	}
	codes := newRecoveryCodes()
	if err := a.store.SetRecoveryCodes(c.Request.Context(), u.Row, codes); err != nil {
		return nil, err
	}
	return map[string]any{"recovery_codes": grouped(codes)}, nil
}
