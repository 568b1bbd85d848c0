package uitest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a page may take for what it is waited for.
const patience = 10 * time.Second

// tab is one tab with cookies of its own. It notes everything that goes wrong.
type tab struct {
	t       *testing.T
	ctx     context.Context
	address string

	mu       sync.Mutex
	troubles []string
	expected []string // parts of troubles that a test provokes
	urls     map[network.RequestID]string
}

func (s *server) tab() *tab {
	s.t.Helper()
	b := &tab{t: s.t, address: s.address, urls: map[network.RequestID]string{}}
	var cancel context.CancelFunc
	b.ctx, cancel = chromedp.NewContext(shared.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	s.t.Cleanup(func() {
		for _, trouble := range b.wrong() {
			s.t.Errorf("in the browser: %s", trouble)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, part := range b.expected {
			if !slices.ContainsFunc(b.troubles, func(trouble string) bool { return strings.Contains(trouble, part) }) {
				s.t.Errorf("expected to see %q in the browser's log, and did not: %q", part, b.troubles)
			}
		}
		cancel()
	})
	if err := chromedp.Do(b.ctx); err != nil { // makes the tab, which lives as long as its context
		s.t.Fatal(err)
	}
	b.look(1440, false)
	return b
}

// hear notes what a person would find in the console, and dialogs that nobody asked for.
func (b *tab) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			said += " " + e.ExceptionDetails.Exception.Description
		}
		b.note("script error: " + said)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			var said []string
			for _, a := range e.Args {
				said = append(said, string(a.Value)+a.Description)
			}
			b.note("console " + string(e.Type) + ": " + strings.Join(said, " "))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			b.note(fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		b.mu.Lock()
		b.urls[e.RequestID] = e.Request.URL
		b.mu.Unlock()
		if !strings.HasPrefix(e.Request.URL, b.address) && !strings.HasPrefix(e.Request.URL, "data:") {
			b.note("a request to elsewhere: " + e.Request.URL)
		}
	case *network.EventLoadingFailed:
		if !e.Canceled && e.ErrorText != "net::ERR_ABORTED" {
			b.mu.Lock()
			url := b.urls[e.RequestID]
			b.mu.Unlock()
			b.note("request failed: " + e.ErrorText + " " + url)
		}
	case *page.EventJavascriptDialogOpening:
		b.note("a dialog opened: " + e.Message)
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

func (b *tab) note(trouble string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	trouble = trouble[:min(len(trouble), 400)]
	if !slices.Contains(b.troubles, trouble) && len(b.troubles) < 20 {
		b.troubles = append(b.troubles, trouble)
	}
}

// expect says that troubles which contain a part are what the test wants to see.
func (b *tab) expect(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = append(b.expected, part)
}

// wrong is what went wrong so far and was not expected.
func (b *tab) wrong() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, trouble := range b.troubles {
		if !slices.ContainsFunc(b.expected, func(part string) bool { return strings.Contains(trouble, part) }) {
			out = append(out, trouble)
		}
	}
	return out
}

func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// open goes to an address of the dashboard and waits until it stands still.
func (b *tab) open(path string) {
	b.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = b.address + path
	}
	b.run(chromedp.Navigate(address))
	b.settled()
}

// settled waits until the page shows what it has to show.
func (b *tab) settled() {
	b.t.Helper()
	b.wait(`document.querySelector("h1") && !document.querySelector("[aria-busy=true], .skeleton, .dim") && !/Reading…/.test(document.body.innerText)`)
}

// look sets the window's width and the colours that the person prefers.
func (b *tab) look(width int64, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride,
		emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 720})
	if err == nil {
		_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// eval evaluates a script, awaits its value and decodes it.
func (b *tab) eval(script string, into any) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(async () => JSON.stringify(await (`+script+`)) ?? "null")()`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		b.t.Fatalf("%s: %v: %s", script, err, text)
	}
}

func (b *tab) is(script string) bool {
	b.t.Helper()
	var yes bool
	b.eval(`Boolean(`+script+`)`, &yes)
	return yes
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	var s string
	b.eval(fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, selector), &s)
	return s
}

// wait waits until a script says yes.
func (b *tab) wait(script string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		// An error is no answer yet: the page may be on its way.
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+script+`)`)); err == nil && yes {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			again, stop := context.WithTimeout(b.ctx, patience)
			shown, _ := chromedp.Run(again, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText.slice(0, 1500)`))
			stop()
			b.t.Fatalf("waited in vain for %s; troubles %q; the page shows\n%s", script, b.wrong(), shown)
		}
	}
}

// says waits until the page has a text.
func (b *tab) says(text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`document.body.innerText.includes(%s)`, quote(text)))
}

// quote is a text as a script writes it.
func quote(s string) string {
	q, _ := json.Marshal(s)
	return string(q)
}

// click clicks the first element of a selector that has a text, with the mouse.
func (b *tab) click(selector, text string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%s)].find((e) => e.offsetParent !== null && e.innerText.includes(%s))`, quote(selector), quote(text))
	b.wait(find)
	var at struct{ X, Y float64 }
	b.eval(`(() => { const e = `+find+`; e.scrollIntoView({ block: "center" }); const r = e.getBoundingClientRect(); return { X: r.x + r.width / 2, Y: r.y + r.height / 2 } })()`, &at)
	b.run(chromedp.MouseClickXY(at.X, at.Y))
}

// fill replaces what stands in a field by typing.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`document.querySelector(%s)?.checkVisibility()`, quote(selector)))
	b.wait(`!document.querySelector("dialog[open]") || document.querySelector("dialog[open]").contains(document.activeElement)`)
	b.is(fmt.Sprintf(`(document.querySelector(%[1]s).focus(), document.querySelector(%[1]s).select())`, quote(selector)))
	b.run(chromedp.KeyEvent(text))
	b.wait(fmt.Sprintf(`document.querySelector(%s).value === %s`, quote(selector), quote(text)))
}

// press presses keys, one after the other: one of kb's, or a text, letter by letter.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		for _, r := range key {
			if r < ' ' || r >= 0x300 && r < 0x400 {
				b.run(chromedp.KeyEvent(string(r)))
				continue
			}
			// One event as a keyboard's: what the page prevents does not reach a field.
			for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
				p := input.DispatchKeyEventParams{Type: kind, Key: string(r)}
				if r >= 'A' && r <= 'Z' {
					p.Modifiers = 8 // Shift, as the browser counts them
				}
				if kind == input.DispatchKeyEventTypeKeyDown {
					p.Text = string(r)
				}
				if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, p); err != nil {
					b.t.Fatal(err)
				}
			}
		}
	}
}

// tabTo presses Tab until an element has the focus, and says how often.
func (b *tab) tabTo(selector string) int {
	b.t.Helper()
	for n := 1; n <= 60; n++ {
		b.press(kb.Tab)
		if b.is(fmt.Sprintf(`document.activeElement?.matches(%s)`, quote(selector))) {
			return n
		}
	}
	b.t.Fatalf("60 times Tab do not reach %s", selector)
	return 0
}

// fits fails the test when the page is wider than the window.
func (b *tab) fits(what string) {
	b.t.Helper()
	var wide []string
	b.eval(`document.documentElement.scrollWidth <= window.innerWidth ? [] :
		[document.documentElement.scrollWidth + " of " + window.innerWidth, ...[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 && !e.closest(".scroll, .chips, .tabs, pre, .hidden")).slice(0, 5).map((e) => e.tagName + "." + e.className)]`, &wide)
	if len(wide) > 0 {
		b.t.Errorf("%s is wider than its window: %s", what, strings.Join(wide, ", "))
	}
}

// choose takes an option of the select that has a label.
func (b *tab) choose(label, value string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll("select")].find((s) => s.getAttribute("aria-label") === %[1]s || s.closest("label")?.innerText.trim().startsWith(%[1]s))`, quote(label))
	b.wait(find)
	if !b.is(fmt.Sprintf(`((s) => { s.value = %s; s.dispatchEvent(new Event("change", { bubbles: true })); return true })(%s)`, quote(value), find)) {
		b.t.Fatalf("nothing can be chosen for %s", label)
	}
}
