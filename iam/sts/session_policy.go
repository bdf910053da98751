package sts

import (
	"fmt"
	"unicode/utf8"

	"github.com/berth-project/berth/iam"
)

// SessionPolicies are policies passed with a call. They limit the session and
// grant nothing.
type SessionPolicies struct {
	// Policy is the text of the inline policy; empty for none.
	Policy string
	// Managed are the managed policies.
	Managed []ManagedPolicy
}

// ManagedPolicy is a managed policy passed by its ARN.
type ManagedPolicy struct {
	ARN string
	// Policy is nil where there is no policy of that ARN.
	Policy *iam.Compiled
}

// The bounds of session policies (API reference: sessionPolicyDocumentType,
// policyDescriptorListType).
const (
	maxPolicy  = 2048
	maxManaged = 10
)

// sessionPolicies adds what is wrong with the form of session policies.
func (c *constraints) sessionPolicies(p *SessionPolicies) {
	c.length("policy", p.Policy, 1, maxPolicy)
	for _, r := range p.Policy {
		if r != '\t' && r != '\n' && r != '\r' && (r < 0x20 || r > 0xFF) {
			c.add("policy", p.Policy, `satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`)
			break
		}
	}
	if len(p.Managed) > maxManaged {
		c.add("policyArns", fmt.Sprintf("%d policies", len(p.Managed)), fmt.Sprintf("have length less than or equal to %d", maxManaged))
		return
	}
	sum := utf8.RuneCountInString(p.Policy)
	for i, m := range p.Managed {
		c.arn(fmt.Sprintf("policyArns.%d.member.arn", i+1), m.ARN)
		sum += utf8.RuneCountInString(m.ARN)
	}
	if sum > maxPolicy && utf8.RuneCountInString(p.Policy) <= maxPolicy {
		c.add("policy and policyArns", fmt.Sprintf("%d characters", sum), fmt.Sprintf("have length less than or equal to %d together", maxPolicy))
	}
}

// checkSessionPolicies records whether the session policies can be used, and
// returns them; nil where none were passed.
func (o *Outcome) checkSessionPolicies(p *SessionPolicies) []*iam.Compiled {
	const name = "session-policies"
	var out []*iam.Compiled
	if p.Policy != "" {
		policy, err := iam.Parse([]byte(p.Policy), iam.ParseOptions{Kind: iam.SessionPolicy})
		if err != nil {
			o.fail(name, "the inline session policy: "+err.Error(), refuse(MalformedPolicyDocument, "This policy contains invalid Json: "+clip(err.Error())))
			return nil
		}
		out = append(out, iam.Compile(policy))
	}
	for _, m := range p.Managed {
		if m.Policy == nil {
			o.fail(name, "there is no managed policy "+m.ARN, refuse(InvalidParameterValue, "Policy "+m.ARN+" does not exist or is not attachable."))
			return nil
		}
		out = append(out, m.Policy)
	}
	if len(out) > 0 {
		o.pass(name, fmt.Sprintf("%d session policies limit the session", len(out)))
	}
	return out
}
