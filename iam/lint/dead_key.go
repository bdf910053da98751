package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// travellingKeys are keys of one service that requests to others carry too: they
// say where the caller's credentials come from.
var travellingKeys = []string{"ec2:sourceinstancearn", "ec2:roledelivery", "lambda:sourcefunctionarn", "ssm:sourceinstancearn"}

// deadKeys finds conditions on keys that the actions of the statement do not
// carry. Keys of every request (aws:...) are there or not for other reasons.
func deadKeys(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		if s.Actions.Not || len(s.Conditions) == 0 {
			return
		}
		var actions []*catalog.Action
		for c := range s.Conditions {
			cond := &s.Conditions[c]
			key := lower(cond.Key)
			service, _, _ := strings.Cut(key, ":")
			if !demands(cond) || service == "aws" || !hasKey(service, key) || slices.Contains(travellingKeys, key) || slices.ContainsFunc(s.Actions.Values, allActions) {
				continue
			}
			if actions == nil {
				if actions = p.expandAll(s.Actions.Values); !p.understood(s.Actions.Values) {
					return
				}
			}
			p.deadKey(i, s, c, actions)
		}
	})
}

// understood reports whether the catalogue knows all that patterns stand for.
func (p *pass) understood(patterns []string) bool {
	return !slices.ContainsFunc(patterns, func(pattern string) bool { return len(p.expand(pattern)) == 0 })
}

func (p *pass) deadKey(i int, s *iam.Statement, c int, actions []*catalog.Action) {
	key := s.Conditions[c].Key
	var without []*catalog.Action
	for _, a := range actions {
		if p.steps(8) && !catalog.Default().Supports(a, key) && !joins(a, key) {
			without = append(without, a)
		}
	}
	path := p.policy.ConditionPath(i, c, -1)
	switch {
	case len(without) == 0:
	case len(without) == len(actions):
		f := p.dead("DEAD_CONDITION_CONTRADICTION", path, s, false, "no action of the statement carries %s, so it never %s anything", key, applies(s))
		f.Help = "remove the condition, or use a key that the actions carry"
	case s.Effect == iam.Allow:
		f := p.dead("DEAD_CONDITION_CONTRADICTION", path, s, false, "requests for %d of the %s never carry %s, and are not allowed", len(without), plural(len(actions), "action"), key)
		f.Level, f.Severity = Low, Warning
		f.Detail = "never allowed: " + actionNames(without)
		f.Help = "put the actions that carry the key into a statement of their own"
	}
}

// joins reports whether an action is one that goes with a call that assumes a
// role: it is authorised in the request for that call, whose keys it has.
func joins(a *catalog.Action, key string) bool {
	if _, ok := cutFold(key, "sts:"); !ok || a.Service.Prefix != "sts" {
		return false
	}
	return a.Name == "TagSession" || a.Name == "SetSourceIdentity" || a.Name == "SetContext"
}

// hasKey reports whether a service has a condition key.
func hasKey(service, key string) bool {
	if _, ok := catalog.Default().Service(service); !ok {
		return false
	}
	_, ok := catalog.Default().Key(key)
	return ok
}

// actionNames lists actions without their service.
func actionNames(all []*catalog.Action) string {
	const most = 30
	var names []string
	for _, a := range all[:min(most, len(all))] {
		names = append(names, a.Name)
	}
	text := strings.Join(names, ", ")
	if len(all) > most {
		text += fmt.Sprintf(" and %d more", len(all)-most)
	}
	return text
}
