package lint

import (
	"strings"

	"github.com/berth-project/berth/iam"
)

// variables reports variables in documents of the version that has none. That
// one is written wrongly is the reader's to say.
func variables(p *pass) {
	if p.policy.Variables() || p.refused("Version") {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		for j, value := range s.Resources.Values {
			p.plainVariable(value, p.policy.ResourcePath(i, j))
		}
		for c, cond := range s.Conditions {
			for j, value := range cond.Values {
				p.plainVariable(value.Text, p.policy.ConditionPath(i, c, j))
			}
		}
	})
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
