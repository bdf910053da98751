package queue

import "slices"

// reservation is how long slots are kept for a step after a worker that could
// do it last asked, in milliseconds.
const reservation = minute

// next is the step that a worker of these types is given next, 0 for none.
func (p *pool) next(types []string) uint32 {
	if p.config.Paused {
		return 0
	}
	best := p.first(types)
	if best == nil {
		return 0
	}
	if p.config.Slots == 0 {
		return best.head
	}
	free := p.config.Slots - p.held
	if p.reserved != 0 && p.reserved != best.head {
		free -= p.kept(types)
	}
	if p.needs(best.head) <= free {
		return best.head
	}
	if p.reserved == 0 || p.reserved == best.head {
		p.reserved, p.reservedAt = best.head, p.owner.now
	}
	return 0
}

// kept is how many free slots a worker of these types must leave to the
// reserved step, which is not the first for it. The reservation ends when
// workers that can do the step do not ask any more, when it could not start
// whatever slots were free, and when this worker could do it: then another
// has come before it.
func (p *pool) kept(types []string) int {
	l := p.owner.steps.node(p.reserved).data.lane
	switch {
	case p.owner.now-p.reservedAt > reservation,
		l.head != p.reserved, l.place == 0, !p.room(l.kind),
		len(types) == 0, slices.Contains(types, l.kind.name):
		p.reserved = 0
		return 0
	default:
		return p.needs(p.reserved)
	}
}

// room reports whether one more step of the type may be in flight.
func (p *pool) room(k *kind) bool {
	limit, capped := p.config.Types[k.name]
	return !capped || k.running < limit
}

// first is the lane whose first step is next among these types, without
// regard to slots; nil for none. No types are all.
func (p *pool) first(types []string) *stepLane {
	var best *stepLane
	look := func(k *kind) {
		if len(k.lanes) == 0 || !p.room(k) {
			return
		}
		if l := k.lanes.first(); best == nil || l.goesBefore(best) {
			best = l
		}
	}
	if len(types) == 0 {
		for _, k := range p.open {
			look(k)
		}
		return best
	}
	for _, typ := range types {
		if k := p.kinds[typ]; k != nil {
			look(k)
		}
	}
	return best
}

// ask notes that a worker of these types asked.
func (p *pool) ask(types []string) {
	if len(types) == 0 {
		p.askedAt = p.owner.now
	}
	for _, typ := range types {
		if k := p.kinds[typ]; k != nil {
			k.askedAt = p.owner.now
		} else if len(p.kinds) < maxIdleKinds {
			p.kind(typ).askedAt = p.owner.now
		}
	}
}

// count notes that a step was taken, for Stats.
func (p *pool) count(i uint32) {
	n := p.owner.steps.node(i)
	now := p.owner.now
	n.data.lane.kind.takenAt = now
	p.picks.add(now, 1)
	seconds := float64(n.data.held) * n.data.lane.kind.mean
	p.used.add(now, seconds)
	n.data.lane.guest.used.add(now, seconds)
	p.waits.add(now, now-n.at)
}
