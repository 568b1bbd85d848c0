package command

import (
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"kith/app"

	"github.com/spf13/cobra"
)

func (c *cli) keys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List, create and revoke API keys",
		Example: `  kith keys list
  kith keys create website
  kith keys revoke 2`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var scopes string
	create := &cobra.Command{
		Use: "create NAME", Short: "Make a key pair and show its private key, once",
		Example: "  kith keys create shop --scopes track,read",
		Args:    exactly(1), RunE: func(cmd *cobra.Command, args []string) error { return c.keysCreate(cmd, args, scopes) },
	}
	create.Flags().StringVar(&scopes, "scopes", "", "what it may do, of track, read, manage, export and erase (default everything)")
	var keep time.Duration
	rotate := &cobra.Command{
		Use: "rotate ID", Short: "Make another private key for a pair; the one before works on for a while",
		Example: "  kith keys rotate 3 --keep 168h",
		Args:    exactly(1), RunE: func(cmd *cobra.Command, args []string) error { return c.keysRotate(cmd, args, keep) },
	}
	rotate.Flags().DurationVar(&keep, "keep", 24*time.Hour, "how long the private key before goes on working")
	cmd.AddCommand(create, rotate,
		&cobra.Command{Use: "list", Short: "List the key pairs", Example: "  kith keys list --data /srv/kith", Args: exactly(0), RunE: c.keysList},
		&cobra.Command{Use: "revoke ID", Short: "End a key pair; a running server notices within two seconds", Example: "  kith keys revoke 2", Args: exactly(1), RunE: c.keysRevoke},
	)
	return cmd
}

func (c *cli) keysList(cmd *cobra.Command, _ []string) error {
	db, err := c.open(cmd)
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := db.Keys(cmd.Context())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tPUBLIC KEY\tPRIVATE KEY\tMAY\tMADE\tLAST USED\tSTATE")
	for _, k := range keys {
		state, may := "works", "everything"
		if len(k.Scopes) > 0 {
			may = app.ScopeText(k.Scopes)
		}
		if k.RevokedAt != nil {
			state = "revoked " + day(k.RevokedAt)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\tends in %s\t%s\t%s\t%s\t%s\n", k.Row, k.Name, k.Public, k.PrivateHint, may, day(&k.CreatedAt), day(k.LastUsedAt), state)
	}
	return w.Flush()
}

func day(at *app.Instant) string {
	if at == nil {
		return "never"
	}
	return at.Time().Format(time.DateOnly)
}

func (c *cli) keysCreate(cmd *cobra.Command, args []string, scopes string) error {
	only, err := app.ParseScopes(scopes)
	if err != nil {
		return usageError{err}
	}
	db, err := c.openOrMake(cmd)
	if err != nil {
		return err
	}
	defer db.Close()
	k, private, err := db.CreateKey(cmd.Context(), args[0], only...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "public key   %s\nprivate key  %s\n\nThe private key is not kept: write it down now.\n", k.Public, private)
	return err
}

func (c *cli) keysRotate(cmd *cobra.Command, args []string, keep time.Duration) error {
	row, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return usageError{fmt.Errorf("%q is no key's ID; `kith keys list` shows them", args[0])}
	}
	if keep < 0 || keep > 90*24*time.Hour {
		return usageError{fmt.Errorf("--keep can be from 0 to 2160h, 90 days")}
	}
	db, err := c.open(cmd)
	if err != nil {
		return err
	}
	defer db.Close()
	until := db.Now() + app.Instant(keep.Milliseconds())
	k, private, err := db.RotateKey(cmd.Context(), row, until)
	if err != nil {
		return listed(err, "kith keys list")
	}
	_, err = fmt.Fprintf(c.out, "public key   %s (as before)\nprivate key  %s\n\nThe private key is not kept: write it down now. The one before works until %s.\n",
		k.Public, private, until.Time().UTC().Format("2006-01-02 15:04 MST"))
	return err
}

func (c *cli) keysRevoke(cmd *cobra.Command, args []string) error {
	row, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return usageError{fmt.Errorf("%q is no key's ID; `kith keys list` shows them", args[0])}
	}
	db, err := c.open(cmd)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.RevokeKey(cmd.Context(), row); err != nil {
		return listed(err, "kith keys list")
	}
	_, err = fmt.Fprintln(c.out, "Revoked.")
	return err
}
