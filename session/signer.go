package session

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// maxSignedBytes bounds the tokens a Signer makes, below the 8190 bytes that
// common app servers allow for one header line.
const maxSignedBytes = 7 << 10

// SignerConfig says what a Signer puts into assertions.
type SignerConfig struct {
	// Issuer is the "iss" of every assertion: the public origin of the
	// gateway. Required.
	Issuer string
	// Lifetime is how long an assertion counts, at most 10 minutes. Default
	// 120 seconds.
	Lifetime time.Duration
	// Keys sign with the current key and publish all. Required.
	Keys *KeySet
	// MaxMemberships is how many tenants an assertion lists at most; beyond
	// it, or where the token would outgrow a header, the path's tenant and as
	// many others as fit are listed and "tenants_truncated" is set. Default 50.
	MaxMemberships int
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Signer turns sessions into assertions. It is safe for concurrent use.
type Signer struct {
	issuer   string
	lifetime time.Duration
	max      int
	header   string // base64url of the token header
	sign     func(input []byte) ([]byte, error)
	jwks     []byte
	now      func() time.Time
}

// NewSigner returns a Signer for cfg.
func NewSigner(cfg SignerConfig) (*Signer, error) {
	if cfg.Lifetime == 0 {
		cfg.Lifetime = 120 * time.Second
	}
	if cfg.MaxMemberships == 0 {
		cfg.MaxMemberships = 50
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.Issuer == "":
		return nil, errors.New("signer: no issuer")
	case cfg.Keys == nil:
		return nil, errors.New("signer: no keys")
	case cfg.Lifetime < time.Second || cfg.Lifetime > maxAssertionLifetime:
		return nil, fmt.Errorf("signer: want a lifetime from 1s to %v", maxAssertionLifetime)
	case cfg.MaxMemberships < 1:
		return nil, errors.New("signer: want room for at least one membership")
	}
	return newSigner(cfg)
}

func newSigner(cfg SignerConfig) (*Signer, error) {
	k := cfg.Keys.one(cfg.Keys.signing, Current)
	if k == nil {
		return nil, errors.New("signer: no current key")
	}
	sign, err := k.signFunc()
	if err != nil {
		return nil, fmt.Errorf("signer: key %s: %w", k.ID, err)
	}
	header, err := json.Marshal(tokenHeader{Algorithm: k.Algorithm, KeyID: k.ID, Type: assertionType})
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	jwks, err := marshalJWKS(cfg.Keys.signing)
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	return &Signer{
		issuer: cfg.Issuer, lifetime: cfg.Lifetime, max: cfg.MaxMemberships, now: cfg.Now, jwks: jwks, sign: sign,
		header: base64.RawURLEncoding.EncodeToString(header),
	}, nil
}

// Sign returns the assertion about sess for one app, the audience, and when it
// ends: after Lifetime or with the session, whichever is first. A nil or
// anonymous sess makes an anonymous assertion. Tenant is the one the request's
// path is bound to, "" for none. A session that is over fails with ErrExpired.
func (s *Signer) Sign(sess *Session, audience, tenant string) (token string, expires time.Time, err error) {
	if audience == "" {
		return "", time.Time{}, errors.New("sign assertion: no audience")
	}
	now := stamp(s.now())
	expires = now.Add(s.lifetime)
	if !sess.Anonymous() && !sess.ExpiresAt.IsZero() && sess.ExpiresAt.Before(expires) {
		expires = stamp(sess.ExpiresAt)
	}
	if !expires.After(now) {
		return "", time.Time{}, fmt.Errorf("sign assertion: %w", ErrExpired)
	}
	c := claims{
		Issuer: s.issuer, Audience: audience, ID: NewID(), Tenant: tenant,
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: expires.Unix(),
	}
	c.describe(sess)
	if token, err = s.fit(&c, sess, tenant); err != nil {
		return "", time.Time{}, fmt.Errorf("sign assertion: %w", err)
	}
	return token, expires, nil
}

// fit signs with as many memberships as there is room for.
func (s *Signer) fit(c *claims, sess *Session, tenant string) (string, error) {
	for limit := s.max; ; limit /= 2 {
		c.Tenants, c.Truncated = tenantClaims(sess, tenant, limit)
		payload, err := json.Marshal(c)
		if err != nil {
			return "", err
		}
		size := len(s.header) + base64.RawURLEncoding.EncodedLen(len(payload)) + 2 + signatureChars
		if size <= maxSignedBytes {
			return s.compact(payload)
		}
		if limit == 0 {
			return "", fmt.Errorf("%d bytes are too many for a header", size)
		}
	}
}

// signatureChars is the length of the last part of a token under either
// algorithm: 64 bytes.
const signatureChars = 86

func (s *Signer) compact(payload []byte) (string, error) {
	token := make([]byte, 0, maxSignedBytes/4)
	token = append(token, s.header...)
	token = append(token, '.')
	token = base64.RawURLEncoding.AppendEncode(token, payload)
	signature, err := s.sign(token)
	if err != nil {
		return "", err
	}
	token = append(token, '.')
	return string(base64.RawURLEncoding.AppendEncode(token, signature)), nil
}

// tenantClaims lists up to limit memberships, sorted by tenant as they are in
// the session. The tenant of the path is among them when the user belongs to
// it, even if the limit is lower.
func tenantClaims(sess *Session, tenant string, limit int) (list []tenantClaim, truncated bool) {
	if sess.Anonymous() {
		return nil, false
	}
	bound := slices.IndexFunc(sess.Memberships, func(m Membership) bool { return tenant != "" && m.Tenant == tenant })
	room := limit
	if bound >= 0 {
		room = max(limit-1, 0)
	}
	for i := range sess.Memberships {
		m := &sess.Memberships[i]
		switch {
		case i == bound:
		case room == 0:
			truncated = true
			continue
		default:
			room--
		}
		list = append(list, tenantClaim{ID: m.Tenant, Name: m.TenantName, Roles: m.Roles, Plans: m.Plans})
	}
	return list, truncated
}

// JWKS returns the key set document apps verify with (RFC 7517): the public
// parts of the previous, the current and the next signing key.
func (s *Signer) JWKS() []byte { return slices.Clone(s.jwks) }

// Format implements [fmt.Formatter], so that no verb reaches a key.
func (s *Signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "signer of "+s.issuer) }

// signFunc returns the signature function of a signing key.
func (k *key) signFunc() (func([]byte) ([]byte, error), error) {
	if k.Algorithm == EdDSA {
		private := k.ed25519Key()
		return func(input []byte) ([]byte, error) { return ed25519.Sign(private, input), nil }, nil
	}
	private, err := k.ecdsaKey()
	if err != nil {
		return nil, err
	}
	return func(input []byte) ([]byte, error) { return signES256(private, input) }, nil
}

// signES256 returns r and s of 32 bytes each (RFC 7518 section 3.4).
func signES256(private *ecdsa.PrivateKey, input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, nil
}
