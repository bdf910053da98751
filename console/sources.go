package console

import (
	"context"
	"log/slog"
	"net/http"
	"syscall"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/upstream"
	"github.com/berth-project/berth/health"
	"github.com/berth-project/berth/process"
	"github.com/berth-project/berth/telemetry"
)

// Sources are where the console gets what it shows. Every field may be nil:
// what cannot be asked is shown as absent. The functions are called from many
// goroutines and must not wait.
type Sources struct {
	// Processes returns the instances as they are now.
	Processes func() []process.Status
	// Program says how a process is run; false when there is none of the name.
	Program func(name string) (Program, bool)
	// Actions carries out what the operator asks for; nil offers no actions. A
	// [process.Supervisor] has the methods.
	Actions Actions
	// Gateway returns what the gateway was configured with and how its upstream
	// targets are.
	Gateway func() Gateway
	// Explain says how the gateway would take a request.
	Explain func(context.Context, Question) (Answer, error)
	// Requests are the requests the gateway answered.
	Requests *RequestFeed
	// Logs are the last log lines.
	Logs *telemetry.Recent
	// Work is the engine of workflows; nil where the service has none. What it is
	// asked may wait for its store, with a deadline.
	Work Work
	// WorkActions carries out what the operator asks of it; nil offers no
	// actions.
	WorkActions WorkActions
	// QueueHistory keeps how queues were over the last hour.
	QueueHistory *QueueHistory
	// Health holds the problems.
	Health *health.Registry
	// Reload says how the last attempt to load the manifest went.
	Reload func() Reload
	// Authorize says who makes a request and whether they may use the console.
	// A caller without a user is sent to signInURL, where that is not empty. An
	// open event stream asks again every few seconds. nil answers to loopback
	// only and lets everybody there in.
	Authorize func(*http.Request) (user string, allowed bool, signInURL string)
	// Log takes a line for each action. Default: none.
	Log *slog.Logger
	// Now is the clock. Default [time.Now].
	Now func() time.Time
}

// Actions is what an operator can have done.
type Actions interface {
	// Restart replaces the instances of a process and returns when the new ones
	// stand.
	Restart(ctx context.Context, name string) error
	// Signal sends a signal to every instance of a process.
	Signal(name string, sig syscall.Signal) error
}

// Program is how a process is run.
type Program struct {
	// Command is the command line as people would type it.
	Command string `json:"command"`
	// Directory is the working directory.
	Directory string `json:"directory,omitempty"`
	// Readiness says how readiness is found out: "http /health every 250ms".
	Readiness string `json:"readiness,omitempty"`
	// Restart says when it is started again: "always, 100ms to 30s".
	Restart string `json:"restart,omitempty"`
	// Stop says how it is ended: "SIGTERM, then SIGKILL after 10s".
	Stop string `json:"stop,omitempty"`
	// Before are the commands of its hooks, in order.
	Before []string `json:"before,omitempty"`
	// Environment are the variables it is given, without their values.
	Environment []Variable `json:"environment,omitempty"`
	// At is where it stands in the manifest: "berth.yaml:12:3".
	At string `json:"at,omitempty"`
}

// Variable is a variable of an environment. Its value has no place here.
type Variable struct {
	// Name is the name.
	Name string `json:"name"`
	// Source is where the value comes from: ".env", "process".
	Source string `json:"source"`
}

// Gateway is what the gateway was configured with.
type Gateway struct {
	// Hosts are the names it answers to.
	Hosts []string `json:"hosts"`
	// Routes are in the order in which they are tried.
	Routes []Route `json:"routes"`
	// Rules are in the order in which they are asked.
	Rules []Rule `json:"rules"`
	// Findings are what is suspicious about the rules.
	Findings []access.Finding `json:"findings"`
	// Upstreams are the groups of servers that routes lead to.
	Upstreams []Upstream `json:"upstreams"`
}

// Route is one route.
type Route struct {
	// Name is the name that records of requests have: the route's own, or its
	// path.
	Name string `json:"name"`
	// Path is the pattern.
	Path string `json:"path"`
	// Methods and Hosts limit the route; empty is all.
	Methods []string `json:"methods,omitempty"`
	Hosts   []string `json:"hosts,omitempty"`
	// Target says what answers: "process web", "static files".
	Target string `json:"target"`
	// At is where it stands in the manifest.
	At string `json:"at,omitempty"`
}

// Rule is one rule.
type Rule struct {
	access.Rule
	// At is where it stands in the manifest.
	At string `json:"at,omitempty"`
}

// Upstream is a group of servers.
type Upstream struct {
	// Name is the name of the group: "process web".
	Name string `json:"name"`
	// Targets are its servers.
	Targets []upstream.EndpointStatus `json:"targets"`
}

// Question is a request to explain.
type Question struct {
	// Method is the HTTP method.
	Method string `json:"method"`
	// URL is absolute, or a path on the service's first host.
	URL string `json:"url"`
	// As is the email or id of the user who asks; empty is nobody.
	As string `json:"as,omitempty"`
}

// Answer is what would become of the request.
type Answer struct {
	gateway.Explanation
	// RuleAt and RouteAt are where the deciding rule and the route stand in the
	// manifest.
	RuleAt  string `json:"rule_at,omitempty"`
	RouteAt string `json:"route_at,omitempty"`
}

// Reload is how the last attempt to load the manifest went.
type Reload struct {
	// File is the manifest.
	File string `json:"file"`
	// At is when it was tried.
	At time.Time `json:"at"`
	// Problem says why it was refused; empty when it was not.
	Problem string `json:"problem,omitempty"`
}
