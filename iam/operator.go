package iam

import "strings"

// Operator is a condition operator: a test, an optional set qualifier before
// it and an optional IfExists behind it (IAM User Guide, "Condition
// operators").
type Operator struct {
	Qualifier Qualifier
	Test      Test
	IfExists  bool
}

// Qualifier says how a test treats the several values of a key.
type Qualifier uint8

// The qualifiers.
const (
	// SingleValue is no qualifier: the key has one value.
	SingleValue Qualifier = iota
	// ForAllValues holds when every value passes, and when there is none.
	ForAllValues
	// ForAnyValue holds when at least one value passes.
	ForAnyValue
)

// String returns the qualifier with its colon; nothing for SingleValue.
func (q Qualifier) String() string {
	return [...]string{"", "ForAllValues:", "ForAnyValue:"}[q]
}

// Test is what an operator compares, and how.
type Test uint8

// The tests. UnknownTest is an operator that does not exist.
const (
	UnknownTest Test = iota
	StringEquals
	StringNotEquals
	StringEqualsIgnoreCase
	StringNotEqualsIgnoreCase
	StringLike
	StringNotLike
	NumericEquals
	NumericNotEquals
	NumericLessThan
	NumericLessThanEquals
	NumericGreaterThan
	NumericGreaterThanEquals
	DateEquals
	DateNotEquals
	DateLessThan
	DateLessThanEquals
	DateGreaterThan
	DateGreaterThanEquals
	Bool
	BinaryEquals
	IPAddress
	NotIPAddress
	ARNEquals
	ARNNotEquals
	ARNLike
	ARNNotLike
	Null
)

var testNames = [...]string{
	StringEquals:              "StringEquals",
	StringNotEquals:           "StringNotEquals",
	StringEqualsIgnoreCase:    "StringEqualsIgnoreCase",
	StringNotEqualsIgnoreCase: "StringNotEqualsIgnoreCase",
	StringLike:                "StringLike",
	StringNotLike:             "StringNotLike",
	NumericEquals:             "NumericEquals",
	NumericNotEquals:          "NumericNotEquals",
	NumericLessThan:           "NumericLessThan",
	NumericLessThanEquals:     "NumericLessThanEquals",
	NumericGreaterThan:        "NumericGreaterThan",
	NumericGreaterThanEquals:  "NumericGreaterThanEquals",
	DateEquals:                "DateEquals",
	DateNotEquals:             "DateNotEquals",
	DateLessThan:              "DateLessThan",
	DateLessThanEquals:        "DateLessThanEquals",
	DateGreaterThan:           "DateGreaterThan",
	DateGreaterThanEquals:     "DateGreaterThanEquals",
	Bool:                      "Bool",
	BinaryEquals:              "BinaryEquals",
	IPAddress:                 "IpAddress",
	NotIPAddress:              "NotIpAddress",
	ARNEquals:                 "ArnEquals",
	ARNNotEquals:              "ArnNotEquals",
	ARNLike:                   "ArnLike",
	ARNNotLike:                "ArnNotLike",
	Null:                      "Null",
}

// String returns the canonical spelling; nothing for UnknownTest.
func (t Test) String() string { return testNames[t] }

// Negated reports whether the test passes when no value of the policy matches.
func (t Test) Negated() bool {
	switch t {
	case StringNotEquals, StringNotEqualsIgnoreCase, StringNotLike, NumericNotEquals, DateNotEquals,
		NotIPAddress, ARNNotEquals, ARNNotLike:
		return true
	}
	return false
}

// Family is the type of values a test compares.
type Family uint8

// The families of tests.
const (
	NoFamily Family = iota
	StringFamily
	NumericFamily
	DateFamily
	BoolFamily
	BinaryFamily
	IPFamily
	ARNFamily
	NullFamily
)

// Family returns what the test compares.
func (t Test) Family() Family {
	switch {
	case t == UnknownTest:
		return NoFamily
	case t <= StringNotLike:
		return StringFamily
	case t <= NumericGreaterThanEquals:
		return NumericFamily
	case t <= DateGreaterThanEquals:
		return DateFamily
	case t == Bool:
		return BoolFamily
	case t == BinaryEquals:
		return BinaryFamily
	case t <= NotIPAddress:
		return IPFamily
	case t <= ARNNotLike:
		return ARNFamily
	}
	return NullFamily
}

// String returns the canonical spelling of the whole operator.
func (o Operator) String() string {
	s := o.Qualifier.String() + o.Test.String()
	if o.IfExists {
		s += "IfExists"
	}
	return s
}

// ParseOperator takes an operator apart, without regard to case. It reports
// false for one that does not exist; Null with IfExists is taken apart, since
// only [Read] has to mind it.
func ParseOperator(s string) (Operator, bool) {
	var o Operator
	if prefix, rest, ok := strings.Cut(s, ":"); ok {
		switch {
		case strings.EqualFold(prefix, "ForAllValues"):
			o.Qualifier = ForAllValues
		case strings.EqualFold(prefix, "ForAnyValue"):
			o.Qualifier = ForAnyValue
		default:
			return Operator{}, false
		}
		s = rest
	}
	const suffix = "IfExists"
	if n := len(s) - len(suffix); n > 0 && strings.EqualFold(s[n:], suffix) {
		o.IfExists = true
		s = s[:n]
	}
	for t := StringEquals; t <= Null; t++ {
		if strings.EqualFold(testNames[t], s) {
			o.Test = t
			return o, true
		}
	}
	return Operator{}, false
}
