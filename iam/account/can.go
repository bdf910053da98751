package account

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// Scope says what to ask of one principal.
type Scope struct {
	// Resources are ARNs or patterns of ARNs. Without any they are what the
	// principal's policies name.
	Resources []string
	// Actions are patterns such as "s3:*"; without any they are all.
	Actions []string
	// Context are keys that are known of the calls.
	Context iam.Context
}

// Permission is an action that a principal is allowed on a resource.
type Permission struct {
	// Action is "prefix:Name", as the service reference has it.
	Action string         `json:"action"`
	Access catalog.Access `json:"access"`
	// Resource is a pattern from the scope or the policies, or "*" for an action
	// that takes no resource.
	Resource  string    `json:"resource"`
	Certainty Certainty `json:"certainty"`
	By        Statement `json:"by"`
	Needs     []Need    `json:"needs,omitempty"`
	// Except are Deny statements about a part of what the pattern names.
	Except []Statement `json:"except,omitempty"`
}

// Can returns what a principal is allowed: every action of the catalogue with
// the resources it is allowed on, by action and resource. A pattern is in the
// table where all that it names is allowed, but for what [Permission.Except]
// says; of patterns within each other the widest. Where two layers name parts
// that overlap and neither holds the other, what they have in common is not in
// the table.
//
// What the principal can do through roles is not in it; see [Snapshot.Roles].
func (s *Snapshot) Can(p *Principal, c Scope, known *catalog.Catalog) []Permission {
	t := &table{Snapshot: s, principal: p, scope: c, layers: s.layersOf(p)}
	var all []Permission
	for _, a := range t.actions(known) {
		all = append(all, t.action(a)...)
	}
	return all
}

// table is the work on what one principal can do.
type table struct {
	*Snapshot
	principal *Principal
	scope     Scope
	layers    []*iam.Policy // all that grant to the principal or bound it
}

// layersOf returns all policies that say what a principal can do to anything.
func (s *Snapshot) layersOf(p *Principal) []*iam.Policy {
	var all []*iam.Policy
	for _, c := range p.Policies {
		all = append(all, c.Policy())
	}
	if p.Boundary != nil {
		all = append(all, p.Boundary.Policy())
	}
	if a := s.accounts[p.Account]; a != nil {
		for _, level := range a.scps {
			for _, c := range level {
				all = append(all, c.Policy())
			}
		}
	}
	return all
}

// granting returns the policies that can be why the principal is allowed
// something: its own, and those of resources that may name it.
func (t *table) granting() []*iam.Policy {
	var all []*iam.Policy
	for _, c := range t.principal.Policies {
		all = append(all, c.Policy())
	}
	for _, name := range slices.Sorted(maps.Keys(t.resources)) {
		if r := t.resources[name]; namedBy(r.policy).mayName(t.principal) {
			all = append(all, r.policy.Policy())
		}
	}
	return all
}

// actions returns the actions of the catalogue that some policy may allow, in
// the order of their names.
func (t *table) actions(known *catalog.Catalog) []*catalog.Action {
	found := map[*catalog.Action]bool{}
	expanded := map[string]bool{}
	for _, p := range t.granting() {
		for i := range p.Statements {
			s := &p.Statements[i]
			if s.Effect != iam.Allow {
				continue
			}
			patterns := s.Actions.Values
			if s.Actions.Not {
				patterns = []string{"*"}
			}
			for _, pattern := range patterns {
				if pattern = strings.ToLower(pattern); expanded[pattern] {
					continue
				}
				expanded[pattern] = true
				for _, a := range known.Expand(pattern) {
					found[a] = true
				}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b *catalog.Action) int {
		return cmp.Or(strings.Compare(a.Service.Prefix, b.Service.Prefix), strings.Compare(a.Name, b.Name))
	})
}

// action returns the rows of one action.
func (t *table) action(a *catalog.Action) []Permission {
	name := a.FullName()
	if len(t.scope.Actions) > 0 && !slices.ContainsFunc(t.scope.Actions, func(p string) bool { return glob.MatchFold(p, name) }) {
		return nil
	}
	var rows []Permission
	for _, pattern := range t.patterns(a) {
		if covered(rows, pattern) {
			continue
		}
		q := t.question(name, pattern)
		v := q.ask(t.principal, anySession)
		if !v.yes {
			continue
		}
		rows = append(rows, Permission{
			Action: name, Access: a.Access, Resource: pattern, Certainty: v.certainty, By: v.by, Needs: v.needs,
			Except: t.except(q, pattern),
		})
	}
	slices.SortFunc(rows, func(a, b Permission) int { return strings.Compare(a.Resource, b.Resource) })
	return rows
}

// covered reports whether a row that is as sure already has what a pattern names.
func covered(rows []Permission, pattern string) bool {
	return slices.ContainsFunc(rows, func(p Permission) bool {
		return p.Certainty == Always && p.Resource != "*" && arn.MatchResource(p.Resource, pattern)
	})
}

// patterns returns what to ask about an action, the wide before the narrow.
func (t *table) patterns(a *catalog.Action) []string {
	if a.StarOnly() {
		return []string{"*"}
	}
	name, seen := a.FullName(), map[string]bool{}
	if len(t.scope.Resources) > 0 {
		for _, p := range t.scope.Resources {
			seen[p] = p != "*" && a.Takes(p)
		}
	} else {
		t.named(a, name, seen)
	}
	maps.DeleteFunc(seen, func(_ string, wanted bool) bool { return !wanted })
	return slices.SortedFunc(maps.Keys(seen), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(b, "*"), strings.Count(a, "*")), cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
}

// named adds what the policies name that the action takes. "*" is everything of
// each type that it takes.
func (t *table) named(a *catalog.Action, name string, seen map[string]bool) {
	add := func(p *iam.Policy) {
		for i := range p.Statements {
			s := &p.Statements[i]
			values := s.Resources.Values
			switch {
			case !about(s.Actions, name), s.Effect != iam.Allow && !s.Resources.Not:
				continue
			case s.Effect == iam.Allow && (s.Resources.Not || s.Resources.Absent()):
				values = []string{"*"}
			}
			for _, v := range values {
				if v = t.resolved(p, v); v != "*" {
					seen[v] = seen[v] || a.Takes(v)
					continue
				}
				for _, u := range a.Resources {
					seen[u.Resource.Pattern()] = true
				}
			}
		}
	}
	for _, p := range t.layers {
		add(p)
	}
	for _, r := range t.resources {
		add(r.policy.Policy())
	}
}

// resolved puts the principal's values in place of variables, and "*" where a
// request decides.
func (t *table) resolved(p *iam.Policy, v string) string {
	if !p.Variables() || !strings.Contains(v, "${") {
		return v
	}
	who := iam.DeriveContext(iam.Facts{Principal: t.principal.caller(anySession), Caller: iam.CallerFacts{UniqueID: t.principal.ID, Tags: t.principal.Tags}})
	var b strings.Builder
	for _, part := range iam.ParseTemplate(v, iam.WildcardSyntax|iam.VariableSyntax) {
		switch part.Kind {
		case iam.Literal:
			b.WriteString(part.Text)
		case iam.AnyOne:
			b.WriteByte('?')
		case iam.Variable:
			if value, ok := who.Get(part.Text); ok && !value.Multi {
				b.WriteString(value.Values[0])
				continue
			}
			b.WriteByte('*')
		default:
			b.WriteByte('*')
		}
	}
	return b.String()
}

// about reports whether an element names an action.
func about(e iam.Elements, action string) bool {
	named := slices.ContainsFunc(e.Values, func(v string) bool { return glob.MatchFold(v, action) })
	return named != e.Not
}

// question is one of the table: the resource is what a pattern names.
func (t *table) question(action, pattern string) *question {
	q := &question{Snapshot: t.Snapshot, action: action, resource: pattern, given: t.scope.Context}
	if r := t.resourceOf(pattern); r != nil {
		q.policy, q.owner = r.policy, r.account
	}
	parts, _ := arn.Split(pattern)
	if owner := parts[arn.AccountComponent]; arn.ValidAccount(owner) {
		q.owner = cmp.Or(q.owner, owner)
	}
	q.owner = cmp.Or(q.owner, t.principal.Account)
	if role := t.byARN[pattern]; role != nil && role.Kind == iam.AssumedRole && strings.HasPrefix(action, "sts:AssumeRole") {
		q.policy, q.target, q.tags, q.owner = role.Trust, iam.RoleTrust, role.Tags, role.Account
	}
	if parts[arn.ServiceComponent] == "kms" && strings.HasPrefix(parts[arn.ResourceComponent], "key/") {
		q.target = iam.KMSKey
		if q.policy == nil {
			q.policy = defaultKeyPolicy(q.owner)
		}
	}
	return q
}

// except returns the Deny statements that are about a part of what a pattern
// names.
func (t *table) except(q *question, pattern string) []Statement {
	if glob.Literal(pattern) {
		return nil
	}
	var all []Statement
	set := q.set(t.principal.Account)
	each := func(l iam.Layer, c *iam.Compiled) {
		if c == nil {
			return
		}
		for i := range c.Policy().Statements {
			s := &c.Policy().Statements[i]
			if s.Effect != iam.Deny || s.Resources.Not || !about(s.Actions, q.action) {
				continue
			}
			if slices.ContainsFunc(s.Resources.Values, func(v string) bool { return v != "*" && arn.Overlap(t.resolved(c.Policy(), v), pattern) }) {
				all = append(all, Statement{Layer: l, Policy: c.Name(), Index: i, Sid: sidOf(s)})
			}
		}
	}
	for _, level := range set.SCPs {
		for _, c := range level {
			each(iam.SCPLayer, c)
		}
	}
	each(iam.ResourceLayer, set.Resource)
	for _, c := range t.principal.Policies {
		each(iam.IdentityLayer, c)
	}
	each(iam.BoundaryLayer, t.principal.Boundary)
	return all
}

func sidOf(s *iam.Statement) string {
	if s.Sid == nil {
		return ""
	}
	return *s.Sid
}
