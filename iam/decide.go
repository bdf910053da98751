package iam

// Decide answers a request. It allocates nothing where it allows.
//
// The order of questions is that of the IAM User Guide, "Policy evaluation
// logic", and its pages on cross-account requests, permissions boundaries and
// session policies:
//
//  1. Does any Deny of any layer match?
//  2. Do the control policies of the organisation let the caller through, at
//     every level?
//  3. Does the policy of the VPC endpoint?
//  4. In the account of the resource: does the resource's policy grant it to
//     the caller by name, or do the caller's own policies, within boundary and
//     session policies? From another account both sides must allow.
func (s *PolicySet) Decide(r *Request) Decision {
	e := evaluation{set: s, req: r}
	return e.decide()
}

// evaluation is the work on one request. With a recorder it looks at every
// statement of every layer and takes down what it sees; without one it skips
// what cannot change the answer. The answer is the same.
type evaluation struct {
	set *PolicySet
	req *Request
	rec *recorder
	// prospect is set where not all keys of the request are known.
	prospect *prospect
	action   action
	// denied is the first Deny that matches, in the order of the layers.
	denied StatementRef
	// allowed is the first Allow that matches, of each layer.
	allowed [SessionLayer + 1]StatementRef
	// scpClosed is set where a level of the SCPs has no Allow that matches.
	scpClosed bool
	// grant is the Allow of the resource's policy that names the caller most
	// strongly, and how; delegation is one that names the caller's account.
	grant      PrincipalMatch
	delegation StatementRef
}

func (e *evaluation) decide() Decision {
	e.action.set(e.req.Action)
	if e.always() {
		return Decision{Outcome: Allowed, Reason: AllowAlways}
	}
	e.scan()
	if e.denied.Layer != NoLayer {
		return Decision{ExplicitDeny, deniedBy(e.denied.Layer), e.denied}
	}
	switch {
	case e.scpClosed:
		return Decision{Reason: NoAllowSCP}
	case e.set.Endpoint != nil && !e.allows(EndpointLayer):
		return Decision{Reason: NoAllowEndpoint}
	case !e.req.Principal.Kind.inAccount():
		return e.outsider()
	case e.sameAccount():
		return e.withinAccount()
	}
	return e.acrossAccounts()
}

// always reports whether the request is one that no policy can deny (STS API
// Reference, "GetCallerIdentity": no permissions are required).
func (e *evaluation) always() bool {
	switch e.req.Principal.Kind {
	case Anonymous, SAMLIdentity, WebIdentity:
		return false // not signed
	}
	return string(e.action.known()) == "sts:getcalleridentity"
}

// sameAccount reports whether caller and resource belong to one account. What
// has no account belongs to none.
func (e *evaluation) sameAccount() bool {
	return e.req.Principal.Account != "" && e.req.Principal.Account == e.req.ResourceAccount
}

// strict reports whether the target's own policy must allow before those of the
// account's principals count: that of a role for being assumed, that of a key
// for everything.
func (e *evaluation) strict() bool {
	switch e.set.Target {
	case KMSKey:
		return true
	case RoleTrust:
		switch string(e.action.known()) {
		case "sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity",
			"sts:tagsession", "sts:setsourceidentity":
			return true
		}
	}
	return false
}

// outsider decides for callers who have no policies of their own: the resource's
// policy alone says.
func (e *evaluation) outsider() Decision {
	if !e.allows(ResourceLayer) {
		return Decision{Reason: NoAllow}
	}
	return Decision{Allowed, AllowResource, e.allowed[ResourceLayer]}
}

func (e *evaluation) withinAccount() Decision {
	switch {
	case e.grant.direct():
		return Decision{Allowed, AllowResource, e.allowed[ResourceLayer]}
	case e.grant.limited():
		return e.limit(Decision{Allowed, AllowResource, e.allowed[ResourceLayer]})
	case e.strict() && e.delegation.Layer == NoLayer:
		return Decision{Reason: e.missingResource(NoAllow)}
	case !e.identityAllows():
		return Decision{Reason: NoAllow}
	}
	return e.limit(Decision{Allowed, AllowIdentity, e.allowed[IdentityLayer]})
}

func (e *evaluation) acrossAccounts() Decision {
	switch {
	case !e.allows(ResourceLayer):
		return Decision{Reason: e.missingResource(NoAllowFromResource)}
	case !e.identityAllows():
		return Decision{Reason: NoAllowFromIdentity}
	}
	return e.limit(Decision{Allowed, AllowCrossAccount, e.allowed[ResourceLayer]})
}

// missingResource returns the reason where the resource's policy would have had
// to allow; otherwise is that of resources that are not strict.
func (e *evaluation) missingResource(otherwise Reason) Reason {
	switch {
	case !e.strict():
		return otherwise
	case e.set.Target == KMSKey:
		return NoAllowKeyPolicy
	}
	return NoAllowTrust
}

// identityAllows reports whether the caller's own policies allow. The root user
// has none and may do everything its account may.
func (e *evaluation) identityAllows() bool {
	return e.req.Principal.Kind == Root || e.allows(IdentityLayer)
}

// limit returns the decision, unless boundary or session policies do not allow.
func (e *evaluation) limit(d Decision) Decision {
	switch {
	case e.applies(BoundaryLayer) && !e.allows(BoundaryLayer):
		return Decision{Reason: NoAllowBoundary}
	case e.applies(SessionLayer) && !e.allows(SessionLayer):
		return Decision{Reason: NoAllowSession}
	}
	return d
}

// allows reports whether an Allow of the layer matches.
func (e *evaluation) allows(l Layer) bool { return e.allowed[l].Layer != NoLayer }

func deniedBy(l Layer) Reason {
	return [...]Reason{
		SCPLayer: DeniedBySCP, RCPLayer: DeniedByRCP, EndpointLayer: DeniedByEndpoint, ResourceLayer: DeniedByResource,
		IdentityLayer: DeniedByIdentity, BoundaryLayer: DeniedByBoundary, SessionLayer: DeniedBySession,
	}[l]
}
