package expression

import (
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/ext"
)

// Limits of expressions. Cost is in CEL's own units, about one for each step and
// each character of a text that is made; an ordinary condition costs a few dozen.
const (
	// MaxBytes is how long an expression may be.
	MaxBytes        = 4096
	maxCost         = 500_000
	maxDepth        = 64
	maxRegexProgram = 1000
)

// variables are the names each kind of expression knows.
var variables = [kinds][]string{
	When:      {"params", "run", "steps", "signal", "item", "index"},
	Match:     {"run", "params", "steps"},
	Transform: {"input", "params", "run"},
}

// runFacts are the names run has.
var runFacts = [kinds][]string{
	When:  {"id", "tenant", "workflow", "version", "attempt", "queue", "priority", "labels", "created"},
	Match: {"workflow", "version", "tenant", "labels", "priority"},
}

// stepFacts are the names a step of a When expression has.
var stepFacts = []string{"output", "status", "error", "attempts"}

// environments are the CEL environments of the kinds: building one takes
// milliseconds, and it never changes.
var environments = [kinds]func() (*cel.Env, error){
	When:      sync.OnceValues(func() (*cel.Env, error) { return newEnvironment(When) }),
	Match:     sync.OnceValues(func() (*cel.Env, error) { return newEnvironment(Match) }),
	Transform: sync.OnceValues(func() (*cel.Env, error) { return newEnvironment(Transform) }),
}

func newEnvironment(kind Kind) (*cel.Env, error) {
	object := cel.MapType(cel.StringType, cel.DynType)
	types := map[string]*cel.Type{
		"params": object, "run": object, "signal": object, "input": cel.DynType,
		"item": cel.DynType, "index": cel.IntType, "steps": cel.MapType(cel.StringType, object),
	}
	if kind == Match {
		types["steps"] = cel.ListType(cel.MapType(cel.StringType, cel.StringType))
	}
	options := []cel.EnvOption{
		ext.Strings(ext.StringsVersion(5)), // the first that counts what its functions cost
		cel.CostModel(cost.MemberOverload("string_format", // which that one does not
			cost.EvalCost(cost.Sum(cost.Const(cost.CallCost), cost.Length(cost.Target()), cost.Length(cost.Result()))))),
		cel.OptionalTypes(),
		cel.CustomTypeAdapter(adapter{}),
		cel.ParserExpressionSizeLimit(MaxBytes),
		cel.ParserRecursionLimit(maxDepth),
		cel.RegexProgramSizeLimit(maxRegexProgram),
		cel.DefaultUTCTimeZone(true),
	}
	for _, name := range variables[kind] {
		options = append(options, cel.Variable(name, types[name]))
	}
	return cel.NewEnv(options...)
}
