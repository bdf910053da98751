package sts

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// Session is what an operation gives.
type Session struct {
	// Principal is the session as a caller. The ARN of a role's session does not
	// have the role's path.
	Principal iam.Principal
	// Facts are what is known of the session as a caller: when it was issued, its
	// tags, which are the role's with the session's over them, and its source
	// identity. A role's session does not tell of a second factor.
	Facts iam.CallerFacts
	// TransitiveTagKeys are the keys of the tags that go along in a chain.
	TransitiveTagKeys []string
	// Context are the keys that go with the session's requests because of how it
	// was obtained: what the provider said.
	Context iam.Context
	// Seconds is the session's duration, and ExpiresAt its end.
	Seconds   int
	ExpiresAt time.Time
	// Chained is set where a session assumed the role.
	Chained bool
	// Policies is what the session may do: the role's or user's policies, limited
	// by the session policies.
	Policies iam.PolicySet
	// PackedPolicySize is an estimate, in percent.
	PackedPolicySize int
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
	facts := s.Facts
	facts.Tags = maps.Clone(facts.Tags)
	return Caller{
		Principal:         s.Principal,
		Facts:             facts,
		TransitiveTagKeys: slices.Clone(s.TransitiveTagKeys),
		Policies:          s.Policies,
		Context:           s.Context.Clone(),
	}
}

// Request returns the question whether the session may do something: the answer
// is that of [Session.Policies], with the policy of the resource where it has
// one. The owner of the resource is the account in its ARN, or that of the
// session where the ARN has none.
func (s *Session) Request(action, resource string, r Request) iam.Request {
	account := s.Principal.Account
	if id, err := arn.Parse(resource); err == nil {
		account = cmp.Or(id.Account, account)
	}
	c := s.Caller()
	return iam.Request{
		Principal: s.Principal, Action: action, Resource: resource, ResourceAccount: account,
		Context: c.context(&r, iam.ResourceFacts{Account: account}),
	}
}

// UserID returns the session's unique ID, as aws:userid and the answers have it:
// "AROA…:name" for a role. It is empty where the role's ID is not known.
func (s *Session) UserID() string { return userID(&s.Principal, &s.Facts) }

// userID returns the unique ID of a caller.
func userID(p *iam.Principal, facts *iam.CallerFacts) string {
	name := p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
	switch p.Kind {
	case iam.Root:
		return p.Account
	case iam.FederatedUser:
		return p.Account + ":" + name
	case iam.AssumedRole:
		if facts.UniqueID != "" {
			return facts.UniqueID + ":" + name
		}
	}
	return facts.UniqueID
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
		case service == "iam" && s.Facts.MFATime.IsZero():
			return "credentials of GetSessionToken can call IAM only when they were obtained with MFA", true
		case service == "sts" && name != "assumerole" && name != "getcalleridentity":
			return "credentials of GetSessionToken can call AssumeRole and GetCallerIdentity only", true
		}
	}
	return "", false
}

// begin sets when a session begins and ends.
func (s *Session) begin(now time.Time, seconds int) {
	s.Facts.TokenIssued = now
	s.Seconds = seconds
	s.ExpiresAt = now.Add(time.Duration(seconds) * time.Second)
}
