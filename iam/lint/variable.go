package lint

import (
	"strings"

	"github.com/berth-project/berth/iam"
)

// variables reports variables that no request has a value for, and those in
// documents of the version that has none. That one is written wrongly is the
// reader's to say.
func variables(p *pass) {
	if p.refused("Version") {
		return
	}
	judge := p.plainVariable
	if p.policy.Variables() {
		judge = p.unknownVariables
	}
	p.statements(func(i int, s *iam.Statement) {
		for j, value := range s.Resources.Values {
			judge(value, p.policy.ResourcePath(i, j))
		}
		for c, cond := range s.Conditions {
			for j, value := range cond.Values {
				judge(value.Text, p.policy.ConditionPath(i, c, j))
			}
		}
	})
}

// unknownVariables reports variables whose key does not exist. What is no key at
// all is a placeholder.
func (p *pass) unknownVariables(text, path string) {
	if !strings.Contains(text, "${") {
		return
	}
	for _, part := range iam.ParseTemplate(text, iam.VariableSyntax) {
		if part.Kind == iam.Variable && strings.Contains(part.Text, ":") && !p.refused(path) && !isPlaceholder(text) {
			p.unknownKey(part.Text, path)
		}
	}
}

func (p *pass) plainVariable(text, path string) {
	at := strings.Index(text, "${")
	if at < 0 || !strings.Contains(text[at:], "}") {
		return
	}
	f := p.report("VARIABLE_UNSUPPORTED_IN_VERSION", path, "%q is plain text in a document of this version", text)
	f.Help = `write "Version": "` + iam.Version2012 + `"`
	patch := p.put("Version", iam.Version2012)
	if p.policy.Version == "" {
		patch = p.insert(iam.DocumentPath, "Version", iam.Version2012)
	}
	p.fix(f, false, "set the version", patch)
}
