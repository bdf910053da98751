package listen

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// Conn is what a [Server] knows of the connection of a request.
type Conn struct {
	secure   bool
	state    *tls.ConnectionState // nil where net/http has it
	plain    *guardedConn         // nil where it is encrypted
	stopping context.Context
}

type connKey struct{}

// withConn puts what is known of c into the context of its requests; net/http
// calls it once for a connection.
func (p *port) withConn(ctx context.Context, c net.Conn) context.Context {
	info := &Conn{stopping: p.stopping}
	switch c := c.(type) {
	case *tls.Conn:
		info.secure = true
	case *guardedConn:
		if t, ok := c.Conn.(*tls.Conn); ok {
			state := t.ConnectionState()
			info.secure, info.state = true, &state
		} else {
			info.plain = c
		}
	}
	return context.WithValue(ctx, connKey{}, info)
}

// ConnOf returns what is known of the connection of r, nil when it did not
// come through a [Server].
func ConnOf(r *http.Request) *Conn {
	c, _ := r.Context().Value(connKey{}).(*Conn)
	return c
}

// Secure reports whether the connection is encrypted.
func (c *Conn) Secure() bool { return c.secure }

// Stopping is done as soon as the listener of the connection is to be closed:
// what has no end of its own should end then.
func (c *Conn) Stopping() context.Context { return c.stopping }

// Gathers reports whether the answer to r can be gathered: only with HTTP/1,
// where no other request writes to the connection meanwhile, and without TLS,
// where each write is a system call.
func (c *Conn) Gathers(r *http.Request) bool { return c.plain != nil && r.ProtoMajor == 1 }

// Gather keeps what is written to the connection until [Conn.Send], so that
// the head of an answer and a small body leave together. It is for requests of
// which [Conn.Gathers] is true only.
func (c *Conn) Gather() { c.plain.gather() }

// Send writes what was gathered. After an error the connection is closed.
func (c *Conn) Send() error { return c.plain.send() }

// Release ends the checking of the framing on a connection that was hijacked:
// what it carries from then on is not HTTP.
func Release(c net.Conn) {
	if g, ok := c.(*guardedConn); ok {
		g.release()
	}
}
