package access

import (
	"strings"
)

// requirement is a compiled [Requirement].
type requirement struct {
	kind Kind
	// words are the roles or the plans.
	words []string
	// segment is the segment of the path that names the tenant, -1 when tenant
	// does.
	segment int
	tenant  string
	expr    *expression
	sub     []requirement
}

// boundSegment returns the first segment of the path a requirement takes a
// tenant from, -1 when none.
func (r *requirement) boundSegment() int {
	if r.segment >= 0 {
		return r.segment
	}
	for i := range r.sub {
		if s := r.sub[i].boundSegment(); s >= 0 {
			return s
		}
	}
	return -1
}

// builder compiles the requirement of one rule.
type builder struct {
	*compiler
	pattern  pattern
	pathBad  bool
	problems collector
}

func (b *builder) requirement(r Requirement, field string, depth int) requirement {
	out := requirement{kind: r.Kind, segment: -1}
	if depth > maxDepth {
		b.problems.add(field, "", "requirements nest deeper than %d levels", maxDepth)
		return out
	}
	b.strangers(r, field)
	switch r.Kind {
	case Anyone, SignedIn:
	case Role:
		out.words = b.words(r.Roles, field+".role")
		out.segment, out.tenant = b.of(r.Of, field)
	case Plan:
		out.words = b.words(r.Plans, field+".plan")
		out.segment, out.tenant = b.of(r.Of, field)
	case When:
		out.expr = b.expression(r.Expr, field+".when")
	case All, Any, Not:
		out.sub = b.sub(r, field+"."+r.Kind.String(), depth)
	default:
		b.problems.add(field, "write anyone, signed-in, role, plan, when, all, any or not", "says nobody: no requirement is given")
	}
	return out
}

// strangers reports fields that belong to another kind: such a requirement
// means something its author did not write.
func (b *builder) strangers(r Requirement, field string) {
	for _, f := range []struct {
		name  string
		set   bool
		kinds []Kind
	}{
		{"role", len(r.Roles) > 0, []Kind{Role}},
		{"plan", len(r.Plans) > 0, []Kind{Plan}},
		{"of", r.Of != "", []Kind{Role, Plan}},
		{"when", r.Expr != "", []Kind{When}},
		{"sub", len(r.Sub) > 0, []Kind{All, Any, Not}},
	} {
		if f.set && !containsKind(f.kinds, r.Kind) {
			b.problems.add(field+"."+f.name, "combine requirements with all or any", "does not belong to a requirement of the kind %s", r.Kind)
		}
	}
}

func containsKind(kinds []Kind, k Kind) bool {
	for _, x := range kinds {
		if x == k {
			return true
		}
	}
	return false
}

// words checks a list of roles or plans.
func (b *builder) words(words []string, field string) []string {
	if len(words) == 0 {
		b.problems.add(field, "name at least one", "list is empty")
	}
	for i, w := range words {
		if w == "" || len(w) > maxNameBytes || strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			b.problems.add(index(field, i), "", "%q is not a name", w)
		}
	}
	return words
}

// of resolves the tenant a role or plan is asked of.
func (b *builder) of(of, field string) (segment int, tenant string) {
	field += ".of"
	if of == "" {
		b.problems.add(field, "write the parameter of the path that names the tenant, or a tenant id", "tenant is missing")
		return -1, ""
	}
	name, braced := of, false
	if len(of) > 2 && of[0] == '{' && of[len(of)-1] == '}' {
		name, braced = of[1:len(of)-1], true
	}
	if s := b.pattern.parameter(name); s >= 0 {
		return s, ""
	}
	switch {
	case braced && !b.pathBad:
		b.problems.add(field, b.parameterHelp(), "the path has no parameter %q", name)
	case !braced && !validTenant(of):
		b.problems.add(field, b.parameterHelp(), "%q is neither a parameter of the path nor a tenant id", of)
	}
	return -1, of
}

func (b *builder) parameterHelp() string {
	names := b.pattern.parameters()
	if len(names) == 0 {
		return "the path has no parameters; a tenant id is letters, digits, '.', '_' and '-'"
	}
	return "parameters of the path: " + strings.Join(names, ", ")
}

// validTenant reports whether s has the form of a tenant id.
func validTenant(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return s != "" && len(s) <= maxNameBytes && strings.Trim(s, letters+"._-") == "" && strings.IndexByte(letters, s[0]) >= 0
}

func (b *builder) expression(source, field string) *expression {
	if e, done := b.expressions[source]; done {
		return e
	}
	e, errs := compileExpression(source)
	for _, bad := range errs {
		bad.Rule, bad.Field = b.problems.rule, field
		*b.problems.errs = append(*b.problems.errs, bad)
	}
	if len(errs) == 0 {
		b.expressions[source] = e
	}
	return e
}

// sub compiles the parts of a combination.
func (b *builder) sub(r Requirement, field string, depth int) []requirement {
	if r.Kind == Not {
		if len(r.Sub) != 1 {
			b.problems.add(field, "put several under any or all", "needs exactly one requirement, has %d", len(r.Sub))
			return nil
		}
		return []requirement{b.requirement(r.Sub[0], field, depth+1)}
	}
	if len(r.Sub) == 0 {
		b.problems.add(field, "", "list is empty")
	}
	out := make([]requirement, len(r.Sub))
	for i, s := range r.Sub {
		out[i] = b.requirement(s, index(field, i), depth+1)
	}
	return out
}
