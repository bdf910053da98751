package iam

// wild reports whether the part is a wildcard.
func (p *Part) wild() bool { return p.Kind == AnyRun || p.Kind == AnyOne }

// in returns what a part of a compiled template stands for in a context: itself,
// or the value of the variable.
func (p *Part) in(c *Context) string {
	switch p.Kind {
	case Literal:
		return p.Text
	case Variable:
		text, _ := p.resolve(c)
		return text
	}
	return ""
}

// resolve returns the value of a variable; ok is false where it has none. The
// key must have one value: one that can have several has no single text, and is
// not absent either, so that no default stands for it.
func (p *Part) resolve(c *Context) (text string, ok bool) {
	v := c.keys[p.Text]
	switch {
	case len(v.Values) == 0:
		return p.Default, p.HasDefault
	case v.Multi || len(v.Values) > 1:
		return "", false
	}
	return v.Values[0], true
}

// variables returns the variables of a template.
func (t Template) variables() []Part {
	var vs []Part
	for _, part := range t {
		if part.Kind == Variable {
			vs = append(vs, part)
		}
	}
	return vs
}

// variablesOf returns the variables of patterns.
func variablesOf(patterns []pattern) []Part {
	var vs []Part
	for i := range patterns {
		vs = append(vs, patterns[i].variables...)
	}
	return vs
}

// resolved reports whether all the variables have a value.
func resolved(variables []Part, c *Context) bool {
	for i := range variables {
		if _, ok := variables[i].resolve(c); !ok {
			return false
		}
	}
	return true
}
