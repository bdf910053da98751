package iam

// Outcome is the answer to a request.
type Outcome uint8

// The answers.
const (
	// ImplicitDeny is the answer where nothing allows.
	ImplicitDeny Outcome = iota
	// ExplicitDeny is the answer where a Deny statement matches.
	ExplicitDeny
	// Allowed is the answer where every layer allows.
	Allowed
)

// String returns "Allow", "ImplicitDeny" or "ExplicitDeny".
func (o Outcome) String() string { return [...]string{"ImplicitDeny", "ExplicitDeny", "Allow"}[o] }

// MarshalText implements [encoding.TextMarshaler].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Reason is the stable code of why a request was answered as it was.
type Reason string

// The reasons.
const (
	AllowIdentity     Reason = "allow-identity"
	AllowResource     Reason = "allow-resource"
	AllowCrossAccount Reason = "allow-cross-account"
	AllowAlways       Reason = "allow-always"

	DeniedBySCP      Reason = "explicit-deny-scp"
	DeniedByRCP      Reason = "explicit-deny-rcp"
	DeniedByEndpoint Reason = "explicit-deny-endpoint"
	DeniedByResource Reason = "explicit-deny-resource"
	DeniedByIdentity Reason = "explicit-deny-identity"
	DeniedByBoundary Reason = "explicit-deny-boundary"
	DeniedBySession  Reason = "explicit-deny-session"

	NoAllow             Reason = "implicit-deny-no-allow"
	NoAllowSCP          Reason = "implicit-deny-scp"
	NoAllowRCP          Reason = "implicit-deny-rcp"
	NoAllowEndpoint     Reason = "implicit-deny-endpoint"
	NoAllowBoundary     Reason = "implicit-deny-boundary"
	NoAllowSession      Reason = "implicit-deny-session"
	NoAllowTrust        Reason = "implicit-deny-trust"
	NoAllowKeyPolicy    Reason = "implicit-deny-key-policy"
	NoAllowFromResource Reason = "implicit-deny-cross-account-resource"
	NoAllowFromIdentity Reason = "implicit-deny-cross-account-identity"
)

// Layer is one of the groups of policies that take part in a decision.
type Layer uint8

// The layers, in the order in which a deny is reported.
const (
	NoLayer Layer = iota
	SCPLayer
	RCPLayer
	EndpointLayer
	ResourceLayer
	IdentityLayer
	BoundaryLayer
	SessionLayer
)

var layerNames = [...]string{
	NoLayer: "", SCPLayer: "scp", RCPLayer: "rcp", EndpointLayer: "endpoint", ResourceLayer: "resource",
	IdentityLayer: "identity", BoundaryLayer: "boundary", SessionLayer: "session",
}

// String returns the layer's word in results.
func (l Layer) String() string { return layerNames[l] }

// MarshalText implements [encoding.TextMarshaler].
func (l Layer) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// StatementRef names one statement of a [PolicySet].
type StatementRef struct {
	// Layer is NoLayer where no statement is meant.
	Layer Layer
	// Level is the level of an SCP or RCP: 0 is the root.
	Level int
	// Policy is the policy's place in its layer (and level).
	Policy int
	// Statement is the statement's place in its policy.
	Statement int
}

// PolicyName returns the policy's place in its set: "identity[1]", "resource",
// "scps[0][2]"; nothing where no statement is meant.
func (r StatementRef) PolicyName() string {
	switch r.Layer {
	case SCPLayer, RCPLayer:
		return r.Layer.String() + "s" + index(r.Level, false) + index(r.Policy, false)
	case IdentityLayer, SessionLayer:
		return r.Layer.String() + index(r.Policy, false)
	}
	return r.Layer.String()
}

// Decision is the answer to a request.
type Decision struct {
	Outcome Outcome
	Reason  Reason
	// By is the statement that decided: the Deny, or the Allow without which the
	// answer would have been another. Its layer is NoLayer for an implicit deny.
	By StatementRef
}

// Allowed reports whether the request may go on.
func (d Decision) Allowed() bool { return d.Outcome == Allowed }

// Target says which kind of resource a policy set protects, where the rules of
// evaluation differ.
type Target uint8

// The targets.
const (
	// AnyResource follows the common rules.
	AnyResource Target = iota
	// RoleTrust is a role that is assumed: its trust policy must allow, in the
	// same account too.
	RoleTrust
	// KMSKey is a key: its key policy must allow, in the same account too.
	KMSKey
)

// PolicySet is all the policies that apply to requests of one principal for
// one resource. It is read only once built.
type PolicySet struct {
	// Identity are the principal's own policies, those of groups included.
	Identity []*Compiled
	// Resource is the policy of the resource, or the trust policy of a role.
	Resource *Compiled
	// Boundary is the permissions boundary of the user or role.
	Boundary *Compiled
	// Session are the session policies. Nil means that none were passed, which
	// is no limit save for federated users; an empty list allows nothing.
	Session []*Compiled
	// SCPs apply to the principal's account, by level: root, units, account. Nil
	// means that the account is in no organisation.
	SCPs [][]*Compiled
	// RCPs apply to the resource's account, by level. The implicit
	// RCPFullAWSAccess is attached at each level and not listed.
	RCPs [][]*Compiled
	// Endpoint is the policy of the VPC endpoint the request came through.
	Endpoint *Compiled
	// Target is what kind of resource is asked for.
	Target Target
	// PrincipalInManagementAccount exempts from SCPs.
	PrincipalInManagementAccount bool
	// ResourceInManagementAccount exempts from RCPs.
	ResourceInManagementAccount bool
	// ServiceLinkedRole is set where the caller is one: neither SCPs nor RCPs
	// apply.
	ServiceLinkedRole bool
}
