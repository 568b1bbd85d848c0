package command

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which Kith this is",
		Example: "  kith version",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			version, commit, date := buildInfo()
			_, err := fmt.Fprintf(c.out, "kith %s (commit %s of %s, %s %s/%s)\n", version, commit, date, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
