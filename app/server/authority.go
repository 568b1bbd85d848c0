package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// authority gets certificates from an authority by ACME, keeps and renews them, and says in
// the log when it cannot.
type authority struct {
	manager *autocert.Manager
	refused *refusals
	hosts   []string
	name    string // the directory
	log     *slog.Logger
	now     func() time.Time

	mu   sync.Mutex
	said map[string]time.Time // when something was last said of a host
}

const (
	// sayEvery is how often the same trouble of a host is said.
	sayEvery = time.Minute
	// sayOldEvery is how often it is said that a certificate is not renewed.
	sayOldEvery = 24 * time.Hour
	// askTimeout is how long the authority has for one answer.
	askTimeout = 30 * time.Second
)

// waits are between tries to get a certificate. Let's Encrypt refuses a host for an hour
// after five failures, so a machine whose name does not lead here yet must not ask often.
var waits = []time.Duration{2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}

func (c Certificates) openAuthority() (*Opened, error) {
	folder := c.kept()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of certificates: %w", err)
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	refused := &refusals{next: client.HTTPClient.Transport, reasons: map[string]string{}}
	client.HTTPClient.Transport = refused
	a := &authority{
		refused: refused,
		manager: &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(folder), HostPolicy: autocert.HostWhitelist(c.Hosts...), Email: c.Email, Client: client},
		hosts:   c.Hosts, name: client.DirectoryURL, log: c.Log, now: time.Now, said: map[string]time.Time{},
	}
	settings := modern()
	settings.GetCertificate = a.get
	settings.NextProtos = append(settings.NextProtos, acme.ALPNProto)
	opened := &Opened{TLS: settings, Plain: http.HandlerFunc(toHTTPS), Run: a.run}
	if c.Plain {
		opened.Plain = a.manager.HTTPHandler(opened.Plain)
	}
	return opened, nil
}

// client speaks to the authority.
func (c Certificates) client() (*acme.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if c.Authority != "" {
		trusted, err := x509.SystemCertPool()
		if err != nil {
			trusted = x509.NewCertPool()
		}
		text, err := os.ReadFile(c.Authority)
		if err != nil {
			return nil, fmt.Errorf("read tls.authority: %w", err)
		}
		if !trusted.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("tls.authority: %s holds no certificate in PEM form", c.Authority)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	}
	directory := c.Directory
	if directory == "" {
		directory = autocert.DefaultACMEDirectory
	}
	return &acme.Client{DirectoryURL: directory, UserAgent: c.Agent, HTTPClient: &http.Client{Transport: transport, Timeout: askTimeout}}, nil
}

// kept is the folder with the account and the certificates of one authority.
func (c Certificates) kept() string {
	folder := filepath.Join(c.Folder, "certificates")
	if c.Directory == "" {
		return folder
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, strings.TrimPrefix(strings.ToLower(c.Directory), "https://"))
	return filepath.Join(folder, name)
}

// Kept is the certificate that was got for a host, whether or not it still holds. Its error
// is os.ErrNotExist when there is none.
func (c Certificates) Kept(host string) (*x509.Certificate, error) {
	text, err := os.ReadFile(filepath.Join(c.kept(), host))
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, errors.New("there is no certificate in it")
}

// Ask asks the authority whether it is there.
func (c Certificates) Ask(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	_, err = client.Discover(ctx)
	return err
}

// get is what the server calls for each connection. What fails for one of our hosts is an
// error in the log; for another name it is what strangers try all day.
func (a *authority) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	pair, err := a.manager.GetCertificate(hello)
	host := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	challenge := len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acme.ALPNProto
	switch {
	case challenge:
	case !slices.Contains(a.hosts, host):
		a.log.Debug("no certificate is got for a name that is not in tls.autocert", "host", hello.ServerName)
	case err != nil:
		// While a failed try is remembered the manager gives no reason any more; it was said.
		if !strings.Contains(err.Error(), "missing certificate") && a.may(host, sayEvery) {
			if reason := a.refused.why(host); reason != "" {
				err = fmt.Errorf("the authority did not find this Kith under that name: %s", reason)
			}
			a.log.Error("no certificate could be got; who connects is refused", "host", host, "authority", a.name, "error", err)
		}
	case pair.Leaf != nil && Old(pair.Leaf, a.now()) && a.may(host, sayOldEvery):
		a.log.Error("the certificate was not renewed, and runs out; `kith doctor` asks the authority", "host", host, "authority", a.name, "until", pair.Leaf.NotAfter)
	}
	return pair, err
}

// may reports whether something may be said of a host again, and notes that it is.
func (a *authority) may(host string, every time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if last, ok := a.said[host]; ok && now.Sub(last) < every {
		return false
	}
	a.said[host] = now
	return true
}

// Old reports whether a certificate has less than a sixth of its time left: it is renewed
// when a third is left, and tried again each hour.
func Old(c *x509.Certificate, now time.Time) bool {
	return c.NotAfter.Sub(now) < c.NotAfter.Sub(c.NotBefore)/6
}

// run gets the certificate of each host, or opens the one that is kept, so that nobody who
// connects has to wait for it, and what is wrong is said at the start.
func (a *authority) run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, host := range a.hosts {
		all.Go(func() { a.obtain(ctx, host) })
	}
	all.Wait()
	<-ctx.Done()
	return nil
}

func (a *authority) obtain(ctx context.Context, host string) {
	hello := &tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
	for try := 0; ; try++ {
		type got struct {
			pair *tls.Certificate
			err  error
		}
		answer := make(chan got, 1)
		go func() { // it may take minutes, and a stop does not wait for it
			pair, err := a.get(hello)
			answer <- got{pair, err}
		}()
		select {
		case g := <-answer:
			if g.err == nil {
				a.log.Info("a certificate is there", "host", host, "authority", a.name, "until", g.pair.Leaf.NotAfter)
				return
			}
		case <-ctx.Done():
			return
		}
		again := time.NewTimer(waits[min(try, len(waits)-1)])
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return
		}
	}
}
