package machine

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
)

// The blob: a version, the run, then each step in the plan's order. Numbers
// are varints. A time is the difference to the time written before it, and a
// fence to the fence; the first time counts from the run's creation. A step
// begins with a set of bits that says which of its fields follow, so that one
// that has not begun takes a byte. Workers are named once.

const blobVersion = 1

// Which fields of a step follow; those of a step that succeeded first.
const (
	hasStatus = 1 << iota
	hasAttempt
	hasFence
	hasWorker
	hasReady
	hasStarted
	hasFinished
	hasOutput
	hasExternal // its output stands beside the blob
	hasLease
	hasWake
	hasTimeout
	hasFailures
	hasCrashes
	hasReason
	hasPercent
	hasMessage
	hasSaved
	hasFailure
	hasChild
	hasItems
	hasInputs
	hasExternalInputs
	endOfMask
)

// Which fields of a run follow.
const (
	runPaused = 1 << iota
	runVerdict
	runCrashes
	runTimes // others than queued, started and finished
	runFailure
	runOutput
	runExternal
	runSignals
	runGenerated
	runLease
	runLastLease
	endOfRunMask
)

// maxNamed is how many workers are named once.
const maxNamed = 32

type encoder struct {
	b       []byte
	at      int64
	fence   Fence
	workers [maxNamed]string
	named   int
}

// AppendState appends the state as a blob to dst. Outputs longer than
// InlineOutput are left out: External has them.
func (r *Run) AppendState(dst []byte) []byte {
	e := encoder{b: dst, at: r.Meta.Created}
	e.run(r)
	e.uint(uint64(len(r.State.Steps)))
	for i := range r.State.Steps {
		e.step(&r.State.Steps[i])
	}
	return e.b
}

func (e *encoder) uint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }

func (e *encoder) int(v int64) { e.b = binary.AppendVarint(e.b, v) }

func (e *encoder) text(s string) {
	e.uint(uint64(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) json(m json.RawMessage) {
	e.uint(uint64(len(m)))
	e.b = append(e.b, m...)
}

// time writes a time; 0, which is no time, as the byte that no difference has.
func (e *encoder) time(t int64) {
	if t == 0 {
		e.uint(0)
		return
	}
	d := t - e.at
	e.uint(uint64(d<<1^d>>63) + 1)
	e.at = t
}

func (e *encoder) lease(f Fence) {
	e.int(int64(f - e.fence))
	e.fence = f
}

func (e *encoder) worker(name string) {
	if k := slices.Index(e.workers[:e.named], name); k >= 0 {
		e.uint(uint64(k) + 1)
		return
	}
	e.uint(0)
	e.text(name)
	if e.named < maxNamed {
		e.workers[e.named] = name
		e.named++
	}
}

func (e *encoder) failure(f *Failure) {
	e.text(f.Code)
	e.text(f.Message)
	e.uint(uint64(truth(f.Fatal)))
	e.json(f.Detail)
	e.text(f.Step)
}

func bit(is bool, b uint64) uint64 {
	if is {
		return b
	}
	return 0
}

func (e *encoder) run(r *Run) {
	st := &r.State
	external := len(st.Output) > InlineOutput || len(st.Output) == 0 && r.beside.runStored && !r.beside.runMoved
	e.b = append(e.b, blobVersion, byte(st.Status))
	e.uint(bit(st.Paused, runPaused) | bit(st.Verdict != 0, runVerdict) | bit(st.Crashes != 0, runCrashes) |
		bit(st.WakeAt != 0 || st.DeadlineAt != 0 || st.ResetAt != 0, runTimes) | bit(st.Failure != nil, runFailure) |
		bit(len(st.Output) > 0 && !external, runOutput) | bit(external, runExternal) | bit(len(st.Signals) > 0, runSignals) |
		bit(len(st.Generated) > 0, runGenerated) | bit(st.Lease != nil, runLease) | bit(st.LastLease != 0, runLastLease))
	e.uint(uint64(st.Attempt))
	e.time(st.QueuedAt)
	e.time(st.StartedAt)
	e.time(st.FinishedAt)
	if st.Verdict != 0 {
		e.b = append(e.b, byte(st.Verdict))
	}
	if st.Crashes != 0 {
		e.uint(uint64(st.Crashes))
	}
	if st.WakeAt != 0 || st.DeadlineAt != 0 || st.ResetAt != 0 {
		e.time(st.WakeAt)
		e.time(st.DeadlineAt)
		e.time(st.ResetAt)
	}
	if st.Failure != nil {
		e.failure(st.Failure)
	}
	if len(st.Output) > 0 && !external {
		e.json(st.Output)
	}
	e.rare(st)
}

// rare writes what few runs have.
func (e *encoder) rare(st *State) {
	if len(st.Signals) > 0 {
		e.uint(uint64(len(st.Signals)))
		for _, s := range st.Signals {
			e.text(s.Name)
			e.json(s.Data)
			e.text(s.By)
			e.time(s.At)
			e.uint(uint64(truth(s.Taken)))
		}
	}
	if len(st.Generated) > 0 {
		e.uint(uint64(len(st.Generated)))
		for _, g := range st.Generated {
			e.int(int64(g.Parent))
			e.json(g.Steps)
		}
	}
	if st.Lease != nil {
		e.lease(st.Lease.Fence)
		e.worker(st.Lease.Worker)
		e.time(st.Lease.Until)
	}
	if st.LastLease != 0 {
		e.lease(st.LastLease)
	}
}

// mask says which fields of a step are written.
func (s *Step) mask() uint64 {
	external := len(s.Output) > InlineOutput || s.Output == nil && s.stored && !s.moved
	inline := len(s.Output) > 0 && !external && s.Items == nil
	inputs := s.Items != nil && s.inputsSize() > InlineOutput || s.Inputs == nil && s.inputsStored && !s.inputsMoved
	return bit(s.Status != 0, hasStatus) | bit(s.Attempt != 0, hasAttempt) | bit(s.Fence != 0, hasFence) | bit(s.Worker != "", hasWorker) |
		bit(s.ReadyAt != 0, hasReady) | bit(s.StartedAt != 0, hasStarted) | bit(s.FinishedAt != 0, hasFinished) |
		bit(inline, hasOutput) | bit(external && s.Items == nil, hasExternal) | bit(s.LeaseUntil != 0, hasLease) |
		bit(s.WakeAt != 0, hasWake) | bit(s.TimeoutAt != 0, hasTimeout) | bit(s.Failures != 0, hasFailures) | bit(s.Crashes != 0, hasCrashes) |
		bit(s.Reason != 0, hasReason) | bit(s.Percent != 0, hasPercent) | bit(s.Message != "", hasMessage) | bit(len(s.Saved) > 0, hasSaved) |
		bit(s.Failure != nil, hasFailure) | bit(s.Child != 0, hasChild) | bit(s.Items != nil, hasItems) |
		bit(s.Items != nil && !inputs, hasInputs) | bit(inputs, hasExternalInputs)
}

func (e *encoder) step(s *Step) {
	m := s.mask()
	e.uint(m)
	if m == 0 {
		return
	}
	e.common(s, m)
	e.seldom(s, m)
	if m&hasItems == 0 {
		return
	}
	e.uint(uint64(len(s.Items)))
	for k := range s.Items {
		e.step(&s.Items[k])
	}
	if m&hasInputs != 0 {
		for k := range s.Items {
			e.json(s.Inputs[k])
		}
	}
}

// common writes what a step that succeeded has.
func (e *encoder) common(s *Step, m uint64) {
	if m&hasStatus != 0 {
		e.b = append(e.b, byte(s.Status))
	}
	if m&hasAttempt != 0 {
		e.uint(uint64(s.Attempt))
	}
	if m&hasFence != 0 {
		e.lease(s.Fence)
	}
	if m&hasWorker != 0 {
		e.worker(s.Worker)
	}
	for _, t := range [...]struct {
		has uint64
		at  int64
	}{
		{hasReady, s.ReadyAt},
		{hasStarted, s.StartedAt},
		{hasFinished, s.FinishedAt},
		{hasLease, s.LeaseUntil},
		{hasWake, s.WakeAt},
		{hasTimeout, s.TimeoutAt},
	} {
		if m&t.has != 0 {
			e.time(t.at)
		}
	}
	if m&hasOutput != 0 {
		e.json(s.Output)
	}
}

// seldom writes the rest.
func (e *encoder) seldom(s *Step, m uint64) {
	if m < hasFailures {
		return
	}
	if m&hasFailures != 0 {
		e.uint(uint64(s.Failures))
	}
	if m&hasCrashes != 0 {
		e.uint(uint64(s.Crashes))
	}
	if m&hasReason != 0 {
		e.b = append(e.b, byte(s.Reason))
	}
	if m&hasPercent != 0 {
		e.uint(uint64(math.Round(s.Percent * 100)))
	}
	if m&hasMessage != 0 {
		e.text(s.Message)
	}
	if m&hasSaved != 0 {
		e.json(s.Saved)
	}
	if m&hasFailure != 0 {
		e.failure(s.Failure)
	}
	if m&hasChild != 0 {
		e.uint(uint64(s.Child))
	}
}
