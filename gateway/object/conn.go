package object

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"sync"
	"time"

	"github.com/berth-project/berth/gateway/idle"
)

const (
	// maxHead bounds the head of an origin's response.
	maxHead = 16 << 10
	// piece is how much of a body is handed over at a time: deadlines move
	// between pieces.
	piece = 256 << 10
	// quickPiece is the piece of a fast transfer, and quickWater how much of it
	// is waited for at a time.
	quickPiece = 1 << 20
	quickWater = 256 << 10
	// maxInformational bounds the 1xx responses before the final one.
	maxInformational = 4
)

// aLongTimeAgo is a deadline that has passed.
var aLongTimeAgo = time.Unix(1, 0)

// copyBuffers are for bodies that cannot be spliced.
var copyBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// conn is a connection to an origin. It carries one exchange at a time.
type conn struct {
	net.Conn
	key      string
	probe    *idle.Probe // of nothing where TLS is in between
	buf      [maxHead]byte
	from, to int         // what was read and not yet used
	answered bool        // a byte of the response has come
	expiry   *time.Timer // while idle
}

// exchange sends a request and reads the head of the final response.
func (c *conn) exchange(ctx context.Context, request []byte, within time.Duration) (*responseHead, error) {
	c.answered = false
	if err := c.SetDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(aLongTimeAgo) })
	head, err := c.roundTrip(request)
	if !stop() && err == nil {
		return nil, context.Cause(ctx)
	}
	return head, err
}

func (c *conn) roundTrip(request []byte) (*responseHead, error) {
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	for range maxInformational + 1 {
		text, err := c.readHead()
		if err != nil {
			return nil, err
		}
		head, err := parseHead(text)
		if err != nil || head.status >= 200 {
			return head, err
		}
		if head.status == http.StatusSwitchingProtocols {
			return nil, errHead
		}
	}
	return nil, errors.New("too many informational responses")
}

// readHead reads up to an empty line and returns what is before it.
func (c *conn) readHead() (string, error) {
	if c.from > 0 {
		c.to = copy(c.buf[:], c.buf[c.from:c.to])
		c.from = 0
	}
	for {
		if i := bytes.Index(c.buf[:c.to], []byte("\r\n\r\n")); i >= 0 {
			c.from = i + 4
			return string(c.buf[:i]), nil
		}
		if c.to == len(c.buf) {
			return "", errors.New("response head is longer than 16 KiB")
		}
		n, err := c.Conn.Read(c.buf[c.to:])
		c.to += n
		c.answered = c.answered || n > 0
		if err != nil && n == 0 {
			return "", fmt.Errorf("read response head: %w", err)
		}
	}
}

// Read implements io.Reader over what the buffer holds and then the socket.
func (c *conn) Read(p []byte) (int, error) {
	if c.from < c.to {
		n := copy(p, c.buf[c.from:c.to])
		c.from += n
		return n, nil
	}
	return c.Conn.Read(p)
}

// skip drops n bytes of body if they have been received already.
func (c *conn) skip(n int64) bool {
	if n < 0 || n > int64(c.to-c.from) {
		return false
	}
	c.from += int(n)
	return true
}

// clean reports whether nothing is left over from the exchange: more bytes than
// the response has would be taken for the next one.
func (c *conn) clean() bool { return c.from == c.to }

// copyBody streams a body of known or unknown length to w.
func (c *conn) copyBody(w io.Writer, head *responseHead, idle time.Duration) error {
	if head.chunked {
		return c.copyStream(w, httputil.NewChunkedReader(bufio.NewReaderSize(c, 4<<10)), idle)
	}
	if head.length < 0 {
		return c.copyStream(w, c, idle)
	}
	left := head.length
	if n := min(left, int64(c.to-c.from)); n > 0 {
		if _, err := w.Write(c.buf[c.from : c.from+int(n)]); err != nil {
			return err
		}
		c.from += int(n)
		left -= n
	}
	if left == 0 {
		return nil
	}
	socket, plain := c.Conn.(*net.TCPConn)
	if to, ok := w.(io.ReaderFrom); ok && plain {
		return c.spliceBody(to, socket, left, idle)
	}
	return c.copyStream(w, exactly(c, left), idle)
}

// spliceBody lets w take the bytes from the socket itself. A fast transfer goes
// on in larger pieces, and the socket wakes us for large parts of them only.
func (c *conn) spliceBody(w io.ReaderFrom, socket *net.TCPConn, left int64, idle time.Duration) error {
	limited := &io.LimitedReader{R: socket}
	quick := false
	defer func() {
		if quick {
			setLowWater(socket, false)
		}
	}()
	for left > 0 {
		start := time.Now()
		if err := socket.SetReadDeadline(start.Add(idle)); err != nil {
			return err
		}
		limited.N = min(left, piece)
		if quick {
			limited.N = quickPiece
		}
		n, err := w.ReadFrom(limited)
		left -= n
		if err != nil {
			return err
		}
		if limited.N > 0 {
			return io.ErrUnexpectedEOF
		}
		// The kernel must not be told to wait for more than will come.
		now := left >= 2*quickPiece && isQuick(n, time.Since(start))
		if now != quick {
			quick = now
			setLowWater(socket, now)
		}
	}
	return nil
}

// isQuick reports whether n bytes in this time is a fast transfer: 25 MB/s.
func isQuick(n int64, took time.Duration) bool {
	return took.Nanoseconds()*25/1000 <= n
}

// copyStream copies until src ends.
func (c *conn) copyStream(w io.Writer, src io.Reader, idle time.Duration) error {
	buf := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buf)
	for {
		if err := c.SetReadDeadline(time.Now().Add(idle)); err != nil {
			return err
		}
		n, err := src.Read(buf[:])
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// exactly reads n bytes and takes an earlier end for an error.
func exactly(r io.Reader, n int64) io.Reader { return &exactReader{r: r, left: n} }

type exactReader struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (e *exactReader) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// isTimeout reports whether a deadline passed.
func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
