package api

import (
	_ "embed" // the document
	"encoding/json"
	"net/http"
	"strings"
)

// route is one row of the table that is both served and described.
type route struct {
	method, path string
	name         string // operationId
	may          string // who may call it: an action for the tenant, or in words
	text         string // summary
	status       int    // of success; 0 means 200
	open         bool   // needs no caller: it has its own proof
	// proof is that of an open route, checked before the body is read.
	proof func(*call) error
	most  int64 // bytes of the body; 0 means maxBody
	query []parameter
	// conditional routes take If-Match and If-None-Match.
	conditional  bool
	optional     bool        // the body may be left out
	takes, gives any         // values whose types are the body's and the answer's
	also         map[int]any // what further successes give, by status
	do           func(*call) (any, error)
}

// The callers that routes are for, besides those with an action.
const (
	reader      = string(Read)
	submitter   = string(Submit)
	definer     = string(Define)
	operator    = "an operator"
	anybody     = "any caller"
	everybody   = "everybody"
	poolWorker  = "a worker of the pool"
	tokenHolder = "whoever has the attempt's token"
	signer      = "whoever signs with the trigger's secret"
)

// What bodies and answers are that have no type of their own: one of several,
// a workflow's document, events, a text.
type (
	either           []any
	workflowDocument struct{}
	eventStream      struct{}
	plainText        string
)

type parameter struct {
	name, text string
	number     bool // it is an integer
	many       bool // it may be repeated
}

// anyLabel is the parameter that stands for those of all labels.
const anyLabel = "label.NAME"

// has says whether a name in a query is this parameter's.
func (p parameter) has(name string) bool {
	return p.name == name || p.name == anyLabel && strings.HasPrefix(name, "label.") && len(name) > len("label.")
}

var (
	paging = []parameter{
		{name: "cursor", text: "where the last page ended"},
		{name: "limit", text: "1 to 1000, default 100", number: true},
	}
	filters = append([]parameter{
		{name: "tenant", text: "of this tenant; may be repeated", many: true},
		{name: "state", text: "held, queued, running, succeeded, failed, canceled, timed-out; may be repeated, and \"live\" and \"final\" stand for several", many: true},
		{name: "workflow", text: "of this workflow"},
		{name: "version", text: "of this version of the workflow", number: true},
		{name: "queue", text: "in this queue"},
		{name: anyLabel, text: "with this label"},
		{name: "parent", text: "sub-workflows of this run"},
		{name: "idempotency-key", text: "submitted under this key"},
		{name: "failure", text: "that failed with this code; * at the end stands for the rest"},
		{name: "text", text: "with this in the workflow's name, the id or a label"},
		{name: "from", text: "created at or after this time (RFC 3339)"},
		{name: "to", text: "created before this time (RFC 3339)"},
		{name: "order", text: "newest (default), oldest, or finished: in the order they became final, each exactly once"},
		{name: "fields", text: "id: only the ids"},
	}, paging...)
)

// openAPI describes the routes; it is generated from them and from the
// comments of the types they read and write.
//
//go:embed openapi.json
var openAPI []byte

// routes is the whole API.
func (a *API) routes() []route {
	all := a.runRoutes()
	all = append(all, a.steerRoutes()...)
	all = append(all, a.definitionRoutes()...)
	all = append(all, a.settingRoutes()...)
	all = append(all, a.eventRoutes()...)
	all = append(all, a.workerRoutes()...)
	all = append(all, a.triggerRoutes()...)
	all = append(all, a.taskRoutes()...)
	all = append(all, a.keyRoutes()...)
	all = append(all, a.readyRoutes()...)
	return append(all, route{
		method: http.MethodGet, path: "/openapi.json", name: "openapi", may: everybody, gives: map[string]any{}, text: "This API as an OpenAPI document.", open: true,
		do: func(c *call) (any, error) { return json.RawMessage(openAPI), nil },
	})
}
