package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// serviceKeys tell requests that services make for a caller, or that come
// through an endpoint, from others. A Deny by address that looks at one of them
// has thought of those.
var serviceKeys = []string{
	"aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:principalisawsservice",
	"aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpcsourceip", "aws:vpceaccount", "aws:vpceorgid",
}

// addressDenies finds guards by address that also stop services.
func addressDenies(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Deny || slices.ContainsFunc(s.Conditions, func(c iam.Condition) bool { return slices.Contains(serviceKeys, lower(c.Key)) }) {
			return
		}
		for c := range s.Conditions {
			cond := &s.Conditions[c]
			if cond.Operator.Test != iam.NotIPAddress || !strings.EqualFold(cond.Key, "aws:SourceIp") {
				continue
			}
			f := p.report("SEC_NOTIP_DENY_WITHOUT_VIA", p.policy.ConditionPath(i, c, -1), "requests that services make for a caller are denied too")
			f.Help = `add "BoolIfExists": {"aws:ViaAWSService": "false"}`
			p.fix(f, false, "exempt services", p.addCondition(i, "BoolIfExists", "aws:ViaAWSService", "false"))
			return
		}
	})
}
