package command

import (
	"fmt"
	"text/tabwriter"
	"time"

	"kith/app"

	"github.com/spf13/cobra"
)

func (c *cli) retention() *cobra.Command {
	var keep string
	cmd := &cobra.Command{
		Use:   "retention",
		Short: "Say which events would be removed for their age; removes nothing",
		Long: `Says, by name, how many events are older than events.keep, or than --keep. While Kith
serves, those of events.keep go within a day after they have become too old, in small steps:
from counts, timelines, exports and segments, where "never bought" may turn true; and with
them what their repeats would be recognised by. Backups keep what they hold.`,
		Example: `  kith retention --keep 2y   # what a limit would remove, before you set it
  kith retention             # what goes next by events.keep`,
		Args: exactly(0),
	}
	cmd.Flags().StringVar(&keep, "keep", "", "how long events are kept, such as 90d, 18m or 2y (default: events.keep)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := c.config(cmd)
		if err != nil {
			return usageError{err}
		}
		age := cfg.EventsKept
		if keep != "" {
			if age, err = app.ParseAge(keep); err != nil {
				return usageError{fmt.Errorf(`--keep must be a time such as "90d", "18m" or "2y", not %q`, keep)}
			}
		}
		if age == (app.Age{}) {
			_, err := fmt.Fprintln(c.out, `Events are kept for ever (events.keep). --keep 2y says what would go.`)
			return err
		}
		db, err := c.open(cmd)
		if err != nil {
			return err
		}
		defer db.Close()
		before := age.Before(clock.Now())
		names, err := db.Expiring(cmd.Context(), app.InstantOf(before))
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', tabwriter.AlignRight)
		var events int64
		for _, n := range names {
			if events == 0 {
				fmt.Fprintln(w, "GO\tOF\t  EVENT")
			}
			fmt.Fprintf(w, "%d\t%d\t  %s\n", n.Events, n.Of, n.Name)
			events += n.Events
		}
		if err := w.Flush(); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%d events are from before %s (UTC). Nothing was removed.\n", events, before.Format(time.DateOnly))
		return err
	}
	return cmd
}
