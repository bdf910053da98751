package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/berth-project/berth/gateway/idle"
)

const bufferSize = 8 << 10

// errHeadTooLarge refuses a response head beyond the configured bound.
const errHeadTooLarge = protocolError("response head is too large")

var buffers = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}

// conn is one HTTP/1.1 connection to a target. One request uses it at a time;
// it has a buffer only then.
type conn struct {
	nc     net.Conn
	target *target
	since  time.Time // when it became idle

	buf  *[]byte // pooled
	r, w int     // what is buffered: (*buf)[r:w]
	// drained says that the last read left nothing in the socket, as far as
	// can be known without asking.
	drained bool
	// used says that a request went over it before.
	used bool

	probe *idle.Probe
	abort func()
}

func newConn(nc net.Conn, t *target) *conn {
	return &conn{nc: nc, target: t, probe: idle.NewProbe(nc), abort: func() { _ = nc.Close() }}
}

func (c *conn) attach() {
	c.buf = buffers.Get().(*[]byte)
	c.r, c.w, c.drained = 0, 0, false
}

func (c *conn) detach() {
	if c.buf != nil && len(*c.buf) == bufferSize {
		buffers.Put(c.buf)
	}
	c.buf = nil
}

// close ends the connection for good.
func (c *conn) close() {
	_ = c.nc.Close()
	c.detach()
	c.target.forget(c)
}

func (c *conn) buffered() []byte { return (*c.buf)[c.r:c.w] }

// fill reads once into the buffer, growing it up to max bytes.
func (c *conn) fill(max int) error {
	b := *c.buf
	switch {
	case c.r == c.w:
		c.r, c.w = 0, 0
	case c.w == len(b) && c.r > 0:
		c.w = copy(b, b[c.r:c.w])
		c.r = 0
	}
	if c.w == len(b) {
		if len(b) >= max {
			return errHeadTooLarge
		}
		grown := make([]byte, min(2*len(b), max))
		copy(grown, b)
		if len(b) == bufferSize {
			buffers.Put(c.buf)
		}
		c.buf, b = &grown, grown
	}
	n, err := c.nc.Read(b[c.w:])
	c.drained = n < len(b)-c.w
	c.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// readHead returns the next response head, its final empty line included. The
// bytes are valid until the next read.
func (c *conn) readHead(limit int) ([]byte, error) {
	pos, line := 0, 0
	for {
		i := bytes.IndexByte(c.buffered()[pos:], '\n')
		if i < 0 {
			if pos = c.w - c.r; pos >= limit {
				return nil, errHeadTooLarge
			}
			if err := c.fill(max(limit, bufferSize)); err != nil {
				return nil, headError(err, pos)
			}
			continue
		}
		b := c.buffered()
		i += pos
		switch {
		case i+1 > limit:
			return nil, errHeadTooLarge
		case i == line || b[i-1] != '\r':
			return nil, protocolError("line of the response head does not end with CR LF")
		case i == line+1:
			c.r += i + 1
			return b[:i+1], nil
		}
		pos, line = i+1, i+1
	}
}

func headError(err error, got int) error {
	reset := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case !reset:
		return err
	case got == 0 && !errors.Is(err, io.EOF):
		return errUnread // closed with bytes in it that nobody had read
	case got == 0:
		return errNoResponse
	}
	return errTruncated
}

// acquire returns a connection to the target: an idle one that still lives,
// unless a fresh one is asked for, or else a new one.
func (t *target) acquire(ctx context.Context, cfg *Config, fresh bool) (*conn, error) {
	for !fresh {
		c := t.pop()
		if c == nil {
			break
		}
		most := cfg.Timeouts.Idle
		_ = c.nc.SetDeadline(time.Time{})
		if (most == 0 || time.Since(c.since) < most) && c.probe.Silent() {
			c.used = true
			c.attach()
			return c, nil
		}
		c.close()
	}
	nc, err := t.dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c := newConn(nc, t)
	if !t.adopt(c) {
		_ = nc.Close()
		return nil, errClosed
	}
	c.attach()
	return c, nil
}

// dial makes a new connection to the target.
func (t *target) dial(ctx context.Context, cfg *Config) (net.Conn, error) {
	d := net.Dialer{Timeout: cfg.Timeouts.Dial}
	nc, err := d.DialContext(ctx, t.endpoint.Network, t.endpoint.Address)
	if err != nil {
		if ctx.Err() != nil {
			return nil, &phaseError{ClientGone, context.Cause(ctx)}
		}
		return nil, &phaseError{Dial, err}
	}
	return nc, nil
}

func (t *target) pop() *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.idle)
	if n == 0 {
		return nil
	}
	c := t.idle[n-1]
	t.idle[n-1] = nil
	t.idle = t.idle[:n-1]
	return c
}

func (t *target) adopt(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.severed {
		return false
	}
	t.conns[c] = struct{}{}
	return true
}

func (t *target) forget(c *conn) {
	t.mu.Lock()
	delete(t.conns, c)
	t.mu.Unlock()
}

// release keeps a connection whose exchange is complete for the next request.
func (t *target) release(c *conn, maxIdle int) {
	c.detach()
	c.since = time.Now()
	t.mu.Lock()
	keep := !t.retired && len(t.idle) < maxIdle
	if keep {
		t.idle = append(t.idle, c)
	}
	t.mu.Unlock()
	if !keep {
		c.close()
	}
}
