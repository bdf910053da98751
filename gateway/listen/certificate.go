package listen

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// CertificateSource has the certificate for a connection. It is asked at every
// handshake, so that certificates change without a new listener.
type CertificateSource interface {
	// Certificate is what tls.Config.GetCertificate wants.
	Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
}

// CertificatePair names the files of one certificate.
type CertificatePair struct {
	// Certificate is a PEM file: the leaf first, then the chain.
	Certificate string
	// Key is a PEM file.
	Key string
}

// CertificateFiles is certificates from files. Files that change are read
// again; a pair that does not fit leaves the certificates before it in use.
type CertificateFiles struct {
	pairs []CertificatePair
	log   *slog.Logger
	every time.Duration

	mu     sync.Mutex // held while reading
	stamp  []fileStamp
	loaded atomic.Pointer[[]tls.Certificate]
}

type fileStamp struct {
	modified time.Time
	size     int64
}

// NewCertificateFiles returns a source that has nothing until
// [CertificateFiles.Reload].
func NewCertificateFiles(pairs []CertificatePair, log *slog.Logger) *CertificateFiles {
	return &CertificateFiles{pairs: slices.Clone(pairs), log: log, every: 10 * time.Second}
}

// Reload reads all pairs. With an error nothing has changed.
func (c *CertificateFiles) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := c.look()
	certs := make([]tls.Certificate, 0, len(c.pairs))
	for _, p := range c.pairs {
		cert, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		if err != nil {
			return fmt.Errorf("certificate %s: %w", p.Certificate, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return errors.New("no certificate files are named")
	}
	c.loaded.Store(&certs)
	c.stamp = stamp
	return nil
}

// Run reloads when a file has changed, until ctx is done.
func (c *CertificateFiles) Run(ctx context.Context) error {
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			c.runOnce()
		}
	}
}

// runOnce reloads if need be. A half-written pair is tried again at the next
// tick, because its stamp is not kept.
func (c *CertificateFiles) runOnce() {
	c.mu.Lock()
	changed := !slices.Equal(c.look(), c.stamp)
	c.mu.Unlock()
	if !changed {
		return
	}
	if err := c.Reload(); err != nil {
		c.log.Error("certificates not reloaded, the ones before stay in use", "error", err)
		return
	}
	c.log.Info("certificates reloaded")
}

func (c *CertificateFiles) look() []fileStamp {
	var stamps []fileStamp
	for _, p := range c.pairs {
		for _, name := range []string{p.Certificate, p.Key} {
			var s fileStamp
			if info, err := os.Stat(name); err == nil {
				s = fileStamp{info.ModTime(), info.Size()}
			}
			stamps = append(stamps, s)
		}
	}
	return stamps
}

// Certificate implements [CertificateSource]: the first that fits the name and
// the client, else the first.
func (c *CertificateFiles) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	certs := c.loaded.Load()
	if certs == nil {
		return nil, errors.New("no certificate has been read yet")
	}
	for i := range *certs {
		if hello.SupportsCertificate(&(*certs)[i]) == nil {
			return &(*certs)[i], nil
		}
	}
	return &(*certs)[0], nil
}

// SelfSigned is a certificate for development, kept in memory and replaced by
// a new one when two thirds of its life are over.
type SelfSigned struct {
	hosts []string
	life  time.Duration
	now   func() time.Time

	mu      sync.Mutex // guards what follows; held while a certificate is made
	current *tls.Certificate
	renewAt time.Time
}

// NewSelfSigned returns a source of certificates for hosts, localhost and the
// loopback addresses. A host ".example.com" stands for example.com and the
// names one level below. now is the clock, nil for [time.Now].
func NewSelfSigned(hosts []string, now func() time.Time) *SelfSigned {
	if now == nil {
		now = time.Now
	}
	return &SelfSigned{hosts: slices.Clone(hosts), life: 30 * 24 * time.Hour, now: now}
}

// Certificate implements [CertificateSource].
func (s *SelfSigned) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.current != nil && now.Before(s.renewAt) {
		return s.current, nil
	}
	cert, err := selfSign(s.hosts, now, s.life)
	if err != nil {
		return nil, fmt.Errorf("make a self-signed certificate: %w", err)
	}
	s.current, s.renewAt = cert, now.Add(s.life*2/3)
	return cert, nil
}

func selfSign(hosts []string, now time.Time, life time.Duration) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Berth self-signed"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(life),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	addNames(tmpl, hosts)
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

func addNames(tmpl *x509.Certificate, hosts []string) {
	for _, h := range hosts {
		name, below := strings.CutPrefix(h, ".")
		if name == "*" || name == "localhost" {
			continue
		}
		if ip := net.ParseIP(strings.Trim(name, "[]")); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
			continue
		}
		tmpl.DNSNames = append(tmpl.DNSNames, name)
		if below {
			tmpl.DNSNames = append(tmpl.DNSNames, "*."+name)
		}
	}
}
