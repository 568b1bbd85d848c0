package api_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"sort"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
)

// TestCategories_paymentsAndMessagesAreToldFromTheTeamsOwn has one customer with an event
// of each category: the catalogue, the customer's events and segments know them apart.
func TestCategories_paymentsAndMessagesAreToldFromTheTeamsOwn(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Do(t, "PUT", "/v1/users/ada", `{"email":"ada@example.com"}`, 200)
	s.Do(t, "POST", "/v1/users/ada/events", `{"event":"charge.succeeded"}`, 200)
	s.Do(t, "POST", "/v1/users/bo/events", `{"event":"charge.succeeded"}`, 200)
	s.Do(t, "POST", "/v1/users/ada/events", `{"event":"Logged in"}`, 200)
	_, payments := connect(t, s, `{"kind":"stripe","name":"Stripe"}`)
	_, messages := connect(t, s, `{"kind":"postmark","name":"Postmark"}`)
	taken(t, s, payments, stripeEvent("evt_1", "charge.succeeded", `{"id":"ch_1","object":"charge","customer":"cus_1","amount":1250,"currency":"usd","billing_details":{"email":"ada@example.com"}}`, 1_700_000_000), "applied")
	taken(t, s, messages, `{"RecordType":"Delivery","MessageID":"m1","Recipient":"ada@example.com","DeliveredAt":"2023-11-14T22:13:20Z"}`, "applied")

	kinds := map[string]string{}
	var catalogue struct {
		Data []struct {
			Event, Category string
			Sources         []string
		}
	}
	if err := json.Unmarshal(s.Do(t, "GET", "/v1/events", "", 200), &catalogue); err != nil {
		t.Fatal(err)
	}
	for _, e := range catalogue.Data {
		kinds[e.Event] = e.Category + " " + strings.Join(e.Sources, ",")
	}
	for event, want := range map[string]string{"charge.succeeded": "payment api,stripe", "email.delivered": "message postmark", "Logged in": "custom api"} {
		if kinds[event] != want {
			t.Errorf("%s is %q, want %q", event, kinds[event], want)
		}
	}
	of := s.Do(t, "GET", "/v1/users/ada/events?source=stripe", "", 200)
	if apitest.Member(of, "data", "1") != nil || apitest.Text(of, "data", "0", "source") != "stripe" {
		t.Errorf("ada's events of Stripe: %s", of)
	}
	for rule, want := range map[string]string{
		`{"event":"charge.succeeded","source":"stripe"}`:  `["ada"]`,
		`{"event":"charge.succeeded","source":"api"}`:     `["ada","bo"]`,
		`{"event":"email.delivered","source":"postmark"}`: `["ada"]`,
	} {
		var got struct{ Data []struct{ UID string } }
		id := apitest.Text(s.Do(t, "POST", "/v1/segments", `{"title":"S","rule":`+rule+`}`, 200), "id")
		if err := json.Unmarshal(s.Do(t, "GET", "/v1/users?segment="+id, "", 200), &got); err != nil {
			t.Fatal(err)
		}
		in := map[string]bool{}
		for _, c := range got.Data {
			in[c.UID] = true
		}
		if b, _ := json.Marshal(sortedKeys(in)); string(b) != want {
			t.Errorf("%s holds %s, want %s", rule, b, want)
		}
	}
}

// TestHooks_SESIsConfirmedAndThenBelieved plays Amazon SNS: it subscribes, is confirmed,
// reports a bounce, and somebody else tries with their own key.
func TestHooks_SESIsConfirmedAndThenBelieved(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotAfter: s.Clock.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if s.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:sns:eu-west-1:111122223333:mail"
	message := func(kind, id, text string) string {
		m := map[string]string{"Type": kind, "MessageId": id, "TopicArn": arn, "Message": text, "Timestamp": app.InstantOf(s.Clock.Now()).String(),
			"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", "SignatureVersion": "2"}
		names := []string{"Message", "MessageId", "Timestamp", "TopicArn", "Type"}
		if kind != "Notification" {
			m["Token"], m["SubscribeURL"] = "tok", "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=tok"
			names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
		}
		text = ""
		for _, n := range names {
			text += n + "\n" + m[n] + "\n"
		}
		sum := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		m["Signature"] = base64.StdEncoding.EncodeToString(signature)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	id, path := connect(t, s, `{"kind":"ses","name":"SES","topic":"`+arn+`"}`)
	subscribed := taken(t, s, path, message("SubscriptionConfirmation", "c1", "You have chosen to subscribe."), "ignored", "Content-Type", "text/plain; charset=UTF-8")
	due, err := s.DB.DueOutgoing(context.Background(), 10)
	if err != nil || len(due) != 1 || due[0].Kind != app.Confirmed || !strings.HasPrefix(due[0].URL, "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription") {
		t.Errorf("to be sent: %+v, %v", due, err)
	}
	if d := delivery(t, s, id, subscribed); string(apitest.Member(d, "verified")) != "true" {
		t.Errorf("the subscription: %s", d)
	}
	bounce := message("Notification", "n1", `{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","timestamp":"2023-11-14T22:13:20.000Z","feedbackId":"f1",`+
		`"bouncedRecipients":[{"emailAddress":"gone@example.com","diagnosticCode":"smtp; 550 5.1.1"}]},"mail":{"messageId":"m1","timestamp":"2023-11-14T22:13:00.000Z","destination":["gone@example.com"]}}`)
	taken(t, s, path, bounce, "applied", "Content-Type", "text/plain; charset=UTF-8")
	taken(t, s, path, bounce, "repeated", "Content-Type", "text/plain; charset=UTF-8")
	gone := s.Do(t, "GET", "/v1/users?email=gone@example.com", "", 200)
	if apitest.Text(gone, "data", "0", "meta", "email_suppressed") == "" {
		t.Errorf("the address is not marked: %s", gone)
	}
	if a := post(t, s, path, strings.Replace(bounce, "gone@", "good@", 1)); a.Status != 401 {
		t.Errorf("a tampered one: %d %s", a.Status, a.Body)
	}
	if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if a := post(t, s, path, message("Notification", "n2", "{}")); a.Status != 401 {
		t.Errorf("one of another's key: %d %s", a.Status, a.Body)
	}
}

func sortedKeys(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
