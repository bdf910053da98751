package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/session"
)

// errAccessEnded is the cause with which the tunnel of a caller ends who may
// not have it any longer.
var errAccessEnded = errors.New("the caller may not use this connection any longer")

// watch returns the request with a context that ends when the caller's session
// or permission does. An upgraded connection may outlive both by days, and no
// further request comes by to be checked. stop ends the watching and waits.
func (g *Gateway) watch(x *exchange, rt *route) (r *http.Request, stop func()) {
	ctx, cancel := context.WithCancelCause(x.r.Context())
	guard := &tunnelGuard{
		auth: g.deps.Auth, now: g.now, policy: x.table.policy, r: x.r, secure: x.src.secure,
		ask: x.ask, every: rt.recheck, session: x.session,
	}
	var wg sync.WaitGroup
	wg.Go(func() { guard.run(ctx, cancel) })
	return x.r.WithContext(ctx), func() {
		cancel(nil)
		wg.Wait()
	}
}

const codeAccessEnded = "access_ended"

// tunnelGuard checks one upgraded connection.
type tunnelGuard struct {
	auth    Authenticator
	policy  *access.Policy
	now     func() time.Time
	r       *http.Request
	secure  bool
	ask     access.Request
	every   time.Duration
	session *session.Session
}

func (t *tunnelGuard) run(ctx context.Context, end context.CancelCauseFunc) {
	for {
		timer := time.NewTimer(t.wait())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if !t.allowed() {
			end(errAccessEnded)
			return
		}
	}
}

// wait is how long until the next check: the session's end is one.
func (t *tunnelGuard) wait() time.Duration {
	if t.session == nil || t.session.ExpiresAt.IsZero() {
		return t.every
	}
	return max(min(t.every, t.session.ExpiresAt.Sub(t.now())), time.Millisecond)
}

// allowed asks again who is there and whether they may. When that cannot be
// found out, the connection lives on until its session expires: what was
// allowed is not known to be refused.
func (t *tunnelGuard) allowed() bool {
	if t.auth != nil {
		c, err := t.auth.Authenticate(t.r, t.secure)
		switch {
		case err == nil:
			t.session = c.Session
		case errors.Is(err, ErrBadCredentials):
			t.session = nil
		}
	}
	now := t.now()
	if t.session != nil && !t.session.ExpiresAt.IsZero() && !now.Before(t.session.ExpiresAt) {
		t.session = nil
	}
	t.ask.Session, t.ask.Now = t.session, now
	return t.policy.Decide(&t.ask).Allowed
}
