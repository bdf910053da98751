package sim

import (
	"fmt"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// client submits one run until it is acknowledged.
type client struct {
	in    *shard.Intake
	acked workflow.RunID
	sent  int
}

func (w *world) client(i int) *client {
	plan := w.plans[w.rng.IntN(len(w.plans))]
	in := &shard.Intake{
		Submission: work.Submission{Tenant: string(rune('a' + w.rng.IntN(3))), IdempotencyKey: fmt.Sprint("key", i)},
		Plan:       plan, Hash: plan.Hash(), Canonical: plan.Canonical(), Workflow: plan.Document().Name, Queue: fair,
		Priority: uint8(w.rng.IntN(10)), Cost: 1, Hold: w.chance(5), //nolint:gosec // below 10
	}
	switch fate := w.rng.IntN(10); {
	case fate < 5:
		in.Queue, in.Key = fifo, []string{"", "k"}[w.rng.IntN(2)]
	case fate < 6:
		in.Queue = whole
	}
	if w.chance(20) {
		in.StartAt = w.now + int64(w.rng.IntN(60_000))
	}
	if w.chance(10) {
		in.Deadline = w.now + 60_000 + int64(w.rng.IntN(300_000))
	}
	return &client{in: in}
}

func (c *client) key() store.IdempotencyKey {
	return store.IdempotencyKey{Tenant: c.in.Submission.Tenant, Key: c.in.Submission.IdempotencyKey}
}

func (w *world) submit(c *client) {
	c.sent++
	w.send(func(n *node) {
		one := *c.in
		n.core.Submit([]*shard.Intake{&one}, func(receipts []work.Receipt, err error) {
			if err != nil || w.chance(2*w.loss) { // refused for now, or the answer is lost
				return
			}
			if p := receipts[0].Error; p != nil {
				w.fail("submission refused: %w", p)
				return
			}
			w.acknowledge(c, receipts[0].ID)
		})
	})
}

func (w *world) acknowledge(c *client, id workflow.RunID) {
	if w.disk.rows[id] == nil && !w.disk.gone[id] && w.disk.elsewhere[c.key()] != id {
		w.fail("run %v was acknowledged and is not stored", id)
	}
	if c.acked != 0 && c.acked != id && !w.disk.gone[c.acked] && !w.disk.gone[id] {
		w.fail("one key was acknowledged as %v and as %v", c.acked, id)
	}
	c.acked = max(c.acked, id) // once deleted, an answer that comes late says nothing new
}

// served says whether a client's run has come to its end.
func (w *world) served(c *client) bool {
	if c.acked == 0 {
		return false
	}
	row := w.disk.rows[c.acked]
	return row == nil || row.Status.Final() // deleted, or another shard's
}
