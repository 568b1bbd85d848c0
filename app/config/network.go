package config

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Proxies are the machines that are believed when they say, in X-Forwarded-For and
// X-Forwarded-Proto, where a request came from. None are by default: whoever reaches Kith
// could say anything.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks with commas between: "127.0.0.1, 10.0.0.0/8".
func ParseProxies(text string) (Proxies, error) {
	var out Proxies
	for _, part := range list(text) {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			a, err := netip.ParseAddr(part)
			if err != nil {
				return nil, fmt.Errorf("%q is neither an address nor a network; write such as 127.0.0.1 or 10.0.0.0/8", part)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Strings are the networks as text.
func (p Proxies) Strings() []string {
	out := make([]string, len(p))
	for i, n := range p {
		out[i] = n.String()
	}
	return out
}

// Trusts reports whether the far end of a connection is one of the proxies.
func (p Proxies) Trusts(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, n := range p {
		if n.Contains(a.Unmap()) || n.Contains(a) {
			return true
		}
	}
	return false
}

// Secure reports whether a request came over HTTPS, here or to a proxy that is trusted.
func (p Proxies) Secure(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" && p.Trusts(r.RemoteAddr)
}

// Rate is how many requests may come in a time. The zero value is any number.
type Rate struct {
	Requests int
	Per      time.Duration
}

// parseRate reads "off", "500/s" or "6000/m".
func parseRate(text string) (Rate, error) {
	if text == "off" || text == "" {
		return Rate{}, nil
	}
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[strings.TrimSpace(unit)]
	if err != nil || n < 1 || n > 1_000_000 || per == 0 {
		return Rate{}, fmt.Errorf(`%q is no rate; write "off", or a number of requests a second or minute, such as "500/s" or "6000/m"`, text)
	}
	return Rate{n, per}, nil
}

// list splits a text at its commas.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// checkNetwork reads what the network is asked for by, and names the setting that is wrong.
func (c *Config) checkNetwork() (name string, err error) {
	v := func(name string) string { return c.values[name] }
	if c.Proxies, err = ParseProxies(v("trusted_proxies")); err != nil {
		return "trusted_proxies", err
	}
	if c.KeyRate, err = parseRate(v("limits.key")); err != nil {
		return "limits.key", err
	}
	if c.AddressRate, err = parseRate(v("limits.address")); err != nil {
		return "limits.address", err
	}
	return c.checkTLS(v)
}

// checkTLS reads where certificates come from.
func (c *Config) checkTLS(v func(string) string) (name string, err error) {
	c.TLSCertificate, c.TLSKey, c.TLSEmail, c.TLSHTTP, c.TLSHosts = v("tls.certificate"), v("tls.key"), v("tls.email"), v("tls.http"), list(strings.ToLower(v("tls.autocert")))
	c.TLSDirectory, c.TLSAuthority = v("tls.directory"), v("tls.authority")
	switch {
	case (c.TLSCertificate == "") != (c.TLSKey == ""):
		return "tls.certificate", fmt.Errorf("tls.certificate and tls.key go together")
	case c.TLSCertificate != "" && len(c.TLSHosts) > 0:
		return "tls.autocert", fmt.Errorf("either certificates are given (tls.certificate) or they are got (tls.autocert), not both")
	case c.TLSHTTP != "" && !c.TLS():
		return "tls.http", fmt.Errorf("sends plain HTTP on to HTTPS, and there is no certificate (tls.certificate or tls.autocert)")
	case c.TLSDirectory != "" && len(c.TLSHosts) == 0:
		return "tls.directory", fmt.Errorf("says whom certificates are got from, and there are no names to get them for (tls.autocert)")
	case c.TLSAuthority != "" && len(c.TLSHosts) == 0:
		return "tls.authority", fmt.Errorf("says who vouches for the authority that certificates are got from, and there are no names to get them for (tls.autocert)")
	}
	if u, err := url.Parse(c.TLSDirectory); c.TLSDirectory != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return "tls.directory", fmt.Errorf("%q is no directory of an authority; write its whole address, such as https://ca.example.internal/acme/acme/directory", c.TLSDirectory)
	}
	for _, host := range c.TLSHosts {
		if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") || strings.ContainsAny(host, ":/*") || strings.ContainsFunc(host, func(r rune) bool { return r > 127 }) {
			return "tls.autocert", fmt.Errorf("%q is no host that a certificate can be got for; write its name, such as kith.example.com, and one with other letters as xn--…", host)
		}
	}
	if c.TLSHTTP != "" {
		if _, _, err := net.SplitHostPort(c.TLSHTTP); err != nil {
			return "tls.http", fmt.Errorf("%q is no address; write host:port, such as :80", c.TLSHTTP)
		}
	}
	return c.checkTLSFiles()
}

// checkTLSFiles looks whether the files that are named are there.
func (c *Config) checkTLSFiles() (name string, err error) {
	for _, f := range []struct{ name, file string }{{"tls.certificate", c.TLSCertificate}, {"tls.key", c.TLSKey}, {"tls.authority", c.TLSAuthority}} {
		if f.file == "" || strings.HasPrefix(f.file, credentials) && os.Getenv("CREDENTIALS_DIRECTORY") == "" {
			continue // what systemd hands over is there for the service alone
		}
		text, err := os.ReadFile(f.file)
		if err != nil {
			return f.name, fmt.Errorf("%w; name a file that is there, and that the user who runs Kith may read", err)
		}
		if f.name == "tls.authority" && !x509.NewCertPool().AppendCertsFromPEM(text) {
			return f.name, fmt.Errorf("%s holds no certificate; it must be the authority's root certificate in PEM form (-----BEGIN CERTIFICATE-----)", f.file)
		}
	}
	return "", nil
}

// credentials is where systemd puts the files that it hands over to services.
const credentials = "/run/credentials/"

// TLS reports whether Kith speaks HTTPS itself.
func (c *Config) TLS() bool { return c.TLSCertificate != "" || len(c.TLSHosts) > 0 }
