package adfs

import "github.com/berth-project/berth/iam"

// Rules are the claim rules of a relying party, in order. They are immutable
// and safe for concurrent use.
type Rules struct {
	rules []rule
}

// Len returns how many rules there are.
func (r *Rules) Len() int { return len(r.rules) }

// rule is one rule: conditions => issuance.
type rule struct {
	name, template string
	conditions     []condition
	issuance       issuance
	at             iam.Position
}

// aggregate is a function over all the claims that match.
type aggregate uint8

const (
	each aggregate = iota // no function: the rule runs for each claim
	exists
	notExists
	count
)

// condition is one condition: claims that pass all its tests.
type condition struct {
	variable  string // what the claim is called in the rest of the rule
	aggregate aggregate
	operator  string // of count
	number    int    // of count
	tests     []test
}

// test compares one property of a claim.
type test struct {
	property property
	operator string // ==, !=, =~ or !~
	operand  expression
	pattern  *pattern // of =~ and !~
}

// property names a property of a claim.
type property struct {
	name string // in lower case: type, value, valuetype, issuer, originalissuer, properties
	key  string // of properties
}

// issuance is what a rule does.
type issuance struct {
	issue bool // issue, not add
	// copy is the variable of a claim that is issued as it is.
	copy   string
	fields []field
	query  *query
	at     iam.Position
}

// field gives one property of the claim that is made.
type field struct {
	property property
	value    expression
}

// query asks a store for claims.
type query struct {
	store  string
	types  []string
	text   string
	params []expression
	// attributes and account are the text taken apart, for Active Directory.
	attributes []string
	account    string
	filter     string
}

// expression is a text, a property of a claim, or made of such.
type expression struct {
	kind     expressionKind
	text     string // of literal
	variable string // of reference
	property property
	parts    []expression // of join
	replace  *replacement // of regexReplace, with parts[0] the input
	at       iam.Position
}

type expressionKind uint8

const (
	literal expressionKind = iota
	reference
	join
	regexReplace
)

// replacement is a call of RegExReplace.
type replacement struct {
	pattern *pattern
	with    template
	text    string // of the replacement as written
}
