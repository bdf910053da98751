package access

// Decide answers a request. It allocates nothing unless the rule that decides
// has an expression.
func (p *Policy) Decide(req *Request) Decision { return p.decide(req, nil) }

// decide finds the rule and evaluates it, recording the evaluation in trace
// unless that is nil.
func (p *Policy) decide(req *Request, trace *RequirementTrace) Decision {
	i := p.find(req)
	if i < 0 {
		return Decision{Outcome: Forbidden, Reason: ReasonNoRule, Rule: -1}
	}
	ev := evaluation{req: req, rule: &p.rules[i], anonymous: req.Session.Anonymous()}
	if ev.rule.tenant >= 0 {
		ev.tenant = segmentAt(req.Path, ev.rule.tenant)
	}
	a := ev.check(&ev.rule.need, trace)
	d := Decision{Rule: i, RuleID: ev.rule.id, Reason: a.reason}
	if len(ev.tenant) <= maxNameBytes {
		d.Tenant = ev.tenant
	}
	switch {
	case a.state == yes:
		d.Allowed, d.Outcome = true, Allow
	case a.flips && a.state != failed:
		d.Outcome, d.Reason = SignInRequired, ReasonSignInRequired
	case a.flips:
		d.Outcome = SignInRequired
	}
	return d
}

// state is what is known of a requirement. The zero state refuses.
type state uint8

const (
	no state = iota
	yes
	// unknown is what an anonymous caller is in a tenant.
	unknown
	// failed is an expression that has no value; it spreads to the whole.
	failed
	// skipped is a requirement that was not looked at; only traces have it.
	skipped
)

// String returns the word traces use.
func (s state) String() string {
	return [...]string{"no", "yes", "unknown", "error", "skipped"}[s]
}

// answer is the result of a requirement.
type answer struct {
	state state
	// flips is whether the caller is anonymous and signing in could change the
	// state. A refusal that does not flip never has ReasonSignInRequired.
	flips  bool
	reason Reason
}

// evaluation is one requirement being evaluated for one request.
type evaluation struct {
	req       *Request
	rule      *rule
	anonymous bool
	// tenant is the tenant the path names, empty when it names none.
	tenant string
}

// tenantOf returns the tenant a role or plan is asked of.
func (e *evaluation) tenantOf(r *requirement) string {
	switch r.segment {
	case -1:
		return r.tenant
	case e.rule.tenant:
		return e.tenant
	}
	return segmentAt(e.req.Path, r.segment)
}

// check evaluates a requirement. Recursion is bounded by [maxDepth].
func (e *evaluation) check(r *requirement, t *RequirementTrace) answer {
	var a answer
	switch r.kind {
	case Anyone:
		a = answer{state: yes, reason: ReasonAnyone}
	case SignedIn:
		a = answer{state: yes, reason: ReasonSignedIn}
		if e.anonymous {
			a = answer{state: no, flips: true, reason: ReasonSignInRequired}
		}
	case Role:
		a = e.member(e.anonymous || e.req.Session.HasRole(e.tenantOf(r), r.words...), ReasonRole, ReasonRoleRequired)
	case Plan:
		a = e.member(e.anonymous || e.req.Session.HasPlan(e.tenantOf(r), r.words...), ReasonPlan, ReasonPlanRequired)
	case When:
		a = e.when(r, t)
	case All:
		a = e.all(r, t)
	case Any:
		a = e.any(r, t)
	case Not:
		a = invert(e.check(&r.sub[0], t.child(e, r, 0)))
	}
	t.record(e, r, a)
	return a
}

// member is the answer to a question about a tenant, which has none for an
// anonymous caller.
func (e *evaluation) member(ok bool, granted, refused Reason) answer {
	switch {
	case e.anonymous:
		return answer{state: unknown, flips: true, reason: ReasonSignInRequired}
	case ok:
		return answer{state: yes, reason: granted}
	}
	return answer{state: no, reason: refused}
}

func (e *evaluation) when(r *requirement, t *RequirementTrace) answer {
	ok, err := r.expr.eval(e)
	flips := e.anonymous && r.expr.personal
	switch {
	case err != nil:
		t.fail(err)
		return answer{state: failed, flips: flips, reason: ReasonExpressionError}
	case ok:
		return answer{state: yes, flips: flips, reason: ReasonExpression}
	case flips:
		return answer{state: no, flips: true, reason: ReasonSignInRequired}
	}
	return answer{state: no, reason: ReasonExpressionFalse}
}

// all is settled by the first no; an unknown leaves it open for a later one.
// The reason is the first refusal's, of those signing in does not change if
// there are any, since signing in does not help then.
func (e *evaluation) all(r *requirement, t *RequirementTrace) answer {
	total := answer{state: yes}
	for i := range r.sub {
		a := e.check(&r.sub[i], t.child(e, r, i))
		switch {
		case a.state == failed:
			return a
		case a.state == yes && total.state == yes:
			total.flips, total.reason = total.flips || a.flips, a.reason
		case a.state == yes:
		case total.state == yes:
			total = a
		default:
			total = worse(total, a)
		}
		if total.state == no {
			break
		}
	}
	return total
}

// worse joins two refusals.
func worse(a, b answer) answer {
	if a.flips && !b.flips {
		a.flips, a.reason = false, b.reason
	}
	if b.state == no {
		a.state = no
	}
	return a
}

// any is settled by the first yes; it is unknown when nothing is and something
// is unknown.
func (e *evaluation) any(r *requirement, t *RequirementTrace) answer {
	var total answer
	for i := range r.sub {
		a := e.check(&r.sub[i], t.child(e, r, i))
		if a.state == yes || a.state == failed {
			return a
		}
		if i > 0 && a.reason != total.reason {
			a.reason = ReasonNoneMet
		}
		if total.state == unknown {
			a.state = unknown
		}
		a.flips = a.flips || total.flips
		total = a
	}
	return total
}

func invert(a answer) answer {
	switch a.state {
	case yes:
		a.state, a.reason = no, ReasonExcluded
	case no:
		a.state, a.reason = yes, ReasonNot
	}
	return a
}
