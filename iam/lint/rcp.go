package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// A resource control policy denies to everybody, services that act for you among
// them. Requests of services have no key about a principal, and those of
// principals none about a source; a negated test holds without its key.

// controlledServices finds denials in resource control policies that meet
// services, or only services, without saying so (IAM User Guide, "IAM policy
// validation check reference").
func controlledServices(p *pass) {
	if p.policy.Kind != iam.ResourceControlPolicy {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Deny {
			return
		}
		if c := holdsWithout(s, "aws:principal"); c >= 0 && !p.limitsToServices(s, "false") {
			f := p.report("RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", p.policy.ConditionPath(i, c, -1),
				"services that act for you have no %s and are denied too", s.Conditions[c].Key)
			f.Help = `add "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}`
			p.fix(f, false, "exempt services", p.addCondition(i, "BoolIfExists", "aws:PrincipalIsAWSService", "false"))
		}
		c := holdsWithout(s, "aws:source")
		if c < 0 {
			return
		}
		if !p.limitsToServices(s, "true") {
			f := p.report("RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", p.policy.ConditionPath(i, c, -1),
				"principals of your own have no %s and are denied too", s.Conditions[c].Key)
			f.Help = `add "Bool": {"aws:PrincipalIsAWSService": "true"}`
			p.fix(f, false, "leave it to services", p.addCondition(i, "Bool", "aws:PrincipalIsAWSService", "true"))
		}
		if !requiresKey(s, "aws:SourceAccount") && !requiresKey(s, "aws:SourceArn") {
			f := p.report("RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK", p.policy.ConditionPath(i, c, -1),
				"services that do not tell for whom they act are denied")
			f.Help = `add "Null": {"aws:SourceAccount": "false"}`
			p.fix(f, false, "leave out who does not tell", p.addCondition(i, "Null", "aws:SourceAccount", "false"))
		}
	})
}

// ownerKeys are the ends of the keys about principals and sources that tell
// owners apart.
var ownerKeys = []string{"account", "arn", "orgid", "orgpaths"}

// holdsWithout returns the first condition on a key about an owner, of a subject
// such as "aws:principal", that holds for requests without the key; -1 where
// there is none.
func holdsWithout(s *iam.Statement, subject string) int {
	return slices.IndexFunc(s.Conditions, func(c iam.Condition) bool {
		end, ok := cutFold(c.Key, subject)
		return ok && slices.Contains(ownerKeys, strings.ToLower(end)) && c.Operator.Test != iam.Null && !demands(&c)
	})
}

// limitsToServices reports whether a condition on who is calling leaves services
// ("true") or everyone but services ("false").
func (p *pass) limitsToServices(s *iam.Statement, word string) bool {
	return slices.ContainsFunc(conditionsOn(s, "aws:PrincipalIsAWSService"), func(c int) bool {
		cond := &s.Conditions[c]
		return cond.Operator.Test == iam.Bool && p.everyValue(cond, func(v string) bool { return strings.EqualFold(v, word) })
	})
}
