// Package service makes Kith a service of the machine that it runs on, and lets a Kith
// that was started as one talk to whoever started it. It owns the unit of systemd, the
// scripts of OpenRC and SysV, launchd's list and the service of Windows, says when Kith is
// ready, and answers the watchdog. What it writes no script of its own for (upstart,
// procd …) is written by kardianos/service. It never touches the data.
//
// The invariant: installing twice changes nothing the second time, and uninstalling leaves
// the configuration and the data where they are.
package service

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/kardianos/service"
)

// Name is the service's name, and that of the account which systemd makes for it.
const Name = "kith"

const description = "Kith keeps customer data and speaks the API of Engage"

// Spec is what a service starts.
type Spec struct {
	// Program, Config and Data are absolute paths: of the executable, of the configuration
	// and of the data folder.
	Program, Config, Data string
	// User is the account to run as. "" lets systemd make one that exists only while Kith
	// runs, which needs Data below /var/lib.
	User string
	// LowPort: Kith listens below port 1024, for which systemd gives it the one capability.
	LowPort bool
}

// Manager is what starts services here: systemd, OpenRC, SysV's scripts, launchd, Windows.
type Manager struct {
	system service.System
	// Kind is its name, as kardianos/service says it.
	Kind string
}

// The managers that Kith has a script of its own for, and Windows, which has none.
const (
	Systemd = "linux-systemd"
	OpenRC  = "linux-openrc"
	SysV    = "unix-systemv"
	Launchd = "darwin-launchd"
	Windows = "windows-service"
)

// controller is a manager that is spoken to, and takes no script.
type controller interface {
	install(Spec) (changed bool, err error)
	uninstall() error
	control(action string) error
	status() (running bool, err error)
}

// Here is the manager of this machine, or the one that is named: systemd, openrc, sysv.
func Here(name string) (*Manager, error) {
	if name == "" {
		if s := service.ChosenSystem(); s != nil {
			return &Manager{s, s.String()}, nil
		}
		return nil, errors.New("this machine has nothing that starts services which Kith knows; start `kith serve` by what you have")
	}
	for _, s := range service.AvailableSystems() {
		if kind := s.String(); kind == name || kind == "linux-"+name || name == "sysv" && kind == SysV {
			return &Manager{s, kind}, nil
		}
	}
	return nil, fmt.Errorf("%q starts no services here; --manager takes one of: systemd, openrc, sysv", name)
}

// ErrNotInstalled says that there is no such service.
var ErrNotInstalled = errors.New("the service is not installed; `kith service install` does that")

// File is where the manager keeps what Install writes; "" where the library decides.
func (m *Manager) File() string {
	switch m.Kind {
	case Systemd:
		return "/etc/systemd/system/" + Name + ".service"
	case OpenRC, SysV:
		return "/etc/init.d/" + Name
	case Launchd:
		return "/Library/LaunchDaemons/" + Name + ".plist"
	}
	return ""
}

// Script is what Install writes for the managers that have a File.
func (m *Manager) Script(s Spec) ([]byte, error) {
	switch m.Kind {
	case Systemd:
		return Unit(s)
	case OpenRC, SysV, Launchd:
		if s.User == "" {
			return nil, fmt.Errorf("%s makes no account for a service; name one with --user", m.Kind)
		}
		return render(map[string]string{OpenRC: "openrc", SysV: "sysv", Launchd: "launchd"}[m.Kind], s)
	}
	return nil, fmt.Errorf("%s keeps no script that could be shown; `kith service install` hands over to it", m.Kind)
}

// Install registers the service so that it starts with the machine, and reports whether
// that changed anything. With a root it only writes files below that folder, as a package
// or an image needs them.
func (m *Manager) Install(s Spec, root string) (changed bool, err error) {
	file := m.File()
	if file == "" && root != "" {
		return false, fmt.Errorf("%s cannot be installed into another root", m.Kind)
	}
	if c := native(); c != nil {
		return c.install(s)
	}
	if file == "" {
		return true, m.with(s, service.Service.Install)
	}
	script, err := m.Script(s)
	if err != nil {
		return false, err
	}
	if m.Kind == Launchd && root == "" {
		if err := makeLog(LogFile, s.User); err != nil {
			return false, fmt.Errorf("make the log: %w", err)
		}
	}
	have, err := os.ReadFile(filepath.Join(root, file))
	if err == nil && bytes.Equal(have, script) {
		return false, m.enable(root)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	mode := os.FileMode(0o644)
	if m.Kind == OpenRC || m.Kind == SysV {
		mode = 0o755
	}
	if err := writeFile(filepath.Join(root, file), script, mode); err != nil {
		return false, err
	}
	if root == "" && m.Kind == Systemd {
		if err := run("systemctl", "daemon-reload"); err != nil {
			return true, err
		}
	}
	return true, m.enable(root)
}

// enable makes the service start with the machine. Doing it again changes nothing.
func (m *Manager) enable(root string) error {
	switch {
	case m.Kind == Systemd && root != "":
		link := filepath.Join(root, "/etc/systemd/system/multi-user.target.wants", Name+".service")
		if _, err := os.Lstat(link); err == nil {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return err
		}
		return os.Symlink(m.File(), link)
	case m.Kind == Systemd:
		return run("systemctl", "enable", "--quiet", Name+".service")
	case m.Kind == OpenRC && root == "":
		return run("rc-update", "--quiet", "add", Name, "default")
	case m.Kind == SysV && root == "":
		return eitherOf([]string{"update-rc.d", Name, "defaults"}, []string{"chkconfig", "--add", Name})
	}
	return nil
}

// Uninstall stops the service and takes it out; data and configuration stay.
func (m *Manager) Uninstall(root string) error {
	if c := native(); c != nil {
		return c.uninstall()
	}
	file := m.File()
	if file == "" {
		_ = m.Control("stop") // it may be stopped already
		return m.with(Spec{}, service.Service.Uninstall)
	}
	if _, err := os.Lstat(filepath.Join(root, file)); errors.Is(err, os.ErrNotExist) {
		if root == "" && packaged(m.Kind) {
			return errors.New("a package brought the service; removing the package takes it out, and `systemctl disable --now kith` ends it")
		}
		return ErrNotInstalled
	}
	if root == "" {
		if err := m.Control("stop"); err != nil && m.Kind == Systemd {
			return err
		}
	}
	switch {
	case m.Kind == Systemd && root != "":
		_ = os.Remove(filepath.Join(root, "/etc/systemd/system/multi-user.target.wants", Name+".service"))
	case m.Kind == Systemd:
		if err := run("systemctl", "disable", "--quiet", Name+".service"); err != nil {
			return err
		}
	case m.Kind == OpenRC && root == "":
		if err := run("rc-update", "--quiet", "delete", Name); err != nil {
			return err
		}
	case m.Kind == SysV && root == "":
		// The links go after the script that they lead to: update-rc.d wants it so.
		if err := os.Remove(file); err != nil {
			return err
		}
		return eitherOf([]string{"update-rc.d", Name, "remove"}, []string{"chkconfig", "--del", Name})
	}
	if err := os.Remove(filepath.Join(root, file)); err != nil {
		return err
	}
	if m.Kind == Systemd && root == "" {
		return run("systemctl", "daemon-reload")
	}
	return nil
}

// Control starts, stops or restarts the service.
func (m *Manager) Control(action string) error {
	if c := native(); c != nil {
		return c.control(action)
	}
	if file := m.File(); file != "" {
		if _, err := os.Lstat(file); errors.Is(err, os.ErrNotExist) && !packaged(m.Kind) {
			return ErrNotInstalled
		}
	}
	if m.Kind == SysV || m.Kind == OpenRC {
		return run(m.File(), action) // whose own words say what failed
	}
	return m.with(Spec{}, func(s service.Service) error { return service.Control(s, action) })
}

// packaged reports whether a package brought systemd's unit.
func packaged(kind string) bool {
	if kind != Systemd {
		return false
	}
	for _, folder := range []string{"/lib/systemd/system", "/usr/lib/systemd/system"} {
		if _, err := os.Stat(path.Join(folder, Name+".service")); err == nil {
			return true
		}
	}
	return false
}

// Status says whether the service runs: "running", "stopped", or with an error why neither.
func (m *Manager) Status() (text string, err error) {
	if c := native(); c != nil {
		running, err := c.status()
		return map[bool]string{true: "running", false: "stopped"}[running], err
	}
	if m.Kind == SysV {
		if _, err := os.Lstat(m.File()); err != nil {
			return "", ErrNotInstalled
		}
		if run(m.File(), "status") == nil {
			return "running", nil
		}
		return "stopped", nil
	}
	err = m.with(Spec{}, func(s service.Service) error {
		status, err := s.Status()
		switch {
		case errors.Is(err, service.ErrNotInstalled) || err != nil && m.absent():
			return ErrNotInstalled
		case err != nil:
			return fmt.Errorf("%w; its log says why (%s)", err, m.LogHint())
		case status == service.StatusRunning:
			text = "running"
		default:
			text = "stopped"
		}
		return nil
	})
	return text, err
}

// absent reports whether there is no script where one would be: some managers say of a
// service they do not know no more than that it failed.
func (m *Manager) absent() bool {
	if m.File() == "" {
		return false
	}
	_, err := os.Lstat(m.File())
	return errors.Is(err, os.ErrNotExist)
}

// LogFile is where a service's log is whose manager keeps none itself.
const LogFile = "/var/log/kith.log"

// LogHint is how one reads the service's log.
func (m *Manager) LogHint() string {
	switch m.Kind {
	case Systemd:
		return "journalctl -u " + Name
	case OpenRC, SysV, Launchd:
		return LogFile
	case Windows:
		return "Event Viewer, Windows Logs, Application, from kith"
	}
	return "the system's log"
}

// with does something with the library's view of the service.
func (m *Manager) with(s Spec, do func(service.Service) error) error {
	c := &service.Config{
		Name: Name, DisplayName: "Kith", Description: description, Executable: s.Program, UserName: s.User,
		Arguments: []string{"serve", "--config", s.Config, "--data", s.Data},
		Option:    service.KeyValue{"RunAtLoad": true, "KeepAlive": true, "OnFailure": "restart", "LogOutput": true},
	}
	svc, err := m.system.New(program{}, c)
	if err != nil {
		return err
	}
	return do(svc)
}

// program is what the library would start and stop; Kith does that itself, see [Run].
type program struct{}

func (program) Start(service.Service) error { return nil }
func (program) Stop(service.Service) error  { return nil }

// quotable refuses paths that units and scripts would have to be careful with.
func quotable(s Spec) error {
	for _, p := range []string{s.Program, s.Config, s.Data} {
		if !path.IsAbs(p) || strings.ContainsAny(p, " \t\n\"'\\$%`;&|<>*?()") {
			return fmt.Errorf("%q cannot be part of a service: write an absolute path without blanks and signs that shells read", p)
		}
	}
	if strings.ContainsAny(s.User, " \t\n\"'\\$%`;&|<>*?():/") {
		return fmt.Errorf("%q is no account's name; choose another with --user", s.User)
	}
	return nil
}

func writeFile(file string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	next := file + ".new"
	if err := os.WriteFile(next, content, mode); err != nil {
		return err
	}
	if err := os.Chmod(next, mode); err != nil {
		return err
	}
	return os.Rename(next, file)
}
