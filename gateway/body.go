package gateway

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/berth-project/berth/gateway/listen"
)

// body is the request body as upstreams read it: counted, limited, and with a
// deadline for every read, so that a client cannot hold an upstream by
// sending nothing.
type body struct {
	rc    io.ReadCloser
	conn  *http.ResponseController
	limit int64 // -1 none
	idle  time.Duration
	read  int64
	armed time.Time
	ended bool  // by io.EOF
	err   error // what ended reading, if it was not io.EOF
}

// wrap puts b in place of the body of r, if it has one. It refuses a body
// that says of itself that it is too large.
func (b *body) wrap(w http.ResponseWriter, r *http.Request, limit int64, idle time.Duration) *fault {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if limit >= 0 && r.ContentLength > limit {
		return faultBodyTooLarge
	}
	*b = body{rc: r.Body, conn: http.NewResponseController(w), limit: limit, idle: idle}
	r.Body = b
	return nil
}

// Read implements io.Reader. A body beyond the limit ends in an
// *http.MaxBytesError, one that stalls in os.ErrDeadlineExceeded.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.limit >= 0 && int64(len(p)) > b.limit-b.read+1 {
		p = p[:b.limit-b.read+1]
	}
	b.arm()
	n, err := b.rc.Read(p)
	b.read += int64(n)
	if b.limit >= 0 && b.read > b.limit {
		n -= int(b.read - b.limit)
		b.read = b.limit
		err = &http.MaxBytesError{Limit: b.limit}
	}
	if err != nil {
		if b.ended = err == io.EOF; !b.ended {
			b.err = b.cause(err)
			err = b.err
		}
		b.disarm()
	}
	return n, err
}

// cause is what an error of reading comes from: within the trailer section the
// server calls a deadline that has passed a malformed trailer.
func (b *body) cause(err error) error {
	late := !b.armed.IsZero() && time.Since(b.armed) >= b.idle
	if _, limited := errors.AsType[*http.MaxBytesError](err); late && !limited {
		return os.ErrDeadlineExceeded
	}
	return err
}

// arm moves the read deadline, at most eight times in a period: that costs a
// timer, and a period that ends an eighth early is still the period.
func (b *body) arm() {
	if b.idle <= 0 {
		return
	}
	now := time.Now()
	if now.Sub(b.armed) < b.idle/8 {
		return
	}
	b.armed = now
	_ = b.conn.SetReadDeadline(now.Add(b.idle)) // a writer without deadlines has none to miss
}

// disarm takes the deadline away: after the body the server watches the
// connection for its end, and a deadline there would look like one.
func (b *body) disarm() {
	if b.armed.IsZero() {
		return
	}
	b.armed = time.Time{}
	_ = b.conn.SetReadDeadline(time.Time{})
}

// abandonBody prepares for an answer to a request whose body has not been read
// to its end. The server drops what is left of it before it sends the answer;
// without a deadline a client that sends nothing more would hold it for ever.
func (x *exchange) abandonBody(closing bool) {
	if x.r.ContentLength == 0 || x.in.ended || x.r.Body == nil || x.r.Body == http.NoBody {
		return
	}
	deadline := time.Now()
	if !closing {
		if x.table.timeouts.ReadBody <= 0 {
			return
		}
		deadline = deadline.Add(x.table.timeouts.ReadBody)
	}
	_ = http.NewResponseController(x.out.w).SetReadDeadline(deadline) // a writer without deadlines has nothing to drop
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.rc == nil {
		return nil
	}
	return b.rc.Close()
}

// fault says what was wrong with the body, nil when nothing was.
func (b *body) fault() *fault {
	if b.err == nil {
		return nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](b.err); ok {
		return faultBodyTooLarge.because(b.err)
	}
	switch {
	case errors.Is(b.err, os.ErrDeadlineExceeded):
		return faultBodyTimeout.because(b.err)
	case errors.Is(b.err, listen.ErrFraming):
		return faultBodyBroken.because(b.err)
	}
	return nil
}
