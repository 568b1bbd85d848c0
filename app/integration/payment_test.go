package integration_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"kith/app"
	"kith/app/apitest"
	"kith/app/integration"
)

// body is one of the published bodies of a service.
type body struct {
	Event string `json:"event"`
	Raw   string `json:"raw_body"`
}

func bodies(t testing.TB, file string) (out []body) {
	t.Helper()
	object(t, apitest.Shared(t, "data", "webhooks", file), &out)
	return out
}

// one reads a body that must become one observation.
func one(t *testing.T, kind, raw string) *app.Observe {
	t.Helper()
	reading, err := read(t, kind, raw)
	if err != nil {
		t.Fatalf("%.300s: %v", raw, err)
	}
	if len(reading.Changes) != 1 {
		t.Fatalf("%.300s became %d changes: %s", raw, len(reading.Changes), reading.Note)
	}
	return reading.Changes[0].(*app.Observe)
}

// holds fails unless an event's properties have these values; "" means: not there.
func holds(t *testing.T, o *app.Observe, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := string(apitest.Member(o.Event.Properties, name)); got != value {
			t.Errorf("%s: %s is %s, want %s", o.Event.Event, name, got, value)
		}
	}
}

func attributes(p app.Profile) map[string]string {
	out := map[string]string{}
	for i, f := range []app.Field{p.FirstName, p.LastName, p.Number, p.Email} {
		if f.Value != nil {
			out[app.StandardAttributes[i]] = *f.Value
		}
	}
	for _, a := range p.Attributes {
		out[a.Name] = string(a.Value)
	}
	return out
}

// stripeTable are the properties that Engage's table has for each kind of event.
var stripeTable = map[string][]string{
	"invoice.":                      {"invoice_url", "invoice_pdf", "invoice_lines", "total", "subtotal", "amount_paid", "amount_due", "currency", "status"},
	"charge.failed":                 {"amount", "currency", "status", "code", "description", "brand", "exp_month", "exp_year", "last4"},
	"charge.succeeded":              {"amount", "currency", "status", "receipt_url", "brand", "exp_month", "exp_year", "last4"},
	"customer.subscription.created": {"subscription_start", "subscription_end", "subscription_items", "currency", "status"},
	"customer.subscription.deleted": {"subscription_start", "subscription_end", "subscription_items", "currency", "status"},
	"customer.source.":              {"brand", "exp_month", "exp_year", "last4"},
}

func TestStripe_everyBodyGivesTheTablesProperties(t *testing.T) {
	t.Parallel()
	nobody := []string{}
	for _, b := range bodies(t, "stripe_events.json") {
		t.Run(b.Event, func(t *testing.T) {
			raw := b.Raw
			// The samples of charges name nobody: a customer is put in, as live ones have it.
			raw = strings.Replace(raw, `"customer": null`, `"customer": "cus_00000000000000"`, 1)
			reading, err := read(t, "stripe", raw)
			if err != nil {
				t.Fatal(err)
			}
			if len(reading.Changes) == 0 {
				nobody = append(nobody, b.Event)
				if reading.Note == "" {
					t.Error("nothing came of it, and it does not say why")
				}
				return
			}
			o := reading.Changes[0].(*app.Observe)
			kind := apitest.Text([]byte(raw), "type")
			if o.Event.Event != kind || o.Key == "" || o.Event.At == now || len(o.Person.External) == 0 && o.Person.Email == "" {
				t.Errorf("%+v of %+v", o, o.Person)
			}
			for prefix, names := range stripeTable {
				if !strings.HasPrefix(kind, prefix) || kind == "invoice.updated" && prefix == "x" {
					continue
				}
				for _, name := range names {
					if apitest.Member(o.Event.Properties, name) == nil && apitest.Member([]byte(raw), "data", "object", name) != nil && string(apitest.Member([]byte(raw), "data", "object", name)) != "null" {
						t.Errorf("there is no %s in %s", name, o.Event.Properties)
					}
				}
			}
		})
	}
	for _, event := range nobody { // what is about the business itself
		if strings.HasPrefix(event, "customer.") || strings.HasPrefix(event, "invoice.") || strings.HasPrefix(event, "charge.") && !strings.Contains(event, "dispute") {
			t.Errorf("%s concerns nobody", event)
		}
	}
}

func TestStripe_propertiesOfEachKind(t *testing.T) {
	t.Parallel()
	for _, b := range bodies(t, "stripe_events.json") {
		raw := strings.Replace(b.Raw, `"customer": null`, `"customer": "cus_00000000000000"`, 1)
		switch b.Event {
		case "invoice.paid":
			holds(t, one(t, "stripe", raw), map[string]string{"total": "20", "subtotal": "20", "amount_paid": "20", "amount_due": "20", "currency": `"USD"`, "status": `"paid"`,
				"invoice_lines": `[{"description":"(created by Stripe CLI)","quantity":1,"amount":20,"currency":"USD"}]`})
		case "charge.failed":
			holds(t, one(t, "stripe", raw), map[string]string{"amount": "20", "code": `"card_declined"`, "description": `"Your card was declined."`, "brand": `"visa"`, "last4": `"0002"`, "exp_month": "3", "exp_year": "2023", "status": `"failed"`})
		case "charge.succeeded":
			holds(t, one(t, "stripe", raw), map[string]string{"amount": "20", "currency": `"USD"`, "last4": `"4242"`, "status": `"succeeded"`, "code": ""})
		case "customer.subscription.created":
			holds(t, one(t, "stripe", raw), map[string]string{"subscription_start": `"2022-03-26T18:41:50.000Z"`, "subscription_end": `"2022-04-26T18:41:50.000Z"`, "status": `"active"`, "currency": `"USD"`,
				"subscription_items": `[{"name":"prod_00000000000000","quantity":1,"amount":15,"currency":"USD"}]`})
		case "payment_intent.canceled":
			holds(t, one(t, "stripe", raw), map[string]string{"amount": "20", "currency": `"USD"`, "status": `"canceled"`})
		}
	}
}

func stripeBody(kind, object string) string {
	return `{"id":"evt_x","object":"event","type":"` + kind + `","created":1648320107,"data":{"object":` + object + `}}`
}

func TestStripe_aCustomersOwnEventSetsAndOthersFillIn(t *testing.T) {
	t.Parallel()
	o := one(t, "stripe", stripeBody("customer.updated", `{"id":"cus_9","object":"customer","email":"Ada@Example.com","name":"Ada Obi Lovelace","phone":"+234 816 687 7840","delinquent":true,
		"address":{"city":"Lagos","country":"NG","line1":"1 Marina","line2":null,"state":null,"postal_code":"101241"},"metadata":{"user_id":"ada-1"}}`))
	want := map[string]string{"first_name": "Ada", "last_name": "Obi Lovelace", "number": "2348166877840", "email": "Ada@Example.com", "stripe_delinquent": "true",
		"stripe_address_city": `"Lagos"`, "stripe_address_country": `"NG"`, "stripe_address_line1": `"1 Marina"`, "stripe_address_line2": "", "stripe_address_state": "", "stripe_address_postal_code": `"101241"`}
	got := attributes(o.Set)
	for name, v := range want {
		if have, ok := got[name]; !ok || have != v {
			t.Errorf("%s is %q (%v), want %q", name, have, ok, v)
		}
	}
	if o.Person.UID != "ada-1" || !slices.Equal(o.Person.External, []string{"cus_9"}) || o.Person.Email != "Ada@Example.com" || !o.Fill.Empty() {
		t.Errorf("%+v, fills %+v", o.Person, o.Fill)
	}
	o = one(t, "stripe", stripeBody("invoice.paid", `{"object":"invoice","customer":"cus_9","customer_email":"billing@example.com","customer_name":"Ada","currency":"usd","total":1}`))
	if !o.Set.Empty() || attributes(o.Fill)["email"] != "billing@example.com" || o.Person.UID != "" {
		t.Errorf("an invoice sets %+v, fills %+v", o.Set, o.Fill)
	}
	o = one(t, "stripe", stripeBody("checkout.session.expired", `{"object":"checkout.session","client_reference_id":"ada-1","amount_total":1999,"currency":"eur","status":"expired","after_expiration":{"recovery":{"url":"https://buy.example.com/r"}}}`))
	holds(t, o, map[string]string{"checkout_url": `"https://buy.example.com/r"`, "total": "19.99", "currency": `"EUR"`, "status": `"expired"`})
	if o.Person.UID != "ada-1" {
		t.Errorf("%+v", o.Person)
	}
	o = one(t, "stripe", stripeBody("customer.source.expiring", `{"object":"card","customer":"cus_9","brand":"Visa","exp_month":3,"exp_year":2026,"last4":"4242"}`))
	holds(t, o, map[string]string{"brand": `"Visa"`, "exp_month": "3", "exp_year": "2026", "last4": `"4242"`})
	o = one(t, "stripe", stripeBody("customer.subscription.trial_will_end", `{"object":"subscription","customer":"cus_9","trial_start":1648320107,"trial_end":1650998510,"status":"trialing",
		"items":{"data":[{"quantity":2,"price":{"nickname":"Pro","unit_amount":150050,"currency":"ngn"},"current_period_start":1648320107,"current_period_end":1650998510}]}}`))
	holds(t, o, map[string]string{"trial_start": `"2022-03-26T18:41:47.000Z"`, "trial_end": `"2022-04-26T18:41:50.000Z"`, "subscription_end": `"2022-04-26T18:41:50.000Z"`, "currency": `"NGN"`,
		"subscription_items": `[{"name":"Pro","quantity":2,"amount":1500.5,"currency":"NGN"}]`})
}

func TestStripe_amountsAreInMajorUnits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ currency, amount, want string }{
		{"usd", "1999", "19.99"}, {"usd", "5", "0.05"}, {"usd", "0", "0"}, {"usd", "-1999", "-19.99"}, {"usd", "2000", "20"}, {"usd", "2010", "20.1"},
		{"jpy", "500", "500"}, {"krw", "1", "1"}, {"clp", "0", "0"}, {"vnd", "100000", "100000"}, {"xof", "1000", "1000"},
		{"kwd", "1999", "1.999"}, {"bhd", "10", "0.01"}, {"tnd", "1000", "1"},
		{"isk", "50000", "500"}, {"ugx", "50000", "500"}, // with two places by Stripe's own rule
		{"usd", "90071992547409931", "900719925474099.31"},
	} {
		o := one(t, "stripe", stripeBody("charge.succeeded", `{"object":"charge","customer":"c","amount":`+row.amount+`,"currency":"`+row.currency+`"}`))
		holds(t, o, map[string]string{"amount": row.want, "currency": `"` + strings.ToUpper(row.currency) + `"`})
	}
}

func TestStripe_theSeventeenEvents(t *testing.T) {
	t.Parallel()
	for _, event := range strings.Fields(`customer.created invoice.created invoice.finalized invoice.upcoming invoice.payment_succeeded invoice.paid invoice.payment_failed
		invoice.deleted invoice.voided invoice.marked_uncollectible charge.failed charge.succeeded customer.subscription.created customer.subscription.deleted
		customer.subscription.trial_will_end customer.source.expiring checkout.session.expired`) {
		o := one(t, "stripe", stripeBody(event, `{"id":"cus_9","customer":"cus_9","currency":"usd","total":100,"amount":100,"amount_total":100,"status":"x"}`))
		if o.Event.Event != event || !slices.Equal(o.Person.External, []string{"cus_9"}) {
			t.Errorf("%s became %s of %+v", event, o.Event.Event, o.Person)
		}
	}
}

func TestPaystack_everyBodyGivesTheTablesProperties(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, b := range bodies(t, "paystack_official_events.json") {
		reading, err := read(t, "paystack", b.Raw)
		if err != nil {
			t.Errorf("%s: %v", b.Event, err)
			continue
		}
		for _, c := range reading.Changes {
			o := c.(*app.Observe)
			seen[o.Event.Event]++
			if o.Person.Email == "" && len(o.Person.External) == 0 {
				t.Errorf("%s: nobody", b.Event)
			}
			data := apitest.Member([]byte(b.Raw), "data")
			for _, name := range []string{"status", "ip_address", "currency"} {
				if v := apitest.Member(data, name); v != nil && string(v) != "null" && apitest.Member(o.Event.Properties, name) == nil {
					t.Errorf("%s: there is no %s in %s", b.Event, name, o.Event.Properties)
				}
			}
			if v := strings.Trim(string(apitest.Member(data, "amount")), `"`); v != "" && v != "null" {
				whole := strings.TrimSuffix(v, "00")
				if got := string(apitest.Member(o.Event.Properties, "amount")); strings.HasSuffix(v, "00") && got != whole {
					t.Errorf("%s: the amount %s became %s", b.Event, v, got)
				}
			}
		}
		if len(reading.Changes) == 0 && !strings.HasPrefix(b.Event, "transfer.") && !strings.Contains(b.Raw, "Example Split") && reading.Note == "" {
			t.Errorf("%s: nothing, and no word why", b.Event)
		}
	}
	for _, event := range []string{"charge.success.one_time", "charge.success.subscription", "subscription.create", "subscription.disable", "customeridentification.success", "customeridentification.failed"} {
		if seen[event] == 0 {
			t.Errorf("no %s among %v", event, seen)
		}
	}
}

func TestPaystack_propertiesOfEachKind(t *testing.T) {
	t.Parallel()
	for _, b := range bodies(t, "paystack_official_events.json") {
		switch {
		case b.Event == "charge.success" && strings.Contains(b.Raw, "my_reference_3"):
			o := one(t, "paystack", b.Raw)
			holds(t, o, map[string]string{"amount": "251.26", "fees": "1.26", "currency": `"NGN"`, "status": `"success"`, "reference": `"my_reference_3"`})
			if got := attributes(o.Fill); got["first_name"] != "Mizz" || got["last_name"] != "Kaneah" || got["email"] != "mizz@kaneah.com" || got["number"] != "245421361" {
				t.Errorf("%v", got)
			}
			if !slices.Equal(o.Person.External, []string{"CUS_lht026y5q7p27o5", "id:112907911"}) || o.Event.At.String() != "2024-04-19T12:12:15.000Z" {
				t.Errorf("%+v at %s", o.Person, o.Event.At)
			}
		case b.Event == "charge.success" && strings.Contains(b.Raw, "PLN_a5vr5skxg72f4lr"):
			o := one(t, "paystack", b.Raw)
			holds(t, o, map[string]string{"plan_id": "60905", "plan_name": `"10% off first month"`, "plan_amount": "1100", "plan_currency": `"NGN"`})
			if o.Event.Event != "charge.success.subscription" {
				t.Error(o.Event.Event)
			}
		case b.Event == "charge.success" && strings.Contains(b.Raw, "paystack.shop"):
			holds(t, one(t, "paystack", b.Raw), map[string]string{"referrer": `"https://paystack.shop/pay/vt_68sby77g"`, "ip_address": `"129.222.206.7"`, "currency": `"KES"`})
		case b.Event == "subscription.create" && strings.Contains(b.Raw, "2016-05-19"):
			holds(t, one(t, "paystack", b.Raw), map[string]string{"amount": "500", "renewal_date": `"2016-05-19T07:00:00.000Z"`, "plan_id": `"PLN_gx2wn530m0i3w3m"`, "plan_amount": "500"})
		}
	}
	o := one(t, "paystack", `{"event":"charge.success","data":{"id":1,"amount":500000,"currency":"NGN","order_id":77,"customer":{"customer_code":"CUS_1","email":"a@example.com"},
		"metadata":{"referrer":"https://paystack.shop/mint","order":[{"id":5,"name":"Router","quantity":2,"amount":250000}],"custom_fields":[{"variable_name":"user_id","value":"ada-1"}]}}}`)
	holds(t, o, map[string]string{"amount": "5000", "order": `[{"id":5,"name":"Router","quantity":2,"amount":2500}]`})
	if o.Event.Event != "charge.success.storefront" || o.Person.UID != "ada-1" {
		t.Errorf("%s of %+v", o.Event.Event, o.Person)
	}
}

func TestFlutterwave_bothVersions(t *testing.T) {
	t.Parallel()
	var all struct {
		V3 []body `json:"v3"`
		V4 struct {
			Request struct{ Body json.RawMessage }
		} `json:"v4_example_with_headers"`
	}
	object(t, apitest.Shared(t, "data", "webhooks", "flutterwave_events.json"), &all)
	o := one(t, "flutterwave", all.V3[0].Raw)
	holds(t, o, map[string]string{"amount": "100", "currency": `"NGN"`, "status": `"successful"`, "app_fee": "1.4", "last4": `"7889"`, "tx_ref": `"Links-616626414629"`})
	if got := attributes(o.Fill); got["email"] != "user@gmail.com" || got["first_name"] != "Yemi" || !slices.Equal(o.Person.External, []string{"215604089"}) {
		t.Errorf("%v of %+v", got, o.Person)
	}
	if reading, err := read(t, "flutterwave", all.V3[1].Raw); err != nil || len(reading.Changes) != 0 || reading.Note == "" {
		t.Errorf("money that was sent: %+v, %v", reading, err)
	}
	o = one(t, "flutterwave", string(all.V4.Request.Body))
	holds(t, o, map[string]string{"amount": "25000", "currency": `"NGN"`, "status": `"succeeded"`, "payment_type": `"mobile_money"`, "processor_response": `"approved"`})
	if o.Person.Email != "ada.lovelace@example.com" || o.Event.At.String() != "2026-05-24T15:34:09.001Z" {
		t.Errorf("%+v at %s", o.Person, o.Event.At)
	}
}

func TestPaddle_transactionsSubscriptionsAndCustomers(t *testing.T) {
	t.Parallel()
	o := one(t, "paddle", `{"event_id":"evt_1","event_type":"transaction.completed","occurred_at":"2026-02-01T10:00:00.5Z","data":{"id":"txn_1","status":"completed","customer_id":"ctm_1","currency_code":"USD","origin":"web",
		"custom_data":{"user_id":7},"details":{"totals":{"subtotal":"3000","tax":"598","total":"3598","grand_total":"3598","fee":"230"}},
		"items":[{"quantity":10,"price":{"name":"Monthly","unit_price":{"amount":"300","currency_code":"USD"}}}]}}`)
	holds(t, o, map[string]string{"total": "35.98", "tax": "5.98", "fee": "2.3", "currency": `"USD"`, "status": `"completed"`, "transaction_id": `"txn_1"`,
		"items": `[{"name":"Monthly","quantity":10,"amount":3,"currency":"USD"}]`})
	if o.Person.UID != "7" || o.Key != "evt_1" || !slices.Equal(o.Person.External, []string{"ctm_1"}) || o.Event.At.String() != "2026-02-01T10:00:00.500Z" {
		t.Errorf("%+v", o)
	}
	o = one(t, "paddle", `{"event_id":"evt_2","event_type":"customer.updated","occurred_at":"2026-02-01T10:00:00Z","data":{"id":"ctm_1","email":"jo@example.com","name":"Jo Brown","status":"active","locale":"en","marketing_consent":false,"custom_data":null}}`)
	if got := attributes(o.Set); got["email"] != "jo@example.com" || got["last_name"] != "Brown" || got["paddle_marketing_consent"] != "false" || got["paddle_status"] != `"active"` {
		t.Errorf("%v", got)
	}
	o = one(t, "paddle", `{"event_id":"e","event_type":"subscription.updated","occurred_at":"2026-02-01T10:00:00Z","data":{"id":"sub_1","status":"active","customer_id":"ctm_1","currency_code":"JPY","next_billed_at":"2026-03-01T10:00:00Z","started_at":"2026-02-01T10:00:00Z",
		"items":[{"quantity":1,"price":{"description":"Pro","unit_price":{"amount":"1500","currency_code":"JPY"}}}]}}`)
	holds(t, o, map[string]string{"renewal_date": `"2026-03-01T10:00:00Z"`, "items": `[{"name":"Pro","quantity":1,"amount":1500,"currency":"JPY"}]`})
	if reading, err := read(t, "paddle", `{"event_id":"e","event_type":"price.updated","data":{"id":"pri_1","status":"active"}}`); err != nil || len(reading.Changes) != 0 || reading.Note == "" {
		t.Errorf("%+v, %v", reading, err)
	}
}

func TestRead_theTeamsOwnNameForTheIDWins(t *testing.T) {
	t.Parallel()
	i := &app.Integration{Kind: "stripe", Options: app.IntegrationOptions{UIDKeys: []string{"mint_id"}}}
	raw := stripeBody("charge.succeeded", `{"object":"charge","customer":"c","metadata":{"user_id":"wrong","mint_id":"right"}}`)
	reading, err := integration.Read(i, &integration.Request{Body: []byte(raw)}, integration.Env{Now: now})
	if err != nil || reading.Changes[0].(*app.Observe).Person.UID != "right" {
		t.Errorf("%+v, %v", reading, err)
	}
}
