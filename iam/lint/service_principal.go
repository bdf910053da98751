package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// callerOnlyKeys describe a signed caller or its network, in lower case. A
// service that calls on its own behalf has neither.
var callerOnlyKeys = []string{
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:principaltype", "aws:userid",
	"aws:username", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:multifactorauthpresent", "aws:multifactorauthage",
}

// neverOfService are those of them, in lower case, that no request of a service
// has: they belong to users and roles alone.
var neverOfService = []string{"aws:principalorgid", "aws:principalorgpaths", "aws:username", "aws:multifactorauthpresent", "aws:multifactorauthage"}

// servicePrincipals reports services let in without saying on whose behalf (the
// confused deputy; IAM User Guide, "Cross-service confused deputy prevention").
func servicePrincipals(p *pass) {
	if p.policy.Kind != iam.ResourcePolicy {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		service, ok := onlyService(s)
		if s.Effect != iam.Allow || !ok || p.namesSource(s) {
			return
		}
		closed := false
		for c := range s.Conditions {
			cond := &s.Conditions[c]
			key := strings.ToLower(cond.Key)
			if !slices.Contains(callerOnlyKeys, key) && !strings.HasPrefix(key, "aws:principaltag/") {
				continue
			}
			closed = closed || demands(cond)
			if demands(cond) && onlyServices(s) && slices.Contains(neverOfService, key) {
				p.report("UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", p.policy.ConditionPath(i, c, -1), "requests of %s never carry %s, so it is never let in", service, cond.Key).
					Help = "test aws:SourceArn, aws:SourceAccount or aws:SourceOrgID"
				continue
			}
			f := p.report("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", p.policy.ConditionPath(i, c, -1),
				"%s calls on its own behalf and has no %s of yours", service, cond.Key)
			f.Help = "test aws:SourceArn or aws:SourceAccount"
		}
		if closed {
			return // never lets the service in
		}
		f := p.report("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", iam.StatementPath(i), "%s may act here on behalf of anyone who makes it call", service)
		f.Help = "add a condition on aws:SourceArn, aws:SourceAccount or aws:SourceOrgID"
	})
}

// onlyService returns a service that the statement lets in.
func onlyService(s *iam.Statement) (string, bool) {
	if s.Principals == nil || s.Principals.Not {
		return "", false
	}
	for _, e := range s.Principals.Entries {
		if e.Key == "Service" && len(e.Values) > 0 {
			return e.Values[0], true
		}
	}
	return "", false
}
