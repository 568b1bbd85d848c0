package uitest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// hook posts a body to a connection's address as a service does, and returns the status.
func (s *server) hook(path, body string, headers ...string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.address+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// connect makes a connection by the API and returns its id and the path of its address.
func (s *server) connect(body string) (id, path string) {
	s.t.Helper()
	var made struct{ ID, URL string }
	if err := json.Unmarshal([]byte(s.must("POST", "/v1/integrations", body)), &made); err != nil {
		s.t.Fatal(err)
	}
	return made.ID, made.URL
}

func invoice(id, email string) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","type":"invoice.paid","created":%d,"data":{"object":{"object":"invoice","customer":"cus_1","customer_email":%q,"customer_name":"Ada Obi","currency":"usd","total":1999,"status":"paid"}}}`,
		id, time.Now().Unix(), email)
}

func signedByStripe(secret, body string) string {
	at := fmt.Sprint(time.Now().Unix())
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(at + "." + body))
	return "t=" + at + ",v1=" + hex.EncodeToString(m.Sum(nil))
}

func TestIntegrations_stripeIsConnectedAndItsFirstHookArrivesLive(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/integrations")
	b.says("Transactional e-mail")
	b.click(".tile[data-kind=stripe] button", "Connect")
	b.wait(`document.querySelector("h1").innerText === "Stripe" && document.querySelector(".steps code")`)
	b.is(`(window.copied = "", navigator.clipboard.writeText = async (text) => { window.copied = text }, true)`)
	b.click(".steps button", "Copy")
	b.wait(`window.copied.includes("/hooks/")`)
	var address string
	b.eval(`window.copied`, &address)
	path := strings.TrimPrefix(address, s.address)
	b.fill("#secret", "whsec_a_secret_of_stripe")
	b.click(".steps button", "Save")
	b.says("What is not signed with it is refused")
	if b.is(`document.body.innerText.includes("whsec_a_secret_of_stripe")`) {
		t.Error("the page shows the secret again")
	}
	body := invoice("evt_1", "ada@example.com")
	if status := s.hook(path, body, "Stripe-Signature", signedByStripe("whsec_another", body)); status != 401 {
		t.Fatalf("a wrong signature is answered %d", status)
	}
	b.wait(`[...document.querySelectorAll(".deliveries tr")].some((r) => r.innerText.includes("failed"))`)
	if status := s.hook(path, body, "Stripe-Signature", signedByStripe("whsec_a_secret_of_stripe", body)); status != 200 {
		t.Fatalf("the right one is answered %d", status)
	}
	b.wait(`document.querySelector(".deliveries tr.fresh")?.innerText.includes("invoice.paid")`)
	b.wait(`document.querySelector(".deliveries tr.fresh").innerText.includes("of ada@example.com")`)
	b.click(".deliveries tr", "invoice.paid")
	b.wait(`document.querySelectorAll(".detail .listing").length === 2 && document.querySelector(".detail").innerText.includes("19.99")`)
	b.click(".detail .facts a", "")
	b.wait(`document.querySelector("h1").innerText === "Ada Obi"`)
	b.says("invoice.paid")
	b.open("/app/integrations")
	b.wait(`document.querySelector(".tile[data-kind=stripe] .figure")?.innerText === "2"`)
	b.says("1 failed today")
}

func TestIntegrations_aFailedBodyIsMendedAndReplayed(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	id, path := s.connect(`{"kind":"sendgrid","name":"Mail"}`)
	if status := s.hook(path, `[{"email":"no address","event":"delivered","sg_event_id":"e1","timestamp":1772366400}]`); status != 400 {
		t.Fatalf("it is answered %d", status)
	}
	b := s.signedIn()
	b.open("/app/integrations/" + id)
	b.says("Nothing that comes here is verified")
	b.is(`(document.querySelector(".deliveries .unfold").click(), true)`)
	b.wait(`document.querySelector(".detail .trouble")?.innerText.includes("no e-mail address")`)
	b.click(".detail button", "Mend the body")
	b.fill("#mended", `[{"email":"cleo@example.com","event":"bounce","type":"bounce","reason":"550 gone","sg_event_id":"e1","timestamp":1772366400}]`)
	b.click(".detail button", "Replay the mended body")
	b.wait(`document.querySelector(".deliveries tr.open")?.innerText.includes("applied")`)
	b.wait(`[...document.querySelectorAll(".detail .listing")].length === 3`) // as it came, what it became, as it was mended
	user := s.must("GET", "/v1/users?email=cleo@example.com", "")
	if !strings.Contains(user, `"email_suppressed":"hard bounce"`) {
		t.Errorf("%s", user)
	}
}

func TestIntegrations_aWebhookIsMappedByChoosingOnABody(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	id, path := s.connect(`{"kind":"webhook","name":"Shop"}`)
	order := func(n int) string {
		return fmt.Sprintf(`{"id":"o-%d","kind":"Ordered","user":{"id":"ada","plan":"<script>alert(1)</script>"},"order":{"total":9.50}}`, n)
	}
	s.hook(path, order(1))
	s.hook(path, order(2))
	b := s.signedIn()
	b.open("/app/integrations/" + id)
	b.click("button", "Choose on a body")
	b.wait(`document.querySelectorAll(".leaf").length === 7`)
	b.says("Nobody is named yet")
	for path, role := range map[string]string{"user.id": "uid", "kind": "event", "id": "id", "order.total": "property", "user.plan": "attribute"} {
		b.choose("What "+path+" is", role)
	}
	b.wait(`document.querySelector(".meaning").innerText.includes('The event is "Ordered", with total.')`)
	b.click("dialog button", "Save, and apply what was kept")
	b.wait(`!document.querySelector("dialog[open]")`)
	b.wait(`[...document.querySelectorAll(".deliveries tbody tr")].filter((r) => r.innerText.includes("applied")).length === 2`)
	s.hook(path, order(3))
	s.hook(path, order(3))
	b.wait(`[...document.querySelectorAll(".deliveries tbody tr")].filter((r) => r.innerText.includes("applied")).length === 3`)
	events := s.must("GET", "/v1/users/ada/events", "")
	if strings.Count(events, `"Ordered"`) != 3 || !strings.Contains(events, `"total":9.50`) {
		t.Errorf("%s", events)
	}
	if user := s.must("GET", "/v1/users/ada", ""); !strings.Contains(user, `<script>alert(1)</script>`) {
		t.Errorf("%s", user)
	}
}

func TestIntegrations_settingsAreSavedAndAConnectionRemoved(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	id, path := s.connect(`{"kind":"stripe","name":"Live","secret":"whsec_the_first_secret"}`)
	b := s.signedIn()
	b.open("/app/integrations/" + id)
	b.click("button", "Settings")
	b.fill("dialog [name=name]", "Stripe, live")
	b.fill("dialog [name=forward]", "http://127.0.0.1:9/hooks")
	b.fill("dialog [name=uid_keys]", "mint_id, user")
	b.click("dialog button", "Save the settings")
	b.wait(`document.querySelector("h1").innerText === "Stripe, live"`)
	if saved := s.must("GET", "/v1/integrations/"+id, ""); !strings.Contains(saved, `"forward":"http://127.0.0.1:9/hooks"`) || !strings.Contains(saved, `"uid_keys":["mint_id","user"]`) || !strings.Contains(saved, `"verified":true`) {
		t.Errorf("%s", saved)
	}
	body := invoice("evt_1", "ada@example.com")
	if status := s.hook(path, body, "Stripe-Signature", signedByStripe("whsec_the_first_secret", body)); status != 200 {
		t.Fatalf("a hook is answered %d", status)
	}
	b.open("/app/integrations/" + id)
	b.is(`(document.querySelector(".deliveries .unfold").click(), true)`)
	b.wait(`document.querySelector(".sent")?.innerText.includes("private network")`) // this server does not allow its own
	b.click("button", "Remove")
	b.fill("dialog input", "Stripe, live")
	b.click("dialog button", "Remove the integration")
	b.wait(`location.pathname === "/app/integrations" && document.querySelector("h1").innerText === "Integrations"`)
	if status := s.hook(path, body); status != 404 {
		t.Errorf("the removed address is answered %d", status)
	}
}

// TestIntegrations_paymentsAndMessagesHaveTheirOwnPlaces looks at what hooks became where
// a person looks for it: on the customer's page, on that of events, in the builder.
func TestIntegrations_paymentsAndMessagesHaveTheirOwnPlaces(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	s.must("PUT", "/v1/users/ada", `{"first_name":"Ada","email":"ada@example.com"}`)
	s.must("POST", "/v1/users/ada/events", `{"event":"Logged in"}`)
	_, payments := s.connect(`{"kind":"stripe"}`)
	_, messages := s.connect(`{"kind":"postmark"}`)
	for path, body := range map[string]string{payments: invoice("evt_1", "ada@example.com"),
		messages: `{"RecordType":"Bounce","Type":"HardBounce","ID":1,"MessageID":"m1","Email":"ada@example.com","BouncedAt":"2025-11-14T22:13:20Z","Description":"No such <b>box</b>"}`} {
		if status := s.hook(path, body); status != 200 {
			t.Fatalf("%s: %d", body, status)
		}
	}
	b := s.signedIn()
	b.open("/app/customers")
	b.click("td.a a", "Ada")
	b.says("At other services")
	b.says("cus_1")
	b.says("email_suppressed")
	b.click(".tabs a", "Payments")
	b.wait(`document.querySelectorAll(".days li").length === 1 && document.querySelector(".days").innerText.includes("invoice.paid")`)
	b.click(".tabs a", "Messages")
	b.wait(`document.querySelectorAll(".days li").length === 1 && document.querySelector(".days").innerText.includes("email.bounced")`)
	b.open("/app/events")
	b.choose("Category", "message")
	b.wait(`document.querySelector("tbody").innerText.includes("email.bounced") && !document.querySelector("tbody").innerText.includes("Logged in")`)
	b.open("/app/segments/new")
	b.says("Payments, as gateways reported them")
	b.says("Messages, as mail services reported them")
}
