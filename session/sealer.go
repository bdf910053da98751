package session

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// Errors of Sealer. Detail is wrapped around them for a log, never for the
// caller of a request.
var (
	// ErrExpired means a session that was genuine and is over, by its idle or
	// by its absolute limit.
	ErrExpired = errors.New("session expired")
	// ErrInvalid means a value this gateway did not seal, or not for this
	// service, or with a key it no longer has.
	ErrInvalid = errors.New("session invalid")
)

const (
	// sealVersion starts every sealed value.
	sealVersion = "v1"
	// maxOpenBytes is what browsers allow a cookie to be; longer values are
	// refused unread.
	maxOpenBytes = 4096
	// maxSealBytes leaves room in that for the cookie's name.
	maxSealBytes = 4000
	// maxClockSkew is how far ahead the clock of another gateway may be.
	maxClockSkew = time.Minute
	// maxRenewal is the longest time between two renewals.
	maxRenewal = 5 * time.Minute
)

// SealerConfig says what a Sealer seals for.
type SealerConfig struct {
	// Audience is the service; a cookie of one service does not open in
	// another that shares its keys. Required.
	Audience string
	// Idle ends a session this long after it was last seen. Default 12 hours.
	Idle time.Duration
	// Absolute ends a session this long after sign-in, whatever happens.
	// Default 7 days.
	Absolute time.Duration
	// Keys seal with the current and open with all. Required.
	Keys *KeySet
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Sealer turns sessions into cookie values and back. It is safe for
// concurrent use.
type Sealer struct {
	audience       string
	idle, absolute time.Duration
	current        *sealingKey
	byID           map[string]*sealingKey
	now            func() time.Time
}

// sealingKey is a key ready for use, with what its values are bound to.
type sealingKey struct {
	prefix string // "v1.<id>."
	bound  []byte // additional authenticated data
	since  time.Time
	aead   cipher.AEAD
}

// NewSealer returns a Sealer for cfg.
func NewSealer(cfg SealerConfig) (*Sealer, error) {
	if cfg.Idle == 0 {
		cfg.Idle = 12 * time.Hour
	}
	if cfg.Absolute == 0 {
		cfg.Absolute = 7 * 24 * time.Hour
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.Audience == "":
		return nil, errors.New("sealer: no audience")
	case cfg.Keys == nil:
		return nil, errors.New("sealer: no keys")
	case cfg.Idle < time.Minute || cfg.Absolute < cfg.Idle:
		return nil, errors.New("sealer: want idle of at least a minute and absolute of at least idle")
	}
	s := &Sealer{audience: cfg.Audience, idle: cfg.Idle, absolute: cfg.Absolute, now: cfg.Now, byID: map[string]*sealingKey{}}
	if err := s.addKeys(cfg.Keys); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sealer) addKeys(set *KeySet) error {
	for i := range set.sealing {
		k := &set.sealing[i]
		aead, err := chacha20poly1305.NewX(k.secret())
		if err != nil {
			return fmt.Errorf("sealer: key %s: %w", k.ID, err)
		}
		ready := &sealingKey{
			prefix: sealVersion + "." + k.ID + ".",
			// The id has no NUL, so no two triples read the same.
			bound: []byte("berth session\x00" + sealVersion + "\x00" + k.ID + "\x00" + s.audience),
			since: k.Since,
			aead:  aead,
		}
		s.byID[k.ID] = ready
		if k.State == Current {
			s.current = ready
		}
	}
	if s.current == nil {
		return errors.New("sealer: no current key")
	}
	return nil
}

// Stamp returns sess as Seal puts it into a cookie at this moment: seen now,
// without memberships, and with an absolute end no later than the limit allows.
// Zero SignedInAt means now.
func (s *Sealer) Stamp(sess Session) Session {
	now := stamp(s.now())
	if sess.SignedInAt.IsZero() {
		sess.SignedInAt = now
	}
	sess.SignedInAt, sess.SeenAt = stamp(sess.SignedInAt), now
	end := sess.SignedInAt.Add(s.absolute)
	if sess.ExpiresAt.IsZero() || sess.ExpiresAt.After(end) {
		sess.ExpiresAt = end
	}
	sess.ExpiresAt = stamp(sess.ExpiresAt)
	sess.Memberships, sess.Truncated, sess.Tenant = nil, false, ""
	return sess
}

// Seal returns the cookie value for sess as stamped now; sealing again renews
// it. Memberships are not sealed. An anonymous or over session, one without an
// id and one too large for a cookie are refused.
func (s *Sealer) Seal(sess Session) (string, error) {
	switch {
	case sess.Anonymous():
		return "", errors.New("seal session: no user")
	case sess.ID == "":
		return "", errors.New("seal session: no session id")
	}
	sess = s.Stamp(sess)
	if !sess.ExpiresAt.After(sess.SeenAt) {
		return "", fmt.Errorf("seal session: %w", ErrExpired)
	}
	k := s.current
	sealed := make([]byte, chacha20poly1305.NonceSizeX, 512)
	_, _ = rand.Read(sealed) // never fails: crypto/rand ends the program instead
	sealed = k.aead.Seal(sealed, sealed, appendPayload(nil, &sess), k.bound)
	value := k.prefix + base64.RawURLEncoding.EncodeToString(sealed)
	if len(value) > maxSealBytes {
		return "", fmt.Errorf("seal session: %d bytes are too many for a cookie", len(value))
	}
	return value, nil
}

// Open returns the session of a cookie value. It fails with ErrInvalid or
// ErrExpired, detail wrapped around them. The session has no memberships.
func (s *Sealer) Open(value string) (*Session, error) {
	plain, err := s.decrypt(value)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	sess, err := parsePayload(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if err := s.check(sess); err != nil {
		return nil, err
	}
	return sess, nil
}

// decrypt finds the key a value names and opens it.
func (s *Sealer) decrypt(value string) ([]byte, error) {
	if len(value) > maxOpenBytes {
		return nil, errors.New("longer than a cookie")
	}
	version, rest, _ := strings.Cut(value, ".")
	id, body, found := strings.Cut(rest, ".")
	if version != sealVersion || !found {
		return nil, errors.New("not a sealed value")
	}
	k := s.byID[id]
	if k == nil {
		return nil, errors.New("unknown key")
	}
	sealed, err := decodeBase64(body)
	if err != nil || len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, errors.New("not base64url")
	}
	nonce, text := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	plain, err := k.aead.Open(text[:0], nonce, text, k.bound)
	if err != nil {
		return nil, errors.New("not authentic")
	}
	return plain, nil
}

// check applies the limits as they are configured now, so that shortening one
// takes effect on cookies already given out.
func (s *Sealer) check(sess *Session) error {
	now := s.now()
	switch {
	case sess.SeenAt.After(now.Add(maxClockSkew)) || sess.SignedInAt.After(now.Add(maxClockSkew)):
		return fmt.Errorf("%w: from the future", ErrInvalid)
	case !now.Before(sess.ExpiresAt) || !now.Before(sess.SignedInAt.Add(s.absolute)):
		return fmt.Errorf("%w: absolute limit", ErrExpired)
	case !now.Before(sess.SeenAt.Add(s.idle)):
		return fmt.Errorf("%w: idle limit", ErrExpired)
	}
	return nil
}

// NeedsRenewal reports whether an opened session should be sealed again: it
// was last sealed a quarter of the idle limit or five minutes ago, whichever
// is less, or before the current key became current.
func (s *Sealer) NeedsRenewal(sess *Session) bool {
	if sess.Anonymous() {
		return false
	}
	after := min(s.idle/4, maxRenewal)
	return s.now().Sub(sess.SeenAt) > after || sess.SeenAt.Before(s.current.since)
}

// Format implements [fmt.Formatter], so that no verb reaches a key.
func (s *Sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "sealer for "+s.audience) }
