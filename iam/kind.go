package iam

// Kind is where a policy is attached, which decides what it may contain and
// which layer of the evaluation it belongs to.
type Kind uint8

// The kinds of policies.
const (
	// IdentityPolicy is a managed policy of users, groups or roles.
	IdentityPolicy Kind = iota
	// InlineUserPolicy is embedded in one user.
	InlineUserPolicy
	// InlineGroupPolicy is embedded in one group.
	InlineGroupPolicy
	// InlineRolePolicy is embedded in one role.
	InlineRolePolicy
	// BoundaryPolicy is a permissions boundary.
	BoundaryPolicy
	// SessionPolicy is passed when a role is assumed.
	SessionPolicy
	// ResourcePolicy is attached to a resource, such as a bucket or a queue.
	ResourcePolicy
	// TrustPolicy says who may assume a role.
	TrustPolicy
	// ServiceControlPolicy (SCP) bounds the principals of an organisation's accounts.
	ServiceControlPolicy
	// ResourceControlPolicy (RCP) bounds the resources of an organisation's accounts.
	ResourceControlPolicy
	// EndpointPolicy is attached to a VPC endpoint.
	EndpointPolicy
)

var kindNames = [...]string{
	IdentityPolicy:        "identity",
	InlineUserPolicy:      "inline-user",
	InlineGroupPolicy:     "inline-group",
	InlineRolePolicy:      "inline-role",
	BoundaryPolicy:        "boundary",
	SessionPolicy:         "session",
	ResourcePolicy:        "resource",
	TrustPolicy:           "trust",
	ServiceControlPolicy:  "scp",
	ResourceControlPolicy: "rcp",
	EndpointPolicy:        "endpoint",
}

// String returns the word that [ParseKind] reads.
func (k Kind) String() string { return kindNames[k] }

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParseKind returns the kind of a word such as "identity" or "trust".
func ParseKind(word string) (Kind, bool) {
	for k, name := range kindNames {
		if name == word {
			return Kind(k), true
		}
	}
	return 0, false
}

// Kinds returns the words of all kinds.
func Kinds() []string { return append([]string(nil), kindNames[:]...) }

// HasPrincipal reports whether policies of this kind name principals.
func (k Kind) HasPrincipal() bool {
	switch k {
	case ResourcePolicy, TrustPolicy, ResourceControlPolicy, EndpointPolicy:
		return true
	}
	return false
}

// Completes reports whether a resource of a statement may be an ARN with fewer
// than six fields, which [arn.Complete] completes: that is documented for policies
// of identities (IAM User Guide, "IAM identifiers"). In others it is where
// otherwise less would be denied.
func (k Kind) Completes(e Effect, notResource bool) bool {
	return k <= SessionPolicy || (e == Deny) != notResource
}

// Identity reports whether policies of this kind grant to the principal they
// are attached to.
func (k Kind) Identity() bool { return k <= InlineRolePolicy }
