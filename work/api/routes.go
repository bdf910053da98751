package api

import (
	"net/http"
	"strings"
)

// route is one row of the table that is both served and described.
type route struct {
	method, path string
	name         string // operationId
	text         string // summary
	status       int    // of success; 0 means 200
	open         bool   // needs no caller: it has its own proof
	// proof is that of an open route, checked before the body is read.
	proof func(*call) error
	most  int64 // bytes of the body; 0 means maxBody
	query []parameter
	// conditional routes take If-Match and If-None-Match.
	conditional  bool
	takes, gives any // values whose types are the body's and the answer's
	do           func(*call) (any, error)
}

type parameter struct{ name, text string }

// anyLabel is the parameter that stands for those of all labels.
const anyLabel = "label.NAME"

// has says whether a name in a query is this parameter's.
func (p parameter) has(name string) bool {
	return p.name == name || p.name == anyLabel && strings.HasPrefix(name, "label.") && len(name) > len("label.")
}

var (
	paging = []parameter{
		{"cursor", "where the last page ended"},
		{"limit", "1 to 1000, default 100"},
	}
	filters = append([]parameter{
		{"tenant", "of this tenant; may be repeated"},
		{"state", "held, queued, running, succeeded, failed, canceled, timed-out; may be repeated, and \"live\" and \"final\" stand for several"},
		{"workflow", "of this workflow"},
		{"version", "of this version of the workflow"},
		{"queue", "in this queue"},
		{anyLabel, "with this label"},
		{"parent", "sub-workflows of this run"},
		{"idempotency-key", "submitted under this key"},
		{"failure", "that failed with this code; * at the end stands for the rest"},
		{"text", "with this in the workflow's name, the id or a label"},
		{"from", "created at or after this time (RFC 3339)"},
		{"to", "created before this time (RFC 3339)"},
		{"order", "newest (default), oldest, or finished: in the order they became final, each exactly once"},
		{"fields", "id: only the ids"},
	}, paging...)
)

// routes is the whole API.
func (a *API) routes() []route {
	all := a.runRoutes()
	all = append(all, a.steerRoutes()...)
	all = append(all, a.definitionRoutes()...)
	all = append(all, a.settingRoutes()...)
	all = append(all, a.eventRoutes()...)
	all = append(all, a.workerRoutes()...)
	all = append(all, a.taskRoutes()...)
	all = append(all, a.keyRoutes()...)
	return append(all, route{
		method: http.MethodGet, path: "/openapi.json", name: "openapi", text: "This API as an OpenAPI document.", open: true,
		do: func(c *call) (any, error) { return c.document(), nil },
	})
}
