package lint

import (
	"strings"

	"github.com/berth-project/berth/iam"
)

// deadRules find what never applies.
var deadRules = []rule{deadClock, deadContradictions, deadNames, deadPrincipals, deadActions, deadKeys, deadShadowed}

// dead reports something that never applies. As part of a Deny, or of what an
// Allow leaves out by NotAction or NotResource, it is a guard that is not there.
func (p *pass) dead(code, path string, s *iam.Statement, left bool, format string, args ...any) *Finding {
	f := p.report(code, path, format, args...)
	if (s.Effect == iam.Deny) != left {
		f.Severity = Security
	}
	return f
}

// applies says in a message what a statement would do.
func applies(s *iam.Statement) string {
	if s.Effect == iam.Deny {
		return "denies"
	}
	return "allows"
}

// NeverApplies reports whether the finding is that something in the document can
// never apply: on an Allow it does not work, on a Deny the guard is not there.
func (f Finding) NeverApplies() bool {
	return strings.HasPrefix(f.Code, "DEAD_") || f.Code == "PRIVATE_IP_ADDRESS"
}
