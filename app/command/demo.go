package command

import (
	"context"
	"log/slog"
	"time"

	"kith/app"
	"kith/app/demo"
	"kith/storage"
)

// fillDemo fills an empty data folder with the example company. A folder that holds
// anything is left as it is, and the log says so.
func (c *cli) fillDemo(ctx context.Context, db *storage.DB, log *slog.Logger) error {
	t, err := db.Totals(ctx)
	if err != nil {
		return err
	}
	if t.Customers > 0 || t.Events > 0 || t.Lists > 0 {
		log.Info("the data folder is not empty: the demo is left out", "folder", db.Folder(), "customers", t.Customers, "events", t.Events)
		return nil
	}
	log.Info("filling the data folder with MInt, an example company; this takes some seconds", "folder", db.Folder())
	start := time.Now()
	made, err := demo.Fill(ctx, db, db.Now(), demo.Size)
	if err != nil {
		return err
	}
	results, err := db.Apply(ctx, app.Batch{Changes: demo.Segments()})
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Err != nil {
			return r.Err
		}
	}
	log.Info("the example company is there", "customers", made.Customers, "accounts", made.Accounts, "lists", made.Lists,
		"events", made.Events+made.Reported, "took", time.Since(start).Round(time.Millisecond))
	return nil
}
