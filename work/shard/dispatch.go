package shard

import (
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Poller is somebody who asks for tasks: a worker's one request, or a
// standing one of this engine's own executors.
type Poller struct {
	Worker string
	Pool   string
	Types  []string // step types it can execute; empty means all
	Room   *Room    // slots it has free
	Max    int      // tasks it takes at once
	// Standing pollers stay until they are removed. They live and die with this
	// engine, so that their leases need no heartbeat.
	Standing bool
	// Light pollers take steps that cost next to nothing, from room that others
	// do not wait for: how many runs are begun goes by the room of the others.
	// Put them before those in a pool.
	Light bool
	// Deliver is called in Publish with what was leased, or with nothing, when
	// nothing will be: see Quiet and Abandon.
	Deliver func([]work.Task)

	taken []work.Task
}

// Poll adds a poller. One that is not standing leaves with its first tasks.
func (c *Core) Poll(p *Poller) {
	c.round.urgent = true
	c.pollers[p.Pool] = append(c.pollers[p.Pool], p)
}

// Look has the core look for tasks to be handed out.
func (c *Core) Look() { c.round.urgent = true }

// Unpoll removes a poller that asks no more.
func (c *Core) Unpoll(p *Poller) {
	c.pollers[p.Pool] = slices.DeleteFunc(c.pollers[p.Pool], func(o *Poller) bool { return o == p })
	if len(c.pollers[p.Pool]) == 0 {
		delete(c.pollers, p.Pool)
	}
}

// dismiss answers those who ask once with nothing.
func (c *Core) dismiss() {
	for pool, asking := range c.pollers {
		standing := asking[:0]
		for _, p := range asking {
			if p.Standing {
				standing = append(standing, p)
			} else {
				p.Deliver(nil)
			}
		}
		if c.pollers[pool] = standing; len(standing) == 0 {
			delete(c.pollers, pool)
		}
	}
	for _, p := range c.callers {
		p.Deliver(nil)
	}
	c.callers = nil
}

// dispatch matches what waits with who asks: first steps of runs that have
// begun, then runs picked from the queues that feed the pool. A run is picked
// only when somebody has a slot for it, so that the choice falls as late as
// it can.
func (c *Core) dispatch() {
	pools := make([]string, 0, len(c.pollers))
	for pool := range c.pollers {
		pools = append(pools, pool)
	}
	slices.Sort(pools)
	for _, pool := range pools {
		c.serve(pool)
		for free := c.free(pool); free > 0 && c.start(pool, c.ahead(pool, free)); free = c.free(pool) {
			c.serve(pool)
		}
	}
	c.lend()
}

// ahead is how many runs may be begun for free slots. Steps that are ready
// already and that nobody here can execute, or may, count against it: without
// that, one idle worker would begin the whole backlog. So do light steps in
// flight: the slots that are free now may be needed by what follows them.
func (c *Core) ahead(pool string, free int) int {
	ready, _, _ := c.slots.Depth(pool)
	return min(free, 4*free+4-ready-c.light[pool])
}

// free counts the slots that pollers of a pool still have, light ones aside.
func (c *Core) free(pool string) int {
	n := 0
	for _, p := range c.pollers[pool] {
		if !p.Light {
			n += p.room()
		}
	}
	return n
}

func (p *Poller) room() int { return min(p.Room.Free(), p.Max-len(p.taken)) }

// release gives back the room of tasks that will not be delivered.
func (p *Poller) release(tasks []work.Task) {
	for _, t := range tasks {
		p.Room.Give(p.Room.Needs(t.Slots))
	}
}

// serve leases ready steps to the pollers of a pool, who waited longest first.
// A step that needs more slots than are free waits for them, and with it what
// is behind it: otherwise smaller ones would pass it for ever.
func (c *Core) serve(pool string) {
	for _, p := range c.pollers[pool] {
		for p.room() > 0 {
			ready := c.slots.Take(nil, pool, p.Types, 1, c.now)
			if len(ready) == 0 {
				break
			}
			if one := ready[0]; !p.Room.take(p.Room.Needs(one.Slots)) {
				c.slots.Done(one.ID, one.Node, one.Item, 0)
				c.slots.Add(one)
				break
			}
			c.lease(p, ready[0])
		}
	}
}

// start picks up to n runs for a pool and begins them; it says whether any
// began. A pool that drains begins none.
func (c *Core) start(pool string, n int) bool {
	if c.settings.Pools[pool].Draining {
		return false
	}
	names := c.feeding(pool)
	var ids []workflow.RunID
	for len(ids) < n {
		name, item, ok := c.order.NextOf(names, c.now)
		if !ok {
			break
		}
		ids = append(ids, c.picked(name, item))
	}
	if len(ids) == 0 {
		return false
	}
	return c.begin(ids, func(r *resident) { r.run.Begin(c.now) })
}

// pick remembers what was picked until it has begun or was put back.
type pick struct {
	queue string
	item  queue.Item
}

func (c *Core) picked(name string, item queue.Item) workflow.RunID {
	id := workflow.RunID(item.ID)
	if c.picks == nil {
		c.picks = map[workflow.RunID]pick{}
	}
	c.picks[id] = pick{name, item}
	return id
}

// begin starts picked runs, reading those that are not in memory.
func (c *Core) begin(ids []workflow.RunID, start func(*resident)) bool {
	rs, err := c.residents(ids)
	began := false
	for _, r := range rs {
		p, ok := c.picks[r.run.Meta.ID]
		if !ok {
			continue
		}
		delete(c.picks, r.run.Meta.ID)
		if r.run.State.Status != machine.Queued {
			c.order.Finished(p.item.ID, 0)
			continue
		}
		r.picked, r.waiting, r.item = true, false, p.item
		start(r)
		c.settle(r)
		if r.status == machine.Queued { // it could not begin: the next round tries again
			c.order.Finished(p.item.ID, 0)
			r.picked = false
			c.line(r)
			continue
		}
		began = true
	}
	for _, id := range ids { // the store did not answer, or does not know them
		p, ok := c.picks[id]
		if !ok {
			continue
		}
		delete(c.picks, id)
		c.order.Finished(p.item.ID, 0)
		if err != nil && c.damaged[id] == nil {
			c.order.Enqueue(p.queue, p.item)
		}
	}
	return began && err == nil
}
