package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kith/app/config"
	"kith/search"
	"kith/storage"

	"github.com/spf13/cobra"
)

func (c *cli) reindex() *cobra.Command {
	return &cobra.Command{
		Use:     "reindex",
		Short:   "Build the search index anew, also while a server runs, which answers from the old one meanwhile",
		Example: "  kith reindex\n  sudo kith reindex     # of the service",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.config(cmd)
			if err != nil {
				return err
			}
			return c.runReindex(cmd.Context(), cfg)
		},
	}
}

// runReindex asks whoever serves the data folder for a new index and waits for it; when
// nobody does, it builds the index itself.
func (c *cli) runReindex(ctx context.Context, cfg *config.Config) error {
	if err := kithIn(cfg.Data); err != nil {
		return err
	}
	db, err := storage.Open(ctx, cfg.Data, storage.Options{Log: c.logger("error")})
	if err == nil {
		return errors.Join(c.reindexHere(ctx, db), db.Close())
	}
	if !errors.Is(err, storage.ErrHeld) {
		return err
	}
	if err := search.Ask(cfg.Data); err != nil {
		return fmt.Errorf("ask the server for a new index: %w", err)
	}
	fmt.Fprintln(c.out, "The server builds a new search index and answers from the old one meanwhile; /v1/status says how far it is.")
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for search.Asked(cfg.Data) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not waited for to the end; the server goes on: %w", ctx.Err())
		}
	}
	fmt.Fprintln(c.out, "The new search index is in place.")
	return nil
}

// reindexHere builds the index of a folder that nobody serves.
func (c *cli) reindexHere(ctx context.Context, db *storage.DB) error {
	if err := search.Ask(db.Folder()); err != nil {
		return fmt.Errorf("note that a new index is wanted: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	engine := search.New(db, db.Folder(), search.Options{Log: c.logger("warn")})
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for search.Asked(db.Folder()) || engine.State().Phase != search.Following {
		select {
		case <-tick.C:
			if s := engine.State(); isTerminal(c.out) && s.Phase == search.Building {
				fmt.Fprintf(c.out, "\r%d of %d customers", s.Built, s.Of)
			}
			if s := engine.State(); s.Phase == search.Failing {
				cancel()
				return errors.Join(fmt.Errorf("build the search index: %w", s.Err), <-done)
			}
		case err := <-done:
			return errors.Join(err, ctx.Err())
		}
	}
	n := engine.Index().Indexed
	cancel()
	if err := <-done; err != nil {
		return err
	}
	if isTerminal(c.out) {
		fmt.Fprint(c.out, "\r")
	}
	fmt.Fprintf(c.out, "The search index is built: %d customers.\n", n)
	return nil
}
