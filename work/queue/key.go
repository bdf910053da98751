package queue

import "slices"

// key is a concurrency key of a tenant in a queue or a pool, while something
// has it. Where keys are capped, only the first of a key stands in each lane,
// and none while the key is full: so a full key holds nothing but its own,
// and costs a pick nothing.
type key[P any, L keyed] struct {
	name    string
	waiting int
	running int
	resting int       // of runs
	lines   []line[L] // only where keys are capped
}

// keyed is a lane: it has the set of those that wait their turn, and is filed
// anew when that changed.
type keyed interface {
	comparable
	set() *set
	file()
}

// line holds those of a key and a lane that wait.
type line[L keyed] struct {
	lane L
	head uint32 // the one in the lane, 0 for none
	rest set    // the others
}

// open reports whether one more may be in flight; a limit of 0 is none.
func (k *key[P, L]) open(limit int) bool { return limit == 0 || k.running < limit }

// line is where those of a lane wait; it is made where there is none.
func (k *key[P, L]) line(lane L) *line[L] {
	i := slices.IndexFunc(k.lines, func(l line[L]) bool { return l.lane == lane })
	if i < 0 {
		i = len(k.lines)
		k.lines = append(k.lines, line[L]{lane: lane})
	}
	return &k.lines[i]
}

// join puts node i, which is in no set, behind the key.
func (k *key[P, L]) join(a *arena[P], lane L, i uint32) {
	l := k.line(lane)
	if l.head != 0 && a.before(i, l.head) {
		k.stepBack(a, l)
	}
	a.insert(&l.rest, i)
}

// leave takes node i out, from the lane or from behind the key.
func (k *key[P, L]) leave(a *arena[P], lane L, i uint32) {
	l := k.line(lane)
	if l.head == i {
		a.remove(lane.set(), i)
		l.head = 0
	} else {
		a.remove(&l.rest, i)
	}
	if l.head == 0 && l.rest.size == 0 {
		k.lines = slices.DeleteFunc(k.lines, func(l line[L]) bool { return l.lane == lane })
	}
}

// turn brings the lanes in agreement with whether the key is open, and files
// those that changed.
func (k *key[P, L]) turn(a *arena[P], limit int) {
	for i := range k.lines {
		l := &k.lines[i]
		switch open := k.open(limit); {
		case open && l.head == 0 && l.rest.size > 0:
			l.head = l.rest.first()
			a.remove(&l.rest, l.head)
			a.insert(l.lane.set(), l.head)
		case !open && l.head != 0:
			k.stepBack(a, l)
		default:
			continue
		}
		l.lane.file()
	}
}

func (k *key[P, L]) stepBack(a *arena[P], l *line[L]) {
	a.remove(l.lane.set(), l.head)
	a.insert(&l.rest, l.head)
	l.head = 0
}
