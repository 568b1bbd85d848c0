package admin

import (
	"net/http"
	"strings"

	"kith/app"
)

// dossier answers everything that is kept about a customer, as a file.
func (a *Admin) dossier(c *call) (any, error) {
	customer, err := a.find(c)
	if err != nil {
		return nil, err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="dossier-`+customer.ID+`.json"`)
	c.Writer.WriteHeader(http.StatusOK)
	if err := a.o.Privacy.Dossier(c.Request.Context(), customer.Row, c.Writer); err != nil {
		a.o.Log.Error("write a dossier", "customer", customer.ID, "error", err)
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return nil, nil
}

// erasures says how many marks of erased people are kept.
func (a *Admin) erasures(c *call) (any, error) {
	n, err := a.store.Erased(c.Request.Context())
	return map[string]int64{"marks": n}, err
}

// who is an id, an address or a number that somebody typed.
func (c *call) who() (uid, email, number string, err error) {
	var in struct{ Who string }
	if err := c.decode(&in); err != nil {
		return "", "", "", err
	}
	uid = strings.TrimSpace(in.Who)
	if uid == "" {
		return "", "", "", app.Invalid("who", "type an id, an e-mail or a number")
	}
	if e, err := app.CheckEmail(uid); err == nil {
		email = e
	}
	if n, err := app.CheckNumber(uid); err == nil {
		number = n
	}
	return uid, email, number, nil
}

func (a *Admin) checkErasure(c *call) (any, error) {
	uid, email, number, err := c.who()
	if err != nil {
		return nil, err
	}
	erased, err := a.store.IsErased(c.Request.Context(), uid, email, number)
	return map[string]bool{"erased": erased}, err
}

// liftErasure lets somebody come back who asked for it.
func (a *Admin) liftErasure(c *call) (any, error) {
	uid, email, number, err := c.who()
	if err != nil {
		return nil, err
	}
	n, err := a.store.LiftErasure(c.Request.Context(), uid, email, number)
	return map[string]int64{"lifted": n}, err
}
