package demo

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"kith/app"
	"kith/app/ingest"
)

// tracked is one event that is to be sent.
type tracked struct {
	uid    string
	event  string
	at     app.Instant
	source string
	value  string // raw JSON or ""
	props  *body
}

func (w *world) track(p *person, event string, at app.Instant, props *body) {
	w.tracked = append(w.tracked, tracked{uid: p.uid, event: event, at: at, source: "api", props: props})
}

// makeEvents makes n events of the year up to now, in the order of their times. What
// is not needed for bills, plans and the like are people signing in.
func (w *world) makeEvents(n int) {
	for _, p := range w.persons {
		w.visits(p)
		w.signsUp(p)
		w.changePlan(p)
		w.invoices(p)
		w.seldom(p)
	}
	for _, a := range w.accounts {
		w.invoices(&person{uid: a.uid, place: a.place, signUp: a.signUp, left: w.now, plans: []planFrom{{a.signUp, a.plan}}, autopay: a.business})
	}
	w.lastMinutes()
	w.signIns(n - len(w.tracked))
	slices.SortStableFunc(w.tracked, func(a, b tracked) int { return int(a.at - b.at) })
}

// since is when a customer's events can begin.
func (w *world) since(p *person) app.Instant { return max(p.signUp, daysAgo(w.now, 365)) }

func (w *world) when(p *person) app.Instant {
	from := w.since(p)
	return w.moment(from, max(from, p.left), w.zone(p.place.zone))
}

// signsUp is the first event of those who came within the year.
func (w *world) signsUp(p *person) {
	if p.signUp > daysAgo(w.now, 365) {
		w.track(p, "Signed up", p.signUp, (&body{}).text("plan", plans[p.plan].name).text("channel", pick(w, []string{"web", "web", "shop", "phone", "friend"})))
	}
}

// visits are what a customer did before they had an id.
func (w *world) visits(p *person) {
	if p.anon == "" {
		return
	}
	page := func(event string, before float64, props *body) {
		at := daysAgo(p.signUp, before)
		w.tracked = append(w.tracked, tracked{uid: p.anon, event: event, at: at, source: "client", props: props})
	}
	page("Viewed plans", 2+w.rand.Float64(), (&body{}).text("plan", plans[p.plan].name))
	page("Checked coverage", 1+w.rand.Float64(), (&body{}).text("city", p.place.city).boolean("covered", true))
	page("Viewed plans", 0.01, (&body{}).text("plan", plans[p.plan].name).text("from", "coverage"))
}

// changePlan moves some to another plan. Their profile, made later, has the last one.
func (w *world) changePlan(p *person) {
	if since := w.since(p); p.left-since < 30*app.DayMillis || w.rand.Float64() > 0.4*float64(p.left-since)/(365*app.DayMillis) {
		return
	}
	at := w.when(p)
	for range 1 + w.rand.IntN(2) {
		to := min(familyPlan, p.plan+1)
		if p.plan > 0 && w.oneIn(3) {
			to = p.plan - 1
		}
		if to == p.plan || at >= p.left {
			return
		}
		w.track(p, "Changed plan", at, (&body{}).text("from", plans[p.plan].name).text("to", plans[to].name).boolean("upgrade", to > p.plan))
		p.plan = to
		p.plans = append(p.plans, planFrom{at, to})
		at += app.Instant((20 + w.rand.IntN(120)) * app.DayMillis)
	}
}

// invoices come on the day of the month of the sign-up, and some are paid late. Mobile
// plans are paid ahead and have none.
func (w *world) invoices(p *person) {
	up := p.signUp.Time()
	for month := 1; ; month++ {
		due := app.InstantOf(up.AddDate(0, month, 0))
		if due > p.left {
			return
		}
		plan := p.planAt(due)
		if due < daysAgo(w.now, 365) || plan == plans[0] {
			continue
		}
		bill := func() *body {
			return (&body{}).text("invoice", due.String()[:7]+"-"+p.uid[len("mint_"):]).number("amount", p.price(plan.price), 2).text("currency", p.place.currency)
		}
		paid := due
		if !p.autopay {
			paid += app.Instant(w.rand.IntN(12*24*60)) * 60_000
		}
		if reminded := due + 2*app.DayMillis + app.Instant(w.rand.IntN(app.DayMillis)); paid > reminded && w.oneIn(7) && reminded < p.left {
			w.track(p, "Missed payment", reminded, bill())
		}
		if paid <= p.left {
			w.track(p, "Paid invoice", paid, bill().text("method", pick(w, []string{"card", "card", "transfer", "mobile money"})))
		}
	}
}

var (
	relatives = []string{"partner", "child", "parent", "sibling", "flatmate"}
	subjects  = []string{"Slow in the evening", "Invoice not clear", "New router", "Moving house", "No connection since the storm", "Change of bank", "App signs me out"}
	channels  = []string{"phone", "chat", "e-mail", "shop"}
)

// seldom are the things that happen to some.
func (w *world) seldom(p *person) {
	for range w.times(p, 1.35) {
		gb := pick(w, []float64{10, 25, 25, 50, 50, 100, 250})
		w.track(p, "Purchased bandwidth", w.when(p), (&body{}).number("gb", gb, 0).number("amount", p.price(gb*0.09), 2).text("currency", p.place.currency))
	}
	for range w.times(p, 0.5) {
		w.track(p, "Added family member", w.when(p), (&body{}).text("name", pick(w, cultures[w.rand.IntN(len(cultures))].given).written).text("relation", pick(w, relatives)))
	}
	for range w.times(p, 0.55) {
		at := w.when(p)
		ticket := fmt.Sprintf("T-%05d", w.rand.IntN(100_000))
		w.track(p, "Opened ticket", at, (&body{}).text("ticket", ticket).text("subject", pick(w, subjects)).text("channel", pick(w, channels)))
		closed := at + app.Instant(w.around(20, 0.8)*3_600_000)
		if closed >= p.left {
			continue
		}
		w.track(p, "Closed ticket", closed, (&body{}).text("ticket", ticket))
		if w.percent(40) && closed+7_200_000 < p.left {
			w.track(p, "Rated support", closed+app.Instant(w.rand.IntN(7_200_000)), nil)
			w.tracked[len(w.tracked)-1].value = fmt.Sprint(1 + min(4, w.rand.IntN(7)))
		}
	}
	for range w.times(p, 0.9) {
		w.track(p, "Ran speed test", w.when(p), (&body{}).number("down_mbps", w.around(90, 0.6), 1).number("up_mbps", w.around(30, 0.6), 1).boolean("wifi", w.percent(70)))
	}
}

// times is how often something happens to p in the year that happens to all n times on
// average.
func (w *world) times(p *person, n float64) int {
	share := float64(p.left-w.since(p)) / (365 * app.DayMillis)
	expected := n * share * p.activity
	count := int(expected)
	if w.rand.Float64() < expected-float64(count) {
		count++
	}
	return count
}

// lastMinutes are of the last quarter of an hour, so that whoever opens the dashboard
// first finds somebody at home.
func (w *world) lastMinutes() {
	step := app.Instant(70_000)
	at := w.now - 4_000
	for i := range 12 {
		p := w.persons[w.rand.IntN(len(w.persons))]
		if i%5 == 0 && w.regular != nil {
			p = w.regular
		}
		if p.archived || p.signUp > at-3_600_000 {
			continue
		}
		switch i % 4 {
		case 1:
			w.track(p, "Purchased bandwidth", at, (&body{}).number("gb", 25, 0).number("amount", p.price(25*0.09), 2).text("currency", p.place.currency))
		case 3:
			w.track(p, "Ran speed test", at, (&body{}).number("down_mbps", w.around(90, 0.6), 1).number("up_mbps", w.around(30, 0.6), 1).boolean("wifi", true))
		default:
			w.signIn(p, at)
		}
		at -= step/2 + app.Instant(w.rand.IntN(int(step)))
	}
}

// signIns makes n of them, most by those who are most at home in the app.
func (w *world) signIns(n int) {
	sums := make([]float64, len(w.persons))
	total := 0.0
	for i, p := range w.persons {
		total += p.activity * float64(p.left-w.since(p)+app.DayMillis)
		sums[i] = total
	}
	for range n {
		p := w.persons[sort.SearchFloat64s(sums, w.rand.Float64()*total)]
		w.signIn(p, w.when(p))
	}
}

func (w *world) signIn(p *person, at app.Instant) {
	device := p.device
	if w.oneIn(5) {
		device = "web"
	}
	w.tracked = append(w.tracked, tracked{uid: p.uid, event: "Logged in", at: at, source: "client", props: (&body{}).text("device", device)})
}

// eventChanges sends what makeEvents has made.
func (w *world) eventChanges(add func(app.Change)) {
	for i := range w.tracked {
		e := &w.tracked[i]
		b := (&body{}).text("event", e.event).text("timestamp", e.at.String())
		if e.value != "" {
			b.raw("value", []byte(e.value))
		}
		if e.props != nil {
			b.raw("properties", e.props.bytes())
		}
		change, err := ingest.Event(e.uid, b.bytes(), ingest.Context{Now: w.now, Zone: time.UTC, Source: e.source})
		w.note(err)
		if err == nil {
			add(change)
		}
	}
}
