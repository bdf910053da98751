package access

import (
	"reflect"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/ext"

	"github.com/berth-project/berth/session"
)

// Limits of expressions. The cost limit is in CEL's own units, about one per
// step and per character of a text that is made; an ordinary rule costs a few
// dozen.
const (
	maxExpressionBytes = 4096
	maxExpressionCost  = 25_000
	maxExpressionDepth = 64
	maxRegexProgram    = 1000
)

// userVariable is what expressions see as user.
type userVariable struct {
	ID    string `cel:"id"`
	Email string `cel:"email"`
	Name  string `cel:"name"`
}

// requestVariable is what expressions see as request.
type requestVariable struct {
	Method  string `cel:"method"`
	Path    string `cel:"path"`
	Host    string `cel:"host"`
	Address string `cel:"address"`
}

// environment is the CEL environment of every expression: building one takes
// milliseconds, and it never changes.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	user, request := reflect.TypeFor[userVariable](), reflect.TypeFor[requestVariable]()
	return cel.NewEnv(
		ext.NativeTypes(user, request, ext.ParseStructTags(true)),
		ext.Strings(ext.StringsVersion(5)), // the first that counts what its functions cost
		cel.CostModel(cost.MemberOverload("string_format", // which that one does not
			cost.EvalCost(cost.Sum(cost.Const(cost.CallCost), cost.Length(cost.Target()), cost.Length(cost.Result()))))),
		cel.ParserExpressionSizeLimit(maxExpressionBytes),
		cel.ParserRecursionLimit(maxExpressionDepth),
		cel.RegexProgramSizeLimit(maxRegexProgram),
		cel.DefaultUTCTimeZone(true),
		cel.Variable("user", cel.ObjectType(user.String())),
		cel.Variable("signed_in", cel.BoolType),
		cel.Variable("tenant", cel.StringType),
		cel.Variable("roles", cel.ListType(cel.StringType)),
		cel.Variable("plans", cel.ListType(cel.StringType)),
		cel.Variable("tenants", cel.MapType(cel.StringType, cel.ListType(cel.StringType))),
		cel.Variable("request", cel.ObjectType(request.String())),
		cel.Variable("params", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("now", cel.TimestampType),
	)
})

// expression is a compiled CEL expression.
type expression struct {
	source  string
	program cel.Program
	// personal is whether it looks at who the caller is, so that signing in
	// may change its value.
	personal bool
}

// compileExpression compiles a CEL expression. Its problems come without rule
// and field.
func compileExpression(source string) (*expression, Errors) {
	if strings.TrimSpace(source) == "" {
		return nil, Errors{{Message: "expression is empty"}}
	}
	if len(source) > maxExpressionBytes {
		return nil, Errors{{Message: "expression is longer than 4096 bytes"}}
	}
	env, err := environment()
	if err != nil {
		return nil, Errors{{Message: "expressions are not available: " + err.Error()}}
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, expressionErrors(issues)
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, Errors{{Message: "expression yields " + ast.OutputType().String() + ", not a bool", Help: "compare it with something"}}
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxExpressionCost))
	if err != nil {
		return nil, Errors{{Message: err.Error()}}
	}
	return &expression{source: source, program: program, personal: personal(ast)}, nil
}

func expressionErrors(issues *cel.Issues) Errors {
	var errs Errors
	for _, e := range issues.Errors() {
		bad := &Error{Message: e.Message, Help: "variables are user, signed_in, tenant, roles, plans, tenants, request, params and now"}
		if e.Location.Line() > 0 {
			bad.Line, bad.Column = e.Location.Line(), e.Location.Column()+1
		}
		errs = append(errs, bad)
	}
	return errs
}

// personal reports whether an expression refers to a variable that depends on
// the caller.
func personal(ast *cel.Ast) bool {
	for _, ref := range ast.NativeRep().ReferenceMap() {
		switch ref.Name {
		case "user", "signed_in", "roles", "plans", "tenants":
			return true
		}
	}
	return false
}

// eval evaluates the expression; an error is anything but a plain true or
// false, running over the cost limit included.
func (e *expression) eval(ev *evaluation) (bool, error) {
	out, _, err := e.program.Eval(&variables{request: *ev.req, rule: ev.rule, tenant: ev.tenant})
	if err != nil {
		return false, err
	}
	value, _ := out.Value().(bool)
	return value, nil
}

// variables gives an expression the variables it asks for. It holds a copy of
// the request, so that the caller's need not live on the heap.
type variables struct {
	request Request
	rule    *rule
	tenant  string
}

// Parent implements [cel.Activation].
func (v *variables) Parent() cel.Activation { return nil }

// ResolveName implements [cel.Activation].
func (v *variables) ResolveName(name string) (any, bool) {
	s := v.request.Session
	switch name {
	case "user":
		return v.user(), true
	case "signed_in":
		return !s.Anonymous(), true
	case "tenant":
		return v.tenant, true
	case "roles":
		return v.member().Roles, true
	case "plans":
		return v.member().Plans, true
	case "tenants":
		return v.tenants(), true
	case "request":
		return v.http(), true
	case "params":
		return v.params(), true
	case "now":
		return v.now(), true
	}
	return nil, false
}

func (v *variables) user() *userVariable {
	if v.request.Session.Anonymous() {
		return &userVariable{}
	}
	u := v.request.Session.User
	return &userVariable{ID: u.ID, Email: u.Email, Name: u.Name}
}

func (v *variables) member() session.Membership {
	if m := v.request.Session.In(v.tenant); m != nil {
		return *m
	}
	return session.Membership{}
}

func (v *variables) tenants() map[string][]string {
	out := map[string][]string{}
	if s := v.request.Session; !s.Anonymous() {
		for _, m := range s.Memberships {
			out[m.Tenant] = m.Roles
		}
	}
	return out
}

func (v *variables) http() *requestVariable {
	r := &requestVariable{Method: v.request.Method, Path: v.request.Path, Host: strings.ToLower(bareHost(v.request.Host))}
	if v.request.Client.IsValid() {
		r.Address = v.request.Client.Unmap().WithZone("").String()
	}
	return r
}

func (v *variables) params() map[string]string {
	out := map[string]string{}
	for _, p := range v.rule.params(v.request.Path) {
		out[p.Name] = p.Value
	}
	return out
}

func (v *variables) now() time.Time { return v.request.Now }
