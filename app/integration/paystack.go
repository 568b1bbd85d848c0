package integration

import (
	"crypto/sha512"
	"net/url"
	"strings"

	"kith/app"
)

// paystack. Engage: charge.success is split in three, amounts and fees in major units.
// Its amounts always have two decimal places, also in currencies that have none.
var paystack = &Service{
	Kind: "paystack", Name: "Paystack", Group: Payments, Signs: true,
	Secret: "secret key", Example: "charge.success.one_time",
	Where: "In Paystack's dashboard under Settings → API Keys & Webhooks: paste this address as the webhook URL, and copy the secret key (sk_…) of the same mode.",
	verify: func(r *Request, c *check) error {
		header := r.Header.Get("X-Paystack-Signature")
		if header == "" {
			return errNoSignature("x-paystack-signature header")
		}
		return c.any(func(secret string) bool { return sameHex(mac(sha512.New, secret, r.Body), header) })
	},
	read: readPaystack,
}

func readPaystack(r *Request, rd *reader) error {
	body, err := parseObject(r.Body)
	if err != nil {
		return err
	}
	event, data := body.at("event").text(), body.at("data")
	if event == "" || data.missing() {
		return app.Invalid("", "this is no event of Paystack: it has no event, or no data")
	}
	rd.out.Event = event
	if event == "charge.success" {
		rd.out.Event = event + "." + paystackCharge(data)
	}
	parts := []value{data}
	if data.kind() == app.ListKind { // expiring cards come as a list
		parts = data.list()
	}
	for _, d := range parts {
		o := &app.Observe{Key: paystackKey(event, d), At: paystackTime(event, d, rd.env)}
		paystackPerson(rd, o, d)
		o.Event = paystackProperties(rd.out.Event, d).track(rd.out.Event, o.At)
		if err := rd.observe(o); err != nil {
			return err
		}
	}
	return nil
}

// paystackCharge tells the three kinds of a successful charge apart.
func paystackCharge(data value) string {
	metadata := data.at("metadata")
	if metadata.kind() == app.TextKind {
		metadata = embedded(metadata.text())
	}
	source := strings.ToLower(data.at("source", "source").text() + " " + data.at("source", "entry_point").text())
	switch {
	case len(data.at("plan").members()) > 0, data.at("plan").scalar() != "":
		return "subscription"
	case !data.at("order_id").missing(), !data.at("order").missing(), strings.Contains(source, "storefront"),
		!metadata.first("storefront", "storefront_id", "order_code").missing(), ofStorefront(metadata.at("referrer").text()):
		return "storefront"
	}
	return "one_time"
}

// ofStorefront tells a shop's page from Paystack's payment pages, which have the same host.
func ofStorefront(referrer string) bool {
	u, err := url.Parse(referrer)
	return err == nil && u.Hostname() == "paystack.shop" && !strings.HasPrefix(u.Path, "/pay/")
}

// paystackKey recognises a repeat: Paystack's hooks have no id of their own, but a
// charge has, and all else comes again byte for byte.
func paystackKey(event string, data value) string {
	if id := data.at("id").scalar(); id != "" && strings.HasPrefix(event, "charge.success") {
		return event + ":" + id
	}
	return event + ":" + digest(string(app.Compact(data)))
}

func paystackTime(event string, data value, env Env) app.Instant {
	names := []string{"paid_at", "paidAt", "created_at", "createdAt"}
	switch {
	case strings.HasPrefix(event, "charge.dispute.") && event != "charge.dispute.create":
		names = []string{"updated_at", "resolvedAt"}
	case strings.HasPrefix(event, "subscription.") && event != "subscription.create":
		return 0 // created_at is the subscription's
	}
	for _, n := range names {
		if at := data.at(n).instant(env); at != 0 {
			return at
		}
	}
	return 0
}

func paystackPerson(rd *reader, o *app.Observe, data value) {
	customer := data.at("customer")
	if customer.missing() && !data.at("transaction", "customer").missing() {
		customer = data.at("transaction", "customer")
	}
	if code := firstText([]value{customer.at("customer_code"), customer.at("code"), data.at("customer_code")}); code != "" {
		o.Person.External = append(o.Person.External, code)
	}
	for _, id := range []value{customer.at("id"), customer, data.at("customer_id")} {
		if s := id.scalar(); s != "" {
			o.Person.External = append(o.Person.External, "id:"+s)
			break
		}
	}
	o.Person.UID = rd.uidIn(data.at("metadata"), customer.at("metadata"))
	w := person{&o.Fill}
	w.email(firstText([]value{customer.at("email"), data.at("email")}))
	w.names(customer.at("first_name").text(), customer.at("last_name").text())
	w.number(firstText([]value{customer.at("international_format_phone"), customer.at("phone")}))
	if f := o.Fill.Email; f.Value != nil {
		o.Person.Email = *f.Value
	}
}

func paystackProperties(event string, data value) *properties {
	p := &properties{}
	money := func(name string, v value) {
		if v.scalar() != "" {
			p.add(name, major(v, 2))
		}
	}
	metadata := data.at("metadata")
	if metadata.kind() == app.TextKind {
		metadata = embedded(metadata.text())
	}
	money("amount", data.at("amount"))
	p.text("currency", strings.ToUpper(firstText([]value{data.at("currency"), data.at("transaction", "currency"), data.at("plan", "currency")})))
	p.add("status", data.at("status"))
	money("fees", data.at("fees"))
	p.add("ip_address", data.at("ip_address"))
	p.add("referrer", metadata.at("referrer"))
	plan := data.at("plan")
	if plan.missing() {
		plan = data.at("subscription", "plan")
	}
	if plan.kind() == app.ObjectKind {
		p.add("plan_id", plan.first("id", "plan_code"))
		p.add("plan_code", plan.at("plan_code"))
		p.add("plan_name", plan.at("name"))
		money("plan_amount", plan.at("amount"))
		p.add("plan_currency", plan.at("currency"))
	}
	if next := data.first("next_payment_date"); !next.missing() {
		p.add("renewal_date", next)
	} else {
		p.add("renewal_date", data.at("subscription", "next_payment_date"))
	}
	p.list("order", paystackOrder(data, metadata))
	for _, name := range []string{"reference", "channel", "gateway_response", "reason", "description", "message", "paid", "period_start", "period_end",
		"invoice_code", "subscription_code", "request_code", "transaction_reference", "refund_reference", "resolution", "category", "expiry_date", "brand"} {
		p.add(name, data.at(name))
	}
	money("refund_amount", data.at("refund_amount"))
	card := data.at("authorization")
	for _, name := range []string{"brand", "last4", "exp_month", "exp_year", "bank"} {
		if !p.has(name) {
			p.add(name, card.at(name))
		}
	}
	return p
}

// paystackOrder are the products of a storefront's order.
func paystackOrder(data, metadata value) []properties {
	var out []properties
	for _, from := range []value{data.at("order"), data.at("order", "items"), metadata.at("order"), metadata.at("products"), metadata.at("cart"), metadata.at("items")} {
		for _, item := range from.list() {
			var p properties
			p.add("id", item.first("id", "product_id", "product"))
			p.add("name", item.at("name"))
			p.add("quantity", item.first("quantity", "qty"))
			if a := item.first("amount", "price"); !a.missing() {
				p.add("amount", major(a, 2))
			}
			out = append(out, p)
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}
