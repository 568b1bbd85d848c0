package uitest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// sharedFile reads a file of the shared samples, which a test that needs them skips
// without, but not in CI.
func sharedFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", filepath.FromSlash(name)))
	if err != nil {
		missing(t, "the shared samples are not here: "+err.Error())
	}
	return b
}

// drop lets a file fall onto the page, as from a file manager.
func (b *tab) drop(name string, file []byte) {
	b.t.Helper()
	b.wait(`document.querySelector(".drop-zone")`)
	b.is(fmt.Sprintf(`(() => {
		const bytes = Uint8Array.from(atob(%q), (c) => c.charCodeAt(0));
		const data = new DataTransfer();
		data.items.add(new File([bytes], %s, { type: "text/csv" }));
		const zone = document.querySelector(".drop-zone");
		for (const kind of ["dragover", "drop"]) zone.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
		return true;
	})()`, base64.StdEncoding.EncodeToString(file), quote(name)))
}

// fitsEverywhere holds that a page fits at each width, and leaves it at the widest.
func (b *tab) fitsEverywhere(what string) {
	b.t.Helper()
	for _, look := range looks {
		b.look(look.width, look.dark)
		b.fits(fmt.Sprintf("%s at %d px", what, look.width))
	}
	b.look(1440, false)
}

// shoot keeps a picture of the page where KITH_PICTURES names a folder for them.
func (b *tab) shoot(name string) {
	b.t.Helper()
	folder := os.Getenv("KITH_PICTURES")
	if folder == "" {
		return
	}
	for _, look := range []struct {
		width int64
		dark  bool
	}{{1440, false}, {1440, true}, {390, false}, {390, true}} {
		b.look(look.width, look.dark)
		res, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "png"})
		if err != nil {
			b.t.Fatal(err)
		}
		picture := res.Data
		scheme := map[bool]string{false: "light", true: "dark"}[look.dark]
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s-%d.png", name, scheme, look.width)), picture, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.look(1440, false)
}

func TestImports_telcoIsDroppedTriedImportedAndUndone(t *testing.T) {
	t.Parallel()
	file := sharedFile(t, "customers/telco_churn.csv")
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/imports")
	b.says("Drop a CSV file here")
	b.shoot("imports-empty")
	b.drop("telco_churn.csv", file)
	b.wait(`document.querySelector("h1")?.innerText === "telco_churn.csv" && /^Import 7,043 customers$/.test(document.querySelector(".dry-go button")?.innerText ?? "") && !document.querySelector(".dry-go button").disabled`)
	b.says("7,043 created")
	b.says("21 columns")
	b.says("UTF-8, commas, first line is the header")
	if rows := b.text(".import-grid tbody"); !strings.Contains(rows, "7590-VHVEG") {
		t.Errorf("the first rows are not shown: %s", rows)
	}
	b.shoot("import-telco")

	// A column is left out, and another gets a name of its own.
	b.choose("What gender becomes", "")
	b.wait(`document.querySelector("th.off") && document.body.innerText.includes("20 of 21 columns") && !document.querySelector(".dry-go button").disabled`)
	b.choose("What tenure becomes", "\u0000other")
	b.fill("dialog [name=name]", "months_with_us")
	b.click("dialog button", "Use this name")
	b.wait(`[...document.querySelectorAll("select")].some((s) => s.value === "months_with_us") && !document.querySelector(".dry-go button").disabled`)
	b.click(".dry-go button", "Import 7,043 customers")
	b.wait(`document.querySelector(".report")?.innerText.includes("7,043 created") && document.body.innerText.includes("imported")`)
	b.shoot("import-done")
	user := s.must("GET", "/v1/users/7590-VHVEG", "")
	for _, part := range []string{`"months_with_us":1`, `"MonthlyCharges":29.85`} {
		if !strings.Contains(user, part) {
			t.Errorf("the customer has no %s: %s", part, user)
		}
	}
	if strings.Contains(user, "gender") {
		t.Errorf("the column that was left out came in: %s", user)
	}
	b.open("/app/customers/" + s.idOf("7590-VHVEG"))
	b.says("Created by the import of telco_churn.csv")

	// The same again changes nothing, and says so.
	b.open("/app/imports")
	b.drop("telco_churn.csv", file)
	b.wait(`/7,043 updated|7,043 unchanged/.test(document.querySelector(".dry-foot")?.innerText ?? "")`)

	b.open("/app/imports")
	b.click("td a", "telco_churn.csv")
	b.open("/app/imports")
	b.eval(`[...document.querySelectorAll("tr")].find((r) => r.innerText.includes("imported")).querySelector("a").click()`, new(any))
	b.click("button", "Undo…")
	b.says("7,043 customers that it made will be deleted")
	b.click("dialog button", "Undo the import")
	for end := time.Now().Add(time.Minute); !strings.Contains(s.must("GET", "/v1/imports", ""), `"state":"undone"`); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the undo does not end")
		}
	}
	b.says("7,043 customers removed")
	if status, _ := s.send("GET", "/v1/users/7590-VHVEG", ""); status != 404 {
		t.Errorf("the customer is still there: %d", status)
	}
}

func TestImports_aDoubtIsShownThreeTimesAndDecided(t *testing.T) {
	t.Parallel()
	file := sharedFile(t, "customers/adventureworks_customers.csv")
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/imports")
	b.drop("adventureworks_customers.csv", file)
	b.says("Import 18,148 customers")
	b.wait(`[...document.querySelectorAll("th")].some((h) => h.innerText.includes("Read as a number?")) && document.querySelector("td.doubt") && document.querySelector(".decision")?.innerText`)
	b.shoot("import-adventureworks")
	b.click(".decision button", "Number 90000")
	b.wait(`[...document.querySelectorAll(".decision")].some((d) => d.innerText.includes("AnnualIncome") && d.innerText.includes("Read as you said")) && !document.querySelector(".dry-go button").disabled`)
	b.click(".dry-go button", "Import 18,148 customers")
	b.wait(`document.querySelector(".report")?.innerText.includes("18,148 created")`)
	var user struct{ Meta map[string]any }
	if err := json.Unmarshal([]byte(s.must("GET", "/v1/users/11000", "")), &user); err != nil {
		t.Fatal(err)
	}
	if user.Meta["AnnualIncome"] != 90000.0 || user.Meta["BirthDate"] != "1966-04-08" {
		t.Errorf("AnnualIncome is %v, BirthDate %v", user.Meta["AnnualIncome"], user.Meta["BirthDate"])
	}
}

func TestImports_badFilesAndRowsAreSaid(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/imports")
	b.drop("photo.csv", []byte("\x89PNG\r\n\x1a\n and so on"))
	b.expect("status of 400")
	b.says("it looks like an image (PNG)")
	b.shoot("imports-refused")
	long := strings.Repeat("A very long header ", 8)
	b.drop("people <b>of</b> \u202ethe list.csv", []byte("id;E-mail;"+long+";Eingetreten\np1;ada@example.com;שלום עולם;03/04/2024\np2;not an address;<script>alert(1)</script>;05/06/2024\np3;cy@example.com;e\u0301a\u0300;03/04/2024;too much\n"))
	b.says("2 refused")
	b.says("Import 1 customer")
	b.says("All 3 dates can be read two ways")
	b.wait(`!document.querySelector(".import-grid script, h1 b")`)
	b.shoot("import-refused")
	b.fitsEverywhere("a dry run")
	b.click(".decision button", "Day first")
	b.wait(`[...document.querySelectorAll(".decision")].some((d) => d.innerText.includes("Read as you said")) && !document.querySelector(".dry-go button").disabled`)
	var report string
	b.eval(`fetch(document.querySelector(".dry-foot a").href).then((r) => r.text())`, &report)
	if !strings.HasPrefix(report, "kith_line;kith_reason;id;E-mail;") || !strings.Contains(report, "not an address") || !strings.Contains(report, ";too much") {
		t.Errorf("the report is\n%s", report)
	}
	b.click(".dry-go button", "Import 1 customer")
	b.wait(`document.querySelector(".report")?.innerText.includes("1 created")`)
	for _, look := range looks {
		b.look(look.width, look.dark)
		b.fits(fmt.Sprintf("an import at %d px", look.width))
	}
	b.open("/app/imports")
	b.fits("the list of imports")
	b.shoot("imports")
}

func TestImports_pastedRowsAreDecidedAndTheNextFileIsReadTheSameWay(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	rows := "Kundennummer\tMail\tUmsatz\tJoined\n0001\tada@example.com\t1.234,5\t03/04/2024\n0002\tnobody\tNULL\t05/06/2024\n"
	b.open("/app/imports")
	b.wait(`document.querySelector(".drop-zone")`)
	b.is(fmt.Sprintf(`(() => {
		const data = new DataTransfer();
		data.setData("text/plain", %s);
		document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData: data }));
		return true;
	})()`, quote(rows)))
	b.says("pasted.csv")
	b.says("4 of 4 columns")
	b.says("Leading zeros stay")
	b.wait(`[...document.querySelectorAll(".refused li")].some((l) => /line 3/.test(l.innerText) && /nobody has no @/.test(l.innerText))`)
	ready := `!document.querySelector(".dry-go button").disabled`
	decided := func(n int) {
		b.wait(fmt.Sprintf(`[...document.querySelectorAll(".decision")].filter((d) => d.innerText.includes("Read as you said")).length === %d && %s`, n, ready))
	}
	b.click(".decision button", "Blank") // NULL
	b.wait(`document.body.innerText.includes("it counts as blank") && ` + ready)
	b.click(".decision button", "Number 1234.5")
	decided(1)
	b.click(".decision button", "Day first")
	decided(2)
	b.wait(`[...document.querySelectorAll("select")].find((s) => s.getAttribute("aria-label") === "What Joined becomes").value === "created_at"`)
	b.click(".dry-go button", "Import 1 customer")
	b.wait(`document.querySelector(".report")?.innerText.includes("1 created")`)
	b.says("Refused rows")
	if user := s.must("GET", "/v1/users/0001", ""); !strings.Contains(user, `"Umsatz":1234.5`) || !strings.Contains(user, `"created_at":"2024-04-03`) {
		t.Errorf("the customer is %s", user)
	}

	b.open("/app/imports")
	b.drop("june.csv", []byte(strings.ReplaceAll(rows, "0001", "0003")))
	b.says("It has the columns of pasted.csv")
	b.click("button", "Read it the same way")
	decided(2)
	b.says("Import 1 customer")
	b.wait(`!document.body.innerText.includes("It has the columns of")`)
	b.fitsEverywhere("what is decided and refused")

	// Files that fall beside the zone are taken, several at once are not, and it is said.
	b.open("/app/imports")
	b.wait(`document.querySelector(".imports")`)
	b.is(`(() => {
		const data = new DataTransfer();
		for (const name of ["a.csv", "b.csv"]) data.items.add(new File(["id\n1\n"], name, { type: "text/csv" }));
		document.querySelector("h1").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
		return true;
	})()`)
	b.says("2 files came at once")
}

func TestImports_aFileOfPeopleWhoLeftIsPutOnAListSo(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	list := struct{ ID string }{}
	if err := json.Unmarshal([]byte(s.must("POST", "/v1/lists", `{"title":"News"}`)), &list); err != nil {
		t.Fatal(err)
	}
	s.must("PUT", "/v1/users/p1", `{}`)
	s.must("POST", "/v1/users/p1/lists", `{"lists":["`+list.ID+`"]}`)
	b := s.signedIn()
	b.open("/app/imports")
	b.drop("left.csv", []byte("uid,email\np1,p1@example.com\np2,p2@example.com\n"))
	ready := `!document.querySelector(".dry-go button").disabled`
	b.wait(ready + ` && !document.querySelector("[aria-label='How they are put on it']")`)
	b.wait(`[...document.querySelectorAll("option")].some((o) => o.innerText === "News")`)
	b.choose("The list they are put on", list.ID)
	b.wait(`document.querySelector("[aria-label='How they are put on it']")?.value === "subscribed" && ` + ready)
	b.choose("How they are put on it", "unsubscribed")
	b.says("1 customer who is on the list is unsubscribed from it")
	b.wait(ready)
	b.shoot("import-status")
	b.fitsEverywhere("the status of a list")
	b.click(".dry-go button", "Import 2 customers")
	b.says("List News, as unsubscribed.")
	b.shoot("import-status-done")
	for _, uid := range []string{"p1", "p2"} {
		if user := s.must("GET", "/v1/users/"+uid, ""); !strings.Contains(user, `"subscribed":false`) {
			t.Errorf("%s is %s", uid, user)
		}
	}
	// What was found of a file's backslashes is said, and can be overruled.
	b.open("/app/imports")
	b.drop("dump.csv", []byte("id,note\n1,\"a \\\"b\\\", c\"\n2,\"d\"\n"))
	b.says("Import 2 customers")
	b.is(`(document.querySelector(".how-read").open = true)`)
	b.says("backslash, because read so, all of the first 3 rows have 2 columns")
	b.shoot("import-escape")
	b.fitsEverywhere("how a file was read")
	b.wait(ready)
	b.choose("Escapes", "doubled")
	b.says("1 refused")
	// Of several addresses in a cell a person has the first taken.
	b.open("/app/imports")
	b.drop("mails.csv", []byte("id,email\n7,\"a@example.com; b@example.com\"\n8,c@example.com\n"))
	b.says("holds 2 addresses, and a customer has one")
	b.says("Several addresses")
	b.shoot("import-several")
	b.wait(ready)
	b.click(".decision button", "Take the first")
	b.says("the first is taken and the others are left out")
	b.says("Import 2 customers")
	b.fitsEverywhere("several addresses")
	b.wait(ready)
	b.click(".decision button", "Refuse them")
	b.says("Import 1 customer")
	// Without the list there is nothing to be put on.
	b.open("/app/imports")
	b.drop("left.csv", []byte("uid\np3\n"))
	b.wait(ready)
	b.wait(`[...document.querySelectorAll("option")].some((o) => o.innerText === "News")`)
	b.choose("The list they are put on", list.ID)
	b.wait(ready + ` && document.querySelector("[aria-label='How they are put on it']")`)
	b.choose("How they are put on it", "pending")
	b.wait(ready)
	b.choose("The list they are put on", "")
	b.wait(`!document.querySelector("[aria-label='How they are put on it']") && ` + ready)
}
