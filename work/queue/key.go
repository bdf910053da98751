package queue

import "slices"

// key is a concurrency key of a tenant in a queue, while runs have it. Where
// the queue caps keys, only the first run of each class stands in the lane,
// and none while the key is full: so a full key holds nothing but its own
// runs, and costs a pick nothing.
type key struct {
	name    string
	number  uint32 // in Scheduler.keys
	member  *member
	waiting int
	running int
	lines   []line // by class; only of queues that cap keys
}

// line holds the waiting runs of a key and a class.
type line struct {
	class uint8
	head  uint32 // the one in the lane, 0 for none
	rest  uint32 // set of the others
}

type keyName struct {
	member uint32
	name   string
}

// key finds or makes a key; the name "" is none.
func (s *Scheduler) key(m *member, name string) *key {
	if name == "" {
		return nil
	}
	at := keyName{m.number, name}
	if i, ok := s.keyNumber[at]; ok {
		return s.keys[i]
	}
	k := &key{name: name, member: m}
	if n := len(s.freeKeys); n > 0 {
		k.number, s.freeKeys = s.freeKeys[n-1], s.freeKeys[:n-1]
		s.keys[k.number] = k
	} else {
		k.number = uint32(len(s.keys))
		s.keys = append(s.keys, k)
	}
	s.keyNumber[at] = k.number
	return k
}

// release forgets a key that no run has.
func (s *Scheduler) release(k *key) {
	if k.waiting > 0 || k.running > 0 {
		return
	}
	delete(s.keyNumber, keyName{k.member.number, k.name})
	s.keys[k.number] = nil
	s.freeKeys = append(s.freeKeys, k.number)
}

func (k *key) open() bool {
	limit := k.member.queue.config.KeyCap
	return limit == 0 || k.running < limit
}

func (k *key) line(class uint8) *line {
	i := slices.IndexFunc(k.lines, func(l line) bool { return l.class == class })
	if i < 0 {
		i = len(k.lines)
		k.lines = append(k.lines, line{class: class})
	}
	return &k.lines[i]
}

// join puts a waiting run behind its key.
func (k *key) join(i uint32) {
	runs := &k.member.queue.owner.runs
	n := runs.node(i)
	l := k.line(n.class)
	if l.head != 0 && runs.before(i, l.head) {
		k.stepBack(l)
	}
	runs.insert(&l.rest, i)
}

// leave takes a waiting run out, from the lane or from behind its key.
func (k *key) leave(i uint32) {
	runs := &k.member.queue.owner.runs
	l := k.line(runs.node(i).class)
	if l.head == i {
		runs.remove(&k.member.lane(l.class).root, i)
		l.head = 0
	} else {
		runs.remove(&l.rest, i)
	}
	if l.head == 0 && l.rest == 0 {
		k.lines = slices.DeleteFunc(k.lines, func(l line) bool { return l.head == 0 && l.rest == 0 })
	}
}

// turn brings the lanes in agreement with whether the key is open, and files
// those that changed.
func (k *key) turn() {
	m := k.member
	runs := &m.queue.owner.runs
	for i := range k.lines {
		l := &k.lines[i]
		switch open := k.open(); {
		case open && l.head == 0 && l.rest != 0:
			l.head = runs.first(l.rest)
			runs.remove(&l.rest, l.head)
			runs.insert(&m.lane(l.class).root, l.head)
		case !open && l.head != 0:
			k.stepBack(l)
		default:
			continue
		}
		m.queue.file(m.lane(l.class))
	}
}

func (k *key) stepBack(l *line) {
	runs := &k.member.queue.owner.runs
	runs.remove(&k.member.lane(l.class).root, l.head)
	runs.insert(&l.rest, l.head)
	l.head = 0
}
