package command

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"kith/app/config"
	"kith/app/service"

	"github.com/spf13/cobra"
)

// Where a service has its configuration and its data when nobody says otherwise.
var (
	serviceConfig = systemPath("/etc/kith/kith.toml", "kith.toml")
	serviceData   = systemPath("/var/lib/kith", "data")
)

// systemPath is unix, or a place below ProgramData on Windows.
func systemPath(unix, windows string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(cmp.Or(os.Getenv("ProgramData"), `C:\ProgramData`), "Kith", windows)
	}
	return unix
}

// serviceFlags are the flags of `kith service`.
type serviceFlags struct{ manager, root, user, program string }

func (c *cli) service() *cobra.Command {
	var f serviceFlags
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Install Kith as a service of this machine, and start or stop it",
		Long: `Makes Kith start with the machine: by systemd (its own account, which owns nothing but the
data; ready when it listens; a watchdog that asks the writer), OpenRC, SysV's scripts,
launchd or Windows. Its configuration is ` + serviceConfig + `, its data ` + serviceData + `.
Commands such as ` + "`kith user` and `kith keys`" + ` find both by themselves when they are run as root.`,
		Example: `  sudo kith service install && sudo kith service start
  kith service status
  sudo kith service uninstall      # the data and the configuration stay`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&f.manager, "manager", "", "systemd, openrc or sysv (default: what runs here)")
	install := &cobra.Command{
		Use:   "install",
		Short: "Register the service, so that it starts with the machine",
		Long: `Writes the configuration if there is none, and the service. Run again it brings both in
line with this program and the configuration, and changes nothing else.`,
		Example: `  sudo kith service install
  sudo kith service install --user kith --data /srv/kith    # an account of your own
  kith service install --root ./image --manager systemd     # only the files, for an image`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serviceInstall(cmd, f) },
	}
	install.Flags().StringVar(&f.root, "root", "", "write only files, below this folder")
	install.Flags().StringVar(&f.user, "user", "", "the account to run as (default: one that systemd makes, on Windows LocalService; elsewhere it must be named)")
	install.Flags().StringVar(&f.program, "program", "", "the executable's path (default: this one)")
	uninstall := &cobra.Command{
		Use: "uninstall", Short: "Stop the service and take it out; configuration and data stay",
		Example: "  sudo kith service uninstall", Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			m, err := service.Here(f.manager)
			if err != nil {
				return err
			}
			if err := m.Uninstall(f.root); err != nil {
				return needsRoot(err)
			}
			_, err = fmt.Fprintf(c.out, "The service is gone. The configuration stays at %s and the data at %s.\n", serviceConfig, serviceData)
			return err
		},
	}
	uninstall.Flags().StringVar(&f.root, "root", "", "remove only files, below this folder")
	cmd.AddCommand(install, uninstall)
	for _, a := range []struct{ action, short, said string }{
		{"start", "Start the service, and wait until it is ready", "Kith runs."},
		{"stop", "Stop the service: what was answered is on the disk", "Kith has stopped."},
		{"restart", "Stop the service and start it again, such as after an upgrade", "Kith runs again."},
	} {
		cmd.AddCommand(&cobra.Command{
			Use: a.action, Short: a.short, Example: "  sudo kith service " + a.action, Args: exactly(0),
			RunE: func(*cobra.Command, []string) error {
				m, err := service.Here(f.manager)
				if err != nil {
					return err
				}
				if err := m.Control(a.action); errors.Is(err, service.ErrNotInstalled) {
					return err
				} else if err != nil {
					return needsRoot(fmt.Errorf("%w; its log says why (%s)", err, m.LogHint()))
				}
				_, err = fmt.Fprintln(c.out, a.said)
				return err
			},
		})
	}
	cmd.AddCommand(&cobra.Command{
		Use: "status", Short: "Say whether the service runs (exit code 1 if not)", Example: "  kith service status", Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			m, err := service.Here(f.manager)
			if err != nil {
				return err
			}
			status, err := m.Status()
			if err != nil {
				return err
			}
			if status != "running" {
				return fmt.Errorf("the service is %s; `kith service start` starts it, and its log (%s) says how it ended", status, m.LogHint())
			}
			_, err = fmt.Fprintln(c.out, "Kith runs.")
			return err
		},
	})
	return cmd
}

func (c *cli) serviceInstall(cmd *cobra.Command, f serviceFlags) error {
	m, err := service.Here(f.manager)
	if err != nil {
		return err
	}
	spec, err := c.serviceSpec(cmd, m, f)
	if err != nil {
		return err
	}
	changed, err := m.Install(spec, f.root)
	if err != nil {
		return needsRoot(fmt.Errorf("install the service: %w", err))
	}
	if !changed {
		_, err = fmt.Fprintln(c.out, "The service is installed already; nothing was changed.")
		return err
	}
	_, err = fmt.Fprintf(c.out, "Installed the service.\n  configuration  %s\n  data           %s\nIt starts with the machine; `kith service start` starts it now, `kith service restart` if it runs.\n", spec.Config, spec.Data)
	return err
}

// serviceSpec gathers what the service starts, and writes its configuration if there is none.
func (c *cli) serviceSpec(cmd *cobra.Command, m *service.Manager, f serviceFlags) (spec service.Spec, err error) {
	spec = service.Spec{Config: cmp.Or(c.configFile, serviceConfig), User: f.user, Program: f.program}
	if spec.Config, err = filepath.Abs(spec.Config); err != nil {
		return spec, err
	}
	if spec.Program == "" {
		if spec.Program, err = os.Executable(); err != nil {
			return spec, fmt.Errorf("find this program: %w; name it with --program", err)
		}
		if spec.Program, err = filepath.EvalSymlinks(spec.Program); err != nil {
			return spec, err
		}
	}
	spec.Data = serviceData
	if flag := cmd.Flag("data"); flag.Changed {
		spec.Data = flag.Value.String()
	}
	if runtime.GOOS == "windows" { // where what is in ProgramData is everybody's to read
		if err := service.MakeFolder(filepath.Dir(serviceConfig), spec.User); err != nil {
			return spec, needsRoot(err)
		}
	}
	file := filepath.Join(f.root, spec.Config)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := c.writeServiceConfig(m, spec, f.root, file); err != nil {
			return spec, err
		}
	}
	cfg, err := config.Load(file, func(string) (string, bool) { return "", false }, nil)
	if err != nil {
		return spec, usageError{err}
	}
	if !cmd.Flag("data").Changed && cfg.Origin("data") != "default" {
		spec.Data = cfg.Data
	}
	if !filepath.IsAbs(spec.Data) {
		return spec, usageError{fmt.Errorf("data (%s) is %q, which a service cannot find; write a whole path such as %s", file, spec.Data, serviceData)}
	}
	if f.root == "" {
		if err := service.MakeFolder(spec.Data, spec.User); err != nil {
			return spec, needsRoot(err)
		}
	}
	spec.LowPort = isLow(cfg.Listen) || isLow(cfg.TLSHTTP)
	return spec, nil
}

// writeServiceConfig writes a service's configuration. What would be refused afterwards is
// refused before anything is written.
func (c *cli) writeServiceConfig(m *service.Manager, spec service.Spec, root, file string) error {
	if m.File() != "" {
		if _, err := m.Script(spec); err != nil {
			return fmt.Errorf("install the service: %w", err)
		}
	}
	if root == "" {
		if err := service.MakeFolder(spec.Data, spec.User); err != nil {
			return needsRoot(err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return needsRoot(err)
	}
	mode := os.FileMode(0o600)
	if spec.User != "" {
		mode = 0o640
	}
	if err := os.WriteFile(file, config.WithSetting(c.example, "data", spec.Data), mode); err != nil {
		return needsRoot(err)
	}
	if spec.User != "" && root == "" {
		return service.Readable(file, spec.User)
	}
	return nil
}

// isLow reports whether a port is one that only some may listen at.
func isLow(address string) bool {
	_, port, err := net.SplitHostPort(address)
	n, nerr := strconv.Atoi(port)
	return err == nil && nerr == nil && n > 0 && n < 1024
}

// needsRoot says so where rights are what is missing.
func needsRoot(err error) error {
	if runtime.GOOS == "windows" {
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w; a service is installed and run by an administrator: try again in a terminal that was opened as one", err)
		}
		return err
	}
	if errors.Is(err, fs.ErrPermission) || os.Geteuid() != 0 && !errors.Is(err, service.ErrNotInstalled) {
		return fmt.Errorf("%w; a service is installed and run by an administrator: try again with sudo", err)
	}
	return err
}
