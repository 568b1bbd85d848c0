//go:build unix

package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// HandOver gives what root made in a data folder to the folder's owner: the account that the
// service runs as, which could not open it otherwise. For anybody but root it does nothing.
func HandOver(folder string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	real, err := filepath.EvalSymlinks(folder) // /var/lib/kith leads to /var/lib/private/kith
	if err != nil {
		return err
	}
	info, err := os.Stat(real)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	return filepath.WalkDir(real, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a server that is running removed it
		}
		if err != nil {
			return err
		}
		i, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if has, ok := i.Sys().(*syscall.Stat_t); !ok || has.Uid != 0 {
			return nil
		}
		err = os.Lchown(p, int(owner.Uid), int(owner.Gid))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// Readable lets an account's group read a file of root's.
func Readable(file, account string) error {
	_, gid, err := ids(account)
	if err != nil {
		return err
	}
	return os.Chown(file, 0, gid)
}

// MakeFolder makes a folder that an account's service alone may use. One that is there stays
// as it is, and without an account it is made by whoever makes the account.
func MakeFolder(folder, account string) error {
	if _, err := os.Stat(folder); account == "" || err == nil {
		return nil
	}
	uid, gid, err := ids(account)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return os.Chown(folder, uid, gid)
}

// makeLog makes the file that a service's output goes to, where the manager opens it as the
// service's account.
func makeLog(file, account string) error {
	uid, gid, err := ids(account)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	return errors.Join(f.Chown(uid, gid), f.Close())
}

// ids are an account's numbers.
func ids(account string) (uid, gid int, err error) {
	u, err := user.Lookup(account)
	if err != nil {
		return 0, 0, fmt.Errorf("there is no account %s: make it (useradd --system %s), or leave --user out", account, account)
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}
