package uitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// figure is what stands large under a name on the first page.
func figure(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".figure-cell")].find((c) => c.querySelector(".figure-name").innerText === %s)?.querySelector(".figure").innerText`, quote(name))
}

func TestHome_theListTicksItselfAndGivesWayToFigures(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	b := s.signedIn()
	b.open("/app")
	b.wait(`document.querySelectorAll(".begin-step").length === 6 && document.querySelectorAll(".begin-step.done").length === 0`)
	b.says("curl " + s.address)
	b.click(".connect-head a", "Python")
	b.wait(`location.search === "?sdk=python" && document.querySelector(".connect-body").innerText.includes("engagesdk.API_URL")`)
	s.must("PUT", "/v1/users/first", `{"first_name":"Ngozi"}`)
	b.wait(`[...document.querySelectorAll(".begin-step.done")].map((e) => e.querySelector("b").innerText).join() === "A request arrives,The first customer"`)
	s.must("POST", "/v1/users/first/events", `{"event":"Signed up"}`)
	b.wait(figure("Customers") + ` === "1"`)
	b.wait(figure("Events a minute, now") + ` === "1"`)
	b.wait(figure("Active today") + ` === "1"`)
	b.click(".next-steps button", "Put away")
	b.wait(`!document.querySelector(".next-steps")`)
	b.run(chromedp.Reload())
	b.wait(`document.querySelector(".figures") && !document.querySelector(".next-steps")`)
}

func TestHome_figuresFollowThePeriodOfTheAddress(t *testing.T) {
	t.Parallel()
	s := serve(t, true, mint(120))
	for i := range 5 { // of another day: they count where they happened
		s.must("POST", "/v1/users/mint_10042/events", fmt.Sprintf(`{"event":"Looked back","timestamp":"2020-01-0%dT10:00:00Z"}`, i+1))
	}
	for range 3 {
		s.must("POST", "/v1/users/mint_10042/events", `{"event":"Just now"}`)
	}
	b := s.signedIn()
	b.open("/app")
	points := func(n int) string {
		return fmt.Sprintf(`document.querySelectorAll(".plot-panel").length === 2 && [...document.querySelectorAll(".plot-panel .plot-table tbody")].every((t) => t.rows.length === %d)`, n)
	}
	b.wait(`document.querySelectorAll(".plot-panel button").length === 2`)
	b.is(`document.querySelectorAll(".plot-panel button").forEach((b) => b.click())`)
	b.wait(points(30))
	b.click(".segments a", "90 days")
	b.wait(points(90) + ` && location.search === "?period=90d"`)
	b.click(".segments a", "24 hours")
	b.wait(points(24) + ` && location.search === "?period=24h"`)
	// The newest hour of the table holds what has just come, and the list of events knows it.
	b.wait(`[...document.querySelectorAll(".top-events tbody tr")].some((r) => r.innerText.includes("Just now"))`)
	b.run(chromedp.NavigateBack())
	b.wait(points(90))
	b.click("label", "Compare")
	b.wait(`location.search === "?period=90d&compare=no" && !document.querySelector(".plot .before")`)
	b.open("/app?period=7d")
	b.wait(`document.querySelector(".plot .before") && document.querySelector(".segments [aria-current]").innerText === "7 days"`)

	// By keyboard alone, a plot reads its points from the newest on.
	b.is(`document.querySelectorAll(".plot-panel .area")[1].focus()`)
	b.press(kb.ArrowLeft)
	b.wait(`document.querySelector(".reading")?.innerText.includes("so far")`)
	b.press(kb.ArrowLeft)
	b.wait(`document.querySelector(".reading") && !document.querySelector(".reading").innerText.includes("so far")`)
	b.press(kb.Escape)
	b.wait(`!document.querySelector(".reading")`)

	b.open("/app?period=yesterday")
	b.wait(`document.querySelector(".segments [aria-current]").innerText === "30 days"`)
}

func TestEvent_showsItsPropertiesAndWhatComesWhileOneLooks(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	const name = `Ate 100% <b>fruit</b> & veg/soup?`
	for i, fruit := range []string{"mango", "mango", "pawpaw"} {
		s.must("POST", "/v1/users/u1/events", fmt.Sprintf(`{"event":%s,"properties":{"fruit":%q,"grams":%d,"price":"12%d"}}`, quote(name), fruit, 100+i, i))
	}
	b := s.signedIn()
	b.open("/app/events")
	b.click("td a", "fruit")
	b.wait(fmt.Sprintf(`document.querySelector("h1").innerText === %s`, quote(name)))
	row := func(property string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".properties-table tbody tr")].find((r) => r.cells[0].innerText === %q)`, property)
	}
	b.wait(row("fruit") + `.innerText.replace(/\s+/g, " ").includes("mango 2 pawpaw 1")`)
	b.wait(row("grams") + `.innerText.includes("100 – 102")`)
	b.wait(row("price") + `.innerText.includes("numbers as text")`)
	b.wait(`document.querySelectorAll(".latest-events tbody tr").length === 3 && document.querySelector(".latest-events .pulse:not(.off)")`)
	s.must("POST", "/v1/users/u2/events", fmt.Sprintf(`{"event":%s,"properties":{"fruit":"agbalumo"}}`, quote(name)))
	b.wait(`document.querySelector(".latest-events tbody tr.fresh")?.innerText.includes("agbalumo")`)
	b.wait(row("fruit") + `.innerText.includes("agbalumo")`)
	b.click("a", "New segment")
	b.wait(fmt.Sprintf(`document.querySelector(".sentence")?.innerText.includes(%s)`, quote(name)))

	b.open("/app/events/" + "Never%20came")
	b.expect("status of 404")
	b.wait(`document.querySelector("h1").innerText === "No such event"`)
}

func TestEvents_aSortStandsInTheAddress(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	for i, name := range []string{"Beta", "Alpha", "Gamma"} {
		for range i + 1 {
			s.must("POST", "/v1/users/u1/events", fmt.Sprintf(`{"event":%q}`, name))
		}
	}
	b := s.signedIn()
	names := func(want ...string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("tbody td.a")].map((d) => d.innerText.trim()).join() === %q`, strings.Join(want, ","))
	}
	b.open("/app/events")
	b.wait(names("Gamma", "Alpha", "Beta"))
	b.click("th a", "Event")
	b.wait(names("Alpha", "Beta", "Gamma") + ` && location.search === "?sort=name"`)
	b.open("/app/events?sort=name&query=et")
	b.wait(names("Beta"))
}
