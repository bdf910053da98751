package shard

import "sync/atomic"

// Room is the slots that somebody has free who asks for tasks. Pollers of
// several shards may share it. A core takes of it what it hands out; whoever
// got a task gives back what it took when it is not executed any more.
type Room struct {
	slots int
	free  atomic.Int64
	// freed is called when slots came free again: other shards may have use
	// for them. nil: nobody shares it.
	freed func()
}

// NewRoom returns room for so many slots. freed, which may be nil, is called
// whenever slots came free again, by whoever gave them back.
func NewRoom(slots int, freed func()) *Room {
	r := &Room{slots: slots, freed: freed}
	r.free.Store(int64(slots))
	return r
}

// Free is how many slots are free.
func (r *Room) Free() int { return int(max(0, r.free.Load())) }

// Needs is what a step that takes so many slots takes of the room: one that
// needs more than there is takes all of it.
func (r *Room) Needs(slots int) int { return min(slots, r.slots) }

// take takes slots, all or none.
func (r *Room) take(slots int) bool {
	for {
		free := r.free.Load()
		if free < int64(slots) {
			return false
		}
		if r.free.CompareAndSwap(free, free-int64(slots)) {
			return true
		}
	}
}

// Give gives back the slots of a task; see [Room.Needs].
func (r *Room) Give(slots int) {
	r.free.Add(int64(slots))
	if r.freed != nil {
		r.freed()
	}
}
