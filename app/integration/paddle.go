package integration

import (
	"crypto/sha256"
	"slices"
	"strings"

	"kith/app"
)

// paddle is Paddle Billing.
var paddle = &Service{
	Kind: "paddle", Name: "Paddle", Group: Payments, Signs: true, Dated: true,
	Secret: "secret key", Example: "transaction.completed",
	Where: "In Paddle under Developer tools → Notifications: add a destination with this address, and copy its secret key (pdl_ntfset_…).",
	verify: func(r *Request, c *check) error {
		header := r.Header.Get("Paddle-Signature")
		if header == "" {
			return errNoSignature("Paddle-Signature header")
		}
		t, values := timed(header, ";", "ts")
		at, err := seconds(t)
		if err != nil {
			return err
		}
		err = c.any(func(secret string) bool {
			sum := mac(sha256.New, secret, []byte(t), []byte{':'}, r.Body)
			return slices.ContainsFunc(values["h1"], func(v string) bool { return sameHex(sum, v) })
		})
		if err != nil {
			return err
		}
		return c.fresh(at)
	},
	read: readPaddle,
}

func readPaddle(r *Request, rd *reader) error {
	body, err := parseObject(r.Body)
	if err != nil {
		return err
	}
	event, data := body.at("event_type").text(), body.at("data")
	if event == "" || data.kind() != app.ObjectKind {
		return app.Invalid("", "this is no event of Paddle Billing: it has no event_type, or no data")
	}
	rd.out.Event = event
	o := &app.Observe{Key: body.at("event_id").text(), At: body.at("occurred_at").instant(rd.env)}
	about := strings.HasPrefix(event, "customer.")
	id := firstText([]value{data.at("customer_id"), data.at("customer", "id")})
	if about {
		id = data.at("id").text()
	}
	if id != "" {
		o.Person.External = []string{id}
	}
	o.Person.UID = rd.uidIn(data.at("custom_data"), data.at("customer", "custom_data"))
	into, who := &o.Fill, data.at("customer")
	if about {
		into, who = &o.Set, data
	}
	w := person{into}
	w.email(who.at("email").text())
	w.name(who.at("name").text())
	if about {
		for _, name := range []string{"status", "locale", "marketing_consent"} {
			if v := data.at(name); v != nil {
				w.attribute("paddle_"+name, v)
			}
		}
	}
	if into.Email.Value != nil {
		o.Person.Email = *into.Email.Value
	}
	o.Event = paddleProperties(event, data).track(event, o.At)
	if err := rd.observe(o); err != nil {
		return err
	}
	if len(rd.out.Changes) == 0 {
		rd.out.Note = "It concerns no customer."
	}
	return nil
}

func paddleProperties(event string, data value) *properties {
	p := &properties{}
	kind, _, _ := strings.Cut(event, ".")
	p.add(kind+"_id", data.at("id"))
	currency := data.at("currency_code").text()
	totals := data.at("details", "totals")
	if totals.missing() {
		totals = data.at("totals")
	}
	for _, name := range []string{"subtotal", "discount", "tax", "total", "grand_total", "fee", "earnings"} {
		if v := totals.at(name); !v.missing() {
			p.add(name, major(v, decimals(currency)))
		}
	}
	p.text("currency", strings.ToUpper(currency))
	for _, name := range []string{"status", "origin", "collection_mode", "invoice_number", "billing_cycle", "reason", "action"} {
		p.add(name, data.at(name))
	}
	p.add("subscription_start", data.first("started_at", "first_billed_at"))
	p.add("subscription_end", data.first("canceled_at"))
	p.add("period_end", data.at("current_billing_period", "ends_at"))
	p.add("renewal_date", data.at("next_billed_at"))
	p.add("trial_start", data.at("items", "0", "trial_dates", "starts_at"))
	p.add("trial_end", data.at("items", "0", "trial_dates", "ends_at"))
	p.add("checkout_url", data.at("checkout", "url"))
	if items := data.at("items"); items.kind() == app.ListKind {
		var out []properties
		for _, item := range items.list() {
			var one properties
			price := item.at("price")
			c := price.at("unit_price", "currency_code").text()
			if c == "" {
				c = currency
			}
			one.text("name", firstText([]value{item.at("product", "name"), price.at("name"), price.at("description"), item.at("price_id")}))
			one.add("quantity", item.at("quantity"))
			if a := price.at("unit_price", "amount"); !a.missing() {
				one.add("amount", major(a, decimals(c)))
			}
			one.text("currency", strings.ToUpper(c))
			out = append(out, one)
		}
		p.list("items", out)
	}
	return p
}
