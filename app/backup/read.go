package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"kith/app"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// damagedFile says what is wrong with a backup, for a person.
func damagedFile(format string, args ...any) *app.Error {
	return app.Fail(app.CodeInvalid, "The backup is damaged or was cut: "+format+". Use another one.", args...)
}

// ageStart begins every encrypted backup.
const ageStart = "age-encryption.org/"

// zstdStart begins every other.
const zstdStart = "\x28\xb5\x2f\xfd"

// IsEncrypted reports whether a file is encrypted; its error is for one that cannot be read.
func IsEncrypted(file string) (bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, len(ageStart))
	n, _ := io.ReadFull(f, head)
	return string(head[:n]) == ageStart, nil
}

// Extract reads a backup whole, writes its database to a new file, and returns the
// manifest. Only when it returns no error is what it wrote what was backed up. Its errors
// are sentences: the file is no backup, is damaged, or was encrypted for others.
func Extract(ctx context.Context, in io.Reader, into string, identities []age.Identity) (m Manifest, err error) {
	buffered := bufio.NewReaderSize(&stopper{in, ctx}, 256<<10)
	head, _ := buffered.Peek(len(ageStart))
	var plain io.Reader = buffered
	switch {
	case string(head) == ageStart:
		if len(identities) == 0 {
			return m, app.Invalid("", "The backup is encrypted: give the key with --identity, or the passphrase as KITH_BACKUP_PASSPHRASE.")
		}
		if plain, err = age.Decrypt(buffered, identities...); err != nil {
			var other *age.NoIdentityMatchError
			if errors.As(err, &other) {
				return m, app.Invalid("", "The backup is encrypted for another key, or its beginning is damaged.")
			}
			return m, damagedFile("%v", err)
		}
	case bytes.HasPrefix(head, []byte(zstdStart)):
	case len(head) == 0:
		return m, app.Invalid("", "The backup is empty: whatever wrote it came to nothing. Use another one.")
	case bytes.HasPrefix(head, []byte("SQLite format 3")):
		return m, app.Invalid("", "This is a database, not a backup. As %s in a folder of its own, `kith serve --data FOLDER` opens it.", databaseName)
	default:
		return m, app.Invalid("", "This is no backup of Kith: it does not begin like one. Name a file that `kith backup` wrote (kith-….tar.zst or .tar.zst.age).")
	}
	sealed := &sealedReader{in: bufio.NewReaderSize(plain, 256<<10), sum: sha256.New()}
	m, err = extractArchive(sealed, into)
	// Whatever is left is read too, for the checksum is of all of it.
	if _, cerr := io.Copy(io.Discard, sealed); cerr != nil && (err == nil || sealed.broken) {
		err = cerr
	}
	if err == nil || ctx.Err() != nil {
		return m, errors.Join(err, ctx.Err())
	}
	var known *app.Error
	if errors.As(err, &known) {
		return m, known
	}
	return m, damagedFile("%v", err)
}

func extractArchive(in io.Reader, into string) (m Manifest, err error) {
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return m, err
	}
	defer z.Close()
	t := tar.NewReader(z)
	header, err := t.Next()
	if err != nil {
		return m, err
	}
	if header.Name != manifestName || header.Size > manifestMost {
		return m, damagedFile("it begins with %q", header.Name)
	}
	if err := json.NewDecoder(t).Decode(&m); err != nil {
		return m, fmt.Errorf("its manifest: %w", err)
	}
	if m.Format != format {
		return m, app.Invalid("", "The backup has the form %d, and this Kith knows the form %d: use the newer Kith that made it.", m.Format, format)
	}
	if header, err = t.Next(); err != nil {
		return m, err
	}
	if header.Name != databaseName || header.Size != m.Bytes {
		return m, damagedFile("it holds %q with %d bytes", header.Name, header.Size)
	}
	out, err := os.OpenFile(into, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return m, cannotWrite(into, err)
	}
	n, err := io.Copy(onlyWriter{out, into}, t)
	if err == nil && n != m.Bytes {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		if serr := out.Sync(); serr != nil {
			err = cannotWrite(into, serr)
		}
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return m, err
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return m, damagedFile("there is something behind the database")
	}
	_, err = io.Copy(io.Discard, z) // to the end of the frame, whose own checksum counts too
	return m, err
}

// onlyWriter tells a disk that does not take the copy from a backup that is damaged.
type onlyWriter struct {
	w    io.Writer
	name string
}

func (o onlyWriter) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	if err != nil {
		err = cannotWrite(o.name, err)
	}
	return n, err
}

func cannotWrite(name string, err error) error {
	return &app.Error{Code: app.CodeUnavailable, Message: fmt.Sprintf("The copy cannot be written to %s: check the space on its disk and its permissions.", filepath.Dir(name)), Err: err}
}

// stopper ends when its context does.
type stopper struct {
	r   io.Reader
	ctx context.Context
}

func (s *stopper) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}

// sealedReader gives what stands before the trailer, and at the end holds the trailer
// against it.
type sealedReader struct {
	in     *bufio.Reader
	sum    hash.Hash
	err    error
	broken bool // it was the file, not what was made of it
}

func (s *sealedReader) Read(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	ahead, err := s.in.Peek(min(len(b)+trailerSize, s.in.Size()))
	n := len(ahead) - trailerSize
	switch {
	case n > 0:
		n = copy(b, ahead[:n])
		s.sum.Write(b[:n])
		_, _ = s.in.Discard(n)
		return n, nil
	case err != nil && !errors.Is(err, io.EOF):
		s.err = fmt.Errorf("it cannot be read: %w", err)
	case n < 0:
		s.err = damagedFile("its end is missing")
	case string(ahead) != string(trailer(s.sum)):
		s.err = damagedFile("its checksum does not fit")
	default:
		s.err = io.EOF
	}
	s.broken = s.err != io.EOF
	return 0, s.err
}

// Check compares a copy that was taken out of a backup with its manifest.
func (m Manifest) Check(state app.SnapshotState) error {
	if state.Schema != m.Schema {
		return damagedFile("its database is of schema %d, and its manifest says %d", state.Schema, m.Schema)
	}
	var wrong []string
	for table, n := range m.Counts {
		if have, ok := state.Counts[table]; !ok {
			wrong = append(wrong, table+" is missing")
		} else if have != n {
			wrong = append(wrong, fmt.Sprintf("%s has %d rows instead of %d", table, have, n))
		}
	}
	if len(state.Counts) > len(m.Counts) {
		wrong = append(wrong, "there are tables that the manifest does not name")
	}
	if len(wrong) > 0 {
		return damagedFile("%s", strings.Join(wrong, "; "))
	}
	return nil
}
