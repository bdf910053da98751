package iam

// Compiled is a policy in the form the evaluator runs. It is immutable and safe
// for concurrent use.
type Compiled struct {
	policy     *Policy
	name       string
	statements []statement
	index      actionIndex
}

// statement is one statement, ready to be matched. What it was written as is
// found in the policy at the same place.
type statement struct {
	effect     Effect
	actions    actionMatcher
	resources  resourceMatcher
	principals *principalMatcher // nil where the element is absent
	conditions []condition
}

// Policy returns the policy it was compiled from; nil for none.
func (c *Compiled) Policy() *Policy { return c.policy }

// Name returns what results call the policy: "CustomerManaged-POP.SQSEditor".
// It is empty where it was not named.
func (c *Compiled) Name() string { return c.name }

// Named returns the policy under a name for results. The two share everything
// else, so that one document attached in many places is compiled once.
func (c *Compiled) Named(name string) *Compiled {
	named := *c
	named.name = name
	return &named
}

// Compile returns the policy in the form the evaluator runs. The policy must
// not be changed afterwards.
//
// It never fails. What a document has that cannot be evaluated (an operator that
// does not exist, an element its kind of policy needs and that is missing, a
// pattern too long to be matched) makes its statement fail closed: as an Allow
// it matches nothing, as a Deny it matches as if that part held. A statement
// whose Effect is neither has no effect. [PolicySet.Explain] says so where it
// happens; [Read] refuses such documents.
func Compile(p *Policy) *Compiled {
	c := &Compiled{policy: p}
	if p == nil {
		return c
	}
	c.statements = make([]statement, len(p.Statements))
	for i := range p.Statements {
		c.statements[i] = compileStatement(&p.Statements[i], p)
	}
	c.index = indexActions(c.statements)
	return c
}

// CompileNamed is [Compile] followed by [Compiled.Named].
func CompileNamed(name string, p *Policy) *Compiled {
	c := Compile(p)
	c.name = name
	return c
}

func compileStatement(s *Statement, p *Policy) statement {
	variables := p.Variables()
	out := statement{
		effect:    s.Effect,
		actions:   compileActions(s.Actions),
		resources: compileResources(s.Resources, variables, p.Kind.Completes(s.Effect, s.Resources.Not)),
	}
	if s.Principals != nil {
		out.principals = compilePrincipals(s.Principals)
	}
	for i := range s.Conditions {
		out.conditions = append(out.conditions, compileCondition(&s.Conditions[i], variables))
	}
	return out
}
