package gateway

import (
	"bufio"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/gateway/listen"
)

// recorder is the response writer of an exchange: it counts, remembers the
// status, and puts the gateway's own headers on the answer at the last moment,
// so that nothing after it can change them.
type recorder struct {
	x      *exchange
	w      http.ResponseWriter
	rf     io.ReaderFrom // w, if it is one: splice and sendfile
	status int           // 0 until the head is written
	bytes  int64
	armed  time.Time
}

func (c *recorder) reset(x *exchange, w http.ResponseWriter) {
	*c = recorder{x: x, w: w}
	c.rf, _ = w.(io.ReaderFrom)
}

// Header implements http.ResponseWriter.
func (c *recorder) Header() http.Header { return c.w.Header() }

// WriteHeader implements http.ResponseWriter.
func (c *recorder) WriteHeader(status int) {
	if c.status != 0 {
		return
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		c.x.table.scrubResponse(c.Header())
		c.w.WriteHeader(status)
		return
	}
	c.status = status
	c.x.finishHeader(c.Header())
	c.w.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *recorder) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if c.bytes > 0 {
		if err := c.goesOn(); err != nil {
			return 0, err
		}
	}
	c.arm()
	write := c.w.Write
	if len(p) >= gatherFrom && len(p) <= gatherUpTo && c.isWhole(p) {
		write = c.writeGathered
	}
	n, err := write(p)
	c.bytes += int64(n)
	return n, err
}

// Bodies of these lengths leave together with the head. Smaller ones do
// anyway, because they fit into the server's buffer with it.
const (
	gatherFrom = 3 << 10
	gatherUpTo = 64 << 10
)

// isWhole reports whether p is all of the body, on a connection that can
// gather. A request with a body is left alone: reading it may write, too.
func (c *recorder) isWhole(p []byte) bool {
	r := c.x.r
	if c.bytes != 0 || r.ContentLength != 0 || r.Method != http.MethodGet || c.x.conn == nil || !c.x.conn.Gathers(r) {
		return false
	}
	declared := c.Header()["Content-Length"]
	if len(declared) != 1 {
		return false
	}
	n, err := strconv.Atoi(declared[0])
	return err == nil && n == len(p)
}

// writeGathered sends head and body in one system call.
func (c *recorder) writeGathered(p []byte) (int, error) {
	flusher, ok := c.w.(http.Flusher)
	if !ok {
		return c.w.Write(p)
	}
	c.x.conn.Gather()
	n, err := c.w.Write(p)
	flusher.Flush()
	if sendErr := c.x.conn.Send(); err == nil && sendErr != nil {
		return 0, sendErr
	}
	return n, err
}

// ReadFrom implements io.ReaderFrom: on plain TCP it splices.
func (c *recorder) ReadFrom(src io.Reader) (int64, error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if c.rf == nil {
		return io.Copy(writerOnly{c}, src)
	}
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: src, N: math.MaxInt64}
	}
	if c.bytes > 0 || limited.N > readPiece {
		return c.readPieces(limited)
	}
	n, err := c.rf.ReadFrom(src)
	c.bytes += n
	return n, err
}

// readPiece is how much is copied between two looks at whether to go on.
const readPiece = 1 << 20

func (c *recorder) readPieces(src *io.LimitedReader) (total int64, err error) {
	for src.N > 0 && err == nil {
		if err = c.goesOn(); err != nil {
			break
		}
		piece, n := min(src.N, readPiece), int64(0)
		n, err = c.rf.ReadFrom(&io.LimitedReader{R: src.R, N: piece})
		total += n
		src.N -= n
		if n < piece {
			break
		}
	}
	c.bytes += total
	return total, err
}

// goesOn is called when the answer is not done with one write. It returns an
// error when the exchange has been cut off.
func (c *recorder) goesOn() error {
	c.x.outlives()
	if c.x.guard == nil || !c.x.guard.on {
		return nil
	}
	return c.x.cut.Cause()
}

// FlushError sends what is buffered; [http.ResponseController] calls it.
func (c *recorder) FlushError() error {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if err := c.goesOn(); err != nil {
		return err
	}
	c.arm()
	return http.NewResponseController(c.w).Flush()
}

// Flush implements http.Flusher. An error of it shows at the next write.
func (c *recorder) Flush() { _ = c.FlushError() }

// Hijack implements http.Hijacker. What the connection carries from then on is
// not HTTP, so the framing guard lets go of it.
func (c *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c.status = http.StatusSwitchingProtocols
	listen.Release(conn)
	return conn, rw, nil
}

// Unwrap serves http.ResponseController.
func (c *recorder) Unwrap() http.ResponseWriter { return c.w }

// arm moves the write deadline of an HTTP/2 stream. Connections of HTTP/1.1
// look after themselves (package listen), at less cost.
func (c *recorder) arm() {
	idle := c.x.table.timeouts.Write
	if c.x.r.ProtoMajor < 2 || idle <= 0 {
		return
	}
	now := time.Now()
	if now.Sub(c.armed) < idle/8 {
		return
	}
	c.armed = now
	_ = http.NewResponseController(c.w).SetWriteDeadline(now.Add(idle))
}

// writerOnly hides ReadFrom from io.Copy.
type writerOnly struct{ io.Writer }

// finishHeader puts the gateway's own headers on an answer.
func (x *exchange) finishHeader(h http.Header) {
	t := x.table
	h["X-Request-Id"] = []string{x.ident.id}
	if t.server != nil {
		h["Server"] = t.server
	} else {
		delete(h, "Server")
	}
	if t.hsts != nil && x.src.secure {
		h["Strict-Transport-Security"] = t.hsts
	}
	if x.setCookie != "" {
		x.sendCookie(h)
	}
}

// sendCookie adds the session cookie, unless the app invites shared caches to
// keep the answer: a renewal can wait for the next one.
func (x *exchange) sendCookie(h http.Header) {
	private := false
	for _, v := range h["Cache-Control"] {
		v = strings.ToLower(v)
		if strings.Contains(v, "public") || strings.Contains(v, "s-maxage") {
			return
		}
		private = private || strings.Contains(v, "private") || strings.Contains(v, "no-store")
	}
	if !private {
		h["Cache-Control"] = append(h["Cache-Control"][:len(h["Cache-Control"]):len(h["Cache-Control"])], "private")
	}
	h["Set-Cookie"] = append(h["Set-Cookie"], x.setCookie)
}
