package upstream

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berth-project/berth/gateway/grammar"
)

// exchange is one call of Forward. It is pooled.
type exchange struct {
	group *Group
	w     http.ResponseWriter
	req   *Request
	res   Result
	start time.Time

	// token is the client's affinity cookie.
	token string
	// tried are the targets this request failed at in this round.
	tried []*target
	// failed are those it broke at, ever; charged is how many times that was
	// counted against Retries.
	failed  []*target
	charged int
	// waited says that time passed before a target was chosen.
	waited bool
	// pause is how long it last rested between tries.
	pause time.Duration
	// fresh asks for a new connection: a kept one has just died.
	fresh bool
	// consumed says that the client's body can no longer be sent from its
	// beginning.
	consumed bool
	// written says that the answer has begun.
	written bool
	// interrupted says that we ended the reading of the client's body while
	// the client was there.
	interrupted bool
	// headSeen says that a response head came, to the sender's goroutine.
	headSeen atomic.Bool
	bytesIn  atomic.Int64

	out  []byte // request head, and body when small
	head responseHead
}

var exchanges = sync.Pool{New: func() any { return &exchange{} }}

func (g *Group) newExchange(w http.ResponseWriter, req *Request) *exchange {
	x := exchanges.Get().(*exchange)
	x.group, x.w, x.req, x.start = g, w, req, time.Now()
	if g.cfg.Affinity.By == ByCookie {
		x.token = cookieToken(req.In, g.cfg.Affinity.Cookie)
	}
	return x
}

// free returns x to the pool with nothing of the request but its buffers,
// unless they have grown beyond what is common.
func (x *exchange) free() {
	out, fields, tried, failed := x.out[:0], x.head.fields, x.tried, x.failed
	if cap(out) > copySize {
		out = nil
	}
	clear(fields[:cap(fields)])
	clear(tried[:cap(tried)])
	clear(failed[:cap(failed)])
	*x = exchange{out: out, head: responseHead{fields: fields[:0]}, tried: tried[:0], failed: failed[:0]}
	exchanges.Put(x)
}

// Forward sends a request to a target and streams the answer to w. It returns
// when both are done; for an upgraded connection, when the tunnel ends. An
// error is an [*Error]; unless it says Written, nothing was written to w and
// the caller answers. Header fields set on w before are sent too, unless the
// target sends the same name; Set-Cookie and Vary add up.
func (g *Group) Forward(w http.ResponseWriter, req *Request) (Result, error) {
	if !g.enter() {
		g.met.outcomes[NoEndpoint].Inc()
		return Result{}, &Error{Kind: NoEndpoint, RetryAfter: time.Second, Upstream: g.cfg.Name, Err: errClosed}
	}
	defer g.leave()
	x := g.newExchange(w, req)
	err := x.run()
	x.res.BytesIn = x.bytesIn.Load()
	if err != nil {
		err = x.failure(err)
	} else {
		g.met.outcomes[0].Inc()
		g.met.duration.Observe(x.res.Duration.Seconds())
	}
	res := x.res
	x.free()
	return res, err
}

// failure builds the error a caller sees.
func (x *exchange) failure(err error) error {
	g := x.group
	e := &Error{Kind: kindOf(err), Written: x.written, Upstream: g.cfg.Name, Endpoint: x.res.Endpoint, Err: err}
	bodyFault := e.Kind == BodyTooLarge || e.Kind == BadBody || e.Kind == ClientTimeout
	if ctx := x.req.In.Context(); x.left() && !bodyFault {
		e.Kind, e.Err = ClientGone, cmp.Or(x.req.Cutoff.Cause(), context.Cause(ctx))
		if errors.Is(ctx.Err(), context.DeadlineExceeded) { // the caller's limit
			e.Kind = Timeout
		}
	}
	if e.Kind == NoEndpoint {
		e.RetryAfter = max(time.Second, min(g.cfg.Hold, 10*time.Second))
	}
	g.met.outcomes[e.Kind].Inc()
	return e
}

// left reports whether the client left or the caller cancelled. The server
// also cancels when we interrupt its reading; that does not count.
func (x *exchange) left() bool {
	return !x.interrupted && x.req.In.Context().Err() != nil || x.req.Cutoff.Cause() != nil
}

// run chooses targets and tries them until one answered or trying is over.
func (x *exchange) run() error {
	if err := x.req.check(); err != nil {
		return err
	}
	try := x.tryFast
	if x.group.standardOnly(x.req) {
		try = x.tryStandard
	} else if err := x.prepare(); err != nil {
		return err
	}
	for {
		t, err := x.await()
		if err != nil {
			return err
		}
		err = x.attempt(t, try)
		if err == errWithdrawn { //nolint:errorlint // attempt returns the value itself
			continue
		}
		if err == nil || !x.mayRetry(err) || !x.again(t, err) {
			return err
		}
		x.res.Retries++
		x.group.met.retries.Inc()
	}
}

// attempt tries one target and keeps its books. A target that was taken out
// after it was chosen is left alone: whoever drains it may have seen nobody
// there and stopped the program.
func (x *exchange) attempt(t *target, try func(*target) error) error {
	x.res.Endpoint = t.endpoint.ID
	t.inFlight.Add(1)
	defer t.inFlight.Add(-1)
	if t.withdrawn.Load() {
		return errWithdrawn
	}
	err := try(t)
	g := x.group
	switch {
	case err == nil:
		if t.succeeded() {
			g.log.Info("upstream endpoint back", "instance", t.endpoint.ID)
			g.announce()
		}
	case !x.left() && blamesTarget(kindOf(err)) && !errors.Is(err, errClosed) && !x.fresh:
		if t.failure(err, g.cfg.Passive) {
			g.log.Warn("upstream endpoint ejected", "instance", t.endpoint.ID, "error", err)
			g.announce()
		}
	}
	return err
}

func blamesTarget(k Kind) bool { return k == Dial || k == Timeout || k == Protocol || k == Reset }

// standardOnly reports whether a request needs what the fast path leaves out.
func (g *Group) standardOnly(r *Request) bool {
	if g.cfg.Protocol != HTTP1 || g.cfg.Scheme != "http" {
		return true
	}
	in := r.In
	if len(in.Header["Te"]) > 0 && grammar.HasToken(in.Header["Te"], "trailers") || len(in.Trailer) > 0 {
		return true
	}
	ct := in.Header["Content-Type"]
	return len(ct) > 0 && strings.HasPrefix(ct[0], "application/grpc") || r.upgrades()
}

// prepare builds the request head and takes in a small body.
func (x *exchange) prepare() error {
	x.out = x.req.appendHead(x.out[:0])
	if n := x.req.In.ContentLength; x.req.hasBody() && n > 0 && n <= smallBody {
		return x.bufferBody()
	}
	return nil
}

// streams reports whether the body is sent while the answer is awaited.
func (x *exchange) streams() bool {
	n := x.req.In.ContentLength
	return x.req.hasBody() && (n < 0 || n > smallBody)
}

// await returns a target, waiting for one as long as Hold allows.
func (x *exchange) await() (*target, error) {
	for {
		changed := x.group.changes()
		if t := x.group.choose(x); t != nil {
			return t, nil
		}
		left := x.group.cfg.Hold - time.Since(x.start)
		if left <= 0 {
			return nil, &phaseError{NoEndpoint, errNoTarget}
		}
		x.sleep(left, changed)
		if x.left() {
			return nil, &phaseError{ClientGone, context.Cause(x.req.In.Context())}
		}
		if x.group.active.Load() < 0 {
			return nil, &phaseError{NoEndpoint, errClosed}
		}
	}
}

// sleep waits for a change, a time, or the client to leave.
func (x *exchange) sleep(d time.Duration, changed <-chan struct{}) {
	x.waited = true
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-x.req.In.Context().Done():
	}
}

// changes returns a channel that is closed when a target may have become
// available.
func (g *Group) changes() <-chan struct{} {
	if g.cfg.Hold == 0 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}
