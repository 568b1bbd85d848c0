package command

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What went wrong in products of this kind, line by line: the bug, and the test that it is
// none of ours, here or by name elsewhere. What does not apply has a sentence that says why.
//
// listmonk
//   - CVE-2025-49136, the environment readable in templates: Kith runs no template of
//     anybody's; its one public page is its own (app/api/pages). What the configuration reads from
//     the environment by "env:" are secrets alone: app/config TestSecret_mayBeInAFileOrTheEnvironment.
//   - CVE-2026-21483, stored XSS: TestCVE_noInlineScriptRunsAnywhere; in Chromium, ui/test TestHostileText_isTextEverywhere.
//   - CVE-2026-34828, sessions that outlive a password: app/admin TestSession_allEndWhenWhatTheyStandForChanges.
//   - v4.1, private lists joined by their form: a list has no such state here; one that is archived takes nobody, TestCVE_anArchivedListTakesNobody.
//
// Mautic
//   - CVE-2020-35124, -35125, XSS by Referer and form: TestCVE_aFormGivesNothingBack.
//   - CVE-2021-27909 to -27913, XSS by bounces and names; CVE-2022-25772, GHSA-xpc5-rr39-v8v2, GHSA-73gr-32wg-qhh7, by tracking:
//     TestCVE_answersAreWhatTheySay, app/api TestHooks_hostileBodiesAreRefusedOrText, ui/test TestHostileText_ofServicesIsTextToo.
//   - GHSA-6r9h-4h75-7q4x, path traversal in an import: TestCVE_anImportsNameIsNoPath.
//   - GHSA-9fx4-7cmj-47vg, templates in themes: there are no themes.
//   - GHSA-2jrw-c95w-h43g, GHSA-7h65-whp7-rgqf, GHSA-5hvg-w58j-545m, authorisation: TestCVE_everyCallOfTheAPIAsksForAKey,
//     app/admin TestAccess_everyRoleIsAnsweredAsTheTableSays, app/api TestKey_doesWhatItsScopesSay and TestKey_doesNotGetAroundItsScopes.
//
// PocketBase
//   - CVE-2024-38351, CVE-2026-44166, accounts linked by an unverified address: nobody signs in through others. An
//     invitation for an address that is there is refused: TestCVE_anInvitationTakesNoAccountOver.
//   - v0.39.7, a panic in a worker: TestCVE_aPanicInAPartIsAnError; in a request, app/server TestServer_turnsAPanicIntoAnAnswer.
//
// Plunk
//   - CVE-2026-32096, SSRF by SNS's SubscribeURL: app/integration TestRead_SNSConfirmsOnlyAtItsOwnHosts.
//   - CVE-2026-42193, forged SNS: app/integration TestVerify_SNS, app/api TestHooks_whatIsNotSignedBecomesNothingAndIsKept.
//
// Gitea CVE-2026-22874, CVE-2026-58508, GO-2023-1894, GO-2024-3056, and ech0 GHSA-r2x7-427f-rq69, SSRF by webhooks and
// by names that lead elsewhere: app/outward TestForward_neverToAPrivateNetworkUnlessAllowed and TestAllowed_addresses, where the address
// is checked as it is dialled. Its open redirect: TestCVE_aFormGivesNothingBack.
//
// ntfy CVE-2026-39087, a host matched by half a pattern: app/integration TestRead_SNSConfirmsOnlyAtItsOwnHosts.
//
// Gotify GO-2022-1208, GO-2023-1471, uploaded HTML, old Swagger UI: TestCVE_answersAreWhatTheySay; nothing that is uploaded is served but
// as text/csv, and the browser's libraries are those of assets/vendor, locked by ui/package-lock.json.
//
// Notifuse v29.0, SSRF by favicons, and its liquidjs: Kith fetches no icon and runs no Liquid.
//
// Parcelvoy #442, mail after unsubscribing: Kith sends no mail yet; /send/… answers 503.
//
// bluemonday GO-2022-0588: Kith cleans no HTML, for it shows none; TestCVE_answersAreWhatTheySay.

// hostile is what a browser would run if any page let it.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>`

// raw sends a request as nobody and returns the answer.
func (l *living) raw(method, path, kind, body string, header ...string) (*http.Response, string) {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.url+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return res, string(answer)
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

func TestCVE(t *testing.T) {
	t.Parallel()
	l := newLiving(t)
	list := member(t, l.must("POST", "/v1/lists", `{"title":`+quoted(hostile)+`}`), "id")
	l.must("PUT", "/v1/users/u1", `{"first_name":`+quoted(hostile)+`,"email":"u1@example.com"}`)
	for name, test := range map[string]func(*testing.T, *living, string){
		"noInlineScriptRunsAnywhere":     cveInlineScript,
		"anArchivedListTakesNobody":      cveArchivedList,
		"aFormGivesNothingBack":          cveForm,
		"answersAreWhatTheySay":          cveAnswers,
		"anImportsNameIsNoPath":          cveImport,
		"everyCallOfTheAPIAsksForAKey":   cveKeys,
		"anInvitationTakesNoAccountOver": cveInvitation,
	} {
		t.Run(name, func(t *testing.T) { test(t, l, list) })
	}
}

// cveInlineScript: no page lets an inline script or style run, or be framed where that matters.
func cveInlineScript(t *testing.T, l *living, list string) {
	for _, path := range []string{"/app/customers", "/app/join", "/embed/" + list, "/confirm/nothing"} {
		res, _ := l.raw("GET", path, "", "")
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") && !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "unsafe-") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		if strings.HasPrefix(path, "/app") && (!strings.Contains(policy, "frame-ancestors 'none'") || res.Header.Get("X-Frame-Options") != "DENY") {
			t.Errorf("%s may be framed: %q", path, policy)
		}
	}
}

// cveArchivedList: the form of a list that is no more subscribes nobody.
func cveArchivedList(t *testing.T, l *living, _ string) {
	gone := member(t, l.must("POST", "/v1/lists", `{"title":"Gone"}`), "id")
	l.must("DELETE", "/v1/lists/"+gone, "")
	if res, answer := l.raw("POST", "/v1/embed/"+gone, "application/json", `{"email":"late@example.com"}`); res.StatusCode < 400 {
		t.Errorf("its form is answered %d %s", res.StatusCode, answer)
	}
	if _, answer := l.send("GET", "/v1/users?email=late@example.com", "", ""); strings.Contains(answer, "late@example.com") {
		t.Errorf("its form made a customer: %s", answer)
	}
}

// cveForm: the public form shows nothing of what came, and leads nowhere that its list does not say.
func cveForm(t *testing.T, l *living, list string) {
	for _, path := range []string{"/embed/" + list + "?redirect=https://evil.example/&return=//evil.example", "/confirm/" + list + "?next=https://evil.example"} {
		for _, method := range []string{"GET", "POST"} {
			res, page := l.raw(method, path, "application/x-www-form-urlencoded", "email=form%40example.com&first_name=%3Cscript%3Ealert(3)%3C%2Fscript%3E&redirect_url=https%3A%2F%2Fevil.example",
				"Referer", "https://evil.example/"+hostile, "Accept", "text/html")
			if res.Header.Get("Location") != "" || strings.Contains(page, "<script") || strings.Contains(page, "onerror=alert(2)>") && !strings.Contains(page, "&gt;") || strings.Contains(page, "evil.example") {
				t.Errorf("%s %s is answered %d, Location %q: %s", method, path, res.StatusCode, res.Header.Get("Location"), page)
			}
		}
	}
}

// cveAnswers: what holds anybody's text is never taken for a page.
func cveAnswers(t *testing.T, l *living, list string) {
	for _, path := range []string{"/v1/users", "/v1/users/u1", "/v1/users/u1/dossier", "/v1/lists/" + list, "/v1/export/customers", "/v1/export/customers?format=csv", "/v1/users/" + strings.ReplaceAll("<script>", "<", "%3C"), "/v1/nowhere/%3Cscript%3E"} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", l.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("pk_living", "sk_living")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		kind := res.Header.Get("Content-Type")
		if strings.Contains(kind, "html") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s is answered as %q, sniffing %q", path, kind, res.Header.Get("X-Content-Type-Options"))
		}
	}
}

// cveImport: a file's name is a name, wherever it points.
func cveImport(t *testing.T, l *living, _ string) {
	before := tree(t, filepath.Dir(l.folder))
	for _, name := range []string{"../../../evil.csv", "/tmp/evil.csv", `..\..\evil.csv`, "evil\x00.csv", "a/../../evil.csv"} {
		status, answer := l.send("POST", "/v1/imports?id=id&dry_run=true&file="+strings.ReplaceAll(strings.ReplaceAll(name, "\x00", "%00"), `\`, "%5C"), "text/csv", "id,email\nx1,x1@example.com\n")
		if status >= 500 {
			t.Errorf("%q is answered %d %s", name, status, answer)
		}
	}
	for _, path := range tree(t, filepath.Dir(l.folder)) {
		if !strings.HasPrefix(path, l.folder) && !contains(before, path) {
			t.Errorf("a file came to be outside of the folder: %s", path)
		}
		if strings.Contains(path, "evil") {
			t.Errorf("a file is called as the import asked: %s", path)
		}
	}
}

func contains(all []string, one string) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}

func tree(t *testing.T, folder string) (out []string) {
	t.Helper()
	if err := filepath.Walk(folder, func(path string, _ os.FileInfo, err error) error {
		if err == nil {
			out = append(out, path)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// cveKeys: every route of the API wants a key, but for those that are public by design, and
// two that tell PostHog's clients that there are no flags, the same to everybody.
func cveKeys(t *testing.T, l *living, _ string) {
	open := regexp.MustCompile(`^(/v1)?/(flags/?$|decide/?$|embed/|confirm/|hooks/|app|_/|api/|healthz$|readyz$|metrics$|docs|openapi\.yaml$|favicon|$)|/hooks/`)
	param := regexp.MustCompile(`[:*][a-zA-Z_]+`)
	seen := 0
	for _, r := range l.routes {
		path := param.ReplaceAllString(r.Path, "x")
		if open.MatchString(r.Path) || r.Method == "OPTIONS" || r.Method == "HEAD" || r.Method == "CONNECT" || r.Method == "TRACE" {
			continue
		}
		seen++
		res, answer := l.raw(r.Method, path, "application/json", `{}`)
		if res.StatusCode < 400 {
			t.Errorf("%s %s is answered %d without a key: %.200s", r.Method, r.Path, res.StatusCode, answer)
		}
	}
	if seen < 50 {
		t.Fatalf("only %d routes were asked: the test looks at the wrong ones", seen)
	}
}

// cveInvitation: nobody comes into an account by an invitation for its address.
func cveInvitation(t *testing.T, l *living, _ string) {
	if err := l.h.db.CreateUser(t.Context(), "ada@example.com", "$argon2id$", "owner"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.h.db.CreateInvitation(t.Context(), "ADA@example.com", "admin", l.h.db.Now()+1000); err == nil {
		t.Error("an invitation for an address that has an account is made")
	}
}

// TestCVE_aPanicInAPartIsAnError: a part that panics ends the others in order, and not the
// whole process in the middle of a write.
func TestCVE_aPanicInAPartIsAnError(t *testing.T) {
	t.Parallel()
	ended := false
	err := runAll(t.Context(), func(context.Context) error { panic("a nil map") }, func(ctx context.Context) error {
		<-ctx.Done()
		ended = true
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "a nil map") || !ended {
		t.Errorf("it ends with %v; the other part ended: %v", err, ended)
	}
}

// TestCVE_theSentencesNameTestsThatAreThere holds the list above against the tests.
func TestCVE_theSentencesNameTestsThatAreThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("cve_test.go")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "\nconst hostile")
	for _, m := range regexp.MustCompile(`(app/\w+|ui/test) (Test\w+)(?: and (Test\w+))?`).FindAllStringSubmatch(head, -1) {
		var all bytes.Buffer
		files, _ := filepath.Glob(filepath.Join("..", "..", m[1], "*_test.go"))
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
		for _, name := range m[2:] {
			if name != "" && !strings.Contains(all.String(), "func "+name+"(") {
				t.Errorf("there is no %s in %s", name, m[1])
			}
		}
	}
	for _, m := range regexp.MustCompile(`TestCVE_(\w+)`).FindAllStringSubmatch(head, -1) {
		if !strings.Contains(string(text), `"`+m[1]+`":`) && !strings.Contains(string(text), "func TestCVE_"+m[1]+"(") {
			t.Errorf("there is no test %s", m[1])
		}
	}
}
