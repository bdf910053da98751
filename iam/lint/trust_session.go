package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
)

// longestChainedSession is what a session lasts at most when a role assumed the
// role (STS API Reference, AssumeRole, "DurationSeconds").
const longestChainedSession = time.Hour

// trustTagSession finds roles whose policies decide by tags that callers cannot
// pass.
func trustTagSession(s *set) {
	if !slices.ContainsFunc(s.passes, func(p *pass) bool { return p.policy.Kind.Identity() && usesPrincipalTags(p.policy) }) {
		return
	}
	for _, p := range s.passes {
		tagged, first := false, -1
		p.trusts(func(i int, st *iam.Statement) {
			tagged = tagged || reaches(st, "sts:TagSession")
			if first < 0 && reaches(st, assumeRole) && !onlyServices(st) {
				first = i
			}
		})
		if tagged || first < 0 {
			continue
		}
		f := p.report("TRUST_NO_TAG_SESSION", p.policy.ActionPath(first, -1), "the role's policies look at aws:PrincipalTag, and nobody may pass session tags")
		f.Help = "allow sts:TagSession, unless the tags are those of the role"
		p.fix(f, false, "allow sts:TagSession", p.addAction(first, "sts:TagSession"))
	}
}

func onlyServices(s *iam.Statement) bool {
	return !slices.ContainsFunc(members(s.Principals), func(m member) bool { return m.key != "Service" })
}

// usesPrincipalTags reports whether a policy decides by tags of the caller.
func usesPrincipalTags(p *iam.Policy) bool {
	const key = "aws:principaltag/"
	names := func(text string) bool { return strings.Contains(lower(text), "${"+key) }
	for _, s := range p.Statements {
		if slices.ContainsFunc(s.Resources.Values, names) {
			return true
		}
		for _, c := range s.Conditions {
			if strings.HasPrefix(lower(c.Key), key) || slices.ContainsFunc(c.Values, func(v iam.Value) bool { return names(v.Text) }) {
				return true
			}
		}
	}
	return false
}

// trustChainDuration finds roles that promise longer sessions than the roles
// that assume them can have.
func trustChainDuration(s *set) {
	if s.maxSession <= longestChainedSession {
		return
	}
	for _, p := range s.passes {
		p.trusts(func(i int, st *iam.Statement) {
			for _, m := range members(st.Principals) {
				if m.sort() != oneRole || !reaches(st, assumeRole) {
					continue
				}
				f := p.report("TRUST_CHAIN_DURATION", m.path(p.policy, i), "%s gets sessions of an hour at most, not of %s", m.text, s.maxSession)
				f.Help = "let callers ask for 3600 seconds"
			}
		})
	}
}

func lower(s string) string { return strings.ToLower(s) }
