package api

import (
	"context"

	"kith/app"
)

// doer is who calls, for the audit log: a pair of keys, or a connection by its own.
func (c *call) doer() app.Doer {
	d := app.Doer{Address: c.ClientIP()}
	switch {
	case c.key != nil && c.api.o.AnyKey:
		d.By, d.Public = app.ByAnyKey, !c.trusted
	case c.key != nil:
		d.By, d.Public = app.ByKey(c.key.Row), !c.trusted
	case c.through != 0:
		d.By = app.ByIntegration(c.through)
	}
	return d
}

// deed does what only reads, but so much that an owner will want to know who did: it is in
// the audit log before the first byte leaves, and again at its end.
func (c *call) deed(action, target string, detail map[string]any, do func() ([]byte, error)) (body []byte, err error) {
	ctx := c.lasting()
	row, err := c.api.store.BeginDeed(ctx, action, target, detail)
	if app.CodeOf(err) == app.CodeUnavailable && err != nil { // a full disk may still be read from
		c.api.o.Log.Error("the disk takes no line of the audit log", "action", action, "target", target, "by", c.doer().By, "error", err)
		err = nil
	}
	if err != nil {
		return nil, err
	}
	state := app.DeedFailed
	defer func() { c.endDeed(ctx, row, action, state) }() // also when the client hangs up, which panics
	if body, err = do(); err == nil {
		state = app.DeedDone
	}
	return body, err
}

func (c *call) endDeed(ctx context.Context, row int64, action string, state app.DeedState) {
	if err := c.api.store.EndDeed(ctx, row, state, nil); err != nil {
		c.api.o.Log.Error("write the end of a deed to the audit log", "action", action, "error", err)
	}
}
