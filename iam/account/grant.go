package account

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/berth-project/berth/iam"
)

// Certainty is what a grant takes for granted. The order is from sure to open.
type Certainty uint8

// The certainties.
const (
	// Always is allowed whatever the keys are that are not known.
	Always Certainty = iota
	// AsAsked is allowed with the keys of the question, others being absent.
	AsAsked
	// Conditional is denied as asked, and would be allowed if some keys had other
	// values.
	Conditional
)

// String returns "always", "as-asked" or "conditional".
func (c Certainty) String() string { return [...]string{"always", "as-asked", "conditional"}[c] }

// MarshalText implements [encoding.TextMarshaler].
func (c Certainty) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Caller is who a grant is about.
type Caller struct {
	// Kind is what kind of caller it is. [iam.Root] is the root user of an account
	// of the snapshot.
	Kind iam.PrincipalKind `json:"kind"`
	// ARN is that of a user, role or account root; empty for others.
	ARN string `json:"arn,omitempty"`
	// Account is the number of its account; empty for services, providers and
	// nobody.
	Account string `json:"account,omitempty"`
	// Name is a service or an identity provider.
	Name string `json:"name,omitempty"`
	// Outside is set for a principal that is in none of the snapshot's accounts:
	// what its own account allows it is not known. An account root stands for all
	// of that account.
	Outside bool `json:"outside,omitempty"`
}

// String returns the caller for people: "user/ci", "lambda.amazonaws.com",
// "anyone".
func (c Caller) String() string {
	switch c.Kind {
	case iam.Anonymous:
		return "anyone"
	case iam.ServicePrincipal, iam.SAMLIdentity, iam.WebIdentity:
		return c.Name
	case iam.Root:
		if c.Outside {
			return "account " + cmp.Or(c.Account, "of anyone")
		}
		return "root of " + c.Account
	}
	if c.Outside {
		return c.ARN
	}
	return localName(c.ARN)
}

// Statement names a statement of a policy.
type Statement struct {
	// Layer is what the policy is: "identity", "resource" and so on.
	Layer iam.Layer `json:"layer"`
	// Policy is what the policy is called.
	Policy string `json:"policy"`
	// Index is the statement's place in the policy.
	Index int `json:"index"`
	// Sid is the statement's name; empty where it has none.
	Sid string `json:"sid,omitempty"`
}

// String returns the statement for people: "policy/media Statement[1] (Read)".
func (s Statement) String() string {
	if s.Layer == iam.NoLayer {
		return "being the root user"
	}
	text := s.Policy + " " + iam.StatementPath(s.Index)
	if s.Sid != "" {
		text += " (" + s.Sid + ")"
	}
	return text
}

// Link is a role that is assumed on the way.
type Link struct {
	// Role is the ARN of the role.
	Role string `json:"role"`
	// Action is the operation: sts:AssumeRole, or one of those for identities of
	// other providers.
	Action string `json:"action"`
	// By is the statement that allows it.
	By Statement `json:"by"`
	// Needs are what the link takes for granted.
	Needs []Need `json:"needs,omitempty"`
}

// Need is something that a grant takes for granted.
type Need struct {
	// By is the statement that asks for it.
	By Statement `json:"by"`
	// Unless is set where the conditions must not all hold: the statement is a
	// Deny.
	Unless bool `json:"unless,omitempty"`
	// Conditions are what the statement asks for, "aws:SourceIp IpAddress
	// 203.0.113.0/24".
	Conditions []string `json:"conditions"`
}

// String returns the need for people: "if aws:SourceIp IpAddress 203.0.113.0/24".
func (n Need) String() string {
	word := "if "
	if n.Unless {
		word = "unless "
	}
	return word + strings.Join(n.Conditions, " and ")
}

// Grant is one who is allowed, and how.
type Grant struct {
	Who       Caller    `json:"who"`
	Certainty Certainty `json:"certainty"`
	// Via are the roles assumed, in order; empty for a grant to the caller itself.
	Via []Link `json:"via,omitempty"`
	// By is the statement that allows the action in the end.
	By Statement `json:"by"`
	// Reason is the rule by which it does.
	Reason iam.Reason `json:"reason"`
	// Needs are what the last step takes for granted; those of the links are with
	// them.
	Needs []Need `json:"needs,omitempty"`
	// Paths is how many roles a caller from outside can take on the way, of which
	// Via has the shortest.
	Paths int `json:"paths,omitempty"`
}

// AllNeeds returns what the whole path takes for granted, in its order.
func (g Grant) AllNeeds() []Need {
	var all []Need
	for _, l := range g.Via {
		all = append(all, l.Needs...)
	}
	return append(all, g.Needs...)
}

// String returns the path in one line: "user/ci → role/deploy (trust of
// role/deploy Statement[0]) → policy/media Statement[1]; if …".
func (g Grant) String() string {
	var b strings.Builder
	b.WriteString(g.Who.String())
	for _, l := range g.Via {
		fmt.Fprintf(&b, " → %s (%s)", localName(l.Role), l.By)
	}
	b.WriteString(" → " + g.By.String())
	switch {
	case g.Paths == 2:
		b.WriteString(", and through another role")
	case g.Paths > 2:
		fmt.Fprintf(&b, ", and through %d other roles", g.Paths-1)
	}
	for i, n := range g.AllNeeds() {
		b.WriteString([]string{"; ", ", "}[min(i, 1)] + n.String())
	}
	return b.String()
}
