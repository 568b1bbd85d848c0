package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kith/app"
	"kith/app/config"
	"kith/app/importer"
	"kith/storage"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// importFlags are what `kith import` was asked for.
type importFlags struct {
	o           importer.Options
	mapText     string
	server      string
	errorsTo    string
	undo, abort string
}

func (c *cli) importFile() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Import customers from a CSV file, into a running server or the data folder",
		Long: `Imports customers from a CSV file as it is: any usual encoding, delimiter and line
end, also packed with gzip. FILE may be "-" for the standard input. With --server, or where
a Kith runs on the data folder, it goes over the API with the keys of the configuration
(KITH_KEYS_PUBLIC and KITH_KEYS_PRIVATE); otherwise into the data folder itself.`,
		Example: `  kith import customers.csv --dry-run    # what it found, and what would happen
  kith import customers.csv --id customer_no --list 64f0c0ffee64f0c0ffee64f0
  gunzip -c export.csv.gz | kith import - --server https://kith.example.com
  kith import --undo imp_1               # takes it back`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 != (f.undo == "" && f.abort == "") {
				return usageError{errors.New("use: kith import FILE.csv, or kith import --undo ID")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if f.o.Map, err = importer.ParseMap(f.mapText); err != nil {
				return usageError{fmt.Errorf("--map %s", app.Public(err).Message)}
			}
			cfg, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return c.runImport(cmd.Context(), cfg, &f, name)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.o.ID, "id", "", "the column of the customer's id, by its header, or by its place: #1")
	flags.StringVar(&f.o.Match, "match", "", "what finds a customer without an id: email, number, or none")
	flags.StringVar(&f.mapText, "map", "", `what columns become: {"Signup Date":{"to":"created_at","type":"date","format":"MM/DD/YYYY"},"Internal":null}`)
	flags.StringVar(&f.o.List, "list", "", "the id of a list to put every customer on")
	flags.StringVar(&f.o.Status, "status", "", "how they are put on it: subscribed, unsubscribed or pending; who has unsubscribed stays so")
	flags.StringVar(&f.o.Mode, "mode", "", "upsert, create (leave those that are there) or update (make none)")
	flags.BoolVar(&f.o.DryRun, "dry-run", false, "say what would happen and write nothing")
	flags.StringVar(&f.o.Delimiter, "delimiter", "", "comma, semicolon, tab, pipe or a character")
	flags.StringVar(&f.o.Quote, "quote", "", "what cells are quoted with: double, single, none, or a character")
	flags.StringVar(&f.o.Escape, "escape", "", `how a quote inside a quoted cell is written: doubled ("") or backslash (\")`)
	flags.StringVar(&f.o.Encoding, "encoding", "", "such as utf-8, windows-1252, utf-16le")
	flags.StringVar(&f.o.Header, "header", "", "yes or no: whether the first line names the columns; or the number of the line that does")
	flags.StringVar(&f.o.ShortRows, "short-rows", "", "refuse, or fill: take rows that lack cells at their end")
	flags.StringVar(&f.o.Blank, "blank", "", "keep, or clear: a blank cell takes the attribute away")
	flags.StringVar(&f.o.Nulls, "nulls", "", `word, or blank: NULL, \N, N/A and the like are blank cells`)
	flags.StringVar(&f.server, "server", "", "the address of a running Kith, such as http://127.0.0.1:5484")
	flags.StringVar(&f.errorsTo, "errors", "", "where the refused rows go (default: beside the file, as FILE.errors.csv)")
	flags.StringVar(&f.undo, "undo", "", "undo the import with this id")
	flags.StringVar(&f.abort, "cancel", "", "cancel the import with this id")
	c.setting(cmd, "keys.public", "the public key, for --server")
	c.setting(cmd, "keys.private", "the private key, for --server; the environment is a better place")
	return cmd
}

// importTarget is where an import runs: a server, or the data folder in this process.
type importTarget interface {
	start(ctx context.Context, name string, body io.Reader, o importer.Options) (*importStatus, error)
	get(ctx context.Context, id string) (*importStatus, error)
	act(ctx context.Context, id, action string) (*importStatus, error)
	report(ctx context.Context, id string, w io.Writer) error
	refusals(ctx context.Context, id string, limit int) ([]importer.Refusal, error)
	close() error
}

// importStatus is what a target says of an import.
type importStatus struct {
	ID, File, State, Phase, Encoding, Delimiter, Match       string
	Rows, Done, Created, Updated, Unchanged, Skipped, Failed int64
	Duplicates, Restored, Removed, Kept                      int64
	RowsRead                                                 int64 `json:"rows_read"`
	RowsPerSecond                                            int64 `json:"rows_per_second"`
	SecondsLeft                                              int64 `json:"seconds_left"`
	DryRun                                                   bool  `json:"dry_run"`
	BlankLines                                               int64 `json:"blank_lines"`
	Gzip                                                     bool
	Sniffed                                                  map[string]importer.Finding
	Notes                                                    []string
	Nulls                                                    string
	Error                                                    *string
	StartedAt                                                *app.Instant `json:"started_at"`
	FinishedAt                                               *app.Instant `json:"finished_at"`
	Columns                                                  []importColumn
}

// importColumn is what a target says of a column.
type importColumn struct {
	Name, Type, Format, Doubt string
	To                        *string
	Filled                    int64
	Samples                   []string
	Offers                    []importer.Offer
}

func (c *cli) runImport(ctx context.Context, cfg *config.Config, f *importFlags, file string) error {
	in, name, err := openImport(file)
	if err != nil {
		return err
	}
	defer in.Close()
	ctx = app.WithActor(ctx, app.ByCommand) // for the audit log
	target, err := c.importTarget(ctx, cfg, f.server)
	if err != nil {
		return err
	}
	defer target.close()
	var s *importStatus
	switch {
	case f.undo != "":
		s, err = target.act(ctx, f.undo, "undo")
	case f.abort != "":
		if s, err = target.act(ctx, f.abort, "cancel"); err == nil {
			fmt.Fprintf(c.out, "The import of %s is cancelled after %s rows. `kith import --undo %s` takes those back.\n", s.File, figures(s.Done), s.ID)
			return nil
		}
	default:
		s, err = target.start(ctx, name, in, f.o)
	}
	if err != nil {
		return err
	}
	if s, err = c.followImport(ctx, target, s); err != nil {
		return err
	}
	if s.State == "failed" {
		return app.Fail(app.CodeInvalid, "The import failed after %s rows: %s", figures(s.Done), deref(s.Error))
	}
	var refused []importer.Refusal
	if s.Failed > 0 && f.undo == "" {
		if refused, err = target.refusals(ctx, s.ID, refusedShown); err != nil {
			return err
		}
	}
	c.sayImport(s, refused)
	if s.Failed > 0 && f.undo == "" {
		return c.saveErrors(ctx, target, s, f, file)
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func openImport(file string) (io.ReadCloser, string, error) {
	switch file {
	case "":
		return io.NopCloser(strings.NewReader("")), "", nil
	case "-":
		return os.Stdin, "standard input", nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, "", err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, "", fmt.Errorf("%s is a folder; name the CSV file in it", file)
	}
	return f, filepath.Base(file), nil
}

// importTarget is a server where one is named, or runs on the data folder; else the folder.
func (c *cli) importTarget(ctx context.Context, cfg *config.Config, server string) (importTarget, error) {
	if server != "" {
		return newRemoteImport(server, cfg)
	}
	db, err := storage.Open(ctx, cfg.Data, storage.Options{Clock: clock, Log: c.logger("error")})
	if errors.Is(err, storage.ErrHeld) {
		if cfg.KeysPublic != "" && cfg.KeysPrivate != "" {
			return newRemoteImport("http://"+cfg.Listen, cfg)
		}
		return nil, app.Fail(app.CodeUnavailable, "A Kith runs on the data folder %s. Import over it: kith import FILE.csv --server http://%s, with KITH_KEYS_PUBLIC and KITH_KEYS_PRIVATE set (`kith keys create NAME` makes a pair).", cfg.Data, cfg.Listen)
	}
	if err != nil {
		return nil, err
	}
	runner := importer.NewRunner(db, importer.RunnerOptions{Clock: clock, Log: c.logger("error"), Zone: cfg.Zone})
	runCtx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = runner.Run(runCtx)
	}()
	return &localImport{db: db, runner: runner, end: func() { stop(); <-done }}, nil
}

// followImport shows how far an import is until it ends: a bar on a terminal, lines
// elsewhere.
func (c *cli) followImport(ctx context.Context, target importTarget, s *importStatus) (*importStatus, error) {
	bar := isTerminal(c.err)
	every := 5 * time.Second
	if bar {
		every = 200 * time.Millisecond
	}
	said := time.Now()
	for {
		state, known := app.ImportStateOf(s.State)
		if !known || state.Ended() {
			if bar {
				fmt.Fprint(c.err, "\r\033[K")
			}
			return s, nil
		}
		if now := time.Now(); now.Sub(said) >= every {
			said = now
			if bar {
				fmt.Fprintf(c.err, "\r\033[K%s", importBar(s, terminalWidth(c.err)))
			} else {
				fmt.Fprintln(c.err, importLine(s))
			}
		}
		timer := time.NewTimer(100 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			if bar {
				fmt.Fprintln(c.err)
			}
			return nil, app.Fail(app.CodeUnavailable, "Interrupted after %s rows. The import goes on where it is when Kith runs; `kith import --cancel %s` ends it.", figures(s.Done), s.ID)
		}
		var err error
		if s, err = target.get(ctx, s.ID); err != nil && ctx.Err() == nil {
			return nil, err
		}
		if ctx.Err() != nil && s == nil {
			s = &importStatus{}
		}
	}
}

// importLine is how far an import is, in words.
func importLine(s *importStatus) string {
	switch s.Phase {
	case "reading":
		return fmt.Sprintf("reading the file: %s rows", figures(s.RowsRead))
	case "checking":
		return fmt.Sprintf("checking: %s of %s rows, %s rows/s", figures(s.RowsRead), figures(s.Rows), figures(s.RowsPerSecond))
	case "undoing":
		return fmt.Sprintf("undoing: %s removed, %s restored, %s left", figures(s.Removed), figures(s.Restored), figures(s.Kept))
	case "":
		return "waiting for its turn"
	}
	line := fmt.Sprintf("%s of %s rows, %s rows/s", figures(s.Done), figures(s.Rows), figures(s.RowsPerSecond))
	if s.SecondsLeft > 0 {
		line += ", " + (time.Duration(s.SecondsLeft) * time.Second).String() + " left"
	}
	if s.Failed > 0 {
		line += ", " + figures(s.Failed) + " refused"
	}
	return line
}

// importBar is how far an import is as a bar, on one line of a terminal.
func importBar(s *importStatus, columns int) string {
	line := importLine(s)
	width := min(30, columns-len(line)-4) // the last column stays free: some terminals begin a line there
	if width < 5 {
		return cutTo(line, max(1, columns-1))
	}
	filled := 0
	done := s.Done
	if s.Phase == "checking" {
		done = s.RowsRead
	}
	if s.Rows > 0 && s.Phase != "reading" {
		filled = int(done * int64(width) / s.Rows)
	}
	return "[" + strings.Repeat("█", filled) + strings.Repeat("░", width-filled) + "] " + line
}

// terminalWidth is how many columns a terminal has, 80 if it does not say.
func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

func figures(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// sayImport says what became of the rows, and why the first of those refused were.
func (c *cli) sayImport(s *importStatus, refused []importer.Refusal) {
	switch {
	case s.State == "undone":
		fmt.Fprintf(c.out, "Undone: %s removed, %s restored.\n", figures(s.Removed), figures(s.Restored))
		if s.Kept > 0 {
			fmt.Fprintf(c.out, "%s customers had changed since the import and were left as they are.\n", figures(s.Kept))
		}
		return
	case s.State == "cancelled":
		fmt.Fprintf(c.out, "Cancelled after %s rows.\n", figures(s.Done))
		return
	case s.DryRun:
		fmt.Fprintf(c.out, "%s would be imported like this (nothing was written):\n", s.File)
		c.sayFindings(s)
		c.sayColumns(s)
	default:
		fmt.Fprintf(c.out, "%s is imported: %s, %ss, found by %s.\n", s.File, s.Encoding, s.Delimiter, s.Match)
	}
	for _, n := range []struct {
		n    int64
		what string
	}{{s.Rows, "rows"}, {s.Created, "created"}, {s.Updated, "updated"}, {s.Unchanged, "unchanged"}, {s.Skipped, "passed over"}, {s.Failed, "refused"}} {
		if n.n > 0 || n.what != "passed over" && n.what != "refused" {
			what := n.what
			if n.n == 1 && what == "rows" {
				what = "row"
			}
			fmt.Fprintf(c.out, "%12s %s\n", figures(n.n), what)
		}
	}
	c.sayRefused(s, refused)
	for _, col := range s.Columns {
		if col.Doubt != "" && col.To != nil && !s.DryRun { // a dry run says it beside the column
			fmt.Fprintf(c.out, "! %s: %s\n", cutTo(col.Name, 40), col.Doubt)
		}
	}
	if s.Nulls != "" {
		fmt.Fprintln(c.out, s.Nulls, "(--nulls)")
	}
	for _, note := range s.Notes {
		fmt.Fprintln(c.out, note)
	}
	if s.StartedAt != nil && s.FinishedAt != nil && !s.DryRun {
		took := (*s.FinishedAt).Time().Sub((*s.StartedAt).Time())
		fmt.Fprintf(c.out, "It took %s. `kith import --undo %s` takes it back.\n", took.Round(10*time.Millisecond), s.ID)
	}
}

// sayFindings says how the file was read, why, and how to overrule it.
func (c *cli) sayFindings(s *importStatus) {
	for _, f := range []struct{ key, name, flags string }{
		{"encoding", "encoding", "--encoding"}, {"delimiter", "delimiter", "--delimiter"}, {"quote", "quotes", "--quote"}, {"escape", "escapes", "--escape"},
		{"header", "header", "--header"}, {"match", "found by", "--id, --match"},
	} {
		found := s.Sniffed[f.key]
		if found.Value == "" || !found.Told && (f.key == "quote" && found.Value == "double" || f.key == "escape" && found.Value == "doubled") {
			continue
		}
		value := found.Value
		if f.key == "encoding" && s.Gzip {
			value += ", packed with gzip"
		}
		if found.Told {
			fmt.Fprintf(c.out, "  %-10s %s, as you said\n", f.name, value)
			continue
		}
		fmt.Fprintf(c.out, "  %-10s %s, because %s (%s)\n", f.name, value, found.Why, f.flags)
	}
	if s.BlankLines > 0 {
		fmt.Fprintf(c.out, "  %-10s %s, passed over\n", "blank", figures(s.BlankLines)+map[bool]string{true: " line", false: " lines"}[s.BlankLines == 1])
	}
	fmt.Fprintln(c.out)
}

func (c *cli) sayColumns(s *importStatus) {
	for _, col := range s.Columns {
		to := "left out"
		if col.To != nil {
			to = *col.To
		}
		kind := col.Type
		if col.Format != "" && col.Type == "date" {
			kind += " " + col.Format
		}
		sample := ""
		if len(col.Samples) > 0 {
			sample = "  " + fmt.Sprintf("%.40q", col.Samples[0])
		}
		if col.To == nil {
			kind = ""
		}
		fmt.Fprintf(c.out, "  %-24s → %-20s %-16s%s\n", cutTo(col.Name, 24), cutTo(to, 20), kind, sample)
		if col.Doubt != "" {
			fmt.Fprintf(c.out, "    ! %s\n", col.Doubt)
			if way := wayToSay(col); way != "" {
				fmt.Fprintf(c.out, "      --map '%s'\n", way)
			}
		}
	}
}

// cutTo shortens a name for a table.
func cutTo(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

// wayToSay is the map that reads a column in the first other way that is offered, "" if
// there is none.
func wayToSay(col importColumn) string {
	for _, o := range col.Offers {
		if o.Type == "text" && o.To == "" {
			continue
		}
		way, err := json.Marshal(map[string]importer.Target{col.Name: {To: o.To, Type: o.Type, Format: o.Format}})
		if err == nil {
			return strings.ReplaceAll(string(way), "'", `'\''`)
		}
	}
	return ""
}

// refusedShown is how many refused rows are said with their reasons.
const refusedShown = 5

// sayRefused says why the first rows were refused.
func (c *cli) sayRefused(s *importStatus, rows []importer.Refusal) {
	for _, r := range rows {
		fmt.Fprintf(c.out, "%14sline %s: %s\n", "", figures(r.Line), r.Reason)
	}
	if more := s.Failed - int64(len(rows)); more > 0 && len(rows) > 0 {
		fmt.Fprintf(c.out, "%14sand %s more\n", "", figures(more))
	}
}

// saveErrors writes the refused rows beside the file.
func (c *cli) saveErrors(ctx context.Context, target importTarget, s *importStatus, f *importFlags, file string) error {
	to := f.errorsTo
	if to == "" {
		to = strings.TrimSuffix(file, filepath.Ext(file)) + ".errors.csv"
		if file == "-" {
			to = "import.errors.csv"
		}
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = target.report(ctx, s.ID, out)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "The refused rows are in %s, each with its line and the reason. Mend them there and import that file.\n", to)
	return nil
}
