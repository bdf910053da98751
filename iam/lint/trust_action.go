package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// companions are the actions without which a caller cannot pass what a condition
// of a trust policy asks for, by the key in lower case. Keys that end in "/" are
// those of tags (IAM User Guide, "Passing session tags in AWS STS").
var companions = []struct{ key, action string }{
	{"sts:sourceidentity", "sts:SetSourceIdentity"},
	{"sts:transitivetagkeys", "sts:TagSession"},
	{"aws:tagkeys", "sts:TagSession"},
	{"aws:requesttag/", "sts:TagSession"},
}

// trustCompanions finds conditions of a trust policy on what no caller may pass.
func trustCompanions(p *pass) {
	p.trusts(func(i int, s *iam.Statement) {
		for c := range s.Conditions {
			cond := &s.Conditions[c]
			action := companionOf(cond.Key)
			if action == "" || !demands(cond) || p.trustAllows(action) {
				continue
			}
			f := p.report("MISSING_ACTION_FOR_CONDITION_KEY", p.policy.ConditionPath(i, c, -1), "the policy allows no %s, so no caller can pass %s", action, cond.Key)
			f.Help = "allow " + action
			p.fix(f, false, "allow "+action, p.addAction(i, action))
		}
	})
}

func companionOf(key string) string {
	key = strings.ToLower(key)
	for _, c := range companions {
		if key == c.key || strings.HasSuffix(c.key, "/") && strings.HasPrefix(key, c.key) {
			return c.action
		}
	}
	return ""
}

// trustAllows reports whether some statement of a trust policy allows an action
// to somebody.
func (p *pass) trustAllows(action string) bool {
	allows := false
	p.trusts(func(_ int, s *iam.Statement) { allows = allows || reaches(s, action) })
	return allows
}

// certificateActions are what IAM Roles Anywhere does when it assumes a role for
// the holder of a certificate (its User Guide, "Trust model").
var certificateActions = []string{assumeRole, "sts:TagSession", "sts:SetSourceIdentity"}

// trustCertificates finds roles for holders of certificates that they cannot
// assume.
func trustCertificates(p *pass) {
	p.trusts(func(i int, s *iam.Statement) {
		if !slices.ContainsFunc(members(s.Principals), func(m member) bool { return m.key == "Service" && m.text == "rolesanywhere.amazonaws.com" }) {
			return
		}
		for _, action := range certificateActions {
			if !p.trustAllows(action) {
				f := p.report("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", iam.StatementPath(i), "IAM Roles Anywhere needs %s, which the policy does not allow", action)
				f.Help = "allow " + action
				p.fix(f, false, "allow "+action, p.addAction(i, action))
			}
		}
	})
}

// redundantSessions finds sessions of a role named beside the role, which stands
// for all of them.
func redundantSessions(p *pass) {
	p.trusts(func(i int, s *iam.Statement) {
		all := members(s.Principals)
		for _, m := range all {
			role := roleOfSession(m.text)
			if role == "" || !slices.ContainsFunc(all, func(o member) bool { return o.key == "AWS" && isRole(o.text, m.account(), role) }) {
				continue
			}
			f := p.report("REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", m.path(p.policy, i), "%s is a session of the role %s, which is listed", m.text, role)
			f.Help = "remove it"
			if m.entry >= 0 && len(s.Principals.Entries[m.entry].Values) > 1 {
				p.fix(f, false, "remove the session", p.drop(m.path(p.policy, i)))
			}
		}
	})
}

// roleOfSession returns the name of the role of a session's ARN; empty for other
// principals.
func roleOfSession(text string) string {
	kind, rest, _ := strings.Cut(arnPart(text, 5), "/")
	role, _, ok := strings.Cut(rest, "/")
	if arnPart(text, 2) != "sts" || kind != "assumed-role" || !ok {
		return ""
	}
	return role
}

// isRole reports whether an ARN is that of a role of this account and name, on
// any path.
func isRole(text, account, name string) bool {
	return arnPart(text, 4) == account && arnPart(text, 2) == "iam" && strings.HasPrefix(arnPart(text, 5), "role/") && strings.HasSuffix(arnPart(text, 5), "/"+name)
}
