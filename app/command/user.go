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
)

func (c *cli) user() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, list and remove users of the dashboard, and mend a lost password",
		Args:  exactly(0),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	withDB := func(do func(*storage.DB, *cobra.Command, []string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, args []string) error {
			db, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return do(db, cmd, args)
		}
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List the users", Args: exactly(0), RunE: withDB(c.userList)},
		&cobra.Command{Use: "add EMAIL", Short: "Add a user; the password is read from the input", Args: exactly(1), RunE: withDB(c.userAdd)},
		&cobra.Command{Use: "passwd EMAIL", Short: "Set a user's password; all sessions of the user end", Args: exactly(1), RunE: withDB(c.userPassword)},
		&cobra.Command{Use: "remove EMAIL", Short: "Remove a user; all sessions of the user end", Args: exactly(1), RunE: withDB(c.userRemove)},
	)
	return cmd
}

func (c *cli) userList(db *storage.DB, cmd *cobra.Command, _ []string) error {
	users, err := db.Users(cmd.Context())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "E-MAIL\tADDED")
	for _, u := range users {
		fmt.Fprintf(w, "%s\t%s\n", u.Email, day(&u.CreatedAt))
	}
	return w.Flush()
}

func (c *cli) userAdd(db *storage.DB, cmd *cobra.Command, args []string) error {
	password, err := c.readPassword()
	if err != nil {
		return err
	}
	if err := addUser(cmd.Context(), db, args[0], password, app.RoleAdmin); err != nil {
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
		return err
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

func (c *cli) userRemove(db *storage.DB, cmd *cobra.Command, args []string) error {
	if err := db.RemoveUser(cmd.Context(), args[0]); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "Removed %s.\n", args[0])
	return err
}

// readPassword reads a line from the input: typed, or piped in by a script. It is
// never an argument, where other users of the machine would see it.
func (c *cli) readPassword() (string, error) {
	if isTerminal(os.Stdin) {
		fmt.Fprint(c.err, "Password (it shows as you type): ")
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if err != nil && line == "" {
		return "", fmt.Errorf("no password came in on the input")
	}
	return line, nil
}
