package shard

import (
	"container/heap"
	"slices"

	"github.com/berth-project/berth/workflow"
)

// timers say when a run wants to be looked at: one time for each run, which
// need not be in memory.
type timers struct {
	heap []timer
	at   map[workflow.RunID]int // place in the heap
}

type timer struct {
	at int64
	id workflow.RunID
}

func newTimers() *timers { return &timers{at: map[workflow.RunID]int{}} }

// Len is for package heap.
func (t *timers) Len() int { return len(t.heap) }

// Less is for package heap.
func (t *timers) Less(i, j int) bool {
	a, b := t.heap[i], t.heap[j]
	return a.at < b.at || a.at == b.at && a.id < b.id
}

// Swap is for package heap.
func (t *timers) Swap(i, j int) {
	t.heap[i], t.heap[j] = t.heap[j], t.heap[i]
	t.at[t.heap[i].id], t.at[t.heap[j].id] = i, j
}

// Push is for package heap.
func (t *timers) Push(x any) {
	one := x.(timer)
	t.at[one.id] = len(t.heap)
	t.heap = append(t.heap, one)
}

// Pop is for package heap.
func (t *timers) Pop() any {
	last := t.heap[len(t.heap)-1]
	t.heap = t.heap[:len(t.heap)-1]
	delete(t.at, last.id)
	return last
}

// set has a run looked at at a time; 0: never.
func (t *timers) set(id workflow.RunID, at int64) {
	i, ok := t.at[id]
	switch {
	case at == 0 && ok:
		heap.Remove(t, i)
	case at == 0:
	case !ok:
		heap.Push(t, timer{at, id})
	case t.heap[i].at != at:
		t.heap[i].at = at
		heap.Fix(t, i)
	}
}

// due takes what is due, the earliest first, up to a number of runs.
func (t *timers) due(now int64, most int) []workflow.RunID {
	var ids []workflow.RunID
	for len(ids) < most && len(t.heap) > 0 && t.heap[0].at <= now {
		ids = append(ids, heap.Pop(t).(timer).id)
	}
	return ids
}

// next is the earliest time; 0 means none.
func (t *timers) next() int64 {
	if len(t.heap) == 0 {
		return 0
	}
	return t.heap[0].at
}

// pause is how long a core waits before it asks a store again that did not
// answer.
const pause = 1000

// maxWake is how many runs one round looks at because their time has come.
// The others follow in the next.
const maxWake = 1000

// NextWake is when Wake has something to do; 0 means never.
func (c *Core) NextWake() int64 { return earliest(c.timers.next(), c.again) }

// Wake does what is due: leases that ran out, retries, waits, deadlines, runs
// whose time to start has come.
func (c *Core) Wake() error {
	if c.again > 0 && c.again <= c.now {
		c.again = 0
	}
	due := c.timers.due(c.now, maxWake)
	slices.Sort(due)
	rs, err := c.residents(due)
	for _, r := range rs {
		r.run.Wake(c.now)
		c.settle(r)
	}
	if err == nil {
		return nil
	}
	for _, id := range due { // those that were not read stay due
		if c.runs[id] == nil {
			c.timers.set(id, c.now+pause)
		}
	}
	return err
}
