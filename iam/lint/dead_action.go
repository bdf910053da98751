package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// deadActions finds patterns of Action that match nothing, and actions on
// resources they do not work on.
func deadActions(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		for j, pattern := range s.Actions.Values {
			if !wild(pattern) || !detailed(pattern) || len(p.expand(pattern)) > 0 {
				continue
			}
			f := p.dead("DEAD_WILDCARD_NO_MATCH", p.policy.ActionPath(i, j), s, s.Actions.Not, "%s matches no action", pattern)
			f.Help = "write the actions that are meant"
			if near := p.withoutBatch(pattern); near != "" {
				f.Help = fmt.Sprintf("batches are authorised as single messages: write %s", near)
				if !slices.ContainsFunc(s.Actions.Values, func(v string) bool { return strings.EqualFold(v, near) }) {
					continue
				}
				f.Help = fmt.Sprintf("remove it: batches are authorised as single messages, and %s is there", near)
			}
			if len(s.Actions.Values) > 1 {
				p.fix(f, false, "remove "+pattern, p.drop(p.policy.ActionPath(i, j)))
			}
		}
		if !s.Actions.Not && !s.Resources.Not && !s.Resources.Absent() && len(s.Resources.Values) > 0 {
			p.mismatches(i, s)
		}
	})
}

// withoutBatch returns the pattern of single calls for one of batch calls.
func (p *pass) withoutBatch(pattern string) string {
	single := strings.TrimSuffix(strings.TrimSuffix(pattern, "*"), "Batch")
	if single == strings.TrimSuffix(pattern, "*") || len(p.expand(single)) == 0 {
		return ""
	}
	return single
}

// mismatches compares each action of a statement with all its resources.
func (p *pass) mismatches(i int, s *iam.Statement) {
	for j := range s.Resources.Values {
		if p.misnamed(p.policy.ResourcePath(i, j)) {
			return // what else is wrong follows from that
		}
	}
	for j, pattern := range s.Actions.Values {
		if allActions(pattern) {
			continue
		}
		all := p.expand(pattern)
		var never []*catalog.Action
		for _, a := range all {
			if !p.spend(s.Resources.Values[0], a.Name) {
				return
			}
			if !p.worksOnAny(a, s.Resources.Values) {
				never = append(never, a)
			}
		}
		if len(never) > 0 {
			p.mismatch(i, s, j, all, never)
		}
	}
}

// misnamed reports whether a resource was found to be the name of nothing.
func (p *pass) misnamed(path string) bool {
	return slices.ContainsFunc(p.findings, func(f *Finding) bool {
		return f.Path == path && f.Severity == Error && (strings.Contains(f.Code, "_ARN_") || strings.HasPrefix(f.Code, "ARN_"))
	})
}

func (p *pass) worksOnAny(a *catalog.Action, resources []string) bool {
	return slices.ContainsFunc(resources, func(r string) bool { return p.steps(typeCost(a)) && worksOn(a, r) })
}

func (p *pass) mismatch(i int, s *iam.Statement, j int, all, never []*catalog.Action) {
	pattern, path := s.Actions.Values[j], p.policy.ActionPath(i, j)
	if len(never) < len(all) {
		never = p.beside(never, s.Resources.Values)
		if len(never) == 0 || s.Effect == iam.Deny && !slices.ContainsFunc(s.Resources.Values, allWithin) {
			return
		}
		f := p.dead("DEAD_ACTION_RESOURCE_MISMATCH", path, s, false,
			"%d of the %d actions that %s stands for work on what the resources are part of, or on parts of them, and never apply", len(never), len(all), pattern)
		f.Level = Low
		if f.Severity == Error {
			f.Severity = Warning
		}
		f.Detail, f.Help = templates(never), "list the actions that are used, and give each its resources"
		return
	}
	a := never[0]
	if a.StarOnly() {
		p.starMismatch(path, s, a)
		return
	}
	f := p.dead("DEAD_ACTION_RESOURCE_MISMATCH", path, s, false, "%s works on none of the resources, so the statement never %s it", pattern, applies(s))
	f.Detail = templates(never)
	f.Help = "add a resource of the form " + forms(a)[0]
	if buckets := missingBuckets(s, never); len(buckets) > 0 {
		f.Help = "add " + few(buckets)
		p.fix(f, false, "add the bucket itself", p.put(p.policy.ResourcePath(i, -1), slices.Concat(s.Resources.Values, buckets)))
	}
}

// starMismatch reports an action that takes no resource by the reference. Some
// services compare such a call with the ARN of nothing ("log-group::log-stream:"),
// which a pattern can match, so that only what their guides say is sure.
func (p *pass) starMismatch(path string, s *iam.Statement, a *catalog.Action) {
	wholeService := func(r string) bool {
		return glob.Match(arnPart(r, 2), a.Service.Prefix) && strings.Trim(arnPart(r, 5), "*") == ""
	}
	if slices.ContainsFunc(s.Resources.Values, wholeService) {
		return
	}
	f := p.dead("DEAD_ACTION_RESOURCE_MISMATCH", path, s, false, "%s takes no resource, so the statement never %s it", a.FullName(), applies(s))
	f.Help = `move it to a statement with "Resource": "*"`
	if !surelyStar(a) {
		f.Severity, f.Level = Warning, Medium
		f.Message = fmt.Sprintf("the reference has no resource for %s, so the statement hardly ever %s it", a.FullName(), applies(s))
	}
}

// surelyStar reports whether a guide says that an action is allowed on "*" alone
// (Amazon EC2 User Guide, "Supported resource-level permissions"; Amazon ECR User
// Guide, "GetAuthorizationToken"; Amazon S3 User Guide, "ListAllMyBuckets").
func surelyStar(a *catalog.Action) bool {
	switch a.FullName() {
	case "ecr:GetAuthorizationToken", "s3:ListAllMyBuckets":
		return true
	}
	return a.Service.Prefix == "ec2" && strings.HasPrefix(a.Name, "Describe")
}

// allWithin reports whether a resource stands for all that is in something: who
// denies everything there may have forgotten the thing itself, and who denies a
// part of it has not.
func allWithin(text string) bool {
	_, inner, _ := strings.Cut(arnPart(text, 5), "/")
	return inner == "*"
}

// beside returns those of the actions that work on something next to what the
// resources are: on the bucket of the objects that are named, or on the indexes
// of a table. That a pattern for a whole service also stands for actions on
// quite other things means nothing.
func (p *pass) beside(never []*catalog.Action, resources []string) []*catalog.Action {
	var near []*catalog.Action
	seen := map[*catalog.Resource]bool{}
	for _, a := range never {
		if slices.ContainsFunc(a.Resources, func(u catalog.Use) bool { return p.besideType(u.Resource, resources, seen) }) {
			near = append(near, a)
		}
	}
	return near
}

func (p *pass) besideType(t *catalog.Resource, resources []string, seen map[*catalog.Resource]bool) bool {
	if near, ok := seen[t]; ok {
		return near
	}
	seen[t] = slices.ContainsFunc(t.Service.Resources, func(other *catalog.Resource) bool {
		within := other != t && (strings.HasPrefix(other.Template, t.Template) || strings.HasPrefix(t.Template, other.Template))
		return within && slices.ContainsFunc(resources, func(r string) bool {
			return p.steps(4) && len(r) <= maxARN && other.Denotes(withoutVariables(r))
		})
	})
	return seen[t]
}

// missingBuckets returns the buckets of the objects that a statement names, where
// its action works on buckets.
func missingBuckets(s *iam.Statement, never []*catalog.Action) []string {
	var all []string
	for _, text := range s.Resources.Values {
		bucket, objects, _ := strings.Cut(arnPart(text, 5), "/")
		if arnPart(text, 2) != "s3" || objects == "" || !worksOn(never[0], strings.TrimSuffix(text, "/"+objects)) {
			return nil
		}
		if arn := "arn:" + arnPart(text, 1) + ":s3:::" + bucket; !slices.Contains(all, arn) {
			all = append(all, arn)
		}
	}
	return all
}

// deadShadowed finds what is allowed and, without conditions, denied by the same
// policy.
func deadShadowed(p *pass) {
	guards := p.guards()
	if len(guards) == 0 {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Allow || s.Actions.Absent() {
			return
		}
		if s.Actions.Not {
			if slices.ContainsFunc(guards, func(g guard) bool { return coversActions(g, s) && coversResources(g, s) }) {
				p.shadowed(iam.StatementPath(i), "what the statement allows")
			}
			return
		}
		var covered []int
		for j, pattern := range s.Actions.Values {
			if p.shadows(guards, s, pattern) {
				covered = append(covered, j)
			}
		}
		if len(covered) == len(s.Actions.Values) && len(covered) > 0 {
			p.shadowed(iam.StatementPath(i), "all that the statement allows")
			return
		}
		for _, j := range covered {
			p.shadowed(p.policy.ActionPath(i, j), s.Actions.Values[j]).Level = Low
		}
	})
}

func (p *pass) shadowed(path, what string) *Finding {
	f := p.report("DEAD_SHADOWED_BY_DENY", path, "%s is denied by another statement without conditions", what)
	f.Help = "remove it, or narrow the Deny"
	p.fix(f, true, "remove what is denied", p.drop(path))
	return f
}

// shadows reports whether guards cover a pattern of Action on every resource of
// its statement.
func (p *pass) shadows(guards []guard, s *iam.Statement, pattern string) bool {
	covering := slices.DeleteFunc(slices.Clone(guards), func(g guard) bool { return !p.spend(pattern, pattern) || !coversAction(g, pattern) })
	if len(covering) == 0 || p.exhausted() {
		return false
	}
	if s.Resources.Not || s.Resources.Absent() {
		return slices.ContainsFunc(covering, func(g guard) bool { return coversResources(g, s) })
	}
	for _, r := range s.Resources.Values {
		if !slices.ContainsFunc(covering, func(g guard) bool { return p.spend(r, r) && coversResource(g, r) }) {
			return false
		}
	}
	return len(s.Resources.Values) > 0
}
