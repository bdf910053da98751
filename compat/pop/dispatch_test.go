package pop_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/workflow/machine"
)

// dispatching is a world whose agendas Berth executes with so many slots.
func dispatching(t *testing.T, slots int, more map[string]work.Executor) *world {
	t.Helper()
	return newWorld(t, settings{
		config: pop.Config{Dispatch: func(*object.Insight) bool { return true }},
		project: func(o *engine.Options) {
			o.Local = map[string]int{translate.ObjectName("pool"): slots}
			for typ, e := range more {
				o.Executors[typ] = e
			}
		},
	})
}

// journal executes operations and remembers when.
type journal struct {
	mu      sync.Mutex
	running int
	most    int
	began   []string
	events  []string // "begin NAME", "end NAME", in their order
	// together opens when so many run at once.
	wanted   int
	together chan struct{}
}

func (j *journal) Execute(ctx context.Context, task work.Task, _ work.Reporter) work.Result {
	j.mu.Lock()
	j.running++
	j.most = max(j.most, j.running)
	j.began = append(j.began, task.Step)
	j.events = append(j.events, "begin "+task.Step)
	if j.running == j.wanted {
		close(j.together)
	}
	j.mu.Unlock()
	select {
	case <-j.together:
	case <-ctx.Done():
		return work.Result{Failure: &machine.Failure{Code: "stopped", Message: "others did not start beside it"}}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running--
	j.events = append(j.events, "end "+task.Step)
	var with struct{ ResultPayload json.RawMessage }
	if err := json.Unmarshal(task.With, &with); err != nil {
		return work.Result{Failure: &machine.Failure{Code: "payload", Message: err.Error()}}
	}
	return work.Result{Output: with.ResultPayload}
}

func (w *world) submitFile(name string) *object.Agenda {
	w.t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		w.t.Fatal(err)
	}
	var a object.Agenda
	if err := json.Unmarshal(text, &a); err != nil {
		w.t.Fatal(err)
	}
	a.CustomerID = "acme"
	return one[object.Agenda](w, w.must("POST", "agenda", a))
}

func (w *world) complete(a *object.Agenda) *object.Progress {
	w.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		p := w.progress(a)
		if p.State == object.Complete {
			return p
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("not complete: %s", states(p))
		}
	}
}

// Acceptance check 2: of the 65 operations the 40 without dependencies run at once,
// all others after what they refer to.
func TestAcceptance2ManyOperationsRunAtOnce(t *testing.T) {
	t.Parallel()
	j := &journal{wanted: 40, together: make(chan struct{})}
	w := dispatching(t, 100, map[string]work.Executor{"sample": j})
	w.tenants("acme")
	a := w.submitFile("agenda-dag-65-ops.json")
	if p := w.complete(a); p.StateMessage != "succeeded" || len(p.Operations) != 65 {
		t.Fatalf("progress: %s", states(p))
	}
	if j.most < 40 {
		t.Errorf("%d operations ran at once, want the 40 roots", j.most)
	}
	edges, depth := 0, 0
	level := map[string]int{}
	for _, name := range j.began {
		d, err := a.Operation(name).Dependencies(token.Native)
		if err != nil {
			t.Fatal(err)
		}
		level[name] = 1
		for _, need := range d.Outputs {
			edges++
			level[name] = max(level[name], level[need]+1)
			if end := slices.Index(j.events, "end "+need); end < 0 || end > slices.Index(j.events, "begin "+name) {
				t.Errorf("%s began before %s had ended", name, need)
			}
		}
		depth = max(depth, level[name])
	}
	if len(j.began) != 65 || edges != 25 || depth != 3 {
		t.Errorf("%d attempts, %d edges, depth %d, want 65, 25 and 3", len(j.began), edges, depth)
	}
}

// The other half of check 2: with one slot they run one after the other.
func TestAcceptance2OneSlotIsStrictlySerial(t *testing.T) {
	t.Parallel()
	j := &journal{together: make(chan struct{})}
	close(j.together)
	w := dispatching(t, 1, map[string]work.Executor{"sample": j})
	w.tenants("acme")
	if p := w.complete(w.submitFile("agenda-dag-65-ops.json")); p.StateMessage != "succeeded" {
		t.Fatalf("progress: %s", states(p))
	}
	if j.most != 1 || len(j.began) != 65 {
		t.Errorf("%d operations ran at once, %d in all, want 1 and 65", j.most, len(j.began))
	}
}

func TestFilesOfAgendasRun(t *testing.T) {
	t.Parallel()
	w := dispatching(t, 10, map[string]work.Executor{"encode": work.ExecutorFunc(echo)})
	w.tenants("acme")
	if p := w.complete(w.submitFile("agenda-two-parallel-ops-nulls.json")); states(p) != "COMPLETE succeeded; ffmpeg.demux.video.0 COMPLETE succeeded; ffmpeg.demux.audio.1 COMPLETE succeeded" {
		t.Errorf("progress: %s", states(p))
	}
	// A sample runs no programs in this process.
	p := w.complete(one[object.Agenda](w, w.must("POST", "agenda", strings.Replace(readFile(t, "agenda-single-op-two-actions.json"), "{", `{"customerId": "acme", `, 1))))
	if p.StateMessage != "failed" || len(p.Operations[0].Diagnostics) != 1 {
		t.Errorf("progress: %s", states(p))
	}
	w.refused(422, "POST", "agenda", strings.Replace(readFile(t, "agenda-empty-operations.json"), "{", `{"customerId": "acme", `, 1))
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), `"sleepMilliseconds": 4000`, `"sleepMilliseconds": 4`)
}

// echo answers what it is given.
func echo(_ context.Context, task work.Task, _ work.Reporter) work.Result {
	return work.Result{Output: task.With}
}

func TestTokensAreReplacedWhenOperationsRun(t *testing.T) {
	t.Parallel()
	w := dispatching(t, 4, map[string]work.Executor{"encode": work.ExecutorFunc(echo)})
	w.tenants("acme")
	a := one[object.Agenda](w, w.must("POST", "agenda", `{"customerId": "acme", "operations": [
		{"name": "first op", "type": "encode", "payload": {"list": [1, true], "text": "${x}", "id": "@<pop.agendaId>", "me": "@<pop.operationName>"}},
		{"name": "second", "type": "encode", "payload": {"all": "@<first op.out>", "one": "-@<first op.out::/list/1>-", "none": "@<first op.out::/no?fallback>"}}]}`))
	p := w.complete(a)
	var got map[string]any
	if err := json.Unmarshal([]byte(p.Operations[1].ResultPayload), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"all": map[string]any{"list": []any{1.0, true}, "text": "${x}", "id": a.ID, "me": "first op"},
		"one": "-true-", "none": "fallback",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("result of the second operation (-want +got):\n%s", d)
	}
}

func TestOperationsGenerateOthers(t *testing.T) {
	t.Parallel()
	attempts := map[string]int{}
	var mu sync.Mutex
	count := work.ExecutorFunc(func(ctx context.Context, task work.Task, r work.Reporter) work.Result {
		mu.Lock()
		attempts[task.Step]++
		first := attempts[task.Step] == 1
		mu.Unlock()
		if task.Step == "join" && first {
			return work.Result{Failure: &machine.Failure{Code: "flaky", Message: "not yet"}}
		}
		return echo(ctx, task, r)
	})
	w := dispatching(t, 4, map[string]work.Executor{"encode": count, "split": count})
	w.tenants("acme")
	a := one[object.Agenda](w, w.must("POST", "agenda", `{"customerId": "acme", "operations": [
		{"name": "split", "type": "split", "params": {"agenda.operation.generator": {"operationsJsonPointer": "/ops", "paramsJsonPointer": "/params"}},
			"payload": {"n": 7, "params": {"made": true}, "ops": [
				{"name": "part", "type": "encode", "payload": {"n": 1}},
				{"name": "join", "type": "encode", "params": {"dependsOn": "part"}}]}},
		{"name": "more", "type": "updateAgenda", "payload": {"operations": [{"name": "late", "type": "encode"}]}}]}`))
	p := w.complete(a)
	if states(p) != "COMPLETE succeeded; split COMPLETE succeeded; more COMPLETE succeeded; part COMPLETE succeeded; join COMPLETE succeeded; late COMPLETE succeeded" &&
		states(p) != "COMPLETE succeeded; split COMPLETE succeeded; more COMPLETE succeeded; late COMPLETE succeeded; part COMPLETE succeeded; join COMPLETE succeeded" {
		t.Errorf("progress: %s", states(p))
	}
	if *p.AttemptsCompleted != 2 {
		t.Errorf("%d attempts, want 2", *p.AttemptsCompleted)
	}
	mu.Lock()
	if d := cmp.Diff(map[string]int{"split": 1, "part": 1, "join": 2, "late": 1}, attempts); d != "" {
		t.Errorf("attempts (-want +got):\n%s", d)
	}
	mu.Unlock()
	grown := one[object.Agenda](w, w.must("GET", "agenda/"+a.ID, nil))
	if grown.Operation("join").GeneratedBy() != "split" || grown.Operation("late").GeneratedBy() != "more" || grown.Params.Text("made") != "true" {
		t.Errorf("agenda: %+v", grown)
	}
	// Reset, a generator makes its operations anew; POP executes them twice.
	w.must("POST", "agenda/service/rerun", `{"agendaId": "`+a.ID+`", "params": ["operationsToReset=split"]}`)
	p = w.complete(a)
	if p.StateMessage != "succeeded" || len(p.Operations) != 5 {
		t.Errorf("progress after the rerun: %s", states(p))
	}
	mu.Lock()
	defer mu.Unlock()
	if d := cmp.Diff(map[string]int{"split": 2, "part": 2, "join": 3, "late": 1}, attempts); d != "" {
		t.Errorf("attempts after the rerun (-want +got):\n%s", d)
	}
}

func TestResidents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	residents := pop.Residents(w.store)
	for _, c := range []struct{ typ, with, output, log string }{
		{"updateAgenda", `{"operations": [{"name": "a"}], "params": {"x": 1}, "other": 2}`, `{"operations":[{"name":"a"}],"params":{"x":1}}`, ""},
		{"updateAgenda", `{"operations": [{"name": "a"}], "logOnly": true}`, `{"operations":[]}`, ""},
		{"logMessages", `{"logMessages": ["one", "two"]}`, ``, "one\ntwo\n"},
		{"residentSample", `{"resultPayload": {"x": [1]}}`, `{"x": [1]}`, ""},
	} {
		var log logger
		r := residents[c.typ].Execute(t.Context(), work.Task{With: json.RawMessage(c.with)}, &log)
		if r.Failure != nil || strings.TrimSpace(string(r.Output)) != c.output || log.String() != c.log {
			t.Errorf("%s %s = %s, %v, log %q; want %s", c.typ, c.with, r.Output, r.Failure, log.String(), c.output)
		}
	}
	for typ, with := range map[string]string{"updateAgenda": `{"operations": {}}`, "logMessages": `[]`, "residentSample": `7`, translate.TypeGenerate: `{}`} {
		if r := residents[typ].Execute(t.Context(), work.Task{With: json.RawMessage(with)}, &logger{}); r.Failure == nil || !r.Failure.Fatal {
			t.Errorf("%s %s = %+v, want that it fails for good", typ, with, r)
		}
	}
}

// logger is a reporter that keeps what is logged.
type logger struct{ strings.Builder }

func (*logger) Progress(float64, string) {}
func (*logger) Save(json.RawMessage)     {}
func (l *logger) Log(lines []byte)       { l.Write(lines) }

// A run that names another customer's agenda must not add operations to it.
func TestGenerateAddsToItsOwnAgendaOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "a")
	r := pop.Residents(w.store)[translate.TypeGenerate].Execute(t.Context(), work.Task{
		Tenant: "mallory", Run: 1, Labels: map[string]string{translate.LabelAgenda: a.ID},
		With: json.RawMessage(`{"operation": "a", "operations": [{"name": "evil", "type": "encode"}]}`),
	}, &logger{})
	if r.Failure == nil {
		t.Errorf("a run of another customer generated operations: %s", r.Output)
	}
	if got := one[object.Agenda](w, w.must("GET", "agenda/"+a.ID, nil)); len(got.Operations) != 1 {
		t.Errorf("the agenda has %d operations, want 1", len(got.Operations))
	}
}

func TestOperationsAreFoundByTheirTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := one[object.Agenda](w, w.must("POST", "agenda", `{"customerId": "acme", "operations": [{"name": "first op", "id": "42", "type": "encode"}]}`))
	find := pop.Operations(w.store)
	task := work.Task{Tenant: "acme", Step: translate.StepName("first op"), Labels: map[string]string{translate.LabelAgenda: a.ID}}
	if o := find(task); o == nil || o.Name != "first op" || o.ID != "42" {
		t.Errorf("operation of the task: %+v", o)
	}
	for what, change := range map[string]func(*work.Task){
		"another step":     func(t *work.Task) { t.Step = "other" },
		"another customer": func(t *work.Task) { t.Tenant = "mallory" },
		"no agenda":        func(t *work.Task) { t.Labels = nil },
		"a deleted agenda": func(t *work.Task) { t.Labels = map[string]string{translate.LabelAgenda: "gone"} },
	} {
		other := task
		change(&other)
		if o := find(other); o != nil {
			t.Errorf("%s: operation %+v, want none", what, o)
		}
	}
}
