package iam

// Explanation is the answer to a request with all that led to it. Its JSON form
// is stable.
type Explanation struct {
	Decision Outcome `json:"decision"`
	Reason   Reason  `json:"reason"`
	// DecidedBy are the statements that decided: the Deny; or the Allow that
	// granted, and where two sides had to allow, the one of the other side.
	DecidedBy []Decider `json:"decidedBy"`
	// Layers says of each layer what it had to say.
	Layers LayerResults `json:"layers"`
	// NearMisses are Allow statements that would have helped and failed, those
	// first that lacked least; at most five.
	NearMisses []NearMiss `json:"nearMisses"`
	// Suggest is what would get the request past where it was stopped.
	Suggest []Suggestion `json:"suggest"`
	// Trace is every statement of every layer that applies, in the order of the
	// layers. Set it to nil to leave it out of the JSON.
	Trace []TracedStatement `json:"trace,omitempty"`

	from *explainer // nil for the zero value
}

// Decider is a statement that decided.
type Decider struct {
	// Policy is the policy's place in the set: "identity[1]", "scps[0][2]".
	Policy string `json:"policy"`
	// Name is the policy's name; empty where it has none.
	Name string `json:"name"`
	// Index is the statement's place in the policy.
	Index int `json:"index"`
	// Sid is the statement's name; empty where it has none.
	Sid    string `json:"sid"`
	Effect Effect `json:"effect"`
	// Matched is what of the statement is about the request.
	Matched Matched `json:"matched"`
	// PrincipalKind is how the statement names the caller; nil where it names
	// nobody.
	PrincipalKind *PrincipalMatch `json:"principalKind"`
}

// Matched are the values of a statement that match a request; nil where the
// element is absent or is in its Not form, which matches by matching nothing.
type Matched struct {
	Action    *string `json:"action"`
	Resource  *string `json:"resource"`
	Principal *string `json:"principal"`
}

// LayerResult is what a layer has to say about a request.
type LayerResult uint8

// The results of layers.
const (
	// NotApplicable is a layer that has no say.
	NotApplicable LayerResult = iota
	// LayerImplicit is a layer in which nothing matches.
	LayerImplicit
	// LayerAllow is a layer that allows.
	LayerAllow
	// LayerDeny is a layer with a Deny that matches.
	LayerDeny
)

// String returns "n/a", "implicit", "allow" or "deny".
func (r LayerResult) String() string { return [...]string{"n/a", "implicit", "allow", "deny"}[r] }

// MarshalText implements [encoding.TextMarshaler].
func (r LayerResult) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LayerResults are the results of all layers.
type LayerResults struct {
	SCP      LayerResult `json:"scp"`
	RCP      LayerResult `json:"rcp"`
	Endpoint LayerResult `json:"endpoint"`
	Resource LayerResult `json:"resource"`
	Identity LayerResult `json:"identity"`
	Boundary LayerResult `json:"boundary"`
	Session  LayerResult `json:"session"`
}

// Of returns the result of one layer.
func (r *LayerResults) Of(l Layer) LayerResult { return *r.of(l) }

func (r *LayerResults) of(l Layer) *LayerResult {
	switch l {
	case SCPLayer:
		return &r.SCP
	case RCPLayer:
		return &r.RCP
	case EndpointLayer:
		return &r.Endpoint
	case ResourceLayer:
		return &r.Resource
	case IdentityLayer:
		return &r.Identity
	case BoundaryLayer:
		return &r.Boundary
	case SessionLayer:
		return &r.Session
	}
	return new(LayerResult)
}

// Allowed reports whether the request may go on.
func (x Explanation) Allowed() bool { return x.Decision == Allowed }

// Explain answers a request as [PolicySet.Decide] does, by running the same
// code, and says what led to the answer. The set and the policies in it must not
// change while the explanation is in use.
func (s *PolicySet) Explain(r *Request) Explanation {
	req := *r
	x := &explainer{evaluation: evaluation{set: s, req: &req, rec: &recorder{}}}
	x.decision = x.decide()
	x.open = x.openLevels()
	return Explanation{
		Decision: x.decision.Outcome, Reason: x.decision.Reason,
		DecidedBy: x.decidedBy(), Layers: x.layers(),
		NearMisses: x.nearMisses(), Suggest: x.suggestions(), Trace: x.trace(),
		from: x,
	}
}

// explainer reads what the recorder took down.
type explainer struct {
	evaluation
	decision Decision
	open     map[int]bool // openLevels
}

// Policy returns the policy that a reference names; nil where there is none.
func (s *PolicySet) Policy(at StatementRef) *Compiled {
	var list []*Compiled
	switch at.Layer {
	case SCPLayer, RCPLayer:
		levels := s.SCPs
		if at.Layer == RCPLayer {
			levels = s.RCPs
		}
		if at.Level < len(levels) {
			list = levels[at.Level]
		}
	case EndpointLayer:
		list = []*Compiled{s.Endpoint}
	case ResourceLayer:
		list = []*Compiled{s.Resource}
	case IdentityLayer:
		list = s.Identity
	case BoundaryLayer:
		list = []*Compiled{s.Boundary}
	case SessionLayer:
		list = s.Session
	}
	if at.Policy >= len(list) {
		return nil
	}
	return list[at.Policy]
}

// Statement returns the statement that a reference names; nil where there is
// none.
func (s *PolicySet) Statement(at StatementRef) *Statement {
	c := s.Policy(at)
	if c == nil || at.Statement >= len(c.statements) {
		return nil
	}
	return &c.policy.Statements[at.Statement]
}

func (x *explainer) decidedBy() []Decider {
	out := []Decider{}
	d := x.decision
	if d.By.Layer == NoLayer {
		return out
	}
	out = append(out, x.decider(d.By))
	switch {
	case d.Reason == AllowIdentity && x.strict():
		out = append(out, x.decider(x.delegation))
	case d.Reason == AllowCrossAccount && x.allows(IdentityLayer):
		out = append(out, x.decider(x.allowed[IdentityLayer]))
	}
	return out
}

func (x *explainer) decider(at StatementRef) Decider {
	c := x.set.Policy(at)
	s := x.set.Statement(at)
	d := Decider{
		Policy: at.PolicyName(), Name: c.Name(), Index: at.Statement, Sid: s.sid(), Effect: s.Effect,
		Matched: Matched{Action: x.matchedAction(s), Resource: x.matchedResource(s, &c.statements[at.Statement])},
	}
	if s.Principals != nil {
		kind := compilePrincipals(s.Principals).match(&x.req.Principal, s.Effect)
		d.PrincipalKind = &kind
		d.Matched.Principal = x.matchedPrincipal(s.Principals, kind)
	}
	return d
}

func (s *Statement) sid() string {
	if s.Sid == nil {
		return ""
	}
	return *s.Sid
}

func (x *explainer) matchedAction(s *Statement) *string {
	if s.Actions.Not {
		return nil
	}
	for i := range s.Actions.Values {
		m := compileActions(Elements{Values: s.Actions.Values[i : i+1]})
		if m.match(&x.action) == holds {
			return &s.Actions.Values[i]
		}
	}
	return nil
}

func (x *explainer) matchedResource(s *Statement, c *statement) *string {
	if s.Resources.Not {
		return nil
	}
	for i := range c.resources.patterns {
		if matchesSome(c.resources.patterns[i:i+1], &x.req.Context, x.req.Resource) == holds {
			return &s.Resources.Values[i]
		}
	}
	return nil
}

// matchedPrincipal returns the value that names the caller in the way of kind.
func (x *explainer) matchedPrincipal(p *Principals, kind PrincipalMatch) *string {
	if p.Not {
		return nil
	}
	if p.Star && kind == MatchWild {
		star := "*"
		return &star
	}
	for _, e := range p.Entries {
		for i := range e.Values {
			one := Principals{Entries: []PrincipalEntry{{Key: e.Key, Values: e.Values[i : i+1]}}}
			if compilePrincipals(&one).named(&x.req.Principal) == kind {
				return &e.Values[i]
			}
		}
	}
	return nil
}

// layers returns what each layer had to say.
func (x *explainer) layers() LayerResults {
	var r LayerResults
	if x.decision.Reason == AllowAlways {
		return r
	}
	for l := SCPLayer; l <= SessionLayer; l++ {
		if x.applies(l) {
			*r.of(l) = LayerImplicit
		}
		if x.applies(l) && x.allows(l) {
			*r.of(l) = LayerAllow
		}
	}
	switch {
	case r.SCP != NotApplicable && x.scpClosed:
		r.SCP = LayerImplicit
	case r.RCP != NotApplicable:
		r.RCP = LayerAllow // by the implicit RCPFullAWSAccess
	}
	if x.req.Principal.Kind == Root {
		r.Identity = LayerAllow
	}
	for _, rec := range x.rec.statements {
		if rec.matches && x.set.Statement(rec.at).Effect == Deny {
			*r.of(rec.at.Layer) = LayerDeny
		}
	}
	return r
}
