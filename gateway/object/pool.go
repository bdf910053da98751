package object

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/berth-project/berth/gateway/idle"
)

// maxIdleTotal bounds the unused connections to all origins together.
const maxIdleTotal = 256

// pool makes connections to origins and keeps unused ones.
type pool struct {
	dialer  net.Dialer
	tls     *tls.Config
	times   Timeouts
	maxIdle int

	mu     sync.Mutex
	idle   map[string][]*conn // by origin, the most recently used last; guarded by mu
	count  int                // of all idle connections, guarded by mu
	closed bool               // guarded by mu
}

func newPool(cfg Config, times Timeouts) *pool {
	maxIdle := cfg.MaxIdle
	if maxIdle == 0 {
		maxIdle = 16
	}
	policy := addressPolicy{allow: slices.Clone(cfg.AllowPrivate)}
	return &pool{
		dialer: net.Dialer{Timeout: times.Dial, Control: policy.control},
		tls: &tls.Config{
			RootCAs:            cfg.RootCAs,
			MinVersion:         tls.VersionTLS12,
			NextProtos:         []string{"http/1.1"},
			ClientSessionCache: tls.NewLRUClientSessionCache(64),
		},
		times:   times,
		maxIdle: maxIdle,
		idle:    make(map[string][]*conn),
	}
}

// take returns an unused connection, nil when there is none. One that has been
// closed meanwhile, or on which something came unasked, is closed.
func (p *pool) take(key string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		conns := p.idle[key]
		if len(conns) == 0 {
			return nil
		}
		c := conns[len(conns)-1]
		p.remove(c)
		c.expiry.Stop()
		if c.probe.Silent() {
			return c
		}
		c.Close()
	}
}

// put keeps a connection for the next exchange, or closes it.
func (p *pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[c.key]) >= p.maxIdle || p.count >= maxIdleTotal {
		c.Close()
		return
	}
	p.idle[c.key] = append(p.idle[c.key], c)
	p.count++
	c.expiry = time.AfterFunc(p.times.Idle, func() { p.expire(c) })
}

// expire closes a connection that was not used for too long.
func (p *pool) expire(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.remove(c) {
		c.Close()
	}
}

// remove takes a connection out of the idle ones and reports whether it was
// there. The caller holds mu.
func (p *pool) remove(c *conn) bool {
	conns := p.idle[c.key]
	i := slices.Index(conns, c)
	if i < 0 {
		return false
	}
	p.count--
	if len(conns) == 1 {
		delete(p.idle, c.key)
		return true
	}
	p.idle[c.key] = slices.Delete(conns, i, i+1)
	return true
}

func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, conns := range p.idle {
		for _, c := range conns {
			c.expiry.Stop()
			c.Close()
		}
	}
	clear(p.idle)
	p.count = 0
	return nil
}

// dial connects to the origin of a reference.
func (p *pool) dial(ctx context.Context, ref reference) (*conn, error) {
	nc, err := p.dialer.DialContext(ctx, "tcp", net.JoinHostPort(ref.host, ref.port))
	if err != nil {
		return nil, err
	}
	if ref.scheme == "https" {
		if nc, err = p.handshake(ctx, nc, ref.host); err != nil {
			return nil, err
		}
	}
	return &conn{Conn: nc, key: ref.origin(), probe: idle.NewProbe(nc)}, nil
}

// handshake verifies who answered.
func (p *pool) handshake(ctx context.Context, nc net.Conn, host string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.times.TLSHandshake)
	defer cancel()
	cfg := p.tls.Clone()
	cfg.ServerName = host
	secured := tls.Client(nc, cfg)
	if err := secured.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return secured, nil
}

// origin names what connections can be shared for.
func (r reference) origin() string { return r.scheme + "://" + net.JoinHostPort(r.host, r.port) }
