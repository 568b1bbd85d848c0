package api_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
	"kith/app/requestlog"
	"kith/storage/storagetest"
)

// connect makes a connection and returns its id and the path of its address.
func connect(t testing.TB, s *apitest.Server, body string) (id, path string) {
	t.Helper()
	out := s.Do(t, "POST", "/v1/integrations", body, 200)
	return apitest.Text(out, "id"), apitest.Text(out, "url")
}

// post posts a body to an address as a service does, without keys.
func post(t testing.TB, s *apitest.Server, path, body string, headers ...string) apitest.Answer {
	t.Helper()
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return s.Send(t, apitest.Request{Method: "POST", Path: path, Auth: apitest.NoKeys, Body: body, Header: h})
}

// taken posts a body that must be answered 200 with a state.
func taken(t testing.TB, s *apitest.Server, path, body, state string, headers ...string) string {
	t.Helper()
	a := post(t, s, path, body, headers...)
	if a.Status != 200 || apitest.Text(a.Body, "state") != state {
		t.Fatalf("%.200s: %d %s, want %s", body, a.Status, a.Body, state)
	}
	return apitest.Text(a.Body, "id")
}

func delivery(t testing.TB, s *apitest.Server, id, did string) []byte {
	t.Helper()
	return s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries/"+did, "", 200)
}

func stripeEvent(id, kind, object string, created int64) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","type":%q,"created":%d,"data":{"object":%s}}`, id, kind, created, object)
}

func stripeSignature(secret, body string, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(t + "." + body))
	return "t=" + t + ",v1=" + hex.EncodeToString(m.Sum(nil))
}

func TestHooks_aStripeInvoiceBecomesAnEventOfItsCustomer(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	created := s.Do(t, "POST", "/v1/integrations", `{"kind":"stripe","secret":"whsec_test_secret"}`, 200)
	for name, want := range map[string]string{"kind": `"stripe"`, "name": `"Stripe"`, "verified": "true", "tolerance": `"5m"`} {
		if got := string(apitest.Member(created, name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if strings.Contains(string(created), "whsec") {
		t.Errorf("the secret came back: %s", created)
	}
	id, path := apitest.Text(created, "id"), apitest.Text(created, "url")
	if !strings.HasPrefix(path, "/hooks/") || len(path) < len("/hooks/")+24 {
		t.Fatalf("the address %q can be guessed", path)
	}
	body := stripeEvent("evt_1", "invoice.paid", `{"object":"invoice","customer":"cus_1","customer_email":"ada@example.com","customer_name":"Ada Obi","currency":"usd","total":1999,"status":"paid"}`, s.Clock.Now().Unix())
	did := taken(t, s, path, body, "applied", "Stripe-Signature", stripeSignature("whsec_test_secret", body, s.Clock.Now()))

	list := s.Do(t, "GET", "/v1/users?email=ada@example.com", "", 200)
	uid := apitest.Text(list, "data", "0", "uid")
	if string(apitest.Member(list, "data", "0", "uid_updateable")) != "true" || apitest.Text(list, "data", "0", "first_name") != "Ada" {
		t.Errorf("%s", list)
	}
	events := s.Do(t, "GET", "/v1/users/"+uid+"/events", "", 200)
	want(t, events, `"invoice.paid"`, "data", "0", "event")
	want(t, events, "19.99", "data", "0", "properties", "total")
	want(t, events, `"USD"`, "data", "0", "properties", "currency")

	d := delivery(t, s, id, did)
	want(t, d, `"applied"`, "state")
	want(t, d, `"invoice.paid"`, "event")
	want(t, d, `"`+uid+`"`, "became", "0", "uid")
	want(t, d, `19.99`, "became", "0", "properties", "total")
	want(t, d, `"ada@example.com"`, "became", "1", "attributes", "email")
	want(t, d, body, "body")
	list = s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries", "", 200)
	want(t, list, `"`+did+`"`, "data", "0", "id")
	want(t, list, body, "data", "0", "body")
}

func TestHooks_whatIsNotSignedBecomesNothingAndIsKept(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	id, path := connect(t, s, `{"kind":"stripe","secret":"whsec_right"}`)
	body := stripeEvent("evt_1", "invoice.paid", `{"object":"invoice","customer":"cus_1","customer_email":"ada@example.com"}`, s.Clock.Now().Unix())
	for what, signature := range map[string]string{
		"none": "", "with another secret": stripeSignature("whsec_wrong", body, s.Clock.Now()), "of another body": stripeSignature("whsec_right", body+" ", s.Clock.Now()),
		"of ten minutes ago": stripeSignature("whsec_right", body, s.Clock.Now().Add(-10*time.Minute)), "nonsense": "t=x,v1=y",
	} {
		a := post(t, s, path, body, "Stripe-Signature", signature)
		if a.Status != 401 {
			t.Errorf("%s: %d %s", what, a.Status, a.Body)
		}
		apitest.CheckFailure(t, a)
	}
	list := s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries?limit=30&state=failed", "", 200)
	all, _ := app.Elements(apitest.Member(list, "data"), nil)
	if len(all) != 5 {
		t.Errorf("%d failures are kept, want 5: %s", len(all), list)
	}
	if n := apitest.Member(s.Do(t, "GET", "/v1/users", "", 200), "data"); string(n) != "[]" {
		t.Errorf("somebody was made of it: %s", n)
	}
	if a := post(t, s, "/hooks/nobody-knows-this", body); a.Status != 404 {
		t.Errorf("an unknown address: %d", a.Status)
	}
	for _, request := range mustRequests(t, s) {
		if strings.Contains(request, strings.TrimPrefix(path, "/hooks/")) {
			t.Errorf("the log of requests shows the address: %s", request)
		}
	}
}

func mustRequests(t *testing.T, s *apitest.Server) (paths []string) {
	t.Helper()
	kept, _ := s.Requests.List(0, 100, everyRequest)
	for _, r := range kept {
		paths = append(paths, r.Path)
	}
	return paths
}

func TestHooks_aWrongSecretIsMendedAndTheBodyReplayed(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	id, path := connect(t, s, `{"kind":"paystack","secret":"sk_wrong"}`)
	body := `{"event":"charge.success","data":{"id":1,"amount":500000,"currency":"NGN","paid_at":"2026-02-28T10:00:00Z","customer":{"customer_code":"CUS_1","email":"ada@example.com"}}}`
	m := hmac.New(sha512.New, []byte("sk_right"))
	m.Write([]byte(body))
	signature := hex.EncodeToString(m.Sum(nil))
	if a := post(t, s, path, body, "X-Paystack-Signature", signature); a.Status != 401 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	did := apitest.Text(s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries", "", 200), "data", "0", "id")
	replay := "/v1/integrations/" + id + "/deliveries/" + did + "/replay"
	want(t, s.Do(t, "POST", replay, "", 200), `"failed"`, "state")
	s.Do(t, "PUT", "/v1/integrations/"+id, `{"secret":"sk_right"}`, 200)
	s.Clock.Move(time.Hour)
	out := s.Do(t, "POST", replay, "", 200)
	want(t, out, `"applied"`, "state")
	want(t, out, "true", "verified")
	list := s.Do(t, "GET", "/v1/users?email=ada@example.com", "", 200)
	events := s.Do(t, "GET", "/v1/users/"+apitest.Text(list, "data", "0", "uid")+"/events", "", 200)
	want(t, events, `"charge.success.one_time"`, "data", "0", "event")
	want(t, events, `"2026-02-28T10:00:00.000Z"`, "data", "0", "timestamp")
	for range 3 {
		want(t, s.Do(t, "POST", replay, "", 200), `"applied"`, "state")
	}
	again := s.Do(t, "GET", "/v1/users/"+apitest.Text(list, "data", "0", "uid")+"/events", "", 200)
	if string(again) != string(events) {
		t.Errorf("replaying what was applied changed\n%s to\n%s", events, again)
	}
}

func TestHooks_aBodyThatCannotBeReadIsMendedByHand(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	id, path := connect(t, s, `{"kind":"sendgrid"}`)
	if a := post(t, s, path, `[{"email":"no address","event":"delivered","sg_event_id":"e1","timestamp":1772366400}]`); a.Status != 400 || !strings.Contains(apitest.CheckFailure(t, a), "no e-mail address") {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	did := apitest.Text(s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries", "", 200), "data", "0", "id")
	replay := "/v1/integrations/" + id + "/deliveries/" + did + "/replay"
	out := s.Do(t, "POST", replay, `{"body":[{"email":"ada@example.com","event":"delivered","sg_event_id":"e1","timestamp":1772366400}]}`, 200)
	want(t, out, `"applied"`, "state")
	d := delivery(t, s, id, did)
	if !strings.Contains(string(apitest.Member(d, "body")), "no address") || !strings.Contains(apitest.Text(d, "mended"), "ada@example.com") {
		t.Errorf("the body as it came is gone: %s", d)
	}
	for _, body := range []string{"{", "[", `"text`, `{"a":}`, "", "\xff\xfe", strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		if a := post(t, s, path, body); a.Status != 400 {
			t.Errorf("%.20q: %d %s", body, a.Status, a.Body)
		}
	}
	if a := post(t, s, path, `["`+strings.Repeat("x", 5<<20)+`"]`); a.Status != 413 {
		t.Errorf("5 MB: %d", a.Status)
	}
}

func TestHooks_hostileBodiesAreRefusedOrText(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	_, path := connect(t, s, `{"kind":"stripe"}`)
	script := `<script>alert(1)</script>`
	taken(t, s, path, stripeEvent("e1", "customer.updated", `{"id":"cus_1","object":"customer","email":"a@example.com","name":`+strconv.Quote(script)+`,"metadata":{"user_id":"`+script+`"}}`, 1772366400), "applied")
	got := s.Do(t, "GET", "/v1/users?email=a@example.com", "", 200)
	if apitest.Text(got, "data", "0", "uid") != script || apitest.Text(got, "data", "0", "first_name") != script {
		t.Errorf("%s", got)
	}
	for what, object := range map[string]string{
		"1 MB in a property":   `{"object":"charge","customer":"c","currency":"usd","description":"` + strings.Repeat("x", 1<<20) + `"}`,
		"1 MB for an id":       `{"object":"charge","customer":"` + strings.Repeat("x", 1<<20) + `"}`,
		"1 MB for a name":      `{"id":"c","object":"customer","name":"` + strings.Repeat("x", 1<<20) + `"}`,
		"an object for a list": `[]`,
	} {
		if a := post(t, s, path, stripeEvent("e2", "charge.succeeded", object, 1)); a.Status != 400 {
			t.Errorf("%s: %d %.200s", what, a.Status, a.Body)
		}
	}
	for what, object := range map[string]string{
		"wrong types":       `{"object":7,"customer":{"id":[]},"metadata":"x","amount":{"a":1},"currency":[],"customer_email":7,"billing_details":"x","receipt_email":"a@example.com"}`,
		"a huge amount":     `{"object":"charge","receipt_email":"a@example.com","currency":"usd","amount":1e400}`,
		"an amount as text": `{"object":"charge","receipt_email":"a@example.com","currency":"usd","amount":"12 x"}`,
	} {
		if a := post(t, s, path, stripeEvent("e3"+what, "charge.succeeded", object, 1)); a.Status != 200 && a.Status != 400 {
			t.Errorf("%s: %d %s", what, a.Status, a.Body)
		}
	}
}

// snapshot is what is known of everybody, apart from what differs from run to run.
func snapshot(t testing.TB, s *apitest.Server) string {
	t.Helper()
	var lines []string
	happened := map[int64][]string{}
	err := s.DB.EachEvent(context.Background(), app.EventFilter{}, func(e *app.Event) error {
		happened[e.Customer] = append(happened[e.Customer], fmt.Sprintf("%s@%d%s", e.Name, int64(e.At), e.Properties))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.DB.EachCustomer(context.Background(), func(c *app.Customer) error {
		uid := c.UID
		if c.Provisional {
			uid = "provisional"
		}
		deref := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		line := fmt.Sprintf("%s %s %s %s %s", uid, deref(c.FirstName), deref(c.LastName), deref(c.Number), deref(c.Email))
		var attrs []string
		for _, a := range c.Attributes {
			attrs = append(attrs, a.Name+"="+string(a.Value))
		}
		sort.Strings(attrs)
		ids, err := s.DB.ExternalIDs(context.Background(), c.Row)
		sort.Strings(happened[c.Row])
		lines = append(lines, fmt.Sprint(line, attrs, ids, happened[c.Row]))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// story are bodies of two services about three people, who come to be known bit by bit.
func story() (stripe, sendgrid []string) {
	add := func(id, kind, object string, at int64) { stripe = append(stripe, stripeEvent(id, kind, object, at)) }
	add("e1", "customer.created", `{"id":"cus_1","object":"customer","email":"ada@example.com","name":"Ada Old","delinquent":false}`, 1000)
	add("e2", "customer.updated", `{"id":"cus_1","object":"customer","email":"ada@example.com","name":"Ada New","delinquent":true,"address":{"city":"Lagos"}}`, 2000)
	add("e3", "customer.updated", `{"id":"cus_1","object":"customer","email":"ada@example.com","name":"Ada Newest","delinquent":false,"address":null}`, 3000)
	add("e4", "invoice.paid", `{"object":"invoice","customer":"cus_1","customer_email":"ada@example.com","customer_phone":"+2348166877840","currency":"usd","total":1999}`, 3500)
	add("e5", "charge.succeeded", `{"object":"charge","customer":null,"receipt_email":"ada@example.com","currency":"usd","amount":1999}`, 3600)
	add("e6", "customer.subscription.created", `{"object":"subscription","customer":"cus_2","status":"active","metadata":{"user_id":"ben-1"}}`, 4000)
	add("e7", "charge.failed", `{"object":"charge","customer":"cus_2","billing_details":{"email":"ben@example.com","name":"Ben"},"currency":"jpy","amount":500}`, 4100)
	add("e8", "charge.failed", `{"object":"charge","customer":"cus_2","billing_details":{"email":"ben@example.com","name":"Benjamin"},"currency":"jpy","amount":500}`, 4100)
	add("e9", "payout.paid", `{"object":"payout","amount":1}`, 5000)
	mail := func(id, event, to string, at int64, more string) {
		sendgrid = append(sendgrid, fmt.Sprintf(`[{"email":%q,"event":%q,"sg_event_id":%q,"timestamp":%d%s}]`, to, event, id, 1772000000+at, more))
	}
	mail("m1", "delivered", "ada@example.com", 10, "")
	mail("m2", "open", "ada@example.com", 20, "")
	mail("m3", "bounce", "cleo@example.com", 30, `,"reason":"550 gone","type":"bounce"`)
	mail("m4", "spamreport", "ben@example.com", 40, "")
	mail("m5", "click", "ada@example.com", 50, `,"url":"https://x.example"`)
	return stripe, sendgrid
}

func TestHooks_anyOrderAndAnyRepetitionGivesTheSameState(t *testing.T) {
	t.Parallel()
	first := ""
	runs := 6
	if testing.Short() {
		runs = 3
	}
	for run := range runs {
		s := apitest.Start(t)
		_, stripePath := connect(t, s, `{"kind":"stripe"}`)
		_, mailPath := connect(t, s, `{"kind":"sendgrid"}`)
		type shot struct{ path, body string }
		var shots []shot
		stripe, mail := story()
		for range 3 {
			for _, b := range stripe {
				shots = append(shots, shot{stripePath, b})
			}
			for _, b := range mail {
				shots = append(shots, shot{mailPath, b})
			}
		}
		if run > 0 { // the first run is in order
			rand.New(rand.NewPCG(1, uint64(run))).Shuffle(len(shots), func(i, j int) { shots[i], shots[j] = shots[j], shots[i] })
		}
		applied := 0
		for _, shot := range shots {
			a := post(t, s, shot.path, shot.body)
			if a.Status != 200 {
				t.Fatalf("%s: %d %s", shot.body, a.Status, a.Body)
			}
			if apitest.Text(a.Body, "state") == "applied" {
				applied++
			}
			s.Clock.Move(time.Second)
		}
		if applied != len(stripe)+len(mail)-1 {
			t.Errorf("run %d: %d were applied, want each once, but for the payout", run, applied)
		}
		got := snapshot(t, s)
		if first == "" {
			first = got
			for _, text := range []string{"Ada Newest", "ben-1", "2348166877840", `email_suppressed="hard bounce"`, `email_suppressed="complaint"`, "stripe_delinquent=false"} {
				if !strings.Contains(got, text) {
					t.Errorf("there is no %q in\n%s", text, got)
				}
			}
			if strings.Contains(got, "stripe_address") || len(strings.Split(got, "\n")) != 3 {
				t.Errorf("\n%s", got)
			}
		}
		if got != first {
			t.Errorf("run %d gave\n%s\nand in order it is\n%s", run, got, first)
		}
	}
}

func TestHooks_whoeverIsKnownIsFound(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	_, path := connect(t, s, `{"kind":"stripe"}`)
	s.Do(t, "PUT", "/v1/users/ada", `{"email":"ada@example.com","first_name":"Adaeze"}`, 200)
	charge := func(id, object string) { taken(t, s, path, stripeEvent(id, "charge.succeeded", object, 1), "applied") }
	charge("e1", `{"object":"charge","customer":"cus_1","receipt_email":"ADA@example.com","billing_details":{"name":"A. Obi"}}`)
	charge("e2", `{"object":"charge","customer":"cus_1"}`)
	charge("e3", `{"object":"charge","metadata":{"uid":"ada"}}`)
	events := s.Do(t, "GET", "/v1/users/ada/events", "", 200)
	if n, _ := app.Elements(apitest.Member(events, "data"), nil); len(n) != 3 {
		t.Errorf("%s", events)
	}
	want(t, s.Do(t, "GET", "/v1/users/ada", "", 200), `"Adaeze"`, "first_name")
	want(t, s.Do(t, "GET", "/v1/users/ada", "", 200), `"Obi"`, "last_name")

	// One whom nobody knew is claimed by the team's own application afterwards.
	charge("e4", `{"object":"charge","customer":"cus_2","receipt_email":"ben@example.com"}`)
	s.Do(t, "PUT", "/v1/users/ben", `{"email":"ben@example.com"}`, 200)
	charge("e5", `{"object":"charge","customer":"cus_2"}`)
	events = s.Do(t, "GET", "/v1/users/ben/events", "", 200)
	if n, _ := app.Elements(apitest.Member(events, "data"), nil); len(n) != 2 {
		t.Errorf("%s", events)
	}
	// Merged customers stay found by what the service calls them.
	s.Do(t, "POST", "/v1/users/merge", `{"source":"ben","destination":"ada"}`, 200)
	charge("e6", `{"object":"charge","customer":"cus_2"}`)
	events = s.Do(t, "GET", "/v1/users/ada/events?limit=30", "", 200)
	if n, _ := app.Elements(apitest.Member(events, "data"), nil); len(n) != 6 {
		t.Errorf("%s", events)
	}
}

func TestHooks_anAddressThatBouncedIsMarkedAndAnotherIsNot(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	_, path := connect(t, s, `{"kind":"postmark"}`)
	s.Do(t, "PUT", "/v1/users/ada", `{"email":"ada@example.com"}`, 200)
	bounce := `{"RecordType":"Bounce","ID":1,"Type":"HardBounce","Email":"Ada@example.com","BouncedAt":"2026-02-01T10:00:00Z"}`
	taken(t, s, path, bounce, "applied")
	want(t, s.Do(t, "GET", "/v1/users/ada", "", 200), `"hard bounce"`, "meta", "email_suppressed")
	s.Do(t, "PUT", "/v1/users/ada", `{"email":"new@example.com"}`, 200)
	want(t, s.Do(t, "GET", "/v1/users/ada", "", 200), "", "meta", "email_suppressed")
	s.Do(t, "PUT", "/v1/users/ben", `{"email":"ada@example.com"}`, 200)
	want(t, s.Do(t, "GET", "/v1/users/ben", "", 200), `"hard bounce"`, "meta", "email_suppressed")
	taken(t, s, path, `{"RecordType":"SubscriptionChange","MessageID":"m","Recipient":"ada@example.com","SuppressSending":false,"ChangedAt":"2026-02-02T10:00:00Z"}`, "applied")
	want(t, s.Do(t, "GET", "/v1/users/ben", "", 200), "", "meta", "email_suppressed")
	taken(t, s, path, strings.Replace(bounce, `"ID":1`, `"ID":2`, 1), "applied")
	want(t, s.Do(t, "GET", "/v1/users/ben", "", 200), "", "meta", "email_suppressed")
	taken(t, s, path, `{"RecordType":"Bounce","ID":3,"Type":"SoftBounce","Email":"ada@example.com","BouncedAt":"2026-02-03T10:00:00Z"}`, "applied")
	want(t, s.Do(t, "GET", "/v1/users/ben", "", 200), "", "meta", "email_suppressed")
}

func TestHooks_erasingACustomerTakesTheBodiesAlong(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	id, path := connect(t, s, `{"kind":"stripe"}`)
	other := taken(t, s, path, stripeEvent("e0", "charge.succeeded", `{"object":"charge","customer":"cus_0","receipt_email":"ben@example.com"}`, 1), "applied")
	linked := taken(t, s, path, stripeEvent("e1", "charge.succeeded", `{"object":"charge","customer":"cus_77","receipt_email":"ada@example.com"}`, 1), "applied")
	post(t, s, path, `{"type":"x","note":"of Ada@Example.com, who is not linked`)
	ignored := taken(t, s, path, stripeEvent("e2", "transfer.created", `{"object":"transfer","memo":"for cus_77"}`, 1), "ignored")
	uid := apitest.Text(s.Do(t, "GET", "/v1/users?email=ada@example.com", "", 200), "data", "0", "uid")
	storagetest.Apply(t, s.DB, &app.Delete{UID: uid, Erase: true})
	d := delivery(t, s, id, linked)
	want(t, d, "true", "removed")
	want(t, d, "", "body")
	want(t, d, "[]", "became")
	want(t, delivery(t, s, id, ignored), "true", "removed")
	want(t, delivery(t, s, id, other), "", "removed")
	all := string(s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries?limit=30", "", 200))
	for _, text := range []string{"cus_77", "ada@example.com", "Ada@Example.com"} {
		if strings.Contains(all, text) {
			t.Errorf("%s is still in a body", text)
		}
	}
	a := s.Send(t, apitest.Request{Method: "POST", Path: "/v1/integrations/" + id + "/deliveries/" + linked + "/replay"})
	if a.Status != 409 {
		t.Errorf("replaying what was erased: %d %s", a.Status, a.Body)
	}
	// Whoever was erased does not come back by the same door.
	for i, object := range []string{`{"object":"charge","customer":"cus_77"}`, `{"object":"charge","receipt_email":"ada@example.com"}`} {
		taken(t, s, path, stripeEvent("e9"+strconv.Itoa(i), "charge.succeeded", object, 9), "ignored")
	}
	if n, _ := app.Elements(apitest.Member(s.Do(t, "GET", "/v1/users", "", 200), "data"), nil); len(n) != 1 {
		t.Errorf("%d customers, want the other one alone", len(n))
	}
	if err := s.DB.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestIntegrations_whatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	id, _ := connect(t, s, `{"kind":"webhook","name":"Shop"}`)
	stripe, _ := connect(t, s, `{"kind":"stripe"}`)
	for _, row := range []struct{ method, path, body string }{
		{"POST", "/v1/integrations", `{}`}, {"POST", "/v1/integrations", `{"kind":"fax"}`}, {"POST", "/v1/integrations", `{"kind":"stripe","tolerance":"soon"}`},
		{"POST", "/v1/integrations", `{"kind":"stripe","tolerance":"-5m"}`}, {"POST", "/v1/integrations", `{"kind":"stripe","name":""}`}, {"POST", "/v1/integrations", `[`}, {"POST", "/v1/integrations", `{"kind":7}`},
		{"PUT", "/v1/integrations/" + id, `{"kind":"stripe"}`}, {"PUT", "/v1/integrations/" + id, `{"mapping":{"event_name":"x"}}`}, {"PUT", "/v1/integrations/" + id, `{"mapping":{"uid":"a"}}`},
		{"PUT", "/v1/integrations/" + id, `{"signature":{"header":"X Y"}}`}, {"PUT", "/v1/integrations/" + id, `{"signature":{"header":"X","algorithm":"md5"}}`},
		{"PUT", "/v1/integrations/" + id, `{"forward":"ftp://x.example"}`}, {"PUT", "/v1/integrations/" + id, `{"forward":"https://u:p@x.example"}`},
		{"PUT", "/v1/integrations/" + stripe, `{"mapping":{"uid":"a","event_name":"b"}}`}, {"PUT", "/v1/integrations/" + stripe, `{"topic":"mine"}`},
		{"GET", "/v1/integrations/" + id + "/deliveries?state=lost", ""}, {"GET", "/v1/integrations/" + id + "/deliveries?limit=x", ""}, {"GET", "/v1/integrations/" + id + "/deliveries?next_cursor=x", ""},
	} {
		a := s.Send(t, apitest.Request{Method: row.method, Path: row.path, Body: row.body})
		if a.Status != 400 {
			t.Errorf("%s %s %s: %d %s", row.method, row.path, row.body, a.Status, a.Body)
			continue
		}
		apitest.CheckFailure(t, a)
	}
	for _, path := range []string{"/v1/integrations/x", "/v1/integrations/x/deliveries", "/v1/integrations/" + id + "/deliveries/x"} {
		if a := s.Send(t, apitest.Request{Method: "GET", Path: path}); a.Status != 404 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	for _, auth := range []apitest.Auth{apitest.NoKeys, apitest.PublicOnly, apitest.WrongPrivate} {
		if a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/integrations", Auth: auth}); a.Status != 401 && a.Status != 403 {
			t.Errorf("with keys %s: %d", auth, a.Status)
		}
	}
}

func TestIntegrations_areChangedListedAndRemoved(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	id, path := connect(t, s, `{"kind":"stripe","name":"Live","secret":"whsec_first_secret","tolerance":"10m"}`)
	body := func(n int) string {
		return stripeEvent("e"+strconv.Itoa(n), "charge.succeeded", `{"object":"charge","customer":"cus_1"}`, int64(n))
	}
	signed := func(n int, secret, state string) string {
		return taken(t, s, path, body(n), state, "Stripe-Signature", stripeSignature(secret, body(n), s.Clock.Now()))
	}
	signed(1, "whsec_first_secret", "applied")
	out := s.Do(t, "PUT", "/v1/integrations/"+id, `{"secret":"whsec_second_secret"}`, 200)
	if apitest.Member(out, "previous_secret_until") == nil {
		t.Errorf("%s", out)
	}
	signed(2, "whsec_first_secret", "applied")
	signed(3, "whsec_second_secret", "applied")
	s.Clock.Move(25 * time.Hour)
	signed(4, "whsec_second_secret", "applied")
	if a := post(t, s, path, body(5), "Stripe-Signature", stripeSignature("whsec_first_secret", body(5), s.Clock.Now())); a.Status != 401 {
		t.Errorf("the secret before still counts: %d", a.Status)
	}
	list := s.Do(t, "GET", "/v1/integrations", "", 200)
	want(t, list, `"Live"`, "data", "0", "name")
	want(t, list, `"10m"`, "data", "0", "tolerance")
	if strings.Contains(string(list), "whsec") {
		t.Errorf("%s", list)
	}
	page := s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries?limit=2", "", 200)
	want(t, page, "true", "has_more")
	var seen []string
	for cursor := ""; ; {
		page := s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries?limit=2&next_cursor="+cursor, "", 200)
		var p struct {
			Data []struct{ ID, State string }
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(page, &p); err != nil {
			t.Fatal(err)
		}
		for _, d := range p.Data {
			seen = append(seen, d.State)
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if fmt.Sprint(seen) != "[failed applied applied applied applied]" {
		t.Errorf("%v", seen)
	}
	moved := s.Do(t, "PUT", "/v1/integrations/"+id, `{"new_url":true}`, 200)
	if a := post(t, s, path, body(6)); a.Status != 404 || apitest.Text(moved, "url") == path {
		t.Errorf("the old address: %d", a.Status)
	}
	s.Do(t, "DELETE", "/v1/integrations/"+id, "", 200)
	if a := post(t, s, apitest.Text(moved, "url"), body(7)); a.Status != 404 {
		t.Errorf("a removed one: %d", a.Status)
	}
	want(t, s.Do(t, "GET", "/v1/integrations", "", 200), "[]", "data")
}

func everyRequest(*requestlog.Request) bool { return true }

func TestDeliveries_aPageHoldsNoMoreThanAFewLargeBodies(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	id, path := connect(t, s, `{"kind":"webhook"}`)
	for i := range 4 {
		taken(t, s, path, fmt.Sprintf(`{"n":%d,"x":%q}`, i, strings.Repeat("x", 3<<20)), "ignored")
	}
	var page struct {
		Data []struct {
			ID    string
			Error *string
			Bytes int
			Body  *json.RawMessage
		}
	}
	if err := json.Unmarshal(s.Do(t, "GET", "/v1/integrations/"+id+"/deliveries", "", 200), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Data) != 4 {
		t.Fatalf("%d deliveries", len(page.Data))
	}
	for i, d := range page.Data {
		if has := d.Body != nil; has != (i < 2) || d.Bytes < 3<<20 || d.Error == nil {
			t.Errorf("delivery %d of %d bytes: with its body %v, error %v", i, d.Bytes, has, d.Error)
		}
	}
	if last := delivery(t, s, id, page.Data[3].ID); len(apitest.Text(last, "body", "x")) != 3<<20 {
		t.Error("the last body cannot be read by itself")
	}
}
