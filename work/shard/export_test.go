package shard

import "github.com/berth-project/berth/workflow"

// InMemory is how many runs a core holds whole.
func (c *Core) InMemory() int { return len(c.runs) }

// Timers is how many times a core waits for.
func (c *Core) Timers() int { return c.timers.Len() }

// InFlight is how many runs of a queue have a place among those that run.
func (c *Core) InFlight(queue string) int {
	_, running := c.order.Depth(queue)
	return running
}

// Pollers is how many pools somebody asks for tasks of.
func (c *Core) Pollers() int { return len(c.pollers) }

// LoseFromOrder takes a run out of the order behind the core's back.
func (c *Core) LoseFromOrder(id workflow.RunID) { c.order.Remove(uint64(id)) }
