package command

import (
	"context"
	"log/slog"

	"kith/app/backup"
	"kith/app/config"
	"kith/storage"
)

// newBackups returns what makes backups of cfg's data folder.
func newBackups(cfg *config.Config, log *slog.Logger) (*backup.Runner, error) {
	recipients, err := backup.Recipients(cfg.BackupRecipients, cfg.BackupPassphrase)
	if err != nil {
		return nil, err
	}
	snapshot := func(ctx context.Context) (backup.Snapshot, error) { return storage.OpenSnapshot(ctx, cfg.Data) }
	return backup.NewRunner(snapshot, backup.RunnerOptions{
		Clock: clock, Log: log, Folder: cfg.BackupDir, Every: cfg.BackupEvery, At: cfg.BackupAt, Zone: cfg.Zone, Keep: cfg.BackupKeep,
		Version: Version, Recipients: recipients, Opens: cfg.BackupPassphrase != "",
		Verify: func(ctx context.Context, file string) error {
			identities, err := backup.Identities("", passphrase(cfg))
			if err != nil {
				return err
			}
			_, err = verifyBackup(ctx, file, "", identities)
			return err
		},
	}), nil
}
