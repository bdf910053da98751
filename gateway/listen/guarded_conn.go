package listen

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// writePiece is how much is written under one deadline. A client that takes
// less than that in WriteTimeout is gone, or attacks.
const writePiece = 256 << 10

// guardedConn is the connection net/http reads requests from: it refuses
// ambiguous framing, and keeps a deadline on writes that moves as bytes do.
type guardedConn struct {
	net.Conn
	framing framing
	free    atomic.Bool // hijacked: what comes is not HTTP
	poison  []byte      // what is read in place of a refused line
	refused error       // what is read after that

	timeout time.Duration // for a piece; 0 none
	armed   atomic.Int64  // unix nanoseconds of the last deadline set

	gathered *[]byte // pooled; what is written while it is there stays in it
}

// refusal makes net/http answer 400 in the order of requests: a NUL is
// malformed in a request line and in a field value, and the empty line after
// it ends the head.
const refusal = "\x00\r\n\r\n"

// ErrFraming is what reading a body of ambiguous framing ends in.
var ErrFraming = errors.New("the framing of the request body is malformed")

func newGuardedConn(c net.Conn, timeout time.Duration, h2c bool) *guardedConn {
	g := &guardedConn{Conn: c, timeout: timeout}
	g.framing.first, g.framing.h2c = true, h2c
	return g
}

// release ends the checking, when the connection becomes a tunnel.
func (c *guardedConn) release() { c.free.Store(true) }

// Read implements net.Conn. From a refused line on, the reader sees a
// malformed one and then the end.
func (c *guardedConn) Read(p []byte) (int, error) {
	if c.refused != nil {
		if len(c.poison) == 0 {
			return 0, c.refused
		}
		n := copy(p, c.poison)
		c.poison = c.poison[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if n == 0 || c.free.Load() {
		return n, err
	}
	if fine := c.framing.scan(p[:n]); fine < n {
		c.refuse()
		if fine == 0 {
			return c.Read(p)
		}
		return fine, nil
	}
	return n, err
}

// refuse ends the request being read. A bad head is answered by net/http, a
// bad body by whoever reads it.
func (c *guardedConn) refuse() {
	if c.framing.inBody() {
		c.refused = ErrFraming
		return
	}
	c.refused, c.poison = io.EOF, []byte(refusal)
}

// Write implements net.Conn.
func (c *guardedConn) Write(p []byte) (n int, err error) {
	if c.gathered != nil {
		*c.gathered = append(*c.gathered, p...)
		return len(p), nil
	}
	for len(p) > 0 && err == nil {
		c.arm()
		piece := p[:min(len(p), writePiece)]
		var m int
		m, err = c.Conn.Write(piece)
		n += m
		p = p[m:]
	}
	return n, err
}

// gatherings are buffers for the head of an answer with a small body.
var gatherings = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// gather keeps what is written until send: net/http writes the head of an
// answer and then its body, and a system call costs more than copying a small
// body.
func (c *guardedConn) gather() { c.gathered = gatherings.Get().(*[]byte) }

// send writes what was gathered. An error ends the connection: the server
// takes what was gathered for written.
func (c *guardedConn) send() error {
	b := c.gathered
	c.gathered = nil
	_, err := c.Write(*b)
	if err != nil {
		_ = c.Close() // the error to tell is the one of the write
	}
	*b = (*b)[:0]
	gatherings.Put(b)
	return err
}

// ReadFrom implements io.ReaderFrom, so that net/http can splice. The source
// is handed on by pieces, for the deadline.
func (c *guardedConn) ReadFrom(src io.Reader) (total int64, err error) {
	rf, ok := c.Conn.(io.ReaderFrom)
	if !ok {
		return io.Copy(writerOnly{c}, src)
	}
	limited, known := src.(*io.LimitedReader)
	for {
		c.arm()
		piece := int64(writePiece)
		from := src
		if known {
			piece = min(piece, limited.N)
			from = limited.R
		}
		n, err := rf.ReadFrom(&io.LimitedReader{R: from, N: piece})
		total += n
		if known {
			limited.N -= n
		}
		if err != nil || n < piece || known && limited.N <= 0 {
			return total, err
		}
	}
}

// CloseWrite lets net/http close politely.
func (c *guardedConn) CloseWrite() error {
	if cw, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return cw.CloseWrite()
	}
	return nil
}

// arm moves the write deadline, at most eight times in a period.
func (c *guardedConn) arm() {
	if c.timeout <= 0 {
		return
	}
	now := time.Now()
	if now.UnixNano()-c.armed.Load() < int64(c.timeout/8) {
		return
	}
	c.armed.Store(now.UnixNano())
	_ = c.Conn.SetWriteDeadline(now.Add(c.timeout)) // a dead connection fails at the write
}

// writerOnly hides ReadFrom from io.Copy.
type writerOnly struct{ io.Writer }
