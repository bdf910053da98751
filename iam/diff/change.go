package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// changes returns the statements of A that B has with other conditions. They are
// paired by what they are about, and each is used once.
func changes(a, b []*iam.Policy) []Change {
	left := map[string][]located{}
	for _, s := range statements(a) {
		left[s.about] = append(left[s.about], s)
	}
	right := statements(b)
	// Those that are the same take each other out first.
	right = slices.DeleteFunc(right, func(s located) bool {
		i := slices.IndexFunc(left[s.about], func(t located) bool { return slices.Equal(s.conditions, t.conditions) })
		if i >= 0 {
			left[s.about] = slices.Delete(left[s.about], i, i+1)
		}
		return i >= 0
	})
	var out []Change
	for _, s := range right {
		if len(left[s.about]) == 0 {
			continue
		}
		t := left[s.about][0]
		left[s.about] = left[s.about][1:]
		out = append(out, Change{
			A: t.ref, B: s.ref, Effect: s.statement.Effect,
			Removed: without(t.conditions, s.conditions), Added: without(s.conditions, t.conditions),
		})
	}
	return out
}

// located is a statement with what identifies it.
type located struct {
	statement  *iam.Statement
	ref        Ref
	about      string   // everything but Sid and conditions
	conditions []string // in order
}

func statements(policies []*iam.Policy) []located {
	var out []located
	for i, p := range policies {
		if p == nil {
			continue
		}
		for j := range p.Statements {
			s := &p.Statements[j]
			x := located{statement: s, ref: Ref{Policy: i, Statement: j, Sid: sidOf(s), of: len(policies)}, about: subject(s, p.Variables())}
			x.conditions = conditionTexts(s.Conditions)
			slices.Sort(x.conditions)
			out = append(out, x)
		}
	}
	return out
}

// subject returns a text that statements have in common that are about the same.
func subject(s *iam.Statement, variables bool) string {
	var b strings.Builder
	fmt.Fprint(&b, s.Effect, variables)
	element := func(e iam.Elements, fold bool) {
		values := slices.Clone(e.Values)
		for i, v := range values {
			if fold {
				values[i] = strings.ToLower(v)
			}
		}
		slices.Sort(values)
		fmt.Fprintf(&b, " %v%v%q", e.Not, e.Absent(), slices.Compact(values))
	}
	element(s.Actions, true)
	element(s.Resources, false)
	if s.Principals != nil {
		principals := principalTexts(s.Principals)
		slices.Sort(principals)
		fmt.Fprintf(&b, " %v%q", s.Principals.Not, principals)
	}
	return b.String()
}

func without(list, remove []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(remove, s) })
}
