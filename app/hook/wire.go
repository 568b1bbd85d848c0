package hook

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"kith/app"
	"kith/app/integration"
)

// IntegrationView is a connection as /v1 and the dashboard show it. Its secret is never among it.
type IntegrationView struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	// URL is the path that the service posts to.
	URL string `json:"url"`
	// Verified: what comes is checked. Without it anybody who knows the address is believed.
	Verified   bool               `json:"verified"`
	SecretHint string             `json:"secret_hint,omitempty"`
	Tolerance  string             `json:"tolerance"`
	UIDKeys    []string           `json:"uid_keys,omitempty"`
	Topic      string             `json:"topic,omitempty"`
	Mapping    *app.HookMapping   `json:"mapping,omitempty"`
	Signature  *app.HookSignature `json:"signature,omitempty"`
	Forward    string             `json:"forward,omitempty"`
	CreatedAt  app.Instant        `json:"created_at"`
	LastAt     *app.Instant       `json:"last_at"`
	// PreviousUntil is until when the secret before still counts.
	PreviousUntil *app.Instant `json:"previous_secret_until,omitempty"`
}

// View returns a connection as it is shown.
func (d *Desk) View(i *app.Integration) IntegrationView {
	v := IntegrationView{
		ID: i.ID, Kind: i.Kind, Name: i.Name, URL: "/hooks/" + i.Token, Verified: i.Secret != "" || i.Options.Topic != "",
		Tolerance: toleranceText(i.Tolerance), UIDKeys: i.Options.UIDKeys, Topic: i.Options.Topic, Mapping: i.Options.Mapping,
		Signature: i.Options.Signature, Forward: i.Options.Forward, CreatedAt: i.CreatedAt, LastAt: i.LastAt,
	}
	if len(i.Secret) >= 12 {
		v.SecretHint = "…" + i.Secret[len(i.Secret)-4:]
	}
	if i.Previous != "" && app.InstantOf(d.o.Clock.Now()) < i.PreviousUntil {
		v.PreviousUntil = &i.PreviousUntil
	}
	return v
}

func toleranceText(t time.Duration) string {
	if t == 0 {
		return "off"
	}
	text := t.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// input is the body of POST and PUT. What it does not name stays.
type input struct {
	Kind      *string            `json:"kind"`
	Name      *string            `json:"name"`
	Secret    *string            `json:"secret"`
	Tolerance *string            `json:"tolerance"`
	UIDKeys   *[]string          `json:"uid_keys"`
	Topic     *string            `json:"topic"`
	Mapping   *app.HookMapping   `json:"mapping"`
	Signature *app.HookSignature `json:"signature"`
	Forward   *string            `json:"forward"`
	// NewURL gives the connection another address; the old one is gone at once.
	NewURL bool `json:"new_url"`
}

// defaultTolerance is what the services' own libraries take.
const defaultTolerance = 5 * time.Minute

// secretOverlap is for how long a secret still counts after it was replaced.
const secretOverlap = 24 * time.Hour

// Create makes a connection of what a body says.
func (d *Desk) Create(ctx context.Context, body []byte) (*app.Integration, error) {
	in, err := decode(body)
	if err != nil {
		return nil, err
	}
	if in.Kind == nil || integration.Find(*in.Kind) == nil {
		return nil, app.Invalid("kind", "must be one of %s", kinds())
	}
	i := &app.Integration{Kind: *in.Kind, Name: integration.Find(*in.Kind).Name, Tolerance: defaultTolerance}
	if err := in.apply(i, 0); err != nil {
		return nil, err
	}
	return i, d.store.CreateIntegration(ctx, i)
}

// Update changes a connection by what a body says.
func (d *Desk) Update(ctx context.Context, id string, body []byte) (*app.Integration, error) {
	in, err := decode(body)
	if err != nil {
		return nil, err
	}
	i, err := d.store.FindIntegration(ctx, id)
	if err != nil {
		return nil, err
	}
	if in.Kind != nil && *in.Kind != i.Kind {
		return nil, app.Invalid("kind", "of an integration cannot be changed; make another one")
	}
	if err := in.apply(i, app.InstantOf(d.o.Clock.Now())); err != nil {
		return nil, err
	}
	if in.NewURL {
		i.Token = d.store.NewIntegrationToken()
	}
	return i, d.store.UpdateIntegration(ctx, i)
}

func kinds() string {
	var out []string
	for _, s := range integration.Services {
		out = append(out, s.Kind)
	}
	return strings.Join(out, ", ")
}

func decode(body []byte) (*input, error) {
	if err := app.CheckJSON(body, app.MaxDepth); err != nil {
		return nil, app.Invalid("", "%v", err)
	}
	in := &input{}
	if err := json.Unmarshal(body, in); err != nil {
		return nil, app.Invalid("", "the body cannot be read: %v", err)
	}
	return in, nil
}

// apply checks what was given and writes it into i.
func (in *input) apply(i *app.Integration, now app.Instant) error {
	for _, check := range []func(*app.Integration) error{in.applyNames, in.applyTolerance, in.applyWebhook, in.applyForward} {
		if err := check(i); err != nil {
			return err
		}
	}
	if in.Secret != nil && strings.TrimSpace(*in.Secret) != i.Secret {
		secret := strings.TrimSpace(*in.Secret)
		if len(secret) > 4096 {
			return app.Invalid("secret", "has %d bytes; it can have 4096", len(secret))
		}
		if i.Secret != "" && secret != "" && now != 0 {
			i.Previous, i.PreviousUntil = i.Secret, now+app.Instant(secretOverlap.Milliseconds())
		} else {
			i.Previous, i.PreviousUntil = "", 0
		}
		i.Secret = secret
	}
	return nil
}

func (in *input) applyNames(i *app.Integration) error {
	if in.Name != nil {
		name := strings.TrimSpace(*in.Name)
		if n := utf8.RuneCountInString(name); n == 0 || n > 64 {
			return app.Invalid("name", "must have 1 to 64 characters")
		}
		i.Name = name
	}
	if in.UIDKeys != nil {
		if len(*in.UIDKeys) > 20 {
			return app.Invalid("uid_keys", "can be 20 names")
		}
		i.Options.UIDKeys = *in.UIDKeys
	}
	if in.Topic != nil {
		topic := strings.TrimSpace(*in.Topic)
		if topic != "" && !strings.HasPrefix(topic, "arn:aws") {
			return app.Invalid("topic", "must be the topic's ARN, arn:aws:sns:…")
		}
		i.Options.Topic = topic
	}
	return nil
}

func (in *input) applyTolerance(i *app.Integration) error {
	if in.Tolerance == nil {
		return nil
	}
	if *in.Tolerance == "off" {
		i.Tolerance = 0
		return nil
	}
	t, err := time.ParseDuration(*in.Tolerance)
	if err != nil || t < time.Second || t > 30*24*time.Hour {
		return app.Invalid("tolerance", `must be a time from "1s" to "720h", or "off", not %q`, *in.Tolerance)
	}
	i.Tolerance = t.Truncate(time.Millisecond)
	return nil
}

func (in *input) applyWebhook(i *app.Integration) error {
	if s := in.Signature; s != nil {
		if i.Kind != "webhook" {
			return app.Invalid("signature", "is for the kind webhook; %s signs in its own way", integration.Find(i.Kind).Name)
		}
		if s.Header == "" {
			i.Options.Signature = nil
		} else {
			if s.Algorithm == "" {
				s.Algorithm = "sha256"
			}
			if s.Encoding == "" {
				s.Encoding = "hex"
			}
			switch {
			case !validHeader(s.Header):
				return app.Invalid("signature.header", "%q is no name of a header", s.Header)
			case s.Algorithm != "sha256" && s.Algorithm != "sha1" && s.Algorithm != "sha512" && s.Algorithm != "token":
				return app.Invalid("signature.algorithm", `must be "sha256", "sha1", "sha512" or "token"`)
			case s.Encoding != "hex" && s.Encoding != "base64":
				return app.Invalid("signature.encoding", `must be "hex" or "base64"`)
			}
			i.Options.Signature = s
		}
	}
	if in.Mapping != nil {
		if i.Kind != "webhook" {
			return app.Invalid("mapping", "is for the kind webhook; what %s sends is known", integration.Find(i.Kind).Name)
		}
		if err := checkMapping(in.Mapping); err != nil {
			return err
		}
		i.Options.Mapping = in.Mapping
	}
	return nil
}

func validHeader(name string) bool {
	for _, r := range name {
		if !(r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return false
		}
	}
	return name != ""
}

func checkMapping(m *app.HookMapping) error {
	if m.UID == "" && m.Email == "" && (m.Event != "" || m.EventName != "" || len(m.Properties) > 0 || len(m.Attributes) > 0) {
		return app.Invalid("mapping.uid", "is missing, and mapping.email too; one of them must say where the customer stands")
	}
	if len(m.Properties) > app.MaxAttributes || len(m.Attributes) > app.MaxAttributes {
		return app.Invalid("mapping", "can name %d properties and attributes", app.MaxAttributes)
	}
	if m.Event == "" && m.EventName == "" && len(m.Attributes) == 0 && (m.UID != "" || m.Email != "") {
		return app.Invalid("mapping", "names neither an event nor an attribute, so nothing would come of a body")
	}
	for name := range m.Properties {
		if n := utf8.RuneCountInString(name); n == 0 || n > app.MaxName {
			return app.Invalid("mapping.properties", "a name has 1 to %d characters", app.MaxName)
		}
	}
	for name := range m.Attributes {
		if n := utf8.RuneCountInString(name); n == 0 || n > app.MaxName {
			return app.Invalid("mapping.attributes", "a name has 1 to %d characters", app.MaxName)
		}
	}
	return nil
}

func (in *input) applyForward(i *app.Integration) error {
	if in.Forward == nil {
		return nil
	}
	to := strings.TrimSpace(*in.Forward)
	if to != "" {
		u, err := url.Parse(to)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || len(to) > 2000 {
			return app.Invalid("forward", "must be an address, https://… without a password in it")
		}
	}
	i.Options.Forward = to
	return nil
}

// DeliveryView is a delivery as it is shown.
type DeliveryView struct {
	ID         string          `json:"id"`
	ReceivedAt app.Instant     `json:"received_at"`
	State      string          `json:"state"`
	Error      *string         `json:"error"`
	Event      string          `json:"event"`
	Verified   bool            `json:"verified"`
	Became     json.RawMessage `json:"became"`
	Bytes      int64           `json:"bytes"`
	ReplayedAt *app.Instant    `json:"replayed_at,omitempty"`
	Removed    bool            `json:"removed,omitempty"`
	// Body is as it came: JSON as JSON, all else as a text. Mended is a text.
	Body   json.RawMessage `json:"body,omitempty"`
	Mended *string         `json:"mended,omitempty"`
	Sent   []SentView      `json:"sent,omitempty"`
}

// SentView is a request that Kith made because of a delivery.
type SentView struct {
	URL     string       `json:"url"`
	Kind    string       `json:"kind"`
	State   string       `json:"state"`
	Tries   int          `json:"tries"`
	Error   string       `json:"error,omitempty"`
	DoneAt  *app.Instant `json:"done_at,omitempty"`
	NextTry *app.Instant `json:"next_try,omitempty"`
}

// ViewDelivery returns a delivery as it is shown, with its body if it has one.
func ViewDelivery(d *app.Delivery) DeliveryView {
	v := DeliveryView{
		ID: d.ID, ReceivedAt: d.ReceivedAt, State: d.State.String(), Event: d.Event, Verified: d.Verified,
		Became: d.Became, Bytes: d.Bytes, ReplayedAt: d.ReplayedAt, Removed: d.Removed,
	}
	if d.Error != "" {
		v.Error = &d.Error
	}
	if d.Body != nil {
		v.Body = bodyJSON(d.Body)
	}
	if d.Mended != nil {
		text := strings.ToValidUTF8(string(d.Mended), "\uFFFD")
		v.Mended = &text
	}
	return v
}

// bodyJSON is a body as JSON: itself, where it is some, else as a text.
func bodyJSON(body []byte) json.RawMessage {
	if app.CheckJSON(body, app.MaxDepth) == nil {
		return app.Compact(body)
	}
	return app.Quote(strings.ToValidUTF8(string(body), "\uFFFD"))
}

// Full returns a delivery with its body and what was sent because of it.
func (d *Desk) Full(ctx context.Context, in *app.Integration, id string) (DeliveryView, error) {
	one, err := d.store.Delivery(ctx, id)
	if err != nil {
		return DeliveryView{}, err
	}
	if one.Integration != in.Row {
		return DeliveryView{}, app.NotFound("There is no delivery with this id.")
	}
	v := ViewDelivery(one)
	sent, err := d.store.OutgoingOf(ctx, one.Row)
	for _, o := range sent {
		s := SentView{URL: o.URL, Kind: "forward", State: "waiting", Tries: o.Tries, Error: o.Error, DoneAt: o.DoneAt}
		if o.Kind == app.Confirmed {
			s.Kind = "confirm"
			s.URL = strings.SplitN(o.URL, "?", 2)[0] // behind it stands a token
		}
		switch {
		case o.DoneAt != nil:
			s.State = "sent"
		case o.GivenUp:
			s.State = "given up"
		default:
			due := o.Due
			s.NextTry = &due
		}
		v.Sent = append(v.Sent, s)
	}
	return v, err
}

// Mended reads the body of a replay: nothing, or {"body":…} with what a person made of
// it, a text or any JSON.
func Mended(body []byte) ([]byte, error) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return nil, nil
	}
	if err := app.CheckJSON(body, app.MaxDepth+1); err != nil {
		return nil, app.Invalid("", "%v", err)
	}
	members, err := app.Members(body, nil)
	if err != nil {
		return nil, app.Invalid("", `the body must be empty, or {"body":…} with the mended one`)
	}
	for _, m := range members {
		if m.Name != "body" || app.JSONKind(m.Value) == app.NullKind {
			continue
		}
		if text, ok := app.Text(m.Value); ok {
			return []byte(text), nil
		}
		return m.Value, nil
	}
	return nil, nil
}

// ParseState reads the name of a state; "" is any.
func ParseState(name string) (*app.DeliveryState, error) {
	if name == "" {
		return nil, nil
	}
	for s := range app.DeliveryState(app.DeliveryStateCount) {
		if s.String() == name {
			return &s, nil
		}
	}
	return nil, app.Invalid("state", `must be "applied", "ignored", "failed" or "repeated", not %q`, name)
}
