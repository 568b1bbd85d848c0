package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"kith/app"
	"kith/app/backup"
	"kith/app/config"
	"kith/storage"

	"github.com/spf13/cobra"
)

// How bad a finding is.
const (
	fine = "ok"
	warn = "warn"
	bad  = "FAIL"
)

// finding is one thing that was looked at; do says what to do about it.
type finding struct{ state, what, says, do string }

// doctor gathers findings.
type doctor struct {
	cfg      *config.Config
	findings []finding
	running  bool // a Kith has the data folder open
}

func (d *doctor) add(state, what, do, says string, args ...any) {
	d.findings = append(d.findings, finding{state, what, fmt.Sprintf(says, args...), do})
}

func (c *cli) doctor() *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what could be wrong with this machine, the settings and the data",
		Long: `Looks at the configuration, the data folder and its permissions, the disk and how soon it
keeps what is written, the clock, the address, the certificates, the database and the
backups, beside a Kith that may be running. It changes nothing. Ends with 1 when something must be mended; what is
only a warning does not count.`,
		Example: `  kith doctor
  kith doctor --full --config /etc/kith/kith.toml   # looks through the whole database too`,
		Args: exactly(0),
	}
	cmd.Flags().BoolVar(&full, "full", false, "look through the whole database (0.4 s for a million events)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d := &doctor{}
		cfg, err := c.config(cmd)
		if err != nil {
			d.add(bad, "configuration", "Mend that setting; `kith init` writes a file that explains each.", "%v", err)
		} else {
			d.cfg = cfg
			d.add(fine, "configuration", "", "read; `kith serve --print-config` says where each value comes from")
			for _, stray := range config.Strays(os.Environ()) {
				d.add(warn, "environment", "Write it as config.example.toml, which `kith init` writes, says; or remove it.", "%s", stray)
			}
			d.examine(cmd.Context(), full)
		}
		return d.print(c)
	}
	return cmd
}

func (d *doctor) examine(ctx context.Context, full bool) {
	if d.folder() {
		d.disk()
		d.sync()
		d.database(ctx, full)
	}
	d.clock()
	d.address(ctx)
	d.certificates(ctx)
	d.backups()
	d.descriptors()
}

func (d *doctor) print(c *cli) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	failed, warned := 0, 0
	for _, f := range d.findings {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.state, f.what, f.says)
		if f.state != fine {
			fmt.Fprintf(w, "\t\t→ %s\n", f.do)
		}
		switch f.state {
		case bad:
			failed++
		case warn:
			warned++
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return app.Fail(app.CodeUnavailable, "%d of %d things must be mended.", failed, len(d.findings))
	}
	_, err := fmt.Fprintf(c.out, "\nNothing must be mended; %d warnings.\n", warned)
	return err
}

// folder looks at the data folder and reports whether there is one to look into.
func (d *doctor) folder() bool {
	const what = "data folder"
	info, err := os.Stat(d.cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add(warn, what, "`kith serve` makes it at its first start; if there should be data, name its folder with --data.", "%s is not there", d.cfg.Data)
		return false
	case err != nil || !info.IsDir():
		d.add(bad, what, "Name a folder that this user may use with --data, or mend its permissions.", "%s is no folder that can be read: %v", d.cfg.Data, err)
		return false
	}
	probe, err := os.CreateTemp(d.cfg.Data, ".doctor-")
	if err != nil {
		d.add(bad, what, "Run the doctor as the user that runs Kith, or give that user the folder: chown -R USER "+d.cfg.Data, "%s cannot be written: %v", d.cfg.Data, err)
		return true
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	for _, name := range []string{".", storage.FileName} {
		info, err := os.Stat(filepath.Join(d.cfg.Data, name))
		if err == nil && permissionsCount && info.Mode().Perm()&0o077 != 0 {
			d.add(bad, what, fmt.Sprintf("chmod go= %s", filepath.Join(d.cfg.Data, name)), "others on this machine may read %s", filepath.Join(d.cfg.Data, name))
			return true
		}
		f, err := os.Open(filepath.Join(d.cfg.Data, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.add(bad, what, "Run the doctor as the user that runs Kith.", "%v", err)
			return true
		}
		_ = f.Close()
	}
	if !permissionsCount {
		d.add(fine, what, "", "%s can be written", d.cfg.Data)
		return true
	}
	d.add(fine, what, "", "%s can be written, and only by its owner", d.cfg.Data)
	return true
}

func (d *doctor) disk() {
	disk := storage.DiskOf(d.cfg.Data)
	free, total, size := disk.Free, disk.Total, disk.Database+disk.Log // what is in the log is data like the rest
	switch {
	case total == 0:
		d.add(warn, "disk", "Look yourself that there is space.", "the system does not say how much is free")
	case free < d.cfg.DiskReserve:
		d.add(bad, "disk", "Free some space, or lower disk.reserve: writing is off.", "%s are free, and %s are kept back", app.Bytes(free), app.Bytes(d.cfg.DiskReserve))
	case free < 2*d.cfg.DiskReserve || free < 2*size:
		d.add(warn, "disk", "Free some space: a new version may have to copy the database first, and backups need room.", "%s are free of %s, the database has %s", app.Bytes(free), app.Bytes(total), app.Bytes(size))
	default:
		d.add(fine, "disk", "", "%s are free of %s, the database has %s", app.Bytes(free), app.Bytes(total), app.Bytes(size))
	}
}

// Syncs that are slower than slowSync keep every request waiting; those that are faster than
// noSync keep nothing.
const (
	slowSync = 20 * time.Millisecond
	noSync   = 20 * time.Microsecond
)

// sync measures how long the disk takes to keep a page.
func (d *doctor) sync() {
	f, err := os.CreateTemp(d.cfg.Data, ".doctor-")
	if err != nil {
		return // said already
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page, took := make([]byte, 4096), make([]time.Duration, 25)
	for i := range took {
		began := time.Now()
		_, err := f.Write(page)
		if err == nil {
			err = f.Sync()
		}
		if err != nil {
			d.add(bad, "fsync", "Check the disk and the system's log.", "a page cannot be written: %v", err)
			return
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	median := took[len(took)/2]
	switch text := median.Round(10 * time.Microsecond).String(); {
	case median > slowSync:
		d.add(warn, "fsync", "Each answered write waits for this: use a local SSD, no network disk.", "the disk takes %s to keep a page", text)
	case median < noSync:
		d.add(warn, "fsync", "After a power cut, answered writes may be gone: use a disk that keeps what it says it keeps.", "the disk keeps a page in %s: it lives in memory, or does not wait", text)
	default:
		d.add(fine, "fsync", "", "the disk keeps a page in %s", text)
	}
}

// database looks into the database, beside a Kith that may have it open.
func (d *doctor) database(ctx context.Context, full bool) {
	const what = "database"
	letGo, err := storage.Hold(ctx, d.cfg.Data)
	if d.running = errors.Is(err, storage.ErrHeld); err == nil {
		err = letGo()
	}
	if err != nil && !d.running {
		d.add(bad, what, "Check the folder's permissions.", "%v", err)
		return
	}
	s, err := storage.OpenSnapshot(ctx, d.cfg.Data)
	if app.CodeOf(err) == app.CodeNotFound && err != nil {
		d.add(warn, what, "`kith serve` makes one; `kith restore FILE` brings a backup back.", "there is none in %s yet", d.cfg.Data)
		return
	}
	if err != nil {
		d.add(bad, what, "Restore a backup: `kith restore --overwrite FILE`.", "it cannot be read: %v", err)
		return
	}
	defer s.Close()
	state := s.State()
	if newest := storage.Schema(); state.Schema > newest {
		d.add(bad, what, "Run the newer Kith that wrote it.", "it is of schema %d, and this Kith knows up to %d", state.Schema, newest)
		return
	}
	if full {
		if err := s.QuickCheck(ctx); err != nil {
			d.add(bad, what, "Stop Kith and restore a backup: `kith restore --overwrite FILE`.", "it is damaged: %v", err)
			return
		}
	}
	if last, err := s.LastChange(ctx); err == nil && last > app.InstantOf(time.Now().Add(time.Minute)) {
		d.add(bad, "clock", "Set the clock (timedatectl): what came last would be in the future, and segments wait for that time.", "it is %s, and the newest change is of %s", time.Now().UTC().Format(time.RFC3339), last.Time().Format(time.RFC3339))
	}
	note := ""
	if d.running {
		note = "; a Kith has it open"
	}
	d.add(fine, what, "", "%d customers, %d events, schema %d%s", state.Counts["customers"], state.Counts["events"], state.Schema, note)
}

// born is a time before which no clock is right.
var born = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (d *doctor) clock() {
	now := time.Now()
	synced, known := clockSynced()
	switch {
	case now.Before(born):
		d.add(bad, "clock", "Set the clock (timedatectl set-ntp true).", "it is %s, which cannot be", now.UTC().Format(time.RFC3339))
	case known && !synced:
		d.add(warn, "clock", "Let the system keep it (timedatectl set-ntp true): times of events and \"in the last 30 days\" go by it.", "it is %s, and nothing keeps it right", now.UTC().Format(time.RFC3339))
	default:
		d.add(fine, "clock", "", "%s", now.UTC().Format(time.RFC3339))
	}
}

func (d *doctor) backups() {
	const what = "backups"
	if _, err := backup.Recipients(d.cfg.BackupRecipients, d.cfg.BackupPassphrase); err != nil {
		d.add(bad, what, "Mend backup.recipients.", "%v", err)
		return
	}
	files, err := backup.List(d.cfg.BackupDir)
	if err != nil {
		d.add(bad, what, "Make the folder readable and writable for the user that runs Kith.", "%v", err)
		return
	}
	if info, err := os.Stat(d.cfg.BackupDir); err == nil {
		if probe, err := os.CreateTemp(d.cfg.BackupDir, ".doctor-"); err != nil || !info.IsDir() {
			d.add(bad, what, "Make the folder writable for the user that runs Kith (under systemd: ReadWritePaths=).", "%s cannot be written: %v", d.cfg.BackupDir, err)
			return
		} else {
			_ = probe.Close()
			_ = os.Remove(probe.Name())
		}
	}
	switch {
	case d.cfg.BackupEvery == 0 && len(files) == 0:
		d.add(warn, what, "Set backup.every, or run `kith backup` from a schedule of your own.", "none are made, and there is none in %s", d.cfg.BackupDir)
	case len(files) == 0:
		d.add(warn, what, "`kith backup` makes one now.", "there is none yet in %s", d.cfg.BackupDir)
	case d.cfg.BackupEvery > 0 && time.Since(files[0].At.Time()) > 2*d.cfg.BackupEvery:
		d.add(warn, what, "Is Kith running? Its log, and Settings → Backups, say what failed.", "the newest is of %s", files[0].At.Time().Format(time.RFC3339))
	default:
		d.add(fine, what, "", "%d in %s, the newest of %s; `kith verify` looks into it", len(files), d.cfg.BackupDir, files[0].At.Time().Format(time.RFC3339))
	}
}

// fewDescriptors are too few for many clients at once.
const fewDescriptors = 1024

func (d *doctor) descriptors() {
	most, known := openFilesLimit()
	switch {
	case !known:
	case most < fewDescriptors:
		d.add(warn, "open files", "Raise the limit (ulimit -n 4096; LimitNOFILE= under systemd): each client takes one.", "this user may have %d", most)
	default:
		d.add(fine, "open files", "", "up to %d", most)
	}
}
