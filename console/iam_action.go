package console

import (
	"net/http"
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

type actionView struct {
	Name      string         `json:"action"`
	Access    string         `json:"access"`
	Resources []resourceView `json:"resources"`
	Keys      []string       `json:"conditionKeys"`
}

type resourceView struct {
	Type     string `json:"type"`
	ARN      string `json:"arn"`
	Required bool   `json:"required"`
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

func (s *actionSearch) find() {
	cat := catalog.Default()
	pattern := s.Name
	if !strings.ContainsAny(pattern, ":*?") {
		pattern += ":*"
	}
	found := cat.Expand(pattern)
	if len(found) == 0 {
		if instead, ok := cat.Instead(s.Name); ok {
			s.Instead, s.Why = instead.Actions, instead.Why
		} else {
			s.Instead = cat.SuggestAction(s.Name)
		}
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
		v := actionView{Name: a.FullName(), Access: a.Access.String(), Resources: []resourceView{}, Keys: append([]string{}, a.Keys...)}
		for _, u := range a.Resources {
			v.Resources = append(v.Resources, resourceView{u.Resource.Type, u.Resource.Template, u.Required})
		}
		s.Actions = append(s.Actions, v)
	}
}
