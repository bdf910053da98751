package sts

import (
	"time"

	"github.com/berth-project/berth/iam"
)

// Caller is who calls an operation, as already authenticated, with all that is
// known of it. The caller of one operation is made from the session of another
// with [Session.Caller].
type Caller struct {
	Principal iam.Principal
	// ID is the unique ID, as in aws:userid: "AIDA…" of a user, "AROA…:name" of a
	// role session. Empty where it does not matter.
	ID string
	// Temporary is set for credentials that have a session token: those of a role
	// session, of [GetSessionToken] and of [GetFederationToken].
	Temporary bool
	// IssuedAt is when temporary credentials were issued.
	IssuedAt time.Time
	// Tags are the tags that aws:PrincipalTag has: of a user the user's, of a
	// session the role's with the session's over them.
	Tags []Tag
	// TransitiveTagKeys are the keys of those session tags that go along when
	// this session assumes a further role.
	TransitiveTagKeys []string
	// SourceIdentity is the source identity of the session. It goes along too.
	SourceIdentity string
	// MFA is set where the credentials were obtained with a second factor, and
	// MFAAt is when.
	MFA   bool
	MFAAt time.Time
	// Policies are the caller's own: Identity, Boundary, Session, SCPs and what
	// exempts from these. The rest is filled in from the role.
	Policies iam.PolicySet
	// Context are further keys of the request that are known, such as
	// aws:SourceIp, aws:PrincipalOrgID or the provider's keys of a federated
	// session. Keys that follow from the call are set over them.
	Context iam.Context
}

// chained reports whether a role assumed by the caller is a link of a chain. The
// guide speaks of role sessions only; that credentials of GetSessionToken are
// held to the same hour is what many people have met.
func (c *Caller) chained() bool {
	return c.Principal.Kind == iam.AssumedRole || c.Temporary
}
