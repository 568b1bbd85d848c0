package command

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"kith/app/bench"

	"github.com/spf13/cobra"
)

func (c *cli) bench() *cobra.Command {
	var seconds, rounds int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what this machine can hold, each figure beside its floor",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.runBench(cmd.Context(), seconds, rounds, asJSON)
		},
	}
	cmd.PersistentFlags().IntVar(&seconds, "seconds", 5, "seconds per measurement")
	cmd.PersistentFlags().IntVar(&rounds, "rounds", 5, "rounds, in turn with the floors")
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(&cobra.Command{
		Use: "ingest", Short: "Single events, batches and upserts over the API", Args: exactly(0), RunE: cmd.RunE,
	})
	for kind, serve := range map[string]func(net.Listener, string) error{
		"floor-http": func(l net.Listener, _ string) error { return bench.ServeFloorHTTP(l) },
		"floor-tx":   bench.ServeFloorTx,
	} {
		cmd.AddCommand(&cobra.Command{Use: kind + " FOLDER", Hidden: true, Args: exactly(1), RunE: func(_ *cobra.Command, args []string) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "API http://%s/v1\n", l.Addr())
			return serve(l, args[0])
		}})
	}
	return cmd
}

func (c *cli) runBench(ctx context.Context, seconds, rounds int, asJSON bool) error {
	folder, err := os.MkdirTemp(".", "kith-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	report, err := bench.Ingest(bench.Options{
		Seconds: seconds, Rounds: rounds, Folder: folder, Log: c.err,
		Start: func(kind, folder string) (*bench.Server, error) { return startServer(ctx, kind, folder) },
	})
	if err != nil {
		return err
	}
	return report.Print(c.out, asJSON)
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
			time.Sleep(200 * time.Millisecond) // let it settle before its memory is read
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
