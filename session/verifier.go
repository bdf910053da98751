package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Errors of Verifier. Detail is wrapped around them for a log, never for the
// caller of a request.
var (
	// ErrNoAssertion means the request carries none: it did not come through
	// the gateway.
	ErrNoAssertion = errors.New("no assertion")
	// ErrInvalidAssertion means a token that is malformed, forged, for another
	// app or of another gateway.
	ErrInvalidAssertion = errors.New("invalid assertion")
	// ErrExpiredAssertion means a genuine token past its end.
	ErrExpiredAssertion = errors.New("expired assertion")
	// ErrKeysUnavailable means the gateway's keys could not be had, so nothing
	// can be said of the token.
	ErrKeysUnavailable = errors.New("assertion keys unavailable")
)

// VerifierConfig says whom an app believes. JWKSURL, Issuer and Audience are
// required.
type VerifierConfig struct {
	// JWKSURL is where the gateway publishes its keys
	// ("…/.well-known/berth/jwks.json"): https, or http on the same machine.
	JWKSURL string
	// Issuer and Audience must equal the assertion's "iss" and "aud".
	Issuer, Audience string
	// AllowPlainHTTP lets JWKSURL be http on another machine. Whoever can
	// change that traffic can then sign in as anybody.
	AllowPlainHTTP bool
	// Client fetches the keys; redirects are refused whatever it says, and
	// without a timeout it gets one of 5 seconds. Default: a client of its own
	// that uses no proxy.
	Client *http.Client
	// MaxAge is how long fetched keys are used before they are fetched again.
	// Default 5 minutes. While that fails they are used for one hour longer.
	MaxAge time.Duration
	// Cooldown is the least time between two fetches made because of an
	// unknown key id or a failed fetch. Default 10 seconds; while there are no
	// keys at all it is one second, for an app that starts before its gateway.
	Cooldown time.Duration
	// Leeway is how far the clocks of gateway and app may differ, at most a
	// minute. Default 5 seconds.
	Leeway time.Duration
	// Log tells why Middleware refused a request. Default: nothing.
	Log *slog.Logger
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// ConfigFromEnvironment reads what the gateway gives the processes it runs:
// BERTH_JWKS_URL, BERTH_ISSUER and BERTH_AUDIENCE. All three are required.
// Pass [os.Getenv].
func ConfigFromEnvironment(getenv func(string) string) (VerifierConfig, error) {
	var cfg VerifierConfig
	var missing []string
	for _, v := range []struct {
		name string
		into *string
	}{
		{"BERTH_JWKS_URL", &cfg.JWKSURL},
		{"BERTH_ISSUER", &cfg.Issuer},
		{"BERTH_AUDIENCE", &cfg.Audience},
	} {
		if *v.into = getenv(v.name); *v.into == "" {
			missing = append(missing, v.name)
		}
	}
	if missing != nil {
		return VerifierConfig{}, fmt.Errorf("session: environment lacks %s: run the app through berth, or see session.Development",
			strings.Join(missing, ", "))
	}
	return cfg, nil
}

// Verifier checks assertions in the app. It is safe for concurrent use and has
// no goroutine of its own.
type Verifier struct {
	issuer, audience string
	leeway           time.Duration
	keys             *remoteKeys
	verified         verifiedCache
	log              *slog.Logger
	now              func() time.Time
}

// NewVerifier returns a Verifier for cfg. It fetches nothing yet.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Verifier{
		issuer: cfg.Issuer, audience: cfg.Audience, leeway: cfg.Leeway,
		keys: newRemoteKeys(cfg), log: cfg.Log, now: cfg.Now,
	}, nil
}

func (cfg VerifierConfig) withDefaults() VerifierConfig {
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 5 * time.Minute
	}
	if cfg.Cooldown == 0 {
		cfg.Cooldown = 10 * time.Second
	}
	if cfg.Leeway == 0 {
		cfg.Leeway = 5 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return cfg
}

func (cfg VerifierConfig) validate() error {
	switch {
	case cfg.Issuer == "":
		return errors.New("verifier: no issuer")
	case cfg.Audience == "":
		return errors.New("verifier: no audience")
	case cfg.MaxAge < time.Second || cfg.Cooldown < time.Second:
		return errors.New("verifier: want a max age and a cooldown of at least a second")
	case cfg.Leeway < 0 || cfg.Leeway > time.Minute:
		return errors.New("verifier: want a leeway of at most a minute")
	}
	return cfg.validateURL()
}

// Verify returns the session an assertion states; one without a user is a
// caller who is not signed in. The session is shared between requests that
// carry the same assertion. Ctx bounds the wait for keys.
func (v *Verifier) Verify(ctx context.Context, token string) (*Session, error) {
	if token == "" {
		return nil, ErrNoAssertion
	}
	if len(token) > maxAssertionBytes {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrInvalidAssertion, maxAssertionBytes)
	}
	now := v.now()
	if sess := v.verified.get(token, v.keys.fresh(now)); sess != nil {
		if now.Add(-v.leeway).Before(sess.ExpiresAt) {
			return sess, nil
		}
		return nil, ErrExpiredAssertion
	}
	return v.verify(ctx, token)
}

// verify does what Verify does without the cache of verified tokens.
func (v *Verifier) verify(ctx context.Context, token string) (*Session, error) {
	parts, err := splitToken(token)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalidAssertion, err)
	}
	snap, err := v.keys.with(ctx, parts.header.KeyID)
	if err != nil {
		return nil, err
	}
	public := snap.keys[parts.header.KeyID]
	if public.algorithm != parts.header.Algorithm || !public.verify(parts.signed, parts.signature) {
		return nil, fmt.Errorf("%w: signature", ErrInvalidAssertion)
	}
	var c claims
	if err := decodeLower(parts.payload, &c); err != nil {
		return nil, fmt.Errorf("%w: claims: %v", ErrInvalidAssertion, err)
	}
	if err := v.checkClaims(&c); err != nil {
		return nil, err
	}
	sess := c.session()
	v.verified.put(token, sess, snap)
	return sess, nil
}

func (v *Verifier) checkClaims(c *claims) error {
	if c.Issuer != v.issuer {
		return fmt.Errorf("%w: of another issuer", ErrInvalidAssertion)
	}
	if c.Audience != v.audience {
		return fmt.Errorf("%w: for another audience", ErrInvalidAssertion)
	}
	err := c.validAt(v.now(), v.leeway)
	if err == nil || errors.Is(err, ErrExpiredAssertion) {
		return err
	}
	return fmt.Errorf("%w: %v", ErrInvalidAssertion, err)
}

// tokenParts is a compact JWS (RFC 7515 section 3.1), decoded and not yet
// believed.
type tokenParts struct {
	header    tokenHeader
	payload   []byte
	signed    []byte
	signature []byte
}

// splitToken decodes a token and refuses what no key could make acceptable, so
// that such a token never causes a fetch of keys.
func splitToken(token string) (*tokenParts, error) {
	if strings.Count(token, ".") != 2 {
		return nil, errors.New("not three parts")
	}
	dot := strings.LastIndexByte(token, '.')
	head, body, _ := strings.Cut(token[:dot], ".")
	header, errHeader := decodeBase64(head)
	payload, errPayload := decodeBase64(body)
	signature, errSignature := decodeBase64(token[dot+1:])
	if err := errors.Join(errHeader, errPayload, errSignature); err != nil {
		return nil, errors.New("not base64url")
	}
	p := &tokenParts{payload: payload, signed: []byte(token[:dot]), signature: signature}
	if err := decodeStrict(header, &p.header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	switch {
	case p.header.Type != assertionType:
		return nil, errors.New("not an assertion by its type")
	case p.header.Algorithm != EdDSA && p.header.Algorithm != ES256:
		return nil, errors.New("algorithm not accepted")
	case !validKeyID(p.header.KeyID):
		return nil, errors.New("malformed key id")
	}
	return p, nil
}
