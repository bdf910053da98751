package lint

import (
	"strings"

	"github.com/berth-project/berth/iam"
)

// principals looks at who statements are about.
func principals(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		if s.Principals == nil {
			return
		}
		p.emptyPrincipals(i, s.Principals)
		p.deletedPrincipals(i, s.Principals)
		if s.Principals.Not && s.Effect == iam.Allow {
			p.report("ALLOW_WITH_NOT_PRINCIPAL", p.policy.PrincipalPath(i, -1, -1), "everybody but those listed is allowed, callers without credentials too").
				Help = "list who is meant in Principal"
		}
		if p.guessedPrincipal(s) {
			f := p.report("UNSUPPORTED_PRINCIPAL", p.policy.PrincipalPath(i, -1, -1),
				"valid as the resource's own policy; refused as the policy of a user, group or role")
			f.Severity, f.Level = Warning, Medium
			f.Help = "attach it to the resource, or remove the principal; say which with --kind"
		}
	})
}

// guessedPrincipal reports whether the document names principals and is taken
// for a resource's policy for that reason alone.
func (p *pass) guessedPrincipal(s *iam.Statement) bool {
	if !p.options.KindGuessed || p.policy.Kind != iam.ResourcePolicy {
		return false
	}
	for _, action := range s.Actions.Values {
		if _, sts := cutFold(action, "sts:"); !sts {
			return true
		}
	}
	return false
}

func (p *pass) emptyPrincipals(i int, who *iam.Principals) {
	help := "list who is meant, or remove the statement"
	what := "the statement is about nobody"
	if who.Not {
		what = "nobody is excepted, so the statement is about everybody"
	}
	if !who.Star && len(who.Entries) == 0 && !p.refused(p.policy.PrincipalPath(i, -1, -1)) {
		p.report("EMPTY_OBJECT_PRINCIPAL", p.policy.PrincipalPath(i, -1, -1), "%s", what).Help = help
	}
	for e, entry := range who.Entries {
		if len(entry.Values) == 0 && !p.refused(p.policy.PrincipalPath(i, e, -1)) {
			p.report("EMPTY_ARRAY_PRINCIPAL", p.policy.PrincipalPath(i, e, -1), "%s", what).Help = help
		}
	}
}

// deletedPrincipals reports identifiers, which the service puts where a user or
// role was deleted (IAM User Guide, "IAM identifiers").
func (p *pass) deletedPrincipals(i int, who *iam.Principals) {
	for e, entry := range who.Entries {
		if entry.Key != "AWS" {
			continue
		}
		for j, value := range entry.Values {
			code, noun := "", ""
			switch {
			case strings.HasPrefix(value, "AROA"):
				code, noun = "INVALID_ROLE_REFERENCE", "role"
			case strings.HasPrefix(value, "AIDA"):
				code, noun = "INVALID_USER_REFERENCE", "user"
			default:
				continue
			}
			p.report(code, p.policy.PrincipalPath(i, e, j), "%s is the identifier of a %s, which stands here once the %s is deleted", value, noun, noun).
				Help = "name the " + noun + " by its ARN, or remove the entry"
		}
	}
}
