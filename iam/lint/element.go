package lint

import "github.com/berth-project/berth/iam"

// emptyElements reports lists of actions and resources with nothing in them.
func emptyElements(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		p.emptyElement("EMPTY_ARRAY_ACTION", "action", p.policy.ActionPath(i, -1), s.Actions)
		p.emptyElement("EMPTY_ARRAY_RESOURCE", "resource", p.policy.ResourcePath(i, -1), s.Resources)
	})
}

func (p *pass) emptyElement(code, noun, path string, e iam.Elements) {
	if e.Absent() || len(e.Values) > 0 || p.refused(path) {
		return
	}
	what := "the statement is about no " + noun
	if e.Not {
		what = "no " + noun + " is excepted, so the statement is about all of them"
	}
	p.report(code, path, "%s", what).Help = "list what is meant, or remove the statement"
}
