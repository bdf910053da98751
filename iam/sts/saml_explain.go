package sts

import (
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
	for _, v := range q.Response.attribute(attrRole) {
		p, err := ParseRolePair(v)
		if err == nil && (q.RoleARN == "" || q.RoleARN == p.RoleARN) && len(pairs) < maxExplained {
			pairs = append(pairs, p)
		}
	}
	if len(pairs) == 0 {
		return []RolePair{{RoleARN: q.RoleARN}}
	}
	return pairs
}

// explain runs the checks for one role.
func (q *SAMLQuestion) explain(p RolePair) SAMLExplanation {
	call := AssumeRoleWithSAMLCall{
		RoleARN: p.RoleARN, PrincipalARN: p.ProviderARN,
		Assertion: q.Response, AssertionError: q.ResponseError,
		Request: Request{Context: q.Context, Time: q.At},
	}
	if q.At.IsZero() && q.Response != nil {
		call.Request.Time = q.Response.IssuedAt
	}
	// What a response without a usable pair is compared with has to be something.
	if p.ProviderARN == "" {
		call.PrincipalARN = q.anyProvider()
	}
	if call.RoleARN == "" {
		call.RoleARN = "arn:aws:iam::000000000000:role/none"
	}
	for i := range q.Providers {
		if q.Providers[i].ARN == call.PrincipalARN {
			call.Provider = &q.Providers[i]
		}
	}
	for i := range q.Roles {
		if q.Roles[i].ARN == call.RoleARN {
			call.Role = &q.Roles[i]
		}
	}
	return q.result(p, call.run(true))
}

func (q *SAMLQuestion) anyProvider() string {
	if len(q.Providers) > 0 {
		return q.Providers[0].ARN
	}
	return "arn:aws:iam::000000000000:saml-provider/none"
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
		switch {
		case c.Name == "parameters":
			continue // of the vendor's API, which nobody called
		case q.Providers == nil && needsProviders[c.Name]:
			c = Check{Name: c.Name, Detail: "it is not known which providers the account has"}
		case q.Roles == nil && needsRoles[c.Name]:
			c = Check{Name: c.Name, Detail: "it is not known which roles the account has"}
		}
		if c.Refusal != nil && x.Refusal == nil {
			x.Refusal = c.Refusal
		}
		x.Checks = append(x.Checks, c)
	}
	return x
}
