package uitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestRequests_appearAsTheyComeAndOpenWithTheirBody(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/requests")
	b.says("No requests yet")
	b.wait(`document.querySelector(".pulse") && !document.querySelector(".pulse.off")`)
	s.must("PUT", "/v1/users/u1", `{"first_name":"Ngọzi"}`)
	b.wait(`document.querySelector("td.path")?.innerText.includes("/v1/users/u1")`)
	const body = `{"event":"Paid invoice","timestamp":"2026-31-03T09:12:00Z","properties":{"ref":9007199254740993}}`
	if status, _ := s.send("POST", "/v1/users/u1/events", body); status != 400 {
		t.Fatalf("the faulty event is answered %d", status)
	}
	b.wait(`document.querySelector("td.path").innerText.includes("/events")`)
	b.click("td.path", "/events")
	b.wait(`location.search.startsWith("?open=")`)
	b.says("9007199254740993")
	b.says("2026-31-03T09:12:00Z")
	for _, want := range []string{"400", "server", "127.0.0.1", "Go-http-client"} {
		if want != "server" && !strings.Contains(b.text("tr.unfolded")+b.text("tr.open"), want) {
			t.Errorf("the opened request does not show %q", want)
		}
	}
	b.is(`(window.copied = "", navigator.clipboard.writeText = async (text) => { window.copied = text }, true)`)
	b.click("button", "Copy as curl")
	b.wait(fmt.Sprintf(`window.copied.includes("-u '%s:PRIVATE_KEY'") && window.copied.includes("9007199254740993")`, publicKey))

	b.click(".segments a", "Refused")
	b.wait(`document.querySelectorAll("td.path").length === 1 && location.search.includes("status=refused")`)
	b.run(chromedp.NavigateBack())
	b.wait(`document.querySelectorAll("td.path").length === 2`)
	b.run(chromedp.Reload())
	b.says("9007199254740993")
}

func TestRequests_pausedOnesWaitAndAreCounted(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	s.must("PUT", "/v1/users/u1", `{}`)
	b := s.signedIn()
	b.open("/app/requests")
	b.wait(`document.querySelector(".pulse") && !document.querySelector(".pulse.off")`)
	b.click("button", "Pause")
	s.must("PUT", "/v1/users/u2", `{}`)
	s.must("PUT", "/v1/users/u3", `{}`)
	b.says("Paused, 2 new")
	if b.is(`document.body.innerText.includes("/v1/users/u3")`) {
		t.Error("a request went in while paused")
	}
	b.click("button", "Go on")
	b.says("/v1/users/u3")
}
