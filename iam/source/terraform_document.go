package source

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/berth-project/berth/iam"
)

// document takes a data source aws_iam_policy_document: the policy it makes of
// its blocks.
func (c *configuration) document(b *hclsyntax.Block) {
	address := "data." + b.Labels[0] + "." + b.Labels[1]
	for _, a := range inOrder(b.Body) {
		c.taken[a] = true
		if strings.HasPrefix(a.Name, "source_") || strings.HasPrefix(a.Name, "override_") {
			c.note(c.at(a.Expr), address+" takes statements from other documents, which are not in the policy as it is read here",
				"terraform show -json of a plan has what it comes to")
		}
	}
	w := c.writer()
	w.ampersand = true
	if !w.document(b) {
		return
	}
	r := role{name: address}
	if uses := c.uses[address]; len(uses) > 0 {
		r = uses[0]
		r.name = address
		for _, more := range uses[1:] {
			r.attached = append(r.attached, more.attached...)
		}
	}
	c.whole(r, w)
}

// document writes the policy.
func (w *hclWriter) document(b *hclsyntax.Block) bool {
	at := w.t.origin(b.TypeRange.Start.Byte)
	w.out.put("{\n  \"Version\": ", at)
	if a := b.Body.Attributes["version"]; a != nil {
		if !w.value(a.Expr, place{}, 1) {
			return false
		}
	} else {
		w.out.put(`"`+iam.Version2012+`"`, at)
	}
	if a := b.Body.Attributes["policy_id"]; a != nil {
		w.out.put(",\n  \"Id\": ", w.at(a.Expr))
		if !w.value(a.Expr, place{}, 1) {
			return false
		}
	}
	w.out.put(",\n  \"Statement\": [", at)
	n := 0
	for _, s := range b.Body.Blocks {
		if s.Type != "statement" {
			if s.Type == "dynamic" {
				return w.computed(s)
			}
			continue
		}
		if n > 0 {
			w.out.put(",", w.t.origin(s.TypeRange.Start.Byte))
		}
		n++
		if !w.statement(s) {
			return false
		}
	}
	w.out.put("\n  ]\n}", w.t.origin(b.CloseBraceRange.Start.Byte))
	return true
}

// computed notes a block that is repeated by an expression.
func (w *hclWriter) computed(b *hclsyntax.Block) bool {
	w.note(w.t.origin(b.TypeRange.Start.Byte), "blocks of this document are computed, so the policy is not read",
		"terraform show -json of a plan has what it comes to")
	return false
}

// arguments are the arguments of a statement, with the elements they make, in
// the order in which they are written.
var arguments = []struct{ argument, element string }{
	{"sid", "Sid"},
	{"effect", "Effect"},
	{"", "Principal"},
	{"actions", "Action"},
	{"not_actions", "NotAction"},
	{"resources", "Resource"},
	{"not_resources", "NotResource"},
	{"", "Condition"},
}

func (w *hclWriter) statement(b *hclsyntax.Block) bool {
	for _, inner := range b.Body.Blocks {
		if inner.Type == "dynamic" {
			return w.computed(inner)
		}
	}
	at := w.t.origin(b.TypeRange.Start.Byte)
	p := place{services: w.actionServices(b.Body.Attributes["actions"])}
	w.line(2, at)
	w.out.put("{", at)
	first := true
	name := func(element string, at int) {
		if !first {
			w.out.put(",", at)
		}
		first = false
		w.line(3, at)
		w.out.put(`"`+element+`": `, at)
	}
	for _, a := range arguments {
		attribute := b.Body.Attributes[a.argument]
		switch {
		case a.element == "Principal":
			if !w.principals(b, "principals", "Principal", name) || !w.principals(b, "not_principals", "NotPrincipal", name) {
				return false
			}
		case a.element == "Condition":
			if !w.conditions(b, name) {
				return false
			}
		case attribute != nil:
			name(a.element, w.t.origin(attribute.NameRange.Start.Byte))
			if !w.value(attribute.Expr, p.member(a.element), 3) {
				return false
			}
		case a.element == "Effect":
			name(a.element, at)
			w.out.put(`"Allow"`, at)
		}
	}
	w.line(2, at)
	w.out.put("}", at)
	return true
}

func (w *hclWriter) actionServices(a *hclsyntax.Attribute) []string {
	if a == nil {
		return nil
	}
	list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil
	}
	var all []string
	for _, e := range list.Exprs {
		s, _ := w.constant(e)
		if service, _, ok := strings.Cut(strings.ToLower(s), ":"); ok && len(all) < 8 {
			all = append(all, service)
		}
	}
	return all
}

// group is a name with what several blocks list under it.
type group struct {
	name  string
	at    int
	lists []*hclsyntax.Attribute
	in    []group
}

// under returns the group of that name, which is added where there is none.
func under(groups *[]group, name string, at int) *group {
	for i := range *groups {
		if (*groups)[i].name == name {
			return &(*groups)[i]
		}
	}
	*groups = append(*groups, group{name: name, at: at})
	return &(*groups)[len(*groups)-1]
}

// maxGroups is how many different names the blocks of a statement may have.
const maxGroups = 100

// principals writes the blocks principals or not_principals.
func (w *hclWriter) principals(b *hclsyntax.Block, block, element string, name func(string, int)) bool {
	var groups []group
	for _, inner := range b.Body.Blocks {
		if inner.Type != block {
			continue
		}
		typ, identifiers := inner.Body.Attributes["type"], inner.Body.Attributes["identifiers"]
		if typ == nil || identifiers == nil {
			continue
		}
		s, ok := w.constant(typ.Expr)
		if !ok || len(groups) > maxGroups {
			return w.notLiteral(typ.Expr)
		}
		g := under(&groups, s, w.at(typ.Expr))
		g.lists = append(g.lists, identifiers)
	}
	if len(groups) == 0 {
		return true
	}
	name(element, groups[0].at)
	if len(groups) == 1 && groups[0].name == "*" {
		w.out.put(`"*"`, groups[0].at)
		return true
	}
	return w.groups(groups, place{element: "Principal"}, 3, func(g *group, p place) place {
		p.principal = g.name
		return p
	})
}

// groups writes an object of lists.
func (w *hclWriter) groups(groups []group, p place, indent int, descend func(*group, place) place) bool {
	w.out.put("{", groups[0].at)
	for i := range groups {
		g := &groups[i]
		if i > 0 {
			w.out.put(",", g.at)
		}
		w.line(indent+1, g.at)
		var key builder
		key.put(g.name, g.at)
		quote(&w.out, key.text(), g.at)
		w.out.put(": ", g.at)
		if !w.strings(g.lists, descend(g, p), indent+1) {
			return false
		}
	}
	w.line(indent, groups[0].at)
	w.out.put("}", groups[0].at)
	return true
}

// strings writes several lists as one, of strings.
func (w *hclWriter) strings(lists []*hclsyntax.Attribute, p place, indent int) bool {
	at := w.at(lists[0].Expr)
	w.out.put("[", at)
	first := true
	for _, a := range lists {
		items := []hclsyntax.Expression{a.Expr}
		if tuple, ok := a.Expr.(*hclsyntax.TupleConsExpr); ok {
			items = tuple.Exprs
		}
		for _, item := range items {
			if !first {
				w.out.put(",", at)
			}
			first = false
			w.line(indent+1, w.at(item))
			if literal, ok := item.(*hclsyntax.LiteralValueExpr); ok {
				r := literal.Range()
				quote(&w.out, w.t.slice(r.Start.Byte, r.End.Byte), w.at(item))
				continue
			}
			if !w.value(item, p, indent+1) {
				return false
			}
		}
	}
	w.line(indent, at)
	w.out.put("]", at)
	return true
}

// conditions writes the blocks condition.
func (w *hclWriter) conditions(b *hclsyntax.Block, name func(string, int)) bool {
	var tests []group
	for _, inner := range b.Body.Blocks {
		if inner.Type != "condition" {
			continue
		}
		test, variable, values := inner.Body.Attributes["test"], inner.Body.Attributes["variable"], inner.Body.Attributes["values"]
		if test == nil || variable == nil || values == nil {
			continue
		}
		operator, ok := w.constant(test.Expr)
		if !ok || len(tests) > maxGroups {
			return w.notLiteral(test.Expr)
		}
		key, ok := w.text(variable.Expr, place{part: true})
		if !ok {
			return w.notLiteral(variable.Expr)
		}
		g := under(&tests, operator, w.at(test.Expr))
		if len(g.in) > maxGroups {
			return w.notLiteral(variable.Expr)
		}
		in := under(&g.in, string(key.bytes), w.at(variable.Expr))
		in.lists = append(in.lists, values)
	}
	if len(tests) == 0 {
		return true
	}
	name("Condition", tests[0].at)
	w.out.put("{", tests[0].at)
	for i := range tests {
		if i > 0 {
			w.out.put(",", tests[i].at)
		}
		w.line(4, tests[i].at)
		var key builder
		key.put(tests[i].name, tests[i].at)
		quote(&w.out, key.text(), tests[i].at)
		w.out.put(": ", tests[i].at)
		ok := w.groups(tests[i].in, place{element: "Condition", operator: tests[i].name}, 4, func(g *group, p place) place {
			p.key = g.name
			return p
		})
		if !ok {
			return false
		}
	}
	w.line(3, tests[0].at)
	w.out.put("}", tests[0].at)
	return true
}
