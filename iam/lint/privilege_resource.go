package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// resourceStars finds statements for all resources whose actions can be limited
// to some.
func resourceStars(p *pass) {
	if !p.policy.Kind.Identity() {
		return // what is attached to a resource is about that resource
	}
	p.allows(func(i int, s *iam.Statement) {
		if s.Resources.Not || !slices.Contains(s.Resources.Values, "*") {
			return
		}
		limited := p.limitable(s)
		if len(limited) == 0 {
			return
		}
		worst := limited[0]
		for _, a := range limited {
			if starLevel(a) < starLevel(worst) {
				worst = a
			}
		}
		f := p.report("LP_RESOURCE_STAR", iam.StatementPath(i), "%s applies to every resource and could be limited to some", worst.FullName())
		f.Level, f.Detail, f.Help = starLevel(worst), templates(limited), "name the resources"
		if len(limited) > 1 {
			f.Message = fmt.Sprintf("%d actions apply to every resource and could be limited to some", len(limited))
		}
		if limitsResources(s) {
			f.Severity, f.Level = Suggestion, Info
			f.Message += "; a condition on what they are does so already"
		}
	})
}

// limitable returns the actions of a statement that a list of resources would
// limit, without those that only list and those that the policy denies.
func (p *pass) limitable(s *iam.Statement) []*catalog.Action {
	var all []*catalog.Action
	for _, a := range p.expandAll(s.Actions.Values) {
		if a.Access != catalog.List && !needsStar(a) && !p.denied(p.guards(), a.FullName(), "*") {
			all = append(all, a)
		}
	}
	return all
}

func starLevel(a *catalog.Action) Level {
	switch a.Access {
	case catalog.PermissionsManagement:
		return High
	case catalog.Write, catalog.Tagging:
		return Medium
	}
	return Low
}

// templates lists the ARNs that actions take, each with the actions, one a line.
func templates(all []*catalog.Action) string {
	const most = 12
	by := map[string][]string{}
	var order []string
	for _, a := range all {
		for _, arn := range forms(a) {
			if by[arn] == nil {
				order = append(order, arn)
			}
			by[arn] = append(by[arn], a.FullName())
		}
	}
	var lines []string
	for _, arn := range order[:min(most, len(order))] {
		lines = append(lines, arn+": "+few(by[arn]))
	}
	if len(order) > most {
		lines = append(lines, fmt.Sprintf("and %d more types", len(order)-most))
	}
	return strings.Join(lines, "\n")
}

// resourceWidths finds ARNs that leave open what could be filled in.
func resourceWidths(p *pass) {
	if !p.policy.Kind.Identity() {
		return
	}
	p.allows(func(i int, s *iam.Statement) {
		if s.Resources.Not {
			return
		}
		for j, text := range s.Resources.Values {
			if arnPart(text, 0) == "arn" && p.steps(8) {
				p.resourceWidth(i, s, j)
			}
		}
	})
}

func (p *pass) resourceWidth(i int, s *iam.Statement, j int) {
	text := s.Resources.Values[j]
	service, region, account := arnPart(text, 2), arnPart(text, 3), arnPart(text, 4)
	path := p.policy.ResourcePath(i, j)
	open := func(part string) bool { return part == "" || strings.Trim(part, "*") == "" }
	if open(region) && open(account) && standsForAType(text) {
		f := p.report("LP_RESOURCE_TOO_WIDE", path, "%s leaves everything open", text)
		f.Help = "fill in the name"
		if region+account != "" {
			f.Help = "fill in the region, the account and the name"
		}
		if limitsResources(s) {
			f.Severity, f.Level = Suggestion, Info
			f.Message += "; a condition on what they are limits it"
		}
		return
	}
	if strings.Contains(text, "${") {
		return // scoped by who is calling
	}
	if wild(region) && regional(service) {
		f := p.report("LP_REGION_OPEN", path, "%s is of any region", text)
		f.Help = "fill in the region"
	}
	if wild(account) && !namesResourceAccount(s) {
		f := p.report("LP_ACCOUNT_OPEN", path, "%s is of any account", text)
		f.Help = "fill in the account"
	}
}

// namesResourceAccount reports whether a condition says whose the resource is,
// be it that it is the caller's.
func namesResourceAccount(s *iam.Statement) bool {
	return slices.ContainsFunc(conditionsOn(s, "aws:ResourceAccount"), func(c int) bool {
		return demands(&s.Conditions[c]) && !slices.ContainsFunc(s.Conditions[c].Values, func(v iam.Value) bool { return wild(v.Text) })
	})
}

// mixedStars finds statements whose resource has to be "*" for some of their
// actions and could be named for others.
func mixedStars(p *pass) {
	if !p.policy.Kind.Identity() {
		return
	}
	p.allows(func(i int, s *iam.Statement) {
		if s.Resources.Not || !slices.Equal(s.Resources.Values, []string{"*"}) {
			return
		}
		var stars, named []string
		for _, pattern := range s.Actions.Values {
			switch all := p.expand(pattern); {
			case len(all) == 0:
				return // what an unknown action takes is not known
			case slices.ContainsFunc(all, func(a *catalog.Action) bool { return !needsStar(a) }):
				named = append(named, pattern)
			default:
				stars = append(stars, pattern)
			}
		}
		if len(stars) == 0 || len(named) == 0 {
			return
		}
		f := p.report("LP_MIXED_STAR", iam.StatementPath(i), "%s takes no resource, and %s could be limited", few(stars), few(named))
		f.Help = "put the actions that take no resource into a statement of their own"
		p.fix(f, true, "split the statement", p.split(i, s, stars, named))
	})
}

// split moves actions of a statement into a new one behind all others. The two
// together grant what the one did.
func (p *pass) split(i int, s *iam.Statement, moved, kept []string) []Operation {
	place, ok := p.policy.Pointer(iam.StatementPath(i))
	list, found := strings.CutSuffix(place, fmt.Sprintf("/%d", i))
	if !ok || !found || s.ConditionPresent || s.Principals != nil {
		return nil
	}
	statement := map[string]any{"Effect": "Allow", "Action": moved, "Resource": "*"}
	if s.Sid != nil && *s.Sid != "" {
		sid := *s.Sid + "StarOnly"
		if slices.ContainsFunc(p.policy.Statements, func(o iam.Statement) bool { return o.Sid != nil && *o.Sid == sid }) {
			return nil
		}
		statement["Sid"] = sid
	}
	return append(p.put(p.policy.ActionPath(i, -1), kept), Operation{Op: "add", Path: list + "/-", Value: statement})
}
