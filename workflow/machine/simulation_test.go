package machine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

var (
	runs = flag.Int("machine.runs", 400, "how many random runs to simulate")
	seed = flag.Uint64("machine.seed", 1, "the first of them")
)

// TestRandomRuns drives random workflows with random events and looks after
// each one whether what must always hold does. A failing run is repeated with
// -machine.runs 1 -machine.seed N.
func TestRandomRuns(t *testing.T) {
	t.Parallel()
	finals := map[machine.Status]int{}
	for n := range *runs {
		s := newSimulation(t, *seed+uint64(n))
		for range 20 + s.rnd.IntN(150) {
			s.event()
			if t.Failed() {
				t.Fatalf("seed %d, after %d events; document:\n%s\nevents:\n%s", *seed+uint64(n), len(s.log), s.doc, s.story())
			}
		}
		s.finish()
		if t.Failed() {
			t.Fatalf("seed %d; document:\n%s\nevents:\n%s", *seed+uint64(n), s.doc, s.story())
		}
		finals[s.run.State.Status]++
	}
	t.Log(finals)
	for _, st := range []machine.Status{machine.Succeeded, machine.Failed, machine.Canceled, machine.TimedOut} {
		if *runs >= 400 && finals[st] == 0 {
			t.Errorf("no run ended as %v", st)
		}
	}
}

// simulation drives two copies of a run with the same events: one stays in
// memory, the other is stored and loaded now and then.
type simulation struct {
	t      *testing.T
	rnd    *rand.Rand
	doc    string
	base   *workflow.Plan
	limits [2]*machine.Limits
	run    *machine.Run // in memory
	twin   *machine.Run // stored and loaded
	beside map[machine.Ref]json.RawMessage
	now    int64
	fence  machine.Fence
	child  workflow.RunID
	log    []string

	ready     map[machine.Ref]bool
	leases    map[machine.Ref]machine.Fence
	old       []held // leases that ended
	children  map[workflow.RunID]machine.Child
	wanted    []machine.Child
	settled   map[string]bool
	submitted map[string]bool // keys of sub-workflows
	by        int             // resets so far: attempts count anew
}

type held struct {
	ref   machine.Ref
	fence machine.Fence
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{
		t: t, rnd: rand.New(rand.NewPCG(seed, 7)), now: created, fence: 1 << 40, child: 1 << 50,
		beside: map[machine.Ref]json.RawMessage{}, ready: map[machine.Ref]bool{}, leases: map[machine.Ref]machine.Fence{},
		children: map[workflow.RunID]machine.Child{}, settled: map[string]bool{}, submitted: map[string]bool{},
	}
	s.base, s.doc = randomPlan(s.rnd)
	parallel, crashes := 1+s.rnd.IntN(5), 1+s.rnd.IntN(3)
	for i := range s.limits {
		jitter := rand.New(rand.NewPCG(seed, 8))
		s.limits[i] = &machine.Limits{Parallel: parallel, MaxCrashes: crashes, MaxOutput: 2000, MaxSteps: 40, Random: jitter.Uint64}
	}
	s.run = machine.New(s.base, testMeta(), s.limits[0], s.now)
	s.twin = machine.New(s.base, testMeta(), s.limits[1], s.now)
	s.after("new", nil, nil)
	return s
}

func (s *simulation) story() string {
	var b bytes.Buffer
	for _, l := range s.log {
		fmt.Fprintln(&b, " ", l)
	}
	return b.String()
}

// do applies an event to both runs and checks what must hold.
func (s *simulation) do(what string, f func(r *machine.Run) error) error {
	s.log = append(s.log, fmt.Sprintf("%d %s", s.now-created, what))
	wasFinal, before := s.run.Final(), ""
	if wasFinal {
		before = view(s.t, s.run)
	}
	err, twinErr := f(s.run), f(s.twin)
	s.after(what, err, twinErr)
	if wasFinal && s.run.Final() && before != view(s.t, s.run) {
		s.t.Errorf("a final run changed by %s", what)
	}
	return err
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (s *simulation) after(what string, err, twinErr error) {
	if text(err) != text(twinErr) {
		s.t.Errorf("%s = %v; of the run that was loaded: %v", what, err, twinErr)
	}
	eff, twin := s.run.Effects(), s.twin.Effects()
	if diff := cmp.Diff(eff, twin); diff != "" {
		s.t.Errorf("effects of %s (-in memory +loaded):\n%s", what, diff)
	}
	changes, twinChanges := s.run.Changes(), s.twin.Changes()
	slices.SortFunc(changes, byPlace)
	slices.SortFunc(twinChanges, byPlace)
	if diff := cmp.Diff(changes, twinChanges); diff != "" {
		s.t.Errorf("changes of %s (-in memory +loaded):\n%s", what, diff)
	}
	if a, b := view(s.t, s.run), view(s.t, s.twin); a != b {
		s.t.Errorf("the run that was loaded differs after %s (-in memory +loaded):\n%s", what, cmp.Diff(a, b))
	}
	if a, b := s.run.NextWake(), s.twin.NextWake(); a != b {
		s.t.Errorf("NextWake() = %d, of the run that was loaded %d", a, b)
	}
	s.learn(eff)
	s.invariants(what)
	s.keep()
}

func byPlace(a, b machine.Ref) int {
	if a.Node != b.Node {
		return int(a.Node - b.Node)
	}
	return int(a.Item - b.Item)
}

// learn keeps what an engine would know from the effects.
func (s *simulation) learn(eff machine.Effects) {
	for _, ref := range eff.Withdraw {
		if !s.ready[ref] {
			s.t.Errorf("withdrew %v, which was not ready", ref)
		}
		delete(s.ready, ref)
	}
	for _, rc := range eff.Recall {
		if rc.Ref.Node < 0 {
			continue
		}
		if s.leases[rc.Ref] != rc.Fence {
			s.t.Errorf("recalled %v fence %d, leased is %d", rc.Ref, rc.Fence, s.leases[rc.Ref])
		}
		s.old = append(s.old, held{rc.Ref, rc.Fence})
		delete(s.leases, rc.Ref)
	}
	for _, ref := range eff.Ready {
		if s.ready[ref] {
			s.t.Errorf("told twice that %v is ready", ref)
		}
		s.ready[ref] = true
		s.mayRun(ref)
	}
	for _, id := range eff.Cancel {
		delete(s.children, id)
	}
	s.wanted = append(s.wanted, eff.Children...)
	if eff.Finished != s.run.Final() && eff.Finished {
		s.t.Error("told that it finished, and it did not")
	}
}

// mayRun checks that nothing a step needs is still to be settled.
func (s *simulation) mayRun(ref machine.Ref) {
	n := s.run.Node(ref)
	for _, k := range n.Needs {
		need := s.run.Step(machine.Ref{Node: int32(k), Item: -1})
		if !need.Status.Final() && !slices.Contains(n.Handles, k) {
			s.t.Errorf("%s is ready, and needs %s, which is %v", n.Step.Name, s.run.Plan.Node(k).Step.Name, need.Status)
		}
	}
	if st := s.run.State; st.Paused || st.Status != machine.Running || n.Finally != (st.Verdict != 0) || !n.Finally && st.Failure != nil {
		s.t.Errorf("%s is ready in a run that is %v, paused %v, verdict %v, failure %v", n.Step.Name, st.Status, st.Paused, st.Verdict, st.Failure)
	}
}

func (s *simulation) each(f func(machine.Ref, *machine.Step)) {
	for i := range s.run.State.Steps {
		st := &s.run.State.Steps[i]
		f(machine.Ref{Node: int32(i), Item: -1}, st)
		for k := range st.Items {
			f(machine.Ref{Node: int32(i), Item: int32(k)}, &st.Items[k])
		}
	}
}

func (s *simulation) invariants(what string) {
	ready, leases, slots := map[machine.Ref]bool{}, map[machine.Ref]machine.Fence{}, 0
	s.each(func(ref machine.Ref, st *machine.Step) {
		if ref.Item < 0 && s.run.Node(ref).Step.ForEach != nil {
			return
		}
		switch st.Status {
		case machine.StepReady:
			ready[ref] = true
			slots++
		case machine.StepRunning:
			if s.run.State.Lease == nil {
				leases[ref] = st.Fence
				slots++
			}
		}
		if s.run.Final() && !st.Status.Final() {
			s.t.Errorf("the run is %v and %v is %v", s.run.State.Status, ref, st.Status)
		}
	})
	if diff := cmp.Diff(ready, s.ready); diff != "" {
		s.t.Errorf("after %s, steps that are ready and those told to be (-are +told):\n%s", what, diff)
	}
	if diff := cmp.Diff(leases, s.leases); diff != "" {
		s.t.Errorf("after %s, leases that stand and those given (-stand +given):\n%s", what, diff)
	}
	if slots > s.limits[0].Parallel {
		s.t.Errorf("after %s %d steps are ready or running, of %d", what, slots, s.limits[0].Parallel)
	}
}

// keep stores the twin now and then, and goes on with what it loads.
func (s *simulation) keep() {
	if s.rnd.IntN(3) > 0 {
		return
	}
	blob := s.twin.AppendState(nil)
	set, drop := s.twin.External()
	for _, ref := range drop {
		if _, ok := s.beside[ref]; !ok {
			s.t.Errorf("dropped an output at %v that was not there", ref)
		}
		delete(s.beside, ref)
	}
	for _, o := range set {
		s.beside[o.Ref] = o.Body
	}
	s.run.External()
	next, err := machine.Load(s.base, testMeta(), s.limits[1], blob)
	if err != nil {
		s.t.Fatalf("Load: %v", err)
	}
	for ref, body := range s.beside {
		next.SetExternal(ref, body)
	}
	if again := next.AppendState(nil); !bytes.Equal(again, blob) {
		s.t.Errorf("AppendState(Load(blob)) = %x, want %x", again, blob)
	}
	s.twin = next
}

// event lets one random thing happen.
func (s *simulation) event() {
	switch k := s.rnd.IntN(100); {
	case s.run.State.Status == machine.Queued && k < 60:
		s.start()
	case k < 25:
		s.claim()
	case k < 50:
		s.complete()
	case k < 55:
		s.stale()
	case k < 60:
		s.beat()
	case k < 63:
		s.giveBack()
	case k < 66:
		s.crash()
	case k < 80:
		s.wake()
	case k < 86:
		s.family()
	default:
		s.control(s.rnd.IntN(30))
	}
}

func (s *simulation) start() {
	if s.rnd.IntN(6) == 0 && len(s.leases) == 0 {
		s.whole()
		return
	}
	_ = s.do("begin", func(r *machine.Run) error { r.Begin(s.now); return nil })
}

// whole lets a worker have the run, report something and, perhaps, vanish.
func (s *simulation) whole() {
	s.fence++
	f := s.fence
	_ = s.do("lease the run", func(r *machine.Run) error {
		return r.LeaseRun(machine.Lease{Fence: f, Worker: "puller", Until: s.now + 20_000}, s.now)
	})
	for range s.rnd.IntN(6) {
		rep := machine.StepReport{
			Step:   s.run.Plan.Node(s.rnd.IntN(s.run.Plan.Len())).Step.Name,
			Status: []machine.StepStatus{machine.StepWaiting, machine.StepRunning, machine.StepSucceeded, machine.StepFailed, machine.StepSkipped}[s.rnd.IntN(5)],
			Output: randomOutput(s.rnd, len(s.log)),
		}
		_ = s.do(fmt.Sprintf("report %s %v", rep.Step, rep.Status), func(r *machine.Run) error { return r.ReportStep(f, rep, s.now) })
	}
	switch s.rnd.IntN(4) {
	case 0:
		_ = s.do("complete the run", func(r *machine.Run) error { return r.CompleteRun(f, machine.Outcome{}, s.now) })
	case 1:
		_ = s.do("fail the run", func(r *machine.Run) error {
			return r.CompleteRun(f, machine.Outcome{Failure: &machine.Failure{Code: "x"}}, s.now)
		})
	case 2:
		_ = s.do("give back the run", func(r *machine.Run) error { return r.GiveBackRun(f, s.now) })
	}
}

// pick takes one of a map's places, always the same for the same seed.
func pick[V any](s *simulation, m map[machine.Ref]V) (machine.Ref, bool) {
	var refs []machine.Ref
	for ref := range m {
		refs = append(refs, ref)
	}
	if len(refs) == 0 {
		return machine.Ref{}, false
	}
	slices.SortFunc(refs, byPlace)
	return refs[s.rnd.IntN(len(refs))], true
}

func (s *simulation) claim() {
	ref, ok := pick(s, s.ready)
	if !ok {
		return
	}
	s.fence++
	l := machine.Lease{Fence: s.fence, Worker: fmt.Sprint("w", s.rnd.IntN(3)), Until: s.now + 1000 + s.rnd.Int64N(30_000)}
	if s.rnd.IntN(5) == 0 {
		l.Until = 0
	}
	delete(s.ready, ref)
	s.leases[ref] = l.Fence // as the check of the event will want it
	err := s.claimWith(ref, l)
	if err != nil && s.run.Step(ref) != nil && s.run.Step(ref).Status == machine.StepRunning {
		s.t.Errorf("Claim(%v) = %v, and it runs", ref, err)
	}
}

func (s *simulation) claimWith(ref machine.Ref, l machine.Lease) error {
	var first error
	return s.do(fmt.Sprintf("claim %v fence %d", ref, l.Fence-1<<40), func(r *machine.Run) error {
		with, saved, err := r.Claim(ref, l, s.now)
		if err == nil && (with != nil && !json.Valid(with) || saved != nil && !json.Valid(saved)) {
			s.t.Errorf("Claim(%v) gives %s, %s", ref, with, saved)
		}
		if r == s.run {
			first = err
		}
		if first != nil {
			delete(s.leases, ref)
		}
		return err
	})
}

func (s *simulation) complete() {
	ref, ok := pick(s, s.leases)
	if !ok {
		return
	}
	o := machine.Outcome{Output: randomOutput(s.rnd, len(s.log))}
	switch s.rnd.IntN(8) {
	case 0, 1:
		o = machine.Outcome{Failure: &machine.Failure{Code: "exit.1", Message: "broke", Fatal: s.rnd.IntN(4) == 0}}
	case 2:
		o = machine.Outcome{Until: s.now + s.rnd.Int64N(50_000)}
	}
	f, later := s.leases[ref], o.Until > 0
	st := s.run.Step(ref)
	key := fmt.Sprint(s.by, ref, st.Attempt, st.Crashes, st.Fence)
	if !later {
		if s.settled[key] {
			s.t.Errorf("%v attempt %d settles twice", ref, st.Attempt)
		}
		s.settled[key] = true
		delete(s.leases, ref)
	}
	if err := s.do(fmt.Sprintf("complete %v %s %v", ref, o.Output, o.Failure), func(r *machine.Run) error { return r.Complete(ref, f, o, s.now) }); err != nil {
		s.t.Errorf("Complete(%v) with the current fence = %v", ref, err)
	}
	if !later {
		s.old = append(s.old, held{ref, f})
	}
}

// stale sends a result that was sent before or whose lease has ended.
func (s *simulation) stale() {
	if len(s.old) == 0 {
		return
	}
	h := s.old[s.rnd.IntN(len(s.old))]
	before := view(s.t, s.run)
	err := s.do(fmt.Sprintf("stale result of %v fence %d", h.ref, h.fence-1<<40), func(r *machine.Run) error {
		return r.Complete(h.ref, h.fence, machine.Outcome{Output: json.RawMessage(`"stale"`)}, s.now)
	})
	if err != nil && !errors.Is(err, machine.ErrStale) && !errors.Is(err, machine.ErrNoStep) {
		s.t.Errorf("Complete with an old fence = %v", err)
	}
	if after := view(s.t, s.run); after != before {
		s.t.Errorf("a stale result changed the run:\n%s", cmp.Diff(before, after))
	}
}

func (s *simulation) beat() {
	if ref, ok := pick(s, s.leases); ok {
		f, rep := s.leases[ref], machine.Report{Percent: s.rnd.Float64() * 120, Message: "on it", Saved: json.RawMessage(`{"at": 5}`)}
		_ = s.do(fmt.Sprint("beat ", ref), func(r *machine.Run) error { return r.Extend(ref, f, s.now+20_000, rep, s.now) })
	}
}

func (s *simulation) giveBack() {
	if ref, ok := pick(s, s.leases); ok {
		f := s.leases[ref]
		delete(s.leases, ref)
		s.old = append(s.old, held{ref, f})
		_ = s.do(fmt.Sprint("give back ", ref), func(r *machine.Run) error { return r.GiveBack(ref, f, s.now) })
	}
}

func (s *simulation) crash() {
	if ref, ok := pick(s, s.leases); ok {
		f := s.leases[ref]
		delete(s.leases, ref)
		s.old = append(s.old, held{ref, f})
		_ = s.do(fmt.Sprint("crash ", ref), func(r *machine.Run) error { return r.Crash(ref, f, "gone", s.now) })
	}
}

// wake lets time go on, and checks that NextWake knew what would happen.
func (s *simulation) wake() {
	next := s.run.NextWake()
	to := s.now + s.rnd.Int64N(10_000)
	if next > 0 && s.rnd.IntN(2) == 0 {
		to = max(s.now, next-int64(s.rnd.IntN(2)))
	}
	s.now = to
	quiet, before := next == 0 || next > s.now, view(s.t, s.run)
	_ = s.do("wake", func(r *machine.Run) error { r.Wake(s.now); return nil })
	if quiet && before != view(s.t, s.run) {
		s.t.Errorf("Wake did something at %d, before NextWake() = %d", s.now, next)
	}
	if next := s.run.NextWake(); next > 0 && next <= s.now {
		s.t.Errorf("NextWake() after Wake(%d) = %d", s.now, next)
	}
}

// family lets sub-workflows begin and end.
func (s *simulation) family() {
	if len(s.wanted) > 0 && s.rnd.IntN(2) == 0 {
		c := s.wanted[0]
		s.wanted = s.wanted[1:]
		if s.run.ChildKey(c.Ref) != c.Key || s.submitted[c.Key] {
			return
		}
		s.submitted[c.Key] = true
		s.child++
		id := s.child
		s.children[id] = c
		_ = s.do(fmt.Sprint("child started ", c.Ref), func(r *machine.Run) error { r.ChildStarted(c.Ref, id, s.now); return nil })
		return
	}
	for id := range s.children {
		if id <= s.child { // the smallest, for the same seed to do the same
			for other := range s.children {
				id = min(id, other)
			}
		}
		child, status := s.children[id], []machine.Status{machine.Succeeded, machine.Failed, machine.Canceled, machine.TimedOut}[s.rnd.IntN(4)]
		delete(s.children, id)
		_ = s.do(fmt.Sprintf("child finished %v %v", child.Ref, status), func(r *machine.Run) error {
			return r.ChildFinished(machine.ChildEnd{
				Ref: child.Ref, Key: child.Key, Run: id, Status: status, Output: json.RawMessage(`[4]`),
				Failure: &machine.Failure{Code: "sub", Message: "broke"},
			}, s.now)
		})
		return
	}
}

func (s *simulation) control(k int) {
	name := s.run.Plan.Node(s.rnd.IntN(s.run.Plan.Len())).Step.Name
	switch k {
	case 0, 1:
		_ = s.do("cancel", func(r *machine.Run) error { return r.Cancel("ann", "", s.now) })
	case 2, 3:
		_ = s.do("pause", func(r *machine.Run) error { return r.Pause("ann", s.now) })
	case 4, 5, 6, 7:
		_ = s.do("unpause", func(r *machine.Run) error { return r.Unpause("ann", s.now) })
	case 8:
		s.by++
		if err := s.do("reset all", func(r *machine.Run) error { return r.Reset(nil, "ann", s.now) }); err != nil {
			s.t.Errorf("Reset of all steps = %v", err)
		}
	case 9, 10, 11:
		s.by++
		err := s.do("reset "+name, func(r *machine.Run) error { return r.Reset([]string{name}, "ann", s.now) })
		if err != nil && !errors.Is(err, machine.ErrNoStep) {
			s.t.Errorf("Reset of %s = %v", name, err)
		}
	case 12, 13, 14:
		s.by++
		_ = s.do("retry", func(r *machine.Run) error { return r.RetryFailed("ann", s.now) })
	case 15:
		_ = s.do("skip "+name, func(r *machine.Run) error { return r.SkipStep(name, "ann", s.now) })
	case 16, 17, 18:
		g := machine.Signal{Name: []string{"go", name}[s.rnd.IntN(2)], Data: []json.RawMessage{nil, json.RawMessage(`false`), json.RawMessage(`{"approved":true}`)}[s.rnd.IntN(3)]}
		_ = s.do("signal "+g.Name, func(r *machine.Run) error { return r.Signal(g, s.now) })
	case 19:
		until := s.now + s.rnd.Int64N(5000)
		_ = s.do("hold", func(r *machine.Run) error { r.Hold(until); return nil })
	case 20, 21:
		_ = s.do("release", func(r *machine.Run) error { r.Release(s.now); return nil })
	case 22:
		add := []workflow.Step{{Name: fmt.Sprint("n", s.rnd.IntN(3)), Run: "x", Needs: []string{name}}}
		_ = s.do("add a step", func(r *machine.Run) error { return r.AddSteps(machine.Ref{Node: -1, Item: -1}, add, s.now) })
	case 23:
		s.recover()
	}
}

// recover is what happens when another engine takes over: it is told again
// what is ready, and which sub-workflows are wanted.
func (s *simulation) recover() {
	clear(s.ready)
	s.wanted = nil
	if s.run.State.Status != machine.Running {
		return
	}
	_ = s.do("recover", func(r *machine.Run) error { r.Recover(s.now); return nil })
}

// finish lets everything go well until the run ends, as it must.
func (s *simulation) finish() {
	for n := 0; !s.run.Final(); n++ {
		if n > 2000 || s.t.Failed() {
			s.t.Errorf("the run does not end:\n%s", view(s.t, s.run))
			return
		}
		switch {
		case s.run.State.Status == machine.Held:
			_ = s.do("release", func(r *machine.Run) error { r.Release(s.now); return nil })
		case s.run.State.Status == machine.Queued:
			_ = s.do("begin", func(r *machine.Run) error { r.Begin(s.now); return nil })
		case s.run.State.Paused:
			_ = s.do("unpause", func(r *machine.Run) error { return r.Unpause("", s.now) })
		case s.run.State.Lease != nil:
			f := s.run.State.Lease.Fence
			_ = s.do("complete the run", func(r *machine.Run) error { return r.CompleteRun(f, machine.Outcome{}, s.now) })
		case len(s.ready) > 0:
			s.claim()
		case len(s.leases) > 0:
			s.complete()
		case len(s.wanted) > 0 || len(s.children) > 0:
			s.family()
		default:
			s.nudge()
		}
	}
}

// nudge wakes the run, or sends what its waits wait for.
func (s *simulation) nudge() {
	if next := s.run.NextWake(); next > 0 {
		s.now = max(s.now, next)
		_ = s.do("wake", func(r *machine.Run) error { r.Wake(s.now); return nil })
		return
	}
	names := []string{"go"}
	s.each(func(ref machine.Ref, st *machine.Step) {
		if st.Status == machine.StepSleeping {
			names = append(names, s.run.Node(ref).Step.Name)
		}
	})
	if len(names) == 1 {
		s.t.Errorf("the run hangs:\n%s", view(s.t, s.run))
	}
	for _, name := range names {
		_ = s.do("signal "+name, func(r *machine.Run) error { return r.Signal(machine.Signal{Name: name}, s.now) })
	}
}
