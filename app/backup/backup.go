// Package backup makes backups of the database and takes them apart: the file's form, its
// encryption, its checksum, and the keeper that makes one at each appointed time. It reads
// the database through storage's snapshots, and knows nothing of what is in it.
//
// # The file
//
//	[ age ( ] zstd ( tar ( manifest.json, kith.db ) ), a frame with the SHA-256 of all before [ ) ]
//
// Each layer is a standard, so that a backup can be read without Kith:
// `age -d -i key FILE | tar --zstd -x` (without age: `tar --zstd -xf FILE`). The checksum
// is the content of a skippable frame of zstd, which other programs pass over.
//
// The manifest says when the state was the newest, by which Kith, and how many rows each
// table has. What can be derived (the search index, the columns of segments) is not in it.
//
// The invariant: a file of which one byte was changed, that was cut, or to which something
// was added, is never taken for a whole one.
package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kith/app"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// Manifest is what a backup says of itself.
type Manifest struct {
	Format  int              `json:"format"` // of the file: 1
	Kith    string           `json:"kith"`   // the version that made it
	At      app.Instant      `json:"at"`     // when the state was the newest
	Schema  int              `json:"schema"` // of the database
	Bytes   int64            `json:"bytes"`  // of the database
	Counts  map[string]int64 `json:"counts"` // rows by table
	Comment string           `json:"comment,omitempty"`
}

const (
	format       = 1
	manifestName = "manifest.json"
	databaseName = "kith.db"
	// manifestMost bounds what is read of a manifest.
	manifestMost = 1 << 20
)

// Snapshot is one state of the database, as storage gives it.
type Snapshot interface {
	io.WriterTo
	State() app.SnapshotState
	Close() error
}

// Options say how a backup is written.
type Options struct {
	Version string
	At      time.Time
	// Recipients may read the backup; with none it is not encrypted.
	Recipients []age.Recipient
}

// Write writes a backup of a snapshot and returns its manifest.
func Write(w io.Writer, s Snapshot, o Options) (_ Manifest, err error) {
	state := s.State()
	m := Manifest{Format: format, Kith: o.Version, At: app.InstantOf(o.At), Schema: state.Schema, Bytes: state.Bytes, Counts: state.Counts,
		Comment: "A backup of Kith. `kith restore FILE` brings it back."}
	var sealed io.WriteCloser
	if len(o.Recipients) > 0 {
		if sealed, err = age.Encrypt(w, o.Recipients...); err != nil {
			return m, fmt.Errorf("encrypt the backup: %w", err)
		}
		w = sealed
	}
	sum := sha256.New()
	if err := writeArchive(io.MultiWriter(w, sum), s, m, o.At); err != nil {
		return m, err
	}
	if _, err := w.Write(trailer(sum)); err != nil {
		return m, err
	}
	if sealed != nil {
		return m, sealed.Close()
	}
	return m, nil
}

func writeArchive(w io.Writer, s Snapshot, m Manifest, at time.Time) error {
	// Everything is done by this goroutine, and most of the time by nobody: see pacer.
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	head := func(name string, size int64) error {
		return t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: at.Truncate(time.Second), Format: tar.FormatPAX})
	}
	if err := head(manifestName, int64(len(text))); err != nil {
		return err
	}
	if _, err := t.Write(text); err != nil {
		return err
	}
	if err := head(databaseName, m.Bytes); err != nil {
		return err
	}
	if _, err := s.WriteTo(&pacer{w: t, since: time.Now()}); err != nil {
		return errors.Join(err, z.Close())
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

// pacer rests twice as long as it has worked, in turns of half a millisecond: reading and
// packing take a third of one processor, and a request that comes meanwhile waits for one
// turn at most. Measured with 8 clients on two processors: turns of 2 ms, and rests as
// long, made their p99 1.8 times what it is without a backup; these leave it where it was,
// and their median at 1.2 times.
type pacer struct {
	w     io.Writer
	since time.Time
}

const (
	paceTurn = 500 * time.Microsecond
	paceRest = 2
)

func (p *pacer) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if worked := time.Since(p.since); worked >= paceTurn {
		time.Sleep(paceRest * worked)
		p.since = time.Now()
	}
	return n, err
}

// The frame that ends a backup: zstd's magic number of a skippable frame, the length of
// its content, and the content.
const (
	skippable   = 0x184D2A5B
	sumMark     = "KITHSUM1"
	trailerSize = 4 + 4 + len(sumMark) + sha256.Size
)

func trailer(sum hash.Hash) []byte {
	b := binary.LittleEndian.AppendUint32(nil, skippable)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(sumMark)+sha256.Size))
	b = append(b, sumMark...)
	return sum.Sum(b)
}

// Create writes a backup to a new file: beside it first, under a name that no other
// backup has, so that a file of that name is always a whole backup, whoever else makes one
// at the same time. ctx ends it half-way.
func Create(ctx context.Context, file string, s Snapshot, o Options) (m Manifest, bytes int64, err error) {
	if err := mayCreate(file); err != nil {
		return m, 0, err
	}
	out, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*"+partSuffix)
	if err != nil {
		return m, 0, notWritten(file, err)
	}
	counted := &counter{w: out, ctx: ctx, file: file}
	m, err = Write(counted, s, o)
	if err == nil {
		err = notWritten(file, out.Sync())
	}
	err = errors.Join(err, notWritten(file, out.Close()))
	if err == nil {
		err = mayCreate(file)
	}
	if err == nil {
		err = notWritten(file, os.Rename(out.Name(), file))
	}
	if err != nil {
		return m, counted.n, errors.Join(fmt.Errorf("write the backup %s: %w", file, err), os.Remove(out.Name()))
	}
	return m, counted.n, syncFolder(filepath.Dir(file))
}

// partSuffix ends the names of backups that are not whole yet.
const partSuffix = ".part"

// mayCreate returns CodeConflict when there is a file of that name, and says so when there
// is no folder for it.
func mayCreate(file string) error {
	switch _, err := os.Lstat(file); {
	case err == nil:
		return app.Fail(app.CodeConflict, "%s is there already. Choose another name, or remove it.", file)
	case !errors.Is(err, fs.ErrNotExist):
		return notWritten(file, err)
	}
	if _, err := os.Stat(filepath.Dir(file)); errors.Is(err, fs.ErrNotExist) {
		return app.NotFound("There is no folder %s. Make it, or choose another place.", filepath.Dir(file))
	}
	return nil
}

// notWritten says why a backup cannot be written, and what to look at.
func notWritten(file string, err error) error {
	if err == nil {
		return nil
	}
	cause := err
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		cause = p.Err
	}
	return &app.Error{Code: app.CodeUnavailable, Err: err,
		Message: fmt.Sprintf("The backup cannot be written to %s: %v. Check the space on its disk and its permissions, or choose another place.", filepath.Dir(file), cause)}
}

// counter counts what goes through, until its context ends.
type counter struct {
	w    io.Writer
	n    int64
	ctx  context.Context
	file string // what is written, for errors
}

func (c *counter) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, notWritten(c.file, err)
}

// syncFolder makes a new name last. Where folders cannot be synced there is nothing to do.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}
