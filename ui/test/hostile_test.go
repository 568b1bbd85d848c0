package uitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// nasty are texts that would do something if a page took them for anything but text.
var nasty = []string{
	`<script>window.pwned = 1</script>`, `<img src=x onerror="window.pwned = 1">`, `"><svg onload=window.pwned=1>`,
	`javascript:window.pwned=1`, `{{constructor.constructor("window.pwned=1")()}}`, `${window.pwned=1}`, `</title><script>window.pwned=1</script>`,
	"\u202edrawkcab", "Z̸̡a͠l͝g̡o̷ H̴̢E̵", strings.Repeat("W", 80), "a\tb\nc", `<a href="javascript:window.pwned=1">click</a>`, `__proto__`, `constructor`,
}

// naughty are the strings of the shared list that have broken other programs.
func naughty(t *testing.T) []string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for folder != filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		folder = filepath.Dir(folder)
	}
	text, err := os.ReadFile(filepath.Join(folder, "..", "shared", "data", "evil", "blns.json"))
	if err != nil {
		missing(t, "the list of naughty strings is not there: "+err.Error())
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// plant puts each text everywhere that a text can stand.
func plant(s *server, texts []string) {
	var items []string
	for i, text := range texts {
		q := quote(text)
		items = append(items, fmt.Sprintf(`{"type":"update","id":"evil_%d","first_name":%s,"last_name":%s,"meta":{"note":%s,"list":[%s],"object":{%s:%s}}}`, i, q, q, q, q, keyOf(text), q),
			fmt.Sprintf(`{"type":"event","id":"evil_%d","event":%s,"value":%s,"properties":{%s:%s,"note":%s}}`, i, keyOf(text), q, keyOf(text), q, q))
		if strings.TrimSpace(text) != "" {
			items = append(items, fmt.Sprintf(`{"type":"event","id":"all_of_it","event":%s,"properties":{"note":%s}}`, keyOf(text), q),
				fmt.Sprintf(`{"type":"update","id":"all_of_it","meta":{%s:%s}}`, keyOf(text), q))
		}
	}
	s.must("POST", "/v1/batch", `{"data":[`+strings.Join(items, ",")+`]}`)
	for i, text := range texts[:min(len(texts), 20)] {
		if strings.TrimSpace(text) == "" {
			continue
		}
		title := []rune(strings.TrimSpace(text))
		s.must("POST", "/v1/lists", fmt.Sprintf(`{"title":%s}`, quote(string(title[:min(len(title), 60)]))))
		s.task(fmt.Sprintf(`{"action":"set_attribute","attribute":%s,"value":%s,"ids":[%q]}`, keyOf(strings.TrimSpace(text)), quote(text), s.idOf(fmt.Sprint("evil_", i))))
	}
	for _, text := range texts[:min(len(texts), 60)] {
		if title := keyOf(strings.TrimSpace(text)); title != `"blank"` {
			s.must("POST", "/v1/segments", fmt.Sprintf(`{"title":%[1]s,"description":%[1]s,"rule":{"any":[{"attribute":%[1]s,"op":"is","value":%[2]s},{"event":%[1]s,"where":[{"property":%[1]s,"op":"contains","value":%[2]s}]}]}}`, title, quote(text)))
		}
	}
}

// columnsOf are attributes as the address of the ledger names its columns.
func columnsOf(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, url.QueryEscape(n))
	}
	return strings.Join(out, ",")
}

// keyOf is a text as a name of a member, which may not be empty or too long.
func keyOf(text string) string {
	runes := []rune(text)
	if strings.TrimSpace(text) == "" {
		return `"blank"`
	}
	return quote(string(runes[:min(250, len(runes))]))
}

// intact fails the test when something of the page was executed or broken.
func (b *tab) intact(what string) {
	b.t.Helper()
	b.wait(`document.querySelector("#content h1, #content input") && document.querySelector(".rail") && document.querySelector(".tabbar")`)
	if b.is(`window.pwned || window.a || window.x || ({}).polluted`) {
		b.t.Errorf("%s: a text was executed", what)
	}
	if b.is(`document.querySelector("#app script, #app iframe, #app object, #app embed, #app img, #app [onerror], #app [onload], #app [onclick], #app a[href^='javascript:' i]")`) {
		b.t.Errorf("%s: a text became an element", what)
	}
	b.fits(what)
}

func TestHostileText_isTextEverywhere(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	plant(s, nasty)
	walk(t, s, len(nasty), func(i int) string { return nasty[i] })
}

func TestHostileText_theNaughtyStringsToo(t *testing.T) {
	t.Parallel()
	list := naughty(t)
	s := serve(t, true, nil)
	plant(s, list)
	walk(t, s, 0, nil)
}

// walk opens every page that shows texts of others, and the customers up to n.
func walk(t *testing.T, s *server, n int, text func(i int) string) {
	t.Helper()
	b := s.signedIn()
	where, _ := reachable(t, b, nil)
	paths := append(slices.Sorted(maps.Values(where)), "/app/customers?limit=200", "/app/customers?sort=note&limit=200&where="+url.QueryEscape(`[{"attribute":"note","op":"exists"}]`),
		"/app/customers?cols="+url.QueryEscape(columnsOf(nasty)), "/app/customers?query="+url.QueryEscape(nasty[0]))
	for _, width := range []int64{1440, 390} {
		b.look(width, false)
		for _, path := range paths {
			b.open(path)
			b.intact(fmt.Sprintf("%s at %d px", path, width))
		}
		b.open("/app/customers/" + s.idOf("all_of_it"))
		b.intact(fmt.Sprintf("the customer with everything at %d px", width))
	}
	for i := range n {
		b.open("/app/customers/" + s.idOf(fmt.Sprint("evil_", i)))
		b.intact(text(i))
		want := strings.Join(strings.Fields(text(i)+" "+text(i)), " ")
		if got := strings.Join(strings.Fields(b.text("h1")), " "); got != want {
			t.Errorf("the name %q shows as %q", want, got)
		}
		b.open("/app/customers/" + s.idOf(fmt.Sprint("evil_", i)) + "?view=json")
		b.intact("as JSON: " + text(i))
	}
}

// TestHostileText_ofServicesIsTextToo has a service post each text as a name, as a value
// and as a whole body, applied and refused, and opens all of it, the form included.
func TestHostileText_ofServicesIsTextToo(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	list := append(naughty(t)[:120], nasty...)
	id, path := s.connect(`{"kind":"webhook","name":` + keyOf(nasty[0]) + `,"mapping":{"uid":"who","event":"what","properties":{"note":"note"},"attributes":{"note":"note"}}}`)
	_, mail := s.connect(`{"kind":"postmark","name":` + quote(nasty[1]) + `}`)
	for i, text := range list {
		q := quote(text)
		s.hook(path, fmt.Sprintf(`{"who":"evil_%d","what":%s,"note":%s,%s:%s}`, i%9, keyOf(text), q, keyOf(text), q))
		s.hook(path, text)
		s.hook(path, fmt.Sprintf(`{"who":{%s:1},"note":%s}`, q, q))
		s.hook(mail, fmt.Sprintf(`{"RecordType":"Bounce","Type":%s,"ID":%d,"Email":"a@example.com","Subject":%s,"Description":%s}`, q, i, q, q))
	}
	b := s.signedIn()
	for _, width := range []int64{1440, 390} {
		b.look(width, false)
		b.open("/app/integrations")
		b.intact(fmt.Sprintf("the tiles at %d px", width))
		for _, state := range []string{"applied", "failed"} {
			b.open("/app/integrations/" + id + "?state=" + state)
			for n := range 5 {
				b.is(fmt.Sprintf(`(document.querySelectorAll("tbody tr .unfold")[%d].click(), true)`, n*3))
				b.wait(`document.querySelector(".detail .listing, .detail pre")`)
				b.intact(fmt.Sprintf("hook %d, %s, at %d px", n, state, width))
			}
		}
		b.open("/app/integrations/" + id)
		b.click("button", "What it means")
		b.wait(`document.querySelector("dialog[open] .leaf")`)
		b.intact(fmt.Sprintf("the form at %d px", width))
	}
}
