package keeper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kith/app"
	"kith/app/column"
)

// SnapshotName is the file of the columns in the data folder. It may be deleted at any time.
const SnapshotName = "columns.snapshot"

// saveEvery is how long the columns' changes may be missing from their snapshot: what comes
// after it is read from the feed at the next start.
const saveEvery = 10 * 60 * 1000

// restore fills the columns from the snapshot, and reports whether it could.
func (k *Keeper) restore(ctx context.Context) (bool, error) {
	if k.o.Folder == "" || k.anew {
		k.anew = false
		return false, nil
	}
	file, err := os.Open(filepath.Join(k.o.Folder, SnapshotName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	at, err := k.cols.Restore(file, info.Size(), k.now())
	if err == nil {
		err = k.checkMark(ctx, at)
	}
	if errors.Is(err, column.ErrSnapshot) {
		k.o.Log.Info("the columns are read from the tables", "reason", err)
		k.mu.Lock()
		k.cols = column.New(k.o.Zone, k.o.Folder)
		k.mu.Unlock()
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, k.cols.Names(ctx, k.db)
}

// checkMark returns ErrSnapshot unless the feed goes on from a place without a gap.
func (k *Keeper) checkMark(ctx context.Context, at column.Mark) error {
	mark, err := k.place(ctx, at.Seq)
	if err != nil {
		return err
	}
	if mark != at {
		return fmt.Errorf("%w: the feed is another than the one it has seen", column.ErrSnapshot)
	}
	next, err := k.db.Feed(ctx, at.Seq, 1)
	if err != nil {
		return err
	}
	if len(next) > 0 && next[0].Seq != at.Seq+1 || len(next) == 0 && k.db.Head() != at.Seq {
		return fmt.Errorf("%w: the feed no longer has what came after it", column.ErrSnapshot)
	}
	return nil
}

// place is the mark of a place in the feed; one without an entry has none.
func (k *Keeper) place(ctx context.Context, seq int64) (column.Mark, error) {
	if seq == 0 {
		return column.Mark{}, nil
	}
	entries, err := k.db.Feed(ctx, seq-1, 1)
	if err != nil || len(entries) == 0 || entries[0].Seq != seq {
		return column.Mark{}, err
	}
	return column.Mark{Seq: seq, At: entries[0].At}, nil
}

// save writes the snapshot, beside the old one first.
func (k *Keeper) save(ctx context.Context) (err error) {
	if k.o.Folder == "" || k.saved == k.cols.Seq() && !k.erased {
		return nil
	}
	mark, err := k.place(ctx, k.cols.Seq())
	if err != nil {
		return err
	}
	name := filepath.Join(k.o.Folder, SnapshotName)
	file, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = k.cols.Save(file, mark)
	if err == nil {
		err = file.Sync()
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		_ = os.Remove(name + ".new") // a disk that is full has no use for half a snapshot
		return err
	}
	k.saved, k.savedAt, k.erased = k.cols.Seq(), k.now(), false
	return nil
}

// forget removes the snapshot when a customer is gone whom it still holds: a new one
// follows soon.
func (k *Keeper) forget(entries []app.Entry) {
	if k.o.Folder == "" || k.erased {
		return
	}
	for i := range entries {
		if entries[i].Kind == app.KindDeleted {
			k.erased = true
			if err := os.Remove(filepath.Join(k.o.Folder, SnapshotName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				k.o.Log.Error("remove the snapshot of the columns, which holds a customer that was deleted", "error", err)
			}
			return
		}
	}
}

// eraseWait is how long a removed snapshot may be missing.
const eraseWait = 60 * 1000

// saveWhenDue writes the snapshot now and then. What fails is logged: the columns can be
// read from the tables.
func (k *Keeper) saveWhenDue(ctx context.Context, now app.Instant) {
	since := now - k.savedAt
	if since >= 0 && since < saveEvery && !(k.erased && since >= eraseWait) || k.catchingUp() || k.loader != nil {
		return
	}
	k.savedAt = now
	if err := k.save(ctx); err != nil {
		k.o.Log.Error("save the columns", "error", err)
	}
}
