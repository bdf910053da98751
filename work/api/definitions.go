package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
)

func (a *API) definitionRoutes() []route {
	return []route{
		{
			method: "GET", path: "/workflows", name: "listWorkflows", may: reader, gives: definitionPage{}, query: settingPaging(),
			text: "The newest version of every workflow you may run.", do: (*call).listDefinitions,
		},
		{
			method: "POST", path: "/workflows", name: "defineWorkflow", may: definer, status: http.StatusCreated, takes: workflowDocument{}, gives: work.Definition{},
			query: []parameter{{name: "tenant", text: "whose it is; without it all tenants may run it, which only operators may say"}},
			text:  "Keep a document as the next version of its workflow. What is the newest version already is not kept twice.",
			do:    (*call).define,
		},
		{
			method: "POST", path: "/workflows/check", name: "checkWorkflow", may: reader, takes: workflowDocument{}, gives: checked{},
			text: "Say everything that is wrong with a document, with lines and columns. Nothing is stored.", do: (*call).check,
		},
		{
			method: "GET", path: "/workflows/{workflow}", name: "getWorkflow", may: reader, gives: work.Definition{},
			query: []parameter{{name: "version", text: "this version; the newest by default", number: true}},
			text:  "A version of a workflow.", do: (*call).definition,
		},
		{
			method: "GET", path: "/workflows/{workflow}/versions", name: "workflowVersions", may: reader, gives: definitionPage{}, query: settingPaging(),
			text: "All versions of a workflow, oldest first.", do: (*call).versions,
		},
	}
}

type definitionPage struct {
	Workflows []work.Definition `json:"workflows"`
	Next      string            `json:"next,omitempty"`
}

func (c *call) listDefinitions() (any, error) {
	if !c.caller.reads() {
		return definitionPage{Workflows: []work.Definition{}}, nil
	}
	part, next, err := paged(c, c.e.Definitions(c.caller.tenants(Read)), byName(func(d *work.Definition) string { return d.Name }))
	return definitionPage{part, next}, err
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (c *call) define() (any, error) {
	tenant := c.query.Get("tenant")
	if tenant == "" {
		if err := adminOnly(c.caller); err != nil {
			return nil, err
		}
	} else if !c.caller.May(Define, tenant) {
		return nil, forbidden(Define, tenant)
	}
	return c.e.PutDefinition(c.r.Context(), work.Definition{Document: json.RawMessage(c.body), Tenant: tenant, By: c.caller.Name})
}

type checked struct {
	OK bool `json:"ok"`
	// Problems is everything that is wrong, in the order of the text.
	Problems diagnostic.List `json:"problems,omitempty"`
	Name     string          `json:"name,omitempty"`
	Steps    int             `json:"steps,omitempty"`
}

func (c *call) check() (any, error) {
	if !c.caller.reads() && len(c.caller.tenants(Define)) == 0 {
		return nil, &statusError{http.StatusForbidden, errors.New("this is for those who have workflows")}
	}
	plan, err := workflow.Load("document", c.body)
	var wrong checked
	switch {
	case errors.As(err, &wrong.Problems):
		return wrong, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", work.ErrInvalid, err)
	}
	return checked{OK: true, Name: plan.Document().Name, Steps: plan.Len()}, nil
}

// visible finds a definition as the caller may see it: a shared one, or one of
// a tenant whose runs they may read.
func (c *call) visible(name string, version int) (work.Definition, error) {
	all := c.e.Versions(name)
	if len(all) > 0 && c.caller.reads() && (all[0].Tenant == "" || c.caller.May(Read, all[0].Tenant)) {
		for i := len(all) - 1; i >= 0; i-- {
			if version == 0 || all[i].Version == version {
				return all[i], nil
			}
		}
	}
	return work.Definition{}, fmt.Errorf("%w: there is no workflow %.200q, or no such version of it", work.ErrNotFound, name)
}

func (c *call) definition() (any, error) {
	version, err := c.number("version", 0, 0, 1<<30)
	if err != nil {
		return nil, err
	}
	return c.visible(c.r.PathValue("workflow"), version)
}

func (c *call) versions() (any, error) {
	name := c.r.PathValue("workflow")
	if _, err := c.visible(name, 0); err != nil {
		return nil, err
	}
	part, next, err := paged(c, c.e.Versions(name), func(d *work.Definition) place { return place{order: d.Version} })
	return definitionPage{part, next}, err
}
