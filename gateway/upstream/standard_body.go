package upstream

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// errIdleBody ends a response whose body fell silent.
var errIdleBody = &phaseError{Timeout, context.DeadlineExceeded}

// clientBody lends the client's body to a transport, which may close it and
// may still read it when the answer is complete.
type clientBody struct {
	x       *exchange
	trailer http.Header // what of the client's trailer is forwarded
	closed  atomic.Bool
	ended   atomic.Bool
	cut     atomic.Bool // a read was interrupted by us
	fail    atomic.Pointer[phaseError]
	reading sync.Mutex // held while the client's body is read

	w    http.ResponseWriter
	mu   sync.Mutex // guards what follows, and x.interrupted until over
	conn *patientConn
	over bool
}

// Read reads from the client.
func (b *clientBody) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if b.closed.Load() {
		return 0, errStopped
	}
	b.x.consumed = true
	n, err := b.x.req.In.Body.Read(p)
	b.x.bytesIn.Add(int64(n))
	switch {
	case err == io.EOF:
		b.ended.Store(true)
		for name := range b.trailer {
			b.trailer[name] = b.x.req.In.Trailer[name]
		}
	case err != nil && b.cut.Load():
		err = errStopped // we interrupted it
	case err != nil:
		b.fail.Store(bodyError(err))
	}
	return n, err
}

// Close keeps the transport from reading on; the body itself is the server's
// to close.
func (b *clientBody) Close() error {
	b.closed.Store(true)
	return nil
}

func (b *clientBody) err() error {
	if e := b.fail.Load(); e != nil {
		return e
	}
	return nil
}

// follow ties the body to the connection it is sent over: a transport whose
// connection broke waits for its last read of the body, which may take as long
// as the client likes.
func (b *clientBody) follow(info httptrace.GotConnInfo) {
	nc := info.Conn
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	if c, ok := nc.(*patientConn); ok {
		c.body.Store(b)
		b.mu.Lock()
		b.conn = c
		b.mu.Unlock()
	}
}

// giveUp ends the reading, unless the exchange is over.
func (b *clientBody) giveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over || b.idle() {
		return
	}
	b.closed.Store(true)
	b.x.interrupt(b.w, &b.cut, b.idle)
}

// end returns when no read is going on and none will.
func (b *clientBody) end() {
	b.closed.Store(true)
	b.giveUp()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	if b.conn != nil {
		b.conn.body.CompareAndSwap(b, nil)
	}
	if b.x.interrupted {
		abandonBody(b.w)
	}
}

// idle reports whether nobody is reading.
func (b *clientBody) idle() bool {
	if !b.reading.TryLock() {
		return false
	}
	b.reading.Unlock()
	return true
}

// idleBody is a response body that may not fall silent, remembers why it
// ended, and cleans the trailer.
type idleBody struct {
	io.ReadCloser
	s     *standardTry
	res   *http.Response
	idle  time.Duration
	timer *time.Timer
}

func newIdleBody(res *http.Response, s *standardTry) *idleBody {
	b := &idleBody{ReadCloser: res.Body, s: s, res: res, idle: s.x.group.cfg.Timeouts.BodyIdle}
	if b.idle > 0 {
		b.timer = time.AfterFunc(b.idle, func() { s.cancel(errIdleBody) })
		b.timer.Stop()
	}
	return b
}

// Read reads from the target.
func (b *idleBody) Read(p []byte) (int, error) {
	if b.timer != nil {
		b.timer.Reset(b.idle)
	}
	n, err := b.ReadCloser.Read(p)
	if b.timer != nil {
		b.timer.Stop()
	}
	switch {
	case err == io.EOF:
		for name := range b.res.Trailer {
			if !trailable(name) {
				delete(b.res.Trailer, name)
			}
		}
	case err != nil && b.s.err == nil:
		b.s.err = err
	}
	return n, err
}
