package iam

import (
	"strings"

	"github.com/berth-project/berth/arn"
)

// resourceMatcher is Resource or NotResource.
type resourceMatcher struct {
	not       bool
	absent    bool
	patterns  []pattern
	variables []Part
}

func compileResources(e Elements, variables, complete bool) resourceMatcher {
	m := resourceMatcher{not: e.Not, absent: e.Absent()}
	for _, v := range e.Values {
		// Variables stand in the last field only, so one that is short has none.
		if complete && !(variables && strings.Contains(v, "${")) {
			v = arn.Complete(v)
		}
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
	v := matchesSome(m.patterns, c, resource).not(m.not)
	if !resolved(m.variables, c) {
		return v.lacking()
	}
	return v
}

// matchesSome reports whether one of the patterns matches. A variable without
// value matches nothing.
func matchesSome(patterns []pattern, c *Context, s string) verdict {
	none := fails
	for i := range patterns {
		if !resolved(patterns[i].variables, c) {
			continue
		}
		switch patterns[i].match(c, s) {
		case holds:
			return holds
		case unreadable:
			none = unreadable
		}
	}
	return none
}
