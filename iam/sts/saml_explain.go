package sts

import (
	"cmp"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
)

// SAMLQuestion is what [ExplainSAML] is asked: a response somebody signed in
// with, and as much of the account as is known.
type SAMLQuestion struct {
	// Response is the response taken apart with [DecodeSAMLResponse] or
	// [ParseSAMLResponse], and ResponseError why it could not be.
	Response      *Assertion
	ResponseError error
	// RoleARN is the role to look at. Empty means each that the response names.
	RoleARN string
	// Roles and Providers are those of the account. Nil means that it is not known
	// which there are, and what takes them is not checked.
	Roles     []Role
	Providers []SAMLProvider
	// At is the time of the sign-in. The zero value takes the time at which the
	// assertion was issued, so that an old response does not fail for its age.
	At time.Time
	// Context are further keys of the request.
	Context iam.Context
}

// SAMLExplanation is what keeps one role from being assumed with a response, or
// that nothing does.
type SAMLExplanation struct {
	RoleARN, ProviderARN string
	// Checks are all checks in the order in which the vendor makes them.
	Checks []Check
	// Refusal is what the sign-in would be answered; nil where no check failed.
	Refusal *Refusal
}

// maxExplained is how many roles of one response are explained.
const maxExplained = 100

// ExplainSAML tells for each role that a response names which checks fail. It
// trusts nothing and gives no session: a signature that nobody verified is
// "not checked", and the other checks go on.
func ExplainSAML(q *SAMLQuestion) []SAMLExplanation {
	pairs := q.pairs()
	out := make([]SAMLExplanation, len(pairs))
	for i, p := range pairs {
		out[i] = q.explain(p)
	}
	return out
}

// pairs are the roles to explain. A response that names none that can be read is
// explained for none.
func (q *SAMLQuestion) pairs() []RolePair {
	var pairs []RolePair
	if q.Response == nil {
		return []RolePair{{RoleARN: q.RoleARN}}
	}
	for _, p := range q.Response.RolePairs() {
		if (q.RoleARN == "" || q.RoleARN == p.RoleARN) && len(pairs) < maxExplained {
			pairs = append(pairs, p)
		}
	}
	if len(pairs) == 0 {
		return []RolePair{{RoleARN: q.RoleARN}}
	}
	return pairs
}

// What stands for a name that the response does not have.
const (
	noRole     = "arn:aws:iam::000000000000:role/none"
	noProvider = "arn:aws:iam::000000000000:saml-provider/none"
)

// explain runs the checks for one role.
func (q *SAMLQuestion) explain(p RolePair) SAMLExplanation {
	call := AssumeRoleWithSAMLCall{
		RoleARN: cmp.Or(p.RoleARN, noRole), PrincipalARN: cmp.Or(p.ProviderARN, q.onlyProvider(), noProvider),
		Assertion: q.Response, AssertionError: q.ResponseError,
		Request: Request{Context: q.Context, Time: q.At},
	}
	if q.At.IsZero() && q.Response != nil {
		call.Request.Time = q.Response.IssuedAt
	}
	for i := range q.Providers {
		// One that differs in case is told from one that is not there.
		if have := &q.Providers[i]; have.ARN == call.PrincipalARN || call.Provider == nil && strings.EqualFold(have.ARN, call.PrincipalARN) {
			call.Provider = have
		}
	}
	for i := range q.Roles {
		if q.Roles[i].ARN == call.RoleARN {
			call.Role = &q.Roles[i]
		}
	}
	return q.result(p, call.run(true))
}

// onlyProvider returns the provider where the account has one and no other.
func (q *SAMLQuestion) onlyProvider() string {
	if len(q.Providers) == 1 {
		return q.Providers[0].ARN
	}
	return ""
}

// The checks that take more of the account than may be known.
var (
	needsProviders = map[string]bool{"provider": true, "issuer": true}
	needsRoles     = map[string]bool{"trust": true, "tag-session": true, "source-identity-session": true, "duration": true}
)

// result takes the checks that were made without what they need back.
func (q *SAMLQuestion) result(p RolePair, o *Outcome) SAMLExplanation {
	x := SAMLExplanation{RoleARN: p.RoleARN, ProviderARN: p.ProviderARN}
	for _, c := range o.Checks {
		if c.Name == "parameters" && c.State == Passed {
			continue // they are of the vendor's API, which nobody called
		}
		if why := q.lacks(p, c.Name); why != "" {
			c = Check{Name: c.Name, Detail: why}
		}
		if c.Name == "role-pair" && p.ProviderARN == "" {
			c.Detail = "no value of the attribute Role is the pair of a provider and " + cmp.Or(p.RoleARN, "a role") + "; " + q.Response.describeRoles(p.RoleARN)
		}
		if c.Refusal != nil && x.Refusal == nil {
			x.Refusal = c.Refusal
		}
		x.Checks = append(x.Checks, c)
	}
	return x
}

// lacks says what a check would need to know and nobody does.
func (q *SAMLQuestion) lacks(p RolePair, check string) string {
	switch {
	case needsProviders[check] && q.Providers == nil:
		return "it is not known which providers the account has"
	case needsProviders[check] && p.ProviderARN == "" && q.onlyProvider() == "":
		return "the response names no provider to look for"
	case needsRoles[check] && q.Roles == nil:
		return "it is not known which roles the account has"
	case needsRoles[check] && p.RoleARN == "":
		return "the response names no role to look for"
	}
	return ""
}
