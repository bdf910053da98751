package iam

import (
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// conditions reads Condition: operators, each with keys, each with values.
func (r *reader) conditions(i int, n *jsonsource.Node) []Condition {
	path := StatementPath(i) + ".Condition"
	if n.Kind != jsonsource.Object {
		r.mismatch(n, path, "an object", false)
		return nil
	}
	twins := r.duplicates(n, func() string { return path })
	var all []Condition
	for k := range n.Members {
		m := &n.Members[k]
		path := path + "." + m.Name
		op := r.operator(m, path, twins[m])
		if m.Value.Kind != jsonsource.Object {
			r.mismatch(&m.Value, path, "an object of keys and values", false)
			continue
		}
		r.duplicates(&m.Value, func() string { return path })
		for l := range m.Value.Members {
			all = append(all, r.condition(op, m.Name, &m.Value.Members[l], path))
		}
	}
	return all
}

func (r *reader) operator(m *jsonsource.Member, path string, twin bool) Operator {
	op, ok := ParseOperator(m.Name)
	switch {
	case !ok && !twin:
		f := fault{codeOperator, "condition operator " + quoted(m.Name) + " does not exist", "see the operators of the IAM User Guide"}
		if len(r.problems) < maxProblems { // the search takes long where nobody reads its result
			if near := nearestOperator(m.Name); near != "" {
				f.help = "write " + quoted(near)
			}
		}
		r.tolerate(f, path, r.nameSpan(m))
	case op.Test == Null && op.IfExists:
		r.refuse(fault{codeNullIfExists, "Null cannot have IfExists", `write "Null": it asks itself whether the key exists`}, path, r.nameSpan(m))
	}
	return op
}

// nearestOperator returns the operator that was probably meant.
func nearestOperator(s string) string {
	qualifier, test, ok := strings.Cut(s, ":")
	if !ok {
		qualifier, test = "", s
	}
	if ok {
		if qualifier = nearest(qualifier, []string{"ForAllValues", "ForAnyValue"}); qualifier == "" {
			return ""
		}
		qualifier += ":"
	}
	var words []string
	for t := StringEquals; t <= Null; t++ {
		words = append(words, Operator{Test: t}.String())
		if t != Null {
			words = append(words, Operator{Test: t, IfExists: true}.String())
		}
	}
	near := nearest(test, words)
	if near == "" {
		return ""
	}
	return qualifier + near
}

func (r *reader) condition(op Operator, written string, m *jsonsource.Member, path string) Condition {
	path += "." + m.Name
	c := Condition{Written: written, Operator: op, Key: m.Name}
	if f := r.keyFault(m.Name); f.code != "" {
		r.tolerate(f, path, r.nameSpan(m))
	}
	switch n := &m.Value; n.Kind {
	case jsonsource.Array:
		c.Values = make([]Value, len(n.Items))
		for j := range n.Items {
			c.Values[j] = r.value(op, &n.Items[j], path, j)
		}
		r.valueList(op, c.Values, path, n)
	default:
		c.Scalar = true
		c.Values = []Value{r.value(op, n, path, -1)}
	}
	return c
}

// valueList checks what can be wrong with several values together.
func (r *reader) valueList(op Operator, values []Value, path string, n *jsonsource.Node) {
	if op.Test == Bool && len(values) > 1 {
		r.tolerate(fault{codeManyBooleans, "Bool compares with several values", `write one, "true" or "false"`}, path, r.span(n))
	}
	for _, v := range values {
		if v.Type != values[0].Type {
			r.tolerate(fault{codeMixedTypes, "values are of several JSON types", "write all of them as strings"}, path, r.span(n))
			return
		}
	}
}

// value reads one value. Of a number it keeps the spelling.
func (r *reader) value(op Operator, n *jsonsource.Node, path string, j int) Value {
	switch n.Kind {
	case jsonsource.Bool:
		return Value{Text: n.Text, Type: Boolean}
	case jsonsource.Number:
		return Value{Text: n.Text, Type: Number}
	case jsonsource.String:
		for _, f := range r.valueFaults(op, n.Text) {
			r.tolerate(f, path+index(j, false), r.span(n))
		}
		return Value{Text: n.Text, Type: String}
	}
	r.mismatch(n, path+index(j, false), "a string, number or boolean", false)
	return Value{}
}

func (r *reader) valueFaults(op Operator, s string) []fault {
	switch {
	case !r.variables || op.Test == UnknownTest || !strings.Contains(s, "${"):
		return nil
	case op.Test.Variables():
		return variableFaults(s)
	}
	return []fault{{codeVariableOperator, "value " + quoted(s) + " has a variable, which " + op.Test.String() + " does not replace", "use an operator on strings or ARNs, or write the value"}}
}

// Variables reports whether "${...}" in the values of the test stands for a
// value: in those of strings, ARNs and booleans.
func (t Test) Variables() bool {
	switch t.Family() {
	case StringFamily, ARNFamily, BoolFamily:
		return true
	}
	return false
}

// keyFault checks a condition key: "service:name", with "/tag" where the key is
// of tags.
func (r *reader) keyFault(key string) fault {
	prefix, name, ok := strings.Cut(key, ":")
	switch {
	case r.variables && strings.Contains(key, "${"):
		return fault{codeVariableElement, "condition key " + quoted(key) + " has a variable", "name the key: variables stand in values"}
	case !ok || prefix == "" || name == "" || strings.ContainsAny(prefix, " \t\r\n*?"):
		return fault{codeConditionKey, "condition key " + quoted(key) + " has no service", `write it as "service:name", such as "aws:SourceIp"`}
	case strings.ContainsAny(name, "*?"):
		return fault{codeConditionKey, "condition key " + quoted(key) + " has a wildcard", "name the key: wildcards stand in values"}
	case !strings.EqualFold(prefix, "aws"):
		return fault{}
	}
	kind, tag, _ := strings.Cut(name, "/")
	for _, k := range []string{"PrincipalTag", "RequestTag", "ResourceTag"} {
		if strings.EqualFold(kind, k) && tag == "" {
			return fault{codeTagKey, "condition key " + quoted(key) + " names no tag", "write " + quoted("aws:"+k+"/name")}
		}
	}
	return fault{}
}
