// Package storage keeps everything in one SQLite file. It is the only room that
// writes, and the only one that knows SQL.
//
// # Design
//
// One goroutine, the writer, owns the one connection that writes. A call of Apply
// hands it a Batch of Changes and waits. The writer takes whatever has queued up,
// up to some 8,000 Changes, into one transaction with synchronous=FULL, and answers
// all of them after the commit; under load many requests share one fsync, and an
// idle server answers a single one at once. Nothing is answered before it is on the
// disk.
//
// A Change makes all its checks before its first row, so refusing one needs no
// savepoint. When a statement itself fails (a full disk, a bug), the transaction is
// rolled back and each waiting request is tried alone, so that one cannot take
// others down with it; whatever the writer holds in memory (names, counters, ids) is
// read again from the file.
//
// Each Change leaves rows in the feed, numbered without gaps. A reader follows the
// feed from its cursor, and the cursor moves in the transaction of the reader's own
// effect: after a crash it goes on exactly where its effects end. See [DB.Follow].
//
// Reads use a pool of their own connections and never wait for the writer (WAL).
//
// The invariant: the counters (totals, names, days, lists) are equal to what a scan
// of the tables would count, after every commit.
package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kith/app"

	_ "modernc.org/sqlite" // the engine; registers itself as "sqlite"
)

// ErrHeld is within the error of Open and Hold for a folder that another Kith has open.
var ErrHeld = errors.New("the data folder is held")

// FileName is the database's name inside the data folder.
const FileName = "kith.db"

// Options adjust Open. The zero value works.
type Options struct {
	Clock app.Clock    // default: the machine's
	Log   *slog.Logger // default: discards
	// Sessions is the time that sessions end by. Default: Clock; it is another where Clock
	// may be moved.
	Sessions app.Clock
	// QueueLength is how many requests may wait for the writer before more are
	// refused with CodeRateLimited. Default 8,192.
	QueueLength int
	// HooksKept is how long the bodies that services posted are kept. Default 30 days.
	HooksKept time.Duration
	// EventsKept is how long events are kept; the zero value is for ever.
	EventsKept app.Age
	// DiskReserve is how many bytes of the disk are kept back: with less, writing is off
	// until there is space again. Default 0: as long as the disk takes it.
	DiskReserve int64
	// Shared lets a second process open the folder: for commands that only touch keys and users.
	Shared bool
	// Passing says that the data need not outlive a fall of the machine: nothing waits for
	// the disk. For workspaces that are thrown away.
	Passing bool
}

// DB is an open data folder.
type DB struct {
	folder string
	clock  app.Clock
	signed app.Clock // of sessions
	log    *slog.Logger

	write      *sql.DB // one connection
	conn       *sql.Conn
	read       *sql.DB
	lock       *sql.DB
	queries    statements // prepared on read
	ids        idCoder    // of customers
	listIDs    idCoder
	importIDs  idCoder
	importTurn chan struct{} // held by the import whose rows wait for the writer
	// segmentIDs have the fifth permutation: two and three belong to imports and integrations.
	segmentIDs     idCoder
	integrationIDs idCoder
	deliveryIDs    idCoder
	hooksKept      time.Duration
	secret         []byte // signs confirmation links
	writer         *writer
	watchers       watchers
	checkpoints    *checkpointer
	reserve        int64
	eventsKept     app.Age
	health         health

	head    atomic.Int64
	moved   signal // closed and renewed when head or a cursor moves
	cursors sync.Map
	closed  atomic.Bool
	// scrubbing is held by what overwrites what deleted rows left.
	scrubbing sync.Mutex
}

// Open opens the data folder, makes it if it is not there, and brings an older
// schema up to date. It refuses a newer schema, and a folder that another Kith has open.
func Open(ctx context.Context, folder string, o Options) (_ *DB, err error) {
	if o.Clock == nil {
		o.Clock = app.RealClock{}
	}
	if o.Sessions == nil {
		o.Sessions = o.Clock
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.QueueLength == 0 {
		o.QueueLength = 8192
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, noFolder(folder, err)
	}
	if o.HooksKept == 0 {
		o.HooksKept = hooksKept
	}
	db := &DB{folder: folder, clock: o.Clock, signed: o.Sessions, log: o.Log, hooksKept: o.HooksKept, reserve: o.DiskReserve, eventsKept: o.EventsKept, importTurn: make(chan struct{}, 1)}
	db.moved.init()
	defer func() {
		if err != nil {
			db.closeHandles()
		}
	}()
	if !o.Shared {
		if err := db.takeLock(ctx); err != nil {
			return nil, err
		}
	}
	if err := CheckExchange(folder); err != nil {
		return nil, err
	}
	if err := db.openHandles(ctx, o.Passing); err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Join(folder, FileName), explain(err))
	}
	if db.queries, err = prepareAll(ctx, db.read, isRead); err != nil {
		return nil, err
	}
	if err := db.loadSecrets(ctx); err != nil {
		return nil, err
	}
	if db.writer, err = newWriter(ctx, db, o.QueueLength); err != nil {
		return nil, explain(err)
	}
	if !o.Shared {
		if _, err := db.writer.q.exec("audit_lost"); err != nil {
			return nil, fmt.Errorf("look at what the process before began: %w", explain(err))
		}
	}
	db.head.Store(db.writer.state.seq)
	db.writer.stats.keep(db.writer.state)
	go db.writer.run()
	return db, nil
}

func noFolder(folder string, err error) error {
	return fmt.Errorf("make the data folder %s: %w; choose another by --data, or data in the configuration", folder, err)
}

// takeLock holds an exclusive lock on a file beside the database for as long as this
// process lives. SQLite's own locking does it the same way on every system.
func (db *DB) takeLock(ctx context.Context) error {
	lock, err := sql.Open("sqlite", dsn(filepath.Join(db.folder, "kith.lock"), "busy_timeout(1000)", "locking_mode(exclusive)"))
	if err != nil {
		return err
	}
	lock.SetMaxOpenConns(1)
	db.lock = lock
	if _, err := lock.ExecContext(ctx, "begin exclusive; create table if not exists held (n); commit; begin exclusive"); err != nil {
		if isBusy(err) {
			return &app.Error{Code: app.CodeUnavailable, Err: fmt.Errorf("%w: %w", ErrHeld, err),
				Message: fmt.Sprintf("Another Kith has the data folder %s open. Stop it, or choose another folder with --data.", db.folder)}
		}
		return fmt.Errorf("lock the data folder %s: %w", db.folder, explain(err))
	}
	return nil
}

// dsn names a file with its pragmas. A lock is waited for 10 seconds, unless they say otherwise.
func dsn(file string, pragmas ...string) string {
	v := url.Values{}
	if !strings.HasPrefix(strings.Join(pragmas, ""), "busy_timeout") {
		v.Add("_pragma", "busy_timeout(10000)")
	}
	for _, p := range pragmas {
		v.Add("_pragma", p)
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(file)}).EscapedPath(), RawQuery: v.Encode()}
	return u.String()
}

// durable are the pragmas by which what is committed is on the disk. macOS lets fsync return
// while the drive still has it in its cache; there SQLite has to ask for more.
var durable = []string{"synchronous(full)", "fullfsync(on)", "checkpoint_fullfsync(on)"}

func (db *DB) openHandles(ctx context.Context, passing bool) error {
	file := filepath.Join(db.folder, FileName)
	lasting := durable
	if passing {
		lasting = []string{"synchronous(off)"}
	}
	// A new file is made here, for its owner alone: SQLite gives the log beside it the same
	// rights, and both are there before anything else could change them.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return &app.Error{Code: app.CodeUnavailable, Err: err, Message: "The data folder cannot be written. Check its owner and permissions."}
	}
	// page_size only counts for a new file. The log is taken into the database by the
	// checkpointer. A page in the cache takes twice its size of memory, for the allocator
	// rounds up: 16 MB are 32. With 40 MB an import of a million rows took 88 s of processor,
	// with 20 it took 85: what the cache lacks, the system's has.
	db.write, err = sql.Open("sqlite", dsn(file, append([]string{"journal_mode(wal)", "foreign_keys(on)",
		"cache_size(-16000)", "wal_autocheckpoint(" + strconv.Itoa(checkpointSafety) + ")", "temp_store(memory)", "journal_size_limit(134217728)"}, lasting...)...))
	if err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	if db.conn, err = db.write.Conn(ctx); err != nil {
		return err
	}
	if err := checkVersion(ctx, db.conn); err != nil {
		return err
	}
	if err := migrate(ctx, db.conn, sqlFiles, db.folder, db.clock.Now()); err != nil {
		return err
	}
	if err := os.Chmod(file, 0o600); err != nil {
		return &app.Error{Code: app.CodeUnavailable, Err: err, Message: "The data folder cannot be written. Check its owner and permissions."}
	}
	db.read, err = sql.Open("sqlite", dsn(file, "query_only(on)", "cache_size(-1000)", "temp_store(memory)"))
	if err != nil {
		return err
	}
	if db.checkpoints, err = newCheckpointer(db.folder, lasting); err != nil {
		return err
	}
	conns := max(4, 2*runtime.NumCPU())
	db.read.SetMaxOpenConns(conns)
	db.read.SetMaxIdleConns(conns)
	db.read.SetConnMaxIdleTime(readerIdle) // each has a cache of its own
	return nil
}

// readerIdle is how long a connection for reading waits for work before it is closed.
const readerIdle = time.Minute

// checkVersion refuses an SQLite with the WAL-reset fault that was mended in 3.51.3.
func checkVersion(ctx context.Context, conn *sql.Conn) error {
	var version string
	if err := conn.QueryRowContext(ctx, "select sqlite_version()").Scan(&version); err != nil {
		return err
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("read SQLite's version %q: %w", version, err)
	}
	if major*1_000_000+minor*1_000+patch < 3_051_003 {
		return fmt.Errorf("SQLite %s may corrupt its log; Kith needs 3.51.3 or newer", version)
	}
	return nil
}

// loadSecrets reads the two secrets of the folder; newWriter made them with the schema.
func (db *DB) loadSecrets(ctx context.Context) error {
	for key, size := range map[string]int{"id_key": 16, "secret": 32} {
		fresh := make([]byte, size)
		if _, err := rand.Read(fresh); err != nil {
			return err
		}
		if _, err := db.conn.ExecContext(ctx, "insert or ignore into meta (key, value) values (?, ?)", key, fresh); err != nil {
			return fmt.Errorf("make the folder's secrets: %w", explain(err))
		}
	}
	var key []byte
	if _, err := db.queries.row(ctx, "meta_get", args("id_key"), &key); err != nil {
		return err
	}
	if _, err := db.queries.row(ctx, "meta_get", args("secret"), &db.secret); err != nil {
		return err
	}
	db.integrationIDs, db.deliveryIDs = newIDCoder(key, 3), newIDCoder(key, 5)
	db.ids, db.listIDs, db.importIDs, db.segmentIDs = newIDCoder(key, 0), newIDCoder(key, 1), newIDCoder(key, 2), newIDCoder(key, 4)
	return nil
}

// Folder returns the data folder.
func (db *DB) Folder() string { return db.folder }

// OrgID is the folder's own id on the wire, which no secret can be read from.
func (db *DB) OrgID() string { return hex.EncodeToString(db.sign("org", nil)[:12]) }

// Clock returns the clock that the folder lives by.
func (db *DB) Clock() app.Clock { return db.clock }

// Now is the clock's time as it is kept.
func (db *DB) Now() app.Instant { return app.InstantOf(db.clock.Now()) }

// sessionNow is the time that sessions end by.
func (db *DB) sessionNow() app.Instant { return app.InstantOf(db.signed.Now()) }

// Close stops the writer after what it has taken on, and closes the file. Calls of
// Apply from then on are refused with CodeUnavailable. It may be called twice.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	db.writer.stop()
	_, err := db.conn.ExecContext(context.Background(), "pragma optimize")
	return errors.Join(err, db.closeHandles())
}

// closeHandles closes what is open. A statement that is left open keeps its connection
// open too; the last connection to go, the writer's, takes the log into the database, so
// that a closed folder is one whole file.
func (db *DB) closeHandles() error {
	errs := db.queries.close()
	if db.writer != nil {
		errs = append(errs, db.writer.q.close()...)
	}
	if db.checkpoints != nil {
		errs = append(errs, db.checkpoints.close())
	}
	if db.read != nil {
		errs = append(errs, db.read.Close())
	}
	if db.conn != nil {
		errs = append(errs, db.conn.Close())
	}
	for _, h := range []*sql.DB{db.write, db.lock} {
		if h != nil {
			errs = append(errs, h.Close())
		}
	}
	return errors.Join(errs...)
}

// idCoder turns row numbers into the 24 hex digits that Engage uses, and back. The
// first 8 are the second of insertion, so ids sort by age; the other 16 are the row
// number under a keyed permutation, so that one id does not give the next away. No
// column and no index is needed for them.
type idCoder struct{ keys [4]uint32 }

// newIDCoder returns the coder of one kind of row: each kind has a permutation of its own.
func newIDCoder(key []byte, kind uint32) (c idCoder) {
	for i := range c.keys {
		c.keys[i] = binary.BigEndian.Uint32(key[i*4:]) + kind*0x9E3779B9
	}
	return c
}

// round is the round function of a four-round Feistel network.
func round(x, k uint32) uint32 {
	x = (x ^ k) * 0x9E3779B1
	x ^= x >> 15
	x *= 0x85EBCA77
	return x ^ x>>13
}

func (c idCoder) encode(row int64, at app.Instant) string {
	l, r := uint32(uint64(row)>>32), uint32(uint64(row))
	for _, k := range c.keys {
		l, r = r, l^round(r, k)
	}
	var b [12]byte
	binary.BigEndian.PutUint32(b[0:], uint32(int64(at)/1000))
	binary.BigEndian.PutUint32(b[4:], l)
	binary.BigEndian.PutUint32(b[8:], r)
	const digits = "0123456789abcdef"
	out := make([]byte, 24)
	for i, v := range b {
		out[2*i], out[2*i+1] = digits[v>>4], digits[v&15]
	}
	return string(out)
}

// decode returns the row number in an id, and the second of insertion for the caller
// to hold against the row. ok is false when id cannot be one of ours.
func (c idCoder) decode(id string) (row int64, second int64, ok bool) {
	if len(id) != 24 {
		return 0, 0, false
	}
	var b [12]byte
	for i := range b {
		hi, lo := hexDigit(id[2*i]), hexDigit(id[2*i+1])
		if hi > 15 || lo > 15 {
			return 0, 0, false
		}
		b[i] = hi<<4 | lo
	}
	l, r := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	for i := 3; i >= 0; i-- {
		l, r = r^round(l, c.keys[i]), l
	}
	row = int64(uint64(l)<<32 | uint64(r))
	return row, int64(binary.BigEndian.Uint32(b[0:])), row > 0
}

func hexDigit(b byte) byte {
	switch {
	case b >= '0' && b <= '9':
		return b - '0'
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10
	}
	return 255
}
