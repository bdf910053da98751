package upstream

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, copySize); return &b }}

const (
	// directCopy is from how many bytes on a body goes from socket to socket.
	directCopy = 64 << 10
	// directPiece bounds one such copy, so that idle time can be told.
	directPiece = 4 << 20
)

// bodyReader reads a response body from a connection, flushing what was
// written to the client before it waits for more, and bounding the wait.
type bodyReader struct {
	x *exchange
	c *conn
	// dirty says that the client has not been sent all we have.
	dirty bool
}

// wait prepares a read that may block.
func (b *bodyReader) wait() error {
	if b.dirty && b.c.drained {
		if err := http.NewResponseController(b.x.w).Flush(); err != nil {
			return &phaseError{ClientGone, err}
		}
		b.dirty = false
	}
	return b.arm()
}

func (b *bodyReader) arm() error {
	var at time.Time
	if idle := b.x.group.cfg.Timeouts.BodyIdle; idle > 0 {
		at = time.Now().Add(idle)
	}
	return b.c.nc.SetReadDeadline(at)
}

// fill reads once into the connection's buffer.
func (b *bodyReader) fill() error {
	if err := b.wait(); err != nil {
		return err
	}
	return truncation(b.c.fill(bufferSize))
}

// read returns body bytes: what is buffered, or straight from the socket.
func (b *bodyReader) read(p []byte) (int, error) {
	if have := b.c.buffered(); len(have) > 0 {
		n := copy(p, have)
		b.c.r += n
		return n, nil
	}
	if err := b.wait(); err != nil {
		return 0, err
	}
	n, err := b.c.nc.Read(p)
	b.c.drained = n < len(p)
	if n > 0 {
		return n, nil
	}
	return 0, truncation(err)
}

// write sends to the client.
func (b *bodyReader) write(p []byte) error {
	n, err := b.x.w.Write(p)
	b.x.res.BytesOut += int64(n)
	b.dirty = true
	if err != nil {
		return &phaseError{ClientGone, err}
	}
	return nil
}

func truncation(err error) error {
	if errors.Is(err, io.EOF) {
		return errTruncated
	}
	return err
}

// copyBody sends the body the head announces.
func (x *exchange) copyBody(c *conn, h *responseHead) error {
	b := bodyReader{x: x, c: c, dirty: true}
	switch {
	case x.noBody(h):
		return nil
	case h.chunked:
		return x.copyChunked(&b, h)
	case h.length >= 0:
		return b.copyLength(h.length)
	}
	return b.copyRest()
}

// noBody reports whether no body follows the head.
func (x *exchange) noBody(h *responseHead) bool {
	return h.length == 0 || x.req.In.Method == http.MethodHead || bodyless(h.status)
}

func (b *bodyReader) copyLength(left int64) error {
	if have := b.c.buffered(); len(have) > 0 {
		have = have[:min(left, int64(len(have)))]
		if err := b.write(have); err != nil {
			return err
		}
		b.c.r += len(have)
		left -= int64(len(have))
	}
	if left >= directCopy {
		if rf, ok := b.x.w.(io.ReaderFrom); ok {
			return b.copyDirect(rf, left)
		}
	}
	return b.copyBuffered(left)
}

// copyBuffered copies n bytes through a buffer; n below zero means up to the
// end of the connection.
func (b *bodyReader) copyBuffered(n int64) error {
	if n == 0 {
		return nil
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for n != 0 {
		p := *buf
		if n > 0 {
			p = p[:min(n, int64(len(p)))]
		}
		got, err := b.read(p)
		if err != nil {
			return err
		}
		if err := b.write(p[:got]); err != nil {
			return err
		}
		if n > 0 {
			n -= int64(got)
		}
	}
	return nil
}

func (b *bodyReader) copyRest() error {
	err := b.copyBuffered(-1)
	if errors.Is(err, errTruncated) { // the close is the end
		return nil
	}
	return err
}

// copyDirect lets the writer read from the socket, which on plain TCP moves
// the bytes within the kernel.
func (b *bodyReader) copyDirect(w io.ReaderFrom, left int64) error {
	if err := b.wait(); err != nil {
		return err
	}
	b.dirty = false
	for left > 0 {
		piece := min(left, directPiece)
		n, err := w.ReadFrom(&io.LimitedReader{R: b.c.nc, N: piece})
		left -= n
		b.x.res.BytesOut += n
		switch {
		case err != nil && isTimeout(err) && n > 0: // slow, not idle
		case err != nil:
			return b.blame(err)
		case n < piece:
			return errTruncated
		}
		if err := b.arm(); err != nil {
			return err
		}
	}
	return nil
}

// blame tells whose fault a failed direct copy is: the error may come from
// either socket.
func (b *bodyReader) blame(err error) error {
	if isTimeout(err) {
		_ = b.c.nc.SetReadDeadline(time.Now().Add(time.Millisecond))
		var one [1]byte
		if n, e := b.c.nc.Read(one[:]); n == 0 && isTimeout(e) {
			return err // nothing there: the target was idle
		}
		return &phaseError{ClientGone, err}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "read" {
		return err
	}
	_ = b.c.nc.SetReadDeadline(time.Now().Add(time.Millisecond))
	var one [1]byte
	if _, e := b.c.nc.Read(one[:]); e != nil && !isTimeout(e) {
		return truncation(e)
	}
	return &phaseError{ClientGone, err}
}
