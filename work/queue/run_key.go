package queue

// runKey is a concurrency key of runs.
type runKey struct {
	key[run, *lane]
	number uint32 // in Scheduler.keys
	member *member
}

type keyName struct {
	member uint32
	name   string
}

func (l *lane) set() *set { return &l.runs }
func (l *lane) file()     { l.member.queue.file(l) }

// turn is key.turn at the queue's cap.
func (k *runKey) turn() {
	q := k.member.queue
	k.key.turn(&q.owner.runs, q.config.KeyCap)
}

// key finds or makes a key; the name "" is none.
func (s *Scheduler) key(m *member, name string) *runKey {
	if name == "" {
		return nil
	}
	at := keyName{m.number, name}
	if i, ok := s.keyNumber[at]; ok {
		return s.keys[i]
	}
	k := &runKey{member: m}
	k.name = name
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
func (s *Scheduler) release(k *runKey) {
	if k.waiting > 0 || k.running > 0 || k.resting > 0 {
		return
	}
	delete(s.keyNumber, keyName{k.member.number, k.name})
	s.keys[k.number] = nil
	s.freeKeys = append(s.freeKeys, k.number)
}
