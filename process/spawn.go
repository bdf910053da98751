package process

import (
	"context"
	"os"
	"runtime"
	"sync"
)

// spawner starts every child from one thread that lives as long as the
// supervisor: Linux sends the parent-death signal when the thread that forked
// ends, not the process.
//
// It also knows which children are Berth's own, so that the reaper of orphans
// leaves them to their waiters.
type spawner struct {
	requests chan spawnRequest
	ended    chan struct{}

	writers sync.WaitGroup // of the children's output

	mu  sync.Mutex // held from fork to record, so that no child is ever unknown
	own map[int]bool
}

type spawnRequest struct {
	path  string
	argv  []string
	attr  *os.ProcAttr
	reply chan spawnReply
}

type spawnReply struct {
	process *os.Process
	err     error
}

func newSpawner() *spawner {
	return &spawner{requests: make(chan spawnRequest), ended: make(chan struct{}), own: map[int]bool{}}
}

// run serves start until ctx ends.
func (s *spawner) run(ctx context.Context) {
	defer close(s.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case req := <-s.requests:
			process, err := s.fork(req)
			req.reply <- spawnReply{process, err}
		case <-ctx.Done():
			return
		}
	}
}

func (s *spawner) fork(req spawnRequest) (*os.Process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	process, err := os.StartProcess(req.path, req.argv, req.attr)
	if err == nil {
		s.own[process.Pid] = true
	}
	return process, err
}

// start starts a program from the spawner's thread.
func (s *spawner) start(path string, argv []string, attr *os.ProcAttr) (*os.Process, error) {
	req := spawnRequest{path, argv, attr, make(chan spawnReply, 1)}
	select {
	case s.requests <- req:
		reply := <-req.reply
		return reply.process, reply.err
	case <-s.ended:
		return nil, ErrNotRunning
	}
}

// reap collects a child of ours that has ended.
func (s *spawner) reap(process *os.Process) (*os.ProcessState, error) {
	state, err := process.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.own, process.Pid)
	return state, err
}
