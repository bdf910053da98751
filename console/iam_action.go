package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam/catalog"
)

// maxActions bounds the actions one look-up shows.
const maxActions = 300

// actionSearch is the page: a name or pattern, and what it stands for.
type actionSearch struct {
	Name    string       `json:"name"`
	Actions []actionView `json:"actions"`
	// Levels count the actions by access level.
	Levels []levelCount `json:"levels"`
	// Instead are actions that were probably meant.
	Instead []string `json:"instead,omitempty"`
	Why     string   `json:"why,omitempty"`
	Cut     int      `json:"cut,omitempty"`
}

type levelCount struct {
	Level string `json:"level"`
	Count int    `json:"count"`
}

// actionView and resourceView are what "berth iam action --json" prints.
type actionView struct {
	Name      string         `json:"action"`
	Access    string         `json:"access"`
	StarOnly  bool           `json:"starOnly"`
	Resources []resourceView `json:"resources"`
	// Keys are those the action has whatever the resource.
	Keys []string `json:"conditionKeys"`
	// Dependent are actions that it takes besides.
	Dependent []string `json:"dependentActions"`
}

type resourceView struct {
	Type     string   `json:"type"`
	ARN      string   `json:"arn"`
	Required bool     `json:"required"`
	Keys     []string `json:"conditionKeys"`
}

func viewOf(a *catalog.Action) actionView {
	v := actionView{
		Name: a.FullName(), Access: a.Access.String(), StarOnly: a.StarOnly(), Resources: []resourceView{},
		Keys: append([]string{}, a.Keys...), Dependent: append([]string{}, a.Dependent...),
	}
	for _, u := range a.Resources {
		keys := slices.Concat([]string{}, u.Keys, u.Resource.Keys)
		slices.Sort(keys)
		v.Resources = append(v.Resources, resourceView{u.Resource.Type, u.Resource.Template, u.Required, slices.Compact(keys)})
		v.Dependent = append(v.Dependent, u.Dependent...)
	}
	slices.Sort(v.Dependent)
	v.Dependent = slices.Compact(v.Dependent)
	return v
}

// AllKeys are the keys of the action and of its resources.
func (v actionView) AllKeys() []string {
	keys := slices.Clone(v.Keys)
	for _, r := range v.Resources {
		keys = append(keys, r.Keys...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (c *Console) iamActions(r *http.Request) (*page, *fault) {
	s := actionSearch{Name: strings.TrimSpace(r.URL.Query().Get("name")), Actions: []actionView{}, Levels: []levelCount{}}
	if len(s.Name) > maxQuestion {
		return nil, invalid("The name is too long.")
	}
	if s.Name != "" {
		s.find()
	}
	command := "berth iam action NAME"
	if s.Name != "" {
		command = "berth iam action " + quote(s.Name)
	}
	return &page{
		title: "Actions", template: "iam_actions", room: "/iam/simulate", up: "/iam/simulate", twin: "/iam/actions.json",
		params: []string{"name"}, command: command, data: s,
	}, nil
}

// meant says why there is nothing of the name, and what was probably meant.
func (s *actionSearch) meant(cat *catalog.Catalog) {
	prefix, _, _ := strings.Cut(s.Name, ":")
	_, known := cat.Service(prefix)
	instead, ok := cat.Instead(s.Name)
	switch {
	case ok:
		s.Instead, s.Why = instead.Actions, instead.Why
	case known:
		s.Instead = cat.SuggestAction(s.Name)
	case cat.KnownPrefix(prefix):
		s.Why = "the service exists, but its actions are not in the catalogue"
	default:
		s.Instead, s.Why = cat.SuggestService(prefix), "there is no such service"
	}
}

func (s *actionSearch) find() {
	cat := catalog.Default()
	pattern := s.Name
	if !strings.ContainsAny(pattern, ":*?") {
		pattern += ":*"
	}
	found := cat.Expand(pattern)
	if len(found) == 0 {
		s.meant(cat)
	}
	counts := map[catalog.Access]int{}
	for _, a := range found {
		counts[a.Access]++
	}
	for _, level := range []catalog.Access{catalog.PermissionsManagement, catalog.Write, catalog.Tagging, catalog.Read, catalog.List} {
		if counts[level] > 0 {
			s.Levels = append(s.Levels, levelCount{level.String(), counts[level]})
		}
	}
	s.Cut = max(0, len(found)-maxActions)
	for _, a := range found[:len(found)-s.Cut] {
		s.Actions = append(s.Actions, viewOf(a))
	}
}
