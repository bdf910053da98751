package process

import "os"

// Keep starts a child that is not the supervisor's but another part's of this
// program, which waits for it itself: with [Config.Reap] the supervisor would
// otherwise take it for one it adopted. start runs on the calling goroutine.
// Release must follow when the process has been waited for.
func (s *Supervisor) Keep(start func() (*os.Process, error)) (*os.Process, error) {
	// While this is held no sweep sees the child without its record.
	s.spawner.mu.Lock()
	defer s.spawner.mu.Unlock()
	p, err := start()
	if err == nil {
		s.spawner.own[p.Pid] = p
	}
	return p, err
}

// Release forgets a child that [Supervisor.Keep] started.
func (s *Supervisor) Release(p *os.Process) {
	s.spawner.mu.Lock()
	defer s.spawner.mu.Unlock()
	if s.spawner.own[p.Pid] == p {
		delete(s.spawner.own, p.Pid)
	}
}
