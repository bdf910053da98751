package source

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/berth-project/berth/internal/jsonsource"
)

// search finds policies in the arguments of a block that are not known to have
// any: of modules, locals, and types this package does not know.
func (c *configuration) search(b *hclsyntax.Block) {
	if b.Type == "resource" && len(b.Labels) == 2 && foreignTypes[b.Labels[0]] {
		return
	}
	name := strings.Join(append([]string{b.Type}, b.Labels...), ".")
	switch b.Type {
	case "locals":
		name = "local"
	case "resource":
		name = strings.Join(b.Labels, ".")
	}
	c.searchBody(name, b.Body)
}

func (c *configuration) searchBody(name string, body *hclsyntax.Body) {
	for _, a := range inOrder(body) {
		if !c.taken[a] {
			c.searchExpression(name+"."+a.Name, a.Expr)
		}
	}
	for _, b := range body.Blocks {
		c.searchBody(name+"."+b.Type, b.Body)
	}
}

// inOrder returns the arguments of a body as they stand.
func inOrder(body *hclsyntax.Body) []*hclsyntax.Attribute {
	return slices.SortedFunc(maps.Values(body.Attributes), func(a, b *hclsyntax.Attribute) int {
		return a.NameRange.Start.Byte - b.NameRange.Start.Byte
	})
}

func (c *configuration) searchExpression(name string, e hclsyntax.Expression) {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		c.searchExpression(name, e.Expression)
	case *hclsyntax.ConditionalExpr:
		c.searchExpression(name, e.TrueResult)
		c.searchExpression(name, e.FalseResult)
	case *hclsyntax.TupleConsExpr:
		for _, item := range e.Exprs {
			c.searchExpression(name, item)
		}
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			key, _ := c.writer().key(item.KeyExpr)
			c.searchExpression(name+"."+string(key.bytes), item.ValueExpr)
		}
	case *hclsyntax.TemplateExpr:
		if c.mentionsPolicy(e) {
			c.templated(role{name: name}, e)
		}
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "jsonencode" && len(e.Args) == 1 {
			if o, ok := c.behind(e.Args[0]).(*hclsyntax.ObjectConsExpr); ok && c.hasStatement(o) {
				c.call(role{name: name}, e, 0)
				return
			}
		}
		for _, arg := range e.Args {
			c.searchExpression(name, arg)
		}
	}
}

// hasStatement reports whether an object has the element that makes it a policy.
func (c *configuration) hasStatement(o *hclsyntax.ObjectConsExpr) bool {
	w := c.writer()
	for _, item := range o.Items {
		if key, ok := w.key(item.KeyExpr); ok && string(key.bytes) == "Statement" {
			return true
		}
	}
	return false
}

// mentionsPolicy reports whether a string or heredoc is meant as a policy.
func (c *configuration) mentionsPolicy(e *hclsyntax.TemplateExpr) bool {
	r := e.Range()
	src := c.t.bytes[r.Start.Byte:min(r.End.Byte, len(c.t.bytes))]
	return bytes.Contains(src, []byte("Statement")) && bytes.Contains(src, []byte("Effect"))
}

// templated takes the policy a string or heredoc holds. A heredoc may be a
// script with the policy in it.
func (c *configuration) templated(r role, e *hclsyntax.TemplateExpr) {
	w := c.writer()
	t, ok := w.template(e, place{})
	content := bytes.TrimSpace(t.bytes)
	if !ok || len(content) == 0 {
		return
	}
	inner := &walker{finder: c.finder, t: t, depth: 1, around: func() surroundings { return surroundings{heading: r.name} }}
	if r.certain {
		inner.whole(r, w.subs)
		return
	}
	switch doc, err := jsonsource.Parse(t.bytes, limits()); {
	case err == nil && (isPolicy(doc.Root) || isStatement(doc.Root)):
		inner.whole(r, w.subs)
	case err == nil:
		inner.document(doc.Root)
	default:
		c.prose(t)
	}
}
