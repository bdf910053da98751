package sim

import (
	"errors"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// node is an engine: it has a core when it believes that it owns the shard.
type node struct {
	name     string
	core     *shard.Core
	epoch    uint64 // of its ownership
	settings *shard.Settings
	batch    *store.Batch // sealed and not known to be written
	stalled  bool
	skew     int64
	room     *shard.Room // of its own executors
	light    *shard.Room // of theirs for light steps
}

// localSlots is how many tasks an engine executes itself at once.
const localSlots = 2

// up makes a node the owner, if it may be.
func (w *world) up(n *node) {
	owner, ok := w.disk.acquire(n, w.now)
	if !ok {
		return
	}
	if w.disk.down { // it cannot be loaded: its owner gives it up again
		w.disk.holder = nil
		return
	}
	core := shard.New(owner, w.disk, machine.Limits{Random: w.rng.Uint64, MaxCrashes: 1000}, w.settings)
	core.Keep(w.rng.IntN(3))
	core.Begin(w.clock(n))
	waiting, started := w.disk.live()
	err := core.Waiting(waiting)
	if err == nil {
		err = core.Started(started)
	}
	if err != nil {
		w.fail("load: %w", err)
		return
	}
	core.Resume(w.disk.last)
	n.core, n.epoch, n.batch, n.settings = core, owner.Epoch, nil, w.settings
	if w.local {
		w.execute(n)
	}
}

// execute has a node's own executors ask for tasks.
func (w *world) execute(n *node) {
	core := n.core
	n.room, n.light = shard.NewRoom(localSlots, nil), shard.NewRoom(localSlots, nil)
	poll := func(room *shard.Room, light bool, typ string) {
		core.Poll(&shard.Poller{
			Worker: shard.Local + n.name, Pool: shard.DefaultPool, Types: []string{typ}, Room: room, Max: localSlots, Standing: true, Light: light,
			Deliver: func(tasks []work.Task) {
				for _, t := range tasks {
					w.hands.own[t.Fence] = core
					w.receive(t)
				}
			},
		})
	}
	poll(n.light, true, lightType)
	poll(n.room, false, heavyType)
}

// roomOf is what a task that the engine executes itself takes its slots of.
func (n *node) roomOf(t *work.Task) *shard.Room {
	if t.Type == lightType {
		return n.light
	}
	return n.room
}

// down ends what a node does for the shard, and what it executes itself.
func (w *world) down(n *node) {
	w.hands.held = slices.DeleteFunc(w.hands.held, func(t work.Task) bool { return n.core != nil && w.hands.own[t.Fence] == n.core })
	n.core, n.batch, n.room, n.light, n.stalled = nil, nil, nil, nil, false
}

// round does what an engine's loop does: wake, seal, write, publish; with
// whatever may go wrong in between.
func (w *world) round(n *node, healthy bool) {
	if n.core == nil || n.batch == nil && !w.seal(n) {
		return
	}
	fate := w.rng.IntN(100)
	healthy = healthy || w.chance(w.calm)
	switch {
	case !healthy && fate < 8: // not written, tried again later
		return
	case !healthy && fate < 12: // dies before
		w.down(n)
		return
	}
	out, err := w.disk.flush(n.batch, n.settings)
	switch {
	case errors.Is(err, store.ErrNotOwner), errors.Is(err, store.ErrGap):
		n.core.Abandon(err) // whoever waits for it is told; nothing of it may look done
		w.down(n)
		return
	case err != nil:
		w.fail("flush: %w", err)
		return
	case !healthy && fate < 20: // written, but the answer is lost
		return
	case !healthy && fate < 24: // written, then dies
		w.down(n)
		return
	}
	n.batch = nil
	w.publish(n, out)
}

// seal gathers a batch; false says that there was nothing to be written.
func (w *world) seal(n *node) bool {
	n.core.Begin(w.clock(n))
	_ = n.core.Wake() // the disk may be down
	if n.batch = n.core.Seal(); n.batch == nil {
		w.publish(n, store.Outcome{})
		return false
	}
	return true
}

func (w *world) publish(n *node, out store.Outcome) {
	n.core.Begin(w.clock(n)) // writing may have taken long
	w.heed(n, n.core.Publish(out))
	w.audit(n)
}

// audit holds what must be true of an engine's memory between two rounds.
func (w *world) audit(n *node) {
	if n.epoch != w.disk.epoch {
		return // it has read what another wrote, and will hear of it
	}
	if err := n.core.Audit(); err != nil {
		w.fail("after a round: %w", err)
	}
	if n.room == nil {
		return
	}
	busy := map[*shard.Room]int{}
	for i := range w.hands.held {
		if t := &w.hands.held[i]; w.hands.own[t.Fence] == n.core {
			room := n.roomOf(t)
			busy[room] += room.Needs(t.Slots)
		}
	}
	for _, room := range []*shard.Room{n.room, n.light} {
		if free := room.Free(); busy[room]+free != localSlots {
			w.fail("an engine executes tasks of %d slots and has %d free, of %d", busy[room], free, localSlots)
		}
	}
}
