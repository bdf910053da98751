package synth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam/catalog"
)

// levels are the words for resources that no kind covers: the access levels of
// the service reference that each takes.
var levels = map[string][]catalog.Access{
	"list":  {catalog.List},
	"read":  {catalog.List, catalog.Read},
	"write": {catalog.Write},
	"tag":   {catalog.Tagging},
	"admin": {catalog.List, catalog.Read, catalog.Write, catalog.Tagging},
	"own":   {catalog.List, catalog.Read, catalog.Write, catalog.Tagging, catalog.PermissionsManagement},
}

func levelWords() []string { return slices.Sorted(maps.Keys(levels)) }

// grants returns what a word takes of a target: a word of its kind, an action
// by name, or a level of access.
func (t target) grants(word string) (Access, error) {
	if t.kind != nil {
		for _, a := range t.kind.Accesses {
			if a.Word == word {
				return a, nil
			}
		}
	}
	if strings.Contains(word, ":") {
		return t.action(word)
	}
	if want, ok := levels[word]; ok && (t.kind == nil || word == "admin" || word == "own") {
		return t.level(word, want)
	}
	return Access{}, fmt.Errorf("%q is not something that is done with it (%s)", word, t.words())
}

// action grants one action that the need names.
func (t target) action(name string) (Access, error) {
	cat := catalog.Default()
	a, ok := cat.Action(name)
	if !ok {
		if near := cat.SuggestAction(name); len(near) > 0 {
			return Access{}, fmt.Errorf("there is no action %s (did you mean %s?)", name, near[0])
		}
		return Access{}, fmt.Errorf("there is no action %s", name)
	}
	out := Access{Word: a.Name}
	if a.StarOnly() {
		out.grants = []grant{{on: "*", actions: []string{a.FullName()}}}
		return out, nil
	}
	for _, form := range t.formNames() {
		if a.Takes(t.pattern(form)) {
			out.grants = append(out.grants, grant{on: form, actions: []string{a.FullName()}})
		}
	}
	if len(out.grants) == 0 {
		return Access{}, fmt.Errorf("%s is not done with such a resource", a.FullName())
	}
	return out, nil
}

// level grants every action of the levels that takes the resource. Actions
// without a resource are not of any one resource and stay out.
func (t target) level(word string, want []catalog.Access) (Access, error) {
	cat := catalog.Default()
	prefix := t.id.Service
	if t.kind != nil {
		prefix = t.kind.prefix
	}
	service, ok := cat.Service(prefix)
	if !ok {
		return Access{}, fmt.Errorf("the actions of %s are not known here: name them one by one", prefix)
	}
	out := Access{Word: word}
	for _, form := range t.formNames() {
		var actions []string
		for _, a := range service.Actions {
			if slices.Contains(want, a.Access) && a.Takes(t.pattern(form)) {
				actions = append(actions, a.FullName())
			}
		}
		if len(actions) > 0 {
			out.grants = append(out.grants, grant{on: form, actions: actions})
		}
	}
	if len(out.grants) == 0 {
		return Access{}, fmt.Errorf("%s has no actions of the level %q on such a resource", prefix, word)
	}
	return out, nil
}

// formNames are the names of the resource's ARN forms; an ARN without a kind
// is its own form.
func (t target) formNames() []string {
	if t.kind == nil {
		return []string{t.id.String()}
	}
	return slices.Sorted(maps.Keys(t.kind.forms))
}

// pattern is a form with a wildcard for what is not decided yet.
func (t target) pattern(form string) string {
	if t.kind == nil {
		return form
	}
	return fill(t.kind.forms[form], map[string]string{
		"Partition": "aws", "Region": "*", "Account": "*", "Name": sampleName(t), "Prefix": "",
	})
}

func sampleName(t target) string {
	if t.id != (arn.ARN{}) {
		return t.kind.nameIn(t.id)
	}
	return t.kind.plain(t.name)
}
