package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// scm is the service manager of Windows.
type scm struct{}

func native() controller { return scm{} }

// localService is the account that a service runs as when nobody names another: it may
// read what every user may, and write what is given to it.
const localService = `NT AUTHORITY\LocalService`

// settleTimeout is how long a service may take to start or to stop: a migration copies the
// data before, and cannot be stopped meanwhile.
const settleTimeout = 30 * time.Minute

// with opens the service, with the rights that are needed and no more.
func (scm) with(rights uint32, do func(*mgr.Service) error) error {
	h, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return fmt.Errorf("reach the service manager: %w", err)
	}
	defer func() { _ = windows.CloseServiceHandle(h) }()
	name, err := windows.UTF16PtrFromString(Name)
	if err != nil {
		return err
	}
	opened, err := windows.OpenService(h, name, rights)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return ErrNotInstalled
	}
	if err != nil {
		return fmt.Errorf("open the service: %w", err)
	}
	s := &mgr.Service{Name: Name, Handle: opened}
	defer s.Close()
	return do(s)
}

func (scm) install(s Spec) (changed bool, err error) {
	if home, err := os.UserHomeDir(); err == nil && s.User == "" && below(s.Program, filepath.Dir(home)) {
		return false, fmt.Errorf(`%s is in a user's own folder, where the service's account may not read it: move it to such as C:\Program Files\Kith, or name an account with --user`, s.Program)
	}
	m, err := mgr.Connect()
	if err != nil {
		return false, fmt.Errorf("reach the service manager: %w", err)
	}
	defer func() { _ = m.Disconnect() }()
	args := []string{"serve", "--config", s.Config, "--data", s.Data}
	want := mgr.Config{
		ServiceType: windows.SERVICE_WIN32_OWN_PROCESS, StartType: mgr.StartAutomatic, ErrorControl: mgr.ErrorNormal,
		BinaryPathName: commandLine(append([]string{s.Program}, args...)),
		DisplayName:    "Kith", Description: description, ServiceStartName: account(s),
	}
	opened, err := m.OpenService(Name)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		if opened, err = m.CreateService(Name, s.Program, want, args...); err != nil {
			return false, err
		}
		defer opened.Close()
		return true, errors.Join(keepUp(opened), logged())
	}
	if err != nil {
		return false, err
	}
	defer opened.Close()
	have, err := opened.Config()
	if err != nil {
		return false, err
	}
	if have.BinaryPathName == want.BinaryPathName && have.StartType == want.StartType && strings.EqualFold(have.ServiceStartName, want.ServiceStartName) {
		return false, nil
	}
	if err := opened.UpdateConfig(want); err != nil {
		return false, err
	}
	return true, errors.Join(keepUp(opened), logged())
}

// below reports whether a file is in a folder or one of its folders.
func below(file, folder string) bool {
	rel, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(rel)
}

// account is whom a service runs as.
func account(s Spec) string {
	if s.User == "" {
		return localService
	}
	return s.User
}

// commandLine is how Windows keeps a program with its arguments.
func commandLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = syscall.EscapeArg(a)
	}
	return strings.Join(quoted, " ")
}

// keepUp has the manager start a service again that failed, however it ended.
func keepUp(s *mgr.Service) error {
	again := mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: 2 * time.Second}
	slower := mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: time.Minute}
	if err := s.SetRecoveryActions([]mgr.RecoveryAction{again, again, slower}, 300); err != nil {
		return fmt.Errorf("have it started again when it fails: %w", err)
	}
	if err := s.SetRecoveryActionsOnNonCrashFailures(true); err != nil {
		return fmt.Errorf("have it started again when it fails: %w", err)
	}
	return nil
}

// logged makes Kith a source of the system's log.
func logged() error {
	err := eventlog.InstallAsEventCreate(Name, eventlog.Error|eventlog.Warning|eventlog.Info)
	if err != nil && !strings.Contains(err.Error(), "exists") {
		return fmt.Errorf("make Kith a source of the system's log: %w", err)
	}
	return nil
}

func (c scm) uninstall() error {
	if err := c.control("stop"); err != nil {
		return err
	}
	if err := c.with(windows.DELETE, (*mgr.Service).Delete); err != nil {
		return err
	}
	_ = eventlog.Remove(Name) // entries that are there stay readable
	return nil
}

func (c scm) control(action string) error {
	return c.with(windows.SERVICE_START|windows.SERVICE_STOP|windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		if action != "start" {
			if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
				return err
			}
			if state, err := settled(s, svc.Stopped); err != nil || state != svc.Stopped {
				return errors.Join(err, errors.New("it did not stop"))
			}
		}
		if action == "stop" {
			return nil
		}
		if err := s.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
			return err
		}
		state, err := settled(s, svc.Running)
		if err == nil && state != svc.Running {
			err = errors.New("it did not start")
		}
		return err
	})
}

// settled waits until a service is as it was told to be, or has stopped. One that was told
// to stop says that it runs until it has heard.
func settled(s *mgr.Service, want svc.State) (svc.State, error) {
	for end := time.Now().Add(settleTimeout); ; time.Sleep(100 * time.Millisecond) {
		status, err := s.Query()
		if err != nil {
			return 0, err
		}
		if status.State == want || status.State == svc.Stopped || time.Now().After(end) {
			return status.State, nil
		}
	}
}

func (c scm) status() (running bool, err error) {
	err = c.with(windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		status, err := s.Query()
		running = status.State == svc.Running || status.State == svc.StartPending
		return err
	})
	return running, err
}

// MakeFolder makes a folder that a service's account, the system and administrators may
// use, and nobody else: without that every user of the machine may read what is in it.
func MakeFolder(folder, user string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	sid, _, _, err := windows.LookupSID("", account(Spec{User: user}))
	if err != nil {
		return fmt.Errorf("there is no account %s: name one with --user, or leave it out: %w", user, err)
	}
	rules, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + sid.String() + ")")
	if err != nil {
		return err
	}
	list, _, err := rules.DACL()
	if err != nil {
		return err
	}
	err = windows.SetNamedSecurityInfo(filepath.Clean(folder), windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
	if err != nil {
		return fmt.Errorf("keep others out of %s: %w", folder, err)
	}
	return nil
}

// makeLog does nothing: the system keeps the log.
func makeLog(string, string) error { return nil }
