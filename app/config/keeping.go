package config

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"kith/app"
)

// Who may read /metrics.
const (
	MetricsLocal = "local" // programs on this machine
	MetricsAll   = "all"
	MetricsOff   = "off"
)

// checkKeeping checks the settings of what keeps the data safe, and for how long.
func (c *Config) checkKeeping(v func(string) string, fail func(name, format string, args ...any) error) (err error) {
	if c.EventsKept, err = app.ParseAge(v("events.keep")); err != nil {
		return fail("events.keep", `must be "forever", or a time from "1d" to "100y" such as "90d", "18m" or "2y", not %q`, v("events.keep"))
	}
	switch every := v("backup.every"); every {
	case "never":
	case "daily":
		c.BackupEvery = 24 * time.Hour
	case "weekly":
		c.BackupEvery = 7 * 24 * time.Hour
	default:
		if c.BackupEvery, err = time.ParseDuration(every); err != nil || c.BackupEvery < 5*time.Minute {
			return fail("backup.every", `must be "never", "daily", "weekly", or a time of five minutes or more such as "6h", not %q`, every)
		}
	}
	at, err := time.Parse("15:04", v("backup.at"))
	if err != nil {
		return fail("backup.at", `must be a time of day such as "03:00", not %q`, v("backup.at"))
	}
	c.BackupAt = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	if c.BackupKeep, err = strconv.Atoi(v("backup.keep")); err != nil || c.BackupKeep < 1 || c.BackupKeep > 10_000 {
		return fail("backup.keep", "must be how many backups are kept, 1 to 10000, not %q", v("backup.keep"))
	}
	if c.BackupDir = v("backup.dir"); c.BackupDir == "" {
		c.BackupDir = filepath.Join(c.Data, "backups")
	}
	c.BackupRecipients, c.BackupPassphrase = strings.TrimSpace(v("backup.recipients")), v("backup.passphrase")
	if c.BackupRecipients != "" && c.BackupPassphrase != "" {
		return fail("backup.recipients", "backups are encrypted for keys or with a passphrase: give backup.recipients or backup.passphrase, not both")
	}
	if v("disk.reserve") != "0" {
		if c.DiskReserve, err = megabytes(v("disk.reserve")); err != nil {
			return fail("disk.reserve", `must be a size such as "200MB" or "2GB", or "0", not %q`, v("disk.reserve"))
		}
	}
	switch c.Metrics = v("metrics.access"); c.Metrics {
	case MetricsLocal, MetricsAll, MetricsOff:
	default:
		return fail("metrics.access", "must be local, all or off, not %q", c.Metrics)
	}
	return nil
}
