package manifest

import (
	"errors"
	"strings"

	"github.com/berth-project/berth/access"
)

// Rules returns the access rules in the form package access compiles.
func (m *Manifest) Rules() []access.Rule {
	rules := make([]access.Rule, len(m.Access))
	for i, r := range m.Access {
		rules[i] = access.Rule{ID: r.ID, Path: r.Path, Methods: r.Methods, Hosts: r.Hosts, Allow: r.Allow.access()}
	}
	return rules
}

// access converts a requirement. One that says nothing has no kind, which
// package access refuses.
func (r *Requirement) access() access.Requirement {
	out := access.Requirement{Of: r.Of}
	switch {
	case r.Anyone:
		out.Kind = access.Anyone
	case r.SignedIn:
		out.Kind = access.SignedIn
	case r.Role != nil:
		out.Kind, out.Roles = access.Role, r.Role
	case r.Plan != nil:
		out.Kind, out.Plans = access.Plan, r.Plan
	case r.When != "":
		out.Kind, out.Expr = access.When, r.When
	case r.All != nil:
		out.Kind, out.Sub = access.All, convert(r.All)
	case r.Any != nil:
		out.Kind, out.Sub = access.Any, convert(r.Any)
	case r.Not != nil:
		out.Kind, out.Sub = access.Not, []access.Requirement{r.Not.access()}
	}
	return out
}

func convert(list []Requirement) []access.Requirement {
	out := make([]access.Requirement, len(list))
	for i := range list {
		out[i] = list[i].access()
	}
	return out
}

// checkAccess compiles the rules and puts what is wrong where it stands.
func (m *Manifest) checkAccess() {
	if len(m.Access) == 0 {
		if len(m.Gateway.Routes) > 0 {
			m.src.warn("gateway.routes", codeRuleLint, "there are no access rules, so every request is refused").
				Help = "add access:, with allow: anyone where no sign-in is needed"
		}
		return
	}
	ids := map[string]int{}
	for i, r := range m.Access {
		m.unique(ids, r.ID, below(item("access", i), "id"), i, "rule")
		if r.Allow.Of != "" && r.Allow.Role == nil && r.Allow.Plan == nil {
			m.src.at(item("access", i)+".allow.of", codeConflict, `"of" belongs to role or plan`)
		}
	}
	policy, err := access.Compile(m.Rules())
	if err != nil {
		m.addAccess(err, codeRule, "access")
		return
	}
	for _, f := range policy.Lint() {
		if f.Code == access.FindingNoCatchAll {
			continue
		}
		m.src.warn(below(item("access", f.Rule), "path"), codeRuleLint, "%s", f.Message).Help = f.Help
	}
}

// addAccess reports the errors of package access about a list of rules or
// routes. What the decoder has found at the same place already is left out.
func (m *Manifest) addAccess(err error, code, list string) {
	var errs access.Errors
	if !errors.As(err, &errs) {
		m.src.at(list, code, "%s", err)
		return
	}
	for _, e := range errs {
		path := list
		if e.Rule >= 0 {
			path = item(list, e.Rule)
		}
		if e.Field != "" {
			path += "." + strings.ReplaceAll(e.Field, "not[0]", "not")
		}
		at := m.src.within(m.src.locate(path), e.Line, e.Column)
		if m.src.reported(at.line, path) {
			continue
		}
		p := m.src.add(at, code, "%s", strings.ReplaceAll(e.Message, "\n", " "))
		p.Path, p.Help = path, e.Help
	}
}

// within returns the place at a line and column of the text that starts at m.
func (s *source) within(m mark, line, column int) mark {
	if line < 1 || m.line < 1 {
		return m
	}
	text := s.line(m.line)
	start := ""
	if m.column <= len(text) {
		start = text[m.column-1 : m.column]
	}
	switch {
	case start == "|" || start == ">":
		return mark{line: m.line + line, column: indent(s.line(m.line+line)) + max(1, column), width: 1}
	case line > 1:
		return m
	case start == `"` || start == "'":
		column++
	}
	return mark{line: m.line, column: m.column + max(1, column) - 1, width: 1}
}

// reported tells whether there is a problem on a line about the field or one
// within or around it.
func (s *source) reported(line int, path string) bool {
	for _, p := range s.problems {
		if p.Line == line && (strings.HasPrefix(p.Path, path) || strings.HasPrefix(path, p.Path) && p.Path != "") {
			return true
		}
	}
	return false
}
