package uitest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// adaeze is a customer with one of everything.
func adaeze(s *server) (id string) {
	s.must("PUT", "/v1/users/mint_1", `{"first_name":"Adaeze","last_name":"Ọkafọ","email":"adaeze@example.com","number":"2348000000001","tz":"Africa/Lagos",
		"device_token":"token-of-a-phone","device_platform":"ios","accounts":[{"id":"household","role":"owner"}],
		"meta":{"plan":"Fibre 100","usage_gb":486.20,"usage_last_month":"79.5","autopay":true,"referral_code":"","addons":["static-ip","tv"],
		"router":{"model":"Leaf 2"},"contract_ends":"2027-01-31","big":9007199254740993}}`)
	s.must("PUT", "/v1/users/household", `{"first_name":"Ọkafọ household"}`)
	list := s.must("POST", "/v1/lists", `{"title":"Service notices"}`)
	s.must("POST", "/v1/users/mint_1/lists", fmt.Sprintf(`{"lists":[%q]}`, field(list, "id")))
	s.must("POST", "/v1/users/mint_1/events", `{"event":"Added family member","properties":{"name":"Ifeoma","gift":false,"amount":1.50}}`)
	s.must("POST", "/v1/users/visitor/events", `{"event":"Viewed plans"}`)
	s.must("POST", "/v1/users/merge", `{"source":"visitor","destination":"mint_1"}`)
	return s.idOf("mint_1")
}

// field is the first text of a name in an answer.
func field(answer, name string) string {
	_, rest, _ := strings.Cut(answer, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestCustomer_showsAllThatIsKnownWithItsTypes(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	id := adaeze(s)
	b := s.signedIn()
	b.open("/app/customers/" + id)
	if h1 := b.text("h1"); h1 != "Adaeze Ọkafọ" {
		t.Errorf("the title is %q", h1)
	}
	var rows map[string]string
	b.eval(`Object.fromEntries([...document.querySelectorAll("[aria-label=Attributes] .attribute")].map((r) => [r.querySelector(".attribute-name").innerText, r.querySelector(".attribute-value").innerText]))`, &rows)
	for name, want := range map[string]string{
		"first_name": "Adaeze", "number": "2348000000001", "tz": "Africa/Lagos", "plan": "Fibre 100", "usage_gb": "486.20",
		"usage_last_month": `"79.5"`, "autopay": "yes", "referral_code": `""`, "addons": "static-ip, tv", "big": "9,007,199,254,740,993",
	} {
		if rows[name] != want {
			t.Errorf("%s shows as %q, want %q", name, rows[name], want)
		}
	}
	if !strings.Contains(rows["router"], "Leaf 2") || !strings.Contains(rows["contract_ends"], "2027") {
		t.Errorf("the object shows as %q and the date as %q", rows["router"], rows["contract_ends"])
	}
	for panel, want := range map[string]string{
		"Devices": "token-of-a-phone", "Accounts": "Ọkafọ household", "Lists": "Service notices", "Also known as": "visitor",
		"Timeline": "Added family member",
	} {
		if got := b.text(fmt.Sprintf("[aria-label=%q]", panel)); !strings.Contains(got, want) {
			t.Errorf("%s shows %q, want %q in it", panel, got, want)
		}
	}
	if got := b.text("[aria-label=Accounts]"); !strings.Contains(got, "owner") {
		t.Errorf("the account shows without the role: %q", got)
	}

	b.click(".segments a", "JSON")
	b.says(`"usage_last_month"`)
	b.says("9007199254740993")
	b.run(chromedp.NavigateBack())
	b.wait(`document.querySelector("[aria-label=Timeline]")`)
	b.click("[aria-label=Accounts] a", "household")
	b.wait(`document.querySelector("[aria-label=Members]")?.innerText.includes("Adaeze")`)
}

func TestCustomer_theTimelineIsLiveFilteredAndGoesBack(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	id := adaeze(s)
	for i := range 70 {
		at := time.Now().Add(-time.Duration(i+1) * time.Hour).UTC().Format(time.RFC3339)
		s.must("POST", "/v1/users/mint_1/events", fmt.Sprintf(`{"event":"Paid invoice","timestamp":%q,"properties":{"n":%d}}`, at, i))
	}
	b := s.signedIn()
	b.open("/app/customers/" + id)
	b.wait(`document.querySelector(".pulse") && !document.querySelector(".pulse.off")`)
	b.is(`window.notReloaded = true`)
	s.must("POST", "/v1/users/mint_1/events", `{"event":"Purchased bandwidth","properties":{"gb":100}}`)
	b.wait(`document.querySelector(".entry").innerText.includes("Purchased bandwidth")`)
	s.must("PUT", "/v1/users/mint_1", `{"plan":"Fibre 250"}`)
	b.wait(`document.querySelector(".entry").innerText.includes("Fibre 250")`)
	b.wait(`document.querySelector("[aria-label=Attributes]").innerText.includes("Fibre 250")`)
	if !b.is(`window.notReloaded`) {
		t.Error("the page was loaded again to show it")
	}

	if tabs := strings.Join(strings.Fields(b.text("[aria-label='Kinds of entries']")), " "); !strings.HasPrefix(tabs, "All ") || !strings.Contains(tabs, "Events 73") {
		t.Errorf("the tabs say %q, want how many there are of each", tabs)
	}
	shown := func() (n int) { b.eval(`document.querySelectorAll(".entry").length`, &n); return n }
	before := shown()
	b.click("button", "Further back")
	b.wait(fmt.Sprintf(`document.querySelectorAll(".entry").length > %d`, before))
	b.says("That is everything")

	b.click("[aria-label='Kinds of entries'] a", "Changes")
	b.wait(`location.search === "?show=changes" && !document.querySelector(".dim") && ![...document.querySelectorAll(".entry")].some((e) => e.innerText.includes("Paid invoice"))`)
	b.says("Created")
	b.click("[aria-label='Kinds of entries'] a", "Events")
	b.wait(`location.search === "?show=events" && !document.querySelector(".dim") && ![...document.querySelectorAll(".entry")].some((e) => e.innerText.includes("Created"))`)
	b.run(chromedp.NavigateBack())
	b.wait(`location.search === "?show=changes"`)
}

func TestCustomer_oneThatIsNotThereSaysSo(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.expect("status of 404")
	b.open("/app/customers/0123456789abcdef01234567")
	b.says("No such customer")
}
