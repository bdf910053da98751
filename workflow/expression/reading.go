package expression

import (
	"sync"

	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// readings counts what texts take to be read that CEL takes for one step: it
// knows what a call costs by the types of its arguments, and those of JSON it does
// not know before the call is made; sizes and conversions it never counts. A loop
// over a few thousand items that asks for the size of a long text would take
// minutes.
type readings struct{}

// counted are the calls of which CEL knows what they cost.
var counted = sync.OnceValue(cost.StandardOverloadTrackers)

// CallCost implements [cost.ActualCostEstimator].
func (readings) CallCost(function, overload string, args []ref.Val, _ ref.Val) *uint64 {
	if _, known := counted()[overload]; known {
		return nil
	}
	n := 0
	for _, arg := range args {
		n += lengthOf(arg)
	}
	switch function {
	case operators.Add: // it is made, not only read; CEL counts as much where it knows that it is a text
		n *= bytesPerCost / 10
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		n = min(lengthOf(args[0]), lengthOf(args[1])) // where the shorter ends at the latest
	}
	if n < bytesPerCost {
		return nil
	}
	units := uint64(1 + n/bytesPerCost)
	return &units
}

// lengthOf returns how many bytes a text has; 0 for any other value.
func lengthOf(v ref.Val) int {
	switch v := v.(type) {
	case types.String:
		return len(v)
	case types.Bytes:
		return len(v)
	}
	return 0
}
