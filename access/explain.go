package access

import (
	"fmt"
	"strings"
)

// Trace is a decision with how it came about.
type Trace struct {
	// Decision is what [Policy.Decide] answers to the same request.
	Decision Decision `json:"decision"`
	// Rules are the rules in order up to the one that decided; all of them
	// when none matched.
	Rules []RuleTrace `json:"rules"`
	// Note says why no rule was asked at all, when none was.
	Note string `json:"note,omitempty"`
}

// RuleTrace is how one rule took a request.
type RuleTrace struct {
	Rule int    `json:"rule"`
	ID   string `json:"id"`
	Path string `json:"path"`
	// Matched is whether the rule is for the request.
	Matched bool `json:"matched"`
	// Failed is what did not match: "path", "method" or "host"; empty when
	// Matched.
	Failed string `json:"failed,omitempty"`
	// Params are the values of the path's parameters, when Matched.
	Params []Param `json:"params,omitempty"`
	// Requirement is how the requirement was answered, when Matched.
	Requirement *RequirementTrace `json:"requirement,omitempty"`
}

// Param is a parameter of a path and its value in a request.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RequirementTrace is how one requirement was answered.
type RequirementTrace struct {
	Kind Kind `json:"kind"`
	// Result is "yes", "no", "unknown" (a question about an anonymous caller),
	// "error", or "skipped" when the others had settled it.
	Result string `json:"result"`
	// Text says what was needed and what there was: "needs role manager of
	// acme; caller has contributor".
	Text string `json:"text"`
	// Sub are the parts of a combination.
	Sub []RequirementTrace `json:"sub,omitempty"`

	err error
}

// Explain answers a request as [Policy.Decide] does and says how it came to
// the answer.
func (p *Policy) Explain(req *Request) Trace {
	var need RequirementTrace
	t := Trace{Decision: p.decide(req, &need), Rules: []RuleTrace{}}
	if p == nil {
		t.Note = "there are no rules"
		return t
	}
	if _, ok := canonical(req.Path); !ok {
		t.Note = "the path is not canonical, so no rule is asked"
		return t
	}
	last := t.Decision.Rule
	for i := range p.rules {
		step := p.step(req, i)
		if i == last {
			step.Requirement = &need
		}
		t.Rules = append(t.Rules, step)
		if i == last {
			break
		}
	}
	return t
}

// step says whether a rule is for the request.
func (p *Policy) step(req *Request, i int) RuleTrace {
	r := &p.rules[i]
	step := RuleTrace{Rule: i, ID: r.id, Path: p.source[i].Path}
	switch {
	case !r.pattern.matches(req.Path):
		step.Failed = "path"
	case !r.methods.has(methodBit(req.Method)):
		step.Failed = "method"
	case !hostsMatch(r.hosts, bareHost(req.Host)):
		step.Failed = "host"
	default:
		step.Matched, step.Params = true, r.params(req.Path)
	}
	return step
}

// params returns the parameters of a path the rule matches.
func (r *rule) params(path string) []Param {
	var out []Param
	for i, s := range r.pattern.segments {
		if s.name != "" {
			out = append(out, Param{Name: s.name, Value: segmentAt(path, i)})
		}
	}
	return out
}

// child returns the trace of the ith part, nil when nothing is recorded. All
// parts are there from the first on, as skipped.
func (t *RequirementTrace) child(e *evaluation, r *requirement, i int) *RequirementTrace {
	if t == nil {
		return nil
	}
	if t.Sub == nil {
		t.Sub = make([]RequirementTrace, len(r.sub))
		for j := range t.Sub {
			t.Sub[j].skip(e, &r.sub[j])
		}
	}
	return &t.Sub[i]
}

func (t *RequirementTrace) skip(e *evaluation, r *requirement) {
	t.Kind, t.Result, t.Text = r.kind, skipped.String(), needs(e, r)
	for i := range r.sub {
		t.child(e, r, i)
	}
}

// fail keeps the error of an expression for the text.
func (t *RequirementTrace) fail(err error) {
	if t != nil {
		t.err = err
	}
}

// record fills the trace of an evaluated requirement.
func (t *RequirementTrace) record(e *evaluation, r *requirement, a answer) {
	if t == nil {
		return
	}
	t.Kind, t.Result, t.Text = r.kind, a.state.String(), needs(e, r)
	if found := has(e, r, a, t.err); found != "" {
		t.Text += "; " + found
	}
}

// needs says what a requirement asks for in this request.
func needs(e *evaluation, r *requirement) string {
	switch r.kind {
	case Anyone:
		return "anyone may"
	case SignedIn:
		return "needs a signed-in user"
	case Role, Plan:
		return fmt.Sprintf("needs %s %s of %s", r.kind, orList(r.words), e.tenantOf(r))
	case When:
		return "needs " + r.expr.source
	case All:
		return "needs all of these"
	case Any:
		return "needs one of these"
	}
	return "needs the opposite of this"
}

// has says what the caller has of it.
func has(e *evaluation, r *requirement, a answer, err error) string {
	switch r.kind {
	case SignedIn, Role, Plan:
		return caller(e, r)
	case When:
		if err != nil {
			return "it cannot be evaluated: " + err.Error()
		}
		return fmt.Sprintf("it is %t", a.state == yes)
	}
	return ""
}

func caller(e *evaluation, r *requirement) string {
	if e.anonymous {
		return "caller is anonymous"
	}
	if r.kind == SignedIn {
		return "caller is user " + e.req.Session.User.ID
	}
	tenant := e.tenantOf(r)
	m := e.req.Session.In(tenant)
	if m == nil {
		return "caller does not belong to " + tenant
	}
	words, none := m.Roles, "caller has no role there"
	if r.kind == Plan {
		words, none = m.Plans, tenant+" has no plan"
	}
	if len(words) == 0 {
		return none
	}
	if r.kind == Plan {
		return tenant + " has " + strings.Join(words, ", ")
	}
	return "caller has " + strings.Join(words, ", ")
}
