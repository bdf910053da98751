package diff

import "github.com/berth-project/berth/iam"

// Result is what a comparison found. A is the first side, B the second.
type Result struct {
	Relation Relation `json:"relation"`
	// NewAccess is set where B grants something A does not, and where that could
	// not be ruled out.
	NewAccess bool `json:"newAccess"`
	// Gained is what B grants and A does not, Lost the reverse, each in the order
	// of the statements that grant it.
	Gained []Grant `json:"gained,omitempty"`
	Lost   []Grant `json:"lost,omitempty"`
	// Adds and Removes count the actions of Gained and Lost, each once.
	Adds    Levels `json:"adds"`
	Removes Levels `json:"removes"`
	// Changed are statements that differ in their conditions alone.
	Changed []Change `json:"changed,omitempty"`
	// Denies is how what the Deny statements of B refuse relates to what those of
	// A refuse: narrower denies refuse less. It matters where other policies
	// apply beside these.
	Denies Relation `json:"denies"`
	// Basis says what was compared, where that is not simply what the documents
	// grant.
	Basis string `json:"basis,omitempty"`
	// Reasons say why something is not known.
	Reasons []string `json:"reasons,omitempty"`
}

// Ref names a statement of one side.
type Ref struct {
	// Policy is the place of the document in its side.
	Policy int `json:"policy"`
	// Statement is its place in the document.
	Statement int `json:"statement"`
	// Sid is its name, where it has one.
	Sid string `json:"sid,omitempty"`

	of int // how many documents the side has
}

// Grant is a part of what a statement grants: all of these actions on all of
// these resources, for these principals under these conditions. Each combination
// of an action and a resource has something new in it; it need not be new for
// every principal and under every condition.
type Grant struct {
	By Ref `json:"by"`
	// Actions are names and patterns, of which Except lists what they cover and
	// is not part of the grant.
	Actions []string `json:"actions,omitempty"`
	Except  []string `json:"except,omitempty"`
	// Unlisted are patterns of which actions that the catalogue does not list are
	// part of the grant: those of unknown services, and those there will be.
	Unlisted []string `json:"unlisted,omitempty"`
	// Resources and NotResources are those of the statement.
	Resources    []string `json:"resources,omitempty"`
	NotResources []string `json:"notResources,omitempty"`
	// Principals and NotPrincipals are those of the statement, as key and value:
	// "AWS: arn:aws:iam::111122223333:root".
	Principals    []string `json:"principals,omitempty"`
	NotPrincipals []string `json:"notPrincipals,omitempty"`
	// Conditions are those of the statement.
	Conditions []string `json:"conditions,omitempty"`
	// DeniedBy is the statement of the other side that denies the witness, where
	// the other side would allow it else.
	DeniedBy *Ref `json:"deniedBy,omitempty"`
	// Levels counts the actions by level.
	Levels Levels `json:"levels"`
	// Witness proves it; nil where it is in doubt.
	Witness *Witness `json:"witness,omitempty"`
	// Doubt says why there is no witness.
	Doubt string `json:"doubt,omitempty"`
}

// Change is a statement of which only the conditions differ.
type Change struct {
	A Ref `json:"a"`
	B Ref `json:"b"`
	// Effect is that of both.
	Effect iam.Effect `json:"effect"`
	// Removed and Added are conditions, as "operator key value, value".
	Removed []string `json:"removed,omitempty"`
	Added   []string `json:"added,omitempty"`
}
