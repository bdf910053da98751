package expression

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// CEL adds up what a call has cost when the call is over. For most calls that is
// soon enough; what is here can make gigabytes of a few kilobytes, or take
// seconds, in one call, and is looked at before.

// guard tells how much a call is going to take, in bytes that are read or made.
type guard func(args []ref.Val) int

// guards are those of overloads, by function.
var guards = map[string]map[string]guard{
	"replace": {
		"string_replace_string_string":     replaceExtent,
		"string_replace_string_string_int": replaceExtent,
	},
	"join":        {"list_join": joinExtent, "list_join_string": joinExtent},
	"format":      {"string_format": formatExtent},
	"indexOf":     {"string_index_of_string": searchExtent, "string_index_of_string_int": searchExtent},
	"lastIndexOf": {"string_last_index_of_string": searchExtent, "string_last_index_of_string_int": searchExtent},
	"split":       {"string_split_string": textExtent, "string_split_string_int": textExtent},
}

// maxExtent is how much one call may take. CEL counts a tenth of a unit for a
// byte, so that more would cost too much in any case.
func maxExtent(kind Kind) int { return 10 * int(maxCost[kind]) }

// guarded are the functions of an environment that are looked at before they are
// called, declared again.
func guarded(kind Kind, env *cel.Env) []cel.EnvOption {
	var options []cel.EnvOption
	known := env.Functions()
	for name, list := range guards {
		for _, overload := range known[name].OverloadDecls() {
			if extent, ok := list[overload.ID()]; ok {
				options = append(options, cel.Function(name, guardedOverload(known[name], overload, extent, maxExtent(kind))))
			}
		}
	}
	return options
}

func guardedOverload(f *decls.FunctionDecl, o *decls.OverloadDecl, extent guard, most int) cel.FunctionOpt {
	bindings, err := f.Bindings()
	for _, b := range bindings {
		switch {
		case b.Operator != o.ID():
		case b.Unary != nil:
			return cel.MemberOverload(o.ID(), o.ArgTypes(), o.ResultType(), cel.UnaryBinding(func(v ref.Val) ref.Val {
				if extent([]ref.Val{v}) > most {
					return types.WrapErr(errCost)
				}
				return b.Unary(v)
			}))
		case b.Binary != nil:
			return cel.MemberOverload(o.ID(), o.ArgTypes(), o.ResultType(), cel.BinaryBinding(func(v, w ref.Val) ref.Val {
				if extent([]ref.Val{v, w}) > most {
					return types.WrapErr(errCost)
				}
				return b.Binary(v, w)
			}))
		case b.Function != nil:
			return cel.MemberOverload(o.ID(), o.ArgTypes(), o.ResultType(), cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				if extent(args) > most {
					return types.WrapErr(errCost)
				}
				return b.Function(args...)
			}))
		}
	}
	return func(f *decls.FunctionDecl) (*decls.FunctionDecl, error) { return f, err }
}

// text returns the text of a value, "" for any other: the call will say so.
func text(v ref.Val) string {
	s, _ := v.(types.String)
	return string(s)
}

func textExtent(args []ref.Val) int { return len(text(args[0])) }

// searchExtent: the search begins anew at each character.
func searchExtent(args []ref.Val) int { return len(text(args[0])) * max(1, len(text(args[1]))) }

func replaceExtent(args []ref.Val) int {
	s, old, by := text(args[0]), text(args[1]), text(args[2])
	n := strings.Count(s, old)
	if len(args) > 3 {
		if most, ok := args[3].(types.Int); ok && most >= 0 && int64(most) < int64(n) {
			n = int(most)
		}
	}
	return len(s) + n*len(by)
}

func joinExtent(args []ref.Val) int {
	between := 0
	if len(args) > 1 {
		between = len(text(args[1]))
	}
	list, ok := args[0].(traits.Lister)
	if !ok {
		return 0
	}
	n, _ := list.Size().(types.Int)
	return extentOf(list) + int(n)*between
}

// maxNumber is more than the text of a number has with the most digits that may
// be asked for.
const maxNumber = 512

func formatExtent(args []ref.Val) int {
	total := len(text(args[0]))
	list, ok := args[1].(traits.Lister)
	if !ok {
		return total
	}
	for it := list.Iterator(); it.HasNext() == types.True; {
		total += extentOf(it.Next()) + maxNumber
	}
	return total
}

// extentOf is about how many bytes the text of a value has.
func extentOf(v ref.Val) int {
	return int(types.NewSizeCalculator(sizing()...).AggregateSize(v))
}

// regexes look at how long a text is, and how large the regular expression,
// before they compare them: all that a regular expression does to a text is bounded
// by the product. One that stands in the expression is compiled with it.
func regexes(kind Kind) []cel.ProgramOption {
	var constants []*interpreter.RegexOptimization
	for _, id := range []string{overloads.Matches, overloads.MatchesString} {
		constants = append(constants, &interpreter.RegexOptimization{
			Function: overloads.Matches, OverloadID: id, RegexIndex: 1,
			Factory: func(call interpreter.InterpretableCall, pattern string) (interpreter.InterpretableCall, error) {
				compiled, err := newRegex(kind, pattern)
				if err != nil {
					return nil, err
				}
				return replaced(call, func(values ...ref.Val) ref.Val { return compiled.match(values[0]) }), nil
			},
		})
	}
	return []cel.ProgramOption{cel.OptimizeRegex(constants...), cel.CustomDecoratorV2(func(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		call, ok := i.(interpreter.InterpretableCall)
		if !ok || call.Function() != overloads.Matches || len(call.Args()) != 2 {
			return i, nil
		}
		return replaced(call, func(values ...ref.Val) ref.Val {
			compiled, err := newRegex(kind, text(values[1]))
			if err != nil {
				return types.WrapErr(err)
			}
			return compiled.match(values[0])
		}), nil
	})}
}

func replaced(call interpreter.InterpretableCall, by func(...ref.Val) ref.Val) interpreter.InterpretableCall {
	return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), by)
}

// regex is a regular expression, and how long a text may be that is compared with
// it, in bytes: a step of the one for a byte of the other takes a few nanoseconds.
type regex struct {
	*regexp.Regexp
	most int
}

func newRegex(kind Kind, pattern string) (regex, error) {
	size, err := types.RegexProgramSize(pattern)
	if err != nil {
		return regex{}, err
	}
	if size > maxRegexProgram {
		return regex{}, fmt.Errorf("regex program size %d exceeds limit of %d", size, maxRegexProgram)
	}
	compiled, err := regexp.Compile(pattern)
	return regex{compiled, min(maxExtent(kind), 10*maxExtent(kind)/max(1, size))}, err
}

func (r regex) match(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	switch {
	case !ok:
		return types.MaybeNoSuchOverloadErr(v)
	case len(s) > r.most:
		return types.WrapErr(errCost)
	}
	return types.Bool(r.MatchString(string(s)))
}
