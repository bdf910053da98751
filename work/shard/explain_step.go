package shard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// readyText says why a step that is ready has no slot.
func (c *Core) readyText(r *resident, ref machine.Ref, node *workflow.Node) string {
	pool := c.poolOf(r.run.Meta.Queue, node.Step.Pool)
	e, _ := c.slots.Explain(uint64(r.run.Meta.ID), ref.Node, ref.Item, c.now)
	var held []string
	for _, reason := range e.Reasons {
		if text := slotText(reason, &e); text != "" {
			held = append(held, text)
		}
	}
	if len(held) > 0 {
		return "is ready, but " + strings.Join(held, ", and ")
	}
	switch {
	case len(c.pollers[pool]) == 0:
		return fmt.Sprintf("is ready, but no worker of pool %q asks for work", pool)
	case !slices.ContainsFunc(c.pollers[pool], func(p *Poller) bool {
		return len(p.Types) == 0 || slices.Contains(p.Types, node.Step.Run)
	}):
		return fmt.Sprintf("is ready, but no worker of pool %q executes type %q", pool, node.Step.Run)
	}
	return fmt.Sprintf("is ready and waits for a slot of pool %q", pool)
}

// slotText says what holds a step, "" for what the workers who ask tell better.
func slotText(reason queue.Reason, e *queue.StepExplanation) string {
	switch reason {
	case queue.PoolPaused:
		return fmt.Sprintf("pool %q is paused", e.Pool)
	case queue.PoolFull:
		return fmt.Sprintf("%d of %d slots of pool %q are taken, and it needs %d", e.Held, e.Slots, e.Pool, e.Needs)
	case queue.Reserved:
		return fmt.Sprintf("the free slots of pool %q are kept for a step that was first and needs more", e.Pool)
	case queue.TypeFull:
		return fmt.Sprintf("%d of %d steps of type %q are executed in pool %q", e.TypeRunning, e.TypeCap, e.Type, e.Pool)
	case queue.KeyFull:
		return fmt.Sprintf("%d of %d steps with its concurrency key are executed", e.KeyRunning, e.KeyCap)
	case queue.TenantSuspended:
		return fmt.Sprintf("tenant %q is suspended", e.Tenant)
	case queue.TenantFull:
		return fmt.Sprintf("tenant %q has %d of the %d slots it may have", e.Tenant, e.TenantHeld, e.TenantSlots)
	}
	return ""
}
