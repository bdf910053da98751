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
	broken bool
	// misread is set where a value of the policy is not of the operator's type.
	// What it was to match is not known.
	misread   bool
	variables []Part
	patterns  []pattern      // of strings, ARNs and Bool
	numbers   []decimal      // of Numeric operators
	dates     []instant      // of Date operators
	ranges    []netip.Prefix // of IpAddress and NotIpAddress
	blobs     []string       // of BinaryEquals, decoded
	absent    bool           // of Null: a value asks for the key to be absent
	present   bool           // of Null: a value asks for the key to be present
}

// compileCondition prepares a condition.
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
		} else if !out.addTyped(test, v) {
			out.misread = true
		}
		out.misread = out.misread || test == Bool && out.patterns[i].form == literal && !isBool(v) ||
			textual && out.patterns[i].notARN()
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
	case t == StringEqualsIgnoreCase, t == StringNotEqualsIgnoreCase, t == Bool:
		return ignoringCase, true
	case t.Family() == StringFamily:
		return noWildcards, true
	}
	return noWildcards, false
}

// addTyped adds a value that is no text; false means that it is not of the
// test's type.
func (c *condition) addTyped(test Test, v string) (ok bool) {
	switch test.Family() {
	case NumericFamily:
		var d decimal
		if d, ok = parseDecimal(v); ok {
			c.numbers = append(c.numbers, d)
		}
	case DateFamily:
		var d instant
		if d, ok = parseInstant(v); ok {
			c.dates = append(c.dates, d)
		}
	case IPFamily:
		var p netip.Prefix
		if p, ok = ParseIPRange(v); ok {
			c.ranges = append(c.ranges, p)
		}
	case BinaryFamily:
		var b string
		if b, ok = decodeBinary(v); ok {
			c.blobs = append(c.blobs, b)
		}
	case NullFamily:
		absent, present := strings.EqualFold(v, "true"), strings.EqualFold(v, "false")
		c.absent, c.present, ok = c.absent || absent, c.present || present, absent || present
	}
	return ok
}

// match reports what the condition says about a request's context.
//
// The rules for absent keys and for several values are those of the IAM User
// Guide, "Condition operators" and "Set operators for multivalued context keys".
// What the guide leaves open fails closed: a value, of either side, that is not
// of the operator's type, and an operator without a set qualifier on a key with
// several values of which some pass.
func (c *condition) match(ctx *Context) verdict {
	if c.broken {
		return unreadable
	}
	values := ctx.valuesOf(c.key)
	if oversize(values) && c.operator.Test != Null {
		return unreadable
	}
	v := c.decide(ctx, values)
	if !resolved(c.variables, ctx) {
		return v.lacking()
	}
	return v
}

// oversize reports whether values are too many to be looked at.
func oversize(values []string) bool {
	if len(values) < 2 {
		return false
	}
	n := 0
	for _, v := range values {
		n += len(v) + 1
	}
	return n > maxValues
}

func (c *condition) decide(ctx *Context, values []string) verdict {
	switch {
	case c.operator.Qualifier == ForAllValues:
		return c.forAll(ctx, values)
	case c.operator.Qualifier == ForAnyValue:
		return c.forAny(ctx, values)
	case c.operator.Test == Null:
		return c.orMisread(is(len(values) == 0 && c.absent || len(values) > 0 && c.present))
	case len(values) == 0:
		return is(c.operator.IfExists || c.operator.Test.Negated())
	case len(values) == 1:
		return c.one(ctx, values[0])
	case c.forAny(ctx, values) == fails:
		return fails
	}
	return unreadable
}

// orMisread returns the verdict of the values of the policy that are of the
// operator's type: where none matches, another one might have.
func (c *condition) orMisread(v verdict) verdict {
	if v == fails && c.misread {
		return unreadable
	}
	return v
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
	case StringFamily, ARNFamily:
		return matchesSome(c.patterns, ctx, v)
	case BoolFamily:
		if !isBool(v) {
			return unreadable
		}
		return c.orMisread(matchesSome(c.patterns, ctx, v))
	case NumericFamily:
		return c.orMisread(c.matchesNumber(v))
	case DateFamily:
		return c.orMisread(c.matchesDate(v))
	case IPFamily:
		return c.orMisread(c.matchesAddress(v))
	case BinaryFamily:
		return c.orMisread(c.matchesBinary(v))
	}
	return c.orMisread(is(c.present)) // Null with a set qualifier: a value is there
}

func isBool(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

func (c *condition) matchesNumber(v string) verdict {
	got, ok := parseDecimal(v)
	if !ok {
		return unreadable
	}
	for _, want := range c.numbers {
		if c.operator.Test.ordered(got.compare(want)) {
			return holds
		}
	}
	return fails
}

func (c *condition) matchesDate(v string) verdict {
	got, ok := parseInstant(v)
	if !ok {
		return unreadable
	}
	for _, want := range c.dates {
		if c.operator.Test.ordered(got.compare(want)) {
			return holds
		}
	}
	return fails
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

func (c *condition) matchesAddress(v string) verdict {
	addr, err := netip.ParseAddr(v)
	if err != nil {
		return unreadable
	}
	addr = unmapped(addr)
	for _, r := range c.ranges {
		if r.Contains(addr) { // never one of the other family
			return holds
		}
	}
	return fails
}
