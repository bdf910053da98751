package lint

import (
	"cmp"
	"slices"

	"github.com/berth-project/berth/iam"
)

// Policy judges one policy. The problems are what [iam.Read] reported of it;
// they become findings. The policy may be nil where Read could make nothing of
// the text. Findings are in the order of the document.
func Policy(p *iam.Policy, problems iam.Problems, o Options) []Finding {
	return Set(Attached{Policies: []*iam.Policy{p}, Problems: []iam.Problems{problems}}, o)
}

// Set judges the policies of one principal, each alone and all together: what
// neither grants both may. Finding.Policy says which policy a finding is about.
func Set(a Attached, o Options) []Finding {
	s := newSet(a, &o)
	rules := allRules()
	for _, p := range s.passes {
		p.problemsToFindings()
		for _, judge := range rules {
			p.work = 0
			judge(p)
		}
	}
	for _, judge := range allSetRules() {
		for _, p := range s.passes {
			p.work = 0
		}
		judge(s)
	}
	var all []Finding
	for _, p := range s.passes {
		all = append(all, p.finish()...)
	}
	return all
}

// inOrder sorts findings by where they are, the worse first at the same place.
func inOrder(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Level, b.Level),
		)
	})
}
