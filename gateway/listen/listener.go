package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Address is one address to listen on.
type Address struct {
	// Network is "tcp" or "unix".
	Network string
	// Address is host:port, or the path of a socket. A socket left behind by a
	// process that is gone is replaced.
	Address string
	// TLS makes it an https listener (HTTP/2 and HTTP/1.1).
	TLS bool
	// H2C accepts HTTP/2 without TLS by prior knowledge, beside HTTP/1.1.
	H2C bool
}

// doorman is a net.Listener that hands out connections net/http can read
// requests from at once: counted, for TLS with the handshake done, and for
// HTTP/1 guarded.
type doorman struct {
	net.Listener
	spec   Address
	tls    *tls.Config // nil for plain
	slots  chan struct{}
	crowd  *crowd
	head   time.Duration // for the handshake and the first bytes
	write  time.Duration
	serves func(host string) bool

	ready chan net.Conn
	wg    sync.WaitGroup
	stop  context.CancelFunc
	done  <-chan struct{} // closed by stop
	once  sync.Once
	err   error // of closing
}

func bind(ctx context.Context, spec Address) (net.Listener, error) {
	if spec.Network == "unix" {
		if err := clearSocket(spec.Address); err != nil {
			return nil, err
		}
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, spec.Network, spec.Address)
}

// clearSocket removes a socket nobody listens on.
func clearSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return &fs.PathError{Op: "listen", Path: path, Err: errors.New("exists and is no socket")}
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close() // only the question was wanted
		return &fs.PathError{Op: "listen", Path: path, Err: errors.New("another process listens there")}
	}
	return os.Remove(path)
}

// start begins to accept. Its goroutines end with Close; d.wg waits for them.
func (d *doorman) start() {
	ctx, cancel := context.WithCancel(context.Background())
	d.ready, d.stop, d.done = make(chan net.Conn), cancel, ctx.Done()
	d.wg.Go(func() { d.acceptAll(ctx) })
}

func (d *doorman) acceptAll(ctx context.Context) {
	var backoff time.Duration
	for {
		select {
		case d.slots <- struct{}{}:
		case <-d.done:
			return
		}
		c, err := d.Listener.Accept()
		if err != nil {
			<-d.slots
			if ctx.Err() != nil {
				return
			}
			// Out of descriptors, most likely: others will be freed.
			backoff = min(max(2*backoff, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(backoff):
				continue
			case <-d.done:
				return
			}
		}
		backoff = 0
		client, ok := d.crowd.enter(c.RemoteAddr())
		if !ok {
			_ = c.Close() // it has enough others
			<-d.slots
			continue
		}
		slot := &slotConn{Conn: c, slots: d.slots, crowd: d.crowd, client: client}
		if d.tls == nil {
			d.hand(newGuardedConn(plain(c, slot), d.write, d.spec.H2C))
			continue
		}
		d.wg.Go(func() { d.shake(ctx, slot) })
	}
}

// tlsHandshake is the type of the record a TLS connection begins with (RFC
// 8446 section 5.1).
const tlsHandshake = 0x16

// shake does the handshake, away from the accepting goroutine, within the time
// there is for it and as long as the listener is open.
func (d *doorman) shake(ctx context.Context, c *slotConn) {
	ctx, cancel := context.WithTimeout(ctx, d.head)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	n, err := c.Conn.Read(c.first[:])
	c.peeked = n
	secure := err == nil && c.first[0] == tlsHandshake
	if err == nil && !secure {
		d.misdirected(c)
	}
	if !stop() || !secure {
		_ = c.Close() // nothing was agreed on
		return
	}
	t := tls.Server(c, d.tls)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return
	}
	if t.ConnectionState().NegotiatedProtocol == "h2" {
		d.hand(t)
		return
	}
	d.hand(newGuardedConn(t, d.write, false))
}

// hand gives a connection to whoever accepts.
func (d *doorman) hand(c net.Conn) {
	select {
	case d.ready <- c:
	case <-d.done:
		_ = c.Close() // the listener is closing
	}
}

// misdirected tells a browser that spoke HTTP to the TLS port where to go. Who
// does not know the name of the service learns nothing: sending them to a name
// of their choice would lend ours to it.
func (d *doorman) misdirected(c net.Conn) {
	if d.serves == nil {
		return
	}
	r, err := http.ReadRequest(bufio.NewReader(io.LimitReader(c, 8<<10)))
	if err != nil || !d.serves(r.Host) || !visible(r.Host) || !visible(r.RequestURI) || r.RequestURI[0] != '/' {
		return
	}
	// Who has left needs no hint.
	_, _ = io.WriteString(c, "HTTP/1.1 308 Permanent Redirect\r\nConnection: close\r\nContent-Length: 0\r\nLocation: https://"+
		r.Host+r.RequestURI+"\r\n\r\n")
}

// visible reports that s is visible ASCII and not empty.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

// Accept implements net.Listener.
func (d *doorman) Accept() (net.Conn, error) {
	select {
	case c := <-d.ready:
		return c, nil
	case <-d.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (d *doorman) Close() error {
	d.once.Do(func() {
		d.stop()
		d.err = d.Listener.Close()
	})
	return d.err
}

// plain returns c with its slot given back on close, without hiding what makes
// splicing possible.
func plain(c net.Conn, slot *slotConn) net.Conn {
	if t, ok := c.(*net.TCPConn); ok {
		return &slotTCPConn{TCPConn: t, slot: slot}
	}
	return slot
}

// slotConn gives its place back when it is closed. On a TLS listener its first
// byte is looked at before the handshake.
type slotConn struct {
	net.Conn
	slots  chan struct{}
	crowd  *crowd
	client netip.Addr
	once   sync.Once
	first  [1]byte
	peeked int // how many of first are to be read again
}

// Read implements net.Conn.
func (c *slotConn) Read(p []byte) (int, error) {
	if c.peeked > 0 && len(p) > 0 {
		c.peeked = 0
		p[0] = c.first[0]
		return 1, nil
	}
	return c.Conn.Read(p)
}

// Close implements net.Conn.
func (c *slotConn) Close() error {
	c.once.Do(func() {
		<-c.slots
		c.crowd.leave(c.client)
	})
	return c.Conn.Close()
}

// slotTCPConn is a slotConn that is still a TCP connection.
type slotTCPConn struct {
	*net.TCPConn
	slot *slotConn
}

// Close implements net.Conn.
func (c *slotTCPConn) Close() error { return c.slot.Close() }
