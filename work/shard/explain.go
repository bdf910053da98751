package shard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Explanation says why a run is where it is.
type Explanation struct {
	Status machine.Status `json:"status"`
	// Text is for people, the most important first.
	Text []string `json:"text"`
	// Queue says more of a run that waits.
	Queue *queue.Explanation `json:"queue,omitempty"`
	// Steps says what steps of a run that has begun wait for.
	Steps []StepWait `json:"steps,omitempty"`
}

// StepWait is a step that is not settled, and what it waits for.
type StepWait struct {
	Step   string             `json:"step"`
	Item   int                `json:"item"`
	Status machine.StepStatus `json:"status"`
	Why    string             `json:"why"`
}

// Explain says why a run is where it is.
func (c *Core) Explain(id workflow.RunID) (Explanation, error) {
	r, err := c.resident(id)
	if err != nil {
		return Explanation{}, err
	}
	if r == nil {
		return Explanation{}, fmt.Errorf("%w: run %v", work.ErrNotFound, id)
	}
	st := &r.run.State
	e := Explanation{Status: st.Status}
	if st.Paused {
		e.Text = append(e.Text, "It is paused: nothing of it starts until it is resumed.")
	}
	switch st.Status {
	case machine.Held:
		e.Text = append(e.Text, heldText(st))
	case machine.Queued:
		c.explainQueued(r, &e)
	case machine.Running:
		c.explainRunning(r, &e)
	default:
		e.Text = append(e.Text, "It is "+st.Status.String()+".")
	}
	return e, nil
}

func heldText(st *machine.State) string {
	if st.WakeAt > 0 {
		return "It is held until " + clock(st.WakeAt) + "."
	}
	return "It is held until somebody releases it."
}

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05 UTC") }

func (c *Core) explainQueued(r *resident, e *Explanation) {
	name := r.run.Meta.Queue
	if q, ok := c.order.Explain(uint64(r.run.Meta.ID), c.now); ok {
		e.Queue = &q
		e.Text = append(e.Text, queueText(q)...)
	}
	cfg, known := c.settings.Queues[name]
	switch pool := c.poolOf(name, ""); {
	case !known:
		e.Text = append(e.Text, fmt.Sprintf("There is no queue %q any more: put it back, or move the run to another.", name))
	case cfg.Delegated && !slices.ContainsFunc(c.callers, func(p *RunPoller) bool { return p.Queue == name }):
		e.Text = append(e.Text, fmt.Sprintf("No worker asks for runs of queue %q at the moment.", name))
	case !cfg.Delegated && c.settings.Pools[pool].Draining:
		e.Text = append(e.Text, fmt.Sprintf("Pool %q is draining: it begins no run.", pool))
	case !cfg.Delegated && len(c.pollers[pool]) == 0:
		e.Text = append(e.Text, fmt.Sprintf("No worker of pool %q asks for work at the moment.", pool))
	case !cfg.Delegated && c.free(pool) == 0:
		e.Text = append(e.Text, fmt.Sprintf("All slots of pool %q are taken.", pool))
	}
}

func queueText(q queue.Explanation) []string {
	var text []string
	for _, reason := range q.Reasons {
		switch reason {
		case queue.QueuePaused:
			text = append(text, fmt.Sprintf("Queue %q is paused.", q.Queue))
		case queue.QueueFull:
			text = append(text, fmt.Sprintf("Queue %q runs %d of the %d runs it may.", q.Queue, q.QueueRunning, q.QueueCap))
		case queue.TenantSuspended:
			text = append(text, fmt.Sprintf("Tenant %q is suspended.", q.Tenant))
		case queue.TenantFull:
			text = append(text, fmt.Sprintf("Tenant %q has %d of the %d runs it may have running.", q.Tenant, q.TenantRunning, q.TenantCap))
		case queue.TenantQueueFull:
			text = append(text, fmt.Sprintf("Tenant %q has %d of the %d runs it may have running in queue %q.", q.Tenant, q.TenantQueueRunning, q.TenantQueueCap, q.Queue))
		case queue.KeyFull:
			text = append(text, fmt.Sprintf("%d of %d runs with its concurrency key are running.", q.KeyRunning, q.KeyCap))
		}
	}
	if q.Position > 0 {
		text = append(text, fmt.Sprintf("It is number %d in queue %q (%s): number %d of its tenant's, with %d other tenants before it.",
			q.Position, q.Queue, q.Policy, q.TenantPosition, q.TenantsAhead))
	}
	if q.Expected > 0 {
		text = append(text, "At the present rate it starts in about "+(time.Duration(q.Expected)*time.Millisecond).Round(time.Second).String()+".")
	}
	return text
}

func (c *Core) explainRunning(r *resident, e *Explanation) {
	if l := r.run.State.Lease; l != nil {
		e.Text = append(e.Text, fmt.Sprintf("Worker %q executes the whole run; its lease lasts until %s.", l.Worker, clock(l.Until)))
		return
	}
	for ref := range r.run.Unsettled() {
		step := r.run.Step(ref)
		node := r.run.Node(ref)
		e.Steps = append(e.Steps, StepWait{Step: node.Step.Name, Item: int(ref.Item), Status: step.Status, Why: c.stepWait(r, ref, step, node)})
		if len(e.Steps) == 200 {
			break
		}
	}
	for _, s := range e.Steps {
		if s.Status != machine.StepWaiting && len(e.Text) < 5 {
			e.Text = append(e.Text, fmt.Sprintf("Step %q %s.", s.Step, s.Why))
		}
	}
	if len(e.Text) == 0 {
		e.Text = append(e.Text, "Its steps are about to go on.")
	}
}

func (c *Core) stepWait(r *resident, ref machine.Ref, step *machine.Step, node *workflow.Node) string {
	switch step.Status {
	case machine.StepReady:
		return c.readyText(r, ref, node)
	case machine.StepRunning:
		return fmt.Sprintf("is executed by %s since %s", step.Worker, clock(step.StartedAt))
	case machine.StepBackoff:
		return fmt.Sprintf("failed %d times and is tried again at %s", step.Failures, clock(step.WakeAt))
	case machine.StepSleeping:
		return r.sleepText(ref, step)
	}
	var open []string
	for _, n := range node.Needs {
		if s := r.run.Step(machine.Ref{Node: int32(n), Item: -1}); s != nil && !s.Status.Final() { //nolint:gosec // a plan has at most 10,000 nodes
			open = append(open, r.run.Plan.Node(n).Step.Name)
		}
	}
	if len(open) > 0 {
		return "waits for " + strings.Join(open, ", ")
	}
	return "waits for its turn within the run"
}

func (r *resident) sleepText(ref machine.Ref, step *machine.Step) string {
	signal, approval := r.run.Awaits(ref)
	switch {
	case step.Child != 0:
		return fmt.Sprintf("waits for run %v", step.Child)
	case step.WakeAt > 0:
		return "waits until " + clock(step.WakeAt)
	case approval:
		return fmt.Sprintf("waits for an approval, the signal %q", signal)
	case signal != "":
		return fmt.Sprintf("waits for the signal %q", signal)
	}
	return "is about to start its sub-workflow"
}

// View answers with a run in memory as one looks at it, nil when it is not
// there. What is not written yet is shown when it is.
func (c *Core) View(id workflow.RunID, answer func(*machine.View)) {
	r := c.runs[id]
	switch {
	case r == nil:
		answer(nil)
	case r.dirty:
		c.round.answers = append(c.round.answers, func(lost error) {
			if lost != nil {
				answer(nil)
				return
			}
			v := r.run.View()
			answer(&v)
		})
	default:
		v := r.run.View()
		answer(&v)
	}
}

// QueueStats describes a queue, with its top tenants.
func (c *Core) QueueStats(name string, top int) queue.Stats {
	s, _ := c.order.Stats(name, c.now, top)
	return s
}

// TenantCounts gives for each tenant the runs it has waiting and running.
func (c *Core) TenantCounts() map[string][2]int {
	counts := make(map[string][2]int, len(c.tenants))
	for name, u := range c.tenants {
		if u.queued > 0 || u.running > 0 {
			counts[name] = [2]int{u.queued, u.running}
		}
	}
	return counts
}

// PoolState is a pool and what it does.
type PoolState struct {
	work.Pool
	Ready   int           `json:"ready"`   // steps that wait for a slot
	Leased  int           `json:"leased"`  // steps that are executed
	Used    int           `json:"used"`    // slots they take
	Free    int           `json:"free"`    // slots of those who ask for work
	Workers []WorkerState `json:"workers"` // those who ask or hold leases
}

// WorkerState is a worker of a pool.
type WorkerState struct {
	Name   string   `json:"name"`
	Types  []string `json:"types,omitempty"`
	Free   int      `json:"free"`
	Leased int      `json:"leased"`
}

// Add joins what another shard says of the same pool.
func (p *PoolState) Add(o PoolState) {
	p.Ready, p.Leased, p.Used, p.Free = p.Ready+o.Ready, p.Leased+o.Leased, p.Used+o.Used, p.Free+o.Free
	for _, w := range o.Workers {
		i := slices.IndexFunc(p.Workers, func(have WorkerState) bool { return have.Name == w.Name })
		if i < 0 {
			p.Workers = append(p.Workers, w)
			continue
		}
		p.Workers[i].Leased += w.Leased
		p.Workers[i].Free = max(p.Workers[i].Free, w.Free)
	}
}

// asks adds who asks for tasks. What light steps have for themselves is no
// slot that anything else could have.
func (p *PoolState) asks(o *Poller) {
	w := WorkerState{Name: o.Worker, Types: o.Types}
	if !o.Light {
		w.Free = o.Room.Free()
	}
	if i := slices.IndexFunc(p.Workers, func(have WorkerState) bool { return have.Name == w.Name }); i >= 0 {
		p.Workers[i].Types = joined(p.Workers[i].Types, w.Types)
	}
	p.Add(PoolState{Free: w.Free, Workers: []WorkerState{w}})
}

// joined are the types of two lists; no types are all.
func joined(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Pools describes the pools that are set, polled or in use, by name.
func (c *Core) Pools() []PoolState {
	states := map[string]*PoolState{}
	of := func(name string) *PoolState {
		s := states[name]
		if s == nil {
			s = &PoolState{Pool: work.Pool{Name: name}}
			if cfg, ok := c.settings.Pools[name]; ok {
				s.Pool = cfg
			}
			states[name] = s
		}
		return s
	}
	for name := range c.settings.Pools {
		of(name)
	}
	for name, pollers := range c.pollers {
		s := of(name)
		for _, p := range pollers {
			s.asks(p)
		}
	}
	for _, r := range c.runs {
		for _, one := range r.ready {
			of(one.Pool).Ready++
		}
		for _, l := range r.leases {
			of(l.ready.Pool).Add(PoolState{Leased: 1, Used: l.ready.Slots, Workers: []WorkerState{{Name: l.worker, Leased: 1}}})
		}
	}
	list := make([]PoolState, 0, len(states))
	for _, s := range states {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b PoolState) int { return strings.Compare(a.Name, b.Name) })
	return list
}
