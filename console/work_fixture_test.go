package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/work"
	workengine "github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

var (
	_ console.Work        = (*workengine.Engine)(nil)
	_ console.WorkActions = (*workengine.Engine)(nil)
)

// workshop is a real engine on a real file, with steps that do as they are told.
type workshop struct {
	*workengine.Engine
	t *testing.T
	// ended lets steps of type "hang" end.
	ended func()
}

// nowhere delivers nothing.
type nowhere struct{ why string }

func (n nowhere) Send(context.Context, outbox.Event) error {
	return &outbox.Error{Permanent: true, Err: errors.New("the receiver answered 410 Gone " + n.why)}
}

// openWork starts an engine in which word is wherever a stranger's text can be.
func openWork(t *testing.T, word string) *workshop {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	st, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	e, err := workengine.Open(ctx, workengine.Options{
		Store: st, Node: "test", Executors: map[string]work.Executor{workengine.AnyType: work.ExecutorFunc(tool{word, gate}.execute)},
		Local: map[string]int{"default": 16}, Send: nowhere{word},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &workshop{Engine: e, t: t, ended: sync.OnceFunc(func() { close(gate) })}
	t.Cleanup(func() {
		w.ended()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := errors.Join(e.Close(ctx), st.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := e.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return w
}

// tool executes the steps of these tests by their types.
type tool struct {
	word string
	gate chan struct{}
}

func (o tool) execute(ctx context.Context, task work.Task, report work.Reporter) work.Result {
	report.Log(fmt.Appendf(nil, "begin of %s\n  an indented line %s\n", task.Step, o.word))
	switch {
	case task.Type == "hang":
		report.Progress(40, "encoding "+o.word)
		select {
		case <-ctx.Done():
		case <-o.gate:
		}
	case task.Type == "break", task.Type == "flaky" && task.Attempt == 1:
		return work.Result{Failure: &machine.Failure{Code: "exit.3", Message: "the disk is full " + o.word}}
	}
	output, _ := json.Marshal(map[string]string{"step": task.Step, "note": o.word})
	return work.Result{Output: output}
}

const mediaDocument = `{
  "name": "media", "title": "Makes a film ready", "retry": {"max": 2, "backoff": "1ms"},
  "input": {"type": "object", "required": ["source"], "properties": {
    "source": {"type": "string", "title": "Source", "description": "where the film is"},
    "width": {"type": "integer"}, "ladder": {"type": "string", "enum": ["low", "high"]}, "draft": {"type": "boolean"}, "tags": {"type": "array"}}},
  "params": {"width": 640, "ladder": "low"},
  "steps": [
    {"name": "probe", "run": "quick"},
    {"name": "small", "run": "quick", "needs": ["probe"]},
    {"name": "large", "run": "flaky", "needs": ["probe"]},
    {"name": "thumbs", "run": "quick", "needs": ["probe"], "for-each": {"in": [1, 2, 3]}},
    {"name": "package", "run": "quick", "needs": ["small", "large", "thumbs"]}],
  "finally": [{"name": "clean", "run": "quick"}]}`

// documents are the workflows beside it.
var documents = []string{
	mediaDocument,
	`{"name": "broken", "steps": [{"name": "a", "run": "quick"}, {"name": "b", "run": "break", "needs": ["a"]}, {"name": "c", "run": "quick", "needs": ["b"]}]}`,
	`{"name": "slow", "steps": [{"name": "x", "run": "quick"}, {"name": "y", "run": "hang", "needs": ["x"]}, {"name": "z", "run": "quick", "needs": ["y"]}]}`,
	`{"name": "ask", "steps": [{"name": "ship", "run": "wait", "with": {"approval": {"who": "anna"}, "message": "ship it?"}}, {"name": "after", "run": "quick", "needs": ["ship"]}]}`,
}

// put keeps the workflows, queues, a schedule, tenants and a subscription.
func (w *workshop) put(word string) {
	w.t.Helper()
	ctx := w.t.Context()
	must := func(_ any, err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	for _, d := range documents {
		must(w.PutDefinition(ctx, work.Definition{Document: json.RawMessage(d), By: word}))
	}
	must(w.PutQueue(ctx, work.Queue{Name: "bulk", Paused: true, Concurrency: work.Concurrency{Runs: 10, PerTenant: 2}}, workengine.AnyVersion))
	must(w.PutPool(ctx, work.Pool{Name: "gpu", Slots: 2, PerType: map[string]int{"encode": 1}}, workengine.AnyVersion))
	must(w.PutTenant(ctx, work.Tenant{Name: "zeta", Weight: 3, Running: 50}, workengine.AnyVersion))
	must(w.PutSubscription(ctx, work.Subscription{Name: "ops", To: "https://receiver.example/hook", Events: []string{"run.failed"}}, workengine.AnyVersion))
	must(w.PutSchedule(ctx, work.Schedule{
		Name: "nightly", Cron: "0 3 * * *", TimeZone: "Europe/Berlin", Run: work.Submission{Workflow: "media", Tenant: "acme", Params: json.RawMessage(`{"source": "s3://films"}`)},
	}, workengine.AnyVersion))
}

// start submits a run.
func (w *workshop) start(s work.Submission) workflow.RunID {
	w.t.Helper()
	receipts, err := w.Submit(w.t.Context(), []work.Submission{s})
	if err != nil {
		w.t.Fatal(err)
	}
	if p := receipts[0].Error; p != nil {
		w.t.Fatal(p)
	}
	return receipts[0].ID
}

// until waits until a run is as wanted.
func (w *workshop) until(id workflow.RunID, what string, wanted func(*workengine.Run) bool) {
	w.t.Helper()
	waitFor(w.t, what, func() bool {
		run, err := w.Get(w.t.Context(), id, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		return wanted(&run)
	})
}

func final(r *workengine.Run) bool { return r.Status.Final() }

// stands says that a step is in a state.
func stands(step string, status machine.StepStatus) func(*workengine.Run) bool {
	return func(r *workengine.Run) bool {
		for i := range r.View.Steps {
			if r.View.Steps[i].Name == step {
				return r.View.Steps[i].Status == status
			}
		}
		return false
	}
}

// busyWork are runs in every state a page shows.
type busyWork struct {
	*workshop
	done, failed, running, asking, queued, held workflow.RunID
}

// openBusyWork starts an engine and brings runs into these states.
func openBusyWork(t *testing.T, word string) *busyWork {
	t.Helper()
	w := openWork(t, word)
	w.put(word)
	film, _ := json.Marshal(map[string]string{"source": "film " + word})
	b := &busyWork{workshop: w}
	b.done = w.start(work.Submission{Workflow: "media", Tenant: "acme", Params: film, Labels: map[string]string{"film": word}})
	b.failed = w.start(work.Submission{Workflow: "broken", Tenant: "zeta"})
	b.running = w.start(work.Submission{Workflow: "slow", Tenant: "acme"})
	b.asking = w.start(work.Submission{Workflow: "ask", Tenant: "zeta"})
	b.queued = w.start(work.Submission{Workflow: "broken", Tenant: "acme", Queue: "bulk"})
	b.held = w.start(work.Submission{Workflow: "broken", Tenant: "acme", Hold: true})
	w.until(b.done, "the first run to end", final)
	w.until(b.failed, "the second run to fail", final)
	w.until(b.running, "a step to run", stands("y", machine.StepRunning))
	w.until(b.asking, "a step to ask", stands("ship", machine.StepSleeping))
	return b
}

// paths are the addresses of all pages about these runs.
func (b *busyWork) paths() []string {
	run := func(id workflow.RunID, rest string) string { return "/runs/" + id.String() + rest }
	return []string{
		"/runs", "/runs?state=failed&tenant=zeta&since=1h", "/runs?text=nothing-of-this-name",
		run(b.done, ""), run(b.done, "?view=timeline"), run(b.done, "?view=steps"), run(b.done, "?view=log"), run(b.done, "?view=history"), run(b.done, "?view=data"),
		run(b.failed, ""), run(b.failed, "?show=failed"), run(b.running, ""), run(b.running, "?view=timeline"), run(b.asking, ""), run(b.queued, ""), run(b.held, ""),
		run(b.done, "/steps/large"), run(b.done, "/steps/thumbs"), run(b.failed, "/steps/b"), run(b.running, "/steps/y"), run(b.asking, "/steps/ship"),
		run(b.running, "/cancel"), run(b.running, "/pause"), run(b.failed, "/retry"), run(b.done, "/reset"), run(b.done, "/reset?step=probe"),
		run(b.running, "/skip"), run(b.asking, "/signal"), run(b.running, "/signal"), run(b.queued, "/move"), run(b.held, "/release"), run(b.done, "/delete"),
		"/definitions", "/definitions/media", "/definitions/broken?version=1", "/queues", "/queues/default", "/queues/bulk", "/queues/bulk/resume",
		"/pools", "/pools/gpu/pause", "/schedules", "/schedules/nightly/run", "/dead", "/tenants", "/tenants/zeta/limits", "/tenants/acme/suspend",
	}
}

// sources are those of a console of this engine.
func (w *workshop) sources() console.Sources {
	return console.Sources{Work: w.Engine, WorkActions: w.Engine}
}

func itoa(id uint64) string { return fmt.Sprint(id) }
