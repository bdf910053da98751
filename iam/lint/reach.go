package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// What follows asks the catalogue what patterns stand for. What it does not know
// (a service it has no details of, an action newer than it) is never held
// against a policy.

// maxRemembered is how many actions the expansions that a pass remembers may
// have together.
const maxRemembered = 200_000

// expand returns the actions that a pattern of Action stands for.
func (p *pass) expand(pattern string) []*catalog.Action {
	key := lower(pattern)
	all, ok := p.expanded[key]
	if !ok {
		if !p.steps(expansionCost(key)) {
			return nil
		}
		all = catalog.Default().Expand(key)
		if p.expanded == nil {
			p.expanded = map[string][]*catalog.Action{}
		}
		if p.remembered += len(all) + 1; p.remembered <= maxRemembered {
			p.expanded[key] = all
		}
	}
	p.steps(1 + len(all)/4)
	return all
}

// expansionCost is how many steps it takes to expand a pattern: one, or those of
// a service, or of all.
func expansionCost(pattern string) int {
	service, _, _ := strings.Cut(pattern, ":")
	switch {
	case !wild(pattern):
		return 1
	case !wild(service):
		return 16
	}
	return 512
}

// expandAll returns the actions that any of the patterns stands for, each once.
func (p *pass) expandAll(patterns []string) []*catalog.Action {
	var all []*catalog.Action
	seen := map[*catalog.Action]bool{}
	for _, pattern := range patterns {
		for _, a := range p.expand(pattern) {
			if !seen[a] {
				seen[a] = true
				all = append(all, a)
			}
		}
		if p.exhausted() {
			break
		}
	}
	return all
}

// detailed reports whether the catalogue knows all actions of the services that
// a pattern is about.
func detailed(pattern string) bool {
	service, _, ok := strings.Cut(pattern, ":")
	if !ok || wild(service) {
		return false
	}
	_, known := catalog.Default().Service(service)
	return known
}

// findAction finds an action by its name; nil where the catalogue has none.
func findAction(name string) *catalog.Action {
	a, _ := catalog.Default().Action(name)
	return a
}

// forms returns the ARNs that an action takes, as one writes them with words for
// what is to be filled in: "arn:aws:sqs:REGION:ACCOUNT:QueueName". Roundabout
// ways to name the same thing (access points) come last.
func forms(a *catalog.Action) []string {
	var all, roundabout []string
	for _, u := range a.Resources {
		form := readable.Replace(u.Resource.Template)
		if strings.Contains(form, ":accesspoint/") {
			roundabout = append(roundabout, form)
		} else if !slices.Contains(all, form) {
			all = append(all, form)
		}
	}
	return append(all, roundabout...)
}

var readable = strings.NewReplacer("${Partition}", "aws", "${Region}", "REGION", "${Account}", "ACCOUNT", "${", "", "}", "")

// regional reports whether some resources of a service are of a region.
func regional(service string) bool {
	s, ok := catalog.Default().Service(service)
	return ok && slices.ContainsFunc(s.Resources, func(r *catalog.Resource) bool { return strings.Contains(r.Template, "${Region}") })
}

// worksOn reports whether an action can work on something that a resource
// pattern stands for.
func worksOn(a *catalog.Action, pattern string) bool {
	if path, short := strings.CutPrefix(pattern, "execute-api:/"); short {
		pattern = "arn:*:execute-api:*:*:*/" + path // as API Gateway completes it
	}
	return a == nil || len(pattern) > maxARN || a.Takes(withoutVariables(pattern))
}

// needsStar reports whether an action has to be allowed on "*". Those that
// publish and read metrics take a resource only where a data set is meant, which
// almost nobody has.
func needsStar(a *catalog.Action) bool {
	return a.StarOnly() || a.Service.Prefix == "cloudwatch" && (a.Name == "PutMetricData" || a.Name == "GetMetricData")
}

// typeCost is how many steps it takes to compare a resource with the types that
// an action works on.
func typeCost(a *catalog.Action) int {
	if a == nil {
		return 1
	}
	return 1 + 3*len(a.Resources)
}

// leavesOpen reports whether a resource pattern stands for every resource of some
// type that an action works on, at least in one account. The action is nil where
// the catalogue does not have it.
func leavesOpen(a *catalog.Action, pattern string) bool {
	if strings.Trim(pattern, "*") == "" {
		return pattern != ""
	}
	parts, n := arn.Split(pattern)
	switch {
	case n < len(parts):
		return strings.HasSuffix(pattern, "*")
	case a == nil:
		_, rest, _ := strings.Cut(parts[5], "/") // mostly "type/*"
		return parts[5] == "*" || rest == "*"
	}
	return slices.ContainsFunc(a.Resources, func(u catalog.Use) bool { return standsForAll(parts, u.Resource) })
}

// standsForAll reports whether an ARN pattern, taken apart, stands for every
// resource of a type in some account.
func standsForAll(parts [6]string, r *catalog.Resource) bool {
	form, n := arn.Split(r.Template)
	return n == len(form) && glob.Match(parts[2], form[2]) && glob.Match(parts[5], withSomeName(form[5]))
}

// standsForAType reports whether an ARN pattern stands for every resource of
// some type of its service.
func standsForAType(pattern string) bool {
	parts, n := arn.Split(pattern)
	service, ok := catalog.Default().Service(parts[2])
	return n == len(parts) && ok && slices.ContainsFunc(service.Resources, func(r *catalog.Resource) bool { return standsForAll(parts, r) })
}

// someName is a name that a pattern only matches by a wildcard.
const someName = "\x00"

// withSomeName fills the variables of a template.
func withSomeName(template string) string {
	return strings.ReplaceAll(withoutVariables(template), "*", someName)
}

// changesThings reports whether statement i lets somebody write, tag or change
// permissions.
func (p *pass) changesThings(i int) bool {
	s := &p.policy.Statements[i]
	return s.Actions.Not || slices.ContainsFunc(p.expandAll(s.Actions.Values), func(a *catalog.Action) bool {
		return a.Access != catalog.Read && a.Access != catalog.List && !p.denied(p.guards(), a.FullName(), "*")
	})
}

// steps accounts for work of a rule and reports whether there is some left.
func (p *pass) steps(n int) bool {
	p.work += n
	return !p.exhausted()
}

// plural writes a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
