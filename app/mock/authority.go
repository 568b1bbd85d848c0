package mock

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Hosts are Engage's, which the mock answers for under --tls.
var Hosts = []string{"api.engage.so", "app.engage.so", "ws.engage.so"}

const (
	// authorityFor is how long an authority lasts; it is made anew a month before its end.
	authorityFor = 2 * 365 * 24 * time.Hour
	renewBefore  = 30 * 24 * time.Hour
	// certificateFor is how long a certificate lasts; one is made at each start.
	certificateFor = 90 * 24 * time.Hour
)

// Authority is a certificate authority of this machine alone. It may sign for Engage's
// hosts only, so that whoever comes by its key cannot pose as anything else.
type Authority struct {
	File string // its certificate, for clients to trust
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// OpenAuthority reads the authority of a folder, or makes it there. The key is readable
// by its owner only. now is the machine's time: certificates do not follow a moved clock.
func OpenAuthority(folder string, now time.Time) (*Authority, error) {
	a := &Authority{File: filepath.Join(folder, "mock-ca.pem")}
	keyFile := filepath.Join(folder, "mock-ca-key.pem")
	err := a.read(keyFile)
	switch {
	case err == nil && now.Before(a.cert.NotAfter.Add(-renewBefore)) && now.After(a.cert.NotBefore):
		return a, nil
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%w; remove %s and %s to have a new authority made", err, a.File, keyFile)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	if err := a.create(now); err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(keyFile, "PRIVATE KEY", der, 0o600); err != nil {
		return nil, err
	}
	return a, writePEM(a.File, "CERTIFICATE", a.cert.Raw, 0o644)
}

func (a *Authority) read(keyFile string) error {
	der, err := readPEM(a.File, "CERTIFICATE")
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return fmt.Errorf("read %s: %w", a.File, err)
	}
	if der, err = readPEM(keyFile, "PRIVATE KEY"); err != nil {
		return err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return fmt.Errorf("read %s: %w", keyFile, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || !ec.PublicKey.Equal(a.cert.PublicKey) {
		return fmt.Errorf("%s is not the key of %s", keyFile, a.File)
	}
	a.key = ec
	return nil
}

func (a *Authority) create(now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Kith mock of Engage, this machine only"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityFor),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: Hosts,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	a.key = key
	a.cert, err = x509.ParseCertificate(der)
	return err
}

// TLS returns what a server needs to answer for Engage's hosts.
func (a *Authority) TLS(now time.Time) (*tls.Config, error) { return a.tls(now, Hosts) }

func (a *Authority) tls(now time.Time, hosts []string) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateFor),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}, nil
}

func serial() *big.Int {
	n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return n.Add(n, big.NewInt(1))
}

func readPEM(file, kind string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no %s", file, kind)
	}
	return block.Bytes, nil
}

// writePEM writes a file whole or not at all, never readable by more than mode says.
func writePEM(file, kind string, der []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".mock-ca-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it is gone when all goes well
	err = pem.Encode(f, &pem.Block{Type: kind, Bytes: der})
	if err == nil {
		err = f.Chmod(mode)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
