package uitest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/pquerna/otp/totp"
)

func TestSettings_aSecondFactorIsSetUpAskedForAndTurnedOff(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/settings/account")
	b.says("whoever knows the password can sign in")
	b.click("button", "Set up")
	b.wait(`document.querySelector("dialog svg.qr path")?.getAttribute("d").length > 1000`)
	b.shoot("totp")
	var secret string
	b.eval(`document.querySelector("dialog .secret code").innerText.replaceAll(" ", "")`, &secret)
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.fill("dialog [name=code]", code)
	b.fill("dialog [name=password]", password)
	b.press(kb.Enter)
	b.says("Each stands in for it once")
	b.shoot("recovery-codes")
	var codes []string
	b.eval(`[...document.querySelectorAll(".codes code")].map((c) => c.innerText)`, &codes)
	if len(codes) != 10 {
		t.Fatalf("the codes are %q", codes)
	}
	b.click("dialog button", "I have kept them")
	b.says("an authenticator's code is asked for")
	b.click("button", "Sign out")
	b.wait(`document.querySelector("h1")?.innerText === "Sign in"`)
	b.expect("401")
	b.fill("[name=email]", email)
	b.fill("[name=password]", password)
	b.press(kb.Enter)
	b.wait(`document.activeElement?.name === "code"`)
	b.shoot("sign-in-code")
	b.fill("[name=code]", "000000")
	b.press(kb.Enter)
	b.says("this code is wrong")
	b.fill("[name=code]", codes[3])
	b.press(kb.Enter)
	b.says("9 recovery codes left")
	b.click("button", "Turn off")
	b.fill("dialog [name=password]", password)
	b.press(kb.Enter)
	b.says("whoever knows the password can sign in")
}

func TestSettings_somebodyIsInvitedAndMayDoWhatTheirRoleSays(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(20))
	b := s.signedIn()
	b.open("/app/settings/administrators")
	b.click("button", "Invite")
	b.fill("dialog [name=email]", "ngozi@example.com")
	b.click("dialog label", "member")
	b.press(kb.Enter)
	b.says("Hand this link to")
	b.shoot("invitation")
	var link string
	b.eval(`document.querySelector("dialog .secret code").innerText`, &link)
	b.click("dialog button", "I have copied it")
	b.says("invited as member")
	b.shoot("administrators")

	other := s.tab()
	other.open(strings.TrimPrefix(link, s.address))
	other.says("You are invited as member")
	other.shoot("join")
	other.fill("[name=password]", "another ledger well kept")
	other.press(kb.Enter)
	other.wait(`document.querySelector("h1")?.innerText === "Customers"`)
	if other.is(`[...document.querySelectorAll(".nav a")].some((a) => a.innerText.includes("Requests"))`) {
		t.Error("a member is offered the log of requests")
	}
	other.open("/app/settings/account")
	other.wait(`document.querySelector(".settings-tabs")`)
	if other.is(`[...document.querySelectorAll(".settings-tabs a")].some((a) => a.innerText.includes("Keys") || a.innerText.includes("Audit"))`) {
		t.Error("a member is offered keys or the audit log")
	}
	other.click("button", "Sign out")
	other.wait(`document.querySelector("h1")?.innerText === "Sign in"`)
	b.open("/app/settings/administrators")
	b.says("ngozi@example.com")
	b.click("tr button", "Remove")
	b.click("dialog button", "Remove ngozi@example.com")
	b.wait(`!document.querySelector("dialog[open]") && !document.querySelector(".team").innerText.includes("ngozi")`)
	b.open("/app/settings/audit?action=user.")
	b.says("removed a user")
	b.says("added a user")
	b.shoot("audit")
}

func TestSettings_sessionsEndOneByOne(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b, cookie := s.signedIn(), s.session()
	b.open("/app/settings/account")
	b.wait(`document.querySelectorAll(".sessions tbody tr").length === 2`)
	b.shoot("account")
	b.click(".sessions tbody button", "End")
	b.wait(`document.querySelectorAll(".sessions tbody tr").length === 1`)
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.address+"/api/account", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the ended session is answered %d", res.StatusCode)
	}
}

func TestKeys_oneIsLimitedAndRotated(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app/settings/keys")
	b.click("button", "New key")
	b.fill("dialog [name=name]", "shop")
	b.click("dialog label", "do some of it")
	b.wait(`document.querySelectorAll("dialog .scopes input").length === 5`)
	b.shoot("key-scopes")
	b.click("dialog button", "Make the key")
	b.says("Copy the private key now")
	var codes []string
	read := func() {
		b.eval(`[...document.querySelectorAll("dialog .secret code")].map((c) => c.innerText)`, &codes)
		if len(codes) != 2 {
			t.Fatalf("the dialog shows %q", codes)
		}
	}
	read()
	old := codes[0]
	b.click("dialog button", "I have copied it")
	if status, answer := s.sendAs(codes[1], old, "GET", "/v1/users", ""); status != http.StatusForbidden {
		t.Errorf("a key that may only track reads: %d %s", status, answer)
	}
	b.click("tr button", "Rotate")
	b.click("dialog button", "Make another private key")
	b.says("The private key from before")
	read()
	b.click("dialog button", "I have copied it")
	b.shoot("key-rotated")
	for _, private := range []string{old, codes[0]} {
		if status, answer := s.sendAs(codes[1], private, "PUT", "/v1/users/u1", `{}`); status != http.StatusOK {
			t.Errorf("within the overlap a private key is answered %d %s", status, answer)
		}
	}
}

func TestPrivacy_whoWasErasedIsKnownByTheirMarkAlone(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	s.must("PUT", "/v1/users/u1", `{"email":"gone@example.com"}`)
	s.must("DELETE", "/v1/users/u1?erase=true", "")
	b := s.signedIn()
	b.open("/app/settings/privacy")
	b.says("2 marks of people who were erased")
	b.fill(".ask-who input", "GONE@example.com")
	b.press(kb.Enter)
	b.says("Erased on request.")
	b.shoot("privacy")
	b.click("button", "They asked to be back")
	b.says("1 mark of people")
	if status, answer := s.send("PUT", "/v1/users/u2", `{"email":"gone@example.com"}`); status != http.StatusOK {
		t.Errorf("afterwards it is answered %d %s", status, answer)
	}
}

func TestSettings_fitAtEveryWidth(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	for _, look := range looks {
		b.look(look.width, look.dark)
		for _, page := range []string{"account", "administrators", "keys", "privacy", "audit"} {
			b.open("/app/settings/" + page)
			b.fits(fmt.Sprintf("%s at %d px", page, look.width))
		}
	}
}
