package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"kith/app"
	"kith/app/ingest"
)

// world is the company while it is being made.
type world struct {
	now      app.Instant
	rand     *rand.Rand
	in       ingest.Context
	zones    map[string]*time.Location
	lists    []string // ids, in the order of listTitles
	persons  []*person
	regular  *person // one with something of everything, whom a first look finds in the last minutes
	accounts []*account
	tracked  []tracked
	hooks    []hook
	err      error // the first body that ingest refused
}

// plan is what a customer pays for. Price is per month, in the unit of place.price.
type plan struct {
	name  string
	price float64
	usage float64 // GB of a usual month
}

// plans are in the order of their price; the last is for businesses.
var plans = []plan{{"Mobile 20", 6, 14}, {"Fibre 50", 14, 120}, {"Fibre 100", 22, 260}, {"Fibre 250", 34, 480}, {"Family 500", 48, 760}, {"Business 1G", 120, 1800}}

const (
	familyPlan   = 4
	businessPlan = 5
)

// person is one customer.
type person struct {
	uid           string
	given, family name
	email, number string
	place         *place
	address       string
	signUp        app.Instant
	// left is when an archived customer went away; the present for the others.
	left     app.Instant
	archived bool
	plan     int // the one of the moment
	plans    []planFrom
	activity float64
	autopay  bool
	device   string // where they sign in most
	anon     string // the id of the visitor they were before
	roles    []membership
}

type membership struct{ account, role string }

// planFrom is a plan and when it began.
type planFrom struct {
	at   app.Instant
	plan int
}

// planAt is the plan that p had.
func (p *person) planAt(at app.Instant) plan {
	i := len(p.plans) - 1
	for i > 0 && p.plans[i].at > at {
		i--
	}
	return plans[p.plans[i].plan]
}

// makePeople makes n persons in the order of their sign-up.
func (w *world) makePeople(n int) {
	ups := make([]app.Instant, n)
	for i := range ups {
		// Some five a day lately, ever fewer before: almost half of all came within the year.
		u := w.rand.Float64()
		day := (0.35*u + 0.65*u*u*u) * 4.5 * 365
		ups[i] = w.moment(daysAgo(w.now, day+1), daysAgo(w.now, day), time.UTC)
	}
	slices.Sort(ups)
	total := 0
	for i := range cultures {
		total += cultures[i].weight
	}
	for i, up := range ups {
		c := w.culture(w.rand.IntN(total))
		p := &person{
			uid: fmt.Sprintf("mint_%05d", 10_001+i), given: pick(w, c.given), family: pick(w, c.family),
			signUp: up, left: w.now, plan: w.rand.IntN(businessPlan), activity: w.around(1, 0.9),
			autopay: w.percent(58), device: pick(w, []string{"android", "android", "ios", "web"}),
		}
		if w.oneIn(160) {
			long := pick(w, longNames)
			p.given, p.family = long.given, long.family
		}
		p.plans = []planFrom{{up, p.plan}}
		w.settle(p, c)
		if w.oneIn(110) && up < daysAgo(w.now, 250) {
			p.archived, p.left = true, w.moment(daysAgo(w.now, 200), daysAgo(w.now, 40), time.UTC)
		}
		if w.oneIn(12) && up > daysAgo(w.now, 300) {
			p.anon = fmt.Sprintf("anon-%08x-%04x", w.rand.Uint32(), w.rand.Uint32N(1<<16))
		}
		w.persons = append(w.persons, p)
	}
}

// makeRegular makes the one who came some nine months ago a regular.
func (w *world) makeRegular() {
	for _, p := range w.persons {
		if p.signUp < daysAgo(w.now, 280) || p.archived {
			continue
		}
		lagos := &places[0]
		p.given, p.family = name{"Adaeze", "adaeze"}, name{"Ọkafọ", "okafo"}
		p.place, p.address, p.number = lagos, "14 "+lagos.streets[0]+", "+lagos.city, lagos.prefix+"0142"
		p.activity, p.device, p.autopay, p.plan = 9, "ios", true, 2
		p.plans = []planFrom{{p.signUp, p.plan}}
		p.anon = "anon-7be1f02c-51d0"
		w.regular = p
		return
	}
}

func (w *world) culture(n int) *culture {
	for i := range cultures {
		if n -= cultures[i].weight; n < 0 {
			return &cultures[i]
		}
	}
	return &cultures[0]
}

// settle gives a person a home, and a number most of the time.
func (w *world) settle(p *person, c *culture) {
	p.place = &places[w.rand.IntN(homePlaces)]
	if w.percent(65) {
		for i := range places {
			if places[i].city == c.home {
				p.place = &places[i]
			}
		}
	}
	p.address = fmt.Sprintf("%d %s, %s", 1+w.rand.IntN(180), pick(w, p.place.streets), p.place.city)
	if w.percent(90) {
		p.number = fmt.Sprintf("%s%04d", p.place.prefix, len(w.persons)%10_000)
	}
}

// mail gives a person an address of their own; some have none.
func (w *world) mail(p *person, i int) {
	if w.oneIn(22) {
		return
	}
	domain := pick(w, []string{"example.com", "example.com", "example.org", "example.net"})
	switch w.rand.IntN(3) {
	case 0:
		p.email = fmt.Sprintf("%s.%s%d@%s", p.given.plain, p.family.plain, i, domain)
	case 1:
		p.email = fmt.Sprintf("%s%d@%s", p.given.plain, i, domain)
	default:
		p.email = fmt.Sprintf("%.1s.%s.%d@%s", p.given.plain, p.family.plain, i, domain)
	}
}

// price is what a plan costs a month where p lives, as one would print it.
func (p *person) price(units float64) float64 {
	amount := units * p.place.price
	switch {
	case amount >= 10_000:
		return math.Round(amount/100) * 100
	case amount >= 200:
		return math.Round(amount/10) * 10
	}
	return math.Round(amount) - 0.01
}

var addons = []string{"static-ip", "family-filter", "night-pass", "tv", "backup-sim", "cloud-100"}

// profile is what MInt knows of p, as its billing would send it.
func (w *world) profile(p *person, i int) []byte {
	b := (&body{}).text("first_name", p.given.written).text("last_name", p.family.written).some("email", p.email).some("number", p.number).
		text("created_at", p.signUp.String()).text("tz", p.place.zone)
	if p == w.regular || w.percent(45) && p.device != "web" {
		b.text("device_token", w.token(p.device)).text("device_platform", p.device)
	}
	if lists := w.listsOf(p); len(lists) > 0 {
		b.texts("lists", lists)
	}
	if len(p.roles) > 0 {
		b.raw("accounts", rolesJSON(p.roles))
	}
	local := p.signUp.Time().In(w.zone(p.place.zone))
	b.text("plan", plans[p.plan].name).raw("usage_gb", w.usage(p, i)).text("address", p.address).text("city", p.place.city).
		text("signup_date", local.Format(time.DateOnly)).text("contract_ends", w.contractEnd(local)).boolean("autopay", p.autopay)
	if w.percent(35) {
		mine := []string{}
		for _, a := range addons {
			if w.oneIn(4) {
				mine = append(mine, a)
			}
		}
		b.texts("addons", mine)
	}
	switch w.rand.IntN(6) {
	case 0:
		b.text("referral_code", "")
	case 1:
		b.text("referral_code", fmt.Sprintf("%04d", w.rand.IntN(10_000)))
	}
	if w.percent(30) {
		b.raw("router", (&body{}).text("model", pick(w, []string{"Leaf 2", "Leaf 3", "Twig"})).number("firmware", 4+float64(w.rand.IntN(3))/10, 1).
			boolean("rented", w.percent(50)).bytes())
	}
	return b.bytes()
}

// usage is this month's so far. A handful came from a file, where every value is a text.
func (w *world) usage(p *person, i int) []byte {
	now := w.now.Time()
	gb := w.around(plans[p.plan].usage, 0.5) * (float64(now.Day()) + 0.5) / 31
	if i%271 == 5 {
		return (&body{}).text("v", fmt.Sprintf("%.1f", gb)).b[len(`{"v":`):]
	}
	return (&body{}).number("v", gb, 1).b[len(`{"v":`):]
}

// contractEnd is the next anniversary of a two-year contract.
func (w *world) contractEnd(signUp time.Time) string {
	end := signUp.AddDate(2, 0, 0)
	for end.Before(w.now.Time().AddDate(0, -1, 0)) {
		end = end.AddDate(2, 0, 0)
	}
	return end.Format(time.DateOnly)
}

// token is a push token of the length that the platform's own have.
func (w *world) token(platform string) string {
	if platform == "ios" {
		return fmt.Sprintf("%016x%016x%016x%016x", w.rand.Uint64(), w.rand.Uint64(), w.rand.Uint64(), w.rand.Uint64())
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, 163)
	for i := range b {
		b[i] = letters[w.rand.IntN(len(letters))]
	}
	b[22] = ':'
	return string(b)
}
