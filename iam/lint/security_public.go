package lint

import (
	"slices"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// publicPrincipals finds policies of resources that let everyone in.
func publicPrincipals(p *pass) {
	if p.policy.Kind != iam.ResourcePolicy {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Allow || s.Principals == nil || s.Principals.Not || p.limitsCallers(s.Conditions) || p.stopped(s) {
			return
		}
		for _, m := range members(s.Principals) {
			if m.text != "*" || m.key != "AWS" && m.key != "*" {
				continue
			}
			code, what := "SEC_PUBLIC_PRINCIPAL", "use"
			if p.changesThings(i) && !p.onlyInvokes(s) {
				code, what = "SEC_PUBLIC_WRITE", "change"
			}
			f := p.report(code, m.path(p.policy, i), "everyone may %s the resource", what)
			f.Help = "name the principals, or limit the statement by aws:PrincipalOrgID or the like"
			return
		}
	})
}

// invocations are actions that the reference calls writing and that only call
// what is there to be called.
var invocations = []string{
	"execute-api:Invoke", "lambda:InvokeAsync", "lambda:InvokeFunction", "lambda:InvokeFunctionUrl", "vpc-lattice-svcs:Invoke",
}

func (p *pass) onlyInvokes(s *iam.Statement) bool {
	return !s.Actions.Not && !slices.ContainsFunc(p.expandAll(s.Actions.Values), func(a *catalog.Action) bool {
		return a.Access != catalog.Read && a.Access != catalog.List && !slices.Contains(invocations, a.FullName())
	})
}

// stopped reports whether the policy denies what a statement allows to everyone
// but callers its author chose, or to everyone.
func (p *pass) stopped(allow *iam.Statement) bool {
	for i := range p.policy.Statements {
		s := &p.policy.Statements[i]
		if s.Effect != iam.Deny || !forEveryone(s.Principals) || len(s.Conditions) > 0 && !p.stopsCallers(s.Conditions) {
			continue
		}
		if coversActions(s, allow) && coversResources(s, allow) {
			return true
		}
	}
	return false
}

// coversActions reports whether a statement is about all actions that another is
// about.
func coversActions(s, other *iam.Statement) bool {
	if other.Actions.Not {
		return !s.Actions.Not && hasAllActions(s)
	}
	for _, pattern := range other.Actions.Values {
		if !coversAction(s, pattern) {
			return false
		}
	}
	return true
}

func hasAllActions(s *iam.Statement) bool {
	for _, pattern := range s.Actions.Values {
		if allActions(pattern) {
			return true
		}
	}
	return false
}

// coversAction reports whether a statement is about all that a pattern of Action
// stands for.
func coversAction(s *iam.Statement, pattern string) bool {
	for _, own := range s.Actions.Values {
		if s.Actions.Not && glob.OverlapFold(own, pattern) {
			return false
		}
		if !s.Actions.Not && glob.CoversFold(own, pattern) {
			return true
		}
	}
	return s.Actions.Not
}

// coversResources reports whether a statement is about all resources that
// another is about.
func coversResources(s, other *iam.Statement) bool {
	if s.Resources.Absent() || other.Resources.Absent() {
		return s.Resources.Absent() || coversResource(s, "*")
	}
	if other.Resources.Not {
		return coversResource(s, "*")
	}
	for _, pattern := range other.Resources.Values {
		if !coversResource(s, pattern) {
			return false
		}
	}
	return true
}
