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
	u, err := user.Lookup(account)
	if err != nil {
		return fmt.Errorf("there is no account %s: make it (useradd --system %s), or leave --user out", account, account)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	return os.Chown(file, 0, gid)
}
