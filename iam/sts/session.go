package sts

import (
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
)

// Session is what an operation gives.
type Session struct {
	// Principal is the session as a caller.
	Principal iam.Principal
	// ID is what aws:userid has: "AROA…:name" for a role.
	ID string
	// IssuedAt and ExpiresAt bound the session.
	IssuedAt, ExpiresAt time.Time
	// Seconds is the session's duration.
	Seconds int
	// Tags are the role's tags with the session's over them, sorted by key.
	Tags []Tag
	// TransitiveTagKeys are the keys of the tags that go along in a chain.
	TransitiveTagKeys []string
	SourceIdentity    string
	// MFA is set where the session was obtained with a second factor and tells so
	// to what is called with it. The session of a role never does.
	MFA bool
	// Chained is set where a session assumed the role.
	Chained bool
	// Policies is what the session may do: the role's or user's policies, limited
	// by the session policies.
	Policies iam.PolicySet
	// PackedPolicySize is an estimate, in percent.
	PackedPolicySize int
	// Context are the keys that go with the session's requests because of how it
	// was obtained: aws:FederatedProvider and what the provider said.
	Context iam.Context
	// SAML is what the answer of AssumeRoleWithSAML has besides; nil for others.
	SAML *SAMLFacts
	// WebIdentity is what the answer of AssumeRoleWithWebIdentity has besides;
	// nil for others.
	WebIdentity *WebIdentityFacts
}

// SAMLFacts are the members of the answer to AssumeRoleWithSAML that tell about
// the assertion.
type SAMLFacts struct {
	Subject, SubjectType, Issuer, Audience, NameQualifier string
}

// WebIdentityFacts are the members of the answer to AssumeRoleWithWebIdentity
// that tell about the token.
type WebIdentityFacts struct {
	Subject, Audience, Provider string
}

// Caller returns the session as the caller of a further operation.
func (s *Session) Caller() Caller {
	c := Caller{
		Principal:         s.Principal,
		ID:                s.ID,
		Temporary:         true,
		IssuedAt:          s.IssuedAt,
		Tags:              slices.Clone(s.Tags),
		TransitiveTagKeys: slices.Clone(s.TransitiveTagKeys),
		SourceIdentity:    s.SourceIdentity,
		MFA:               s.MFA,
		Policies:          s.Policies,
		Context:           s.Context.Clone(),
	}
	if s.MFA {
		c.MFAAt = s.IssuedAt
	}
	return c
}

// Expired reports whether the session is over.
func (s *Session) Expired(now time.Time) bool { return !now.Before(s.ExpiresAt) }

// Barred reports whether the session may not call an action at all, whatever
// its policies say, and why. Credentials of GetSessionToken and
// GetFederationToken are kept from IAM and from most of this service (IAM User
// Guide, "Compare AWS STS credentials").
func (s *Session) Barred(action string) (why string, barred bool) {
	service, name, _ := strings.Cut(strings.ToLower(action), ":")
	switch s.Principal.Kind {
	case iam.FederatedUser:
		switch {
		case service == "iam":
			return "credentials of GetFederationToken cannot call IAM", true
		case service == "sts" && name != "getcalleridentity":
			return "credentials of GetFederationToken can call GetCallerIdentity only", true
		}
	case iam.User, iam.Root:
		switch {
		case service == "iam" && !s.MFA:
			return "credentials of GetSessionToken can call IAM only when they were obtained with MFA", true
		case service == "sts" && name != "assumerole" && name != "getcalleridentity":
			return "credentials of GetSessionToken can call AssumeRole and GetCallerIdentity only", true
		}
	}
	return "", false
}
