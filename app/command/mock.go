package command

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"kith/app"
	"kith/app/config"
	"kith/app/mock"
	"kith/app/server"

	"github.com/gin-gonic/gin"
	"github.com/spf13/cobra"
)

// mockListen is where the mock listens, so that it can stand beside a Kith that serves.
const mockListen = "127.0.0.1:5485"

// mockTLS is where SDKs look for Engage's hosts, once these lead to this machine.
const mockTLS = "127.0.0.1:443"

// mockFlags are the flags of the mock.
type mockFlags struct {
	listen string
	quiet  bool
	// tls also answers for Engage's own hosts, at tlsListen.
	tls       bool
	tlsListen string
}

func (c *cli) mock() *cobra.Command {
	var f mockFlags
	cmd := &cobra.Command{
		Use:   "mock",
		Short: "Be an Engage for development and tests: any key is taken, nothing is kept",
		Long: `Serves Engage's API on a temporary folder, which is removed at the end (--data DIR keeps
it). Any key pair is taken, and nothing is sent or fetched. Under /mock it can be reset,
loaded, told to fail and moved in time; GET /mock lists the calls.`,
		Example: `  kith mock
  kith mock --data ./mock-data --listen 127.0.0.1:6000
  sudo kith mock --tls --data ./mock-data
  curl -X POST http://127.0.0.1:5485/mock/failures -d '{"path":"/users/*","status":503,"count":2}'`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			folder := ""
			if cmd.Flag("data").Changed {
				folder = cfg.Data
			}
			return c.runMock(cmd.Context(), cfg, folder, f)
		},
	}
	cmd.PersistentFlags().StringVar(&f.listen, "listen", mockListen, "where to listen, host:port")
	cmd.Flags().BoolVar(&f.tls, "tls", false, "also answer for "+strings.Join(mock.Hosts, ", ")+" by TLS, with a local authority")
	cmd.Flags().StringVar(&f.tlsListen, "tls-listen", mockTLS, "where to listen for TLS, on this machine only")
	cmd.Flags().BoolVar(&f.quiet, "quiet", false, "print no line for each request")
	cmd.AddCommand(c.mockPreload(&f))
	return cmd
}

func (c *cli) mockPreload(f *mockFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "preload",
		Short: "Print the path of the file that leads Engage's Node SDK to the mock",
		Example: `  NODE_OPTIONS="--require $(kith mock preload)" npm test
  NODE_OPTIONS="--require $(kith mock preload --listen 127.0.0.1:6000)" node app.js`,
		Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			cache, err := os.UserCacheDir()
			if err != nil {
				return fmt.Errorf("the preload file has nowhere to go: %w", err)
			}
			path, err := mock.WritePreload(filepath.Join(cache, "kith"), f.listen)
			if err != nil {
				return fmt.Errorf("write the preload file: %w", err)
			}
			_, err = fmt.Fprintln(c.out, path)
			return err
		},
	}
}

// runMock serves until ctx ends. Of cfg it takes what says how data is read (the time zone,
// the workspace's name); what reaches others, or is kept, does not count here.
func (c *cli) runMock(ctx context.Context, cfg *config.Config, folder string, f mockFlags) (err error) {
	if cfg.LogLevel == "info" {
		cfg.LogLevel = "warn" // it prints what happens by itself
	}
	log := c.logger(cfg.LogLevel)
	kept := folder != ""
	if !kept {
		if folder, err = os.MkdirTemp("", "kith-mock-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	l, err := listen(f.listen, "give another address with --listen (port 0 takes a free one)")
	if err != nil {
		return err
	}
	defer l.Close()
	address := "http://" + reachable(l.Addr())
	if !isLoopback(l.Addr()) {
		log.Warn("whoever reaches this address can read and reset the mock", "address", l.Addr())
	}

	var secure net.Listener
	trust := ""
	if f.tls {
		if secure, trust, err = listenTLS(f.tlsListen, folder, kept); err != nil {
			return err
		}
		defer secure.Close()
	}

	cfg.URL, cfg.Proxies = "", nil
	cfg.KeyRate, cfg.AddressRate = config.Rate{}, config.Rate{}
	cfg.KeysPublic, cfg.KeysPrivate = "", ""
	failed := make(chan error, 1)
	o := mock.Options{Folder: folder, Kept: kept, Zone: cfg.Zone, Version: Version}
	if !f.quiet {
		o.Out = &lockedWriter{w: c.out}
	}
	var m *mock.Mock
	o.Open = func(ctx context.Context, folder string, clock *app.ShiftedClock) (*mock.Workspace, error) {
		cfg := *cfg
		cfg.Data = folder
		h, err := openHouse(ctx, &cfg, houseOptions{clock: clock, sessions: app.RealClock{}, log: log, mock: true, passing: !kept})
		if err != nil {
			return nil, err
		}
		h.office.Remembers(memory(func(texts []string) { m.Forget(texts) }))
		return h.workspace(ctx, failed)
	}
	if m, err = mock.New(ctx, o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	srv := server.New(server.Options{Log: log, Mount: []func(*gin.Engine){m.Mount}})
	c.sayMock(address, m, folder, kept)
	if now := m.Moved(); !now.IsZero() {
		fmt.Fprintf(c.out, "The clock stands where it was moved to: %s. POST /mock/clock {\"real\":true} puts it right.\n\n", now.Format(time.RFC3339))
	}
	encrypted := func(context.Context) error { return nil }
	if secure != nil {
		c.sayTLS(secure.Addr(), trust)
		again := server.New(server.Options{Log: log, Mount: []func(*gin.Engine){m.Mount}})
		encrypted = func(ctx context.Context) error { return again.Serve(ctx, secure) }
	}
	return runAll(ctx,
		func(ctx context.Context) error { return srv.Serve(ctx, l) },
		func(ctx context.Context) error { return awaited(ctx, encrypted) },
		func(ctx context.Context) error {
			select {
			case err := <-failed:
				return err
			case <-ctx.Done():
				return nil
			}
		})
}

// awaited runs a part that may have nothing to do, for as long as ctx lasts.
func awaited(ctx context.Context, part func(context.Context) error) error {
	if err := part(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// memory is a function that forgets.
type memory func(texts []string)

func (f memory) Forget(texts []string) { f(texts) }

// listenTLS listens for Engage's hosts. The authority that signs for them is kept with the
// data where that is kept, else with the user's settings: a client that trusts it once
// goes on doing so.
func listenTLS(address, folder string, kept bool) (l net.Listener, authority string, err error) {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil || !isLoopback(at) {
		return nil, "", usageError{fmt.Errorf("--tls-listen %s is not an address of this machine alone: the mock poses as Engage for this machine only", address)}
	}
	if !kept {
		settings, err := os.UserConfigDir()
		if err != nil {
			return nil, "", fmt.Errorf("the authority's key has nowhere to go: %w; --data DIR takes it", err)
		}
		folder = filepath.Join(settings, "kith")
	}
	now := app.RealClock{}.Now()
	a, err := mock.OpenAuthority(folder, now)
	if err != nil {
		return nil, "", fmt.Errorf("make the authority: %w", err)
	}
	settings, err := a.TLS(now)
	if err != nil {
		return nil, "", fmt.Errorf("make the certificate: %w", err)
	}
	if l, err = listen(at.String(), "give another port with --tls-listen, and forward 443 to it"); err != nil {
		return nil, "", err
	}
	return tls.NewListener(l, settings), a.File, nil
}

// sayTLS prints what else to set for TLS.
func (c *cli) sayTLS(address net.Addr, authority string) {
	if full, err := filepath.Abs(authority); err == nil {
		authority = full
	}
	at := address.(*net.TCPAddr)
	fmt.Fprintf(c.out, `Unmodified SDKs, by TLS at %[1]s: a line in the hosts file, and trust in the local authority
  hosts    %[2]s %[3]s
  Node     NODE_EXTRA_CA_CERTS=%[4]s
  Python   REQUESTS_CA_BUNDLE=%[4]s
  PHP      php -d curl.cainfo=%[4]s -d openssl.cafile=%[4]s
  others   SSL_CERT_FILE=%[4]s   (Go, Ruby)
`, address, at.IP, strings.Join(mock.Hosts, " "), authority)
	if at.Port != 443 {
		fmt.Fprintf(c.out, "  SDKs look at port 443: forward it to %d\n", at.Port)
	}
	fmt.Fprintln(c.out)
}

// workspace runs a house for the mock. What fails while it runs is sent to failed.
func (h *house) workspace(ctx context.Context, failed chan<- error) (*mock.Workspace, error) {
	setup := ""
	users, err := h.db.Users(ctx)
	if err == nil && len(users) == 0 {
		var token string
		if token, err = h.db.SetSetupToken(ctx); err == nil {
			setup = "/app/setup#" + token
		}
	}
	if err != nil {
		h.close()
		return nil, err
	}
	srv := server.New(server.Options{Log: h.log, Mount: h.mount})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() {
		err := runAll(running, h.run...)
		if err != nil && running.Err() == nil {
			select {
			case failed <- err:
			default:
			}
		}
		ended <- err
	}()
	return &mock.Workspace{
		Handler: srv.Handler(), Store: h.db, Settle: h.segments.Settle, Setup: setup,
		Stop: func() error {
			stop()
			err := <-ended
			h.close()
			return err
		},
	}, nil
}

// sayMock prints what to set so that each SDK comes here.
func (c *cli) sayMock(address string, m *mock.Mock, folder string, kept bool) {
	end := "removed at the end; --data DIR keeps it"
	if kept {
		end = "kept"
	}
	at := ""
	if host := strings.TrimPrefix(address, "http://"); host != mockListen {
		at = " --listen " + host
	}
	fmt.Fprintf(c.out, `Kith %s plays Engage; any key pair is taken
  API        %s/v1
  control    %s/mock
  dashboard  %s%s
  data       %s (%s)

Node     NODE_OPTIONS="--require $(kith mock preload%s)"
Python   engagesdk.API_URL = "%s/v1"
Go       client.BaseUrl = "%s/v1"

`, Version, address, address, address, cmp.Or(m.Setup(), "/app/"), folder, end, at, address, address)
}

// reachable is an address that a client of this machine can use: one listens everywhere at
// 0.0.0.0, but nobody connects to it.
func reachable(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return a.String()
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// lockedWriter lets one write at a time.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
