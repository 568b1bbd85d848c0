package uitest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestLists_oneIsMadeJoinedAndConfirmed(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/lists")
	b.click("button", "New list")
	b.fill("dialog [name=title]", "Monthly letter")
	b.fill("dialog [name=redirect_url]", "javascript:alert(1)")
	b.is(`document.querySelector("dialog [name=double_optin]").click()`)
	b.press(kb.Enter)
	b.wait(`document.querySelector("dialog .wrong, dialog input:invalid")`)
	b.fill("dialog [name=redirect_url]", "https://mint.example.com/thanks")
	if b.is(`document.querySelector("dialog .wrong")`) {
		b.expect("status of 400")
	}
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1").innerText === "Monthly letter" && !document.querySelector("dialog[open]")`)
	var id string
	b.eval(`location.pathname.split("/").at(-1)`, &id)

	s.must("POST", "/v1/lists/"+id+"/subscribers", `{"email":"reader@example.com","first_name":"Ọlá"}`)
	b.open("/app/lists/" + id + "?status=pending")
	b.says("Ọlá")
	b.is(`(window.copied = "", navigator.clipboard.writeText = async (text) => { window.copied = text }, true)`)
	b.click("button", "Copy link")
	b.wait(`window.copied.includes("/confirm/")`)
	var link string
	b.eval(`window.copied`, &link)
	confirm(t, link)
	b.open("/app/lists/" + id)
	b.wait(`[...document.querySelectorAll("tr")].some((r) => r.innerText.includes("Ọlá") && r.innerText.includes("subscribed"))`)

	b.click("button", "Change")
	b.fill("dialog [name=title]", "Letter of the month")
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1").innerText === "Letter of the month"`)
	b.click("button", "Archive")
	b.click("dialog button", "Archive the list")
	b.wait(`document.querySelector(".head").innerText.includes("archived")`)
	if status, _ := s.send("POST", "/v1/lists/"+id+"/subscribers", `{"email":"late@example.com"}`); status != 400 {
		t.Errorf("an archived list answers a new subscriber %d", status)
	}
}

// confirm opens a confirmation link and presses its button, as a reader of mail would.
func confirm(t *testing.T, link string) {
	t.Helper()
	for _, method := range []string{"GET", "POST"} {
		req, err := http.NewRequestWithContext(t.Context(), method, link, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		page, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode >= 400 {
			t.Fatalf("%s of the confirmation link: %s %s", method, res.Status, page)
		}
	}
}

func TestLists_aTitleThatIsTakenApartByNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	const title = `<b>"Ticks & tags"</b> ‮evil`
	s.must("POST", "/v1/lists", fmt.Sprintf(`{"title":%s}`, quote(title)))
	b := s.signedIn()
	b.open("/app/lists")
	b.wait(fmt.Sprintf(`document.querySelector("td.a a").innerText === %s && !document.querySelector("td.a a > b > b")`, quote(title)))
}
