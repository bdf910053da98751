package source

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// hclWriter writes literal expressions as JSON, with what they refer to replaced
// by stand-ins.
type hclWriter struct {
	*configuration
	out    builder
	subs   []Substitution
	inside int // how many locals and defaults the value is behind
	// ampersand is set within an aws_iam_policy_document, where "&{" is written
	// for the "${" of a policy variable.
	ampersand bool
}

func (c *configuration) writer() *hclWriter { return &hclWriter{configuration: c} }

// value writes an expression and reports whether it could: what is neither
// literal nor a reference is noted, and not guessed.
func (w *hclWriter) value(e hclsyntax.Expression, p place, indent int) bool {
	if !w.spend(0) {
		return false
	}
	switch e := e.(type) {
	case *hclsyntax.ObjectConsExpr:
		return w.object(e, p, indent)
	case *hclsyntax.TupleConsExpr:
		return w.list(e, e.Exprs, p, indent)
	case *hclsyntax.LiteralValueExpr, *hclsyntax.UnaryOpExpr:
		return w.scalar(e)
	case *hclsyntax.ParenthesesExpr:
		return w.value(e.Expression, p, indent)
	case *hclsyntax.TemplateWrapExpr:
		return w.value(e.Wrapped, p, indent)
	case *hclsyntax.TemplateExpr:
		t, ok := w.template(e, p)
		if ok {
			quote(&w.out, t, w.at(e))
		}
		return ok
	case *hclsyntax.FunctionCallExpr:
		if len(e.Args) == 1 && slices.Contains(transparent, e.Name) {
			return w.value(e.Args[0], p, indent)
		}
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr, *hclsyntax.SplatExpr:
		return w.refer(e, p, indent)
	}
	return w.notLiteral(e)
}

// notLiteral notes an expression that cannot be written.
func (w *hclWriter) notLiteral(e hclsyntax.Expression) bool {
	w.note(w.at(e), "this part of a policy is not literal, so the policy is not read: "+printable(w.source(e), 80),
		"terraform show -json of a plan has what it comes to")
	return false
}

// spend takes from what substitution may cost in this file.
func (w *hclWriter) spend(n int) bool {
	w.substituted += n + 16
	enough := w.substituted <= substitutable(w.in.size)
	if !enough && !w.exhausted {
		w.exhausted = true
		w.note(0, "the references of the file make too much text", "simplify them")
	}
	return enough
}

// scalar writes a number, a boolean or null as it is spelled.
func (w *hclWriter) scalar(e hclsyntax.Expression) bool {
	if u, ok := e.(*hclsyntax.UnaryOpExpr); ok {
		if _, ok := u.Val.(*hclsyntax.LiteralValueExpr); !ok || u.Op != hclsyntax.OpNegate {
			return w.notLiteral(e)
		}
	}
	r := e.Range()
	w.out.copy(w.t, r.Start.Byte, r.End.Byte)
	return true
}

func (w *hclWriter) object(e *hclsyntax.ObjectConsExpr, p place, indent int) bool {
	at := w.at(e)
	for _, item := range e.Items {
		if key, ok := w.key(item.KeyExpr); ok && string(key.bytes) == "Effect" {
			p.services = w.services(e)
		}
	}
	w.out.put("{", at)
	for i, item := range e.Items {
		if i > 0 {
			w.out.put(",", at)
		}
		key, ok := w.key(item.KeyExpr)
		if !ok {
			return w.notLiteral(item.KeyExpr)
		}
		w.line(indent+1, at)
		quote(&w.out, key, w.at(item.KeyExpr))
		w.out.put(": ", w.at(item.KeyExpr))
		if !w.value(item.ValueExpr, p.member(string(key.bytes)), indent+1) {
			return false
		}
	}
	end := w.end(e)
	if len(e.Items) > 0 {
		w.line(indent, end)
	}
	w.out.put("}", end)
	return true
}

// list writes the items of a list that stands at e.
func (w *hclWriter) list(e hclsyntax.Expression, items []hclsyntax.Expression, p place, indent int) bool {
	at := w.at(e)
	w.out.put("[", at)
	for i, item := range items {
		if i > 0 {
			w.out.put(",", at)
		}
		w.line(indent+1, at)
		if !w.value(item, p, indent+1) {
			return false
		}
	}
	end := w.end(e)
	if len(items) > 0 {
		w.line(indent, end)
	}
	w.out.put("]", end)
	return true
}

// end returns the place of the bracket that closes an expression.
func (w *hclWriter) end(e hclsyntax.Expression) int {
	return w.t.origin(max(e.Range().End.Byte-1, e.Range().Start.Byte))
}

func (w *hclWriter) line(indent, at int) {
	w.out.put("\n"+strings.Repeat("  ", indent), at)
}

// key returns the name of a member.
func (w *hclWriter) key(e hclsyntax.Expression) (text, bool) {
	k, ok := e.(*hclsyntax.ObjectConsKeyExpr)
	if !ok {
		return text{}, false
	}
	inner := k.Wrapped
	if parens, ok := inner.(*hclsyntax.ParenthesesExpr); ok {
		inner = parens.Expression
	}
	if t, ok := inner.(*hclsyntax.TemplateExpr); ok {
		return w.template(t, place{part: true})
	}
	if traversal, ok := k.Wrapped.(*hclsyntax.ScopeTraversalExpr); ok && len(traversal.Traversal) == 1 && !k.ForceNonLiteral {
		r := traversal.Range()
		return w.t.slice(r.Start.Byte, r.End.Byte), true
	}
	return text{}, false
}

// services returns the services of a statement's actions.
func (w *hclWriter) services(e *hclsyntax.ObjectConsExpr) []string {
	var all []string
	for _, item := range e.Items {
		if key, ok := w.key(item.KeyExpr); !ok || string(key.bytes) != "Action" {
			continue
		}
		actions := []hclsyntax.Expression{item.ValueExpr}
		if list, ok := item.ValueExpr.(*hclsyntax.TupleConsExpr); ok {
			actions = list.Exprs
		}
		for _, a := range actions {
			if s, ok := w.constant(a); ok {
				if service, _, ok := strings.Cut(strings.ToLower(s), ":"); ok && len(all) < 8 {
					all = append(all, service)
				}
			}
		}
	}
	return all
}

// template returns the text of a string or heredoc.
func (w *hclWriter) template(e *hclsyntax.TemplateExpr, p place) (text, bool) {
	var b builder
	for i, part := range e.Parts {
		if literal, ok := part.(*hclsyntax.LiteralValueExpr); ok && literal.Val.Type() == cty.String {
			w.literal(&b, e, literal)
			continue
		}
		inside := p
		inside.part = p.part || len(e.Parts) > 1
		if !w.interpolate(&b, part, w.surrounded(&b, e, i, inside)) {
			return text{}, false
		}
	}
	return b.text(), w.spend(len(b.bytes))
}

// literal writes a literal part of a template.
func (w *hclWriter) literal(b *builder, e *hclsyntax.TemplateExpr, literal *hclsyntax.LiteralValueExpr) {
	r := literal.Range()
	quoted := bytes.HasPrefix(w.t.bytes[e.Range().Start.Byte:], []byte(`"`))
	val := literal.Val.AsString()
	if w.ampersand {
		val = strings.ReplaceAll(val, "&{", "${")
	}
	align(b, w.t, r.Start.Byte, r.End.Byte, val, quoted)
}

// interpolate writes the value of an expression in a template.
func (w *hclWriter) interpolate(b *builder, e hclsyntax.Expression, p place) bool {
	switch e := e.(type) {
	case *hclsyntax.ConditionalExpr, *hclsyntax.TemplateJoinExpr:
		return w.notLiteral(e)
	case *hclsyntax.TemplateExpr:
		t, ok := w.template(e, p)
		b.copy(t, 0, len(t.bytes))
		return ok
	}
	ref := w.reference(e)
	if literal := w.known(ref); literal != nil {
		t, ok := w.text(literal.Expr, p)
		if ok && w.spend(len(t.bytes)) {
			w.report(e, string(t.bytes))
			b.copy(t, 0, len(t.bytes))
			return true
		}
	}
	b.put(w.standIn(e, ref, p), w.at(e))
	return true
}

// text returns the text of a literal string or number.
func (w *hclWriter) text(e hclsyntax.Expression, p place) (text, bool) {
	if w.inside >= maxIndirections {
		return text{}, false
	}
	w.inside++
	defer func() { w.inside-- }()
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		return w.template(e, p)
	case *hclsyntax.LiteralValueExpr:
		r := e.Range()
		return w.t.slice(r.Start.Byte, r.End.Byte), !e.Val.IsNull()
	}
	return text{}, false
}

// refer writes what a reference stands for.
func (w *hclWriter) refer(e hclsyntax.Expression, p place, indent int) bool {
	ref := w.reference(e)
	if literal := w.known(ref); literal != nil && w.inside < maxIndirections && isLiteral(literal.Expr) {
		w.inside++
		defer func() { w.inside-- }()
		w.report(e, w.source(literal.Expr))
		return w.value(literal.Expr, p, indent)
	}
	_, many := e.(*hclsyntax.SplatExpr)
	var b builder
	b.put(w.standIn(e, ref, p), w.at(e))
	if many {
		w.out.put("[", w.at(e))
	}
	quote(&w.out, b.text(), w.at(e))
	if many {
		w.out.put("]", w.at(e))
	}
	return true
}

// isLiteral reports whether a local or a default has a value that can be put in
// its place: null says only that there is none yet.
func isLiteral(e hclsyntax.Expression) bool {
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr, *hclsyntax.ObjectConsExpr:
		return true
	case *hclsyntax.TupleConsExpr:
		return len(e.Exprs) > 0
	case *hclsyntax.LiteralValueExpr:
		return !e.Val.IsNull()
	case *hclsyntax.ScopeTraversalExpr:
		return true
	}
	return false
}

// known returns the local or the default a reference is to.
func (c *configuration) known(ref string) *hclsyntax.Attribute {
	if name, ok := strings.CutPrefix(ref, "local."); ok {
		return c.locals[name]
	}
	if name, ok := strings.CutPrefix(ref, "var."); ok {
		return c.variables[name]
	}
	return nil
}

// report notes a substitution.
func (w *hclWriter) report(e hclsyntax.Expression, standIn string) {
	w.subs = append(w.subs, Substitution{At: w.in.position(w.at(e)), Expression: printable(w.source(e), 200), StandIn: printable(standIn, 200)})
}

// standIn returns what stands for a reference, and notes it.
func (w *hclWriter) standIn(e hclsyntax.Expression, ref string, p place) string {
	s := ""
	if typ, name, attribute, ok := w.target(e); ok {
		s = terraformStandIn(strings.TrimPrefix(typ, "data."), w.nameOf(typ, name), attribute, p)
	} else {
		if ref == "" {
			if variables := e.Variables(); len(variables) > 0 {
				ref = variables[0].RootName()
				if r := variables[0].SourceRange(); r.End.Byte <= len(w.t.bytes) {
					ref = string(w.t.bytes[r.Start.Byte:r.End.Byte])
				}
			}
		}
		s = standIn(ref[strings.LastIndexByte(ref, '.')+1:], p)
	}
	w.report(e, s)
	w.spend(len(s))
	return s
}
