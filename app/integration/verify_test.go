package integration_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
	"kith/app/integration"
)

func sum(h func() hash.Hash, key string, parts ...string) []byte {
	m := hmac.New(h, []byte(key))
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

// signer signs a body of a service as the service does.
type signer struct {
	kind string
	// body is a genuine one; tampered is it with a letter changed.
	body string
	sign func(r *integration.Request, secret string, at app.Instant)
	// secrets makes a pair of keys where a secret is no mere text: what signs, what checks.
	secrets func(t *testing.T) (private, public string)
	options app.IntegrationOptions
	dated   bool
	signs   bool // the body is covered
}

func unix(at app.Instant) string { return strconv.FormatInt(int64(at)/1000, 10) }

const hookURL = "https://kith.example.com/hooks/token"

func basic(r *integration.Request, secret string, _ app.Instant) {
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret)))
}

var signers = []signer{
	{kind: "stripe", body: `{"id":"evt_1","type":"invoice.paid","data":{"object":{}}}`, dated: true, signs: true, sign: func(r *integration.Request, secret string, at app.Instant) {
		r.Header.Set("Stripe-Signature", "t="+unix(at)+",v0=00,v1="+hex.EncodeToString(sum(sha256.New, secret, unix(at), ".", string(r.Body))))
	}},
	{kind: "paystack", body: `{"event":"charge.success","data":{}}`, signs: true, sign: func(r *integration.Request, secret string, _ app.Instant) {
		r.Header.Set("X-Paystack-Signature", hex.EncodeToString(sum(sha512.New, secret, string(r.Body))))
	}},
	{kind: "flutterwave", body: `{"type":"charge.completed","data":{}}`, signs: true, sign: func(r *integration.Request, secret string, _ app.Instant) {
		r.Header.Set("Flutterwave-Signature", base64.StdEncoding.EncodeToString(sum(sha256.New, secret, string(r.Body))))
	}},
	{kind: "flutterwave", body: `{"event":"charge.completed","data":{}}`, sign: func(r *integration.Request, secret string, _ app.Instant) {
		r.Header.Set("Verif-Hash", secret)
	}},
	{kind: "paddle", body: `{"event_type":"transaction.completed","data":{}}`, dated: true, signs: true, sign: func(r *integration.Request, secret string, at app.Instant) {
		r.Header.Set("Paddle-Signature", "ts="+unix(at)+";h1="+hex.EncodeToString(sum(sha256.New, secret, unix(at), ":", string(r.Body))))
	}},
	{kind: "mailgun", dated: true, sign: func(r *integration.Request, secret string, at app.Instant) {
		token := strings.Repeat("a1", 25)
		r.Body = []byte(`{"signature":{"timestamp":"` + unix(at) + `","token":"` + token + `","signature":"` + hex.EncodeToString(sum(sha256.New, secret, unix(at), token)) + `"},"event-data":{}}`)
	}},
	{kind: "mailgun", dated: true, sign: func(r *integration.Request, secret string, at app.Instant) {
		token := strings.Repeat("b2", 25)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = []byte(url.Values{"timestamp": {unix(at)}, "token": {token}, "signature": {hex.EncodeToString(sum(sha256.New, secret, unix(at), token))}, "event": {"opened"}}.Encode())
	}},
	{kind: "sparkpost", body: `[]`, sign: basic},
	{kind: "sparkpost", body: `[]`, sign: func(r *integration.Request, secret string, _ app.Instant) {
		r.Header.Set("X-MessageSystems-Webhook-Token", secret)
	}},
	{kind: "sendgrid", body: "[{\"event\":\"open\"}]\r\n", dated: true, signs: true, secrets: ecdsaPair, sign: func(r *integration.Request, secret string, at app.Instant) {
		der, _ := base64.StdEncoding.DecodeString(secret)
		key, err := x509.ParseECPrivateKey(der)
		if err != nil {
			panic(err)
		}
		digest := sha256.Sum256(append([]byte(unix(at)), r.Body...))
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		if err != nil {
			panic(err)
		}
		r.Header.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
		r.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", unix(at))
	}},
	{kind: "postmark", body: `{"RecordType":"Open"}`, sign: basic},
	{kind: "mailjet", body: `{"event":"open"}`, sign: basic},
	{kind: "brevo", body: `{"event":"opened"}`, sign: func(r *integration.Request, secret string, _ app.Instant) {
		r.Header.Set("Authorization", "Bearer "+secret)
	}},
	{kind: "resend", body: `{"type":"email.sent","data":{}}`, dated: true, signs: true, secrets: svixPair, sign: func(r *integration.Request, secret string, at app.Instant) {
		key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		r.Header.Set("Svix-Id", "msg_1")
		r.Header.Set("Svix-Timestamp", unix(at))
		r.Header.Set("Svix-Signature", "v1,AAAA v1,"+base64.StdEncoding.EncodeToString(sum(sha256.New, string(key), "msg_1.", unix(at), ".", string(r.Body))))
	}},
	{kind: "mailersend", body: `{"type":"activity.sent","data":{}}`, signs: true, sign: func(r *integration.Request, secret string, _ app.Instant) {
		r.Header.Set("Signature", hex.EncodeToString(sum(sha256.New, secret, string(r.Body))))
	}},
	{kind: "mandrill", body: "mandrill_events=%5B%5D&z=1", signs: true, sign: func(r *integration.Request, secret string, _ app.Instant) {
		form, _ := url.ParseQuery(string(r.Body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Mandrill-Signature", base64.StdEncoding.EncodeToString(sum(sha1.New, secret, hookURL, "mandrill_events", form.Get("mandrill_events"), "z", form.Get("z"))))
	}},
	{kind: "mailtrap", body: `{"events":[]}`, signs: true, sign: func(r *integration.Request, secret string, _ app.Instant) {
		r.Header.Set("Mailtrap-Signature", hex.EncodeToString(sum(sha256.New, secret, string(r.Body))))
	}},
	{kind: "segment", body: `{"type":"track"}`, signs: true, sign: func(r *integration.Request, secret string, _ app.Instant) {
		r.Header.Set("X-Signature", hex.EncodeToString(sum(sha1.New, secret, string(r.Body))))
	}},
	{kind: "rudderstack", body: `{"type":"track"}`, sign: basic},
	{kind: "posthog", body: `{"event":"x"}`, sign: basic},
	{kind: "customerio", body: `{}`, sign: basic},
	{kind: "webhook", body: `{"a":1}`, sign: basic},
	{kind: "webhook", body: `{"a":1}`, signs: true, options: app.IntegrationOptions{Signature: &app.HookSignature{Header: "X-Hub-Signature-256", Algorithm: "sha256", Encoding: "hex", Prefix: "sha256="}},
		sign: func(r *integration.Request, secret string, _ app.Instant) {
			r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(sum(sha256.New, secret, string(r.Body))))
		}},
	{kind: "webhook", body: `{"a":1}`, signs: true, options: app.IntegrationOptions{Signature: &app.HookSignature{Header: "X-Sig", Algorithm: "sha512", Encoding: "base64"}},
		sign: func(r *integration.Request, secret string, _ app.Instant) {
			r.Header.Set("X-Sig", base64.StdEncoding.EncodeToString(sum(sha512.New, secret, string(r.Body))))
		}},
}

func ecdsaPair(t *testing.T) (private, public string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := x509.MarshalECPrivateKey(key)
	b, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return base64.StdEncoding.EncodeToString(a), base64.StdEncoding.EncodeToString(b)
}

func svixPair(t *testing.T) (private, public string) {
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	s := "whsec_" + base64.StdEncoding.EncodeToString(b)
	return s, s
}

func TestVerify_eachServiceInTurn(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{"ses": true} // below
	for _, s := range signers {
		tested[s.kind] = true
		t.Run(s.kind, func(t *testing.T) { tryService(t, s) })
	}
	for _, s := range integration.Services {
		if !tested[s.Kind] {
			t.Errorf("nobody tries the signature of %s", s.Kind)
		}
	}
}

func tryService(t *testing.T, s signer) {
	pair := s.secrets
	if pair == nil {
		n := 0
		pair = func(*testing.T) (string, string) { n++; v := "user:secret-" + strconv.Itoa(n); return v, v }
	}
	newKey, newPublic := pair(t)
	oldKey, oldPublic := pair(t)
	wrong, _ := pair(t)
	i := &app.Integration{Kind: s.kind, Secret: newPublic, Previous: oldPublic, PreviousUntil: now + 1000, Tolerance: 5 * time.Minute, Options: s.options}
	try := func(what string, want app.Code, i *app.Integration, at app.Instant, key string, change func(r *integration.Request)) {
		t.Helper()
		r := &integration.Request{Body: []byte(s.body), Header: http.Header{"Content-Type": {"application/json"}}, URL: hookURL}
		if key != "" {
			s.sign(r, key, at)
		}
		if change != nil {
			change(r)
		}
		verified, err := integration.Verify(i, r, integration.Env{Now: now})
		switch {
		case want == "" && (err != nil || !verified):
			t.Errorf("%s: %v (verified %v)", what, err, verified)
		case want != "" && app.CodeOf(err) != want:
			t.Errorf("%s: accepted, or refused with %v", what, err)
		}
	}
	try("genuine", "", i, now, newKey, nil)
	try("signed with the key before", "", i, now, oldKey, nil)
	try("signed with a key that nobody knows", app.CodeUnauthorized, i, now, wrong, nil)
	try("not signed at all", app.CodeUnauthorized, i, now, "", nil)
	later := *i
	later.PreviousUntil = now - 1
	try("signed with the key before, too late", app.CodeUnauthorized, &later, now, oldKey, nil)
	if s.signs {
		try("tampered", app.CodeUnauthorized, i, now, newKey, func(r *integration.Request) {
			r.Body = []byte(strings.Replace(string(r.Body), string(r.Body[len(r.Body)/2]), "~", 1))
		})
		try("longer by a blank", app.CodeUnauthorized, i, now, newKey, func(r *integration.Request) { r.Body = append(r.Body, ' ') })
	}
	stale := app.Code("")
	if s.dated {
		stale = app.CodeUnauthorized
	}
	try("of six minutes ago", stale, i, now-6*60_000, newKey, nil)
	try("of six minutes to come", stale, i, now+6*60_000, newKey, nil)
	try("of four minutes ago", "", i, now-4*60_000, newKey, nil)
	any := *i
	any.Tolerance = 0
	try("of last year, and any age will do", "", &any, now-365*24*3600_000, newKey, nil)
	open := *i
	open.Secret, open.Previous = "", ""
	r := &integration.Request{Body: []byte(s.body), Header: http.Header{}}
	if verified, err := integration.Verify(&open, r, integration.Env{Now: now}); verified || err != nil {
		t.Errorf("without a secret: verified %v, %v", verified, err)
	}
}

func TestSignatureVectors_areAcceptedOrRefusedAsTheySay(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Vendor, Name, Secret, Body string
		Headers                    map[string]string
		Accept                     bool `json:"must_accept"`
	}
	object(t, apitest.Shared(t, "data", "webhooks", "signature_vectors.json"), &vectors)
	if len(vectors) < 11 {
		t.Errorf("only %d vectors", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Vendor+"/"+v.Name, func(t *testing.T) {
			kind, _, _ := strings.Cut(v.Vendor, " ")
			r := &integration.Request{Body: []byte(v.Body), Header: http.Header{}}
			for name, value := range v.Headers {
				r.Header.Set(name, value)
			}
			i := &app.Integration{Kind: kind, Secret: v.Secret}
			_, err := integration.Verify(i, r, integration.Env{Now: now})
			if (err == nil) != v.Accept {
				t.Errorf("accepted %v, want %v: %v", err == nil, v.Accept, err)
			}
			i.Tolerance = 5 * time.Minute
			if _, err := integration.Verify(i, r, integration.Env{Now: now}); v.Accept && kind != "paystack" && app.CodeOf(err) != app.CodeUnauthorized {
				t.Errorf("its time is long ago, and it was accepted: %v", err)
			}
			i.Secret = "another"
			i.Tolerance = 0
			if _, err := integration.Verify(i, r, integration.Env{Now: now}); app.CodeOf(err) != app.CodeUnauthorized {
				t.Errorf("with another secret: %v", err)
			}
		})
	}
}

// topic plays Amazon SNS.
type topic struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
	arn         string
}

func newTopic(t testing.TB) *topic {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &topic{key, certificate, "arn:aws:sns:eu-west-1:111122223333:mail"}
}

// message signs a message; version is 1 or 2.
func (s *topic) message(version, kind, text string, at app.Instant) map[string]string {
	m := map[string]string{"Type": kind, "MessageId": "m-1", "TopicArn": s.arn, "Message": text, "Timestamp": at.String(),
		"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", "SignatureVersion": version}
	names := []string{"Message", "MessageId", "Timestamp", "TopicArn", "Type"}
	if kind != "Notification" {
		m["Token"], m["SubscribeURL"] = "tok", "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=tok"
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var b strings.Builder
	for _, n := range names {
		b.WriteString(n + "\n" + m[n] + "\n")
	}
	h, digest := crypto.SHA1, sha1.Sum([]byte(b.String()))
	signed := digest[:]
	if version == "2" {
		d := sha256.Sum256([]byte(b.String()))
		h, signed = crypto.SHA256, d[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, h, signed)
	if err != nil {
		panic(err)
	}
	m["Signature"] = base64.StdEncoding.EncodeToString(signature)
	return m
}

func TestVerify_SNS(t *testing.T) {
	t.Parallel()
	s, other := newTopic(t), newTopic(t)
	asked := ""
	env := integration.Env{Now: now, Certificate: func(url string) (*x509.Certificate, error) {
		asked = url
		return s.certificate, nil
	}}
	i := &app.Integration{Kind: "ses", Tolerance: 5 * time.Minute, Options: app.IntegrationOptions{Topic: s.arn}}
	try := func(what string, want app.Code, i *app.Integration, m map[string]string, env integration.Env) {
		t.Helper()
		body, _ := json.Marshal(m)
		_, err := integration.Verify(i, &integration.Request{Body: body, Header: http.Header{}}, env)
		if want == "" && err != nil || want != "" && app.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	with := func(m map[string]string, name, value string) map[string]string {
		m[name] = value
		return m
	}
	for _, version := range []string{"1", "2"} {
		try("genuine", "", i, s.message(version, "Notification", "{}", now), env)
		try("a confirmation", "", i, s.message(version, "SubscriptionConfirmation", "confirm", now), env)
		try("tampered", app.CodeUnauthorized, i, with(s.message(version, "Notification", "{}", now), "Message", "{ }"), env)
		try("signed by another key", app.CodeUnauthorized, i, other.message(version, "Notification", "{}", now), env)
		try("retried by SNS", "", i, s.message(version, "Notification", "{}", now-50*60_000), env)
		try("of two hours ago", app.CodeUnauthorized, i, s.message(version, "Notification", "{}", now-2*3600_000), env)
	}
	wrongTopic := *i
	wrongTopic.Options.Topic = "arn:aws:sns:eu-west-1:111122223333:other"
	try("another topic", app.CodeUnauthorized, &wrongTopic, s.message("1", "Notification", "{}", now), env)
	pasted := *i
	pasted.Options.Topic, pasted.Secret = "", s.arn
	try("the topic pasted as the secret", "", &pasted, s.message("1", "Notification", "{}", now), env)
	try("an unknown version", app.CodeUnauthorized, i, with(s.message("1", "Notification", "{}", now), "SignatureVersion", "3"), env)
	for _, url := range []string{"http://sns.eu-west-1.amazonaws.com/a.pem", "https://sns.eu-west-1.amazonaws.com.example.com/a.pem", "https://example.com/a.pem",
		"https://sns.eu-west-1.amazonaws.com@example.com/a.pem", "https://snsxeu-west-1.amazonaws.com/a.pem", "https://sns.eu-west-1.amazonaws.com:8443/a.pem", "https://sns.eu-west-1.amazonaws.com/a.txt", "file:///etc/passwd"} {
		asked = ""
		try(url, app.CodeUnauthorized, i, with(s.message("1", "Notification", "{}", now), "SigningCertURL", url), env)
		if asked != "" {
			t.Errorf("the certificate was fetched from %s", asked)
		}
	}
	down := env
	down.Certificate = func(string) (*x509.Certificate, error) { return nil, errors.New("no network") }
	try("no certificate to be had", app.CodeUnavailable, i, s.message("1", "Notification", "{}", now), down)

	body, _ := json.Marshal(s.message("1", "Notification", "{}", now))
	open := &app.Integration{Kind: "ses"}
	if verified, err := integration.Verify(open, &integration.Request{Body: body, Header: http.Header{}}, env); err != nil || verified {
		t.Errorf("any topic of anybody is no proof: verified %v, %v", verified, err)
	}
}

func TestRead_SNSConfirmsOnlyAtItsOwnHosts(t *testing.T) {
	t.Parallel()
	s := newTopic(t)
	m := s.message("1", "SubscriptionConfirmation", "confirm", now)
	body, _ := json.Marshal(m)
	reading, err := read(t, "ses", string(body))
	if err != nil || reading.Confirm != m["SubscribeURL"] || len(reading.Changes) != 0 {
		t.Errorf("%+v, %v", reading, err)
	}
	for _, url := range []string{"https://example.com/confirm", "http://sns.eu-west-1.amazonaws.com/", "https://127.0.0.1/", "https://sns.eu-west-1.amazonaws.com.evil.example/"} {
		m["SubscribeURL"] = url
		body, _ := json.Marshal(m)
		if reading, err := read(t, "ses", string(body)); err == nil || reading.Confirm != "" {
			t.Errorf("%s: %+v, %v", url, reading, err)
		}
	}
}
