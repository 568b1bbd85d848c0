package integration

import (
	"crypto/sha256"
	"strings"

	"kith/app"
)

// flutterwave, v3 and v4. Its amounts come in major units already.
var flutterwave = &Service{
	Kind: "flutterwave", Name: "Flutterwave", Group: Payments, Signs: true,
	Secret: "secret hash", Example: "charge.completed",
	Where: "In Flutterwave's dashboard under Settings → Webhooks: paste this address as the URL, and copy the secret hash that you set there.",
	verify: func(r *Request, c *check) error {
		signed, plain := r.Header.Get("Flutterwave-Signature"), r.Header.Get("Verif-Hash")
		switch {
		case signed != "": // v4 signs the body …
			return c.any(func(secret string) bool {
				sum := mac(sha256.New, secret, r.Body)
				return sameBase64(sum, signed) || sameHex(sum, signed)
			})
		case plain != "": // … v3 repeats the secret
			return c.any(func(secret string) bool { return same(plain, secret) })
		}
		return errNoSignature("flutterwave-signature or verif-hash header")
	},
	read: readFlutterwave,
}

func readFlutterwave(r *Request, rd *reader) error {
	body, err := parseObject(r.Body)
	if err != nil {
		return err
	}
	event, data := body.first("event", "type").text(), body.at("data")
	if event == "" || data.kind() != app.ObjectKind {
		return app.Invalid("", "this is no event of Flutterwave: it has no event, or no data")
	}
	rd.out.Event = event
	key := body.at("webhook_id").scalar()
	if key == "" {
		key = body.at("id").scalar()
	}
	if key == "" {
		key = event + ":" + data.at("id").scalar() + ":" + data.at("status").text()
	}
	o := &app.Observe{Key: key, At: firstInstant(rd.env, data.at("created_at"), data.at("created_datetime"), body.at("timestamp"))}
	if strings.HasPrefix(event, "transfer.") || strings.HasPrefix(event, "payout.") {
		rd.note("It is about money that you sent, and concerns no customer.")
		return nil
	}
	customer := data.at("customer")
	if id := customer.at("id").scalar(); id != "" {
		o.Person.External = []string{id}
	}
	o.Person.UID = rd.uidIn(data.at("meta"), body.at("meta_data"), data.at("meta_data"), customer.at("meta"))
	w := person{&o.Fill}
	w.email(customer.at("email").text())
	if name := customer.at("name"); name.kind() == app.ObjectKind {
		w.names(name.at("first").text(), name.at("last").text())
	} else {
		w.name(name.text())
	}
	w.number(firstText([]value{customer.at("phone_number"), customer.at("phone")}))
	if p := customer.at("phone"); p.kind() == app.ObjectKind {
		w.number(p.at("country_code").scalar() + p.at("number").scalar())
	}
	if f := o.Fill.Email; f.Value != nil {
		o.Person.Email = *f.Value
	}
	p := &properties{}
	p.add("amount", major(data.at("amount"), 0))
	p.text("currency", strings.ToUpper(data.at("currency").text()))
	for _, name := range []string{"status", "charged_amount", "app_fee", "merchant_fee", "tx_ref", "flw_ref", "reference", "payment_type", "auth_model", "narration", "ip"} {
		p.add(name, data.at(name))
	}
	if !p.has("payment_type") {
		p.add("payment_type", data.at("payment_method", "type"))
	}
	if response := data.at("processor_response"); response.kind() == app.ObjectKind {
		p.add("processor_response", response.at("type"))
	} else {
		p.add("processor_response", response)
	}
	card := data.at("card")
	if card.missing() {
		card = data.at("payment_method", "card")
	}
	p.add("brand", card.first("type", "network"))
	p.add("last4", card.first("last_4digits", "last4"))
	p.add("issuer", card.at("issuer"))
	o.Event = p.track(event, o.At)
	return rd.observe(o)
}

func firstInstant(env Env, values ...value) app.Instant {
	for _, v := range values {
		if at := v.instant(env); at != 0 {
			return at
		}
	}
	return 0
}
