package upstream

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// maxInformational bounds the 1xx responses before the final one.
const maxInformational = 8

// tryFast runs the exchange over one connection of ours.
func (x *exchange) tryFast(t *target) (err error) {
	ctx := x.req.In.Context()
	fresh := x.fresh
	x.fresh = false
	c, err := t.acquire(ctx, &x.group.cfg, fresh)
	if err != nil {
		return err
	}
	x.res.Sent = true
	reusable := false
	stop := context.AfterFunc(ctx, c.abort)
	defer func() { // also when a writer or an interceptor panics
		cut := x.req.Cutoff.attach(nil)
		if stop() && cut == nil && reusable {
			t.release(c, x.group.cfg.MaxIdlePerEndpoint)
			return
		}
		x.fresh = c.used && errors.Is(err, errNoResponse)
		c.close()
	}()
	if cause := x.req.Cutoff.attach(c.abort); cause != nil {
		return &phaseError{ClientGone, cause}
	}
	reusable, err = x.converse(c)
	return err
}

// converse sends the request and delivers the answer. It reports whether the
// connection can carry another request.
func (x *exchange) converse(c *conn) (reusable bool, err error) {
	body, err := x.send(c)
	if err != nil {
		return false, writeError(err)
	}
	if body == nil {
		return x.receive(c, nil)
	}
	defer body.end(x.w)
	reusable, err = x.receive(c, body)
	if body.finished() {
		return reusable, err
	}
	body.end(x.w)
	if err != nil && (errors.As(body.err, new(*phaseError)) || isTimeout(body.err)) {
		err = body.err // the cause; a broken connection is only the consequence
	}
	return false, err
}

// send writes the head, with a small body, and starts to stream a large one.
func (x *exchange) send(c *conn) (*sender, error) {
	timeouts := &x.group.cfg.Timeouts
	if !x.streams() {
		if timeouts.ResponseHeader > 0 {
			_ = c.nc.SetDeadline(time.Now().Add(timeouts.ResponseHeader))
		}
		_, err := c.nc.Write(x.out)
		// While the target works, others run: a read at once would find nothing,
		// and cost a system call and a round through the poller to find it.
		runtime.Gosched()
		return nil, err
	}
	if timeouts.WriteIdle > 0 {
		_ = c.nc.SetWriteDeadline(time.Now().Add(timeouts.WriteIdle))
	}
	if _, err := c.nc.Write(x.out); err != nil {
		return nil, err
	}
	// The target may answer while it reads; the server must not then hold the
	// answer back until it has read the body itself.
	_ = http.NewResponseController(x.w).EnableFullDuplex()
	return x.startSender(c), nil
}

// writeError says what a failed write of the head means: the connection was
// closed and nothing was answered.
func writeError(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return errUnread
	}
	return err
}

// receive reads the response head and delivers the response.
func (x *exchange) receive(c *conn, body *sender) (reusable bool, err error) {
	h := &x.head
	if err := x.readHead(c, h); err != nil {
		return false, err
	}
	x.headSeen.Store(true)
	x.res.Status = h.status
	x.res.Duration = time.Since(x.start)
	early := body != nil && !body.finished()
	wanted := x.begin(h, c.target, early)
	clean := !h.close && (!bodyless(h.status) || h.status == http.StatusNotModified || h.length <= 0 && !h.chunked)
	if !wanted {
		x.res.Intercepted = true
		return clean && x.discard(c, h), nil
	}
	if err := x.copyBody(c, h); err != nil {
		return false, err
	}
	delimited := x.noBody(h) || h.chunked || h.length >= 0
	return clean && delimited && len(c.buffered()) == 0, nil
}

// readHead reads heads up to the final one, forwarding early hints.
func (x *exchange) readHead(c *conn, h *responseHead) error {
	for range maxInformational {
		raw, err := c.readHead(x.group.cfg.MaxResponseHeaderBytes)
		if err != nil {
			return err
		}
		if err := h.parse(raw); err != nil {
			return err
		}
		switch {
		case h.status == http.StatusSwitchingProtocols:
			return protocolError("switched protocols without being asked")
		case h.status >= 200:
			return nil
		case h.status == http.StatusEarlyHints:
			hints := http.Header{}
			h.header(hints)
			x.earlyHints(hints["Link"])
		}
	}
	return protocolError("too many informational responses")
}

// earlyHints forwards the links of a 103 (RFC 8297) and nothing else of it.
func (x *exchange) earlyHints(links []string) {
	if len(links) == 0 || !x.req.In.ProtoAtLeast(1, 1) {
		return
	}
	h := x.w.Header()
	kept, had := h["Link"]
	h["Link"] = links
	x.w.WriteHeader(http.StatusEarlyHints)
	delete(h, "Link")
	if had {
		h["Link"] = kept
	}
}

// begin writes the response head, unless the interceptor takes the response.
func (x *exchange) begin(h *responseHead, t *target, early bool) (wanted bool) {
	preset := x.w.Header()
	dst, own := preset, len(preset) == 0
	if !own {
		dst = make(http.Header, len(h.fields))
	}
	h.header(dst)
	if h.trailer && h.chunked && x.req.In.ProtoAtLeast(1, 1) {
		h.announceTrailer(dst)
	}
	if i := x.req.Intercept; i != nil && i.InterceptResponse(h.status, dst) {
		if own {
			clear(dst)
		}
		return false
	}
	if !own {
		mergeHeader(preset, dst)
	}
	x.finishHeader(preset, t)
	if early && x.req.In.ProtoMajor == 1 {
		preset["Connection"] = []string{"close"}
	}
	x.written = true
	x.w.WriteHeader(h.status)
	return true
}

// mergeHeader adds what a target sent to what the caller had set.
func mergeHeader(preset, sent http.Header) {
	for name, values := range sent {
		if name == "Set-Cookie" || name == "Vary" {
			preset[name] = append(preset[name], values...)
		} else {
			preset[name] = values
		}
	}
}

// finishHeader adds the affinity cookie, and keeps the server from guessing a
// content type: what the target did not say is not ours to say.
func (x *exchange) finishHeader(h http.Header, t *target) {
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil
	}
	if cookie := x.group.targetCookie(x, t); cookie != "" {
		h["Set-Cookie"] = append(h["Set-Cookie"], cookie)
	}
}

// discard drops the body of an intercepted response when it is here already;
// otherwise the connection is not worth keeping.
func (x *exchange) discard(c *conn, h *responseHead) bool {
	if x.noBody(h) {
		return len(c.buffered()) == 0
	}
	return !h.chunked && h.length == int64(len(c.buffered()))
}

// idempotent reports whether doing the request twice is the same as once, for
// a connection that died between requests.
func (r *Request) idempotent() bool {
	return r.repeatable() || !r.hasBody() && strings.Contains(" PUT DELETE ", " "+r.In.Method+" ")
}
