package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"kith/app"
	"kith/app/config"
	"kith/app/server"
	"kith/app/service"
	"kith/storage"

	"github.com/spf13/cobra"
)

func (c *cli) serve() *cobra.Command {
	var demo, print bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve Engage's API and the dashboard",
		Long: `Serves until it is told to stop (Ctrl-C, SIGTERM): what was answered by then is on the disk.
The first start shows a key pair and a link that makes the first user of the dashboard; where
there is no terminal they are left in the data folder, in ` + FirstFile + `.`,
		Example: `  kith serve --demo                           # an example company, to look around
  kith serve --data /srv/kith --listen :5484
  KITH_LOG_LEVEL=debug kith serve --config kith.toml
  kith serve --print-config                   # each setting, and where it came from`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return service.Run(cmd.Context(), func(ctx context.Context, ready func()) error {
				cfg, err := c.config(cmd)
				if err != nil {
					return usageError{err}
				}
				if print {
					return cfg.Print(c.out)
				}
				return c.runServe(ctx, cfg, demo, ready)
			})
		},
	}
	c.setting(cmd, "listen", "where to listen, host:port")
	cmd.Flags().BoolVar(&demo, "demo", false, "fill an empty data folder with MInt, an example company")
	cmd.Flags().BoolVar(&print, "print-config", false, "say each setting and where it came from, and do nothing else")
	return cmd
}

// FirstFile holds what the first start would have shown on a terminal: the private key
// and the link that makes the first user.
const FirstFile = "first-start.txt"

// runServe serves until ctx ends, and calls ready when it listens.
func (c *cli) runServe(ctx context.Context, cfg *config.Config, demo bool, ready func()) error {
	log := c.logger(cfg.LogLevel)
	hearLibraries(log)
	for _, stray := range config.Strays(os.Environ()) {
		log.Warn("a variable of the environment does nothing", "reason", stray)
	}
	h, err := openHouse(ctx, cfg, houseOptions{clock: clock, sessions: clock, log: log, demo: demo})
	if err != nil {
		return err
	}
	defer h.close()
	l, err := listen(cfg.Listen, "give another address with --listen")
	if err != nil {
		return err
	}
	defer l.Close()
	address := "http://" + l.Addr().String()
	secure := new(server.Opened)
	if cfg.TLS() {
		if secure, err = certificates(cfg, log).Open(); err != nil {
			return err
		}
		address = "https://" + l.Addr().String()
		if len(cfg.TLSHosts) > 0 {
			address = "https://" + cfg.TLSHosts[0]
		}
	}
	if cfg.URL != "" {
		address = cfg.URL
	}
	if demo {
		if err := c.fillDemo(ctx, h.db, log); err != nil {
			return err
		}
	}
	if err := c.firstStart(ctx, h.db, cfg, address, log); err != nil {
		return err
	}
	srv := server.New(server.Options{Log: log, Around: h.around, Mount: h.mount, TrustedProxies: cfg.Proxies.Strings(), TLS: secure.TLS})
	if cfg.TLSHTTP != "" {
		open, err := listen(cfg.TLSHTTP, "give another address, or none, as tls.http")
		if err != nil {
			return err
		}
		defer open.Close()
		h.run = append(h.run, func(ctx context.Context) error { return server.Redirect(ctx, open, secure.Plain) })
	}
	if secure.Run != nil {
		h.run = append(h.run, secure.Run)
	}
	fmt.Fprintf(c.out, "Kith %s serves %s\n  dashboard  %s/app/\n  API        %s/v1\n  data       %s\n", Version, cfg.Workspace, address, address, h.db.Folder())
	manager, err := service.NewNotifier(log)
	if err != nil {
		return err
	}
	return runAll(ctx, append(h.run, tendHeap,
		func(ctx context.Context) error { return srv.Serve(ctx, l) },
		func(ctx context.Context) error {
			manager.Ready(address)
			ready()
			return manager.Run(ctx, func(ctx context.Context) error { return alive(h.db.Pulse(ctx)) })
		})...)
}

// alive takes what a full disk says for life: the writer goes on by itself when there is
// room, and a new process would not help.
func alive(err error) error {
	if app.CodeOf(err) == app.CodeUnavailable {
		return nil
	}
	return err
}

// certificates are those that cfg names; those that are got are kept in the data folder.
func certificates(cfg *config.Config, log *slog.Logger) server.Certificates {
	return server.Certificates{
		Certificate: cfg.TLSCertificate, Key: cfg.TLSKey, Log: log,
		Hosts: cfg.TLSHosts, Directory: cfg.TLSDirectory, Authority: cfg.TLSAuthority, Email: cfg.TLSEmail,
		Folder: cfg.Data, Plain: cfg.TLSHTTP != "", Agent: "kith/" + Version,
	}
}

// firstStart makes what a new folder lacks: a key pair, and a way to the first user.
// Secrets are shown on a terminal, and otherwise left in a file that only the owner can
// read, so that none reaches a system's journal.
func (c *cli) firstStart(ctx context.Context, db *storage.DB, cfg *config.Config, address string, log *slog.Logger) error {
	var secrets strings.Builder
	keys, err := db.Keys(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 && cfg.KeysPublic == "" {
		k, private, err := db.CreateKey(ctx, "first")
		if err != nil {
			return err
		}
		fmt.Fprintf(&secrets, "API keys for your SDKs (the private one is not shown again):\n  public key   %s\n  private key  %s\n", k.Public, private)
	}
	users, err := db.Users(ctx)
	if err != nil {
		return err
	}
	file := filepath.Join(db.Folder(), FirstFile)
	switch {
	case len(users) > 0:
	case cfg.AdminEmail != "":
		if err := addUser(app.WithActor(ctx, app.ByCommand), db, cfg.AdminEmail, cfg.AdminPassword, app.RoleOwner); err != nil {
			return fmt.Errorf("make the user of admin.email: %w", err)
		}
	default:
		token, err := db.SetSetupToken(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(&secrets, "Make the first user of the dashboard (this link works once):\n  %s/app/setup#%s\n", address, token)
	}
	if secrets.Len() == 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			log.Warn("remove the file of the first start", "file", file, "error", err)
		}
		return nil
	}
	if isTerminal(c.out) {
		_, err := fmt.Fprintln(c.out, secrets.String())
		return err
	}
	old, _ := os.ReadFile(file) // a private key that nobody may have read yet stays in it
	if i := strings.Index(string(old), "Make the first user"); i > 0 && !strings.Contains(secrets.String(), "private key") {
		secrets2 := string(old[:i]) + secrets.String()
		secrets.Reset()
		secrets.WriteString(secrets2)
	}
	if err := os.WriteFile(file, []byte(secrets.String()), 0o600); err != nil {
		return err
	}
	log.Info("keys and the link to make the first user are in a file", "file", file)
	return nil
}

// runAll runs parts together. When one fails, or ctx ends, all are ended and awaited. One
// that ends before that has failed, whatever it says: a server that lacks a part would look
// like one that was stopped.
func runAll(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(parts))
	for i, part := range parts {
		wg.Go(func() {
			defer cancel()
			errs[i] = guarded(ctx, part)
			if errs[i] == nil && ctx.Err() == nil {
				errs[i] = fmt.Errorf("part %d of the server ended by itself", i+1)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// guarded turns a panic of a part into an error, so that the others end in order. A part
// that was told to end and says no more than that, in the middle of its work, did not fail.
func guarded(ctx context.Context, part func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if err = part(ctx); ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
