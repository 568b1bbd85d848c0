package uitest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// listed is a server with the five, of whom Ada, Bode and Chi are on a list, and its id.
func listed(t *testing.T) (*server, string) {
	t.Helper()
	s := five(t)
	answer := s.must("POST", "/v1/lists", `{"title":"Notices","description":"Planned work"}`)
	id := between(answer, `"id":"`, `"`)
	for _, uid := range []string{"ada", "bode", "chi"} {
		s.must("POST", "/v1/lists/"+id+"/subscribers", fmt.Sprintf(`{"email":%q}`, uid+"@example.com"))
	}
	s.send("GET", "/v1/status?wait=20s", "")
	return s, id
}

// between is the text after one text and before another.
func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	out, _, _ := strings.Cut(rest, to)
	return out
}

func TestLists_sortedAndSearchedInTheAddress(t *testing.T) {
	t.Parallel()
	s, _ := listed(t)
	b := s.signedIn()
	b.open("/app/lists")
	b.shows("Notices Letter")
	b.click("th a", "List")
	b.shows("Letter Notices")
	if !b.is(`location.search === "?sort=title" && document.querySelector("th[aria-sort=ascending]").innerText === "List"`) {
		t.Error("the address or the head does not say how it is sorted")
	}
	b.click("th a", "Subscribed")
	b.shows("Notices Letter")
	b.fill("[data-search]", "planned")
	b.shows("Notices")
	b.wait(`location.search.includes("query=planned")`)
	b.fill("[data-search]", "nothing of the kind")
	b.says("No list matches.")
}

func TestList_customersAreAddedFoundTakenOffAndGivenBack(t *testing.T) {
	t.Parallel()
	s, id := listed(t)
	b := s.signedIn()
	b.open("/app/lists/" + id)
	b.shows("Chi Bode Ada")
	b.click("button", "Add customers")
	for i, name := range []string{"dayo", "ebun"} {
		b.fill("dialog input", name)
		b.wait(fmt.Sprintf(`document.querySelector(".pick-row")?.innerText.toLowerCase().includes(%q) && !document.querySelector(".pick-row").disabled`, name))
		b.is(`(document.querySelector(".pick-row").click(), true)`)
		b.wait(fmt.Sprintf(`document.querySelectorAll("dialog .chip").length === %d`, i+1))
	}
	b.fill("dialog input", "ada")
	b.wait(`document.querySelector(".pick-row:disabled")?.innerText.includes("subscribed")`)
	b.click("dialog button", "Add 2 customers")
	b.shows("Ebun Dayo Chi Bode Ada")
	b.says("Added 2 customers to “Notices”")
	b.wait(`document.querySelector(".head-line").innerText.includes("5 subscribed")`)

	b.fill("#content [data-search]", "bode")
	b.shows("Bode")
	b.wait(`location.search.includes("query=bode")`)
	b.open("/app/lists/" + id)
	b.shows("Ebun Dayo Chi Bode Ada")
	b.press("j", "j", "x", "j", "x")
	b.wait(`document.querySelector(".bulk-n")?.innerText === "2 selected"`)
	b.tabTo(`.bulk .danger`)
	b.press(kb.Enter)
	b.shows("Ebun Bode Ada")
	b.wait(`[...document.querySelectorAll(".toast")].some((n) => n.innerText.includes("Took 2 customers off"))`)
	b.click(".toast button", "Undo")
	b.shows("Ebun Dayo Chi Bode Ada")
	b.wait(`document.querySelector(".head-line").innerText.includes("5 subscribed")`)

	b.click("button", "Archive")
	b.click("dialog button", "Archive the list")
	b.wait(`document.querySelector(".head").innerText.includes("archived")`)
	b.click(".actions button", "Bring back")
	b.wait(`!document.querySelector(".head .tag")`)
}

func TestList_itsSubscribersAreExported(t *testing.T) {
	t.Parallel()
	s, id := listed(t)
	b := s.signedIn()
	folder := t.TempDir()
	if _, err := chromedp.Call(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID}); err != nil {
		t.Fatal(err)
	}
	s.must("PUT", "/v1/lists/"+id+"/subscribers/bode", `{"subscribed":false}`)
	b.open("/app/lists/" + id + "?status=subscribed")
	b.shows("Chi Ada")
	b.is(`(document.querySelector(".actions summary").click(), true)`)
	b.click(".actions a", "As CSV, 2 customers")
	var lines []string
	for deadline := time.Now().Add(patience); len(lines) == 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if text, err := os.ReadFile(filepath.Join(folder, "customers.csv")); err == nil && len(text) > 0 {
			lines = strings.Split(strings.TrimSpace(string(text)), "\n")
		}
	}
	if len(lines) != 3 || strings.Contains(strings.Join(lines, "\n"), "bode@") {
		t.Errorf("the CSV is %q", lines)
	}
}

func TestAccount_membersAreCountedPagedAddedTakenOutAndGivenBack(t *testing.T) {
	t.Parallel()
	s := five(t)
	s.must("PUT", "/v1/users/acme", `{"first_name":"Acme","is_account":true}`)
	for i := range 12 {
		s.must("POST", fmt.Sprintf("/v1/users/m%02d/accounts", i), `{"accounts":[{"id":"acme","role":"driver"}]}`)
	}
	s.send("GET", "/v1/status?wait=20s", "")
	b := s.signedIn()
	members := func(n int, first string) {
		t.Helper()
		b.wait(fmt.Sprintf(`document.querySelector("[aria-label=Members] .n")?.innerText === "%d" && document.querySelector("[aria-label=Members] .row-link").innerText === %q`, n, first))
	}
	b.open("/app/accounts")
	b.wait(`document.querySelector("tbody tr td.num")?.innerText === "12"`)
	b.click("td a", "Acme")
	members(12, "m11")
	b.click("[aria-label=Members] a", "Next")
	members(12, "m01")
	b.wait(`location.search.includes("members_after=")`)
	b.click("[aria-label=Members] a", "Previous")
	members(12, "m11")

	b.click("[aria-label=Members] button", "Add")
	b.fill("dialog input", "ada")
	b.wait(`document.querySelector(".pick-row")?.innerText.includes("Ada")`)
	b.is(`(document.querySelector(".pick-row").click(), true)`)
	b.fill("dialog [name=role]", "owner")
	b.click("dialog button", "Add 1 customer")
	b.says("Added 1 customer to the account acme")
	b.open("/app/customers/" + s.idOf("ada"))
	b.wait(`/Acme\s*owner/.test(document.querySelector("[aria-label=Accounts] .row")?.innerText ?? "")`)
	b.is(`(document.querySelector('[aria-label="Take out of Acme"]').click(), true)`)
	b.wait(`!document.querySelector('[aria-label="Take out of Acme"]')`)
	b.click(".toast button", "Undo")
	b.wait(`/Acme\s*owner/.test(document.querySelector("[aria-label=Accounts] .row")?.innerText ?? "")`)
	b.click("[aria-label=Accounts] a", "Acme")
	b.wait(`document.querySelector("h1").innerText === "Acme" && document.querySelector("[aria-label=Members] .n").innerText === "13"`)
	b.click("a", "See all")
	b.says("13 of 18 match")
}

func TestAttributes_numbersAsTextAndCommonValuesShow(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	for i := range 4 {
		s.must("PUT", fmt.Sprintf("/v1/users/u%d", i), fmt.Sprintf(`{"meta":{"age":"4%d","plan":%q}}`, i, []string{"Fibre", "Fibre", "Fibre", "Radio"}[i]))
	}
	s.must("PUT", "/v1/users/u4", `{"first_name":"Ada"}`)
	s.send("GET", "/v1/status?wait=20s", "")
	b := s.signedIn()
	row := func(name string) string {
		return fmt.Sprintf(`([...document.querySelectorAll("tr")].find((r) => r.querySelector("td.a")?.innerText === %q)?.innerText ?? "")`, name)
	}
	b.open("/app/attributes")
	b.wait(row("age") + `.includes("as text")`)
	b.says("1 with numbers as text")
	b.wait(`/80\s*%/.test(` + row("age") + `) && !` + row("plan") + `.includes("as text")`)
	b.click("td a", "plan") // which reads its column
	b.says("Common values")
	b.wait(`[...document.querySelectorAll("td")].some((c) => c.innerText === "Fibre")`)
	b.open("/app/attributes")
	b.wait(`/Fibre\s*75\s*%/.test(` + row("plan") + `)`)
}

// A browser takes these for steps of a path, even escaped.
func TestNames_thatReadLikeStepsHavePages(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	names := []string{".", "..", "~.", "a/../b", "%2e"}
	for _, name := range names {
		s.must("PUT", "/v1/users/ada", fmt.Sprintf(`{"meta":{%q:1}}`, name))
		s.must("POST", "/v1/users/ada/events", fmt.Sprintf(`{"event":%q}`, name))
	}
	s.send("GET", "/v1/status?wait=20s", "")
	b := s.signedIn()
	for _, page := range []string{"/app/attributes", "/app/events"} {
		for _, name := range names {
			b.open(page)
			b.wait(fmt.Sprintf(`[...document.querySelectorAll("td.a a")].some((a) => a.innerText === %q)`, name))
			b.is(fmt.Sprintf(`([...document.querySelectorAll("td.a a")].find((a) => a.innerText === %q).click(), true)`, name))
			b.wait(fmt.Sprintf(`document.querySelector("h1")?.innerText === %q && document.querySelector(".head-line")`, name))
			b.run(chromedp.Reload())
			b.wait(fmt.Sprintf(`document.querySelector("h1")?.innerText === %q && document.querySelector(".head-line")`, name))
		}
	}
}
