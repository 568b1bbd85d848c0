package uitest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// axe is the source of the checker. It comes from npm for these tests alone, and is put
// into the page by the browser's own tools, past the content security policy.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		missing(t, "axe-core is not installed: npm ci in ui/ brings it")
	}
	return string(source)
}

// finding is what axe has against a page.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target  []any
		HTML    string
		Summary string
	}
}

// accessible fails the test for every serious or critical finding.
// In the dark, only what may differ there is looked at again.
func (b *tab) accessible(source, what string, dark bool) {
	b.t.Helper()
	options := `{ resultTypes: ["violations"] }`
	if dark {
		options = `{ resultTypes: ["violations"], runOnly: ["color-contrast"] }`
	}
	if !b.is(`"axe" in window`) {
		b.is("(() => {" + source + "\nreturn true; })()")
	}
	// What fades in is looked at when it is there.
	b.is(`(document.getAnimations().forEach((a) => { try { a.finish(); } catch { a.cancel(); } }), true)`)
	var found []finding
	b.eval(`axe.run(document, `+options+`).then((r) => r.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => ({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => ({ target: n.target, html: n.html.slice(0, 200), summary: n.failureSummary })) })))`, &found)
	for _, f := range found {
		var places []string
		for _, n := range f.Nodes {
			places = append(places, fmt.Sprintf("%v %s: %s", n.Target, n.HTML, n.Summary))
		}
		b.t.Errorf("%s: %s (%s): %s\n  %s", what, f.ID, f.Impact, f.Help, strings.Join(places, "\n  "))
	}
}

// account makes an account with more members than a page of them has, and returns its internal id.
func account(s *server) string {
	s.t.Helper()
	for i := range 12 {
		s.must("POST", fmt.Sprintf("/v1/users/mint_%d/accounts", 10001+i), `{"accounts":[{"id":"acct_axe","role":"driver of a vehicle with a very long name"}]}`)
	}
	return s.idOf("acct_axe")
}

// Every page, in every look: it is no wider than its window, and axe finds nothing serious.
// That it loads nothing from elsewhere and logs no error the tab sees to.
func TestEveryPage_fitsAndIsAccessibleInAllLooks(t *testing.T) {
	t.Parallel()
	source := axe(t)
	s, extra := filled(t)
	b := s.signedIn()
	where := everyPage(t, b, extra)
	where["a customer as JSON"] = "/app/customers/" + s.idOf("mint_10043") + "?view=json"
	where["an account"] = "/app/customers/" + account(s)
	where["nobody matches"] = "/app/customers?query=nobody-like-this"
	where["sorted and filtered"] = `/app/customers?sort=-usage_gb&where=[{"attribute":"plan","op":"is","value":"Fibre 100"}]&query=a`
	where["no page"] = "/app/nowhere"
	for _, p := range slices.Sorted(maps.Keys(where)) {
		b.look(1440, false)
		b.open(where[p])
		b.wait(`document.querySelector("#content h1, #content input")`)
		for _, look := range looks {
			b.look(look.width, look.dark)
			what := fmt.Sprintf("%s at %d px (dark: %v)", p, look.width, look.dark)
			b.fits(what)
			if look.width != 768 {
				b.accessible(source, what, look.dark)
			}
		}
	}
}

func TestAxe_whatOpensHasNoSeriousFinding(t *testing.T) {
	t.Parallel()
	source := axe(t)
	s, _ := filled(t)
	b := s.signedIn()
	person := "/app/customers/" + s.idOf("mint_10044")
	list := "/app/lists/" + between(s.must("POST", "/v1/lists", `{"title":"Letter"}`), `"id":"`, `"`)
	opens := []struct{ what, path, script, wait string }{
		{"the bulk bar", "/app/customers", `document.querySelectorAll("[data-select]")[1].click()`, `.bulk`},
		{"columns", "/app/customers", `document.querySelector("[aria-label=Columns]").click()`, `dialog .columns`},
		{"a filter", "/app/customers", `[...document.querySelectorAll("button")].find((x) => x.innerText === "Filter").click()`, `dialog .rule`},
		{"a menu", person, `document.querySelector(".actions summary").click()`, `.menu[open]`},
		{"an attribute", person, `document.querySelector(".attribute .edit").click()`, `dialog form`},
		{"a merge", person, `[...document.querySelectorAll("button")].find((x) => x.textContent === "Merge into another").click()`, `dialog .merge`},
		{"adding to a list", list, `[...document.querySelectorAll("button")].find((x) => x.innerText === "Add customers").click()`, `dialog form`},
		{"adding members", "/app/customers/" + account(s), `document.querySelector("[aria-label=Members] button").click()`, `dialog [name=role]`},
		{"an erasure", person, `[...document.querySelectorAll("button")].find((x) => x.textContent === "Erase for good").click()`, `dialog form`},
	}
	for _, key := range []string{"k", "?"} {
		opens = append(opens, struct{ what, path, script, wait string }{"what the key " + key + " opens", "/app/customers",
			fmt.Sprintf(`document.dispatchEvent(new KeyboardEvent("keydown", { key: %q, ctrlKey: %v, bubbles: true }))`, key, key == "k"), `dialog[open]`})
	}
	for _, o := range opens {
		b.look(1440, false)
		b.open(o.path)
		b.wait(`document.querySelector("#content h1")`)
		b.is("(" + o.script + ", true)")
		b.wait(`document.querySelector("` + o.wait + `")`)
		for _, look := range looks[:4] {
			b.look(look.width, look.dark)
			b.accessible(source, fmt.Sprintf("%s at %d px (dark: %v)", o.what, look.width, look.dark), look.dark)
		}
	}
}
