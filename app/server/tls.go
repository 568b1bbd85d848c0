package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Certificates says where certificates come from: from files, which are read again when
// they change, or from an authority for given hosts.
type Certificates struct {
	Certificate, Key string // PEM files
	Log              *slog.Logger

	Hosts     []string // for which certificates are got, and renewed
	Directory string   // of the authority that gives them (ACME); "" is Let's Encrypt's
	Authority string   // a PEM file with who vouches for the directory's own certificate; "" is whom the machine trusts
	Email     string   // whom the authority writes to when one runs out; may be ""
	Folder    string   // the data folder, where they are kept
	Plain     bool     // plain HTTP is answered too, so that the authority may ask there
	Agent     string   // the name and version that the authority is told
}

// Opened is what Open returns.
type Opened struct {
	// TLS are the settings of the server.
	TLS *tls.Config
	// Plain answers plain HTTP: it sends browsers on to HTTPS, and proves to the authority
	// who is here.
	Plain http.Handler
	// Run gets the certificates that are missing, until its context ends. It is nil where
	// none are got.
	Run func(context.Context) error
}

// Open reads the certificate's files, or those that were got before.
func (c Certificates) Open() (*Opened, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if len(c.Hosts) > 0 {
		return c.openAuthority()
	}
	files := &fileCertificate{certificate: c.Certificate, key: c.Key, log: c.Log, now: time.Now}
	if err := files.load(); err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	settings := modern()
	settings.GetCertificate = files.get
	return &Opened{TLS: settings, Plain: http.HandlerFunc(toHTTPS)}, nil
}

func modern() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}

// toHTTPS sends a browser on. What was posted came over plain HTTP already; it is refused
// rather than repeated, so that whoever wrote the address notices.
func toHTTPS(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, `{"error":"Use https:// in the address: this came in the clear."}`, http.StatusUpgradeRequired)
		return
	}
	http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
}

// Redirect answers plain HTTP with h until ctx ends.
func Redirect(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve plain HTTP: %w", err)
	case <-ctx.Done():
		return s.Close()
	}
}

// lookEvery is how often the files of a certificate are looked at, when somebody connects.
const lookEvery = 10 * time.Second

// fileCertificate is a certificate that is renewed under us. A pair that cannot be read
// leaves the one before in use.
type fileCertificate struct {
	certificate, key string
	log              *slog.Logger
	now              func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  [2]time.Time
	looked time.Time
}

func (f *fileCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.looked) >= lookEvery {
		f.looked = now
		if stamp, err := f.stamps(); err != nil || stamp != f.stamp {
			if err == nil {
				err = f.loadLocked()
			}
			if err != nil {
				f.log.Error("the renewed certificate cannot be read; the one before stays in use", "certificate", f.certificate, "error", err)
			}
		}
	}
	return f.pair, nil
}

func (f *fileCertificate) load() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.loadLocked()
}

func (f *fileCertificate) loadLocked() error {
	stamp, err := f.stamps()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		return err
	}
	f.pair, f.stamp, f.looked = &pair, stamp, f.now()
	return nil
}

func (f *fileCertificate) stamps() (out [2]time.Time, err error) {
	for i, name := range []string{f.certificate, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return out, err
		}
		out[i] = info.ModTime()
	}
	return out, nil
}
