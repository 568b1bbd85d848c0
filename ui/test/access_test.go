package uitest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestSetUp_theLinkMakesTheFirstUserOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, false, nil)
	b := s.tab()
	link := s.setupLink()

	b.open("/app/")
	b.says("Not set up yet")

	b.open(link)
	b.fill("[name=email]", email)
	b.fill("[name=password]", "0123456789")
	b.expect("status of 400")
	b.press(kb.Enter)
	b.says("too easy to guess")
	b.fill("[name=password]", password)
	b.press(kb.Enter)
	b.wait(`location.pathname === "/app/customers"`)
	b.settled()
	b.says("customers")

	other := s.tab()
	other.open(link)
	other.says("This set-up link has been used")
	other.fill("[name=email]", email)
	other.fill("[name=password]", password)
	other.press(kb.Enter)
	other.wait(`location.pathname === "/app/customers"`)
}

func TestSetUp_aWrongLinkSaysSo(t *testing.T) {
	t.Parallel()
	s := serve(t, false, nil)
	b := s.tab()
	b.open("/app/setup#not-the-token")
	b.fill("[name=email]", email)
	b.fill("[name=password]", password)
	b.expect("status of 403")
	b.press(kb.Enter)
	b.says("This link does not open anything")
}

func TestSignIn_wrongRightAndOut(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.tab()
	b.open("/app/lists?query=letter")
	b.fill("[name=email]", email)
	b.fill("[name=password]", "not the password")
	b.expect("status of 401")
	b.press(kb.Enter)
	b.wait(`document.querySelector("[role=alert]")`)
	if b.is(`document.querySelector(".rail")`) {
		t.Error("a wrong password shows the frame")
	}
	b.fill("[name=password]", password)
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Lists"`)
	if !b.is(`location.search === "?query=letter"`) {
		t.Error("after signing in one is not where one wanted to go")
	}

	b.click("button", "Sign out")
	b.wait(`document.querySelector("h1")?.innerText === "Sign in"`)
	b.run(chromedp.Reload())
	b.wait(`document.querySelector("h1")?.innerText === "Sign in"`)
}

func TestSignIn_whoGuessesHasToWait(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.tab()
	b.expect("status of 401")
	b.expect("status of 429")
	b.open("/app/")
	b.fill("[name=email]", email)
	for range 5 {
		b.fill("[name=password]", "one more guess")
		b.press(kb.Enter)
		b.wait(`document.querySelector("[role=alert]") && !document.querySelector("button.main").disabled`)
	}
	b.fill("[name=password]", password)
	b.press(kb.Enter)
	b.says("Try again in")
	if b.is(`document.querySelector(".rail")`) {
		t.Error("after five wrong passwords the right one is taken at once")
	}
}

func TestSignedOutElsewhere_asksAgainAndGoesOn(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/keys")
	b.expect("status of 401")
	var status int
	b.eval(`fetch("/api/session", { method: "DELETE", headers: { "Content-Type": "application/json" } }).then((r) => r.status)`, &status)
	b.click(".nav a", "Events")
	b.says("The session is over")
	b.fill("[name=password]", password)
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Events"`)
}
