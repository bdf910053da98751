package console

import (
	"net/http"
	"strings"

	"github.com/berth-project/berth/access"
)

// routeTables is the page of routes, rules and targets.
type routeTables struct {
	Hosts     []string         `json:"hosts"`
	Routes    []routeRow       `json:"routes"`
	Rules     []ruleRow        `json:"rules"`
	Default   Hits             `json:"no_rule"`
	Findings  []access.Finding `json:"findings"`
	Upstreams []Upstream       `json:"upstreams"`
}

// routeRow is a route and what became of its requests.
type routeRow struct {
	Route
	Hits Hits `json:"hits"`
}

// Indirect reports whether the app sends requests to the route by an internal
// redirect. Records name the route that was asked first, so the hits of this
// one say nothing about its use.
func (r routeRow) Indirect() bool { return strings.HasPrefix(r.Target, "private") }

// ruleRow is a rule, what became of the requests it decided, and what is
// suspicious about it.
type ruleRow struct {
	Rule
	Hits     Hits             `json:"hits"`
	Findings []access.Finding `json:"findings,omitempty"`
}

// Needs is the requirement as a phrase.
func (r ruleRow) Needs() string { return r.Allow.String() }

func (c *Console) routeList(*http.Request) (*page, *fault) {
	return &page{
		title: "Routes and rules", template: "routes", room: "/routes", up: "/", topic: topicRoutes,
		twin: "/routes.json", command: c.ofManifest("berth manifest show --resolved"), data: c.routeData(),
	}, nil
}

func (c *Console) routeData() routeTables {
	t := routeTables{Hosts: []string{}, Routes: []routeRow{}, Rules: []ruleRow{}, Upstreams: []Upstream{}}
	if c.src.Gateway == nil {
		return t
	}
	g := c.src.Gateway()
	t.Hosts = append(t.Hosts, g.Hosts...)
	t.Upstreams = append(t.Upstreams, g.Upstreams...)
	for _, r := range g.Routes {
		t.Routes = append(t.Routes, routeRow{Route: r, Hits: c.hits(r.Name, (*RequestFeed).RouteHits)})
	}
	for i, r := range g.Rules {
		row := ruleRow{Rule: r, Hits: c.hits(r.ID, (*RequestFeed).RuleHits)}
		for _, f := range g.Findings {
			if f.Rule == i {
				row.Findings = append(row.Findings, f)
			}
		}
		t.Rules = append(t.Rules, row)
	}
	for _, f := range g.Findings {
		if f.Rule < 0 || f.Rule >= len(g.Rules) {
			t.Findings = append(t.Findings, f)
		}
	}
	t.Default = c.hits("", (*RequestFeed).RuleHits)
	return t
}

func (c *Console) hits(name string, of func(*RequestFeed, string) Hits) Hits {
	if c.src.Requests == nil {
		return Hits{}
	}
	return of(c.src.Requests, name)
}
