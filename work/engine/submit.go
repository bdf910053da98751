package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// MaxBatch is how many runs one call may submit.
const MaxBatch = 1000

// Submit takes up to MaxBatch runs and answers when they are durable: one
// receipt for each, with its run or why it was refused. The error is about the
// call as a whole: work.ErrInvalid, work.ErrBusy, work.ErrNotOwner, or ctx's.
// When an answer is lost, submitting again with the same idempotency keys
// gives the same runs.
func (e *Engine) Submit(ctx context.Context, subs []work.Submission) ([]work.Receipt, error) {
	if len(subs) > MaxBatch {
		return nil, fmt.Errorf("%w: %d runs in one call, of %d allowed", work.ErrInvalid, len(subs), MaxBatch)
	}
	receipts := make([]work.Receipt, len(subs))
	byShard := map[*loop][]int{}
	intakes := make([]*shard.Intake, len(subs))
	for i, s := range subs {
		in, p := e.intake(s)
		if p != nil {
			receipts[i].Error = p
			continue
		}
		intakes[i] = in
		l := e.queueShard(in.Queue)
		byShard[l] = append(byShard[l], i)
	}
	for l, places := range byShard {
		part := make([]*shard.Intake, len(places))
		for k, i := range places {
			part[k] = intakes[i]
		}
		got, err := ask(ctx, l, func(c *shard.Core, answer func([]work.Receipt, error)) { c.Submit(part, answer) })
		if err != nil && len(byShard) == 1 {
			return nil, err
		}
		for k, i := range places {
			if err != nil {
				receipts[i].Error = problem(err)
			} else {
				receipts[i] = got[k]
			}
		}
		if err == nil {
			e.plans.keep(stored(part, got))
		}
	}
	return receipts, nil
}

// stored gives the documents that were written with runs. One whose run was
// refused, or there already, came into no batch.
func stored(in []*shard.Intake, receipts []work.Receipt) []store.Document {
	var docs []store.Document
	for i, one := range in {
		if one.Canonical != nil && receipts[i].Error == nil && !receipts[i].Duplicate {
			docs = append(docs, store.Document{Hash: one.Hash})
		}
	}
	return docs
}

// ask puts a question to a shard and waits for its answer.
func ask[T any](ctx context.Context, l *loop, do func(*shard.Core, func(T, error))) (T, error) {
	type reply struct {
		v   T
		err error
	}
	got := make(chan reply, 1)
	var zero T
	err := l.send(op{
		do:   func(c *shard.Core) { do(c, func(v T, err error) { got <- reply{v, err} }) },
		fail: func(err error) { got <- reply{zero, err} },
	})
	if err != nil {
		return zero, err
	}
	select {
	case r := <-got:
		return r.v, r.err
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

// askError is ask for answers that are only an error.
func askError(ctx context.Context, l *loop, do func(*shard.Core, func(error))) error {
	_, err := ask(ctx, l, func(c *shard.Core, answer func(struct{}, error)) {
		do(c, func(err error) { answer(struct{}{}, err) })
	})
	return err
}

// Control does what is asked of a run, and answers when it is durable. Errors
// are work.ErrNotFound, work.ErrConflict, work.ErrInvalid and those of Submit.
func (e *Engine) Control(ctx context.Context, o shard.Order) error {
	l := e.shardOf(o.Run)
	if l == nil {
		return fmt.Errorf("%w: run %v", work.ErrNotFound, o.Run)
	}
	if o.Verb == shard.Requeue && o.Queue != "" && e.queueShard(o.Queue) != l {
		return fmt.Errorf("%w: run %v cannot be moved to queue %.200q, which belongs to another shard: submit it there", work.ErrConflict, o.Run, o.Queue)
	}
	return askError(ctx, l, func(c *shard.Core, answer func(error)) { c.Control(o, answer) })
}

// Plan says what a submission would become: the queue that takes it and why,
// its parameters with defaults, or what is wrong. Nothing is stored.
func (e *Engine) Plan(ctx context.Context, s work.Submission) (Planned, error) {
	in, p := e.intake(s)
	if p != nil {
		return Planned{}, p
	}
	return Planned{
		Workflow: in.Workflow, Version: in.Version, Queue: in.Queue, Priority: int(in.Priority), Key: in.Key, Cost: in.Cost,
		Params: in.Params, Labels: in.Labels, Queues: e.config.Load().explainChoice(in), Plan: in.Plan,
	}, nil
}

// Planned is what a submission would become.
type Planned struct {
	Workflow string            `json:"workflow"`
	Version  int               `json:"version,omitempty"`
	Queue    string            `json:"queue"`
	Priority int               `json:"priority"`
	Key      string            `json:"key,omitempty"`
	Cost     float64           `json:"cost"`
	Params   json.RawMessage   `json:"params"`
	Labels   map[string]string `json:"labels,omitempty"`
	Queues   []Candidate       `json:"queues"`
	Plan     *workflow.Plan    `json:"-"`
}

// Candidate is a queue that was asked whether it takes a run.
type Candidate struct {
	Queue  string `json:"queue"`
	Match  string `json:"match,omitempty"`
	Takes  bool   `json:"takes"`
	Chosen bool   `json:"chosen,omitempty"`
	Closed bool   `json:"closed,omitempty"` // not open to the run's tenant
	Why    string `json:"why"`
}

func (c *config) explainChoice(in *shard.Intake) []Candidate {
	list := make([]Candidate, 0, len(c.queues))
	for _, m := range c.queues {
		one := Candidate{Queue: m.queue.Name, Match: m.queue.Match, Chosen: m.queue.Name == in.Queue, Closed: !open(m.queue, in.Submission.Tenant)}
		one.Takes, one.Why = m.verdict(in)
		list = append(list, one)
	}
	return list
}

func (m *matcher) verdict(in *shard.Intake) (bool, string) {
	if !open(m.queue, in.Submission.Tenant) {
		return false, fmt.Sprintf("it is not open to tenant %q", in.Submission.Tenant)
	}
	if in.Submission.Queue == m.queue.Name {
		return true, "the run names it"
	}
	if m.match != nil {
		hit, err := m.match.Bool(matchScope{in})
		switch {
		case err != nil:
			return false, "its expression fails for this run: " + err.Error()
		case hit:
			return true, "its expression holds"
		case !m.queue.Fallback:
			return false, "its expression does not hold"
		}
	}
	if m.queue.Fallback {
		return true, "it takes what no other does"
	}
	return false, "it takes only runs that name it"
}
