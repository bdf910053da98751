package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
)

// diffAnswer is the answer of berth iam diff as JSON.
type diffAnswer struct {
	Schema string   `json:"schema"`
	Kind   iam.Kind `json:"kind"`
	*diff.Result
	// Violations are what rules forbid.
	Violations []diff.Violation `json:"violations"`
	// Try are commands that show it: a request that B allows and A does not, and
	// the reverse.
	Try []string `json:"try"`
}

func (c *cli) printDiff(a *diffAnswer, old, b *side, rules bool) error {
	a.Kind, a.Try = b.kind, []string{}
	for _, v := range a.Violations {
		a.try(b, old, v.Grant.Witness)
	}
	if a.Result != nil {
		for _, g := range a.Gained {
			a.try(b, old, g.Witness)
		}
		for _, g := range a.Lost {
			a.try(old, b, g.Witness)
		}
	}
	if c.json {
		if a.Violations == nil {
			a.Violations = []diff.Violation{}
		}
		return c.printJSON(a)
	}
	if a.Result != nil {
		fmt.Fprintf(c.stdout, "A is %s, B is %s.\n%s", old.path, b.path, a.Result)
	}
	if len(a.Try) > 0 {
		fmt.Fprintf(c.stdout, "\nTo see it:\n  %s\n", strings.Join(a.Try, "\n  "))
	}
	for _, v := range a.Violations {
		fmt.Fprintf(c.stderr, "berth: %s\n", v)
	}
	if rules && len(a.Violations) == 0 {
		fmt.Fprintln(c.stderr, "no rule is broken")
	}
	return nil
}

// maxTries is how many commands are shown.
const maxTries = 5

// try adds the command that asks for what one side allows and another does not.
func (a *diffAnswer) try(allows, refuses *side, w *diff.Witness) {
	if w == nil || len(a.Try) == maxTries || allows.path == "-" {
		return
	}
	for _, exact := range []bool{false, true} {
		q, ok := allows.asking(w, exact)
		if !ok || !allows.answers(q) || refuses.answers(q) {
			continue
		}
		if line := allows.command(q); !slices.Contains(a.Try, line) {
			a.Try = append(a.Try, line)
		}
		return
	}
}

// asking is the witness as a question of berth iam simulate. It is not ok where
// that cannot be asked with one file.
func (s *side) asking(w *diff.Witness, exact bool) (*simulation, bool) {
	r := w.Request()
	q := &simulation{actions: []string{w.Action}, resources: []string{w.Resource}, exact: exact}
	switch {
	case fits(s.kind, iam.IdentityPolicy):
	case s.kind == iam.ResourcePolicy, s.kind == iam.TrustPolicy:
		if len(s.all) != 1 || w.Setting == diff.BeyondBoundary || r.Principal.CanonicalUser != "" {
			return nil, false
		}
		q.administrator = w.Setting == diff.Anyway && r.Principal.Account != ""
		q.principal = nameOf(&r.Principal)
		if id, err := arn.Parse(w.Resource); err != nil || id.Account == "" {
			q.account = r.ResourceAccount
		}
		if s.kind == iam.TrustPolicy && targetOf(w.Action, w.Resource) != iam.RoleTrust {
			q.target = "role-trust"
		}
		if r.Principal.Kind == iam.AssumedRole {
			q.roleARN = r.Principal.RoleARN
		}
	default:
		return nil, false
	}
	for _, key := range slices.Sorted(maps.Keys(w.Context)) {
		for _, value := range w.Context[key] {
			q.context = append(q.context, key+"="+value)
		}
	}
	return q, true
}

// answers reports whether a side allows what is asked.
func (s *side) answers(q *simulation) bool {
	set := iam.PolicySet{Target: targets[q.target]}
	if q.target == "" {
		set.Target = targetOf(q.actions[0], q.resources[0])
	}
	switch {
	case fits(s.kind, iam.IdentityPolicy):
		set.Identity = compiled(s.all)
	case len(s.all) > 0:
		set.Resource = compiled(s.all)[0]
	}
	if q.administrator {
		set.Identity = append(set.Identity, everything())
	}
	r, err := q.request(q.actions[0], q.resources[0])
	return err == nil && set.Decide(r).Allowed()
}

// command is the question as a command line.
func (s *side) command(q *simulation) string {
	words := []string{"berth", "iam", "simulate"}
	add := func(flag, value string) {
		if value != "" {
			words = append(words, "--"+flag, quoted(value))
		}
	}
	if fits(s.kind, iam.IdentityPolicy) {
		add("policy", s.path)
	} else {
		add("resource-policy", s.path)
	}
	if q.administrator {
		words = append(words, "--administrator")
	}
	add("principal", q.principal)
	if q.roleARN != "" {
		add("role-arn", q.roleARN)
	}
	add("action", q.actions[0])
	add("resource", q.resources[0])
	add("resource-account", q.account)
	add("target", q.target)
	for _, pair := range q.context {
		add("context", pair)
	}
	if q.exact {
		words = append(words, "--exact-context")
	}
	return strings.Join(words, " ")
}

// quoted is a word as a shell takes it for one.
func quoted(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
