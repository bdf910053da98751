package expression

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// inspector finds what an expression refers to. CEL sees a map of anything in run
// and steps; the inspector sees to it that their names exist, and that steps are
// named outright, as a step that is computed could not be waited for.
type inspector struct {
	kind    Kind
	ast     *ast.AST
	program *Program
	loops   bool
	errs    Errors
}

// inspect fills in what the program refers to, and reports whether it loops over
// anything.
func (p *Program) inspect(kind Kind, checked *cel.Ast) (loops bool, errs Errors) {
	in := inspector{kind: kind, ast: checked.NativeRep(), program: p}
	in.visit(ast.NavigateAST(in.ast))
	slices.Sort(p.uses)
	p.uses = slices.Compact(p.uses)
	return in.loops, in.errs
}

func (in *inspector) visit(e ast.NavigableExpr) {
	switch e.Kind() {
	case ast.IdentKind:
		in.ident(e)
	case ast.ComprehensionKind:
		in.loops = true
		c := e.AsComprehension()
		for _, name := range []string{c.IterVar(), c.IterVar2()} {
			if slices.Contains(variables[in.kind], name) {
				in.fail(e, fmt.Sprintf("%s is a variable of its own", name), "give the items another name")
			}
		}
	}
	for _, child := range e.Children() {
		in.visit(child)
	}
}

func (in *inspector) ident(e ast.NavigableExpr) {
	name := strings.TrimPrefix(e.AsIdent(), ".")
	if !slices.Contains(variables[in.kind], name) {
		return
	}
	in.program.uses = append(in.program.uses, name)
	switch {
	case name == "run" && runFacts[in.kind] != nil:
		if fact, at := part(e); at != nil {
			in.known(at, "run", fact, runFacts[in.kind])
		}
	case name == "steps" && in.kind == When:
		in.step(e)
	}
}

// step takes note of steps.NAME.FACT.
func (in *inspector) step(e ast.NavigableExpr) {
	name, at := part(e)
	if at == nil {
		in.fail(e, "steps without the name of one", `write steps.NAME.output or steps["a.name"].output`)
		return
	}
	fact, use := part(at)
	if use == nil {
		in.fail(at, fmt.Sprintf("steps.%s without what of it", name), "write .output, .status, .error or .attempts")
		return
	}
	in.known(use, "a step", fact, stepFacts)
	if !slices.ContainsFunc(in.program.steps, func(s StepRef) bool { return s.Name == name }) {
		start := in.ast.SourceInfo().GetStartLocation(e.ID())
		in.program.steps = append(in.program.steps, StepRef{Name: name, Offset: offset(in.program.text, start.Line(), start.Column())})
	}
}

func (in *inspector) known(at ast.NavigableExpr, what, fact string, facts []string) {
	if !slices.Contains(facts, fact) {
		in.fail(at, fmt.Sprintf("%s has no %s", what, fact), "it has "+strings.Join(facts, ", "))
	}
}

func (in *inspector) fail(e ast.NavigableExpr, message, help string) {
	in.errs = append(in.errs, errorAt(in.program.text, in.ast.SourceInfo().GetStartLocation(e.ID()), message, help))
}

// part returns the name that is taken of a value, and the expression that takes
// it: v.name, v["name"], v.?name and v[?"name"]. It is nil where something else
// is done with the value.
func part(e ast.NavigableExpr) (string, ast.NavigableExpr) {
	parent, ok := e.Parent()
	if !ok {
		return "", nil
	}
	switch parent.Kind() {
	case ast.SelectKind:
		return parent.AsSelect().FieldName(), parent
	case ast.CallKind:
		call := parent.AsCall()
		switch call.FunctionName() {
		case operators.Index, operators.OptIndex, operators.OptSelect:
		default:
			return "", nil
		}
		args := call.Args()
		if len(args) != 2 || args[0].ID() != e.ID() || args[1].Kind() != ast.LiteralKind {
			return "", nil
		}
		if name, ok := args[1].AsLiteral().(types.String); ok {
			return string(name), parent
		}
	}
	return "", nil
}
