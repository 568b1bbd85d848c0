package command

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"kith/app"
	"kith/app/bench"
	"kith/search"
	"kith/storage"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (c *cli) bench() *cobra.Command {
	var o bench.Options
	var asJSON bool
	var count int
	// run gives a measurement its scratch folder, here, on the disk under test.
	run := func(measure func(bench.Options) (*bench.Report, error)) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			if err := counts(cmd); err != nil {
				return err
			}
			folder, err := os.MkdirTemp(".", "kith-bench-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(folder)
			version, commit, _ := buildInfo()
			o.Folder, o.Log, o.Version = folder, c.err, version+" ("+commit+")"
			o.Start = func(kind, folder string) (*bench.Server, error) { return startServer(cmd.Context(), kind, folder) }
			o.Fill = func(folder string, make func(take func([]app.Change) error) error) error {
				return fillFolder(cmd.Context(), folder, make)
			}
			o.Bare = func(folder string) (bench.BareIndex, error) { return search.NewBare(folder) }
			report, err := measure(o)
			if err != nil {
				return err
			}
			return report.Print(c.out, asJSON)
		}
	}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what this machine can hold, each figure beside its floor",
		Long: `Each figure is taken in turn with its floor (what nobody can beat: a handler that only
decodes, bare inserts, SQL over the best index), in one run on the disk of this folder, so
that a noisy machine disturbs both alike. Without a part it measures ingest. Everything it
makes is removed at the end.`,
		Example: `  kith bench
  kith bench all --json > figures.json      # everything: half an hour
  kith bench all --small --seconds 1 --rounds 3
  kith bench segments --customers 200000 --events 2000000`,
		Args: exactly(0),
		RunE: run(bench.Ingest),
	}
	cmd.PersistentFlags().IntVar(&o.Seconds, "seconds", 5, "seconds per measurement")
	cmd.PersistentFlags().IntVar(&o.Rounds, "rounds", 5, "rounds, in turn with the floors")
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	start := &cobra.Command{
		Use: "start", Short: "The time to the first answer", Example: "  kith bench start --customers 200000", Args: exactly(0),
		RunE: run(func(o bench.Options) (*bench.Report, error) { return bench.Start(o, count) }),
	}
	start.Flags().IntVar(&count, "customers", 1_000_000, "how many customers the full folder has; 0: only an empty one")
	var size bench.SegmentsSize
	segments := &cobra.Command{
		Use: "segments", Short: "Rules over everybody beside SQL, starts, memory, and how soon a change is seen",
		Example: "  kith bench segments --customers 200000 --events 2000000", Args: exactly(0),
		RunE: run(func(o bench.Options) (*bench.Report, error) { return bench.Segments(o, size) }),
	}
	segments.Flags().IntVar(&size.Customers, "customers", 1_000_000, "how many customers, of 20 attributes")
	segments.Flags().IntVar(&size.Events, "events", 10_000_000, "how many events, of 20 names")
	var rows int
	imports := &cobra.Command{
		Use: "import", Short: "A file of customers on its way in, fresh and over what is there",
		Example: "  kith bench import --rows 200000", Args: exactly(0),
		RunE: run(func(o bench.Options) (*bench.Report, error) { return bench.Import(o, rows) }),
	}
	imports.Flags().IntVar(&rows, "rows", 1_000_000, "how many rows the file has")
	var people int
	found := &cobra.Command{
		Use: "search", Short: "How fast the search index is built and answers, beside bare Bleve and FTS5",
		Example: "  kith bench search --customers 200000", Args: exactly(0),
		RunE: run(func(o bench.Options) (*bench.Report, error) { return bench.Search(o, people) }),
	}
	found.Flags().IntVar(&people, "customers", 1_000_000, "how many customers, of 10 attributes")
	cmd.AddCommand(c.benchAll(run), start, imports, segments, found,
		&cobra.Command{Use: "ingest", Short: "Single events, batches and upserts over the API", Example: "  kith bench ingest --seconds 10 --rounds 7", Args: exactly(0), RunE: run(bench.Ingest)},
		&cobra.Command{Use: "memory", Short: "Whether memory grows under a steady load", Example: "  kith bench memory --seconds 600", Args: exactly(0), RunE: run(bench.Memory)},
		floorCommand(c, "floor-http", func(l net.Listener, _ string) error { return bench.ServeFloorHTTP(l) }),
		floorCommand(c, "floor-tx", bench.ServeFloorTx),
	)
	return cmd
}

// counts refuses numbers that nothing can be measured with.
func counts(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		least := 1
		if f.Name == "customers" && cmd.Name() == "start" {
			least = 0
		}
		if n, nerr := strconv.Atoi(f.Value.String()); f.Value.Type() == "int" && (nerr != nil || n < least) {
			err = usageError{fmt.Errorf("--%s must be %d or more, not %s", f.Name, least, f.Value)}
		}
	})
	return err
}

// benchAll is every part in one report.
func (c *cli) benchAll(run func(func(bench.Options) (*bench.Report, error)) func(*cobra.Command, []string) error) *cobra.Command {
	var small bool
	cmd := &cobra.Command{
		Use: "all", Short: "Every part, in one report", Args: exactly(0),
		Example: "  kith bench all --json > figures.json\n  kith bench all --small --seconds 1 --rounds 3",
	}
	cmd.Flags().BoolVar(&small, "small", false, "a twentieth of the customers, events and rows: a first look")
	cmd.RunE = run(func(o bench.Options) (*bench.Report, error) {
		customers, events := 1_000_000, 10_000_000
		if small {
			customers, events = customers/20, events/20
		}
		return bench.All(o, func(name string) (string, error) {
			folder := filepath.Join(o.Folder, name)
			return folder, os.MkdirAll(folder, 0o700)
		},
			bench.Part{Name: "ingest", Measure: bench.Ingest},
			bench.Part{Name: "start", Measure: func(o bench.Options) (*bench.Report, error) { return bench.Start(o, customers) }},
			bench.Part{Name: "segments", Measure: func(o bench.Options) (*bench.Report, error) {
				return bench.Segments(o, bench.SegmentsSize{Customers: customers, Events: events})
			}},
			bench.Part{Name: "search", Measure: func(o bench.Options) (*bench.Report, error) { return bench.Search(o, customers) }},
			bench.Part{Name: "import", Measure: func(o bench.Options) (*bench.Report, error) { return bench.Import(o, customers) }},
			bench.Part{Name: "memory", Measure: bench.Memory},
		)
	})
	return cmd
}

// fillFolder applies what make makes to a new folder.
func fillFolder(ctx context.Context, folder string, make func(take func([]app.Change) error) error) error {
	db, err := storage.Open(ctx, folder, storage.Options{})
	if err != nil {
		return err
	}
	err = make(func(changes []app.Change) error {
		_, err := db.Apply(ctx, app.Batch{Changes: changes})
		return err
	})
	return errors.Join(err, db.Close())
}

// floorCommand is a floor as a server: a process of its own, like the product.
func floorCommand(c *cli, kind string, serve func(net.Listener, string) error) *cobra.Command {
	return &cobra.Command{Use: kind + " FOLDER", Hidden: true, Args: exactly(1), RunE: func(_ *cobra.Command, args []string) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "API http://%s/v1\n", l.Addr())
		return serve(l, args[0])
	}}
}

// startServer starts this program as a server of its own on loopback.
func startServer(ctx context.Context, kind, folder string) (*bench.Server, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"bench", kind, folder}
	if kind == "kith" {
		args = []string{"serve", "--listen", "127.0.0.1:0", "--data", folder}
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), "KITH_KEYS_PUBLIC=bench", "KITH_KEYS_PRIVATE=bench", "KITH_LOG_LEVEL=warn")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stopped := false
	s := &bench.Server{
		Auth: "Basic " + base64.StdEncoding.EncodeToString([]byte("bench:bench")),
		Stop: func() {
			if !stopped {
				stopped = true
				if kind == "kith" {
					_ = cmd.Process.Signal(os.Interrupt)
				} else {
					_ = cmd.Process.Kill() // a floor has nothing to bring to an end
				}
				_ = cmd.Wait()
			}
		},
		RSS: func() int64 { return residentMemory(cmd.Process.Pid) },
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "API"); ok {
			s.Address = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(rest), "http://"), "/v1")
			go func() {
				for lines.Scan() {
				}
			}()
			return s, nil
		}
	}
	s.Stop()
	return nil, fmt.Errorf("%s did not start", kind)
}

// residentMemory reads a process's memory where /proc tells it.
func residentMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}
