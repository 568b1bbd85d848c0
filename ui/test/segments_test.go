package uitest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// segment makes a segment by the API and returns its id.
func (s *server) segment(title, rule string) string {
	s.t.Helper()
	status, body := s.send("POST", "/v1/segments", fmt.Sprintf(`{"title":%s,"rule":%s}`, quote(title), rule))
	var g struct{ ID string }
	if err := json.Unmarshal([]byte(body), &g); err != nil || status != 200 {
		s.t.Fatalf("make the segment %q: %d %s", title, status, body)
	}
	return g.ID
}

// counted is what a preview of the API counts.
func (s *server) counted(rule string) (n int64) {
	s.t.Helper()
	status, body := s.send("POST", "/v1/segments/preview", `{"rule":`+rule+`}`)
	var p struct{ Count *int64 }
	if err := json.Unmarshal([]byte(body), &p); err != nil || p.Count == nil {
		s.t.Fatalf("preview %s: %d %s", rule, status, body)
	}
	return *p.Count
}

// choose types into the open list of what a condition can be about, and takes the first.
func (b *tab) about(typed, first string) {
	b.t.Helper()
	b.wait(`document.activeElement?.closest(".about-pop")`)
	b.press(typed)
	b.wait(fmt.Sprintf(`document.querySelector(".about-list [aria-selected=true]")?.innerText.includes(%s)`, quote(first)))
	b.enter()
	b.wait(`!document.querySelector(".about-pop")`)
}

// enter presses Enter as a keyboard does: what the page prevents does not reach what has
// the focus afterwards.
func (b *tab) enter() {
	b.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		p := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
		if kind == input.DispatchKeyEventTypeKeyDown {
			p.Text = "\r"
		}
		if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, p); err != nil {
			b.t.Fatal(err)
		}
	}
}

// figure waits until the builder's count is a number.
func (b *tab) figure(n int64) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`document.querySelector(".counted .figure:not(.dim-text)")?.innerText.replaceAll(",", "") === "%d"`, n))
}

func TestSegments_oneIsBuiltAndCountsAsOneTypes(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(300))
	b := s.signedIn()
	b.open("/app/segments")
	b.says("No segment of your own yet")
	b.click("a.button", "New segment")
	b.about("pla", "plan")
	b.fill(`[aria-label="Value of plan"]`, "Fibre 50")
	plan := `{"attribute":"plan","op":"is","value":"Fibre 50"}`
	b.figure(s.counted(plan))
	b.says("Customers whose plan is Fibre 50.")
	b.choose("Operator of plan", "text is_not")
	b.figure(s.counted(`{"attribute":"plan","op":"is_not","value":"Fibre 50"}`))
	b.choose("Operator of plan", "text is")

	b.click(".rule-add button", "Group")
	b.about("logged", "Logged in")
	logged := `{"event":"Logged in"}`
	both := fmt.Sprintf(`{"all":[%s,{"any":[%s]}]}`, plan, logged)
	b.figure(s.counted(both))
	b.choose("How often", "never")
	never := `{"event":"Logged in","count":{"op":"is","value":0}}`
	b.figure(s.counted(fmt.Sprintf(`{"all":[%s,{"any":[%s]}]}`, plan, never)))
	b.choose("How often", "gte")
	b.fill(`[aria-label="Times"]`, "3")
	b.choose("When it happened", "last")
	b.fill(`[aria-label="Within the last"]`, "90")
	thrice := `{"event":"Logged in","count":{"op":"gte","value":3},"within":{"last":"90d"}}`
	whole := fmt.Sprintf(`{"all":[%s,{"any":[%s]}]}`, plan, thrice)
	b.figure(s.counted(whole))
	// Each condition says how many meet it alone, and so does the group.
	for path, rule := range map[string]string{"": whole, "plan": plan, "Logged in": thrice} {
		where := `.rule-head .alone`
		if path != "" {
			where = fmt.Sprintf(`[aria-label="Condition %s"] .alone`, path)
		}
		b.wait(fmt.Sprintf(`document.querySelector(%s).innerText.replaceAll(",", "") === "%d"`, quote(where), s.counted(rule)))
	}
	b.wait(fmt.Sprintf(`document.querySelector(".counted [role=status]").innerText.startsWith("%d customer")`, s.counted(whole)))

	b.click("button.main", "Save segment")
	b.wait(`document.activeElement?.matches(".title-field") && document.querySelector(".title-field").getAttribute("aria-invalid")`)
	b.fill(".title-field", "Small and busy")
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1").innerText === "Small and busy" && location.pathname !== "/app/segments/new"`)
	b.settled()
	var id string
	b.eval(`location.pathname.split("/").at(-1)`, &id)
	_, saved := s.send("GET", "/v1/segments/"+id, "")
	var g struct {
		Rule  json.RawMessage
		Count int64
	}
	if err := json.Unmarshal([]byte(saved), &g); err != nil || !sameJSON(g.Rule, whole) || g.Count != s.counted(whole) {
		t.Errorf("saved %s (%v), want the rule %s", saved, err, whole)
	}
	b.wait(fmt.Sprintf(`document.querySelector(".members .n").innerText === "%d"`, g.Count))
}

// sameJSON reports whether two texts are the same JSON, whatever the order of members.
func sameJSON(a []byte, b string) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

func TestSegments_aFaultStandsAtItsCondition(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(60))
	b := s.signedIn()
	b.open("/app/segments/new")
	b.about("plan", "plan")
	b.choose("Operator of plan", "text matches")
	b.expect("status of 400")
	b.fill(`[aria-label="Value of plan"]`, "Fibre (")
	b.wait(`document.querySelector(".rule-condition.invalid .rule-fault")?.innerText.includes("value")`)
	if !b.is(`(c => document.getElementById(c.getAttribute("aria-describedby"))?.matches(".rule-fault"))(document.querySelector(".rule-condition.invalid"))`) {
		t.Error("the condition does not name its fault to screen readers")
	}
	b.fill(`[aria-label="Value of plan"]`, "Fibre (50|100)")
	b.wait(`!document.querySelector(".rule-condition.invalid")`)
	b.figure(s.counted(`{"attribute":"plan","op":"matches","value":"Fibre (50|100)"}`))

	// What is not filled in is not counted, and not saved.
	b.click(".rule-add button", "Condition")
	b.wait(`document.activeElement?.closest(".about-pop")`)
	b.press(kb.Escape)
	b.wait(`!document.querySelector(".about-pop") && document.activeElement?.matches(".chosen")`)
	b.figure(s.counted(`{"attribute":"plan","op":"matches","value":"Fibre (50|100)"}`))
	b.fill(".title-field", "Half")
	b.press(kb.Enter)
	b.wait(`document.querySelector(".rule-condition.invalid .rule-fault")?.innerText.includes("Choose what this is about")`)
	if b.is(`location.pathname !== "/app/segments/new"`) {
		t.Error("half a rule was saved")
	}

	// The same as JSON.
	b.click(".segments button", "JSON")
	b.fill(".rule-json textarea", `{"all":[{"attribute":"plan","op":"ge","value":3}]}`)
	b.wait(`document.querySelector("#json-fault").innerText.includes("did you mean")`)
	b.fill(".rule-json textarea", `{"attribute":"usage_gb","op":"gte","value":100.50}`)
	b.figure(s.counted(`{"attribute":"usage_gb","op":"gte","value":100.5}`))
	b.click(".segments button", "Builder")
	b.wait(`document.querySelector('[aria-label="Value of usage_gb"]').value === "100.50"`)
}

func TestSegments_whatWasBegunIsKept(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(60))
	id := s.segment("Small", `{"attribute":"plan","op":"is","value":"Fibre 50"}`)
	b := s.signedIn()
	b.open("/app/segments/" + id + "/edit")
	b.fill(`[aria-label="Value of plan"]`, "Fibre 100")
	b.says("Changed, not saved")
	b.wait(`/would enter when saved/.test(document.querySelector(".counted").innerText)`)
	b.click(".nav a", "Lists")
	b.wait(`document.querySelector("h1").innerText === "Lists"`)
	b.is(`history.back()`)
	b.wait(`document.querySelector('[aria-label="Value of plan"]')?.value === "Fibre 100"`)
	b.says("Changed, not saved")
	b.click("button", "Discard")
	b.wait(`location.pathname === "/app/segments/` + id + `"`)
	b.settled()
	b.click("a.button", "Edit")
	b.wait(`document.querySelector('[aria-label="Value of plan"]')?.value === "Fibre 50"`)
	// Saving without a change of the rule leaves its version, and who is in it, alone.
	b.fill(".title-field", "Very small")
	b.press(kb.Enter)
	b.wait(`document.querySelector("h1").innerText === "Very small"`)
	if _, body := s.send("GET", "/v1/segments/"+id, ""); !strings.Contains(body, `"rule":{"attribute":"plan","op":"is","value":"Fibre 50"}`) || !strings.Contains(body, `"state":"ready"`) {
		t.Errorf("renamed: %s", body)
	}
	// Edited again, it begins with what was saved last.
	b.settled()
	b.click("a.button", "Edit")
	b.wait(`document.querySelector('[aria-label="Value of plan"]')?.value === "Fibre 50"`)
	b.fill(`[aria-label="Value of plan"]`, "Mobile 20")
	b.figure(s.counted(`{"attribute":"plan","op":"is","value":"Mobile 20"}`))
	b.enter()
	b.click("button.main", "Save segment")
	b.wait(`location.pathname === "/app/segments/` + id + `" && /Mobile 20/.test(document.querySelector(".sentence")?.innerText ?? "")`)
	b.settled()
	b.click("a.button", "Edit")
	b.wait(`document.querySelector('[aria-label="Value of plan"]')?.value === "Mobile 20"`)
	b.wait(`/\d/.test(document.querySelector(".counted .figure")?.innerText ?? "")`)
	if b.is(`document.body.innerText.includes("Changed, not saved")`) {
		t.Error("what was just saved counts as changed")
	}
}

func TestSegments_deletingIsUndone(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(60))
	id := s.segment("Base", `{"attribute":"plan","op":"is","value":"Fibre 50"}`)
	top := s.segment("Made of it", `{"segment":"`+id+`"}`)
	b := s.signedIn()
	b.open("/app/segments/" + id)
	b.says("Part of Made of it")
	if !b.is(`[...document.querySelectorAll("button")].find((x) => x.innerText === "Delete").disabled`) {
		t.Error("one that others name can be deleted")
	}
	b.open("/app/segments/" + top)
	b.click("button", "Delete")
	b.wait(`location.pathname === "/app/segments" && ![...document.querySelectorAll("td.a")].some((x) => x.innerText === "Made of it")`)
	if status, _ := s.send("GET", "/v1/segments/"+top, ""); status != 404 {
		t.Errorf("a deleted segment answers %d", status)
	}
	b.click(".toast button", "Undo")
	b.wait(`location.pathname === "/app/segments/` + top + `" && document.querySelector("h1").innerText === "Made of it"`)
	b.settled()
	if status, _ := s.send("GET", "/v1/segments/"+top, ""); status != 200 {
		t.Errorf("brought back it answers %d", status)
	}
}

func TestSegments_theCustomersPageSaysWhyAndWhen(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(60))
	in := s.segment("Reads \u202bבעברית\u202c", `{"all":[{"attribute":"plan","op":"is","value":"Fibre 50"},{"event":"Opened letter","within":{"last":"30d"},"count":{"op":"gte","value":2}}]}`)
	s.segment("Elsewhere", `{"attribute":"plan","op":"is","value":"Mobile 20"}`)
	s.must("PUT", "/v1/users/reader", `{"first_name":"Ngọzi","meta":{"plan":"Fibre 50"}}`)
	s.must("POST", "/v1/users/reader/events", `{"event":"Opened letter"}`)
	b := s.signedIn()
	b.open("/app/customers/" + s.idOf("reader"))
	b.says("In none of yours.")
	s.must("POST", "/v1/users/reader/events", `{"event":"Opened letter","value":"March"}`)
	b.wait(`[...document.querySelectorAll(".entry")].some((e) => e.innerText.includes("Entered Reads") && e.innerText.includes("by Opened letter"))`)
	b.click("section[aria-label=Segments] button", "Why")
	b.wait(`document.querySelector("dialog h2")?.innerText.startsWith("Why is Ngọzi in “Reads")`)
	for _, part := range []string{"Fibre 50", "2 times", "Leaves in 29 days if nothing happens."} {
		b.wait(fmt.Sprintf(`document.querySelector("dialog").innerText.includes(%s)`, quote(part)))
	}
	b.press(kb.Escape)
	b.wait(`!document.querySelector("dialog[open]") && document.activeElement?.innerText === "Why"`)
	b.choose("Why not in another segment", strings.TrimSpace(idByTitle(s, "Elsewhere")))
	b.wait(`document.querySelector("dialog h2")?.innerText.startsWith("Why is Ngọzi not in “Elsewhere”")`)
	b.press(kb.Escape)

	s.must("PUT", "/v1/users/reader", `{"meta":{"plan":"Mobile 20"}}`)
	b.wait(`[...document.querySelectorAll(".entry")].some((e) => e.innerText.includes("Left Reads") && e.innerText.includes("as plan changed"))`)
	b.click(".tabs a", "Segments")
	b.wait(`document.querySelectorAll(".entry").length === 3 && [...document.querySelectorAll(".entry")].every((e) => /Entered|Left/.test(e.innerText))`)
	b.open("/app/segments/" + in)
	b.wait(`document.querySelectorAll(".move").length === 2 && document.querySelector(".move").innerText.includes("left as plan changed")`)
	b.click(".over-time button", "Table")
	b.wait(`document.querySelector(".plot-table tbody tr").innerText.replace(/\s+/g, " ").endsWith("1 1 0")`)
}

func idByTitle(s *server, title string) string {
	s.t.Helper()
	_, body := s.send("GET", "/v1/segments?limit=30", "")
	var list struct{ Data []struct{ ID, Title string } }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		s.t.Fatal(err)
	}
	for _, g := range list.Data {
		if g.Title == title {
			return g.ID
		}
	}
	s.t.Fatalf("no segment %q in %s", title, body)
	return ""
}

func TestSegments_theCustomersAreFilteredByOne(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(200))
	rule := `{"attribute":"plan","op":"is","value":"Fibre 50"}`
	id := s.segment("Small", rule)
	b := s.signedIn()
	b.open("/app/customers")
	b.wait(`document.querySelector("select[aria-label=Segment] option[value='` + id + `']")`)
	b.choose("Segment", id)
	b.wait(`location.search.includes("segment=` + id + `")`)
	b.wait(fmt.Sprintf(`document.querySelector(".head-line")?.innerText.startsWith("%d of ")`, s.counted(rule)))
	b.settled()
	var others int
	b.eval(`fetch("/api/customers?limit=200&segment=`+id+`").then((r) => r.json()).then((p) => p.data.filter((c) => c.meta.plan !== "Fibre 50").length)`, &others)
	if others != 0 {
		t.Errorf("%d of them are not in it", others)
	}
}

// The builder without a mouse: the list of what a condition can be about, its arrows, and
// the order in which Tab goes.
func TestSegments_byKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(60))
	b := s.signedIn()
	b.open("/app/segments/new")
	b.wait(`document.activeElement?.getAttribute("role") === "combobox"`)
	b.press(kb.ArrowDown)
	b.wait(`document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))?.getAttribute("aria-selected") === "true"`)
	b.about("usage", "usage_gb")
	b.wait(`document.activeElement?.matches(".chosen")`)
	b.tabTo(`[aria-label="Operator of usage_gb"]`)
	b.tabTo(`[aria-label="Value of usage_gb"]`)
	b.press("400")
	b.figure(s.counted(`{"attribute":"usage_gb","op":"gte","value":400}`))
	b.tabTo(`[aria-label="Remove this condition"]`)
	b.press(kb.Enter)
	b.wait(`!document.querySelector(".rule-condition")`)
	if b.is(`[...document.querySelectorAll("#content button, #content input, #content select, #content textarea")].some((e) => !(e.innerText.trim() || e.getAttribute("aria-label") || e.closest("label")))`) {
		t.Error("something that can be used has no name")
	}
}

// A customer's timeline is three tables in one: its pages together are all entries, each
// once, newest first, whatever their size; and a segment's export holds its members.
func TestSegments_theTimelineAndTheExportAreWhole(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(40))
	id := s.segment("Odd", `{"attribute":"n","op":"in","value":[1,3,5,7,9]}`)
	for n := range 10 {
		s.must("PUT", "/v1/users/busy", fmt.Sprintf(`{"meta":{"n":%d}}`, n))
		s.must("POST", "/v1/users/busy/events", `{"event":"Counted"}`)
	}
	b := s.signedIn()
	b.open("/app/customers/" + s.idOf("busy"))
	var got struct {
		Entries, Moves, Listed, Distinct int
		Ordered                          bool
		Lines                            int
		Member                           bool
	}
	b.wait(`[...document.querySelectorAll(".entry")].some((e) => e.innerText.includes("Entered Odd"))`)
	b.eval(`(async () => {
		const id = location.pathname.split("/").at(-1);
		let all, detail;
		for (let tries = 0; tries < 40; tries++) { // until the last change has been followed
			detail = await (await fetch("/api/customers/" + id)).json();
			all = [];
			for (let cursor = ""; cursor !== undefined;) {
				const page = await (await fetch("/api/customers/" + id + "/timeline?limit=3&next_cursor=" + cursor)).json();
				all.push(...page.data);
				cursor = page.next_cursor;
			}
			if (all.find((e) => e.kind === "segment")?.entered && all.length === detail.entries) break;
			await new Promise((done) => setTimeout(done, 100));
		}
		const csv = await (await fetch("/api/segments/`+id+`/export")).text();
		return { Entries: detail.entries, Moves: detail.moves, Listed: all.length, Distinct: new Set(all.map((e) => e.id)).size,
			Ordered: all.every((e, i) => i === 0 || Date.parse(all[i - 1].at) >= Date.parse(e.at)),
			Lines: csv.trim().split("\n").length, Member: csv.includes("\nbusy,") };
	})()`, &got)
	if got.Listed != got.Entries || got.Distinct != got.Listed || !got.Ordered || got.Moves < 1 {
		t.Errorf("the timeline: %+v", got)
	}
	if got.Lines != 2 || !got.Member {
		t.Errorf("the export: %+v", got)
	}
}
