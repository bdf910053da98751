package lint

import (
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/internal/stranger"
)

// A condition limits who may act when it can only hold for callers its author
// chose: the key says who is calling or from where, the operator is positive
// and fails without the key, and no value lets everyone through.

// limitsCallers reports whether all conditions of an Allow together leave only
// callers of its author's choice.
func (p *pass) limitsCallers(conditions []iam.Condition) bool {
	for i := range conditions {
		if p.limitsCaller(&conditions[i]) {
			return true
		}
	}
	return false
}

func (p *pass) limitsCaller(c *iam.Condition) bool {
	narrow := stranger.LeftOut(c.Key)
	return narrow != nil && demands(c) && p.everyValue(c, narrow)
}

// demands reports whether a condition fails for a request that lacks its key,
// and else compares it with the values by a positive test.
func demands(c *iam.Condition) bool {
	o := c.Operator
	return o.Test != iam.UnknownTest && o.Test != iam.Null && !o.Test.Negated() && !o.IfExists && o.Qualifier != iam.ForAllValues
}

// everyValue reports whether there are values and all of them pass: they are
// alternatives, so a single one that does not opens the statement.
func (p *pass) everyValue(c *iam.Condition, narrow func(string) bool) bool {
	for _, v := range c.Values {
		if !p.narrows(v.Text, narrow) {
			return false
		}
	}
	return len(c.Values) > 0
}

// narrows judges a value that may hold variables. What stands for the owner of
// the resource (aws:ResourceAccount, aws:ResourceOrgID) leaves others out; what
// stands for the caller is whatever the caller is.
func (p *pass) narrows(value string, narrow func(string) bool) bool {
	if !p.policy.Variables() || !strings.Contains(value, "${") {
		return narrow(value)
	}
	if rest, ok := cutFold(value, "${aws:Resource"); ok {
		return strings.HasPrefix(strings.ToLower(rest), "account}") || strings.HasPrefix(strings.ToLower(rest), "orgid}") ||
			strings.HasPrefix(strings.ToLower(rest), "orgpaths}")
	}
	before, _, _ := strings.Cut(value, "${")
	return narrow(before + "*")
}

// cutFold removes a prefix without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// wild reports whether a value has a wildcard. In operators without wildcards a
// "*" is a plain character and the condition never holds; whoever writes it
// means a wildcard, and gets one with the next edit.
func wild(s string) bool { return strings.ContainsAny(s, "*?") }

func isIdentifier(s string) bool { return s != "" && !wild(s) }

func isTrue(s string) bool { return strings.EqualFold(s, "true") }

// conditionsOn returns the places of the conditions on a key.
func conditionsOn(s *iam.Statement, key string) []int {
	var at []int
	for c := range s.Conditions {
		if strings.EqualFold(s.Conditions[c].Key, key) {
			at = append(at, c)
		}
	}
	return at
}

// demandsKey reports whether a condition on the key fails without it and every
// value of it passes.
func (p *pass) demandsKey(s *iam.Statement, key string, narrow func(string) bool) bool {
	for _, c := range conditionsOn(s, key) {
		if demands(&s.Conditions[c]) && p.everyValue(&s.Conditions[c], narrow) {
			return true
		}
	}
	return false
}

// stopsCallers reports whether a Deny with these conditions leaves, of what it
// covers, only callers of its author's choice: each condition is the negative of
// one that limits, or exempts services acting for a caller.
func (p *pass) stopsCallers(conditions []iam.Condition) bool {
	stops := false
	for i := range conditions {
		c := &conditions[i]
		key := strings.ToLower(c.Key)
		switch narrow := stranger.LeftOut(key); {
		case key == "aws:viaawsservice" || key == "aws:principalisawsservice":
			if c.Operator.Test != iam.Bool || !p.everyValue(c, func(v string) bool { return !isTrue(v) }) {
				return false
			}
		case narrow == nil || !c.Operator.Test.Negated() || c.Operator.Qualifier == iam.ForAnyValue || !p.everyValue(c, narrow):
			return false
		default:
			stops = true
		}
	}
	return stops
}
