package uitest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"kith/storage"
)

// pages are all of them, with where each one is.
func pages(s *server) map[string]string {
	return map[string]string{
		"home": "/app", "home by the hour": "/app?period=24h", "an event": "/app/events/Purchased%20bandwidth",
		"customers": "/app/customers", "accounts": "/app/accounts", "segments": "/app/segments", "a new segment": "/app/segments/new", "all customers": "/app/segments/all", "lists": "/app/lists", "events": "/app/events",
		"attributes": "/app/attributes", "integrations": "/app/integrations", "requests": "/app/requests", "keys": "/app/keys", "no page": "/app/nowhere",
		"a customer": "/app/customers/" + s.idOf("mint_10042"), "a customer as JSON": "/app/customers/" + s.idOf("mint_10042") + "?view=json",
	}
}

var looks = []struct {
	width int64
	dark  bool
}{{1440, false}, {1440, true}, {390, false}, {390, true}, {768, false}}

func TestPages_fitAtEveryWidthAndInBothColours(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(120))
	s.send("PUT", "/v1/users/mint_10042", `{"email":"nobody@"}`) // so that the log of requests has a refused one
	where := pages(s)
	shop, hook := s.connect(`{"kind":"webhook","name":"A shop whose name has as many letters as a name here can have"}`)
	s.hook(hook, `{"user":{"id":"mint_10042","an unusually long name of a member of a body":"and an unusually long value, which goes on and on and on and on"}}`)
	s.hook(hook, `not JSON at all, and therefore refused with a sentence that says where reading it ended`)
	waiting, _ := s.connect(`{"kind":"ses"}`)
	where["an integration"], where["a new integration"] = "/app/integrations/"+shop, "/app/integrations/"+waiting
	b := s.signedIn()
	b.open("/app/lists")
	b.click("td a", "Monthly letter")
	b.wait(`document.querySelector("h1").innerText === "Monthly letter"`)
	var list, account string
	b.eval(`location.pathname`, &list)
	b.open("/app/accounts")
	b.eval(`document.querySelector("td.a a").pathname`, &account)
	where["a list"], where["an account"] = list, account
	segment := s.segment("Households with a family plan whose contract ends within the next three months", `{"all":[{"attribute":"plan","op":"in","value":["Fibre 50","Fibre 100"]},
		{"any":[{"event":"Logged in","where":[{"property":"device","op":"is","value":"android"}],"within":{"last":"30d"},"count":{"op":"between","value":[1,9]}},{"none":[{"sequence":[{"event":"Opened ticket"},{"event":"Closed ticket","not":true}],"within":"2d","by":"ticket"}]}]},
		{"attribute":"a_custom_attribute_with_a_name_that_is_really_long_and_has_no_end","op":"not_exists"},{"attribute":"signup_date","op":"between","value":["2020-01-01","2030-01-01"],"type":"date","zone":"customer"}]}`)
	where["a segment"], where["a segment's rule"] = "/app/segments/"+segment, "/app/segments/"+segment+"/edit"
	for _, look := range looks {
		b.look(look.width, look.dark)
		for name, path := range where {
			b.open(path)
			what := fmt.Sprintf("%s at %d px", name, look.width)
			b.fits(what)
			if b.is(`matchMedia("(prefers-color-scheme: dark)").matches !== (getComputedStyle(document.body).backgroundColor.match(/\d+/g)[0] < 100)`) {
				t.Errorf("%s is not in the colours that were asked for (dark: %v)", what, look.dark)
			}
		}
	}
}

func TestPages_anEmptyFolderSaysHowToBegin(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	for path, says := range map[string]string{
		"/app": "To begin", "/app/customers": "curl", "/app/accounts": "curl", "/app/lists": "No lists yet", "/app/segments": "No segment of your own yet", "/app/events": "curl",
		"/app/attributes": "curl", "/app/integrations": "What you already use", "/app/requests": "No requests yet", "/app/keys": "Send from your code",
	} {
		for _, width := range []int64{1440, 390} {
			b.look(width, false)
			b.open(path)
			b.says(says)
			b.fits(fmt.Sprintf("%s of an empty folder at %d px", path, width))
		}
	}
}

func TestPages_theFirstRequestBringsTheEmptyPageToLife(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/customers")
	b.says("curl")
	s.must("PUT", "/v1/users/first", `{"first_name":"Ngọzi","meta":{"plan":"Fibre 50"}}`)
	b.wait(`[...document.querySelectorAll("td.a a")].some((a) => a.innerText === "Ngọzi")`)
}

func TestCustomers_tenThousandPageByPage(t *testing.T) {
	t.Parallel()
	const many = 10_050
	s := serve(t, true, profiles(many, func(i int) (string, string) { return fmt.Sprintf("u%05d", i), fmt.Sprintf("Person %05d", i) }))
	b := s.signedIn()
	b.open("/app/customers")
	b.says("10,050 customers")
	b.wait(`document.querySelector("td.a a").innerText === "Person 10049"`)
	b.click(".pager a", "Next")
	b.wait(`document.querySelector("td.a a").innerText === "Person 09999"`)
	b.click(".pager a", "Next")
	b.wait(`document.querySelector("td.a a").innerText === "Person 09949"`)
	b.run(chromedp.NavigateBack())
	b.wait(`document.querySelector("td.a a").innerText === "Person 09999"`)
	b.run(chromedp.Reload())
	b.wait(`document.querySelector("td.a a")?.innerText === "Person 09999"`)
	b.click(".pager a", "Previous")
	b.wait(`document.querySelector("td.a a").innerText === "Person 10049"`)
	if !b.is(`document.querySelector(".pager a[rel=prev]").getAttribute("aria-disabled") === "true"`) {
		t.Error("the first page offers a previous one")
	}

	s.send("GET", "/v1/status?wait=60s", "") // until the index has them all
	b.fill("[data-search]", "person 0777")
	b.wait(`document.querySelectorAll("td.a a").length === 10`)
	b.wait(`location.search === "?query=person+0777"`)
}

func TestCustomers_filtersStandInTheAddressAndBackUndoesThem(t *testing.T) {
	t.Parallel()
	s := serve(t, true, func(db *storage.DB) {
		profiles(5, func(i int) (string, string) { return fmt.Sprint("u", i), fmt.Sprint("Person ", i) })(db)
	})
	s.must("PUT", "/v1/users/acme", `{"first_name":"Acme","is_account":true}`)
	s.must("POST", "/v1/users/u3/archive", "")
	b := s.signedIn()
	b.open("/app/customers")
	rows := func(n int) string { return fmt.Sprintf(`document.querySelectorAll("td.a a").length === %d`, n) }
	b.wait(rows(6))
	b.choose("Kind", "true")
	b.wait(rows(1))
	b.wait(`location.search === "?is_account=true"`)
	b.choose("Kind", "")
	b.wait(rows(6))
	b.choose("State", "true")
	b.wait(rows(1) + ` && location.search === "?archived=true"`)
	b.run(chromedp.NavigateBack())
	b.wait(rows(6) + ` && location.search === ""`)
	b.run(chromedp.NavigateBack())
	b.wait(rows(1) + ` && location.search === "?is_account=true"`)
	b.open("/app/customers?archived=true")
	b.wait(rows(1))
	b.click("a", "Clear")
	b.wait(rows(6))
	b.open("/app/customers?query=nobody-like-this")
	b.says("Nobody matches")
}

func TestCustomers_whoeverComesAppearsByItself(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(60))
	b := s.signedIn()
	b.open("/app/customers")
	b.wait(`document.querySelector(".pulse") && !document.querySelector(".pulse.off")`)
	s.must("PUT", "/v1/users/latecomer", `{"first_name":"Just","last_name":"Arrived","email":"just.arrived@example.com"}`)
	b.wait(`document.querySelector("td.a a").innerText === "Just Arrived"`)
	b.wait(`document.querySelector("tr.fresh td.a a")?.innerText === "Just Arrived"`)
}
