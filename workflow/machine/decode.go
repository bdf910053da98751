package machine

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/workflow"
)

// Load reads what AppendState wrote of a run with that plan, without
// generated steps, and meta. The outputs beside the blob are given with
// SetExternal. An error is an ErrCorrupt: the blob is another's, or damaged.
func Load(plan *workflow.Plan, meta Meta, limits *Limits, blob []byte) (*Run, error) {
	r := &Run{Plan: plan, Meta: meta, base: plan, limits: limits.withDefaults()}
	d := decoder{b: blob, size: len(blob), at: meta.Created, maxItems: max(r.limits.MaxItems, DefaultMaxItems)}
	d.run(r)
	if d.err == nil {
		d.extend(r)
	}
	n := d.count(1)
	if d.err == nil && n != r.Plan.Len() {
		d.fail(fmt.Sprintf("it has %d steps, and the plan %d", n, r.Plan.Len()))
	}
	if d.err == nil {
		r.State.Steps = make([]Step, n)
		for i := range r.State.Steps {
			d.step(&r.State.Steps[i], true)
			d.check(&r.State.Steps[i], r.forEach(i))
		}
	}
	if d.err == nil && len(d.b) > 0 {
		d.fail(fmt.Sprintf("%d bytes too many", len(d.b)))
	}
	if d.err != nil {
		return nil, fmt.Errorf("run %v: %w", meta.ID, d.err)
	}
	r.derive()
	return r, nil
}

// decoder reads a blob. After an error it reads zeros.
type decoder struct {
	b       []byte
	size    int
	err     error
	at      int64
	fence   Fence
	workers []string

	maxItems int // an item takes a byte here and hundreds in memory
}

func (d *decoder) fail(why string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: at byte %d: %s", ErrCorrupt, d.size-len(d.b), why)
	}
	d.b = nil
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail("it ends too early")
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail("there is no number")
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail("there is no number")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// small reads a number that fits an int anywhere.
func (d *decoder) small() int {
	v := d.uint()
	if v >= 1<<31 {
		d.fail("a number is too large")
		return 0
	}
	return int(v)
}

// count reads a number of things that take so many bytes each.
func (d *decoder) count(each int) int {
	n := d.small()
	if n > len(d.b)/each {
		d.fail("there are more things than bytes")
		return 0
	}
	return n
}

func (d *decoder) bytes() []byte {
	n := d.count(1)
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) text() string { return string(d.bytes()) }

// json reads JSON into memory of its own, as the blob's belongs to the caller.
func (d *decoder) json() json.RawMessage {
	v := d.bytes()
	if len(v) == 0 {
		return nil
	}
	if !json.Valid(v) {
		d.fail("something is no JSON")
		return nil
	}
	return append(json.RawMessage(nil), v...)
}

func (d *decoder) time() int64 {
	v := d.uint()
	if v == 0 {
		return 0
	}
	v--
	d.at += int64(v>>1) ^ -int64(v&1)
	return d.at
}

func (d *decoder) lease() Fence {
	d.fence += Fence(d.int())
	return d.fence
}

func (d *decoder) worker() string {
	k := d.small()
	if k > len(d.workers) {
		d.fail("there is no such worker")
		return ""
	}
	if k > 0 {
		return d.workers[k-1]
	}
	name := d.text()
	if len(d.workers) < maxNamed {
		d.workers = append(d.workers, name)
	}
	return name
}

func (d *decoder) failure() *Failure {
	return &Failure{Code: d.text(), Message: d.text(), Fatal: d.uint() != 0, Detail: d.json(), Step: d.text()}
}

func (d *decoder) run(r *Run) {
	st := &r.State
	if v := d.byte(); v != blobVersion && d.err == nil {
		d.fail(fmt.Sprintf("version %d is not known", v))
	}
	st.Status = Status(d.byte())
	m := d.uint()
	st.Attempt = d.small()
	st.QueuedAt, st.StartedAt, st.FinishedAt = d.time(), d.time(), d.time()
	st.Paused = m&runPaused != 0
	if m&runVerdict != 0 {
		st.Verdict = Status(d.byte())
	}
	if m&runCrashes != 0 {
		st.Crashes = d.small()
	}
	if m&runTimes != 0 {
		st.WakeAt, st.DeadlineAt, st.ResetAt = d.time(), d.time(), d.time()
	}
	if m&runFailure != 0 {
		st.Failure = d.failure()
	}
	if m&runOutput != 0 {
		st.Output = d.json()
	}
	r.beside.runStored = m&runExternal != 0
	d.rare(st, m)
	switch {
	case d.err != nil:
	case st.Status < Held || st.Status > TimedOut || m >= endOfRunMask:
		d.fail("the run has no status there is")
	case st.Verdict != 0 && !st.Verdict.Final() || st.Verdict > TimedOut || st.Lease != nil && st.Status != Running:
		d.fail("the run stands nowhere it can")
	case (st.Verdict > Succeeded || st.Status > Succeeded) && st.Failure == nil:
		d.fail("the run ended badly without a failure")
	}
}

func (d *decoder) rare(st *State, m uint64) {
	if m&runSignals != 0 {
		st.Signals = make([]Signal, d.count(5))
		for i := range st.Signals {
			st.Signals[i] = Signal{Name: d.text(), Data: d.json(), By: d.text(), At: d.time(), Taken: d.uint() != 0}
		}
	}
	if m&runGenerated != 0 {
		st.Generated = make([]Generated, d.count(2))
		for i := range st.Generated {
			parent := d.int()
			if parent < -1 || parent >= 1<<31 {
				d.fail("generated steps have no parent")
			}
			st.Generated[i] = Generated{Parent: int32(parent), Steps: d.json()}
		}
	}
	if m&runLease != 0 {
		st.Lease = &Lease{Fence: d.lease(), Worker: d.worker(), Until: d.time()}
	}
	if m&runLastLease != 0 {
		st.LastLease = d.lease()
	}
}

// extend adds the generated steps to the plan.
func (d *decoder) extend(r *Run) {
	for _, g := range r.State.Generated {
		var steps []workflow.Step
		if err := json.Unmarshal(g.Steps, &steps); err != nil {
			d.fail("generated steps: " + err.Error())
			return
		}
		plan, err := r.Plan.Extend(steps, int(g.Parent))
		if err != nil {
			d.fail("generated steps: " + err.Error())
			return
		}
		if plan.Len() != r.Plan.Len()+len(steps) {
			d.fail("some of the generated steps were there before")
			return
		}
		r.Plan = plan
	}
}

func (d *decoder) step(s *Step, whole bool) {
	m := d.uint()
	if m == 0 {
		return
	}
	inputs := m & (hasInputs | hasExternalInputs)
	if m >= endOfMask || m&hasItems != 0 && !whole || (m&hasItems != 0) != (inputs != 0) || inputs == hasInputs|hasExternalInputs {
		d.fail("a step has fields there are not")
		return
	}
	d.common(s, m)
	d.seldom(s, m)
	if m&hasItems == 0 {
		return
	}
	n := d.count(1)
	if n > d.maxItems {
		d.fail(fmt.Sprintf("a step has %d items, and %d are allowed", n, d.maxItems))
		return
	}
	s.Items = make([]Step, n)
	for k := range s.Items {
		d.step(&s.Items[k], false)
		d.check(&s.Items[k], false)
	}
	s.inputsStored = m&hasExternalInputs != 0
	if m&hasInputs != 0 {
		s.Inputs = make([]json.RawMessage, len(s.Items))
		for k := range s.Inputs {
			if s.Inputs[k] = d.json(); s.Inputs[k] == nil {
				d.fail("an item has no value")
			}
		}
	}
}

func (d *decoder) common(s *Step, m uint64) {
	if m&hasStatus != 0 {
		s.Status = StepStatus(d.byte())
	}
	if m&hasAttempt != 0 {
		s.Attempt = d.small()
	}
	if m&hasFence != 0 {
		s.Fence = d.lease()
	}
	if m&hasWorker != 0 {
		s.Worker = d.worker()
	}
	for _, t := range [...]struct {
		has uint64
		at  *int64
	}{
		{hasReady, &s.ReadyAt},
		{hasStarted, &s.StartedAt},
		{hasFinished, &s.FinishedAt},
		{hasLease, &s.LeaseUntil},
		{hasWake, &s.WakeAt},
		{hasTimeout, &s.TimeoutAt},
	} {
		if m&t.has != 0 {
			*t.at = d.time()
		}
	}
	if m&hasOutput != 0 {
		s.Output = d.json()
	}
	s.stored = m&hasExternal != 0
}

func (d *decoder) seldom(s *Step, m uint64) {
	if m&hasFailures != 0 {
		s.Failures = d.small()
	}
	if m&hasCrashes != 0 {
		s.Crashes = d.small()
	}
	if m&hasReason != 0 {
		s.Reason = Reason(d.byte())
	}
	if m&hasPercent != 0 {
		s.Percent = float64(d.small()) / 100
	}
	if m&hasMessage != 0 {
		s.Message = d.text()
	}
	if m&hasSaved != 0 {
		s.Saved = d.json()
	}
	if m&hasFailure != 0 {
		s.Failure = d.failure()
	}
	if m&hasChild != 0 {
		s.Child = workflow.RunID(d.uint())
	}
}

// check refuses what no step can be.
func (d *decoder) check(s *Step, forEach bool) {
	switch {
	case d.err != nil:
	case s.Status > StepCanceled || int(s.Reason) >= len(reasonNames):
		d.fail("a step has no status there is")
	case s.Items != nil && !forEach:
		d.fail("a step without for-each has items")
	case forEach && lives(s.Status) && s.Status != StepRunning:
		d.fail("a step with for-each stands nowhere it can")
	case s.Status == StepFailed && s.Failure == nil:
		d.fail("a step failed without a failure")
	}
}
