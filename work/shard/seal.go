package shard

import (
	"errors"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Seal hands out work and gathers what this round changed: nil when nothing
// is to be written. Until Publish the core must be left alone.
func (c *Core) Seal() *store.Batch {
	if !c.quiet {
		c.dispatch()
	}
	round := &c.round
	b := &store.Batch{
		Owner: c.owner, Seq: c.seq + 1, Now: c.now, Documents: round.documents, History: round.history,
		Logs: round.logs, Events: round.events, Acks: round.acks, Delete: slices.Concat(round.deleted, round.expired),
	}
	for _, r := range round.dirty {
		c.write(b, r)
	}
	if c.remember == 0 {
		c.remember = c.now + ledgerEvery
	}
	c.ledger(b)
	if len(b.Ledgers)+len(b.Inserts)+len(b.Updates)+len(b.History)+len(b.Logs)+len(b.Events)+len(b.Acks)+len(b.Delete) == 0 {
		return nil
	}
	c.seq = b.Seq
	return b
}

// write adds what a run's row is to say.
func (c *Core) write(b *store.Batch, r *resident) {
	r.dirty = false
	st := &r.run.State
	r.rec.Status, r.rec.Paused, r.rec.Tag = st.Status, st.Paused, r.tag
	r.rec.Started, r.rec.Finished = st.StartedAt, st.FinishedAt
	r.rec.Deadline, r.rec.WakeAt = st.DeadlineAt, 0
	if waits(st.Status) { // one that has begun is in its owner's memory, with its timers
		r.rec.WakeAt = r.run.NextWake()
		if len(r.leases) > 0 { // a reset queued it again; see Waiting
			r.rec.Started = or(r.rec.Started, r.leases[0].since)
		}
	}
	r.rec.Failure = ""
	if st.Failure != nil {
		r.rec.Failure = st.Failure.Code
	}
	blob := r.run.AppendState(nil)
	id := r.run.Meta.ID
	set, drop := r.run.External()
	for _, o := range set {
		b.Outputs = append(b.Outputs, store.Output{Run: id, Node: o.Ref.Node, Item: o.Ref.Item, Body: o.Body})
	}
	for _, ref := range drop {
		b.DropOutputs = append(b.DropOutputs, store.OutputKey{Run: id, Node: ref.Node, Item: ref.Item})
	}
	if !r.stored {
		rec := r.rec
		rec.State = blob
		b.Inserts = append(b.Inserts, rec)
		return
	}
	b.Updates = append(b.Updates, store.Update{
		ID: id, Status: st.Status, Paused: st.Paused, Priority: r.rec.Meta.Priority, Queue: r.rec.Meta.Queue, Tag: r.tag,
		WakeAt: r.rec.WakeAt, Deadline: r.rec.Deadline, Enqueued: r.rec.Enqueued, Started: r.rec.Started,
		Finished: st.FinishedAt, Failure: r.rec.Failure, State: blob,
	})
}

// Publish ends a round that was written: callers are answered, tasks handed
// out. It returns what else the outside must know.
func (c *Core) Publish(out store.Outcome) Published {
	round := c.round
	c.next(out) // what comes up from here on is for the next round
	for _, r := range round.dirty {
		r.stored = true
	}
	if len(out.Duplicates)+len(out.Missing) > 0 {
		for id := range out.Duplicates {
			c.disown(id)
		}
		for _, id := range out.Missing {
			c.disown(id)
		}
		round.out.forget(out)
	}
	for _, p := range round.polled {
		c.deliver(p, out)
	}
	for _, p := range round.called {
		c.handOver(p)
	}
	if c.quiet {
		c.dismiss()
	}
	for _, answer := range round.answers {
		answer(nil)
	}
	for _, r := range round.dirty {
		c.retain(r)
	}
	for _, r := range round.read {
		c.retain(r)
	}
	c.round.duplicates, c.round.missing = nil, nil
	return round.out
}

func (c *Core) next(out store.Outcome) {
	c.round = round{duplicates: out.Duplicates, missing: out.Missing}
}

// ErrMissing says that a run that was in memory is not stored any more.
var ErrMissing = errors.New("it is not stored any more")

// forget drops what runs want that are not stored.
func (p *Published) forget(out store.Outcome) {
	gone := func(id workflow.RunID) bool {
		_, duplicate := out.Duplicates[id]
		return duplicate || slices.Contains(out.Missing, id)
	}
	for _, id := range out.Missing {
		p.Damaged = append(p.Damaged, Damaged{Run: id, Err: ErrMissing})
	}
	p.Recalls = slices.DeleteFunc(p.Recalls, func(r Recall) bool { return gone(r.Run) })
	p.Children = slices.DeleteFunc(p.Children, func(ch Child) bool { return gone(ch.Parent) })
	p.Finished = slices.DeleteFunc(p.Finished, func(f Finished) bool { return gone(f.Run) })
	p.Notices = slices.DeleteFunc(p.Notices, func(e work.Event) bool { return gone(e.Run) })
}

// disown takes back a run whose idempotency key another shard had first.
func (c *Core) disown(id workflow.RunID) {
	r := c.runs[id]
	if r == nil {
		return
	}
	for _, l := range r.leases {
		c.endLease(r, l)
	}
	c.withdrawAll(r)
	switch {
	case r.status == machine.Running:
		c.order.Finished(uint64(r.run.Meta.ID), 0)
		c.usage(r.run.Meta.Tenant).running--
	case waits(r.status):
		c.order.Remove(uint64(id)) // it may have no place
		c.usage(r.run.Meta.Tenant).queued--
	}
	r.dirty = false
	delete(c.runs, id)
	c.timers.set(id, 0)
}

func (c *Core) deliver(p *Poller, out store.Outcome) {
	tasks := p.taken
	p.taken = nil
	if len(out.Duplicates)+len(out.Missing) > 0 {
		kept := tasks[:0]
		for _, t := range tasks {
			if c.runs[t.Run] == nil { // it is not stored
				p.Room.Give(p.Room.Needs(t.Slots))
				continue
			}
			kept = append(kept, t)
		}
		tasks = kept
	}
	if len(tasks) == 0 {
		return
	}
	if !p.Standing {
		c.Unpoll(p)
		for _, t := range tasks {
			c.freshen(t)
		}
	}
	p.Deliver(tasks)
}

// freshen lets a lease begin when it is given, where it took long to write it.
func (c *Core) freshen(t work.Task) {
	r := c.runs[t.Run]
	if r == nil {
		return
	}
	ref, _ := r.run.RefOf(t.Step, t.Item)
	l := r.lease(ref, t.Fence)
	if l == nil || c.now-l.since < l.length/8 {
		return
	}
	l.since = c.now
	if err := r.run.Extend(ref, t.Fence, c.now+l.length, machine.Report{}, c.now); err == nil {
		c.settle(r)
	}
}

// retain keeps a run in memory, or not: final runs go, and waiting ones
// beyond what fits.
func (c *Core) retain(r *resident) {
	switch {
	case r.dirty || c.runs[r.run.Meta.ID] != r:
	case r.status.Final() && len(r.leases) == 0:
		delete(c.runs, r.run.Meta.ID)
	case waits(r.status) && len(r.leases) == 0 && len(c.runs) > c.fresh:
		delete(c.runs, r.run.Meta.ID)
	}
}
