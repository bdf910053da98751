package source

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// reference returns what an expression refers to, without keys of count and
// for_each: "aws_sqs_queue.jobs.arn". Of other expressions it returns nothing.
func (c *configuration) reference(e hclsyntax.Expression) string {
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr, *hclsyntax.SplatExpr:
		return strings.ReplaceAll(withoutIndex(c.source(e)), ".*", "")
	case *hclsyntax.ParenthesesExpr:
		return c.reference(e.Expression)
	}
	return ""
}

// target returns the resource and attribute an expression refers to. The type of
// a data source begins with "data.".
func (c *configuration) target(e hclsyntax.Expression) (typ, name, attribute string, ok bool) {
	parts := strings.Split(c.reference(e), ".")
	if parts[0] == "data" && len(parts) >= 3 {
		parts = append([]string{"data." + parts[1]}, parts[2:]...)
	}
	if len(parts) < 2 || !strings.Contains(parts[0], "_") {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[len(parts)-1], true
}

// nameOf returns the name of a resource where it is literal in the file, and
// else one made from its address.
func (w *hclWriter) nameOf(typ, name string) string {
	if b := w.resources[typ+"."+name]; b != nil {
		for _, argument := range nameArguments {
			if a := b.Body.Attributes[argument]; a != nil {
				if s := w.named(a.Expr); s != "" {
					return s
				}
			}
		}
	}
	return slug(name)
}

// named returns the text of a name, references in it resolved.
func (w *hclWriter) named(e hclsyntax.Expression) string {
	if w.inside >= maxIndirections {
		return ""
	}
	noted := len(w.subs)
	defer func() { w.subs = w.subs[:noted] }()
	t, ok := w.text(e, place{part: true})
	if !ok || len(t.bytes) > maxDefault {
		return ""
	}
	return string(t.bytes)
}

// constant returns the text of a string without references.
func (c *configuration) constant(e hclsyntax.Expression) (string, bool) {
	t, ok := e.(*hclsyntax.TemplateExpr)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for _, part := range t.Parts {
		literal, ok := part.(*hclsyntax.LiteralValueExpr)
		if !ok || literal.Val.Type() != cty.String {
			return "", false
		}
		b.WriteString(literal.Val.AsString())
	}
	return b.String(), true
}

// surrounded completes the place of an interpolation in a text that is itself
// JSON, by what is before and behind it.
func (w *hclWriter) surrounded(b *builder, e *hclsyntax.TemplateExpr, i int, p place) place {
	if p.element != "" || i == 0 || i == len(e.Parts)-1 || !bytes.HasSuffix(b.bytes, []byte(`"`)) {
		return p
	}
	next, ok := e.Parts[i+1].(*hclsyntax.LiteralValueExpr)
	if !ok || next.Val.Type() != cty.String || !strings.HasPrefix(next.Val.AsString(), `"`) {
		return p
	}
	p.part = false
	before := b.bytes[max(0, len(b.bytes)-2_000):]
	nearest := -1
	for _, element := range []string{"Action", "Resource", "Principal", "Condition"} {
		if at := bytes.LastIndex(before, []byte(element+`"`)); at > nearest {
			nearest, p.element = at, element
		}
	}
	if p.element == "Principal" {
		for _, key := range []string{"AWS", "Service", "Federated"} {
			if at := bytes.LastIndex(before, []byte(`"`+key+`"`)); at > nearest {
				nearest, p.principal = at, key
			}
		}
	}
	return p
}

// align writes the value of a part of the file, from i to j, that differs from
// it by escapes, indentation or nothing. What is the same keeps its place.
func align(b *builder, t text, i, j int, val string, quoted bool) {
	for k := 0; k < len(val); {
		if i >= j {
			b.put(val[k:], t.origin(j))
			return
		}
		src := t.bytes[i:j]
		if n := escapeLength(src); quoted && n > 0 {
			_, size := utf8.DecodeRuneInString(val[k:])
			b.put(val[k:k+size], t.origin(i))
			i, k = i+n, k+size
			continue
		}
		n := 0
		for n < len(src) && k+n < len(val) && src[n] == val[k+n] && (!quoted || src[n] != '\\') {
			n++
		}
		if n > 0 {
			b.copy(t, i, i+n)
			i, k = i+n, k+n
			continue
		}
		if ampersand := bytes.HasPrefix(src, []byte("&{")) && val[k] == '$'; ampersand {
			b.put("$", t.origin(i))
			k++
		}
		i++ // what the file has and the value has not
	}
}

// escapeLength returns the length of the escape a quoted text begins with, or 0
// (HCL Native Syntax Specification, "Template Expressions").
func escapeLength(src []byte) int {
	if len(src) < 2 || src[0] != '\\' {
		return 0
	}
	n := 2
	switch src[1] {
	case 'u':
		n = 6
	case 'U':
		n = 10
	}
	return min(n, len(src))
}
