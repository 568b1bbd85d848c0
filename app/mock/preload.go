package mock

import (
	"bytes"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

//go:embed preload.js
var preloadSource []byte

// WritePreload writes Node's preload file for a mock at a port of this machine into a
// folder, if it is not there already, and returns its path.
func WritePreload(folder, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%q is no address; write host:port", address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", fmt.Errorf("%q names no port", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("%s is not an address of this machine alone; the keys that SDKs send would leave it", host)
	}
	source := bytes.ReplaceAll(preloadSource, []byte("127.0.0.1:5485"), []byte(net.JoinHostPort(host, port)))
	file := filepath.Join(folder, "engage-preload-"+port+".js")
	if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, source) {
		return file, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	next, err := os.CreateTemp(folder, "engage-preload-*.tmp")
	if err != nil {
		return "", err
	}
	defer os.Remove(next.Name()) // it is gone when all goes well
	_, err = next.Write(source)
	if closed := next.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", err
	}
	return file, os.Rename(next.Name(), file)
}
