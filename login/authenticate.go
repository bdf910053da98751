package login

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/session"
)

// ErrBadCredentials means that an Authorization header held a session of ours
// that does not count; the answer is 401.
var ErrBadCredentials = errors.New("bad credentials")

// recheck is how long a session is used from memory before it is worked out
// again, whatever says that it still counts. It is also the least time between
// two renewals of one cookie.
const recheck = 10 * time.Second

// Reason says why a credential did not count, for logs and metrics.
type Reason string

// The reasons.
const (
	ReasonNone        Reason = ""
	ReasonInvalid     Reason = "invalid"      // not ours, or tampered with
	ReasonExpired     Reason = "expired"      // idle or absolute limit
	ReasonAmbiguous   Reason = "ambiguous"    // two session cookies
	ReasonUnknownUser Reason = "unknown_user" // deleted since
	ReasonDisabled    Reason = "disabled"
	ReasonRevoked     Reason = "revoked"  // this session, at sign-out or by an operator
	ReasonEnded       Reason = "ended"    // every session before a moment
	ReasonInsecure    Reason = "insecure" // plain HTTP without AllowInsecure
)

// Credentials are the parts of a request that can say who its caller is.
type Credentials struct {
	// Cookies are the lines of the Cookie header.
	Cookies []string
	// Authorization is the Authorization header.
	Authorization string
	// Transport is how the browser reached the gateway. The zero value is
	// TLS.
	Transport session.Transport
}

// Result says who the caller is. It is shared between requests: do not change
// it.
type Result struct {
	// Session is the caller's session, nil for an anonymous caller.
	Session *session.Session
	// Bearer means that the session came in the Authorization header, which a
	// browser does not send by itself, and not in a cookie.
	Bearer bool
	// SetCookie is a Set-Cookie line to add to the answer, "" mostly: a
	// renewed cookie, or one that clears a cookie that does not count.
	SetCookie string
	// Reason is why a credential that was there did not count.
	Reason Reason
}

// known is what a sealed value was found to mean.
type known struct {
	cookie, bearer Result
	identity       *directory.Identity
	generation     uint64
	standing       *directory.Standing
	until          int64 // unix nanoseconds
}

// Authenticate says who the caller of a request is. A cookie that does not
// count makes the caller anonymous. The error is ErrBadCredentials (see there)
// or directory.ErrUnavailable, to be answered with 503.
//
// A sealed value may also come as "Authorization: Bearer v1.…", for programs.
// Other Authorization headers are the app's business and do not matter here.
func (s *Service) Authenticate(ctx context.Context, c Credentials) (*Result, error) {
	if value, ours := bearer(c.Authorization); ours {
		return s.authenticateBearer(ctx, c, value)
	}
	value, err := findCookie(c.Cookies, session.CookieName(c.Transport))
	switch {
	case err != nil:
		return s.refuse(c.Transport, ReasonAmbiguous), nil
	case value == "":
		return s.anonymous, nil
	case c.Transport == session.OverPlainHTTP && !s.cfg.AllowInsecure:
		s.met.refused.WithLabelValues(string(ReasonInsecure)).Inc()
		return &Result{Reason: ReasonInsecure}, nil
	}
	st := s.keyed.Load()
	if k := s.lookUp(st, value); k != nil {
		return &k.cookie, nil
	}
	k, renewed, reason, err := s.open(ctx, st, value)
	switch {
	case err != nil:
		return nil, err
	case reason != ReasonNone:
		return s.refuse(c.Transport, reason), nil
	case renewed != "":
		sess := k.cookie.Session
		return &Result{Session: sess, SetCookie: session.Cookie(c.Transport, renewed, sess.ExpiresAt).String()}, nil
	}
	return &k.cookie, nil
}

// bearer returns a sealed value sent as a bearer token (RFC 6750 section 2.1).
func bearer(authorization string) (value string, ours bool) {
	const scheme = "bearer "
	if len(authorization) <= len(scheme) || !strings.EqualFold(authorization[:len(scheme)], scheme) {
		return "", false
	}
	value = strings.TrimLeft(authorization[len(scheme):], " ")
	return value, strings.HasPrefix(value, "v1.")
}

func (s *Service) authenticateBearer(ctx context.Context, c Credentials, value string) (*Result, error) {
	if c.Transport == session.OverPlainHTTP && !s.cfg.AllowInsecure {
		s.met.refused.WithLabelValues(string(ReasonInsecure)).Inc()
		return nil, fmt.Errorf("%w: %s", ErrBadCredentials, ReasonInsecure)
	}
	st := s.keyed.Load()
	if k := s.lookUp(st, value); k != nil {
		return &k.bearer, nil
	}
	k, _, reason, err := s.open(ctx, st, value)
	switch {
	case err != nil:
		return nil, err
	case reason != ReasonNone:
		s.met.refused.WithLabelValues(string(reason)).Inc()
		return nil, fmt.Errorf("%w: %s", ErrBadCredentials, reason)
	}
	return &k.bearer, nil
}

// lookUp returns what memory knows of a sealed value, nil when it knows
// nothing that may still be believed.
func (s *Service) lookUp(st *keyed, value string) *known {
	k, ok := st.sessions.get(shardOf(value), value)
	if !ok || k.generation != s.deps.Resolver.Generation() || k.standing.Void() {
		return nil
	}
	now := s.deps.Now().UnixNano()
	if now >= k.until || now >= s.deps.Resolver.FreshUntil() {
		return nil
	}
	return k
}

// open works out what a sealed value means now and remembers it. Renewed is
// the value that should replace it in the browser.
func (s *Service) open(ctx context.Context, st *keyed, value string) (k *known, renewed string, reason Reason, err error) {
	s.met.misses.Inc()
	sealed, err := st.sealer.Open(value)
	switch {
	case errors.Is(err, session.ErrExpired):
		return nil, "", ReasonExpired, nil
	case err != nil:
		return nil, "", ReasonInvalid, nil
	}
	generation := s.deps.Resolver.Generation() // before the directory is read
	id, standing, reason, err := s.identify(ctx, sealed)
	if err != nil || reason != ReasonNone {
		return nil, "", reason, err
	}
	if st.sealer.NeedsRenewal(sealed) {
		// A session that cannot be sealed again goes on with its old cookie.
		if renewed, err = st.sealer.Seal(*sealed); err != nil {
			s.deps.Log.Warn("session not renewed", "user", sealed.User.ID, "error", err)
		}
	}
	shard := shardOf(value)
	sess := joined(sealed, id)
	if before, ok := st.sessions.get(shard, value); ok && before.identity == id {
		sess = before.cookie.Session // the same to the letter, and its assertions are in memory
	}
	k = s.known(sess, id)
	k.generation, k.standing = generation, standing
	st.sessions.put(shard, value, k)
	return k, renewed, ReasonNone, nil
}

// identify asks the directory whether a genuine session still counts.
func (s *Service) identify(ctx context.Context, sealed *session.Session) (*directory.Identity, *directory.Standing, Reason, error) {
	id, err := s.deps.Resolver.Identity(ctx, sealed.User.ID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil, ReasonUnknownUser, nil
	}
	if err != nil {
		return nil, nil, "", err
	}
	standing, err := s.deps.Resolver.Standing(ctx, sealed.ID)
	switch {
	case err != nil:
		return nil, nil, "", err
	case id.Disabled:
		return nil, nil, ReasonDisabled, nil
	case standing.Revoked():
		return nil, nil, ReasonRevoked, nil
	case sealed.SignedInAt.Before(id.NotBefore):
		return nil, nil, ReasonEnded, nil
	}
	return id, standing, ReasonNone, nil
}

// joined is what the cookie says (who signed in, when and how) with what the
// directory says (what the user is called and may do now).
func joined(sealed *session.Session, id *directory.Identity) *session.Session {
	sess := *sealed
	sess.User, sess.Memberships = id.User, id.Memberships
	return &sess
}

// known remembers a session for as long as all of it may be believed.
func (s *Service) known(sess *session.Session, id *directory.Identity) *known {
	until := s.deps.Now().Add(recheck)
	for _, end := range []time.Time{sess.ExpiresAt, sess.SignedInAt.Add(s.cfg.Absolute), sess.SeenAt.Add(s.cfg.Idle), id.ValidUntil} {
		if !end.IsZero() && end.Before(until) {
			until = end
		}
	}
	return &known{
		cookie: Result{Session: sess}, bearer: Result{Session: sess, Bearer: true},
		identity: id, until: until.UnixNano(),
	}
}

func (s *Service) refuse(t session.Transport, reason Reason) *Result {
	s.met.refused.WithLabelValues(string(reason)).Inc()
	return &Result{Reason: reason, SetCookie: session.ClearCookie(t).String()}
}
