package expression

import (
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// Limits of expressions. Cost is in CEL's own units, about one for each step and
// each character of a text that is made; an ordinary condition costs a few dozen.
const (
	// MaxBytes is how long an expression may be.
	MaxBytes = 4096
	// maxMemory is how large a value may become, in bytes of its texts or items
	// about; a part that stands in it twice counts twice.
	maxMemory = 32 << 20
	// measureEvery is how many turns of a loop pass until what it makes is measured
	// again: to measure a list of thousands at each item it gets takes a thousand
	// times as long as to make it.
	measureEvery    = 1000
	maxDepth        = 64
	maxRegexProgram = 1000
)

// maxCost is what an expression of each kind may cost. Conditions are evaluated
// while an engine decides, where everybody waits for them.
var maxCost = [kinds]uint64{When: 50_000, Match: 50_000, Transform: 500_000}

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

// sizing says how values are measured: as deep as JSON may be.
func sizing() []types.SizeCalculatorOption {
	return []types.SizeCalculatorOption{
		types.SizeCalculatorMaxDepth(1000), types.SizeCalculatorMaxTraversal(1 << 20), types.SizeCalculatorStringUnitLength(1),
	}
}

func newEnvironment(kind Kind) (*cel.Env, error) {
	object := cel.MapType(cel.StringType, cel.DynType)
	known := map[string]*cel.Type{
		"params": object, "run": object, "signal": object, "input": cel.DynType,
		"item": cel.DynType, "index": cel.IntType, "steps": cel.MapType(cel.StringType, object),
	}
	if kind == Match {
		known["steps"] = cel.ListType(cel.MapType(cel.StringType, cel.StringType))
	}
	options := []cel.EnvOption{
		ext.Strings(ext.StringsVersion(5)), // the first that counts what its functions cost
		cel.CostModel(cost.MemberOverload("string_format", // which that one does not
			cost.EvalCost(cost.Sum(cost.Const(cost.CallCost), cost.Length(cost.Target()), cost.Length(cost.Result()))))),
		cel.CostSizingStrategy(cost.AggregateSizingStrategy(sizing()...)), // comparing costs what is compared, however deep
		cel.OptionalTypes(),
		cel.CustomTypeAdapter(adapter{}),
		cel.ParserExpressionSizeLimit(MaxBytes),
		cel.ParserRecursionLimit(maxDepth),
		cel.RegexProgramSizeLimit(maxRegexProgram),
		cel.DefaultUTCTimeZone(true),
	}
	for _, name := range variables[kind] {
		options = append(options, cel.Variable(name, known[name]))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, err
	}
	return env.Extend(guarded(kind, env)...)
}

// limits are those of a program. Watching memory costs as much as a short
// condition does, and only loops can make large values of small ones.
func limits(kind Kind, loops bool) []cel.ProgramOption {
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost[kind]), cel.CostTracking(readings{})}
	options = append(options, regexes(kind)...)
	if loops {
		options = append(options, cel.MemoryLimit(maxMemory),
			cel.MemoryTracking(
				types.MemoryTrackerSizeCalculator(types.NewSizeCalculator(sizing()...)), types.MemoryTrackerSampleInterval(measureEvery)))
	}
	return options
}
