package upstream

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// smallBody is read before a target is chosen and sent with the head: a
	// slow client then holds no connection, and no goroutine is needed to hear
	// an early answer, as the socket's buffer takes all of it.
	smallBody = 16 << 10
	// chunkHead is room for the size line of a chunk: 8 digits, CR, LF.
	chunkHead = 10
	copySize  = 32 << 10
)

// sender streams a request body while the response is being read.
type sender struct {
	x    *exchange
	c    *conn
	done chan struct{}
	// err is why sending ended early; to be read once done is closed.
	err error
	// stop asks to send no more; cut says that a read was interrupted.
	stop, cut atomic.Bool
}

// startSender begins to send the body on a goroutine that sender.end
// waits for.
func (x *exchange) startSender(c *conn) *sender {
	s := &sender{x: x, c: c, done: make(chan struct{})}
	x.consumed = true
	go func() {
		defer close(s.done)
		if s.err = s.run(); s.cut.Load() {
			s.err = errStopped // whatever it says, we made it happen
		}
		s.settle()
	}()
	return s
}

// settle sets the reading side right once sending ended: the time for the
// response head starts, or there is nothing to wait for.
func (s *sender) settle() {
	timeouts := &s.x.group.cfg.Timeouts
	switch {
	case s.stop.Load():
	case s.err == nil:
		if t := timeouts.ResponseHeader; t > 0 && !s.x.headSeen.Load() {
			_ = s.c.nc.SetReadDeadline(time.Now().Add(t))
		}
	case errors.As(s.err, new(*phaseError)) || isTimeout(s.err):
		_ = s.c.nc.Close() // the client's fault, or the target takes nothing more
	default:
		// The target closed its side: an answer may be on the way.
		_ = s.c.nc.SetReadDeadline(time.Now().Add(time.Second))
	}
}

func (s *sender) run() error {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	if s.x.req.In.ContentLength < 0 {
		return s.sendChunked(*buf)
	}
	return s.sendLength(*buf)
}

func (s *sender) sendLength(buf []byte) error {
	for left := s.x.req.In.ContentLength; left > 0; {
		n, err := s.read(buf)
		if int64(n) > left {
			return &phaseError{BadBody, errShortBody}
		}
		if e := s.write(buf[:n]); e != nil {
			return e
		}
		if left -= int64(n); left > 0 && err != nil {
			return bodyError(err)
		}
	}
	return nil
}

func (s *sender) sendChunked(buf []byte) error {
	for {
		n, err := s.read(buf[chunkHead : len(buf)-2])
		if n > 0 {
			if e := s.write(frameChunk(buf, n)); e != nil {
				return e
			}
		}
		if errors.Is(err, io.EOF) {
			return s.write([]byte("0\r\n\r\n"))
		}
		if err != nil {
			return bodyError(err)
		}
	}
}

// frameChunk puts the size line before n bytes at buf[chunkHead:] and CR LF
// after them, and returns the whole chunk.
func frameChunk(buf []byte, n int) []byte {
	var size [chunkHead]byte
	line := append(strconv.AppendInt(size[:0], int64(n), 16), '\r', '\n')
	start := chunkHead - len(line)
	copy(buf[start:], line)
	end := chunkHead + n
	buf[end], buf[end+1] = '\r', '\n'
	return buf[start : end+2]
}

func (s *sender) read(p []byte) (int, error) {
	if s.stop.Load() {
		return 0, io.ErrClosedPipe
	}
	n, err := s.x.req.In.Body.Read(p)
	s.x.bytesIn.Add(int64(n))
	return n, err
}

func (s *sender) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if t := s.x.group.cfg.Timeouts.WriteIdle; t > 0 {
		_ = s.c.nc.SetWriteDeadline(time.Now().Add(t))
	}
	_, err := s.c.nc.Write(p)
	return err
}

// finished reports whether the whole body was sent, without waiting.
func (s *sender) finished() bool {
	select {
	case <-s.done:
		return s.err == nil
	default:
		return false
	}
}

// end waits for the goroutine, making it stop when it has not finished: the
// target has answered and takes no more, or the exchange failed.
func (s *sender) end(w http.ResponseWriter) {
	select {
	case <-s.done:
		return
	default:
	}
	s.stop.Store(true)
	_ = s.c.nc.Close()
	abandonBody(w)
	s.x.interrupt(w, &s.cut, func() bool {
		select {
		case <-s.done:
			return true
		default:
			return false
		}
	})
}

// interrupt ends a read of the client's body by a deadline, again and again
// until it has ended, because the caller's body may set its own before a read.
// When the request is cancelled already the read may be what found out that
// the client is gone or too slow: it gets a moment to say so.
func (x *exchange) interrupt(w http.ResponseWriter, cut *atomic.Bool, ended func() bool) {
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	cancelled := x.req.In.Context().Err() != nil
	for i := 0; cancelled && i < 20; i++ {
		if ended() {
			return
		}
		<-again.C
	}
	x.interrupted = x.interrupted || !cancelled
	cut.Store(true)
	rc := http.NewResponseController(w)
	for {
		_ = rc.SetReadDeadline(time.Unix(1, 0))
		if ended() {
			return
		}
		<-again.C
	}
}

// abandonBody tells the server that the rest of the request body will not be
// read. It then says so to the client and, having answered, lingers before it
// closes: closing at once with bytes unread resets the connection (RFC 9112
// section 9.6), and the client may lose the answer. The one way to say it is
// to go over a limit.
func abandonBody(w http.ResponseWriter) {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	body := http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0)
	_, _ = body.Read(make([]byte, 1))
}

// bufferBody appends a small body of known length to the head.
func (x *exchange) bufferBody() error {
	n := int(x.req.In.ContentLength)
	at := len(x.out)
	x.out = append(x.out, make([]byte, n)...)
	got, err := io.ReadFull(x.req.In.Body, x.out[at:])
	x.bytesIn.Add(int64(got))
	if err != nil {
		return bodyError(err)
	}
	return x.expectEOF()
}

// expectEOF lets the server see the end of the body, so that it can watch for
// the client leaving, and refuses a body beyond its length.
func (x *exchange) expectEOF() error {
	var one [1]byte
	if n, _ := x.req.In.Body.Read(one[:]); n > 0 {
		return &phaseError{BadBody, errShortBody}
	}
	return nil
}
