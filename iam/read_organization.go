package iam

import (
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// rcpRules checks a statement of a resource control policy: customers write Deny
// for everybody; the one Allow there is is the vendor's RCPFullAWSAccess
// (Organizations User Guide, "RCP syntax").
func (r *reader) rcpRules(i int, s *Statement, e elements) {
	if s.Principals != nil && (s.Principals.Not || !s.Principals.Star) {
		m := e.principal
		if m == nil {
			m = e.notPrincipal
		}
		r.refuse(fault{codeRCPPrincipal, "resource control policy names principals", `write "Principal": "*" and limit it with Condition`},
			StatementPath(i)+"."+m.Name, r.span(&m.Value))
	}
	if s.Effect == Allow && !fullAccess(s) {
		r.tolerate(fault{codeRCPAllow, "resource control policy allows", `write "Effect": "Deny": the policy RCPFullAWSAccess allows already`},
			StatementPath(i)+".Effect", r.span(&e.effect.Value))
	}
	if e.notAction != nil {
		r.tolerate(fault{codeRCPNotAction, "NotAction has no place in a resource control policy", "list the actions in Action"},
			StatementPath(i)+".NotAction", r.nameSpan(e.notAction))
	}
}

// fullAccess reports whether a statement is about everything without condition.
func fullAccess(s *Statement) bool {
	star := func(e Elements) bool { return !e.Not && len(e.Values) == 1 && e.Values[0] == "*" }
	return star(s.Actions) && star(s.Resources) && len(s.Conditions) == 0
}

// legacySCPRules checks a statement against the rules from before September
// 2025: Allow took actions for "*" only, and wildcards stood at the end of an
// action.
func (r *reader) legacySCPRules(i int, s *Statement, e elements) {
	tolerate := func(f fault, m *jsonsource.Member) {
		r.tolerate(f, StatementPath(i)+"."+m.Name, r.nameSpan(m))
	}
	if e.notResource != nil {
		tolerate(fault{codeSCPNotResource, "service control policy has NotResource", "list the resources in Resource"}, e.notResource)
	}
	r.legacySCPActions(i, s)
	if s.Effect != Allow {
		return
	}
	if e.condition != nil {
		tolerate(fault{codeSCPAllowCondition, "Allow of a service control policy has a condition", "move it to a Deny"}, e.condition)
	}
	if e.notAction != nil {
		tolerate(fault{codeSCPAllowNotAction, "Allow of a service control policy has NotAction", "list the actions in Action"}, e.notAction)
	}
	if e.resource != nil && !(len(s.Resources.Values) == 1 && s.Resources.Values[0] == "*") {
		tolerate(fault{codeSCPAllowResource, "Allow of a service control policy names resources", `write "Resource": "*"`}, e.resource)
	}
}

func (r *reader) legacySCPActions(i int, s *Statement) {
	for j, action := range s.Actions.Values {
		if k := strings.IndexAny(action, "*?"); k < 0 || k == len(action)-1 {
			continue
		}
		path := elementPath(i, "Action", s.Actions, j)
		at, _ := r.policy.Span(path)
		r.tolerate(fault{codeSCPActionWildcard, "action " + quoted(action) + " has a wildcard before its end", "let the wildcard stand alone or last"}, path, at)
	}
}
