package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// graveServices are those where all actions are more than a lot: they hold
// permissions, keys, secrets or the bulk of the data.
var graveServices = []string{"iam", "kms", "sts", "organizations", "s3", "secretsmanager", "sso"}

// allows calls judge for each statement that hands something out by a list of
// actions and is not one that makes an administrator.
func (p *pass) allows(judge func(i int, s *iam.Statement)) {
	if !p.grantsToHolders() {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect == iam.Allow && !s.Actions.Not && !(p.policy.Kind.Identity() && everything(s)) {
			judge(i, s)
		}
	})
}

// adminStars finds statements that allow everything.
func adminStars(p *pass) {
	if !p.policy.Kind.Identity() {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Allow || !everything(s) {
			return
		}
		f := p.report("LP_ADMIN_STAR", iam.StatementPath(i), "every action on every resource is allowed")
		f.Help = "list the actions and resources that are used"
		if len(s.Conditions) > 0 {
			f.Level = High
			f.Message += ", under conditions"
		}
	})
}

// openEnded finds statements that allow all but a few.
func openEnded(p *pass) {
	if !p.grantsToHolders() {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Allow {
			return
		}
		if s.Actions.Not {
			f := p.report("LP_NOT_ACTION_ALLOW", iam.StatementPath(i), "every action but %s is allowed, those still to come included", few(s.Actions.Values))
			f.Help = "list the actions that are used"
		}
		if s.Resources.Not {
			f := p.report("LP_NOT_RESOURCE_ALLOW", iam.StatementPath(i), "the actions are allowed on every resource but %s", few(s.Resources.Values))
			f.Help = "list the resources, or allow them and deny the few"
		}
	})
}

// few lists texts, the first ones by name.
func few(all []string) string {
	const most = 3
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

// actionWildcards finds patterns of Action that stand for more than is read in
// them.
func actionWildcards(p *pass) {
	judge := func(i int, s *iam.Statement) {
		for j, pattern := range s.Actions.Values {
			service, name, _ := strings.Cut(pattern, ":")
			switch {
			case !wild(pattern):
			case allActions(pattern):
				f := p.report("LP_SERVICE_WILDCARD", p.policy.ActionPath(i, j), "all actions of every service are allowed")
				f.Level, f.Help = High, "list the actions that are used"
			case strings.Trim(name, "*") == "" && !wild(service):
				p.serviceWildcard(i, s, j, lower(service))
			default:
				p.actionWildcard(i, s, j)
			}
		}
	}
	p.allows(judge)
	p.trusts(func(i int, s *iam.Statement) {
		if !s.Actions.Not {
			judge(i, s)
		}
	})
}

func (p *pass) serviceWildcard(i int, s *iam.Statement, j int, service string) {
	if service == "kms" && p.policy.Kind == iam.ResourcePolicy && onlyAccounts(s) {
		return // how a key's policy hands the key over to the account's own policies
	}
	f := p.report("LP_SERVICE_WILDCARD", p.policy.ActionPath(i, j), "all actions of %s are allowed", service)
	f.Detail, f.Help = byAccess(p.expand(s.Actions.Values[j])), "list the actions that are used"
	if slices.Contains(graveServices, service) {
		f.Level = High
	}
}

func onlyAccounts(s *iam.Statement) bool {
	return s.Principals != nil && !s.Principals.Not && !slices.ContainsFunc(members(s.Principals), func(m member) bool { return m.sort() != wholeAccount })
}

func (p *pass) actionWildcard(i int, s *iam.Statement, j int) {
	pattern := s.Actions.Values[j]
	all := p.expand(pattern)
	if len(all) == 0 {
		return
	}
	path := p.policy.ActionPath(i, j)
	f := p.report("LP_ACTION_WILDCARD", path, "%s stands for %d actions today, and for what is added later", pattern, len(all))
	f.Detail, f.Help = byAccess(all), "list the actions that are used"
	p.fix(f, false, "write the list", p.writeOut(i, s, j, all))
	if len(all) == 1 {
		f.Message = fmt.Sprintf("%s stands for %s alone, today", pattern, all[0].FullName())
		f.Help = "write " + all[0].FullName()
	}
	if slices.ContainsFunc(all, func(a *catalog.Action) bool { return a.Access == catalog.PermissionsManagement }) {
		f.Level = High
		f.Message += "; it reaches permissions"
	}
	bad := destructive(pattern, all)
	if p.has("SEC_RESOURCE_POLICY_WRITE", path) { // which says the same of these
		bad = slices.DeleteFunc(bad, func(name string) bool { return slices.Contains(policyWriters, name) })
	}
	if len(bad) > 0 {
		f := p.report("LP_WILDCARD_REACHES_DESTRUCTIVE", path, "%s also stands for %s", pattern, few(bad))
		f.Detail, f.Help = strings.Join(bad, "\n"), "list the actions that are used"
	}
}

// longestList is how many actions are written in place of a pattern.
const longestList = 20

// writeOut replaces a pattern of Action by what it stands for.
func (p *pass) writeOut(i int, s *iam.Statement, j int, all []*catalog.Action) []Operation {
	if len(all) > longestList || len(s.Actions.Values) > longestList {
		return nil
	}
	var list []string
	for k, written := range s.Actions.Values {
		if k != j {
			list = append(list, written)
			continue
		}
		for _, a := range all {
			if name := a.FullName(); !slices.ContainsFunc(s.Actions.Values, func(v string) bool { return strings.EqualFold(v, name) }) {
				list = append(list, name)
			}
		}
	}
	return p.put(p.policy.ActionPath(i, -1), list)
}

// byAccess lists actions by access level, one level a line.
func byAccess(all []*catalog.Action) string {
	lines := map[catalog.Access][]string{}
	for _, a := range all {
		lines[a.Access] = append(lines[a.Access], a.Name)
	}
	var out []string
	for _, level := range []catalog.Access{catalog.PermissionsManagement, catalog.Write, catalog.Tagging, catalog.Read, catalog.List} {
		if names := lines[level]; len(names) > 0 {
			out = append(out, fmt.Sprintf("%s (%d): %s", level, len(names), strings.Join(names, ", ")))
		}
	}
	return strings.Join(out, "\n")
}

// destroyingVerbs begin the names of actions that take away what does not come
// back.
var destroyingVerbs = []string{"Delete", "Terminate", "Purge", "Destroy", "Drop", "Release", "Erase", "ScheduleKeyDeletion"}

// itemDeletes delete one piece of data of what stays: that is what a pattern for
// messages, items or objects says.
var itemDeletes = []string{"sqs:DeleteMessage", "dynamodb:DeleteItem", "dynamodb:PartiQLDelete", "s3:DeleteObject"}

// destructive returns, of what a pattern stands for, the actions that destroy
// what holds the data or change who reaches it, where the pattern does not say
// so itself.
func destructive(pattern string, all []*catalog.Action) []string {
	var bad []string
	for _, a := range all {
		word := destroys(a)
		if word != "" && !strings.Contains(lower(pattern), lower(word)) && !slices.Contains(itemDeletes, a.FullName()) {
			bad = append(bad, a.FullName())
		}
	}
	return bad
}

// destroys returns the word of an action's name that says that it destroys or
// exposes; empty where it does neither.
func destroys(a *catalog.Action) string {
	if a.Access == catalog.Read || a.Access == catalog.List {
		return ""
	}
	name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(a.Name, "Batch"), "Force"), "Admin")
	for _, verb := range destroyingVerbs {
		if strings.HasPrefix(name, verb) {
			return verb
		}
	}
	for _, ending := range []string{"Policy", "Acl"} {
		if strings.HasSuffix(name, ending) && a.Access == catalog.PermissionsManagement {
			return ending
		}
	}
	return ""
}
