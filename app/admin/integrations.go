package admin

import (
	"encoding/json"
	"io"
	"time"

	"kith/app"
	"kith/app/hook"
	"kith/app/integration"
)

// serviceView is a service that can be connected.
type serviceView struct {
	Kind    string            `json:"kind"`
	Name    string            `json:"name"`
	Group   integration.Group `json:"group"`
	Secret  string            `json:"secret"`
	Where   string            `json:"where"`
	Signs   bool              `json:"signs"`
	Dated   bool              `json:"dated"`
	Example string            `json:"example"`
}

// tileView is a connection with how it is doing.
type tileView struct {
	hook.IntegrationView
	Service string             `json:"service"`
	Group   integration.Group  `json:"group"`
	Today   map[string]int64   `json:"today"`
	Days    []dayView          `json:"days"`
	Failure *hook.DeliveryView `json:"last_failure"`
}

// tileDays is how many days the small plot of a tile has: weekdays meet weekdays.
const tileDays = 28

func (a *Admin) tile(c *call, i *app.Integration) (tileView, error) {
	today := app.DayOf(app.InstantOf(a.o.Clock.Now()))
	if err := a.store.Tiles(c.Request.Context(), i, today-tileDays+1); err != nil {
		return tileView{}, err
	}
	service := integration.Find(i.Kind)
	v := tileView{IntegrationView: a.o.Hooks.View(i), Service: service.Name, Group: service.Group, Today: map[string]int64{}, Days: []dayView{}}
	for s := range app.DeliveryState(app.DeliveryStateCount) {
		v.Today[s.String()] = 0
	}
	at := map[int64]int64{}
	for _, d := range i.Days {
		for s, n := range d.States {
			at[d.Day] += n
			if d.Day == today {
				v.Today[app.DeliveryState(s).String()] = n
			}
		}
	}
	for day := today - tileDays + 1; day <= today; day++ {
		v.Days = append(v.Days, dayView{time.UnixMilli(day * app.DayMillis).UTC().Format(time.DateOnly), at[day]})
	}
	if i.LastFailure != nil {
		f := hook.ViewDelivery(i.LastFailure)
		f.Became = nil
		v.Failure = &f
	}
	return v, nil
}

func (a *Admin) integrations(c *call) (any, error) {
	all, err := a.store.Integrations(c.Request.Context())
	if err != nil {
		return nil, err
	}
	tiles := []tileView{}
	for i := range all {
		v, err := a.tile(c, &all[i])
		if err != nil {
			return nil, err
		}
		tiles = append(tiles, v)
	}
	services := []serviceView{}
	for _, s := range integration.Services {
		services = append(services, serviceView{s.Kind, s.Name, s.Group, s.Secret, s.Where, s.Signs, s.Dated, s.Example})
	}
	return map[string]any{"data": tiles, "services": services, "base_url": a.base(c)}, nil
}

func (a *Admin) integration(c *call) (any, error) {
	i, err := a.store.FindIntegration(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return a.tile(c, i)
}

// saveIntegration makes a connection, or changes one.
func (a *Admin) saveIntegration(c *call) (any, error) {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, app.Invalid("", "the body cannot be read: %v", err)
	}
	var i *app.Integration
	if id := c.Param("id"); id != "" {
		i, err = a.o.Hooks.Update(c.Request.Context(), id, body)
	} else {
		i, err = a.o.Hooks.Create(c.Request.Context(), body)
	}
	if err != nil {
		return nil, err
	}
	return a.tile(c, i)
}

func (a *Admin) deleteIntegration(c *call) (any, error) {
	i, err := a.store.FindIntegration(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, a.store.DeleteIntegration(c.Request.Context(), i)
}

func (a *Admin) deliveries(c *call) (any, error) {
	ctx := c.Request.Context()
	i, err := a.store.FindIntegration(ctx, c.Param("id"))
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 50, 200)
	if err != nil {
		return nil, err
	}
	f := app.DeliveryFilter{Integration: i.Row}
	if f.State, err = hook.ParseState(c.Query("state")); err != nil {
		return nil, err
	}
	if v := c.Query("next_cursor"); v != "" {
		if f.Before, err = a.store.DeliveryRow(v); err != nil {
			return nil, err
		}
	}
	list, more, err := a.store.Deliveries(ctx, f, limit)
	if err != nil {
		return nil, err
	}
	out := []hook.DeliveryView{}
	for n := range list {
		out = append(out, hook.ViewDelivery(&list[n]))
	}
	e := &envelope{Data: out}
	if more {
		e.Next = list[len(list)-1].ID
	}
	return e, nil
}

// deliveryDetail is a delivery with the pages of the customers that it concerns.
type deliveryDetail struct {
	hook.DeliveryView
	// Customers are internal ids by the ids that stand in what the body became.
	Customers map[string]string `json:"customers"`
}

func (a *Admin) delivery(c *call) (any, error) {
	i, err := a.store.FindIntegration(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return a.fullDelivery(c, i, c.Param("did"))
}

func (a *Admin) fullDelivery(c *call, i *app.Integration, id string) (any, error) {
	ctx := c.Request.Context()
	v, err := a.o.Hooks.Full(ctx, i, id)
	if err != nil {
		return nil, err
	}
	out := deliveryDetail{v, map[string]string{}}
	var became []struct{ UID string }
	if err := json.Unmarshal(v.Became, &became); err != nil {
		return nil, err
	}
	for _, b := range became {
		if len(out.Customers) >= 50 { // a batch may concern thousands
			break
		}
		row, err := a.store.Find(ctx, b.UID)
		if err != nil {
			continue // deleted since
		}
		if customer, err := a.store.Customer(ctx, row); err == nil {
			out.Customers[b.UID] = customer.ID
		}
	}
	return out, nil
}

// replay tries a delivery again, as it is or as a person mended it.
func (a *Admin) replay(c *call) (any, error) {
	i, err := a.store.FindIntegration(c.Request.Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, app.Invalid("", "the body cannot be read: %v", err)
	}
	mended, err := hook.Mended(body)
	if err != nil {
		return nil, err
	}
	d, err := a.o.Hooks.Replay(c.Request.Context(), i, c.Param("did"), mended)
	if err != nil {
		return nil, err
	}
	return a.fullDelivery(c, i, d.ID)
}

// integrationsLive tells of each delivery as it is stored.
func (a *Admin) integrationsLive(c *call) (any, error) {
	notices, stop := a.o.Hooks.Watch()
	defer stop()
	send := c.stream()
	if err := send("", nil); err != nil {
		return nil, nil
	}
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		var err error
		select {
		case n := <-notices:
			err = send("delivery", map[string]any{"integration": n.Integration, "delivery": hook.ViewDelivery(&n.Delivery)})
		case <-tick.C:
			err = send("", nil)
		case <-c.Request.Context().Done():
			return nil, nil
		}
		if err != nil {
			return nil, nil // the page has gone
		}
	}
}
