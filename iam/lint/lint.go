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
	for _, p := range s.passes {
		p.problemsToFindings()
		for _, f := range families {
			for _, judge := range f.rules {
				judge(p)
			}
		}
	}
	for _, f := range families {
		for _, judge := range f.setRules {
			judge(s)
		}
	}
	var all []Finding
	for _, p := range s.passes {
		all = append(all, p.finish()...)
	}
	return all
}

// Worst returns the findings that are at least as bad as a severity and a
// level: those a build is to fail for. Of a severity that is worse the level
// does not count.
func Worst(findings []Finding, s Severity, l Level) []Finding {
	var out []Finding
	for _, f := range findings {
		if f.Severity < s || f.Severity == s && f.Level <= l {
			out = append(out, f)
		}
	}
	return out
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
