package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/backup"
	"kith/storage"
	"kith/storage/storagetest"

	"filippo.io/age"
	"pgregory.net/rapid"
)

var at = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// filled is a data folder with some customers.
func filled(t testing.TB) *storage.DB {
	t.Helper()
	db, _ := storagetest.Open(t)
	for i := range 20 {
		storagetest.Apply(t, db, &app.Track{UID: fmt.Sprint("u", i), Event: "Seen", At: storagetest.Instant(i)})
	}
	return db
}

// packed is a backup of a folder.
func packed(t testing.TB, db *storage.DB, recipients ...age.Recipient) []byte {
	t.Helper()
	s, err := storage.OpenSnapshot(t.Context(), db.Folder())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b bytes.Buffer
	if _, err := backup.Write(&b, s, backup.Options{Version: "test", At: at, Recipients: recipients}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pair(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// extract takes a backup apart and returns the file of its database.
func extract(t interface{ Fatal(...any) }, folder string, b []byte, ids ...age.Identity) (backup.Manifest, string, error) {
	dir, err := os.MkdirTemp(folder, "x")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, storage.FileName)
	m, err := backup.Extract(context.Background(), bytes.NewReader(b), file, ids)
	return m, file, err
}

func TestBackup_comesBackAsItWas(t *testing.T) {
	t.Parallel()
	db, id := filled(t), pair(t)
	scrypt, err := backup.Recipients("", "a long enough passphrase")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := backup.Identities("", "a long enough passphrase")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		to   []age.Recipient
		with []age.Identity
	}{"plain": {}, "a key": {[]age.Recipient{id.Recipient()}, []age.Identity{id}}, "a passphrase": {scrypt, opened}} {
		m, file, err := extract(t, t.TempDir(), packed(t, db, c.to...), c.with...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		state, err := storage.CheckCopy(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(state); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if m.Counts["customers"] != 20 || m.At.Time() != at || m.Kith != "test" {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// Two programs that make a backup of the same name at the same time do not write into each
// other's: there is one whole file, and whoever is late is told.
func TestCreate_ofOneNameTwiceAtOnce(t *testing.T) {
	t.Parallel()
	db, folder := filled(t), t.TempDir()
	file := filepath.Join(folder, "b.tar.zst")
	at := make(chan struct{})
	first := make(chan error, 1)
	create := func(meanwhile func()) error {
		s, err := storage.OpenSnapshot(t.Context(), db.Folder())
		if err != nil {
			return err
		}
		defer s.Close()
		_, _, err = backup.Create(t.Context(), file, held{s, meanwhile}, backup.Options{Version: "test"})
		return err
	}
	go func() { first <- create(func() { at <- struct{}{}; <-at }) }()
	<-at // the first is in the middle of its file
	if err := create(func() {}); err != nil {
		t.Fatal(err)
	}
	at <- struct{}{}
	if err := <-first; app.CodeOf(err) != app.CodeConflict || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("who was late is told %v", err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := extract(t, t.TempDir(), whole); err != nil {
		t.Errorf("the backup that is there: %v", err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("beside it there are %v", left)
	}
}

// held is a snapshot that something happens in the middle of.
type held struct {
	*storage.Snapshot
	meanwhile func()
}

func (h held) WriteTo(w io.Writer) (int64, error) {
	h.meanwhile()
	return h.Snapshot.WriteTo(w)
}

func TestRecipients_refuseAPassphraseThatCanBeGuessed(t *testing.T) {
	t.Parallel()
	if _, err := backup.Recipients("", "short phras"); app.CodeOf(err) != app.CodeInvalid {
		t.Errorf("got %v", err)
	}
	if to, err := backup.Recipients("", "longer phras"); err != nil || len(to) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestCreate_saysWhereItCannot(t *testing.T) {
	t.Parallel()
	db, folder := filled(t), t.TempDir()
	s, err := storage.OpenSnapshot(t.Context(), db.Folder())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	there := filepath.Join(folder, "there")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		there:                               "Choose another name",
		filepath.Join(folder, "no", "b"):    "There is no folder " + filepath.Join(folder, "no"),
		filepath.Join(folder, "there", "b"): "choose another place",
	} {
		if _, _, err := backup.Create(t.Context(), file, s, backup.Options{}); !strings.Contains(app.Public(err).Sentence(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Whatever is changed in a backup, cut from it or added to it is found, and said in a sentence.
func TestBackup_anyDamageIsFound(t *testing.T) {
	t.Parallel()
	db, id := filled(t), pair(t)
	folder := t.TempDir()
	for name, whole := range map[string][]byte{"plain": packed(t, db), "encrypted": packed(t, db, id.Recipient())} {
		found := func(t interface {
			Fatal(...any)
			Errorf(string, ...any)
		}, what string, b []byte) {
			_, file, err := extract(t, folder, b, id)
			_ = os.RemoveAll(filepath.Dir(file))
			var e *app.Error
			if err == nil || !errors.As(err, &e) || !strings.HasSuffix(e.Sentence(), ".") {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		found(t, "nothing left", nil)
		found(t, "twice", append(bytes.Clone(whole), whole...))
		rapid.Check(t, func(t *rapid.T) {
			b := bytes.Clone(whole)
			what := rapid.SampledFrom([]string{"flip", "cut", "add", "drop", "swap"}).Draw(t, "what")
			i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			switch what {
			case "flip":
				b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
			case "cut":
				b = b[:i]
			case "add":
				b = append(b, rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "more")...)
			case "drop":
				b = append(b[:i], b[i+1:]...)
			case "swap":
				j := rapid.IntRange(0, len(b)-1).Draw(t, "with")
				if b[i], b[j] = b[j], b[i]; b[i] == b[j] {
					b[i] ^= 1
				}
			}
			found(t, fmt.Sprintf("%s at %d of %d", what, i, len(whole)), b)
		})
	}
}

func TestBackup_theFirstAndLastBytesCountToo(t *testing.T) {
	t.Parallel()
	db, id := filled(t), pair(t)
	folder := t.TempDir()
	for name, whole := range map[string][]byte{"plain": packed(t, db), "encrypted": packed(t, db, id.Recipient())} {
		for _, i := range append(seq(0, 80), seq(len(whole)-80, len(whole))...) {
			b := bytes.Clone(whole)
			b[i] ^= 1
			if _, file, err := extract(t, folder, b, id); err == nil {
				t.Errorf("%s: byte %d of %d was changed and taken", name, i, len(whole))
			} else {
				_ = os.RemoveAll(filepath.Dir(file))
			}
		}
	}
}

func seq(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func TestBackup_encryptedForOthers(t *testing.T) {
	t.Parallel()
	db := filled(t)
	b := packed(t, db, pair(t).Recipient())
	if _, _, err := extract(t, t.TempDir(), b); err == nil || !strings.Contains(err.Error(), "--identity") {
		t.Errorf("without a key: %v", err)
	}
	if _, _, err := extract(t, t.TempDir(), b, pair(t)); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("with another key: %v", err)
	}
	if bytes.Contains(b, []byte("SQLite format")) || bytes.Contains(b, []byte("manifest.json")) {
		t.Error("an encrypted backup can be read")
	}
}

func TestManifest_saysWhichTableIsOff(t *testing.T) {
	t.Parallel()
	m := backup.Manifest{Schema: 3, Counts: map[string]int64{"customers": 5, "events": 7}}
	for want, state := range map[string]app.SnapshotState{
		"":                                    {Schema: 3, Counts: map[string]int64{"customers": 5, "events": 7}},
		"events has 6 rows instead of 7":      {Schema: 3, Counts: map[string]int64{"customers": 5, "events": 6}},
		"events is missing":                   {Schema: 3, Counts: map[string]int64{"customers": 5}},
		"of schema 4":                         {Schema: 4, Counts: map[string]int64{"customers": 5, "events": 7}},
		"tables that the manifest does not n": {Schema: 3, Counts: map[string]int64{"customers": 5, "events": 7, "more": 0}},
	} {
		err := m.Check(state)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v", state, err)
		}
	}
}

func FuzzExtract(f *testing.F) {
	db := filled(f)
	f.Add(packed(f, db))
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	folder := f.TempDir()
	whole := packed(f, db)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, file, err := extract(t, folder, b)
		defer os.RemoveAll(filepath.Dir(file))
		if err == nil && !bytes.Equal(b, whole) {
			t.Errorf("%d bytes were taken for a backup", len(b))
		}
	})
}

// broken is a snapshot that fails half-way.
type broken struct{ storageState }

type storageState struct{}

func (storageState) State() app.SnapshotState { return app.SnapshotState{Schema: 1, Bytes: 1 << 20} }
func (storageState) Close() error             { return nil }
func (broken) WriteTo(w io.Writer) (int64, error) {
	n, _ := w.Write(make([]byte, 1000))
	return int64(n), errors.New("the disk went away")
}

func TestCreate_leavesNothingHalf(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "b.tar.zst")
	if _, _, err := backup.Create(t.Context(), file, broken{}, backup.Options{At: at}); err == nil || !strings.Contains(err.Error(), "went away") {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 0 {
		t.Errorf("left: %v", entries)
	}
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := backup.Create(t.Context(), file, broken{}, backup.Options{At: at}); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("a file that is there: %v", err)
	}
}
