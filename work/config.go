package work

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/workflow"
)

// Queue is where runs wait. Its JSON is what the API takes and the store keeps.
type Queue struct {
	Name string `json:"name"`
	// Match is a CEL expression over the run to be queued; the first queue by
	// Order, then name, whose expression holds takes it. Empty: the queue
	// takes only runs that name it.
	Match string `json:"match,omitempty"`
	// Fallback takes the runs that nothing matches. At most one queue has it.
	Fallback bool `json:"fallback,omitempty"`
	// Order decides which of two queues is asked first, for a match and for
	// the next run to start.
	Order  int          `json:"order,omitempty"`
	Policy queue.Policy `json:"policy,omitempty"` // default fair
	// Concurrency bounds the runs that run at once.
	Concurrency Concurrency `json:"concurrency,omitzero"`
	// Pool is where steps that name none are executed; default "default".
	Pool string `json:"pool,omitempty"`
	// Delegated queues hand out whole runs to workers that decide by
	// themselves which step runs when; Berth dispatches none of their steps.
	Delegated bool `json:"delegated,omitempty"`
	// Priority is that of runs that bring none: 0, the most urgent, to 9;
	// default 5.
	Priority *int `json:"priority,omitempty"`
	// Ageing lifts a run by one class for every such time it waits; default 60s.
	Ageing workflow.Duration `json:"ageing,omitempty"`
	// Floor is the share of picks a class is promised, 0 to 0.1; default 0.02.
	Floor *float64 `json:"floor,omitempty"`
	// Tenants may use the queue; empty means all.
	Tenants []string `json:"tenants,omitempty"`
	// Paused starts nothing; Draining takes nothing new and runs what waits.
	Paused   bool `json:"paused,omitempty"`
	Draining bool `json:"draining,omitempty"`
}

// Concurrency bounds how many runs of a queue run at once.
type Concurrency struct {
	// Runs bounds them in all; default 1000, so that a backlog stays a backlog
	// and the order of its runs is decided as late as can be.
	Runs int `json:"runs,omitempty"`
	// PerTenant and PerKey bound those of a tenant, and those with the same
	// concurrency key; 0 means that only Runs does.
	PerTenant int `json:"per-tenant,omitempty"`
	PerKey    int `json:"per-key,omitempty"`
}

// Pool is where steps are executed: the slots of local executors, or workers
// that pull.
type Pool struct {
	Name string `json:"name"`
	// Slots bounds the slots in use at once over all workers; 0 means what
	// the workers have.
	Slots int `json:"slots,omitempty"`
	// PerType bounds the steps of a type that run at once.
	PerType map[string]int `json:"per-type,omitempty"`
	// PerKey bounds the steps with the same concurrency key.
	PerKey int `json:"per-key,omitempty"`
	// Lease is how long a task stays a worker's after each heartbeat; default 30s.
	Lease workflow.Duration `json:"lease,omitempty"`
	// Paused hands out nothing. Draining begins no run for the pool, and hands
	// out the steps of those that have begun.
	Paused   bool `json:"paused,omitempty"`
	Draining bool `json:"draining,omitempty"`
}

// Tenant is what the engine knows of a tenant; one it does not know has the
// zero value: weight 1, no limits.
type Tenant struct {
	Name      string  `json:"name"`
	Weight    float64 `json:"weight,omitempty"` // share beside other tenants; default 1
	Suspended bool    `json:"suspended,omitempty"`
	// Running bounds the runs that run at once over all queues of a shard.
	Running int   `json:"running,omitempty"`
	Quota   Quota `json:"quota,omitzero"`
}

// Quota bounds what a tenant may have; zero fields do not.
type Quota struct {
	Queued  int `json:"queued,omitempty"`  // runs held or waiting
	Payload int `json:"payload,omitempty"` // bytes of a run's params and document
	// Rate bounds the runs submitted a second, on average; Burst those at
	// once, by default the runs of a second. Sub-workflows do not count.
	Rate  float64 `json:"rate,omitempty"`
	Burst int     `json:"burst,omitempty"`
}

// Definition is a version of a workflow that runs can name.
type Definition struct {
	Name     string          `json:"name"`
	Version  int             `json:"version"`
	Document json.RawMessage `json:"document"`
	// Tenant owns it; "" means that all tenants may run it.
	Tenant  string `json:"tenant,omitempty"`
	Created int64  `json:"created"` // ms
	By      string `json:"by,omitempty"`
}

// Schedule starts a run at times.
type Schedule struct {
	Name     string `json:"name"`
	Cron     string `json:"cron"`
	TimeZone string `json:"time-zone,omitempty"` // IANA name; default UTC
	// Missed says what happens with times that passed while nothing ran:
	// "skip", "latest" (default), "all".
	Missed string `json:"missed,omitempty"`
	// Overlap says what happens while the last run is not finished: "allow"
	// (default), "skip", "queue-one", "cancel-running".
	Overlap string     `json:"overlap,omitempty"`
	Run     Submission `json:"run"`
	Paused  bool       `json:"paused,omitempty"`
	// Last is the time it last started something for; LastRun what it started.
	Last    int64          `json:"last,omitempty"`
	LastRun workflow.RunID `json:"last-run,omitempty"`
}

// Subscription tells a destination of events.
type Subscription struct {
	Name   string `json:"name"`
	Tenant string `json:"tenant,omitempty"` // "" means all tenants: an operator's
	// Events are kinds, where * stands for any text: "run.failed", "run.*". Empty
	// means "run.*".
	Events   []string `json:"events,omitempty"`
	Workflow string   `json:"workflow,omitempty"` // only of this one
	// To is https://…, or sns:ARN, sqs:URL, eventbridge:BUS.
	To string `json:"to"`
	// Secret names the signing secret of a webhook: one that Tenant may use, or,
	// of an operator's subscription, one that is the operator's.
	Secret string `json:"secret,omitempty"`
	Paused bool   `json:"paused,omitempty"`
}

// Trigger starts a run when an HTTP request with the right signature or token
// arrives, or for each message of a queue.
type Trigger struct {
	Name string     `json:"name"`
	Kind string     `json:"kind"` // "webhook", "sqs"
	Run  Submission `json:"run"`  // its params may refer to ${event.body}, ${event.headers}
	// Secret names what signs the webhook, Berth's or GitHub's way.
	Secret string `json:"secret,omitempty"`
	// Queue is the URL of an SQS queue.
	Queue  string `json:"queue,omitempty"`
	Paused bool   `json:"paused,omitempty"`
}

// Submission asks for a run: of a definition by name, or of a document of
// its own.
type Submission struct {
	Workflow string          `json:"workflow,omitempty"` // a definition's name
	Version  int             `json:"version,omitempty"`  // 0 means the newest
	Document json.RawMessage `json:"document,omitempty"`
	Tenant   string          `json:"tenant"`
	Params   json.RawMessage `json:"params,omitempty"` // an object
	// Queue takes it whatever the matchers say; Prefer only if it matches.
	Queue    string            `json:"queue,omitempty"`
	Prefer   string            `json:"prefer,omitempty"`
	Priority *int              `json:"priority,omitempty"` // 0, the most urgent, to 9
	Labels   map[string]string `json:"labels,omitempty"`
	// IdempotencyKey makes a second submission of the same tenant answer the
	// first one's run, for as long as that run is kept.
	IdempotencyKey string `json:"idempotency-key,omitempty"`
	// Key is a concurrency key: runs of a queue with the same key share the
	// queue's per-key limit.
	Key string `json:"key,omitempty"`
	// StartAt holds the run until then; Hold until it is released.
	StartAt *time.Time `json:"start-at,omitempty"`
	Hold    bool       `json:"hold,omitempty"`
	// Deadline bounds the run's time from its submission.
	Deadline workflow.Duration `json:"deadline,omitempty"`
	// Cost is its expected slot-seconds, for fairness; default the document's.
	Cost float64 `json:"cost,omitempty"`
	// Parent is the run and step this one works for.
	Parent     workflow.RunID `json:"parent,omitzero"`
	ParentStep int32          `json:"-"`
	ParentItem int32          `json:"-"`
	// By is who asked, for the history.
	By string `json:"-"`
}

// Receipt answers a Submission.
type Receipt struct {
	ID        workflow.RunID `json:"id"`
	Queue     string         `json:"queue,omitempty"`
	Duplicate bool           `json:"duplicate,omitempty"` // the idempotency key was known
	Error     *Problem       `json:"error,omitempty"`     // this one was refused; others of the batch may stand
}

// Problem is why one of several things was refused.
type Problem struct {
	Status int    `json:"status"` // as in HTTP
	Detail string `json:"detail"`
	// Problems are those of the document, each with its place.
	Problems diagnostic.List `json:"problems,omitempty"`
	err      error
}

// NewProblem wraps an error of this package.
func NewProblem(status int, err error) *Problem {
	p := &Problem{Status: status, Detail: err.Error(), err: err}
	errors.As(err, &p.Problems)
	return p
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap gives the error that was wrapped.
func (p *Problem) Unwrap() error { return p.err }
