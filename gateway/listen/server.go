package listen

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Config is how a [Server] listens.
type Config struct {
	// Listen are the addresses to begin with.
	Listen []Address
	// Certificates has the certificates; needed where a listener has TLS.
	Certificates CertificateSource
	// MaxConnections bounds open connections over all listeners; more wait to
	// be accepted. Default 10000.
	MaxConnections int
	// MaxConnectionsPerClient bounds those of one address, or of one /64 of
	// IPv6; more are closed. Default a quarter of MaxConnections, at least 256;
	// negative is no bound.
	MaxConnectionsPerClient int
	// Trusts exempts addresses from that: proxies, who connect for many. Nil:
	// nobody.
	Trusts func(netip.Addr) bool
	// MaxHeaderBytes bounds a request's head; more is 431. Default 32 KiB.
	MaxHeaderBytes int
	// ReadHeaderTimeout bounds reading a request's head, and the TLS handshake.
	// Default 10 s.
	ReadHeaderTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept. Default 75 s: above
	// the 60 s of AWS load balancers, which must be the ones to close.
	IdleTimeout time.Duration
	// WriteTimeout is how long a client may take for each 256 KiB of an answer.
	// Default 60 s.
	WriteTimeout time.Duration
	// Drain is how long requests may take to finish once the server stops.
	// Default 30 s.
	Drain time.Duration
	// Serves says whether a host, as a Host header has it, is answered for.
	// Whoever speaks plain HTTP to a TLS address is redirected to https if so.
	// Nil: nobody is, the connection is closed.
	Serves func(host string) bool
}

func (c Config) withDefaults() Config {
	c.MaxConnections = cmp.Or(c.MaxConnections, 10000)
	c.MaxConnectionsPerClient = cmp.Or(c.MaxConnectionsPerClient, max(c.MaxConnections/4, 256))
	c.MaxHeaderBytes = cmp.Or(c.MaxHeaderBytes, 32<<10)
	c.ReadHeaderTimeout = cmp.Or(c.ReadHeaderTimeout, 10*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 75*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, time.Minute)
	c.Drain = cmp.Or(c.Drain, 30*time.Second)
	return c
}

// Server accepts connections and has a handler answer their requests.
type Server struct {
	cfg     Config
	handler http.Handler
	log     *slog.Logger
	slots   chan struct{}
	crowd   *crowd
	active  sync.WaitGroup // handlers, hijacked ones too

	ports sync.WaitGroup // listeners, and those being retired

	mu      sync.Mutex // guards what follows
	bound   []*port
	base    func(net.Listener) context.Context // of requests; nil until Serve
	stopped bool
}

// port is one listener with its HTTP server.
type port struct {
	spec Address
	door *doorman
	http *http.Server
	// stopping is done when the port drains; stop says so.
	stopping context.Context
	stop     context.CancelFunc
}

// New returns a server that listens nowhere yet.
func New(cfg Config, handler http.Handler, log *slog.Logger) (*Server, error) {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, handler: handler, log: log, slots: make(chan struct{}, cfg.MaxConnections),
		crowd: &crowd{most: cfg.MaxConnectionsPerClient, exempt: cfg.Trusts, log: log, open: map[netip.Addr]int{}},
	}
	return s, s.validate(cfg.Listen)
}

func (s *Server) validate(listen []Address) error {
	var errs []error
	for _, l := range listen {
		switch {
		case l.Network != "tcp" && l.Network != "unix":
			errs = append(errs, fmt.Errorf("listen %s: network %q is neither tcp nor unix", l.Address, l.Network))
		case l.Address == "":
			errs = append(errs, errors.New("listen: an address is empty"))
		case l.TLS && s.cfg.Certificates == nil:
			errs = append(errs, fmt.Errorf("listen %s: there are no certificates", l.Address))
		case l.TLS && l.H2C:
			errs = append(errs, fmt.Errorf("listen %s: h2c is HTTP/2 without TLS", l.Address))
		}
	}
	return errors.Join(errs...)
}

// Listen binds the configured addresses. Connections are queued by the system
// until [Server.Serve].
func (s *Server) Listen(ctx context.Context) error { return s.Relisten(ctx, s.cfg.Listen) }

// Relisten makes the server listen on these addresses: those it has stay as
// they are, new ones are bound, and the others are closed and their requests
// drained. When one cannot be bound nothing changes.
func (s *Server) Relisten(ctx context.Context, listen []Address) error {
	if err := s.validate(listen); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return http.ErrServerClosed
	}
	old := append([]*port(nil), s.bound...)
	var next, added []*port
	for _, spec := range listen {
		if p := takePort(&old, spec); p != nil {
			next = append(next, p)
			continue
		}
		l, err := bind(ctx, spec)
		if err != nil {
			for _, p := range added {
				_ = p.door.Listener.Close() // never used
			}
			return fmt.Errorf("listen on %s: %w", spec.Address, err)
		}
		p := s.newPort(spec, l)
		next, added = append(next, p), append(added, p)
	}
	s.bound = next
	if s.base != nil {
		for _, p := range added {
			s.open(p)
		}
	}
	for _, p := range old {
		s.retire(p)
	}
	return nil
}

func takePort(ports *[]*port, spec Address) *port {
	for i, p := range *ports {
		if p.spec == spec {
			*ports = append((*ports)[:i], (*ports)[i+1:]...)
			return p
		}
	}
	return nil
}

// Addrs returns the bound addresses in the order of the configuration.
func (s *Server) Addrs() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	addrs := make([]net.Addr, len(s.bound))
	for i, p := range s.bound {
		addrs[i] = p.door.Listener.Addr()
	}
	return addrs
}

func (s *Server) newPort(spec Address, l net.Listener) *port {
	d := &doorman{
		Listener: l, spec: spec, slots: s.slots, crowd: s.crowd,
		head: s.cfg.ReadHeaderTimeout, write: s.cfg.WriteTimeout, serves: s.cfg.Serves,
	}
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(spec.TLS)
	protocols.SetUnencryptedHTTP2(spec.H2C)
	if spec.TLS {
		d.tls = &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"h2", "http/1.1"},
			GetCertificate: s.cfg.Certificates.Certificate,
		}
	}
	p := &port{spec: spec, door: d}
	p.stopping, p.stop = context.WithCancel(context.Background())
	p.http = &http.Server{
		Handler:                      http.HandlerFunc(s.serveHTTP),
		ReadHeaderTimeout:            s.cfg.ReadHeaderTimeout,
		IdleTimeout:                  s.cfg.IdleTimeout,
		MaxHeaderBytes:               s.cfg.MaxHeaderBytes,
		DisableGeneralOptionsHandler: true,
		ConnContext:                  p.withConn,
		Protocols:                    protocols,
		TLSConfig:                    d.tls,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: 250, WriteByteTimeout: s.cfg.WriteTimeout, SendPingTimeout: s.cfg.IdleTimeout / 2},
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return p
}

// serveHTTP counts handlers: http.Server forgets those that hijacked.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	s.active.Add(1)
	defer s.active.Done()
	if c := ConnOf(r); c != nil && c.state != nil {
		r.TLS = c.state
	}
	s.handler.ServeHTTP(w, r)
}

// open starts serving a port; s.mu is held.
func (s *Server) open(p *port) {
	p.http.BaseContext = s.base
	p.door.start()
	s.ports.Go(func() {
		if err := p.http.Serve(p.door); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("listener ended", "error", err)
		}
		p.door.wg.Wait()
	})
	s.log.Info("listening", "address", p.door.Addr().String(), "tls", p.spec.TLS)
}

// retire drains a port in the background; Serve waits for it.
func (s *Server) retire(p *port) {
	if s.base == nil {
		_ = p.door.Listener.Close() // never used
		return
	}
	s.ports.Go(func() { s.shut(context.Background(), p) })
}

func (s *Server) shut(ctx context.Context, p *port) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Drain)
	defer cancel()
	p.http.SetKeepAlivesEnabled(false)
	p.stop() // tells what has no end of its own
	if err := p.http.Shutdown(ctx); err != nil {
		s.log.Warn("requests cut off after the drain time", "error", err)
		_ = p.http.Close() // what is left is cut off on purpose
	}
}

// Serve answers requests until ctx is done. Then it stops accepting, lets
// requests finish for as long as Drain says, and returns when every handler
// has. Event streams and upgraded connections, which have no end of their own,
// are ended at once. It can be called once.
func (s *Server) Serve(ctx context.Context) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.mu.Lock()
	if s.base != nil || s.stopped {
		s.mu.Unlock()
		return http.ErrServerClosed
	}
	s.base = func(net.Listener) context.Context { return base }
	for _, p := range s.bound {
		s.open(p)
	}
	s.mu.Unlock()

	<-ctx.Done()
	s.mu.Lock()
	s.stopped = true
	ports := s.bound
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range ports {
		wg.Go(func() { s.shut(base, p) })
	}
	wg.Wait()
	s.ports.Wait() // those retired before have a drain of their own
	cancel()       // ends requests that outlived it
	s.active.Wait()
	return nil
}

// Close closes the listeners of a server that does not serve.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base != nil {
		return nil
	}
	s.stopped = true
	var errs []error
	for _, p := range s.bound {
		errs = append(errs, p.door.Listener.Close())
	}
	return errors.Join(errs...)
}
