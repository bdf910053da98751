package diff

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// Rule is something that must not be so of a new version of policies.
type Rule struct {
	Kind RuleKind
	// Level is for [NewAccess] the mildest level that counts, from List over
	// Read, Tagging and Write to PermissionsManagement.
	Level catalog.Access
	// Actions are for [SomeAccess] the actions that must not be allowed, as names
	// and patterns.
	Actions []string
}

// RuleKind is what a rule looks for.
type RuleKind uint8

// The kinds of rules.
const (
	// NewAccess looks for what B grants and A does not.
	NewAccess RuleKind = iota
	// SomeAccess looks for what B grants of certain actions, on anything and
	// under any condition.
	SomeAccess
	// PublicAccess looks for what B grants to callers whom nobody chose: to
	// accounts it does not name and to unsigned requests, without a condition
	// that only chosen callers fulfil, such as one on aws:PrincipalOrgID.
	PublicAccess
)

// ParseRule reads a rule:
//
//	new-access              anything new
//	new-access:write        new access of level Write or above
//	access:iam:PassRole,s3:Delete*
//	                        any access to these actions
//	public                  access for everyone
func ParseRule(text string) (Rule, error) {
	word, rest, more := strings.Cut(text, ":")
	switch {
	case word == "new-access" && !more:
		return Rule{Kind: NewAccess, Level: catalog.List}, nil
	case word == "new-access":
		level, ok := catalog.ParseAccess(rest)
		if !ok {
			return Rule{}, fmt.Errorf("rule %q: no access level %q; the levels are List, Read, Tagging, Write and PermissionsManagement", text, rest)
		}
		return Rule{Kind: NewAccess, Level: level}, nil
	case word == "access" && rest != "":
		r := Rule{Kind: SomeAccess, Actions: strings.Split(rest, ",")}
		return r, r.validate()
	case word == "public" && !more:
		return Rule{Kind: PublicAccess}, nil
	}
	return Rule{}, fmt.Errorf("rule %q: want new-access, new-access:LEVEL, access:ACTION,... or public", text)
}

// String returns the rule as [ParseRule] reads it.
func (r Rule) String() string {
	switch r.Kind {
	case SomeAccess:
		return "access:" + strings.Join(r.Actions, ",")
	case PublicAccess:
		return "public"
	}
	if r.Level == catalog.List {
		return "new-access"
	}
	return "new-access:" + r.Level.String()
}

func (r Rule) validate() error {
	for _, a := range r.Actions {
		prefix, name, ok := strings.Cut(a, ":")
		if a != "*" && (!ok || prefix == "" || name == "") {
			return fmt.Errorf("rule %q: %q is no action; write it as prefix:Name", r, a)
		}
	}
	return nil
}

// Violation is something that a rule forbids.
type Violation struct {
	// Rule is the rule as text.
	Rule string `json:"rule"`
	// Grant is what is granted, with the request that proves it or the reason why
	// there is none: what could not be ruled out counts as granted.
	Grant Grant `json:"grant"`
}

// String returns the violation in one line.
func (v Violation) String() string {
	s := fmt.Sprintf("%s: %s grants %s", v.Rule, v.Grant.By.text("B"), v.Grant.actionText())
	if v.Grant.Witness != nil {
		return s + ", such as " + v.Grant.Witness.String()
	}
	return s + ", perhaps: " + v.Grant.Doubt
}

// ErrNotPublic says that policies of a kind cannot be public: they grant nothing
// to anyone by themselves.
var ErrNotPublic = errors.New("only policies of resources and trust policies can be public")

// Check returns where the new version B of policies breaks the rule. The old
// version A matters to [NewAccess] only. It fails closed: what cannot be decided
// is a violation, and what cannot even be compared an error.
func (r Rule) Check(a, b []*iam.Policy, o Options) ([]Violation, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	kind := kindOf(a, b)
	switch {
	case r.Kind == PublicAccess && kind != iam.ResourcePolicy && kind != iam.TrustPolicy:
		return nil, ErrNotPublic
	case r.Kind != NewAccess:
		a = nil
	}
	if kind == iam.ResourceControlPolicy {
		o.Beside = append(slices.Clone(o.Beside), fullAccess(kind))
	}
	c, err := newComparison(a, b, o)
	if err != nil {
		return nil, err
	}
	q := between(&c.b, &c.a)
	switch r.Kind {
	case NewAccess:
		q.keep = atLeast(r.Level)
	case SomeAccess:
		only, err := c.space.AddStatement(about(kind, r.Actions), &iam.Policy{Kind: kind})
		if err != nil {
			return nil, err
		}
		q.Only, q.named = []int{only}, true
		q.Covers, q.Refusals, q.to = nil, nil, nothing()
	case PublicAccess:
		q.Strangers = true
		q.Covers, q.Refusals, q.to = nil, nil, nothing()
	}
	found, result := c.excess(q)
	if result == unsure && len(found.grants) == 0 {
		return nil, fmt.Errorf("rule %q cannot be checked: %s", r, strings.Join(found.reasons, "; "))
	}
	var out []Violation
	for _, g := range found.grants {
		out = append(out, Violation{Rule: r.String(), Grant: g})
	}
	return out, nil
}

func about(kind iam.Kind, actions []string) *iam.Statement {
	s := fullAccess(kind).Statements[0]
	s.Actions = iam.Elements{Values: actions}
	return &s
}

// atLeast returns whether actions have a level or one above it; nil for all.
func atLeast(level catalog.Access) func(*catalog.Action) bool {
	if level == catalog.List {
		return nil
	}
	least := slices.Index(gravest, level)
	return func(a *catalog.Action) bool { return slices.Index(gravest, a.Access) <= least }
}
