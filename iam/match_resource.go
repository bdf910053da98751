package iam

// resourceMatcher is Resource or NotResource.
type resourceMatcher struct {
	not       bool
	absent    bool
	patterns  []pattern
	variables []Part
}

func compileResources(e Elements, variables bool) resourceMatcher {
	m := resourceMatcher{not: e.Not, absent: e.Absent()}
	for _, v := range e.Values {
		m.patterns = append(m.patterns, compilePattern(v, resourceSegments, variables))
	}
	m.variables = variablesOf(m.patterns)
	return m
}

// match reports what the element says about the request's resource. Policies of
// a resource may leave it out: they are about what they are attached to.
func (m *resourceMatcher) match(c *Context, resource string, layer Layer) verdict {
	if m.absent {
		if layer == ResourceLayer {
			return holds
		}
		return unreadable
	}
	if !resolved(m.variables, c) {
		return unresolved
	}
	v := fails
	for i := range m.patterns {
		switch m.patterns[i].match(c, resource) {
		case holds:
			return holds.not(m.not)
		case unreadable:
			v = unreadable
		}
	}
	return v.not(m.not)
}
