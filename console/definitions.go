package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
)

// definitionList is the page of workflows.
type definitionList struct {
	Definitions []definitionRow `json:"definitions"`
}

// definitionRow is a workflow that runs can name, in its newest version.
type definitionRow struct {
	Name    string    `json:"name"`
	Title   string    `json:"title,omitempty"`
	Version int       `json:"version"`
	Tenant  string    `json:"tenant,omitempty"`
	Steps   int       `json:"steps"`
	Created time.Time `json:"created"`
	By      string    `json:"by,omitempty"`
	Problem string    `json:"problem,omitempty"`
}

func (c *Console) definitionList(_ context.Context, r *http.Request) (*page, *fault) {
	v := definitionList{Definitions: []definitionRow{}}
	for _, d := range c.src.Work.Definitions(nil) {
		v.Definitions = append(v.Definitions, c.definitionRow(d))
	}
	return &page{
		title: "Workflows", template: "definitions", room: "/definitions", up: "/", topic: topicDefinitions, twin: "/definitions.json",
		command: "berth workflow definitions", data: v,
	}, nil
}

func (c *Console) definitionRow(d work.Definition) definitionRow {
	row := definitionRow{Name: d.Name, Version: d.Version, Tenant: d.Tenant, Created: at(d.Created), By: d.By}
	_, plan, err := c.src.Work.Definition(d.Name, d.Version, d.Tenant)
	if err != nil {
		row.Problem = sentence(err)
		return row
	}
	row.Title, row.Steps = plan.Document().Title, plan.Len()
	return row
}

// definitionPage is one version of a workflow.
type definitionPage struct {
	Row      definitionRow   `json:"definition"`
	Versions []definitionRow `json:"versions"`
	Document string          `json:"-"`
	Schema   string          `json:"-"`
	Drawing  *drawing        `json:"-"`
	Steps    []planStep      `json:"steps"`
	Form     *submitForm     `json:"-"`
	Newest   bool            `json:"newest"`
}

// planStep is a step of a workflow in a table.
type planStep struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Title   string   `json:"title,omitempty"`
	Needs   []string `json:"needs,omitempty"`
	When    string   `json:"when,omitempty"`
	Pool    string   `json:"pool,omitempty"`
	Finally bool     `json:"finally,omitempty"`
	Handler bool     `json:"handler,omitempty"`
}

func (c *Console) definitionDetail(ctx context.Context, r *http.Request) (*page, *fault) {
	d, plan, f := c.definitionNamed(r)
	if f != nil {
		return nil, f
	}
	v := definitionPage{Row: c.definitionRow(d), Document: indented(d.Document), Schema: indented(plan.Document().Input), Drawing: drawPlan(plan), Steps: stepsOf(plan)}
	versions := c.src.Work.Versions(d.Name)
	slices.Reverse(versions)
	for i, old := range versions {
		v.Versions = append(v.Versions, definitionRow{Name: old.Name, Version: old.Version, Created: at(old.Created), By: old.By})
		v.Newest = v.Newest || i == 0 && old.Version == d.Version
	}
	if c.src.WorkActions != nil {
		form, f := c.submitFormOf(ctx, d, plan, r)
		if f != nil {
			return nil, f
		}
		v.Form = form
	}
	twin := c.href("/definitions/{name}.json", "/name", d.Name)[len(c.cfg.BasePath):]
	return &page{
		title: d.Name, template: "definition", room: "/definitions", up: "/definitions", twin: twin,
		command: "berth workflow definitions " + quote(d.Name) + " --document " + strconv.Itoa(d.Version), params: []string{"version"}, data: v,
	}, nil
}

// definitionNamed finds the version of a workflow that an address names.
func (c *Console) definitionNamed(r *http.Request) (work.Definition, *workflow.Plan, *fault) {
	version := 0
	if text := r.FormValue("version"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return work.Definition{}, nil, invalid("The version is a number from 1.")
		}
		version = n
	}
	versions := c.src.Work.Versions(r.PathValue("name"))
	if len(versions) == 0 {
		return work.Definition{}, nil, &fault{status: http.StatusNotFound, code: "not_found", text: "There is no such workflow."}
	}
	d, plan, err := c.src.Work.Definition(versions[0].Name, version, versions[len(versions)-1].Tenant)
	if err != nil {
		return d, nil, c.workFault(err)
	}
	return d, plan, nil
}

func stepsOf(p *workflow.Plan) []planStep {
	steps := []planStep{}
	for i := range p.Len() {
		n := p.Node(i)
		s := planStep{Name: n.Step.Name, Type: n.Step.Run, Title: n.Step.Title, When: n.Step.When, Pool: n.Step.Pool, Finally: n.Finally, Handler: n.Handler}
		for _, k := range n.Needs {
			s.Needs = append(s.Needs, p.Node(k).Step.Name)
		}
		steps = append(steps, s)
	}
	return steps
}
