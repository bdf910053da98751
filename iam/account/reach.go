package account

import (
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// reach finds the principals whose policies can let them assume a role, without
// asking the evaluator about everyone. It errs to one side: whoever can is found.
type reach struct {
	byRole    map[string][]*Principal // by the ARN that a policy names
	patterns  []string                // with wildcards, each once
	byPattern map[string][]*Principal
	byName    map[string]*Principal // roles by the ARN of their sessions without the name
}

func newReach(all []*Principal) *reach {
	r := &reach{byRole: map[string][]*Principal{}, byPattern: map[string][]*Principal{}, byName: map[string]*Principal{}}
	targets := map[*iam.Policy][]string{}
	for _, p := range all {
		if p.Kind == iam.AssumedRole {
			r.byName[p.sessionPrefix()] = p
		}
		for _, c := range p.Policies {
			list, known := targets[c.Policy()]
			if !known {
				list = assumable(c.Policy())
				targets[c.Policy()] = list
			}
			for _, pattern := range list {
				r.add(pattern, p)
			}
		}
	}
	return r
}

func (r *reach) add(pattern string, p *Principal) {
	if glob.Literal(pattern) {
		r.byRole[pattern] = append(r.byRole[pattern], p)
		return
	}
	if r.byPattern[pattern] == nil {
		r.patterns = append(r.patterns, pattern)
	}
	r.byPattern[pattern] = append(r.byPattern[pattern], p)
}

// assumable returns patterns of the roles that a policy allows to assume, with
// "*" for what depends on the request.
func assumable(p *iam.Policy) []string {
	var all []string
	for i := range p.Statements {
		s := &p.Statements[i]
		if s.Effect != iam.Allow || !reachesAssume(s.Actions) {
			continue
		}
		if s.Resources.Not || s.Resources.Absent() {
			return []string{"*"}
		}
		for _, v := range s.Resources.Values {
			if p.Variables() && strings.Contains(v, "${") {
				v = "*"
			}
			all = append(all, v)
		}
	}
	return all
}

// matchesPerDecision is how many patterns are matched in the time of a decision.
const matchesPerDecision = 20

func reachesAssume(e iam.Elements) bool {
	if e.Not {
		return true
	}
	for _, v := range e.Values {
		if glob.MatchFold(v, "sts:AssumeRole") {
			return true
		}
	}
	return false
}

// candidates calls visit for those who may be able to assume a role: who is named
// by its trust policy and has policies that can let them, and who is named in a
// way that needs no policy. Each is there once, in no particular order; those of
// whom skip says so are left out, which costs next to nothing.
func (w *search) candidates(role *Principal, skip func(*Principal) bool, visit func(*Principal)) {
	w.round++
	s := w.Snapshot
	once := func(p *Principal) {
		if p == nil || p == role || w.visited[p.index] == w.round || skip(p) || !role.trust.mayName(p) {
			return
		}
		w.visited[p.index] = w.round
		visit(p)
	}
	for a := range role.trust.arns {
		once(s.byARN[a])
		if i := strings.LastIndexByte(a, '/'); i > 0 {
			once(s.reach.byName[a[:i+1]])
		}
	}
	if role.trust.everyone {
		for _, p := range s.principals {
			if p.Account == role.Account {
				once(p)
			}
		}
	}
	for _, p := range s.reach.byRole[role.ARN] {
		once(p)
	}
	w.decisions += len(s.reach.patterns) / matchesPerDecision
	for _, pattern := range s.reach.patterns {
		if arn.MatchResource(pattern, role.ARN) {
			for _, p := range s.reach.byPattern[pattern] {
				once(p)
			}
		}
	}
}
