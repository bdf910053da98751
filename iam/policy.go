package iam

// Policy is one document, in the order and spelling of its text.
type Policy struct {
	// Kind is what the document was read as.
	Kind Kind
	// Version is "2012-10-17", "2008-10-17", or empty where the document has
	// none, which means the older one.
	Version string
	// ID is the element Id; nil where absent.
	ID *string
	// Statements are the elements of Statement, one object counting as a list of
	// one.
	Statements []Statement
	// Single is set where Statement is one object and not a list.
	Single bool

	src *source // where each element stands; nil for a policy made in code
}

// The versions of the language.
const (
	Version2012 = "2012-10-17"
	Version2008 = "2008-10-17"
)

// Variables reports whether "${...}" in the document stands for a value. In
// documents of the older version it is plain text.
func (p *Policy) Variables() bool { return p.Version == Version2012 }

// Statement is one statement.
type Statement struct {
	// Sid is the statement's name; nil where absent.
	Sid *string
	// Effect is Allow or Deny.
	Effect Effect
	// Principals are who the statement is about; nil where absent.
	Principals *Principals
	// Actions are what may be done or not.
	Actions Elements
	// Resources are what it may be done to; Values is nil where absent.
	Resources Elements
	// Conditions must all hold, in the order of the document.
	Conditions []Condition
	// ConditionPresent is set where the element Condition is there, empty or not.
	ConditionPresent bool
}

// Effect is what a matching statement does.
type Effect uint8

// The two effects. The zero value is neither: the element is missing or wrong.
const (
	NoEffect Effect = iota
	Allow
	Deny
)

// String returns the effect as documents spell it; NoEffect is empty.
func (e Effect) String() string { return [...]string{"", "Allow", "Deny"}[e] }

// MarshalText implements [encoding.TextMarshaler].
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Elements is Action, NotAction, Resource or NotResource.
type Elements struct {
	// Not is set for NotAction and NotResource.
	Not bool
	// Values are the patterns as written. Nil means that the element is absent,
	// an empty list that it is there and empty.
	Values []string
	// Scalar is set where the document has a string and not a list.
	Scalar bool
}

// Absent reports whether the document does not have the element.
func (e Elements) Absent() bool { return e.Values == nil }

// Principals is Principal or NotPrincipal.
type Principals struct {
	// Not is set for NotPrincipal.
	Not bool
	// Star is set where the element is the string "*". Entries is then empty.
	Star bool
	// Entries are the members of the element, in order.
	Entries []PrincipalEntry
}

// PrincipalEntry is one member of Principal: {"AWS": [...]}.
type PrincipalEntry struct {
	// Key is "AWS", "Service", "Federated" or "CanonicalUser".
	Key string
	// Values are as written: ARNs, account numbers, service names, "*".
	Values []string
	// Scalar is set where the document has a string and not a list.
	Scalar bool
}

// Condition is one operator with one key: all conditions of a statement must
// hold.
type Condition struct {
	// Written is the operator as the document has it:
	// "ForAnyValue:StringLikeIfExists".
	Written string
	// Operator is Written taken apart.
	Operator Operator
	// Key is the condition key as written.
	Key string
	// Values are what the key is compared with.
	Values []Value
	// Scalar is set where the document has one value and not a list.
	Scalar bool
}

// Value is one value of a condition.
type Value struct {
	// Text is the value: of a string its text, of a number its source spelling,
	// of a boolean "true" or "false".
	Text string
	// Type is how the document wrote it.
	Type ValueType
}

// ValueType is the JSON type of a condition's value.
type ValueType uint8

// The types a condition's value can have.
const (
	String ValueType = iota
	Number
	Boolean
)
