package command

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"kith/app/server"
)

// address looks whether Kith could listen, or is the one who listens.
func (d *doctor) address(ctx context.Context) {
	host, port, _ := net.SplitHostPort(d.cfg.Listen)
	ip := net.ParseIP(host)
	if open := host == "" || ip != nil && !ip.IsLoopback(); open && d.cfg.URL == "" && d.cfg.TLSCertificate == "" && len(d.cfg.TLSHosts) == 0 {
		d.add(warn, "network", "Put a proxy with TLS in front and set url, or use [tls]; or listen on 127.0.0.1.", "%s takes requests from other machines, without TLS", d.cfg.Listen)
	}
	l, err := net.Listen("tcp", d.cfg.Listen)
	switch {
	case err == nil && d.running:
		_ = l.Close()
		d.add(warn, "port", "Give the doctor the configuration that it was started with (--config, or KITH_LISTEN).", "a Kith has the data folder open, and none answers on %s", d.cfg.Listen)
		return
	case err == nil:
		_ = l.Close()
		d.add(fine, "port", "", "%s is free", d.cfg.Listen)
		return
	}
	if host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	switch status, why := d.ask(ctx, host, port); {
	case !d.running || status == 0:
		d.add(bad, "port", "Stop what is there, or take another address with --listen.", "%s cannot be listened on: %v", d.cfg.Listen, err)
	case status != http.StatusOK:
		d.add(bad, "port", "It goes on by itself once that is mended; /readyz says when.", "Kith answers on %s, and is not ready: %s", d.cfg.Listen, why)
	default:
		d.add(fine, "port", "", "Kith answers on %s and is ready", d.cfg.Listen)
	}
}

// ask asks what listens here whether it is a Kith that is ready, and returns its status, 0
// when it is none, and why it is not ready. Who vouches for its certificate does not matter on this machine.
func (d *doctor) ask(ctx context.Context, host, port string) (status int, why string) {
	scheme, settings := "http", &tls.Config{InsecureSkipVerify: true}
	if d.cfg.TLS() {
		scheme = "https"
	}
	if len(d.cfg.TLSHosts) > 0 {
		settings.ServerName = d.cfg.TLSHosts[0]
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return 0, ""
	}
	transport := &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true}
	res, err := transport.RoundTrip(r)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	if res.Header.Get("X-Request-Id") == "" {
		return 0, ""
	}
	var said struct{ Error string }
	_ = json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said)
	return res.StatusCode, cmp.Or(said.Error, res.Status)
}

// certificates looks at those that are given or were got, and at the authority.
func (d *doctor) certificates(ctx context.Context) {
	const what = "certificate"
	if d.cfg.TLSCertificate != "" {
		pair, err := tls.LoadX509KeyPair(d.cfg.TLSCertificate, d.cfg.TLSKey)
		if err != nil {
			d.add(bad, what, "Mend tls.certificate and tls.key.", "%s and %s cannot be used: %v", d.cfg.TLSCertificate, d.cfg.TLSKey, err)
			return
		}
		d.certificate(pair.Leaf, d.cfg.TLSCertificate, "Renew it; Kith reads the files again by itself.")
		if u, err := url.Parse(d.cfg.URL); err == nil && u.Scheme == "https" && pair.Leaf.VerifyHostname(u.Hostname()) != nil {
			d.add(warn, what, "Get one for that name, or mend url.", "%s is not for %s, which url names", d.cfg.TLSCertificate, u.Hostname())
		}
	}
	from := certificates(d.cfg, nil)
	asked := sync.OnceValue(func() error {
		within, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		return from.Ask(within)
	})
	for _, host := range d.cfg.TLSHosts {
		kept, err := from.Kept(host)
		if err == nil && !server.Old(kept, time.Now()) {
			d.certificate(kept, host, "")
			continue
		}
		authority := cmp.Or(d.cfg.TLSDirectory, "Let's Encrypt")
		if aerr := asked(); aerr != nil {
			d.add(bad, what, "See that this machine reaches it; tls.directory is its address, and tls.authority who vouches for that.", "%s cannot be asked: %v", authority, aerr)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			d.add(warn, what, "Kith gets it when it serves: "+host+" must lead to this machine, at port 443. Its log says what fails.", "there is none yet for %s from %s", host, authority)
		case err != nil:
			d.add(bad, what, "Remove that file; Kith gets another.", "that of %s cannot be read: %v", host, err)
		default:
			d.certificate(kept, host, "Kith renews it when it serves: "+host+" must lead to this machine, at port 443. Its log says what fails.")
		}
	}
}

// certificate says until when one holds.
func (d *doctor) certificate(c *x509.Certificate, name, do string) {
	const what = "certificate"
	switch now, until := time.Now(), c.NotAfter.UTC().Format(time.RFC3339); {
	case now.After(c.NotAfter):
		d.add(bad, what, do, "%s: it ran out at %s", name, until)
	case now.Before(c.NotBefore):
		d.add(bad, what, "Set the clock, or get another.", "%s: it does not hold before %s", name, c.NotBefore.UTC().Format(time.RFC3339))
	case server.Old(c, now):
		d.add(warn, what, do, "%s: it runs out soon, at %s", name, until)
	default:
		d.add(fine, what, "", "%s holds until %s", name, until)
	}
}
