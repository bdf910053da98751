package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// unusedActions finds what the recorded calls never used.
func unusedActions(p *pass) {
	if p.options.Calls == nil || !p.policy.Kind.Identity() {
		return
	}
	called := p.options.called()
	p.allows(func(i int, s *iam.Statement) {
		for j, pattern := range s.Actions.Values {
			var used []string
			for _, action := range called {
				if p.spend(pattern, action) && glob.MatchFold(pattern, action) {
					used = append(used, action)
				}
			}
			if p.exhausted() {
				return
			}
			p.unused(i, s, j, used)
		}
	})
}

// called returns the recorded actions, each once, sorted.
func (o *Options) called() []string {
	var all []string
	for _, c := range o.Calls {
		all = append(all, lower(c.Action))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (p *pass) unused(i int, s *iam.Statement, j int, used []string) {
	pattern, path := s.Actions.Values[j], p.policy.ActionPath(i, j)
	if len(used) == 0 {
		f := p.report("LP_UNUSED", path, "no recorded call used %s", pattern)
		f.Help = "remove it, if the record covers all that is done"
		if len(s.Actions.Values) > 1 {
			p.fix(f, false, "remove "+pattern, p.drop(path))
		}
		return
	}
	all := p.expand(pattern)
	if len(all) <= len(used) {
		return
	}
	var rest []string
	for _, a := range all {
		if !slices.Contains(used, lower(a.FullName())) {
			rest = append(rest, a.FullName())
		}
	}
	if len(rest) > 0 {
		f := p.report("LP_UNUSED", path, "recorded calls used %d of the %d actions that %s stands for", len(all)-len(rest), len(all), pattern)
		f.Detail, f.Help = "never used: "+strings.Join(rest, ", "), "list the actions that are used"
	}
}

// sharedRoles finds policies whose holders need different things of it.
func sharedRoles(s *set) {
	for _, p := range s.passes {
		if p.policy.Kind.Identity() && len(s.options.Uses) > 1 {
			p.sharedRole(s.options.Uses)
		}
	}
}

func (p *pass) sharedRole(uses []Use) {
	needs := make([][]string, len(uses))
	var all []string
	for u, use := range uses {
		for _, action := range use.Actions {
			if action = lower(action); len(p.grants(action)) > 0 {
				needs[u] = append(needs[u], action)
			}
		}
		slices.Sort(needs[u])
		needs[u] = slices.Compact(needs[u])
		all = append(all, needs[u]...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	var lines, names []string
	for u, use := range uses {
		names = append(names, use.Role)
		if spare := slices.DeleteFunc(slices.Clone(all), func(action string) bool { return slices.Contains(needs[u], action) }); len(spare) > 0 {
			lines = append(lines, fmt.Sprintf("%s does not need %s", use.Role, strings.Join(spelled(spare), ", ")))
		}
	}
	if len(lines) == 0 {
		return
	}
	f := p.report("LP_SHARED_ROLE", iam.DocumentPath, "%s share the policy and need different things of it", few(names))
	f.Detail, f.Help = strings.Join(lines, "\n"), "give each role a policy of its own"
}

// job is a pair of tasks that are seldom one program's.
type job struct {
	what       string
	one, other []string
}

// jobs are such pairs.
var jobs = []job{
	{what: "sends to a queue and receives from it", one: []string{"sqs:SendMessage"}, other: []string{"sqs:ReceiveMessage", "sqs:DeleteMessage"}},
	{what: "writes to a stream and reads from it", one: []string{"kinesis:PutRecord", "kinesis:PutRecords"}, other: []string{"kinesis:GetRecords"}},
	{what: "publishes to a topic and subscribes to it", one: []string{"sns:Publish"}, other: []string{"sns:Subscribe"}},
	{
		what:  "creates or drops tables and works on their items",
		one:   []string{"dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:UpdateTable"},
		other: []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"},
	},
	{
		what:  "creates or drops buckets and works on their objects",
		one:   []string{"s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketPolicy"},
		other: []string{"s3:GetObject", "s3:PutObject"},
	},
	{
		what:  "replaces the code of functions and calls them",
		one:   []string{"lambda:UpdateFunctionCode", "lambda:CreateFunction"},
		other: []string{"lambda:InvokeFunction"},
	},
}

// severalJobs finds policies that evidently serve more than one program, where
// it is not known who holds them.
func severalJobs(p *pass) {
	if len(p.options.Uses) > 0 || !p.policy.Kind.Identity() {
		return
	}
	for _, j := range jobs {
		one, other := p.firstGrant(j.one), p.firstGrant(j.other)
		if one == nil || other == nil || !p.meet(*one, *other) {
			continue
		}
		f := p.report("LP_SHARED_ROLE", iam.StatementPath(min(one.statement, other.statement)), "the policy %s", j.what)
		f.Detail = fmt.Sprintf("%s by %s\n%s by %s", one.action, iam.StatementPath(one.statement), other.action, iam.StatementPath(other.statement))
		f.Help = "if that is two programs, give each a role of its own"
	}
	p.allows(func(i int, s *iam.Statement) {
		named := buckets(s)
		if s.Resources.Not || len(named) < 2 || !p.readsAndWrites(s) {
			return
		}
		f := p.report("LP_SHARED_ROLE", iam.StatementPath(i), "one statement reads and writes the buckets %s", few(named))
		f.Help = "if different programs use them, give each a role of its own"
	})
}

// firstGrant returns the first grant of any of the actions by a pattern that
// means it: one that stands for a whole service says nothing of jobs.
func (p *pass) firstGrant(actions []string) *grant {
	var first *grant
	for _, action := range actions {
		for _, g := range p.grants(action) {
			if p.meant(g) && (first == nil || g.compare(*first) < 0) {
				first = &g
			}
		}
	}
	return first
}

func (p *pass) meant(g grant) bool {
	if g.pattern < 0 {
		return false
	}
	pattern := p.policy.Statements[g.statement].Actions.Values[g.pattern]
	_, name, _ := strings.Cut(pattern, ":")
	return strings.Trim(name, "*") != ""
}

// meet reports whether two grants are about some same resource.
func (p *pass) meet(a, b grant) bool {
	one, other := &p.policy.Statements[a.statement], &p.policy.Statements[b.statement]
	if a.statement == b.statement || one.Resources.Not || other.Resources.Not {
		return true
	}
	for _, x := range one.Resources.Values {
		for _, y := range other.Resources.Values {
			if p.spend(x, y) && resourcesOverlap(x, y) {
				return true
			}
		}
	}
	return false
}

// spelled writes actions that are in lower case as the reference does.
func spelled(actions []string) []string {
	out := make([]string, len(actions))
	for i, name := range actions {
		out[i] = name
		if a, ok := catalog.Default().Action(name); ok {
			out[i] = a.FullName()
		}
	}
	return out
}
