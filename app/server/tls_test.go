package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// writeCertificate makes a certificate of its own signing with a serial number.
func writeCertificate(t *testing.T, folder string, serial int64) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "kith.example.com"}, DNSNames: []string{"kith.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(folder, "kith.crt"), filepath.Join(folder, "kith.key")
	for name, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

func TestTLS_servesTheCertificateAndReadsARenewedOne(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certificate, key := writeCertificate(t, folder, 1)
	now := time.Now()
	f := &fileCertificate{certificate: certificate, key: key, log: slog.New(slog.DiscardHandler), now: func() time.Time { return now }}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	settings := modern()
	settings.GetCertificate = f.get
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := New(Options{TLS: settings, Mount: []func(*gin.Engine){func(e *gin.Engine) {
		e.GET("/secure", func(c *gin.Context) { c.String(200, "%v", c.Request.TLS != nil) })
	}}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, l) }()
	defer func() {
		stop()
		<-ended
	}()
	serial := func() int64 {
		t.Helper()
		var got int64
		client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		res, err := client.Get("https://" + l.Addr().String() + "/secure")
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdleConnections()
		defer res.Body.Close()
		if body, _ := io.ReadAll(res.Body); string(body) != "true" || res.ProtoMajor != 2 || res.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("answered %s over %s with %v", body, res.Proto, res.Header)
		}
		got = res.TLS.PeerCertificates[0].SerialNumber.Int64()
		return got
	}
	if got := serial(); got != 1 {
		t.Fatalf("the certificate is %d", got)
	}
	writeCertificate(t, folder, 2)
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(certificate, later, later); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	if got := serial(); got != 2 {
		t.Errorf("after the renewal the certificate is %d", got)
	}
	if err := os.WriteFile(certificate, []byte("half of a"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	if got := serial(); got != 2 {
		t.Errorf("with a broken file the certificate is %d", got)
	}
	if _, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is taken")
	}
}

func TestTLS_plainHTTPIsSentOn(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	toHTTPS(w, httptest.NewRequest("GET", "http://kith.example.com:80/app/customers?x=1", nil))
	if got := w.Header().Get("Location"); w.Code != 301 || got != "https://kith.example.com/app/customers?x=1" {
		t.Errorf("answered %d %s", w.Code, got)
	}
	w = httptest.NewRecorder()
	toHTTPS(w, httptest.NewRequest("POST", "http://kith.example.com/v1/users", nil))
	if w.Code != http.StatusUpgradeRequired {
		t.Errorf("what was posted in the clear is answered %d", w.Code)
	}
}

func TestTLS_certificatesAreGotOnlyForTheHostsThatAreNamed(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{true, false} {
		o, err := Certificates{Hosts: []string{"kith.example.com"}, Folder: t.TempDir(), Plain: open}.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.TLS.GetCertificate(&tls.ClientHelloInfo{ServerName: "evil.example.org"}); err == nil {
			t.Error("a certificate would be got for any host")
		}
		w := httptest.NewRecorder()
		o.Plain.ServeHTTP(w, httptest.NewRequest("GET", "http://kith.example.com/.well-known/acme-challenge/none", nil))
		if answered := w.Code != 301; answered != open {
			t.Errorf("plain HTTP is served: %v; the authority's question is answered there: %v", open, answered)
		}
	}
}
