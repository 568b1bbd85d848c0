package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

func (c *cli) initialise() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a commented " + defaultConfig + " here",
		Long: `The file has every setting with its default and what it is for. It is written to this
folder, from where ` + "`kith serve`" + ` reads it; one that is there is left alone.`,
		Example: "  kith init && kith serve",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			f, err := os.OpenFile(defaultConfig, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("there is a %s here already; it was left as it is", defaultConfig)
			}
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := f.Write(c.example); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.out, "Wrote %s. `kith serve` reads it from this folder.\n", defaultConfig)
			return err
		},
	}
}
