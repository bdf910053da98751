package machine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// created is when the runs of tests are made.
const created = 1_750_000_000_000

func compile(tb testing.TB, doc string) *workflow.Plan {
	tb.Helper()
	p, err := workflow.Load("test.json", []byte(doc))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func testMeta() machine.Meta {
	return machine.Meta{
		ID: workflow.MakeRunID(created, 1, 1), Tenant: "acme", Queue: "main", Priority: 5,
		Params: json.RawMessage(`{}`), Created: created,
	}
}

// engine drives a run as an engine would. After every event it stores the
// run, loads it again, compares the two and goes on with the one it loaded.
type engine struct {
	tb     testing.TB
	base   *workflow.Plan
	limits *machine.Limits
	run    *machine.Run
	now    int64
	fence  machine.Fence
	beside map[machine.Ref]json.RawMessage
	told   machine.Effects      // all so far
	ready  map[machine.Ref]bool // as the effects told
	leases map[machine.Ref]machine.Fence
	alone  bool // do not load the run again
}

func newEngine(tb testing.TB, doc string, limits *machine.Limits) *engine {
	tb.Helper()
	e := &engine{
		tb: tb, base: compile(tb, doc), limits: limits, now: created, fence: 1 << 40,
		beside: map[machine.Ref]json.RawMessage{}, ready: map[machine.Ref]bool{}, leases: map[machine.Ref]machine.Fence{},
	}
	e.run = machine.New(e.base, testMeta(), limits, e.now)
	e.after()
	return e
}

// begun returns an engine whose run has begun.
func begun(tb testing.TB, doc string, limits ...*machine.Limits) *engine {
	tb.Helper()
	e := newEngine(tb, doc, append(limits, nil)[0])
	e.begin()
	return e
}

func (e *engine) begin() {
	e.tb.Helper()
	e.run.Begin(e.now)
	e.after()
}

// after takes the effects of an event and stores and loads the run.
func (e *engine) after() {
	e.tb.Helper()
	eff := e.run.Effects()
	for _, ref := range eff.Withdraw {
		if !e.ready[ref] {
			e.tb.Errorf("withdrew %v, which was not ready", ref)
		}
		delete(e.ready, ref)
	}
	for _, ref := range eff.Ready {
		if e.ready[ref] {
			e.tb.Errorf("told twice that %v is ready", ref)
		}
		e.ready[ref] = true
	}
	for _, rc := range eff.Recall {
		if rc.Ref.Node >= 0 && e.leases[rc.Ref] != rc.Fence {
			e.tb.Errorf("recalled %v with fence %d, leased with %d", rc.Ref, rc.Fence, e.leases[rc.Ref])
		}
	}
	e.told.Ready = append(e.told.Ready, eff.Ready...)
	e.told.Recall = append(e.told.Recall, eff.Recall...)
	e.told.Children = append(e.told.Children, eff.Children...)
	e.told.Cancel = append(e.told.Cancel, eff.Cancel...)
	e.told.History = append(e.told.History, eff.History...)
	e.told.Requeue = e.told.Requeue || eff.Requeue
	e.run.Changes()
	e.store()
	e.checkReady()
}

// checkReady compares what was told with where the steps stand.
func (e *engine) checkReady() {
	e.tb.Helper()
	got := map[machine.Ref]bool{}
	e.each(func(ref machine.Ref, s *machine.Step) {
		if s.Status == machine.StepReady {
			got[ref] = true
		}
	})
	if diff := cmp.Diff(got, e.ready); diff != "" {
		e.tb.Fatalf("steps that are ready and those told to be (-are +told):\n%s", diff)
	}
}

func (e *engine) each(f func(machine.Ref, *machine.Step)) {
	for i := range e.run.State.Steps {
		s := &e.run.State.Steps[i]
		f(machine.Ref{Node: int32(i), Item: -1}, s)
		for k := range s.Items {
			f(machine.Ref{Node: int32(i), Item: int32(k)}, &s.Items[k])
		}
	}
}

// store writes the run, reads it again and goes on with that one.
func (e *engine) store() {
	e.tb.Helper()
	blob := e.run.AppendState(nil)
	set, drop := e.run.External()
	for _, ref := range drop {
		if _, ok := e.beside[ref]; !ok {
			e.tb.Errorf("dropped an output at %v that was not there", ref)
		}
		delete(e.beside, ref)
	}
	for _, o := range set {
		e.beside[o.Ref] = o.Body
	}
	next, err := machine.Load(e.base, testMeta(), e.limits, blob)
	if err != nil {
		e.tb.Fatalf("Load: %v", err)
	}
	for ref, body := range e.beside {
		next.SetExternal(ref, body)
	}
	if again := next.AppendState(nil); !bytes.Equal(again, blob) {
		e.tb.Fatalf("AppendState(Load(blob)) = %x, want %x", again, blob)
	}
	if a, b := next.NextWake(), e.run.NextWake(); a != b {
		e.tb.Errorf("NextWake() after Load = %d, want %d", a, b)
	}
	was, is := view(e.tb, e.run), view(e.tb, next)
	if was != is {
		e.tb.Fatalf("View() after Load (-before +after):\n%s", cmp.Diff(was, is))
	}
	if !e.alone {
		e.run = next
	}
}

func view(tb testing.TB, r *machine.Run) string {
	tb.Helper()
	text, err := json.MarshalIndent(r.View(), "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// ref reads "name" or "name/3".
func (e *engine) ref(name string) machine.Ref {
	e.tb.Helper()
	item := -1
	if base, k, ok := strings.Cut(name, "/"); ok {
		name = base
		fmt.Sscan(k, &item)
	}
	ref, ok := e.run.RefOf(name, item)
	if !ok {
		e.tb.Fatalf("RefOf(%q, %d) = false", name, item)
	}
	return ref
}

// name is the opposite of ref.
func (e *engine) name(ref machine.Ref) string {
	name := e.run.Node(ref).Step.Name
	if ref.Item >= 0 {
		name += fmt.Sprint("/", ref.Item)
	}
	return name
}

const lease = 30_000

// claim leases a step and answers its payload and what was saved.
func (e *engine) claim(name string) (payload, saved string) {
	e.tb.Helper()
	ref := e.ref(name)
	e.fence++
	delete(e.ready, ref)
	with, state, err := e.run.Claim(ref, machine.Lease{Fence: e.fence, Worker: "w1", Until: e.now + lease}, e.now)
	if err != nil {
		e.tb.Fatalf("Claim(%s): %v", name, err)
	}
	e.leases[ref] = e.fence
	e.after()
	return string(with), string(state)
}

func (e *engine) complete(name string, o machine.Outcome) {
	e.tb.Helper()
	ref := e.ref(name)
	if err := e.run.Complete(ref, e.leases[ref], o, e.now); err != nil {
		e.tb.Fatalf("Complete(%s): %v", name, err)
	}
	e.after()
}

// do lets steps succeed, with the output where there is one: "a" or `a={"x":1}`.
func (e *engine) do(names ...string) {
	e.tb.Helper()
	for _, name := range names {
		name, output, _ := strings.Cut(name, "=")
		if e.run.Step(e.ref(name)).Status == machine.StepReady {
			e.claim(name)
		}
		e.complete(name, machine.Outcome{Output: json.RawMessage(output)})
	}
}

// fail lets an attempt of a step fail.
func (e *engine) fail(name, code string) {
	e.tb.Helper()
	if e.run.Step(e.ref(name)).Status == machine.StepReady {
		e.claim(name)
	}
	e.complete(name, machine.Outcome{Failure: &machine.Failure{Code: code, Message: "it broke"}})
}

// wake lets time go on.
func (e *engine) wake(ms int64) {
	e.tb.Helper()
	e.now += ms
	e.run.Wake(e.now)
	e.after()
}

// event checks the error of an event and draws its consequences.
func (e *engine) event(err error) {
	e.tb.Helper()
	if err != nil {
		e.tb.Fatal(err)
	}
	e.after()
}

// want compares where the steps stand: "a=succeeded b=skipped:when c=running
// c/0=ready". Items are listed only where one is named.
func (e *engine) want(status machine.Status, steps string) {
	e.tb.Helper()
	if got := e.run.State.Status; got != status {
		e.tb.Errorf("Status = %v, want %v (failure %v)", got, status, e.run.State.Failure)
	}
	var got []string
	e.each(func(ref machine.Ref, s *machine.Step) {
		if s.Reason == machine.Dropped || ref.Item >= 0 && !strings.Contains(steps, "/") {
			return
		}
		word := e.name(ref) + "=" + s.Status.String()
		if s.Reason != machine.NoReason {
			word += ":" + s.Reason.String()
		}
		got = append(got, word)
	})
	if text := strings.Join(got, " "); text != steps {
		e.tb.Errorf("steps stand at\n     %s\nwant %s", text, steps)
	}
}

// kinds returns the history's kinds in order.
func (e *engine) kinds() string {
	var kinds []string
	for _, h := range e.told.History {
		kinds = append(kinds, h.Kind)
	}
	return strings.Join(kinds, " ")
}

func (e *engine) recalls() string {
	var out []string
	for _, rc := range e.told.Recall {
		name := "run"
		if rc.Ref.Node >= 0 {
			name = e.name(rc.Ref)
		}
		out = append(out, name+":"+rc.Reason)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// steps makes a document of steps.
func steps(list ...string) string {
	return `{"name": "t", "steps": [` + strings.Join(list, ",\n") + `]}`
}

// replace puts a text in the place of %s.
func replace(doc, text string) string { return strings.Replace(doc, "%s", text, 1) }

// end is how a run ended that works for the present attempt of a step.
func (e *engine) end(step string, run workflow.RunID, s machine.Status, output json.RawMessage, f *machine.Failure) machine.ChildEnd {
	ref := e.ref(step)
	return machine.ChildEnd{Ref: ref, Key: e.run.ChildKey(ref), Run: run, Status: s, Output: output, Failure: f}
}
