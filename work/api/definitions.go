package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
)

func (a *API) definitionRoutes() []route {
	return []route{
		{
			method: "GET", path: "/workflows", name: "listWorkflows", gives: definitionPage{},
			text: "The newest version of every workflow you may run.", do: (*call).listDefinitions,
		},
		{
			method: "POST", path: "/workflows", name: "defineWorkflow", status: http.StatusCreated, gives: work.Definition{},
			query: []parameter{{"tenant", "whose it is; without it all tenants may run it, which only operators may say"}},
			text:  "Keep a document as the next version of its workflow. What is the newest version already is not kept twice.",
			do:    (*call).define,
		},
		{
			method: "POST", path: "/workflows/check", name: "checkWorkflow", gives: checked{},
			text: "Say everything that is wrong with a document, with lines and columns. Nothing is stored.", do: (*call).check,
		},
		{
			method: "GET", path: "/workflows/{workflow}", name: "getWorkflow", gives: work.Definition{},
			query: []parameter{{"version", "this version; the newest by default"}, {"tenant", "as this tenant sees it"}},
			text:  "A version of a workflow.", do: (*call).definition,
		},
		{
			method: "GET", path: "/workflows/{workflow}/versions", name: "workflowVersions", gives: definitionPage{},
			text: "All versions of a workflow, oldest first.", do: (*call).versions,
		},
	}
}

type definitionPage struct {
	Workflows []work.Definition `json:"workflows"`
}

func (c *call) listDefinitions() (any, error) {
	return definitionPage{nonNil(c.e.Definitions(c.caller.tenants(Read)))}, nil
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (c *call) define() (any, error) {
	tenant := c.r.URL.Query().Get("tenant")
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
	OK       bool     `json:"ok"`
	Problems []string `json:"problems,omitempty"`
	Steps    int      `json:"steps,omitempty"`
}

func (c *call) check() (any, error) {
	plan, err := workflow.Load("document", c.body)
	if err != nil {
		return checked{Problems: []string{err.Error()}}, nil
	}
	return checked{OK: true, Steps: plan.Len()}, nil
}

// visible finds a definition as the caller may see it.
func (c *call) visible(name string, version int) (work.Definition, error) {
	tenants := c.caller.tenants(Read)
	if c.caller.Admin {
		for _, v := range c.e.Versions(name) {
			tenants = []string{v.Tenant}
		}
	}
	for _, t := range append(tenants, "") {
		if d, _, err := c.e.Definition(name, version, t); err == nil {
			return d, nil
		}
	}
	return work.Definition{}, fmt.Errorf("%w: there is no workflow %q, or no such version of it", work.ErrNotFound, name)
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
	return definitionPage{nonNil(c.e.Versions(name))}, nil
}
