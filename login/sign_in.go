package login

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/session"
)

const methodPassword = "password"

// errWrong is the one answer to an unknown user, a wrong password, a user
// without a password and a disabled one.
var errWrong = errors.New("email or password is wrong")

// limitedError says how long to wait before the next attempt.
type limitedError struct{ wait time.Duration }

func (e *limitedError) Error() string { return "too many attempts" }

// attempt is one try at signing in with a password.
type attempt struct {
	email    string
	password secret.String
	client   netip.Addr
}

// opened is a session that has begun.
type opened struct {
	session *session.Session
	value   string // sealed
}

// signIn checks a password and begins a session. The error is errWrong,
// *limitedError, password.ErrBusy, or that of the directory.
func (s *Service) signIn(ctx context.Context, a attempt) (*opened, error) {
	o, err := s.tryPassword(ctx, a)
	outcome := outcomeOf(err)
	s.met.attempts.WithLabelValues(methodPassword, outcome).Inc()
	if err != nil {
		// Who tried is left out: people type passwords into the email field.
		s.deps.Log.Info("sign-in refused", "outcome", outcome, "client", a.client.String(), "error", err)
		return nil, err
	}
	s.met.opened.WithLabelValues(methodPassword).Inc()
	s.deps.Log.Info("signed in", "user", o.session.User.ID, "session", o.session.ID, "client", a.client.String())
	return o, nil
}

func outcomeOf(err error) string {
	var limited *limitedError
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, errWrong):
		return "wrong"
	case errors.As(err, &limited):
		return "limited"
	case errors.Is(err, password.ErrBusy):
		return "busy"
	}
	return "error"
}

func (s *Service) tryPassword(ctx context.Context, a attempt) (*opened, error) {
	// The session begins when the directory was read, not when the slow hash
	// is done: sessions ended in between must stay ended.
	began := s.deps.Now()
	email := limiterKey(a.email)
	if wait := s.deps.Limiter.Attempt(email, a.client); wait > 0 {
		return nil, &limitedError{wait}
	}
	user, hash, err := s.lookUpUser(ctx, a.email)
	if err != nil {
		return nil, err
	}
	outcome, err := s.deps.Passwords.Verify(ctx, a.password, hash)
	if err != nil {
		return nil, err
	}
	if !outcome.Match || user.Disabled {
		return nil, errWrong
	}
	s.deps.Limiter.Success(email, a.client)
	if outcome.Outdated {
		s.rehash(ctx, user.ID, a.password)
	}
	return s.begin(ctx, user, began)
}

// limiterKey is what attempts are counted under: the normal form of an email,
// and for what is none the text itself.
func limiterKey(email string) string {
	if normal, err := directory.NormalizeEmail(email); err == nil {
		return normal
	}
	return strings.ToLower(email[:min(len(email), 254)])
}

// lookUpUser returns the user and the hash, both empty for an unknown user,
// after the same two reads of the directory for either.
func (s *Service) lookUpUser(ctx context.Context, email string) (directory.User, secret.String, error) {
	user, err := s.deps.Directory.UserByEmail(ctx, email)
	if unknown(err) {
		err = nil
	}
	if err != nil {
		return directory.User{}, secret.String{}, err
	}
	hash, err := s.deps.Directory.PasswordHash(ctx, user.ID)
	if unknown(err) {
		return directory.User{}, secret.String{}, nil
	}
	return user, hash, err
}

func unknown(err error) bool {
	var invalid *directory.InvalidError
	return errors.Is(err, directory.ErrNotFound) || errors.As(err, &invalid)
}

// rehash stores the password at today's costs. The sign-in does not depend on
// it: the old hash still works.
func (s *Service) rehash(ctx context.Context, userID string, pw secret.String) {
	hash, err := s.deps.Passwords.Hash(ctx, pw)
	if err == nil {
		err = s.deps.Directory.SetPasswordHash(directory.WithActor(ctx, "login:rehash"), userID, hash)
	}
	if err != nil {
		s.deps.Log.Warn("password hash not renewed", "user", userID, "error", err)
	}
}

// begin seals a new session. Its sign-in is not before the moment that ended
// the sessions before it, which is a whole second that may lie just ahead.
func (s *Service) begin(ctx context.Context, user directory.User, began time.Time) (*opened, error) {
	id, err := s.deps.Resolver.Identity(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	signedIn := began.UTC().Truncate(time.Second)
	if signedIn.Before(user.SessionsNotBefore) {
		signedIn = user.SessionsNotBefore
	}
	st := s.keyed.Load()
	sess := st.sealer.Stamp(session.Session{ID: session.NewID(), User: id.User, Method: methodPassword, SignedInAt: signedIn})
	value, err := st.sealer.Seal(sess)
	if err != nil {
		return nil, err
	}
	sess.Memberships = id.Memberships
	return &opened{session: &sess, value: value}, nil
}

// end revokes a session until it would have ended anyway.
func (s *Service) end(ctx context.Context, sess *session.Session) error {
	ctx = directory.WithActor(ctx, "user:"+sess.User.ID)
	until := sess.SignedInAt.Add(s.cfg.Absolute)
	if until.Before(sess.ExpiresAt) {
		until = sess.ExpiresAt
	}
	return s.deps.Directory.RevokeSession(ctx, directory.Revocation{Session: sess.ID, User: sess.User.ID, Until: until})
}
