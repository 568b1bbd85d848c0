// Package command holds the commands, one file each, and wires everything together. It
// is the only package that may import all others; nothing imports it but main.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // zones on machines that have none installed

	"kith/app"
	"kith/app/config"
	"kith/app/service"
	"kith/storage"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Exit codes.
const (
	exitDone  = 0
	exitFail  = 1
	exitUsage = 2
)

// exitCodes ends each command's help.
const exitCodes = `
Exit codes: 0 it is done; 1 it could not be done, and the error says what to do; 2 the command or the configuration is wrong.
`

// usageError is a wrong call of a command.
type usageError struct{ error }

// cli is what every command has at hand.
type cli struct {
	out, err   io.Writer
	configFile string
	flags      map[string]bool // keys of the configuration that are flags
	root       *cobra.Command
	example    []byte // the commented configuration
	folder     string // the data folder, once a command has asked for the settings
	logFormat  string // likewise
}

// Main runs a command line and returns the exit code. exampleConfig is what init writes.
func Main(args []string, stdout, stderr io.Writer, exampleConfig []byte) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := newCLI(stdout, stderr)
	c.example = exampleConfig
	c.root.SetArgs(args)
	cmd, err := c.root.ExecuteContextC(ctx)
	c.handOver()
	if err == nil {
		return exitDone
	}
	var usage usageError
	if errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command") {
		fmt.Fprintf(stderr, "kith: %v\nRun `%s --help` to see how it is used.\n", err, cmd.CommandPath())
		return exitUsage
	}
	if e := new(app.Error); errors.As(err, &e) && e.Code != app.CodeInternal {
		sentence := e.Sentence()
		if hint := (usageHint{}); errors.As(err, &hint) {
			sentence += " `" + hint.command + "` shows what there is."
		}
		fmt.Fprintf(stderr, "kith: %s\n", sentence)
		return exitFail
	}
	fmt.Fprintf(stderr, "kith: %v\n", err)
	return exitFail
}

func newCLI(stdout, stderr io.Writer) *cli {
	c := &cli{out: stdout, err: stderr, flags: map[string]bool{}}
	c.root = &cobra.Command{
		Use:   "kith",
		Short: "Kith keeps a small team's customer data and speaks the API of Engage.",
		Example: `  kith serve --demo               # try it: http://127.0.0.1:5484, with an example company
  kith mock                       # an Engage for tests
  sudo kith service install       # a service of this machine`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.root.SetOut(stdout)
	c.root.SetErr(stderr)
	c.root.SetUsageTemplate(c.root.UsageTemplate() + exitCodes)
	c.root.CompletionOptions.HiddenDefaultCmd = true
	c.root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.root.PersistentFlags().StringVar(&c.configFile, "config", "", "the configuration file (default: kith.toml here, if it is there)")
	c.setting(c.root, "data", "the data folder")
	for _, add := range []func() *cobra.Command{
		c.serve, c.mock, c.importFile, c.export,
		c.backup, c.verify, c.restore, c.quarantine, c.retention, c.doctor, c.reindex,
		c.keys, c.user,
		c.service, c.bench, c.initialise, c.version,
	} {
		c.root.AddCommand(add())
	}
	return c
}

// setting makes a flag of a key of the configuration.
func (c *cli) setting(cmd *cobra.Command, key, usage string) {
	for _, k := range config.Keys {
		if k.Name == key {
			c.flags[key] = true
			cmd.PersistentFlags().String(strings.ReplaceAll(key, ".", "-"), "", usage+" (default "+k.Default+")")
			return
		}
	}
	panic("command: no setting " + key)
}

// defaultConfig is read when it is there and --config names no other.
const defaultConfig = "kith.toml"

// config gathers the settings for cmd.
func (c *cli) config(cmd *cobra.Command) (*config.Config, error) {
	path := c.configFile
	if path == "" {
		if _, err := os.Stat(defaultConfig); err == nil {
			path = defaultConfig
		} else if c.besideService(cmd) {
			path = serviceConfig
		}
	}
	given := map[string]string{}
	for key := range c.flags {
		if f := cmd.Flag(strings.ReplaceAll(key, ".", "-")); f != nil && f.Changed {
			given[key] = f.Value.String()
		}
	}
	cfg, err := config.Load(path, config.Environ, given)
	if err == nil {
		c.folder, c.logFormat = cfg.Data, cfg.LogFormat
	}
	return cfg, err
}

// handOver gives what root made in the data folder to the account that a service runs as.
func (c *cli) handOver() {
	if c.folder == "" {
		return
	}
	if err := service.HandOver(c.folder); err != nil && !errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(c.err, "kith: give what was made in %s to the folder's owner: %v; `chown -R --reference=%s %s` does it\n", c.folder, err, c.folder, c.folder)
	}
}

// besideService reports whether cmd is for the data of the service that is installed here:
// it looks after a folder, nobody named one, and the service's configuration can be read.
func (c *cli) besideService(cmd *cobra.Command) bool {
	switch top := topCommand(cmd); top {
	case "serve", "mock", "bench", "init", "service":
		return false
	}
	if flag := cmd.Flag("data"); flag != nil && flag.Changed {
		return false
	}
	if _, given := config.Environ("KITH_DATA"); given {
		return false
	}
	f, err := os.Open(serviceConfig)
	if err != nil {
		return false
	}
	f.Close()
	fmt.Fprintf(c.err, "(with the service's configuration, %s)\n", serviceConfig)
	return true
}

// topCommand is the name right behind kith.
func topCommand(cmd *cobra.Command) string {
	for cmd.HasParent() && cmd.Parent().HasParent() {
		cmd = cmd.Parent()
	}
	return cmd.Name()
}

// open opens the data folder for a command that touches only keys and users, beside a
// server that may be running. In a folder where there is no Kith it makes none: the folder
// would be a misspelt one.
func (c *cli) open(cmd *cobra.Command) (*storage.DB, error) {
	cfg, err := c.config(cmd)
	if err != nil {
		return nil, err
	}
	if err := kithIn(cfg.Data); err != nil {
		return nil, err
	}
	return c.openOrMake(cmd)
}

// kithIn returns CodeNotFound when there is no Kith in a folder.
func kithIn(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, storage.FileName)); errors.Is(err, fs.ErrNotExist) {
		if err := storage.CheckExchange(folder); err != nil {
			return err
		}
		return app.NotFound("There is no Kith in %s: the file %s is not there. --data names another folder, and `kith serve` makes a new one.", folder, storage.FileName)
	}
	return nil
}

// openOrMake is open for what may come before the first start: a first key, a first user.
func (c *cli) openOrMake(cmd *cobra.Command) (*storage.DB, error) {
	cfg, err := c.config(cmd)
	if err != nil {
		return nil, err
	}
	if kithIn(cfg.Data) != nil {
		fmt.Fprintf(c.err, "(there was no Kith in %s; it is made)\n", cfg.Data)
	}
	cmd.SetContext(app.WithActor(cmd.Context(), app.ByCommand)) // for the audit log
	return storage.Open(cmd.Context(), cfg.Data, storage.Options{Shared: true, Log: c.logger("error")})
}

// exactly takes n arguments, and says what they are otherwise.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("use: kith %s", cmd.UseLine()[len("kith "):])}
		}
		return nil
	}
}

// listed says which command shows what there is, where the named thing is not.
func listed(err error, command string) error {
	if app.CodeOf(err) != app.CodeNotFound {
		return err
	}
	return usageHint{err, command}
}

// usageHint is an error of the data's, with the command that shows what there is.
type usageHint struct {
	error
	command string
}

func (e usageHint) Unwrap() error { return e.error }

// isTerminal reports whether w is a terminal, where a secret may be shown.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	return term.IsTerminal(int(f.Fd())) // a device such as /dev/null is none
}

// buildInfo is the version with what the build knows of itself.
func buildInfo() (version, commit, date string) {
	version, commit, date = Version, "unknown", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit, date
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case "vcs.time":
			date = s.Value
		}
	}
	return version, commit, date
}

// Version is the release.
const Version = "0.1.0"

// clock is time for everything that is not under test.
var clock app.Clock = app.RealClock{}
