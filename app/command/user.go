package command

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"kith/app"
	"kith/app/admin"
	"kith/storage"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (c *cli) user() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, list and remove users of the dashboard, and mend a lost password",
		Example: `  kith user list
  kith user add ada@example.com
  kith user passwd ada@example.com < password.txt`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	type opener = func(*cobra.Command) (*storage.DB, error)
	with := func(open opener, do func(*storage.DB, *cobra.Command, []string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, args []string) error {
			db, err := open(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return do(db, cmd, args)
		}
	}
	withDB := func(do func(*storage.DB, *cobra.Command, []string) error) func(*cobra.Command, []string) error {
		return with(c.open, do)
	}
	var role string
	add := &cobra.Command{
		Use: "add EMAIL", Short: "Add a user; the password is read from the input",
		Example: "  kith user add ada@example.com --role developer < password.txt",
		Args:    exactly(1), RunE: with(c.openOrMake, func(db *storage.DB, cmd *cobra.Command, args []string) error { return c.userAdd(db, cmd, args, role) }),
	}
	add.Flags().StringVar(&role, "role", string(app.RoleAdmin), "owner, admin, manager, developer or member; the first user is the owner")
	cmd.AddCommand(
		add,
		&cobra.Command{
			Use: "role EMAIL ROLE", Short: "Give a user another role; all sessions of the user end",
			Example: "  kith user role ada@example.com manager",
			Args:    exactly(2), RunE: withDB(c.userRole),
		},
		&cobra.Command{
			Use: "totp-off EMAIL", Short: "Turn a user's second factor off; all sessions of the user end",
			Example: "  kith user totp-off ada@example.com",
			Args:    exactly(1), RunE: withDB(c.userTOTPOff),
		},
		&cobra.Command{Use: "list", Short: "List the users", Example: "  kith user list", Args: exactly(0), RunE: withDB(c.userList)},
		&cobra.Command{Use: "passwd EMAIL", Short: "Set a user's password; all sessions of the user end", Example: "  kith user passwd ada@example.com", Args: exactly(1), RunE: withDB(c.userPassword)},
		&cobra.Command{Use: "remove EMAIL", Short: "Remove a user; all sessions of the user end", Example: "  kith user remove ada@example.com", Args: exactly(1), RunE: withDB(c.userRemove)},
	)
	return cmd
}

func (c *cli) userList(db *storage.DB, cmd *cobra.Command, _ []string) error {
	users, err := db.Users(cmd.Context())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "E-MAIL\tROLE\tSIGNS IN BY\tADDED")
	for _, u := range users {
		by := "password"
		if u.TOTP != nil {
			by = "password and code"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", u.Email, u.Role, by, day(&u.CreatedAt))
	}
	return w.Flush()
}

func (c *cli) userAdd(db *storage.DB, cmd *cobra.Command, args []string, role string) error {
	as, err := app.ParseRole(role)
	if err != nil {
		return usageError{err}
	}
	if _, err := app.CheckEmail(args[0]); err != nil {
		return fmt.Errorf("%w; write one such as ada@example.com", err)
	}
	password, err := c.readPassword()
	if err != nil {
		return err
	}
	if err := addUser(cmd.Context(), db, args[0], password, as); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "Added %s.\n", args[0])
	return err
}

func addUser(ctx context.Context, db *storage.DB, email, password string, role app.Role) error {
	email, err := app.CheckEmail(email)
	if err != nil {
		return err
	}
	hash, err := admin.HashPassword(password, email)
	if err != nil {
		return err
	}
	return db.CreateUser(ctx, email, hash, role)
}

func (c *cli) userPassword(db *storage.DB, cmd *cobra.Command, args []string) error {
	if _, err := db.UserByEmail(cmd.Context(), args[0]); err != nil {
		return listed(err, "kith user list")
	}
	password, err := c.readPassword()
	if err != nil {
		return err
	}
	hash, err := admin.HashPassword(password, args[0])
	if err != nil {
		return err
	}
	if err := db.SetPassword(cmd.Context(), args[0], hash); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "The password of %s is changed, and all its sessions have ended.\n", args[0])
	return err
}

func (c *cli) userRole(db *storage.DB, cmd *cobra.Command, args []string) error {
	role, err := app.ParseRole(args[1])
	if err != nil {
		return usageError{err}
	}
	u, err := db.UserByEmail(cmd.Context(), args[0])
	if err != nil {
		return listed(err, "kith user list")
	}
	if err := db.SetRole(cmd.Context(), u.Row, role); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s is %s now, and all its sessions have ended.\n", u.Email, role)
	return err
}

func (c *cli) userTOTPOff(db *storage.DB, cmd *cobra.Command, args []string) error {
	u, err := db.UserByEmail(cmd.Context(), args[0])
	if err != nil {
		return listed(err, "kith user list")
	}
	if u.TOTP == nil {
		return app.Fail(app.CodeConflict, "%s has no second factor.", u.Email)
	}
	if err := db.SetTOTP(cmd.Context(), u.Row, nil, 0, nil); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "The second factor of %s is off, and all its sessions have ended.\n", u.Email)
	return err
}

func (c *cli) userRemove(db *storage.DB, cmd *cobra.Command, args []string) error {
	if err := db.RemoveUser(cmd.Context(), args[0]); err != nil {
		return listed(err, "kith user list")
	}
	_, err := fmt.Fprintf(c.out, "Removed %s.\n", args[0])
	return err
}

// readPassword reads a line from the input: typed, or piped in by a script. It is
// never an argument, where other users of the machine would see it.
func (c *cli) readPassword() (string, error) {
	if isTerminal(os.Stdin) {
		fmt.Fprint(c.err, "Password (it does not show): ")
		line, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(c.err)
		if err != nil {
			return "", fmt.Errorf("read the password: %w; it can be piped in too: kith user add EMAIL < FILE", err)
		}
		return string(line), nil
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if err != nil && line == "" {
		return "", fmt.Errorf("no password came in on the input: type it, or pipe it in: kith user add EMAIL < FILE")
	}
	return line, nil
}
