package demo

import (
	"fmt"
	"slices"
	"strings"

	"kith/app"
	"kith/app/ingest"
)

// account is a household or a business that customers are members of.
type account struct {
	uid, name string
	business  bool
	plan      int
	place     *place
	signUp    app.Instant
	seats     int
}

var trades = []string{"Bakery", "Studio", "Dental Care", "Logistics Ltd", "Law Chambers", "Bookshop", "Clinic", "Robotics"}

// makeAccounts makes n accounts of persons who are in none yet: two households for each
// business. The members of a household have one family name and one address.
func (w *world) makeAccounts(n int) {
	free := w.rand.Perm(len(w.persons))
	if i := slices.IndexFunc(free, func(i int) bool { return w.persons[i] == w.regular }); i > 0 {
		free[0], free[i] = free[i], free[0]
	}
	taken := map[string]int{}
	for i := 0; i < n && len(free) > 12; i++ {
		first := w.persons[free[0]]
		a := &account{place: first.place, signUp: first.signUp, business: i%3 == 2, plan: familyPlan}
		a.name = first.family.written + " household"
		size := 2 + w.rand.IntN(4)
		if a.business {
			a.name, a.plan, size = first.family.written+" "+pick(w, trades), businessPlan, 3+w.rand.IntN(9)
		}
		a.uid = "acct_" + strings.ReplaceAll(first.family.plain, "-", "_")
		taken[a.uid]++
		if n := taken[a.uid]; n > 1 {
			a.uid = fmt.Sprintf("%s_%d", a.uid, n)
		}
		a.seats = size + w.rand.IntN(3)
		for k, index := range free[:size] {
			p := w.persons[index]
			p.roles = []membership{{a.uid, w.role(a.business, k)}}
			if !a.business {
				p.family, p.place, p.address = first.family, first.place, first.address
			}
		}
		free = free[size:]
		w.accounts = append(w.accounts, a)
	}
	for i, p := range w.persons {
		w.mail(p, i)
	}
}

// role is what the k-th member of an account is in it; some have none.
func (w *world) role(business bool, k int) string {
	switch {
	case k == 0:
		return "owner"
	case w.oneIn(6):
		return ""
	case business:
		return pick(w, []string{"admin", "billing", "member", "member", "technician"})
	}
	return pick(w, []string{"adult", "adult", "child", "guest"})
}

func rolesJSON(roles []membership) []byte {
	list := []byte{'['}
	for i, r := range roles {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, (&body{}).text("id", r.account).some("role", r.role).bytes()...)
	}
	return append(list, ']')
}

func (w *world) accountProfile(a *account) []byte {
	b := (&body{}).boolean("is_account", true).text("first_name", a.name).text("created_at", a.signUp.String()).text("tz", a.place.zone).
		text("plan", plans[a.plan].name).number("usage_gb", w.around(plans[a.plan].usage, 0.4), 1).text("city", a.place.city).
		text("signup_date", a.signUp.String()[:10]).number("seats", float64(a.seats), 0).boolean("business", a.business)
	if a.business {
		b.text("email", "accounts@"+strings.ReplaceAll(a.uid[len("acct_"):], "_", "-")+".example.com").text("tax_id", fmt.Sprintf("%08d-%04d", w.rand.IntN(1e8), w.rand.IntN(1e4)))
	}
	return b.bytes()
}

// The places of the lists in world.lists.
const (
	notices = iota
	letter
	churn
)

func (w *world) listChanges() []app.Change {
	lists := []*body{
		notices: (&body{}).text("title", "Service notices").text("description", "Planned work and faults in your area. We write only when something is wrong."),
		letter: (&body{}).text("title", "Monthly letter").text("description", "News of the month, on the first Tuesday.").
			boolean("double_optin", true).text("redirect_url", "https://mint.example.com/thanks"),
		churn: (&body{}).text("title", "Churn watch").text("description", "Contracts about to end, with little use. For the people who call them."),
	}
	var out []app.Change
	for _, l := range lists {
		change, err := ingest.List("", l.bytes())
		w.note(err)
		out = append(out, change)
	}
	return out
}

// listsOf are the lists that a person is on from the start.
func (w *world) listsOf(p *person) []string {
	var out []string
	if p == w.regular || w.percent(84) {
		out = append(out, w.lists[notices])
	}
	if p.email != "" && (p == w.regular || w.percent(42)) {
		out = append(out, w.lists[letter])
	}
	if p.activity < 0.3 && w.percent(40) {
		out = append(out, w.lists[churn])
	}
	return out
}

// note keeps the first error.
func (w *world) note(err error) {
	if w.err == nil && err != nil {
		w.err = fmt.Errorf("make the demo: %w", err)
	}
}

// profileChanges makes accounts and customers, oldest sign-up first: a listing shows
// whoever came last on top.
func (w *world) profileChanges(add func(app.Change)) {
	for _, a := range w.accounts {
		w.set(add, a.uid, w.accountProfile(a))
	}
	for i, p := range w.persons {
		w.set(add, p.uid, w.profile(p, i))
		if p == w.regular || w.oneIn(9) && p.device != "web" {
			other := map[string]string{"ios": "android", "android": "ios"}[p.device]
			w.set(add, p.uid, (&body{}).text("device_token", w.token(other)).text("device_platform", other).bytes())
		}
		if i == len(w.persons)-len(w.persons)/20 {
			w.strangers(add)
		}
	}
}

func (w *world) set(add func(app.Change), uid string, profile []byte) {
	change, err := ingest.Profile(uid, profile, w.in)
	w.note(err)
	if err == nil {
		add(change)
	}
}

// strangers have filled in the form of the Monthly letter and are no customers yet.
func (w *world) strangers(add func(app.Change)) {
	for i, n := range []string{"Ifeoluwa", "Tamsin", "Kwabena", "Mireille", "Ottoline", ""} {
		b := (&body{}).text("email", fmt.Sprintf("reader%d@example.org", i+1)).some("first_name", n)
		change, err := ingest.Subscriber(w.lists[letter], b.bytes(), ingest.Context{Now: w.now, Source: "form"})
		w.note(err)
		if err == nil {
			add(change)
		}
	}
}

// laterChanges are those that come after the events: merges, second thoughts, leavers.
func (w *world) laterChanges(add func(app.Change)) {
	pending := 0
	for i, p := range w.persons {
		if p.anon != "" {
			add(&app.Merge{From: p.anon, To: p.uid, Source: Source})
		}
		if p.email != "" && w.oneIn(28) {
			add(&app.SetSubscription{UID: p.uid, List: w.lists[letter], Source: "api"})
		}
		if i%97 == 11 && pending < 14 && p.email != "" {
			pending++
			change, err := ingest.Subscriber(w.lists[letter], (&body{}).text("email", p.email).bytes(), ingest.Context{Now: w.now, Source: "form"})
			w.note(err)
			if err == nil {
				add(change)
			}
		}
		if i%7 == 3 || p == w.regular {
			b := (&body{}).raw("usage_gb", w.usage(p, 0))
			if w.oneIn(3) {
				b.boolean("autopay", !p.autopay)
			}
			w.set(add, p.uid, b.bytes())
		}
		if i%251 == 40 || p == w.regular {
			w.set(add, p.uid, (&body{}).text("usage_last_month", fmt.Sprintf("%.1f", w.around(80, 0.3))).text("source", "usage_last_month.csv").bytes())
		}
		if p.archived {
			add(&app.Archive{UID: p.uid, Archived: true, Source: Source})
		}
	}
}
