package command

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"kith/app"
	"kith/app/config"
	"kith/app/server"
	"kith/storage"

	"github.com/spf13/cobra"
)

// exportFlags are what `kith export` was asked for.
type exportFlags struct {
	what                             string
	segment, format, event, from, to string
	server, output                   string
	raw, follow                      bool
}

func (c *cli) export() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export customers|events",
		Short: "Write all customers or events out, and with --follow those that come",
		Long: `Writes customers or events, one a line, to the standard output or with --output to a
file. With --server, or where a Kith runs on the data folder, they come over the API with
the keys of the configuration (KITH_KEYS_PUBLIC and KITH_KEYS_PRIVATE); otherwise out of
the data folder itself.

An NDJSON file that was not finished is gone on with by the same command: FILE.cursor
beside it says where. Customers who change while such a file is written come again at its
end. With --follow the export does not end: a customer's line comes again when the customer
changes, {"id":…,"deleted":true} when it goes, {"uid":…,"merged_into":…} for an id that
became another's; each event comes once.`,
		Example: `  kith export customers --format csv --output customers.csv
  kith export customers --segment 6650a1f2c3d4e5f601234567
  kith export events --event "Purchased bandwidth" --from 2026-01-01
  kith export events --follow --server http://127.0.0.1:5484 | clickhouse-client --query "insert into events format JSONEachRow"`,
		ValidArgs: []string{"customers", "events"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != "customers" && args[0] != "events" {
				return usageError{errors.New("use: kith export customers, or kith export events")}
			}
			f.what = args[0]
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return usageError{err}
			}
			cfg, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			return c.runExport(cmd.Context(), cfg, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.segment, "segment", "", "the id of a segment: only its members, or their events")
	flags.StringVar(&f.format, "format", "ndjson", "ndjson or csv")
	flags.BoolVar(&f.follow, "follow", false, "go on with what comes, until interrupted")
	flags.StringVarP(&f.output, "output", "o", "", "the file to write (default: the standard output)")
	flags.StringVar(&f.event, "event", "", "only events of this name")
	flags.StringVar(&f.from, "from", "", "only events from this time on, such as 2026-01-31 or 2026-01-31T08:00:00Z")
	flags.StringVar(&f.to, "to", "", "only events before this time")
	flags.BoolVar(&f.raw, "raw", false, "csv: leave cells as they are that a spreadsheet would run as a formula")
	flags.StringVar(&f.server, "server", "", "the address of a running Kith, such as http://127.0.0.1:5484")
	c.setting(cmd, "keys.public", "the public key, for --server")
	c.setting(cmd, "keys.private", "the private key, for --server; the environment is a better place")
	return cmd
}

func (f *exportFlags) check() error {
	switch {
	case f.format != "ndjson" && f.format != "csv":
		return fmt.Errorf(`--format must be ndjson or csv, not %q`, f.format)
	case f.format == "csv" && f.follow:
		return errors.New("--follow writes NDJSON only: leave --format out")
	case f.raw && f.format != "csv":
		return errors.New("--raw is of CSV: NDJSON is never changed")
	case f.what == "customers" && f.event+f.from+f.to != "":
		return errors.New("--event, --from and --to are of events")
	}
	return nil
}

// query is what the API is asked for.
func (f *exportFlags) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"segment": f.segment, "event": f.event, "from": f.from, "to": f.to} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.format == "csv" {
		q.Set("format", "csv")
	}
	if f.raw {
		q.Set("raw", "true")
	}
	if f.follow {
		q.Set("follow", "true")
	}
	return q
}

func (c *cli) runExport(ctx context.Context, cfg *config.Config, f *exportFlags) error {
	source, end, err := c.exportSource(ctx, cfg, f)
	if err != nil {
		return err
	}
	defer end()
	if f.format == "csv" || f.output == "" && !f.follow {
		return c.exportWhole(ctx, source, f)
	}
	out, err := openExport(c.out, f)
	if err != nil {
		return err
	}
	if out.state.Cursor != "" {
		fmt.Fprintf(c.err, "Going on where %s ended.\n", f.output)
	}
	err = c.exportLines(ctx, source, f, out)
	return errors.Join(err, out.close(err == nil && !f.follow))
}

// exportSource is the API that an export comes from: of a server where one is named, or
// runs on the data folder; else of this process, on loopback, with keys of its own.
func (c *cli) exportSource(ctx context.Context, cfg *config.Config, f *exportFlags) (_ *remote, end func(), err error) {
	nothing := func() {}
	if f.server != "" {
		r, err := newRemote(f.server, cfg)
		return r, nothing, err
	}
	if err := kithIn(cfg.Data); err != nil {
		return nil, nil, err
	}
	pair := *cfg
	if pair.KeysPublic, err = randomKey(); err != nil {
		return nil, nil, err
	}
	if pair.KeysPrivate, err = randomKey(); err != nil {
		return nil, nil, err
	}
	h, err := openHouse(ctx, &pair, houseOptions{clock: clock, sessions: clock, log: c.logger("error")})
	switch {
	case errors.Is(err, storage.ErrHeld) && cfg.KeysPublic != "" && cfg.KeysPrivate != "":
		r, err := newRemote("http://"+cfg.Listen, cfg)
		return r, nothing, err
	case errors.Is(err, storage.ErrHeld):
		return nil, nil, app.Fail(app.CodeUnavailable, "A Kith runs on the data folder %s. Export over it: kith export %s --server http://%s, with KITH_KEYS_PUBLIC and KITH_KEYS_PRIVATE set (`kith keys create NAME` makes a pair).", cfg.Data, f.what, cfg.Listen)
	case err != nil:
		return nil, nil, err
	case f.follow:
		h.close()
		return nil, nil, usageError{fmt.Errorf("no Kith runs on the data folder %s, so nothing will come: start it, or name one with --server", cfg.Data)}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.close()
		return nil, nil, err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served, kept := make(chan error, 1), make(chan error, 1)
	go func() { served <- server.New(server.Options{Log: h.log, Mount: h.mount[:1]}).Serve(serving, l) }()
	go func() { kept <- h.segments.Run(serving) }()
	r, err := newRemote("http://"+l.Addr().String(), &pair)
	end = func() { stop(); <-served; <-kept; h.close() }
	if err == nil && f.segment != "" { // who is a member is known when the columns are there
		err = r.awaitSegments(ctx)
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return r, end, nil
}

func randomKey() (string, error) {
	var b [24]byte
	_, err := rand.Read(b[:])
	return hex.EncodeToString(b[:]), err
}

// awaitSegments waits until the segments are where the data is.
func (r *remote) awaitSegments(ctx context.Context) error {
	for {
		res, err := r.call(ctx, "GET", "/v1/status?wait=1s", nil)
		if err != nil {
			return err
		}
		var s struct{ Feed map[string]int64 }
		err = json.NewDecoder(res.Body).Decode(&s)
		res.Body.Close()
		if err != nil || s.Feed["segments"] >= s.Feed["head"] {
			return err
		}
	}
}

// exportWhole writes what cannot be gone on with: a file appears under its name when it is
// whole.
func (c *cli) exportWhole(ctx context.Context, source *remote, f *exportFlags) (err error) {
	res, err := source.call(ctx, "GET", "/v1/export/"+f.what+"?"+f.query().Encode(), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if f.output == "" {
		_, err = io.Copy(c.out, res.Body)
		return brokeOff(ctx, err)
	}
	part, err := os.CreateTemp(filepath.Dir(f.output), "."+filepath.Base(f.output)+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	n, err := io.Copy(part, res.Body)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(brokeOff(ctx, err), part.Close()); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), f.output); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "%s has %s bytes.\n", f.output, figures(n))
	return nil
}

// brokeOff says in a sentence that an answer ended before its end.
func brokeOff(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return app.Fail(app.CodeUnavailable, "Interrupted: the export is not whole.")
	}
	return fmt.Errorf("the export broke off and is not whole: %w", err)
}

// retryFirst and retryMost are how long a broken connection is left alone.
const (
	retryFirst = 500 * time.Millisecond
	retryMost  = 30 * time.Second
	// retries is how often in a row an export that ends is tried again with nothing to show for it.
	retries = 5
)

// exportLines writes NDJSON, and goes on over broken connections from the last cursor.
func (c *cli) exportLines(ctx context.Context, source *remote, f *exportFlags, out *exportFile) error {
	pause, failed := retryFirst, 0
	for {
		q := f.query()
		q.Set("after", out.state.Cursor)
		before := out.state.Cursor
		err := c.exportOnce(ctx, source, "/v1/export/"+f.what+"?"+q.Encode(), out)
		if ctx.Err() != nil {
			if f.follow {
				return nil // somebody has seen enough
			}
			return app.Fail(app.CodeUnavailable, "Interrupted: the export is not whole.%s", out.hint())
		}
		var said *app.Error
		var disk *outputError
		switch {
		case err == nil && !f.follow:
			return nil
		case err == nil:
			pause, failed = retryFirst, 0
			continue
		case errors.As(err, &said), errors.As(err, &disk): // it will say the same again
			return err
		}
		if out.state.Cursor != before {
			pause, failed = retryFirst, 0
		}
		if failed++; failed > retries && !f.follow {
			return fmt.Errorf("the export broke off and is not whole.%s %w", out.hint(), err)
		}
		fmt.Fprintf(c.err, "The connection broke (%v); trying again in %s.\n", err, pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		pause = min(2*pause, retryMost)
	}
}

// exportOnce reads one answer. What stands behind its last cursor is not written.
func (c *cli) exportOnce(ctx context.Context, source *remote, path string, out *exportFile) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	res, err := source.call(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	// A server tells a cursor every 15 seconds: a connection that is silent for four times
	// as long is dead, though nobody has said so.
	const silent = time.Minute
	dead := time.AfterFunc(silent, cancel)
	defer dead.Stop()
	in := bufio.NewReaderSize(res.Body, 256<<10)
	var lines []byte
	marked := false
	for {
		line, err := in.ReadSlice('\n')
		for err == bufio.ErrBufferFull {
			lines = append(lines, line...)
			line, err = in.ReadSlice('\n')
			if err != bufio.ErrBufferFull {
				lines = append(lines, line...)
				line = nil
			}
		}
		if err == io.EOF && len(line) == 0 && len(lines) == 0 && marked {
			return nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // an answer that is whole ends with a cursor
		}
		if err != nil {
			return err
		}
		dead.Reset(silent)
		if !bytes.HasPrefix(line, []byte(`{"cursor":`)) {
			lines = append(lines, line...)
			continue
		}
		var mark struct{ Cursor string }
		if err := json.Unmarshal(line, &mark); err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		if err := out.write(lines, mark.Cursor); err != nil {
			return &outputError{err}
		}
		lines, marked = lines[:0], true
	}
}

// outputError is a failure to write what was read, which trying again does not mend.
type outputError struct{ error }

func (e *outputError) Unwrap() error { return e.error }

// exportFile is where lines go, with what an interrupted export goes on by.
type exportFile struct {
	out   io.Writer
	file  *os.File
	state exportState
	saved time.Time
}

// exportState is what FILE.cursor holds.
type exportState struct {
	What    string `json:"what"`
	Query   string `json:"query"`
	Cursor  string `json:"cursor"`
	Written int64  `json:"written"` // bytes of the file that stand before the cursor
}

func cursorFile(output string) string { return output + ".cursor" }

// openExport opens the output. A file that an export was interrupted in is cut behind its
// last cursor and gone on with; any other that is there is left alone.
func openExport(stdout io.Writer, f *exportFlags) (*exportFile, error) {
	q := f.query()
	q.Del("follow")
	e := &exportFile{out: stdout, state: exportState{What: f.what, Query: q.Encode()}}
	if f.output == "" {
		return e, nil
	}
	var have exportState
	raw, err := os.ReadFile(cursorFile(f.output))
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	case json.Unmarshal(raw, &have) != nil:
		return nil, fmt.Errorf("%s cannot be read: remove it and %s to begin anew", cursorFile(f.output), f.output)
	case have.What != e.state.What || have.Query != e.state.Query:
		return nil, usageError{fmt.Errorf("%s is the beginning of another export: of %s %s. Choose another file, or remove it and %s", f.output, have.What, have.Query, cursorFile(f.output))}
	}
	flags := os.O_WRONLY | os.O_CREATE
	if have.Cursor == "" {
		flags |= os.O_EXCL
	}
	file, err := os.OpenFile(f.output, flags, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, usageError{fmt.Errorf("%s is there already: remove it, or choose another file", f.output)}
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() < have.Written {
		err = fmt.Errorf("%s is shorter than %s says: remove both to begin anew", f.output, cursorFile(f.output))
	}
	if err == nil {
		err = file.Truncate(have.Written)
	}
	if err == nil {
		_, err = file.Seek(have.Written, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	e.out, e.file, e.state.Cursor, e.state.Written = file, file, have.Cursor, have.Written
	return e, nil
}

// write takes the lines up to a cursor. The cursor is kept once a second: what a crash
// leaves behind it is cut off by the next start.
func (e *exportFile) write(lines []byte, cursor string) error {
	if _, err := e.out.Write(lines); err != nil {
		return err
	}
	e.state.Cursor = cursor
	e.state.Written += int64(len(lines))
	if e.file == nil || time.Since(e.saved) < time.Second {
		return nil
	}
	return e.save()
}

func (e *exportFile) save() error {
	e.saved = time.Now()
	if err := e.file.Sync(); err != nil {
		return err
	}
	raw, err := json.Marshal(e.state)
	if err != nil {
		return err
	}
	name := cursorFile(e.file.Name())
	if err := os.WriteFile(name+".new", append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// close ends the file. One that is whole needs no cursor any more.
func (e *exportFile) close(whole bool) error {
	if e.file == nil {
		return nil
	}
	err := e.save()
	if whole && err == nil {
		err = os.Remove(cursorFile(e.file.Name()))
	}
	return errors.Join(err, e.file.Close())
}

func (e *exportFile) hint() string {
	if e.file == nil {
		return ""
	}
	return " The same command goes on where it is."
}
