package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kith/app"
	"kith/app/backup"
	"kith/app/config"
	"kith/search"
	"kith/storage"

	"filippo.io/age"
	"github.com/spf13/cobra"
)

func (c *cli) backup() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup [FILE]",
		Short: "Write a backup, also while Kith is serving",
		Long: `Writes one state of the data to one file, packed and with a checksum, whether or not a
Kith has the data open; nobody waits for it. Without FILE it goes to the folder of backups
(backup.dir), and those beyond backup.keep are removed. It is encrypted as backup.recipients
or backup.passphrase say. What can be derived, such as the search index, is not in it.`,
		Example: `  kith backup
  kith backup /mnt/usb/kith.tar.zst
  kith backup - | ssh backup.example.com 'cat > kith.tar.zst'`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			return c.runBackup(cmd.Context(), cfg, args)
		},
	}
	return cmd
}

func (c *cli) runBackup(ctx context.Context, cfg *config.Config, args []string) error {
	runner, err := newBackups(cfg, c.logger("warn"))
	if err != nil {
		return err
	}
	began := time.Now()
	if len(args) == 0 {
		f, err := runner.Make(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%s  %s in %s\n", filepath.Join(cfg.BackupDir, f.Name), app.Bytes(f.Bytes), time.Since(began).Round(10*time.Millisecond))
		return err
	}
	recipients, err := backup.Recipients(cfg.BackupRecipients, cfg.BackupPassphrase)
	if err != nil {
		return err
	}
	s, err := storage.OpenSnapshot(ctx, cfg.Data)
	if err != nil {
		return err
	}
	defer s.Close()
	o := backup.Options{Version: Version, At: clock.Now(), Recipients: recipients}
	if args[0] == "-" {
		if isTerminal(c.out) {
			return usageError{errors.New("a backup is no text: send the output to a file or another program")}
		}
		_, err := backup.Write(c.out, s, o)
		return err
	}
	_, bytes, err := backup.Create(ctx, args[0], s, o)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s  %s in %s\n", args[0], app.Bytes(bytes), time.Since(began).Round(10*time.Millisecond))
	return err
}

func (c *cli) verify() *cobra.Command {
	var identity string
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Take a backup apart and look at everything in it",
		Long: `Checks the checksum, restores into a folder that is removed again, runs SQLite's
integrity_check and foreign_key_check, compares how many rows each table has with what the backup
says, and holds every counter against the rows. Without FILE it takes the newest of the
folder of backups. It needs room for the whole database beside FILE, or in --temp.`,
		Example: `  kith verify
  kith verify /mnt/usb/kith.tar.zst
  kith verify --identity key.txt kith-data/backups/kith-20260301-030000.tar.zst.age`,
		Args: atMost(1),
	}
	temp := cmd.Flags().String("temp", "", "a folder with room for the copy (default: beside the backup)")
	cmd.Flags().StringVar(&identity, "identity", "", "the key of an encrypted backup, as age-keygen made it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := c.config(cmd)
		if err != nil {
			return usageError{err}
		}
		file := ""
		if len(args) == 1 {
			file = args[0]
		} else if file, err = newestBackup(cfg); err != nil {
			return err
		}
		if err := isThere(file, cfg); err != nil {
			return err
		}
		identities, err := backup.Identities(identity, passphrase(cfg))
		if err != nil {
			return err
		}
		began := time.Now()
		m, err := verifyBackup(cmd.Context(), file, *temp, identities)
		if err != nil {
			return err
		}
		var rows int64
		for _, n := range m.Counts {
			rows += n
		}
		_, err = fmt.Fprintf(c.out, "%s is whole: made %s by Kith %s, %d customers and %d events, %d rows in %d tables, %s unpacked; looked at in %s\n",
			file, m.At.Time().Format(time.RFC3339), m.Kith, m.Counts["customers"], m.Counts["events"], rows, len(m.Counts), app.Bytes(m.Bytes), time.Since(began).Round(10*time.Millisecond))
		return err
	}
	return cmd
}

// passphrase is what opens a backup that was encrypted with one.
func passphrase(cfg *config.Config) string { return cfg.BackupPassphrase }

func newestBackup(cfg *config.Config) (string, error) {
	files, err := backup.List(cfg.BackupDir)
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", app.NotFound("There is no backup in %s. `kith backup` makes one.", cfg.BackupDir)
	}
	return filepath.Join(cfg.BackupDir, files[0].Name), nil
}

// isThere says where backups are when the one that was named is not there.
func isThere(file string, cfg *config.Config) error {
	switch info, err := os.Stat(file); {
	case errors.Is(err, fs.ErrNotExist):
		return app.NotFound("There is no file %s. The backups that this Kith made itself are in %s.", file, cfg.BackupDir)
	case err != nil:
		return err
	case info.IsDir():
		return app.Invalid("", "%s is a folder. Name one of the backups in it.", file)
	}
	return nil
}

// extractBackup takes a backup apart into folder, whose database it checks against the
// manifest, and returns the manifest.
func extractBackup(ctx context.Context, file, folder string, identities []age.Identity) (backup.Manifest, error) {
	in, err := os.Open(file)
	if err != nil {
		return backup.Manifest{}, err
	}
	defer in.Close()
	database := filepath.Join(folder, storage.FileName)
	m, err := backup.Extract(ctx, in, database, identities)
	if err != nil {
		return m, err
	}
	state, err := storage.CheckCopy(ctx, database)
	if err != nil {
		return m, err
	}
	return m, m.Check(state)
}

// verifyBackup restores a backup into a folder of its own, looks at everything, and
// removes it again.
func verifyBackup(ctx context.Context, file, temp string, identities []age.Identity) (m backup.Manifest, err error) {
	if temp == "" {
		temp = filepath.Dir(file)
	}
	folder, err := os.MkdirTemp(temp, ".kith-verify-")
	if err != nil {
		return m, fmt.Errorf("make a folder for the copy (--temp names another place): %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if m, err = extractBackup(ctx, file, folder, identities); err != nil {
		return m, err
	}
	// As it would be after a restore: with an older schema brought up to date.
	db, err := storage.Open(ctx, folder, storage.Options{})
	if err != nil {
		return m, err
	}
	return m, errors.Join(db.Check(ctx), db.Close())
}

func (c *cli) restore() *cobra.Command {
	var identity string
	var overwrite bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Bring a backup back",
		Long: `Takes the backup apart beside the data folder's database, checks it, and puts it in its
place. It refuses while a Kith has the folder open, and where there is data already; with
--overwrite that is moved to a folder beside it first, which you may remove later.

The restored Kith is in quarantine: it takes requests, but sends nothing (hooks passed on,
confirmations) until you say so on the dashboard or with "kith quarantine end", for what the
backup has waiting may have been sent long ago.`,
		Example: `  kith restore kith-data/backups/kith-20260301-030000.tar.zst --data ./restored
  kith restore --overwrite --identity key.txt /mnt/usb/kith.tar.zst.age`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			if err := isThere(args[0], cfg); err != nil {
				return err
			}
			identities, err := backup.Identities(identity, passphrase(cfg))
			if err != nil {
				return err
			}
			return c.runRestore(cmd.Context(), args[0], cfg.Data, overwrite, identities)
		},
	}
	cmd.Flags().StringVar(&identity, "identity", "", "the key of an encrypted backup, as age-keygen made it")
	cmd.Flags().BoolVar(&overwrite, "overwrite", false, "move the data that is there aside")
	return cmd
}

func (c *cli) runRestore(ctx context.Context, file, folder string, overwrite bool, identities []age.Identity) (err error) {
	letGo, err := storage.Hold(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, letGo()) }()
	_, serr := os.Stat(filepath.Join(folder, storage.FileName))
	if serr == nil && !overwrite {
		return app.Fail(app.CodeConflict, "There is data in %s already. --overwrite moves it aside, and --data names another folder.", folder)
	}
	temp, err := os.MkdirTemp(folder, ".restore-")
	if err != nil {
		return fmt.Errorf("make a folder for the copy: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	m, err := extractBackup(ctx, file, temp, identities)
	if err != nil {
		return err
	}
	fresh := filepath.Join(temp, storage.FileName)
	now := clock.Now()
	if err := storage.Restored(ctx, fresh, app.Quarantine{Since: app.InstantOf(now), Of: m.At, File: filepath.Base(file)}); err != nil {
		return err
	}
	inPlace, err := storage.BeginExchange(folder)
	if err != nil {
		return err
	}
	aside, err := moveAside(folder, now)
	if err != nil {
		return err
	}
	if err := os.Rename(fresh, filepath.Join(folder, storage.FileName)); err != nil {
		return err
	}
	if err := inPlace(); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s is restored from %s: %d customers and %d events as of %s.\n", folder, file, m.Counts["customers"], m.Counts["events"], m.At.Time().Format(time.RFC3339))
	if aside != "" {
		fmt.Fprintf(c.out, "What was there is in %s; remove it when you no longer need it.\n", aside)
	}
	_, err = fmt.Fprint(c.out, "It is in quarantine: nothing is sent until you run `kith quarantine end`, or say so on the dashboard.\n")
	return err
}

// belongings are what in a data folder goes with its database. The index and the columns
// are derived from it, and made anew.
var belongings = []string{storage.FileName, storage.FileName + "-wal", storage.FileName + "-shm", search.FolderName, "columns.snapshot", "imports"}

// moveAside moves what goes with a database to a folder of its own, "" when there was nothing.
func moveAside(folder string, now time.Time) (string, error) {
	first := filepath.Join(folder, "before-restore-"+now.UTC().Format("20060102-150405"))
	aside := first
	for n := 2; ; n++ { // another restore of the same second has what was there before it
		if _, err := os.Lstat(aside); err != nil {
			break
		}
		aside = fmt.Sprintf("%s-%d", first, n)
	}
	moved := ""
	for _, name := range belongings {
		from := filepath.Join(folder, name)
		if _, err := os.Lstat(from); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := os.MkdirAll(aside, 0o700); err != nil {
			return "", err
		}
		if err := os.Rename(from, filepath.Join(aside, name)); err != nil {
			return "", fmt.Errorf("move what is there aside: %w", err)
		}
		moved = aside
	}
	return moved, nil
}

func (c *cli) quarantine() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "After a restore: let what waits be sent, or give it up",
		Long: `A restored Kith sends nothing (hooks passed on, confirmations) until that is confirmed here
or on the dashboard. A Kith that is serving notices within two seconds.`,
		Example: `  kith quarantine             # says whether there is one, and what waits
  kith quarantine end         # what waits is sent
  kith quarantine end --discard   # what waits is given up; what comes from now on is sent`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			q, err := db.Quarantine(cmd.Context())
			if err != nil {
				return err
			}
			if q == nil {
				_, err := fmt.Fprintln(c.out, "There is no quarantine: what is to be sent is sent.")
				return err
			}
			n, err := db.OutgoingWaiting(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.out, "Nothing is sent since %s, when %s (of %s) was restored; %d requests wait.\n",
				q.Since.Time().Format(time.RFC3339), q.File, q.Of.Time().Format(time.RFC3339), n)
			return err
		},
	}
	var discard bool
	end := &cobra.Command{
		Use: "end", Short: "Send from now on", Args: exactly(0),
		Example: "  kith quarantine end\n  kith quarantine end --discard",
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			n, err := db.EndQuarantine(cmd.Context(), discard)
			if err != nil {
				return err
			}
			what := "are sent now"
			if discard {
				what = "were given up"
			}
			_, err = fmt.Fprintf(c.out, "The quarantine is over; %d requests that waited %s.\n", n, what)
			return err
		},
	}
	end.Flags().BoolVar(&discard, "discard", false, "give up what waits")
	cmd.AddCommand(end)
	return cmd
}

// atMost takes up to n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usageError{fmt.Errorf("use: kith %s", cmd.UseLine()[len("kith "):])}
		}
		return nil
	}
}

var _ io.WriterTo = (*storage.Snapshot)(nil)
