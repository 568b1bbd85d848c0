package uitest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// patterns are the addresses of all pages, as main.js has them: a new page is among them
// without anybody doing anything.
func patterns(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("../main.js")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^  \["(/app[^"]*)", \w+`).FindAllStringSubmatch(string(source), -1) {
		out = append(out, m[1])
	}
	if len(out) < 15 {
		t.Fatalf("main.js names %d pages only: %q; is PAGES where it was?", len(out), out)
	}
	return out
}

// everyPage finds an address for each page: those with an id are found as a person finds
// them, by following the links of the others. What has no link there is in extra, by its pattern.
func everyPage(t *testing.T, b *tab, extra map[string]string) map[string]string {
	t.Helper()
	found, missing := reachable(t, b, extra)
	if len(missing) > 0 {
		t.Fatalf("no page has a link to %q: give this test what they show, or a link", missing)
	}
	return found
}

// reachable is everyPage for a server that has not something of everything.
func reachable(t *testing.T, b *tab, extra map[string]string) (found map[string]string, missing []string) {
	t.Helper()
	if found = maps.Clone(extra); found == nil {
		found = map[string]string{}
	}
	var open []string
	for _, p := range patterns(t) {
		if !strings.Contains(p, ":") {
			found[p] = p
		} else if found[p] == "" {
			open = append(open, p)
		}
	}
	looked := map[string]bool{}
	for len(open) > 0 {
		next := ""
		for _, p := range slices.Sorted(maps.Keys(found)) {
			if !looked[p] {
				next = p
				break
			}
		}
		if next == "" {
			return found, open
		}
		looked[next] = true
		b.open(found[next])
		var links []string
		b.eval(`[...document.querySelectorAll("a[href^='/app/']")].map((a) => a.getAttribute("href"))`, &links)
		open = slices.DeleteFunc(open, func(p string) bool {
			as := regexp.MustCompile("^" + regexp.MustCompile(`:\w+`).ReplaceAllString(p, `[^/?#]+`) + `(\?.*)?$`)
			for _, link := range links {
				path, _, _ := strings.Cut(link, "?")
				if _, plain := found[path]; as.MatchString(link) && !plain {
					found[p] = link
					return true
				}
			}
			return false
		})
	}
	return found, nil
}

// filled is a server whose every page shows something, and the pages that no link is to be followed for.
func filled(t *testing.T) (*server, map[string]string) {
	t.Helper()
	s := serve(t, true, mint(120))
	s.send("PUT", "/v1/users/mint_10042", `{"email":"nobody@"}`) // so that the log of requests has a refused one
	_, hook := s.connect(`{"kind":"webhook","name":"A shop whose name has as many letters as a name here can have"}`)
	s.hook(hook, `{"user":{"id":"mint_10042"}}`)
	s.hook(hook, `not JSON at all, and therefore refused with a sentence that says where reading it ended`)
	segment := s.segment("Households with a family plan", `{"all":[{"attribute":"plan","op":"in","value":["Fibre 50","Fibre 100"]},{"event":"Logged in","within":{"last":"30d"}}]}`)
	s.task(fmt.Sprintf(`{"action":"archive","ids":[%q]}`, s.idOf("mint_10042")))
	s.csv("people.csv", "id,email,plan\nnew_1,new1@example.com,Fibre 50\nnew_2,nobody@,Fibre 50\n")
	return s, map[string]string{"/app/segments/:id": "/app/segments/" + segment} // the built-in one has no rule to edit
}

// call calls the dashboard's own API as somebody who is signed in.
func (s *server) call(method, path, body string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.address+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.AddCookie(s.session())
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, answer, err)
	}
	return string(answer)
}

// task does something to customers as the pages do.
func (s *server) task(body string) {
	s.t.Helper()
	s.call("POST", "/api/tasks", body)
}

// csv imports a file and waits until it is done.
func (s *server) csv(name, text string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.address+"/v1/imports?file="+name, strings.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth(publicKey, privateKey)
	req.Header.Set("Content-Type", "text/csv")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		answer, _ := io.ReadAll(res.Body)
		s.t.Fatalf("import %s: %d %s", name, res.StatusCode, answer)
	}
}
