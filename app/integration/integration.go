// Package integration knows the services outside that post what happens at their side:
// one file a service, each with how its signature is checked and how its body becomes
// changes. It is pure: it never reads the clock, the network or the disk; who a person
// is, and whether a report came before, is decided by storage inside the transaction.
//
// The invariant: a body that was not signed as it should be is never read as anything,
// and of one that was, nothing is dropped in silence: what is not understood is refused
// with a sentence, what concerns no customer says so.
package integration

import (
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"kith/app"
	"kith/app/ingest"
)

// Request is what a service posted.
type Request struct {
	Body   []byte
	Header http.Header
	// URL is the whole address that the service was given, for those that sign it.
	URL string
	// Route is the method and the path behind the base, for APIs whose paths say what is
	// meant: "PUT /customers/ada".
	Route string
}

// Env is what checking and reading need beside the request.
type Env struct {
	// Now is when the body came, also where it is read again later.
	Now app.Instant
	// Zone is the workspace's, for times that name none.
	Zone *time.Location
	// Replay: the body was accepted earlier or is tried again by hand; how old its signed
	// time is does not matter.
	Replay bool
	// Certificate returns the certificate that SNS signs with, from an address that
	// passed [SNSHost].
	Certificate func(url string) (*x509.Certificate, error)
}

// Reading is what a body says.
type Reading struct {
	// Event is what the service calls it.
	Event   string
	Changes []app.Change
	// Note says why there are no changes.
	Note string
	// Rejected are items of a batch that were left out.
	Rejected []Rejection
	// Confirm is an address to be fetched once, to confirm a subscription.
	Confirm string
}

// Group is a kind of service, as the dashboard groups them.
type Group string

// The groups.
const (
	Payments  Group = "payments"
	Messaging Group = "messaging"
	Pipelines Group = "pipelines"
	Generic   Group = "generic"
)

// Service is one service.
type Service struct {
	Kind, Name string
	Group      Group
	// Secret is what the service calls what it signs with.
	Secret string
	// Where says where at the service the address is pasted and the secret found.
	Where string
	// Signs: its signature covers the body. Others prove who they are with a password alone.
	Signs bool
	// Dated: a signed time comes along, so that tolerance counts.
	Dated bool
	// Whole: a body that comes again byte for byte is a repeat, for its parts have no ids.
	Whole bool
	// Example is the name of an event to expect first, for the page.
	Example string

	verify func(*Request, *check) error
	read   func(*Request, *reader) error
}

// Services are all there are, in the order of the page.
var Services = []*Service{
	stripe, paystack, flutterwave, paddle,
	ses, mailgun, sparkpost, sendgrid, postmark, mailjet, brevo, resend, mailersend, mandrill, mailtrap,
	segment, rudderstack, posthog, customerio,
	webhook,
}

// Find returns the service of a kind, nil if there is none.
func Find(kind string) *Service {
	for _, s := range Services {
		if s.Kind == kind {
			return s
		}
	}
	return nil
}

// Kinds are those of a group, as the sources of events name them.
func Kinds(g Group) []string {
	var out []string
	for _, s := range Services {
		if s.Group == g {
			out = append(out, s.Kind)
		}
	}
	return out
}

// The categories of events, as Engage's builder has them.
const (
	Payment = "payment"
	Message = "message"
	Custom  = "custom"
)

// Category says what an event is, by where it came from: a payment, what became of a
// message, or one of the team's own.
func Category(sources ...string) string {
	for _, source := range sources {
		if s := Find(source); s != nil && s.Group == Payments {
			return Payment
		} else if s != nil && s.Group == Messaging {
			return Message
		}
	}
	return Custom
}

// Verify checks that a request comes from the service of a connection. With no secret
// nothing is checked and verified is false. The error is CodeUnauthorized.
func Verify(i *app.Integration, r *Request, env Env) (verified bool, err error) {
	s := Find(i.Kind)
	if s == nil {
		return false, app.Invalid("kind", "there is no service %q", i.Kind)
	}
	secrets := i.Secrets(env.Now)
	if len(secrets) == 0 && s != ses {
		return false, nil
	}
	c := &check{env: env, integration: i, secrets: secrets}
	if err := s.verify(r, c); err != nil {
		return false, err
	}
	return !c.open, nil
}

// Read turns a body into what it says.
func Read(i *app.Integration, r *Request, env Env) (*Reading, error) {
	s := Find(i.Kind)
	if s == nil {
		return nil, app.Invalid("kind", "there is no service %q", i.Kind)
	}
	rd := &reader{env: env, integration: i, out: &Reading{}}
	if err := s.read(r, rd); err != nil {
		return rd.out, err
	}
	if len(rd.out.Changes) == 0 && rd.out.Note == "" {
		rd.out.Note = "There is nothing in it about a customer."
	}
	return rd.out, nil
}

// reader gathers the changes of one body.
type reader struct {
	env         Env
	integration *app.Integration
	out         *Reading
}

// observe adds what a body reports of one person. Somebody who is named in no way is
// left out, and the reading says so.
func (r *reader) observe(o *app.Observe) error {
	if o.Person.UID == "" && len(o.Person.External) == 0 && o.Person.Email == "" {
		r.note("It names nobody: no customer id, no e-mail.")
		return nil
	}
	if o.Person.UID != "" {
		if _, err := ingest.UID("id", o.Person.UID); err != nil {
			return err
		}
	}
	for _, id := range o.Person.External {
		if len(id) > app.MaxUID {
			return app.Invalid("customer", "the service's id has %d bytes; it can have %d", len(id), app.MaxUID)
		}
	}
	if o.At == 0 {
		o.At = r.env.Now
	}
	o.Integration, o.Source = r.integration.Row, r.integration.Kind
	if o.Person.Service == "" {
		o.Person.Service = r.integration.Kind
	}
	if o.Event != nil {
		if o.Event.At == 0 {
			o.Event.At = o.At
		}
		if err := checkEvent(o.Event); err != nil {
			return err
		}
	}
	for _, p := range []*app.Profile{&o.Set, &o.Fill} {
		if err := checkProfile(p); err != nil {
			return err
		}
	}
	r.out.Changes = append(r.out.Changes, o)
	return nil
}

func (r *reader) note(text string) {
	if r.out.Note == "" {
		r.out.Note = text
	}
}

// uidKeys are the names under which teams keep their own id in a service's metadata.
var uidKeys = []string{"kith_uid", "engage_uid", "engage_id", "engageId", "uid", "user_id", "userId", "external_id", "externalId", "client_reference_id"}

// uidIn looks for our own id in a service's metadata: an object, or that as a text.
func (r *reader) uidIn(metadata ...value) string {
	keys := uidKeys
	if own := r.integration.Options.UIDKeys; len(own) > 0 {
		keys = own
	}
	for _, m := range metadata {
		if m.kind() == app.TextKind {
			m = embedded(m.text())
		}
		for _, key := range keys {
			if uid := m.at(key).scalar(); uid != "" && len(uid) <= app.MaxUID {
				return uid
			}
		}
		for _, f := range m.at("custom_fields").list() { // Paystack's form
			if slices.Contains(keys, f.at("variable_name").text()) {
				if uid := f.at("value").scalar(); uid != "" && len(uid) <= app.MaxUID {
					return uid
				}
			}
		}
	}
	return ""
}

// parse checks a body that must be JSON.
func parse(body []byte) (value, error) {
	if err := app.CheckJSON(body, app.MaxDepth); err != nil {
		return nil, app.Invalid("", "%v", err)
	}
	return value(body), nil
}

// parseObject checks a body that must be a JSON object.
func parseObject(body []byte) (value, error) {
	v, err := parse(body)
	if err == nil && v.kind() != app.ObjectKind {
		return nil, app.Invalid("", "the body must be a JSON object, not a %s", v.kind())
	}
	return v, err
}
