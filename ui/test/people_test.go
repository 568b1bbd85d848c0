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

// shows waits until the ledger has these names.
func (b *tab) shows(names string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`[...document.querySelectorAll("#content td.a a")].map((a) => a.innerText).join(" ") === %q`, names))
}

// five is a server with Ada, Bode, Chi, Dayo and Ebun, and a list.
func five(t *testing.T) *server {
	t.Helper()
	s := serve(t, true, nil)
	for i, name := range []string{"Ada", "Bode", "Chi", "Dayo", "Ebun"} {
		s.must("PUT", "/v1/users/"+strings.ToLower(name), fmt.Sprintf(`{"first_name":%q,"email":%q,"meta":{"gb":%d,"plan":%q}}`, name, strings.ToLower(name)+"@example.com", (i*3)%5, []string{"Fibre", "Radio"}[i%2]))
	}
	s.must("POST", "/v1/lists", `{"title":"Letter"}`)
	s.send("GET", "/v1/status?wait=20s", "")
	return s
}

func TestCustomers_sortedByAColumnsHead(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	b.open("/app/customers")
	b.shows("Ebun Dayo Chi Bode Ada")
	b.click("th a", "gb")
	b.shows("Dayo Bode Ebun Chi Ada")
	if !b.is(`location.search === "?sort=-gb" && document.querySelector("th[aria-sort=descending]").innerText.includes("gb")`) {
		t.Error("the address or the head does not say how it is sorted")
	}
	b.click("th a", "gb")
	b.shows("Ada Chi Ebun Bode Dayo")
	b.click("th a", "gb")
	b.shows("Ebun Dayo Chi Bode Ada")
	b.run(chromedp.NavigateBack())
	b.shows("Ada Chi Ebun Bode Dayo")
	b.click("th a", "Customer")
	b.shows("Ada Bode Chi Dayo Ebun")
}

func TestCustomers_columnsAreChosenRememberedAndShared(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	b.open("/app/customers")
	b.shows("Ebun Dayo Chi Bode Ada")
	heads := func(want string) {
		t.Helper()
		b.wait(fmt.Sprintf(`[...document.querySelectorAll("th bdi")].map((t) => t.innerText).join(" ") === %q`, want))
	}
	b.is(`(document.querySelector("[aria-label=Columns]").click(), true)`)
	for _, name := range []string{"Id", "E-mail", "plan", "Lists", "Last seen", "Since", "Number"} {
		b.is(fmt.Sprintf(`(document.querySelector('[aria-label="Leave %s out"]')?.click(), true)`, name))
	}
	b.fill(".columns .search input", "pla")
	b.click(".more-columns button", "plan")
	b.click("button", "Show 2 columns")
	heads("Customer gb plan")
	b.wait(`location.search === "?cols=gb%2Cplan"`)
	b.open("/app/customers")
	heads("Customer gb plan")
	other := s.signedIn() // somebody who is sent the address
	other.open("/app/customers?cols=plan,%40uid")
	other.wait(`[...document.querySelectorAll("th bdi")].map((t) => t.innerText).join(" ") === "Customer plan Id"`)
	b.is(`(document.querySelector("[aria-label=Columns]").click(), true)`)
	b.click("button", "The usual ones")
	b.wait(`[...document.querySelectorAll("th bdi")].some((t) => t.innerText === "E-mail")`)
}

func TestCustomers_aFilterIsAChipInTheAddress(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	b.open("/app/customers")
	b.click("button", "Filter")
	b.wait(`document.querySelector("dialog .about-in input")`)
	b.press("p", "l", "a", "n", kb.Enter)
	b.wait(`document.querySelector('[aria-label="Value of plan"]')`)
	b.fill(`[aria-label="Value of plan"]`, "Radio")
	b.click("button", "Show who matches")
	b.shows("Dayo Bode")
	b.wait(`document.querySelector(".chip")?.innerText.includes("plan is") && new URLSearchParams(location.search).get("where") === '[{"attribute":"plan","op":"is","value":"Radio"}]'`)
	b.says("2 of 5 match")
	b.is(`(document.querySelector(".chip a").click(), true)`)
	b.shows("Ebun Dayo Chi Bode Ada")
	b.run(chromedp.NavigateBack())
	b.shows("Dayo Bode")
	b.click("a", "Save as segment")
	b.wait(`location.pathname === "/app/segments/new" && document.querySelector('[aria-label="Value of plan"]')?.value === "Radio"`)
	b.open("/app/customers?query=bode")
	b.wait(`document.querySelector("td.a mark")?.innerText === "Bode"`)
}

func TestBulk_deletedAndUndoneByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	b.open("/app/customers")
	b.shows("Ebun Dayo Chi Bode Ada")
	b.press("j", "j", "x", "j", "j", "X")
	b.wait(`document.querySelector(".bulk-n")?.innerText === "3 selected"`)
	b.tabTo(`.bulk .danger`)
	b.press(kb.Enter)
	b.shows("Ebun Ada")
	b.wait(`!document.querySelector(".bulk") && document.querySelector(".toast")?.innerText.includes("Deleted 3 customers")`)
	b.tabTo(`.toast button`)
	b.press(kb.Enter)
	b.shows("Ebun Dayo Chi Bode Ada")
	b.says("Undone for 3 customers")
}

func TestBulk_allWhoMatchAndFoundAgainOnThePageOfChanges(t *testing.T) {
	t.Parallel()
	s := serve(t, true, profiles(1_300, func(i int) (string, string) { return fmt.Sprintf("u%04d", i), fmt.Sprintf("Person %04d", i) }))
	b := s.signedIn()
	b.open("/app/customers")
	b.says("1,300 customers")
	b.is(`(document.querySelector("thead input").click(), true)`)
	b.wait(`document.querySelector(".bulk-n").innerText === "50 selected"`)
	b.click("button", "Select all 1,300")
	b.wait(`document.querySelector(".bulk-n").innerText === "1,300 selected"`)
	b.click(".bulk button", "Archive")
	b.wait(`document.querySelectorAll("td.a .tag").length === 50`)
	b.open("/app/changes")
	b.wait(`document.querySelector("#content td.a")?.innerText === "Archived 1,300 customers"`)
	b.click("td button", "Undo")
	b.wait(`document.querySelector("#content td.c")?.innerText.includes("undone for 1,300")`)
	b.open("/app/customers?archived=true")
	b.says("Nobody matches")
}

func TestBulk_listsAttributesAndShiftClick(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	b.open("/app/customers")
	b.shows("Ebun Dayo Chi Bode Ada")
	b.is(`(document.querySelectorAll("[data-select]")[0].click(), document.querySelectorAll("[data-select]")[2].dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true })), true)`)
	b.wait(`document.querySelector(".bulk-n")?.innerText === "3 selected"`)
	b.click(".bulk button", "Add to list")
	b.click("dialog button", "Add 3 customers")
	b.wait(`document.querySelectorAll("td .tags").length === 3 && document.querySelector(".toast")?.innerText.includes("Letter")`)
	b.is(`(document.querySelector("[data-select]").click(), true)`)
	b.click(".bulk button", "Set attribute")
	b.fill("dialog [name=name]", "gb")
	b.is(`((s) => { s.value = "number"; s.dispatchEvent(new Event("change", { bubbles: true })); return true; })(document.querySelector("dialog select"))`)
	b.fill("dialog [name=value]", "77.50")
	b.click("dialog button", "Set for 1 customer")
	b.wait(`document.querySelector("tbody tr").innerText.includes("77.5")`)
	if answer := s.must("GET", "/v1/users/ebun", ""); !strings.Contains(answer, `"gb":77.50`) {
		t.Errorf("the number lost a digit: %s", answer)
	}
	b.is(`(document.querySelector("[data-select]").click(), true)`)
	b.click(".bulk button", "Take off list")
	b.click("dialog button", "Take off 1 customer")
	b.wait(`document.querySelectorAll("td .tags").length === 2`)
}

func TestBulk_exportsTheSelectionAndTheFilter(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	folder := t.TempDir()
	if _, err := chromedp.Call(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID}); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string {
		t.Helper()
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if text, err := os.ReadFile(filepath.Join(folder, name)); err == nil && len(text) > 0 {
				_ = os.Remove(filepath.Join(folder, name))
				return string(text)
			}
		}
		t.Fatalf("%s did not arrive", name)
		return ""
	}
	b.open("/app/customers?sort=-gb")
	b.shows("Dayo Bode Ebun Chi Ada")
	b.is(`(document.querySelector(".actions summary").click(), true)`)
	b.click(".actions a", "As CSV, 5 customers")
	if lines := strings.Split(strings.TrimSpace(file("customers.csv")), "\n"); len(lines) != 6 || !strings.HasPrefix(lines[1], "dayo,") {
		t.Errorf("the CSV is %q", lines)
	}
	b.is(`(document.querySelectorAll("[data-select]")[1].click(), true)`)
	b.is(`(document.querySelector(".bulk summary").click(), true)`)
	b.click(".bulk button", "As NDJSON")
	if text := file("customers.ndjson"); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"uid":"bode"`) {
		t.Errorf("the NDJSON is %s", text)
	}
}

func TestCustomer_attributesAreChangedAddedAndRemoved(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	b.open("/app/customers/" + s.idOf("ada"))
	edit := func(name string) {
		t.Helper()
		b.wait(`!document.querySelector("dialog[open]")`)
		b.is(fmt.Sprintf(`(document.querySelector('[aria-label="Change %s"]').click(), true)`, name))
		b.wait(`document.querySelector("dialog[open] [name=value]")`)
	}
	edit("first_name")
	b.fill("dialog [name=value]", "Adaeze")
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1").innerText === "Adaeze"`)
	edit("email")
	b.fill("dialog [name=value]", "nobody@")
	b.expect("status of 400")
	b.press(kb.Enter)
	b.wait(`document.querySelector("dialog .trouble")`)
	b.press(kb.Escape)
	edit("plan")
	b.fill("dialog [name=value]", "Fibre 500")
	b.press(kb.Enter)
	b.wait(`[...document.querySelectorAll(".attribute")].some((r) => r.innerText.includes("Fibre 500"))`)
	b.click("button", "Undo")
	b.wait(`[...document.querySelectorAll(".attribute")].some((r) => /plan\s+Fibre\s/.test(r.innerText))`)
	b.click(".panel-head button", "Add")
	b.fill("dialog [name=name]", "router")
	b.fill("dialog [name=value]", "AX-6000")
	b.press(kb.Enter)
	b.wait(`[...document.querySelectorAll(".attribute")].some((r) => r.innerText.includes("AX-6000"))`)
	edit("router")
	b.click("dialog button", "Remove")
	b.wait(`![...document.querySelectorAll(".attribute")].some((r) => r.innerText.includes("AX-6000"))`)
	b.wait(`[...document.querySelectorAll(".entry")].some((e) => e.innerText.includes("router") && e.innerText.includes("removed"))`)
}

func TestCustomer_mergedSeenBeforeAndUndone(t *testing.T) {
	t.Parallel()
	s := five(t)
	s.must("PUT", "/v1/users/ada", `{"meta":{"only":"hers"}}`)
	s.send("GET", "/v1/status?wait=20s", "")
	ada := s.idOf("ada")
	b := s.signedIn()
	b.open("/app/customers/" + ada)
	b.is(`(document.querySelector(".actions summary").click(), true)`)
	b.click(".actions button", "Merge into another")
	b.fill("dialog input", "bode")
	b.wait(`document.querySelector(".pick-row")?.innerText.includes("Bode")`)
	b.is(`(document.querySelector(".pick-row").click(), true)`)
	b.wait(`document.querySelector(".merge")?.innerText.includes("only hers") && document.querySelector(".merge").innerText.includes("Bode stays")`)
	b.click("dialog button", "Merge into Bode")
	b.wait(`document.querySelector("h1").innerText === "Bode" && document.querySelector("#content").innerText.includes("was merged into this customer")`)
	if got := s.idOf("ada"); got == ada {
		t.Error("ada is still a customer of her own")
	}
	b.click("button", "Undo")
	b.wait(`document.querySelector("#content").innerText.includes("The merge of ada was undone")`)
	if got := s.idOf("ada"); got != ada {
		t.Errorf("ada came back as %s, and was %s", got, ada)
	}
}

func TestCustomer_archivedDeletedAndErased(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	b.open("/app/customers/" + s.idOf("ada"))
	b.click("button", "Archive")
	b.wait(`document.querySelector(".known .tag")?.innerText === "archived"`)
	b.click(".actions button", "Bring back")
	b.wait(`!document.querySelector(".known .tag")`)
	b.is(`(document.querySelector(".actions summary").click(), true)`)
	b.click(".actions button", "Delete")
	b.shows("Ebun Dayo Chi Bode")
	b.is(`([...document.querySelectorAll(".toast button")].findLast((x) => x.innerText === "Undo").click(), true)`)
	b.shows("Ebun Dayo Chi Bode Ada")
	b.open("/app/customers/" + s.idOf("ada"))
	b.is(`(document.querySelector(".actions summary").click(), true)`)
	b.click(".actions button", "Erase for good")
	if !b.is(`document.querySelector("dialog .danger.main").disabled`) {
		t.Error("one can erase without typing the id")
	}
	b.fill("dialog input", "ada")
	b.click("dialog button", "Erase")
	b.shows("Ebun Dayo Chi Bode")
	if status, _ := s.send("GET", "/v1/users/ada", ""); status != 404 {
		t.Errorf("after the erasure she is answered %d", status)
	}
}

func TestLists_archivingIsUndoneFromTheToast(t *testing.T) {
	t.Parallel()
	s := five(t)
	b := s.signedIn()
	b.open("/app/lists")
	b.click("td a", "Letter")
	b.click("button", "Archive")
	b.click("dialog button", "Archive the list")
	b.wait(`document.querySelector(".head .tag")?.innerText === "archived"`)
	b.click("button", "Undo")
	b.wait(`!document.querySelector(".head .tag")`)
}
