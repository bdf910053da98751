package diff

// Relation is how what B grants relates to what A grants.
type Relation uint8

// The relations.
const (
	// Unknown is neither proved nor disproved: see [Result.Reasons].
	Unknown Relation = iota
	// Equal grants the same.
	Equal
	// Narrower grants less and nothing new.
	Narrower
	// Wider grants the same and more.
	Wider
	// Incomparable grants something new and lacks something.
	Incomparable
)

var relationNames = [...]string{"unknown", "equal", "narrower", "wider", "incomparable"}

// String returns the relation's word.
func (r Relation) String() string { return relationNames[r] }

// MarshalText implements [encoding.TextMarshaler].
func (r Relation) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// answer is whether one side grants something that the other does not.
type answer uint8

const (
	no answer = iota
	yes
	unsure
)

// relate returns the relation of two sides that gain and lose something.
func relate(gains, loses answer) Relation {
	switch {
	case gains == yes && loses == yes:
		return Incomparable
	case gains == unsure || loses == unsure:
		return Unknown
	case gains == yes:
		return Wider
	case loses == yes:
		return Narrower
	}
	return Equal
}
