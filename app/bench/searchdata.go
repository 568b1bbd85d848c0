package bench

import (
	"fmt"
	"strings"

	"kith/app"
)

// person is an invented customer of the search's measurements.
type person struct {
	n                          uint32
	uid, first, last           string
	email, number              string
	plan, company, city, state string
}

// searchWord is an invented word, the same for the same number.
func searchWord(n uint32) string {
	const consonants, vowels = "bdfgklmnrstwyz", "aeiou"
	n = n*7919%99991 + 150
	var b strings.Builder
	for ; n > 0; n /= 70 {
		b.WriteByte(consonants[n%14])
		b.WriteByte(vowels[n/14%5])
	}
	return b.String()
}

// skewed is a number below most, small ones often: names are not spread evenly.
func skewed(n, most uint32) uint32 {
	f := float64(n%1_000_003) / 1_000_003
	return uint32(f * f * float64(most))
}

// searchPerson is the n-th.
func searchPerson(n int) person {
	x := uint32(spread(int64(n)))
	p := person{n: x, uid: fmt.Sprintf("cus_%07d", n), first: searchWord(skewed(x, 5_000)), last: searchWord(10_000 + skewed(x*31+7, 40_000))}
	domain := []string{"gmail.com", "yahoo.com", "outlook.com"}[x%3]
	if x%10 > 6 {
		domain = searchWord(50_000+x%3_000) + ".example.com"
	}
	p.email = fmt.Sprintf("%s.%s%d@%s", p.first, p.last, x%1000, domain)
	p.number = fmt.Sprintf("234%010d", 7_000_000_000+int64(x)%2_999_999_999)
	p.plan = []string{"free", "basic", "pro", "team"}[x%4]
	p.company = searchWord(60_000+x%30_000) + " " + []string{"Stores", "Foods", "Logistics", "Media", "Farms"}[x%5]
	p.city, p.state = searchWord(95_000+x%300), searchWord(97_000+x%36)
	return p
}

// attributes are the custom ones, as JSON.
func (p *person) attributes() []app.Attribute {
	quoted := func(s string) []byte { return fmt.Appendf(nil, "%q", s) }
	return []app.Attribute{
		{Name: "plan", Value: quoted(p.plan)}, {Name: "company", Value: quoted(p.company)}, {Name: "city", Value: quoted(p.city)},
		{Name: "state", Value: quoted(p.state)}, {Name: "seats", Value: fmt.Appendf(nil, "%d", p.n%40)},
		{Name: "usage_gb", Value: fmt.Appendf(nil, "%d.%d", p.n%500, p.n%10)}, {Name: "renewal", Value: fmt.Appendf(nil, `"2026-%02d-11"`, p.n%12+1)},
		{Name: "active", Value: fmt.Appendf(nil, "%v", p.n%3 == 0)}, {Name: "address", Value: quoted(fmt.Sprintf("%d %s Street", p.n%200, searchWord(p.n%20_000)))},
		{Name: "score", Value: fmt.Appendf(nil, "%d", p.n%100)},
	}
}

// change makes the customer.
func (p *person) change() app.Change {
	return &app.SetProfile{UID: p.uid, Trusted: true, Profile: app.Profile{
		FirstName: app.FieldOf(capital(p.first)), LastName: app.FieldOf(capital(p.last)), Email: app.FieldOf(p.email), Number: app.FieldOf(p.number), Attributes: p.attributes(),
	}}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// findable is the customer as an index reads it.
func (p *person) findable(row int64) app.Findable {
	first, last := capital(p.first), capital(p.last)
	return app.Findable{Row: row, UID: p.uid, FirstName: &first, LastName: &last, Email: &p.email, Number: &p.number, Attributes: p.attributes()}
}

// text is all that can be found of the customer, for an index of one text.
func (p *person) text() string {
	return strings.Join([]string{p.first, p.last, p.email, p.number, p.uid, p.plan, p.company, p.city, p.state}, " ")
}

// typing is what somebody types who looks for the n-th customer, a keystroke each.
func typing(n int) (out []string) {
	p := searchPerson(n)
	for i := 2; i <= len(p.first); i++ {
		out = append(out, p.first[:i])
	}
	for i := 1; i <= min(4, len(p.last)); i++ {
		out = append(out, p.first+" "+p.last[:i])
	}
	return out
}

// looking are the other ways to look for somebody.
var looking = []struct {
	name string
	text func(p *person) string
}{
	{"two letters", func(p *person) string { return p.first[:2] }},
	{"a typo", func(p *person) string { return p.last[:2] + "x" + p.last[3:] }},
	{"an e-mail", func(p *person) string { return p.email }},
	{"@ and a provider", func(p *person) string { return p.email[strings.IndexByte(p.email, '@'):][:6] }},
	{"the last four digits", func(p *person) string { return p.number[len(p.number)-4:] }},
	{"an attribute's value", func(p *person) string { return "plan:" + p.plan }},
	{"a company's word and a city", func(p *person) string { return p.company[:5] + " " + p.city }},
}
