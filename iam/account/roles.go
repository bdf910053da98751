package account

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// Path is a role that a principal can assume, at once or after others.
type Path struct {
	// Role is the ARN of the role.
	Role      string    `json:"role"`
	Certainty Certainty `json:"certainty"`
	// Via are the roles assumed, in order; the last is Role.
	Via []Link `json:"via"`
}

// String returns the path in one line, as [Grant.String] does.
func (p Path) String() string {
	var b strings.Builder
	for i, l := range p.Via {
		if i > 0 {
			b.WriteString(" → ")
		}
		fmt.Fprintf(&b, "%s (%s)", localName(l.Role), l.By)
	}
	separator := "; "
	for _, l := range p.Via {
		for _, n := range l.Needs {
			b.WriteString(separator + n.String())
			separator = ", "
		}
	}
	return b.String()
}

// Roles returns the roles that a principal can assume, one after the other: of
// each the shortest of the surest paths, of at most so many links; 0 means
// [DefaultLinks]. The sure come before the open, the short before the long.
func (s *Snapshot) Roles(p *Principal, context iam.Context, links int) []Path {
	w := &ascent{Snapshot: s, given: context, best: map[*Principal]*climb{}}
	level := []*climb{{who: p}}
	links = cmp.Or(max(links, 0), DefaultLinks)
	for range links {
		var next []*climb
		for _, from := range level {
			next = append(next, w.from(from, p)...)
		}
		slices.SortFunc(next, func(a, b *climb) int {
			return cmp.Or(cmp.Compare(a.certainty, b.certainty), strings.Compare(a.who.ARN, b.who.ARN), strings.Compare(a.before.who.ARN, b.before.who.ARN))
		})
		level = level[:0]
		for _, c := range next {
			if known := w.best[c.who]; known == nil || c.certainty < known.certainty {
				w.best[c.who] = c
				level = append(level, c)
			}
		}
	}
	return w.paths()
}

// ascent goes from a principal to the roles it can assume.
type ascent struct {
	*Snapshot
	given     iam.Context
	best      map[*Principal]*climb
	decisions int
}

// climb is a role with the step before it.
type climb struct {
	who       *Principal
	before    *climb
	verdict   verdict
	certainty Certainty
}

// from returns the roles that can be assumed next.
func (w *ascent) from(c *climb, start *Principal) []*climb {
	var targets []string
	for _, policy := range c.who.Policies {
		targets = append(targets, assumable(policy.Policy())...)
	}
	var all []*climb
	for _, role := range w.principals {
		if role.Kind != iam.AssumedRole || role == c.who || role == start || !role.trust.mayName(c.who) {
			continue
		}
		allowed := slices.ContainsFunc(targets, func(pattern string) bool { return arn.MatchResource(pattern, role.ARN) })
		if named := role.trust.everyone || role.trust.arns[c.who.ARN] || len(role.trust.sessionsOf(c.who)) > 0; !allowed && !named {
			continue
		}
		if w.decisions++; w.decisions > maxDecisions {
			return all
		}
		if known := w.best[role]; known != nil && known.certainty <= c.certainty {
			continue
		}
		if v := w.assuming(role, "sts:AssumeRole", w.given).ask(c.who, anySession); v.yes {
			all = append(all, &climb{who: role, before: c, verdict: v, certainty: max(c.certainty, v.certainty)})
		}
	}
	return all
}

// paths returns what was found, in its order.
func (w *ascent) paths() []Path {
	var all []Path
	for _, c := range w.best {
		p := Path{Role: c.who.ARN, Certainty: c.certainty}
		for ; c.before != nil; c = c.before {
			p.Via = append(p.Via, Link{Role: c.who.ARN, Action: "sts:AssumeRole", By: c.verdict.by, Needs: c.verdict.needs})
		}
		slices.Reverse(p.Via)
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Path) int {
		return cmp.Or(cmp.Compare(a.Certainty, b.Certainty), cmp.Compare(len(a.Via), len(b.Via)), strings.Compare(a.Role, b.Role))
	})
	return all
}
