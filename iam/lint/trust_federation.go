package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// The calls by which a role is assumed.
const (
	assumeRole                = "sts:AssumeRole"
	assumeRoleWithSAML        = "sts:AssumeRoleWithSAML"
	assumeRoleWithWebIdentity = "sts:AssumeRoleWithWebIdentity"
)

// assumedBy is the call by which a principal assumes a role; empty where it
// assumes none.
func (m member) assumedBy() string {
	switch m.key {
	case "AWS", "Service":
		return assumeRole
	case "Federated":
		if m.text == "*" {
			return ""
		}
		if strings.Contains(m.text, ":saml-provider/") {
			return assumeRoleWithSAML
		}
		return assumeRoleWithWebIdentity
	}
	return ""
}

// trustActions finds principals whose way to assume a role the statement does
// not allow. A statement without any of the three calls is there for what goes
// with one (sts:TagSession) and is left alone.
func trustActions(p *pass) {
	calls := []string{assumeRole, assumeRoleWithSAML, assumeRoleWithWebIdentity}
	p.trusts(func(i int, s *iam.Statement) {
		if !slices.ContainsFunc(calls, func(call string) bool { return reaches(s, call) }) {
			return
		}
		for _, m := range members(s.Principals) {
			call := m.assumedBy()
			if call == "" || reaches(s, call) || p.has("TRUST_ACTION_MISMATCH", iam.StatementPath(i)) {
				continue
			}
			f := p.report("TRUST_ACTION_MISMATCH", iam.StatementPath(i), "%s assumes roles by %s, which the statement does not allow", m.text, call)
			f.Help = "allow " + call
			p.fix(f, false, "write "+call, p.onlyCall(i, s, call))
		}
	})
}

// onlyCall replaces the one call that a statement allows, where all its
// principals take another.
func (p *pass) onlyCall(i int, s *iam.Statement, call string) []Operation {
	at := -1
	for j, written := range s.Actions.Values {
		if len(written) >= len(assumeRole) && strings.EqualFold(written[:len(assumeRole)], assumeRole) {
			if at >= 0 {
				return nil
			}
			at = j
		}
	}
	others := slices.ContainsFunc(members(s.Principals), func(m member) bool { return m.assumedBy() != call })
	if at < 0 || s.Actions.Not || others {
		return nil
	}
	return p.put(p.policy.ActionPath(i, at), call)
}

// trustSAMLAudience finds trust in a SAML provider that takes assertions meant
// for somebody else.
func trustSAMLAudience(p *pass) {
	p.trusts(func(i int, s *iam.Statement) {
		if !reaches(s, assumeRoleWithSAML) || p.demandsKey(s, "SAML:aud", isIdentifier) {
			return
		}
		for _, m := range members(s.Principals) {
			if m.assumedBy() == assumeRoleWithSAML {
				f := p.report("TRUST_SAML_NO_AUD", iam.StatementPath(i), "assertions for any recipient are accepted from %s", m.text)
				f.Help = `add "StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}`
				p.fix(f, false, "pin the audience", p.addCondition(i, "StringEquals", "SAML:aud", "https://signin.aws.amazon.com/saml"))
				return
			}
		}
	})
}
