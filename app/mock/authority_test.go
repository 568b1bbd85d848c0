package mock

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAuthority_signsForEngagesHostsOnly(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a, err := OpenAuthority(t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	verify := func(names []string, host string) error {
		settings, err := a.tls(now, names)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(settings.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		_, err = cert.Verify(x509.VerifyOptions{DNSName: host, Roots: roots})
		return err
	}
	if err := verify(Hosts, "api.engage.so"); err != nil {
		t.Errorf("Engage's host: %v", err)
	}
	if err := verify([]string{"bank.example"}, "bank.example"); err == nil {
		t.Error("a certificate for another host, signed with the authority's key, is taken")
	}
}

func TestOpenAuthority_keepsRenewsAndRefusesAnother(t *testing.T) {
	t.Parallel()
	folder, now := t.TempDir(), time.Now()
	first, err := OpenAuthority(folder, now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenAuthority(folder, now.Add(24*time.Hour))
	if err != nil || !again.cert.Equal(first.cert) {
		t.Errorf("a day after it is another (%v)", err)
	}
	renewed, err := OpenAuthority(folder, now.Add(authorityFor-renewBefore))
	if err != nil || renewed.cert.Equal(first.cert) {
		t.Errorf("a month before its end it is the same (%v)", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "mock-ca-key.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAuthority(folder, now); err == nil {
		t.Error("a damaged key is taken, or was replaced unasked")
	}
}
