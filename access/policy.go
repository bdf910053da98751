package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// MaxRules is how many rules one policy may have.
const MaxRules = 10_000

// maxDepth is how deep requirements may nest.
const maxDepth = 16

// Policy is a compiled list of rules. It is immutable and safe for concurrent
// use; a nil Policy refuses everything.
type Policy struct {
	source []Rule
	rules  []rule
	root   *node
}

// rule is a compiled [Rule].
type rule struct {
	id      string
	pattern pattern
	methods methods
	hosts   []host
	need    requirement
	// tenant is the segment that binds the tenant of the path, -1 for none.
	tenant int
}

// Compile checks rules and makes a policy of them. The error is [Errors] and
// holds everything that is wrong, not just the first thing.
func Compile(rules []Rule) (*Policy, error) {
	var errs Errors
	if len(rules) > MaxRules {
		return nil, append(errs, &Error{Rule: -1, Message: fmt.Sprintf("%d rules; a policy has at most %d", len(rules), MaxRules), Help: "merge rules with parameters and /**"})
	}
	p := &Policy{source: make([]Rule, len(rules)), rules: make([]rule, len(rules)), root: &node{}}
	comp := compiler{expressions: map[string]*expression{}, ids: map[string]int{}}
	for i, r := range rules {
		p.source[i] = cloneRule(r, i)
		p.rules[i] = comp.rule(p.source[i], collector{rule: i, errs: &errs})
	}
	if len(errs) > 0 {
		return nil, errs
	}
	for i := range p.rules {
		p.root.insert(p.rules[i].pattern, i)
	}
	return p, nil
}

// Rules returns the rules in their order, each with its id.
func (p *Policy) Rules() []Rule {
	if p == nil {
		return nil
	}
	rules := make([]Rule, len(p.source))
	for i, r := range p.source {
		rules[i] = cloneRule(r, i)
	}
	return rules
}

// cloneRule copies a rule deeply and gives it an id.
func cloneRule(r Rule, i int) Rule {
	if r.ID == "" {
		r.ID = fmt.Sprintf("rule-%d", i+1)
	}
	r.Methods, r.Hosts = slices.Clone(r.Methods), slices.Clone(r.Hosts)
	r.Allow = cloneRequirement(r.Allow, 0)
	return r
}

// cloneRequirement stops one level past what [Compile] accepts, so that a
// requirement nested without end is refused and not copied.
func cloneRequirement(r Requirement, depth int) Requirement {
	r.Roles, r.Plans = slices.Clone(r.Roles), slices.Clone(r.Plans)
	if depth > maxDepth {
		return r
	}
	r.Sub = slices.Clone(r.Sub)
	for i, s := range r.Sub {
		r.Sub[i] = cloneRequirement(s, depth+1)
	}
	return r
}

// compiler is what the rules of one policy share while they are compiled.
type compiler struct {
	expressions map[string]*expression
	ids         map[string]int
}

func (c *compiler) rule(r Rule, problems collector) rule {
	if first, taken := c.ids[r.ID]; taken {
		problems.add("id", "give each rule its own id", "rule %d has the id %q too", first+1, r.ID)
	} else {
		c.ids[r.ID] = problems.rule
	}
	if len(r.ID) > maxNameBytes || strings.ContainsFunc(r.ID, unicode.IsControl) {
		problems.add("id", "an id is at most 64 bytes without control characters", "%q is not an id", r.ID)
	}
	out := rule{id: r.ID, tenant: -1}
	var err error
	out.pattern, err = parsePattern(r.Path)
	if bad, ok := errors.AsType[*patternError](err); ok {
		problems.add("path", bad.help, "%s", bad.message)
	}
	out.methods = parseMethods(r.Methods, problems)
	out.hosts = parseHosts(r.Hosts, problems)
	b := builder{compiler: c, pattern: out.pattern, pathBad: err != nil, problems: problems}
	out.need = b.requirement(r.Allow, "allow", 1)
	out.tenant = out.need.boundSegment()
	if out.tenant < 0 {
		out.tenant = out.pattern.parameter("tenant")
	}
	return out
}

// index is the name of an element of a list field.
func index(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }
