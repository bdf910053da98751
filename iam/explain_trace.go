package iam

import (
	"cmp"
	"slices"
	"strings"
)

// recorder takes down what an evaluation sees.
type recorder struct {
	statements []record
}

// record is one statement, looked at.
type record struct {
	at      StatementRef
	named   PrincipalMatch
	matches bool
	notes   []note
}

// note is what one element says.
type note struct {
	which   element
	i       int // the place of a condition
	verdict verdict
	passes  bool
}

// element is a kind of element of a statement.
type element uint8

const (
	actionElement element = iota
	resourceElement
	principalElement
	conditionElement
)

func (r *recorder) open(at StatementRef) {
	r.statements = append(r.statements, record{at: at})
}

func (r *recorder) note(n note) {
	last := &r.statements[len(r.statements)-1]
	last.notes = append(last.notes, n)
}

func (r *recorder) close(named PrincipalMatch, matches bool) {
	last := &r.statements[len(r.statements)-1]
	last.named, last.matches = named, matches
}

// TracedStatement is one statement and what each of its elements says.
type TracedStatement struct {
	Policy string `json:"policy"`
	Name   string `json:"name,omitempty"`
	Index  int    `json:"index"`
	Sid    string `json:"sid,omitempty"`
	Effect Effect `json:"effect"`
	// Matched is set where the statement is about the request.
	Matched bool `json:"matched"`
	// Elements are those the statement has, in the order in which they are
	// looked at; conditions one by one.
	Elements []Check `json:"elements"`
}

// Check is one element, looked at.
type Check struct {
	Pass bool `json:"pass"`
	Failure
}

// Failure is why an element is not about a request.
type Failure struct {
	// Element is "Action", "NotAction", "Resource", "NotResource", "Principal",
	// "NotPrincipal" or "Condition".
	Element string `json:"element"`
	// Operator and Key are those of a condition, as written.
	Operator string `json:"operator,omitempty"`
	Key      string `json:"key,omitempty"`
	// Want are the values of the policy, as written.
	Want []string `json:"want,omitempty"`
	// Got are the values of the request.
	Got []string `json:"got,omitempty"`
	Why Why      `json:"why,omitempty"`
	// Variable is the one that has no value, as written.
	Variable string `json:"variable,omitempty"`

	// resolved are the values of the policy with their variables replaced,
	// where they have any.
	resolved []string
}

// Why is the stable code of why an element fails.
type Why string

// The codes. Behind the first two stands what cannot be told: an Allow fails in
// it, and a Deny does where nothing else in the element is about the request.
const (
	WhyValueDiffers     Why = "value-differs"
	WhyKeyAbsent        Why = "key-absent"
	WhyType             Why = "type"
	WhyUnresolved       Why = "unresolved-variable"
	WhyNeedsSetOperator Why = "needs-set-operator"
	WhyUnknownOperator  Why = "unknown-operator"
	WhyMissing          Why = "element-missing"
	WhyUnreadable       Why = "unreadable"
)

// NearMiss is an Allow statement that failed.
type NearMiss struct {
	Policy string `json:"policy"`
	Name   string `json:"name,omitempty"`
	Index  int    `json:"index"`
	Sid    string `json:"sid,omitempty"`
	// Failed are the elements it failed in.
	Failed []Failure `json:"failed"`
}

func (x *explainer) trace() []TracedStatement {
	var out []TracedStatement
	for i := range x.rec.statements {
		rec := &x.rec.statements[i]
		c, s := x.set.Policy(rec.at), x.set.Statement(rec.at)
		t := TracedStatement{
			Policy: rec.at.PolicyName(), Name: c.Name(), Index: rec.at.Statement, Sid: s.sid(),
			Effect: s.Effect, Matched: rec.matches,
		}
		for _, n := range rec.notes {
			if n.which.absentFrom(s) && n.verdict == holds {
				continue
			}
			check := Check{Pass: n.passes, Failure: x.failure(rec.at, n)}
			if n.verdict == holds {
				f := check.Failure
				check.Failure = Failure{Element: f.Element, Operator: f.Operator, Key: f.Key}
			}
			t.Elements = append(t.Elements, check)
		}
		out = append(out, t)
	}
	return out
}

// absentFrom reports whether the statement does not have the element.
func (e element) absentFrom(s *Statement) bool {
	switch e {
	case actionElement:
		return s.Actions.Absent()
	case resourceElement:
		return s.Resources.Absent()
	case principalElement:
		return s.Principals == nil
	}
	return false
}

// maxNearMisses is how many near misses are told: more than a person reads.
const maxNearMisses = 5

// nearMisses returns the Allow statements that failed in the layers where one
// was needed.
func (x *explainer) nearMisses() []NearMiss {
	type candidate struct {
		rec      *record
		elements int // how many kinds of elements failed
		failed   []note
	}
	var all []candidate
	for i := range x.rec.statements {
		rec := &x.rec.statements[i]
		if rec.matches || x.set.Statement(rec.at).Effect != Allow || !x.wanted(rec.at) {
			continue
		}
		c := candidate{rec: rec}
		var kinds [conditionElement + 1]bool
		for _, n := range rec.notes {
			if n.passes {
				continue
			}
			c.failed = append(c.failed, n)
			if !kinds[n.which] {
				kinds[n.which] = true
				c.elements++
			}
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(a.elements-b.elements, len(a.failed)-len(b.failed))
	})
	out := []NearMiss{}
	for _, c := range all[:min(len(all), maxNearMisses)] {
		s := x.set.Statement(c.rec.at)
		m := NearMiss{
			Policy: c.rec.at.PolicyName(), Name: x.set.Policy(c.rec.at).Name(),
			Index: c.rec.at.Statement, Sid: s.sid(),
		}
		for _, n := range c.failed {
			m.Failed = append(m.Failed, x.failure(c.rec.at, n))
		}
		out = append(out, m)
	}
	return out
}

// wanted reports whether an Allow at this place would have helped.
func (x *explainer) wanted(at StatementRef) bool {
	if at.Layer == SCPLayer && x.decision.Reason == NoAllowSCP {
		return !x.open[at.Level]
	}
	return slices.Contains(x.stoppedAt(), at.Layer)
}

// openLevels returns the levels of the SCPs in which an Allow matches.
func (x *explainer) openLevels() map[int]bool {
	open := map[int]bool{}
	for _, rec := range x.rec.statements {
		if rec.at.Layer == SCPLayer && rec.matches && x.set.Statement(rec.at).Effect == Allow {
			open[rec.at.Level] = true
		}
	}
	return open
}

// stoppedAt returns the layers in which an Allow would have got the request
// further, the usual one first.
func (x *explainer) stoppedAt() []Layer {
	switch x.decision.Reason {
	case NoAllow:
		if x.req.Principal.Kind.inAccount() {
			return []Layer{IdentityLayer, ResourceLayer}
		}
		return []Layer{ResourceLayer}
	case NoAllowSCP:
		return []Layer{SCPLayer}
	case NoAllowEndpoint:
		return []Layer{EndpointLayer}
	case NoAllowBoundary:
		return []Layer{BoundaryLayer}
	case NoAllowSession:
		return []Layer{SessionLayer}
	case NoAllowTrust, NoAllowKeyPolicy, NoAllowFromResource:
		return []Layer{ResourceLayer}
	case NoAllowFromIdentity:
		return []Layer{IdentityLayer}
	}
	return nil
}

// failure describes what an element says, whether it fails or not.
func (x *explainer) failure(at StatementRef, n note) Failure {
	s := x.set.Statement(at)
	var f Failure
	switch n.which {
	case actionElement:
		f = Failure{Element: notName("Action", s.Actions.Not), Want: s.Actions.Values, Got: []string{x.req.Action}}
	case resourceElement:
		f = Failure{Element: notName("Resource", s.Resources.Not), Want: s.Resources.Values, Got: []string{x.req.Resource}}
		f.addVariables(x.set.Policy(at).policy, &x.req.Context)
	case principalElement:
		f = Failure{Element: "Principal", Got: x.req.Principal.names()}
		if s.Principals != nil {
			f.Element, f.Want = notName("Principal", s.Principals.Not), s.Principals.values()
		}
	case conditionElement:
		return x.conditionFailure(at, n)
	}
	switch {
	case n.which.absentFrom(s):
		f.Why = WhyMissing
	case n.verdict == unresolved, n.verdict == besides:
		f.Why = WhyUnresolved
	case n.verdict == unreadable:
		f.Why = WhyUnreadable
	case n.verdict == fails:
		f.Why = WhyValueDiffers
	}
	return f
}

func notName(element string, not bool) string {
	if not {
		return "Not" + element
	}
	return element
}

// values returns all principals of the element.
func (p *Principals) values() []string {
	if p.Star {
		return []string{"*"}
	}
	var out []string
	for _, e := range p.Entries {
		out = append(out, e.Values...)
	}
	return out
}

// names returns the names a policy can call the principal by.
func (p *Principal) names() []string {
	var out []string
	for _, s := range []string{p.ARN, p.RoleARN, p.UserARN, p.Service, p.Provider} {
		if s != "" {
			out = append(out, s)
		}
	}
	if out == nil {
		out = []string{p.Kind.String()}
	}
	return out
}

func (x *explainer) conditionFailure(at StatementRef, n note) Failure {
	c := &x.set.Statement(at).Conditions[n.i]
	values := x.req.Context.keys[strings.ToLower(c.Key)].Values
	f := Failure{Element: "Condition", Operator: c.Written, Key: c.Key, Got: values}
	for _, v := range c.Values {
		f.Want = append(f.Want, v.Text)
	}
	if _, textual := c.Operator.Test.wildcards(); textual {
		f.addVariables(x.set.Policy(at).policy, &x.req.Context)
	}
	compiled := &x.set.Policy(at).statements[at.Statement].conditions[n.i]
	switch {
	case compiled.broken:
		f.Why = WhyUnknownOperator
	case n.verdict == unresolved, n.verdict == besides:
		f.Why = WhyUnresolved
	case n.verdict == holds:
	case len(values) > 1 && c.Operator.Qualifier == SingleValue && c.Operator.Test != Null:
		f.Why = WhyNeedsSetOperator
	case n.verdict == unreadable:
		f.Why = compiled.unreadable()
	case len(x.req.Context.valuesOf(compiled.key)) == 0:
		f.Why = WhyKeyAbsent
	default:
		f.Why = WhyValueDiffers
	}
	return f
}

// unreadable returns why a value cannot be read: as a text it is too long or has
// a broken variable, as anything else, or as an ARN, it is of another type.
func (c *condition) unreadable() Why {
	if c.operator.Test.Family() == StringFamily || c.operator.Test.Family() == ARNFamily && !c.misread {
		return WhyUnreadable
	}
	return WhyType
}

// addVariables notes what the values are with their variables replaced, and the
// first variable that has no value.
func (f *Failure) addVariables(p *Policy, c *Context) {
	if !p.Variables() {
		return
	}
	for _, want := range f.Want {
		var text strings.Builder
		for _, part := range ParseTemplate(want, VariableSyntax) {
			switch part.Kind {
			case Variable:
				part.Text = strings.ToLower(part.Text)
				value, ok := part.resolve(c)
				if !ok && f.Variable == "" {
					f.Variable = variableIn(want, part.Text)
				}
				text.WriteString(value)
			default:
				text.WriteString(part.Text)
			}
		}
		f.resolved = append(f.resolved, text.String())
	}
}

// variableIn returns the key of a variable as the text writes it.
func variableIn(text, lowerKey string) string {
	for _, part := range ParseTemplate(text, VariableSyntax) {
		if part.Kind == Variable && strings.EqualFold(part.Text, lowerKey) {
			return part.Text
		}
	}
	return lowerKey
}
