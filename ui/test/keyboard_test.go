package uitest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestKeyboard_signInOpenACustomerAndGoBackWithTabAlone(t *testing.T) {
	t.Parallel()
	s := serve(t, true, profiles(3, func(i int) (string, string) { return fmt.Sprint("u", i), fmt.Sprint("Person ", i) }))
	b := s.tab()
	b.open("/app/")
	b.wait(`document.activeElement?.name === "email"`) // a page begins in its first field, once it is painted
	b.press(email, kb.Tab, password, kb.Tab, kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Home"`)
	b.settled()
	b.tabTo(`.rail a[href="/app/customers"]`)
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Customers"`)
	b.settled()
	for range 60 {
		b.press(kb.Tab)
		if b.is(`document.activeElement.matches("td.a a")`) {
			break
		}
		if !b.is(`document.activeElement === document.body || document.activeElement.matches("a, button, input, select, summary, [tabindex]")`) {
			t.Fatal("the focus is lost on the way")
		}
	}
	if !b.is(`document.activeElement.innerText === "Person 2"`) {
		t.Fatalf("Tab does not reach the first customer")
	}
	if !b.is(`((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== "none")(getComputedStyle(document.activeElement))`) {
		t.Error("the focus cannot be seen on a row's link")
	}
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Person 2"`)
	b.tabTo("a.crumb")
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Customers"`)
}

func TestKeyboard_theListsKeys(t *testing.T) {
	t.Parallel()
	s := serve(t, true, profiles(5, func(i int) (string, string) { return fmt.Sprint("u", i), fmt.Sprint("Person ", i) }))
	b := s.signedIn()
	b.open("/app/customers")
	at := func(name string) {
		t.Helper()
		b.wait(fmt.Sprintf(`document.activeElement?.innerText === %s`, quote(name)))
	}
	b.press("j")
	at("Person 4")
	b.press("j", "j")
	at("Person 2")
	b.press("k")
	at("Person 3")
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Person 3"`)
	b.run(chromedp.NavigateBack())
	b.wait(`document.querySelectorAll("td.a a").length === 5`)

	b.press("/")
	b.wait(`document.activeElement?.matches("[data-search]")`)
	b.press("person 1")
	b.wait(`document.querySelectorAll("td.a a").length === 1`)
	b.press(kb.Escape)
	b.wait(`document.querySelectorAll("td.a a").length === 5 && location.search === ""`)
	b.press(kb.Escape)
	b.wait(`!document.activeElement?.matches("input")`)
}

func TestKeyboard_thePaletteAndTheHelp(t *testing.T) {
	t.Parallel()
	s := serve(t, true, profiles(30, func(i int) (string, string) { return fmt.Sprint("u", i), fmt.Sprintf("Person %02d", i) }))
	b := s.signedIn()
	b.open("/app/events")
	b.run(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait(`document.querySelector("dialog.palette[open]")`)
	b.press("person 17")
	b.wait(`[...document.querySelectorAll("[role=option]")].some((o) => o.innerText.includes("Person 17"))`)
	b.wait(`[...document.querySelectorAll("[role=option] mark")].map((m) => m.textContent).join("|").startsWith("Person|17")`)
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Person 17" && !document.querySelector("dialog[open]")`)

	b.run(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait(`document.querySelector("dialog.palette[open]")`)
	b.press("req", kb.ArrowDown, kb.ArrowUp, kb.Enter)
	b.wait(`document.querySelector("h1")?.innerText === "Requests"`)

	b.press("?")
	b.wait(`document.querySelector("dialog[open]")?.innerText.includes("By keyboard")`)
	b.press(kb.Escape)
	b.wait(`!document.querySelector("dialog[open]")`)
	b.run(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait(`document.querySelector("dialog.palette[open]")`)
	b.press(kb.Escape)
	b.wait(`!document.querySelector("dialog[open]")`)
}
