package demo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"kith/app"
	"kith/app/integration"
)

// What MInt uses beside Kith: Paystack for cards, Mailgun for mail, and the program of
// its warehouse, whose hook somebody has mapped by hand.
const (
	paystack = iota
	mailgun
	warehouse
)

// serviceDays is how far back the services' hooks reach.
const serviceDays = 8

// hook is a body that a service posted, with the header that signs it.
type hook struct {
	service int
	at      app.Instant
	body    []byte
	header  http.Header
}

func connections() []*app.Integration {
	return []*app.Integration{
		paystack: {Kind: "paystack", Name: "Paystack", Secret: "sk_test_mint"},
		mailgun:  {Kind: "mailgun", Name: "Mailgun", Secret: "mint-signing-key", Tolerance: 5 * time.Minute},
		warehouse: {Kind: "webhook", Name: "Warehouse", Secret: "mint-warehouse", Options: app.IntegrationOptions{
			Signature: &app.HookSignature{Header: "X-Warehouse-Key", Algorithm: "token", Encoding: "hex"},
			Mapping:   &app.HookMapping{UID: "customer", Event: "what", Timestamp: "time", ID: "parcel.id", Properties: map[string]string{"router": "parcel.router", "city": "parcel.city"}},
		}},
	}
}

// services hands in what MInt's services have posted in the last days, as the hook desk
// would: each body checked, read, and stored with what it became.
func (w *world) services(ctx context.Context, store Store) (events int, err error) {
	w.makeHooks()
	all := connections()
	for _, in := range all {
		if err := store.CreateIntegration(ctx, in); err != nil {
			return 0, fmt.Errorf("connect %s: %w", in.Name, err)
		}
	}
	for i := range w.hooks {
		h := &w.hooks[i]
		in := all[h.service]
		// A hook comes when it happens, and is believed then.
		r, env := &integration.Request{Body: h.body, Header: h.header}, integration.Env{Now: h.at, Zone: time.UTC}
		b := app.Batch{Hook: &app.Hook{Integration: in.Row, Body: h.body, Header: []byte(`{"Content-Type":"application/json"}`)}}
		if b.Hook.Verified, err = integration.Verify(in, r, env); err != nil {
			return 0, fmt.Errorf("believe %s: %w", in.Name, err)
		}
		reading, err := integration.Read(in, r, env)
		b.Hook.Event = reading.Event
		if err != nil {
			b.Hook.State, b.Hook.Error = app.Failed, app.Public(err).Sentence()
		} else {
			b.Changes = reading.Changes
			events += len(reading.Changes)
		}
		results, err := store.Apply(ctx, b)
		if err != nil {
			return 0, fmt.Errorf("take a hook of %s: %w", in.Name, err)
		}
		for _, r := range results {
			if r.Err != nil {
				return 0, fmt.Errorf("take a hook of %s: %w", in.Name, r.Err)
			}
		}
	}
	return events, nil
}

// makeHooks follows the events of the last days: who bought something paid for it, who
// missed a payment was written to.
func (w *world) makeHooks() {
	people := map[string]*person{}
	for _, p := range w.persons {
		if !p.archived {
			people[p.uid] = p
		}
	}
	from := daysAgo(w.now, serviceDays)
	if p := w.regular; p != nil {
		w.pays(p, w.now-26*3_600_000, p.price(plans[p.plan].price), p.place.currency, plans[p.plan].name)
		w.writes(p, w.now-25*3_600_000, "Your receipt from MInt", true)
	}
	for i := range w.tracked {
		e := &w.tracked[i]
		p := people[e.uid]
		if p == nil || e.at < from {
			continue
		}
		switch e.event {
		case "Purchased bandwidth":
			var bought struct {
				Amount   float64
				Currency string
			}
			if err := json.Unmarshal(e.props.bytes(), &bought); err != nil {
				w.note(err)
				continue
			}
			w.pays(p, e.at, bought.Amount, bought.Currency, "")
		case "Missed payment":
			w.writes(p, e.at+60_000, "Your payment did not arrive", false)
		case "Signed up":
			w.sends(p, e.at+3_600_000, len(w.hooks)%17 != 5)
		}
	}
	if p := w.regular; p != nil {
		w.sends(p, w.now-3*3_600_000, false)
	}
	w.hooks = slices.DeleteFunc(w.hooks, func(h hook) bool { return h.at > w.now })
	slices.SortStableFunc(w.hooks, func(a, b hook) int { return int(a.at - b.at) })
}

// pays is a charge at Paystack; with a plan it is that of a subscription.
func (w *world) pays(p *person, at app.Instant, amount float64, currency, plan string) {
	id := 3_725_000_000 + int64(w.rand.IntN(9_000_000))
	name := p.given.written
	data := (&body{}).number("id", float64(id), 0).text("domain", "test").text("status", "success").text("reference", fmt.Sprintf("mint_%010x", id)).
		number("amount", amount*100, 0).text("gateway_response", "Approved").text("paid_at", at.String()).text("created_at", at.String()).
		text("channel", pick(w, []string{"card", "card", "bank_transfer", "mobile_money"})).text("currency", currency).number("fees", amount*1.5, 0).
		raw("metadata", (&body{}).text("user_id", p.uid).bytes()).
		raw("customer", (&body{}).number("id", float64(112_000_000+personNumber(p)), 0).text("first_name", name).text("last_name", p.family.written).some("email", p.email).
			text("customer_code", fmt.Sprintf("CUS_%015d", personNumber(p))).bytes()).
		raw("authorization", (&body{}).text("brand", pick(w, []string{"visa", "mastercard", "verve"})).text("last4", "4081").bytes())
	if plan != "" {
		data.raw("plan", (&body{}).text("name", plan).text("plan_code", "PLN_mint").bytes())
	} else {
		data.raw("plan", []byte("{}"))
	}
	b := (&body{}).text("event", "charge.success").raw("data", data.bytes()).bytes()
	mac := hmac.New(sha512.New, []byte(connections()[paystack].Secret))
	mac.Write(b)
	w.hooks = append(w.hooks, hook{paystack, at + 2_000, b, http.Header{"X-Paystack-Signature": {hex.EncodeToString(mac.Sum(nil))}}})
}

// personNumber is the number in a person's id.
func personNumber(p *person) (n int) {
	_, _ = fmt.Sscanf(p.uid, "mint_%d", &n)
	return n
}

// writes is what Mailgun reports of a message to p: delivered most of the time, and
// opened and clicked by some.
func (w *world) writes(p *person, at app.Instant, subject string, read bool) {
	if p.email == "" {
		return
	}
	message := fmt.Sprintf("%016x@mail.mint.example", w.rand.Uint64())
	if !read && w.oneIn(23) {
		w.mailgun(p, at, "failed", message, subject, "permanent")
		return
	}
	w.mailgun(p, at, "delivered", message, subject, "")
	opened := at + app.Instant((1+w.rand.IntN(300))*60_000)
	if !read && !w.percent(55) {
		return
	}
	w.mailgun(p, opened, "opened", message, subject, "")
	if read || w.percent(40) {
		w.mailgun(p, opened+40_000, "clicked", message, subject, "")
	}
}

func (w *world) mailgun(p *person, at app.Instant, event, message, subject, severity string) {
	e := (&body{}).text("id", fmt.Sprintf("%016x", w.rand.Uint64())).text("event", event).number("timestamp", float64(at)/1000, 3).text("recipient", p.email).
		raw("message", (&body{}).raw("headers", (&body{}).text("message-id", message).text("subject", subject).text("from", "MInt <hello@mail.mint.example>").bytes()).bytes()).
		texts("tags", []string{"billing"})
	switch event {
	case "clicked":
		e.text("url", "https://mint.example/pay")
	case "failed":
		e.text("severity", severity).text("reason", "bounce").raw("delivery-status", (&body{}).number("code", 550, 0).text("message", "5.1.1 No such mailbox").bytes())
	}
	stamp, token := fmt.Sprint(int64(at)/1000), fmt.Sprintf("%025x", w.rand.Uint64())
	mac := hmac.New(sha256.New, []byte(connections()[mailgun].Secret))
	mac.Write([]byte(stamp + token))
	signature := (&body{}).text("timestamp", stamp).text("token", token).text("signature", hex.EncodeToString(mac.Sum(nil)))
	b := (&body{}).raw("signature", signature.bytes()).raw("event-data", e.bytes()).bytes()
	w.hooks = append(w.hooks, hook{mailgun, at + 1_000, b, http.Header{"Content-Type": {"application/json"}}})
}

// sends is a router on its way, as the warehouse reports it; at times nobody there has
// filled in for whom.
func (w *world) sends(p *person, at app.Instant, known bool) {
	b := (&body{}).text("what", "Router sent").text("time", at.String())
	if known {
		b.text("customer", p.uid)
	}
	b.raw("parcel", (&body{}).text("id", fmt.Sprintf("P-%06d", w.rand.IntN(1_000_000))).text("router", pick(w, []string{"Leaf 2", "Leaf 3", "Twig"})).text("city", p.place.city).bytes())
	w.hooks = append(w.hooks, hook{warehouse, at, b.bytes(), http.Header{"X-Warehouse-Key": {connections()[warehouse].Secret}}})
}
