package manifest

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// pairs returns the entries of a mapping node.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// scalarText returns the text of a scalar node: numbers and truth values as
// they are written.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// hideNode keeps a value out of excerpts.
func (s *source) hideNode(n ast.Node) {
	if n == nil {
		return
	}
	if values, ok := pairs(n); ok {
		for _, kv := range values {
			s.hideNode(kv.Value)
		}
		return
	}
	if seq, ok := n.(*ast.SequenceNode); ok {
		for _, one := range seq.Values {
			s.hideNode(one)
		}
		return
	}
	tk := n.GetToken()
	lines := 1 + strings.Count(strings.TrimSpace(tk.Origin), "\n")
	if lit, ok := n.(*ast.LiteralNode); ok {
		lines = 2 + strings.Count(lit.Value.GetToken().Origin, "\n")
	}
	s.hide(s.mark(tk), lines)
}

// kindOf names the kind of a node, with its article.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	}
	return "something else"
}

// describe names what a type is written as, with its article.
func describe(t reflect.Type) string {
	switch {
	case t == typeDuration:
		return `a duration such as "30s"`
	case t == typeSize:
		return `a size such as "10MiB"`
	case t == typeStringOrList:
		return "a text or a list of texts"
	case t.Kind() == reflect.Pointer:
		return describe(t.Elem())
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Map:
		return "a mapping"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Struct:
		return describeStruct(fields(t))
	}
	return "a text"
}

func describeStruct(fs []field) string {
	var forms []string
	for _, w := range wordsOf(fs) {
		forms = append(forms, `"`+w+`"`)
	}
	if _, ok := shortField(fs, false); ok {
		forms = append(forms, "a text")
	}
	if _, ok := shortField(fs, true); ok {
		forms = append(forms, "a list of texts")
	}
	if keyed(fs) {
		forms = append(forms, "a mapping")
	}
	return strings.Join(forms, " or ")
}

// itemNames names the items of lists in messages.
var itemNames = map[reflect.Type]string{
	reflect.TypeFor[Source]():            "a source",
	reflect.TypeFor[Route]():             "a route",
	reflect.TypeFor[Rule]():              "a rule",
	reflect.TypeFor[Requirement]():       "a requirement",
	reflect.TypeFor[Listen]():            "a listen address",
	reflect.TypeFor[Hook]():              "a hook",
	reflect.TypeFor[Certificate]():       "a certificate",
	reflect.TypeFor[CacheControl]():      "a cache-control entry",
	reflect.TypeFor[DevelopmentTenant](): "a tenant",
	reflect.TypeFor[DevelopmentUser]():   "a user",
	reflect.TypeFor[Queue]():             "a queue",
}

func singular(word string) string {
	switch word {
	case "processes":
		return "process"
	case "upstreams":
		return "upstream"
	case "needs":
		return "the needs of"
	}
	return word
}

// nameOf names a value in a message.
func nameOf(at place) string {
	name := at.path
	if name == "" {
		return "the manifest"
	}
	return name
}
