package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// tagKeys reports tests of a resource's tag for actions whose requests do not
// carry it: the Allow never applies, and the Deny never denies.
func tagKeys(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		s := &p.policy.Statements[i]
		if _, tag := cutFold(cond.Key, "aws:ResourceTag/"); !tag || !demands(cond) || s.Effect == iam.NoEffect {
			return
		}
		prefix := strings.ToUpper(s.Effect.String())
		if s.Actions.Not {
			f := p.report(prefix+"_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", p.policy.ConditionPath(i, c, -1),
				"of the actions NotAction leaves, the statement is about those whose requests carry %s", cond.Key)
			f.Help = "list the actions"
			return
		}
		p.untaggedActions(i, s, prefix+"_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", cond.Key)
	})
}

func (p *pass) untaggedActions(i int, s *iam.Statement, code, key string) {
	for j, text := range s.Actions.Values {
		path := p.policy.ActionPath(i, j)
		actions := p.expand(text)
		if len(actions) == 0 || p.has(code, path) {
			continue
		}
		if !slices.ContainsFunc(actions, func(a *catalog.Action) bool { return catalog.Default().Supports(a, key) }) {
			f := p.report(code, path, "requests for %s do not carry %s", text, key)
			f.Help = "move it to a statement of its own, without this condition"
		}
	}
}
