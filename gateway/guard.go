package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway/upstream"
	"github.com/berth-project/berth/session"
)

// Causes with which an exchange is cut off.
var (
	errAccessEnded = errors.New("the caller may not use this connection any longer")
	errStopping    = errors.New("the server is stopping")
)

const (
	codeAccessEnded = "access_ended"
	codeStopping    = "stopping"

	// longBody is from how many bytes on a request body may take long.
	longBody = 1 << 20
)

// cutOff says what becomes of an exchange that was cut off. A stream ends well
// when the server stops: its client is to come back, elsewhere. Whoever lost
// access must not take the part they have for the whole.
func (x *exchange) cutOff(cause error) *fault {
	begun := x.out.status != 0
	if errors.Is(cause, errStopping) && begun {
		x.record.Reason = codeStopping
		return nil
	}
	f := faultAccessEnded.because(cause)
	if errors.Is(cause, errStopping) {
		f = faultStopping.because(cause)
	}
	f.begun = begun
	return f
}

// endWithServer has the exchange end as soon as the server stops, instead of
// holding up the drain: streams and tunnels have no end of their own.
func (x *exchange) endWithServer() {
	if x.release != nil || x.conn == nil {
		return
	}
	cut, done := &x.cut, make(chan struct{})
	stop := context.AfterFunc(x.conn.Stopping(), func() {
		defer close(done)
		cut.Cut(errStopping)
	})
	x.release = func() {
		if !stop() {
			<-done
		}
	}
}

// isEventStream reports whether an answer is a stream of server-sent events.
func isEventStream(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/event-stream")
}

// guard checks again, for as long as an exchange lasts, whether its caller may
// have it. A tunnel or a stream may outlive the session and the rule by days,
// and no further request comes by to be checked. A guard belongs to an
// exchange and is reused with it; exchanges that are over at once never start
// it.
type guard struct {
	g       *Gateway
	cut     *upstream.Cutoff
	r       *http.Request
	secure  bool
	ask     access.Request
	every   time.Duration // negative: only when the session ends
	session *session.Session

	timer *time.Timer
	fired chan struct{} // a run that starts no timer says so here
	on    bool          // between start and stop

	mu      sync.Mutex
	stopped bool
}

// outlives is called when an exchange turns out not to be over at once.
func (x *exchange) outlives() {
	if x.route == nil || x.guard != nil && x.guard.on {
		return
	}
	if x.guard == nil {
		x.guard = &guard{fired: make(chan struct{}, 1)}
	}
	c := x.guard
	c.g, c.cut, c.r, c.secure = x.g, &x.cut, x.r, x.src.secure
	c.ask, c.every, c.session = x.ask, x.route.recheck, x.session
	c.start()
}

func (c *guard) start() {
	wait, ok := c.wait()
	if !ok {
		return
	}
	c.mu.Lock() // a first run may come before the timer is noted
	defer c.mu.Unlock()
	c.on, c.stopped = true, false
	if c.timer == nil {
		c.timer = time.AfterFunc(wait, c.run)
	} else {
		c.timer.Reset(wait)
	}
}

// stop ends the checking, and waits for a check that is going on.
func (c *guard) stop() {
	if c == nil || !c.on {
		return
	}
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	if !c.timer.Stop() {
		<-c.fired
	}
	*c = guard{timer: c.timer, fired: c.fired}
}

// run is one check. It either starts the timer for the next or says that it
// was the last.
func (c *guard) run() {
	if !c.check() {
		c.cut.Cut(errAccessEnded)
	} else if c.again() {
		return
	}
	c.fired <- struct{}{}
}

// again starts the timer for the next check, unless there is none.
func (c *guard) again() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait, ok := c.wait()
	if ok = ok && !c.stopped; ok {
		c.timer.Reset(wait)
	}
	return ok
}

// wait is how long until the next check: the session's end is one.
func (c *guard) wait() (d time.Duration, ok bool) {
	ends := c.session != nil && !c.session.ExpiresAt.IsZero()
	switch {
	case !ends:
		return c.every, c.every > 0
	case c.every <= 0:
		d = c.session.ExpiresAt.Sub(c.g.now())
	default:
		d = min(c.every, c.session.ExpiresAt.Sub(c.g.now()))
	}
	return max(d, time.Millisecond), true
}

// check asks again who is there and whether they may, by the table in place.
// When it cannot be found out who is there, the exchange lives on until its
// session expires: what was allowed is not known to be refused.
func (c *guard) check() bool {
	if auth := c.g.deps.Auth; auth != nil {
		caller, err := auth.Authenticate(c.r, c.secure)
		switch {
		case err == nil:
			c.session = caller.Session
		case errors.Is(err, ErrBadCredentials):
			c.session = nil
		}
	}
	now := c.g.now()
	if c.session != nil && !c.session.ExpiresAt.IsZero() && !now.Before(c.session.ExpiresAt) {
		c.session = nil
	}
	c.ask.Session, c.ask.Now = c.session, now
	return c.g.table.Load().allows(&c.ask)
}

// allows reports whether a request that is under way could begin now.
func (t *Table) allows(ask *access.Request) bool {
	if !t.hosts.has(ask.Host) || !t.policy.Decide(ask).Allowed {
		return false
	}
	_, f := t.find(ask.Method, ask.Host, ask.Path)
	return f == nil
}

// late checks, before an answer that was long in coming is sent, whether the
// caller may still have it.
func (x *exchange) late() bool {
	passed := x.g.now().Sub(x.start)
	every := x.route.recheck
	expired := x.session != nil && !x.session.ExpiresAt.IsZero() && !x.start.Add(passed).Before(x.session.ExpiresAt)
	if !expired && (every <= 0 || passed < every) {
		return false
	}
	c := guard{g: x.g, r: x.r, secure: x.src.secure, ask: x.ask, session: x.session}
	return !c.check()
}
