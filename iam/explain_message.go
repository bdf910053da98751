package iam

// Message returns the vendor's text for a denied request, as clients get it:
//
//	User: arn:aws:iam::111122223333:user/dev is not authorized to perform:
//	sqs:SendMessage on resource: arn:aws:sqs:us-east-1:111122223333:jobs because
//	no identity-based policy allows the sqs:SendMessage action
//
// on one line. It is empty for an allowed one. IAM User Guide, "Troubleshoot
// access denied error messages".
func (s *PolicySet) Message(r *Request, d Decision) string {
	if d.Allowed() {
		return ""
	}
	who := r.Principal.names()[0]
	text := "User: " + who + " is not authorized to perform: " + r.Action + " on resource: " + r.Resource
	if d.Outcome == ExplicitDeny {
		return text + " with an explicit deny in " + s.kindOf(d.By.Layer, "a ")
	}
	return text + " because no " + s.kindOf(s.missing(r, d.Reason), "") + " allows the " + r.Action + " action"
}

// Message returns [PolicySet.Message] of the request that is explained.
func (x Explanation) Message() string {
	if x.from == nil {
		return ""
	}
	return x.from.set.Message(x.from.req, x.from.decision)
}

// missing returns the layer that a reason of an implicit deny says lacks an
// Allow.
func (s *PolicySet) missing(r *Request, reason Reason) Layer {
	switch reason {
	case NoAllowSCP:
		return SCPLayer
	case NoAllowRCP:
		return RCPLayer
	case NoAllowEndpoint:
		return EndpointLayer
	case NoAllowBoundary:
		return BoundaryLayer
	case NoAllowSession:
		return SessionLayer
	case NoAllowTrust, NoAllowKeyPolicy, NoAllowFromResource:
		return ResourceLayer
	}
	if r.Principal.Kind.inAccount() {
		return IdentityLayer
	}
	return ResourceLayer
}

// kindOf returns the vendor's name for the policies of a layer. The article is
// empty or "a ".
func (s *PolicySet) kindOf(l Layer, article string) string {
	switch l {
	case SCPLayer:
		return article + "service control policy"
	case RCPLayer:
		return article + "resource control policy"
	case EndpointLayer:
		return article + "VPC endpoint policy"
	case BoundaryLayer:
		return article + "permissions boundary"
	case SessionLayer:
		return article + "session policy"
	case ResourceLayer:
		if s.Target == RoleTrust {
			if article != "" {
				article = "the "
			}
			return article + "role trust policy"
		}
		return article + "resource-based policy"
	}
	if article != "" {
		article = "an "
	}
	return article + "identity-based policy"
}
