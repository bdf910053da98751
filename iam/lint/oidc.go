package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// gitHubHost is the issuer of the tokens of GitHub Actions.
const gitHubHost = "token.actions.githubusercontent.com"

// webProviders are the OpenID Connect providers a trust policy names without an
// ARN.
var webProviders = []string{"accounts.google.com", "cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com"}

// openIDProviders reports trust in an OpenID Connect provider that takes every
// token it signs.
func openIDProviders(p *pass) {
	if p.policy.Kind != iam.TrustPolicy {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Allow || s.Principals == nil || s.Principals.Not || !mayAssume(s, "sts:AssumeRoleWithWebIdentity") {
			return
		}
		for _, e := range s.Principals.Entries {
			if e.Key != "Federated" {
				continue
			}
			for _, provider := range e.Values {
				if host, ok := issuer(provider); ok {
					p.openIDProvider(i, s, host)
				}
			}
		}
	})
}

func (p *pass) openIDProvider(i int, s *iam.Statement, host string) {
	if host == gitHubHost {
		if !p.namesRepository(s) {
			f := p.report("MISSING_GITHUB_REPO_CONDITION_KEY", iam.StatementPath(i), "workflows of every repository on GitHub may assume the role")
			f.Help = `add StringLike on ` + gitHubHost + `:sub with "repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH"`
			return
		}
		p.openSubjects(i, s)
		return
	}
	claims, audience := false, false
	for c := range s.Conditions {
		cond := &s.Conditions[c]
		claim, ok := cutFold(cond.Key, host+":")
		if !ok || claim == "" || !demands(cond) {
			continue
		}
		anyone := p.everyValue(cond, func(v string) bool { return strings.EqualFold(claim, "aud") && v == stsAudience })
		audience = audience || anyone
		claims = claims || !anyone && p.everyValue(cond, func(v string) bool { return strings.Trim(v, "*?") != "" })
	}
	if claims {
		return
	}
	f := p.report("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", iam.StatementPath(i), "every token that %s signs is taken", host)
	f.Help = "add StringEquals on " + host + ":aud and " + host + ":sub"
	if audience {
		f.Message = "every token that " + host + " signs for AWS is taken, whoever asked for it"
		f.Help = "add StringEquals on " + host + ":sub"
	}
	if strings.HasPrefix(host, "oidc.eks.") {
		f.Level, f.Message = Medium, "every service account of the cluster may assume the role"
	}
}

// stsAudience is the audience of tokens that are asked for to assume a role. It
// is the same for all customers of a provider.
const stsAudience = "sts.amazonaws.com"

// namesRepository reports whether a condition leaves the repositories of certain
// owners: by the subject, whose form an organisation can change, or by a claim
// of its own.
func (p *pass) namesRepository(s *iam.Statement) bool {
	return slices.ContainsFunc(s.Conditions, func(c iam.Condition) bool {
		claim, ok := cutFold(c.Key, gitHubHost+":")
		if !ok || !demands(&c) {
			return false
		}
		switch strings.ToLower(claim) {
		case "sub":
			return p.everyValue(&c, namesOwnerInSubject)
		case "repository", "repository_owner", "job_workflow_ref":
			return p.everyValue(&c, func(v string) bool { owner, _, _ := strings.Cut(v, "/"); return isIdentifier(owner) })
		case "repository_id", "repository_owner_id", "enterprise_id":
			return p.everyValue(&c, isIdentifier)
		}
		return false
	})
}

// openSubjects finds subjects of workflows that leave the repository or the branch
// open, where no other claim names it.
func (p *pass) openSubjects(i int, s *iam.Statement) {
	if p.demandsKey(s, gitHubHost+":ref", isIdentifier) || p.demandsKey(s, gitHubHost+":environment", isIdentifier) ||
		p.demandsKey(s, gitHubHost+":job_workflow_ref", isIdentifier) {
		return
	}
	for _, c := range conditionsOn(s, gitHubHost+":sub") {
		cond := &s.Conditions[c]
		for v, value := range cond.Values {
			if cond.Operator.Test != iam.StringLike || !wild(value.Text) {
				continue
			}
			f := p.report("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", p.policy.ConditionPath(i, c, v),
				"%q stands for workflows of any branch and pull request", value.Text)
			f.Help = `name the branch or the environment: "repo:OWNER/REPOSITORY:ref:refs/heads/main"`
			if repository, _, ok := strings.Cut(strings.TrimPrefix(value.Text, "repo:"), ":"); !ok || wild(repository) {
				f.Level = Medium
				f.Message = fmt.Sprintf("%q stands for workflows of several repositories", value.Text)
			}
		}
	}
}

// audiences finds ForAnyValue on the audience of a token, which has one value.
func audiences(p *pass) {
	if p.policy.Kind != iam.TrustPolicy {
		return
	}
	p.conditions(func(i, c int, cond *iam.Condition) {
		if cond.Operator.Qualifier != iam.ForAnyValue || !strings.HasSuffix(strings.ToLower(cond.Key), ":aud") {
			return
		}
		o := cond.Operator
		o.Qualifier = iam.SingleValue
		f := p.report("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", p.policy.ConditionPath(i, c, -1), "%s has one value", cond.Key)
		f.Help = "write " + o.String()
		p.fix(f, false, "drop ForAnyValue", p.operatorMove(i, c, o.String()))
	})
}

// namesOwnerInSubject accepts "repo:OWNER/...", and subjects of an organisation's
// own form that name owner or repository by another claim.
func namesOwnerInSubject(v string) bool {
	for _, claim := range []string{"repo:", "repository:", "repository_owner:", "repository_id:", "repository_owner_id:", "job_workflow_ref:", "enterprise:"} {
		if rest, ok := strings.CutPrefix(v, claim); ok {
			owner, _, _ := strings.Cut(strings.ReplaceAll(rest, ":", "/"), "/")
			return isIdentifier(owner)
		}
	}
	return false
}

// issuer returns the host and path of an OpenID Connect provider.
func issuer(provider string) (string, bool) {
	if _, host, ok := strings.Cut(provider, ":oidc-provider/"); ok && strings.HasPrefix(provider, "arn:") {
		return host, host != ""
	}
	return provider, slices.Contains(webProviders, provider)
}

// mayAssume reports whether the statement is about an action of STS.
func mayAssume(s *iam.Statement, action string) bool {
	covered := slices.ContainsFunc(s.Actions.Values, func(pattern string) bool { return glob.MatchFold(pattern, action) })
	return !s.Actions.Absent() && covered != s.Actions.Not
}
