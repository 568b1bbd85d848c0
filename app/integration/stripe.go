package integration

import (
	"crypto/sha256"
	"slices"
	"strings"

	"kith/app"
)

// stripe. Engage: 17 events with properties of their own, attributes stripe_*, amounts
// in major units; every other event is kept under its own name, too.
var stripe = &Service{
	Kind: "stripe", Name: "Stripe", Group: Payments, Signs: true, Dated: true,
	Secret: "signing secret", Example: "invoice.paid",
	Where: "In Stripe's dashboard under Developers → Webhooks: add an endpoint with this address, choose its events, and copy its signing secret (whsec_…).",
	verify: func(r *Request, c *check) error {
		header := r.Header.Get("Stripe-Signature")
		if header == "" {
			return errNoSignature("Stripe-Signature header")
		}
		t, values := timed(header, ",", "t")
		at, err := seconds(t)
		if err != nil {
			return err
		}
		err = c.any(func(secret string) bool {
			sum := mac(sha256.New, secret, []byte(t), []byte{'.'}, r.Body)
			return slices.ContainsFunc(values["v1"], func(v string) bool { return sameHex(sum, v) })
		})
		if err != nil {
			return err
		}
		return c.fresh(at)
	},
	read: readStripe,
}

func readStripe(r *Request, rd *reader) error {
	body, err := parseObject(r.Body)
	if err != nil {
		return err
	}
	rd.out.Event = body.at("type").text()
	object := body.at("data", "object")
	if rd.out.Event == "" || object.kind() != app.ObjectKind {
		return app.Invalid("", "this is no event of Stripe: it has no type, or no data.object")
	}
	o := &app.Observe{Key: body.at("id").text(), At: body.at("created").instant(rd.env)}
	stripePerson(rd, o, rd.out.Event, object)
	p := stripeProperties(rd.out.Event, object)
	o.Event = p.track(rd.out.Event, o.At)
	if err := rd.observe(o); err != nil {
		return err
	}
	if len(rd.out.Changes) == 0 {
		rd.out.Note = "It concerns no customer."
	}
	return nil
}

// stripePerson finds who an event is about, and what it says of that person. What an
// event about the customer itself says is set; what others mention only fills gaps.
func stripePerson(rd *reader, o *app.Observe, event string, object value) {
	customer := object.at("customer")
	about := object.at("object").text() == "customer" || strings.HasPrefix(event, "customer.") && strings.Count(event, ".") == 1
	if about {
		customer = object
	}
	id := customer.text()
	if customer.kind() == app.ObjectKind {
		id = customer.at("id").text()
	}
	if id != "" {
		o.Person.External = []string{id}
	}
	details, billing := object.at("customer_details"), object.at("billing_details")
	o.Person.UID = rd.uidIn(object.at("metadata"), customer.at("metadata"), object.at("subscription_details", "metadata"),
		object.at("parent", "subscription_details", "metadata"))
	if uid := object.at("client_reference_id").scalar(); o.Person.UID == "" && uid != "" && len(uid) <= app.MaxUID {
		o.Person.UID = uid
	}
	source := &o.Fill
	if about && event != "customer.deleted" {
		source = &o.Set
	}
	w := person{source}
	if customer.kind() == app.ObjectKind {
		w.email(customer.at("email").text())
		w.name(customer.at("name").text())
		w.number(customer.at("phone").text())
	}
	if about {
		stripeAttributes(w, customer)
	} else {
		emails := []value{object.at("customer_email"), details.at("email"), object.at("receipt_email"), billing.at("email"), object.at("evidence", "customer_email_address")}
		names := []value{object.at("customer_name"), details.at("name"), billing.at("name")}
		phones := []value{object.at("customer_phone"), details.at("phone"), billing.at("phone")}
		w.email(firstText(emails))
		w.name(firstText(names))
		w.number(firstText(phones))
		if a := object.at("customer_address"); !a.missing() {
			stripeAddress(w, a)
		}
	}
	if f := source.Email; f.Value != nil {
		o.Person.Email = *f.Value
	}
}

func firstText(values []value) string {
	for _, v := range values {
		if s := v.text(); s != "" {
			return s
		}
	}
	return ""
}

// stripeAttributes are those of a customer object. A field that it has as null is gone.
func stripeAttributes(w person, customer value) {
	if d := customer.at("delinquent"); d != nil {
		w.attribute("stripe_delinquent", d)
	}
	if a := customer.at("address"); a != nil {
		stripeAddress(w, a)
	}
}

func stripeAddress(w person, a value) {
	for _, part := range []string{"city", "country", "line1", "line2", "state", "postal_code"} {
		w.attribute("stripe_address_"+part, a.at(part))
	}
}

// stripeProperties are the properties of an event: those of Engage's table for its
// kinds, and the object's own members for all others.
func stripeProperties(event string, object value) *properties {
	p := &properties{}
	currency := object.at("currency").text()
	money := func(name string, v value) {
		if !v.missing() {
			p.add(name, major(v, decimals(currency)))
		}
	}
	switch {
	case strings.HasPrefix(event, "invoice."):
		p.add("invoice_id", object.at("id"))
		p.add("invoice_number", object.at("number"))
		p.add("invoice_url", object.at("hosted_invoice_url"))
		p.add("invoice_pdf", object.at("invoice_pdf"))
		p.list("invoice_lines", stripeLines(object.at("lines", "data"), currency))
		for _, name := range []string{"total", "subtotal", "amount_paid", "amount_due"} {
			money(name, object.at(name))
		}
		p.add("receipt_number", object.at("receipt_number"))
		p.time("due_date", object.at("due_date").instant(Env{}))
	case event == "charge.succeeded" || event == "charge.failed":
		p.add("charge_id", object.at("id"))
		money("amount", object.at("amount"))
		p.add("receipt_number", object.at("receipt_number"))
		p.add("receipt_url", object.at("receipt_url"))
		if event == "charge.failed" {
			p.add("code", object.at("failure_code"))
			p.add("description", object.first("failure_message", "description"))
		} else {
			p.add("description", object.at("description"))
		}
		stripeCard(p, object.at("payment_method_details", "card"))
	case strings.HasPrefix(event, "customer.subscription."):
		p.add("subscription_id", object.at("id"))
		item := object.at("items", "data", "0")
		p.time("trial_start", object.at("trial_start").instant(Env{}))
		p.time("trial_end", object.at("trial_end").instant(Env{}))
		p.time("subscription_start", firstTime(object.at("current_period_start"), item.at("current_period_start"), object.at("start_date")))
		p.time("subscription_end", firstTime(object.at("ended_at"), object.at("current_period_end"), item.at("current_period_end"), object.at("cancel_at")))
		p.list("subscription_items", stripeItems(object.at("items", "data"), currency))
		if currency == "" {
			currency = item.first("price", "plan").at("currency").text()
		}
	case strings.HasPrefix(event, "customer.source."):
		stripeCard(p, object)
	case event == "checkout.session.expired":
		p.add("checkout_url", object.at("after_expiration", "recovery", "url"))
		if !p.has("checkout_url") {
			p.add("checkout_url", object.at("url"))
		}
		money("total", object.at("amount_total"))
		money("subtotal", object.at("amount_subtotal"))
	case event == "customer.created" || event == "customer.updated" || event == "customer.deleted":
		p.add("description", object.at("description"))
	default:
		stripeRest(p, object, currency)
		return p
	}
	p.text("currency", strings.ToUpper(currency))
	p.add("status", object.at("status"))
	return p
}

// stripeRest keeps an object as it is, its amounts in major units as everywhere else.
func stripeRest(p *properties, object value, currency string) {
	for _, m := range object.members() {
		v := value(m.Value)
		switch {
		case m.Name == "object", v.kind() == app.ObjectKind && len(v.members()) == 0, v.kind() == app.ListKind && len(v.list()) == 0:
		case m.Name == "currency":
			p.text("currency", strings.ToUpper(v.text()))
		case currency != "" && v.kind() == app.NumberKind && isAmount(m.Name):
			p.add(m.Name, major(v, decimals(currency)))
		default:
			p.add(m.Name, v)
		}
	}
}

// isAmount tells amounts of money among the members of Stripe's objects.
func isAmount(name string) bool {
	switch name {
	case "amount", "total", "subtotal", "tax", "balance", "unit_amount", "application_fee_amount", "net", "fee":
		return true
	}
	return strings.HasPrefix(name, "amount_")
}

func firstTime(values ...value) app.Instant {
	for _, v := range values {
		if at := v.instant(Env{}); at != 0 {
			return at
		}
	}
	return 0
}

func stripeCard(p *properties, card value) {
	for _, name := range []string{"brand", "exp_month", "exp_year", "last4"} {
		p.add(name, card.at(name))
	}
}

func stripeLines(lines value, currency string) []properties {
	var out []properties
	for _, line := range lines.list() {
		var p properties
		c := currency
		if own := line.at("currency").text(); own != "" {
			c = own
		}
		p.add("description", line.at("description"))
		p.add("quantity", line.at("quantity"))
		if a := line.at("amount"); !a.missing() {
			p.add("amount", major(a, decimals(c)))
		}
		p.text("currency", strings.ToUpper(c))
		out = append(out, p)
	}
	return out
}

func stripeItems(items value, currency string) []properties {
	var out []properties
	for _, item := range items.list() {
		var p properties
		price := item.first("price", "plan")
		c := price.at("currency").text()
		if c == "" {
			c = currency
		}
		name := firstText([]value{price.at("nickname"), item.at("plan", "nickname"), price.at("product", "name"), item.at("plan", "name"), price.at("product"), price.at("id")})
		p.text("name", name)
		p.add("quantity", item.at("quantity"))
		if a := price.first("unit_amount", "amount"); !a.missing() {
			p.add("amount", major(a, decimals(c)))
		}
		p.text("currency", strings.ToUpper(c))
		out = append(out, p)
	}
	return out
}
