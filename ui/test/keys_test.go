package uitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestKeys_oneIsMadeShownOnceAndRevoked(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	if status, _ := s.sendAs("pk_nobody", "sk_nobody", "PUT", "/v1/users/u1", `{}`); status != 401 { // and the server has read its keys
		t.Fatalf("an unknown key is answered %d", status)
	}
	b := s.signedIn()
	b.open("/app/keys")
	b.click("button", "New key")
	b.fill("dialog [name=name]", "billing")
	b.press(kb.Enter)
	b.says("Copy the private key now")
	var codes []string
	b.eval(`[...document.querySelectorAll("dialog .secret code")].map((c) => c.innerText)`, &codes)
	if len(codes) != 2 || !strings.HasPrefix(codes[0], "sk_") || !strings.HasPrefix(codes[1], "pk_") {
		t.Fatalf("the dialog shows %q, want a private and a public key", codes)
	}
	b.press(kb.Escape, kb.Escape, kb.Escape)
	b.wait(`document.querySelector("dialog[open]")?.innerText.includes("sk_")`) // Escape does not close the only sight of it
	b.is(`(window.copied = "", navigator.clipboard.writeText = async (text) => { window.copied = text }, true)`)
	b.click("dialog .secret button", "Copy")
	b.wait(`window.copied === ` + quote(codes[0]))
	b.click("dialog button", "I have copied it")
	b.wait(`!document.querySelector("dialog[open]")`)
	if b.is(`document.documentElement.outerHTML.includes(` + quote(codes[0]) + `)`) {
		t.Error("the private key is still in the page")
	}
	if status, answer := s.sendAs(codes[1], codes[0], "PUT", "/v1/users/u1", `{}`); status != 200 {
		t.Fatalf("the new key is answered %d %s", status, answer)
	}

	b.open("/app/keys")
	b.click("tr", "billing") // nothing happens: a key is no link
	b.click("tr button", "Revoke")
	b.wait(`document.querySelector("dialog button.danger.main").disabled`)
	b.fill("dialog input", "billing")
	b.press(kb.Enter)
	b.wait(`!document.querySelector("dialog[open]")`)
	b.wait(`[...document.querySelectorAll("tr")].some((r) => r.innerText.includes("billing") && r.innerText.includes("revoked"))`)
	if status, _ := s.sendAs(codes[1], codes[0], "PUT", "/v1/users/u1", `{}`); status != 401 {
		t.Errorf("the revoked key is answered %d", status)
	}
}

func TestKeys_everySnippetIsCopiedAsItStands(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/keys")
	b.is(`(window.copied = "", navigator.clipboard.writeText = async (text) => { window.copied = text }, true)`)
	var tabs []string
	b.eval(`[...document.querySelectorAll("[aria-label=SDK] a")].map((a) => a.innerText)`, &tabs)
	if len(tabs) < 6 {
		t.Fatalf("there are snippets for %q only", tabs)
	}
	for _, sdk := range tabs {
		b.click("[aria-label=SDK] a", sdk)
		b.wait(fmt.Sprintf(`document.querySelector("[aria-label=SDK] [aria-current=true]").innerText === %s`, quote(sdk)))
		b.is(`window.copied = ""`)
		b.click(".connect-body button", "Copy")
		b.wait(`window.copied !== "" && document.querySelector(".connect-body ol").innerText.replace(/\s/g, "") === window.copied.replace(/\s/g, "")`)
	}
	b.open("/app/keys")
	b.wait(fmt.Sprintf(`document.querySelector(".connect-body").innerText.includes(%s) && document.querySelector(".connect-body").innerText.includes(%s)`, quote(s.address), quote(publicKey)))
}
