package service

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"

	"github.com/berth-project/berth/gateway/listen"
	"github.com/berth-project/berth/manifest"
)

// certificates is the certificate source of the gateway's listeners, which
// live longer than any generation.
type certificates struct {
	current atomic.Pointer[certificateSet]
}

// certificateSet is what one generation says about certificates.
type certificateSet struct {
	source listen.CertificateSource
	reload func() error
	files  []string
}

// Certificate implements [listen.CertificateSource].
func (c *certificates) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load().source.Certificate(hello)
}

func (c *certificates) files() []string { return c.current.Load().files }

// newCertificates reads what the manifest names.
func newCertificates(m *manifest.Manifest, hosts []string, log *slog.Logger) (*certificateSet, error) {
	if m.Gateway.TLS.Mode != "files" {
		return &certificateSet{source: listen.NewSelfSigned(hosts, nil), reload: func() error { return nil }}, nil
	}
	b := builder{m: m}
	set := &certificateSet{}
	var pairs []listen.CertificatePair
	for _, c := range m.Gateway.TLS.Certificates {
		pair := listen.CertificatePair{Certificate: b.path(string(c.Certificate)), Key: b.path(string(c.Key))}
		pairs = append(pairs, pair)
		set.files = append(set.files, pair.Certificate, pair.Key)
	}
	files := listen.NewCertificateFiles(pairs, log)
	set.source, set.reload = files, files.Reload
	return set, files.Reload()
}

func (s *Service) openServer(ctx context.Context, g *generation) error {
	set, err := newCertificates(g.m, g.hosts, s.log)
	if err != nil {
		return err
	}
	s.certs = &certificates{}
	s.certs.current.Store(set)
	m := g.m.Gateway
	drain := m.Timeouts.Drain.Std()
	if s.opts.Mode == Development {
		drain = min(drain, developmentDrain)
	}
	s.server, err = listen.New(listen.Config{
		Listen: s.listeners(g.m), Certificates: s.certs, Serves: s.gateway.Serves, Trusts: s.gateway.Trusts,
		MaxConnections: orVeryMany(m.Limits.MaxConnections), MaxConnectionsPerClient: m.Limits.MaxConnectionsPerClient,
		MaxHeaderBytes:    int(m.Limits.MaxHeader.Bytes()),
		ReadHeaderTimeout: m.Timeouts.ReadHeader.Std(), IdleTimeout: m.Timeouts.Idle.Std(),
		WriteTimeout: m.Timeouts.Write.Std(), Drain: drain,
	}, s.gateway, s.log)
	if err != nil {
		return err
	}
	return s.server.Listen(ctx)
}

// orVeryMany turns the manifest's 0, no limit, into more than a system can open.
func orVeryMany(n int) int {
	if n == 0 {
		return 10_000_000
	}
	return n
}

// listeners are the addresses the manifest, or --listen, asks for.
func (s *Service) listeners(m *manifest.Manifest) []listen.Address {
	if s.opts.Listen != "" {
		var first manifest.Listen
		if len(m.Gateway.Listen) > 0 {
			first = m.Gateway.Listen[0]
		}
		first.Address = manifest.Template(s.opts.Listen)
		return []listen.Address{listener(first, "")}
	}
	var out []listen.Address
	for _, l := range m.Gateway.Listen {
		out = append(out, listener(l, m.Directory()))
	}
	return out
}

// listener is one address; the path of a socket is relative to dir.
func listener(l manifest.Listen, dir string) listen.Address {
	out := listen.Address{Network: "tcp", Address: string(l.Address), TLS: l.TLS, H2C: l.H2C}
	if path, ok := strings.CutPrefix(out.Address, "unix:"); ok {
		out.Network, out.Address = "unix", within(dir, path)
	}
	return out
}

// prepareListeners makes ready what a reload changes about listening; calling
// what it returns does it. Certificates that cannot be read refuse the reload,
// and so do addresses that cannot be bound.
func (s *Service) prepareListeners(ctx context.Context, next *generation) (apply func() error, err error) {
	set, err := newCertificates(next.m, next.hosts, s.log)
	if err != nil {
		return nil, err
	}
	if next.m.Gateway.TLS.Mode != "files" && len(s.certs.files()) == 0 && sameHosts(s.current.Load().hosts, next.hosts) {
		set = s.certs.current.Load() // the self-signed certificate stays
	}
	return func() error {
		before := s.certs.current.Swap(set) // a new listener may be asked at once
		err := s.server.Relisten(ctx, s.listeners(next.m))
		if err != nil {
			s.certs.current.Store(before)
		}
		return err
	}, nil
}

func sameHosts(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }

// appURL is where a person on this machine opens the app.
func (s *Service) appURL(g *generation) string {
	addresses := s.listeners(g.m)
	for i, addr := range s.server.Addrs() {
		tcp, ok := addr.(*net.TCPAddr)
		if !ok {
			continue
		}
		scheme, host := "http", localAddress(tcp)
		if addresses[i].TLS {
			scheme = "https"
		}
		if s.opts.Mode != Development && tcp.IP.IsUnspecified() {
			host = net.JoinHostPort(g.firstHost(), fmt.Sprint(tcp.Port))
		}
		return scheme + "://" + host
	}
	return ""
}
