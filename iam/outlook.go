package iam

// Outlook is what may become of a request of which some condition keys are not
// known.
type Outlook struct {
	// Best and Worst are the answers where each condition on an unknown key turns
	// out as the caller would have it, and as it would not. Each condition is taken
	// by itself: two that contradict each other both hold in Best. So where Best
	// does not allow, nothing does; where Worst allows, everything does.
	Best, Worst Decision
	// Needs are what Best takes for granted, in the order of the layers. It is
	// empty where Best does not allow or both are one.
	Needs []Need
}

// Need is a statement that has to turn out well: an Allow has to match, a Deny
// must not.
type Need struct {
	At     StatementRef
	Effect Effect
	// Conditions are the places in the statement's conditions of those that ask
	// for unknown keys, or compare with one. Of an Allow all have to hold, of a
	// Deny one must not.
	Conditions []int
	// Resource is set where the statement's resource is made of an unknown key.
	Resource bool
}

// Outlook answers a request for every value that unknown keys may have. A key
// that the request's context has is known, as is one of which unknown says no:
// that one is absent. Keys are passed in lower case.
//
// IAM User Guide, "Policy evaluation logic"; the same code decides as in
// [PolicySet.Decide].
func (s *PolicySet) Outlook(r *Request, unknown func(key string) bool) Outlook {
	p := &prospect{unknown: func(key string) bool {
		_, known := r.Context.Get(key)
		return !known && unknown(key)
	}, best: true}
	o := Outlook{Best: p.decide(s, r)}
	o.Worst = o.Best
	if len(p.needs) == 0 {
		return o
	}
	o.Worst = (&prospect{unknown: p.unknown}).decide(s, r)
	if o.Best.Allowed() && !o.Worst.Allowed() {
		o.Best, o.Needs = p.fewest(s, r, o.Best)
	}
	return o
}

// prospect decides with unknown keys as the caller would have them, or the
// contrary.
type prospect struct {
	unknown func(key string) bool
	best    bool
	// refused are statements that are not to match.
	refused map[StatementRef]bool
	needs   []Need
}

func (p *prospect) decide(s *PolicySet, r *Request) Decision {
	p.needs = nil
	e := evaluation{set: s, req: r, prospect: p}
	return e.decide()
}

// maxTried bounds how many statements fewest tries to do without: for each it
// decides anew.
const maxTried = 100

// fewest drops what is not needed: an Allow in whose place another matches
// whatever the keys are.
func (p *prospect) fewest(s *PolicySet, r *Request, best Decision) (Decision, []Need) {
	p.refused = map[StatementRef]bool{}
	needs := p.needs
	for _, n := range needs[:min(len(needs), maxTried)] {
		if n.Effect != Allow {
			continue
		}
		p.refused[n.At] = true
		if d := p.decide(s, r); d.Allowed() && len(p.needs) < len(needs) {
			best, needs = d, p.needs
		} else {
			delete(p.refused, n.At)
		}
	}
	return best, needs
}

// match is [evaluation.match] for a request whose keys are not all known.
func (p *prospect) match(e *evaluation, at StatementRef, s *statement) (named PrincipalMatch, matches bool) {
	if p.refused[at] || !s.actions.match(&e.action).passes(s.effect) {
		return NoPrincipalMatch, false
	}
	need := Need{At: at, Effect: s.effect}
	v, certain := p.resource(s, e.req, at.Layer)
	need.Resource = !certain
	if certain && !v.passes(s.effect) {
		return NoPrincipalMatch, false
	}
	v = holds
	if s.principals != nil {
		named = s.principals.match(&e.req.Principal, s.effect)
		v = is(named != NoPrincipalMatch)
	} else if at.Layer.needsPrincipal() {
		v = unreadable
	}
	if !v.passes(s.effect) {
		return NoPrincipalMatch, false
	}
	for i := range s.conditions {
		switch c := &s.conditions[i]; {
		case !c.broken && (p.unknown(c.key) || p.some(c.variables)):
			need.Conditions = append(need.Conditions, i)
		case !c.match(&e.req.Context).passes(s.effect):
			return NoPrincipalMatch, false
		}
	}
	if !need.Resource && len(need.Conditions) == 0 {
		return named, true
	}
	p.needs = append(p.needs, need)
	return named, p.best == (s.effect == Allow)
}

// some reports whether one of the variables is unknown.
func (p *prospect) some(variables []Part) bool {
	for i := range variables {
		if p.unknown(variables[i].Text) {
			return true
		}
	}
	return false
}

// resource reports what the element says about the request's resource; certain
// is false where that depends on an unknown key. A variable that turns out to
// have no value keeps an Allow from matching, so that nothing in its list makes
// a match certain; a Deny goes by the rest of the list.
func (p *prospect) resource(s *statement, r *Request, l Layer) (v verdict, certain bool) {
	m := &s.resources
	if !p.some(m.variables) {
		return m.match(&r.Context, r.Resource, l), true
	}
	listed, possibly := false, false
	for i := range m.patterns {
		pattern := &m.patterns[i]
		switch {
		case p.some(pattern.variables):
			possibly = possibly || p.open(pattern).matchExpanded(&r.Context, r.Resource) != fails
		case resolved(pattern.variables, &r.Context):
			v = pattern.match(&r.Context, r.Resource)
			listed, possibly = listed || v == holds, possibly || v == unreadable
		case s.effect == Allow:
			return unresolved, true
		}
	}
	switch {
	case listed: // whatever the others are
		return is(!m.not), m.not || s.effect == Deny
	case possibly:
		return fails, false
	}
	return is(m.not), !m.not || s.effect == Deny
}

// open returns the pattern with "*" for each unknown variable.
func (p *prospect) open(from *pattern) *pattern {
	to := *from
	to.parts = append(Template(nil), from.parts...)
	for i := range to.parts {
		if to.parts[i].Kind == Variable && p.unknown(to.parts[i].Text) {
			to.parts[i] = Part{Kind: AnyRun}
		}
	}
	return &to
}
