package command

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listen listens on an address; its errors say what stands in the way, and then setting,
// which says how to choose another.
func listen(address, setting string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another program, perhaps another Kith: stop that one, or %s", address, setting)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: ports below 1024 need rights (sudo, or the service of `kith service install`, run again where it is installed), or %s", address, setting)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this machine: %s", address, setting)
	}
	var op *net.OpError // whose text says "listen tcp" and the address once more
	if errors.As(err, &op) {
		err = op.Err
	}
	return nil, fmt.Errorf("cannot listen on %s: %w; %s", address, err, setting)
}
