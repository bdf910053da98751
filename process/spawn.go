package process

import (
	"context"
	"os"
	"runtime"
	"sync"
)

// spawner starts children from threads that live as long as the supervisor:
// Linux sends the parent-death signal when the thread that forked ends, not
// the process. Programs that run as another user come from a thread of their
// own that has given up the way to more privileges, which they inherit.
//
// It also knows which children are Berth's own, so that the reaper of orphans
// leaves them to their waiters.
type spawner struct {
	plain    chan spawnRequest
	confined chan spawnRequest
	ended    chan struct{}

	writers sync.WaitGroup // of the children's output

	mu  sync.Mutex // held from fork to record, so that no child is ever unknown
	own map[int]*os.Process
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
	return &spawner{
		plain: make(chan spawnRequest), confined: make(chan spawnRequest),
		ended: make(chan struct{}), own: map[int]*os.Process{},
	}
}

// run serves start until ctx ends.
func (s *spawner) run(ctx context.Context) {
	defer close(s.ended)
	var threads sync.WaitGroup
	threads.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		s.serve(ctx, s.plain, func() error { return nil })
	})
	threads.Go(func() {
		// Never unlocked: a thread that cannot gain privileges is of no use to
		// the rest of the program, and ends with this goroutine.
		runtime.LockOSThread()
		s.serve(ctx, s.confined, sync.OnceValue(confineThread))
	})
	threads.Wait()
}

// serve starts what is asked for from the thread it is called on.
func (s *spawner) serve(ctx context.Context, requests <-chan spawnRequest, prepare func() error) {
	for {
		select {
		case req := <-requests:
			if err := prepare(); err != nil {
				req.reply <- spawnReply{nil, err}
				continue
			}
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
		s.own[process.Pid] = process
	}
	return process, err
}

// start starts a program from the thread that fits its user.
func (s *spawner) start(path string, argv []string, attr *os.ProcAttr) (*os.Process, error) {
	req := spawnRequest{path, argv, attr, make(chan spawnReply, 1)}
	requests := s.plain
	if attr.Sys.Credential != nil {
		requests = s.confined
	}
	select {
	case requests <- req:
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
	if s.own[process.Pid] == process { // its number may be another's by now
		delete(s.own, process.Pid)
	}
	return state, err
}
