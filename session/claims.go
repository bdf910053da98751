package session

import (
	"errors"
	"time"
)

const (
	// AssertionHeader carries the assertion from the gateway to the app. The
	// gateway strips what a client sends under this name.
	AssertionHeader = "Berth-Assertion"
	// assertionType is the "typ" of the token, so that no other token of the
	// same keys passes for one (RFC 8725 section 3.11).
	assertionType = "berth-assertion+jwt"
	// maxAssertionBytes is the longest token a Verifier looks at.
	maxAssertionBytes = 16 << 10
	// maxAssertionLifetime is the longest time between "iat" and "exp".
	maxAssertionLifetime = 10 * time.Minute
)

// tokenHeader is the protected header of an assertion; no other member is
// accepted.
type tokenHeader struct {
	Algorithm Algorithm `json:"alg"`
	KeyID     string    `json:"kid"`
	Type      string    `json:"typ"`
}

// claims is the payload of an assertion (RFC 7519 section 4, OpenID Connect
// Core section 2 for amr and auth_time).
type claims struct {
	Issuer    string        `json:"iss"`
	Audience  string        `json:"aud"`
	IssuedAt  int64         `json:"iat"`
	NotBefore int64         `json:"nbf"`
	Expires   int64         `json:"exp"`
	ID        string        `json:"jti"`
	Anonymous bool          `json:"anonymous,omitempty"`
	Subject   string        `json:"sub,omitempty"`
	Session   string        `json:"sid,omitempty"`
	Email     string        `json:"email,omitempty"`
	Name      string        `json:"name,omitempty"`
	Methods   []string      `json:"amr,omitempty"`
	AuthTime  int64         `json:"auth_time,omitempty"`
	Tenant    string        `json:"tenant,omitempty"`
	Tenants   []tenantClaim `json:"tenants,omitempty"`
	Truncated bool          `json:"tenants_truncated,omitempty"`
}

type tenantClaim struct {
	ID    string   `json:"id"`
	Name  string   `json:"name,omitempty"`
	Roles []string `json:"roles,omitempty"`
	Plans []string `json:"plans,omitempty"`
}

// describe fills in what is known of the caller.
func (c *claims) describe(s *Session) {
	if s.Anonymous() {
		c.Anonymous = true
		return
	}
	c.Subject, c.Session, c.Email, c.Name = s.User.ID, s.ID, s.User.Email, s.User.Name
	if s.Method != "" {
		c.Methods = []string{s.Method}
	}
	if !s.SignedInAt.IsZero() {
		c.AuthTime = s.SignedInAt.Unix()
	}
}

// session is the value an app sees, which no request may change.
func (c *claims) session() *Session {
	s := &Session{
		ID:        c.Session,
		User:      User{ID: c.Subject, Email: c.Email, Name: c.Name},
		SeenAt:    time.Unix(c.IssuedAt, 0).UTC(),
		ExpiresAt: time.Unix(c.Expires, 0).UTC(),
		Truncated: c.Truncated,
		Tenant:    c.Tenant,
	}
	if len(c.Methods) > 0 {
		s.Method = c.Methods[0]
	}
	if c.AuthTime != 0 {
		s.SignedInAt = time.Unix(c.AuthTime, 0).UTC()
	}
	for _, t := range c.Tenants {
		s.Memberships = append(s.Memberships, Membership{Tenant: t.ID, TenantName: t.Name, Roles: t.Roles, Plans: t.Plans})
	}
	return s
}

// validAt checks everything about the claims but who they are for. Errors are
// of the Verifier's set where they mean more than "invalid".
func (c *claims) validAt(now time.Time, leeway time.Duration) error {
	late, early := now.Add(-leeway).Unix(), now.Add(leeway).Unix()
	switch {
	case c.IssuedAt <= 0 || c.NotBefore <= 0 || c.Expires <= 0 || c.ID == "":
		return errors.New("a required claim is missing")
	case c.Expires <= c.IssuedAt:
		return errors.New("times out of order")
	case c.Expires-c.IssuedAt > int64(maxAssertionLifetime/time.Second):
		return errors.New("lives too long")
	case c.IssuedAt > early || c.NotBefore > early:
		return errors.New("from the future")
	case c.Anonymous != (c.Subject == ""):
		return errors.New("neither anonymous nor somebody")
	case c.Anonymous && (c.Session != "" || len(c.Tenants) != 0):
		return errors.New("anonymous with a session")
	case c.Expires <= late:
		return ErrExpiredAssertion
	}
	return nil
}
