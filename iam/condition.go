package iam

import (
	"net/netip"
	"strings"
)

// condition is one operator with one key, ready to be evaluated.
type condition struct {
	operator Operator
	key      string // in lower case
	// broken is set where the operator does not exist.
	broken    bool
	variables []Part
	patterns  []pattern      // of strings, ARNs and Bool
	numbers   []decimal      // of Numeric operators
	dates     []instant      // of Date operators
	ranges    []netip.Prefix // of IpAddress and NotIpAddress
	blobs     []string       // of BinaryEquals, decoded
	absent    bool           // of Null: a value asks for the key to be absent
	present   bool           // of Null: a value asks for the key to be present
}

// compileCondition prepares a condition. A value that is none of the operator's
// type equals nothing and is left out.
func compileCondition(c *Condition, variables bool) condition {
	out := condition{operator: c.Operator, key: strings.ToLower(c.Key)}
	test := c.Operator.Test
	// Null has no IfExists form: it is about existence already.
	out.broken = test == UnknownTest || test == Null && c.Operator.IfExists
	rule, textual := test.wildcards()
	for i := range c.Values {
		v := c.Values[i].Text
		if textual {
			out.patterns = append(out.patterns, compilePattern(v, rule, variables))
		} else {
			out.addTyped(test, v)
		}
	}
	out.variables = variablesOf(out.patterns)
	return out
}

// wildcards returns what "*" and "?" are in values of the test; ok is false
// where the values are not text.
func (t Test) wildcards() (rule wildcards, ok bool) {
	switch {
	case t == StringLike, t == StringNotLike:
		return anyCharacters, true
	case t.Family() == ARNFamily:
		return arnComponents, true
	case t.Family() == StringFamily, t == Bool:
		return noWildcards, true
	}
	return noWildcards, false
}

func (c *condition) addTyped(test Test, v string) {
	switch test.Family() {
	case NumericFamily:
		if d, ok := parseDecimal(v); ok {
			c.numbers = append(c.numbers, d)
		}
	case DateFamily:
		if d, ok := parseInstant(v); ok {
			c.dates = append(c.dates, d)
		}
	case IPFamily:
		if p, ok := ParseIPRange(v); ok {
			c.ranges = append(c.ranges, p)
		}
	case BinaryFamily:
		if b, ok := decodeBinary(v); ok {
			c.blobs = append(c.blobs, b)
		}
	case NullFamily:
		c.absent = c.absent || strings.EqualFold(v, "true")
		c.present = c.present || strings.EqualFold(v, "false")
	}
}

// match reports what the condition says about a request's context.
//
// The rules for absent keys and for several values are those of the IAM User
// Guide, "Condition operators" and "Set operators for multivalued context keys";
// the guide leaves open what an operator without a set qualifier does with
// several values: here it does not hold.
func (c *condition) match(ctx *Context) verdict {
	if c.broken {
		return unreadable
	}
	if !resolved(c.variables, ctx) {
		return unresolved
	}
	values := ctx.keys[c.key].Values
	switch c.operator.Qualifier {
	case ForAllValues:
		return c.forAll(ctx, values)
	case ForAnyValue:
		return c.forAny(ctx, values)
	}
	switch {
	case c.operator.Test == Null:
		return is(len(values) == 0 && c.absent || len(values) > 0 && c.present)
	case len(values) == 0:
		return is(c.operator.IfExists || c.operator.Test.Negated())
	case len(values) > 1:
		return fails
	}
	return c.one(ctx, values[0])
}

// forAll holds when every value passes, also when there is none.
func (c *condition) forAll(ctx *Context, values []string) verdict {
	all := holds
	for _, v := range values {
		switch c.one(ctx, v) {
		case fails:
			return fails
		case unreadable:
			all = unreadable
		}
	}
	return all
}

// forAny holds when at least one value passes.
func (c *condition) forAny(ctx *Context, values []string) verdict {
	none := fails
	for _, v := range values {
		switch c.one(ctx, v) {
		case holds:
			return holds
		case unreadable:
			none = unreadable
		}
	}
	return none
}

// one tests one value of the request against the values of the policy: one of
// them must match, or of a negated test none.
func (c *condition) one(ctx *Context, v string) verdict {
	return c.matchesSome(ctx, v).not(c.operator.Test.Negated())
}

func (c *condition) matchesSome(ctx *Context, v string) verdict {
	switch c.operator.Test.Family() {
	case StringFamily, ARNFamily, BoolFamily:
		return c.matchesText(ctx, v)
	case NumericFamily:
		return is(c.matchesNumber(v))
	case DateFamily:
		return is(c.matchesDate(v))
	case IPFamily:
		return is(c.matchesAddress(v))
	case BinaryFamily:
		return is(c.matchesBinary(v))
	}
	return is(c.present) // Null with a set qualifier: a value is there
}

func (c *condition) matchesText(ctx *Context, v string) verdict {
	fold := false
	switch c.operator.Test {
	case Bool:
		if !isBool(v) {
			return fails
		}
		fold = true
	case StringEqualsIgnoreCase, StringNotEqualsIgnoreCase:
		fold = true
	}
	none := fails
	for i := range c.patterns {
		match := (*pattern).match
		if fold {
			match = (*pattern).matchFold
		}
		switch match(&c.patterns[i], ctx, v) {
		case holds:
			return holds
		case unreadable:
			none = unreadable
		}
	}
	return none
}

// matchFold is match of a pattern without wildcards, without regard to case.
func (p *pattern) matchFold(c *Context, s string) verdict {
	switch p.form {
	case template:
		return is(strings.EqualFold(p.write(c), s))
	case unmatchable:
		return unreadable
	}
	return is(strings.EqualFold(p.text, s))
}

func isBool(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

func (c *condition) matchesNumber(v string) bool {
	got, ok := parseDecimal(v)
	if !ok {
		return false
	}
	for _, want := range c.numbers {
		if c.operator.Test.ordered(got.compare(want)) {
			return true
		}
	}
	return false
}

func (c *condition) matchesDate(v string) bool {
	got, ok := parseInstant(v)
	if !ok {
		return false
	}
	for _, want := range c.dates {
		if c.operator.Test.ordered(got.compare(want)) {
			return true
		}
	}
	return false
}

// ordered reports whether a comparison's result (below, at or above zero) is
// what the test asks for; of a negated test, what it asks not to be.
func (t Test) ordered(cmp int) bool {
	switch t {
	case NumericLessThan, DateLessThan:
		return cmp < 0
	case NumericLessThanEquals, DateLessThanEquals:
		return cmp <= 0
	case NumericGreaterThan, DateGreaterThan:
		return cmp > 0
	case NumericGreaterThanEquals, DateGreaterThanEquals:
		return cmp >= 0
	}
	return cmp == 0
}

func (c *condition) matchesAddress(v string) bool {
	addr, err := netip.ParseAddr(v)
	if err != nil {
		return false
	}
	for _, r := range c.ranges {
		if r.Contains(addr) { // never one with a zone, nor of the other family
			return true
		}
	}
	return false
}
