package iam

import "github.com/berth-project/berth/iam/catalog"

// applies reports whether the layer has a say in the request.
//
// SCPs bind the principals of member accounts, RCPs the resources of member
// accounts in services that take part, neither service-linked roles (AWS
// Organizations User Guide, "SCP evaluation", "RCP evaluation"). Callers from
// outside have no policies of their own; neither has the root user, to whom
// only the policies of a privileged session (AssumeRoot) apply. A federated
// user's session always has session policies: where none was passed, they allow
// nothing (STS API Reference, "GetFederationToken").
func (e *evaluation) applies(l Layer) bool {
	s, kind := e.set, e.req.Principal.Kind
	switch l {
	case SCPLayer:
		return len(s.SCPs) > 0 && kind.inAccount() && !s.PrincipalInManagementAccount && !s.ServiceLinkedRole
	case RCPLayer:
		return len(s.RCPs) > 0 && !s.ResourceInManagementAccount && !s.ServiceLinkedRole && catalog.RCPSupported(string(e.action.service()))
	case EndpointLayer:
		return s.Endpoint != nil
	case ResourceLayer:
		return s.Resource != nil
	case IdentityLayer:
		return kind.inAccount() && kind != Root
	case BoundaryLayer:
		return s.Boundary != nil && kind.inAccount() && kind != Root
	case SessionLayer:
		return s.Session != nil && kind.inAccount() || kind == FederatedUser
	}
	return false
}

// scan looks at the layers in the order in which a Deny is reported. Without a
// recorder it stops at the first Deny.
func (e *evaluation) scan() {
	s := e.set
	done := e.scanLevels(SCPLayer, s.SCPs) ||
		e.scanLevels(RCPLayer, s.RCPs) ||
		e.scanOne(EndpointLayer, s.Endpoint) ||
		e.scanOne(ResourceLayer, s.Resource) ||
		e.scanList(IdentityLayer, 0, s.Identity) ||
		e.scanOne(BoundaryLayer, s.Boundary)
	if !done {
		e.scanList(SessionLayer, 0, s.Session)
	}
}

func (e *evaluation) scanLevels(l Layer, levels [][]*Compiled) (done bool) {
	if !e.applies(l) {
		return false
	}
	for level, policies := range levels {
		e.allowed[l] = StatementRef{}
		if e.scanList(l, level, policies) {
			return true
		}
		// Each level must allow by itself. Levels of RCPs do: the policy
		// RCPFullAWSAccess is attached to each and cannot be taken off.
		e.scpClosed = e.scpClosed || l == SCPLayer && !e.allows(l)
	}
	return false
}

func (e *evaluation) scanOne(l Layer, c *Compiled) (done bool) {
	return e.applies(l) && e.scanPolicy(StatementRef{Layer: l}, c)
}

func (e *evaluation) scanList(l Layer, level int, policies []*Compiled) (done bool) {
	if !e.applies(l) {
		return false
	}
	for i, c := range policies {
		if e.scanPolicy(StatementRef{Layer: l, Level: level, Policy: i}, c) {
			return true
		}
	}
	return false
}

// scanPolicy looks at the statements of a policy that the action can match; with
// a recorder at all of them.
func (e *evaluation) scanPolicy(at StatementRef, c *Compiled) (done bool) {
	switch {
	case c == nil:
		return false
	case e.rec == nil && !e.action.oversize():
		for _, i := range c.index.find(&e.action) {
			at.Statement = int(i)
			if e.scanStatement(at, &c.statements[i]) {
				return true
			}
		}
		return false
	}
	for i := range c.statements {
		at.Statement = i
		if e.scanStatement(at, &c.statements[i]) {
			return true
		}
	}
	return false
}

func (e *evaluation) scanStatement(at StatementRef, s *statement) (done bool) {
	if e.rec == nil && s.effect == Allow && e.settled(at.Layer) {
		return false
	}
	if e.rec != nil {
		e.rec.open(at)
	}
	named, matches := e.match(at, s)
	if e.rec != nil {
		e.rec.close(named, matches)
	}
	switch {
	case !matches:
	case s.effect == Deny:
		if e.denied.Layer == NoLayer {
			e.denied = at
		}
		return e.rec == nil
	case s.effect == Allow:
		e.allow(at, named)
	}
	return false
}

// settled reports whether another Allow of the layer changes nothing.
func (e *evaluation) settled(l Layer) bool {
	return e.allows(l) && (l != ResourceLayer || e.grant == MatchUser)
}

// allow takes note of an Allow that matches.
func (e *evaluation) allow(at StatementRef, named PrincipalMatch) {
	if at.Layer != ResourceLayer {
		if !e.allows(at.Layer) {
			e.allowed[at.Layer] = at
		}
		return
	}
	if named.delegates() && e.delegation.Layer == NoLayer {
		e.delegation = at
	}
	if !e.allows(ResourceLayer) || named > e.grant {
		e.allowed[ResourceLayer], e.grant = at, named
	}
}

// match reports whether the statement is about the request, and how it names the
// caller. The elements are looked at in the order of their cost; a recorder is
// told of each.
func (e *evaluation) match(at StatementRef, s *statement) (named PrincipalMatch, matches bool) {
	if e.prospect != nil {
		return e.prospect.match(e, at, s)
	}
	r := e.req
	matches = e.note(actionElement, 0, s, s.actions.match(&e.action))
	if !matches && e.rec == nil {
		return NoPrincipalMatch, false
	}
	matches = e.note(resourceElement, 0, s, s.resources.match(&r.Context, r.Resource, at.Layer)) && matches
	if !matches && e.rec == nil {
		return NoPrincipalMatch, false
	}
	v := holds
	if s.principals != nil {
		named = s.principals.match(&r.Principal, s.effect)
		v = is(named != NoPrincipalMatch)
	} else if at.Layer.needsPrincipal() {
		v = unreadable
	}
	matches = e.note(principalElement, 0, s, v) && matches
	for i := range s.conditions {
		if !matches && e.rec == nil {
			return NoPrincipalMatch, false
		}
		matches = e.note(conditionElement, i, s, s.conditions[i].match(&r.Context)) && matches
	}
	return named, matches
}

// note returns whether an element with the verdict lets the statement match.
func (e *evaluation) note(which element, i int, s *statement, v verdict) bool {
	passes := v.passes(s.effect)
	if e.rec != nil {
		e.rec.note(note{which, i, v, passes})
	}
	return passes
}

// needsPrincipal reports whether policies of the layer say whom they are about.
func (l Layer) needsPrincipal() bool {
	return l == RCPLayer || l == EndpointLayer || l == ResourceLayer
}
